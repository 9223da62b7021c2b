//! Computing scores anew after rules or settings changed, in batches.

use std::collections::BTreeSet;

use attune_db::{DbError, Sql, Tx, Value, params, sql};
use attune_events::Spine;
use attune_house::setting_int;
use attune_jobs::{Bench, BoxFuture, JobContext, JobSpec, Run, Verdict, put};
use attune_kernel::{Fault, HOUR_US};
use serde::{Deserialize, Serialize};

use super::react::{Keeper, lock};
use super::rules::Basis;
use super::store;
use crate::segment::bind::FacetField;
use crate::segment::jobs::refresh;

/// The job that computes scores anew.
pub const RECOMPUTE: &str = "differentiate.recompute_scores";
/// The job that puts changed settings in force.
pub const APPLY: &str = "differentiate.apply_settings";
/// Contacts per transaction.
const BATCH: i64 = 1_000;

/// Whose scores; all when nothing is said.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Whose {
    /// Contacts an import made.
    pub import_id: Option<i64>,
    /// And those changed since then, µs.
    pub since_at: Option<i64>,
    /// People of these companies.
    #[serde(default)]
    pub companies: Vec<i64>,
}

impl Whose {
    fn is_everybody(&self) -> bool {
        self.import_id.is_none() && self.companies.is_empty()
    }

    /// The next `limit` ids behind `after`.
    pub(crate) async fn page(&self, tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<i64>, DbError> {
        let mut sql = Sql::new("SELECT c.id FROM v_identify_contact c WHERE c.id > ");
        sql.bind(after);
        self.push(&mut sql);
        sql.push(" ORDER BY c.id LIMIT ").bind(limit);
        tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
    }

    /// How many there are.
    pub(crate) async fn count(&self, tx: &mut Tx) -> Result<i64, DbError> {
        let mut sql = Sql::new("SELECT count(*) FROM v_identify_contact c WHERE TRUE");
        self.push(&mut sql);
        tx.count(sql.text(), sql.values()).await
    }

    fn push(&self, sql: &mut Sql) {
        if let (Some(import), Some(since)) = (self.import_id, self.since_at) {
            sql.push(" AND (c.import_id = ").bind(import).push(" OR c.updated_at >= ").bind(since).push(")");
        }
        if !self.companies.is_empty() {
            sql.push(" AND c.company_id IN ").bind_list(self.companies.iter().map(|id| Value::Int(*id)));
        }
    }
}

/// Puts the job that computes every score anew; answers its id.
pub async fn recompute_all(tx: &mut Tx, bench: &Bench, staff_id: Option<i64>) -> Result<i64, DbError> {
    let mut spec = JobSpec::new(RECOMPUTE, serde_json::json!({}));
    spec.staff_id = staff_id.filter(|id| *id != 0);
    put(tx, bench, spec).await
}

/// Puts the job for the contacts an import has made or changed.
pub(super) async fn after_import(tx: &mut Tx, spine: &Spine, import_id: i64, at: i64) -> Result<(), DbError> {
    let bench = Bench { db: spine.db.clone(), clock: spine.clock.clone(), ids: spine.ids.clone() };
    let whose = Whose { import_id: Some(import_id), since_at: Some(at - HOUR_US), companies: Vec::new() };
    put(tx, &bench, JobSpec::new(RECOMPUTE, serde_json::to_value(whose).unwrap_or_default()).unique(format!("score-import-{import_id}")))
        .await?;
    Ok(())
}

/// Puts the job for the people of companies that were merged, split, hidden or brought back: nothing tells of each.
pub(super) async fn after_companies(tx: &mut Tx, spine: &Spine, companies: Vec<i64>) -> Result<(), DbError> {
    let bench = Bench { db: spine.db.clone(), clock: spine.clock.clone(), ids: spine.ids.clone() };
    let whose = Whose { companies, ..Whose::default() };
    put(tx, &bench, JobSpec::new(RECOMPUTE, serde_json::to_value(whose).unwrap_or_default())).await.map(drop)
}

/// Computes scores anew.
pub struct Recompute {
    /// What fit rules may speak of beside fields.
    pub facets: Vec<FacetField>,
}

impl Run for Recompute {
    fn run<'a>(&'a self, context: &'a JobContext, payload: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let whose: Whose = serde_json::from_str(payload)?;
            let db = &context.bench.db;
            let total = whose.count(&mut db.read().await?).await?;
            let (mut after, mut done) = (i64::MIN, 0);
            loop {
                let mut tx = db.begin_turn(db.turn().await).await?;
                let through = lock(&mut tx).await?;
                let ids = whose.page(&mut tx, after, BATCH).await?;
                let Some(last) = ids.last().copied() else {
                    if whose.is_everybody() {
                        // Under another half-life what was kept does not tell who has crossed a limit.
                        refresh(&mut tx, &context.bench, None, whose).await?;
                        tx.commit().await?;
                    }
                    break;
                };
                let keeper = Keeper::load(&mut tx, &self.facets, context.bench.clock.now()).await?;
                let set: BTreeSet<i64> = ids.iter().copied().collect();
                let lines = keeper.rebuild(&mut tx, &set, through).await?;
                let fits = keeper.fits(&mut tx, ids.iter().copied()).await?;
                keeper.tell(&mut tx, &ids.iter().map(|id| (*id, None)).collect(), &fits, lines).await?;
                tx.commit().await?;
                after = last;
                done += i64::try_from(ids.len()).unwrap_or(0);
                let asked = context.progress(done, Some(total.max(done))).await?;
                if asked {
                    return Ok(Verdict::Cancelled(Some(serde_json::json!({ "contacts": done }))));
                }
                if context.stop.is_cancelled() {
                    return Ok(Verdict::Retry(0, "the process stops".to_owned()));
                }
            }
            Ok(Verdict::Done(Some(serde_json::json!({ "contacts": done }))))
        })
    }
}

