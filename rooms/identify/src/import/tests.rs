use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use attune_db::{Db, params};
use attune_house::ContactTable;
use attune_jobs::Bench;
use attune_web::{Actor, Scope};

use super::*;
use crate::contact::{self, By, ContactDraft, Listing, Sorting};
use crate::erasure::Traces;

mod addresses;
mod api;
mod companies;
mod events;
mod files;
mod named;
mod pages;

fn bench(db: &Db) -> Bench {
    let clock = attune_testkit::clock();
    Bench { db: db.clone(), ids: attune_testkit::ids(&clock), clock }
}

fn tables() -> Traces<'static> {
    let mut all = vec![ContactTable::EVENTS];
    all.extend(crate::CONTACT_TABLES);
    all.extend(crate::tag::CONTACT_TABLES);
    all.extend(crate::address::CONTACT_TABLES);
    Traces { tables: Vec::leak(all), erasers: Vec::leak(vec![crate::file::eraser(), crate::device::eraser()]) }
}

fn file(name: &str, body: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, body).unwrap();
    (folder, path)
}

async fn import(bench: &Bench, path: &Path, options: &Options) -> Outcome {
    run_file(bench, &Actor::system(), path, options, &mut |_| {}).await.unwrap()
}

fn counts(outcome: &Outcome) -> [i64; 5] {
    let c = &outcome.counts;
    [c.rows, c.created, c.updated, c.skipped, c.rejected]
}

/// Every row that an undo must put back. Left out are the imports' own lines and the audit log, which tell what was done, and of the
/// event log the receipts of an undone import, which name nobody who is gone.
async fn picture(db: &Db) -> BTreeMap<&'static str, Vec<String>> {
    let mut tx = db.read().await.unwrap();
    let mut all = BTreeMap::new();
    for (table, select) in [
        ("contacts", "SELECT * FROM contacts"),
        ("contact_search", "SELECT count(*) AS words FROM contact_search"),
        ("companies", "SELECT * FROM companies"),
        ("postal_addresses", "SELECT * FROM postal_addresses"),
        ("field_texts", "SELECT * FROM field_texts"),
        ("field_numbers", "SELECT * FROM field_numbers"),
        ("field_choices", "SELECT * FROM field_choices"),
        ("field_references", "SELECT * FROM field_references"),
        ("fields", "SELECT * FROM fields"),
        ("tags", "SELECT * FROM tags"),
        ("record_tags", "SELECT * FROM record_tags"),
        ("import_chunks", "SELECT * FROM import_chunks"),
        ("import_errors", "SELECT * FROM import_errors"),
        ("import_changes", "SELECT * FROM import_changes"),
        ("notes", "SELECT * FROM notes"),
        ("consents", "SELECT * FROM consents"),
        ("events", "SELECT * FROM events WHERE props IS NULL OR props NOT LIKE '{\"undone\":\"imp_%'"),
    ] {
        let rows = tx.rows(select, params![]).await.unwrap();
        let mut texts: Vec<String> =
            rows.iter().map(|row| row.columns().iter().map(|c| format!("{c}={:?};", row.value(c).unwrap())).collect()).collect();
        texts.sort();
        all.insert(table, texts);
    }
    all
}

/// The receipts of undone imports: (event, contact, how many).
async fn receipts(db: &Db) -> Vec<(String, Option<i64>, Option<i64>)> {
    let select = "SELECT name, contact_id, amount FROM events WHERE props LIKE '{\"undone\":\"imp_%' ORDER BY seq";
    let rows = db.read().await.unwrap().rows(select, params![]).await.unwrap();
    rows.iter().map(|row| (row.get("name").unwrap(), row.get("contact_id").unwrap(), row.get("amount").unwrap())).collect()
}

async fn people(db: &Db, search: &str) -> i64 {
    let listing = Listing { search: search.into(), sight: attune_web::Sight::FULL, ..Listing::default() };
    contact::list(&mut db.read().await.unwrap(), &Scope::All, &listing, Sorting::default(), "", 50).await.unwrap().total
}

