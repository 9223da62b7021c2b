use attune_events::list_after;
use proptest::prelude::*;

use super::form::{Words, Worth, read_source, weigh};
use super::{CHANNELS, Consent, ConsentDraft, MARKETING, State, current, list, record, states, stricter};
use crate::merge::MergeId;

fn said(contact_id: i64, channel: &str, state: State) -> ConsentDraft {
    ConsentDraft {
        contact_id,
        channel: channel.to_owned(),
        purpose: MARKETING.to_owned(),
        state,
        source: "form".to_owned(),
        wording: Some("Yes, send me the letter".to_owned()),
        proof: None,
        staff_id: None,
    }
}

attune_testkit::on_both_dbs! {
    async fn the_newest_line_holds(db: Db) {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let mut tx = db.begin().await.unwrap();
        record(&mut tx, &ids, clock.now(), &[said(1, "email", State::Given), said(2, "email", State::Given), said(2, "phone", State::Withdrawn)]).await.unwrap();
        clock.advance(1_000_000);
        record(&mut tx, &ids, clock.now(), &[said(1, "email", State::Withdrawn)]).await.unwrap();
        let email = states(&mut tx, "email", [1, 2, 3]).await.unwrap();
        assert_eq!((email.get(&1), email.get(&2), email.get(&3)), (Some(&State::Withdrawn), Some(&State::Given), None));
        let held = current(&mut tx, 2).await.unwrap();
        assert_eq!(held.iter().map(|c| (c.said.channel.as_str(), c.said.state)).collect::<Vec<_>>(), [("email", State::Given), ("phone", State::Withdrawn)]);
        let all: Vec<Consent> = list(&mut tx, 1, 10).await.unwrap();
        assert_eq!(all.iter().map(|c| c.said.state).collect::<Vec<_>>(), [State::Withdrawn, State::Given], "nothing is overwritten");
        tx.commit().await.unwrap();
        let mut tx = db.read().await.unwrap();
        let told = list_after(&mut tx, 0, i64::MAX, &["consent.withdrawn"], 10).await.unwrap();
        assert_eq!(told.iter().map(|e| (e.contact_id, e.subject.as_deref())).collect::<Vec<_>>(), [(Some(2), Some("phone/marketing")), (Some(1), Some("email/marketing"))]);
    }

    async fn a_request_that_waits_hides_no_no_from_a_merge(db: Db) {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let mut tx = db.begin().await.unwrap();
        for (contact, state) in [(1, State::Withdrawn), (1, State::Pending), (2, State::Given), (3, State::Withdrawn), (3, State::Given)] {
            clock.advance(1_000_000);
            record(&mut tx, &ids, clock.now(), &[said(contact, "email", state)]).await.unwrap();
        }
        let strict = stricter(&mut tx, 2, 1, MergeId(9)).await.unwrap();
        assert_eq!(strict.iter().map(|line| (line.contact_id, line.state)).collect::<Vec<_>>(), [(2, State::Withdrawn)]);
        assert_eq!(stricter(&mut tx, 2, 3, MergeId(9)).await.unwrap(), [], "a no the person took back is none");
    }
}

#[test]
fn the_source_of_a_form_names_page_and_form() {
    assert_eq!(read_source("site-form www.example.com/contact ask us"), Some(("www.example.com/contact", "ask us")));
    assert_eq!(read_source("site-form www.example.com/contact"), Some(("www.example.com/contact", "")));
    assert_eq!((read_source("form"), read_source("site-forms x")), (None, None));
}

proptest! {
    #[test]
    fn no_box_is_a_yes_after_a_no_that_was_not_taken_back(history in prop::collection::vec(0_usize..3, 0..8), at in 0_i64..10) {
        let states: Vec<State> = history.iter().map(|state| [State::Given, State::Withdrawn, State::Pending][*state]).collect();
        let decided = states.iter().rfind(|state| **state != State::Pending).copied();
        let words = states.last().map(|newest| Words { at: i64::try_from(states.len()).unwrap(), newest: *newest, decided });
        let worth = weigh(at, words.as_ref());
        if decided == Some(State::Withdrawn) {
            prop_assert!(worth != Worth::Yes);
        }
        if words.is_some_and(|words| at <= words.at) {
            prop_assert_eq!(worth, Worth::Nothing, "a tick that is older than what was said last");
        }
        if states.is_empty() {
            prop_assert_eq!(worth, Worth::Yes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn the_ledger_answers_like_a_replayed_history(history in prop::collection::vec((1_i64..4, 0_usize..3, any::<bool>()), 0..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = attune_testkit::lite(&crate::test_migrations()).await;
            let db = store.db();
            let clock = attune_testkit::clock();
            let ids = attune_testkit::ids(&clock);
            let mut expected = std::collections::HashMap::new();
            let mut tx = db.begin().await.unwrap();
            for (contact, channel, given) in history {
                let (channel, state) = (CHANNELS[channel], if given { State::Given } else { State::Withdrawn });
                record(&mut tx, &ids, clock.now(), &[said(contact, channel, state)]).await.unwrap();
                expected.insert((contact, channel), state);
            }
            for channel in CHANNELS {
                let held = states(&mut tx, channel, 1..4).await.unwrap();
                for contact in 1..4 {
                    assert_eq!(held.get(&contact), expected.get(&(contact, channel)));
                }
            }
        });
    }
}
