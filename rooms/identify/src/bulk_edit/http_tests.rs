use attune_db::{Db, params};
use attune_testkit::{Colleague, StatusCode, TestApp, parts};
use attune_web::{Actor, Grant, Scope};
use serde_json::json;

use crate::contact::{By, ContactId};
use crate::relationship::Record;
use crate::sharing::{self, ShareDraft, With};
use crate::tracking::Collector;

/// Who sees everybody and changes one's own.
const LOOKER: Colleague = Colleague::new("agent", 1).called("looker").granted(&[("identify.contact.view", Grant::All)]);
/// Who changes everybody, but is shown only the addresses of one's own.
const KEEPER: Colleague = Colleague::new("agent", 4).called("keeper").granted(&[
    ("identify.contact.view", Grant::All),
    ("identify.contact.edit", Grant::All),
    ("identify.address.view", Grant::Own),
]);
const COLLEAGUES: [Colleague; 6] = [
    KEEPER,
    Colleague::new("admin", 9),
    Colleague::new("agent", 1).of_team(10),
    Colleague::new("agent", 2).of_team(20).called("other"),
    LOOKER,
    Colleague::new("agent", 3).called("reader").granted(&[("identify.contact.edit", Grant::None)]),
];

fn site(db: Db) -> TestApp {
    let parts = parts(db);
    let rooms = vec![crate::room(&parts, &Collector::start(&parts))];
    TestApp::open(parts, rooms, &COLLEAGUES)
}

async fn person(site: &TestApp, name: &str, owner: i64) -> String {
    let made = site.post("admin", "/contacts", &format!("name={name}&stage=lead&told=1&owner_id={owner}")).await.is(StatusCode::SEE_OTHER);
    made.leads().to_owned()
}

fn id(href: &str) -> &str {
    href.rsplit('/').next().unwrap()
}

async fn city(db: &Db, name: &str) -> Option<String> {
    let mut tx = db.read().await.unwrap();
    tx.find("SELECT city FROM contacts WHERE name = $1", params![name]).await.unwrap().unwrap().at(0).unwrap()
}