const LEADS: &str = "Prospect ID,First Name,Last Name,Email,Phone,Company,Visits,Do Not Call,Level\n\
    a-1,Elsa,Jónsdóttir,elsa@fisk.example,+354 555 0101,Reykja Fisk,3,No,Select\n\
    a-2,小明,王,xm@heng.example,,华衡仪表,0,Yes,Gold\n\
    a-3,Ruben,Bakker,ruben@polder.example,,Polder Zuivel,12,No,Select\n";

attune_testkit::on_both_dbs! {
    async fn a_file_comes_in_once_and_goes_without_a_trace(db: Db) {
        let bench = bench(&db);
        let (_folder, path) = file("leads.csv", LEADS.as_bytes());
        let before = picture(&db).await;
        let dry = import(&bench, &path, &Options { dry_run: true, ..Options::default() }).await;
        assert_eq!((counts(&dry), picture(&db).await == before), ([3, 3, 0, 0, 0], true));
        let first = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&first), [3, 3, 0, 0, 0]);
        assert_eq!((people(&db, "小明").await, people(&db, "jons").await, people(&db, "55501").await, people(&db, "华衡").await), (1, 1, 1, 1));
        let again = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&again), [3, 0, 0, 3, 0]);
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM field_texts t JOIN fields f ON f.id = t.field_id WHERE f.key = 'level'", params![]).await.unwrap(), 1);
        assert_eq!(tx.count("SELECT count(*) FROM companies", params![]).await.unwrap(), 3);
        drop(tx);
        let mut tx = db.begin().await.unwrap();
        let own = "INSERT INTO files (id, contact_id, file_name, bytes, staff_id, created_at) SELECT 7, min(c.id), 'a', 1, 1, 1 FROM contacts c";
        tx.exec(own, params![]).await.unwrap();
        tx.exec("INSERT INTO file_chunks (file_id, number, body) VALUES (7, 0, 'eA==')", params![]).await.unwrap();
        tx.commit().await.unwrap();
        undo(&bench, &Actor::system(), again.id.0, &tables(), &mut |_| {}).await.unwrap();
        let undone = undo(&bench, &Actor::system(), first.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(undone.created, 3);
        assert_eq!(picture(&db).await, before);
        assert_eq!(db.read().await.unwrap().count("SELECT count(*) FROM file_chunks", params![]).await.unwrap(), 0, "what is in their files goes too");
        assert_eq!(receipts(&db).await, [("contact.erased".to_owned(), None, Some(3))]);
        assert_eq!(people(&db, "elsa").await, 0);
        assert!(matches!(undo(&bench, &Actor::system(), first.id.0, &tables(), &mut |_| {}).await, Err(ImportError::NotFound)));
    }

    async fn people_who_were_there_get_their_values_back(db: Db) {
        let bench = bench(&db);
        let actor = Actor::system();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        let mut tx = db.begin().await.unwrap();
        let draft = ContactDraft { name: "E. J.".into(), email: Some("ELSA@fisk.example".into()), company: Some("Old Firm".into()), ..ContactDraft::default() };
        let id = contact::create(&mut tx, &by, draft).await.unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(60_000_000);
        let before = picture(&db).await;
        let (_folder, path) = file("leads.csv", LEADS.as_bytes());
        let outcome = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&outcome), [3, 2, 1, 0, 0]);
        let mut tx = db.read().await.unwrap();
        let elsa = contact::find(&mut tx, &Scope::All, id).await.unwrap().unwrap();
        assert_eq!((elsa.name.as_str(), elsa.company_name.as_deref(), elsa.external_id.as_deref()), ("Elsa Jónsdóttir", Some("Reykja Fisk"), Some("a-1")));
        drop(tx);
        undo(&bench, &actor, outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(picture(&db).await, before);
        let updated = ("contact.updated".to_owned(), Some(id), None);
        assert_eq!(receipts(&db).await, [updated, ("contact.erased".to_owned(), None, Some(2))]);
        assert_eq!(people(&db, "old firm").await, 1);
    }

    async fn tags_come_with_a_file_and_go_with_it_and_none_is_taken_away(db: Db) {
        let bench = bench(&db);
        let actor = Actor::system();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        let mut tx = db.begin().await.unwrap();
        let draft = ContactDraft { name: "Ada".into(), email: Some("ada@a.example".into()), ..ContactDraft::default() };
        let ada = contact::create(&mut tx, &by, draft).await.unwrap();
        crate::tag::replace(&mut tx, &by, (crate::field::Subject::Contact, ada), &["Old".into(), "VIP".into()]).await.unwrap();
        tx.commit().await.unwrap();
        let before = picture(&db).await;
        let body = format!("name,email,Tags\nAda,ada@a.example,vip; Fair; new\nBob,bob@a.example,\"Fair, New\"\nCy,cy@a.example,{}\n", "x".repeat(61));
        let (_folder, path) = file("x.csv", body.as_bytes());
        let dry = import(&bench, &path, &Options { dry_run: true, ..Options::default() }).await;
        assert_eq!(counts(&dry), [3, 1, 1, 0, 1]);
        let outcome = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&outcome), [3, 1, 1, 0, 1]);
        assert_eq!(outcome.errors[0].cause, "tags");
        let mut tx = db.read().await.unwrap();
        let names = crate::tag::names_of(&mut tx, &[ada]).await.unwrap();
        assert_eq!(names[&ada], ["Fair", "new", "Old", "VIP"]);
        assert_eq!(tx.count("SELECT count(*) FROM events WHERE name = 'contact.tagged' AND origin_id = $1", params![outcome.id.0]).await.unwrap(), 4);
        drop(tx);
        let again = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&again), [3, 0, 0, 2, 1], "the same again changes nothing");
        undo(&bench, &actor, again.id.0, &tables(), &mut |_| {}).await.unwrap();
        undo(&bench, &actor, outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(picture(&db).await, before);
    }

    async fn broken_lines_are_listed_and_the_others_taken(db: Db) {
        let bench = bench(&db);
        let body = "name;email\nAda;ada@a.example\nBob;nobody\nCy\n;\nDee;dee@a.example\nDee;dee@a.example\n";
        let (_folder, path) = file("x.csv", body.as_bytes());
        let outcome = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&outcome), [6, 2, 0, 2, 2]);
        let mut tx = db.read().await.unwrap();
        let errors = list_errors(&mut tx, outcome.id.0, 0, 10).await.unwrap();
        assert_eq!(errors.iter().map(|e| (e.0, e.1.as_str())).collect::<Vec<_>>(), [(3, "email"), (4, "columns")]);
    }

    /// Some thousand lines are taken in one transaction: who was made by its first lines is changed by its last.
    async fn somebody_made_and_changed_by_one_file_is_found_by_the_last_name(db: Db) {
        let bench = bench(&db);
        let mut text = String::from("email,name,company\n");
        let line = |n: i64, name: &str| format!("p{n}@a.example,{name} {n},Fisk {}\n", n % 7);
        text.extend((0..4_500).map(|n| line(n, "Early")));
        text.extend((0..10).map(|n| line(n, "Late")));
        let (_folder, path) = file("people.csv", text.as_bytes());
        let outcome = import(&bench, &path, &Options { key: Some("email".into()), ..Options::default() }).await;
        assert_eq!(counts(&outcome), [4_510, 4_500, 10, 0, 0]);
        assert_eq!((people(&db, "late").await, people(&db, "early").await), (10, 4_490));
        let mut tx = db.read().await.unwrap();
        let told = tx.rows("SELECT name, count(*) AS n FROM events WHERE contact_id IS NOT NULL GROUP BY name ORDER BY name", params![]).await.unwrap();
        let told: Vec<(String, i64)> = told.iter().map(|row| (row.get("name").unwrap(), row.get("n").unwrap())).collect();
        assert_eq!(told, [("contact.created".to_owned(), 4_500), ("contact.updated".to_owned(), 10)]);
    }

    async fn lines_without_any_key_make_no_doubles(db: Db) {
        let bench = bench(&db);
        let (_folder, path) = file("x.csv", "name,city\nAda,Bonn\nAda,Bonn\nBob,Köln\n".as_bytes());
        assert_eq!(counts(&import(&bench, &path, &Options::default()).await), [3, 3, 0, 0, 0]);
        assert_eq!(counts(&import(&bench, &path, &Options::default()).await), [3, 0, 0, 3, 0]);
    }

    async fn purchases_come_in_once(db: Db) {
        let bench = bench(&db);
        let (_folder, path) = file("p.csv", b"customer,date,cds,amount\n0004,1997-01-01,2,29.33\n0004,1997-01-18,2,29.73\n0004,1997-01-18,2,29.73\n21,1997-01-01,3,63.34\n");
        let event = EventPlan { name: "purchase.made".into(), at: "date".into(), subject: Some("cds".into()), amount: Some("amount".into()), currency: Some("USD".into()), ..EventPlan::default() };
        let map = MapFile { key: Some("customer".into()), events: vec![event], ..MapFile::default() };
        let options = EventOptions { map: Some(map), create_missing: true, dry_run: false };
        let outcome = run_events(&bench, &Actor::system(), &path, &options, &mut |_| {}).await.unwrap();
        assert_eq!(counts(&outcome), [4, 2, 4, 0, 0]);
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT CAST(sum(amount) AS BIGINT) FROM events WHERE name = 'purchase.made'", params![]).await.unwrap(), 2933 + 2 * 2973 + 6334);
        drop(tx);
        let again = run_events(&bench, &Actor::system(), &path, &options, &mut |_| {}).await.unwrap();
        assert_eq!(counts(&again), [4, 0, 0, 4, 0]);
        let known = EventOptions { create_missing: false, ..options };
        let (_folder, other) = file("q.csv", b"customer,date,cds,amount\n99,1997-01-01,2,29.33\n");
        assert_eq!(counts(&run_events(&bench, &Actor::system(), &other, &known, &mut |_| {}).await.unwrap()), [1, 0, 0, 0, 1]);
    }

    async fn the_leads_of_x_education_come_in(db: Db) {
        let path = Path::new("/work/shared/data/x_education_leads/leads_dev.csv");
        if !path.exists() {
            eprintln!("SKIPPED: {} is not here", path.display());
            return;
        }
        let bench = bench(&db);
        let before = picture(&db).await;
        let first = import(&bench, path, &Options::default()).await;
        assert_eq!(counts(&first), [6441, 6441, 0, 0, 0]);
        let again = import(&bench, path, &Options::default()).await;
        assert_eq!(counts(&again), [6441, 0, 0, 6441, 0]);
        let mut tx = db.read().await.unwrap();
        let select = tx.count("SELECT count(*) FROM field_texts WHERE value_key = 'select'", params![]).await.unwrap();
        assert_eq!(select, 0);
        drop(tx);
        undo(&bench, &Actor::system(), again.id.0, &tables(), &mut |_| {}).await.unwrap();
        undo(&bench, &Actor::system(), first.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(picture(&db).await, before);
    }
}

