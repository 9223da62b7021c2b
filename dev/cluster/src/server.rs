//! One running server: made, started, stopped.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{Account, Programs, database};

/// Speed over safety: the data is gone tomorrow anyway.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
shared_buffers = 256MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
checkpoint_timeout = 30min
autovacuum_naptime = 5min
timezone = 'UTC'
log_min_messages = warning
";

/// A PostgreSQL server on a free loopback port; dropped, it stops and its data folder goes.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    account: Account,
    folder: PathBuf,
    port: u16,
    kept: bool,
}

impl Cluster {
    /// Makes a cluster in `folder` (made when missing; must be empty or from an earlier start) and starts it.
    pub fn start(folder: &Path) -> Result<Self> {
        let (programs, account) = (Programs::find()?, Account::choose()?);
        account.own_folder(folder)?;
        let mut cluster = Self { programs, account, folder: folder.to_owned(), port: 0, kept: false };
        if !cluster.data().join("PG_VERSION").is_file() {
            cluster.initialise()?;
        }
        cluster.launch()?;
        Ok(cluster)
    }

    /// The URL of the maintenance database, as its superuser, without a password: only this machine can reach it.
    pub fn url(&self) -> String {
        format!("postgres://attune@127.0.0.1:{}/postgres", self.port)
    }

    /// Leaves the server running when this value goes.
    pub(crate) fn keep_running(mut self) -> Self {
        self.kept = true;
        self
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn initialise(&self) -> Result<()> {
        let mut initdb = self.programs.command("initdb", &self.account);
        initdb.args(["--username=attune", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
        run(initdb.arg("--pgdata").arg(self.data()), "initdb")?;
        let settings = self.data().join("postgresql.conf");
        let mut text = fs::read_to_string(&settings).with_context(|| format!("reading {}", settings.display()))?;
        text.push_str(SETTINGS);
        fs::write(&settings, text).with_context(|| format!("writing {}", settings.display()))
    }

    /// Starts on a port that was free a moment ago; takes another when somebody was faster.
    fn launch(&mut self) -> Result<()> {
        let mut last = None;
        for _ in 0..3 {
            let port = free_port()?;
            let mut start = self.programs.command("pg_ctl", &self.account);
            start.args(["start", "--silent", "--wait", "--timeout=60", "--options"]).arg(format!("-p {port}"));
            start.arg("--pgdata").arg(self.data()).arg("--log").arg(self.folder.join("server.log"));
            match run(&mut start, "pg_ctl start") {
                Ok(()) => {
                    self.port = port;
                    return Ok(());
                }
                Err(error) => last = Some(error),
            }
        }
        let log = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        let end: Vec<&str> = log.lines().rev().take(8).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no attempt was made")))
            .with_context(|| format!("PostgreSQL does not start:\n{}", end.join("\n")))
    }

    fn stop(&self) -> Result<()> {
        let mut stop = self.programs.command("pg_ctl", &self.account);
        stop.args(["stop", "--silent", "--wait", "--mode=immediate", "--pgdata"]).arg(self.data());
        run(&mut stop, "pg_ctl stop")?;
        fs::remove_file(database::template_lock(&self.url())).ok();
        fs::remove_dir_all(&self.folder).with_context(|| format!("removing {}", self.folder.display()))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.kept || self.port == 0 {
            return;
        }
        if let Err(error) = self.stop() {
            eprintln!("the test cluster in {} was not cleared away: {error:#}", self.folder.display());
        }
    }
}

/// Asks the system for a loopback port nobody listens on.
fn free_port() -> Result<u16> {
    let probe = TcpListener::bind(("127.0.0.1", 0)).context("asking for a free port")?;
    Ok(probe.local_addr().context("reading the free port")?.port())
}

/// Runs a command to its end without a terminal; its words are kept in a file, because a daemon it starts would keep a pipe open.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<()> {
    let said = std::env::temp_dir().join(format!("attune-cluster-{}-{}.out", std::process::id(), database::unique()));
    let out = File::create(&said).with_context(|| format!("making {}", said.display()))?;
    let err = out.try_clone().context("sharing the output file")?;
    let status = command.stdin(Stdio::null()).stdout(out).stderr(err).status().with_context(|| format!("running {what}"));
    let words = fs::read_to_string(&said).unwrap_or_default();
    fs::remove_file(&said).ok();
    if !status?.success() {
        bail!("{what} failed: {}", words.trim());
    }
    Ok(())
}
