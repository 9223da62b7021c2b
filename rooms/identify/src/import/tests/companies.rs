//! Files of companies: who a line is about, where it stands, and that an undo leaves everything as it was.

use attune_testkit::{StatusCode, TestApp};

use super::*;
use crate::company::{self, Company, CompanyDraft};
use crate::field::Subject;

fn options() -> Options {
    Options { subject: Subject::Company, ..Options::default() }
}

async fn bring(bench: &Bench, text: &str) -> Outcome {
    let (_folder, path) = file("firms.csv", text.as_bytes());
    import(bench, &path, &options()).await
}

/// Every company by name, with the name of its parent.
async fn firms(db: &Db) -> Vec<(Company, Option<String>)> {
    let mut tx = db.read().await.unwrap();
    let listing = company::Listing { limit: 1_000, ..company::Listing::default() };
    let all: Vec<Company> = company::list(&mut tx, &Scope::All, &listing).await.unwrap().into_iter().map(|line| line.company).collect();
    let name = |id: i64| all.iter().find(|firm| firm.id == id).map(|firm| firm.name.clone());
    all.iter().map(|firm| (firm.clone(), firm.parent_id.and_then(name))).collect()
}

async fn trees(db: &Db) -> Vec<(String, Option<String>)> {
    firms(db).await.into_iter().map(|(firm, parent)| (firm.name, parent)).collect()
}

fn tree<const N: usize>(expected: [(&str, Option<&str>); N]) -> Vec<(String, Option<String>)> {
    expected.map(|(name, parent)| (name.to_owned(), parent.map(str::to_owned))).to_vec()
}

fn causes(outcome: &Outcome) -> Vec<(i64, &'static str)> {
    let mut causes: Vec<_> = outcome.errors.iter().map(|error| (error.line, error.cause)).collect();
    causes.sort_unstable();
    causes
}

async fn made(bench: &Bench, draft: CompanyDraft) -> i64 {
    let actor = Actor::system();
    let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
    let mut tx = bench.db.begin().await.unwrap();
    let id = company::create(&mut tx, &by, draft).await.unwrap().id;
    tx.commit().await.unwrap();
    id
}

const FIRMS: &str = "Account ID,Company,Website,City,Industry,Parent company,Owner,Tags,Tier,Budget\n\
    a-1,Fisk Holding,https://www.fisk.example/,Reykjavík,Fish,,Mei Tan,VIP,Gold,1200\n\
    a-2,Fisk Nord,nord.fisk.example,Akureyri,Fish,Fisk Holding,,\"VIP; Fair\",,\n\
    a-3,华衡仪表,heng.example,苏州,,a-1,,,Gold,7\n";

