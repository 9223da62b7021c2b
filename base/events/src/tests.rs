//! The log, the cursors and the group commit, on both engines.

use std::sync::{Arc, Mutex};

use attune_db::{Db, Tx, params};
use attune_kernel::{Clock, Fault, Ids};
use attune_testkit::on_both_dbs;

use crate::{
    Batch, BoxFuture, Event, Full, GroupCommit, React, Reactor, Reactors, Spine, append, known_client_keys, list_after, read_event,
};

const START: i64 = 1_760_000_000_000_000;

fn spine(db: &Db) -> Spine {
    let clock = Clock::manual(START);
    Spine { db: db.clone(), ids: Ids::new(clock.clone(), 1), clock }
}

async fn log(db: &Db, names: &[&'static str]) {
    let mut events: Vec<Event> = names.iter().map(|name| Event::new(*name, START).contact(7)).collect();
    let mut tx = db.begin().await.unwrap();
    append(&mut tx, &mut events).await.unwrap();
    tx.commit().await.unwrap();
}

/// Remembers what it heard; fails when told to, once. What is called `ignores` is no reason for it to write.
#[derive(Default)]
struct Ear {
    ignores: &'static str,
    heard: Mutex<Vec<i64>>,
    fail_next: Mutex<bool>,
}

impl React for Ear {
    fn heeds<'a>(&'a self, _: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move { Ok(events.iter().any(|event| event.name != self.ignores)) })
    }

    fn react<'a>(&'a self, _: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            tx.exec("UPDATE event_head SET last_seq = last_seq WHERE id = 1", params![]).await?;
            if std::mem::take(&mut *self.fail_next.lock().unwrap()) {
                return Err(Fault::new("not now"));
            }
            self.heard.lock().unwrap().extend(events.iter().map(|e| e.seq));
            Ok(())
        })
    }
}

/// Answers each question it hears with an event.
struct Answers;

impl React for Answers {
    fn react<'a>(&'a self, _: &'a Spine, tx: &'a mut Tx, events: &'a [Event]) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let mut answers: Vec<Event> = events.iter().map(|event| Event::new("b.answered", START).because_of(event)).collect();
            Ok(append(tx, &mut answers).await?)
        })
    }
}

fn reactors(db: &Db, ear: &Arc<Ear>, hears: &'static [&'static str]) -> Reactors {
    Reactors::new(spine(db), vec![Reactor { key: "test.hear", hears, react: ear.clone() }])
}

