use std::collections::BTreeSet;

use attune_db::{Db, Tx};
use attune_jobs::Bench;
use attune_testkit::{START_AT, StatusCode, TestApp, clock, ids};
use attune_web::{Actor, Scope, Sight};
use serde_json::{Value as Json, json};

use super::{find_both, follows, merge, split, suggested};
use crate::company::{self, CompanyDraft, CompanyId, create, find_or_create, list_branches, set_parent};
use crate::contact::{self, By, ContactDraft, ContactError};
use crate::merge::{MergeId, Pair};
use crate::tracking::Collector;

fn site(db: Db) -> TestApp {
    TestApp::start(db, |parts| vec![crate::room(parts, &Collector::start(parts))])
}

async fn firm(tx: &mut Tx, by: &By<'_>, name: &str, domain: &str, owner_id: Option<i64>) -> i64 {
    let domain = Some(domain.to_owned()).filter(|domain| !domain.is_empty());
    create(tx, by, CompanyDraft { name: name.into(), domain, owner_id, ..CompanyDraft::default() }).await.unwrap().id
}

async fn person(tx: &mut Tx, by: &By<'_>, name: &str, company: &str) -> i64 {
    let draft = ContactDraft { name: name.into(), company: Some(company.into()), ..ContactDraft::default() };
    contact::create(tx, by, draft).await.unwrap()
}

async fn joined(tx: &mut Tx, bench: &Bench, by: &By<'_>, survivor: i64, loser: i64, take: &[&str]) -> Result<MergeId, ContactError> {
    let take: BTreeSet<String> = take.iter().map(|unit| (*unit).to_owned()).collect();
    merge(tx, bench, by, &Scope::All, Pair { survivor, loser }, &take).await
}

/// The people found by these words.
async fn found(db: &Db, words: &str) -> usize {
    let listing = contact::Listing { search: words.into(), sight: Sight::FULL, ..contact::Listing::default() };
    contact::list(&mut db.read().await.unwrap(), &Scope::All, &listing, contact::Sorting::default(), "", 9).await.unwrap().contacts.len()
}

async fn parent_of(tx: &mut Tx, id: i64) -> Option<i64> {
    company::list_any(tx, [id]).await.unwrap().remove(0).parent_id
}

/// Rows of every kind that names a company, each as often as `dice` says; those of `common` meet between companies.
async fn fill(tx: &mut Tx, new: &attune_kernel::Ids, id: i64, common: i64, dice: u64) {
    let statements: [&str; 13] = [
        "INSERT INTO contacts (id, name, name_key, company_id, stage, fields, created_at, updated_at) VALUES ($1, 'Lena', 'lena', $2, 'lead', '{}', $3, 1)",
        "INSERT INTO companies (id, name, name_key, parent_id, created_at, updated_at) VALUES ($1, 'Branch', 'branch', $2, $3, 1)",
        "INSERT INTO notes (id, kind, record_id, body, staff_id, staff_name, created_at, updated_at) VALUES ($1, 'company', $2, 'met', 1, 'Jo', $3, 1)",
        "INSERT INTO note_versions (id, note_id, record_id, body, staff_id, staff_name, until_at) VALUES ($1, $1, $2, 'meet', 1, 'Jo', $3)",
        "INSERT INTO record_tags (record_id, subject, tag_id, at) VALUES ($2, 'company', $3, CAST($1 AS BIGINT) * 0 + 1)",
        "INSERT INTO promises (id, company_id, side, what, staff_id, due_at, remind_at, state, created_by, created_at)
         VALUES ($1, $2, 'ours', 'drawings', 1, 1, 1, 'open', 1, $3)",
        "INSERT INTO files (id, company_id, file_name, bytes, staff_id, created_at, kept_at) VALUES ($1, $2, 'offer.pdf', 1, 1, $3, 1)",
        "INSERT INTO shares (id, company_id, staff_id, reason, shared_by, created_at) VALUES ($1, $2, $3, 'holidays', 1, 1)",
        "INSERT INTO devices (id, serial, serial_key, model, company_id, installed_at, state, created_at)
         VALUES ($1, 'x', CAST(CAST($1 AS BIGINT) AS TEXT), 'Coffee 3', $2, $3, 'active', 1)",
        "INSERT INTO device_readings (id, device_id, company_id, kind, name, value, unit, severity, at) VALUES ($1, $1, $2, 'reading', 'stock', 8.5, '%', '', $3)",
        "INSERT INTO relationships (id, kind, from_company_id, to_company_id, note, created_by, created_at, updated_at) VALUES ($1, 'supplier', $2, $3, '', 1, 1, 1)",
        "INSERT INTO relationships (id, kind, from_company_id, to_company_id, note, created_by, created_at, updated_at) VALUES ($1, 'supplier', $3, $2, '', 1, 1, 1)",
        "INSERT INTO field_references (record_id, field_id, target_id) VALUES ($1, $3, $2)",
    ];
    for (place, statement) in statements.iter().enumerate() {
        if (dice >> place) & 1 == 1 {
            tx.exec(statement, attune_db::params![new.next(), id, common]).await.unwrap();
        }
    }
    if (dice >> statements.len()) & 1 == 1 {
        let event = attune_events::Event::new("company.updated", 1).company(id).subject("city");
        attune_events::append(tx, &mut [event]).await.unwrap();
    }
}

