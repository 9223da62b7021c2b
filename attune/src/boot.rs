//! From settings to a running program: store, secret, mail, rooms, app.

use std::net::SocketAddr;
use std::sync::Arc;

use attune_courier::Courier;
use attune_courier::mailbox::{MailboxLimits, MailboxServer, StoreSink};
use attune_db::{Db, DbOptions};
use attune_govern::session::StaffDoorman;
use attune_house::{App, Parts, setting_text, write_setting};
use attune_identify::tracking::{Atlas, Collector};
use attune_kernel::{Clock, Fault, Ids};
use attune_web::{Secret, Texts, Web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::house;

/// A program that is ready to serve.
pub struct Booted {
    /// The app.
    pub app: App,
    /// Takes tracking events.
    pub collector: Collector,
    /// The built-in mailbox, bound but not yet serving.
    pub mailbox: MailboxServer,
}

/// Opens and migrates the store.
pub async fn open_store(config: &Config, store: &str) -> Result<Db, Fault> {
    let options = DbOptions { connections: config.store.connections, durable: config.store.durable, ..DbOptions::default() };
    let db = Db::open(store, &options).await?;
    db.migrate(&house::migrations(), Clock::system().now()).await?;
    Ok(db)
}

/// Builds everything on `store`.
pub async fn boot(config: &Config, store: &str) -> Result<Booted, Fault> {
    let db = open_store(config, store).await?;
    let clock = Clock::system();
    let ids = Ids::new(clock.clone(), config.work.node_number);
    let secret = secret(&db, &clock).await?;
    let listen: SocketAddr = config.mailbox.listen.parse()?;
    let sink = Arc::new(StoreSink::new(db.clone(), ids.clone()));
    let mailbox = MailboxServer::bind(listen, sink, clock.clone(), MailboxLimits::default()).await?;
    let courier = Courier::new(config.relay(mailbox.address()))?;
    let parts =
        Parts { db: db.clone(), clock: clock.clone(), ids: ids.clone(), secret: secret.clone(), public_url: config.public_url(), courier };
    let atlas = Atlas::new(config.collect.networks.clone());
    let collector = Collector::open(&parts.spine(), parts.secret.clone(), config.collect.queue, atlas);
    let house = house::build(&parts, &collector)?;
    let texts = Arc::new(Texts::build(&house.locales)?);
    let doorman = Arc::new(StaffDoorman::new(Arc::new(house.permissions.clone())));
    let mut web = Web::bare(db.clone(), texts, doorman, secret);
    web.clock = clock;
    web.ids = ids;
    web.public_url = config.public_url();
    web.secure_cookies = web.public_url.starts_with("https://");
    web.trust_proxy = config.server.trust_proxy;
    web.workspace.rename(&attune_govern::setting::workspace(&mut db.read().await?).await?);
    let app = App::new(parts, web, house, &node(config), config.work.slots);
    Ok(Booted { app, collector, mailbox })
}

/// As [`boot`], for a command that may run beside a server: its mailbox takes any free port.
pub async fn boot_beside(config: &Config, store: &str) -> Result<Booted, Fault> {
    let mut config = config.clone();
    "127.0.0.1:0".clone_into(&mut config.mailbox.listen);
    boot(&config, store).await
}

fn node(config: &Config) -> String {
    if !config.work.node.is_empty() {
        return config.work.node.clone();
    }
    std::fs::read_to_string("/etc/hostname").map_or_else(|_| "attune".to_owned(), |name| name.trim().to_owned())
}

/// The secret that signs links: made at the first start, kept in the store so that a backup holds it.
async fn secret(db: &Db, clock: &Clock) -> Result<Secret, Fault> {
    let mut tx = db.begin().await?;
    let kept = setting_text(&mut tx, "house.secret", "").await?;
    if let Ok(bytes) = STANDARD.decode(&kept)
        && let Ok(bytes) = <[u8; 32]>::try_from(bytes.as_slice())
    {
        return Ok(Secret::new(bytes));
    }
    let fresh = Secret::random()?;
    write_setting(&mut tx, "house.secret", &STANDARD.encode(fresh.bytes()), None, clock.now()).await?;
    tx.commit().await?;
    Ok(fresh)
}

/// A program that serves pages and works in the background until its token ends.
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    /// Ends it.
    pub stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    collector: Collector,
    /// The built-in mailbox: it answers until nobody sends any more.
    mailbox: JoinHandle<()>,
    mailbox_stop: CancellationToken,
}

impl Serving {
    /// Starts the server on `listener` and everything behind it.
    pub async fn start(booted: Booted, listener: tokio::net::TcpListener) -> Result<(App, Self), Fault> {
        let stop = CancellationToken::new();
        let Booted { app, collector, mailbox } = booted;
        let mut tasks = app.start(&stop);
        let mailbox_stop = CancellationToken::new();
        let mailbox = tokio::spawn(mailbox.serve(mailbox_stop.clone()));
        let address = listener.local_addr()?;
        let service = app.router().into_make_service_with_connect_info::<SocketAddr>();
        let ends = stop.clone();
        tasks.push(tokio::spawn(async move {
            let served = axum::serve(listener, service).with_graceful_shutdown(async move { ends.cancelled().await }).await;
            if let Err(error) = served {
                tracing::error!(%error, "the server stopped");
            }
        }));
        Ok((app, Self { address, stop, tasks, collector, mailbox, mailbox_stop }))
    }

    /// Ends everything and waits for it, ten seconds at most.
    pub async fn end(self) {
        self.stop.cancel();
        let all = async {
            futures::future::join_all(self.tasks).await;
            self.collector.settled().await;
        };
        if tokio::time::timeout(std::time::Duration::from_secs(10), all).await.is_err() {
            tracing::warn!("some work did not end in time and will be taken up again at the next start");
        }
        self.mailbox_stop.cancel();
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), self.mailbox).await;
    }
}

/// Binds the address, or says in one sentence why not.
pub async fn bind(address: &str) -> Result<tokio::net::TcpListener, Fault> {
    let bound = tokio::net::TcpListener::bind(address).await;
    bound.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            Fault::new(format!("{address} is in use by another program: stop it, or choose another with --port"))
        }
        std::io::ErrorKind::PermissionDenied => {
            Fault::new(format!("{address} may not be used by this account: ports below 1024 need root; choose another with --port"))
        }
        _ => Fault::new(format!("{address} cannot be listened on: {error}")),
    })
}
