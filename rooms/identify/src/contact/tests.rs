use attune_db::{Column, Db, Relation, Value};
use attune_record::audit::{self, AuditFilter};
use attune_web::{Actor, Scope};
use serde_json::json;

use super::*;
use crate::field::{self, FieldDraft, FieldKind};

fn draft(name: &str, email: Option<&str>, owner_id: Option<i64>) -> ContactDraft {
    ContactDraft { name: name.into(), email: email.map(str::to_owned), owner_id, ..ContactDraft::default() }
}

async fn names(db: &Db, scope: &Scope, listing: &Listing, sorting: &str) -> Vec<String> {
    let mut tx = db.read().await.unwrap();
    let sorting = Sorting::of(sorting).unwrap();
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = list(&mut tx, scope, listing, sorting, &after, 2).await.unwrap();
        assert!(page.contacts.len() <= 2);
        found.extend(page.contacts.iter().map(|c| c.name.clone()));
        match page.next {
            Some(next) => after = next,
            None => {
                assert_eq!(page.total, found.len() as i64);
                return found;
            }
        }
    }
}

attune_testkit::on_both_dbs! {
    async fn every_order_pages_through_everybody_once(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let mut scores = Relation::new(&[("id", Column::Int), ("k", Column::Real), ("fit", Column::Int), ("grade", Column::Text)]);
        let mut touches = Relation::new(&[("id", Column::Int), ("at", Column::Int)]);
        for (index, name) in ["Cy", "Ada", "Bob", "Ada", "王小明"].into_iter().enumerate() {
            let id = create(&mut tx, &by, draft(name, None, None)).await.unwrap();
            if index < 3 {
                scores.push(vec![Value::Int(id), Value::Real(index as f64), Value::Int(5), Value::from("A")]);
                touches.push(vec![Value::Int(id), Value::Int(100 - index as i64)]);
            }
        }
        put_scores(&mut tx, &scores).await.unwrap();
        touch(&mut tx, &touches).await.unwrap();
        tx.commit().await.unwrap();
        let all = Listing::default();
        assert_eq!(names(&db, &Scope::All, &all, "name").await, ["Ada", "Ada", "Bob", "Cy", "王小明"]);
        assert_eq!(names(&db, &Scope::All, &all, "-name").await, ["王小明", "Cy", "Bob", "Ada", "Ada"]);
        assert_eq!(names(&db, &Scope::All, &all, "-score").await, ["Bob", "Ada", "Cy", "王小明", "Ada"]);
        assert_eq!(names(&db, &Scope::All, &all, "-touch").await, ["Cy", "Ada", "Bob", "王小明", "Ada"]);
        assert_eq!(names(&db, &Scope::All, &all, "-created").await, ["王小明", "Ada", "Bob", "Ada", "Cy"]);
        let graded = Listing { grade: Some("A".into()), engagement_k: Some(1.0), ..Listing::default() };
        assert_eq!(names(&db, &Scope::All, &graded, "-score").await, ["Bob", "Ada"]);
    }

    async fn a_scope_hides_what_is_not_covered(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let mine = create(&mut tx, &by, draft("Mine", None, Some(1))).await.unwrap();
        let other = create(&mut tx, &by, draft("Other", None, Some(2))).await.unwrap();
        create(&mut tx, &by, draft("Nobody", None, None)).await.unwrap();
        tx.commit().await.unwrap();
        let all = Listing::default();
        let own = Scope::Own { staff_id: 1 };
        let team = Scope::Team { team_id: Some(10), staff_id: 9 };
        assert_eq!(names(&db, &own, &all, "name").await, ["Mine"]);
        assert_eq!(names(&db, &team, &all, "name").await, ["Mine"]);
        assert_eq!(names(&db, &Scope::All, &Listing { owner: Some(Person::Nobody), ..Listing::default() }, "name").await, ["Nobody"]);
        let mut tx = db.begin().await.unwrap();
        assert!(find(&mut tx, &own, other).await.unwrap().is_none());
        assert!(matches!(update_field(&mut tx, &by, &own, other, "city", "Bonn").await, Err(ContactError::NotFound)));
        assert!(delete(&mut tx, &by, &own, &[other]).await.unwrap().is_empty());
        assert_eq!(delete(&mut tx, &by, &own, &[mine, other]).await.unwrap(), [mine]);
        assert!(find(&mut tx, &Scope::All, mine).await.unwrap().is_none());
        assert_eq!(restore(&mut tx, &by, &own, &[mine]).await.unwrap(), [mine]);
        assert_eq!(ids_of(&mut tx, &own, &Selection::Ids(vec![mine, other]), 10).await.unwrap(), [mine]);
    }

    async fn an_edit_is_checked_kept_and_told(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let id = create(&mut tx, &by, draft("Lena Hoffmann", Some("Lena@Brandt.example"), None)).await.unwrap();
        field::create(&mut tx, &by, &FieldDraft::plain("lines", "Filling lines", FieldKind::Number), None).await.unwrap();
        let edit = async |tx: &mut attune_db::Tx, key: &str, typed: &str| update_field(tx, &by, &Scope::All, id, key, typed).await;
        assert!(matches!(edit(&mut tx, "email", "nobody").await, Err(ContactError::Invalid { key: "web-not-an-email", .. })));
        assert!(matches!(edit(&mut tx, "f:lines", "six").await, Err(ContactError::Invalid { key: "web-not-a-number", .. })));
        assert!(matches!(edit(&mut tx, "f:none", "6").await, Err(ContactError::NotFound)));
        assert!(matches!(edit(&mut tx, "owner_id", "77").await, Err(ContactError::Invalid { .. })));
        edit(&mut tx, "f:lines", "6").await.unwrap();
        edit(&mut tx, "company", "Brandt Anlagenbau").await.unwrap();
        edit(&mut tx, "owner_id", "1").await.unwrap();
        edit(&mut tx, "stage", "sql").await.unwrap();
        edit(&mut tx, "given_name", "Magdalena").await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.read().await.unwrap();
        let lena = find(&mut tx, &Scope::All, id).await.unwrap().unwrap();
        assert_eq!((lena.name.as_str(), lena.owner_id, lena.team_id, lena.stage), ("Magdalena Hoffmann", Some(1), Some(10), Stage::Sql));
        assert_eq!((lena.company_name.as_deref(), lena.raw("f:lines")), (Some("Brandt Anlagenbau"), json!(6)));
        assert_eq!(list_by_email_keys(&mut tx, ["lena@brandt.example".to_owned()]).await.unwrap().len(), 1);
        let listing = Listing { search: "anlagen magd".into(), sight: attune_web::Sight::FULL, ..Listing::default() };
        assert_eq!(count(&mut tx, &Scope::All, &listing).await.unwrap(), 1);
        for (typed, expected) in [("LENA@brandt.example", 1), ("lena@brandt.exa", 1), ("brandt.example", 1), ("lena@brandt.example.org", 0)] {
            let listing = Listing { search: typed.into(), sight: attune_web::Sight::FULL, ..Listing::default() };
            assert_eq!(count(&mut tx, &Scope::All, &listing).await.unwrap(), expected, "{typed}");
        }
        let trail = audit::list(&mut tx, &AuditFilter { record_id: Some(id), ..AuditFilter::default() }, 20).await.unwrap();
        assert_eq!(trail.len(), 6);
    }

    async fn a_number_is_found_by_digits_in_a_row(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let mei = ContactDraft { phone: Some("+49 234599 3451".into()), company: Some("77345120".into()), ..draft("Mei Lin", None, None) };
        create(&mut tx, &by, mei).await.unwrap();
        let found = [
            ("+49 2345 993451", 1),
            ("9934", 1),
            ("45-993", 1),
            ("lin 5993", 1),
            ("59934 mei", 1),
            ("mei 23459 93451", 1),
            ("0000", 0),
            ("773451", 1),
            // All fours of it are in the number, elsewhere.
            ("23451", 0),
            ("mei 23451", 0),
            ("tom 5993", 0),
            ("45120", 0),
        ];
        for (typed, expected) in found {
            let listing = Listing { search: typed.into(), sight: attune_web::Sight::FULL, ..Listing::default() };
            assert_eq!(count(&mut tx, &Scope::All, &listing).await.unwrap(), expected, "{typed}");
        }
        // Found by a word and by the number, whether or not addresses are masked: there once all the same.
        let zoe = ContactDraft { phone: Some("+49 30 818181".into()), ..draft("Zoe 4930818181", None, None) };
        create(&mut tx, &by, zoe).await.unwrap();
        for sight in [attune_web::Sight::FULL, attune_web::Sight::default()] {
            let listing = Listing { search: "+49 30 818181".into(), sight, ..Listing::default() };
            assert_eq!(count(&mut tx, &Scope::All, &listing).await.unwrap(), 1, "{:?}", listing.sight);
            let page = list(&mut tx, &Scope::All, &listing, Sorting::default(), "", 10).await.unwrap();
            assert_eq!((page.contacts.len(), page.total), (1, 1));
            assert_eq!(list_behind(&mut tx, &Scope::All, &listing, 0, 10).await.unwrap().len(), 1);
        }
    }

    async fn a_renamed_company_keeps_its_people_findable(db: Db) {
        let ids = attune_testkit::ids(&attune_testkit::clock());
        let actor = Actor::system();
        let by = By { actor: &actor, now: 1_000, ids: &ids };
        let mut tx = db.begin().await.unwrap();
        let company = crate::company::find_or_create(&mut tx, &by, "华衡仪表", None).await.unwrap();
        assert_eq!(crate::company::find_or_create(&mut tx, &by, " 华衡仪表 ", None).await.unwrap().id, company.id);
        create(&mut tx, &by, ContactDraft { company: Some("华衡仪表".into()), ..draft("王小明", None, None) }).await.unwrap();
        crate::company::update_field(&mut tx, &by, &Scope::All, company.id, "name", "新衡科技").await.unwrap();
        let hits = async |tx: &mut attune_db::Tx, words: &str| count(tx, &Scope::All, &Listing { search: words.into(), sight: attune_web::Sight::FULL, ..Listing::default() }).await.unwrap();
        assert_eq!((hits(&mut tx, "华衡").await, hits(&mut tx, "新衡").await, hits(&mut tx, "小明").await, hits(&mut tx, "明").await), (0, 1, 1, 1));
        let listing = crate::company::Listing { search: "衡".into(), limit: 10, ..crate::company::Listing::default() };
        assert_eq!(crate::company::list(&mut tx, &Scope::All, &listing).await.unwrap()[0].people, 1);
    }
}