attune_testkit::on_both_dbs! {
    async fn other_real_files_come_in(db: Db) {
        let data = Path::new("/work/shared/data");
        if !data.exists() {
            eprintln!("SKIPPED: {} is not here", data.display());
            return;
        }
        let bench = bench(&db);
        let map = MapFile::parse("[constants]\nemail = \"row{row_id}@hillstrom.example\"").unwrap();
        let hillstrom = data.join("hillstrom_email_experiment/hillstrom_dev.csv.gz");
        let first = import(&bench, &hillstrom, &Options { map: Some(map), ..Options::default() }).await;
        assert_eq!(counts(&first), [32_092, 32_092, 0, 0, 0]);
        assert!(people(&db, "row17").await > 0);
        let bank = import(&bench, &data.join("bank_marketing/bank_full_first70pct_by_time.csv"), &Options { dry_run: true, ..Options::default() }).await;
        assert_eq!((bank.counts.created, bank.counts.rejected), (bank.counts.rows, 0), "its ids are another file's ids");
        let event = EventPlan { name: "purchase.made".into(), at: "date".into(), subject: Some("cds".into()), amount: Some("amount".into()), currency: Some("USD".into()), ..EventPlan::default() };
        let map = MapFile { key: Some("sample_customer_id".into()), events: vec![event], ..MapFile::default() };
        let options = EventOptions { map: Some(map), create_missing: true, dry_run: false };
        let cdnow = run_events(&bench, &Actor::system(), &data.join("cdnow/cdnow_sample_2357_customers.csv"), &options, &mut |_| {}).await.unwrap();
        assert_eq!((cdnow.counts.created, cdnow.counts.rejected), (2_357, 0));
    }

    async fn a_shops_order_lines_are_purchases_of_customers(db: Db) {
        let path = Path::new("/work/shared/data/online_retail/online_retail_2010-12-01_2011-08-31.csv.gz");
        if !path.exists() {
            eprintln!("SKIPPED: {} is not here", path.display());
            return;
        }
        let bench = bench(&db);
        let truth = shop_truth(path);
        let first = import(&bench, path, &Options::default()).await;
        let c = &first.counts;
        assert_eq!((c.rows, c.created, c.rejected), (truth.lines, truth.customers, 0), "{c:?}");
        assert!(c.skipped >= truth.nameless, "{c:?}");
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM contacts WHERE country = 'France'", params![]).await.unwrap(), truth.french);
        let sum = "SELECT CAST(sum(CASE WHEN name = 'purchase.made' THEN amount ELSE -amount END) AS BIGINT) FROM events WHERE name LIKE 'purchase.%'";
        assert_eq!(tx.count(sum, params![]).await.unwrap(), truth.minor);
        assert_eq!(tx.count("SELECT count(*) FROM events WHERE name LIKE 'purchase.%'", params![]).await.unwrap(), truth.orders);
        drop(tx);
        let again = import(&bench, path, &Options::default()).await;
        // A few customers order from two countries, and are moved to and fro.
        assert!(again.counts.created == 0 && again.counts.updated < 20, "{:?}", again.counts);
        let mut tx = db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM events WHERE name LIKE 'purchase.%'", params![]).await.unwrap(), truth.orders, "nothing is bought twice");
    }

    async fn options_come_from_the_file_or_are_refused(db: Db) {
        let bench = bench(&db);
        let empty = picture(&db).await;
        let (_folder, path) =
            file("tiers.csv", "Email,Tier,Likes,Budget\na@x.example,Gold,\"Tea; Ink\",\"1,200.50\"\nb@x.example,Silver,Ink,7\n".as_bytes());
        let map = MapFile::parse("[columns]\nTier = \"field:choice\"\nLikes = \"field:choices\"\nBudget = \"field:money\"").unwrap();
        let first = import(&bench, &path, &Options { map: Some(map), ..Options::default() }).await;
        assert_eq!(counts(&first), [2, 2, 0, 0, 0], "{:?}", first.errors);
        let defs = crate::field::list(&mut db.read().await.unwrap()).await.unwrap();
        let labels = |key: &str| {
            let def = defs.iter().find(|def| def.key == key).unwrap();
            def.options.iter().map(|option| option.label.as_str()).collect::<Vec<_>>()
        };
        assert_eq!((labels("tier"), labels("likes")), (vec!["Gold", "Silver"], vec!["Tea", "Ink"]));
        let select = "SELECT count(*) FROM field_choices";
        assert_eq!(db.read().await.unwrap().count(select, params![]).await.unwrap(), 5);
        // The same columns mean the same fields; a new option is refused by name unless it was asked for.
        let (_folder, path) = file("more.csv", b"Email,Tier,Likes\na@x.example,gold,tea\nc@x.example,Bronze,Ink\n");
        let refused = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&refused), [2, 0, 1, 0, 1]);
        assert_eq!((refused.errors[0].cause, refused.errors[0].detail.as_str()), ("option", "Tier: Bronze"));
        let adding = MapFile::parse("add_options = true").unwrap();
        let taken = import(&bench, &path, &Options { map: Some(adding), ..Options::default() }).await;
        assert_eq!(counts(&taken), [2, 1, 0, 1, 0], "{:?}", taken.errors);
        for done in [taken, refused, first] {
            undo(&bench, &Actor::system(), done.id.0, &tables(), &mut |_| {}).await.unwrap();
        }
        let mut after = picture(&db).await;
        for left in ["events", "fields"] {
            assert_eq!(after.remove(left), empty.get(left).cloned(), "{left}");
        }
    }
}

