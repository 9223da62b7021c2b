//! The funnel as a drawing: paths computed here, because the policy allows no style attributes. Heights are on a log scale.

use std::fmt::Write;

use super::figures::{FunnelFigures, log_height};

/// The width of a round's drawing.
const WIDTH: f64 = 250.0;
/// The middle of it.
const MIDDLE: f64 = 75.0;
/// The tallest band.
const FULL: f64 = 120.0;
/// Reps drawn as lines at most.
const LINES: usize = 20;

/// One round as drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Band {
    /// The outline of the plan.
    pub(super) plan: String,
    /// The dashed edge.
    pub(super) edge: String,
    /// How far the solid part reaches, 0 to 250.
    pub(super) done: String,
    /// The outline on the phone.
    pub(super) upright: String,
    /// Where the phone's text stands.
    pub(super) text_y: String,
}

/// The rounds as drawn, from the number planned to the number that went on.
pub(super) fn bands(view: &FunnelFigures) -> Vec<Band> {
    let counts: Vec<i64> = view.rounds.iter().map(|round| round.figures.planned).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let mut bands = Vec::with_capacity(counts.len());
    for (at, round) in view.rounds.iter().enumerate() {
        let begun = round.mailing.is_some();
        let left = if begun { log_height(round.figures.planned, most, FULL) } else { sketch(at) };
        let closed = matches!(round.round.state, super::RoundState::Closed | super::RoundState::Open | super::RoundState::Sending);
        let right = if closed { log_height(round.figures.responded, most, FULL).max(4.0) } else { sketch(at + 1) };
        let done = if begun { WIDTH * round.figures.progress() } else { 0.0 };
        bands.push(band(at, left, right, done));
    }
    bands
}

/// The height of a round nobody knows the number of yet.
fn sketch(at: usize) -> f64 {
    FULL * 0.62_f64.powi(i32::try_from(at).unwrap_or(8))
}

fn band(at: usize, left: f64, right: f64, done: f64) -> Band {
    let (a, b, c, d) = (MIDDLE - left / 2.0, MIDDLE - right / 2.0, MIDDLE + right / 2.0, MIDDLE + left / 2.0);
    let plan = format!("M0 {a:.1}H90C180 {a:.1} 170 {b:.1} 250 {b:.1}V{c:.1}C170 {c:.1} 180 {d:.1} 90 {d:.1}H0Z");
    let edge = format!("M0 {a:.1}H90C180 {a:.1} 170 {b:.1} 250 {b:.1}M0 {d:.1}H90C180 {d:.1} 170 {c:.1} 250 {c:.1}");
    let top = f64::from(u32::try_from(at).unwrap_or(0)) * 72.0;
    let (l, r, nl, nr) = (112.0 - left * 0.9, 112.0 + left * 0.9, 112.0 - right * 0.9, 112.0 + right * 0.9);
    let (y1, y2, y3) = (top + 26.0, top + 52.0, top + 72.0);
    let upright = format!(
        "M{l:.1} {top:.0}V{y1:.0}C{l:.1} {y2:.0} {nl:.1} {y1:.0} {nl:.1} {y3:.0}H{nr:.1}C{nr:.1} {y1:.0} {r:.1} {y2:.0} {r:.1} {y1:.0}V{top:.0}Z"
    );
    Band { plan, edge, done: format!("{done:.0}"), upright, text_y: format!("{:.0}", top + 30.0) }
}

/// The lines that lead from the survivors to the reps: their paths, the waiting ones apart.
pub(super) fn fan(view: &FunnelFigures) -> Vec<(String, bool)> {
    let shown = view.reps.len().min(LINES);
    let mut lines = Vec::with_capacity(shown);
    for (number, rep) in view.reps.iter().take(shown).enumerate() {
        let share = (number as f64 + 0.5) / shown as f64;
        let (from, to) = (53.0 + 44.0 * share, 4.0 + 142.0 * share);
        let mut path = String::new();
        let _ = write!(path, "M36 {from:.1}C120 {from:.1} 120 {to:.1} 238 {to:.1}");
        lines.push((path, rep.got == 0));
    }
    lines
}

/// The height of the phone's drawing.
pub(super) fn upright_height(rounds: usize) -> usize {
    rounds * 72 + 4
}

/// A share of `whole` in the 1,000 units of a bar.
pub(super) fn units(part: i64, whole: i64) -> i64 {
    if whole <= 0 { 0 } else { (part.saturating_mul(1_000) / whole).clamp(0, 1_000) }
}
