//! The one arbiter over all messages: who may be written to now, later, or not at all, and why.
//!
//! [`decide`] is pure; [`super::batch`] gathers its facts for a whole batch with a constant number of statements.

use attune_kernel::{DAY_US, MINUTE_US};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Why a mail was not sent. The word is kept on the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The contact was deleted or erased.
    Gone,
    /// There is no usable address.
    NoAddress,
    /// The address is on the suppression list.
    Suppressed,
    /// Nobody has given consent.
    NoConsent,
    /// Consent was withdrawn.
    Withdrawn,
    /// The person has yet to confirm that mail is wanted.
    NotConfirmed,
    /// The person gets mail, but none about this topic.
    TopicRefused,
    /// The person wants no mail before a day of their choice.
    Paused,
    /// The person wants mail less often.
    Frequency,
    /// The person wants no mail at this hour.
    OwnQuietHours,
    /// The same address is written to by this mailing already.
    SamePerson,
    /// As many mails as allowed were sent in the period.
    Cap,
    /// A more important mail takes the last place under the cap.
    Replaced,
    /// It is night where the person lives.
    QuietHours,
    /// A merge tag has no value and no fallback.
    MergeTag,
    /// Somebody cancelled the mailing.
    Cancelled,
    /// The round was closed before the mail was due.
    RoundClosed,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 17] = [
        Self::Gone,
        Self::NoAddress,
        Self::Suppressed,
        Self::NoConsent,
        Self::Withdrawn,
        Self::NotConfirmed,
        Self::TopicRefused,
        Self::Paused,
        Self::Frequency,
        Self::OwnQuietHours,
        Self::SamePerson,
        Self::Cap,
        Self::Replaced,
        Self::QuietHours,
        Self::MergeTag,
        Self::Cancelled,
        Self::RoundClosed,
    ];

    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::NoAddress => "no_address",
            Self::Suppressed => "suppressed",
            Self::NoConsent => "no_consent",
            Self::Withdrawn => "withdrawn",
            Self::NotConfirmed => "not_confirmed",
            Self::TopicRefused => "topic_refused",
            Self::Paused => "paused",
            Self::Frequency => "frequency",
            Self::OwnQuietHours => "own_quiet_hours",
            Self::SamePerson => "same_person",
            Self::Cap => "cap",
            Self::Replaced => "replaced",
            Self::QuietHours => "quiet_hours",
            Self::MergeTag => "merge_tag",
            Self::Cancelled => "cancelled",
            Self::RoundClosed => "round_closed",
        }
    }

    /// The reason behind a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }

    /// The locale key of its sentence.
    pub fn key(self) -> String {
        format!("message-reason-{}", self.word().replace('_', "-"))
    }
}

/// What the ledger says about mail to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Consent {
    /// Given.
    Given,
    /// Withdrawn.
    Withdrawn,
    /// Asked for, and not confirmed by the person yet.
    Pending,
    /// Nobody asked.
    #[default]
    Unknown,
}

/// The hours in which nobody is written to, in minutes of the local day; may pass midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// The first quiet minute, 0..1440.
    pub from_min: i64,
    /// The first minute that is not quiet.
    pub to_min: i64,
}

impl QuietHours {
    /// The hours between two minutes of the day; nothing when they are the same or no minutes of a day.
    pub fn between(from_min: i64, to_min: i64) -> Option<Self> {
        let fits = |minute: i64| (0..24 * 60).contains(&minute);
        (fits(from_min) && fits(to_min) && from_min != to_min).then_some(Self { from_min, to_min })
    }

    /// Reads `21:00-08:00`; nothing for an empty or malformed text or when both ends are equal.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let hours = Self { from_min: minute(from)?, to_min: minute(to)? };
        (hours.from_min != hours.to_min).then_some(hours)
    }

    fn covers(self, minute: i64) -> bool {
        if self.from_min < self.to_min {
            (self.from_min..self.to_min).contains(&minute)
        } else {
            minute >= self.from_min || minute < self.to_min
        }
    }
}

fn minute(text: &str) -> Option<i64> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute) = (hour.parse::<i64>().ok()?, minute.parse::<i64>().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
}

/// The house's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Contacts that staff imported count as having consented until they withdraw.
    pub imported_consent: bool,
    /// Mails per period; 0 for no limit.
    pub cap: i64,
    /// The period in µs.
    pub period_us: i64,
    /// The quiet hours, if there are any.
    pub quiet: Option<QuietHours>,
    /// The zone of contacts whose own is unknown.
    pub zone: TimeZone,
}

/// What is asked for one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The contact exists.
    pub alive: bool,
    /// An address of the form `a@b`.
    pub has_address: bool,
    /// The address is suppressed.
    pub suppressed: bool,
    /// Somebody with this address was erased: only a consent said since then counts.
    pub erased: bool,
    /// What the ledger says.
    pub consent: Consent,
    /// Staff imported the contact.
    pub imported: bool,
    /// An earlier row of the same mailing has the same address.
    pub same_person: bool,
    /// Mails of other series in the period.
    pub recent: i64,
    /// When the oldest of them was sent, µs.
    pub oldest_at: Option<i64>,
    /// More important mails that wait for the same contact.
    pub better_waiting: i64,
    /// The contact's zone (IANA name).
    pub time_zone: Option<String>,
    /// The person has said no to the mailing's topic.
    pub topic_refused: bool,
    /// The person wants nothing before this moment, µs.
    pub paused_until: Option<i64>,
    /// The person wants at least this long between two mails, µs; 0 for any.
    pub gap_us: i64,
    /// When the last mail of another mailing went to the person, µs; asked only of those who want a gap.
    pub last_at: Option<i64>,
    /// The person's own quiet hours.
    pub own_quiet: Option<QuietHours>,
}

