//! How series are read: both tables name their owner and his team alike.

use attune_db::{DbError, Row, Sql, Tx};
use attune_web::Scope;

/// Rows of `select` the scope covers, newest first, older than `before` (an id; `i64::MAX` for the first page).
pub(crate) async fn list<T>(
    tx: &mut Tx,
    select: &str,
    scope: &Scope,
    (before, limit): (i64, i64),
    read: fn(&Row) -> Result<T, DbError>,
) -> Result<Vec<T>, DbError> {
    let mut text = Sql::new(select);
    text.push(" WHERE id < ").bind(before);
    scope.push_filter(&mut text, "owner_id", "team_id");
    text.push(" ORDER BY id DESC LIMIT ").bind(limit);
    tx.rows_of(&text).await?.iter().map(read).collect()
}

/// The row `id` of `select`.
pub(crate) async fn find<T>(tx: &mut Tx, select: &str, id: i64, read: fn(&Row) -> Result<T, DbError>) -> Result<Option<T>, DbError> {
    let mut text = Sql::new(select);
    text.push(" WHERE id = ").bind(id);
    tx.rows_of(&text).await?.first().map(read).transpose()
}
