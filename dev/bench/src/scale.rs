//! How much is measured.

/// Sizes of one run.
#[derive(Clone, Debug)]
pub struct Scale {
    /// Contacts in the large store, and those that collected events belong to.
    pub contacts: i64,
    /// Events in the large store.
    pub events: i64,
    /// Rounds of which the median counts.
    pub rounds: usize,
    /// Requests of one event in a round of B1.
    pub requests: u64,
    /// Events in a round of B2, 20 a request.
    pub batched: u64,
    /// Mails in a round of B4.
    pub mails: i64,
    /// Mails in a round of B5.
    pub rsa_mails: i64,
    /// Mails of the campaign whose memory and disk are measured.
    pub large_mailing: i64,
    /// Rows in a round of B9.
    pub rows: i64,
    /// Requests per page in B8.
    pub asked: usize,
}

impl Scale {
    /// The full set, or about a tenth of it.
    pub fn of(quick: bool) -> Self {
        if quick {
            Self {
                contacts: 100_000,
                events: 1_000_000,
                rounds: 3,
                requests: 20_000,
                batched: 100_000,
                mails: 10_000,
                rsa_mails: 3_000,
                large_mailing: 50_000,
                rows: 50_000,
                asked: 100,
            }
        } else {
            Self {
                contacts: 1_000_000,
                events: 10_000_000,
                rounds: 5,
                requests: 100_000,
                batched: 2_000_000,
                mails: 100_000,
                rsa_mails: 20_000,
                large_mailing: 1_000_000,
                rows: 1_000_000,
                asked: 400,
            }
        }
    }

    /// So little that only mistakes show.
    pub fn trial() -> Self {
        Self {
            contacts: 2_000,
            events: 10_000,
            rounds: 1,
            requests: 200,
            batched: 400,
            mails: 200,
            rsa_mails: 50,
            large_mailing: 200,
            rows: 500,
            asked: 5,
        }
    }

    /// With what the command line says instead.
    pub fn with(mut self, contacts: Option<i64>, events: Option<i64>, rounds: Option<usize>) -> Self {
        self.contacts = contacts.unwrap_or(self.contacts).max(1_000);
        self.events = events.unwrap_or(self.events).max(1_000);
        self.rounds = rounds.unwrap_or(self.rounds).max(1);
        self
    }
}
