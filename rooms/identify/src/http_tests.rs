//! The pages and the API of contacts, companies and imports through the whole web, with roles.

use attune_db::Db;
use attune_events::{Event, append};
use attune_house::{Room, SettingDef, SettingKind, write_setting};
use attune_testkit::{StatusCode, TestApp};
use serde_json::{Value as Json, json};

use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

attune_testkit::on_both_dbs! {
    async fn a_contact_is_made_edited_undone_and_deleted(db: Db) {
        let site = site(db);
        let wrong = site.post("agent", "/contacts", "name=&email=nobody").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("aria-invalid") && wrong.has("nobody"), "{}", wrong.body);
        let made = site.post("agent", "/contacts", "name=Lena+Hoffmann&email=lena@brandt.example&company=Brandt&stage=lead&owner_id=1").await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let page = site.get("agent", made.leads()).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.has("Lena Hoffmann") && page.has("Brandt") && page.has("Became a contact"), "{}", page.body);
        assert!(!page.has("identify-"), "a text is missing: {}", page.body);
        let form = site.part("agent", &format!("{}/field/city", made.leads())).await;
        assert!(form.has("name=\"value\"") && form.has("autofocus") && !form.has("<html"), "{}", form.body);
        let saved = site.post("agent", &format!("{}/field/city", made.leads()), "value=Dortmund").await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER);
        assert_ne!(saved.cookie("attune_flash"), "");
        assert!(site.get("agent", made.leads()).await.has("Dortmund"));
        site.post("agent", &format!("{}/undo?key=city&value=", made.leads()), "").await;
        assert!(!site.get("agent", made.leads()).await.has("· Dortmund"));
        site.post("agent", &format!("{}/notes", made.leads()), "body=Budget+is+released").await;
        assert!(site.get("agent", &format!("{}?show=notes", made.leads())).await.has("Budget is released"));
        assert_eq!(site.post("agent", &format!("{}/delete", made.leads()), "").await.status, StatusCode::FORBIDDEN);
        assert_eq!(site.post("manager", &format!("{}/delete", made.leads()), "").await.status, StatusCode::SEE_OTHER);
        assert_eq!(site.get("admin", made.leads()).await.status, StatusCode::NOT_FOUND);
    }

    async fn roles_see_what_their_scope_covers(db: Db) {
        let site = site(db);
        let made = site.post("agent", "/contacts", "name=Elsa&stage=lead&owner_id=1").await;
        for (role, status) in [("admin", StatusCode::OK), ("manager", StatusCode::OK), ("other", StatusCode::NOT_FOUND)] {
            assert_eq!(site.get(role, made.leads()).await.status, status, "{role}");
        }
        assert!(site.get("other", "/contacts").await.has("No contacts yet"));
        assert!(site.get("manager", "/contacts?q=els&view=&sort=name").await.has("Elsa"));
        assert_eq!(site.get("agent", "/imports").await.status, StatusCode::FORBIDDEN);
        assert_eq!(site.get("agent", "/contacts/export").await.status, StatusCode::FORBIDDEN);
        assert_ne!(site.get("", "/contacts").await.status, StatusCode::OK);
        let file = site.post("admin", "/contacts/export", "query=").await;
        assert!(file.body.starts_with("id,external_id,name") && file.has("Elsa"), "{}", file.body);
        let file = site.post("admin", "/contacts/export", "query=&format=json").await;
        let people: Json = serde_json::from_str(&file.body).unwrap();
        assert_eq!((people.as_array().unwrap().len(), &people[0]["name"]), (1, &json!("Elsa")));
        let none = site.post("admin", "/contacts/export", "query=q%3Dnobody&format=json").await;
        assert_eq!(serde_json::from_str::<Json>(&none.body).unwrap(), json!([]));
        let id = made.leads().rsplit('/').next().unwrap();
        let moved = site.post("admin", "/contacts/bulk", &format!("ids={id}&act=assign&owner_id=2")).await;
        assert_eq!(moved.status, StatusCode::SEE_OTHER);
        assert_eq!(site.get("other", made.leads()).await.status, StatusCode::OK);
        assert!(site.get("admin", "/palette?q=els").await.has("Elsa"));
    }

    async fn a_file_goes_through_the_pages_and_back(db: Db) {
        let site = site(db);
        let sent = site.upload("admin", "/imports", "leads.csv", "Prospect ID,Name,Email,Level\na-1,Elsa,elsa@fisk.example,Select\na-2,Ruben,broken,Gold\na-3,王小明,xm@heng.example,Gold\n".as_bytes()).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let map = site.get("admin", sent.leads()).await;
        assert!(map.has("Prospect ID") && map.has("Select"), "{}", map.body);
        let base = sent.leads().trim_end_matches("/map").to_owned();
        let form = "to_0=external_id&to_1=name&to_2=email&to_3=field:text&key=Prospect+ID&empty=Select";
        assert_eq!(site.post("admin", sent.leads(), form).await.leads(), format!("{base}/check"));
        let check = site.get("admin", &format!("{base}/check")).await;
        assert!(check.has("Import 2 rows") && check.has("One row was not taken"), "{}", check.body);
        assert_eq!(site.post("admin", &format!("{base}/start"), "").await.status, StatusCode::SEE_OTHER);
        site.settle().await;
        let done = site.get("admin", &base).await;
        assert!(done.has("Done") && done.has("This is not an email address"), "{}", done.body);
        assert!(site.get("admin", "/contacts?q=%E5%B0%8F%E6%98%8E").await.has("王小明"));
        assert!(site.get("admin", &format!("{base}/errors.csv")).await.has("broken"));
        assert_eq!(site.post("admin", &format!("{base}/undo"), "").await.status, StatusCode::SEE_OTHER);
        site.settle().await;
        assert!(site.get("admin", &base).await.has("Undone"));
        assert!(site.get("admin", "/contacts").await.has("No contacts yet"));
        assert!(!site.get("admin", "/imports").await.has("identify-"));
    }

    async fn programs_and_companies(db: Db) {
        let site = site(db);
        let new = json!({ "name": "Ada Lovelace", "email": "ada@engine.example", "company": "Engine Ltd", "external_id": "7" });
        let ada = site.json("admin", "POST", "/api/v1/contacts", &new).await.is(StatusCode::CREATED).json();
        site.json("admin", "POST", "/api/v1/contacts", &new).await.is(StatusCode::CONFLICT);
        site.json("admin", "POST", "/api/v1/contacts", &json!({})).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let path = format!("/api/v1/contacts/{}", ada["id"].as_str().unwrap());
        let changed = site.json("admin", "PATCH", &path, &json!({ "city": "London", "stage": "customer" })).await.json();
        assert_eq!((changed["city"].as_str(), changed["stage"].as_str()), (Some("London"), Some("customer")));
        site.json("other", "PATCH", &path, &json!({ "city": "Paris" })).await.is(StatusCode::NOT_FOUND);
        let list = site.json("admin", "GET", "/api/v1/contacts?q=lovel", &Json::Null).await.json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        let company = format!("/companies/{}", ada["company_id"].as_str().unwrap());
        let page = site.get("admin", &company).await;
        assert!(page.has("Engine Ltd") && page.has("Ada Lovelace") && !page.has("identify-"), "{}", page.body);
        site.post("admin", &format!("{company}/field/city"), "value=London").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", "/companies?q=engine").await.has("London"));
        let wrong = site.post("admin", &format!("{company}/field/name"), "value=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("aria-invalid"), "{}", wrong.body);
        site.post("admin", "/companies", "name=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let companies = site.json("admin", "GET", "/api/v1/companies", &Json::Null).await.json();
        assert_eq!(companies["items"][0]["city"], "London");
    }

    async fn an_open_page_hears_of_its_own_contact_only(db: Db) {
        let site = site(db.clone());
        let mine = site.post("agent", "/contacts", "name=Lena&stage=lead&owner_id=1").await;
        let theirs = site.post("other", "/contacts", "name=Elsa&stage=lead&owner_id=2").await;
        let stream_of = |contact: &str| format!("{contact}/stream?since={}&show=", i64::MAX);
        site.get("other", &stream_of(mine.leads())).await.is(StatusCode::NOT_FOUND);
        site.get("", &stream_of(mine.leads())).await.is(StatusCode::SEE_OTHER);
        let page = site.get("agent", mine.leads()).await;
        assert!(page.has("<noscript><a class=\"btn quiet\" href=\"/contacts/con_"), "{}", page.body);
        let address = page.body.split("hx-sse:connect=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        let mut frames = site.stream("agent", &address).await;
        let happen = async |contact: &str, subject: &str| {
            let id = attune_kernel::decode_id("con", contact.rsplit('/').next().unwrap()).unwrap();
            let mut tx = db.begin().await.unwrap();
            append(&mut tx, &mut [Event::new("page.viewed", site.app().clock.now() + 1).contact(id).subject(subject)]).await.unwrap();
            tx.commit().await.unwrap();
        };
        happen(theirs.leads(), "/theirs").await;
        happen(mine.leads(), "/mine").await;
        let frame = frames.next().await.unwrap();
        assert!(frame.contains(">1 new<") || frame.contains("1 new"), "{frame}");
        assert!(!frame.contains("2 new") && !frame.contains("/theirs"), "{frame}");
        site.post("admin", "/contacts/bulk", &format!("ids={}&act=assign&owner_id=2", mine.leads().rsplit('/').next().unwrap())).await.is(StatusCode::SEE_OTHER);
        assert_eq!(frames.next().await, None, "whoever has lost the contact hears no more of it");
    }

    async fn an_open_page_ends_with_the_program(db: Db) {
        let site = site(db);
        let made = site.post("agent", "/contacts", "name=Lena&stage=lead&owner_id=1").await;
        let stop = tokio_util::sync::CancellationToken::new();
        let tasks = site.app().start(&stop);
        let mut frames = site.stream("agent", &format!("{}/stream?since={}&show=", made.leads(), i64::MAX)).await;
        stop.cancel();
        assert_eq!(frames.next().await, None);
        for task in tasks {
            task.await.unwrap();
        }
    }

    async fn imported_people_count_as_the_setting_says(db: Db) {
        let setting = SettingDef { key: "interact.imported_consent", label_key: "x", kind: SettingKind::Bool, default: "true" };
        let site = TestApp::start(db.clone(), |parts| vec![crate::room(parts, &Collector::start(parts)), Room::new("sender").settings([setting])]);
        let alone = self::site(db.clone());
        let sent = site.upload("admin", "/imports", "leads.csv", b"name,email\nLena,lena@brandt.example\n").await;
        let base = sent.leads().trim_end_matches("/map").to_owned();
        site.post("admin", &format!("{base}/start"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        let made = site.post("admin", "/contacts", "name=Elsa&stage=lead&owner_id=9").await;
        let elsa = site.part("admin", &format!("{}/consent", made.leads())).await;
        assert!(elsa.has("Marketing needs consent first") && !elsa.has("Imported people"), "{}", elsa.body);
        let list = site.json("admin", "GET", "/api/v1/contacts?q=lena", &Json::Null).await.json();
        let lena = format!("/contacts/{}/consent", list["items"][0]["id"].as_str().unwrap());
        let counts = site.part("admin", &lena).await;
        assert!(counts.has("Counts as given") && !counts.has("needs consent first"), "{}", counts.body);
        assert!(alone.part("admin", &lena).await.has("Marketing needs consent first"), "where nobody sends, nothing is promised");
        let mut tx = db.begin().await.unwrap();
        write_setting(&mut tx, setting.key, "false", None, 1).await.unwrap();
        tx.commit().await.unwrap();
        let waits = site.part("admin", &lena).await;
        assert!(waits.has("Not given") && waits.has("before they agree"), "{}", waits.body);
        site.post("admin", &lena, "channel=email&purpose=marketing&state=withdrawn&source=message&wording=No").await.is(StatusCode::SEE_OTHER);
        let said = site.part("admin", &lena).await;
        assert!(said.has("Withdrawn") && !said.has("Imported people"), "their own word holds: {}", said.body);
    }
}
