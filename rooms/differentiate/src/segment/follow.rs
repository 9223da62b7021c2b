//! Judges the people of a company anew when something about it has changed, and whoever names a record when something has happened to it: a few at
//! once with the event, a crowd by a job, batch by batch.

use std::collections::HashMap;

use attune_db::{DbError, Relation, Tx, params, sql};
use attune_events::BoxFuture;
use attune_identify::field::Subject;
use attune_jobs::{Bench, JobContext, JobSpec, Run, Verdict, put};
use attune_kernel::Fault;
use serde::{Deserialize, Serialize};

use super::jobs::{KeepSegments, lock};
use super::keep::{Index, Work};

/// The job that judges the people of companies, and those who name a record.
pub const FOLLOW: &str = "differentiate.follow_companies";
/// People per transaction. A trial is small, and sees both ways all the same.
const BATCH: i64 = if cfg!(test) { 2 } else { 2_000 };

/// The companies whose people are judged, the records whose namers are, and for which segments.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    companies: Vec<i64>,
    #[serde(default)]
    named: Vec<i64>,
    segments: Vec<i64>,
}

/// Whether these are more than one transaction takes.
fn is_crowd<T>(rows: &[T]) -> bool {
    i64::try_from(rows.len()).unwrap_or(i64::MAX) > BATCH
}

/// Adds to `work` those who name the records in it, and the people of the companies in it; when they are too many for one transaction a job takes them all.
pub(super) async fn add_people(tx: &mut Tx, bench: &Bench, index: &Index, work: &mut Work<'_>) -> Result<(), DbError> {
    let named: Vec<i64> = work.named().collect();
    let naming = if named.is_empty() { Vec::new() } else { naming(tx, &named).await? };
    if is_crowd(&naming) {
        let plan = Plan { companies: work.companies().collect(), named, segments: index.segments_of_crowds(work) };
        return put(tx, bench, JobSpec::new(FOLLOW, serde_json::to_value(plan).unwrap_or_default())).await.map(drop);
    }
    for (record, who) in naming {
        work.add_naming(record, who);
    }
    let companies: Vec<i64> = work.companies().collect();
    let ids = Relation::of_ids("id", companies.iter().copied());
    let select = sql!("SELECT c.company_id, c.id FROM {rows} AS r JOIN v_identify_contact c ON c.company_id = r.id LIMIT $1");
    let people = tx.rows_from(select, &ids, params![BATCH + 1]).await?;
    if is_crowd(&people) {
        let plan = Plan { companies, named: Vec::new(), segments: index.segments_of_crowds(work) };
        return put(tx, bench, JobSpec::new(FOLLOW, serde_json::to_value(plan).unwrap_or_default())).await.map(drop);
    }
    for row in people {
        work.add_of_company(row.at(0)?, row.at(1)?);
    }
    Ok(())
}

/// These records, and what became part of one of them: (the id somebody may name, the record).
async fn with_aliases(tx: &mut Tx, named: &[i64]) -> Result<HashMap<i64, i64>, DbError> {
    let mut meant: HashMap<i64, i64> = named.iter().map(|id| (*id, *id)).collect();
    for select in [
        sql!("SELECT a.id, a.alive_id FROM {rows} AS r JOIN v_identify_alias a ON a.alive_id = r.id"),
        sql!("SELECT a.id, a.alive_id FROM {rows} AS r JOIN v_identify_company_alias a ON a.alive_id = r.id"),
    ] {
        for row in tx.rows_from(select, &Relation::of_ids("id", named.iter().copied()), params![]).await? {
            meant.insert(row.at(0)?, row.at(1)?);
        }
    }
    Ok(meant)
}

/// Who names these records: the record, and the contact or company that does; one more than a batch at most of each.
async fn naming(tx: &mut Tx, named: &[i64]) -> Result<Vec<(i64, (Subject, i64))>, DbError> {
    let (meant, mut found) = (with_aliases(tx, named).await?, Vec::new());
    let ids = Relation::of_ids("id", meant.keys().copied());
    for subject in Subject::ALL {
        let select = match subject {
            Subject::Contact => sql!(
                "SELECT n.target_id, n.record_id FROM {rows} AS r JOIN v_identify_naming n ON n.target_id = r.id JOIN v_identify_contact c ON c.id = n.record_id LIMIT $1"
            ),
            Subject::Company => sql!(
                "SELECT n.target_id, n.record_id FROM {rows} AS r JOIN v_identify_naming n ON n.target_id = r.id JOIN v_identify_company c ON c.id = n.record_id LIMIT $1"
            ),
        };
        for row in tx.rows_from(select, &ids, params![BATCH + 1]).await? {
            if let Some(record) = meant.get(&row.at(0)?) {
                found.push((*record, (subject, row.at(1)?)));
            }
        }
    }
    Ok(found)
}

/// Those who are judged together.
enum Group {
    /// The people of one large company, or of several with no more than a batch between them.
    People(Vec<i64>),
    /// Whoever names this record in this field.
    Naming(i64, i64),
}

