//! The table on the screen and docs/reference/benchmarks.md. Bars measured earlier stay in the document, each with its date.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::figures::{Series, number};
use crate::ground::Ground;

/// A spread above this is a noisy round.
const NOISY: f64 = 1.5;

/// What came out for one bar.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    bar: String,
    what: String,
    limit: String,
    attune: String,
    ratio: String,
    first: String,
    goal: String,
    reached: Reached,
    notes: Vec<String>,
    #[serde(default)]
    measured_at: String,
}

/// How far a bar has been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Reached {
    Goal,
    First,
    Missed,
}

impl Reached {
    fn word(self) -> &'static str {
        match self {
            Self::Goal => "goal",
            Self::First => "first",
            Self::Missed => "missed",
        }
    }

    fn of(value: f64, first: f64, goal: f64) -> Self {
        let holds = |bar: f64| if goal > first { value >= bar } else { value <= bar };
        if holds(goal) {
            Self::Goal
        } else if holds(first) {
            Self::First
        } else {
            Self::Missed
        }
    }
}

impl Finding {
    /// Attune's rate against the limit's, more is better; bars are ratios.
    pub fn rate(bar: &str, what: &str, unit: &str, (limit, attune): (&Series, &Series), (first, goal): (f64, f64)) -> Self {
        let ratio = attune.median() / limit.median().max(f64::MIN_POSITIVE);
        Self {
            limit: format!("{} {unit}", number(limit.median())),
            attune: format!("{} {unit}", number(attune.median())),
            ratio: format!("{ratio:.2}"),
            first: format!("{first:.2}"),
            goal: format!("{goal:.2}"),
            reached: Reached::of(ratio, first, goal),
            ..Self::bare(bar, what)
        }
        .noted_spread("limit", limit)
        .noted_spread("Attune", attune)
    }

    /// Attune's time against the limit's, less is better; bars are multiples.
    pub fn times(bar: &str, what: &str, (limit, attune): (&Series, &Series), (first, goal): (f64, f64)) -> Self {
        let ratio = attune.median() / limit.median().max(f64::MIN_POSITIVE);
        Self {
            limit: format!("{} ms", number(limit.median())),
            attune: format!("{} ms", number(attune.median())),
            ratio: format!("{ratio:.1} ×"),
            first: format!("{first} ×"),
            goal: format!("{goal} ×"),
            reached: Reached::of(ratio, first, goal),
            ..Self::bare(bar, what)
        }
        .noted_spread("limit", limit)
        .noted_spread("Attune", attune)
    }

    /// A count without a limit, less is better.
    pub fn count(bar: &str, what: &str, unit: &str, value: f64, (first, goal): (f64, f64)) -> Self {
        Self {
            limit: "–".to_owned(),
            attune: format!("{} {unit}", number(value)),
            ratio: "–".to_owned(),
            first: format!("{} {unit}", number(first)),
            goal: format!("{} {unit}", number(goal)),
            reached: Reached::of(value, first, goal),
            ..Self::bare(bar, what)
        }
    }

    fn bare(bar: &str, what: &str) -> Self {
        Self {
            bar: bar.to_owned(),
            what: what.to_owned(),
            limit: String::new(),
            attune: String::new(),
            ratio: String::new(),
            first: String::new(),
            goal: String::new(),
            reached: Reached::Missed,
            notes: Vec::new(),
            measured_at: jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %Z").to_string(),
        }
    }

    fn noted_spread(self, whose: &str, series: &Series) -> Self {
        let spread = series.spread();
        if spread < NOISY { self } else { self.note(format!("noisy: the rounds of {whose} differ by a factor of {spread:.1}")) }
    }

    /// Adds a remark.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// One line for the screen.
    pub fn line(&self) -> String {
        let head = format!(
            "{:<4} {:<34} limit {:>16}  Attune {:>16}  ratio {:>7}  first {:>8}  goal {:>8}  {}",
            self.bar,
            self.what.chars().take(34).collect::<String>(),
            self.limit,
            self.attune,
            self.ratio,
            self.first,
            self.goal,
            self.reached.word()
        );
        std::iter::once(head).chain(self.notes.iter().map(|note| format!("     · {note}"))).collect::<Vec<_>>().join("\n")
    }

    fn key(&self) -> String {
        let figure: u32 = self.bar.trim_start_matches('B').parse().unwrap_or(0);
        format!("{figure:02} {}", self.what)
    }
}

/// All findings of an engine, kept between runs.
pub struct Report {
    kept: PathBuf,
    document: PathBuf,
    sizes: String,
    now: Vec<String>,
    all: BTreeMap<String, BTreeMap<String, Finding>>,
    engine: String,
}

