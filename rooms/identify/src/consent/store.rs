//! The SQL of the ledger.

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};
use attune_events::{Event, read_event};
use attune_kernel::Ids;

use super::form::Words;
use super::{Consent, ConsentDraft, State};
use crate::tracking::VISIT_GAP_US;

pub(super) async fn insert(tx: &mut Tx, ids: &Ids, now: i64, drafts: &[ConsentDraft]) -> Result<Vec<i64>, DbError> {
    let mut rows = Relation::new(&[
        ("id", Column::Int),
        ("contact_id", Column::Int),
        ("channel", Column::Text),
        ("purpose", Column::Text),
        ("state", Column::Text),
        ("source", Column::Text),
        ("wording", Column::Text),
        ("proof", Column::Text),
        ("at", Column::Int),
        ("staff_id", Column::Int),
    ]);
    let numbers: Vec<i64> = drafts.iter().map(|_| ids.next()).collect();
    for (id, draft) in numbers.iter().zip(drafts) {
        rows.push(vec![
            Value::Int(*id),
            Value::Int(draft.contact_id),
            Value::from(&draft.channel),
            Value::from(&draft.purpose),
            Value::from(draft.state.word()),
            Value::from(&draft.source),
            draft.wording.as_deref().into(),
            draft.proof.as_deref().into(),
            Value::Int(now),
            draft.staff_id.into(),
        ]);
    }
    tx.insert("consents", &rows, Conflict::Fail).await?;
    Ok(numbers)
}

pub(super) async fn states(
    tx: &mut Tx,
    channel: &str,
    purpose: &str,
    contact_ids: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, State>, DbError> {
    let wanted = Relation::of_ids("id", contact_ids);
    let select = sql!(
        "SELECT n.contact_id, n.state FROM (
           SELECT c.contact_id, c.state, row_number() OVER (PARTITION BY c.contact_id ORDER BY c.at DESC, c.id DESC) AS place
           FROM {rows} AS r JOIN consents c ON c.contact_id = r.id AND c.channel = $1 AND c.purpose = $2) AS n
         WHERE n.place = 1"
    );
    let rows = tx.rows_from(select, &wanted, params![channel, purpose]).await?;
    rows.iter().map(|row| Ok((row.get("contact_id")?, state(row)?))).collect()
}

/// What holds for a contact: the newest line of each channel and purpose.
pub async fn current(tx: &mut Tx, contact_id: i64) -> Result<Vec<Consent>, DbError> {
    let select = sql!(
        "SELECT n.id, n.contact_id, n.channel, n.purpose, n.state, n.source, n.wording, n.proof, n.at, n.staff_id FROM (
           SELECT c.*, row_number() OVER (PARTITION BY c.channel, c.purpose ORDER BY c.at DESC, c.id DESC) AS place
           FROM consents c WHERE c.contact_id = $1) AS n
         WHERE n.place = 1 ORDER BY n.channel, n.purpose"
    );
    tx.rows(select, params![contact_id]).await?.iter().map(read).collect()
}

/// The newest yes or no of each channel and purpose, of each of these contacts.
pub(super) async fn decided(tx: &mut Tx, contact_ids: impl IntoIterator<Item = i64>) -> Result<Vec<Consent>, DbError> {
    let wanted = Relation::of_ids("id", contact_ids);
    let select = sql!(
        "SELECT n.id, n.contact_id, n.channel, n.purpose, n.state, n.source, n.wording, n.proof, n.at, n.staff_id FROM (
           SELECT c.*, row_number() OVER (PARTITION BY c.contact_id, c.channel, c.purpose ORDER BY c.at DESC, c.id DESC) AS place
           FROM {rows} AS r JOIN consents c ON c.contact_id = r.id AND c.state <> 'pending') AS n
         WHERE n.place = 1 ORDER BY n.id"
    );
    tx.rows_from(select, &wanted, params![]).await?.iter().map(read).collect()
}