/// What the file says, added up in the test. One of its orders stands in two places and so is two purchases.
struct ShopTruth {
    lines: i64,
    nameless: i64,
    customers: i64,
    french: i64,
    orders: i64,
    minor: i64,
}

fn shop_truth(path: &Path) -> ShopTruth {
    let file = flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap());
    let (mut orders, mut customers) = (Vec::<(String, i64)>::new(), BTreeMap::<String, String>::new());
    let (mut lines, mut nameless) = (0, 0);
    for record in csv::Reader::from_reader(file).records() {
        let record = record.unwrap();
        lines += 1;
        if record[6].is_empty() {
            nameless += 1;
            continue;
        }
        let thousandths = (record[5].parse::<f64>().unwrap() * 1_000.0).round() as i64 * record[3].parse::<i64>().unwrap();
        match orders.last_mut() {
            Some((order, total)) if *order == record[0] => *total += thousandths,
            _ => orders.push((record[0].to_owned(), thousandths)),
        }
        customers.insert(record[6].to_owned(), record[7].to_owned());
    }
    let minor = |thousandths: i64| (thousandths.abs() as f64 / 10.0).round() as i64 * thousandths.signum();
    let totals: Vec<i64> = orders.iter().map(|(_, total)| minor(*total)).filter(|total| *total != 0).collect();
    let french = customers.values().filter(|country| *country == "France").count() as i64;
    ShopTruth { lines, nameless, customers: customers.len() as i64, french, orders: totals.len() as i64, minor: totals.iter().sum() }
}

