//! The table of the funnel, for a terminal.

use attune_web::Lang;

use super::drive::Report;

/// Draws the report.
pub fn draw(report: &Report, l: &Lang) -> String {
    let mut rows = vec![["round", "sent", "delivered", "responded", "rate"].map(|key| l.t(&format!("demo-table-{key}")).to_string())];
    for (round, number) in report.rounds.iter().zip(1..) {
        let rate = if round.sent > 0 { round.responded as f64 / round.sent as f64 } else { 0.0 };
        let count = |n: i64| l.count(n).to_string();
        rows.push([count(number), count(round.sent), count(round.delivered), count(round.responded), l.percent(rate).to_string()]);
    }
    let mut text = String::from("\n");
    for row in &rows {
        for cell in row {
            text.push_str(&padded(cell, 14));
        }
        text.push('\n');
    }
    for (key, count) in [("handed", report.handed_over), ("waiting", report.waiting), ("unknown", report.unknown)] {
        text.push_str(&format!("{}{}\n", padded(&l.t(&format!("demo-table-{key}")).to_string(), 28), l.count(count)));
    }
    text
}

/// Pads to `width` columns; a Han character takes two.
fn padded(text: &str, width: usize) -> String {
    let taken: usize = text.chars().map(|c| if ('\u{2e80}'..='\u{ffef}').contains(&c) { 2 } else { 1 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(taken).max(1)))
}
