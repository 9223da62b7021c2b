//! The figures of a period, read from the rollup and from indexes.

use std::collections::{BTreeMap, HashMap};

use attune_db::{DbError, Row as DbRow, Sql, Tx, Value, params, sql};

use super::{Period, Stage};

/// How many sources are told apart; the rest is summed up.
const SOURCES: usize = 8;

/// A stage with its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The stage.
    pub stage: Stage,
    /// How many of the cohort reached it.
    pub people: i64,
    /// How many did in the period before; nothing when there is none.
    pub people_before: Option<i64>,
    /// The share of the stage before that came this far.
    pub rate: Option<f64>,
    /// The same in the period before.
    pub rate_before: Option<f64>,
    /// The median time since the stage before, µs.
    pub median_us: Option<i64>,
    /// How many of the stage before stopped there.
    pub left: i64,
    /// Why, as far as somebody said: (reason, people), most first.
    pub losses: Vec<(String, i64)>,
}

/// A source with its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// The source; empty when unknown, `None` for all the smaller ones together.
    pub source: Option<String>,
    /// People by stage, in the order of [`Stage::ALL`].
    pub people: [i64; 5],
}

impl SourceRow {
    /// The share of those known who became customers.
    pub fn rate(&self) -> f64 {
        share(self.at(Stage::Customer), self.at(Stage::Known)).unwrap_or(0.0)
    }

    /// The people of a stage.
    pub fn at(&self, stage: Stage) -> i64 {
        let index = Stage::ALL.iter().position(|known| *known == stage).unwrap_or(0);
        self.people.get(index).copied().unwrap_or(0)
    }
}

/// The figures of a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// The stages in order.
    pub rows: Vec<Row>,
    /// Browsers first seen in the period.
    pub visitors: i64,
    /// Those of them that became somebody known.
    pub identified: i64,
    /// People of the cohort who bought without a rep.
    pub direct: i64,
    /// The sources, largest first.
    pub sources: Vec<SourceRow>,
    /// People who became known and engaged, by day: (day, known, engaged).
    pub days: Vec<(i64, i64, i64)>,
    /// The median time from becoming known to buying, µs.
    pub median_won_us: Option<i64>,
}

impl Figures {
    /// The row of a stage.
    pub fn row(&self, stage: Stage) -> Option<&Row> {
        self.rows.iter().find(|row| row.stage == stage)
    }

    /// The stage before which most people are lost, by share; nothing while fewer than ten people are in the one before.
    pub fn leak(&self) -> Option<&Row> {
        let worth = |row: &&Row| row.rate.is_some() && row.people + row.left >= 10;
        self.rows.iter().filter(worth).min_by(|a, b| a.rate.unwrap_or(1.0).total_cmp(&b.rate.unwrap_or(1.0)))
    }
}

/// `part` of `whole`; nothing of nothing.
pub(crate) fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The figures of everybody who became known in `period`, followed until today; of one source when given.
pub async fn figures(tx: &mut Tx, period: Period, source: Option<&str>) -> Result<Figures, DbError> {
    let people = totals(tx, period, source).await?;
    let before = match period.previous() {
        Some(previous) => Some(totals(tx, previous, source).await?),
        None => None,
    };
    let mut rows = Vec::with_capacity(Stage::ALL.len());
    for stage in Stage::ALL {
        rows.push(row(tx, period, source, stage, &people, before.as_ref()).await?);
    }
    let at = |stage: &str| people.get(stage).copied().unwrap_or(0);
    Ok(Figures {
        rows,
        visitors: at("visitor"),
        identified: at("identified"),
        direct: at("direct"),
        sources: sources(tx, period).await?,
        days: days(tx, period, source).await?,
        median_won_us: median_won(tx, period, source, at(Stage::Customer.word())).await?,
    })
}

async fn row(
    tx: &mut Tx,
    period: Period,
    source: Option<&str>,
    stage: Stage,
    people: &HashMap<String, i64>,
    before: Option<&HashMap<String, i64>>,
) -> Result<Row, DbError> {
    let of = |counts: &HashMap<String, i64>, stage: Stage| counts.get(stage.word()).copied().unwrap_or(0);
    let rate = |counts: &HashMap<String, i64>| share(of(counts, stage), stage.before().map_or(0, |earlier| of(counts, earlier)));
    let count = of(people, stage);
    let left = stage.before().map_or(0, |earlier| of(people, earlier) - count);
    let losses = match stage.before() {
        Some(earlier) if left > 0 => losses(tx, period, source, earlier, stage).await?,
        _ => Vec::new(),
    };
    Ok(Row {
        stage,
        people: count,
        people_before: before.map(|counts| of(counts, stage)),
        rate: rate(people),
        rate_before: before.and_then(rate),
        median_us: if stage == Stage::Known { None } else { median(tx, period, source, stage, count).await? },
        left,
        losses,
    })
}

/// People by stage, from the rollup.
async fn totals(tx: &mut Tx, period: Period, source: Option<&str>) -> Result<HashMap<String, i64>, DbError> {
    let mut sql = Sql::new("SELECT stage, CAST(sum(people) AS BIGINT) AS people FROM funnel_days WHERE day >= ");
    sql.bind(period.from_day).push(" AND day < ").bind(period.to_day);
    if let Some(source) = source {
        sql.push(" AND source = ").bind(source);
    }
    sql.push(" GROUP BY stage");
    tx.rows_of(&sql).await?.iter().map(|row| Ok((row.get("stage")?, row.get("people")?))).collect()
}

