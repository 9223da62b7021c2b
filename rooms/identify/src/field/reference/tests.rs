use std::collections::BTreeSet;

use attune_db::{Db, Tx, params};
use attune_house::ContactTable;
use attune_testkit::{StatusCode, TestApp};
use attune_web::Scope;
use serde_json::{Value as Json, json};

use super::*;
use crate::contact::{By as Deed, ContactDraft};
use crate::erasure::{self, Traces};
use crate::field::{self, FieldDraft, FieldKind, Typed};
use crate::merge::{self, Pair};
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

fn tables() -> Vec<ContactTable> {
    let own = crate::CONTACT_TABLES.into_iter().chain(crate::sockets::CONTACT_TABLES);
    std::iter::once(ContactTable::EVENTS).chain(own).collect()
}

fn id_of(path: &str) -> String {
    path.rsplit('/').next().unwrap().to_owned()
}

/// The path of a new contact of this owner.
async fn person(site: &TestApp, name: &str, owner: i64) -> String {
    let made = site.post("admin", "/contacts", &format!("name={name}&stage=lead&told=1&owner_id={owner}")).await.is(StatusCode::SEE_OTHER);
    made.leads().to_owned()
}

async fn field_of(site: &TestApp, subject: &str, label: &str, kind: &str) {
    let form = format!("subject={subject}&label={label}&kind={kind}");
    site.post("admin", "/contacts/fields", &form).await.is(StatusCode::SEE_OTHER);
}

async fn copy_of(tx: &mut Tx, id: i64) -> String {
    tx.find("SELECT fields FROM contacts WHERE id = $1", params![id]).await.unwrap().unwrap().at(0).unwrap()
}

/// Whom a contact's `referee` names for somebody who sees everything.
async fn named(tx: &mut Tx, id: i64) -> Option<String> {
    let (mut contact, defs) = (contact::list_any(tx, [id]).await.unwrap().pop().unwrap(), field::list(tx).await.unwrap());
    show(tx, (&Scope::All, &Sight::FULL), &defs, [(id, &mut contact.fields)]).await.unwrap();
    contact.fields.get("referee").map(|value| part(value, "name").unwrap().to_owned())
}

async fn meanings(tx: &mut Tx) -> i64 {
    tx.count("SELECT count(*) FROM field_meanings", params![]).await.unwrap()
}

#[test]
fn an_id_is_read_as_an_export_writes_it() {
    let ada = shown_id(Subject::Contact, 7);
    for text in [ada.clone(), format!(" {ada} "), format!("Ada Lovelace ({ada})"), format!("Ada (the first) ( {ada} )")] {
        assert_eq!(read_id(Subject::Contact, &text), Some(7), "{text}");
    }
    for text in ["7", "(7)", "Ada", "con_", "com_0000000000007", "Ada (con_0000000000007) Lovelace"] {
        assert_eq!(read_id(Subject::Contact, text), None, "{text}");
    }
    let shown = json!({ "id": ada, "name": "Ada" });
    assert_eq!(read_id(Subject::Contact, in_file(&shown).as_str().unwrap()), Some(7));
    assert_eq!((in_program(&shown), in_program(&json!({ "hidden": true })), in_file(&Json::Null)), (json!(ada), json!(DOTS), Json::Null));
    let def = Field::of_draft(FieldDraft::plain("referee", "Referee", FieldKind::Contact));
    assert_eq!(def.typed(&json!(ada)), Some(Typed::Reference(7)));
    assert_eq!(def.typed(&json!("Ada")), None, "words are no record");
}