/// Every row of every table but those that tell what was done and the words people are found by; of the log all but what merging says itself.
async fn picture(db: &Db) -> std::collections::BTreeMap<String, Vec<String>> {
    let names = match db.engine() {
        attune_db::Engine::Lite => "SELECT m.name AS t FROM sqlite_master m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'",
        attune_db::Engine::Pg => {
            "SELECT table_name::text AS t FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema = 'public'"
        }
    };
    let mut tx = db.read().await.unwrap();
    let mut all = std::collections::BTreeMap::new();
    for row in tx.rows(names, attune_db::params![]).await.unwrap() {
        let table: String = row.get("t").unwrap();
        if ["audit_log", "event_head", "stitch_epoch", "settings"].contains(&table.as_str()) || table.starts_with("contact_search") {
            continue;
        }
        let wanted = if table == "events" {
            " WHERE name NOT IN ('company.merged', 'company.split', 'company.deleted', 'company.restored')"
        } else {
            ""
        };
        let rows = tx.rows(&format!("SELECT * FROM {table}{wanted}"), attune_db::params![]).await.unwrap();
        let text = |row: &attune_db::Row| row.columns().iter().map(|c| format!("{c}={:?};", row.value(c).unwrap())).collect::<String>();
        let mut texts: Vec<String> = rows.iter().map(text).collect();
        texts.sort();
        all.insert(table, texts);
    }
    all
}

