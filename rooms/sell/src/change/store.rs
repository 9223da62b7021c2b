//! All SQL about changes and first steps.

use std::collections::HashSet;

use attune_db::{DbError, Relation, Row, Sql, Tx, params, sql};
use attune_identify::contact::ContactId;
use attune_web::Scope;

/// Writes the newest moment of each (contact, name), with the contact's owner as it is now.
pub(super) async fn put(tx: &mut Tx, rows: &Relation) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO contact_changes (contact_id, name, at, owner_id, team_id)
         SELECT r.contact_id, r.name, r.at, c.owner_id, c.team_id FROM {rows} AS r JOIN v_identify_contact c ON c.id = r.contact_id WHERE TRUE
         ON CONFLICT (contact_id, name) DO UPDATE SET at = excluded.at, owner_id = excluded.owner_id, team_id = excluded.team_id
         WHERE excluded.at >= contact_changes.at"
    );
    tx.exec_from(sql, rows, params![]).await?;
    Ok(())
}

/// Gives everything that happened to these contacts to whoever owns them now: the one who did before has no business with it any more.
pub(super) async fn renew_owners(tx: &mut Tx, contacts: &Relation) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE contact_changes SET owner_id = (SELECT c.owner_id FROM v_identify_contact c WHERE c.id = contact_changes.contact_id),
           team_id = (SELECT c.team_id FROM v_identify_contact c WHERE c.id = contact_changes.contact_id)
         WHERE contact_id IN (SELECT r.id FROM {rows} AS r)"
    );
    tx.exec_from(sql, contacts, params![]).await?;
    Ok(())
}

/// Looks again when these contacts last clicked in a mail: what seemed a click was a scanner's.
pub(super) async fn recall_clicks(tx: &mut Tx, contacts: &Relation) -> Result<(), DbError> {
    let forget = sql!("DELETE FROM contact_changes WHERE name = 'mail.clicked' AND contact_id IN (SELECT r.id FROM {rows} AS r)");
    tx.exec_from(forget, contacts, params![]).await?;
    let recall = sql!(
        "INSERT INTO contact_changes (contact_id, name, at, owner_id, team_id)
         SELECT c.id, 'mail.clicked', max(e.at), c.owner_id, c.team_id FROM {rows} AS r JOIN v_identify_contact c ON c.id = r.id
         JOIN events e ON e.contact_id = c.id AND e.name = 'mail.clicked' AND e.machine = FALSE
         GROUP BY c.id, c.owner_id, c.team_id"
    );
    tx.exec_from(recall, contacts, params![]).await?;
    Ok(())
}

/// How many people something happened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The event.
    pub(crate) name: String,
    /// How many people, counted up to [`MOST`].
    pub(crate) people: i64,
}

/// Beyond this many changes the tallies stop counting.
pub(crate) const MOST: i64 = 20_000;

/// What happened since `since_at` (µs) to people within `scope`, by kind.
pub(crate) async fn tallies(tx: &mut Tx, scope: &Scope, since_at: i64) -> Result<Vec<Tally>, DbError> {
    let mut sql = Sql::new("SELECT name, count(*) AS people FROM (SELECT name FROM contact_changes WHERE at >= ");
    sql.bind(since_at);
    scope.push_filter(&mut sql, "owner_id", "team_id");
    sql.push(" ORDER BY at DESC LIMIT ").bind(MOST).push(") AS recent GROUP BY name");
    let rows = tx.rows_of(&sql).await?;
    rows.iter().map(|row| Ok(Tally { name: row.get("name")?, people: row.get("people")? })).collect()
}

/// One person something happened to.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) contact_id: i64,
    pub(crate) contact_name: String,
    pub(crate) owner_name: Option<String>,
    pub(crate) at: i64,
}

impl Changed {
    /// The contact's id as shown.
    pub(crate) fn contact(&self) -> ContactId {
        ContactId(self.contact_id)
    }
}

/// The people `name` happened to since `since_at` (µs), newest first, behind `after` (moment, contact).
pub(crate) async fn list(
    tx: &mut Tx,
    scope: &Scope,
    name: &str,
    since_at: i64,
    after: Option<(i64, i64)>,
    limit: i64,
) -> Result<Vec<Changed>, DbError> {
    let mut sql = Sql::new(sql!(
        "SELECT h.contact_id, COALESCE(c.label, '') AS contact_name, s.name AS owner_name, h.at
         FROM contact_changes h JOIN v_identify_contact c ON c.id = h.contact_id LEFT JOIN v_govern_staff s ON s.id = c.owner_id WHERE TRUE"
    ));
    sql.push(" AND h.name = ").bind(name).push(" AND h.at >= ").bind(since_at);
    scope.push_filter(&mut sql, "h.owner_id", "h.team_id");
    if let Some((at, id)) = after {
        sql.push(" AND (h.at, h.contact_id) < (").bind(at).push(", ").bind(id).push(")");
    }
    sql.push(" ORDER BY h.at DESC, h.contact_id DESC LIMIT ").bind(limit);
    let changed = |row: &Row| {
        Ok(Changed {
            contact_id: row.get("contact_id")?,
            contact_name: row.get("contact_name")?,
            owner_name: row.get("owner_name")?,
            at: row.get("at")?,
        })
    };
    tx.rows_of(&sql).await?.iter().map(changed).collect()
}

/// Ticks a first step off.
pub(crate) async fn tick_step(tx: &mut Tx, step: &str, now: i64) -> Result<(), DbError> {
    tx.exec(sql!("INSERT INTO first_steps (step, done_at) VALUES ($1, $2) ON CONFLICT (step) DO NOTHING"), params![step, now]).await?;
    Ok(())
}

/// The steps done; `hidden` among them means that the list was put away.
pub(crate) async fn first_steps(tx: &mut Tx) -> Result<HashSet<String>, DbError> {
    let rows = tx.rows(sql!("SELECT step FROM first_steps"), params![]).await?;
    let mut done = rows.iter().map(|row| row.at(0)).collect::<Result<HashSet<String>, _>>()?;
    let colleagues = tx.count(sql!("SELECT count(*) FROM (SELECT id FROM v_govern_staff LIMIT 2) AS some_staff"), params![]).await?;
    if colleagues > 1 {
        done.insert("colleague".to_owned());
    }
    Ok(done)
}
