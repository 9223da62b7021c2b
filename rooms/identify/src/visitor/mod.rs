//! Visitors and their visits as people see them: who is on the site now, where they came from, what they read.
//!
//! Guards that machines are shown apart from people and that a visit of somebody else's contact stays nameless. Visits are written by
//! tracking; this noun only reads.

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Why it is taken for a machine.
    pub reason: Option<String>,
}

/// Which visits are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Machines' instead of people's.
    pub machine: bool,
    /// Begun at or after, µs.
    pub from: Option<i64>,
    /// Begun before, µs.
    pub to: Option<i64>,
    /// Behind this visit: its beginning and id.
    pub after: Option<(i64, i64)>,
}

/// Visits, newest first, one more than [`PAGE`] if there are more.
pub async fn list(tx: &mut Tx, scope: &Scope, wanted: &Wanted) -> Result<Vec<Visit>, DbError> {
    store::list(tx, scope, wanted, PAGE + 1).await
}

/// People on the site since `since` (µs), those who acted last first, at most 50.
pub async fn list_live(tx: &mut Tx, scope: &Scope, since: i64) -> Result<Vec<Visit>, DbError> {
    store::list_live(tx, scope, since).await
}

/// Visits of a contact, newest first, at most `limit`.
pub async fn list_of_contact(tx: &mut Tx, contact_id: i64, limit: i64) -> Result<Vec<Visit>, DbError> {
    store::list_of_contact(tx, contact_id, limit).await
}

/// The visit `id`.
pub async fn find(tx: &mut Tx, scope: &Scope, id: VisitId) -> Result<Option<Visit>, DbError> {
    store::find(tx, scope, id).await
}

/// What happened in a visit, oldest first, at most 500 events.
pub async fn list_events(tx: &mut Tx, visit: &Visit) -> Result<Vec<Event>, DbError> {
    store::list_events(tx, visit).await
}

/// The beginnings of the first and the last visit, µs.
pub async fn find_span(tx: &mut Tx, machine: bool) -> Result<Option<(i64, i64)>, DbError> {
    store::find_span(tx, machine).await
}
