//! Which questions may be asked: pure decisions.

use std::collections::HashMap;

use attune_kernel::DAY_US;

use super::Question;
use crate::fact::Facts;

/// The most questions one touch asks.
pub const MOST: usize = 2;
/// How long a touch counts as going on: what it asked stays asked.
const GOING_ON_US: i64 = 30 * 60_000_000;
/// How long somebody who would rather not say, or has not answered often enough, is left alone with it.
const PEACE_US: i64 = 365 * DAY_US;

/// Where a person is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Touch {
    /// A form on a page.
    Form,
    /// A mail, by the page it leads to.
    Mail,
    /// A chat.
    Chat,
    /// A call, or any talk of a colleague with the person.
    Call,
}

impl Touch {
    /// Every touch, in menu order.
    pub const ALL: [Self; 4] = [Self::Form, Self::Mail, Self::Chat, Self::Call];

    /// The word in the table and for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Mail => "mail",
            Self::Chat => "chat",
            Self::Call => "call",
        }
    }

    /// The touch of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|touch| touch.word() == word)
    }
}

/// How often and when somebody was asked one question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Times without an answer since the last answer.
    pub in_vain: i64,
    /// The last time, µs UTC.
    pub last_at: i64,
    /// The touch of the last time, if no answer came yet.
    pub open_at: Option<Touch>,
    /// When the person last said that they would rather not say.
    pub declined_at: Option<i64>,
}

/// A question that may be asked now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The question.
    pub question: Question,
    /// Since when the value is known that has grown stale; `None`: nothing is known.
    pub known_since: Option<i64>,
    /// Whether this very touch has asked it already and waits for the answer.
    pub is_open: bool,
}

/// What is known of one person.
pub(super) struct Ground<'g> {
    pub(super) facts: &'g Facts,
    pub(super) asked: &'g HashMap<i64, Asked>,
    /// How long somebody is left alone after any question.
    pub(super) rest_us: i64,
    pub(super) now: i64,
}

/// The questions, in the order given, that may be asked at `touch`.
pub(super) fn due(questions: &[Question], ground: &Ground<'_>, touch: Touch, most: usize) -> Vec<Due> {
    let goes_on = |asked: &Asked| asked.open_at == Some(touch) && ground.now - asked.last_at < GOING_ON_US;
    // A mail reaches the address it would ask for; whoever else holds its link must not change where the next one goes.
    let fits = |q: &&Question| q.touches.contains(&touch) && !(touch == Touch::Mail && q.key == "email");
    // A mail is forwarded: what is known stays as it is, however old.
    let news = |since: &Option<i64>| touch != Touch::Mail || since.is_none();
    let worth = questions.iter().filter(fits).filter_map(|q| worth_asking(q, ground).filter(news).map(|since| (q, since)));
    let all: Vec<Due> = worth
        .map(|(question, known_since)| {
            let is_open = ground.asked.get(&question.id).is_some_and(goes_on);
            Due { question: question.clone(), known_since, is_open }
        })
        .collect();
    let most = most.min(MOST);
    let (open, fresh): (Vec<Due>, Vec<Due>) = all.into_iter().partition(|due| due.is_open);
    let last = ground.asked.values().map(|asked| asked.last_at).max();
    if last.is_some_and(|at| ground.now - at < ground.rest_us) {
        return open.into_iter().take(most).collect();
    }
    let may = |due: &Due| ground.asked.get(&due.question.id).is_none_or(|asked| may_again(&due.question, asked, ground.now));
    open.into_iter().chain(fresh.into_iter().filter(may)).take(most).collect()
}

/// Whether the answer would be news: `Some(None)` when nothing is known, `Some(since)` when it has grown stale.
fn worth_asking(question: &Question, ground: &Ground<'_>) -> Option<Option<i64>> {
    let key = if question.key == "company" { "company_id" } else { &question.key };
    match ground.facts.get(key) {
        None => Some(None),
        Some(fact) => {
            let stale_us = question.stale_days?.saturating_mul(DAY_US);
            (ground.now - fact.at >= stale_us).then_some(Some(fact.at))
        }
    }
}

