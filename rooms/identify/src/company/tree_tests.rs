use attune_db::{Db, params};
use attune_testkit::{START_AT, StatusCode, TestApp, clock, ids};
use attune_web::{Actor, Scope};
use proptest::prelude::*;
use serde_json::json;

use super::{Branch, CompanyDraft, Listing, create, list, list_branches, set_parent, tree};
use crate::contact::{self, By, ContactDraft, ContactError};
use crate::tracking::Collector;

fn draft(name: &str, owner_id: Option<i64>) -> CompanyDraft {
    CompanyDraft { name: name.to_owned(), owner_id, ..CompanyDraft::default() }
}

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

attune_testkit::on_both_dbs! {
    async fn branches_never_make_a_circle(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let mut made = Vec::new();
        for name in ["Holding", "North", "Bremen", "South"] {
            made.push(create(&mut tx, &by, draft(name, None)).await.unwrap().id);
        }
        let [holding, north, bremen, south] = made[..] else { panic!("four were made") };
        for (id, parent) in [(north, holding), (bremen, north), (south, holding)] {
            set_parent(&mut tx, &by, &Scope::All, id, Some(parent)).await.unwrap();
        }
        for parent in [bremen, north, holding] {
            let circle = set_parent(&mut tx, &by, &Scope::All, holding, Some(parent)).await;
            assert!(matches!(circle, Err(ContactError::Invalid { key: "company-circle", .. })), "{circle:?}");
        }
        let tree = list_branches(&mut tx, &Scope::All, bremen).await.unwrap();
        assert_eq!(tree.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["Holding", "North", "South", "Bremen"]);
        assert_eq!(tree::below(&tree, north), [north, bremen]);
        // North moves with its branch and stays itself.
        assert_eq!(set_parent(&mut tx, &by, &Scope::All, north, Some(south)).await.unwrap(), Some(holding));
        let tree = list_branches(&mut tx, &Scope::All, holding).await.unwrap();
        assert_eq!(tree::below(&tree, south), [north, bremen, south]);
    }

    async fn programs_put_a_company_under_none_that_is_gone(db: Db) {
        let site = crate::company::tree_tests::site(db.clone());
        let make = async |name: &str| site.json("admin", "POST", "/api/v1/companies", &json!({ "name": name })).await.is(StatusCode::CREATED).json()["id"].as_str().unwrap().to_owned();
        let (branch, there, gone) = (make("Branch").await, make("There").await, make("Gone").await);
        let path = format!("/api/v1/companies/{branch}");
        let under = async |parent: &str| site.json("admin", "PATCH", &path, &json!({ "parent_id": parent })).await;
        assert_eq!(under(&gone).await.is(StatusCode::OK).json()["parent_id"], json!(gone));
        site.json("admin", "DELETE", &format!("/api/v1/companies/{gone}"), &json!(null)).await.is(StatusCode::NO_CONTENT);
        let shown = site.json("admin", "GET", &path, &json!(null)).await.json();
        assert_eq!(shown["parent_id"], json!(null), "nobody follows an id to a company that is gone");
        let all = site.json("admin", "GET", "/api/v1/companies", &json!(null)).await.json();
        assert!(all["items"].as_array().unwrap().iter().all(|one| one["parent_id"] == json!(null)), "{all}");
        assert!(!site.post("admin", "/companies/export", "query=&format=json").await.has(&gone));
        for parent in [gone.as_str(), "com_zzzzzzzzzzz", "Gone"] {
            let wrong = under(parent).await.is(StatusCode::UNPROCESSABLE_ENTITY).json();
            assert!(wrong["error"]["fields"]["parent_id"].as_str().unwrap().contains("Name one that is there"), "{parent}: {wrong}");
        }
        // Who sends back what was shown takes nothing away.
        let kept = json!({ "city": "Bonn", "parent_id": shown["parent_id"] });
        site.json("admin", "PATCH", &path, &kept).await.is(StatusCode::OK);
        let mut tx = db.begin().await.unwrap();
        tx.exec("UPDATE companies SET deleted_at = NULL WHERE name = 'Gone'", params![]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(site.json("admin", "GET", &path, &json!(null)).await.json()["parent_id"], json!(gone));
        let circle = under(&branch).await.is(StatusCode::UNPROCESSABLE_ENTITY).json();
        assert!(circle["error"]["fields"]["parent_id"].is_string(), "{circle}");
        assert_eq!(under(&there).await.is(StatusCode::OK).json()["parent_id"], json!(there));
    }

    async fn people_of_others_are_not_counted(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        create(&mut tx, &by, draft("Fisk", None)).await.unwrap();
        for owner_id in [1, 2, 2] {
            let draft = ContactDraft { name: "Ada".into(), company: Some("Fisk".into()), owner_id: Some(owner_id), ..ContactDraft::default() };
            contact::create(&mut tx, &by, draft).await.unwrap();
        }
        for (scope, people) in [(Scope::All, 3), (Scope::Own { staff_id: 1 }, 1)] {
            let found = list(&mut tx, &scope, &Listing { limit: 5, ..Listing::default() }).await.unwrap();
            assert_eq!(found[0].people, people);
        }
    }

    async fn a_tree_shows_no_branch_of_others(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let ours = create(&mut tx, &by, draft("Ours", Some(1))).await.unwrap().id;
        let theirs = create(&mut tx, &by, draft("Theirs", Some(2))).await.unwrap().id;
        let below = create(&mut tx, &by, draft("Below", Some(1))).await.unwrap().id;
        set_parent(&mut tx, &by, &Scope::All, theirs, Some(ours)).await.unwrap();
        set_parent(&mut tx, &by, &Scope::All, below, Some(theirs)).await.unwrap();
        let scope = Scope::Own { staff_id: 1 };
        let tree = list_branches(&mut tx, &scope, ours).await.unwrap();
        assert_eq!(tree.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["Ours", "Below"]);
        let hidden = set_parent(&mut tx, &by, &scope, ours, Some(theirs)).await;
        assert!(matches!(hidden, Err(ContactError::Invalid { key: "company-parent-gone", .. })), "{hidden:?}");
    }
}

attune_testkit::on_both_dbs! {
    async fn a_company_is_moved_on_its_page_and_by_programs(db: Db) {
        let site = site(db);
        let mut made = Vec::new();
        for name in ["Holding", "Branch"] {
            let made_one = site.json("admin", "POST", "/api/v1/companies", &json!({ "name": name })).await.is(StatusCode::CREATED).json();
            made.push(made_one["id"].as_str().unwrap().to_owned());
        }
        let [holding, branch] = &made[..] else { panic!("two were made") };
        let found = site.part("admin", &format!("/companies/{branch}/parent?q=hold")).await;
        assert!(found.has("Holding") && found.has(holding), "{}", found.body);
        site.post("admin", &format!("/companies/{branch}/parent"), &format!("parent={holding}")).await.is(StatusCode::SEE_OTHER);
        let wrong = site.post("admin", &format!("/companies/{holding}/parent"), &format!("parent={branch}")).await;
        assert!(wrong.is(StatusCode::UNPROCESSABLE_ENTITY).has("one of its own branches"));
        site.json("admin", "POST", "/api/v1/contacts", &json!({ "name": "Ada", "company": "Branch" })).await.is(StatusCode::CREATED);
        let page = site.get("admin", &format!("/companies/{holding}")).await;
        assert!(page.has("Branch") && page.has("With all branches") && !page.has(">Ada<"), "{}", page.body);
        let all = site.get("admin", &format!("/companies/{holding}?branches=1")).await;
        assert!(all.has(">Ada<") && all.has("Became a contact"), "{}", all.body);
        site.post("admin", &format!("/companies/{branch}/parent/undo?parent=none"), "").await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("admin", &format!("/companies/{holding}")).await.has("Branch"));
        let moved = site.json("admin", "PATCH", &format!("/api/v1/companies/{branch}"), &json!({ "parent_id": holding })).await.json();
        assert_eq!(moved["parent_id"].as_str(), Some(holding.as_str()));
        site.json("admin", "PATCH", &format!("/api/v1/companies/{holding}"), &json!({ "parent_id": branch })).await.is(StatusCode::UNPROCESSABLE_ENTITY);
    }
}

proptest! {
    /// Every company of a tree is drawn once, wherever its parent may be.
    #[test]
    fn nobody_is_lost_under_a_parent_out_of_sight(parents in proptest::collection::vec(0..12_i64, 1..10)) {
        let branch = |(id, parent): (i64, &i64)| Branch { id, name: String::new(), city: String::new(), parent_id: Some(*parent).filter(|p| *p < id) };
        let branches: Vec<Branch> = (1..).zip(&parents).map(branch).collect();
        let drawn: usize = tree::by_parent(&branches).values().map(Vec::len).sum();
        prop_assert_eq!(drawn, branches.len());
    }
}
