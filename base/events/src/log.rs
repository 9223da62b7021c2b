//! The log's own SQL.

use std::collections::HashSet;

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};

use crate::{Event, SIGNAL};

const COLUMNS: [(&str, Column); 15] = [
    ("seq", Column::Int),
    ("name", Column::Text),
    ("at", Column::Int),
    ("contact_id", Column::Int),
    ("visitor_id", Column::Int),
    ("session_id", Column::Int),
    ("company_id", Column::Int),
    ("subject", Column::Text),
    ("amount", Column::Int),
    ("machine", Column::Bool),
    ("cause", Column::Int),
    ("depth", Column::Int),
    ("client_key", Column::Int),
    ("origin_id", Column::Int),
    ("props", Column::Text),
];

const FROM_LOG: &str = sql!(
    "SELECT seq, name, at, contact_id, visitor_id, session_id, company_id, subject, amount, machine, cause, depth, client_key, origin_id, props FROM events"
);

/// Appends events to the log and gives each its `seq`. Reactors wake when the transaction commits.
///
/// The row lock on the head is held until the commit: call it late in a transaction, and once for many events.
pub async fn append(tx: &mut Tx, events: &mut [Event]) -> Result<(), DbError> {
    let Ok(count) = i64::try_from(events.len()) else { return Ok(()) };
    if count == 0 {
        return Ok(());
    }
    let head = tx.get(
        "the head of the event log",
        sql!("UPDATE event_head SET last_seq = last_seq + $1 WHERE id = 1 RETURNING last_seq"),
        params![count],
    );
    let last: i64 = head.await?.at(0)?;
    let relation = numbered(events, last - count + 1);
    tx.insert("events", &relation, Conflict::Fail).await?;
    tx.wake(SIGNAL);
    Ok(())
}

/// Holds the head of the log until the transaction ends: whoever appended before has committed, whoever appends later waits.
pub async fn hold_head(tx: &mut Tx) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE event_head SET last_seq = last_seq WHERE id = 1"), params![]).await.map(|_| ())
}

/// Gives the events their numbers from `first` on; answers their rows.
fn numbered(events: &mut [Event], first: i64) -> Relation {
    let mut relation = Relation::new(&COLUMNS);
    for (event, seq) in events.iter_mut().zip(first..) {
        event.seq = seq;
        relation.push(vec![
            Value::Int(event.seq),
            Value::Text(event.name.as_ref().to_owned()),
            Value::Int(event.at),
            event.contact_id.into(),
            event.visitor_id.into(),
            event.session_id.into(),
            event.company_id.into(),
            event.subject.as_deref().into(),
            event.amount.into(),
            Value::Bool(event.machine),
            event.cause.into(),
            Value::Int(event.depth),
            event.client_key.into(),
            event.origin_id.into(),
            event.props.as_deref().into(),
        ]);
    }
    relation
}

/// Which of these client keys the log has already.
pub async fn known_client_keys(tx: &mut Tx, keys: impl IntoIterator<Item = i64>) -> Result<HashSet<i64>, DbError> {
    let relation = Relation::of_ids("k", keys);
    let rows = tx.rows_from(sql!("SELECT e.client_key FROM {rows} AS r JOIN events e ON e.client_key = r.k"), &relation, params![]).await?;
    rows.iter().map(|row| row.at(0)).collect()
}

/// Gives the events of browsers to the people behind them: a relation `(visitor_id, contact_id)`. Events that have a person keep theirs.
/// Call it after [`append`]: under the head's lock no event of the browser can slip in between.
pub async fn adopt(tx: &mut Tx, found: &Relation) -> Result<u64, DbError> {
    let update = sql!(
        "UPDATE events SET contact_id = r.contact_id FROM {rows} AS r WHERE events.visitor_id = r.visitor_id AND events.contact_id IS NULL"
    );
    tx.exec_from(update, found, params![]).await
}

/// Takes the word of a person back: events with these client keys count as a machine's from now on. They give their keys up, so that the
/// same act by the person can still be told. Answers the contacts whose events changed; tell them with an event, so that what was kept
/// from the log is kept anew.
pub async fn disown(tx: &mut Tx, keys: impl IntoIterator<Item = i64>) -> Result<HashSet<i64>, DbError> {
    let update = sql!(
        "UPDATE events SET machine = TRUE, client_key = NULL FROM {rows} AS r WHERE events.client_key = r.k AND events.machine = FALSE
         RETURNING contact_id"
    );
    let rows = tx.rows_from(update, &Relation::of_ids("k", keys), params![]).await?;
    let contacts = rows.iter().map(|row| row.at::<Option<i64>>(0)).collect::<Result<Vec<_>, _>>()?;
    Ok(contacts.into_iter().flatten().collect())
}

/// Events behind `seq`, oldest first, at most `limit`, of the given names (all when empty).
pub async fn list_after(tx: &mut Tx, seq: i64, through: i64, names: &[&str], limit: i64) -> Result<Vec<Event>, DbError> {
    let mut sql = attune_db::Sql::new(FROM_LOG);
    sql.push(" WHERE ");
    sql.push("seq > ").bind(seq).push(" AND seq <= ").bind(through);
    if !names.is_empty() {
        sql.push(" AND name IN ").bind_list(names.iter().map(|n| Value::from(*n)));
    }
    sql.push(" ORDER BY seq LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(event_at).collect()
}

/// Reads a row of [`FROM_LOG`] by the places of its columns: all who follow the log wait for this, and looking up fifteen names takes longer.
fn event_at(row: &Row) -> Result<Event, DbError> {
    Ok(Event {
        seq: row.at(0)?,
        name: row.at::<String>(1)?.into(),
        at: row.at(2)?,
        contact_id: row.at(3)?,
        visitor_id: row.at(4)?,
        session_id: row.at(5)?,
        company_id: row.at(6)?,
        subject: row.at(7)?,
        amount: row.at(8)?,
        machine: row.at(9)?,
        cause: row.at(10)?,
        depth: row.at(11)?,
        client_key: row.at(12)?,
        origin_id: row.at(13)?,
        props: row.at(14)?,
    })
}

/// Reads a row that holds every column of `events`.
pub fn read_event(row: &Row) -> Result<Event, DbError> {
    Ok(Event {
        seq: row.get("seq")?,
        name: row.get::<String>("name")?.into(),
        at: row.get("at")?,
        contact_id: row.get("contact_id")?,
        visitor_id: row.get("visitor_id")?,
        session_id: row.get("session_id")?,
        company_id: row.get("company_id")?,
        subject: row.get("subject")?,
        amount: row.get("amount")?,
        machine: row.get("machine")?,
        cause: row.get("cause")?,
        depth: row.get("depth")?,
        client_key: row.get("client_key")?,
        origin_id: row.get("origin_id")?,
        props: row.get("props")?,
    })
}
