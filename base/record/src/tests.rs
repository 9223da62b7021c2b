use attune_testkit::{START_AT, clock, ids};
use attune_web::Actor;
use serde_json::json;

use crate::audit::{self, AuditFilter};
use crate::view::ViewDraft;
use crate::{note, view};

attune_testkit::on_both_dbs! {
    async fn the_log_tells_who_changed_what(db: Db) {
        let ids = ids(&clock());
        let mut tx = db.begin().await.unwrap();
        let actor = Actor::system();
        audit::note(&mut tx, &ids, START_AT, &actor, "contact.updated", "contact", 5, Some(json!({"city": "Bonn"})), Some(json!({"city": "Köln"}))).await.unwrap();
        audit::note(&mut tx, &ids, START_AT, &actor, "contact.deleted", "contact", 6, None, None).await.unwrap();
        let all = audit::list(&mut tx, &AuditFilter::default(), 10).await.unwrap();
        assert_eq!(all.iter().map(|l| l.record_id).collect::<Vec<_>>(), [6, 5]);
        let one = audit::list(&mut tx, &AuditFilter { kind: Some("contact".into()), record_id: Some(5), ..AuditFilter::default() }, 10).await.unwrap();
        assert_eq!(one[0].after.as_deref(), Some("{\"city\":\"Köln\"}"));
        let older = audit::list(&mut tx, &AuditFilter { before_id: Some(all[0].id), ..AuditFilter::default() }, 10).await.unwrap();
        assert_eq!(older.len(), 1);
    }

    async fn a_view_is_its_makers_unless_shared(db: Db) {
        let ids = ids(&clock());
        let mut tx = db.begin().await.unwrap();
        let mut draft = ViewDraft { list: "contacts", name: " Hot in Bonn ".into(), query: "stage=sql".into(), shared: false };
        let own = view::put(&mut tx, &ids, START_AT, 1, &draft).await.unwrap();
        draft.shared = true;
        let shared = view::put(&mut tx, &ids, START_AT, 1, &draft).await.unwrap();
        let seen = |views: Vec<view::SavedView>| views.iter().map(|v| v.id).collect::<Vec<_>>();
        assert_eq!(seen(view::list(&mut tx, "contacts", 1).await.unwrap()), [own, shared]);
        assert_eq!(seen(view::list(&mut tx, "contacts", 2).await.unwrap()), [shared]);
        assert!(view::find(&mut tx, own, 2).await.unwrap().is_none());
        // Everybody arranges them for themselves.
        view::shift(&mut tx, "contacts", 1, shared, true).await.unwrap();
        view::shift(&mut tx, "contacts", 1, shared, true).await.unwrap();
        assert_eq!(seen(view::list(&mut tx, "contacts", 1).await.unwrap()), [shared, own]);
        view::put_prefs(&mut tx, "contacts", 2, &view::ViewPrefs { places: vec![9, shared], opens_with: "hot".into() }).await.unwrap();
        assert_eq!(view::prefs(&mut tx, "contacts", 2).await.unwrap().opens_with, "hot");
        let last = view::put(&mut tx, &ids, START_AT, 1, &draft).await.unwrap();
        assert_eq!(seen(view::list(&mut tx, "contacts", 1).await.unwrap()), [shared, own, last], "new ones come last");
        assert!(view::delete(&mut tx, last, START_AT).await.unwrap() && !view::delete(&mut tx, last, START_AT).await.unwrap());
        assert!(view::find(&mut tx, last, 1).await.unwrap().is_none());
        assert_eq!(view::find_deleted(&mut tx, last).await.unwrap().unwrap().id, last);
        view::restore(&mut tx, last).await.unwrap();
        let renamed = view::SavedView { name: " Ours ".into(), shared: false, ..view::find(&mut tx, last, 1).await.unwrap().unwrap() };
        view::update(&mut tx, &renamed).await.unwrap();
        assert!(view::find(&mut tx, last, 2).await.unwrap().is_none());
        assert_eq!(view::find(&mut tx, last, 1).await.unwrap().unwrap().name, "Ours");
        // What is deleted goes for good a month later, when something else is deleted.
        view::delete(&mut tx, last, START_AT).await.unwrap();
        assert!(view::delete(&mut tx, shared, START_AT + 31 * 86_400_000_000).await.unwrap());
        assert!(view::find_deleted(&mut tx, last).await.unwrap().is_none());
        assert_eq!(view::find(&mut tx, own, 1).await.unwrap().unwrap().name, "Hot in Bonn");
    }

    async fn a_deleted_note_comes_back(db: Db) {
        let ids = ids(&clock());
        let mut tx = db.begin().await.unwrap();
        let id = note::add(&mut tx, &ids, START_AT, &Actor::system(), ("contact", 9), " 见面顺利 ").await.unwrap();
        assert_eq!(note::find(&mut tx, id).await.unwrap().unwrap().body, "见面顺利");
        assert!(!note::delete(&mut tx, id, Some(77), START_AT).await.unwrap());
        assert!(note::delete(&mut tx, id, None, START_AT).await.unwrap());
        assert!(note::list(&mut tx, 9, None, 10).await.unwrap().is_empty());
        assert!(!note::restore(&mut tx, id, 8).await.unwrap(), "another record's note is none of theirs");
        assert!(note::restore(&mut tx, id, 9).await.unwrap());
        assert_eq!(note::list(&mut tx, 9, Some(START_AT), 10).await.unwrap().len(), 1);
        assert!(note::list(&mut tx, 9, Some(START_AT - 1), 10).await.unwrap().is_empty());
    }

    async fn a_changed_note_keeps_what_it_said(db: Db) {
        let ids = ids(&clock());
        let mut tx = db.begin().await.unwrap();
        let actor = Actor::system();
        let id = note::add(&mut tx, &ids, START_AT, &actor, ("contact", 9), "first").await.unwrap();
        for (later, body, differs) in [(1, "second", true), (2, " second ", false), (3, "third", true)] {
            let found = note::find(&mut tx, id).await.unwrap().unwrap();
            assert_eq!(note::update(&mut tx, &ids, START_AT + later, &actor, &found, body).await.unwrap(), differs);
        }
        let found = note::find(&mut tx, id).await.unwrap().unwrap();
        assert!(found.is_edited() && found.body == "third");
        let said: Vec<(String, i64)> = note::list_versions(&mut tx, id).await.unwrap().into_iter().map(|v| (v.body, v.until_at - START_AT)).collect();
        assert_eq!(said, [("second".to_owned(), 3), ("first".to_owned(), 1)]);
        note::set_pinned(&mut tx, id, Some(5)).await.unwrap();
        assert_eq!(note::list_pinned(&mut tx, 9).await.unwrap().len(), 1);
        note::set_pinned(&mut tx, id, None).await.unwrap();
        assert!(note::list_pinned(&mut tx, 9).await.unwrap().is_empty());
    }
}
