//! All SQL that keeps the rollup.

use std::collections::BTreeMap;

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};

use super::{DAY_US, Stage};

/// What is to be added to the figures: (day, source, stage) → people.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bumps(BTreeMap<(i64, String, &'static str), i64>);

impl Bumps {
    fn add(&mut self, at: i64, source: String, stage: &'static str, people: i64) {
        *self.0.entry((at.div_euclid(DAY_US), source, stage)).or_default() += people;
    }

    fn take(&mut self, rows: &[Row], stage: &'static str) -> Result<(), DbError> {
        for row in rows {
            self.add(row.get("at")?, row.get("source")?, stage, 1);
        }
        Ok(())
    }
}

/// Adds to the figures.
pub(crate) async fn write_bumps(tx: &mut Tx, bumps: &Bumps) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("day", Column::Int), ("source", Column::Text), ("stage", Column::Text), ("people", Column::Int)]);
    for ((day, source, stage), people) in &bumps.0 {
        rows.push(vec![Value::Int(*day), Value::from(source), Value::from(*stage), Value::Int(*people)]);
    }
    tx.insert("funnel_days", &rows, Conflict::Update(&["day", "source", "stage"], "people = funnel_days.people + excluded.people")).await?;
    Ok(())
}

/// Counts contacts as known, with the moment and source of their record.
pub(crate) async fn put_known(tx: &mut Tx, contacts: &[i64], bumps: &mut Bumps) -> Result<(), DbError> {
    let rows = Relation::of_ids("id", contacts.iter().copied());
    let sql = sql!(
        "INSERT INTO funnel_steps (contact_id, stage, reached_at, known_at, source, took_us)
         SELECT c.id, 'known', c.created_at, c.created_at, COALESCE(c.source, ''), 0 FROM {rows} AS r JOIN v_identify_contact c ON c.id = r.id WHERE TRUE
         ON CONFLICT (contact_id, stage) DO NOTHING RETURNING known_at AS at, source"
    );
    let new = tx.rows_from(sql, &rows, params![]).await?;
    bumps.take(&new, "known")
}

/// Counts the people of an import as known, however many they are.
pub(crate) async fn put_imported(tx: &mut Tx, import_id: i64, bumps: &mut Bumps) -> Result<(), DbError> {
    let counted = sql!(
        "SELECT c.created_at / 86400000000 AS day, COALESCE(c.source, '') AS source, count(*) AS people FROM v_identify_contact c
         WHERE c.import_id = $1 AND NOT EXISTS (SELECT 1 FROM funnel_steps s WHERE s.contact_id = c.id AND s.stage = 'known') GROUP BY 1, 2"
    );
    for row in tx.rows(counted, params![import_id]).await? {
        let day: i64 = row.get("day")?;
        bumps.add(day * DAY_US, row.get("source")?, "known", row.get("people")?);
    }
    let sql = sql!(
        "INSERT INTO funnel_steps (contact_id, stage, reached_at, known_at, source, took_us)
         SELECT c.id, 'known', c.created_at, c.created_at, COALESCE(c.source, ''), 0 FROM v_identify_contact c WHERE c.import_id = $1
         ON CONFLICT (contact_id, stage) DO NOTHING"
    );
    tx.exec(sql, params![import_id]).await?;
    Ok(())
}

fn moments<'a>(pairs: impl Iterator<Item = (&'a i64, &'a i64)>) -> Relation {
    let mut rows = Relation::new(&[("id", Column::Int), ("at", Column::Int)]);
    for (id, at) in pairs {
        rows.push(vec![Value::Int(*id), Value::Int(*at)]);
    }
    rows
}

/// Writes who reached `stage`; those known as being there already stay as they are.
pub(crate) async fn put_reached(tx: &mut Tx, stage: Stage, reached: &BTreeMap<i64, i64>, bumps: &mut Bumps) -> Result<(), DbError> {
    let Some(before) = stage.before() else { return Ok(()) };
    let sql = sql!(
        "INSERT INTO funnel_steps (contact_id, stage, reached_at, known_at, source, took_us)
         SELECT r.id, $1, r.at, p.known_at, p.source, CASE WHEN r.at > p.reached_at THEN r.at - p.reached_at ELSE 0 END
         FROM {rows} AS r JOIN funnel_steps p ON p.contact_id = r.id AND p.stage = $2 WHERE TRUE
         ON CONFLICT (contact_id, stage) DO NOTHING RETURNING known_at AS at, source"
    );
    let new = tx.rows_from(sql, &moments(reached.iter()), params![stage.word(), before.word()]).await?;
    bumps.take(&new, stage.word())
}

/// Takes back that these contacts were engaged, unless they have gone further since; the figures are counted anew after that.
pub(crate) async fn drop_engaged(tx: &mut Tx, contacts: &[i64]) -> Result<(), DbError> {
    let rows = Relation::of_ids("id", contacts.iter().copied());
    let sql = sql!(
        "DELETE FROM funnel_steps WHERE stage = 'engaged' AND contact_id IN (SELECT r.id FROM {rows} AS r)
         AND NOT EXISTS (SELECT 1 FROM funnel_steps s WHERE s.contact_id = funnel_steps.contact_id AND s.stage NOT IN ('known', 'engaged', 'direct'))"
    );
    tx.exec_from(sql, &rows, params![]).await?;
    Ok(())
}

/// Forgets every step of these contacts; the figures are counted anew after that.
pub(crate) async fn forget(tx: &mut Tx, contacts: &[i64]) -> Result<(), DbError> {
    let rows = Relation::of_ids("id", contacts.iter().copied());
    tx.exec_from(sql!("DELETE FROM funnel_steps WHERE contact_id IN (SELECT r.id FROM {rows} AS r)"), &rows, params![]).await?;
    tx.exec_from(sql!("DELETE FROM funnel_losses WHERE contact_id IN (SELECT r.id FROM {rows} AS r)"), &rows, params![]).await?;
    Ok(())
}

