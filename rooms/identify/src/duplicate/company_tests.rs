use attune_db::{Db, params};
use attune_testkit::{StatusCode, TestApp};

use super::twin::{Twin, pair_address};
use crate::company::{Company, CompanyId};
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

/// Companies that are there twice: under another legal form, misspelt beside the same domain, without the city in front, and without a form.
const TWINS: [(&str, &str, &str); 4] = [
    (
        "name=上海同频科技有限公司&domain=tongpin.example&city=上海",
        "name=上海同频科技股份有限公司&domain=https://www.tongpin.example/&city=上海",
        "同频",
    ),
    (
        "name=Winterbourne+Precision+Tools+Ltd&domain=winterbourne.example&city=Leeds",
        "name=Winterborne+Precision+Tools+Limited&domain=winterbourne.example&city=Leeds",
        "Winterbourne",
    ),
    ("name=上海百年贸易有限公司&city=上海市", "name=百年贸易公司", "百年贸易"),
    ("name=Quintanilla+Hermanos+S.A.&city=Bilbao&country=ES", "name=Quintanilla+Hermanos&city=Bilbao&country=ES", "Quintanilla"),
];

async fn fill(site: &TestApp) {
    let first = ["Albers", "Brandt", "Cordes", "Dietz", "Ebert", "Funke", "Gerlach", "Hartung"];
    let second =
        [("Logistics+GmbH", "Kiel"), ("Bau+AG", "Ulm"), ("Software+Inc", "Austin"), ("贸易有限公司", "广州"), ("Foods+Ltd", "Leeds")];
    for (number, (first, (second, city))) in first.iter().flat_map(|a| second.iter().map(move |b| (a, b))).enumerate() {
        let form = format!("name={first}+{second}&domain=firm{number}.example&city={city}&told=1");
        site.post("admin", "/companies", &form).await.is(StatusCode::SEE_OTHER);
    }
    for (one, other, _) in TWINS {
        for form in [one, other] {
            site.post("admin", "/companies", &format!("{form}&told=1")).await.is(StatusCode::SEE_OTHER);
        }
    }
}

async fn searched(site: &TestApp) {
    site.post("admin", "/companies/duplicates", "").await.is(StatusCode::SEE_OTHER);
    site.settle().await;
}

/// The pair with the company called like `name`.
async fn pair(db: &Db, name: &str) -> (CompanyId, CompanyId) {
    let select = "SELECT p.left_id, p.right_id FROM duplicate_pairs p JOIN companies c ON c.id = p.left_id WHERE p.subject = 'company' AND c.name LIKE $1";
    let rows = db.read().await.unwrap().rows(select, params![format!("%{name}%")]).await.unwrap();
    (CompanyId(rows[0].at(0).unwrap()), CompanyId(rows[0].at(1).unwrap()))
}

