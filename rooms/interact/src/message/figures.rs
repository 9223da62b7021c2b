//! Figures of a mailing and the people behind each of them.

use std::collections::HashMap;

use attune_db::{DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_identify::sharing::Reach;
use attune_kernel::Address;
use attune_web::{Scope, Sight};

use super::arbiter::Reason;
use super::store::Mailing;

/// Counts over the sends of one mailing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Everybody in the plan.
    pub planned: i64,
    /// Waiting to be sent.
    pub waiting: i64,
    /// On the wire now.
    pub on_the_way: i64,
    /// Taken by the relay.
    pub delivered: i64,
    /// Refused for good.
    pub failed: i64,
    /// In doubt: handed over when the process died, or without an answer.
    pub unknown: i64,
    /// Held back by the arbiter.
    pub skipped: i64,
    /// Opened by a person.
    pub opened: i64,
    /// Opened by machines only.
    pub machine_opened: i64,
    /// Clicked by a person.
    pub clicked: i64,
    /// Clicked by machines only.
    pub machine_clicked: i64,
    /// Unsubscribed through this mail.
    pub unsubscribed: i64,
    /// Responded as the round asked.
    pub responded: i64,
}

impl Figures {
    /// Sent so far: handed over and ended in one way or another.
    pub fn sent(&self) -> i64 {
        self.delivered + self.failed + self.unknown
    }

    /// The share of the plan that has ended, 0 to 1.
    pub fn progress(&self) -> f64 {
        if self.planned == 0 { 1.0 } else { (self.planned - self.waiting - self.on_the_way) as f64 / self.planned as f64 }
    }
}

/// The figures of a mailing.
pub async fn figures(tx: &mut Tx, mailing: &Mailing) -> Result<Figures, DbError> {
    Ok(figures_of(tx, [mailing.id]).await?.remove(&mailing.id).unwrap_or_default())
}

/// The figures of these mailings, by id; one statement. A mailing without sends has none.
pub async fn figures_of(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<HashMap<i64, Figures>, DbError> {
    let text = sql!(
        "SELECT m.id, count(*) AS planned, count(*) FILTER (WHERE s.state = 'planned') AS waiting,
                count(*) FILTER (WHERE s.state IN ('leased', 'handed')) AS on_the_way, count(*) FILTER (WHERE s.state = 'accepted') AS delivered,
                count(*) FILTER (WHERE s.state = 'failed') AS failed, count(*) FILTER (WHERE s.state = 'unknown') AS unknown,
                count(*) FILTER (WHERE s.state = 'skipped') AS skipped, count(s.opened_at) AS opened,
                count(s.machine_opened_at) FILTER (WHERE s.opened_at IS NULL) AS machine_opened, count(s.clicked_at) AS clicked,
                count(s.machine_clicked_at) FILTER (WHERE s.clicked_at IS NULL) AS machine_clicked, count(s.unsubscribed_at) AS unsubscribed,
                count(s.responded_at) AS responded
         FROM {rows} AS r JOIN mailings m ON m.id = r.id JOIN sends s ON s.id BETWEEN m.first_send_id AND m.last_send_id GROUP BY m.id"
    );
    let found = tx.rows_from(text, &Relation::of_ids("id", ids), params![]).await?;
    found.iter().map(|row| Ok((row.get("id")?, read_figures(row)?))).collect()
}

fn read_figures(row: &Row) -> Result<Figures, DbError> {
    Ok(Figures {
        planned: row.get("planned")?,
        waiting: row.get("waiting")?,
        on_the_way: row.get("on_the_way")?,
        delivered: row.get("delivered")?,
        failed: row.get("failed")?,
        unknown: row.get("unknown")?,
        skipped: row.get("skipped")?,
        opened: row.get("opened")?,
        machine_opened: row.get("machine_opened")?,
        clicked: row.get("clicked")?,
        machine_clicked: row.get("machine_clicked")?,
        unsubscribed: row.get("unsubscribed")?,
        responded: row.get("responded")?,
    })
}

/// How many each reason held back, most first.
pub async fn skipped_by_reason(tx: &mut Tx, mailing: &Mailing) -> Result<Vec<(Reason, i64)>, DbError> {
    let text = sql!(
        "SELECT reason, count(*) AS count FROM sends WHERE id BETWEEN $1 AND $2 AND state = 'skipped' GROUP BY reason ORDER BY count(*) DESC, reason"
    );
    let rows = tx.rows(text, params![mailing.first_send_id, mailing.last_send_id]).await?;
    let mut counts = Vec::new();
    for row in &rows {
        if let Some(reason) = row.get::<Option<String>>("reason")?.as_deref().and_then(Reason::of) {
            counts.push((reason, row.get("count")?));
        }
    }
    Ok(counts)
}

/// A figure whose people can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everybody.
    Planned,
    /// Waiting.
    Waiting,
    /// Taken by the relay.
    Delivered,
    /// Opened by a person.
    Opened,
    /// Opened by machines only.
    MachineOpened,
    /// Clicked by a person.
    Clicked,
    /// Clicked by machines only.
    MachineClicked,
    /// Unsubscribed.
    Unsubscribed,
    /// Responded.
    Responded,
    /// Got the mail and did not respond.
    Silent,
    /// Refused.
    Failed,
    /// In doubt.
    Unknown,
    /// Held back.
    Skipped,
}

