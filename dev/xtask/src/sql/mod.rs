//! `cargo xtask sql`: every statement in the product's source is prepared on a freshly migrated SQLite and PostgreSQL.
//!
//! A statement is a literal inside `sql!`, or one handed straight to a method of `Tx`. Text that is put together while the program
//! runs is not seen here; store tests run it on both engines.

mod lite;
mod pg;
mod relation;
mod statement;

use anyhow::Result;
use attune_cluster::{Database, Server, server};

use crate::source::Engine;
use crate::tree::{File, Tree};

pub use statement::{Statement, engine_forks, fragments, ledger, statements};

/// One migration as one engine reads it.
pub struct Migration {
    /// The file's path.
    pub path: String,
    /// The text for the engine.
    pub text: String,
}

/// A statement an engine refuses.
pub struct Refusal {
    /// Where it stands: file and line.
    pub place: String,
    /// What the engine said.
    pub reason: String,
}

/// Prepares everything and prints what was refused.
pub fn run(tree: &Tree) -> Result<bool> {
    let statements = statements(tree)?;
    let mut refused = lite::check(&migrations(tree, Engine::Lite)?, &for_engine(&statements, Engine::Lite))?;
    let on_lite = refused.len();
    let pg_checked = match server()? {
        Server::At(url) => {
            let database = Database::create(&url)?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let (migrations, statements) = (migrations(tree, Engine::Pg)?, for_engine(&statements, Engine::Pg));
            refused.extend(runtime.block_on(pg::check(&database.url(), &migrations, &statements))?);
            true
        }
        Server::Skipped => {
            eprintln!("SKIPPED: PostgreSQL, because ATTUNE_TEST_PG=skip");
            false
        }
    };
    for (index, refusal) in refused.iter().enumerate() {
        let engine = if index < on_lite { "SQLite" } else { "PostgreSQL" };
        println!("{}: {engine}: {}", refusal.place, refusal.reason);
    }
    let fragments = fragments(tree)?;
    for place in &fragments {
        println!("{place}: sql! marks whole statements; a fragment is a plain literal");
    }
    let forks: usize = engine_forks(tree).iter().map(|(_, count)| count).sum();
    let engines = if pg_checked { "SQLite and PostgreSQL" } else { "SQLite" };
    println!(
        "sql: {} statements prepared on {engines}, {} refused; {} have two texts",
        statements.len(),
        refused.len() + fragments.len(),
        forks
    );
    Ok(refused.is_empty() && fragments.is_empty())
}

fn for_engine(statements: &[Statement], engine: Engine) -> Vec<&Statement> {
    statements.iter().filter(|statement| statement.engine.is_none_or(|only| only == engine)).collect()
}

/// The façade's own tables, then the migrations of all crates in their order, as `engine` reads them.
fn migrations(tree: &Tree, engine: Engine) -> Result<Vec<Migration>> {
    let others = if engine == Engine::Lite { ".pg.sql" } else { ".lite.sql" };
    let wanted = tree.migrations().into_iter().filter(|file| !file.path.ends_with(others));
    let own = ledger(tree)?.into_iter().map(|text| Migration { path: "base/db".to_owned(), text });
    Ok(own.chain(wanted.map(|file| Migration { path: file.path.clone(), text: dialect(file, engine) })).collect())
}

/// SQLite makes an alias of its row number only from `INTEGER PRIMARY KEY`.
fn dialect(file: &File, engine: Engine) -> String {
    match engine {
        Engine::Lite => file.text.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY"),
        Engine::Pg => file.text.clone(),
    }
}
