use attune_db::{Db, params};
use attune_testkit::{StatusCode, TestApp};
use serde_json::Value;

use crate::tracking::Collector;

fn site(db: &Db) -> TestApp {
    TestApp::start(db.clone(), |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn told(db: &Db, action: &str) -> Vec<Value> {
    let rows =
        db.read().await.unwrap().rows("SELECT after_json FROM audit_log WHERE action = $1 ORDER BY id", params![action]).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(&row.at::<String>(0).unwrap()).unwrap()).collect()
}

attune_testkit::on_both_dbs! {
    async fn a_program_takes_what_the_page_gives(db: Db) {
        let site = site(&db);
        for (name, stage) in [("Lena", "lead"), ("Tom", "customer"), ("Marta", "lead")] {
            site.post("admin", "/contacts", &format!("name={name}&stage={stage}&company=Fisk")).await.is(StatusCode::SEE_OTHER);
        }
        for format in ["csv", "json"] {
            let page = site.post("admin", "/contacts/export", &format!("query=stage%3Dlead&format={format}")).await.is(StatusCode::OK);
            let program = site.get("admin", &format!("/api/v1/contacts/export?format={format}&filter=stage%3Dlead")).await.is(StatusCode::OK);
            assert_eq!(program.body, page.body);
            assert!(page.has("Lena") && !page.has("Tom"));
            let page = site.post("admin", "/companies/export", &format!("query=&format={format}")).await.is(StatusCode::OK);
            assert_eq!(site.get("admin", &format!("/api/v1/companies/export?format={format}")).await.body, page.body);
        }
        assert!(site.get("admin", "/api/v1/contacts/export?format=xlsx").await.is(StatusCode::OK).body.starts_with("PK"));
        let told = told(&db, "contact.exported").await;
        assert_eq!((told[0].clone(), told.len()), (told[1].clone(), 5), "who took what is written down alike");
    }

    async fn some_columns_and_a_view_by_its_name(db: Db) {
        let site = site(&db);
        for (name, stage) in [("Lena", "lead"), ("Tom", "customer")] {
            site.post("admin", "/contacts", &format!("name={name}&stage={stage}")).await.is(StatusCode::SEE_OTHER);
        }
        site.post("admin", "/contacts/views", "name=My+buyers&query=stage%3Dcustomer").await.is(StatusCode::SEE_OTHER);
        let file = site.get("admin", "/api/v1/contacts/export?view=my+buyers&columns=stage,+Name").await.is(StatusCode::OK);
        assert_eq!(file.body, "stage,name\ncustomer,Tom\n");
        let file = site.get("admin", "/api/v1/contacts/export?format=json&view=my+buyers&columns=name").await.is(StatusCode::OK);
        assert_eq!(file.json(), serde_json::json!([{ "name": "Tom" }]));
        assert_eq!(told(&db, "contact.exported").await[0]["view"], "My buyers");
    }

    async fn what_nobody_understands_takes_nobody_along(db: Db) {
        let site = site(&db);
        site.post("admin", "/contacts", "name=Lena&stage=lead").await.is(StatusCode::SEE_OTHER);
        for asked in ["filter=stages%3Dlead", "filter=stage%3Dbuyer", "filter=owner%3DAda", "filter=company%3DFisk", "view=nobody", "columns=shoe"] {
            let refused = site.get("admin", &format!("/api/v1/contacts/export?{asked}")).await.is(StatusCode::UNPROCESSABLE_ENTITY);
            assert!(!refused.has("Lena"), "{asked}: {}", refused.body);
        }
        site.get("admin", "/api/v1/companies/export?filter=stage%3Dlead").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(told(&db, "company.exported").await.is_empty());
        for list in ["contacts", "companies"] {
            site.get("agent", &format!("/api/v1/{list}/export")).await.is(StatusCode::FORBIDDEN);
        }
    }
}