attune_testkit::on_both_dbs! {
    async fn a_split_takes_back_what_a_merge_did(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let mut dice = 0x9E37_79B9_7F4A_7C15_u64;
        for round in 0..12 {
            clock.advance(1_000_000);
            let by = By { actor: &actor, now: clock.now(), ids: &ids };
            let mut tx = db.begin().await.unwrap();
            let (mut made, common) = (Vec::new(), firm(&mut tx, &by, "Common", "", None).await);
            tx.exec("INSERT INTO tags (id, name, name_key, tone, created_at) VALUES ($1, $2, $2, 'blue', 1)", attune_db::params![common, common.to_string()]).await.unwrap();
            for name in ["Fisk", "Nord", "Third"] {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let domain = if (dice >> 40) & 1 == 1 { "fisk.example" } else { "" };
                let id = firm(&mut tx, &by, name, domain, None).await;
                // The first of all has every kind of row, so that none is forgotten.
                fill(&mut tx, &ids, id, common, if round == 0 { u64::MAX } else { dice >> 20 }).await;
                made.push(id);
            }
            if (dice >> 41) & 1 == 1 {
                set_parent(&mut tx, &by, &Scope::All, made[0], Some(made[1])).await.unwrap();
            }
            tx.commit().await.unwrap();
            let before = picture(&db).await;
            clock.advance(1_000_000);
            let by = By { now: clock.now(), ..by };
            let (nested, take) = ((dice >> 42) & 1 == 1, ["name", "domain", "owner_id"]);
            let mut tx = db.begin().await.unwrap();
            let first = joined(&mut tx, &bench, &by, made[0], made[1], &take[..round % 4]).await.unwrap();
            let (survivor, loser) = if nested { (made[2], made[0]) } else { (made[0], made[2]) };
            let second = joined(&mut tx, &bench, &by, survivor, loser, &take[..(round + 1) % 4]).await.unwrap();
            tx.commit().await.unwrap();
            assert_ne!(picture(&db).await, before);
            let order = if nested || (dice >> 43) & 1 == 1 { [second, first] } else { [first, second] };
            for id in order {
                let mut tx = db.begin().await.unwrap();
                split(&mut tx, &bench, &by, &Scope::All, id).await.unwrap();
                tx.commit().await.unwrap();
            }
            let after = picture(&db).await;
            for (table, rows) in &before {
                assert_eq!(&after[table], rows, "{table} in round {round}");
            }
        }
    }

    async fn the_survivor_has_the_people_and_is_found_by_both_names(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let mut tx = db.begin().await.unwrap();
        let fisk = firm(&mut tx, &by, "Fisk", "", None).await;
        let nord = firm(&mut tx, &by, "Fisch Nord", "nord.example", None).await;
        let (lena, elsa) = (person(&mut tx, &by, "Lena", "Fisk").await, person(&mut tx, &by, "Elsa", "Fisch Nord").await);
        let (a, b) = find_both(&mut tx, &by, &Scope::All, Pair { survivor: fisk, loser: nord }).await.unwrap();
        let take = suggested(&mut tx, &by, &a, &b).await.unwrap();
        assert_eq!(take.iter().map(String::as_str).collect::<Vec<_>>(), ["domain"]);
        let id = merge(&mut tx, &bench, &by, &Scope::All, Pair { survivor: fisk, loser: nord }, &take).await.unwrap();
        let late = person(&mut tx, &by, "Kim", "Fisch Nord").await;
        assert_eq!(find_or_create(&mut tx, &by, "fisch nord", None).await.unwrap().id, fisk);
        tx.commit().await.unwrap();
        assert_eq!((found(&db, "fisk").await, found(&db, "nord").await), (3, 0));

        let mut tx = db.begin().await.unwrap();
        let people = contact::list_by_ids(&mut tx, [lena, elsa, late]).await.unwrap();
        assert!(people.iter().all(|person| person.company_id == Some(fisk)));
        // A saved view that names the one given up shows the people of the one that remains.
        let listing = contact::Listing { company_id: Some(nord), ..contact::Listing::default() };
        assert_eq!(contact::count(&mut tx, &Scope::All, &listing).await.unwrap(), 3);
        let one = company::find_today(&mut tx, &Scope::All, nord).await.unwrap().unwrap();
        assert_eq!((one.id, one.domain.as_deref()), (fisk, Some("nord.example")));
        assert!(company::restore(&mut tx, &bench, &by, &Scope::All, &[nord]).await.unwrap().is_empty(), "only a split brings it back");
        assert!(matches!(joined(&mut tx, &bench, &by, fisk, nord, &[]).await, Err(ContactError::NotFound)));
        assert!(matches!(joined(&mut tx, &bench, &by, fisk, fisk, &[]).await, Err(ContactError::NotFound)));
        split(&mut tx, &bench, &by, &Scope::All, id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((found(&db, "fisk").await, found(&db, "nord").await), (2, 1));
        let mut tx = db.begin().await.unwrap();
        let mut of = Vec::new();
        for id in [lena, elsa, late] {
            of.push(contact::list_by_ids(&mut tx, [id]).await.unwrap().remove(0).company_id.unwrap());
        }
        assert_eq!(of, [fisk, nord, fisk], "who came in between stays");
        assert_eq!(company::find(&mut tx, &Scope::All, fisk).await.unwrap().unwrap().domain, None);
        assert!(matches!(split(&mut tx, &bench, &by, &Scope::All, id).await, Err(ContactError::NotFound)));
    }

    async fn branches_never_make_a_circle(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let mut tx = db.begin().await.unwrap();
        let mut made = Vec::new();
        for name in ["Top", "Holding", "Middle", "Branch"] {
            made.push(firm(&mut tx, &by, name, "", None).await);
        }
        let [top, holding, middle, branch] = made[..] else { panic!("four were made") };
        for (id, parent) in [(holding, top), (middle, holding), (branch, middle)] {
            set_parent(&mut tx, &by, &Scope::All, id, Some(parent)).await.unwrap();
        }
        // The one that remains stands far below: it takes the place of the other, and what was above it hangs on it.
        let id = joined(&mut tx, &bench, &by, branch, holding, &[]).await.unwrap();
        assert_eq!((parent_of(&mut tx, branch).await, parent_of(&mut tx, middle).await), (Some(top), Some(branch)));
        assert_eq!(list_branches(&mut tx, &Scope::All, middle).await.unwrap().len(), 3);
        // Meanwhile the top moves below the middle, which a split would put below itself again.
        set_parent(&mut tx, &by, &Scope::All, branch, None).await.unwrap();
        set_parent(&mut tx, &by, &Scope::All, top, Some(middle)).await.unwrap();
        split(&mut tx, &bench, &by, &Scope::All, id).await.unwrap();
        assert_eq!((parent_of(&mut tx, holding).await, parent_of(&mut tx, middle).await), (None, Some(holding)));
        assert_eq!(list_branches(&mut tx, &Scope::All, top).await.unwrap().len(), 3);
        // Whoever stands above keeps its place, and cannot be put below its own branch.
        let refused = joined(&mut tx, &bench, &by, holding, top, &["parent"]).await;
        assert!(matches!(refused, Err(ContactError::Invalid { key: "company-circle", .. })));
    }

    async fn nobody_merges_beyond_his_reach(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let mut tx = db.begin().await.unwrap();
        let mine = firm(&mut tx, &by, "Fisk", "", Some(1)).await;
        let other = firm(&mut tx, &by, "Fisk", "", Some(2)).await;
        let own = Scope::Own { staff_id: 1 };
        for (survivor, loser) in [(mine, other), (other, mine)] {
            let refused = merge(&mut tx, &bench, &by, &own, Pair { survivor, loser }, &BTreeSet::new()).await;
            assert!(matches!(refused, Err(ContactError::NotFound)));
        }
        let id = joined(&mut tx, &bench, &by, other, mine, &[]).await.unwrap();
        assert!(matches!(split(&mut tx, &bench, &by, &own, id).await, Err(ContactError::NotFound)));
    }

    async fn a_merge_shows_nobody_by_a_share_what_others_own(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let mut tx = db.begin().await.unwrap();
        let (fisk, nord) = (firm(&mut tx, &by, "Fisk", "", Some(1)).await, firm(&mut tx, &by, "Nord", "", Some(1)).await);
        let carl = ContactDraft { name: "Carl".into(), company: Some("Nord".into()), owner_id: Some(2), ..ContactDraft::default() };
        contact::create(&mut tx, &by, carl).await.unwrap();
        let (own, pair) = (Scope::Own { staff_id: 1 }, Pair { survivor: fisk, loser: nord });
        let share = "INSERT INTO shares (id, company_id, staff_id, reason, shared_by, created_at) VALUES (1, $1, 3, 'holidays', 1, 1)";
        tx.exec(share, attune_db::params![fisk]).await.unwrap();
        for pair in [pair, Pair { survivor: nord, loser: fisk }] {
            let refused = merge(&mut tx, &bench, &by, &own, pair, &BTreeSet::new()).await;
            assert!(matches!(refused, Err(ContactError::Invalid { key: "share-merge-not-yours", .. })));
        }
        tx.exec("DELETE FROM shares", attune_db::params![]).await.unwrap();
        merge(&mut tx, &bench, &by, &own, pair, &BTreeSet::new()).await.unwrap();
    }

    async fn a_split_looks_for_the_parent_of_today(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let mut tx = db.begin().await.unwrap();
        let mut made = Vec::new();
        for name in ["Fisk", "Nord", "Parent", "Holding"] {
            made.push(firm(&mut tx, &by, name, "", None).await);
        }
        let [fisk, nord, parent, holding] = made[..] else { panic!("four were made") };
        set_parent(&mut tx, &by, &Scope::All, nord, Some(parent)).await.unwrap();
        let id = joined(&mut tx, &bench, &by, fisk, nord, &["parent"]).await.unwrap();
        joined(&mut tx, &bench, &by, holding, parent, &[]).await.unwrap();
        assert_eq!(parent_of(&mut tx, fisk).await, Some(holding));
        split(&mut tx, &bench, &by, &Scope::All, id).await.unwrap();
        assert_eq!((parent_of(&mut tx, fisk).await, parent_of(&mut tx, nord).await), (None, Some(holding)));
    }

    async fn an_outside_id_that_another_has_by_now_stops_the_split(db: Db) {
        let (clock, actor) = (clock(), Actor::system());
        let ids = ids(&clock);
        let by = By { actor: &actor, now: START_AT, ids: &ids };
        let bench = Bench { db: db.clone(), clock: clock.clone(), ids: ids.clone() };
        let mut tx = db.begin().await.unwrap();
        let (fisk, nord) = (firm(&mut tx, &by, "Fisk", "", None).await, firm(&mut tx, &by, "Nord", "", None).await);
        tx.exec("UPDATE companies SET external_id = '7', external_key = 'crm:7' WHERE id = $1", attune_db::params![nord]).await.unwrap();
        let id = joined(&mut tx, &bench, &by, fisk, nord, &["external_id"]).await.unwrap();
        let held = company::list_by_keys(&mut tx, company::ByKeys::External, ["crm:7".to_owned()]).await.unwrap();
        assert_eq!(held.iter().map(|one| one.id).collect::<Vec<_>>(), [fisk]);
        tx.exec("UPDATE companies SET external_id = NULL, external_key = NULL WHERE id = $1", attune_db::params![fisk]).await.unwrap();
        let given_up = company::list_by_given_up(&mut tx, company::ByKeys::External, ["crm:7".to_owned()]).await.unwrap();
        assert_eq!(given_up, [("crm:7".to_owned(), fisk)]);
        let third = firm(&mut tx, &by, "Third", "", None).await;
        tx.exec("UPDATE companies SET external_key = 'crm:7' WHERE id = $1", attune_db::params![third]).await.unwrap();
        assert!(matches!(split(&mut tx, &bench, &by, &Scope::All, id).await, Err(ContactError::Taken)));
    }

    async fn every_column_that_names_a_company_is_listed(db: Db) {
        // Its own key; what was told, written or counted of it then; and what is asked anew each time it is read.
        const STAY: [&str; 3] = ["merges.survivor_id", "merges.loser_id", "merge_rows.loser_id"];
        let names = match db.engine() {
            attune_db::Engine::Lite => "SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
            attune_db::Engine::Pg => {
                "SELECT c.table_name::text AS t, c.column_name::text AS c FROM information_schema.columns c JOIN information_schema.tables b
                 ON b.table_name = c.table_name AND b.table_schema = 'public' AND b.table_type = 'BASE TABLE' WHERE c.table_schema = 'public'"
            }
        };
        let rows = db.read().await.unwrap().rows(names, attune_db::params![]).await.unwrap();
        let listed: BTreeSet<String> = follows().iter().map(|(table, column)| format!("{table}.{column}")).collect();
        for row in &rows {
            let (table, column): (String, String) = (row.get("t").unwrap(), row.get("c").unwrap());
            let name = format!("{table}.{column}");
            let names_one = column.ends_with("company_id") || (table == "companies" && ["parent_id", "merged_into"].contains(&column.as_str()));
            assert!(!names_one || listed.contains(&name) || STAY.contains(&name.as_str()), "{name}");
        }
    }

    async fn a_page_lays_them_side_by_side_and_merges_and_splits(db: Db) {
        let site = site(db);
        let mut at = Vec::new();
        for form in ["name=Fisk&city=Bonn", "name=Fisch+Nord&domain=nord.example"] {
            at.push(site.post("admin", "/companies", form).await.is(StatusCode::SEE_OTHER).leads().to_owned());
        }
        let (fisk, nord) = (at[0].rsplit('/').next().unwrap(), at[1].rsplit('/').next().unwrap());
        let shown = site.get("admin", &at[0]).await;
        assert!(shown.body.contains(&format!("/companies/{fisk}/merge")));
        for looked in ["fisch", "https://www.nord.example/about"] {
            let q: String = url::form_urlencoded::byte_serialize(looked.as_bytes()).collect();
            let page = site.get("admin", &format!("/companies/{fisk}/merge?q={q}")).await;
            assert!(page.body.contains(&format!("survivor={fisk}&#38;loser={nord}")) || page.body.contains(&format!("loser={nord}")), "{looked}");
        }
        let page = site.get("admin", &format!("/companies/merge?survivor={fisk}&loser={nord}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("take:name") && page.body.contains("take:domain"), "{}", page.body);
        let form = format!("survivor={fisk}&loser={nord}&take%3Aname=own&take%3Adomain=other");
        site.post("admin", "/companies/merge", &form).await.is(StatusCode::SEE_OTHER);
        assert_eq!(site.get("admin", &at[1]).await.is(StatusCode::SEE_OTHER).leads(), at[0]);
        let page = site.get("admin", &at[0]).await;
        assert!(page.body.contains("nord.example") && page.body.contains("Fisch Nord"));
        let from = page.body.find("/merges/mrg_").map(|at| &page.body[at..]).unwrap();
        let split = from[..from.find('"').unwrap()].to_owned();
        assert_eq!(site.post("admin", &split, "").await.is(StatusCode::SEE_OTHER).leads(), at[0]);
        site.get("admin", &at[1]).await.is(StatusCode::OK);
        site.get("admin", "/companies/com_doesnotexist/merge").await.is(StatusCode::NOT_FOUND);
    }

    async fn programs_merge_and_split(db: Db) {
        let site = site(db);
        let mut made = Vec::new();
        for body in [json!({ "name": "Fisk" }), json!({ "name": "Nord", "city": "Kiel" })] {
            let answer = site.json("admin", "POST", "/api/v1/companies", &body).await;
            let answer: Json = serde_json::from_str(&answer.is(StatusCode::CREATED).body).unwrap();
            made.push(answer["id"].as_str().unwrap().to_owned());
        }
        let done = site.json("admin", "POST", &format!("/api/v1/companies/{}/merge", made[0]), &json!({ "with": made[1] })).await;
        let done: Json = serde_json::from_str(&done.is(StatusCode::OK).body).unwrap();
        let one: Json = serde_json::from_str(&site.get("admin", &format!("/api/v1/companies/{}", made[1])).await.body).unwrap();
        assert_eq!((one["id"].as_str(), one["city"].as_str()), (Some(made[0].as_str()), Some("Kiel")));
        let old = format!("/api/v1/companies/{}", made[1]);
        let one = site.json("admin", "PATCH", &old, &json!({ "industry": "Fish" })).await.is(StatusCode::OK);
        let one: Json = serde_json::from_str(&one.body).unwrap();
        assert_eq!((one["id"].as_str(), one["industry"].as_str()), (Some(made[0].as_str()), Some("Fish")), "the old id means the one that remained");
        let branch = site.json("admin", "POST", "/api/v1/companies", &json!({ "name": "Fisk Bergen" })).await.is(StatusCode::CREATED);
        let branch: Json = serde_json::from_str(&branch.body).unwrap();
        let branch = format!("/api/v1/companies/{}", branch["id"].as_str().unwrap());
        let branch = site.json("admin", "PATCH", &branch, &json!({ "parent_id": made[1] })).await.is(StatusCode::OK);
        assert_eq!(serde_json::from_str::<Json>(&branch.body).unwrap()["parent_id"].as_str(), Some(made[0].as_str()));
        let back = site.json("admin", "POST", &format!("/api/v1/merges/{}/split", done["merge_id"].as_str().unwrap()), &json!({})).await;
        let back: Json = serde_json::from_str(&back.is(StatusCode::OK).body).unwrap();
        assert_eq!((back["id"].as_str(), back["restored"].as_str()), (Some(made[0].as_str()), Some(made[1].as_str())));
        assert!(made[1].parse::<CompanyId>().is_ok());
    }
}