attune_testkit::on_both_dbs! {
    async fn companies_that_are_there_twice_are_found_told_apart_and_merged(db: Db) {
        let site = site(db.clone());
        let page = site.get("admin", "/companies/duplicates").await;
        assert!(page.has("Nobody has looked yet") && page.has("href=\"/contacts/duplicates\""), "{}", page.body);
        fill(&site).await;
        site.post("agent", "/companies/duplicates", "").await.is(StatusCode::SEE_OTHER);
        assert_eq!(db.read().await.unwrap().count("SELECT count(*) FROM jobs WHERE kind = $1", params![Company::FIND]).await.unwrap(), 0, "only who sees all may");
        searched(&site).await;
        let page = site.get("admin", "/companies/duplicates").await;
        for (_, _, name) in TWINS {
            assert!(page.has(name), "{name}: {}", page.body);
        }
        assert!(page.has("48 companies compared, 4 likely pairs") && page.has("Website: the same") && !page.has("Albers"), "{}", page.body);
        assert!(!page.has("duplicate-"), "a text is missing: {}", page.body);
        // The admin's own companies are nobody else's, and the pairs of people are another list.
        assert!(!site.get("agent", "/companies/duplicates").await.has("Winterbourne"));
        assert!(site.get("admin", "/contacts/duplicates").await.has("Nobody has looked yet"));
        told_apart(&site, &db).await;
        merged(&site, &db).await;
    }

    async fn a_company_typed_in_again_is_asked_about_once(db: Db) {
        let site = site(db);
        fill(&site).await;
        let again = "name=Winterbourne+Precision+Tools+GmbH";
        let told = site.post("admin", "/companies", again).await.is(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(told.has("Is one of these companies meant?") && told.has("Winterbourne Precision Tools Ltd") && told.has("Create all the same"), "{}", told.body);
        let check = async |who: &str, typed: &str| site.get(who, &format!("/companies/duplicates/check?{typed}")).await;
        assert!(check("admin", "name=同频科技").await.has("上海同频科技有限公司"), "half the name is enough to ask");
        assert!(check("admin", "name=Something+Else&domain=http://tongpin.example").await.has("Website: the same"));
        assert!(!check("agent", "name=同频科技").await.has("同频"), "another's companies are not shown");
        assert_eq!(check("admin", "name=Nobody+Whatsoever").await.body.trim(), "");
        assert_eq!(check("admin", "name=GmbH").await.body.trim(), "", "a legal form is no company");
        searched(&site).await;
        assert!(check("admin", "name=Winterborne+Precision+Tool&city=Leeds").await.has("Winterbourne Precision"), "what the search learned counts, too");
        site.post("admin", "/companies", &format!("{again}&told=1")).await.is(StatusCode::SEE_OTHER);
        // Who has one of two in charge sees no pair, nor that there is another.
        site.post("agent", "/companies", "name=Winterbourne+Precision+Tools+Plc&domain=winterbourne.example&told=1").await.is(StatusCode::SEE_OTHER);
        searched(&site).await;
        assert!(site.get("admin", "/companies/duplicates").await.has("Winterbourne Precision Tools Plc"));
        let page = site.get("agent", "/companies/duplicates").await;
        assert!(!page.has("Winterbourne") && page.has("<span class=\"count\">0</span>"), "{}", page.body);
    }

    async fn a_name_or_a_domain_that_many_have_is_no_companys_own(db: Db) {
        let site = site(db);
        for city in ["Kiel", "Ulm", "Bonn", "Köln", "Jena", "Gera"] {
            let form = format!("name=Shop+{city}&domain=https://market.example/{city}&city={city}&told=1");
            site.post("admin", "/companies", &form).await.is(StatusCode::SEE_OTHER);
        }
        let check = async |typed: &str| site.get("admin", &format!("/companies/duplicates/check?{typed}")).await.body.trim().to_owned();
        assert_eq!(check("name=Bakery&domain=market.example").await, "", "a market place is nobody's own domain");
        assert!(check("name=SHOP+Ulm+Ltd").await.contains("Shop Ulm"));
        site.post("admin", "/companies", "name=H%26M&told=1").await.is(StatusCode::SEE_OTHER);
        assert!(check("name=h%26m").await.contains("H&#38;M"), "a short name of signs is found by the whole of it");
    }
}

/// What was told apart is brought back by no search, only by whoever takes that back.
async fn told_apart(site: &TestApp, db: &Db) {
    let (left, right) = pair(db, "Quintanilla").await;
    let apart = pair_address::<Company>("apart", (right.0, left.0));
    site.post("agent", &apart, "").await.is(StatusCode::NOT_FOUND);
    site.post("admin", &apart, "").await.is(StatusCode::SEE_OTHER);
    searched(site).await;
    assert!(!site.get("admin", "/companies/duplicates").await.has("Quintanilla"));
    assert!(site.get("admin", "/companies/duplicates?show=apart").await.has("Quintanilla"));
    site.post("admin", &apart.replace("/apart?", "/together?"), "").await.is(StatusCode::SEE_OTHER);
    assert!(site.get("admin", "/companies/duplicates").await.has("Quintanilla"));
    // A branch is called like its company, and is another record.
    let parent = async |id: i64| {
        let mut tx = db.begin().await.unwrap();
        tx.exec("UPDATE companies SET parent_id = $1 WHERE id = $2", params![Some(id).filter(|id| *id > 0), right.0]).await.unwrap();
        tx.commit().await.unwrap();
    };
    parent(left.0).await;
    assert!(!site.get("admin", "/companies/duplicates").await.has("Quintanilla"));
    parent(0).await;
    assert!(site.get("admin", "/companies/duplicates").await.has("Quintanilla"));
}

/// From the company to its likes, both side by side with the reasons, and one.
async fn merged(site: &TestApp, db: &Db) {
    let (left, right) = pair(db, "Winterbourne").await;
    let choose = site.get("admin", &format!("/companies/{left}/merge")).await;
    assert!(choose.has("Likely the same company") && choose.has(&format!("loser={right}")), "{}", choose.body);
    let page = site.get("admin", &format!("/companies/merge?survivor={left}&loser={right}")).await;
    assert!(page.has("Website: the same") && page.has("Not the same company") && !page.has("household"), "{}", page.body);
    site.post("admin", "/companies/merge", &format!("survivor={left}&loser={right}")).await.is(StatusCode::SEE_OTHER);
    let page = site.get("admin", "/companies/duplicates").await;
    assert!(!page.has("Winterbourne") && page.has("同频"), "a merged pair is gone: {}", page.body);
}