fn push_cohort(sql: &mut Sql, alias: &str, period: Period, source: Option<&str>) {
    sql.push(&format!(" AND {alias}.known_at >= ")).bind(period.from_at()).push(&format!(" AND {alias}.known_at < ")).bind(period.to_at());
    if let Some(source) = source {
        sql.push(&format!(" AND {alias}.source = ")).bind(source);
    }
}

/// The middle of the times it took; the lower one of an even number.
async fn median(tx: &mut Tx, period: Period, source: Option<&str>, stage: Stage, count: i64) -> Result<Option<i64>, DbError> {
    if count == 0 {
        return Ok(None);
    }
    let mut sql = Sql::new("SELECT s.took_us AS us FROM funnel_steps s WHERE s.stage = ");
    sql.bind(stage.word());
    push_cohort(&mut sql, "s", period, source);
    sql.push(" ORDER BY s.took_us LIMIT 1 OFFSET ").bind((count - 1) / 2);
    one_number(tx, &sql).await
}

async fn median_won(tx: &mut Tx, period: Period, source: Option<&str>, count: i64) -> Result<Option<i64>, DbError> {
    if count == 0 {
        return Ok(None);
    }
    let mut sql = Sql::new("SELECT s.reached_at - s.known_at AS us FROM funnel_steps s WHERE s.stage = 'customer'");
    push_cohort(&mut sql, "s", period, source);
    sql.push(" ORDER BY 1 LIMIT 1 OFFSET ").bind((count - 1) / 2);
    one_number(tx, &sql).await
}

async fn one_number(tx: &mut Tx, sql: &Sql) -> Result<Option<i64>, DbError> {
    tx.rows_of(sql).await?.first().map(|row| row.get("us")).transpose()
}

/// What was said against going further by those who reached `stage` but not `next`.
async fn losses(tx: &mut Tx, period: Period, source: Option<&str>, stage: Stage, next: Stage) -> Result<Vec<(String, i64)>, DbError> {
    let mut sql =
        Sql::new("SELECT l.reason, count(*) AS people FROM funnel_losses l JOIN funnel_steps s ON s.contact_id = l.contact_id WHERE TRUE");
    sql.push(" AND s.stage = ").bind(stage.word());
    push_cohort(&mut sql, "s", period, source);
    sql.push(" AND NOT EXISTS (SELECT 1 FROM funnel_steps n WHERE n.contact_id = s.contact_id AND n.stage = ").bind(next.word());
    sql.push(") GROUP BY l.reason ORDER BY people DESC, l.reason LIMIT 4");
    tx.rows_of(&sql).await?.iter().map(|row| Ok((row.get("reason")?, row.get("people")?))).collect()
}

async fn sources(tx: &mut Tx, period: Period) -> Result<Vec<SourceRow>, DbError> {
    let sql = sql!(
        "SELECT source, stage, CAST(sum(people) AS BIGINT) AS people FROM funnel_days
         WHERE day >= $1 AND day < $2 AND stage IN ('known', 'engaged', 'handed_over', 'accepted', 'customer') GROUP BY source, stage"
    );
    let mut by_source: BTreeMap<String, [i64; 5]> = BTreeMap::new();
    for row in tx.rows(sql, params![period.from_day, period.to_day]).await? {
        let stage = row.get::<String>("stage")?;
        let index = Stage::ALL.iter().position(|known| known.word() == stage);
        let counts = by_source.entry(row.get("source")?).or_default();
        if let Some(slot) = index.and_then(|index| counts.get_mut(index)) {
            *slot = row.get("people")?;
        }
    }
    Ok(largest(by_source))
}

/// The largest sources, the rest summed up behind them.
fn largest(by_source: BTreeMap<String, [i64; 5]>) -> Vec<SourceRow> {
    let mut rows: Vec<SourceRow> = by_source.into_iter().map(|(source, people)| SourceRow { source: Some(source), people }).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.at(Stage::Known)));
    if rows.len() > SOURCES {
        let rest = rows.split_off(SOURCES - 1);
        let mut people = [0; 5];
        for row in &rest {
            for (sum, count) in people.iter_mut().zip(row.people) {
                *sum += count;
            }
        }
        rows.push(SourceRow { source: None, people });
    }
    rows
}

async fn days(tx: &mut Tx, period: Period, source: Option<&str>) -> Result<Vec<(i64, i64, i64)>, DbError> {
    let mut sql = Sql::new(
        "SELECT day, CAST(COALESCE(sum(people) FILTER (WHERE stage = 'known'), 0) AS BIGINT) AS known,
           CAST(COALESCE(sum(people) FILTER (WHERE stage = 'engaged'), 0) AS BIGINT) AS engaged
         FROM funnel_days WHERE stage IN ('known', 'engaged') AND day >= ",
    );
    sql.bind(period.from_day).push(" AND day < ").bind(period.to_day);
    if let Some(source) = source {
        sql.push(" AND source = ").bind(Value::from(source));
    }
    sql.push(" GROUP BY day ORDER BY day");
    let day = |row: &DbRow| Ok((row.get("day")?, row.get("known")?, row.get("engaged")?));
    tx.rows_of(&sql).await?.iter().map(day).collect()
}
