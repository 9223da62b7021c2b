//! The SQL of preferences.

use std::collections::HashMap;

use attune_db::{DbError, Relation, Row, Tx, params, sql};

use super::{Frequency, Preference, PreferenceDraft, Wish};

pub(super) async fn insert(tx: &mut Tx, id: i64, now: i64, draft: &PreferenceDraft) -> Result<(), DbError> {
    let insert = sql!(
        "INSERT INTO preferences (id, contact_id, frequency, paused_until, quiet_from, quiet_to, time_zone, language, source, wording, proof, at, staff_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    );
    let wish = &draft.wish;
    let values = params![
        id,
        draft.contact_id,
        wish.frequency.word(),
        wish.paused_until,
        wish.quiet.map(|quiet| quiet.0),
        wish.quiet.map(|quiet| quiet.1),
        wish.time_zone.as_deref(),
        wish.language.as_deref(),
        &draft.source,
        draft.wording.as_deref(),
        draft.proof.as_deref(),
        now,
        draft.staff_id
    ];
    tx.exec(insert, values).await?;
    Ok(())
}

/// Language and zone are the contact's own: segments, lists and the arbiter read them there. Answers which of them changed.
pub(super) async fn put_on_contact(tx: &mut Tx, now: i64, draft: &PreferenceDraft) -> Result<Vec<&'static str>, DbError> {
    let row = tx.find(sql!("SELECT locale, time_zone FROM contacts WHERE id = $1"), params![draft.contact_id]).await?;
    let Some(row) = row else { return Ok(Vec::new()) };
    let mut changed = Vec::new();
    for (key, wished) in [("locale", &draft.wish.language), ("time_zone", &draft.wish.time_zone)] {
        if wished.is_some() && row.get::<Option<String>>(key)? != *wished {
            changed.push(key);
        }
    }
    let update = sql!(
        "UPDATE contacts SET locale = COALESCE(CAST($2 AS TEXT), locale), time_zone = COALESCE(CAST($3 AS TEXT), time_zone), updated_at = $4
         WHERE id = $1 AND (locale IS DISTINCT FROM COALESCE(CAST($2 AS TEXT), locale)
                            OR time_zone IS DISTINCT FROM COALESCE(CAST($3 AS TEXT), time_zone))"
    );
    tx.exec(update, params![draft.contact_id, draft.wish.language.as_deref(), draft.wish.time_zone.as_deref(), now]).await?;
    Ok(changed)
}

/// What holds for a contact; nothing when nothing was ever said.
pub async fn current(tx: &mut Tx, contact_id: i64) -> Result<Option<Preference>, DbError> {
    Ok(list(tx, contact_id, 1).await?.into_iter().next())
}

/// Every line of a contact, newest first, at most `limit`.
pub async fn list(tx: &mut Tx, contact_id: i64, limit: i64) -> Result<Vec<Preference>, DbError> {
    let select = sql!(
        "SELECT id, contact_id, frequency, paused_until, quiet_from, quiet_to, time_zone, language, source, wording, proof, at, staff_id
         FROM preferences WHERE contact_id = $1 ORDER BY at DESC, id DESC LIMIT $2"
    );
    tx.rows(select, params![contact_id, limit]).await?.iter().map(read).collect()
}

/// What holds for each of these contacts; those who never said anything are missing.
pub async fn wishes(tx: &mut Tx, contact_ids: impl IntoIterator<Item = i64>) -> Result<HashMap<i64, Wish>, DbError> {
    let select = sql!(
        "SELECT n.contact_id, n.frequency, n.paused_until, n.quiet_from, n.quiet_to, n.time_zone, n.language FROM (
           SELECT p.contact_id, p.frequency, p.paused_until, p.quiet_from, p.quiet_to, p.time_zone, p.language,
                  row_number() OVER (PARTITION BY p.contact_id ORDER BY p.at DESC, p.id DESC) AS place
           FROM {rows} AS r JOIN preferences p ON p.contact_id = r.id) AS n
         WHERE n.place = 1"
    );
    let rows = tx.rows_from(select, &Relation::of_ids("id", contact_ids), params![]).await?;
    rows.iter().map(|row| Ok((row.get("contact_id")?, wish(row)?))).collect()
}

fn wish(row: &Row) -> Result<Wish, DbError> {
    let (from, to): (Option<i64>, Option<i64>) = (row.get("quiet_from")?, row.get("quiet_to")?);
    Ok(Wish {
        frequency: Frequency::of(&row.get::<String>("frequency")?).unwrap_or_default(),
        paused_until: row.get("paused_until")?,
        quiet: from.zip(to),
        time_zone: row.get("time_zone")?,
        language: row.get("language")?,
    })
}

fn read(row: &Row) -> Result<Preference, DbError> {
    let said = PreferenceDraft {
        contact_id: row.get("contact_id")?,
        wish: wish(row)?,
        source: row.get("source")?,
        wording: row.get("wording")?,
        proof: row.get("proof")?,
        staff_id: row.get("staff_id")?,
    };
    Ok(Preference { id: row.get("id")?, said, at: row.get("at")? })
}