on_both_dbs! {
    async fn events_are_numbered_in_the_order_of_their_commits(db: Db) {
        let writers: Vec<_> = (0..8).map(|_| { let db = db.clone(); tokio::spawn(async move { for _ in 0..10 { log(&db, &["a.done", "b.done"]).await; } }) }).collect();
        for writer in writers { writer.await.unwrap(); }
        let events = list_after(&mut db.read().await.unwrap(), 0, i64::MAX, &[], 1000).await.unwrap();
        let seqs: Vec<i64> = events.iter().map(|e| e.seq).collect();
        assert_eq!(seqs, (1..=160).collect::<Vec<i64>>());
    }

    async fn an_event_comes_back_as_it_was(db: Db) {
        let mut sent = Event::new("page.viewed", START).contact(7).company(9).subject("/价格").amount(12).origin(5).props(&serde_json::json!({"a": "ü'$1"}));
        sent.machine = true;
        (sent.client_key, sent.visitor_id, sent.session_id) = (Some(-5), Some(21), Some(22));
        (sent.cause, sent.depth) = (Some(3), 2);
        let mut tx = db.begin().await.unwrap();
        append(&mut tx, std::slice::from_mut(&mut sent)).await.unwrap();
        assert_eq!(known_client_keys(&mut tx, [-5, 6]).await.unwrap().into_iter().collect::<Vec<_>>(), vec![-5]);
        tx.commit().await.unwrap();
        let mut tx = db.read().await.unwrap();
        let found = list_after(&mut tx, 0, i64::MAX, &["page.viewed"], 10).await.unwrap();
        let named = tx.rows("SELECT * FROM events", params![]).await.unwrap();
        assert_eq!(named.iter().map(|row| read_event(row).unwrap()).collect::<Vec<_>>(), found, "by name and by place");
        assert_eq!(found, vec![sent]);
    }

    async fn a_reactor_hears_each_event_once_and_only_its_own(db: Db) {
        let ear = Arc::new(Ear::default());
        let reactors = reactors(&db, &ear, &["a.done"]);
        log(&db, &["a.done", "b.done", "a.done"]).await;
        assert_eq!(reactors.settle().await.unwrap(), 2);
        assert_eq!(reactors.settle().await.unwrap(), 0);
        log(&db, &["b.done", "a.done"]).await;
        reactors.settle().await.unwrap();
        assert_eq!(*ear.heard.lock().unwrap(), vec![1, 3, 5]);
        assert_eq!(reactors.lag().await.unwrap(), 0);
    }

    async fn those_who_follow_are_woken_and_miss_nothing(db: Db) {
        let ears: Vec<Arc<Ear>> = (0..3).map(|_| Arc::default()).collect();
        let hears: [&'static [&'static str]; 3] = [&["a.done"], &["b.done"], &["*"]];
        let keys = ["test.a", "test.b", "test.all"];
        let all = keys.into_iter().zip(hears).zip(&ears).map(|((key, hears), ear)| Reactor { key, hears, react: ear.clone() }).collect();
        let reactors = Reactors::new(spine(&db), all);
        log(&db, &["a.done"]).await;
        let stop = tokio_util::sync::CancellationToken::new();
        let following = reactors.start(&stop);
        for round in 0..60 {
            log(&db, if round % 3 == 0 { &["a.done", "c.done"] } else { &["c.done", "b.done"] }).await;
            if round % 7 == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        }
        while reactors.lag().await.unwrap() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        stop.cancel();
        futures::future::join_all(following).await;
        let logged = list_after(&mut db.read().await.unwrap(), 0, i64::MAX, &[], 1_000).await.unwrap();
        for (ear, hears) in ears.iter().zip(hears) {
            let told = logged.iter().filter(|event| hears == ["*"] || hears.contains(&event.name.as_ref())).map(|event| event.seq);
            assert_eq!(*ear.heard.lock().unwrap(), told.collect::<Vec<_>>(), "{hears:?}");
        }
    }

    /// Who waits for calm and looks while one event brings the next has not seen the end of it.
    async fn nobody_is_behind_when_what_follows_was_heard_too(db: Db) {
        let ear = Arc::new(Ear::default());
        let mut all = vec![
            Reactor { key: "test.hear", hears: &["b.answered"], react: ear.clone() },
            Reactor { key: "test.answer", hears: &["a.done"], react: Arc::new(Answers) },
        ];
        let keys = ["test.c", "test.d", "test.e", "test.f"];
        all.extend(keys.into_iter().map(|key| Reactor { key, hears: &["c.done"], react: Arc::<Ear>::default() }));
        let reactors = Reactors::new(spine(&db), all);
        let stop = tokio_util::sync::CancellationToken::new();
        let following = reactors.start(&stop);
        for round in 1..=200 {
            log(&db, &["a.done"]).await;
            while reactors.lag().await.unwrap() > 0 {
                tokio::task::yield_now().await;
            }
            let heard = ear.heard.lock().unwrap().len();
            assert_eq!(heard, round, "calm before the answer was heard");
        }
        stop.cancel();
        futures::future::join_all(following).await;
    }

    async fn what_a_reactor_does_not_hear_costs_it_no_commit(db: Db) {
        let ear = Arc::new(Ear::default());
        let first_process = reactors(&db, &ear, &["a.done"]);
        let stored = async || db.read().await.unwrap().count("SELECT seq FROM event_cursors WHERE name = 'test.hear'", params![]).await.unwrap();
        log(&db, &["a.done"]).await;
        first_process.settle().await.unwrap();
        log(&db, &["b.done", "b.done"]).await;
        assert_eq!(first_process.settle().await.unwrap(), 0);
        assert_eq!((stored().await, first_process.lag().await.unwrap()), (1, 0), "it has looked, and written nothing");

        let second_process = reactors(&db, &ear, &["a.done"]);
        assert_eq!(second_process.lag().await.unwrap(), 2, "somebody new looks over the stretch again");
        log(&db, &["b.done", "a.done"]).await;
        assert_eq!(second_process.settle().await.unwrap(), 1);
        assert_eq!((stored().await, first_process.settle().await.unwrap()), (5, 0), "what one has heard the other does not hear again");
        assert_eq!(*ear.heard.lock().unwrap(), vec![1, 5]);

        log(&db, &vec!["b.done"; usize::try_from(crate::reactor::SPAN).unwrap()]).await;
        first_process.settle().await.unwrap();
        assert_eq!(stored().await, 5 + crate::reactor::SPAN, "a long stretch is written down");
    }

    async fn what_is_no_reason_to_write_costs_no_commit(db: Db) {
        let ear = Arc::new(Ear { ignores: "b.done", ..Ear::default() });
        let reactors = reactors(&db, &ear, &["*"]);
        let stored = async || db.read().await.unwrap().count("SELECT seq FROM event_cursors WHERE name = 'test.hear'", params![]).await.unwrap();
        log(&db, &["a.done"]).await;
        reactors.settle().await.unwrap();
        log(&db, &["b.done", "b.done"]).await;
        assert_eq!(reactors.settle().await.unwrap(), 0);
        assert_eq!((stored().await, reactors.lag().await.unwrap()), (1, 0), "it has looked, and written nothing");
        log(&db, &["b.done", "a.done"]).await;
        assert_eq!(reactors.settle().await.unwrap(), 2, "with a reason it hears the whole batch");
        assert_eq!((stored().await, ear.heard.lock().unwrap().clone()), (5, vec![1, 4, 5]));
    }

    async fn a_reactor_that_fails_loses_nothing(db: Db) {
        let ear = Arc::new(Ear::default());
        let reactors = reactors(&db, &ear, &["*"]);
        log(&db, &["a.done", "b.done"]).await;
        *ear.fail_next.lock().unwrap() = true;
        assert!(reactors.settle().await.is_err());
        assert_eq!(reactors.lag().await.unwrap(), 2);
        reactors.settle().await.unwrap();
        assert_eq!(*ear.heard.lock().unwrap(), vec![1, 2]);
    }

    async fn a_chain_of_reactions_ends(db: Db) {
        let ear = Arc::new(Ear::default());
        let mut deep = Event::new("a.done", START);
        deep.depth = 99;
        let mut tx = db.begin().await.unwrap();
        append(&mut tx, std::slice::from_mut(&mut deep)).await.unwrap();
        tx.commit().await.unwrap();
        reactors(&db, &ear, &["*"]).settle().await.unwrap();
        assert!(ear.heard.lock().unwrap().is_empty());
    }

    async fn many_callers_share_a_commit_and_each_is_durable_when_answered(db: Db) {
        let commit = GroupCommit::start(db.clone(), Arc::new(Doubler), 1_000, 100);
        let callers: Vec<_> = (0..300_i64).map(|n| { let commit = commit.clone(); tokio::spawn(async move { commit.offer(n).await.unwrap() }) }).collect();
        for (n, caller) in callers.into_iter().enumerate() {
            assert_eq!(caller.await.unwrap(), 2 * i64::try_from(n).unwrap());
        }
        let head = db.read().await.unwrap().count("SELECT last_seq FROM event_head WHERE id = 1", params![]).await.unwrap();
        assert_eq!(head, 300);
    }

    async fn a_full_queue_refuses_at_once(db: Db) {
        let hold = db.begin().await.unwrap();
        let lock = async { let mut tx = hold; tx.exec("UPDATE event_head SET last_seq = last_seq WHERE id = 1", params![]).await.unwrap(); tx };
        let held = lock.await;
        let commit = GroupCommit::start(db.clone(), Arc::new(Doubler), 4, 2);
        let mut waiting = Vec::new();
        let mut refused = 0;
        for n in 0..20_i64 {
            let commit = commit.clone();
            let task = tokio::spawn(async move { commit.offer(n).await });
            tokio::task::yield_now().await;
            waiting.push(task);
        }
        while commit.room() > 0 { tokio::task::yield_now().await; }
        assert!(matches!(commit.offer(99).await, Err(Full::Queue)));
        held.commit().await.unwrap();
        for task in waiting { if task.await.unwrap().is_err() { refused += 1; } }
        assert!(refused > 0);
    }
}

