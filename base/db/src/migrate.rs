//! The schema's history: forward only, one timeline by name, one text for both engines.

use crate::{Db, DbError, Engine, Tx, params};

/// One step of the schema. Made with [`migration!`](crate::migration) or, where the engines must differ, [`migration_pair!`](crate::migration_pair).
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// `YYYYMMDD_HHMM_noun`: the order over all crates.
    pub name: &'static str,
    /// The text for SQLite; in a shared text `BIGINT PRIMARY KEY` becomes SQLite's rowid alias.
    pub lite: &'static str,
    /// The text for PostgreSQL.
    pub pg: &'static str,
}

/// Embeds `migrations/<name>.sql` of the calling crate.
#[macro_export]
macro_rules! migration {
    ($name:literal) => {
        $crate::Migration {
            name: $name,
            lite: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $name, ".sql")),
            pg: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $name, ".sql")),
        }
    };
}

/// Embeds `migrations/<name>.lite.sql` and `migrations/<name>.pg.sql` of the calling crate.
#[macro_export]
macro_rules! migration_pair {
    ($name:literal) => {
        $crate::Migration {
            name: $name,
            lite: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $name, ".lite.sql")),
            pg: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $name, ".pg.sql")),
        }
    };
}

/// The façade's own migrations: what journals need.
pub fn migrations() -> Vec<Migration> {
    vec![crate::migration!("20261127_0010_journal")]
}

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, run_at BIGINT NOT NULL)";

pub(crate) async fn pending(db: &Db, known: &[Migration]) -> Result<Vec<String>, DbError> {
    let mut tx = db.begin().await?;
    tx.script(LEDGER).await?;
    let done = done(&mut tx).await?;
    tx.commit().await?;
    if let Some(newer) = done.iter().find(|name| !known.iter().any(|m| m.name == name.as_str())) {
        return Err(DbError::Newer(newer.clone()));
    }
    let mut names: Vec<String> = known.iter().map(|m| m.name.to_owned()).filter(|name| !done.contains(name)).collect();
    names.sort();
    Ok(names)
}

pub(crate) async fn run(db: &Db, known: &[Migration], now: i64) -> Result<Vec<String>, DbError> {
    let names = pending(db, known).await?;
    for name in &names {
        let Some(step) = known.iter().find(|m| m.name == name) else { continue };
        let mut tx = db.begin().await?;
        if tx.engine() == Engine::Pg {
            // Two processes may start at once: the second waits here and then finds the step done.
            tx.exec("SELECT pg_advisory_xact_lock(4071)", params![]).await?;
        }
        if done(&mut tx).await?.contains(name) {
            continue;
        }
        let text = match db.engine() {
            Engine::Lite => step.lite.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY"),
            Engine::Pg => step.pg.to_owned(),
        };
        tx.script(&text).await?;
        tx.exec("INSERT INTO schema_migrations (name, run_at) VALUES ($1, $2)", params![name, now]).await?;
        tx.commit().await?;
    }
    Ok(names)
}

async fn done(tx: &mut Tx) -> Result<Vec<String>, DbError> {
    let rows = tx.rows("SELECT name FROM schema_migrations ORDER BY name", params![]).await?;
    rows.iter().map(|row| row.at(0)).collect()
}
