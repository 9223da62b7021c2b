//! The SQL of merges.

use attune_db::{DbError, Relation, Row, Tx, params, sql};
use serde_json::{Map, Value as Json};

use super::{MergeId, Pair};
use crate::contact::{By, Contact};
use crate::field::Subject;

/// A merge as it is on record.
#[derive(Clone, Debug)]
pub struct Merge {
    /// Its id.
    pub id: MergeId,
    /// Who remained, and who became part.
    pub pair: Pair,
    /// What the survivor took over: `[before, after]` by attribute.
    pub taken: Map<String, Json>,
    /// Who did it.
    pub staff_name: String,
    /// When, µs UTC.
    pub at: i64,
    /// What lists called the one who became part.
    pub name: String,
    /// Whose that one was.
    pub owner_id: Option<i64>,
    /// The owner's team.
    pub team_id: Option<i64>,
}

const CONTACTS: &str =
    "SELECT m.id, m.survivor_id, m.loser_id, m.taken, m.staff_name, m.at, c.name, c.email, c.phone, c.external_id, c.owner_id, c.team_id
     FROM merges m JOIN contacts c ON c.id = m.loser_id";
const COMPANIES: &str = "SELECT m.id, m.survivor_id, m.loser_id, m.taken, m.staff_name, m.at, c.name, CAST(NULL AS TEXT) AS email,
     CAST(NULL AS TEXT) AS phone, c.external_id, c.owner_id, c.team_id FROM merges m JOIN companies c ON c.id = m.loser_id";

/// Reads merges of one kind: those of the other are not found by it.
const fn select(subject: Subject) -> &'static str {
    match subject {
        Subject::Contact => CONTACTS,
        Subject::Company => COMPANIES,
    }
}

fn read(row: &Row) -> Result<Merge, DbError> {
    let known = Contact { name: row.get("name")?, email: row.get("email")?, phone: row.get("phone")?, ..Contact::default() };
    let label = Contact { external_id: row.get("external_id")?, ..known }.label();
    Ok(Merge {
        id: MergeId(row.get("id")?),
        pair: Pair { survivor: row.get("survivor_id")?, loser: row.get("loser_id")? },
        taken: serde_json::from_str(&row.get::<String>("taken")?).unwrap_or_default(),
        staff_name: row.get("staff_name")?,
        at: row.get("at")?,
        name: label,
        owner_id: row.get("owner_id")?,
        team_id: row.get("team_id")?,
    })
}

pub(crate) async fn find(tx: &mut Tx, subject: Subject, id: i64) -> Result<Option<Merge>, DbError> {
    tx.find(&format!("{} WHERE m.id = $1", select(subject)), params![id]).await?.as_ref().map(read).transpose()
}

/// The merges a contact came out of, newest first.
pub(crate) async fn list_of(tx: &mut Tx, subject: Subject, survivor_id: i64) -> Result<Vec<Merge>, DbError> {
    let sql = format!("{} WHERE m.survivor_id = $1 ORDER BY m.at DESC, m.id DESC LIMIT 50", select(subject));
    tx.rows(&sql, params![survivor_id]).await?.iter().map(read).collect()
}

/// The merges one of these contacts is part of, newest first.
pub(super) async fn list_touching(tx: &mut Tx, contacts: &[i64]) -> Result<Vec<i64>, DbError> {
    let wanted = Relation::of_ids("id", contacts.iter().copied());
    let select = sql!(
        "SELECT m.id FROM {rows} AS r JOIN merges m ON m.survivor_id = r.id UNION SELECT m.id FROM {rows} AS r JOIN merges m ON m.loser_id = r.id
         ORDER BY 1 DESC"
    );
    tx.rows_from(select, &wanted, params![]).await?.iter().map(|row| row.at(0)).collect()
}

/// The merge by which `loser_id` became part of another.
pub(super) async fn find_of_loser(tx: &mut Tx, loser_id: i64) -> Result<Option<Merge>, DbError> {
    tx.find(&format!("{CONTACTS} WHERE m.loser_id = $1"), params![loser_id]).await?.as_ref().map(read).transpose()
}

