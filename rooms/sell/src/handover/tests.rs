use attune_identify::contact::{self, By, Stage as ContactStage};
use attune_kernel::{DAY_US, HOUR_US};
use attune_testkit::on_both_dbs;
use attune_web::{Actor, Scope};

use super::react::FreeHands;
use super::*;
use crate::tests::stage::Stage;
use attune_events::{React, Spine};
use attune_jobs::{Bench, OnDue};

async fn share(stage: &Stage, leads: &[i64], reps: &[(i64, i64)], origin_id: i64) -> Shared {
    let mut tx = stage.db.begin().await.unwrap();
    let sharing = Sharing { leads, reps, origin: "push_funnel", origin_id };
    let shared = share_out(&mut tx, &stage.ids, stage.now(), &Actor::system(), &sharing, None).await.unwrap();
    tx.commit().await.unwrap();
    shared
}

async fn of(stage: &Stage, contact_id: i64) -> Handover {
    store::find_of_contact(&mut stage.db.read().await.unwrap(), contact_id).await.unwrap().unwrap()
}

/// Lets the reactor that frees hands hear everything after `seq`; answers where the log ends.
async fn free_hands(stage: &Stage, seq: i64) -> i64 {
    let spine = Spine { db: stage.db.clone(), clock: stage.clock.clone(), ids: stage.ids.clone() };
    let mut tx = stage.db.begin().await.unwrap();
    let events = attune_events::list_after(&mut tx, seq, i64::MAX, FreeHands::HEARS, 1000).await.unwrap();
    FreeHands.react(&spine, &mut tx, &events).await.unwrap();
    tx.commit().await.unwrap();
    events.last().map_or(seq, |event| event.seq)
}

