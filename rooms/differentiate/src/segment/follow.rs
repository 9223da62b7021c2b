//! Judges the people of a company anew when something about it has changed: a few at once with the event, a crowd by a job, batch by batch.

use attune_db::{DbError, Relation, Tx, params, sql};
use attune_events::BoxFuture;
use attune_jobs::{Bench, JobContext, JobSpec, Run, Verdict, put};
use attune_kernel::Fault;
use serde::{Deserialize, Serialize};

use super::jobs::{KeepSegments, lock};
use super::keep::{Index, Work};

/// The job that judges the people of companies.
pub const FOLLOW: &str = "differentiate.follow_companies";
/// People per transaction. A trial is small, and sees both ways all the same.
const BATCH: i64 = if cfg!(test) { 2 } else { 2_000 };

/// The companies whose people are judged, and for which segments.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    companies: Vec<i64>,
    segments: Vec<i64>,
}

/// Adds to `work` the people of the companies in it; when they are too many for one transaction a job takes them all.
pub(super) async fn add_people(tx: &mut Tx, bench: &Bench, index: &Index, work: &mut Work<'_>) -> Result<(), DbError> {
    let companies: Vec<i64> = work.companies().collect();
    let ids = Relation::of_ids("id", companies.iter().copied());
    let select = sql!("SELECT c.company_id, c.id FROM {rows} AS r JOIN v_identify_contact c ON c.company_id = r.id LIMIT $1");
    let people = tx.rows_from(select, &ids, params![BATCH + 1]).await?;
    if i64::try_from(people.len()).unwrap_or(i64::MAX) > BATCH {
        let plan = serde_json::to_value(Plan { companies, segments: index.segments_of_companies(work) }).unwrap_or_default();
        put(tx, bench, JobSpec::new(FOLLOW, plan)).await?;
        return Ok(());
    }
    for row in people {
        work.add_of_company(row.at(0)?, row.at(1)?);
    }
    Ok(())
}

/// Companies whose people are judged together: one large one, or several with no more than a batch between them.
type Group = Vec<i64>;

async fn groups(tx: &mut Tx, companies: &[i64]) -> Result<(Vec<Group>, i64), DbError> {
    let select =
        sql!("SELECT c.company_id, count(*) FROM {rows} AS r JOIN v_identify_contact c ON c.company_id = r.id GROUP BY c.company_id");
    let sizes = tx.rows_from(select, &Relation::of_ids("id", companies.iter().copied()), params![]).await?;
    let (mut groups, mut room, mut total): (Vec<Group>, i64, i64) = (Vec::new(), 0, 0);
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
    Ok((groups, total))
}

/// The next people of a group behind `after`.
async fn page(tx: &mut Tx, group: &Group, after: i64) -> Result<Vec<i64>, DbError> {
    let rows = if let [one] = group.as_slice() {
        let select = sql!("SELECT c.id FROM v_identify_contact c WHERE c.company_id = $1 AND c.id > $2 ORDER BY c.id LIMIT $3");
        tx.rows(select, params![*one, after, BATCH]).await?
    } else {
        let select =
            sql!("SELECT c.id FROM {rows} AS r JOIN v_identify_contact c ON c.company_id = r.id WHERE c.id > $1 ORDER BY c.id LIMIT $2");
        tx.rows_from(select, &Relation::of_ids("id", group.iter().copied()), params![after, BATCH]).await?
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
            let (groups, total) = groups(&mut db.read().await?, &plan.companies).await?;
            let (mut done, mut moved) = (0, 0);
            for group in &groups {
                let mut after = i64::MIN;
                loop {
                    let mut tx = db.begin_turn(db.turn().await).await?;
                    lock(&mut tx).await?;
                    let people = page(&mut tx, group, after).await?;
                    let Some(last) = people.last().copied() else { break };
                    let index = self.0.index(&mut tx).await?;
                    moved += index.settle(&mut tx, &index.work_of_all(&people, Some(&plan.segments)), context.bench.clock.now()).await?;
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
