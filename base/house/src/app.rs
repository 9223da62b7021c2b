//! The running program: what handlers hold, and what runs behind them.

use std::ops::Deref;
use std::sync::Arc;

use attune_courier::Courier;
use attune_db::Db;
use attune_events::{Reactors, Spine};
use attune_jobs::{Bench, Runner, Timers};
use attune_kernel::{Clock, Fault, Ids};
use attune_web::{Secret, Web};
use axum::Router;
use axum::extract::FromRef;
use tokio_util::sync::CancellationToken;

use crate::House;

/// What a room may build on when it is made.
#[derive(Clone)]
pub struct Parts {
    /// The store.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Fresh ids.
    pub ids: Ids,
    /// Signs links and tokens.
    pub secret: Secret,
    /// The address of this installation, without a slash at the end.
    pub public_url: String,
    /// Delivers mail.
    pub courier: Courier,
}

impl Parts {
    /// What reactors stand on.
    pub fn spine(&self) -> Spine {
        Spine { db: self.db.clone(), clock: self.clock.clone(), ids: self.ids.clone() }
    }

    /// What jobs stand on.
    pub fn bench(&self) -> Bench {
        Bench { db: self.db.clone(), clock: self.clock.clone(), ids: self.ids.clone() }
    }
}

/// The state of every handler. Clones are cheap.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    web: Web,
    house: Arc<House>,
    parts: Parts,
    reactors: Reactors,
    timers: Timers,
    runner: Runner,
}

impl Deref for App {
    type Target = Web;
    fn deref(&self) -> &Web {
        &self.inner.web
    }
}

impl FromRef<App> for Web {
    fn from_ref(app: &App) -> Web {
        app.inner.web.clone()
    }
}

impl App {
    /// Joins house and web. `worker` names this process among those that share the store; `slots` jobs run at a time.
    pub fn new(parts: Parts, mut web: Web, house: Arc<House>, worker: &str, slots: usize) -> Self {
        web.nav = Arc::new(house.nav.clone());
        web.permissions = Arc::new(house.permissions.clone());
        web.finders = Arc::new(house.finders.clone());
        web.open_paths = Arc::new(house.public_paths.iter().map(|path| (*path).to_owned()).collect());
        let reactors = Reactors::new(parts.spine(), house.reactors.clone());
        let timers = Timers::new(parts.bench(), house.timers.clone());
        let runner = Runner::new(parts.bench(), worker, house.jobs.clone(), house.crons.clone(), slots);
        Self { inner: Arc::new(Inner { web, house, parts, reactors, timers, runner }) }
    }

    /// The rooms together.
    pub fn house(&self) -> &House {
        &self.inner.house
    }

    /// What rooms were built on.
    pub fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    /// What reactors stand on.
    pub fn spine(&self) -> Spine {
        self.inner.parts.spine()
    }

    /// What jobs stand on.
    pub fn bench(&self) -> Bench {
        self.inner.parts.bench()
    }

    /// How far the slowest reactor is behind the log.
    pub async fn lag(&self) -> Result<i64, Fault> {
        Ok(self.inner.reactors.lag().await?)
    }

    /// Every route of every room behind the web's layers.
    pub fn router(&self) -> Router {
        let routes = attune_web::routes::<Self>().merge(self.inner.house.routes());
        attune_web::layers(routes, self.inner.web.clone()).with_state(self.clone())
    }

    /// Starts everything that runs behind the pages; ends with `stop`.
    pub fn start(&self, stop: &CancellationToken) -> Vec<tokio::task::JoinHandle<()>> {
        let mut tasks = self.inner.reactors.start(stop);
        let (closing, ends) = (self.inner.web.closing.clone(), stop.clone());
        tasks.push(tokio::spawn(async move {
            ends.cancelled().await;
            closing.cancel();
        }));
        let (app, ends) = (self.clone(), stop.clone());
        tasks.push(tokio::spawn(async move { app.inner.timers.run(&ends).await }));
        let (app, ends) = (self.clone(), stop.clone());
        tasks.push(tokio::spawn(async move { app.inner.runner.run(&ends).await }));
        for service in &self.inner.house.services {
            let (key, run) = (service.key, (service.run)(self.clone(), stop.clone()));
            tasks.push(tokio::spawn(async move {
                if let Err(fault) = run.await {
                    tracing::error!(service = key, %fault, "a service stopped");
                }
            }));
        }
        tasks
    }

    /// Runs reactors, due timers and due jobs until there is nothing left to do; for tests and one-shot commands.
    pub async fn settle(&self) -> Result<(), Fault> {
        loop {
            let heard = self.inner.reactors.settle().await?;
            let due = self.inner.timers.settle().await?;
            let ran = self.inner.runner.settle().await?;
            if heard + due + ran == 0 {
                return Ok(());
            }
        }
    }
}