attune_testkit::on_both_dbs! {
    async fn a_file_comes_in_once_and_goes_without_a_trace(db: Db) {
        let bench = bench(&db);
        let before = picture(&db).await;
        let (_folder, path) = file("firms.csv", FIRMS.as_bytes());
        let dry = import(&bench, &path, &Options { dry_run: true, ..options() }).await;
        assert_eq!((counts(&dry), picture(&db).await == before), ([3, 3, 0, 0, 0], true), "{:?}", dry.errors);
        let first = bring(&bench, FIRMS).await;
        assert_eq!(counts(&first), [3, 3, 0, 0, 0], "{:?}", first.errors);
        let expected = tree([("Fisk Holding", None), ("Fisk Nord", Some("Fisk Holding")), ("华衡仪表", Some("Fisk Holding"))]);
        assert_eq!(trees(&db).await, expected);
        let holding = firms(&db).await.remove(0).0;
        assert_eq!((holding.owner_id, holding.team_id, holding.external_id.as_deref()), (Some(1), Some(10), Some("a-1")));
        assert_eq!((holding.get("f:tier"), holding.get("f:budget")), (serde_json::json!("Gold"), serde_json::json!(1200)));
        let again = bring(&bench, FIRMS).await;
        assert_eq!(counts(&again), [3, 0, 0, 3, 0], "the same again changes nothing");
        for done in [again, first] {
            undo(&bench, &Actor::system(), done.id.0, &tables(), &mut |_| {}).await.unwrap();
        }
        assert_eq!(picture(&db).await, before);
    }

    async fn a_company_is_known_by_id_domain_or_name_and_city(db: Db) {
        let bench = bench(&db);
        let firm = |name: &str, domain: &str, city: &str| {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            CompanyDraft { name: name.to_owned(), domain: text(domain), city: text(city), ..CompanyDraft::default() }
        };
        let by_domain = made(&bench, firm("Fisk", "http://WWW.fisk.example/start", "")).await;
        let bonn = made(&bench, firm("Blau", "", "Bonn")).await;
        let plain = made(&bench, firm("Grün", "gruen.example", "")).await;
        bench.clock.advance(60_000_000);
        let before = picture(&db).await;
        let text = "name,domain,city,phone\n\
            Fisk AG,fisk.example,Köln,555001\nBLAU,,bonn,555002\nBlau,,Mainz,555003\nGrün,other.example,,555004\nGrün,,,555005\n,nameless.example,Ulm,555006\nRot,not a domain,Ulm,555007\n";
        let outcome = bring(&bench, text).await;
        assert_eq!(counts(&outcome), [7, 2, 3, 0, 2], "{:?}", outcome.errors);
        assert_eq!(causes(&outcome), [(7, "company-name"), (8, "domain")]);
        let found = firms(&db).await;
        let phone = |id: i64| found.iter().find(|(firm, _)| firm.id == id).and_then(|(firm, _)| firm.phone.clone());
        assert_eq!([phone(by_domain), phone(bonn), phone(plain)].map(Option::unwrap), ["555001", "555002", "555005"]);
        assert!(found.iter().any(|(firm, _)| firm.name == "Fisk AG" && firm.city.as_deref() == Some("Köln")));
        undo(&bench, &Actor::system(), outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(picture(&db).await, before);
    }

    async fn a_parent_that_would_close_a_circle_or_is_nobody_is_refused_with_its_line(db: Db) {
        let bench = bench(&db);
        // Branches may come before their parents; who hangs on a refused new company is refused, too.
        let text = "name,parent\nC,B\nB,A\nA,\nD,Nobody\nE,D\nX,Y\nY,X\nSelf,Self\n";
        let outcome = bring(&bench, text).await;
        assert_eq!(causes(&outcome), [(5, "parent"), (6, "parent"), (7, "company-circle"), (8, "company-circle"), (9, "company-circle")]);
        assert_eq!(trees(&db).await, tree([("A", None), ("B", Some("A")), ("C", Some("B"))]));
        // A stands above C.
        let circle = bring(&bench, "name,parent,city\nA,C,Bonn\n").await;
        assert_eq!((causes(&circle), counts(&circle)), (vec![(2, "company-circle")], [1, 0, 0, 0, 1]));
        assert!(firms(&db).await.iter().all(|(firm, _)| firm.city.is_none()), "a refused line changes nothing");
        let deep: String = (0..25).map(|n| format!("L{n},{}\n", if n == 0 { "A".to_owned() } else { format!("L{}", n - 1) })).collect();
        let outcome = bring(&bench, &format!("name,parent\n{deep}")).await;
        assert!(outcome.errors.iter().any(|error| error.cause == "company-too-deep") && outcome.counts.created == 19, "{outcome:?}");
    }

    async fn what_is_in_use_by_now_stays_and_no_circle_comes_back(db: Db) {
        let bench = bench(&db);
        let actor = Actor::system();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        let (a, b) = (made(&bench, CompanyDraft { name: "A".into(), ..CompanyDraft::default() }).await, made(&bench, CompanyDraft { name: "B".into(), ..CompanyDraft::default() }).await);
        let mut tx = db.begin().await.unwrap();
        company::set_parent(&mut tx, &by, &Scope::All, a, Some(b)).await.unwrap();
        tx.commit().await.unwrap();
        let outcome = bring(&bench, "name,parent,city\nTop,,Ulm\nUsed,,Ulm\nA,Top,Bonn\n").await;
        assert_eq!(counts(&outcome), [3, 2, 1, 0, 0]);
        let mut tx = db.begin().await.unwrap();
        // Meanwhile B moved under A, and somebody works at one of the new ones.
        company::set_parent(&mut tx, &by, &Scope::All, b, Some(a)).await.unwrap();
        contact::create(&mut tx, &by, ContactDraft { name: "Lena".into(), company: Some("Used".into()), ..ContactDraft::default() }).await.unwrap();
        tx.commit().await.unwrap();
        undo(&bench, &actor, outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
        let (firm, _) = firms(&db).await.remove(0);
        assert_eq!((firm.name.as_str(), firm.city.as_deref()), ("A", None));
        assert_eq!(trees(&db).await, tree([("A", None), ("B", Some("A")), ("Used", None)]));
    }

    async fn what_merged_companies_were_known_by_leads_to_those_that_remain(db: Db) {
        let bench = bench(&db);
        let actor = Actor::system();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        let firm = |name: &str, domain: &str| CompanyDraft { name: name.into(), domain: Some(domain.into()), ..CompanyDraft::default() };
        let mut at = Vec::new();
        for (name, domain) in [("S1", "one.example"), ("S2", "two.example"), ("L1", "group.example"), ("L2", "group.example")] {
            at.push(made(&bench, firm(name, domain)).await);
        }
        let [s1, s2, l1, l2] = at[..] else { panic!("four were made") };
        // An import moved Lena from the first to another, which is merged meanwhile, as her own was.
        let mut tx = db.begin().await.unwrap();
        let lena = ContactDraft { name: "Lena".into(), email: Some("lena@a.example".into()), company: Some("L1".into()), ..ContactDraft::default() };
        let lena = contact::create(&mut tx, &by, lena).await.unwrap();
        tx.commit().await.unwrap();
        let (_folder, path) = file("people.csv", b"email,company\nlena@a.example,L2\n");
        let moved = import(&bench, &path, &Options { key: Some("email".into()), ..Options::default() }).await;
        for (survivor, loser) in [(s1, l1), (s2, l2)] {
            let (mut tx, pair) = (db.begin().await.unwrap(), crate::merge::Pair { survivor, loser });
            company::merge::merge(&mut tx, &bench, &by, &Scope::All, pair, &Default::default()).await.unwrap();
            tx.commit().await.unwrap();
        }
        let company_of = async || contact::list_by_ids(&mut db.read().await.unwrap(), [lena]).await.unwrap().remove(0).company_id;
        assert_eq!(company_of().await, Some(s2));
        undo(&bench, &actor, moved.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(company_of().await, Some(s1));
        // Two had the domain: nobody knows which of both is meant. One had the name.
        assert_eq!(counts(&bring(&bench, "name,domain\nNeu AG,group.example\n").await), [1, 1, 0, 0, 0]);
        assert_eq!(counts(&bring(&bench, "name,city\nL1,Ulm\n").await), [1, 0, 1, 0, 0]);
    }

    async fn a_renamed_company_is_found_by_its_people_and_the_mapping_is_remembered_for_companies_alone(db: Db) {
        let bench = bench(&db);
        let actor = Actor::system();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        let mut tx = db.begin().await.unwrap();
        let firm = company::create(&mut tx, &by, CompanyDraft { name: "Oldname".into(), domain: Some("old.example".into()), ..CompanyDraft::default() }).await.unwrap();
        contact::create(&mut tx, &by, ContactDraft { name: "Lena".into(), company: Some(firm.name), ..ContactDraft::default() }).await.unwrap();
        tx.commit().await.unwrap();
        let before = picture(&db).await;
        let outcome = bring(&bench, "name,domain\nNewname,old.example\n").await;
        assert_eq!((people(&db, "newname").await, people(&db, "oldname").await), (1, 0));
        undo(&bench, &actor, outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!((people(&db, "newname").await, people(&db, "oldname").await), (0, 1));
        assert_eq!(picture(&db).await, before);
        let told = MapFile::parse("[orders]\norder = \"name\"\nat = \"name\"\namount = \"name\"").unwrap();
        let (_folder, path) = file("firms.csv", b"name,domain\nNewname,old.example\n");
        let wrong = run_file(&bench, &actor, &path, &Options { map: Some(told), ..options() }, &mut |_| {}).await;
        assert!(matches!(wrong, Err(ImportError::Plan(PlanError::NoEvents))));
    }

    /// Some thousand lines come in several batches; a dry run counts what the import then does.
    async fn a_dry_run_of_many_batches_counts_what_happens(db: Db) {
        let bench = bench(&db);
        let mut text = String::from("name,domain,parent\n");
        text.extend((0..4_500).map(|n| format!("Firm {n},f{n}.example,{}\n", if n < 3 { String::new() } else { format!("Firm {}", n % 3) })));
        text.push_str("Firm 7,f7.example,Firm 1\nFirm 9,f9.example,Nobody\n");
        let (_folder, path) = file("firms.csv", text.as_bytes());
        let dry = import(&bench, &path, &Options { dry_run: true, ..options() }).await;
        let outcome = import(&bench, &path, &options()).await;
        assert_eq!(counts(&outcome), [4_502, 4_500, 0, 1, 1]);
        assert_eq!(counts(&dry), counts(&outcome));
        undo(&bench, &Actor::system(), outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(firms(&db).await.len(), 0);
    }
}

async fn exec(db: &Db, sql: &str, id: i64) {
    let mut tx = db.begin().await.unwrap();
    tx.exec(sql, params![id]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn id_of(db: &Db, name: &str) -> i64 {
    firms(db).await.into_iter().find(|(firm, _)| firm.name == name).unwrap().0.id
}

async fn undone(bench: &Bench, outcome: &Outcome) {
    undo(bench, &Actor::system(), outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
}

attune_testkit::on_both_dbs! {
    async fn what_has_files_or_devices_or_is_shared_stays(db: Db) {
        let bench = bench(&db);
        let outcome = bring(&bench, "name\nFiled\nDriven\nShared\nFree\n").await;
        let (_folder, path) = file("people.csv", b"email,company\na@a.example,Kept\nb@b.example,Lost\n");
        let people = import(&bench, &path, &Options::default()).await;
        let file = "INSERT INTO files (id, company_id, file_name, bytes, staff_id, created_at, kept_at) VALUES ($1, $1, 'a', 1, 1, 1, 1)";
        exec(&db, file, id_of(&db, "Filed").await).await;
        exec(&db, file, id_of(&db, "Kept").await).await;
        exec(&db, "INSERT INTO devices (id, serial, serial_key, model, company_id, state, created_at) VALUES ($1, 's', 's', 'm', $1, 'active', 1)", id_of(&db, "Driven").await).await;
        exec(&db, "INSERT INTO shares (id, company_id, staff_id, reason, shared_by, created_at) VALUES ($1, $1, 2, '', 1, 1)", id_of(&db, "Shared").await).await;
        let gone = undo(&bench, &Actor::system(), outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
        let parted = undo(&bench, &Actor::system(), people.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!((gone.created, parted.created), (1, 2));
        assert_eq!(trees(&db).await, tree([("Driven", None), ("Filed", None), ("Kept", None), ("Shared", None)]));
    }

    async fn companies_of_one_domain_are_not_one(db: Db) {
        let bench = bench(&db);
        let bonn = CompanyDraft { name: "Fisk".into(), domain: Some("fisk.example".into()), city: Some("Bonn".into()), ..CompanyDraft::default() };
        made(&bench, bonn).await;
        let text = "name,domain,city\nShop A,facebook.com/a,\nShop B,facebook.com/b,\nFisk Ulm,fisk.example,Ulm\n";
        assert_eq!(counts(&bring(&bench, text).await), [3, 3, 0, 0, 0]);
        assert_eq!(counts(&bring(&bench, text).await), [3, 0, 0, 3, 0]);
        // One more than can be one company's; then one of another name.
        let many: String = (0..6).map(|n| format!("Host {n},host.example,\n")).collect();
        bring(&bench, &format!("name,domain,city\n{many}")).await;
        assert_eq!(counts(&bring(&bench, "name,domain,city\nGuest,host.example,\nHost 3,host.example,\n").await), [2, 1, 0, 1, 0]);
        // More of a name than are looked at one by one.
        let chain: String = (0..25).map(|n| format!("Kette,,Town {n}\n")).collect();
        let chain = format!("name,domain,city\n{chain}");
        assert_eq!(counts(&bring(&bench, &chain).await), [25, 25, 0, 0, 0]);
        assert_eq!(counts(&bring(&bench, &chain).await), [25, 0, 0, 25, 0]);
    }

    async fn what_was_turned_over_is_turned_back_whatever_the_order(db: Db) {
        let bench = bench(&db);
        let actor = Actor::system();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        let mut ids = Vec::new();
        for name in ["A", "B", "Top"] {
            ids.push(made(&bench, CompanyDraft { name: name.into(), ..CompanyDraft::default() }).await);
        }
        let mut tx = db.begin().await.unwrap();
        company::set_parent(&mut tx, &by, &Scope::All, ids[0], Some(ids[1])).await.unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(60_000_000);
        let before = picture(&db).await;
        let outcome = bring(&bench, "name,parent\nB,A\nA,Top\n").await;
        assert_eq!(counts(&outcome), [2, 0, 2, 0, 0], "{:?}", outcome.errors);
        assert_eq!(trees(&db).await, tree([("A", Some("Top")), ("B", Some("A")), ("Top", None)]));
        undone(&bench, &outcome).await;
        assert_eq!(picture(&db).await, before);
        // A parent that is gone does not come back.
        let outcome = bring(&bench, "name,parent\nA,Top\n").await;
        exec(&db, "DELETE FROM companies WHERE id = $1", ids[1]).await;
        undone(&bench, &outcome).await;
        assert_eq!(trees(&db).await, tree([("A", None), ("Top", None)]));
    }

    async fn a_team_goes_back_with_its_owner_alone_and_no_company_that_is_gone(db: Db) {
        let bench = bench(&db);
        let actor = Actor::system();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        let firm = made(&bench, CompanyDraft { name: "Fisk".into(), owner_id: Some(2), ..CompanyDraft::default() }).await;
        let mut tx = db.begin().await.unwrap();
        let draft = ContactDraft { name: "Lena".into(), email: Some("l@x.example".into()), company: Some("Old".into()), owner_id: Some(2), ..ContactDraft::default() };
        let lena = contact::create(&mut tx, &by, draft).await.unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(60_000_000);
        let firms_in = bring(&bench, "name,owner\nFisk,Mei Tan\n").await;
        let (_folder, path) = file("people.csv", b"email,owner,company\nl@x.example,Mei Tan,New\n");
        let people_in = import(&bench, &path, &Options::default()).await;
        assert_eq!((counts(&firms_in), counts(&people_in)), ([1, 0, 1, 0, 0], [1, 0, 1, 0, 0]));
        // Meanwhile a colleague of the same team has taken both over, and the former company is gone.
        exec(&db, "UPDATE companies SET owner_id = 7 WHERE id = $1", firm).await;
        exec(&db, "UPDATE contacts SET owner_id = 7 WHERE id = $1", lena).await;
        exec(&db, "DELETE FROM companies WHERE id = $1", id_of(&db, "Old").await).await;
        undone(&bench, &firms_in).await;
        undone(&bench, &people_in).await;
        let mut tx = db.read().await.unwrap();
        let firm = company::list_by_ids(&mut tx, [firm]).await.unwrap().remove(0);
        let lena = contact::list_by_ids(&mut tx, [lena]).await.unwrap().remove(0);
        assert_eq!([(firm.owner_id, firm.team_id), (lena.owner_id, lena.team_id)], [(Some(7), Some(10)); 2]);
        assert_eq!(lena.company_id, None);
    }

    async fn ids_of_other_kinds_and_our_own_double_nobody(db: Db) {
        let bench = bench(&db);
        let (map, other) = (MapFile::parse("[columns]\nid = \"external_id\"").unwrap(), MapFile::parse("[columns]\nno = \"external_id\"").unwrap());
        let bring_by = async |map: &MapFile, subject: Subject, text: &str| {
            let (_folder, path) = file("f.csv", text.as_bytes());
            import(&bench, &path, &Options { subject, map: Some(map.clone()), ..Options::default() }).await
        };
        let firm = Subject::Company;
        assert_eq!(counts(&bring_by(&map, firm, "id,name,domain\n1,Fisk,fisk.example\n2,Heng,\n").await), [2, 2, 0, 0, 0]);
        let outcome = bring_by(&other, firm, "no,name,domain\nx,Fisk,fisk.example\ny,Heng,\nz,Heng,\n").await;
        assert_eq!(counts(&outcome), [3, 1, 0, 2, 0], "two ids of one kind are two companies: {:?}", outcome.errors);
        let own = company::CompanyId(id_of(&db, "Fisk").await);
        let heng = company::CompanyId(id_of(&db, "Heng").await);
        let outcome = bring_by(&map, firm, &format!("id,name,parent\n{own},Fisk AG,{heng}\n")).await;
        assert_eq!(counts(&outcome), [1, 0, 1, 0, 0]);
        let (fisk, parent) = firms(&db).await.remove(0);
        assert_eq!((fisk.name.as_str(), fisk.external_key.as_deref(), parent.as_deref()), ("Fisk AG", Some("id:1"), Some("Heng")));
        let actor = Actor::system();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        let mut tx = db.begin().await.unwrap();
        let lena = contact::create(&mut tx, &by, ContactDraft { name: "Lena".into(), ..ContactDraft::default() }).await.unwrap();
        tx.commit().await.unwrap();
        let outcome = bring_by(&map, Subject::Contact, &format!("id,city\n{},Bonn\n", contact::ContactId(lena))).await;
        assert_eq!(counts(&outcome), [1, 0, 1, 0, 0]);
        let lena = contact::list_by_ids(&mut db.read().await.unwrap(), [lena]).await.unwrap().remove(0);
        assert_eq!((lena.city.as_deref(), lena.external_key), (Some("Bonn"), None));
    }

    async fn a_refused_line_says_nothing_of_others(db: Db) {
        let bench = bench(&db);
        made(&bench, CompanyDraft { name: "Fisk".into(), ..CompanyDraft::default() }).await;
        let outcome = bring(&bench, "name,domain,parent\nFisk,new.example,Nobody\nFisk,other.example,\n").await;
        assert_eq!((counts(&outcome), causes(&outcome)), ([2, 0, 1, 0, 1], vec![(2, "parent")]));
    }
}

attune_testkit::on_both_dbs! {
    async fn the_page_brings_what_the_command_brings(db: Db) {
        let site = TestApp::start(db.clone(), |parts| vec![crate::room(parts, &crate::tracking::Collector::start(parts))]);
        let bench = site.app().bench();
        let shape = |all: Vec<(Company, Option<String>)>| -> Vec<(String, String, Option<String>)> {
            all.into_iter().map(|(firm, parent)| (firm.name, serde_json::to_string(&firm.fields).unwrap(), parent)).collect()
        };
        let by_command = bring(&bench, FIRMS).await;
        let expected = shape(firms(&db).await);
        undo(&bench, &Actor::system(), by_command.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert!(site.get("admin", "/imports/new?subject=company").await.has("value=\"company\" checked"));
        let part = |head: &str, body: &str| format!("--cut\r\nContent-Disposition: form-data; name={head}\r\n\r\n{body}\r\n");
        let body = [part("\"subject\"", "company"), part("\"file\"; filename=\"firms.csv\"", FIRMS), "--cut--\r\n".to_owned()].concat();
        let request = || http::Request::post("/imports").header("content-type", "multipart/form-data; boundary=cut");
        assert_eq!(site.send("agent", request(), body.clone()).await.status, StatusCode::FORBIDDEN);
        let sent = site.send("admin", request(), body).await.is(StatusCode::SEE_OTHER);
        let map = site.get("admin", sent.leads()).await.is(StatusCode::OK);
        assert!(map.has("Parent company (name or ID elsewhere)") && map.has("Recognise companies by") && !map.has("Given name"), "{}", map.body);
        let check = site.post("admin", sent.leads(), &super::pages::untouched(&map)).await.is(StatusCode::SEE_OTHER);
        assert!(site.get("admin", check.leads()).await.has("Import 3 rows"));
        let import = check.leads().trim_end_matches("/check").to_owned();
        site.post("admin", &format!("{import}/start"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert_eq!(shape(firms(&db).await), expected);
        assert!(site.get("admin", &import).await.has("Undo the import of 3 companies"));
        site.post("admin", &format!("{import}/undo"), "").await.is(StatusCode::SEE_OTHER);
        site.settle().await;
        assert!(firms(&db).await.is_empty() && site.get("admin", &import).await.has("Undone"));
    }
}

/// Any file over any store: importing and undoing leaves every table as it was, and no import ever makes a circle.
mod whatever_the_file {
    use proptest::prelude::*;

    use super::*;

    type Row = (u8, u8, u8, u8, u8);

    fn row() -> impl Strategy<Value = Row> {
        (0_u8..6, 0_u8..4, 0_u8..4, 0_u8..7, 0_u8..4)
    }

    fn text(rows: &[Row]) -> String {
        let mut text = "account no,name,website,city,parent,tags,level\n".to_owned();
        for (name, id, domain, parent, rest) in rows {
            let names = ["", "Fisk", "Heng", "华衡", "Blau", "Rot"];
            let id = if *id == 0 { String::new() } else { format!("a{id}") };
            let domain = if *domain == 0 { String::new() } else { format!("www.d{domain}.example") };
            let parent = if *parent == 6 { "a1" } else { names[usize::from(*parent)] };
            let rest =
                ["Bonn,{p},VIP,Gold", ",{p},vip; Fair,Select", "Ulm,{p},,3", ",{p},老客户,"][usize::from(*rest)].replace("{p}", parent);
            text.push_str(&format!("{id},{},{domain},{rest}\n", names[usize::from(*name)]));
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
        #[test]
        fn undo_is_the_inverse(first in prop::collection::vec(row(), 0..12), second in prop::collection::vec(row(), 1..25)) {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let store = attune_testkit::lite(&crate::test_migrations()).await;
                let (db, bench) = (store.db(), bench(&store.db()));
                let key = MapFile::parse("[columns]\n\"account no\" = \"external_id\"").unwrap();
                let options = Options { map: Some(key), ..options() };
                if !first.is_empty() {
                    let (_folder, path) = file("a.csv", text(&first).as_bytes());
                    import(&bench, &path, &options).await;
                    bench.clock.advance(1_000_000);
                }
                let before = picture(&db).await;
                let (_folder, path) = file("b.csv", text(&second).as_bytes());
                let outcome = import(&bench, &path, &options).await;
                let c = &outcome.counts;
                assert_eq!(c.rows, c.created + c.updated + c.skipped + c.rejected);
                for (mut firm, _) in firms(&db).await {
                    let all = firms(&db).await;
                    for _ in 0..=all.len() {
                        let Some(parent) = firm.parent_id else { break };
                        firm = all.iter().find(|(one, _)| one.id == parent).map(|(one, _)| one.clone()).unwrap();
                    }
                    assert_eq!(firm.parent_id, None, "a circle");
                }
                undo(&bench, &Actor::system(), outcome.id.0, &tables(), &mut |_| {}).await.unwrap();
                assert_eq!(picture(&db).await, before);
            });
        }
    }
}
