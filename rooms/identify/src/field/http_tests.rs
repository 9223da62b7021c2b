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
        assert_eq!(tx.count("SELECT count(*) FROM field_numbers", params![]).await.unwrap(), 0);
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
        assert_eq!(tx.count("SELECT count(*) FROM field_texts", params![]).await.unwrap(), 1);
        assert_eq!(tx.count("SELECT count(*) FROM field_numbers", params![]).await.unwrap(), 0);
    }

    async fn money_and_choices_are_used_wherever_a_contact_is(db: Db) {
        let site = site(db.clone());
        let bad = site.post("admin", "/contacts/fields", "label=Budget&kind=money&currency=Euro").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(bad.has("three letters"), "{}", bad.body);
        site.post("admin", "/contacts/fields", "label=Budget&kind=money&currency=eur").await.is(StatusCode::SEE_OTHER);
        site.post("admin", "/contacts/fields", "label=Tier&kind=choice&options=Gold%0D%0ASilver").await.is(StatusCode::SEE_OTHER);
        let bare = site.post("admin", "/contacts/fields", "label=Likes&kind=choices").await.is(StatusCode::SEE_OTHER);
        assert!(bare.leads().ends_with("/options"), "{}", bare.leads());
        for label in ["Tea", "Ink"] {
            site.post("admin", bare.leads(), &format!("label={label}")).await.is(StatusCode::SEE_OTHER);
        }
        site.post("admin", bare.leads(), "label=tea").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        // The form, with a mistake kept, then without.
        let form = "name=Lena&stage=lead&f:budget=many&f:likes:ink=1&f:tier=gold&told=1";
        let again = site.post("admin", "/contacts", form).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.has("an amount such as") && again.has(r#"name="f:likes:ink" value="1" checked"#), "{}", again.body);
        let lena = site.post("admin", "/contacts", &form.replace("many", "1,200.50")).await.is(StatusCode::SEE_OTHER);
        let tom = site.post("admin", "/contacts", "name=Tom&stage=lead&told=1").await;
        let page = site.get("admin", lena.leads()).await;
        assert!(page.has("€1,200.50") && page.has("Gold") && page.has("Ink"), "{}", page.body);
        // In place.
        assert!(site.get("admin", &format!("{}/field/f:likes", lena.leads())).await.has(r#"value="ink" checked"#));
        site.post("admin", &format!("{}/field/f:likes", tom.leads()), "value=ink&value=tea").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{}/field/f:tier", tom.leads()), "value=bronze").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        // Filters and columns.
        let list = async |query: &str| site.get("admin", &format!("/contacts?{query}")).await.is(StatusCode::OK);
        let both = list("field=likes&value=ink&cols=f:likes,f:budget").await;
        assert!(both.has("Lena") && both.has("Tom") && both.has("Tea, Ink") && both.has("€1,200.50"), "{}", both.body);
        for only_lena in ["with=tier%3Dgold", "with=budget%3D1000..", "with=budget%3D..1200.50", "with=tier%3Dgold%26likes%3Dink"] {
            let page = list(only_lena).await;
            assert!(page.has("Lena") && !page.has(">Tom<"), "{only_lena}: {}", page.body);
        }
        assert!(!list("with=tier%3Dgold%26likes%3Dtea").await.has("Lena"));
        // What names an option or a field that is gone shows nobody, so that nothing is done to everybody; the chip takes it away.
        for gone in ["with=tier%3Dbronze", "with=colour%3Dred"] {
            let page = list(gone).await;
            assert!(!page.has("Lena") && page.has("chip"), "{gone}: {}", page.body);
        }
        assert!(list("field=budget&value=x").await.has("an amount such as"));
        let shown = site.post("admin", "/contacts/columns", "query=stage%3Dlead&column=f:tier&column=f:likes").await.is(StatusCode::SEE_OTHER);
        assert_eq!(shown.leads(), "/contacts?stage=lead&cols=f%3Atier%2Cf%3Alikes");
        // Out, and in again by programs.
        let csv = site.post("admin", "/contacts/export", "query=with%3Dlikes%253Dtea&format=csv").await.is(StatusCode::OK);
        assert!(csv.has("Tea; Ink") && !csv.has("Lena"), "{}", csv.body);
        let path = format!("/api/v1{}", tom.leads());
        let sent = serde_json::json!({ "fields": { "likes": ["Ink"], "budget": 7, "tier": "Silver" } });
        let told = site.json("admin", "PATCH", &path, &sent).await.is(StatusCode::OK).json();
        assert_eq!(told["fields"], serde_json::json!({ "likes": ["ink"], "budget": "7.00 EUR", "tier": "silver" }));
        let wrong = site.json("admin", "PATCH", &path, &serde_json::json!({ "fields": { "tier": "bronze" } })).await;
        wrong.is(StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn an_option_is_renamed_moved_and_taken_away_with_its_values(db: Db) {
        let site = site(db.clone());
        let made = site.post("admin", "/contacts/fields", "label=Likes&kind=choices").await;
        let options = made.leads().to_owned();
        for label in ["Tea", "Ink", "铜"] {
            site.post("admin", &options, &format!("label={label}")).await.is(StatusCode::SEE_OTHER);
        }
        let lena = site.post("admin", "/contacts", "name=Lena&stage=lead&f:likes:ink=1&f:likes:tea=1&told=1").await;
        let tom = site.post("admin", "/contacts", "name=Tom&stage=lead&f:likes:ink=1&told=1").await;
        site.post("manager", &format!("{options}/ink/delete"), "").await.is(StatusCode::FORBIDDEN);
        site.post("admin", &format!("{options}/%E9%93%9C"), "label=Copper").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{options}/tea"), "label=Green+tea").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{options}/ink"), "to=up").await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", lena.leads()).await.has("Ink, Green tea"));
        let page = site.get("admin", &options).await;
        assert!(page.has("Copper") && page.has("2 records have it"), "{}", page.body);
        site.post("admin", &format!("{options}/ink/delete"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert!(!site.get("admin", &options).await.has("<code>ink</code>"));
        assert!(!site.get("admin", lena.leads()).await.has("Ink, "));
        let mut tx = db.read().await.unwrap();
        let rows = tx.rows("SELECT name, fields FROM contacts ORDER BY name", params![]).await.unwrap();
        let kept: Vec<(String, String)> = rows.iter().map(|row| (row.at(0).unwrap(), row.at(1).unwrap())).collect();
        assert_eq!(kept, [("Lena".to_owned(), r#"{"likes":["tea"]}"#.to_owned()), ("Tom".to_owned(), "{}".to_owned())]);
        assert_eq!(tx.count("SELECT count(*) FROM field_choices", params![]).await.unwrap(), 1);
        let heard = "SELECT count(*) FROM events WHERE name = 'contact.updated' AND subject = 'f:likes'";
        assert_eq!(tx.count(heard, params![]).await.unwrap(), 2, "segments hear of it");
        drop(tx);
        site.get("admin", &format!("{}/field/f:likes", tom.leads())).await.is(StatusCode::OK);
    }
}