/// Reads the settings as they stand.
pub async fn wished(tx: &mut Tx) -> Result<Basis, DbError> {
    Ok(Basis {
        half_life_days: setting_int(tx, "differentiate.half_life_days", 30).await?,
        hot: setting_int(tx, "differentiate.hot", 40).await?,
        warm: setting_int(tx, "differentiate.warm", 15).await?,
        fit_good: setting_int(tx, "differentiate.fit_good", 60).await?,
        fit_fair: setting_int(tx, "differentiate.fit_fair", 30).await?,
    })
}

/// Puts changed settings in force and computes scores anew; answers whether anything had changed.
pub async fn apply(tx: &mut Tx, bench: &Bench, staff_id: Option<i64>) -> Result<bool, DbError> {
    let wished = wished(tx).await?;
    if store::basis(tx).await? == wished {
        return Ok(false);
    }
    lock(tx).await?;
    store::save_basis(tx, &wished).await?;
    recompute_all(tx, bench, staff_id).await?;
    Ok(true)
}

/// Looks whether settings were changed elsewhere.
pub struct ApplySettings;

impl Run for ApplySettings {
    fn run<'a>(&'a self, context: &'a JobContext, _: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            let mut look = context.bench.db.read().await?;
            if store::basis(&mut look).await? == wished(&mut look).await? {
                return Ok(Verdict::Done(None));
            }
            drop(look);
            let mut tx = context.bench.db.begin().await?;
            apply(&mut tx, &context.bench, None).await?;
            tx.commit().await?;
            Ok(Verdict::Done(None))
        })
    }
}

/// The newest recomputation that is not over, for the page: its id, what is done and what there is to do.
pub async fn running(tx: &mut Tx) -> Result<Option<(i64, i64, i64)>, DbError> {
    let sql =
        sql!("SELECT id, done_count, total_count FROM jobs WHERE kind = $1 AND state IN ('ready', 'running') ORDER BY id DESC LIMIT 1");
    let row = tx.find(sql, params![RECOMPUTE]).await?;
    row.map(|row| Ok((row.get("id")?, row.get("done_count")?, row.get::<Option<i64>>("total_count")?.unwrap_or(0)))).transpose()
}