attune_testkit::on_both_dbs! {
    async fn a_field_is_chosen_looked_at_set_and_taken_back(db: Db) {
        let site = site(db.clone());
        let (lena, tom) = (person(&site, "Lena", 1).await, person(&site, "Tom", 2).await);
        site.post("admin", &format!("{lena}/field/city"), "value=Bonn").await.is(StatusCode::SEE_OTHER);
        let nobody = site.get("admin", "/contacts/edits/new").await.is(StatusCode::SEE_OTHER);
        assert_ne!(nobody.cookie("attune_flash"), "");
        let new = site.post("admin", "/contacts/bulk", "act=edit&all=1&query=stage%3Dlead").await.is(StatusCode::SEE_OTHER);
        let page = site.get("admin", new.leads()).await.is(StatusCode::OK);
        assert!(page.has("Contacts selected: 2") && page.has(">City</option>") && !page.has("bulk-edit-"), "{}", page.body);
        let asked = format!("{}&key=city", new.leads());
        assert!(site.get("admin", &asked).await.has("Empty it instead"));
        let wrong = site.get("admin", &format!("{asked}&look=1&value=")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("Choose a value, or empty it"), "{}", wrong.body);
        let look = site.get("admin", &format!("{asked}&look=1&value=Kassel")).await.is(StatusCode::OK);
        assert!(look.has(">Bonn</th>") && look.has(">empty</th>") && look.has("Change 2 contacts"), "{}", look.body);
        site.post("reader", "/contacts/edits", "all=1&query=&key=city&value=Kassel").await.is(StatusCode::FORBIDDEN);
        site.post("admin", "/contacts/edits", "all=1&query=&key=email&value=x").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let made = site.post("admin", "/contacts/edits", "all=1&query=stage%3Dlead&key=city&value=Kassel").await.is(StatusCode::SEE_OTHER);
        let waiting = site.get("admin", made.leads()).await;
        assert!(waiting.has("Waiting") && waiting.has("/cancel") && waiting.has("/stream"), "{}", waiting.body);
        site.settle().await;
        assert_eq!((city(&db, "Lena").await.as_deref(), city(&db, "Tom").await.as_deref()), (Some("Kassel"), Some("Kassel")));
        site.get("other", made.leads()).await.is(StatusCode::NOT_FOUND);
        site.post("other", &format!("{}/undo", made.leads()), "").await.is(StatusCode::NOT_FOUND);
        assert!(site.get("other", "/contacts/edits").await.has("No bulk edits yet"));
        let list = site.get("admin", "/contacts/edits").await;
        assert!(list.has("City: Kassel") && list.has("Done") && !list.has("bulk-edit-"), "{}", list.body);
        site.post("admin", &format!("{tom}/field/city"), "value=Hagen").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{}/undo", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!((city(&db, "Lena").await.as_deref(), city(&db, "Tom").await.as_deref()), (Some("Bonn"), Some("Hagen")));
        let over = site.get("admin", made.leads()).await;
        assert!(over.has("Undone") && over.has("Somebody has changed the value since") && over.has(">Tom</a>"), "{}", over.body);
        site.post("admin", &format!("{}/undo", made.leads()), "").await.is(StatusCode::CONFLICT);
    }

    async fn only_ones_own_are_changed_and_the_others_are_said(db: Db) {
        let site = site(db.clone());
        person(&site, "Lena", 1).await;
        let tom = person(&site, "Tom", 2).await;
        // An agent's "all" are one's own.
        site.post("agent", "/contacts/edits", "all=1&query=&key=city&value=Kassel").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!((city(&db, "Lena").await.as_deref(), city(&db, "Tom").await.as_deref()), (Some("Kassel"), None));
        // Whoever sees more than they may change is told whom it left out.
        let look = site.get("looker", "/contacts/edits/new?all=1&query=&key=city&value=Essen&look=1").await;
        assert!(look.has("You may not change this contact") && look.has("Change one contact"), "{}", look.body);
        let made = site.post("looker", "/contacts/edits", "all=1&query=&key=city&value=Essen").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!((city(&db, "Lena").await.as_deref(), city(&db, "Tom").await.as_deref()), (Some("Essen"), None));
        let over = site.get("looker", made.leads()).await;
        assert!(over.has("You may not change this contact") && over.has(">Tom</a>"), "{}", over.body);
        // Ids that are beyond what somebody sees are nobody's.
        let made = site.post("agent", "/contacts/edits", &format!("ids={}&key=city&value=Hamm", id(&tom))).await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!(city(&db, "Tom").await, None);
        assert!(!site.get("agent", made.leads()).await.has("Tom"));
    }

    async fn the_preview_judges_as_the_edit_does(db: Db) {
        let site = site(db.clone());
        person(&site, "Lena", 1).await;
        let tom = person(&site, "Tom", 2).await;
        let (app, system) = (site.app(), Actor::system());
        let by = By { actor: &system, now: app.clock.now(), ids: &app.ids };
        let mut tx = db.begin().await.unwrap();
        let with = ShareDraft { with: With::Staff(1), until_at: None, reason: String::new() };
        let record = Record::Contact(id(&tom).parse::<ContactId>().unwrap().0);
        sharing::share(&mut tx, &by, &Scope::All, record, &with).await.unwrap();
        tx.commit().await.unwrap();
        // What is shared is worked on, but not given away.
        let look = |edit: &str| format!("/contacts/edits/new?all=1&query=&look=1&{edit}");
        assert!(site.get("agent", &look("key=city&value=Essen")).await.has("Change 2 contacts"));
        let away = site.get("agent", &look("key=owner_id&value=2")).await;
        assert!(away.has("Change one contact") && away.has("You may not change this contact"), "{}", away.body);
        site.post("agent", "/contacts/edits", "all=1&query=&key=owner_id&empty=1").await.is(StatusCode::SEE_OTHER);
        // Somebody unknown is not shown as the first one could choose.
        let wrong = site.get("agent", &look("key=owner_id&value=77")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("<option value=\"\">"), "{}", wrong.body);
    }

    async fn an_address_that_a_colleague_has_set_is_masked(db: Db) {
        let site = site(db);
        person(&site, "Lena", 1).await;
        let made = site.post("admin", "/contacts/edits", "all=1&query=&key=title&value=ask%20tom@brandt.example").await;
        let made = made.is(StatusCode::SEE_OTHER).leads().to_owned();
        assert!(site.get("admin", &made).await.has("ask tom@brandt.example"));
        for page in [made.as_str(), "/contacts/edits"] {
            let shown = site.get("keeper", page).await.is(StatusCode::OK);
            assert!(shown.has("ask ") && !shown.has("tom@brandt.example"), "{}", shown.body);
        }
    }

    async fn an_edit_whose_job_is_lost_is_not_stuck(db: Db) {
        let site = site(db.clone());
        person(&site, "Lena", 1).await;
        let made = site.post("admin", "/contacts/edits", "all=1&query=&key=city&value=Hamm").await.is(StatusCode::SEE_OTHER);
        let lose = async || {
            let mut tx = db.begin().await.unwrap();
            tx.exec("UPDATE jobs SET state = 'failed' WHERE state = 'ready'", params![]).await.unwrap();
            tx.commit().await.unwrap();
        };
        lose().await;
        let shown = site.get("admin", made.leads()).await;
        assert!(shown.has("Stopped") && shown.has("Try again with those who are left") && !shown.has("/stream"), "{}", shown.body);
        let made = site.post("admin", "/contacts/edits", "all=1&query=&key=city&value=Kassel").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        site.post("admin", &format!("{}/undo", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        lose().await;
        let shown = site.get("admin", made.leads()).await;
        assert!(shown.has("Stopped") && shown.has("Undo it once more") && shown.has("/undo"), "{}", shown.body);
        site.post("admin", &format!("{}/undo", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert!(site.get("admin", made.leads()).await.has("Undone"));
        assert_eq!(city(&db, "Lena").await, None);
    }

    async fn cards_move_only_for_whom_one_may_change(db: Db) {
        let site = site(db);
        person(&site, "Lena", 1).await;
        person(&site, "Tom", 2).await;
        let cards = async |who: &str| {
            let board = site.get(who, "/contacts?layout=board").await.is(StatusCode::OK).body;
            let card = |name: &str| board.split("<li class=\"card bcard\"").find(|card| card.contains(&format!(">{name}</a>"))).unwrap().to_owned();
            ["Lena", "Tom"].map(|name| (card(name).contains("data-card"), card(name).contains("/contacts/board/move")))
        };
        assert_eq!(cards("admin").await, [(true, true), (true, true)]);
        assert_eq!(cards("looker").await, [(true, true), (false, false)]);
    }

    async fn whoever_gave_contacts_away_can_take_them_back(db: Db) {
        let site = site(db.clone());
        let lena = person(&site, "Lena", 1).await;
        let made = site.post("agent", "/contacts/edits", &format!("ids={}&key=owner_id&value=2", id(&lena))).await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        site.get("agent", &lena).await.is(StatusCode::NOT_FOUND);
        site.get("other", &lena).await.is(StatusCode::OK);
        site.post("agent", &format!("{}/undo", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        site.get("agent", &lena).await.is(StatusCode::OK);
        // But not what is another's by now.
        let made = site.post("agent", "/contacts/edits", &format!("ids={}&key=city&value=Hamm", id(&lena))).await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        site.post("admin", &format!("{lena}/field/owner_id"), "value=2").await.is(StatusCode::SEE_OTHER);
        site.post("agent", &format!("{}/undo", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!(city(&db, "Lena").await.as_deref(), Some("Hamm"));
        let over = site.get("agent", made.leads()).await;
        assert!(over.has("A contact you may not see") && !over.has("Lena"), "{}", over.body);
    }

    async fn what_nobody_has_begun_ends_at_once(db: Db) {
        let site = site(db.clone());
        person(&site, "Lena", 1).await;
        let made = site.post("admin", "/contacts/edits", "all=1&query=&key=city&value=Hamm").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{}/cancel", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!(city(&db, "Lena").await, None);
        assert!(site.get("admin", made.leads()).await.has("Cancelled"));
        site.post("admin", &format!("{}/cancel", made.leads()), "").await.is(StatusCode::CONFLICT);
    }

    async fn a_field_that_names_a_record_is_set_for_many_by_whoever_sees_whom_it_names(db: Db) {
        let site = site(db);
        site.post("admin", "/contacts/fields", "label=Referee&kind=contact").await.is(StatusCode::SEE_OTHER);
        let (ada, carl, eve) = (person(&site, "Ada", 1).await, person(&site, "Carl", 1).await, person(&site, "Eve", 1).await);
        let bob = person(&site, "Bob", 2).await;
        site.post("admin", &format!("{eve}/field/f:referee"), &format!("was=none&value={}", id(&bob))).await.is(StatusCode::SEE_OTHER);
        let look = async |words: &str| site.get("agent", &format!("/contacts/edits/new?all=1&query=&key=f:referee&look=1&{words}")).await;
        let wrong = look("q=Bob").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("No record you see is meant") && wrong.has(r#"value="Bob""#), "{}", wrong.body);
        let part = look("q=ad").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(part.has(&format!(r#"type="radio" name="value" value="{}""#, id(&ada))), "whom it may be can be chosen: {}", part.body);
        assert!(part.has("Choose who is meant"), "{}", part.body);
        let page = look("q=Ada").await.is(StatusCode::OK);
        assert!(page.has("Referee: Ada") && page.has("Change one contact") && page.has("would refer to itself") && !page.has("Bob"), "{}", page.body);
        assert!(page.has(&format!(r#"name="value" value="{}""#, id(&ada))), "the one looked at is meant: {}", page.body);
        let made = site.post("agent", "/contacts/edits", &format!("all=1&query=&key=f:referee&value={}", id(&ada))).await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        let over = site.get("agent", made.leads()).await;
        assert!(over.has("Referee: Ada") && over.has("to a record you do not see") && over.has("cannot refer to itself") && !over.has("Bob"), "{}", over.body);
        assert!(site.get("agent", "/contacts/edits").await.has("Referee: Ada"));
        assert!(site.get("agent", &carl).await.has(">Ada</a>") && site.get("admin", &eve).await.has(">Bob</a>"));
        let clear = site.post("admin", "/contacts/edits", "all=1&query=&key=f:referee&empty=1").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert!(!site.get("agent", &carl).await.has(">Ada</a>") && !site.get("admin", &eve).await.has(">Bob</a>"));
        site.post("admin", &format!("{}/undo", clear.leads()), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert!(site.get("agent", &carl).await.has(">Ada</a>") && site.get("admin", &eve).await.has(">Bob</a>"));
    }

    async fn programs_ask_count_end_and_take_back(db: Db) {
        let site = site(db.clone());
        let (lena, _) = (person(&site, "Lena", 1).await, person(&site, "Tom", 2).await);
        let ask = async |who: &str, body: serde_json::Value| site.json(who, "POST", "/api/v1/bulk-edits", &body).await;
        let wanted = json!({ "filter": "stage=lead", "attribute": "city", "value": "Bonn" });
        let mut trying = wanted.clone();
        trying["dry_run"] = json!(true);
        assert_eq!(ask("looker", trying.clone()).await.is(StatusCode::OK).json(), json!({ "total": 2, "looked": 2, "change": 1, "same": 0, "refused": 1 }));
        assert_eq!(city(&db, "Lena").await, None, "trying changes nobody");
        ask("reader", wanted.clone()).await.is(StatusCode::FORBIDDEN);
        for wrong in [json!({ "filter": "stages=lead", "attribute": "city" }), json!({ "filter": "", "attribute": "shoe", "value": "4" }), json!({ "ids": [], "attribute": "stage", "value": null })] {
            ask("admin", wrong).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        }
        ask("admin", json!({ "filter": "", "ids": [], "attribute": "city" })).await.is(StatusCode::BAD_REQUEST);
        let edit = ask("looker", wanted).await.is(StatusCode::ACCEPTED).json();
        let address = format!("/api/v1/bulk-edits/{}", edit["id"].as_str().unwrap());
        site.settle().await;
        let done = site.get("looker", &address).await.json();
        assert_eq!((&done["state"], &done["changed"], &done["refused"], &done["value"]), (&json!("done"), &json!(1), &json!(1), &json!("Bonn")));
        assert_eq!(city(&db, "Tom").await, None);
        let left = site.get("looker", &format!("{address}/left")).await.json();
        assert_eq!((&left["items"][0]["cause"], left["items"].as_array().unwrap().len()), (&json!("scope"), 1));
        // Somebody else's edit is not there.
        for (method, what) in [("GET", ""), ("GET", "/left"), ("POST", "/cancel"), ("POST", "/undo")] {
            let request = http::Request::builder().method(method).uri(format!("{address}{what}"));
            assert_eq!(site.send("other", request, "").await.status, StatusCode::NOT_FOUND, "{what}");
        }
        assert_eq!(site.get("other", "/api/v1/bulk-edits").await.json()["items"], json!([]));
        site.json("looker", "POST", &format!("{address}/cancel"), &json!({})).await.is(StatusCode::CONFLICT);
        site.json("looker", "POST", &format!("{address}/undo"), &json!({})).await.is(StatusCode::ACCEPTED);
        site.settle().await;
        assert_eq!((city(&db, "Lena").await, site.get("looker", &address).await.json()["state"].clone()), (None, json!("undone")));
        let one = ask("admin", json!({ "ids": [id(&lena)], "attribute": "title", "value": "Boss" })).await.is(StatusCode::ACCEPTED).json();
        assert_eq!((&one["total"], &one["attribute"]), (&json!(1), &json!("title")));
    }

    async fn programs_edit_companies_in_the_same_way(db: Db) {
        let site = site(db.clone());
        let (actor, now) = (attune_web::Actor::system(), site.app().clock.now());
        let by = crate::contact::By { actor: &actor, now, ids: &site.app().ids };
        let mut tx = db.begin().await.unwrap();
        let mut firms = Vec::new();
        for (name, owner_id) in [("Fisk", 1), ("Falk", 2)] {
            let draft = crate::company::CompanyDraft { name: name.to_owned(), owner_id: Some(owner_id), ..Default::default() };
            firms.push(crate::company::CompanyId(crate::company::create(&mut tx, &by, draft).await.unwrap().id).to_string());
        }
        tx.commit().await.unwrap();
        let ask = async |who: &str, body: serde_json::Value| site.json(who, "POST", "/api/v1/bulk-edits", &body).await;
        let wanted = json!({ "of": "company", "ids": firms, "attribute": "industry", "value": "Retail" });
        let mut trying = wanted.clone();
        trying["dry_run"] = json!(true);
        assert_eq!(ask("looker", trying).await.is(StatusCode::OK).json(), json!({ "total": 2, "looked": 2, "change": 1, "same": 0, "refused": 1 }));
        let mut wrong = wanted.clone();
        wrong["of"] = json!("contact");
        ask("admin", wrong).await.is(StatusCode::BAD_REQUEST);
        ask("admin", json!({ "of": "company", "filter": "stage=lead", "attribute": "industry" })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let edit = ask("looker", wanted).await.is(StatusCode::ACCEPTED).json();
        site.settle().await;
        let address = format!("/api/v1/bulk-edits/{}", edit["id"].as_str().unwrap());
        let done = site.get("looker", &address).await.json();
        assert_eq!((&done["of"], &done["changed"], &done["refused"]), (&json!("company"), &json!(1), &json!(1)));
        let industry = async |id: &str| site.get("admin", &format!("/api/v1/companies/{id}")).await.json()["industry"].clone();
        assert_eq!((industry(&firms[0]).await, industry(&firms[1]).await), (json!("Retail"), serde_json::Value::Null));
        let left = site.get("looker", &format!("{address}/left")).await.json();
        assert_eq!((&left["items"][0]["company"], &left["items"][0]["cause"]), (&json!(firms[1]), &json!("scope")));
        let listed = |page: serde_json::Value| page["items"].as_array().map_or(0, Vec::len);
        assert_eq!(listed(site.get("looker", "/api/v1/bulk-edits?of=company").await.json()), 1);
        assert_eq!(listed(site.get("looker", "/api/v1/bulk-edits").await.json()), 0);
        site.json("looker", "POST", &format!("{address}/undo"), &json!({})).await.is(StatusCode::ACCEPTED);
        site.settle().await;
        assert_eq!(industry(&firms[0]).await, serde_json::Value::Null);
    }
}
