//! A batch before it is rendered: leased, judged by the arbiter, sorted into those who get mail and those who do not.

use std::collections::HashMap;

use attune_db::{Column, Db, DbError, Relation, Row, Tx, params, sql};
use attune_identify::preference::{self, Wish};
use attune_identify::{consent, topic};

use super::arbiter::{self, Consent, Decision, Exceptions, Facts, Policy, QuietHours, Reason};
use super::store::{self, Mailing, Turn};
use crate::suppression::erased::{self, Fingerprints, Known};
use crate::template::Person;
use crate::template::store::{labels, names, read_person};

/// Somebody who gets mail.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) send_id: i64,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) person: Person,
}

/// Leases up to `limit` rows and decides on each. At most ten statements for any number of rows. Answers how many were leased and who gets mail.
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
    let words = Words::of(&mut tx, mailing, &rows, now).await?;
    let email_keys: Vec<String> = rows.iter().filter_map(|row| row.get::<Option<String>>("email_key").ok().flatten()).collect();
    let labels = labels(&mut tx).await?;
    let alive = rows.iter().filter_map(|row| row.get::<Option<i64>>("alive_id").ok().flatten());
    let mut names = names(&mut tx, &labels, alive.collect::<Vec<_>>()).await?;
    let erased = erased::known(&mut tx, fingerprints, &email_keys).await?;
    drop(tx);
    let exceptions = Exceptions { any_hour: mailing.any_hour, answer: mailing.answer };
    let mut chosen = Vec::with_capacity(rows.len());
    let mut turns = Vec::new();
    for row in &rows {
        let facts = read_facts(row, &words, &erased)?;
        let send_id: i64 = row.get("send_id")?;
        match arbiter::decide(policy, exceptions, &facts, now) {
            Decision::Send => {
                let mut person = read_person(row, &labels)?;
                person.set_names(row.get::<Option<i64>>("alive_id")?.and_then(|id| names.remove(&id)).unwrap_or_default());
                chosen.push(Chosen {
                    send_id,
                    email: row.get::<Option<String>>("email")?.unwrap_or_default().trim().to_owned(),
                    name: row.get::<Option<String>>("name")?.unwrap_or_default(),
                    person,
                });
            }
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

/// What the recipients of a batch have said, by contact.
struct Words {
    consents: HashMap<i64, Consent>,
    /// Who said yes or no to the mailing's topic.
    topic: HashMap<i64, consent::State>,
    wishes: HashMap<i64, Wish>,
    /// When the last mail of another mailing went out, of those who want a gap.
    last: HashMap<i64, i64>,
}

impl Words {
    async fn of(tx: &mut Tx, mailing: &Mailing, rows: &[Row], now: i64) -> Result<Self, DbError> {
        let ids: Vec<i64> = rows.iter().filter_map(|row| row.get::<Option<i64>>("contact_id").ok().flatten()).collect();
        let consents = consents(tx, &ids).await?;
        let topic = match mailing.topic_id {
            Some(id) => consent::states_for(tx, crate::CHANNEL, &topic::purpose_of(id), ids.iter().copied()).await?,
            None => HashMap::new(),
        };
        let wishes = preference::wishes(tx, ids).await?;
        let last = last_mails(tx, mailing.id, rows, &wishes, now).await?;
        Ok(Self { consents, topic, wishes, last })
    }
}

/// When the last mail of another mailing went to those who want a gap between two. What is on its way counts as sent now; of two mailings
/// that are judged at the same time the send with the smaller number goes first.
async fn last_mails(
    tx: &mut Tx,
    mailing_id: i64,
    rows: &[Row],
    wishes: &HashMap<i64, Wish>,
    now: i64,
) -> Result<HashMap<i64, i64>, DbError> {
    let mut asked = Relation::new(&[("id", Column::Int), ("send_id", Column::Int), ("since", Column::Int)]);
    for row in rows {
        let Some(contact_id) = row.get::<Option<i64>>("contact_id")? else { continue };
        let gap_us = wishes.get(&contact_id).map_or(0, |wish| wish.frequency.gap_us());
        if gap_us > 0 {
            asked.push(params![contact_id, row.get::<i64>("send_id")?, now - gap_us]);
        }
    }
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let text = sql!(
        "SELECT r.id, max(CASE WHEN x.state = 'accepted' THEN x.ended_at ELSE CAST($2 AS BIGINT) END) AS last_at
         FROM {rows} AS r JOIN sends x ON x.contact_id = r.id
         WHERE x.mailing_id <> $1 AND (x.state = 'handed' OR (x.state = 'accepted' AND x.ended_at > r.since) OR (x.state = 'leased' AND x.id < r.send_id))
         GROUP BY r.id"
    );
    tx.rows_from(text, &asked, params![mailing_id, now]).await?.iter().map(|row| Ok((row.get("id")?, row.get("last_at")?))).collect()
}

/// What the ledger says about marketing mail to each of these contacts.
async fn consents(tx: &mut Tx, ids: &[i64]) -> Result<HashMap<i64, Consent>, DbError> {
    let states = consent::states(tx, crate::CHANNEL, ids.iter().copied()).await?;
    let read = |state: consent::State| match state {
        consent::State::Given => Consent::Given,
        consent::State::Withdrawn => Consent::Withdrawn,
        consent::State::Pending => Consent::Pending,
    };
    Ok(states.into_iter().map(|(id, state)| (id, read(state))).collect())
}

fn read_facts(row: &Row, words: &Words, erased: &HashMap<String, Known>) -> Result<Facts, DbError> {
    let contact_id: Option<i64> = row.get("contact_id")?;
    let email: Option<String> = row.get("email")?;
    let known = row.get::<Option<String>>("email_key")?.and_then(|key| erased.get(&key).copied()).unwrap_or_default();
    let usable = |email: &str| crate::rules::is_address(email.trim());
    let wish = contact_id.and_then(|id| words.wishes.get(&id));
    Ok(Facts {
        alive: row.get::<Option<i64>>("alive_id")?.is_some(),
        has_address: email.as_deref().is_some_and(usable),
        suppressed: row.get::<i64>("suppressed")? > 0 || known == Known::Suppressed,
        erased: known == Known::Erased,
        consent: contact_id.and_then(|id| words.consents.get(&id).copied()).unwrap_or_default(),
        imported: row.get::<Option<i64>>("import_id")?.is_some(),
        same_person: row.get::<i64>("doubles")? > 0,
        recent: row.get("recent")?,
        oldest_at: row.get("oldest_at")?,
        better_waiting: row.get("better_waiting")?,
        // Who chose hours of their own chose them by a clock of their own.
        time_zone: wish.filter(|wish| wish.quiet.is_some()).and_then(|wish| wish.time_zone.clone()).or(row.get("time_zone")?),
        topic_refused: contact_id.and_then(|id| words.topic.get(&id)).is_some_and(|state| *state == consent::State::Withdrawn),
        paused_until: wish.and_then(|wish| wish.paused_until),
        gap_us: wish.map_or(0, |wish| wish.frequency.gap_us()),
        last_at: contact_id.and_then(|id| words.last.get(&id).copied()),
        own_quiet: wish.and_then(|wish| wish.quiet).and_then(|(from, to)| QuietHours::between(from, to)),
    })
}
