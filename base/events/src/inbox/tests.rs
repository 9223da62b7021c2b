//! What the inbox promises, on both engines and across lives.

use attune_db::DbOptions;
use attune_testkit::on_both_dbs;

use super::*;
use crate::{BoxFuture, Event, append, known_client_keys};

const START: i64 = 1_760_000_000_000_000;

/// Logs one event a number, once; refuses 1313 as soon as it is tried.
struct Counter;

impl Batch for Counter {
    type Item = i64;
    type Reply = ();

    fn write<'a>(&'a self, tx: &'a mut Tx, items: &'a [i64]) -> BoxFuture<'a, Result<Vec<()>, Fault>> {
        Box::pin(async move {
            let known = known_client_keys(tx, items.iter().copied()).await?;
            let event = |n: &i64| {
                let mut event = Event::new("n.counted", START).amount(*n);
                event.client_key = Some(*n);
                event
            };
            let mut events: Vec<Event> = items.iter().filter(|n| !known.contains(n)).map(event).collect();
            append(tx, &mut events).await?;
            if items.contains(&1313) { Err(Fault::new("1313 cannot be written")) } else { Ok(vec![(); items.len()]) }
        })
    }
}

fn open(db: &Db, capacity: usize) -> Inbox<Counter> {
    let batch = Arc::new(Counter);
    let writer = GroupCommit::start(db.clone(), batch.clone(), capacity, 100);
    Inbox::start(db, &Clock::manual(START), "inbox", batch, writer, capacity)
}

async fn logged(db: &Db) -> Vec<i64> {
    let rows = db.read().await.unwrap().rows("SELECT amount FROM events ORDER BY amount", params![]).await.unwrap();
    rows.iter().map(|row| row.at(0).unwrap()).collect()
}

on_both_dbs! {
    async fn what_is_posted_is_in_the_log_once_it_has_settled(db: Db) {
        let inbox = open(&db, 1_000);
        let posted: Vec<_> = (0..300).map(|n| { let inbox = inbox.clone(); tokio::spawn(async move { inbox.post(n).await.unwrap() }) }).collect();
        for post in posted {
            post.await.unwrap();
        }
        inbox.settled().await;
        assert_eq!((logged(&db).await, inbox.waiting()), ((0..300).collect(), 0));
    }
}

/// The embedded store in `folder`, as a process opens it.
async fn life(folder: &std::path::Path) -> Db {
    let db = Db::open(&folder.display().to_string(), &DbOptions::default()).await.unwrap();
    db.migrate(&crate::test_migrations(), START).await.unwrap();
    db
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_written_by_the_next_life_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let db = life(folder.path()).await;
    let inbox = open(&db, 10);
    inbox.settled().await;
    inbox.post(1).await.unwrap();
    inbox.settled().await;
    let held = db.begin().await.unwrap();
    inbox.post(2).await.unwrap();
    inbox.post(3).await.unwrap();
    assert_eq!((inbox.waiting(), logged(&db).await), (2, vec![1]), "it is safe although the store is busy");

    // Two lives at once find the same lines: another process on the same store.
    let (second, third) = (life_beside(folder.path()).await, life_beside(folder.path()).await);
    let inboxes = [open(&second, 10), open(&third, 10)];
    drop(held);
    for other in &inboxes {
        other.settled().await;
    }
    inbox.settled().await;
    assert_eq!(logged(&db).await, [1, 2, 3]);
    inboxes[0].post(4).await.unwrap();
    inbox.post(5).await.unwrap();
    inboxes[0].settled().await;
    inbox.settled().await;
    assert_eq!(logged(&db).await, [1, 2, 3, 4, 5], "numbers of two processes do not hide each other");
}

async fn life_beside(folder: &std::path::Path) -> Db {
    Db::open(&folder.display().to_string(), &DbOptions::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_is_put_aside_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let db = life(folder.path()).await;
    let inbox = open(&db, 100);
    inbox.settled().await;
    let held = db.begin().await.unwrap();
    for n in [11, 12, 1313, 14] {
        inbox.post(n).await.unwrap();
    }
    drop(held);
    inbox.settled().await;
    assert_eq!(logged(&db).await, [11, 12, 14]);
    let aside = db.journal("inbox").unwrap().aside().await.unwrap();
    assert!(aside.is_some_and(|(count, reason)| count == 1 && reason.contains("1313 cannot be written")));

    let journal = db.journal("inbox").unwrap();
    journal.append(0, "not what it was").await.unwrap();
    let next = open(&db, 100);
    next.settled().await;
    next.post(15).await.unwrap();
    next.settled().await;
    assert_eq!((logged(&db).await, journal.aside().await.unwrap().map(|(count, _)| count)), (vec![11, 12, 14, 15], Some(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_inbox_refuses_and_takes_again() {
    let folder = tempfile::tempdir().unwrap();
    let db = life(folder.path()).await;
    let inbox = open(&db, 2);
    inbox.settled().await;
    let held = db.begin().await.unwrap();
    inbox.post(1).await.unwrap();
    inbox.post(2).await.unwrap();
    assert!(matches!(inbox.post(3).await, Err(Full::Queue)));
    drop(held);
    inbox.settled().await;
    inbox.post(4).await.unwrap();
    inbox.settled().await;
    assert_eq!(logged(&db).await, [1, 2, 4]);
}
