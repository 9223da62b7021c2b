//! Where everything is measured: the binary, the folder, and stores that go away with the run.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use attune_cluster::{Cluster, Database};
use attune_db::{Db, DbOptions};
use clap::ValueEnum;
use tempfile::TempDir;

use crate::scale::Scale;
use crate::{fill, program};

/// The engine that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The embedded store.
    Lite,
    /// PostgreSQL.
    Pg,
}

/// What every measurement stands on.
pub struct Ground {
    /// The engine that is measured.
    pub engine: Engine,
    /// The top of the source tree.
    pub root: PathBuf,
    /// Holds everything the benchmark makes.
    pub folder: PathBuf,
    /// The built `attune`.
    pub program: PathBuf,
    /// How much is measured.
    pub scale: Scale,
    server: Option<String>,
    large: tokio::sync::OnceCell<Store>,
    // Last, so that the databases go before their server does.
    _cluster: Option<Cluster>,
}

/// A store that a measurement may fill. It goes when this value does, unless it is the large one on SQLite.
pub struct Store {
    /// What `--store` takes.
    pub argument: String,
    place: Place,
}

enum Place {
    Folder(TempDir),
    Kept(PathBuf),
    Database(Database),
}

impl Store {
    /// Opens it with Attune's usual options.
    pub async fn open(&self) -> Result<Db> {
        self.open_with(&DbOptions::default()).await
    }

    /// Opens it with options of one's own.
    pub async fn open_with(&self, options: &DbOptions) -> Result<Db> {
        Db::open(&self.argument, options).await.with_context(|| format!("opening {}", self.argument))
    }

    /// The folder of a SQLite store.
    pub fn folder(&self) -> Option<&Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder.path()),
            Place::Kept(folder) => Some(folder),
            Place::Database(_) => None,
        }
    }

    /// Bytes on disk.
    pub async fn bytes(&self) -> Result<u64> {
        if let Some(folder) = self.folder() {
            let sizes = std::fs::read_dir(folder)?.filter_map(Result::ok).filter_map(|entry| entry.metadata().ok()).map(|m| m.len());
            return Ok(sizes.sum());
        }
        let mut tx = self.open().await?.read().await?;
        Ok(u64::try_from(tx.count("SELECT pg_database_size(current_database())", []).await?).unwrap_or(0))
    }
}

impl Ground {
    /// Finds the binary and, for PostgreSQL, a server.
    pub fn prepare(engine: Engine, pg: Option<String>, scale: Scale) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("the source tree has no top")?.to_owned();
        let own = std::env::current_exe().context("finding the benchmark's own binary")?;
        let program = own.with_file_name("attune");
        if !program.is_file() {
            bail!("{} is missing: run `cargo xtask bench`, which builds it", program.display());
        }
        if cfg!(debug_assertions) {
            eprintln!("this is a debug build: its figures say nothing");
        }
        let folder = root.join("target/bench");
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let cluster = match (engine, &pg) {
            (Engine::Pg, None) => Some(start_cluster()?),
            _ => None,
        };
        let server = pg.or_else(|| cluster.as_ref().map(Cluster::url));
        Ok(Self { engine, root, folder, program, scale, server, large: tokio::sync::OnceCell::new(), _cluster: cluster })
    }

    /// The engine's name for people.
    pub fn engine_name(&self) -> &'static str {
        match self.engine {
            Engine::Lite => "SQLite",
            Engine::Pg => "PostgreSQL",
        }
    }

    /// The sizes of this run for people.
    pub fn sizes(&self) -> String {
        let s = &self.scale;
        let n = |value: i64| crate::figures::number(value as f64);
        format!("large store of {} contacts and {} events, {} rounds", n(s.contacts), n(s.events), s.rounds)
    }

    /// An empty, migrated store.
    pub async fn fresh(&self) -> Result<Store> {
        let store = self.empty()?;
        program::run(&self.program, &["--store", &store.argument, "migrate"])?;
        Ok(store)
    }

    fn empty(&self) -> Result<Store> {
        let place = match (&self.server, self.engine) {
            (Some(server), Engine::Pg) => Place::Database(Database::create(server)?),
            _ => Place::Folder(tempfile::Builder::new().prefix("store-").tempdir_in(&self.folder).context("making a folder for a store")?),
        };
        let argument = match &place {
            Place::Folder(folder) => folder.path().display().to_string(),
            Place::Kept(folder) => folder.display().to_string(),
            Place::Database(database) => database.url(),
        };
        Ok(Store { argument, place })
    }

    /// The large store; on SQLite it is kept from run to run while the schema stays the same.
    pub async fn large(&self) -> Result<&Store> {
        self.large.get_or_try_init(|| self.make_large()).await
    }

    async fn make_large(&self) -> Result<Store> {
        if self.engine == Engine::Pg {
            let store = self.fresh().await?;
            fill::large(self, &store).await?;
            return Ok(store);
        }
        let folder = self.root.join(format!("target/bench-store-{}-{}", self.scale.contacts, self.scale.events));
        let mark = folder.join("complete");
        let schema = schema(&self.fresh().await?).await?;
        let store = Store { argument: folder.display().to_string(), place: Place::Kept(folder.clone()) };
        if std::fs::read_to_string(&mark).is_ok_and(|kept| kept == schema) {
            return Ok(store);
        }
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
        }
        program::run(&self.program, &["--store", &store.argument, "migrate"])?;
        fill::large(self, &store).await?;
        std::fs::write(&mark, schema).with_context(|| format!("writing {}", mark.display()))?;
        Ok(store)
    }
}

/// Every table and index as text: when it changes, a kept store is of no use.
async fn schema(store: &Store) -> Result<String> {
    let mut tx = store.open().await?.read().await?;
    let rows = tx.rows("SELECT COALESCE(sql, name) FROM sqlite_master ORDER BY name", []).await?;
    let texts: Vec<String> = rows.iter().map(|row| row.at(0)).collect::<Result<_, _>>()?;
    Ok(texts.join("\n"))
}

/// The throw-away server of the tests, but one that waits for the disk.
fn start_cluster() -> Result<Cluster> {
    let folder = std::env::temp_dir().join(format!("attune-bench-pg-{}", std::process::id()));
    let cluster = Cluster::start(&folder)?;
    let orders = ["fsync = on", "synchronous_commit = on", "full_page_writes = on"];
    for order in orders {
        psql(&cluster.url(), &format!("ALTER SYSTEM SET {order}"))?;
    }
    psql(&cluster.url(), "SELECT pg_reload_conf()")?;
    Ok(cluster)
}

fn psql(url: &str, order: &str) -> Result<()> {
    let mut command = match attune_cluster::Programs::find() {
        Ok(programs) => programs.command("psql", &attune_cluster::Account::Own),
        Err(_) => std::process::Command::new("psql"),
    };
    command.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", order, url]).stdout(std::process::Stdio::null());
    if command.status().context("running psql")?.success() { Ok(()) } else { bail!("psql refused: {order}") }
}
