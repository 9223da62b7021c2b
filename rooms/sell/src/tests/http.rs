use attune_identify::company::{self, CompanyDraft};
use attune_identify::contact::{self, By, ContactDraft, ContactId};
use attune_identify::promise::{self, Draft};
use attune_identify::relationship::Record;
use attune_testkit::{Got, StatusCode, TestApp};
use attune_web::{Actor, Scope};

use crate::handover::{HandoverId, Sharing, share_out};
use crate::tests::stage::Stage;

struct Browser {
    stage: Stage,
    site: TestApp,
    people: Vec<i64>,
}

impl Browser {
    async fn new(db: attune_db::Db) -> Self {
        let stage = Stage::new(db).await;
        let people = stage.people(2).await;
        let mut tx = stage.db.begin().await.unwrap();
        let sharing = Sharing { leads: &people, reps: &[(3, 1), (5, 1)], origin: "push_funnel", origin_id: 900 };
        share_out(&mut tx, &stage.ids, stage.now(), &Actor::system(), &sharing, None).await.unwrap();
        tx.commit().await.unwrap();
        let site = stage.site();
        Self { stage, site, people }
    }

    async fn get(&self, who: &str, path: &str) -> Got {
        self.site.get(who, path).await
    }

    async fn post(&self, who: &str, path: &str, form: &str) -> Got {
        self.site.post(who, path, form).await
    }

    /// The hand-over of the contact at `index`, and the name of its rep.
    async fn offer(&self, index: usize) -> (HandoverId, &'static str) {
        let mut tx = self.stage.db.read().await.unwrap();
        let handover = crate::handover::find_of_contact(&mut tx, self.people[index]).await.unwrap().unwrap();
        (HandoverId(handover.id), if handover.rep_id == Some(3) { "Tom" } else { "Zoe" })
    }
}

