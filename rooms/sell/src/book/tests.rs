use attune_db::params;
use attune_identify::company::{self, CompanyDraft};
use attune_identify::contact::{self, By, ContactDraft};
use attune_identify::promise;
use attune_identify::relationship::Record;
use attune_kernel::DAY_US;
use attune_testkit::{StatusCode, TestApp};
use attune_web::{Actor, Scope};
use serde_json::{Value, json};

use crate::handover::{Sharing, share_out};
use crate::task::{self, TaskDraft, Wording};
use crate::tests::stage::Stage;

/// Tom's book: 4 contacts (2 in Germany, of one firm; 1 in France; 1 nowhere), the firm, 3 open tasks, a hand-over that is offered to him, and
/// 2 open promises, to Anna and to the firm; one to Chloé is kept.
struct Shop {
    stage: Stage,
    site: TestApp,
    people: Vec<i64>,
    offered: i64,
}

const TOM: i64 = 3;
const BOOK: &str = "/settings/staff/3/book";

impl Shop {
    async fn new(db: attune_db::Db) -> Self {
        let stage = Stage::new(db).await;
        let actor = Actor::system();
        let by = By { actor: &actor, now: stage.now(), ids: &stage.ids };
        let mut tx = stage.db.begin().await.unwrap();
        let firm = CompanyDraft { name: "Nordwerk".to_owned(), owner_id: Some(TOM), ..CompanyDraft::default() };
        let firm = company::create(&mut tx, &by, firm).await.unwrap();
        let mut people = Vec::new();
        for (name, country, company) in
            [("Anna", "Germany", Some("Nordwerk")), ("Bert", "germany", Some("Nordwerk")), ("Chloé", "France", None), ("Dora", "", None)]
        {
            let country = (!country.is_empty()).then(|| country.to_owned());
            let draft = ContactDraft {
                name: name.to_owned(),
                country,
                company: company.map(str::to_owned),
                owner_id: Some(TOM),
                ..ContactDraft::default()
            };
            people.push(contact::create(&mut tx, &by, draft).await.unwrap());
        }
        for contact_id in [Some(people[0]), Some(people[2]), None] {
            let title = Wording::typed("Call");
            let draft = TaskDraft {
                title,
                reason: Wording::typed("Why"),
                owner_id: TOM,
                team_id: Some(70),
                due_at: None,
                contact_id,
                cause_key: None,
            };
            task::create(&mut tx, &stage.ids, stage.now(), &actor, &draft).await.unwrap();
        }
        for record in [Record::Contact(people[0]), Record::Contact(people[2]), Record::Company(firm.id)] {
            let (side, what) = ("ours".to_owned(), "Call back".to_owned());
            let draft = promise::Draft { side, what, staff_id: TOM, due_at: stage.now() + DAY_US, remind_days: 0, note_id: None };
            let id = promise::create(&mut tx, &by, &Scope::All, record, &draft).await.unwrap();
            if record == Record::Contact(people[2]) {
                promise::settle(&mut tx, &by, &Scope::All, id, "kept").await.unwrap();
            }
        }
        tx.commit().await.unwrap();
        let offered = stage.people(1).await[0];
        let mut tx = stage.db.begin().await.unwrap();
        let sharing = Sharing { leads: &[offered], reps: &[(TOM, 1)], origin: "push_funnel", origin_id: 900 };
        share_out(&mut tx, &stage.ids, stage.now(), &actor, &sharing, None).await.unwrap();
        tx.commit().await.unwrap();
        let site = stage.site();
        Self { stage, site, people, offered }
    }

    async fn owner(&self, contact_id: i64) -> Option<i64> {
        let mut tx = self.stage.db.read().await.unwrap();
        let row = tx.get("the contact", "SELECT owner_id FROM contacts WHERE id = $1", params![contact_id]).await.unwrap();
        row.get("owner_id").unwrap()
    }

    /// How much each has: contacts, companies, open tasks, hand-overs, open promises.
    async fn holds(&self, staff_id: i64) -> [i64; 5] {
        let figures = super::list_figures(&mut self.stage.db.read().await.unwrap(), &[staff_id]).await.unwrap()[&staff_id];
        [figures.contacts, figures.companies, figures.tasks, figures.handovers, figures.promises]
    }

    /// Hands the book over as Mei, who leads the team; answers the address of the hand-over.
    async fn hand_over(&self, form: &str) -> String {
        let got = self.site.post("Mei", BOOK, form).await.is(StatusCode::SEE_OTHER);
        self.site.settle().await;
        got.leads().to_owned()
    }
}

