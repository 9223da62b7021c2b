//! What leaves the house by command is what programs and pages are given, and a mistake takes nobody along.

use attune_system::Attune;
use serde_json::{Value, json};

use crate::ground::{api_key, ended, file, refused, rows, settle};

const PEOPLE: &str =
    "no,name,email,company,stage\n1,Ann,ann@a.example,Able,lead\n2,Bob,bob@b.example,Baker,customer\n3,Cid,cid@c.example,Able,lead\n";

/// A file that is not there yet, as an argument.
fn fresh(attune: &Attune, name: &str) -> String {
    attune.store().file(name).display().to_string()
}

on_both_engines! {
    /// CSV, workbook and JSON hold the same as the address for programs gives; who took what is written down.
    async fn a_list_leaves_the_same_way_everywhere(attune: Attune) {
        let people = file(&attune, "people.csv", PEOPLE);
        ended(&attune, 0, &["import", "contacts", &people]).await;
        let key = api_key(&attune, "admin").await;
        // Beside a server, once it has reckoned what it reckons of newcomers.
        attune.serve().await.unwrap();
        settle(&attune).await;
        for what in ["contacts", "companies"] {
            for format in ["csv", "json", "xlsx"] {
                let path = fresh(&attune, &format!("{what}.{format}"));
                let (told, _) = ended(&attune, 0, &["export", what, &path]).await;
                assert_eq!(told["rows"], if what == "contacts" { 3 } else { 2 });
                assert_eq!(told["bytes"], std::fs::metadata(&path).unwrap().len());
            }
        }
        let path = fresh(&attune, "leads.csv");
        let (told, _) = ended(&attune, 0, &["export", "contacts", &path, "--filter", "stage=lead", "--columns", "name,email"]).await;
        assert_eq!((&told["rows"], std::fs::read_to_string(&path).unwrap()), (&json!(2), "name,email\nAnn,ann@a.example\nCid,cid@c.example\n".to_owned()));
        let client = reqwest::Client::new();
        for (what, format) in [("contacts", "csv"), ("contacts", "json"), ("companies", "csv"), ("companies", "json")] {
            let address = attune.url(&format!("/api/v1/{what}/export?format={format}"));
            let given = client.get(address).bearer_auth(&key).send().await.unwrap().text().await.unwrap();
            assert_eq!(std::fs::read_to_string(fresh(&attune, &format!("{what}.{format}"))).unwrap(), given);
        }
        let written = rows(&attune, "SELECT after_json FROM audit_log WHERE action = 'contact.exported' ORDER BY id").await;
        let narrowed: Value = serde_json::from_str(&written[3][0]).unwrap();
        assert_eq!((written.len(), &narrowed["filter"], &narrowed["contacts"]), (6, &json!("stage=lead"), &json!(2)));
    }

    /// What comes out goes back in and doubles nobody.
    async fn a_file_comes_back_in_without_doubles(attune: Attune) {
        let people = file(&attune, "people.csv", PEOPLE);
        ended(&attune, 0, &["import", "contacts", &people]).await;
        let path = fresh(&attune, "out.csv");
        ended(&attune, 0, &["export", "contacts", &path]).await;
        let (again, _) = ended(&attune, 0, &["import", "contacts", &path, "--key", "id", "--dry-run"]).await;
        assert_eq!((&again["rows"], &again["created"], &again["rejected"]), (&json!(3), &json!(0), &json!(0)));
    }

    /// One person's own copy, for the person.
    async fn a_person_gets_a_copy(attune: Attune) {
        let people = file(&attune, "people.csv", PEOPLE);
        ended(&attune, 0, &["import", "contacts", &people]).await;
        let all = fresh(&attune, "all.json");
        ended(&attune, 0, &["export", "contacts", &all]).await;
        let all: Value = serde_json::from_str(&std::fs::read_to_string(&all).unwrap()).unwrap();
        let ann = all.as_array().unwrap().iter().find(|person| person["name"] == "Ann").unwrap()["id"].as_str().unwrap().to_owned();
        let (data, page) = (fresh(&attune, "ann.json"), fresh(&attune, "ann.html"));
        ended(&attune, 0, &["export", "person", &ann, &data]).await;
        ended(&attune, 0, &["--lang", "zh-CN", "export", "person", &ann, &page]).await;
        let copy: Value = serde_json::from_str(&std::fs::read_to_string(&data).unwrap()).unwrap();
        assert_eq!((&copy["format"], &copy["id"]), (&json!("attune.person.1"), &json!(ann)));
        let page = std::fs::read_to_string(&page).unwrap();
        assert!(page.contains("ann@a.example") && page.contains("lang=\"zh-CN\"") && !page.contains("bob@b.example"), "{page}");
        assert_eq!(rows(&attune, "SELECT count(*) FROM audit_log WHERE action = 'contact.exported_person'").await, [["2"]]);
    }

    /// A mistake ends with 2 and leaves no file; a file that is there is not written over.
    async fn a_mistake_takes_nobody_along(attune: Attune) {
        let people = file(&attune, "people.csv", PEOPLE);
        ended(&attune, 0, &["import", "contacts", &people]).await;
        let path = fresh(&attune, "out.csv");
        assert!(refused(&attune, 2, &["export", "contacts", &path, "--filter", "stages=lead"]).await.contains("stages=lead"));
        assert!(refused(&attune, 2, &["export", "contacts", &path, "--view", "Nobody"]).await.contains("Nobody"));
        assert!(refused(&attune, 2, &["export", "companies", &path, "--columns", "shoe"]).await.contains("industry"));
        refused(&attune, 2, &["export", "person", "con_2", &fresh(&attune, "no.json")]).await;
        refused(&attune, 2, &["export", "person", "Ann", &fresh(&attune, "no.json")]).await;
        refused(&attune, 2, &["export", "contacts", &fresh(&attune, "out.doc")]).await;
        assert!(!std::path::Path::new(&path).exists());
        assert!(refused(&attune, 2, &["export", "contacts", &people]).await.contains("people.csv"));
        assert_eq!(std::fs::read_to_string(&people).unwrap(), PEOPLE);
        assert_eq!(rows(&attune, "SELECT count(*) FROM audit_log WHERE action LIKE '%.exported%'").await, [["0"]]);
    }
}
