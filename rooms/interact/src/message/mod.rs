//! Mail on its way: one durable row per recipient, decided on by one arbiter, handed over by one sender.
//!
//! Guards that nobody is lost and nobody is mailed twice: a row goes planned → leased → handed → accepted, failed, unknown or skipped;
//! what a dead process had leased is planned again, what it had handed over is *unknown*, listed and never sent again by itself.

pub mod arbiter;
mod batch;
mod delivery;
mod figures;
mod outcome;
pub(crate) mod people;
pub mod public;
pub mod sender;
pub(crate) mod storage;
pub mod store;
#[cfg(test)]
mod tests;
pub mod token;
pub mod track;
pub mod verdict;
mod wire;

use attune_db::{Sql, Tx};
use attune_identify::topic::TopicId;
use attune_jobs::Bench;
use attune_kernel::Fault;

pub use figures::{Figures, Outcome, PeoplePage, Recipient, figures, figures_of, list_people, skipped_by_reason};
pub use sender::{SEND_JOB, Sender, WAKE_JOB, Waker};
pub use store::{Mailing, MailingState};
pub use token::{Linker, first_link};

/// The signal raised when figures of mailings have changed.
pub const SIGNAL: &str = "interact.sends";

attune_kernel::id_type!(
    /// Names one send: one mail to one person.
    SendId,
    "snd"
);

/// What a mailing belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A campaign.
    Campaign,
    /// A round of a push funnel.
    Round,
}

impl Kind {
    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Round => "round",
        }
    }
}

/// A mailing to be planned.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Campaign or round.
    pub kind: Kind,
    /// The campaign's or round's id.
    pub owner_id: i64,
    /// The campaign's or the funnel's id: mails of one series do not count against each other's cap.
    pub series_id: i64,
    /// What people see on timelines.
    pub title: String,
    /// The template version, fixed from now on.
    pub version_id: i64,
    /// The sender's name.
    pub from_name: String,
    /// The sender's address.
    pub from_address: String,
    /// Quiet hours do not hold.
    pub any_hour: bool,
    /// It answers what the recipient just did: the frequency cap does not hold.
    pub answer: bool,
    /// A higher one goes first when the cap leaves room for one.
    pub priority: i64,
    /// What it is about: who has refused the topic gets nothing.
    pub topic_id: Option<TopicId>,
}

/// Plans a mailing: one row per contact that `audience` (a statement yielding contact ids) names, in one statement, and the job that
/// sends them. Answers the mailing's id and how many were planned.
pub async fn plan(tx: &mut Tx, bench: &Bench, now: i64, plan: &Plan, audience: &Sql) -> Result<(i64, i64), Fault> {
    let id = bench.ids.next();
    let head = store::lock_head(tx).await?;
    store::insert_mailing(tx, id, plan, head + 1, now).await?;
    let count = store::insert_sends(tx, id, head, now, audience).await?;
    store::set_range(tx, id, head, count).await?;
    sender::put_job(tx, bench, id).await?;
    tx.wake(SIGNAL);
    Ok((id, count))
}

/// Stops handing over; rows on their way end by themselves.
pub async fn pause(tx: &mut Tx, mailing_id: i64) -> Result<bool, Fault> {
    tx.wake(SIGNAL);
    Ok(store::change_state(tx, mailing_id, MailingState::Running, MailingState::Paused).await?)
}

/// Goes on after a pause.
pub async fn resume(tx: &mut Tx, bench: &Bench, mailing_id: i64) -> Result<bool, Fault> {
    let changed = store::change_state(tx, mailing_id, MailingState::Paused, MailingState::Running).await?;
    if changed {
        sender::put_job(tx, bench, mailing_id).await?;
        tx.wake(SIGNAL);
    }
    Ok(changed)
}

/// Ends a mailing: what is not under way is skipped with `reason`.
pub async fn stop(tx: &mut Tx, now: i64, mailing_id: i64, reason: arbiter::Reason) -> Result<u64, Fault> {
    store::end_mailing(tx, mailing_id, MailingState::Cancelled, now).await?;
    tx.wake(SIGNAL);
    Ok(store::skip_planned(tx, mailing_id, reason.word(), now).await?)
}

/// A contact's id as it stands in addresses.
pub(crate) fn contact_href(id: &i64) -> String {
    attune_kernel::encode_id("con", *id)
}
