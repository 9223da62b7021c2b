//! A database per test, made by `psql`, because a test's own async runtime is no place to clean up from.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::{Account, Programs};

/// A number no other call in any process on this machine gets.
pub(crate) fn unique() -> String {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    format!("{}_{micros}_{}", std::process::id(), CALLS.fetch_add(1, Ordering::Relaxed))
}

/// A database of one test; dropped when this value is.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// An empty database on the server at URL `server`.
    pub fn create(server: &str) -> Result<Self> {
        Self::cloned(server, "template0")
    }

    fn cloned(server: &str, template: &str) -> Result<Self> {
        let name = format!("test_{}", unique());
        let order = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
        psql(server, &order).with_context(|| format!("making a test database from {template}"))?;
        Ok(Self { server: server.to_owned(), name })
    }

    /// The URL of this database.
    pub fn url(&self) -> String {
        with_database(&self.server, &self.name)
    }

    /// The name of this database.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = psql(&self.server, &format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name)) {
            eprintln!("the test database {} stays behind: {error:#}", self.name);
        }
    }
}

/// A prepared database that is cloned for each test: the schema is built once per content, not once per test.
#[derive(Clone, Debug)]
pub struct Template {
    server: String,
    name: String,
}

impl Template {
    /// The template for `key` (a fingerprint of what `fill` writes). The first caller on this server builds it with `fill`, given the URL
    /// of an empty database; others wait and reuse it. Connections that `fill` leaves open are ended.
    pub fn build(server: &str, key: u64, fill: impl FnOnce(&str) -> Result<()>) -> Result<Self> {
        let template = Self { server: server.to_owned(), name: format!("template_{key:016x}") };
        let lock = template_lock(server);
        let guard = File::create(&lock).with_context(|| format!("making {}", lock.display()))?;
        guard.lock().context("waiting for the template")?;
        let known = psql(server, &format!("SELECT 1 FROM pg_database WHERE datname = '{}'", template.name))?;
        if known.trim() == "1" {
            return Ok(template);
        }
        let building = Database::create(server)?;
        fill(&building.url())?;
        psql(server, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", building.name))?;
        psql(server, &format!("ALTER DATABASE \"{}\" RENAME TO \"{}\"", building.name, template.name)).context("keeping the template")?;
        Ok(template)
    }

    /// A fresh copy for one test.
    pub fn database(&self) -> Result<Database> {
        Database::cloned(&self.server, &self.name)
    }
}

/// The file that lets one process at a time build templates on the server at this URL.
pub(crate) fn template_lock(server: &str) -> PathBuf {
    let port = server.rsplit(':').next().unwrap_or("").split('/').next().unwrap_or("");
    std::env::temp_dir().join(format!("attune-template-{port}.lock"))
}

/// The same server, another database: replaces the path of the URL and keeps its query.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').map_or((server, None), |(address, query)| (address, Some(query)));
    let from = address.find("://").map_or(0, |at| at + 3);
    let host_end = address.get(from..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| from + at);
    let host = address.get(..host_end).unwrap_or(address);
    match query {
        Some(query) => format!("{host}/{name}?{query}"),
        None => format!("{host}/{name}"),
    }
}

/// Runs one order on the maintenance database and gives back what it printed.
fn psql(server: &str, order: &str) -> Result<String> {
    let mut command = match Programs::find() {
        Ok(programs) => programs.command("psql", &Account::Own),
        Err(_) => Command::new("psql"),
    };
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command", order, server]);
    let output = command.stdin(Stdio::null()).output().context("running psql")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_is_replaced_in_every_form_of_url() {
        assert_eq!(with_database("postgres://attune@127.0.0.1:5433/postgres", "t"), "postgres://attune@127.0.0.1:5433/t");
        assert_eq!(with_database("postgres://attune@host:5433", "t"), "postgres://attune@host:5433/t");
        assert_eq!(with_database("postgres://host/db?sslmode=disable", "t"), "postgres://host/t?sslmode=disable");
    }
}
