//! A batch before it is rendered: leased, judged by the arbiter, sorted into those who get mail and those who do not.

use std::collections::HashMap;

use attune_db::{Db, DbError, Relation, Row, Tx, params, sql};
use attune_identify::consent;

use super::arbiter::{self, Consent, Decision, Exceptions, Facts, Policy, Reason};
use super::store::{self, Mailing, Turn};
use crate::suppression::erased::{self, Fingerprints, Known};
use crate::template::Person;
use crate::template::store::{labels, read_person};

/// Somebody who gets mail.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) send_id: i64,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) person: Person,
}

/// Leases up to `limit` rows and decides on each. Seven statements for any number of rows. Answers how many were leased and who gets mail.
///
/// What is known of people is read outside the writing transactions: on the embedded store the wire's commits do not wait for it. What
/// other mailings lease meanwhile is seen, because leases are committed before anybody looks.
pub(super) async fn choose(
    db: &Db,
    fingerprints: &Fingerprints,
    mailing: &Mailing,
    policy: &Policy,
    lease_id: i64,
    now: i64,
    limit: i64,
) -> Result<(usize, Vec<Chosen>), DbError> {
    let mut tx = db.begin().await?;
    let leased = store::lease(&mut tx, mailing.id, lease_id, now, limit).await?;
    tx.commit().await?;
    if leased.is_empty() {
        return Ok((0, Vec::new()));
    }
    let mut tx = db.read().await?;
    let rows = facts(&mut tx, mailing, policy, &leased, now).await?;
    let contact_ids: Vec<i64> = rows.iter().filter_map(|row| row.get::<Option<i64>>("contact_id").ok().flatten()).collect();
    let consents = consents(&mut tx, &contact_ids).await?;
    let email_keys: Vec<String> = rows.iter().filter_map(|row| row.get::<Option<String>>("email_key").ok().flatten()).collect();
    let labels = labels(&mut tx).await?;
    let erased = erased::known(&mut tx, fingerprints, &email_keys).await?;
    drop(tx);
    let exceptions = Exceptions { any_hour: mailing.any_hour, answer: mailing.answer };
    let mut chosen = Vec::with_capacity(rows.len());
    let mut turns = Vec::new();
    for row in &rows {
        let facts = read_facts(row, &consents, &erased)?;
        let send_id: i64 = row.get("send_id")?;
        match arbiter::decide(policy, exceptions, &facts, now) {
            Decision::Send => chosen.push(Chosen {
                send_id,
                email: row.get::<Option<String>>("email")?.unwrap_or_default().trim().to_owned(),
                name: row.get::<Option<String>>("name")?.unwrap_or_default(),
                person: read_person(row, &labels)?,
            }),
            Decision::Defer { until, reason } => turns.push(deferred(send_id, until, reason)),
            Decision::Replace => turns.push(skipped(send_id, Reason::Replaced, now)),
            Decision::Drop(reason) => turns.push(skipped(send_id, reason, now)),
        }
    }
    write_turns(db, &turns).await?;
    chosen.sort_unstable_by_key(|chosen: &Chosen| chosen.send_id);
    Ok((leased.len(), chosen))
}

/// Writes the turns of leased rows that are not handed over.
pub(super) async fn write_turns(db: &Db, turns: &[Turn]) -> Result<(), DbError> {
    if turns.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    store::turn(&mut tx, false, turns).await?;
    tx.wake(super::SIGNAL);
    tx.commit().await
}

pub(super) fn skipped(id: i64, reason: Reason, now: i64) -> Turn {
    Turn { id, state: "skipped", reason: Some(reason.word().to_owned()), due_at: None, ended_at: Some(now), attempt: false }
}

fn deferred(id: i64, until: i64, reason: Reason) -> Turn {
    Turn { id, state: "planned", reason: Some(reason.word().to_owned()), due_at: Some(until), ended_at: None, attempt: false }
}

