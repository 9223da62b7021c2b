//! A store of one's own on either engine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use attune_cluster::{Database, Server, server};
use tempfile::TempDir;

/// The two databases Attune runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded store.
    Lite,
    /// PostgreSQL.
    Pg,
}

/// A place for one test's data, gone when dropped.
#[derive(Debug)]
pub struct Store {
    folder: TempDir,
    database: Option<Database>,
}

impl Store {
    /// An empty store; `None`, with a loud word, when the person left PostgreSQL out by `ATTUNE_TEST_PG=skip`.
    pub fn create(engine: Engine) -> Result<Option<Self>> {
        let folder = tempfile::Builder::new().prefix("attune-system-").tempdir().context("making a folder for the store")?;
        if engine == Engine::Lite {
            return Ok(Some(Self { folder, database: None }));
        }
        match server()? {
            Server::At(url) => Ok(Some(Self { folder, database: Some(Database::create(&url)?) })),
            Server::Skipped => {
                eprintln!("SKIPPED: no PostgreSQL, because ATTUNE_TEST_PG=skip");
                Ok(None)
            }
        }
    }

    /// What stands behind `--store`: a folder or a `postgres://` URL.
    pub fn argument(&self) -> String {
        match &self.database {
            Some(database) => database.url(),
            None => self.folder.path().join("store").display().to_string(),
        }
    }

    /// The folder of this test; the embedded store is one below.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file for this test, beside the store.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
