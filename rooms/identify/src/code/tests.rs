use attune_db::{Db, params};
use attune_testkit::{StatusCode, TestApp};

use super::destination;
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

#[test]
fn the_words_of_a_campaign_are_added_once() {
    let to = destination("https://shop.example/new?a=1&utm_source=fair#top", "Autumn", "Stand 7");
    assert_eq!(to, "https://shop.example/new?a=1&utm_source=fair&utm_medium=print&utm_campaign=Autumn&utm_content=Stand+7#top");
}

attune_testkit::on_both_dbs! {
    async fn a_code_is_printed_scanned_and_counted(db: Db) {
        let site = site(db.clone());
        assert!(site.get("agent", "/codes").await.has("No QR codes yet"));
        site.get("agent", "/codes/new").await.is(StatusCode::FORBIDDEN);
        let wrong = site.post("admin", "/codes", "name=Fair&target=shop.example").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.has("https://"), "{}", wrong.body);
        let made = site.post("admin", "/codes", "name=Fair&target=https%3A%2F%2Fshop.example%2Fnew").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{}/prints", made.leads()), "label=").await.is(StatusCode::UNPROCESSABLE_ENTITY);
        site.post("admin", &format!("{}/prints", made.leads()), "label=Stand+7").await.is(StatusCode::SEE_OTHER);
        let page = site.get("agent", made.leads()).await;
        assert!(page.has("Stand 7") && !page.has("code-"), "{}", page.body);
        let print = page.body.rsplit("/q/").next().map(|rest| rest[..rest.find('<').unwrap()].to_owned()).unwrap();
        assert!(site.get("agent", &format!("{}/{print}.svg", made.leads())).await.body.starts_with("<svg"));
        let sheet = site.get("agent", &format!("{}/sheet.pdf", made.leads())).await;
        assert_eq!((sheet.header("content-type"), sheet.body.starts_with("%PDF")), ("application/pdf", true));
        // Anybody may scan; a crawler is counted apart.
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
        for agent in [phone, phone, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"] {
            let request = http::Request::get(format!("/q/{print}")).header("user-agent", agent);
            let sent = site.send("", request, "").await.is(StatusCode::SEE_OTHER);
            assert_eq!(sent.header("location"), "https://shop.example/new?utm_source=qr&utm_medium=print&utm_campaign=Fair&utm_content=Stand+7");
        }
        let mut tx = db.read().await.unwrap();
        let row = tx.get("print", "SELECT scans, machine_scans FROM code_prints WHERE label = 'Stand 7'", params![]).await.unwrap();
        assert_eq!((row.get::<i64>("scans").unwrap(), row.get::<i64>("machine_scans").unwrap()), (2, 1));
        drop(tx);
        // Without a target it leads to a page of its own; deleted, the paper still leads there.
        site.post("admin", made.leads(), "name=Fair&target=&title=How+to+fill&body=Open.%0A%0APour.").await.is(StatusCode::SEE_OTHER);
        site.post("admin", &format!("{}/delete", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        site.get("admin", made.leads()).await.is(StatusCode::NOT_FOUND);
        let sent = site.send("", http::Request::get(format!("/q/{print}")).header("user-agent", phone), "").await;
        let landing = sent.header("location").split_once("/q/").map(|(_, rest)| format!("/q/{rest}")).unwrap();
        let page = site.get("", &landing).await.is(StatusCode::OK);
        assert!(page.has("How to fill") && page.has("<p class=\"meta\">Pour.</p>") && page.has("/t.js"), "{}", page.body);
        site.post("admin", &format!("{}/restore", made.leads()), "").await.is(StatusCode::SEE_OTHER);
        site.get("admin", made.leads()).await.is(StatusCode::OK);
        site.get("", "/q/p_0000000000000").await.is(StatusCode::NOT_FOUND);
    }
}