async fn facts(tx: &mut Tx, mailing: &Mailing, policy: &Policy, leased: &[i64], now: i64) -> Result<Vec<Row>, DbError> {
    let rows = Relation::of_ids("id", leased.iter().copied());
    let text = sql!(
        "SELECT s.id AS send_id, s.contact_id, c.id AS alive_id, c.name, c.given_name, c.family_name, c.email, c.email_key, c.phone, c.title, c.city, c.country,
                c.external_id, c.stage, c.fields, c.time_zone, c.import_id, co.name AS company,
                (SELECT count(*) FROM suppressions x WHERE x.email_key = c.email_key) AS suppressed,
                (SELECT count(*) FROM v_identify_contact d JOIN sends e ON e.contact_id = d.id
                 WHERE c.email_key IS NOT NULL AND d.email_key = c.email_key AND e.mailing_id = $1 AND e.id < s.id
                   AND e.state IN ('leased', 'handed', 'accepted', 'unknown')) AS doubles,
                (SELECT count(*) FROM sends x JOIN mailings m ON m.id = x.mailing_id
                 WHERE x.contact_id = s.contact_id AND m.series_id <> $2 AND m.answer = FALSE
                   AND (x.state = 'handed' OR (x.state = 'accepted' AND x.ended_at > $3) OR (x.state = 'leased' AND x.id < s.id))) AS recent,
                (SELECT min(x.ended_at) FROM sends x JOIN mailings m ON m.id = x.mailing_id
                 WHERE x.contact_id = s.contact_id AND m.series_id <> $2 AND m.answer = FALSE AND x.state = 'accepted' AND x.ended_at > $3) AS oldest_at,
                (SELECT count(*) FROM sends x JOIN mailings m ON m.id = x.mailing_id
                 WHERE x.contact_id = s.contact_id AND m.series_id <> $2 AND x.state || '' = 'planned' AND x.due_at + 0 <= $4
                   AND m.state = 'running' AND m.priority > $5) AS better_waiting
         FROM {rows} AS r JOIN sends s ON s.id = r.id
         LEFT JOIN v_identify_contact c ON c.id = s.contact_id
         LEFT JOIN v_identify_company co ON co.id = c.company_id"
    );
    tx.rows_from(text, &rows, params![mailing.id, mailing.series_id, now - policy.period_us, now, mailing.priority]).await
}

/// What the ledger says about marketing mail to each of these contacts.
async fn consents(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, Consent>, DbError> {
    let states = consent::states(tx, crate::CHANNEL, ids.iter().copied()).await?;
    let read = |state: consent::State| match state {
        consent::State::Given => Consent::Given,
        consent::State::Withdrawn => Consent::Withdrawn,
    };
    Ok(states.into_iter().map(|(id, state)| (id, read(state))).collect())
}

fn read_facts(row: &Row, consents: &HashMap<i64, Consent>, erased: &HashMap<String, Known>) -> Result<Facts, DbError> {
    let contact_id: Option<i64> = row.get("contact_id")?;
    let email: Option<String> = row.get("email")?;
    let known = row.get::<Option<String>>("email_key")?.and_then(|key| erased.get(&key).copied()).unwrap_or_default();
    let usable = |email: &str| crate::rules::is_address(email.trim());
    Ok(Facts {
        alive: row.get::<Option<i64>>("alive_id")?.is_some(),
        has_address: email.as_deref().is_some_and(usable),
        suppressed: row.get::<i64>("suppressed")? > 0 || known == Known::Suppressed,
        erased: known == Known::Erased,
        consent: contact_id.and_then(|id| consents.get(&id).copied()).unwrap_or_default(),
        imported: row.get::<Option<i64>>("import_id")?.is_some(),
        same_person: row.get::<i64>("doubles")? > 0,
        recent: row.get("recent")?,
        oldest_at: row.get("oldest_at")?,
        better_waiting: row.get("better_waiting")?,
        time_zone: row.get("time_zone")?,
    })
}