attune_testkit::on_both_dbs! {
    async fn every_page_opens_for_those_who_may(db: Db) {
        let browser = Browser::new(db).await;
        let pages = ["/", "/tasks", "/tasks?view=all&due=done", "/tasks/new", "/hand-overs", "/hand-overs?view=waiting", "/hand-overs?view=rejected&mine=1", "/today/changes?name=mail.clicked"];
        for page in pages {
            for who in ["Ada", "Mei", "Tom"] {
                let got = browser.get(who, page).await;
                assert_eq!(got.status, StatusCode::OK, "{page} for {who}: {}", got.body);
            }
            let nobody = browser.get("Nobody", page).await.status;
            assert!(nobody.is_redirection(), "{page} asks strangers to sign in, not {nobody}");
        }
        browser.get("Mei", "/hand-overs/reps").await.is(StatusCode::OK);
        browser.get("Tom", "/hand-overs/reps").await.is(StatusCode::FORBIDDEN);
        browser.get("Tom", "/today/changes?name=nothing").await.is(StatusCode::NOT_FOUND);
        let panel = format!("/tasks/of/{}", ContactId(browser.people[0]));
        browser.get("Ada", &panel).await.is(StatusCode::OK);
        browser.get("Ada", &format!("/hand-overs/of/{}", ContactId(browser.people[0]))).await.is(StatusCode::OK);
        assert_eq!(browser.get("Tom", &panel).await.status, StatusCode::NOT_FOUND, "not Tom's contact yet");
    }

    async fn a_rep_answers_own_offers_only(db: Db) {
        let browser = Browser::new(db).await;
        let (offer, rep) = browser.offer(0).await;
        let other = if rep == "Tom" { "Zoe" } else { "Tom" };
        browser.get(other, &format!("/hand-overs/{offer}")).await.is(StatusCode::NOT_FOUND);
        browser.post(other, &format!("/hand-overs/{offer}/accept"), "").await.is(StatusCode::NOT_FOUND);
        let page = browser.get(rep, &format!("/hand-overs/{offer}")).await.is(StatusCode::OK);
        assert!(page.has("Pass back"), "{}", page.body);
        browser.post(rep, &format!("/hand-overs/{offer}/reject"), "reason=&note=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        browser.post(rep, &format!("/hand-overs/{offer}/reject"), "reason=other&note=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let accepted = browser.post(rep, &format!("/hand-overs/{offer}/accept?next=%2F"), "").await.is(StatusCode::SEE_OTHER);
        assert_eq!(accepted.leads(), "/");
        browser.post(rep, &format!("/hand-overs/{offer}/accept"), "").await.is(StatusCode::CONFLICT);
        let today = browser.get(rep, "/").await;
        assert!(today.has("First talk with P1"), "{}", today.body);
        let (next, rep) = browser.offer(1).await;
        browser.post(rep, &format!("/hand-overs/{next}/reject"), "reason=too_small&note=").await.is(StatusCode::SEE_OTHER);
    }

    async fn what_was_promised_stands_on_today_and_what_comes_next_on_the_record(db: Db) {
        let browser = Browser::new(db).await;
        let stage = &browser.stage;
        let actor = Actor::system();
        let by = By { actor: &actor, now: stage.now(), ids: &stage.ids };
        let mut tx = stage.db.begin().await.unwrap();
        let draft = ContactDraft { name: "Lena".to_owned(), owner_id: Some(3), ..ContactDraft::default() };
        let lena = contact::create(&mut tx, &by, draft).await.unwrap();
        let due_at = by.now - 1;
        let drawings = Draft { side: "ours".to_owned(), what: "Send the drawings".to_owned(), staff_id: 3, due_at, remind_days: 0, note_id: None };
        promise::create(&mut tx, &by, &Scope::All, Record::Contact(lena), &drawings).await.unwrap();
        tx.commit().await.unwrap();
        let today = browser.get("Tom", "/").await;
        assert!(today.has("Send the drawings") && today.has("You promise Lena"), "{}", today.body);
        assert!(!browser.get("Zoe", "/").await.has("Send the drawings"));
        let next = format!("/tasks/next/{}", ContactId(lena));
        assert!(browser.get("Tom", &next).await.has("Plan something"));
        let task = format!("title=Call+Lena&reason=asked&due=2026-11-21&contact={}&next=%2F", ContactId(lena));
        browser.post("Tom", "/tasks", &task).await.is(StatusCode::SEE_OTHER);
        assert!(browser.get("Tom", &next).await.has("Call Lena"));
        browser.get("Zoe", &next).await.is(StatusCode::NOT_FOUND);
    }

    async fn a_company_tells_what_comes_first_of_its_people_and_itself(db: Db) {
        let browser = Browser::new(db).await;
        let stage = &browser.stage;
        let actor = Actor::system();
        let by = By { actor: &actor, now: stage.now(), ids: &stage.ids };
        let mut tx = stage.db.begin().await.unwrap();
        let firm = company::create(&mut tx, &by, CompanyDraft { name: "Fisk".to_owned(), ..CompanyDraft::default() }).await.unwrap();
        let person = |name: &str, owner| ContactDraft {
            name: name.to_owned(),
            company: Some("Fisk".to_owned()),
            owner_id: Some(owner),
            ..ContactDraft::default()
        };
        let lena = contact::create(&mut tx, &by, person("Lena", 3)).await.unwrap();
        let otto = contact::create(&mut tx, &by, person("Otto", 5)).await.unwrap();
        tx.commit().await.unwrap();
        let next = format!("/tasks/next-of-company/{}", firm.shown_id());
        assert!(browser.get("Tom", &next).await.has("Nothing is planned"));
        let task = |title: &str, due: &str, who| format!("title={title}&due={due}&contact={}&next=%2F", ContactId(who));
        browser.post("Tom", "/tasks", &task("Call+Lena", "2026-11-25", lena)).await.is(StatusCode::SEE_OTHER);
        browser.post("Zoe", "/tasks", &task("Visit+Otto", "2026-11-23", otto)).await.is(StatusCode::SEE_OTHER);
        let tom = browser.get("Tom", &next).await;
        assert!(tom.has("Call Lena") && tom.has(">Lena</a>") && !tom.has("Otto"), "{}", tom.body);
        assert!(browser.get("Zoe", &next).await.has("Visit Otto"));
        let mut tx = stage.db.begin().await.unwrap();
        let due_at = stage.now() + attune_kernel::DAY_US;
        let draft = Draft { side: "theirs".to_owned(), what: "Send the plans".to_owned(), staff_id: 3, due_at, remind_days: 0, note_id: None };
        promise::create(&mut tx, &by, &Scope::All, Record::Company(firm.id), &draft).await.unwrap();
        tx.commit().await.unwrap();
        let tom = browser.get("Tom", &next).await;
        assert!(tom.has("They promised: Send the plans") && !tom.has("Call Lena"), "{}", tom.body);
    }

    async fn a_task_goes_its_way(db: Db) {
        let browser = Browser::new(db).await;
        browser.post("Tom", "/tasks", "title=&due=tomorrow").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let made = browser.post("Tom", "/tasks", "title=Call+P1&reason=asked&due=2026-11-21&next=%2F").await.is(StatusCode::SEE_OTHER);
        assert_eq!(made.leads(), "/");
        assert_eq!(browser.post("Tom", "/tasks", "title=For+Zoe&owner=5").await.status, StatusCode::UNPROCESSABLE_ENTITY, "agents give no work to others");
        browser.post("Mei", "/tasks", "title=For+Lin&owner=4").await.is(StatusCode::SEE_OTHER);
        let id = crate::task::TaskId(browser.stage.number("SELECT id FROM tasks WHERE title = 'Call P1'").await);
        browser.get("Zoe", &format!("/tasks/{id}")).await.is(StatusCode::NOT_FOUND);
        browser.get("Tom", &format!("/tasks/{id}")).await.is(StatusCode::OK);
        browser.post("Tom", &format!("/tasks/{id}"), "title=Call+P1+twice&due=").await.is(StatusCode::SEE_OTHER);
        browser.post("Tom", &format!("/tasks/{id}/postpone"), "").await.is(StatusCode::SEE_OTHER);
        assert_eq!(browser.post("Tom", &format!("/tasks/{id}/done?next=https://evil.example"), "").await.is(StatusCode::SEE_OTHER).leads(), "/");
        assert_eq!(browser.stage.number("SELECT count(*) FROM tasks WHERE done_at IS NOT NULL").await, 1);
        browser.post("Tom", &format!("/tasks/{id}/reopen"), "").await.is(StatusCode::SEE_OTHER);
        let part = axum::http::Request::post(format!("/tasks/{id}/done")).header("hx-request", "true");
        let line = browser.site.send("Tom", part.header("content-type", "application/x-www-form-urlencoded"), "").await;
        assert!(line.body.starts_with("<li") && line.has("data-undo"), "{}", line.body);
    }

    async fn a_cap_is_set_by_a_manager_and_fills_at_once(db: Db) {
        let browser = Browser::new(db).await;
        browser.post("Tom", "/hand-overs/reps", "staff=3&cap=9").await.is(StatusCode::FORBIDDEN);
        assert_eq!(browser.post("Mei", "/hand-overs/reps", "staff=5&cap=9").await.status, StatusCode::NOT_FOUND, "another team's rep");
        browser.post("Mei", "/hand-overs/reps", "staff=3&cap=many").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        browser.post("Mei", "/hand-overs/reps", "staff=3&cap=9").await.is(StatusCode::SEE_OTHER);
        assert_eq!(browser.stage.number("SELECT cap FROM rep_caps WHERE staff_id = 3").await, 9);
        browser.post("Mei", "/hand-overs/reps", "staff=3&cap=").await.is(StatusCode::SEE_OTHER);
        assert_eq!(browser.stage.number("SELECT count(*) FROM rep_caps").await, 0);
    }

    async fn somebody_is_handed_over_by_hand(db: Db) {
        let browser = Browser::new(db).await;
        let new = browser.stage.people(1).await[0];
        let path = format!("/hand-overs/of/{}", ContactId(new));
        browser.post("Tom", &path, "rep=3").await.is(StatusCode::FORBIDDEN);
        browser.post("Ada", &path, "rep=999").await.is(StatusCode::CONFLICT);
        browser.post("Ada", &path, "rep=3").await.is(StatusCode::SEE_OTHER);
        assert_eq!(browser.stage.number("SELECT count(*) FROM handovers WHERE origin = 'manual' AND rep_id = 3 AND state = 'offered'").await, 1);
        browser.post("Ada", "/today/steps/hide", "").await.is(StatusCode::SEE_OTHER);
        browser.post("Tom", "/today/steps/hide", "").await.is(StatusCode::FORBIDDEN);
    }
}
