use attune_events::{React, Spine};
use attune_kernel::{DAY_US, HOUR_US};
use attune_testkit::on_both_dbs;

use super::*;
use crate::tests::stage::Stage;

async fn give(stage: &Stage, title: &str, owner_id: i64, team_id: Option<i64>, due_in: Option<i64>) -> i64 {
    let draft =
        TaskDraft { title: Wording::typed(title), owner_id, team_id, due_at: due_in.map(|us| stage.now() + us), ..TaskDraft::default() };
    let mut tx = stage.db.begin().await.unwrap();
    let id = create(&mut tx, &stage.ids, stage.now(), &Actor::system(), &draft).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    id
}

fn titles(tasks: &[Task]) -> Vec<&str> {
    tasks.iter().map(|task| task.title.text.as_str()).collect()
}

on_both_dbs! {
    async fn whoever_a_note_names_has_something_to_read_once(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(1).await;
        let spine = Spine { db: stage.db.clone(), clock: stage.clock.clone(), ids: stage.ids.clone() };
        let mut tx = stage.db.begin().await.unwrap();
        let props = serde_json::json!({ "staff": "Mei", "note_id": 900, "named": [3, 5] });
        let named = [Event::new("note.mentioned", stage.now()).contact(people[0]).props(&props)];
        for _ in 0..2 {
            mention::TellMentioned.react(&spine, &mut tx, &named).await.unwrap();
        }
        let own = list(&mut tx, &Scope::Own { staff_id: 3 }, &TaskFilter::default(), 9).await.unwrap();
        assert_eq!(own.iter().map(|task| (task.title.arg("name"), task.reason.arg("by"))).collect::<Vec<_>>(), [("P1", "Mei")]);
        assert_eq!(list(&mut tx, &Scope::All, &TaskFilter::default(), 9).await.unwrap().len(), 2);
    }

    async fn tasks_are_listed_by_due_date_and_go_on_where_they_stopped(db: Db) {
        let stage = Stage::new(db).await;
        give(&stage, "someday", 3, Some(70), None).await;
        give(&stage, "late", 3, Some(70), Some(-HOUR_US)).await;
        give(&stage, "soon", 3, Some(70), Some(HOUR_US)).await;
        give(&stage, "lin's", 4, Some(70), Some(DAY_US)).await;
        give(&stage, "zoe's", 5, Some(71), Some(DAY_US)).await;
        let mut tx = stage.db.read().await.unwrap();
        let own = Scope::Own { staff_id: 3 };
        let first = list(&mut tx, &own, &TaskFilter::default(), 2).await.unwrap();
        assert_eq!(titles(&first), ["late", "soon"]);
        assert!(first[0].is_late(stage.now()) && !first[1].is_late(stage.now()));
        let after = Some((first[1].due_at.unwrap(), first[1].id));
        assert_eq!(titles(&list(&mut tx, &own, &TaskFilter { after, ..TaskFilter::default() }, 9).await.unwrap()), ["someday"]);
        let team = Scope::Team { team_id: Some(70), staff_id: 2 };
        assert_eq!(count_open(&mut tx, &team, &TaskFilter::default()).await.unwrap(), 4);
        let late = TaskFilter { before: Some(stage.now()), ..TaskFilter::default() };
        assert_eq!(count_open(&mut tx, &Scope::All, &late).await.unwrap(), 1);
        assert_eq!(list(&mut tx, &Scope::All, &TaskFilter { owner_id: Some(5), ..TaskFilter::default() }, 9).await.unwrap()[0].owner_name, "Zoe");
    }

    async fn a_task_is_checked_off_and_opened_again(db: Db) {
        let stage = Stage::new(db).await;
        let id = give(&stage, "call", 3, None, Some(HOUR_US)).await;
        let mut tx = stage.db.begin().await.unwrap();
        let actor = Actor::system();
        let task = get_in(&mut tx, id, &Scope::Own { staff_id: 3 }).await.unwrap().unwrap();
        assert_eq!((task.contact_id, task.contact_name.as_deref()), (None, None), "it is about nobody, and says so");
        assert!(get_in(&mut tx, id, &Scope::Own { staff_id: 4 }).await.unwrap().is_none());
        assert!(set_done(&mut tx, &stage.ids, stage.now(), &actor, &task, true).await.unwrap());
        assert!(!set_done(&mut tx, &stage.ids, stage.now(), &actor, &task, true).await.unwrap(), "twice changes nothing");
        let done = list(&mut tx, &Scope::All, &TaskFilter { done: true, ..TaskFilter::default() }, 9).await.unwrap();
        assert_eq!((done.len(), done[0].done_at), (1, Some(stage.now())));
        assert_eq!(store::count_done(&mut tx, 3, stage.now() - DAY_US).await.unwrap(), 1);
        assert!(set_done(&mut tx, &stage.ids, stage.now(), &actor, &task, false).await.unwrap());
        assert_eq!(count_open(&mut tx, &Scope::All, &TaskFilter::default()).await.unwrap(), 1);
        assert_eq!(tx.count("SELECT count(*) FROM audit_log WHERE kind = 'task'", attune_db::params![]).await.unwrap(), 3);
    }

    async fn one_cause_gives_one_task(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(1).await;
        let mut tx = stage.db.begin().await.unwrap();
        let draft = TaskDraft {
            title: Wording::of("task-title-overdue", &[("name", "P1")]),
            reason: Wording::of("task-reason-overdue", &[("rep", "Tom")]),
            owner_id: 2,
            contact_id: Some(people[0]),
            cause_key: Some("x:1".into()),
            ..TaskDraft::default()
        };
        assert!(create(&mut tx, &stage.ids, 1, &Actor::system(), &draft).await.unwrap().is_some());
        assert!(create(&mut tx, &stage.ids, 1, &Actor::system(), &draft).await.unwrap().is_none());
        let kept = list_of_contact(&mut tx, people[0]).await.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].title.arg("name"), kept[0].reason.arg("rep")), ("P1", "Tom"));
        assert_eq!(tx.count("SELECT value FROM v_sell_open_task WHERE contact_id = $1", attune_db::params![people[0]]).await.unwrap(), 1);
    }
}