/// What the same survivor merged after this one, oldest first.
pub(crate) async fn list_later(tx: &mut Tx, subject: Subject, merge: &Merge) -> Result<Vec<Merge>, DbError> {
    let sql = format!("{} WHERE m.survivor_id = $1 AND (m.at > $2 OR (m.at = $2 AND m.id > $3)) ORDER BY m.at, m.id", select(subject));
    tx.rows(&sql, params![merge.pair.survivor, merge.at, merge.id.0]).await?.iter().map(read).collect()
}

/// Hands what an attribute was before `merge` down to the next merge that changed the same one, which will give it back in its turn. Answers
/// what nobody changed since.
pub(crate) async fn hand_down(tx: &mut Tx, merge: &Merge, mut later: Vec<Merge>) -> Result<Map<String, Json>, DbError> {
    let mut still = Map::new();
    for (key, change) in &merge.taken {
        let Some(next) = later.iter_mut().find(|next| next.taken.contains_key(key)) else {
            still.insert(key.clone(), change.clone());
            continue;
        };
        let follows = next.taken.get(key).and_then(|next| next.get(0)) == change.get(1);
        if let (true, Some(was), Some(slot)) = (follows, change.get(0), next.taken.get_mut(key).and_then(|next| next.get_mut(0))) {
            *slot = was.clone();
        }
    }
    for next in later {
        tx.exec(sql!("UPDATE merges SET taken = $2 WHERE id = $1"), params![next.id.0, text(&next.taken)]).await?;
    }
    Ok(still)
}

fn text(taken: &Map<String, Json>) -> String {
    serde_json::to_string(taken).unwrap_or_else(|_| "{}".to_owned())
}

pub(crate) async fn insert(tx: &mut Tx, by: &By<'_>, id: i64, pair: Pair, taken: &Map<String, Json>) -> Result<(), DbError> {
    let insert =
        sql!("INSERT INTO merges (id, survivor_id, loser_id, taken, staff_id, staff_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    tx.exec(insert, params![id, pair.survivor, pair.loser, text(taken), by.actor.staff_id, by.actor.name.as_str(), by.now]).await?;
    Ok(())
}

pub(crate) async fn remove(tx: &mut Tx, id: i64) -> Result<(), DbError> {
    tx.exec(sql!("DELETE FROM merge_rows WHERE merge_id = $1"), params![id]).await?;
    tx.exec(sql!("DELETE FROM merges WHERE id = $1"), params![id]).await?;
    Ok(())
}

/// Hides the loser behind the survivor.
pub(crate) async fn bury(tx: &mut Tx, subject: Subject, pair: Pair, now: i64) -> Result<(), DbError> {
    let bury = match subject {
        Subject::Contact => sql!("UPDATE contacts SET deleted_at = $3, merged_into = $1 WHERE id = $2"),
        Subject::Company => sql!("UPDATE companies SET deleted_at = $3, merged_into = $1 WHERE id = $2"),
    };
    tx.exec(bury, params![pair.survivor, pair.loser, now]).await.map(|_| ())
}

/// Lets an outside id go that somebody else has by now.
pub(super) async fn give_up_taken(tx: &mut Tx, id: i64) -> Result<(), DbError> {
    let update = sql!(
        "UPDATE contacts SET external_id = NULL, external_key = NULL WHERE id = $1
         AND EXISTS (SELECT 1 FROM contacts o WHERE o.external_key = contacts.external_key AND o.deleted_at IS NULL AND o.id <> contacts.id)"
    );
    tx.exec(update, params![id]).await.map(|_| ())
}

pub(crate) async fn unbury(tx: &mut Tx, subject: Subject, loser_id: i64) -> Result<(), DbError> {
    let unbury = match subject {
        Subject::Contact => sql!("UPDATE contacts SET deleted_at = NULL, merged_into = NULL WHERE id = $1"),
        Subject::Company => sql!("UPDATE companies SET deleted_at = NULL, merged_into = NULL WHERE id = $1"),
    };
    tx.exec(unbury, params![loser_id]).await.map(|_| ())
}

pub(super) async fn set_last_seen(tx: &mut Tx, id: i64, at: Option<i64>) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE contacts SET last_seen_at = CAST($2 AS BIGINT) WHERE id = $1"), params![id, at]).await.map(|_| ())
}
