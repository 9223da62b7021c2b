//! Addresses of people who were erased: what stays of them is a fingerprint, so that no later import brings mail to who asked to be forgotten.
//!
//! Guards that nobody can read an address out of it: it is signed with the installation's secret. Whoever says yes anew gets mail again, unless
//! the address was on the suppression list for a reason of its own.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Tx, params, sql};
use attune_house::Leaver;
use attune_record::audit;
use attune_web::Secret;

/// Makes fingerprints.
#[derive(Clone, Debug)]
pub struct Fingerprints(Secret);

impl Fingerprints {
    /// Those of the installation with this secret.
    pub fn new(secret: &Secret) -> Self {
        Self(secret.clone())
    }

    fn of(&self, email_key: &str) -> String {
        self.0.tag("erased-address", email_key)
    }
}

/// What is known of the address of somebody who was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Known {
    /// Nobody with this address was erased.
    #[default]
    No,
    /// Somebody was: only a yes said anew counts.
    Erased,
    /// Somebody was, and the address was on the suppression list.
    Suppressed,
}

/// Keeps the fingerprints of the leavers' addresses and takes the addresses themselves off the suppression list and out of what the audit log
/// says about it. An address that somebody else has too stays as it is. Answers how many fingerprints are kept.
pub async fn keep(tx: &mut Tx, fingerprints: &Fingerprints, leavers: &[Leaver], now: i64) -> Result<u64, DbError> {
    // What the relay answered names the address.
    let ids = Relation::of_ids("id", leavers.iter().map(|leaver| leaver.id));
    let blank = sql!(
        "UPDATE sends SET reason = NULL FROM {rows} AS r WHERE sends.contact_id = r.id AND sends.state <> 'skipped' AND sends.reason IS NOT NULL"
    );
    tx.exec_from(blank, &ids, params![]).await?;
    let keys = list_unshared(tx, leavers).await?;
    let reasons = list_reasons(tx, &keys).await?;
    let mut rows = Relation::new(&[("fingerprint", Column::Text), ("reason", Column::Text), ("created_at", Column::Int)]);
    for key in &keys {
        let reason = reasons.get(key).map_or("erased", String::as_str);
        rows.push(params![fingerprints.of(key), reason, now]);
    }
    tx.insert("erased_addresses", &rows, Conflict::Ignore(&["fingerprint"])).await?;
    let wanted = Relation::of_texts("text", keys.iter().cloned());
    tx.exec_from(sql!("DELETE FROM suppressions WHERE email_key IN (SELECT r.text FROM {rows} AS r)"), &wanted, params![]).await?;
    let quoted: Vec<String> = keys.iter().map(|key| serde_json::Value::from(key.as_str()).to_string()).collect();
    for action in ["suppression.added", "suppression.removed"] {
        audit::blank_mentions(tx, action, &quoted).await?;
    }
    Ok(u64::try_from(keys.len()).unwrap_or(0))
}

/// The leavers' addresses that nobody has who stays.
async fn list_unshared(tx: &mut Tx, leavers: &[Leaver]) -> Result<Vec<String>, DbError> {
    let mut keys: Vec<String> = leavers.iter().filter_map(|leaver| leaver.email_key.clone()).collect();
    // Addresses they had before, too.
    let ids = Relation::of_ids("id", leavers.iter().map(|leaver| leaver.id));
    for row in tx.rows_from(sql!("SELECT s.email_key FROM {rows} AS r JOIN suppressions s ON s.contact_id = r.id"), &ids, params![]).await?
    {
        keys.push(row.at(0)?);
    }
    keys.sort_unstable();
    keys.dedup();
    let select = sql!("SELECT c.id, c.email_key FROM {rows} AS r JOIN v_identify_contact c ON c.email_key = r.text");
    for row in tx.rows_from(select, &Relation::of_texts("text", keys.iter().cloned()), params![]).await? {
        let (id, key): (i64, String) = (row.at(0)?, row.at(1)?);
        if !leavers.iter().any(|leaver| leaver.id == id) {
            keys.retain(|kept| *kept != key);
        }
    }
    Ok(keys)
}

async fn list_reasons(tx: &mut Tx, keys: &[String]) -> Result<HashMap<String, String>, DbError> {
    let select = sql!("SELECT s.email_key, s.reason FROM {rows} AS r JOIN suppressions s ON s.email_key = r.text");
    let rows = tx.rows_from(select, &Relation::of_texts("text", keys.iter().cloned()), params![]).await?;
    rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
}

/// Which of these addresses (in their matching form) belonged to somebody who was erased. Costs one statement where nobody ever was.
pub async fn known(tx: &mut Tx, fingerprints: &Fingerprints, email_keys: &[String]) -> Result<HashMap<String, Known>, DbError> {
    if tx.count(sql!("SELECT count(*) FROM (SELECT 1 FROM erased_addresses LIMIT 1) AS one"), params![]).await? == 0 {
        return Ok(HashMap::new());
    }
    let keys: HashMap<String, &String> = email_keys.iter().map(|key| (fingerprints.of(key), key)).collect();
    let select = sql!("SELECT e.fingerprint, e.reason FROM {rows} AS r JOIN erased_addresses e ON e.fingerprint = r.text");
    let mut found = HashMap::new();
    for row in tx.rows_from(select, &Relation::of_texts("text", keys.keys().cloned()), params![]).await? {
        let (fingerprint, reason): (String, String) = (row.at(0)?, row.at(1)?);
        if let Some(key) = keys.get(&fingerprint) {
            let known = if reason == "erased" { Known::Erased } else { Known::Suppressed };
            found.insert((*key).clone(), known);
        }
    }
    Ok(found)
}

/// Forgets the fingerprint of an address; answers whether there was one.
pub async fn lift(tx: &mut Tx, fingerprints: &Fingerprints, email_key: &str) -> Result<bool, DbError> {
    let delete = sql!("DELETE FROM erased_addresses WHERE fingerprint = $1");
    Ok(tx.exec(delete, params![fingerprints.of(email_key)]).await? == 1)
}
