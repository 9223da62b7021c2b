//! The SQL of the ledger.

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};
use attune_kernel::Ids;

use super::{Consent, ConsentDraft, State};

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

fn read(row: &Row) -> Result<Consent, DbError> {
    let said = ConsentDraft {
        contact_id: row.get("contact_id")?,
        channel: row.get("channel")?,
        purpose: row.get("purpose")?,
        state: state(row)?,
        source: row.get("source")?,
        wording: row.get("wording")?,
        proof: row.get("proof")?,
        staff_id: row.get("staff_id")?,
    };
    Ok(Consent { id: row.get("id")?, said, at: row.get("at")? })
}