fn may_again(question: &Question, asked: &Asked, now: i64) -> bool {
    let at_peace = asked.in_vain >= question.most_asks && now - asked.last_at < PEACE_US;
    let unwilling = asked.declined_at.is_some_and(|at| now - at < PEACE_US);
    let resting = now - asked.last_at < question.rest_days.saturating_mul(DAY_US);
    !(at_peace || unwilling || resting)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fact::{Fact, Source};

    fn question(id: i64, key: &str) -> Question {
        Question {
            id,
            key: key.to_owned(),
            text_en: key.to_owned(),
            text_zh: key.to_owned(),
            touches: vec![Touch::Call, Touch::Form],
            rest_days: 7,
            most_asks: 3,
            stale_days: Some(365),
        }
    }

    fn keys(due: &[Due]) -> Vec<&str> {
        due.iter().map(|due| due.question.key.as_str()).collect()
    }

    const NOW: i64 = 2_000 * DAY_US;

    fn known(at: i64) -> Fact {
        Fact { source: Source::Staff, detail: String::new(), at }
    }

    #[test]
    fn the_most_valuable_unknown_come_first_and_never_more_than_two() {
        let questions = ["phone", "title", "company", "city"].map(|key| question(key.len() as i64, key));
        let facts = Facts::from([("title".to_owned(), known(NOW - DAY_US)), ("company_id".to_owned(), known(NOW - 400 * DAY_US))]);
        let ground = Ground { facts: &facts, asked: &HashMap::new(), rest_us: DAY_US, now: NOW };
        let found = due(&questions, &ground, Touch::Call, 9);
        assert_eq!(keys(&found), ["phone", "company"]);
        assert_eq!(found[1].known_since, Some(NOW - 400 * DAY_US));
        assert_eq!(keys(&due(&questions, &ground, Touch::Call, 1)), ["phone"]);
        assert!(due(&questions, &ground, Touch::Mail, 2).is_empty());
        let everywhere = questions.map(|q| Question { touches: Touch::ALL.to_vec(), ..q });
        assert_eq!(keys(&due(&everywhere, &ground, Touch::Mail, 9)), ["phone", "city"], "a mail asks for nothing that is known");
    }

    #[test]
    fn who_was_just_asked_rests_and_the_same_touch_goes_on() {
        let questions = [question(1, "phone"), question(2, "title")];
        let facts = Facts::new();
        let just = Asked { in_vain: 1, last_at: NOW - 60_000_000, open_at: Some(Touch::Call), declined_at: None };
        let asked = HashMap::from([(1, just)]);
        let ground = |now| Ground { facts: &facts, asked: &asked, rest_us: DAY_US, now };
        assert_eq!(keys(&due(&questions, &ground(NOW), Touch::Call, 2)), ["phone"]);
        assert!(due(&questions, &ground(NOW), Touch::Form, 2).is_empty());
        // After the person's rest the next question; after its own rest the first again.
        assert_eq!(keys(&due(&questions, &ground(NOW + DAY_US), Touch::Form, 2)), ["title"]);
        assert_eq!(keys(&due(&questions, &ground(NOW + 7 * DAY_US), Touch::Form, 2)), ["phone", "title"]);
    }

    #[test]
    fn who_would_rather_not_say_has_peace_for_a_year() {
        let questions = [question(1, "phone"), question(2, "title")];
        let facts = Facts::new();
        let unwilling = Asked { in_vain: 0, last_at: NOW, open_at: None, declined_at: Some(NOW) };
        let silent = Asked { in_vain: 3, last_at: NOW, open_at: None, declined_at: None };
        let asked = HashMap::from([(1, unwilling), (2, silent)]);
        let ground = |now| Ground { facts: &facts, asked: &asked, rest_us: 0, now };
        assert!(due(&questions, &ground(NOW + 364 * DAY_US), Touch::Call, 2).is_empty());
        assert_eq!(keys(&due(&questions, &ground(NOW + 365 * DAY_US), Touch::Call, 2)), ["phone", "title"]);
    }

    proptest! {
        #[test]
        fn nothing_answered_and_fresh_is_ever_asked(
            known_days in prop::collection::vec(prop::option::of(0_i64..800), 4),
            history in prop::collection::vec((0_i64..5, 0_i64..800, any::<bool>()), 4),
            most in 0_usize..5,
        ) {
            let names = ["phone", "title", "city", "country"];
            let questions: Vec<Question> = names.iter().zip(1..).map(|(key, id)| question(id, key)).collect();
            let fact = |(key, days): (&&str, &Option<i64>)| days.map(|days| ((*key).to_owned(), known(NOW - days * DAY_US)));
            let facts: Facts = names.iter().zip(&known_days).filter_map(fact).collect();
            let asked: HashMap<i64, Asked> = history.iter().zip(1..).map(|((in_vain, days, declined), id)| {
                let at = NOW - days * DAY_US;
                (id, Asked { in_vain: *in_vain, last_at: at, open_at: None, declined_at: declined.then_some(at) })
            }).collect();
            let ground = Ground { facts: &facts, asked: &asked, rest_us: DAY_US, now: NOW };
            let found = due(&questions, &ground, Touch::Form, most);
            prop_assert!(found.len() <= most.min(MOST));
            for due in &found {
                let fresh = facts.get(&due.question.key).is_some_and(|fact| NOW - fact.at < 365 * DAY_US);
                let asked = asked[&due.question.id];
                prop_assert!(!fresh, "asked what is known");
                prop_assert!(NOW - asked.last_at >= 7 * DAY_US, "asked again too soon");
                prop_assert!(asked.declined_at.is_none_or(|at| NOW - at >= PEACE_US), "asked the unwilling");
            }
        }
    }
}
