//! The conformance suite of the queue: every engine must pass all of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use attune_db::{Db, Tx};
use attune_kernel::{Clock, DAY_US, Fault, Ids, MINUTE_US, SECOND_US};
use attune_testkit::on_both_dbs;

use crate::{
    Bench, BoxFuture, Cron, JobContext, JobDef, JobSpec, JobState, OnDue, Run, Runner, TimerDef, Timers, Verdict, cancel, clear_timers,
    find, list_recent, put, queue, set_timers, set_timers_at_latest,
};

const START: i64 = 1_760_000_000_000_000;

fn bench(db: &Db) -> Bench {
    let clock = Clock::manual(START);
    Bench { db: db.clone(), ids: Ids::new(clock.clone(), 1), clock }
}

/// Answers what it is told to, one verdict after the other, and counts its runs.
struct Scripted {
    runs: AtomicUsize,
    answers: Mutex<Vec<Result<Verdict, Fault>>>,
}

impl Scripted {
    fn new(answers: Vec<Result<Verdict, Fault>>) -> Arc<Self> {
        Arc::new(Self { runs: AtomicUsize::new(0), answers: Mutex::new(answers) })
    }
}

impl Run for Scripted {
    fn run<'a>(&'a self, _: &'a JobContext, _: &'a str) -> BoxFuture<'a, Result<Verdict, Fault>> {
        Box::pin(async move {
            self.runs.fetch_add(1, Ordering::SeqCst);
            let mut answers = self.answers.lock().unwrap();
            if answers.is_empty() { Ok(Verdict::Done(None)) } else { answers.remove(0) }
        })
    }
}

fn runner(bench: &Bench, run: Arc<Scripted>, max_attempts: i64) -> Runner {
    Runner::new(bench.clone(), "test", vec![JobDef { kind: "test.do_thing", max_attempts, run }], vec![], 2)
}