attune_testkit::on_both_dbs! {
    async fn a_preview_says_who_gets_what_and_writes_nothing(db: Db) {
        let shop = Shop::new(db).await;
        assert_eq!(shop.holds(TOM).await, [4, 1, 3, 1, 2]);
        let page = shop.site.get("Mei", &format!("{BOOK}?rule=country&at%3AGermany=4&rest=2&show=1&list=4")).await.is(StatusCode::OK);
        for words in ["Anna", "Bert", "Nordwerk"] {
            assert!(page.has(words), "{words} is not listed: {}", page.body);
        }
        assert!(!page.has("Chloé") && !page.has("book-"), "{}", page.body);
        let rule = json!({ "rule": "territory", "by": "country", "places": { "Germany": 4 }, "rest": 2 });
        let got = shop.site.json("Mei", "POST", "/api/v1/staff/3/book/preview", &rule).await.is(StatusCode::OK).json();
        let gets = |index: usize| got["shares"][index]["gets"].clone();
        // The firm has no country of its own: it goes with its people.
        assert_eq!(gets(1), json!({ "contacts": 2, "companies": 1, "tasks": 1, "handovers": 0, "promises": 2 }));
        assert_eq!(gets(0), json!({ "contacts": 2, "companies": 0, "tasks": 2, "handovers": 1, "promises": 0 }));
        assert_eq!(shop.holds(TOM).await, [4, 1, 3, 1, 2], "nothing has changed hands");
        for (rule, way) in [("one", "to=4"), ("load", "with%3A4=1&with%3A2=1"), ("city", "rest=4"), ("grade", "grade%3AA=4&rest=2")] {
            let page = shop.site.get("Mei", &format!("{BOOK}?rule={rule}&{way}&show=1")).await.is(StatusCode::OK);
            assert!(page.has("Who would get what") && page.has("Lin"), "{rule}: {}", page.body);
        }
    }

    async fn a_book_goes_to_others_with_all_that_hangs_on_it(db: Db) {
        let shop = Shop::new(db).await;
        let book = shop.hand_over("rule=country&at%3AGermany=4&rest=2&show=1").await;
        assert_eq!((shop.holds(TOM).await, shop.holds(4).await, shop.holds(2).await), ([0; 5], [2, 1, 1, 0, 2], [2, 0, 2, 1, 0]));
        assert_eq!((shop.owner(shop.people[0]).await, shop.owner(shop.offered).await), (Some(4), None), "who is only offered has no owner yet");
        let page = shop.site.get("Mei", &book).await.is(StatusCode::OK);
        assert!(page.has("Lin") && page.has("Mei") && page.has("Undo"), "{}", page.body);
        let told = shop.stage.number("SELECT count(*) FROM events WHERE name = 'contact.owner_changed' AND subject = 'book'").await;
        assert_eq!(told, 4);
        for (action, count) in [("contact.owner_changed", 4), ("task.passed_on", 3), ("lead.passed_on", 1), ("promise.passed_on", 2), ("book.handed_over", 1)] {
            let noted = format!("SELECT count(*) FROM audit_log WHERE action = '{action}' AND staff_id = 2");
            assert_eq!(shop.stage.number(&noted).await, count, "{action}");
        }
        assert_eq!(shop.stage.number("SELECT count(*) FROM tasks WHERE owner_id = 4 AND team_id = 70").await, 1);
        assert_eq!(shop.stage.number("SELECT count(*) FROM book_rows WHERE state = 'given'").await, 11);
    }

    async fn an_undo_gives_back_what_nobody_has_moved_since(db: Db) {
        let shop = Shop::new(db).await;
        let book = shop.hand_over("rule=one&to=4").await;
        assert_eq!(shop.holds(4).await, [4, 1, 3, 1, 2]);
        let mut tx = shop.stage.db.begin().await.unwrap();
        let actor = Actor::system();
        let by = By { actor: &actor, now: shop.stage.now(), ids: &shop.stage.ids };
        contact::assign_owner(&mut tx, &by, &[shop.people[3]], Some(5), "").await.unwrap();
        tx.commit().await.unwrap();
        shop.site.post("Mei", &format!("{book}/undo"), "").await.is(StatusCode::SEE_OTHER);
        shop.site.settle().await;
        assert_eq!((shop.holds(TOM).await, shop.holds(4).await), ([3, 1, 3, 1, 2], [0; 5]));
        assert_eq!(shop.owner(shop.people[3]).await, Some(5), "what was moved on since stays");
        let page = shop.site.get("Mei", &book).await.is(StatusCode::OK);
        assert!(page.has("10 things are Tom’s again") && page.has("1 thing had been moved on"), "{}", page.body);
        shop.site.post("Mei", &format!("{book}/undo"), "").await.is(StatusCode::CONFLICT);
    }

    async fn what_somebody_else_has_by_then_is_not_taken(db: Db) {
        let shop = Shop::new(db).await;
        let book = shop.site.post("Mei", BOOK, "rule=one&to=4").await.is(StatusCode::SEE_OTHER).leads().to_owned();
        let id: crate::book::BookId = book.rsplit('/').next().unwrap().parse().unwrap();
        let mut tx = shop.stage.db.begin().await.unwrap();
        let found = crate::book::store::find(&mut tx, id.0).await.unwrap().unwrap();
        crate::book::plan(&mut tx, &found, shop.stage.now()).await.unwrap();
        tx.exec("UPDATE contacts SET owner_id = 5 WHERE id = $1", params![shop.people[0]]).await.unwrap();
        tx.exec("UPDATE tasks SET done_at = 1, done_by = 3 WHERE contact_id = $1", params![shop.people[2]]).await.unwrap();
        tx.commit().await.unwrap();
        let again = shop.site.post("Mei", BOOK, "rule=one&to=2").await;
        assert_eq!(again.status, StatusCode::CONFLICT, "one hand-over of a book at a time");
        shop.site.settle().await;
        assert_eq!((shop.holds(4).await, shop.owner(shop.people[0]).await), ([3, 1, 2, 1, 2], Some(5)));
        assert_eq!(shop.stage.number("SELECT count(*) FROM book_rows WHERE state = 'missed'").await, 2);
    }

    async fn a_book_is_stopped_before_it_begins(db: Db) {
        let shop = Shop::new(db).await;
        let book = shop.site.post("Mei", BOOK, "rule=one&to=4").await.is(StatusCode::SEE_OTHER).leads().to_owned();
        shop.site.post("Mei", &format!("{book}/stop"), "").await.is(StatusCode::SEE_OTHER);
        shop.site.settle().await;
        assert_eq!(shop.holds(TOM).await, [4, 1, 3, 1, 2]);
        assert!(shop.site.get("Mei", &book).await.is(StatusCode::OK).has("Stopped"));
        shop.hand_over("rule=one&to=4").await;
        assert_eq!(shop.holds(4).await, [4, 1, 3, 1, 2]);
    }

    async fn only_those_who_lead_hand_books_over_and_only_within_their_team(db: Db) {
        let shop = Shop::new(db).await;
        shop.site.get("Tom", BOOK).await.is(StatusCode::FORBIDDEN);
        shop.site.get("Mei", "/settings/staff/5/book").await.is(StatusCode::NOT_FOUND);
        shop.site.get("Ada", "/settings/staff/5/book").await.is(StatusCode::OK);
        shop.site.get("Ada", "/settings/staff/99/book").await.is(StatusCode::NOT_FOUND);
        for form in ["rule=one&to=5", "rule=one&to=3", "rule=one", "rule=load", "rule=country&rest="] {
            let got = shop.site.post("Mei", BOOK, form).await.is(StatusCode::UNPROCESSABLE_ENTITY);
            assert!(got.has("role=\"alert\""), "{form}: {}", got.body);
        }
        let book = shop.hand_over("rule=one&to=4").await;
        shop.site.get("Tom", &book).await.is(StatusCode::FORBIDDEN);
        shop.site.post("Tom", &format!("{book}/undo"), "").await.is(StatusCode::FORBIDDEN);
        let api = book.replace("/settings/", "/api/v1/");
        shop.site.json("Tom", "POST", &format!("{api}/undo"), &Value::Null).await.is(StatusCode::FORBIDDEN);
    }

    async fn a_program_hands_a_book_over_and_takes_it_back(db: Db) {
        let shop = Shop::new(db).await;
        let got = shop.site.get("Ada", "/api/v1/staff/3/book").await.is(StatusCode::OK).json();
        assert_eq!(got["holds"], json!({ "contacts": 4, "companies": 1, "tasks": 3, "handovers": 1, "promises": 2 }));
        let wrong = shop.site.json("Ada", "POST", "/api/v1/staff/3/book", &json!({ "rule": "load", "to": [3] })).await;
        wrong.is(StatusCode::UNPROCESSABLE_ENTITY);
        let begun = shop.site.json("Ada", "POST", "/api/v1/staff/3/book", &json!({ "rule": "load", "to": [2, 4, 5] })).await;
        let begun = begun.is(StatusCode::ACCEPTED).json();
        let href = format!("/api/v1/books/{}", begun["id"].as_str().unwrap());
        shop.site.settle().await;
        let shown = shop.site.get("Ada", &href).await.is(StatusCode::OK).json();
        assert_eq!((shown["state"].as_str(), shown["done"].as_i64()), (Some("done"), Some(11)), "{shown}");
        assert_eq!(shop.holds(TOM).await, [0; 5]);
        shop.site.json("Ada", "POST", &format!("{href}/undo"), &Value::Null).await.is(StatusCode::ACCEPTED);
        shop.site.settle().await;
        assert_eq!(shop.holds(TOM).await, [4, 1, 3, 1, 2]);
    }
}