on_both_dbs! {
    async fn the_best_are_offered_within_the_caps_and_the_rest_waits(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(7).await;
        let shared = share(&stage, &people, &[(3, 2), (4, 3)], 900).await;
        assert_eq!(shared, Shared { offered: 5, waiting: 2, skipped: 0 });
        assert_eq!(stage.number("SELECT count(*) FROM handovers WHERE state = 'offered' AND place <= 5").await, 5);
        assert_eq!(stage.number("SELECT count(*) FROM handovers WHERE rep_id = 3").await, 2);
        assert_eq!(stage.number("SELECT count(*) FROM events WHERE name = 'lead.handed_over' AND origin_id = 900").await, 5);
        assert_eq!(stage.number("SELECT count(*) FROM contacts WHERE stage = 'mql'").await, 5, "whoever is offered has qualified");
        assert_eq!(stage.number("SELECT count(*) FROM timers WHERE kind = 'sell.escalate_handover'").await, 5);
        let again = share(&stage, &people, &[(3, 2), (4, 3)], 900).await;
        assert_eq!(again, Shared { offered: 0, waiting: 0, skipped: 7 }, "sharing twice changes nothing");
    }

    async fn a_holding_cap_counts_everything_in_a_reps_hands(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(6).await;
        let mut tx = stage.db.begin().await.unwrap();
        write_cap(&mut tx, 3, Some(3), stage.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(share(&stage, &people[..2], &[(3, 40)], 900).await.offered, 2);
        assert_eq!(share(&stage, &people[2..], &[(3, 40)], 901).await, Shared { offered: 1, waiting: 3, skipped: 0 });
        let loads = list_loads(&mut stage.db.read().await.unwrap(), &Scope::Own { staff_id: 3 }).await.unwrap();
        assert_eq!((loads.len(), loads[0].held(), loads[0].own_cap), (1, 3, Some(3)));
    }

    async fn accepting_makes_the_contact_the_reps_own(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(1).await;
        share(&stage, &people, &[(3, 1)], 900).await;
        let handover = of(&stage, people[0]).await;
        let mut tx = stage.db.begin().await.unwrap();
        accept(&mut tx, &stage.ids, stage.now(), &Actor::system(), &handover).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(stage.number("SELECT count(*) FROM contacts WHERE stage = 'sql' AND owner_id = 3 AND team_id = 70").await, 1);
        assert_eq!(stage.number("SELECT count(*) FROM tasks WHERE owner_id = 3 AND done_at IS NULL").await, 1);
        assert_eq!(stage.number("SELECT count(*) FROM events WHERE name = 'lead.accepted' AND subject = '3' AND origin_id = 900").await, 1);
        assert_eq!(stage.number("SELECT count(*) FROM timers WHERE kind = 'sell.escalate_handover'").await, 0);
        let mut tx = stage.db.begin().await.unwrap();
        let twice = accept(&mut tx, &stage.ids, stage.now(), &Actor::system(), &handover).await;
        assert!(matches!(twice, Err(HandoverError::NotOpen)));
    }

    async fn passing_back_frees_a_place_for_the_next(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(2).await;
        share(&stage, &people, &[(3, 1)], 900).await;
        let head = free_hands(&stage, 0).await;
        let handover = of(&stage, people[0]).await;
        let mut tx = stage.db.begin().await.unwrap();
        reject(&mut tx, &stage.ids, stage.now(), &Actor::system(), &handover, "too_small", "two people only").await.unwrap();
        tx.commit().await.unwrap();
        let back = of(&stage, people[0]).await;
        assert_eq!((back.state, back.reason.as_deref(), back.note.as_str()), (State::Rejected, Some("too_small"), "two people only"));
        assert_eq!(stage.number("SELECT count(*) FROM contacts WHERE stage = 'lead'").await, 2, "back to nurture");
        assert_eq!(of(&stage, people[1]).await.state, State::Waiting);
        free_hands(&stage, head).await;
        let next = of(&stage, people[1]).await;
        assert_eq!((next.state, next.rep_id), (State::Offered, Some(3)));
    }

    async fn hands_become_free_when_the_contact_buys_or_moves_on(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(4).await;
        share(&stage, &people, &[(3, 2)], 900).await;
        for contact_id in &people[..2] {
            let handover = of(&stage, *contact_id).await;
            let mut tx = stage.db.begin().await.unwrap();
            accept(&mut tx, &stage.ids, stage.now(), &Actor::system(), &handover).await.unwrap();
            tx.commit().await.unwrap();
        }
        let head = free_hands(&stage, 0).await;
        assert_eq!(stage.number("SELECT count(*) FROM handovers WHERE state = 'waiting'").await, 2, "taking over frees nothing");
        stage.clock.advance(HOUR_US);
        let mut tx = stage.db.begin().await.unwrap();
        attune_events::append(&mut tx, &mut [Event::new("purchase.made", stage.now()).contact(people[0])]).await.unwrap();
        let actor = Actor::system();
        let by = By { actor: &actor, now: stage.now(), ids: &stage.ids };
        contact::assign_owner(&mut tx, &by, &[people[1]], Some(5), "territory").await.unwrap();
        tx.commit().await.unwrap();
        free_hands(&stage, head).await;
        assert_eq!(stage.number("SELECT count(*) FROM handovers WHERE released_at IS NOT NULL").await, 2);
        // Two of this origin were taken, which is the rep's share: the cap of the origin holds although the hands are free.
        assert_eq!(stage.number("SELECT count(*) FROM handovers WHERE state = 'waiting'").await, 2);
        let mut tx = stage.db.begin().await.unwrap();
        store::put_reps(&mut tx, 900, &[(3, 4)]).await.unwrap();
        assert_eq!(offer_waiting(&mut tx, &stage.ids, stage.now(), &Actor::system(), None).await.unwrap(), 2);
    }

    async fn a_customer_stays_a_customer(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(1).await;
        let actor = Actor::system();
        let mut tx = stage.db.begin().await.unwrap();
        let by = By { actor: &actor, now: stage.now(), ids: &stage.ids };
        contact::set_stage(&mut tx, &by, &people, ContactStage::Customer).await.unwrap();
        tx.commit().await.unwrap();
        share(&stage, &people, &[(3, 1)], 900).await;
        let handover = of(&stage, people[0]).await;
        let mut tx = stage.db.begin().await.unwrap();
        accept(&mut tx, &stage.ids, stage.now(), &actor, &handover).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(stage.number("SELECT count(*) FROM contacts WHERE stage = 'customer' AND owner_id = 3").await, 1);
    }

    async fn an_answer_that_is_late_reaches_the_manager_once(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(1).await;
        share(&stage, &people, &[(3, 1)], 900).await;
        let handover = of(&stage, people[0]).await;
        assert_eq!(handover.due_at, Some(stage.now() + 4 * HOUR_US), "four working hours");
        stage.clock.advance(DAY_US);
        let bench = Bench { db: stage.db.clone(), clock: stage.clock.clone(), ids: stage.ids.clone() };
        for _ in 0..2 {
            let mut tx = stage.db.begin().await.unwrap();
            EscalateHandovers.due(&bench, &mut tx, &[handover.id], stage.now()).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(stage.number("SELECT count(*) FROM tasks WHERE owner_id = 2 AND reason_key = 'task-reason-overdue'").await, 1);
        assert_eq!(stage.number("SELECT count(*) FROM events WHERE name = 'lead.escalated'").await, 1);
    }

    async fn a_scope_shows_its_rows_only(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(4).await;
        share(&stage, &people, &[(3, 2), (5, 2)], 900).await;
        let mut tx = stage.db.read().await.unwrap();
        let scopes = [Scope::All, Scope::Team { team_id: Some(70), staff_id: 2 }, Scope::Own { staff_id: 5 }, Scope::Own { staff_id: 4 }];
        let mut seen = Vec::new();
        for scope in scopes {
            seen.push(list(&mut tx, &scope, &HandoverFilter::default(), 50).await.unwrap().len());
        }
        assert_eq!(seen, [4, 2, 2, 0]);
    }

    async fn lists_go_on_where_they_stopped(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(5).await;
        share(&stage, &people, &[(3, 5)], 900).await;
        let mut tx = stage.db.read().await.unwrap();
        let filter = HandoverFilter { state: Some(State::Offered), ..HandoverFilter::default() };
        let first = list(&mut tx, &Scope::All, &filter, 3).await.unwrap();
        let last = first.last().unwrap();
        let rest = list(&mut tx, &Scope::All, &HandoverFilter { after: Some((last.due_at.unwrap(), last.id)), ..filter }, 3).await.unwrap();
        let mut ids: Vec<i64> = first.iter().chain(&rest).map(|h| h.contact_id).collect();
        ids.sort_unstable();
        assert_eq!(ids, people);
    }
}