/// Logs one event an item and answers twice the item.
struct Doubler;

impl Batch for Doubler {
    type Item = i64;
    type Reply = i64;
    fn write<'a>(&'a self, tx: &'a mut Tx, items: &'a [i64]) -> BoxFuture<'a, Result<Vec<i64>, Fault>> {
        Box::pin(async move {
            let mut events: Vec<Event> = items.iter().map(|n| Event::new("n.done", START).amount(*n)).collect();
            append(tx, &mut events).await?;
            Ok(items.iter().map(|n| n * 2).collect())
        })
    }
}

on_both_dbs! {
    async fn the_tail_of_the_log_is_what_the_log_says(db: Db) {
        let tail = crate::tail::Tail::default();
        let mut places = vec![0];
        for round in 0..40_i64 {
            log(&db, if round % 3 == 0 { &["a.done", "b.done"] } else { &["c.done"; 7] }).await;
            let mut tx = db.read().await.unwrap();
            let head = tx.count("SELECT last_seq FROM event_head WHERE id = 1", params![]).await.unwrap();
            places.push(head);
            // Forwards, backwards, from the middle and with a leap over what nobody asked for.
            for after in [places[places.len() - 2], places[usize::try_from(round).unwrap() / 2], 0, head] {
                for names in [&[][..], &["a.done"][..], &["b.done", "c.done"][..]] {
                    let (told, true_ones) = (tail.list(&mut tx, after, head, names, 1_000).await.unwrap(), list_after(&mut tx, after, head, names, 1_000).await.unwrap());
                    assert_eq!(told, true_ones, "behind {after} of {head}");
                }
            }
            if round % 10 == 9 {
                log(&db, &["d.done"; 5]).await;
            }
        }
        // More than it holds: the oldest are read from the log again.
        for _ in 0..5 {
            log(&db, &["e.done"; 2_000]).await;
            let mut tx = db.read().await.unwrap();
            let head = tx.count("SELECT last_seq FROM event_head WHERE id = 1", params![]).await.unwrap();
            for after in [head - 2_000, head - 9_000, 0] {
                let told = tail.list(&mut tx, after.max(0), head, &["a.done", "e.done"], 20_000).await.unwrap();
                assert_eq!(told, list_after(&mut tx, after.max(0), head, &["a.done", "e.done"], 20_000).await.unwrap(), "behind {after} of {head}");
            }
        }
    }
}
