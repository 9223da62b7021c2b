//! The SQLite half.

use anyhow::{Context, Result};
use rusqlite::Connection;

use super::{Migration, Refusal, Statement, relation};

/// Migrates a store in memory and prepares `statements` there; answers those it refuses.
pub fn check(migrations: &[Migration], statements: &[&Statement]) -> Result<Vec<Refusal>> {
    let store = Connection::open_in_memory().context("opening SQLite in memory")?;
    let mut refused = Vec::new();
    for migration in migrations {
        if let Err(error) = store.execute_batch(&migration.text) {
            refused.push(Refusal { place: migration.path.clone(), reason: words(error) });
        }
    }
    for statement in statements {
        let Some(text) = relation::guesses(&statement.text).into_iter().next() else { continue };
        if let Err(error) = store.prepare(&text) {
            refused.push(Refusal { place: statement.place.clone(), reason: words(error) });
        }
    }
    Ok(refused)
}

/// What SQLite says, without the whole statement behind it.
fn words(error: rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg,
        other => other.to_string(),
    }
}
