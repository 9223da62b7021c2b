use attune_db::{Db, params};
use attune_testkit::{StatusCode, TestApp};
use serde_json::{Value as Json, json};

use super::public;
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn question(site: &TestApp, key: &str, text: &str) {
    let form = format!("key={key}&text_en={text}&touches=mail&touches=call&touches=form&rest_days=7&most_asks=2&stale_days=365");
    site.post("admin", "/contacts/questions", &form).await.is(StatusCode::SEE_OTHER);
}

attune_testkit::on_both_dbs! {
    async fn questions_are_made_ordered_and_taken_away(db: Db) {
        let site = site(db);
        site.get("agent", "/contacts/questions").await.is(StatusCode::FORBIDDEN);
        assert!(site.get("manager", "/contacts/questions").await.has("No questions yet"));
        let wrong = site.post("admin", "/contacts/questions", "key=&text_en=&rest_days=x&most_asks=3").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("Choose at least one") && wrong.has("f-rest_days-note"), "{}", wrong.body);
        question(&site, "phone", "Your+number%3F").await;
        question(&site, "title", "Your+job%3F").await;
        let twice = site.post("admin", "/contacts/questions", "key=phone&text_en=Again%3F&touches=call&rest_days=1&most_asks=1").await;
        assert!(twice.has("Another question already learns this"), "{}", twice.body);
        let page = site.get("admin", "/contacts/questions").await;
        let place = |text: &str| page.body.find(text).unwrap();
        assert!(place("Your number?") < place("Your job?") && !page.has("dialogue-"), "{}", page.body);
        let id = page.body.rsplit("/contacts/questions/qst_").next().unwrap().split('/').next().unwrap().to_owned();
        site.post("admin", &format!("/contacts/questions/qst_{id}/raise"), "").await.is(StatusCode::SEE_OTHER);
        let page = site.get("admin", "/contacts/questions").await;
        assert!(page.body.find("Your job?") < page.body.find("Your number?"), "{}", page.body);
        site.post("admin", &format!("/contacts/questions/qst_{id}/delete"), "").await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("admin", "/contacts/questions").await.has("Your job?"));
        question(&site, "title", "Another+job%3F").await;
        site.post("admin", &format!("/contacts/questions/qst_{id}/restore"), "").await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("admin", "/contacts/questions").await.has("Your job?"), "two questions for one field");
    }

    async fn a_colleague_asks_in_a_talk_and_the_fact_says_so(db: Db) {
        let site = site(db.clone());
        for (key, text) in [("phone", "Your+number%3F"), ("title", "Your+job%3F"), ("city", "Where%3F")] {
            question(&site, key, text).await;
        }
        let made = site.post("agent", "/contacts", "name=Lena&stage=lead&owner_id=1&title=Buyer").await;
        let panel = site.part("agent", &format!("{}/questions", made.leads())).await.is(StatusCode::OK);
        assert!(panel.has("Your number?") && panel.has("Where?") && !panel.has("Your job?"), "{}", panel.body);
        site.get("other", &format!("{}/questions", made.leads())).await.is(StatusCode::NOT_FOUND);
        let ids: Vec<String> = panel.body.split(" id=\"f-qst_").skip(1).map(|rest| rest[..rest.find('"').unwrap()].to_owned()).filter(|id| !id.ends_with("-note")).collect();
        let take = |n: usize| format!("{}/questions/qst_{}", made.leads(), ids[n]);
        let wrong = site.post("agent", &take(0), &format!("qst_{}=12", ids[0])).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("at least five digits") && wrong.has("value=\"12\""), "{}", wrong.body);
        site.post("other", &take(0), &format!("qst_{}=0301234567", ids[0])).await.is(StatusCode::NOT_FOUND);
        site.post("agent", &take(0), &format!("qst_{}=030+1234567", ids[0])).await.is(StatusCode::SEE_OTHER);
        let panel = site.part("agent", &format!("{}/questions", made.leads())).await;
        assert!(panel.has("Where?") && !panel.has("Your number?"), "the talk goes on: {}", panel.body);
        site.post("agent", &take(1), "act=decline").await.is(StatusCode::SEE_OTHER);
        assert!(site.part("agent", &format!("{}/questions", made.leads())).await.has("Nothing to ask now"));
        let facts = site.get("agent", &format!("{}/facts", made.leads())).await.is(StatusCode::OK);
        assert!(facts.has("030 1234567") && facts.has("Answered by the person: Calls") && facts.has("Came with the contact"), "{}", facts.body);
        site.post("agent", &format!("{}/field/title", made.leads()), "value=Head+of+buying").await.is(StatusCode::SEE_OTHER);
        site.post("agent", &format!("{}/facts", made.leads()), "key=name").await.is(StatusCode::SEE_OTHER);
        site.post("agent", &format!("{}/facts", made.leads()), "key=country").await.is(StatusCode::NOT_FOUND);
        let facts = site.get("agent", &format!("{}/facts", made.leads())).await;
        assert!(facts.has("Typed by") && facts.has("Confirmed by") && !facts.has("fact-"), "{}", facts.body);
        let timeline = site.get("agent", made.leads()).await;
        assert!(timeline.has("Answered: Phone") && timeline.has("Would rather not say: City"), "{}", timeline.body);
    }

    async fn a_program_takes_questions_and_hands_in_answers(db: Db) {
        let site = site(db.clone());
        question(&site, "phone", "Your+number%3F").await;
        question(&site, "city", "Where%3F").await;
        let made = site.json("admin", "POST", "/api/v1/contacts", &json!({ "name": "Ada" })).await.json();
        let path = format!("/api/v1/contacts/{}", made["id"].as_str().unwrap());
        site.json("admin", "GET", &format!("{path}/questions?touch=fax"), &Json::Null).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        let one = site.json("admin", "POST", &format!("{path}/questions?touch=form&most=1"), &Json::Null).await.json();
        assert_eq!((one["items"].as_array().unwrap().len(), &one["items"][0]["key"]), (1, &json!("phone")));
        // The form is drawn again: the same question, counted once. Another touch has to wait.
        let again = site.json("admin", "POST", &format!("{path}/questions?touch=form"), &Json::Null).await.json();
        assert_eq!(again, one);
        let call = site.json("admin", "GET", &format!("{path}/questions?touch=call"), &Json::Null).await.json();
        assert_eq!(call["items"], json!([]));
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM question_asks", params![]).await.unwrap(), 1);
        drop(tx);
        let said = json!({ "question_id": one["items"][0]["id"], "touch": "form", "value": "+44 20 7946 0102" });
        site.json("other", "POST", &format!("{path}/answers"), &said).await.is(StatusCode::NOT_FOUND);
        site.json("admin", "POST", &format!("{path}/answers"), &json!({ "question_id": one["items"][0]["id"], "touch": "form" })).await
            .is(StatusCode::UNPROCESSABLE_ENTITY);
        site.json("admin", "POST", &format!("{path}/answers"), &said).await.is(StatusCode::NO_CONTENT);
        let ada = site.json("admin", "GET", &path, &Json::Null).await.json();
        assert_eq!(ada["phone"], "+44 20 7946 0102");
    }

    async fn a_mail_leads_to_a_page_that_asks_and_tells_nothing(db: Db) {
        let site = site(db.clone());
        question(&site, "city", "Where%3F").await;
        question(&site, "email", "Your+address%3F").await;
        let made = site.post("agent", "/contacts", "name=Lena+Brandt&stage=lead&owner_id=1").await;
        let id = attune_kernel::decode_id("con", made.leads().rsplit('/').next().unwrap()).unwrap();
        let app = site.app();
        let path = public::address(&app.secret, "", id, app.clock.now());
        for wrong in ["/ask/nothing".to_owned(), format!("{path}0"), public::address(&app.secret, "", id, app.clock.now() - 181 * attune_kernel::DAY_US)] {
            site.get("", &wrong).await.is(StatusCode::NOT_FOUND);
        }
        let page = site.get("", &path).await.is(StatusCode::OK);
        assert!(page.has("Where?") && !page.has("Lena") && !page.has("Your address?") && !page.has("dialogue-"), "{}", page.body);
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM question_asks", params![]).await.unwrap(), 0, "looking is not asking");
        drop(tx);
        let name = page.body.split("name=\"qst_").nth(1).map(|rest| format!("qst_{}", &rest[..rest.find('"').unwrap()])).unwrap();
        let long = "x".repeat(201);
        let wrong = site.post("", &path, &format!("{name}={long}")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has(&long), "{}", wrong.body);
        assert!(site.post("", &path, &format!("{name}=Hamburg")).await.is(StatusCode::OK).has("Thank you"));
        assert!(site.get("agent", made.leads()).await.has("Hamburg"));
        assert!(site.get("", &path).await.has("nothing to answer"));
        // Whoever has the link later cannot overwrite what is known.
        site.post("", &path, &format!("{name}=Elsewhere")).await.is(StatusCode::OK);
        assert!(!site.get("agent", made.leads()).await.has("Elsewhere"));
    }
}