/// What the ledger holds of these contacts, by contact, channel and purpose.
pub(super) async fn words(
    tx: &mut Tx,
    contact_ids: impl IntoIterator<Item = i64>,
) -> Result<HashMap<(i64, String, String), Words>, DbError> {
    let wanted = Relation::of_ids("id", contact_ids);
    let select = sql!(
        "SELECT n.contact_id, n.channel, n.purpose, n.state, n.at, n.place, n.of_kind FROM (
           SELECT c.contact_id, c.channel, c.purpose, c.state, c.at,
             row_number() OVER (PARTITION BY c.contact_id, c.channel, c.purpose ORDER BY c.at DESC, c.id DESC) AS place,
             row_number() OVER (PARTITION BY c.contact_id, c.channel, c.purpose, c.state = 'pending' ORDER BY c.at DESC, c.id DESC) AS of_kind
           FROM {rows} AS r JOIN consents c ON c.contact_id = r.id) AS n
         WHERE n.place = 1 OR (n.of_kind = 1 AND n.state <> 'pending') ORDER BY n.place"
    );
    let mut words: HashMap<(i64, String, String), Words> = HashMap::new();
    for row in &tx.rows_from(select, &wanted, params![]).await? {
        let (state, at) = (state(row)?, row.get("at")?);
        let key = (row.get("contact_id")?, row.get("channel")?, row.get("purpose")?);
        // The newest line comes first; the newest yes or no may be the same.
        let held = words.entry(key).or_insert(Words { at, newest: state, decided: None });
        if state != State::Pending {
            held.decided = Some(state);
        }
    }
    Ok(words)
}

/// How often each of these contacts was asked to confirm something since `since` (µs).
pub async fn asked_since(tx: &mut Tx, contact_ids: impl IntoIterator<Item = i64>, since: i64) -> Result<HashMap<i64, i64>, DbError> {
    let wanted = Relation::of_ids("id", contact_ids);
    let select = sql!(
        "SELECT c.contact_id, count(*) AS n FROM {rows} AS r JOIN consents c ON c.contact_id = r.id
         WHERE c.state = 'pending' AND c.at > $1 GROUP BY c.contact_id"
    );
    let rows = tx.rows_from(select, &wanted, params![since]).await?;
    rows.iter().map(|row| Ok((row.get("contact_id")?, row.get("n")?))).collect()
}

/// The newest boxes ticked for each thing in these visits `(visitor_id, session_id)`, of whoever the browser belongs to today and is there, in
/// their order. Not those of a visit that turned out to be somebody else's behind them. The bounds of the visit are for the index.
pub(super) async fn ticked(tx: &mut Tx, visits: &Relation) -> Result<Vec<Event>, DbError> {
    if visits.is_empty() {
        return Ok(Vec::new());
    }
    let select = sql!(
        "SELECT n.seq, n.name, n.at, n.contact_id, n.visitor_id, n.session_id, n.company_id, n.subject, n.amount, n.machine, n.cause, n.depth,
         n.client_key, n.origin_id, n.props FROM (
           SELECT e.seq, e.name, e.at, w.contact_id, e.visitor_id, e.session_id, e.company_id, e.subject, e.amount, e.machine, e.cause, e.depth,
             e.client_key, e.origin_id, e.props,
             row_number() OVER (PARTITION BY e.visitor_id, e.session_id, e.subject ORDER BY e.at DESC, e.seq DESC) AS place
           FROM {rows} AS r JOIN visits v ON v.id = r.session_id
           JOIN events e ON e.visitor_id = r.visitor_id AND e.at >= v.started_at - $1 AND e.at <= v.last_at + $1 AND e.session_id = r.session_id
           JOIN visitors w ON w.id = e.visitor_id JOIN contacts c ON c.id = w.contact_id AND c.deleted_at IS NULL
           WHERE e.name = 'consent.ticked' AND NOT e.machine AND e.contact_id IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM stitches p WHERE p.former_visitor_id = e.visitor_id AND p.outcome = 'parted'
               AND COALESCE(p.contact_id, 0) <> w.contact_id AND p.at >= e.at AND p.at < v.last_at + $1)) AS n
         WHERE n.place = 1 ORDER BY n.at, n.seq"
    );
    tx.rows_from(select, visits, params![VISIT_GAP_US]).await?.iter().map(read_event).collect()
}