/// The mailing's own exceptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// Quiet hours do not hold.
    pub any_hour: bool,
    /// It answers what the recipient did: the cap does not hold.
    pub answer: bool,
}

/// What the arbiter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send it now.
    Send,
    /// Ask again at `until` (µs).
    Defer {
        /// When.
        until: i64,
        /// Why.
        reason: Reason,
    },
    /// Another message takes its place: this one is dropped.
    Replace,
    /// Never.
    Drop(Reason),
}

/// Decides one message at `now` (µs).
///
/// The order is part of the promise: what forbids for good comes before what only delays, and a withdrawn consent or a suppressed
/// address beats every exception. So does what the person wished: a pause, a frequency and quiet hours of their own. A mail that would be
/// held back for more than a day is dropped, for it would arrive stale.
pub fn decide(policy: &Policy, exceptions: Exceptions, facts: &Facts, now: i64) -> Decision {
    if let Some(reason) = forbidden(policy, facts) {
        return Decision::Drop(reason);
    }
    if let Some(decision) = wished(facts, now) {
        return decision;
    }
    if policy.cap > 0 && !exceptions.answer {
        if facts.recent >= policy.cap {
            return capped(policy, facts, now);
        }
        if facts.better_waiting > 0 && facts.recent + facts.better_waiting >= policy.cap {
            return Decision::Replace;
        }
    }
    let reason = if facts.own_quiet.is_some() { Reason::OwnQuietHours } else { Reason::QuietHours };
    match quiet_until(policy, exceptions, facts, now) {
        Some(until) => Decision::Defer { until, reason },
        None => Decision::Send,
    }
}

/// What a pause or a frequency of the person's own choice makes of a mail; nothing when neither holds it back.
fn wished(facts: &Facts, now: i64) -> Option<Decision> {
    let free_again = facts.last_at.filter(|_| facts.gap_us > 0).map(|at| at + facts.gap_us);
    let (until, reason) = match (facts.paused_until.filter(|at| *at > now), free_again.filter(|at| *at > now)) {
        (Some(paused), Some(gap)) if gap > paused => (gap, Reason::Frequency),
        (Some(paused), _) => (paused, Reason::Paused),
        (None, Some(gap)) => (gap, Reason::Frequency),
        (None, None) => return None,
    };
    Some(if until - now <= DAY_US { Decision::Defer { until, reason } } else { Decision::Drop(reason) })
}

fn forbidden(policy: &Policy, facts: &Facts) -> Option<Reason> {
    if !facts.alive {
        return Some(Reason::Gone);
    }
    if !facts.has_address {
        return Some(Reason::NoAddress);
    }
    if facts.suppressed || (facts.erased && facts.consent == Consent::Unknown) {
        return Some(Reason::Suppressed);
    }
    match facts.consent {
        Consent::Withdrawn => return Some(Reason::Withdrawn),
        Consent::Pending => return Some(Reason::NotConfirmed),
        Consent::Unknown if !(policy.imported_consent && facts.imported) => return Some(Reason::NoConsent),
        Consent::Unknown | Consent::Given => {}
    }
    if facts.topic_refused {
        return Some(Reason::TopicRefused);
    }
    facts.same_person.then_some(Reason::SamePerson)
}

fn capped(policy: &Policy, facts: &Facts, now: i64) -> Decision {
    // Only when exactly one mail too many is in the period does its age tell when the next one may go.
    let free_at = facts.oldest_at.filter(|_| facts.recent == policy.cap).map(|at| at + policy.period_us);
    match free_at.filter(|at| *at > now && *at - now <= DAY_US) {
        Some(until) => Decision::Defer { until, reason: Reason::Cap },
        None => Decision::Drop(Reason::Cap),
    }
}

/// The end of the quiet hours, when the person is in them.
fn quiet_until(policy: &Policy, exceptions: Exceptions, facts: &Facts, now: i64) -> Option<i64> {
    // Hours of the person's own take the place of the house's, and no mailing is excepted from them.
    let quiet = facts.own_quiet.or(policy.quiet.filter(|_| !exceptions.any_hour))?;
    let own = facts.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    let zone = own.as_ref().unwrap_or(&policy.zone);
    let local = zone.to_datetime(Timestamp::from_microsecond(now).ok()?);
    let minute_now = i64::from(local.hour()) * 60 + i64::from(local.minute());
    if !quiet.covers(minute_now) {
        return None;
    }
    let minutes = (quiet.to_min - minute_now).rem_euclid(24 * 60);
    let into_minute = now.rem_euclid(MINUTE_US);
    Some(now - into_minute + minutes.max(1) * MINUTE_US)
}
