//! The pages and the REST of this room as people of each role meet them.

use attune_house::{Parts, Room};
use attune_identify::field::{FieldKind, Subject};
use attune_testkit::{Colleague, StatusCode, TestApp};
use attune_web::{Grant, PermissionDef};
use serde_json::json;

use crate::trial::Trial;

/// Of no team; `zh` is an administrator who reads Chinese.
const COLLEAGUES: [Colleague; 4] = [
    Colleague::new("admin", 1),
    Colleague::new("manager", 2),
    Colleague::new("agent", 3),
    Colleague::new("admin", 4).called("zh").reading_chinese(),
];

fn app(trial: &Trial) -> TestApp {
    let parts = Parts { clock: trial.clock.clone(), ids: trial.ids.clone(), ..attune_testkit::parts(trial.db.clone()) };
    let view = PermissionDef {
        key: "identify.contact.view",
        label_key: "segment-may-view",
        admin: Grant::All,
        manager: Grant::All,
        agent: Grant::Own,
    };
    let rooms = vec![Room::new("neighbours").permissions([view]), crate::room(&parts)];
    TestApp::open(parts, rooms, &COLLEAGUES)
}

const BERLIN: &str = "r0.d=0&r0.j=all&r1.d=1&r1.w=field%3Acity&r1.o=in&r1.v=Berlin";

