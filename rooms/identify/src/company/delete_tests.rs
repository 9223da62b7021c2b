use attune_db::{Db, params};
use attune_jobs::Bench;
use attune_testkit::{START_AT, StatusCode, TestApp, clock, ids};
use attune_web::{Actor, Scope, Sight};
use serde_json::json;

use super::{CompanyDraft, Listing, create, delete, list, list_branches, restore, set_parent};
use crate::contact::{self, By, ContactDraft, ContactError, Sorting};
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn company(site: &TestApp, who: &str, name: &str) -> String {
    site.post(who, "/companies", &format!("name={name}")).await.is(StatusCode::SEE_OTHER).leads().to_owned()
}

fn id_of(address: &str) -> &str {
    address.rsplit('/').next().unwrap()
}

/// The people found by these words.
async fn found(db: &Db, words: &str) -> usize {
    let listing = contact::Listing { search: words.into(), sight: Sight::FULL, ..contact::Listing::default() };
    contact::list(&mut db.read().await.unwrap(), &Scope::All, &listing, Sorting::default(), "", 9).await.unwrap().contacts.len()
}

attune_testkit::on_both_dbs! {
    async fn a_deleted_company_is_nowhere_and_comes_back_whole(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let mut tx = db.begin().await.unwrap();
        let mut made = Vec::new();
        for name in ["Holding", "Fisk", "Fisk Nord"] {
            made.push(create(&mut tx, &by, CompanyDraft { name: name.into(), ..CompanyDraft::default() }).await.unwrap().id);
        }
        let [holding, fisk, nord] = made[..] else { panic!("three were made") };
        for (id, parent) in [(fisk, holding), (nord, fisk)] {
            set_parent(&mut tx, &by, &Scope::All, id, Some(parent)).await.unwrap();
        }
        let draft = ContactDraft { name: "Lena".into(), company: Some("Fisk".into()), ..ContactDraft::default() };
        let lena = contact::create(&mut tx, &by, draft).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(found(&db, "fisk").await, 1);

        let mut tx = db.begin().await.unwrap();
        assert_eq!(delete(&mut tx, &bench, &by, &Scope::All, &[fisk]).await.unwrap(), [fisk]);
        assert_eq!(delete(&mut tx, &bench, &by, &Scope::All, &[fisk]).await.unwrap(), [0; 0], "once");
        tx.commit().await.unwrap();
        assert_eq!((found(&db, "fisk").await, found(&db, "lena").await), (0, 1));
        let mut tx = db.begin().await.unwrap();
        let person = contact::list_by_ids(&mut tx, [lena]).await.unwrap().remove(0);
        assert_eq!(person.company_name, None, "she is of no company");
        let listing = Listing { limit: 9, ..Listing::default() };
        let names = |lines: Vec<crate::company::CompanyLine>| lines.into_iter().map(|line| line.company.name).collect::<Vec<_>>();
        assert_eq!(names(list(&mut tx, &Scope::All, &listing).await.unwrap()), ["Fisk Nord", "Holding"]);
        for id in [holding, nord] {
            let tree = list_branches(&mut tx, &Scope::All, id).await.unwrap();
            assert_eq!(tree.iter().map(|branch| branch.id).collect::<Vec<_>>(), [id], "it stands alone");
        }
        let of_fisk = contact::Listing { company_id: Some(fisk), ..contact::Listing::default() };
        assert_eq!(contact::count(&mut tx, &Scope::All, &of_fisk).await.unwrap(), 0);
        // What is done meanwhile does not part her from it.
        for (key, typed) in [("title", "Buyer"), ("company", "")] {
            contact::update_field(&mut tx, &by, &Scope::All, lena, key, typed).await.unwrap();
        }
        assert_eq!(restore(&mut tx, &bench, &by, &Scope::All, &[fisk]).await.unwrap(), [fisk]);
        tx.commit().await.unwrap();
        assert_eq!(found(&db, "fisk").await, 1);
        let mut tx = db.begin().await.unwrap();
        let person = contact::list_by_ids(&mut tx, [lena]).await.unwrap().remove(0);
        assert_eq!(person.company_name.as_deref(), Some("Fisk"));
        assert_eq!(list_branches(&mut tx, &Scope::All, nord).await.unwrap().len(), 3);
        let told = tx.rows("SELECT name FROM events WHERE company_id = $1 AND name LIKE 'company%' ORDER BY seq", params![fisk]).await.unwrap();
        let told: Vec<String> = told.iter().map(|row| row.at(0).unwrap()).collect();
        assert_eq!(told, ["company.created", "company.updated", "company.deleted", "company.restored"]);
    }

    async fn one_whose_outside_id_was_taken_meanwhile_stays_deleted(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let mut tx = db.begin().await.unwrap();
        let mut made = Vec::new();
        for name in ["Fisk", "Fisk again"] {
            let id = create(&mut tx, &by, CompanyDraft { name: name.into(), ..CompanyDraft::default() }).await.unwrap().id;
            delete(&mut tx, &bench, &by, &Scope::All, &[id]).await.unwrap();
            tx.exec("UPDATE companies SET external_key = 'id:7' WHERE id = $1", params![id]).await.unwrap();
            made.push(id);
        }
        assert_eq!(restore(&mut tx, &bench, &by, &Scope::All, &made[..1]).await.unwrap(), made[..1]);
        assert!(matches!(restore(&mut tx, &bench, &by, &Scope::All, &made[1..]).await, Err(ContactError::Taken)));
    }

    async fn only_who_has_a_company_in_charge_deletes_it(db: Db) {
        let site = site(db);
        let (teams, others) = (company(&site, "agent", "Fisk").await, company(&site, "other", "Heng").await);
        let nobodys = company(&site, "admin", "Nie").await;
        site.post("admin", &format!("{nobodys}/field/owner_id"), "value=").await.is(StatusCode::SEE_OTHER);
        site.post("agent", &format!("{teams}/delete"), "").await.is(StatusCode::FORBIDDEN);
        assert!(!site.get("agent", &teams).await.has("/delete\"") && !site.get("manager", &nobodys).await.has("/delete\""));
        assert!(site.get("manager", &teams).await.has(&format!("action=\"{teams}/delete\"")));
        // A manager has the team's in charge; nobody's is seen, and stays.
        site.post("manager", &format!("{others}/delete"), "").await.is(StatusCode::NOT_FOUND);
        let form = format!("ids={}&ids={}&ids={}&query=&act=delete", id_of(&teams), id_of(&others), id_of(&nobodys));
        site.post("agent", "/companies/bulk", &form).await.is(StatusCode::FORBIDDEN);
        let gone = site.post("manager", "/companies/bulk", &form).await.is(StatusCode::SEE_OTHER);
        assert_ne!(gone.cookie("attune_flash"), "");
        site.get("admin", &teams).await.is(StatusCode::NOT_FOUND);
        for left in [&others, &nobodys] {
            site.get("admin", left).await.is(StatusCode::OK);
        }
        let at = site.app().db.read().await.unwrap().count("SELECT min(deleted_at) FROM companies", params![]).await.unwrap();
        // Nobody else brings it back.
        site.post("agent", &format!("/companies/restore?at={at}"), "").await.is(StatusCode::FORBIDDEN);
        site.post("manager", &format!("/companies/restore?at={at}"), "").await.is(StatusCode::SEE_OTHER);
        site.get("admin", &teams).await.is(StatusCode::OK);
        site.json("manager", "DELETE", &format!("/api/v1{others}"), &json!({})).await.is(StatusCode::NOT_FOUND);
        site.json("manager", "DELETE", &format!("/api/v1{teams}"), &json!({})).await.is(StatusCode::NO_CONTENT);
        site.get("admin", &teams).await.is(StatusCode::NOT_FOUND);
    }

    async fn many_are_tagged_and_assigned_from_the_list(db: Db) {
        let site = site(db);
        let (fisk, heng) = (company(&site, "agent", "Fisk").await, company(&site, "other", "Heng").await);
        let both = format!("ids={}&ids={}&query=q%3D", id_of(&fisk), id_of(&heng));
        site.post("agent", "/companies/bulk", "query=&act=tag&tags=Partner").await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("admin", "/companies?cols=tags").await.has("Partner</td>"), "nobody was chosen");
        // One sees the other's company as little as its tags.
        site.post("agent", "/companies/bulk", &format!("{both}&act=tag&tags=Partner")).await.is(StatusCode::SEE_OTHER);
        assert_eq!(site.get("admin", "/companies?cols=tags").await.body.matches("Partner</td>").count(), 1);
        site.post("admin", "/companies/bulk", "all=1&query=&act=tag&tags=Partner").await.is(StatusCode::SEE_OTHER);
        assert_eq!(site.get("admin", "/companies?cols=tags").await.body.matches("Partner</td>").count(), 2);
        site.post("admin", "/companies/bulk", &format!("{both}&act=untag&tags=partner")).await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("admin", "/companies?cols=tags").await.has("Partner</td>"));
        site.post("admin", "/companies/bulk", &format!("{both}&act=assign&owner_id=none")).await.is(StatusCode::SEE_OTHER);
        let list = site.get("agent", "/companies?owner=none").await;
        assert!(list.has(">Fisk<") && list.has(">Heng<"), "nobody's is everybody's: {}", list.body);
        let edit = site.post("admin", "/companies/bulk", &format!("{both}&act=edit")).await.is(StatusCode::SEE_OTHER);
        assert!(edit.leads().starts_with("/companies/edits/new?ids=com_"), "{}", edit.leads());
        site.get("admin", edit.leads()).await.is(StatusCode::OK);
    }

    async fn what_colleagues_share_is_a_view_of_its_own(db: Db) {
        let site = site(db);
        let (fisk, _) = (company(&site, "agent", "Fisk").await, company(&site, "agent", "Heng").await);
        company(&site, "other", "Nie").await;
        assert!(!site.get("other", "/companies?view=shared").await.has(">Fisk<"));
        let mut tx = site.app().db.begin().await.unwrap();
        let share = "INSERT INTO shares (id, company_id, staff_id, reason, shared_by, created_at) SELECT 1, id, 2, '', 1, 0 FROM companies WHERE name = 'Fisk'";
        tx.exec(share, params![]).await.unwrap();
        tx.commit().await.unwrap();
        let list = site.get("other", "/companies?view=shared").await;
        assert!(list.has(">Fisk<") && !list.has(">Heng<") && !list.has(">Nie<"), "{}", list.body);
        site.post("admin", &format!("{fisk}/delete"), "").await.is(StatusCode::SEE_OTHER);
        assert!(!site.get("other", "/companies?view=shared").await.has(">Fisk<"));
    }
}
