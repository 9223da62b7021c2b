use attune_db::{Db, params};
use attune_testkit::{StatusCode, TestApp};
use serde_json::json;

use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn count(db: &Db, sql: &str) -> i64 {
    db.read().await.unwrap().count(sql, params![]).await.unwrap()
}

attune_testkit::on_both_dbs! {
    async fn a_note_is_written_named_changed_pinned_and_brought_back(db: Db) {
        let site = site(db.clone());
        let ada = site.post("agent", "/contacts", "name=Ada&stage=lead&owner_id=1").await.leads().to_owned();
        let bob = site.post("agent", "/contacts", "name=Bob&stage=lead&owner_id=1").await.leads().to_owned();
        site.post("agent", &format!("{ada}/notes"), "body=**Budget**+is+out.+%40Jonas+Brandt+%40Mei+Tan+%3Cscript%3E").await.is(StatusCode::SEE_OTHER);
        let page = site.get("agent", &ada).await;
        assert!(page.has("<strong>Budget</strong>") && page.has("&lt;script&gt;") && !page.has("identify-note"), "{}", page.body);
        assert_eq!(count(&db, "SELECT count(*) FROM events WHERE name = 'note.mentioned' AND props LIKE '%\"named\":[2]%'").await, 1, "one hears of others' words");
        let note = page.body.split(&format!("{ada}/notes/")).nth(1).unwrap().split(['/', '"']).next().unwrap().to_owned();
        let path = format!("{ada}/notes/{note}");
        assert!(site.get("agent", &path).await.has("**Budget** is out."));
        let empty = site.post("agent", &path, "body=+").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(empty.has("aria-invalid"), "{}", empty.body);
        site.post("agent", &path, "body=Budget+is+back.+%40Jonas+Brandt").await.is(StatusCode::SEE_OTHER);
        assert_eq!(count(&db, "SELECT count(*) FROM events WHERE name = 'note.mentioned'").await, 1, "who was named before hears nothing anew");
        let said = site.get("agent", &format!("{path}/history")).await;
        assert!(said.has("Budget is back.") && said.has("<strong>Budget</strong> is out.") && said.has("Changed by"), "{}", said.body);
        site.post("agent", &format!("{path}/pin?on=1"), "").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("agent", &ada).await.has("id=\"pinned\""));
        assert!(!site.get("agent", &format!("{ada}?show=web")).await.has("id=\"pinned\""));
        site.post("agent", &format!("{path}/pin"), "").await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("agent", &ada).await.has("id=\"pinned\""));
        // A note is reached through its own contact, and by whoever may see that.
        for foreign in [format!("{bob}/notes/{note}"), format!("{bob}/notes/{note}/history")] {
            site.get("agent", &foreign).await.is(StatusCode::NOT_FOUND);
        }
        site.get("other", &path).await.is(StatusCode::NOT_FOUND);
        site.post("other", &path, "body=x").await.is(StatusCode::NOT_FOUND);
        site.post("agent", &format!("{path}/delete"), "").await.is(StatusCode::SEE_OTHER);
        site.post("agent", &format!("{bob}/notes/{note}/restore"), "").await.is(StatusCode::NOT_FOUND);
        site.post("agent", &format!("{path}/restore"), "").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("agent", &ada).await.has("Budget is back."));
        let id = ada.rsplit('/').next().unwrap();
        site.json("admin", "POST", &format!("/api/v1/contacts/{id}/erase"), &json!({})).await.is(StatusCode::OK);
        assert_eq!(count(&db, "SELECT count(*) FROM note_versions").await, 0);
    }
}
