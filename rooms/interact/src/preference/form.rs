//! The page's form: what was there, what was chosen, what is wrong with it.

use attune_identify::preference::{Frequency, Wish};
use attune_identify::topic::{Topic, TopicId};
use attune_kernel::{DAY_US, Locale};
use attune_web::FormErrors;
use jiff::tz::TimeZone;

use super::Standing;

/// How long somebody may pause, in days.
pub(super) const PAUSES: [i64; 2] = [30, 90];
/// The pause that is there already goes on.
const AS_IT_IS: &str = "keep";

/// Zones the page offers beside the person's own, from west to east.
pub(super) const ZONES: [&str; 30] = [
    "Pacific/Honolulu",
    "America/Los_Angeles",
    "America/Denver",
    "America/Mexico_City",
    "America/Chicago",
    "America/New_York",
    "America/Toronto",
    "America/Sao_Paulo",
    "UTC",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Warsaw",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Europe/Athens",
    "Europe/Istanbul",
    "Africa/Nairobi",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Bangkok",
    "Asia/Singapore",
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
];

/// What is chosen, checked.
pub(super) struct Choices {
    pub(super) mail: bool,
    pub(super) topics: Vec<TopicId>,
    pub(super) wish: Wish,
}

/// The fields as chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct PreferenceForm {
    pub(super) mail: String,
    pub(super) topics: Vec<String>,
    /// The topics the page showed: of one that came up since nobody has said anything.
    pub(super) shown: Vec<String>,
    pub(super) frequency: String,
    pub(super) pause: String,
    pub(super) quiet_from: String,
    pub(super) quiet_to: String,
    pub(super) time_zone: String,
    pub(super) language: String,
}

impl From<Vec<(String, String)>> for PreferenceForm {
    fn from(pairs: Vec<(String, String)>) -> Self {
        let text = |name: &str| pairs.iter().rfind(|(key, _)| key == name).map_or_else(String::new, |(_, value)| value.clone());
        let all = |name: &str| pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect();
        Self {
            mail: text("mail"),
            topics: all("topic"),
            shown: all("shown"),
            frequency: text("frequency"),
            pause: text("pause"),
            quiet_from: text("quiet_from"),
            quiet_to: text("quiet_to"),
            time_zone: text("time_zone"),
            language: text("language"),
        }
    }
}

impl PreferenceForm {
    /// The form as things stand: `locale` is the page's language, `zone` the house's.
    pub(super) fn of(standing: &Standing, locale: Locale, zone: &str, now: i64) -> Self {
        let wish = &standing.wish;
        let hour = |minute: Option<i64>| minute.map_or_else(String::new, |minute| (minute / 60).to_string());
        let paused = wish.paused_until.is_some_and(|until| until > now);
        Self {
            mail: if standing.mail { "yes" } else { "no" }.to_owned(),
            topics: standing.topics.iter().filter(|(_, wanted)| *wanted).map(|(topic, _)| topic.id.to_string()).collect(),
            shown: standing.topics.iter().map(|(topic, _)| topic.id.to_string()).collect(),
            frequency: wish.frequency.word().to_owned(),
            pause: if paused { AS_IT_IS } else { "none" }.to_owned(),
            quiet_from: hour(wish.quiet.map(|quiet| quiet.0)),
            quiet_to: hour(wish.quiet.map(|quiet| quiet.1)),
            time_zone: wish.time_zone.clone().or_else(|| standing.recipient.time_zone.clone()).unwrap_or_else(|| zone.to_owned()),
            language: locale.tag().to_owned(),
        }
    }

    /// The checked choices. What was only shown as it was, such as a guessed zone, is not taken for a wish.
    pub(super) fn check(&self, standing: &Standing, shown: &Self, now: i64) -> Result<Choices, FormErrors> {
        let mut errors = FormErrors::new();
        if !matches!(self.mail.as_str(), "yes" | "no") {
            errors.add("mail", "web-required");
        }
        let mail = self.mail == "yes";
        let chosen = |(topic, wanted): &&(Topic, bool)| {
            let id = topic.id.to_string();
            if self.shown.contains(&id) { self.topics.contains(&id) } else { *wanted }
        };
        let topics = standing.topics.iter().filter(chosen).map(|(topic, _)| topic.id).collect();
        let frequency = Frequency::of(&self.frequency).unwrap_or_else(|| {
            errors.add("frequency", "web-not-a-choice");
            Frequency::Every
        });
        let paused_until = self.check_pause(&mut errors, standing, now);
        let quiet = self.check_quiet(&mut errors);
        let zone = self.check_zone(&mut errors);
        let language = self.check_language(&mut errors);
        let time_zone = if quiet.is_some() || self.time_zone != shown.time_zone { zone } else { standing.wish.time_zone.clone() };
        let language = if self.language == shown.language { standing.wish.language.clone() } else { language };
        errors.or(Choices { mail, topics, wish: Wish { frequency, paused_until, quiet, time_zone, language } })
    }

    fn check_pause(&self, errors: &mut FormErrors, standing: &Standing, now: i64) -> Option<i64> {
        match self.pause.as_str() {
            // A pause that is over stays in the line it came with: it is no change.
            "none" | "" => standing.wish.paused_until.filter(|until| *until <= now),
            AS_IT_IS => standing.wish.paused_until,
            days => {
                let days = PAUSES.into_iter().find(|known| known.to_string() == days);
                if days.is_none() {
                    errors.add("pause", "web-not-a-choice");
                }
                days.map(|days| now + days * DAY_US)
            }
        }
    }

    fn check_quiet(&self, errors: &mut FormErrors) -> Option<(i64, i64)> {
        let hour = |typed: &str| typed.parse::<i64>().ok().filter(|hour| (0..24).contains(hour)).map(|hour| hour * 60);
        match (hour(&self.quiet_from), hour(&self.quiet_to)) {
            (Some(from), Some(to)) if from != to => Some((from, to)),
            (None, None) if self.quiet_from.is_empty() && self.quiet_to.is_empty() => None,
            (from, _) => {
                errors.add(if from.is_none() { "quiet_from" } else { "quiet_to" }, "prefer-quiet-wrong");
                None
            }
        }
    }

    fn check_zone(&self, errors: &mut FormErrors) -> Option<String> {
        if TimeZone::get(&self.time_zone).is_err() {
            errors.add("time_zone", "web-not-a-choice");
        }
        Some(self.time_zone.clone())
    }

    fn check_language(&self, errors: &mut FormErrors) -> Option<String> {
        let locale = self.language.parse::<Locale>();
        if locale.is_err() {
            errors.add("language", "web-not-a-choice");
        }
        locale.ok().map(|locale| locale.tag().to_owned())
    }

    /// Whether this topic is ticked.
    pub(super) fn wants(&self, id: TopicId) -> bool {
        self.topics.contains(&id.to_string())
    }
}