impl Report {
    /// With what earlier runs found.
    pub fn open(ground: &Ground) -> Result<Self> {
        // Beside the document: figures of a machine that is gone are still there.
        let kept = ground.root.join("docs/reference/benchmarks.json");
        let all = match std::fs::read_to_string(&kept) {
            Ok(text) => serde_json::from_str(&text).with_context(|| format!("{} cannot be read: remove it", kept.display()))?,
            Err(_) => BTreeMap::new(),
        };
        let document = ground.root.join("docs/reference/benchmarks.md");
        Ok(Self { kept, document, sizes: ground.sizes(), now: Vec::new(), all, engine: ground.engine_name().to_owned() })
    }

    /// Keeps a finding in place of the earlier one; `lasting` also for later runs.
    pub fn keep(&mut self, finding: Finding, lasting: bool) -> Result<()> {
        let key = finding.key();
        let finding = finding.note(self.sizes.clone());
        self.now.push(key.clone());
        self.all.entry(self.engine.clone()).or_default().insert(key, finding);
        if !lasting {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(&self.all)?;
        std::fs::write(&self.kept, text).with_context(|| format!("writing {}", self.kept.display()))
    }

    fn of_engine(&self, engine: &str) -> impl Iterator<Item = &Finding> {
        self.all.get(engine).into_iter().flat_map(BTreeMap::values)
    }

    /// What this run found.
    pub fn table(&self) -> String {
        let mine = self.all.get(&self.engine);
        let found = self.now.iter().filter_map(|key| mine.and_then(|all| all.get(key)));
        rows(found)
    }

    /// Writes the document.
    pub fn write(&self) -> Result<()> {
        let mut text = String::from(HEAD);
        text.push_str(&format!("\nMachine: {}.\n", machine()));
        for engine in self.all.keys() {
            text.push_str(&format!("\n## {engine}\n\n{}\n\n", rows(self.of_engine(engine))));
            for finding in self.of_engine(engine) {
                let notes = finding.notes.join("; ");
                text.push_str(&format!("- **{}** ({}): {notes}. Measured {}.\n", finding.bar, finding.what, finding.measured_at));
            }
        }
        text.push_str(TAIL);
        if let Some(folder) = self.document.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        std::fs::write(&self.document, text).with_context(|| format!("writing {}", self.document.display()))?;
        eprintln!("written: {}", self.document.display());
        Ok(())
    }
}

const HEAD: &str = "# Benchmarks

Written by `cargo xtask bench`; do not edit. A bar is a ratio to a limit measured in the same run on the same machine, or a count. *first*
is what a first release needs, *goal* what the product must reach. Figures are medians over the rounds. Shared machines are noisy: two
figures that differ by less than half count as equal, and a bar whose rounds differ by more is marked. The machine is that of the last run.
";

const TAIL: &str = "
## Not measured by the program

- **B6** (the whole push funnel) has no bar here yet.
- **B14** (cold build, 12 min first, 8 min goal): by hand, `cargo clean && time cargo build --release` with the sources of all crates downloaded. Last 691 s, on 2026-11-23; 372 s, this program included, on 2026-11-26, when the machine was about twice as fast; 563 s without it on 2026-11-27.

## Run it again

`cargo xtask bench --quick` takes some minutes, `cargo xtask bench` the better part of an hour for 1,000,000 contacts and 10,000,000 events;
`--only B1,B4` measures some bars, `--engine pg` the same on PostgreSQL. The large store is kept in `target/` between runs.
";

fn rows<'f>(findings: impl Iterator<Item = &'f Finding>) -> String {
    let mut text = String::from("| bar | what | limit | Attune | ratio | first | goal | reached |\n|---|---|---|---|---|---|---|---|\n");
    for f in findings {
        let cells = [&f.bar, &f.what, &f.limit, &f.attune, &f.ratio, &f.first, &f.goal].map(String::as_str).join(" | ");
        text.push_str(&format!("| {cells} | {} |\n", f.reached.word()));
    }
    text.trim_end().to_owned()
}

/// Cores, memory and processor, as the system tells them.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let of = |file: &str, key: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).and_then(|line| line.split_once(':'));
        line.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let memory_kb: f64 = of("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
    let processor = of("/proc/cpuinfo", "model name");
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores ({processor}), {:.0} GiB of memory, Linux {}", memory_kb / 1_048_576.0, kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_reached_upwards_and_downwards() {
        assert_eq!(Reached::of(0.3, 0.12, 0.30), Reached::Goal);
        assert_eq!(Reached::of(0.2, 0.12, 0.30), Reached::First);
        assert_eq!(Reached::of(0.1, 0.12, 0.30), Reached::Missed);
        assert_eq!(Reached::of(140.0, 150.0, 60.0), Reached::First);
        assert_eq!(Reached::of(160.0, 150.0, 60.0), Reached::Missed);
    }

    #[test]
    fn bars_stand_in_the_order_of_their_numbers() {
        let key = |bar: &str| Finding::count(bar, "x", "ms", 1.0, (2.0, 1.0)).key();
        assert!(key("B2") < key("B10"));
    }
}
