//! `attune migrate`, `backup` and `restore`.

use std::path::{Path, PathBuf};

use attune_db::{Db, DbOptions};
use attune_kernel::{Clock, Fault};
use serde_json::json;

use super::{Ended, Outcome, Say};
use crate::boot::open_store;
use crate::config::Config;
use crate::house;

fn is_server(store: &str) -> bool {
    store.starts_with("postgres://") || store.starts_with("postgresql://")
}

pub(super) async fn migrate(config: &Config, store: &str, say: &Say) -> Outcome {
    let options = DbOptions { connections: config.store.connections, durable: config.store.durable, ..DbOptions::default() };
    let db = Db::open(store, &options).await?;
    let ran = db.migrate(&house::migrations(), Clock::system().now()).await?;
    let text = if ran.is_empty() { say.l().t("cli-migrate-none").to_string() } else { ran.join("\n") };
    say.result(&json!({ "migrations": ran }), text);
    Ok(Ended::Well)
}

pub(super) async fn backup(config: &Config, store: &str, file: &Path, say: &Say) -> Outcome {
    if is_server(store) {
        return Ok(Ended::WrongUse(say.l().t("cli-backup-pg").to_string()));
    }
    if file.exists() {
        return Ok(Ended::WrongUse(say.l().of("cli-backup-exists").s("file", file.display()).to_string()));
    }
    let db = open_store(config, store).await?;
    db.backup(file).await?;
    let bytes = std::fs::metadata(file)?.len();
    let size = say.l().size(i64::try_from(bytes).unwrap_or(i64::MAX));
    say.result(&json!({ "file": file, "bytes": bytes }), format!("{} ({size})", file.display()));
    Ok(Ended::Well)
}

/// Checks the backup first; the old store is kept beside the new one until the new one opens.
pub(super) async fn restore(config: &Config, store: &str, file: &Path, force: bool, say: &Say) -> Outcome {
    if is_server(store) {
        return Ok(Ended::WrongUse(say.l().t("cli-backup-pg").to_string()));
    }
    let target = Path::new(store).join("attune.db");
    if target.exists() && !force {
        return Ok(Ended::WrongUse(say.l().of("cli-restore-exists").s("store", store).to_string()));
    }
    let waiting = Path::new(store).join("restore");
    if let Err(fault) = check_copy(config, file, &waiting).await {
        std::fs::remove_dir_all(&waiting).ok();
        return Err(fault);
    }
    put_in_place(&waiting, &target)?;
    say.result(&json!({ "store": store }), say.l().of("cli-restore-done").s("store", store));
    Ok(Ended::Well)
}

/// Copies the backup to the folder `waiting` and brings it up to date there.
async fn check_copy(config: &Config, file: &Path, waiting: &Path) -> Result<(), Fault> {
    if waiting.exists() {
        std::fs::remove_dir_all(waiting)?;
    }
    std::fs::create_dir_all(waiting)?;
    std::fs::copy(file, waiting.join("attune.db")).map_err(|e| Fault::from(e).context(format!("{} cannot be copied", file.display())))?;
    let no_backup = |fault: Fault| fault.context(format!("{} is not a backup of Attune", file.display()));
    let store = waiting.display().to_string();
    let known = house::migrations();
    let options = DbOptions { connections: 1, ..DbOptions::default() };
    let opened = Db::open(&store, &options).await.map_err(|error| no_backup(error.into()))?;
    let pending = opened.pending(&known).await.map_err(|error| no_backup(error.into()))?;
    drop(opened);
    if pending.len() == known.len() {
        return Err(no_backup(Fault::new("it holds none of its tables")));
    }
    let db = open_store(config, &store).await.map_err(no_backup)?;
    Ok(db.checkpoint().await?)
}

fn put_in_place(waiting: &Path, target: &Path) -> Result<(), Fault> {
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", target.display()));
    // What waits beside the old store to be written is the old store's.
    for suffix in ["", "-wal", "-shm", "-inbox", "-inbox-wal", "-inbox-shm"] {
        let old = beside(suffix);
        if old.exists() {
            std::fs::rename(&old, beside(&format!("{suffix}.before-restore")))?;
        }
    }
    std::fs::rename(waiting.join("attune.db"), target)?;
    std::fs::remove_dir_all(waiting)?;
    Ok(())
}