/// The newest lines that stand on boxes ticked in a visit which one of these `(visitor_id, session_id)` turned out to go on with as somebody else:
/// what each becomes.
pub(super) async fn doubted(tx: &mut Tx, visits: &Relation) -> Result<Vec<ConsentDraft>, DbError> {
    if visits.is_empty() {
        return Ok(Vec::new());
    }
    let select = sql!(
        "SELECT k.contact_id, k.channel, k.purpose, 'pending' AS state, k.source, k.wording, k.proof, k.staff_id
         FROM {rows} AS r JOIN visits o ON o.id = r.session_id
         JOIN stitches p ON p.visitor_id = r.visitor_id AND p.outcome = 'parted' AND p.at <= o.last_at + $1
         JOIN visits v ON v.visitor_id = p.former_visitor_id AND v.last_at > p.at - $1 AND v.started_at <= p.at
         JOIN events e ON e.visitor_id = v.visitor_id AND e.at >= v.started_at - $1 AND e.at <= p.at AND e.session_id = v.id
         JOIN visitors w ON w.id = e.visitor_id AND w.contact_id <> COALESCE(p.contact_id, 0)
         JOIN contacts c ON c.id = w.contact_id AND c.deleted_at IS NULL
         JOIN consents k ON k.contact_id = w.contact_id AND k.state = 'given' AND k.proof LIKE 'event ' || CAST(e.seq AS TEXT) || ' at %'
         WHERE e.name = 'consent.ticked' AND k.source LIKE 'site-form%' AND NOT EXISTS (
           SELECT 1 FROM consents n WHERE n.contact_id = k.contact_id AND n.channel = k.channel AND n.purpose = k.purpose
             AND (n.at > k.at OR (n.at = k.at AND n.id > k.id)))
         ORDER BY k.id"
    );
    tx.rows_from(select, visits, params![VISIT_GAP_US]).await?.iter().map(said).collect()
}

/// The line `id`.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Consent>, DbError> {
    let select = sql!("SELECT id, contact_id, channel, purpose, state, source, wording, proof, at, staff_id FROM consents WHERE id = $1");
    tx.find(select, params![id]).await?.as_ref().map(read).transpose()
}

/// Every line of a contact, newest first, at most `limit`.
pub async fn list(tx: &mut Tx, contact_id: i64, limit: i64) -> Result<Vec<Consent>, DbError> {
    let select = sql!(
        "SELECT id, contact_id, channel, purpose, state, source, wording, proof, at, staff_id FROM consents
         WHERE contact_id = $1 ORDER BY at DESC, id DESC LIMIT $2"
    );
    tx.rows(select, params![contact_id, limit]).await?.iter().map(read).collect()
}

fn state(row: &Row) -> Result<State, DbError> {
    let word: String = row.get("state")?;
    State::of(&word).ok_or(DbError::Type { column: "state".to_owned(), found: "another word", wanted: "given, withdrawn or pending" })
}

fn said(row: &Row) -> Result<ConsentDraft, DbError> {
    Ok(ConsentDraft {
        contact_id: row.get("contact_id")?,
        channel: row.get("channel")?,
        purpose: row.get("purpose")?,
        state: state(row)?,
        source: row.get("source")?,
        wording: row.get("wording")?,
        proof: row.get("proof")?,
        staff_id: row.get("staff_id")?,
    })
}

fn read(row: &Row) -> Result<Consent, DbError> {
    Ok(Consent { id: row.get("id")?, said: said(row)?, at: row.get("at")? })
}
