//! Boxes ticked in forms of a site: what of them is in the log, and what of that may be noted down.

use attune_events::{Event, list_after};
use attune_kernel::{HOUR_US, SECOND_US};
use serde_json::{Value as Json, json};

use super::{BOT, CHROME, Stage};
use crate::consent::{ConsentDraft, Heard, State, TICKED, doubted_in, heard_in, record};
use crate::stitching::contact_token;

fn form(stage: &Stage, id: &str, boxes: &[(&str, &str)]) -> Json {
    let boxes: Vec<Json> = boxes.iter().map(|(of, wording)| json!({ "for": of, "wording": wording })).collect();
    let props = json!({ "form": "ask us", "fields": ["email", "letter"], "consents": boxes });
    json!({ "id": id, "name": "form.submitted", "at": stage.now_ms(), "url": "/contact?from=mail", "props": props })
}

const LETTER: (&str, &str) = ("email:marketing", "Yes, send me the letter");

/// What may be noted down once these events are in the log.
async fn heard(stage: &Stage) -> Vec<Heard> {
    let events = stage.events().await;
    let mut tx = stage.db.begin().await.unwrap();
    heard_in(&mut tx, &events).await.unwrap()
}

async fn say(stage: &Stage, contact_id: i64, state: State) {
    let draft = ConsentDraft {
        contact_id,
        channel: "email".to_owned(),
        purpose: "marketing".to_owned(),
        state,
        source: "staff".to_owned(),
        wording: None,
        proof: None,
        staff_id: None,
    };
    let mut tx = stage.db.begin().await.unwrap();
    record(&mut tx, &stage.ids, stage.clock.now(), &[draft]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn known(stage: &Stage, visitor: &str, contact: i64) {
    let token = contact_token(&stage.secret, contact, stage.clock.now());
    stage.send(visitor, &[stage.identified(&format!("known-{visitor}-{}", stage.now_ms()), &token)]).await;
}

attune_testkit::on_both_dbs! {
    async fn a_box_is_an_event_of_its_own_behind_its_form(db: Db) {
        let stage = Stage::new(db);
        let lena = stage.contact("Lena", "lena@example.com").await;
        known(&stage, "laptop", lena).await;
        let sent = form(&stage, "f1", &[LETTER, ("phone:service", "Call me back")]);
        let written = stage.send("laptop", std::slice::from_ref(&sent)).await;
        assert_eq!((written.logged, written.repeated), (3, 0));
        assert_eq!(stage.send("laptop", &[sent]).await.repeated, 3, "sent again, logged once");
        let events = stage.events().await;
        let submitted = events.iter().find(|event| event.name == "form.submitted").unwrap();
        assert_eq!(submitted.props_json(), json!({ "form": "ask us", "fields": ["email", "letter"] }));
        let ticked: Vec<&Event> = events.iter().filter(|event| event.name == TICKED).collect();
        assert_eq!(ticked.iter().map(|event| event.subject.as_deref().unwrap()).collect::<Vec<_>>(), ["email/marketing", "phone/service"]);
        assert!(ticked.iter().all(|event| (event.contact_id, event.session_id) == (Some(lena), submitted.session_id)));
        let facts = json!({ "channel": "email", "purpose": "marketing", "wording": LETTER.1, "form": "ask us", "page": "www.example.com/contact" });
        assert_eq!(ticked[0].props_json(), facts);

        let heard = heard(&stage).await;
        assert_eq!(heard.len(), 2);
        let (letter, seq) = (&heard[0], ticked[0].seq);
        assert_eq!((letter.draft.contact_id, letter.draft.state, letter.confirmed_only), (lena, State::Given, false));
        assert_eq!((letter.draft.source.as_str(), letter.draft.wording.as_deref()), ("site-form www.example.com/contact ask us", Some(LETTER.1)));
        assert!(letter.draft.proof.as_deref().unwrap().starts_with(&format!("event {seq} at 20")), "{letter:?}");
    }

    async fn a_box_waits_for_whoever_ticked_it_to_be_known(db: Db) {
        let stage = Stage::new(db);
        let (lena, omar) = (stage.contact("Lena", "lena@example.com").await, stage.contact("Omar", "omar@example.com").await);
        stage.send("laptop", &[form(&stage, "f1", &[LETTER])]).await;
        assert_eq!(heard(&stage).await, [], "nobody is nobody's yes");
        let claim = json!({ "id": "c1", "name": "visitor.identified", "at": stage.now_ms(), "url": "/", "props": { "traits": { "email": "omar@example.com" } } });
        stage.send("laptop", &[claim]).await;
        assert_eq!(heard(&stage).await, [], "anybody can type an address");
        stage.clock.advance(SECOND_US);
        known(&stage, "laptop", lena).await;
        assert_eq!(heard(&stage).await.iter().map(|heard| heard.draft.contact_id).collect::<Vec<_>>(), [lena]);
        // Somebody else turns out to sit there: who of the two ticked, nobody knows.
        stage.clock.advance(SECOND_US);
        known(&stage, "laptop", omar).await;
        assert_eq!(heard(&stage).await, [], "the box is nobody's");
        // A visit of the past is over: nobody is asked who sat there.
        stage.send("tablet", &[form(&stage, "f2", &[LETTER])]).await;
        stage.clock.advance(2 * HOUR_US);
        let before = stage.events().await.last().unwrap().seq;
        known(&stage, "tablet", omar).await;
        let mut tx = stage.db.begin().await.unwrap();
        let later = list_after(&mut tx, before, i64::MAX, &[], 100).await.unwrap();
        assert!(later.iter().any(|event| event.name == "visitor.identified"));
        assert_eq!(heard_in(&mut tx, &later).await.unwrap(), []);
    }

    async fn a_yes_is_doubted_once_the_same_visit_is_somebody_elses(db: Db) {
        let stage = Stage::new(db);
        let (lena, omar) = (stage.contact("Lena", "lena@example.com").await, stage.contact("Omar", "omar@example.com").await);
        let doubts = async || {
            let events = stage.events().await;
            let mut tx = stage.db.begin().await.unwrap();
            doubted_in(&mut tx, &events).await.unwrap()
        };
        let note = async |drafts: &[ConsentDraft]| {
            stage.clock.advance(SECOND_US);
            let mut tx = stage.db.begin().await.unwrap();
            record(&mut tx, &stage.ids, stage.clock.now(), drafts).await.unwrap();
            tx.commit().await.unwrap();
            stage.clock.advance(SECOND_US);
        };
        known(&stage, "laptop", lena).await;
        stage.send("laptop", &[form(&stage, "f1", &[LETTER, ("phone:marketing", "Call me")])]).await;
        let noted: Vec<ConsentDraft> = heard(&stage).await.into_iter().map(|heard| heard.draft).collect();
        assert_eq!(noted.len(), 2);
        note(&noted).await;
        note(&[ConsentDraft { source: "staff".to_owned(), proof: None, ..noted[1].clone() }]).await;
        assert_eq!(doubts().await, []);
        // The page that says thank you tells that it was Omar.
        known(&stage, "laptop", omar).await;
        let doubted = doubts().await;
        assert_eq!(doubted, [ConsentDraft { state: State::Pending, ..noted[0].clone() }], "what Lena said herself since stands");
        note(&doubted).await;
        assert_eq!((doubts().await, heard(&stage).await), (vec![], vec![]), "once");
        // What a visit of the past left behind is nobody else's.
        known(&stage, "tablet", lena).await;
        stage.send("tablet", &[form(&stage, "f2", &[LETTER])]).await;
        let noted: Vec<ConsentDraft> = heard(&stage).await.into_iter().map(|heard| heard.draft).collect();
        note(&noted).await;
        stage.clock.advance(2 * HOUR_US);
        known(&stage, "tablet", omar).await;
        assert_eq!((noted.len(), doubts().await), (1, vec![]));
    }

    async fn whoever_goes_while_a_box_is_heard_says_nothing(db: Db) {
        let stage = Stage::new(db);
        let lena = stage.contact("Lena", "lena@example.com").await;
        known(&stage, "laptop", lena).await;
        stage.send("laptop", &[form(&stage, "f1", &[LETTER])]).await;
        assert_eq!(heard(&stage).await.len(), 1);
        let events = stage.events().await;
        let mut goes = stage.db.begin().await.unwrap();
        goes.exec("UPDATE contacts SET deleted_at = 1", attune_db::params![]).await.unwrap();
        let db = stage.db.clone();
        let hears = tokio::spawn(async move {
            let mut tx = db.begin().await.unwrap();
            heard_in(&mut tx, &events).await.unwrap()
        });
        // Long enough to have read the boxes and to wait for the person.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        goes.commit().await.unwrap();
        assert_eq!(hears.await.unwrap(), []);
    }

    async fn a_no_is_undone_by_no_box_and_a_tick_counts_once(db: Db) {
        let stage = Stage::new(db);
        let lena = stage.contact("Lena", "lena@example.com").await;
        known(&stage, "laptop", lena).await;
        let tick = async |id: &str| {
            stage.clock.advance(SECOND_US);
            stage.send("laptop", &[form(&stage, id, &[LETTER])]).await;
        };
        let confirmed_only = async || heard(&stage).await.iter().map(|heard| heard.confirmed_only).collect::<Vec<_>>();
        tick("f1").await;
        assert_eq!(confirmed_only().await, [false]);
        say(&stage, lena, State::Withdrawn).await;
        assert_eq!(confirmed_only().await, Vec::<bool>::new(), "what was said at the same moment or later beats the box");
        tick("f2").await;
        assert_eq!(confirmed_only().await, [true]);
        stage.clock.advance(SECOND_US);
        say(&stage, lena, State::Pending).await;
        assert_eq!(confirmed_only().await, Vec::<bool>::new());
        tick("f3").await;
        assert_eq!(confirmed_only().await, [true], "the request that waits hides no no");
        stage.clock.advance(SECOND_US);
        say(&stage, lena, State::Given).await;
        tick("f4").await;
        assert_eq!(confirmed_only().await, Vec::<bool>::new(), "who has agreed agrees once");
        let mut tx = stage.db.begin().await.unwrap();
        tx.exec("UPDATE contacts SET deleted_at = 1", attune_db::params![]).await.unwrap();
        tx.exec("DELETE FROM consents", attune_db::params![]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(confirmed_only().await, Vec::<bool>::new(), "who was deleted says nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_and_strangers_agree_to_nothing() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let stage = Stage::new(store.db());
    let lena = stage.contact("Lena", "lena@example.com").await;
    known(&stage, "laptop", lena).await;
    stage.send_as(BOT, "laptop", &[form(&stage, "f1", &[LETTER])]).await;
    let mut no_form = form(&stage, "x", &[LETTER]);
    no_form["name"] = json!("cart.added");
    assert_eq!(stage.send_as(CHROME, "laptop", &[no_form]).await.logged, 1, "only a form has boxes");
    assert!(stage.events().await.iter().all(|event| event.name != TICKED));
    let forged = stage.read_as(CHROME, "laptop", &[json!({ "id": "y", "name": "consent.ticked", "at": stage.now_ms() })]).await;
    assert_eq!(forged.dropped[0].reason.code(), "reserved_name");
    assert_eq!(heard(&stage).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_behind_the_same_address_agrees_for_a_colleague() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let stage = Stage::new(store.db());
    let lena = stage.contact("Lena", "lena@example.com").await;
    let token = contact_token(&stage.secret, lena, stage.clock.now());
    let cookieless = async |events: &[Json]| {
        let mut body = stage.body("", events);
        body.as_object_mut().unwrap().remove("visitor");
        let passed = stage.collector.read(&stage.client(CHROME), body.to_string().as_bytes()).await.unwrap().unwrap();
        let left_out: Vec<&str> = passed.left_out.iter().map(|part| part.reason.code()).collect();
        assert_eq!(passed.dropped, []);
        let left_out = left_out.join(" ");
        stage.collector.offer(passed.hits).await.unwrap();
        left_out
    };
    assert_eq!(cookieless(&[stage.identified("i1", &token), form(&stage, "f1", &[])]).await, "", "Lena is told by her address for a day");
    assert_eq!(cookieless(&[form(&stage, "f2", &[LETTER])]).await, "bad_consent", "and so is the colleague, who ticks");
    let events = stage.events().await;
    let forms: Vec<Option<i64>> = events.iter().filter(|event| event.name == "form.submitted").map(|event| event.contact_id).collect();
    assert_eq!(forms, [Some(lena), Some(lena)], "the two are one visitor");
    assert!(events.iter().all(|event| event.name != TICKED));
    assert_eq!(heard(&stage).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_that_names_nothing_is_left_out_and_its_form_is_kept() {
    let store = attune_testkit::lite(&crate::test_migrations()).await;
    let stage = Stage::new(store.db());
    let passed = stage.read_as(CHROME, "laptop", &[stage.view("p", "/"), form(&stage, "f1", &[("email:newsletter", "Yes"), LETTER])]).await;
    assert_eq!(passed.hits.iter().map(|hit| hit.event.name.as_ref()).collect::<Vec<_>>(), ["page.viewed", "form.submitted", TICKED]);
    assert_eq!(passed.dropped, []);
    assert_eq!(passed.left_out.iter().map(|part| (part.index, part.reason.code())).collect::<Vec<_>>(), [(1, "bad_consent")]);
    let wordy = "长".repeat(1_000);
    let boxes: Vec<(&str, &str)> =
        ["email:marketing", "email:service", "email:profiling", "sms:marketing"].map(|of| (of, wordy.as_str())).into();
    let passed = stage.read_as(CHROME, "laptop", &[form(&stage, "f2", &boxes)]).await;
    assert_eq!((passed.hits.len(), passed.dropped), (5, vec![]), "long words are kept whole");
    let mut much = form(&stage, "f3", &boxes);
    much["props"]["note"] = json!("x".repeat(9_000));
    assert_eq!(stage.read_as(CHROME, "laptop", &[much]).await.dropped[0].reason.code(), "too_long", "but nothing else beside them");
}
