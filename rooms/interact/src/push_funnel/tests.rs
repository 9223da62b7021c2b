use attune_db::params;
use attune_house::Parts;
use attune_kernel::{DAY_US, HOUR_US};

use super::*;
use crate::message::track::{Touch, Tracker, What};
use crate::tests::fixture::Stage;

const FILE: &str = r#"
name = "Minutes you lose"
audience = ""
[[rounds]]
template = "Spring"
wait = "2d"
[[rounds]]
name = "Coupon"
offer = "20 off"
subject = "Yours"
mjml = '<mjml><mj-body><mj-section><mj-column><mj-text><a href="https://shop.example/c">Take</a></mj-text></mj-column></mj-section></mj-body></mjml>'
respond = "clicked"
wait = "12h"
[handover]
reps = ["mei@attune.example", { who = "Bruno Orsi", cap = 25 }]
[simulate]
respond = ["round_1", "round_2"]
"#;

#[test]
fn a_file_is_read_or_all_its_mistakes_are_told() {
    let file = from_toml(FILE).unwrap();
    assert_eq!((file.rounds.len(), file.rounds[1].wait_us, file.any_hour, file.cap), (2, 12 * HOUR_US, true, 40));
    assert_eq!(file.simulation.unwrap().respond, ["round_1", "round_2"]);
    let wrong = from_toml("name = ''\n[[rounds]]\nwait = 'soon'\n[[rounds]]\nmjml = '<mjml/>'\n[simulate]\nrespond = ['a']").unwrap_err().0;
    assert_eq!(wrong.len(), 5, "{wrong:?}");
    assert!(from_toml("nonsense = 1").is_err());
}

async fn drawn(stage: &Stage) -> PushFunnelId {
    stage.template().await;
    let Parts { db, ids, clock, .. } = &stage.parts;
    let mut tx = db.begin().await.unwrap();
    let draft = file::draft(&mut tx, ids, clock.now(), &from_toml(FILE).unwrap()).await.unwrap();
    assert_eq!(draft.reps, [Rep { staff_id: 7, cap: 40 }, Rep { staff_id: 8, cap: 25 }]);
    let id = create(&mut tx, ids, clock.now(), &draft, (Some(7), None)).await.unwrap();
    assert_eq!(start(&mut tx, &stage.parts.bench(), &[], id).await.unwrap(), 10);
    assert!(start(&mut tx, &stage.parts.bench(), &[], id).await.is_err());
    tx.commit().await.unwrap();
    id
}

async fn click(stage: &Stage, tracker: &Tracker, send_ids: impl Iterator<Item = i64>) {
    for send_id in send_ids {
        tracker.offer(Touch { send_id, what: What::Click(0), at: stage.now(), machine: None }).await.unwrap().unwrap();
    }
}

attune_testkit::on_both_dbs! {
    async fn each_round_goes_to_those_who_responded_to_the_last(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(10).await;
        let id = drawn(&stage).await;
        stage.settle().await;
        assert_eq!(stage.sink.mails().len(), 10);
        let mut tx = stage.parts.db.read().await.unwrap();
        let rounds = store::rounds(&mut tx, id).await.unwrap();
        assert_eq!((rounds[0].state, rounds[0].closes_at), (RoundState::Open, Some(stage.now() + 2 * DAY_US)));
        let who = responders(&mut tx, rounds[0].id, "round_1").await.unwrap();
        assert_eq!(who.iter().map(|r| r.contact_id).collect::<Vec<_>>(), [1002, 1004, 1006, 1008, 1010]);
        drop(tx);
        let tracker = Tracker::start(&stage.parts);
        click(&stage, &tracker, who.iter().map(|r| r.send_id)).await;
        stage.parts.clock.advance(DAY_US);
        stage.settle().await;
        assert_eq!(stage.sink.mails().len(), 10);
        stage.parts.clock.advance(DAY_US);
        stage.settle().await;
        assert_eq!(stage.sink.mails().len(), 15);
        click(&stage, &tracker, [11, 13].into_iter()).await;
        let mut tx = stage.parts.db.begin().await.unwrap();
        tx.exec("UPDATE contacts SET engagement_k = 5.0 WHERE id = 1006", params![]).await.unwrap();
        assert!(close_round(&mut tx, &stage.parts.bench(), id).await.unwrap().is_some());
        tx.commit().await.unwrap();
        stage.settle().await;
        let mut tx = stage.parts.db.read().await.unwrap();
        let funnel = store::get(&mut tx, id).await.unwrap();
        assert_eq!((funnel.state, funnel.survivors), (FunnelState::Completed, 2));
        assert_eq!(survivors(&mut tx, id).await.unwrap(), [1006, 1002]);
        let view = figures::read(&mut tx, id).await.unwrap();
        let counts: Vec<_> = view.rounds.iter().map(|r| (r.figures.sent(), r.figures.delivered, r.figures.responded)).collect();
        assert_eq!(counts, [(10, 10, 5), (5, 5, 2)]);
        drop(tx);
        assert_eq!(stage.count_events("push_funnel.round_closed").await, 2);
        assert_eq!(stage.count_events("push_funnel.completed").await, 1);
    }

    async fn a_paused_funnel_waits_and_a_cancelled_one_ends(db: Db) {
        let stage = Stage::open(db).await;
        stage.people(10).await;
        let id = drawn(&stage).await;
        let mut tx = stage.parts.db.begin().await.unwrap();
        pause(&mut tx, id).await.unwrap();
        assert!(close_round(&mut tx, &stage.parts.bench(), id).await.is_err());
        tx.commit().await.unwrap();
        stage.settle().await;
        assert_eq!(stage.sink.mails().len(), 0);
        let mut tx = stage.parts.db.begin().await.unwrap();
        resume(&mut tx, &stage.parts.bench(), id).await.unwrap();
        tx.commit().await.unwrap();
        stage.settle().await;
        assert_eq!(stage.sink.mails().len(), 10);
        let mut tx = stage.parts.db.begin().await.unwrap();
        cancel(&mut tx, stage.now(), id).await.unwrap();
        tx.commit().await.unwrap();
        stage.parts.clock.advance(9 * DAY_US);
        stage.settle().await;
        assert_eq!((stage.sink.mails().len(), stage.count_events("push_funnel.completed").await), (10, 0));
    }
}
