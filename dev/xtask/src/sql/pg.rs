//! The PostgreSQL half.

use anyhow::{Context, Result};
use tokio_postgres::{Client, NoTls};

use super::{Migration, Refusal, Statement, relation};

/// Migrates the empty database at `url` and prepares `statements` there; answers those it refuses.
pub async fn check(url: &str, migrations: &[Migration], statements: &[&Statement]) -> Result<Vec<Refusal>> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("connecting to PostgreSQL")?;
    let driver = tokio::spawn(connection);
    let mut refused = Vec::new();
    for migration in migrations {
        if let Err(error) = client.batch_execute(&migration.text).await {
            refused.push(Refusal { place: migration.path.clone(), reason: words(&error) });
        }
    }
    for statement in statements {
        if let Err(reason) = prepare(&client, &statement.text).await {
            refused.push(Refusal { place: statement.place.clone(), reason });
        }
    }
    drop(client);
    driver.await.context("closing the connection")?.context("closing the connection")?;
    Ok(refused)
}

/// Right when PostgreSQL finds the types of a batch itself, or any guess at them is right; else the words about the first guess.
async fn prepare(client: &Client, text: &str) -> Result<(), String> {
    if let Some(untyped) = relation::untyped(text)
        && client.prepare(&untyped).await.is_ok()
    {
        return Ok(());
    }
    let mut first = None;
    for guess in relation::guesses(text) {
        match client.prepare(&guess).await {
            Ok(_) => return Ok(()),
            Err(error) => first = first.or(Some(words(&error))),
        }
    }
    first.map_or(Ok(()), Err)
}

fn words(error: &tokio_postgres::Error) -> String {
    let Some(told) = error.as_db_error() else { return error.to_string() };
    match told.hint() {
        Some(hint) => format!("{} ({hint})", told.message()),
        None => told.message().to_owned(),
    }
}