attune_testkit::on_both_dbs! {
    async fn a_field_names_a_record_on_its_page_in_lists_and_for_programs(db: Db) {
        let site = site(db.clone());
        field_of(&site, "contact", "Referee", "contact").await;
        field_of(&site, "contact", "Partner", "company").await;
        let (ada, carl) = (person(&site, "Ada", 1).await, person(&site, "Carl", 1).await);
        let firm = site.post("agent", "/companies", "name=Engines&domain=engines.example").await.is(StatusCode::SEE_OTHER).leads().to_owned();
        // In place: words find, a choice or one whole name decides.
        let place = format!("{carl}/field/f:referee");
        let form = site.part("agent", &place).await;
        assert!(form.has(r#"name="q""#) && form.has("hx-get") && !form.has("<html"), "{}", form.body);
        let found = site.part("agent", &format!("{place}?was=none&q=ad&value=")).await;
        assert!(found.has(&format!(r#"value="{}""#, id_of(&ada))) && !found.has("<form"), "{}", found.body);
        let emptied = site.part("agent", &format!("{place}?was=none&q=&value=")).await;
        assert!(!emptied.has("<form") && !emptied.has(&id_of(&ada)), "{}", emptied.body);
        let plain = site.get("agent", &format!("{place}?was=none&q=ad&value=")).await;
        assert!(plain.has("<form") && plain.has(&id_of(&ada)) && plain.has(r#"value="ad""#), "{}", plain.body);
        let wrong = site.post("agent", &place, "was=none&q=Grace").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("No record you see is meant") && wrong.has(r#"value="Grace""#), "{}", wrong.body);
        assert!(site.post("agent", &place, "was=none&q=ad").await.is(StatusCode::UNPROCESSABLE_ENTITY).has("Choose who is meant"));
        assert!(site.post("agent", &place, &format!("was=none&q=&value={}", id_of(&carl))).await.is(StatusCode::UNPROCESSABLE_ENTITY).has("cannot refer to itself"));
        let saved = site.post("agent", &place, "was=none&q=ada").await.is(StatusCode::SEE_OTHER);
        assert_ne!(saved.cookie("attune_flash"), "");
        let page = site.get("agent", &carl).await;
        assert!(page.has(&format!(r#"href="{ada}">Ada</a>"#)), "{}", page.body);
        // Whoever chose anew means the choice; whoever chose nobody, nobody.
        let was = id_of(&ada);
        site.post("agent", &place, &format!("was={was}&q=ada&value=none")).await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("agent", &carl).await.has(">Ada</a>"));
        site.post("agent", &format!("{carl}/undo?key=f%3Areferee&value={was}"), "").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("agent", &carl).await.has(">Ada</a>"));
        // By web domain, in the form for a new one, with a mistake kept.
        let new = "name=Dora&stage=lead&told=1&owner_id=1&f:partner=engines.example&f:referee=";
        let again = site.post("agent", "/contacts", &format!("{new}Grace")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.has(r#"value="Grace""#) && again.has("No record you see is meant"), "{}", again.body);
        let dora = site.post("agent", "/contacts", &format!("{new}Ada")).await.is(StatusCode::SEE_OTHER).leads().to_owned();
        assert!(site.get("agent", &dora).await.has(&format!(r#"href="{firm}">Engines</a>"#)));
        // Lists: a column, and filters that are looked for, set, and said.
        let list = async |query: &str| site.get("agent", &format!("/contacts?{query}")).await.is(StatusCode::OK);
        let asked = list("field=referee").await;
        assert!(asked.has("filled in") && asked.has("Find for Referee"), "{}", asked.body);
        assert!(list("field=referee&upto=ad").await.has(&format!(r#"<option value="{was}""#)));
        assert!(list("field=referee&upto=nobody").await.has("Nobody of this name"));
        let both = list(&format!("field=referee&value={was}&cols=f:referee")).await;
        assert!(both.has(">Carl<") && both.has(">Dora<") && both.has("Referee: Ada") && both.has(r#"<span class="cut">Ada</span>"#), "{}", both.body);
        assert!(!list("with=partner%3Dset").await.has(">Carl<") && list("with=partner%3Dset").await.has(">Dora<"));
        let none = list("with=partner%3Dunset").await;
        assert!(none.has(">Carl<") && none.has(">Ada<") && !none.has(">Dora<") && none.has("Partner: empty"), "{}", none.body);
        assert!(!list("with=referee%3DAda").await.has(">Carl<"), "a name is no filter");
        // Programs and files.
        let path = format!("/api/v1{dora}");
        assert_eq!(site.json("agent", "GET", &path, &Json::Null).await.json()["fields"], json!({ "referee": was, "partner": id_of(&firm) }));
        let sent = json!({ "fields": { "referee": "con_0000000000007" } });
        let refused = site.json("agent", "PATCH", &path, &sent).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.has("f:referee"), "{}", refused.body);
        let refused = site.json("agent", "POST", "/api/v1/contacts", &json!({ "name": "Eve", "fields": { "partner": "Nobody" } })).await;
        let refused = refused.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.has("fields.partner"), "{}", refused.body);
        let file = site.post("admin", "/contacts/export", "query=q%3Ddora").await;
        assert!(file.has(&format!("Ada ({was})")), "{}", file.body);
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM contacts WHERE fields LIKE '%Ada%' OR fields LIKE '%ngines%'", params![]).await.unwrap(), 0, "no name is kept");
    }

    async fn a_companys_field_names_a_person_and_a_renamed_one_is_called_by_the_new_name(db: Db) {
        let site = site(db.clone());
        field_of(&site, "company", "Sponsor", "contact").await;
        let ada = person(&site, "Ada", 1).await;
        let firm = site.post("admin", "/companies", "name=Engines").await.is(StatusCode::SEE_OTHER).leads().to_owned();
        let place = format!("{firm}/field/f:sponsor");
        assert!(site.part("admin", &format!("{place}?was=none&q=ad&value=")).await.has(&id_of(&ada)));
        assert!(site.post("admin", &place, "was=none&q=Grace").await.is(StatusCode::UNPROCESSABLE_ENTITY).has(r#"value="Grace""#));
        site.post("admin", &place, &format!("was=none&q=&value={}", id_of(&ada))).await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{ada}/field/name"), "value=Ada+King").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", &firm).await.has(&format!(r#"href="{ada}">Ada King</a>"#)));
        let list = site.get("admin", &format!("/companies?with=sponsor%3D{}&cols=sponsor", id_of(&ada))).await;
        assert!(list.has(">Engines<") && list.has("Sponsor: Ada King"), "{}", list.body);
        let api = format!("/api/v1{firm}");
        assert_eq!(site.json("admin", "GET", &api, &Json::Null).await.json()["fields"], json!({ "sponsor": id_of(&ada) }));
        assert!(site.post("admin", "/companies/export", "query=").await.has(&format!("Ada King ({})", id_of(&ada))));
        assert!(site.part("admin", &format!("{ada}/named-by")).await.has(&format!(r#"href="{firm}">Engines</a>"#)));
        let cleared = site.json("admin", "PATCH", &api, &json!({ "fields": { "sponsor": "" } })).await.is(StatusCode::OK).json();
        assert_eq!(cleared["fields"], json!({}));
        assert_eq!(meanings(&mut db.read().await.unwrap()).await, 0);
    }

    async fn whoever_may_not_see_somebody_learns_that_there_is_one_and_changes_nothing(db: Db) {
        let site = site(db);
        field_of(&site, "contact", "Referee", "contact").await;
        let (ada, bob, carl) = (person(&site, "Ada", 1).await, person(&site, "Bob", 2).await, person(&site, "Carl", 1).await);
        let place = format!("{carl}/field/f:referee");
        for typed in [id_of(&bob), "Bob".to_owned()] {
            let refused = site.post("agent", &place, &format!("was=none&q={typed}")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
            assert!(refused.has("No record you see is meant"), "{}", refused.body);
        }
        site.post("admin", &place, &format!("was=none&q=&value={}", id_of(&bob))).await.is(StatusCode::SEE_OTHER);
        for page in [carl.clone(), place.clone(), "/contacts?cols=f:referee".to_owned(), format!("{carl}/facts")] {
            let seen = site.get("agent", &page).await.is(StatusCode::OK);
            assert!(!seen.has("Bob") && !seen.has(&id_of(&bob)), "{page}: {}", seen.body);
        }
        assert!(site.get("agent", &carl).await.has("a record you do not see"));
        assert!(site.get("agent", &place).await.has("Ask a colleague"));
        for typed in ["was=none&q=Ada".to_owned(), "was=none&q=&value=none".to_owned(), "was=none&q=&value=".to_owned(), format!("value={}", id_of(&ada))] {
            assert!(site.post("agent", &place, &typed).await.is(StatusCode::UNPROCESSABLE_ENTITY).has("Ask a colleague"), "{typed}");
        }
        let path = format!("/api/v1{carl}");
        assert_eq!(site.json("agent", "GET", &path, &Json::Null).await.json()["fields"], json!({ "referee": "•••" }));
        site.json("agent", "PATCH", &path, &json!({ "fields": { "referee": id_of(&ada) } })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        // What a program was given it may send back; elsewhere the same dots mean nobody.
        let kept = site.json("agent", "PATCH", &path, &json!({ "city": "Ulm", "fields": { "referee": "•••" } })).await.is(StatusCode::OK);
        assert_eq!(kept.json()["fields"], json!({ "referee": "•••" }));
        assert!(site.get("admin", &carl).await.has(">Bob</a>"));
        let dots = json!({ "name": "Eve", "fields": { "referee": "•••" } });
        site.json("agent", "POST", "/api/v1/contacts", &dots).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        site.json("agent", "PATCH", &format!("/api/v1{ada}"), &json!({ "fields": { "referee": "•••" } })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let by_bob = format!("/contacts?with=referee%3D{}", id_of(&bob));
        for chip in [by_bob.clone(), "/contacts?with=referee%3Dcon_0000000000007".to_owned()] {
            let hidden = site.get("agent", &chip).await;
            assert!(!hidden.has(">Carl<") && !hidden.has("Bob") && hidden.has("Referee: a record you do not see"), "{}", hidden.body);
        }
        assert!(site.get("admin", &by_bob).await.has(">Carl<"));
        assert!(site.get("agent", "/contacts?with=referee%3Dset").await.has(">Carl<"));
        // Nor are those told of who refer to somebody one sees.
        site.post("admin", &format!("{bob}/field/f:referee"), "was=none&q=Ada").await.is(StatusCode::SEE_OTHER);
        let (mine, all) = (format!("{ada}/named-by"), site.part("admin", &format!("{ada}/named-by")).await);
        assert!(all.has(&format!(r#"href="{bob}">Bob</a>"#)) && all.has("Referee"), "{}", all.body);
        assert!(site.get("agent", &mine).await.has("No field of a record you see"));
        site.get("agent", &format!("{bob}/named-by")).await.is(StatusCode::NOT_FOUND);
        // Everything else of the record can be changed, and who is named stays.
        site.post("agent", &format!("{carl}/field/city"), "value=Bonn").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", &carl).await.has(">Bob</a>"));
    }

    async fn a_merge_takes_over_nobody_the_one_who_merges_does_not_see(db: Db) {
        let site = site(db);
        field_of(&site, "contact", "Referee", "contact").await;
        let (carl, dora, erin) = (person(&site, "Carl", 1).await, person(&site, "Dora", 1).await, person(&site, "Erin", 1).await);
        for (of, name) in [(&carl, "Bob"), (&dora, "Bea")] {
            person(&site, name, 2).await;
            site.post("admin", &format!("{of}/field/f:referee"), &format!("was=none&q={name}")).await.is(StatusCode::SEE_OTHER);
        }
        let asked = format!("survivor={}&loser={}", id_of(&carl), id_of(&dora));
        let page = site.get("agent", &format!("/contacts/merge?{asked}")).await.is(StatusCode::OK);
        assert!(page.has("a record you do not see") && page.has("Stays: ") && !page.has("take:f:referee") && !page.has("Bob"), "{}", page.body);
        assert!(site.get("admin", &format!("/contacts/merge?{asked}")).await.has("take:f:referee"));
        // Neither in the place of somebody hidden nor where there is nobody yet.
        let merge = async |into: &str, body: Json| site.json("agent", "POST", &format!("/api/v1{into}/merge"), &body).await;
        for into in [&carl, &erin] {
            let refused = merge(into, json!({ "with": id_of(&dora), "take": ["f:referee"] })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
            assert!(refused.has("f:referee"), "{}", refused.body);
        }
        site.post("agent", "/contacts/merge", &format!("{asked}&take%3Af%3Areferee=other")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let merged = merge(&erin, json!({ "with": id_of(&dora) })).await.is(StatusCode::OK).json();
        assert!(!site.get("admin", &erin).await.has(">Bea</a>"));
        let split = format!("/api/v1/merges/{}/split", merged["merge_id"].as_str().unwrap());
        site.json("agent", "POST", &split, &Json::Null).await.is(StatusCode::OK);
        merge(&carl, json!({ "with": id_of(&dora) })).await.is(StatusCode::OK);
        assert!(site.get("admin", &carl).await.has(">Bob</a>"));
    }

    async fn who_is_deleted_is_named_by_nobody_until_they_are_back(db: Db) {
        let site = site(db.clone());
        field_of(&site, "contact", "Referee", "contact").await;
        let (ada, carl) = (person(&site, "Ada", 1).await, person(&site, "Carl", 1).await);
        site.post("admin", &format!("{carl}/field/f:referee"), "was=none&q=Ada").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{ada}/delete"), "").await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("admin", &carl).await.has(">Ada</a>"));
        assert!(site.get("admin", "/contacts?with=referee%3Dunset").await.has(">Carl<"));
        assert!(!site.get("admin", "/contacts?with=referee%3Dset").await.has(">Carl<"));
        assert!(!site.get("admin", &format!("/contacts?with=referee%3D{}", id_of(&ada))).await.has(">Carl<"));
        // An edit of something else does not forget them.
        site.post("admin", &format!("{carl}/field/city"), "value=Bonn").await.is(StatusCode::SEE_OTHER);
        let at = db.read().await.unwrap().count("SELECT deleted_at FROM contacts WHERE name = 'Ada'", params![]).await.unwrap();
        site.post("admin", &format!("/contacts/restore?at={at}"), "").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", &carl).await.has(">Ada</a>"));
    }

    async fn who_is_meant_follows_merges_and_splits_and_goes_with_the_erased(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let by = Deed { actor: &actor, now: clock.now(), ids: &ids };
        let mut tx = db.begin().await.unwrap();
        field::create(&mut tx, &by, &FieldDraft::plain("referee", "Referee", FieldKind::Contact), None).await.unwrap();
        let mut people = Vec::new();
        for name in ["Ada", "A. King", "Countess", "Carl"] {
            let draft = ContactDraft { name: name.to_owned(), ..ContactDraft::default() };
            people.push(contact::create(&mut tx, &by, draft).await.unwrap());
        }
        let [ada, king, countess, carl] = people[..] else { panic!() };
        let set = async |tx: &mut Tx, of: i64, to: &str| contact::update_field(tx, &by, &Scope::All, of, "f:referee", to).await;
        set(&mut tx, carl, "A. King").await.unwrap();
        set(&mut tx, ada, &shown_id(Subject::Contact, king)).await.unwrap();
        let join = async |tx: &mut Tx, survivor: i64, loser: i64, take: &[&str]| {
            let take: BTreeSet<String> = take.iter().map(|unit| (*unit).to_owned()).collect();
            merge::merge(tx, &by, &Scope::All, &tables(), Pair { survivor, loser }, &take).await.unwrap()
        };
        let before = (copy_of(&mut tx, carl).await, copy_of(&mut tx, ada).await, meanings(&mut tx).await);
        let first = join(&mut tx, ada, king, &[]).await;
        assert_eq!((named(&mut tx, carl).await.as_deref(), named(&mut tx, ada).await), (Some("Ada"), None), "nobody refers to himself");
        assert_eq!(meanings(&mut tx).await, 1);
        // Whom the form for Ada names is Ada herself, whatever id is given.
        assert!(matches!(set(&mut tx, ada, &shown_id(Subject::Contact, king)).await, Ok(change) if change.before == change.after));
        // Whoever says who is meant already changes nothing, so that the split below leads back.
        let trail = "SELECT count(*) FROM audit_log";
        let told = tx.count(trail, params![]).await.unwrap();
        for same in ["Ada".to_owned(), shown_id(Subject::Contact, ada)] {
            assert!(matches!(set(&mut tx, carl, &same).await, Ok(change) if change.before == change.after));
        }
        assert_eq!((tx.count(trail, params![]).await.unwrap(), copy_of(&mut tx, carl).await), (told, before.0.clone()));
        let second = join(&mut tx, countess, ada, &[]).await;
        assert_eq!(named(&mut tx, carl).await.as_deref(), Some("Countess"), "a merge of merges");
        contact::update_field(&mut tx, &by, &Scope::All, carl, "city", "Bonn").await.unwrap();
        merge::split(&mut tx, &by, &Scope::All, &tables(), second).await.unwrap();
        assert_eq!(named(&mut tx, carl).await.as_deref(), Some("Ada"));
        merge::split(&mut tx, &by, &Scope::All, &tables(), first).await.unwrap();
        assert_eq!((named(&mut tx, carl).await.as_deref(), named(&mut tx, ada).await.as_deref()), (Some("A. King"), Some("A. King")));
        assert_eq!((copy_of(&mut tx, carl).await, copy_of(&mut tx, ada).await, meanings(&mut tx).await), before);
        // The one who refers is merged: what is taken over is given back.
        let third = join(&mut tx, countess, carl, &["f:referee"]).await;
        assert_eq!(named(&mut tx, countess).await.as_deref(), Some("A. King"));
        merge::split(&mut tx, &by, &Scope::All, &tables(), third).await.unwrap();
        assert_eq!((named(&mut tx, countess).await, named(&mut tx, carl).await.as_deref()), (None, Some("A. King")));
        // Nobody is left that leads to who is erased, not even an id; more refer to them than are looked at together, one of them twice.
        field::create(&mut tx, &by, &FieldDraft::plain("friend", "Friend", FieldKind::Contact), None).await.unwrap();
        for key in ["f:referee", "f:friend"] {
            contact::update_field(&mut tx, &by, &Scope::All, countess, key, &shown_id(Subject::Contact, king)).await.unwrap();
        }
        contact::update_field(&mut tx, &by, &Scope::All, carl, "f:friend", &shown_id(Subject::Contact, ada)).await.unwrap();
        let friend = copy_of(&mut tx, carl).await;
        let head = tx.count("SELECT last_seq FROM event_head", params![]).await.unwrap();
        erasure::erase(&mut tx, &by, Traces { tables: &tables(), erasers: &[] }, &[king]).await.unwrap();
        let log = attune_events::list_after(&mut tx, head, i64::MAX, &["contact.updated"], 100).await.unwrap();
        let told: BTreeSet<_> = log.iter().map(|event| (event.contact_id, event.subject.as_deref().unwrap_or_default())).collect();
        let of = |who: i64, key: &'static str| (Some(who), key);
        let those = [of(countess, "f:referee"), of(countess, "f:friend"), of(ada, "f:referee"), of(carl, "f:referee")];
        assert_eq!(told, those.into(), "rules ask again");
        assert_eq!((copy_of(&mut tx, countess).await, copy_of(&mut tx, ada).await), ("{}".to_owned(), "{}".to_owned()));
        assert_eq!(copy_of(&mut tx, carl).await, json!({ "friend": shown_id(Subject::Contact, ada) }).to_string(), "{friend}");
        assert_eq!(tx.count("SELECT count(*) FROM field_references", params![]).await.unwrap(), 1);
    }

    async fn a_text_means_one_record_or_is_refused(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let by = Deed { actor: &actor, now: clock.now(), ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let mut make = async |name: &str, email: Option<&str>, external: &str, owner_id: Option<i64>| {
            let external = Some(("crm".to_owned(), external.to_owned()));
            let draft = ContactDraft { name: name.to_owned(), email: email.map(str::to_owned), external, owner_id, ..ContactDraft::default() };
            contact::create(&mut tx, &by, draft).await.unwrap()
        };
        let ada = make("Ada Lovelace", Some("ada@engines.example"), "a-1", Some(1)).await;
        let twin = make("Ada Lovelace", None, "a-2", Some(2)).await;
        for n in 0..20 {
            make("Bo", None, &format!("bo-{n}"), Some(2)).await;
        }
        let bo = make("Bo", None, "bo-20", Some(1)).await;
        let nameless = make("", Some("x@engines.example"), "a-3", Some(1)).await;
        let mut meant = async |scope: &Scope, text: &str| {
            meant(&mut tx, scope, (Subject::Contact, Some("crm")), [text.to_owned()]).await.unwrap().remove(text).unwrap()
        };
        let mine = Scope::Own { staff_id: 1 };
        for (text, who) in [(" ADA@engines.example", ada), ("a-2", twin), ("CRM:a-1", ada), (&shown_id(Subject::Contact, twin), twin)] {
            assert_eq!(meant(&Scope::All, text).await, Ok(who), "{text}");
        }
        assert_eq!(meant(&Scope::All, "ada LOVELACE").await, Err(SEVERAL));
        assert_eq!(meant(&mine, "ada LOVELACE").await, Ok(ada), "of whom one sees there is one");
        assert_eq!((meant(&mine, "bo").await, meant(&Scope::All, "bo").await), (Ok(bo), Err(SEVERAL)), "however many one does not see");
        assert_eq!(meant(&mine, "a-2").await, Err(UNKNOWN));
        assert_eq!(meant(&mine, &shown_id(Subject::Contact, twin)).await, Err(UNKNOWN));
        let mask = contact::list_by_ids(&mut tx, [nameless]).await.unwrap()[0].label();
        let mut again = async |text: &str| super::meant(&mut tx, &Scope::All, (Subject::Contact, None), [text.to_owned()]).await.unwrap().remove(text).unwrap();
        assert_eq!(again(&mask).await, Err(UNKNOWN), "a mask names nobody");
        assert_eq!((again("a-1").await, again("").await), (Err(UNKNOWN), Err(UNKNOWN)));
    }
}