/// Any file over any store: importing and undoing leaves every table as it was.
mod whatever_the_file {
    use proptest::prelude::*;

    use super::*;

    fn row() -> impl Strategy<Value = (u8, u8, u8, u8)> {
        (0_u8..6, 0_u8..6, 0_u8..4, 0_u8..5)
    }

    fn text(rows: &[(u8, u8, u8, u8)]) -> String {
        let mut text = "email,name,company,visits,level,tags\n".to_owned();
        for (email, name, company, visits) in rows {
            let email = if *email == 0 { String::new() } else { format!("p{email}@a.example") };
            let name = ["", "Ada", "Bob Cy", "王小明", "Elsa J.", "x"][usize::from(*name)];
            let company = ["", "Fisk", "Heng", "select"][usize::from(*company)];
            let tags = ["", "VIP", "vip; Fair", "Fair；老客户", ""][usize::from(*visits)];
            text.push_str(&format!("{email},{name},{company},{visits},{},{tags}\n", if visits % 2 == 0 { "Select" } else { "Gold" }));
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
        #[test]
        fn undo_is_the_inverse(first in prop::collection::vec(row(), 0..12), second in prop::collection::vec(row(), 1..25)) {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let store = attune_testkit::lite(&crate::test_migrations()).await;
                let (db, bench) = (store.db(), bench(&store.db()));
                if !first.is_empty() {
                    let (_folder, path) = file("a.csv", text(&first).as_bytes());
                    import(&bench, &path, &Options::default()).await;
                    bench.clock.advance(1_000_000);
                }
                let before = picture(&db).await;
                let (_folder, path) = file("b.csv", text(&second).as_bytes());
                let outcome = import(&bench, &path, &Options::default()).await;
                let c = &outcome.counts;
                assert_eq!(c.rows, c.created + c.updated + c.skipped + c.rejected);
                undo(&bench, &Actor::system(), outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
                assert_eq!(picture(&db).await, before);
            });
        }
    }
}
