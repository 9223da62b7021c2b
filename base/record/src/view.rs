//! Saved views: a list with its filters and sorting, kept under a name for oneself or for everybody.

use attune_db::{DbError, Row, Tx, params, sql};
use attune_kernel::{DAY_US, Ids};

/// The most characters a view's name may have.
pub const NAME_CHARS: usize = 60;

/// How long a deleted view can come back.
const KEPT_US: i64 = 30 * DAY_US;

/// A list with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Its id.
    pub id: i64,
    /// The list it belongs to: `contacts` or `companies`.
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

const SELECT: &str = sql!("SELECT id, list, name, query, staff_id, shared FROM saved_views");

/// The views of `list` that `staff_id` sees, in the order in which they have arranged them, others behind, oldest first.
pub async fn list(tx: &mut Tx, list: &str, staff_id: i64) -> Result<Vec<SavedView>, DbError> {
    let sql = format!("{SELECT} WHERE list = $1 AND (staff_id = $2 OR shared) AND deleted_at IS NULL ORDER BY id LIMIT 100");
    let mut views = tx.rows(&sql, params![list, staff_id]).await?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let places = prefs(tx, list, staff_id).await?.places;
    let place = |view: &SavedView| places.iter().position(|id| *id == view.id).unwrap_or(places.len());
    views.sort_by_key(|view| (place(view), view.id));
    Ok(views)
}

/// The view `id`, if `staff_id` may see it.
pub async fn find(tx: &mut Tx, id: i64, staff_id: i64) -> Result<Option<SavedView>, DbError> {
    let sql = format!("{SELECT} WHERE id = $1 AND (staff_id = $2 OR shared) AND deleted_at IS NULL");
    tx.find(&sql, params![id, staff_id]).await?.as_ref().map(read).transpose()
}

/// How somebody has arranged the views of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewPrefs {
    /// Their ids in order; views made since are not among them.
    pub places: Vec<i64>,
    /// The view the list opens with: an id or a word of the list's own; empty for none.
    pub opens_with: String,
}

/// What `staff_id` has arranged for `list`.
pub async fn prefs(tx: &mut Tx, list: &str, staff_id: i64) -> Result<ViewPrefs, DbError> {
    let row = tx.find(sql!("SELECT places, opens_with FROM view_prefs WHERE staff_id = $1 AND list = $2"), params![staff_id, list]).await?;
    let Some(row) = row else { return Ok(ViewPrefs::default()) };
    let places = row.get::<String>("places")?.split(',').filter_map(|id| id.parse().ok()).collect();
    Ok(ViewPrefs { places, opens_with: row.get("opens_with")? })
}

/// Keeps what `staff_id` has arranged for `list`.
pub async fn put_prefs(tx: &mut Tx, list: &str, staff_id: i64, prefs: &ViewPrefs) -> Result<(), DbError> {
    let places = prefs.places.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let sql = sql!(
        "INSERT INTO view_prefs (staff_id, list, places, opens_with) VALUES ($1, $2, $3, $4)
         ON CONFLICT (staff_id, list) DO UPDATE SET places = excluded.places, opens_with = excluded.opens_with"
    );
    tx.exec(sql, params![staff_id, list, places, &prefs.opens_with]).await.map(drop)
}

/// Moves a view among those `staff_id` sees by one place.
pub async fn shift(tx: &mut Tx, name: &str, staff_id: i64, id: i64, up: bool) -> Result<(), DbError> {
    let mut places: Vec<i64> = list(tx, name, staff_id).await?.iter().map(|view| view.id).collect();
    attune_web::kit::shift(&mut places, |known| *known == id, up);
    let prefs = ViewPrefs { places, ..prefs(tx, name, staff_id).await? };
    put_prefs(tx, name, staff_id, &prefs).await
}

/// Writes the name, the address and who sees it over what the view had.
pub async fn update(tx: &mut Tx, view: &SavedView) -> Result<(), DbError> {
    let name: String = view.name.trim().chars().take(NAME_CHARS).collect();
    let sql = sql!("UPDATE saved_views SET name = $2, query = $3, shared = $4 WHERE id = $1");
    tx.exec(sql, params![view.id, name, &view.query, view.shared]).await.map(drop)
}

/// Keeps a view; answers its id.
pub async fn put(tx: &mut Tx, ids: &Ids, now: i64, staff_id: i64, draft: &ViewDraft) -> Result<i64, DbError> {
    let id = ids.next();
    let name: String = draft.name.trim().chars().take(NAME_CHARS).collect();
    let sql = sql!("INSERT INTO saved_views (id, list, name, query, staff_id, shared, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    tx.exec(sql, params![id, draft.list, name, &draft.query, staff_id, draft.shared, now]).await?;
    Ok(id)
}

/// Takes a view away; it can come back for 30 days. Those that were gone for longer go for good.
pub async fn delete(tx: &mut Tx, id: i64, now: i64) -> Result<bool, DbError> {
    tx.exec(sql!("DELETE FROM saved_views WHERE deleted_at < $1"), params![now - KEPT_US]).await?;
    Ok(tx.exec(sql!("UPDATE saved_views SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL"), params![id, now]).await? == 1)
}

/// The view `id`, if it was taken away and can come back.
pub async fn find_deleted(tx: &mut Tx, id: i64) -> Result<Option<SavedView>, DbError> {
    let sql = format!("{SELECT} WHERE id = $1 AND deleted_at IS NOT NULL");
    tx.find(&sql, params![id]).await?.as_ref().map(read).transpose()
}

/// Brings it back.
pub async fn restore(tx: &mut Tx, id: i64) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE saved_views SET deleted_at = NULL WHERE id = $1"), params![id]).await.map(drop)
}
