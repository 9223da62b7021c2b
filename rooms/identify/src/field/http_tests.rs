use attune_db::{Db, params};
use attune_testkit::{StatusCode, TestApp};

use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

attune_testkit::on_both_dbs! {
    async fn a_field_is_made_used_renamed_and_goes_with_its_values(db: Db) {
        let site = site(db.clone());
        site.get("agent", "/contacts/fields").await.is(StatusCode::FORBIDDEN);
        assert!(site.get("admin", "/contacts/fields").await.has("No fields of your own yet"));
        site.post("admin", "/contacts/fields", "label=&kind=number").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        site.post("admin", "/contacts/fields", "label=Filling+lines&kind=number").await.is(StatusCode::SEE_OTHER);
        let twice = site.post("admin", "/contacts/fields", "label=filling+lines&kind=text").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(twice.has("There is a field of this name"), "{}", twice.body);
        let made = site.post("admin", "/contacts", "name=Lena&stage=lead").await;
        site.post("admin", &format!("{}/field/f:filling_lines", made.leads()), "value=6").await.is(StatusCode::SEE_OTHER);
        let page = site.get("admin", "/contacts/fields").await;
        let id = page.body.split("/contacts/fields/fld_").nth(1).map(|rest| &rest[..rest.find('"').unwrap()]).unwrap().to_owned();
        site.post("admin", &format!("/contacts/fields/fld_{id}"), "label=Lines").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", made.leads()).await.has("Lines"));
        site.post("manager", &format!("/contacts/fields/fld_{id}/delete"), "").await.is(StatusCode::FORBIDDEN);
        site.post("admin", &format!("/contacts/fields/fld_{id}/delete"), "").await.is(StatusCode::SEE_OTHER);
        // Gone from every page at once, and a new one may have the name.
        assert!(!site.get("admin", made.leads()).await.has("Lines"));
        site.post("admin", "/contacts/fields", "label=Filling+lines&kind=text").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM contact_numbers", params![]).await.unwrap(), 0);
        assert_eq!(tx.count("SELECT count(*) FROM contacts WHERE fields LIKE '%filling%'", params![]).await.unwrap(), 0);
        assert_eq!(tx.count("SELECT count(*) FROM fields", params![]).await.unwrap(), 1);
    }
}
