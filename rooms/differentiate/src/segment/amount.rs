//! How people read and type the amount of an event: times in seconds, everything else as the log holds it.

use attune_kernel::SECOND_US;
use attune_web::Lang;

/// The unit of an event's amount as people type it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The log holds µs, people type seconds.
    Seconds,
    /// As the log holds it.
    Plain,
}

impl Unit {
    /// The unit of the amounts of `event`.
    pub fn of(event: &str) -> Self {
        if event == "page.left" { Self::Seconds } else { Self::Plain }
    }

    /// An amount of the log as people type it.
    pub fn typed(self, amount: i64) -> String {
        match self {
            Self::Seconds if amount % SECOND_US != 0 => (amount as f64 / SECOND_US as f64).to_string(),
            Self::Seconds => (amount / SECOND_US).to_string(),
            Self::Plain => amount.to_string(),
        }
    }

    /// The amount of the log behind what people typed; nothing when it is no number.
    pub fn read(self, text: &str) -> Option<i64> {
        match self {
            Self::Seconds => {
                let seconds: f64 = text.parse().ok()?;
                (0.0..=1e9).contains(&seconds).then(|| (seconds * SECOND_US as f64).round() as i64)
            }
            Self::Plain => text.parse().ok(),
        }
    }

    /// An amount of the log in the reader's words.
    pub fn told(self, l: &Lang, amount: i64) -> String {
        match self {
            Self::Seconds => l.duration_ms(amount / 1_000).to_string(),
            Self::Plain => l.count(amount).to_string(),
        }
    }
}
