//! The sockets: how a room on the right adds something to a page, a segment or an erasure on the left without being known there.

use std::sync::Arc;

use attune_db::{DbError, Tx};
use attune_kernel::Fault;
use tokio_util::sync::CancellationToken;

use crate::{App, BoxFuture};

/// A block another room adds to the page of a contact or a company. The page writes the address; hypermedia is the decoupling.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// `room.noun`.
    pub key: &'static str,
    /// The locale key of its heading.
    pub title_key: &'static str,
    /// The address that answers GET with the block for a contact, or for a company where it stands on that page.
    pub href: fn(record_id: i64) -> String,
    /// Smaller comes first.
    pub order: i32,
    /// The permission without which it is not offered.
    pub permission: &'static str,
    /// Where it stands.
    pub place: Place,
}

/// Where a panel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the right-hand column.
    Aside,
    /// Behind a tab of the middle column.
    Tab,
    /// A line of the head, which says where things stand: a `<div>` with `<dt>` and `<dd>`.
    Head,
    /// The same on the page of a company.
    CompanyHead,
}

/// Something another room offers to do about a member of staff, linked from the page of that member.
#[derive(Clone, Copy, Debug)]
pub struct StaffLink {
    /// `room.noun`.
    pub key: &'static str,
    /// The locale key of its words.
    pub label_key: &'static str,
    /// The address for a member of staff.
    pub href: fn(staff_id: i64) -> String,
    /// The permission without which it is not offered.
    pub permission: &'static str,
}

/// The type of a facet's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FacetKind {
    /// TEXT.
    Text,
    /// BIGINT or DOUBLE PRECISION.
    Number,
    /// µs UTC.
    Date,
    /// BOOLEAN.
    Bool,
    /// TEXT, folded, several for one contact: a row each.
    Words,
}

/// A fact about a contact that another room knows and segments may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Facet {
    /// `contact.has_open_task`.
    pub key: &'static str,
    /// The locale key of its name.
    pub label_key: &'static str,
    /// The type of its value.
    pub kind: FacetKind,
    /// `SELECT contact_id, value FROM v_<room>_<noun>`: at most one row a contact unless there may be several values, over the room's own published
    /// view.
    pub sql: &'static str,
    /// The events after which the value may differ.
    pub changed_by: &'static [&'static str],
}

/// A documented SQL view for reports.
#[derive(Clone, Copy, Debug)]
pub struct Dataset {
    /// `v_<room>_<noun>`.
    pub view: &'static str,
    /// What a row is, in English, for the reference.
    pub meaning: &'static str,
}

/// What happens to a row when its contact is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnErase {
    /// The row goes too.
    Delete,
    /// The row stays, without the person.
    Null,
}

/// What happens to a row when its contact turns out to be the same person as another and becomes part of that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMerge {
    /// The row stays: it is the record itself, or was reckoned from the log by somebody who hears `contact.merged` and `contact.split`.
    Stay,
    /// The row goes to the one who remains, and comes back when the two are split.
    Follow {
        /// A BIGINT column that tells the rows of one contact apart.
        key: &'static str,
        /// SQL over the row as `t` and the one who remains as `$1`: where it holds, the row stays. Empty when nothing forbids.
        unless: &'static str,
    },
}

impl OnMerge {
    /// Rows that have an `id` and may always go.
    pub const BY_ID: Self = Self::Follow { key: "id", unless: "" };
}

/// A table with a contact in it. Every such table is listed by the room that owns it: a test holds the list against the schema.
#[derive(Clone, Copy, Debug)]
pub struct ContactTable {
    /// The table.
    pub table: &'static str,
    /// The column that holds the contact's id.
    pub column: &'static str,
    /// What happens to its rows.
    pub on_erase: OnErase,
    /// What happens to its rows when the contact becomes part of another.
    pub on_merge: OnMerge,
}

impl ContactTable {
    /// The event log, which is nobody's room.
    pub const EVENTS: Self =
        Self { table: "events", column: "contact_id", on_erase: OnErase::Delete, on_merge: OnMerge::Follow { key: "seq", unless: "" } };
}

/// What the ids in a column of the contact tables stand for, so that a person's own copy tells names.
#[derive(Clone, Copy, Debug)]
pub struct Naming {
    /// The column, the same in every table.
    pub column: &'static str,
    /// A SELECT of `id` and `name` over a table of the room's own.
    pub sql: &'static str,
}

/// Somebody who is about to be erased, by what leads to traces that do not carry the contact's id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaver {
    /// The contact's id.
    pub id: i64,
    /// The name.
    pub name: String,
    /// The address as it was typed.
    pub email: Option<String>,
    /// The address in its matching form.
    pub email_key: Option<String>,
    /// The number as it was typed.
    pub phone: Option<String>,
    /// The id in another program.
    pub external_id: Option<String>,
}

/// What an [`Eraser`] runs, at a moment in µs UTC; answers how many rows it removed or emptied.
pub type EraserRun = Arc<dyn for<'a> Fn(&'a mut Tx, &'a [Leaver], i64) -> BoxFuture<'a, Result<u64, DbError>> + Send + Sync>;

/// What a room does about traces of a person that no [`ContactTable`] leads to. It runs in the erasing transaction, before the rows of the
/// contact tables go.
#[derive(Clone)]
pub struct Eraser {
    /// The table it works on; names its line on the receipt.
    pub table: &'static str,
    /// Whether it writes down that somebody was erased, so that nobody writes to them again: that is for people who asked to be forgotten, and not
    /// done for those who never should have been there, as when an import is taken back.
    pub remembers: bool,
    /// The work.
    pub run: EraserRun,
}

/// What happens to a row past its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastAct {
    /// It goes.
    Delete,
    /// It stays without this: SQL behind SET.
    Set(&'static str),
}

/// The rows of one table, as `t`, that belong to a [`StorageClass`].
#[derive(Clone, Copy, Debug)]
pub struct StoragePart {
    /// The table: the room's own, or one of base.
    pub table: &'static str,
    /// A BIGINT column by which the rows are walked; it need not be unique.
    pub key: &'static str,
    /// SQL of their moment, µs.
    pub at: &'static str,
    /// SQL that says which rows; may use `$1`, the moment before which they go. What was acted on must not fit any more.
    pub only: &'static str,
    /// SQL of the contact a row is about, or NULL: nothing goes of whoever is held. Empty where the rows are about nobody.
    pub person: &'static str,
    /// What happens to them.
    pub act: PastAct,
}

/// A class of data that an administrator may keep for a time only. Its limit, its page, its runs and their receipts are the business of the room
/// that keeps the limits; a class is listed only if a run really removes it.
#[derive(Clone, Copy, Debug)]
pub struct StorageClass {
    /// Its word, on record and in the name of the setting that keeps its limit.
    pub key: &'static str,
    /// The locale key of its name.
    pub label_key: &'static str,
    /// The locale key of what is in it and what stays.
    pub hint_key: &'static str,
    /// The shortest limit, days: what reads these rows never looks farther back.
    pub least: i64,
    /// Its rows, in the order in which they go.
    pub parts: &'static [StoragePart],
}

/// What a [`Service`] runs.
pub type ServiceRun = Arc<dyn Fn(App, CancellationToken) -> BoxFuture<'static, Result<(), Fault>> + Send + Sync>;

/// A long-running task of a room; it starts with the server and ends with the token.
#[derive(Clone)]
pub struct Service {
    /// `room.noun`.
    pub key: &'static str,
    /// The task.
    pub run: ServiceRun,
}