impl Outcome {
    /// Every figure, in the order tabs show them.
    pub const ALL: [Self; 13] = [
        Self::Planned,
        Self::Waiting,
        Self::Delivered,
        Self::Opened,
        Self::MachineOpened,
        Self::Clicked,
        Self::MachineClicked,
        Self::Responded,
        Self::Silent,
        Self::Unsubscribed,
        Self::Failed,
        Self::Unknown,
        Self::Skipped,
    ];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Opened => "opened",
            Self::MachineOpened => "machine-opened",
            Self::Clicked => "clicked",
            Self::MachineClicked => "machine-clicked",
            Self::Unsubscribed => "unsubscribed",
            Self::Responded => "responded",
            Self::Silent => "silent",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }

    /// The figure behind a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    /// The locale key of its name.
    pub fn key(self) -> String {
        format!("message-figure-{}", self.word())
    }

    fn condition(self) -> &'static str {
        match self {
            Self::Planned => "TRUE",
            Self::Waiting => "s.state IN ('planned', 'leased', 'handed')",
            Self::Delivered => "s.state = 'accepted'",
            Self::Opened => "s.opened_at IS NOT NULL",
            Self::MachineOpened => "s.machine_opened_at IS NOT NULL AND s.opened_at IS NULL",
            Self::Clicked => "s.clicked_at IS NOT NULL",
            Self::MachineClicked => "s.machine_clicked_at IS NOT NULL AND s.clicked_at IS NULL",
            Self::Unsubscribed => "s.unsubscribed_at IS NOT NULL",
            Self::Responded => "s.responded_at IS NOT NULL",
            Self::Silent => "s.state = 'accepted' AND s.responded_at IS NULL",
            Self::Failed => "s.state = 'failed'",
            Self::Unknown => "s.state = 'unknown'",
            Self::Skipped => "s.state = 'skipped'",
        }
    }
}

/// One person behind a figure.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// The send.
    pub send_id: i64,
    /// The contact; nothing when erased.
    pub contact_id: Option<i64>,
    /// The name; empty when erased.
    pub name: String,
    /// The address, masked where whoever looks may not see it; empty when erased.
    pub email: String,
    /// The state's word.
    pub state: String,
    /// Why it was not sent.
    pub reason: Option<String>,
    /// When it ended, µs.
    pub ended_at: Option<i64>,
    /// When a person opened it, µs.
    pub opened_at: Option<i64>,
    /// When a person clicked, µs.
    pub clicked_at: Option<i64>,
}

/// A page of people.
#[derive(Clone, Debug, Default)]
pub struct PeoplePage {
    /// The people.
    pub people: Vec<Recipient>,
    /// Where the next page begins; nothing at the end.
    pub after: Option<i64>,
}

/// The people behind a figure, in the order they were planned, behind the send `after`; `reason` narrows the held back.
/// Only those whom every one of `scopes` covers: the mailing may be anybody's business, its people are not.
pub async fn list_people(
    tx: &mut Tx,
    mailing: &Mailing,
    (outcome, reason): (Outcome, Option<Reason>),
    (scopes, sight): (&[Scope], &Sight),
    after: i64,
    limit: i64,
) -> Result<PeoplePage, DbError> {
    let mut text = Sql::new(
        "SELECT s.id, c.id AS contact_id, c.label, c.email, c.owner_id, c.team_id, s.state, s.reason, s.ended_at, s.opened_at, s.clicked_at
         FROM sends s LEFT JOIN v_identify_contact c ON c.id = s.contact_id WHERE s.id BETWEEN ",
    );
    text.bind(mailing.first_send_id.max(after + 1)).push(" AND ").bind(mailing.last_send_id).push(" AND ").push(outcome.condition());
    if let Some(reason) = reason {
        text.push(" AND s.reason = ").bind(reason.word());
    }
    for scope in scopes {
        Reach::of(tx, scope).await?.push_people(&mut text, "c");
    }
    text.push(" ORDER BY s.id LIMIT ").bind(Value::Int(limit + 1));
    let mut people = tx.rows_of(&text).await?.iter().map(|row| read(row, sight)).collect::<Result<Vec<_>, _>>()?;
    let size = usize::try_from(limit).unwrap_or(50);
    let more = people.len() > size;
    people.truncate(size);
    let after = people.last().filter(|_| more).map(|last| last.send_id);
    Ok(PeoplePage { people, after })
}

fn read(row: &Row, sight: &Sight) -> Result<Recipient, DbError> {
    let (address, place): (Option<Address>, _) = (row.get("email")?, (row.get("owner_id")?, row.get("team_id")?));
    Ok(Recipient {
        send_id: row.get("id")?,
        contact_id: row.get("contact_id")?,
        name: row.get::<Option<String>>("label")?.unwrap_or_default(),
        email: sight.show(place, address.as_ref()).unwrap_or_default(),
        state: row.get("state")?,
        // What the relay said may name the address.
        reason: row.get::<Option<String>>("reason")?.map(|reason| sight.text(place, reason)),
        ended_at: row.get("ended_at")?,
        opened_at: row.get("opened_at")?,
        clicked_at: row.get("clicked_at")?,
    })
}
