//! The arithmetic of scores: what an event earns, how lines add up, tiers and grades. Pure.

use attune_kernel::{DAY_US, Decay};

use crate::segment::bind::hears;
use crate::segment::rule::{Count, EventCondition, Subject, Window};

/// What an event is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreRule {
    /// Its id.
    pub id: i64,
    /// The event's name.
    pub event: String,
    /// What the event has to be about.
    pub subject: Option<Subject>,
    /// The least amount, in the unit of the event.
    pub min_amount: Option<i64>,
    /// Points per event; negative ones take away.
    pub points: i64,
    /// At most so many points a day and contact (UTC), without sign.
    pub daily_cap: Option<i64>,
    /// Extra points for the first time, with the sign of `points`.
    pub first_bonus: i64,
    /// Whether it counts.
    pub active: bool,
}

impl ScoreRule {
    /// Whether it speaks of this event.
    pub fn matches(&self, name: &str, subject: Option<&str>, amount: Option<i64>) -> bool {
        if !self.active || self.event != name {
            return false;
        }
        let condition = EventCondition {
            name: String::new(),
            subject: self.subject.clone(),
            min_amount: self.min_amount,
            count: Count::AtLeast(1),
            window: Window::Ever,
        };
        hears(&condition, subject, amount)
    }

    fn sign(&self) -> f64 {
        if self.points < 0 || self.first_bonus < 0 { -1.0 } else { 1.0 }
    }
}

/// What one rule has earned one contact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// How many events.
    pub count: i64,
    /// The faded sum without its sign, in closed form.
    pub k: Option<f64>,
    /// The newest event, µs.
    pub last_at: i64,
    /// The day the cap counts (days since 1970).
    pub day: i64,
    /// Points earned on that day, without sign.
    pub day_points: i64,
}

impl Line {
    /// A line before its first event.
    pub fn empty() -> Self {
        Self { count: 0, k: None, last_at: i64::MIN, day: i64::MIN, day_points: 0 }
    }

    /// Adds an event at `at` (µs). The cap counts in the order in which events arrive.
    pub fn earn(&mut self, rule: &ScoreRule, at: i64, decay: Decay) {
        let day = at.div_euclid(DAY_US);
        if day != self.day {
            self.day = day;
            self.day_points = 0;
        }
        let wanted = rule.points.abs();
        let earned = rule.daily_cap.map_or(wanted, |cap| wanted.min((cap - self.day_points).max(0)));
        let bonus = if self.count == 0 { rule.first_bonus.abs() } else { 0 };
        self.day_points += earned;
        self.count += 1;
        self.last_at = self.last_at.max(at);
        if earned + bonus > 0 {
            self.k = decay.add(self.k, (earned + bonus) as f64, at);
        }
    }

    /// What is left of it at `at`, with its sign.
    pub fn points_at(&self, rule: &ScoreRule, decay: Decay, at: i64) -> f64 {
        rule.sign() * decay.points_at(self.k, at)
    }
}

/// The closed form of all lines together; nothing when losses outweigh gains. As both fade alike, it does not matter when it is taken.
pub fn total<'a>(lines: impl Iterator<Item = (&'a ScoreRule, &'a Line)>, decay: Decay, now: i64) -> Option<f64> {
    let sum: f64 = lines.map(|(rule, line)| line.points_at(rule, decay, now)).sum();
    if sum > 1e-6 { decay.k_of(sum, now) } else { None }
}

/// The score as shown: whole points.
pub fn shown(decay: Decay, k: Option<f64>, at: i64) -> i64 {
    decay.points_at(k, at).round() as i64
}

/// How warm somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Ready for a talk.
    Hot,
    /// Interested.
    Warm,
    /// Silent.
    Cold,
}

impl Tier {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Warm => "warm",
            Self::Cold => "cold",
        }
    }

    /// The tier of a word.
    pub fn of(word: &str) -> Self {
        match word {
            "hot" => Self::Hot,
            "warm" => Self::Warm,
            _ => Self::Cold,
        }
    }
}

/// The numbers that scores are judged by, and the half-life they fade with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Days until half is left.
    pub half_life_days: i64,
    /// Points from which somebody is hot.
    pub hot: i64,
    /// Points from which somebody is warm.
    pub warm: i64,
    /// Fit from which somebody fits well.
    pub fit_good: i64,
    /// Fit from which somebody fits fairly.
    pub fit_fair: i64,
}

impl Basis {
    /// The decay.
    pub fn decay(&self) -> Decay {
        Decay::new(self.half_life_days.saturating_mul(DAY_US))
    }

    /// The tier of a score as shown.
    pub fn tier(&self, shown: i64) -> Tier {
        if shown >= self.hot {
            Tier::Hot
        } else if shown >= self.warm {
            Tier::Warm
        } else {
            Tier::Cold
        }
    }

    /// A, B or C: how warm they are, weighed with how well they fit.
    pub fn grade(&self, tier: Tier, fit: i64) -> &'static str {
        let warmth = match tier {
            Tier::Hot => 2,
            Tier::Warm => 1,
            Tier::Cold => 0,
        };
        match warmth + i64::from(fit >= self.fit_good) + i64::from(fit >= self.fit_fair) {
            3.. => "A",
            2 => "B",
            _ => "C",
        }
    }

    /// When silence changes the tier next, µs.
    pub fn next_fall(&self, k: Option<f64>, now: i64) -> Option<i64> {
        let decay = self.decay();
        let shown = shown(decay, k, now);
        let below = [self.hot, self.warm].into_iter().filter(|limit| shown >= *limit).max()?;
        let at = decay.crossing(k?, below as f64 - 0.5)?;
        Some(at.max(now + 1_000))
    }
}

/// The fit score of the points of the rules that hold.
pub fn fit_of(points: impl Iterator<Item = i64>) -> i64 {
    points.fold(0_i64, i64::saturating_add).clamp(0, 100)
}
