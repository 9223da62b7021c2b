use attune_db::{Db, params};
use attune_house::write_setting;
use attune_kernel::DAY_US;
use attune_testkit::{Colleague, Got, StatusCode, TestApp};
use attune_web::Grant;
use http::Request;
use serde_json::{Value as Json, json};

use super::{FileId, LARGEST_MB, store};
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn count(db: &Db, table: &str) -> i64 {
    db.read().await.unwrap().count(&format!("SELECT count(*) FROM {table}"), params![]).await.unwrap()
}

async fn send(site: &TestApp, who: &str, path: &str, bytes: Vec<u8>) -> Got {
    site.send(who, Request::post(path), bytes).await
}

async fn person(site: &TestApp) -> String {
    let made = site.json("admin", "POST", "/api/v1/contacts", &json!({ "name": "Ada Lovelace", "owner_id": 1 })).await;
    made.is(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned()
}

attune_testkit::on_both_dbs! {
    async fn a_file_comes_back_as_it_went_in_and_only_whole(db: Db) {
        let site = site(db.clone());
        let ada = person(&site).await;
        let path = format!("/api/v1/contacts/{ada}/files");
        // Letters, so that the answer can be read as text; more than two pieces.
        let bytes: Vec<u8> = (0..1_000_003_u32).map(|n| b'a' + (n * 7 % 26) as u8).collect();
        let file = send(&site, "admin", &format!("{path}?name=plan%20%E5%9B%BE.pdf"), bytes.clone()).await.is(StatusCode::CREATED).json();
        assert_eq!((file["name"].as_str(), file["bytes"].as_i64()), (Some("plan 图.pdf"), Some(1_000_003)));
        assert_eq!(count(&db, "file_chunks").await, 3);
        let address = format!("/api/v1/files/{}", file["id"].as_str().unwrap());
        let got = site.json("admin", "GET", &address, &Json::Null).await.is(StatusCode::OK);
        assert!(got.body.as_bytes() == bytes, "not what was sent");
        assert!(got.header("content-disposition").starts_with("attachment;") && got.header("x-content-type-options") == "nosniff");
        assert_eq!(got.header("content-type"), "application/octet-stream");
        send(&site, "admin", &format!("{path}?name=empty.txt"), Vec::new()).await.is(StatusCode::CREATED);
        send(&site, "admin", &format!("{path}?name=.."), vec![1]).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        send(&site, "other", &format!("{path}?name=x"), vec![1]).await.is(StatusCode::NOT_FOUND);
        site.json("other", "GET", &address, &Json::Null).await.is(StatusCode::NOT_FOUND);
        site.json("other", "DELETE", &address, &Json::Null).await.is(StatusCode::NOT_FOUND);
        let list = site.json("admin", "GET", &path, &Json::Null).await.json();
        assert_eq!(list["items"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect::<Vec<_>>(), ["empty.txt", "plan 图.pdf"]);
    }

    async fn what_is_too_large_leaves_nothing(db: Db) {
        let site = site(db.clone());
        let ada = person(&site).await;
        let mut tx = db.begin().await.unwrap();
        write_setting(&mut tx, LARGEST_MB, "1", None, 1).await.unwrap();
        tx.commit().await.unwrap();
        let path = format!("/api/v1/contacts/{ada}/files?name=film.mp4");
        let refused = send(&site, "admin", &path, vec![7; 1_000_001]).await.is(StatusCode::PAYLOAD_TOO_LARGE);
        assert!(refused.has("film.mp4 is larger than 1 MB"), "{}", refused.body);
        send(&site, "admin", &path, vec![7; 1_000_000]).await.is(StatusCode::CREATED);
        assert_eq!((count(&db, "files").await, count(&db, "file_chunks").await), (1, 3));
        let form = format!("/files?of={ada}");
        let again = site.upload("admin", &form, "film.mp4", &[7; 1_000_001]).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.has("aria-invalid") && again.has("film.mp4 is larger than 1 MB") && !again.has("file-too"), "{}", again.body);
        assert_eq!(count(&db, "files").await, 1);
        let none = site.upload("admin", &form, "", b"").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(none.has("Choose a file first"), "{}", none.body);
        site.upload("other", &form, "a.txt", b"a").await.is(StatusCode::NOT_FOUND);
    }

    async fn files_live_on_the_pages_of_a_record(db: Db) {
        let site = site(db.clone());
        let ada = person(&site).await;
        let company = site.json("admin", "POST", "/api/v1/companies", &json!({ "name": "Engines", "owner_id": 1 })).await.json();
        let company = company["id"].as_str().unwrap().to_owned();
        for (record, page) in [(&ada, format!("/contacts/{ada}")), (&company, format!("/companies/{company}"))] {
            assert!(site.get("agent", &format!("{page}/files")).await.has("No files yet"));
            assert!(site.get("agent", &format!("/files/new?of={record}")).await.has("multiple"));
            let sent = site.upload("agent", &format!("/files?of={record}"), "C:\\offers\\offer.html", b"<script>alert(1)</script>").await;
            assert_eq!(sent.is(StatusCode::SEE_OTHER).leads(), page);
            let panel = site.part("agent", &format!("{page}/files")).await;
            assert!(panel.has("offer.html") && panel.has("Mei Tan") && !panel.has("file-") && !panel.has("<html"), "{}", panel.body);
            let id = panel.body.split("href=\"/files/fil_").nth(1).unwrap().split('"').next().unwrap();
            let file = format!("/files/fil_{id}");
            let got = site.get("agent", &file).await.is(StatusCode::OK);
            assert_eq!((got.body.as_str(), got.header("content-type")), ("<script>alert(1)</script>", "application/octet-stream"));
            site.post("agent", &format!("{file}/edit"), "name=+").await.is(StatusCode::UNPROCESSABLE_ENTITY);
            site.post("other", &format!("{file}/edit"), "name=x").await.is(StatusCode::NOT_FOUND);
            site.post("agent", &format!("{file}/edit"), "name=Offer+2.html").await.is(StatusCode::SEE_OTHER);
            assert!(site.get("agent", &format!("{file}/edit")).await.has("value=\"Offer 2.html\""));
            site.post("other", &format!("{file}/delete"), "").await.is(StatusCode::NOT_FOUND);
            site.post("agent", &format!("{file}/delete"), "").await.is(StatusCode::SEE_OTHER);
            site.get("agent", &file).await.is(StatusCode::NOT_FOUND);
            site.post("agent", &format!("{file}/restore"), "").await.is(StatusCode::SEE_OTHER);
            assert!(site.get("agent", &format!("{page}/files")).await.has("Offer 2.html"));
        }
        let told = site.get("agent", &format!("/contacts/{ada}?show=changes")).await;
        for told_of in ["File added: offer.html", "File deleted: Offer 2.html", "File brought back: Offer 2.html"] {
            assert!(told.has(told_of), "{told_of}: {}", told.body);
        }
        assert!(site.get("admin", &format!("/contacts/{ada}/export")).await.has("Offer 2.html"), "they go with a person's copy");
    }

    async fn who_sees_masked_addresses_opens_no_file(db: Db) {
        let parts = attune_testkit::parts(db);
        let rooms = vec![crate::room(&parts, &Collector::start(&parts))];
        let lea = Colleague::new("admin", 5).called("lea").granted(&[("identify.address.view", Grant::None)]);
        let site = TestApp::open(parts, rooms, &[Colleague::new("admin", 1).called("admin"), lea]);
        let ada = person(&site).await;
        let new = format!("/api/v1/contacts/{ada}/files?name=of%20ada@lovelace.example.txt");
        let file = send(&site, "admin", &new, b"ada@lovelace.example".to_vec()).await.is(StatusCode::CREATED).json();
        let page = site.get("lea", &format!("/contacts/{ada}/files")).await.is(StatusCode::OK);
        assert!(page.has("Only who sees") && page.has("/edit") && !page.has("ada@lovelace") && !page.has("download>"), "{}", page.body);
        site.get("lea", &format!("/files/{}", file["id"].as_str().unwrap())).await.is(StatusCode::FORBIDDEN);
        let address = format!("/api/v1/files/{}", file["id"].as_str().unwrap());
        site.json("lea", "GET", &address, &Json::Null).await.is(StatusCode::FORBIDDEN);
        let refused = site.json("lea", "PATCH", &address, &json!({ "name": "x.txt" })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.has("An address you may not see") && !refused.has("ada@lovelace"), "{}", refused.body);
        let list = site.json("admin", "GET", &format!("/api/v1/contacts/{ada}/files"), &Json::Null).await.json();
        assert_eq!(list["items"][0]["name"], "of ada@lovelace.example.txt", "what she does not see she does not write over");
        site.json("admin", "PATCH", &address, &json!({ "name": "plain.txt" })).await.is(StatusCode::OK);
        site.json("lea", "PATCH", &address, &json!({ "name": "x.txt" })).await.is(StatusCode::OK);
    }

    async fn the_bytes_go_with_the_person_and_a_day_after_deleting(db: Db) {
        let site = site(db.clone());
        let (ada, bob) = (person(&site).await, person(&site).await);
        let mut files = Vec::new();
        for of in [&ada, &bob, &bob] {
            let made = send(&site, "admin", &format!("/api/v1/contacts/{of}/files?name=secret.txt"), b"secret".to_vec()).await;
            files.push(made.is(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned());
        }
        let receipt = site.json("admin", "POST", &format!("/api/v1/contacts/{ada}/erase"), &Json::Null).await.is(StatusCode::OK).json();
        let gone: Vec<&str> = receipt["tables"].as_array().unwrap().iter().map(|line| line["table"].as_str().unwrap()).collect();
        assert!(gone.contains(&"files") && gone.contains(&"file_chunks"), "{gone:?}");
        assert_eq!((count(&db, "files").await, count(&db, "file_chunks").await), (2, 2));
        let told = "audit_log WHERE after_json LIKE '%secret%' OR before_json LIKE '%secret%'";
        assert_eq!(count(&db, told).await, 2, "of the other's files");
        site.json("admin", "DELETE", &format!("/api/v1/files/{}", files[1]), &Json::Null).await.is(StatusCode::NO_CONTENT);
        // One that never came to its end, and pieces left over.
        let mut tx = db.begin().await.unwrap();
        tx.exec("INSERT INTO files (id, company_id, file_name, bytes, staff_id, created_at) VALUES (77, 1, 'half', 0, 1, $1)", params![site.app().clock.now()]).await.unwrap();
        for id in [77_i64, 78] {
            tx.exec("INSERT INTO file_chunks (file_id, number, body) VALUES ($1, 0, 'eA==')", params![id]).await.unwrap();
        }
        tx.commit().await.unwrap();
        prune(&site).await;
        assert_eq!((count(&db, "files").await, count(&db, "file_chunks").await), (3, 3), "only what belongs to nothing");
        site.app().clock.advance(DAY_US + 1);
        prune(&site).await;
        assert_eq!((count(&db, "files").await, count(&db, "file_chunks").await), (1, 1));
        site.post("agent", &format!("/files/{}/restore", files[1]), "").await.is(StatusCode::NOT_FOUND);
        site.json("admin", "GET", &format!("/api/v1/files/{}", files[2]), &Json::Null).await.is(StatusCode::OK);
        assert_eq!(count(&db, told).await, 1, "the names of files go with their bytes");
        site.json("admin", "POST", &format!("/api/v1/contacts/{bob}/erase"), &Json::Null).await.is(StatusCode::OK);
        assert_eq!((count(&db, told).await, count(&db, "events WHERE subject = 'secret.txt'").await), (0, 0));
    }

    async fn a_file_that_came_back_or_whose_person_is_held_is_not_let_go_of(db: Db) {
        let site = site(db.clone());
        let ada = person(&site).await;
        let made = send(&site, "admin", &format!("/api/v1/contacts/{ada}/files?name=a.txt"), b"a".to_vec()).await;
        let file = made.is(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned();
        let id: FileId = file.parse().unwrap();
        site.json("admin", "DELETE", &format!("/api/v1/files/{file}"), &Json::Null).await.is(StatusCode::NO_CONTENT);
        site.app().clock.advance(DAY_US + 1);
        let mut tx = db.begin().await.unwrap();
        let then = site.app().clock.now();
        let over = store::list_over(&mut tx, then, 10).await.unwrap();
        assert_eq!(over, [id.0]);
        assert!(store::set_deleted(&mut tx, id, None).await.unwrap());
        assert!(store::remove_over(&mut tx, then, &over).await.unwrap().is_empty(), "it came back between the look and the removal");
        assert!(!store::put_chunk(&mut tx, FileId(7), 0, "eA==").await.unwrap(), "a piece of no file");
        drop(tx);
        site.post("admin", &format!("/contacts/{ada}/hold"), "reason=Law+suit").await.is(StatusCode::SEE_OTHER);
        prune(&site).await;
        assert_eq!((count(&db, "files").await, count(&db, "file_chunks").await), (1, 1));
        site.post("admin", &format!("/contacts/{ada}/hold/end"), "").await.is(StatusCode::SEE_OTHER);
        prune(&site).await;
        assert_eq!((count(&db, "files").await, count(&db, "file_chunks").await), (0, 0));
    }
}

async fn prune(site: &TestApp) {
    let mut tx = site.app().db.begin().await.unwrap();
    attune_jobs::put(&mut tx, &site.app().bench(), attune_jobs::JobSpec::new("identify.prune_files", json!({}))).await.unwrap();
    tx.commit().await.unwrap();
    site.settle().await;
}
