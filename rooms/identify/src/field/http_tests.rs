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

    async fn a_deleted_fields_values_go_from_the_bin_too_and_a_new_ones_stay(db: Db) {
        let site = site(db.clone());
        let field = async |kind: &str| site.post("admin", "/contacts/fields", &format!("label=Lines&kind={kind}")).await.is(StatusCode::SEE_OTHER);
        field("number").await;
        let mut made = Vec::new();
        for name in ["Lena", "Tom", "Marta"] {
            let page = site.post("admin", "/contacts", &format!("name={name}&stage=lead&told=1")).await;
            site.post("admin", &format!("{}/field/f:lines", page.leads()), "value=6").await.is(StatusCode::SEE_OTHER);
            made.push(page.leads().to_owned());
        }
        site.post("admin", &format!("{}/delete", made[0]), "").await.is(StatusCode::SEE_OTHER);
        let page = site.get("admin", "/contacts/fields").await;
        let id = page.body.split("/contacts/fields/fld_").nth(1).map(|rest| &rest[..rest.find('"').unwrap()]).unwrap().to_owned();
        site.post("admin", &format!("/contacts/fields/fld_{id}/delete"), "").await.is(StatusCode::SEE_OTHER);
        // Before the values are gone somebody makes the field anew and fills it for one of them.
        field("text").await;
        site.post("admin", &format!("{}/field/f:lines", made[1]), "value=seven").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        let mut tx = db.read().await.unwrap();
        let rows = tx.rows("SELECT name, fields FROM contacts ORDER BY name", params![]).await.unwrap();
        let kept: Vec<(String, String)> = rows.iter().map(|row| (row.at(0).unwrap(), row.at(1).unwrap())).collect();
        let expected = [("Lena", "{}"), ("Marta", "{}"), ("Tom", r#"{"lines":"seven"}"#)];
        assert_eq!(kept, expected.map(|(name, fields)| (name.to_owned(), fields.to_owned())));
        assert_eq!(tx.count("SELECT count(*) FROM contact_texts", params![]).await.unwrap(), 1);
        assert_eq!(tx.count("SELECT count(*) FROM contact_numbers", params![]).await.unwrap(), 0);
    }
}
