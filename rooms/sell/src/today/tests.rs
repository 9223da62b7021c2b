use attune_kernel::{DAY_US, HOUR_US};
use attune_testkit::on_both_dbs;
use attune_web::{Actor, Scope};

use super::gather::{Next, Sight, gather};
use crate::handover::{Sharing, share_out};
use crate::task::{self, TaskDraft, Wording};
use crate::tests::stage::Stage;

on_both_dbs! {
    async fn the_day_holds_what_waits_for_this_person(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(3).await;
        let now = stage.now();
        let mut tx = stage.db.begin().await.unwrap();
        let sharing = Sharing { leads: &people, reps: &[(3, 1), (4, 2)], origin: "push_funnel", origin_id: 900 };
        share_out(&mut tx, &stage.ids, now, &Actor::system(), &sharing, None).await.unwrap();
        for (title, due) in [("late", -HOUR_US), ("today", HOUR_US), ("next week", 7 * DAY_US)] {
            let draft = TaskDraft { title: Wording::typed(title), owner_id: 3, due_at: Some(now + due), ..TaskDraft::default() };
            task::create(&mut tx, &stage.ids, now, &Actor::system(), &draft).await.unwrap();
        }
        let mut actor = Actor::system();
        actor.staff_id = 3;
        let sight = Sight { actor: &actor, contacts: Some(Scope::Own { staff_id: 3 }), now, day_end: now + 10 * HOUR_US };
        let day = gather(&mut tx, &sight).await.unwrap();
        let lines: Vec<String> = day.next.iter().map(|line| match line {
            Next::Answer(offer) => offer.contact_name.clone(),
            Next::Work(task) => task.title.text.clone(),
            Next::Word(hot) => hot.name.clone(),
        }).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!((lines[0].as_str(), lines[2].as_str()), ("late", "today"));
        assert_eq!((day.offers, day.numbers.held, day.numbers.cap, day.numbers.due), (1, 1, 50, 2));
        assert_eq!(day.tasks.len(), 3);
        assert!(day.steps.iter().any(|(step, done)| *step == "colleague" && *done));
    }
}