async fn put_one(bench: &Bench, spec: JobSpec) -> i64 {
    let mut tx = bench.db.begin().await.unwrap();
    let id = put(&mut tx, bench, spec).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn state(bench: &Bench, id: i64) -> JobState {
    find(&mut bench.db.read().await.unwrap(), id).await.unwrap().unwrap().state
}

fn spec() -> JobSpec {
    JobSpec::new("test.do_thing", serde_json::json!({ "n": 1 }))
}

on_both_dbs! {
    async fn a_job_runs_once_and_keeps_its_result(db: Db) {
        let bench = bench(&db);
        let run = Scripted::new(vec![Ok(Verdict::Done(Some(serde_json::json!({ "made": 3 }))))]);
        let id = put_one(&bench, spec()).await;
        assert_eq!(runner(&bench, run.clone(), 3).settle().await.unwrap(), 1);
        let job = find(&mut db.read().await.unwrap(), id).await.unwrap().unwrap();
        assert_eq!((job.state, job.attempts, job.result.as_deref()), (JobState::Done, 1, Some(r#"{"made":3}"#)));
        assert_eq!(runner(&bench, run.clone(), 3).settle().await.unwrap(), 0);
        assert_eq!(run.runs.load(Ordering::SeqCst), 1);
    }

    async fn a_job_of_a_transaction_that_fails_never_existed(db: Db) {
        let bench = bench(&db);
        let mut tx = db.begin().await.unwrap();
        put(&mut tx, &bench, spec()).await.unwrap();
        drop(tx);
        assert!(list_recent(&mut db.read().await.unwrap(), "", 10).await.unwrap().is_empty());
    }

    async fn a_job_waits_for_its_time(db: Db) {
        let bench = bench(&db);
        let run = Scripted::new(vec![]);
        put_one(&bench, spec().at(START + MINUTE_US)).await;
        assert_eq!(runner(&bench, run.clone(), 3).settle().await.unwrap(), 0);
        bench.clock.advance(MINUTE_US);
        assert_eq!(runner(&bench, run.clone(), 3).settle().await.unwrap(), 1);
    }

    async fn a_fault_is_retried_with_growing_waits_and_then_given_up(db: Db) {
        let bench = bench(&db);
        let run = Scripted::new(vec![Err(Fault::new("relay down")), Err(Fault::new("relay down")), Err(Fault::new("relay gone"))]);
        let id = put_one(&bench, spec()).await;
        let runner = runner(&bench, run.clone(), 3);
        assert_eq!(runner.settle().await.unwrap(), 1);
        assert_eq!(state(&bench, id).await, JobState::Ready);
        bench.clock.advance(2 * SECOND_US);
        assert_eq!(runner.settle().await.unwrap(), 1);
        bench.clock.advance(2 * SECOND_US);
        assert_eq!(runner.settle().await.unwrap(), 0, "the second wait is longer");
        bench.clock.advance(2 * SECOND_US);
        assert_eq!(runner.settle().await.unwrap(), 1);
        let job = find(&mut db.read().await.unwrap(), id).await.unwrap().unwrap();
        assert_eq!((job.state, job.last_error.as_deref()), (JobState::Failed, Some("relay gone")));
    }

    async fn a_unique_key_holds_while_the_job_waits(db: Db) {
        let bench = bench(&db);
        let first = put_one(&bench, spec().unique("import:7")).await;
        assert_eq!(put_one(&bench, spec().unique("import:7")).await, first);
        runner(&bench, Scripted::new(vec![]), 3).settle().await.unwrap();
        assert_ne!(put_one(&bench, spec().unique("import:7")).await, first);
    }

    async fn a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked(db: Db) {
        let bench = bench(&db);
        let waiting = put_one(&bench, spec()).await;
        let mut tx = db.begin().await.unwrap();
        assert!(cancel(&mut tx, waiting, START).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(state(&bench, waiting).await, JobState::Cancelled);
        let running = put_one(&bench, spec()).await;
        let mut tx = db.begin().await.unwrap();
        queue::claim(&mut tx, &["test.do_thing"], "w", START, MINUTE_US, 5).await.unwrap();
        assert!(cancel(&mut tx, running, START).await.unwrap());
        assert!(queue::report(&mut tx, running, 1, Some(2)).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn two_workers_never_take_the_same_job(db: Db) {
        let bench = bench(&db);
        for _ in 0..40 {
            put_one(&bench, spec()).await;
        }
        let take = |worker: &'static str| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut taken: Vec<i64> = Vec::new();
                loop {
                    let mut tx = db.begin().await.unwrap();
                    let jobs = queue::claim(&mut tx, &["test.do_thing"], worker, START, MINUTE_US, 3).await.unwrap();
                    tx.commit().await.unwrap();
                    if jobs.is_empty() {
                        return taken;
                    }
                    taken.extend(jobs.iter().map(|job| job.id));
                }
            })
        };
        let (a, b) = (take("a"), take("b"));
        let (mut a, b) = (a.await.unwrap(), b.await.unwrap());
        a.extend(b);
        a.sort_unstable();
        a.dedup();
        assert_eq!(a.len(), 40);
    }

    async fn a_dead_workers_job_comes_back_when_its_lease_ends(db: Db) {
        let bench = bench(&db);
        let id = put_one(&bench, spec()).await;
        let mut tx = db.begin().await.unwrap();
        queue::claim(&mut tx, &["test.do_thing"], "dead", START, MINUTE_US, 1).await.unwrap();
        assert_eq!(queue::release(&mut tx, Some("alive"), START + SECOND_US).await.unwrap(), 0);
        assert_eq!(queue::release(&mut tx, Some("alive"), START + 2 * MINUTE_US).await.unwrap(), 1);
        assert!(!queue::keep_lease(&mut tx, id, "dead", START + DAY_US).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(state(&bench, id).await, JobState::Ready);
    }

    async fn a_repeated_job_is_put_once_an_interval(db: Db) {
        let bench = bench(&db);
        let run = Scripted::new(vec![]);
        let def = JobDef { kind: "test.do_thing", max_attempts: 1, run: run.clone() };
        let runner = Runner::new(bench.clone(), "test", vec![def], vec![Cron { kind: "test.do_thing", every_us: MINUTE_US }], 1);
        let stop = tokio_util::sync::CancellationToken::new();
        let mut progress = db.listen("progress");
        let (task, ends) = (runner.clone(), stop.clone());
        let running = tokio::spawn(async move { task.run(&ends).await });
        progress.changed().await.unwrap();
        stop.cancel();
        running.await.unwrap();
        assert_eq!(runner.settle().await.unwrap(), 0);
        assert_eq!(run.runs.load(Ordering::SeqCst), 1);
    }

    async fn timers_fall_due_in_batches_and_may_be_moved(db: Db) {
        let bench = bench(&db);
        let heard = Arc::new(Heard::default());
        let timers = Timers::new(bench.clone(), vec![TimerDef { kind: "test.window_closed", on_due: heard.clone() }]);
        let mut tx = db.begin().await.unwrap();
        set_timers(&mut tx, "test.window_closed", (1..=3).map(|key| (key, START + key * SECOND_US))).await.unwrap();
        set_timers(&mut tx, "test.window_closed", [(1, START + DAY_US)]).await.unwrap();
        clear_timers(&mut tx, "test.window_closed", [3]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(timers.settle().await.unwrap(), 0);
        bench.clock.advance(10 * SECOND_US);
        assert_eq!(timers.settle().await.unwrap(), 1);
        assert_eq!(*heard.keys.lock().unwrap(), vec![2]);
        bench.clock.advance(DAY_US);
        assert_eq!(timers.settle().await.unwrap(), 1);
        assert_eq!(*heard.keys.lock().unwrap(), vec![2, 1]);
    }

    async fn a_timer_at_latest_is_only_moved_forward(db: Db) {
        let bench = bench(&db);
        let heard = Arc::new(Heard::default());
        let timers = Timers::new(bench.clone(), vec![TimerDef { kind: "test.window_closed", on_due: heard.clone() }]);
        let mut tx = db.begin().await.unwrap();
        set_timers_at_latest(&mut tx, "test.window_closed", [(1, START + MINUTE_US), (2, START + MINUTE_US)]).await.unwrap();
        set_timers_at_latest(&mut tx, "test.window_closed", [(1, START + SECOND_US), (2, START + DAY_US)]).await.unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(SECOND_US);
        assert_eq!(timers.settle().await.unwrap(), 1);
        bench.clock.advance(MINUTE_US);
        assert_eq!(timers.settle().await.unwrap(), 1);
        assert_eq!(*heard.keys.lock().unwrap(), vec![1, 2], "the later moment did not take the place of the earlier one");
    }
}

#[derive(Default)]
struct Heard {
    keys: Mutex<Vec<i64>>,
}

impl OnDue for Heard {
    fn due<'a>(&'a self, _: &'a Bench, _: &'a mut Tx, keys: &'a [i64], _: i64) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            self.keys.lock().unwrap().extend(keys);
            Ok(())
        })
    }
}