attune_testkit::on_both_dbs! {
    async fn a_segment_is_built_published_and_deleted_without_a_script(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        trial.contact("Ada Brandt", Some("Berlin")).await;
        trial.contact("Bo Dahl", Some("Oslo")).await;
        assert!(app.get("admin", "/segments").await.has("New segment"));
        let page = app.get("admin", &format!("/segments/new?{BERLIN}")).await.is(StatusCode::OK);
        assert!(page.has("Ada Brandt") && !page.has("Bo Dahl"), "{}", page.body);
        assert!(app.get("admin", &format!("/segments/new?{BERLIN}&do=group%3A0")).await.has("r2.j"));
        let page = app.get("zh", "/segments/new?do=text&text=city+%3D+%22Oslo%22").await.is(StatusCode::OK);
        assert!(page.has("Bo Dahl") && page.has("城市是"), "{}", page.body);
        let page = app.get("admin", "/segments/new?do=text&text=city+%3D").await;
        assert!(page.has("At character 7"), "{}", page.body);
        let page = app.post("admin", "/segments", &format!("name=&do=dynamic&{BERLIN}")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.has("f-name-note"), "{}", page.body);
        let made = app.post("admin", "/segments", &format!("name=Berliners&do=dynamic&{BERLIN}")).await.is(StatusCode::SEE_OTHER);
        let to = made.leads();
        app.settle().await;
        let page = app.get("manager", to).await.is(StatusCode::OK);
        assert!(page.has("In use now: 1 member"), "{}", page.body);
        assert!(app.get("manager", &format!("{to}/members")).await.has("Ada Brandt"));
        assert!(!app.get("agent", &format!("{to}/members")).await.has("Ada Brandt"));
        let page = app.get("admin", &format!("{to}?{}", BERLIN.replace("Berlin", "Oslo"))).await;
        assert!(page.has("Publishing adds 1 and drops 1") && page.has("Among them"), "{}", page.body);
        app.post("admin", &format!("{to}/delete"), "").await.is(StatusCode::SEE_OTHER);
        app.get("admin", to).await.is(StatusCode::NOT_FOUND);
        app.post("admin", &format!("{to}/restore"), "").await;
        app.settle().await;
        app.get("admin", to).await.is(StatusCode::OK);
    }

    async fn a_segment_asks_for_the_company_in_lines_text_and_by_programs(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        trial.field_of(Subject::Company, "tier", FieldKind::Choice, &["Gold", "Silver"]).await;
        trial.field_of(Subject::Company, "staff", FieldKind::Number, &[]).await;
        let firm = trial.company("Fisk").await;
        trial.change_company(firm, "f:tier", "Gold").await;
        let ada = trial.contact("Ada Brandt", None).await;
        trial.change(ada, "company", "Fisk").await;
        trial.contact("Bo Dahl", None).await;
        let tier = "r0.d=0&r0.j=all&r1.d=1&r1.w=field%3Acompany.custom.tier&r1.o=in&r1.v=gold";
        let page = app.get("admin", &format!("/segments/new?{tier}")).await.is(StatusCode::OK);
        assert!(page.has("Ada Brandt") && !page.has("Bo Dahl") && page.has("Company’s tier is Gold"), "{}", page.body);
        assert!(page.has("Is: Company’s industry") && page.has("Is: Company’s tag") && page.has(">Silver</option>"), "{}", page.body);
        assert!(!page.has("segment-field-"), "a text is missing: {}", page.body);
        let page = app.get("zh", "/segments/new?do=text&text=company.industry+is+unknown+and+company.custom.tier+in+%28Gold%29").await;
        assert!(page.has("公司行业未填写") && page.has("公司的tier是 Gold") && page.has("Ada Brandt"), "{}", page.body);
        let rule = crate::segment::parse("company.custom.tier in (Gold)").unwrap().to_json();
        let json = json!({ "rule_json": serde_json::from_str::<serde_json::Value>(&rule).unwrap() });
        let text = json!({ "rule": "company.custom.tier in (Silver) or company.tag in (Partner)" });
        for (body, count) in [(json, 1), (text, 0)] {
            let found = app.json("admin", "POST", "/api/v1/segments/count", &body).await;
            assert_eq!(found.json()["count"], json!(count), "{}", found.body);
        }
        // Nothing tells scores of each of its people when a company changes: they do not ask.
        let page = app.get("admin", "/scoring").await;
        assert!(page.has("value=\"country\"") && !page.has("company.industry"), "{}", page.body);
        let page = app.post("admin", "/scoring/fit", "field=company.industry&op=known&fit_points=5").await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn a_segment_asks_whom_a_field_names_by_name_and_says_so(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        trial.field("sponsor", FieldKind::Contact, &[]).await;
        let king = trial.contact("King, Rex", None).await;
        let ada = trial.contact("Ada Brandt", None).await;
        trial.change(ada, "f:sponsor", &attune_identify::contact::ContactId(king).to_string()).await;
        let line = |value: &str| format!("r0.d=0&r0.j=all&r1.d=1&r1.w=field%3Acustom.sponsor&r1.o=in&r1.v={value}");
        let id = attune_identify::contact::ContactId(king);
        let page = app.get("admin", &format!("/segments/new?{}", line(&id.to_string()))).await.is(StatusCode::OK);
        assert!(page.has("Ada Brandt") && page.has("sponsor is King, Rex"), "{}", page.body);
        assert!(page.has(&format!("value=\"King  Rex ({id})\"")) && page.has("name, e-mail address or id of a contact"), "{}", page.body);
        let page = app.get("admin", &format!("/segments/new?{}", line("Nobody"))).await.is(StatusCode::OK);
        assert!(!page.has("Ada Brandt") && page.has("value=\"Nobody\""), "{}", page.body);
        let refused = app.post("admin", "/segments", &format!("name=x&do=dynamic&{}", line("Nobody"))).await;
        assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.has("whom you mean"), "{}", refused.body);
        let made = app.post("admin", "/segments", &format!("name=Of+the+king&do=dynamic&{}", line(&format!("King++Rex+({id})")))).await;
        let to = made.is(StatusCode::SEE_OTHER).leads().to_owned();
        let api = app.get("admin", &to.replace("/segments", "/api/v1/segments")).await.is(StatusCode::OK);
        assert_eq!(api.json()["rule"], json!(format!("custom.sponsor = \"{id}\"")), "{}", api.body);
        let count = json!({ "rule": format!("custom.sponsor = \"{id}\"") });
        assert_eq!(app.json("admin", "POST", "/api/v1/segments/count", &count).await.is(StatusCode::OK).json()["count"], 1);
        app.json("agent", "POST", "/api/v1/segments/count", &count).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let page = app.get("agent", &to).await.is(StatusCode::OK);
        assert!(!page.has("King, Rex"), "who is not theirs is not named: {}", page.body);
        // A name with a comma, as it is typed and as it stands in text.
        let page = app.get("admin", &format!("/segments/new?{}", line("King,+Rex"))).await.is(StatusCode::OK);
        assert!(page.has("Ada Brandt") && page.has("sponsor is King, Rex"), "{}", page.body);
        let page = app.get("admin", "/segments/new?do=text&text=custom.sponsor+in+%28%22King,+Rex%22,+%22Ada+Brandt%22%29").await;
        assert!(page.has("King  Rex (con_") && page.has("Ada Brandt (con_"), "{}", page.body);
        let made = app.post("admin", "/segments", &format!("name=Typed&do=dynamic&{}", line("King,+Rex"))).await.is(StatusCode::SEE_OTHER);
        let kept = app.get("admin", &made.leads().replace("/segments", "/api/v1/segments")).await.json();
        assert_eq!(kept["rule"], json!(format!("custom.sponsor = \"{id}\"")));
        // A line of many names is not cut.
        let many = vec![format!("Somebody+with+a+long+name+({id})"); 30].join(",");
        let page = app.get("admin", &format!("/segments/new?{}", line(&many))).await.is(StatusCode::OK);
        assert!(page.body.matches(&id.to_string()).count() >= 30, "{}", page.body);
        let page = app.post("admin", "/scoring/fit", "field=custom.sponsor&op=known&fit_points=5").await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "no event of a contact tells that the one it names is merged");
    }

    async fn who_does_not_see_all_companies_learns_nothing_of_them_by_a_rule(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        let firm = trial.company("Fisk").await;
        let ada = trial.contact("Ada Brandt", None).await;
        trial.change(ada, "company", "Fisk").await;
        trial.change_company(firm, "industry", "Retail").await;
        let mut tx = trial.db.begin().await.unwrap();
        tx.exec("UPDATE contacts SET owner_id = 3 WHERE id = $1", attune_db::params![ada]).await.unwrap();
        tx.commit().await.unwrap();
        let made = app.post("admin", "/segments", &format!("name=Berliners&do=dynamic&{BERLIN}")).await.is(StatusCode::SEE_OTHER);
        let (to, rule) = (made.leads(), "company.industry = \"Retail\"");
        let asked = format!("{to}?do=text&text=company.industry+%3D+%22Retail%22");
        assert!(app.get("admin", &asked).await.has("Ada Brandt"));
        let page = app.get("agent", &asked).await.is(StatusCode::OK);
        assert!(!page.has("Ada Brandt") && page.has("Only whoever sees all"), "{}", page.body);
        let count = serde_json::json!({ "rule": rule });
        assert_eq!(app.json("admin", "POST", "/api/v1/segments/count", &count).await.is(StatusCode::OK).json()["count"], 1);
        app.json("agent", "POST", "/api/v1/segments/count", &count).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        // What an own field holds is masked for them, so parts of it are no question either.
        let part = serde_json::json!({ "rule": "custom.note contains \"a\"" });
        app.json("agent", "POST", "/api/v1/segments/count", &part).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn roles_decide_who_may_build_and_score(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        app.get("agent", "/segments").await.is(StatusCode::OK);
        app.get("agent", "/segments/new").await.is(StatusCode::FORBIDDEN);
        app.post("agent", "/segments", "name=x").await.is(StatusCode::FORBIDDEN);
        app.get("agent", "/scoring").await.is(StatusCode::OK);
        app.post("manager", "/scoring/rules", "event=page.viewed&points=3").await.is(StatusCode::FORBIDDEN);
        assert!(app.get("nobody", "/segments").await.status.is_redirection());
        app.get("admin", "/segments/seg_0000000000001").await.is(StatusCode::NOT_FOUND);
    }

    async fn rules_are_edited_and_the_contact_page_explains(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        let ada = trial.contact("Ada", None).await;
        trial.view(ada, "/pricing").await;
        let page = app.post("admin", "/scoring/rules", "event=page.viewed&points=0").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.has("other than 0"), "{}", page.body);
        app.post("admin", "/scoring/rules", "event=page.viewed&subject_test=starts&subject=%2Fpricing&points=30&active=1").await.is(StatusCode::SEE_OTHER);
        let page = app.post("admin", "/scoring/fit", "field=city&op=in&value=&fit_points=5").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.has("enter a value"), "{}", page.body);
        app.post("admin", "/scoring/fit", "field=city&op=known&fit_points=5").await.is(StatusCode::SEE_OTHER);
        app.post("admin", "/scoring/settings", "half_life_days=10&hot=40&warm=15&fit_good=60&fit_fair=30").await.is(StatusCode::SEE_OTHER);
        app.settle().await;
        let contact = attune_identify::contact::ContactId(ada);
        let panel = app.get("admin", &format!("/contacts/{contact}/score")).await.is(StatusCode::OK);
        assert!(panel.has("+30") && panel.has("Hot"), "{}", panel.body);
        app.get("agent", &format!("/contacts/{contact}/score")).await.is(StatusCode::NOT_FOUND);
        app.get("admin", &format!("/contacts/{contact}/segments")).await.is(StatusCode::OK);
        let page = app.get("zh", "/scoring?rule=3").await.is(StatusCode::OK);
        assert!(page.has("停留在页面达1分以上"), "{}", page.body);
        assert!(page.has("name=\"min_amount\" value=\"60\""), "{}", page.body);
        let timed = "id=3&event=page.left&min_amount=90&points=3&active=1";
        app.post("admin", "/scoring/rules", timed).await.is(StatusCode::SEE_OTHER);
        let rules = crate::score::list_rules(&mut trial.db.read().await.unwrap()).await.unwrap();
        assert_eq!(rules.iter().find(|rule| rule.id == 3).unwrap().min_amount, Some(90_000_000));
    }

    async fn programs_list_make_and_count(db: Db) {
        let trial = Trial::new(db);
        let app = app(&trial);
        trial.contact("Ada", Some("Berlin")).await;
        let made = app.json("admin", "POST", "/api/v1/segments", &json!({ "name": "B", "rule": "city = \"Berlin\"", "kind": "static" })).await;
        let made = made.is(StatusCode::CREATED).json();
        assert_eq!(made["member_count"], 1, "{made}");
        let counted = app.json("admin", "POST", "/api/v1/segments/count", &json!({ "rule": "in segment \"b\"" })).await.json();
        assert_eq!(counted["count"], 1);
        app.json("admin", "POST", "/api/v1/segments/count", &json!({ "rule": "city ~ 1" })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let members = app.get("admin", &format!("/api/v1/segments/{}/members", made["id"].as_str().unwrap())).await.is(StatusCode::OK);
        assert!(members.has("Ada"), "{}", members.body);
    }
}