/// Writes purchases: by whoever had been accepted before, a customer; by anybody else, one who needed no rep.
pub(crate) async fn put_bought(tx: &mut Tx, bought: &[(i64, i64)], bumps: &mut Bumps) -> Result<(), DbError> {
    let rows = moments(bought.iter().map(|(id, at)| (id, at)));
    let customers = sql!(
        "INSERT INTO funnel_steps (contact_id, stage, reached_at, known_at, source, took_us)
         SELECT r.id, 'customer', min(r.at), p.known_at, p.source, min(r.at) - p.reached_at
         FROM {rows} AS r JOIN funnel_steps p ON p.contact_id = r.id AND p.stage = 'accepted' AND p.reached_at <= r.at
         GROUP BY r.id, p.known_at, p.source, p.reached_at
         ON CONFLICT (contact_id, stage) DO NOTHING RETURNING known_at AS at, source"
    );
    bumps.take(&tx.rows_from(customers, &rows, params![]).await?, "customer")?;
    let direct = sql!(
        "INSERT INTO funnel_steps (contact_id, stage, reached_at, known_at, source, took_us)
         SELECT r.id, 'direct', min(r.at), p.known_at, p.source, 0
         FROM {rows} AS r JOIN funnel_steps p ON p.contact_id = r.id AND p.stage = 'known'
         WHERE NOT EXISTS (SELECT 1 FROM funnel_steps a WHERE a.contact_id = r.id AND a.stage = 'accepted' AND a.reached_at <= r.at)
         GROUP BY r.id, p.known_at, p.source
         ON CONFLICT (contact_id, stage) DO NOTHING RETURNING known_at AS at, source"
    );
    bumps.take(&tx.rows_from(direct, &rows, params![]).await?, "direct")
}

/// Keeps the newest reason of each contact.
pub(crate) async fn put_losses(tx: &mut Tx, losses: &BTreeMap<i64, (i64, String)>) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("contact_id", Column::Int), ("reason", Column::Text), ("at", Column::Int)]);
    for (contact_id, (at, reason)) in losses {
        rows.push(vec![Value::Int(*contact_id), Value::from(reason), Value::Int(*at)]);
    }
    tx.insert("funnel_losses", &rows, Conflict::Update(&["contact_id"], "reason = excluded.reason, at = excluded.at")).await?;
    Ok(())
}

/// Counts browsers seen for the first time.
pub(crate) async fn put_visitors(tx: &mut Tx, visitors: &BTreeMap<i64, i64>, bumps: &mut Bumps) -> Result<(), DbError> {
    let sql = sql!(
        "INSERT INTO funnel_visitors (visitor_id, first_at) SELECT r.id, r.at FROM {rows} AS r WHERE TRUE
         ON CONFLICT (visitor_id) DO NOTHING RETURNING first_at AS at, '' AS source"
    );
    bumps.take(&tx.rows_from(sql, &moments(visitors.iter()), params![]).await?, "visitor")
}

/// Notes which browsers became whom.
pub(crate) async fn put_identified(tx: &mut Tx, identified: &BTreeMap<i64, (i64, i64)>, bumps: &mut Bumps) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("id", Column::Int), ("contact_id", Column::Int), ("at", Column::Int)]);
    for (visitor_id, (contact_id, at)) in identified {
        rows.push(vec![Value::Int(*visitor_id), Value::Int(*contact_id), Value::Int(*at)]);
    }
    let sql = sql!(
        "UPDATE funnel_visitors SET contact_id = r.contact_id, known_at = r.at FROM {rows} AS r
         WHERE funnel_visitors.visitor_id = r.id AND funnel_visitors.known_at IS NULL RETURNING first_at AS at, '' AS source"
    );
    bumps.take(&tx.rows_from(sql, &rows, params![]).await?, "identified")
}

/// Whether the figures have as many people as the steps: an import taken back leaves no event behind.
pub(crate) async fn is_true(tx: &mut Tx) -> Result<bool, DbError> {
    let steps = tx.count(sql!("SELECT count(*) FROM funnel_steps WHERE stage = 'known'"), params![]).await?;
    let told = tx.count(sql!("SELECT CAST(sum(people) AS BIGINT) FROM funnel_days WHERE stage = 'known'"), params![]).await?;
    Ok(steps == told)
}

/// Counts everything anew from the steps of those who are still there: after people were deleted, erased or an import was undone.
pub(crate) async fn recount(tx: &mut Tx) -> Result<(), DbError> {
    let gone = sql!("DELETE FROM funnel_steps WHERE NOT EXISTS (SELECT 1 FROM v_identify_contact c WHERE c.id = funnel_steps.contact_id)");
    tx.exec(gone, params![]).await?;
    tx.exec(sql!("DELETE FROM funnel_days"), params![]).await?;
    let steps = sql!(
        "INSERT INTO funnel_days (day, source, stage, people)
         SELECT known_at / 86400000000, source, stage, count(*) FROM funnel_steps GROUP BY 1, 2, 3"
    );
    tx.exec(steps, params![]).await?;
    let visitors = sql!(
        "INSERT INTO funnel_days (day, source, stage, people)
         SELECT first_at / 86400000000, '', 'visitor', count(*) FROM funnel_visitors GROUP BY 1
         UNION ALL
         SELECT first_at / 86400000000, '', 'identified', count(*) FROM funnel_visitors WHERE known_at IS NOT NULL GROUP BY 1"
    );
    tx.exec(visitors, params![]).await?;
    Ok(())
}
