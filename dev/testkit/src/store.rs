//! A migrated store per test, on SQLite in a folder of its own or on PostgreSQL as a clone of a prepared database.

use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::Context;
use attune_cluster::{Database, Server, Template};
use attune_db::{Db, DbOptions, Migration};
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::START_AT;

/// A store of one test; the folder or database goes when this value does, also after a panic.
pub struct TestDb {
    db: Db,
    place: Place,
}

enum Place {
    Folder(TempDir),
    Database(Database),
}

impl TestDb {
    /// The open store; clones share its connections.
    pub fn db(&self) -> Db {
        self.db.clone()
    }

    /// What an operator would write behind `--store`.
    pub fn argument(&self) -> String {
        match &self.place {
            Place::Folder(folder) => folder.path().display().to_string(),
            Place::Database(database) => database.url(),
        }
    }
}

/// Speed over safety: the store is gone in a moment.
fn options() -> DbOptions {
    DbOptions { connections: 4, durable: false, ..DbOptions::default() }
}

/// A fresh SQLite store with these migrations run.
pub async fn lite(migrations: &[Migration]) -> TestDb {
    let folder = tempfile::Builder::new().prefix("attune-test-").tempdir().expect("a temp folder");
    let db = Db::open(&folder.path().display().to_string(), &options()).await.expect("the SQLite store opens");
    db.migrate(migrations, START_AT).await.expect("the migrations run on SQLite");
    TestDb { db, place: Place::Folder(folder) }
}

/// A fresh PostgreSQL database with these migrations run; `None`, with a loud word, when `ATTUNE_TEST_PG=skip`.
pub async fn pg(migrations: &[Migration]) -> Option<TestDb> {
    let server = match attune_cluster::server() {
        Ok(Server::At(url)) => url,
        Ok(Server::Skipped) => {
            eprintln!("SKIPPED: this half of the test needs PostgreSQL, and ATTUNE_TEST_PG=skip");
            return None;
        }
        Err(error) => panic!("{error:#}"),
    };
    let database = tokio::task::block_in_place(|| clone_template(&server, migrations)).expect("a test database");
    let db = Db::open(&database.url(), &options()).await.expect("the test database opens");
    Some(TestDb { db, place: Place::Database(database) })
}

fn clone_template(server: &str, migrations: &[Migration]) -> anyhow::Result<Database> {
    let template = Template::build(server, fingerprint(migrations), |url| {
        Handle::current().block_on(async {
            let db = Db::open(url, &options()).await.context("opening the template")?;
            db.migrate(migrations, START_AT).await.context("running the migrations on PostgreSQL")?;
            Ok(())
        })
    })?;
    template.database()
}

/// Changes whenever a migration's name or text does, so that an old template is never cloned.
fn fingerprint(migrations: &[Migration]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for migration in migrations {
        (migration.name, migration.pg).hash(&mut hasher);
    }
    hasher.finish()
}
