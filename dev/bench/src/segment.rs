//! B7: how long the builder waits for its number.

use std::time::Instant;

use anyhow::Result;
use attune_db::{Db, Tx};
use attune_differentiate::segment;
use attune_kernel::Clock;

use crate::figures::{Series, number};
use crate::ground::Ground;
use crate::report::Finding;

/// Five conditions, one of them behaviour: a narrow rule and a wide one.
const RULES: [(&str, &str); 2] = [
    (
        "narrow",
        "city = \"Berlin\" and stage in (lead, mql) and score >= 5 and email is known and event page.viewed(contains \"pricing\") within 30d",
    ),
    ("wide", "email is known and country != \"US\" and fit >= 10 and stage not in (customer) and event page.viewed within 90d"),
];
/// A pass over every row: no index holds this column.
const SCAN: &str = "SELECT CAST(sum(fit) AS BIGINT) FROM contacts";

/// Measures both rules; the slower one counts.
pub async fn preview(ground: &Ground) -> Result<Vec<Finding>> {
    let db = ground.large().await?.open().await?;
    let mut limit = Series::default();
    let mut of_rules = [(Series::default(), 0), (Series::default(), 0)];
    let warm_up = 1;
    for round in 0..ground.scale.rounds + warm_up {
        let scanned = scan(&db).await?;
        if round >= warm_up {
            limit.push(scanned);
        }
        for ((_, rule), (series, found)) in RULES.iter().zip(&mut of_rules) {
            let (took, count) = count(&mut db.read().await?, rule).await?;
            *found = count;
            if round >= warm_up {
                series.push(took);
            }
        }
    }
    let [narrow, wide] = of_rules;
    let told = |name: &str, (series, found): &(Series, i64)| {
        format!("{name}: {} ms for {} people", number(series.median()), number(*found as f64))
    };
    let notes = format!("{}; {}", told("narrow rule", &narrow), told("wide rule", &wide));
    let slower = if narrow.0.median() > wide.0.median() { &narrow.0 } else { &wide.0 };
    let finding = Finding::times("B7", "segment preview, five conditions", (&limit, slower), (20.0, 1.0));
    Ok(vec![finding.note(notes).note("limit: one scan over all contacts with a sum")])
}

/// Milliseconds of the limit.
async fn scan(db: &Db) -> Result<f64> {
    let mut tx = db.read().await?;
    let begun = Instant::now();
    tx.count(SCAN, []).await?;
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

/// Milliseconds from the rule's text to its number, and the number.
async fn count(tx: &mut Tx, rule: &str) -> Result<(f64, i64)> {
    let begun = Instant::now();
    let found = segment::select_text(tx, rule, segment::Asking::Kept, &[], Clock::system().now()).await?;
    let count = segment::count(tx, &found).await?;
    Ok((begun.elapsed().as_secs_f64() * 1e3, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_rules_can_be_read() {
        for (name, rule) in RULES {
            assert!(segment::parse(rule).is_ok(), "{name}");
        }
    }
}
