//! Which server a test process uses, and the one that outlives a run.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::postgres::own_uid;
use crate::{Account, Cluster, Programs};

/// The variable that names the server: a URL, or `skip`.
pub const VARIABLE: &str = "ATTUNE_TEST_PG";

/// Stops the server when `used` was not touched for ten minutes. `$1` is `pg_ctl`, `$2` the cluster's folder.
const WATCHER: &str = r#"
while sleep 15; do
  [ -f "$2/data/postmaster.pid" ] || exit 0
  if [ -z "$(find "$2/used" -mmin -10 2>/dev/null)" ]; then
    "$1" stop --silent --mode=immediate --pgdata "$2/data"
    exit 0
  fi
done"#;

/// Where the tests of this process find PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// At this URL, which names a maintenance database.
    At(String),
    /// Nowhere: the person set `ATTUNE_TEST_PG=skip`.
    Skipped,
}

/// Finds the server: `ATTUNE_TEST_PG`, else the shared one, started when it is not running. Without PostgreSQL the error says what to install.
pub fn server() -> Result<Server> {
    match std::env::var(VARIABLE) {
        Ok(word) if word == "skip" => Ok(Server::Skipped),
        Ok(url) if !url.is_empty() => Ok(Server::At(url)),
        _ => shared().map(Server::At),
    }
}

/// Starts or reuses the cluster all test runs of this user share, and marks it as used now.
fn shared() -> Result<String> {
    let account = Account::choose()?;
    let folder = std::env::temp_dir().join(format!("attune-test-pg-{}", own_uid()?));
    account.own_folder(&folder)?;
    let guard = File::create(folder.join("lock")).context("making the lock of the shared test cluster")?;
    guard.lock().context("waiting for the shared test cluster")?;
    fs::write(folder.join("used"), "").context("marking the shared test cluster as used")?;
    if let Some(url) = running(&folder, &account)? {
        return Ok(url);
    }
    fs::remove_dir_all(folder.join("data")).ok();
    let url = Cluster::start(&folder)?.keep_running().url();
    fs::write(folder.join("url"), &url).context("noting the URL of the shared test cluster")?;
    watch(&folder, &account)?;
    Ok(url)
}

fn running(folder: &Path, account: &Account) -> Result<Option<String>> {
    let Ok(url) = fs::read_to_string(folder.join("url")) else { return Ok(None) };
    let mut status = Programs::find()?.command("pg_ctl", account);
    status.arg("status").arg("--pgdata").arg(folder.join("data")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let alive = status.status().context("running pg_ctl status")?.success();
    Ok(alive.then_some(url))
}

/// Starts the watcher in its own process group, so that it outlives the test run that started it.
fn watch(folder: &Path, account: &Account) -> Result<()> {
    let pg_ctl: PathBuf = Programs::find()?.command("pg_ctl", account).get_program().into();
    let mut sh = std::process::Command::new("sh");
    sh.arg("-c").arg(WATCHER).arg("attune-test-pg").arg(pg_ctl).arg(folder).current_dir("/").process_group(0);
    if let Account::Other { uid, gid } = account {
        sh.uid(*uid).gid(*gid);
    }
    sh.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("starting the watcher of the test cluster")?;
    Ok(())
}
