//! Saved views: a list with its filters and sorting, kept under a name for oneself or for everybody.

use attune_db::{DbError, Row, Tx, params, sql};
use attune_kernel::Ids;

/// The most characters a view's name may have.
pub const NAME_CHARS: usize = 60;

/// A list with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Its id.
    pub id: i64,
    /// The list it belongs to: `contacts`.
    pub list: String,
    /// The name on the tab.
    pub name: String,
    /// The query part of the address, without `?`.
    pub query: String,
    /// Who made it.
    pub staff_id: i64,
    /// Whether everybody sees it.
    pub shared: bool,
}

/// A view to be kept.
#[derive(Clone, Debug)]
pub struct ViewDraft {
    /// The list it belongs to.
    pub list: &'static str,
    /// The name on the tab; trimmed, not empty, at most [`NAME_CHARS`].
    pub name: String,
    /// The query part of the address, without `?`.
    pub query: String,
    /// Whether everybody sees it.
    pub shared: bool,
}

fn read(row: &Row) -> Result<SavedView, DbError> {
    Ok(SavedView {
        id: row.get("id")?,
        list: row.get("list")?,
        name: row.get("name")?,
        query: row.get("query")?,
        staff_id: row.get("staff_id")?,
        shared: row.get("shared")?,
    })
}

/// The views of `list` that `staff_id` sees, oldest first.
pub async fn list(tx: &mut Tx, list: &str, staff_id: i64) -> Result<Vec<SavedView>, DbError> {
    let sql = sql!(
        "SELECT id, list, name, query, staff_id, shared FROM saved_views WHERE list = $1 AND (staff_id = $2 OR shared) ORDER BY id LIMIT 30"
    );
    tx.rows(sql, params![list, staff_id]).await?.iter().map(read).collect()
}

/// The view `id`, if `staff_id` may see it.
pub async fn find(tx: &mut Tx, id: i64, staff_id: i64) -> Result<Option<SavedView>, DbError> {
    let sql = sql!("SELECT id, list, name, query, staff_id, shared FROM saved_views WHERE id = $1 AND (staff_id = $2 OR shared)");
    tx.find(sql, params![id, staff_id]).await?.as_ref().map(read).transpose()
}

/// Keeps a view; answers its id.
pub async fn put(tx: &mut Tx, ids: &Ids, now: i64, staff_id: i64, draft: &ViewDraft) -> Result<i64, DbError> {
    let id = ids.next();
    let name: String = draft.name.trim().chars().take(NAME_CHARS).collect();
    let sql = sql!("INSERT INTO saved_views (id, list, name, query, staff_id, shared, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    tx.exec(sql, params![id, draft.list, name, &draft.query, staff_id, draft.shared, now]).await?;
    Ok(id)
}

/// Drops a view of one's own; answers whether there was one.
pub async fn delete(tx: &mut Tx, id: i64, staff_id: i64) -> Result<bool, DbError> {
    Ok(tx.exec(sql!("DELETE FROM saved_views WHERE id = $1 AND staff_id = $2"), params![id, staff_id]).await? == 1)
}