async fn groups(tx: &mut Tx, companies: &[i64]) -> Result<(Vec<Group>, i64), DbError> {
    let select =
        sql!("SELECT c.company_id, count(*) FROM {rows} AS r JOIN v_identify_contact c ON c.company_id = r.id GROUP BY c.company_id");
    let sizes = tx.rows_from(select, &Relation::of_ids("id", companies.iter().copied()), params![]).await?;
    let (mut groups, mut room, mut total): (Vec<Vec<i64>>, i64, i64) = (Vec::new(), 0, 0);
    for row in sizes {
        let (company, size): (i64, i64) = (row.at(0)?, row.at(1)?);
        total += size;
        match groups.last_mut().filter(|_| size <= room) {
            Some(group) => group.push(company),
            None => {
                groups.push(vec![company]);
                room = BATCH;
            }
        }
        room -= size;
    }
    Ok((groups.into_iter().map(Group::People).collect(), total))
}

/// Everybody a plan is about, in groups, and how many they are.
async fn groups_of(tx: &mut Tx, mut plan: Plan) -> Result<(Vec<Group>, i64), DbError> {
    let meant = with_aliases(tx, &plan.named).await?;
    let ids = Relation::of_ids("id", meant.keys().copied());
    let naming = sql!(
        "SELECT DISTINCT c.id FROM {rows} AS r JOIN v_identify_naming n ON n.target_id = r.id JOIN v_identify_company c ON c.id = n.record_id"
    );
    for row in tx.rows_from(naming, &ids, params![]).await? {
        plan.companies.push(row.at(0)?);
    }
    plan.companies.sort_unstable();
    plan.companies.dedup();
    let (mut all, mut total) = groups(tx, &plan.companies).await?;
    let fields = sql!(
        "SELECT n.target_id, n.field_id, count(*) FROM {rows} AS r JOIN v_identify_naming n ON n.target_id = r.id GROUP BY n.target_id, n.field_id"
    );
    for row in tx.rows_from(fields, &ids, params![]).await? {
        all.push(Group::Naming(row.at(0)?, row.at(1)?));
        total += row.at::<i64>(2)?;
    }
    Ok((all, total))
}

/// The next people of a group behind `after`.
async fn page(tx: &mut Tx, group: &Group, after: i64) -> Result<Vec<i64>, DbError> {
    let rows = match group {
        Group::Naming(target, field) => {
            let select = sql!(
                "SELECT c.id FROM v_identify_naming n JOIN v_identify_contact c ON c.id = n.record_id
                 WHERE n.target_id = $1 AND n.field_id = $2 AND n.record_id > $3 ORDER BY n.record_id LIMIT $4"
            );
            tx.rows(select, params![*target, *field, after, BATCH]).await?
        }
        Group::People(of) => {
            if let [one] = of.as_slice() {
                let select = sql!("SELECT c.id FROM v_identify_contact c WHERE c.company_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3");
                tx.rows(select, params![*one, after, BATCH]).await?
            } else {
                let select = sql!(
                    "SELECT c.id FROM {rows} AS r JOIN v_identify_contact c ON c.company_id = r.id WHERE c.id > $1 ORDER BY c.id LIMIT $2"
                );
                tx.rows_from(select, &Relation::of_ids("id", of.iter().copied()), params![after, BATCH]).await?
            }
        }
    };
    rows.iter().map(|row| row.at(0)).collect()
}

/// Runs the job. Begun anew it finds the same again: who is judged twice stays where they are.
pub struct FollowCompanies(pub KeepSegments);

impl Run for FollowCompanies {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let plan: Plan = serde_json::from_str(payload)?;
            let db = &context.bench.db;
            let segments = plan.segments.clone();
            let (groups, total) = groups_of(&mut db.read().await?, plan).await?;
            let (mut done, mut moved) = (0, 0);
            for group in &groups {
                let mut after = i64::MIN;
                loop {
                    let mut tx = db.begin_turn(db.turn().await).await?;
                    lock(&mut tx).await?;
                    let people = page(&mut tx, group, after).await?;
                    let Some(last) = people.last().copied() else { break };
                    let index = self.0.index(&mut tx).await?;
                    moved += index.settle(&mut tx, &index.work_of_all(&people, Some(&segments)), context.bench.clock.now()).await?;
                    tx.commit().await?;
                    after = last;
                    done += i64::try_from(people.len()).unwrap_or(0);
                    if context.progress(done, Some(total.max(done))).await? {
                        return Ok(Verdict::Cancelled(Some(serde_json::json!({ "contacts": done, "moved": moved }))));
                    }
                    if context.stop.is_cancelled() {
                        return Ok(Verdict::Retry(0, "the process stops".to_owned()));
                    }
                }
            }
            Ok(Verdict::Done(Some(serde_json::json!({ "contacts": done, "moved": moved }))))
        })
    }
}
