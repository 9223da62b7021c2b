//! Addresses that get no mail, whoever asks: people who unsubscribed, addresses that bounced, complaints, and those staff entered.
//!
//! Guards that a suppressed address stays suppressed until a person takes it off the list, and that every entry has its reason.

pub mod erased;
pub mod pages;
pub mod store;

use std::collections::HashSet;

use attune_db::{Column, Conflict, DbError, Relation, Tx, Value, params, sql};
use attune_identify::contact::By;
use attune_kernel::{Ids, fold_key};
use attune_record::audit;

use erased::Fingerprints;

pub use store::{Suppression, find, list, remove};

attune_kernel::id_type!(
    /// Names an entry of the suppression list.
    SuppressionId,
    "sup"
);

/// Why an address is on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The person unsubscribed.
    Unsubscribed,
    /// The address does not exist.
    Bounced,
    /// The person complained to his provider.
    Complained,
    /// Staff entered it.
    Manual,
}

impl Cause {
    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Manual => "manual",
        }
    }
}

const COLUMNS: [(&str, Column); 8] = [
    ("id", Column::Int),
    ("email_key", Column::Text),
    ("reason", Column::Text),
    ("note", Column::Text),
    ("contact_id", Column::Int),
    ("send_id", Column::Int),
    ("staff_id", Column::Int),
    ("created_at", Column::Int),
];

/// Puts the recipients of these sends on the list; those on it already stay as they are.
pub async fn add_of_sends(tx: &mut Tx, ids: &Ids, send_ids: &[i64], cause: Cause, now: i64) -> Result<(), DbError> {
    let sends = Relation::of_ids("id", send_ids.iter().copied());
    let text = sql!(
        "SELECT min(s.id) AS send_id, min(c.alive_id) AS contact_id, c.email_key FROM {rows} AS r JOIN sends s ON s.id = r.id
         JOIN v_identify_reach c ON c.asked_id = s.contact_id WHERE c.email_key IS NOT NULL GROUP BY c.email_key"
    );
    let found = tx.rows_from(text, &sends, params![]).await?;
    let mut rows = Relation::new(&COLUMNS);
    for row in &found {
        let (key, contact_id, send_id) = (row.get::<String>("email_key")?, row.get::<i64>("contact_id")?, row.get::<i64>("send_id")?);
        rows.push(params![ids.next(), key, cause.word(), Value::Null, contact_id, send_id, Value::Null, now]);
    }
    tx.insert("suppressions", &rows, Conflict::Ignore(&["email_key"])).await?;
    Ok(())
}

/// Which of these addresses (in their matching form) are on the list for another reason than that the person unsubscribed.
pub async fn barred(tx: &mut Tx, email_keys: impl IntoIterator<Item = String>) -> Result<HashSet<String>, DbError> {
    let wanted = Relation::of_texts("text", email_keys);
    let select = sql!("SELECT s.email_key FROM {rows} AS r JOIN suppressions s ON s.email_key = r.text WHERE s.reason <> 'unsubscribed'");
    tx.rows_from(select, &wanted, params![]).await?.iter().map(|row| row.at(0)).collect()
}

/// Takes the addresses of a contact off the list where the person had unsubscribed and says yes again. What bounced, was complained about or
/// entered by staff stays.
pub async fn lift_of_contact(tx: &mut Tx, contact_id: i64) -> Result<u64, DbError> {
    let delete = sql!(
        "DELETE FROM suppressions WHERE reason = 'unsubscribed' AND email_key IN (
           SELECT c.email_key FROM v_identify_reach c WHERE c.alive_id = $1 OR c.asked_id = $1)"
    );
    tx.exec(delete, params![contact_id]).await
}

/// Puts an address on the list by hand; answers whether it was new.
pub async fn add(tx: &mut Tx, ids: &Ids, email: &str, note: Option<&str>, staff_id: Option<i64>, now: i64) -> Result<bool, DbError> {
    let mut rows = Relation::new(&COLUMNS);
    let staff_id = staff_id.filter(|id| *id != 0);
    rows.push(params![ids.next(), fold_key(email), Cause::Manual.word(), note, Value::Null, Value::Null, staff_id, now]);
    Ok(tx.insert("suppressions", &rows, Conflict::Ignore(&["email_key"])).await? == 1)
}

/// Takes an entry off the list, also as the address of somebody erased; answers what it said.
pub async fn take_off(tx: &mut Tx, by: &By<'_>, fingerprints: &Fingerprints, id: SuppressionId) -> Result<Option<Suppression>, DbError> {
    let Some(entry) = store::find(tx, id).await? else { return Ok(None) };
    store::remove(tx, id).await?;
    erased::lift(tx, fingerprints, entry.email_key.expose()).await?;
    let before = serde_json::json!({ "email": entry.email_key.expose(), "reason": entry.reason });
    audit::note(tx, by.ids, by.now, by.actor, "suppression.removed", "suppression", id.0, Some(before), None).await?;
    Ok(Some(entry))
}
