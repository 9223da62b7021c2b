//! Visitors and their visits as people see them: who is on the site now, where they came from, what they read.
//!
//! Guards that machines are shown apart from people and that a visit of somebody else's contact stays nameless. Visits are written by
//! tracking; this noun only reads.

mod employer;
mod live;
pub mod pages;
mod store;
#[cfg(test)]
mod tests;
mod view;

use attune_db::{DbError, Tx};
use attune_events::Event;
use attune_kernel::{MINUTE_US, id_type};
use attune_web::Scope;

id_type!(
    /// The id of a visit.
    VisitId,
    "vis"
);

/// Who acted within this time is on the site now.
pub const LIVE_US: i64 = 5 * MINUTE_US;
/// Visits per page.
pub const PAGE: i64 = 50;

/// A visit, ready to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// Its id.
    pub id: VisitId,
    /// The browser.
    pub visitor_id: i64,
    /// The contact, if known and the asker may see them.
    pub contact: Option<(i64, String)>,
    /// Whether it is a known contact whom the asker may not see.
    pub hidden: bool,
    /// Beginning, µs UTC.
    pub started_at: i64,
    /// Last event, µs UTC.
    pub last_at: i64,
    /// Page views.
    pub pages: i64,
    /// Events of all kinds.
    pub events: i64,
    /// Visible time, µs.
    pub dwell_us: i64,
    /// `google`, `newsletter`, a host, `direct`.
    pub source: String,
    /// Class of the source.
    pub medium: String,
    /// Campaign.
    pub campaign: Option<String>,
    /// Referring host.
    pub referrer: Option<String>,
    /// Site.
    pub host: Option<String>,
    /// First page.
    pub landing: Option<String>,
    /// Last page.
    pub last_path: Option<String>,
    /// Browser.
    pub browser: Option<String>,
    /// System.
    pub os: Option<String>,
    /// `desktop`, `phone`, `tablet`, `other`.
    pub device: Option<String>,
    /// The device by its usual name, `iPhone`, `Samsung SM-A165F`, …, if the agent tells.
    pub model: Option<String>,
    /// Done by a machine.
    pub machine: bool,
    /// Why it does not count as a customer's.
    pub reason: Option<String>,
    /// The network it came from.
    pub network: Option<Network>,
    /// What the contact's engagement score is stored as.
    pub score_k: Option<f64>,
}

/// The network a visit came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Who runs or uses it.
    pub organisation: String,
    /// The organisation's domain.
    pub domain: Option<String>,
    /// Two letters.
    pub country: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Whether those who come from it work there.
    pub business: bool,
    /// The known company it certainly is, if the asker may see that one: its id and name.
    pub company: Option<(i64, String)>,
}

/// Whose visits are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Visitors'.
    #[default]
    People,
    /// Machines'.
    Machines,
    /// Our own.
    Internal,
}

/// Which visits are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Whose.
    pub kind: Kind,
    /// Part of the name of the organisation they came from.
    pub organisation: Option<String>,
    /// Begun at or after, µs.
    pub from: Option<i64>,
    /// Begun before, µs.
    pub to: Option<i64>,
    /// Behind this visit: its beginning and id.
    pub after: Option<(i64, i64)>,
}

/// Visits, newest first, one more than [`PAGE`] if there are more.
pub async fn list(tx: &mut Tx, scope: &Scope, wanted: &Wanted) -> Result<Vec<Visit>, DbError> {
    let mut visits = store::list(tx, scope, wanted, PAGE + 1).await?;
    employer::tell(tx, scope, &mut visits).await?;
    Ok(visits)
}

/// People on the site since `since` (µs), those who acted last first, at most 50.
pub async fn list_live(tx: &mut Tx, scope: &Scope, since: i64) -> Result<Vec<Visit>, DbError> {
    let mut visits = store::list_live(tx, scope, since).await?;
    employer::tell(tx, scope, &mut visits).await?;
    Ok(visits)
}

/// Visits of a contact, newest first, at most `limit`.
pub async fn list_of_contact(tx: &mut Tx, scope: &Scope, contact_id: i64, limit: i64) -> Result<Vec<Visit>, DbError> {
    let mut visits = store::list_of_contact(tx, contact_id, limit).await?;
    employer::tell(tx, scope, &mut visits).await?;
    Ok(visits)
}

/// The visit `id`.
pub async fn find(tx: &mut Tx, scope: &Scope, id: VisitId) -> Result<Option<Visit>, DbError> {
    let mut visits = store::find(tx, scope, id).await?;
    employer::tell(tx, scope, &mut visits).await?;
    Ok(visits.pop())
}

/// What happened in a visit, oldest first, at most 500 events.
pub async fn list_events(tx: &mut Tx, visit: &Visit) -> Result<Vec<Event>, DbError> {
    store::list_events(tx, visit).await
}

/// The beginnings of the first and the last visit, µs.
pub async fn find_span(tx: &mut Tx, kind: Kind) -> Result<Option<(i64, i64)>, DbError> {
    store::find_span(tx, kind).await
}

/// How many visits of our own began at or after `since` (µs): shows that own networks and browsers are recognised.
pub async fn count_internal(tx: &mut Tx, since: i64) -> Result<i64, DbError> {
    store::count_internal(tx, since).await
}
