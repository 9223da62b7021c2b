//! What the scenarios stand on: an installation per engine, the rows of its store, files, and people to sign in as.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use attune_system::{Attune, Engine, Finished, Store};
use serde_json::Value;

/// Turns each scenario into two tests, `on_sqlite` and `on_postgres`; the second says so when PostgreSQL is left out.
macro_rules! on_both_engines {
    ($($(#[doc = $doc:literal])* async fn $name:ident($attune:ident: Attune) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[doc = $doc])*
            #[allow(unused_mut, reason = "some scenarios start and stop the server")]
            async fn scenario(mut $attune: attune_system::Attune) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                scenario($crate::ground::lite()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                if let Some(attune) = $crate::ground::pg() {
                    scenario(attune).await;
                }
            }
        }
    )*};
}

/// An installation on an embedded store of its own.
pub fn lite() -> Attune {
    Attune::install(Store::create(Engine::Lite).unwrap().unwrap()).unwrap()
}

/// An installation on a PostgreSQL database of its own, unless PostgreSQL was left out.
pub fn pg() -> Option<Attune> {
    Store::create(Engine::Pg).unwrap().map(|store| Attune::install(store).unwrap())
}

/// Whether the installation works on PostgreSQL.
pub fn is_pg(attune: &Attune) -> bool {
    attune.store().argument().starts_with("postgres://")
}

/// The rows a statement answers, every value as text and NULL as `∅`.
pub async fn rows(attune: &Attune, sql: &str) -> Vec<Vec<String>> {
    rows_at(&attune.store().argument(), sql).await
}

/// As [`rows`], of the store called `store`.
pub async fn rows_at(store: &str, sql: &str) -> Vec<Vec<String>> {
    if store.starts_with("postgres://") { pg_rows(store, sql).await } else { lite_rows(&Path::new(store).join("attune.db"), sql) }
}

fn lite_rows(file: &Path, sql: &str) -> Vec<Vec<String>> {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let width = statement.column_count();
    let mut found = statement.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        rows.push((0..width).map(|at| shown(row.get_ref(at).unwrap())).collect());
    }
    rows
}

fn shown(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => "∅".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => bytes.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        }),
    }
}

async fn pg_rows(url: &str, sql: &str) -> Vec<Vec<String>> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let messages = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    drop(client);
    driver.await.unwrap().unwrap();
    let rows = messages.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).unwrap_or("∅").to_owned()).collect()),
        _ => None,
    });
    rows.collect()
}

/// The one number a statement answers.
pub async fn number(attune: &Attune, sql: &str) -> i64 {
    rows(attune, sql).await[0][0].parse().unwrap()
}

/// Every row of every table, as sorted texts; a table of search words shows only which rows it has.
pub async fn dump(attune: &Attune) -> BTreeMap<String, Vec<String>> {
    let mut tables = BTreeMap::new();
    for (table, select) in if is_pg(attune) { pg_tables(attune).await } else { lite_tables(attune).await } {
        let mut found: Vec<String> = rows(attune, &select).await.into_iter().map(|row| row.join(" | ")).collect();
        found.sort_unstable();
        tables.insert(table, found);
    }
    tables
}

async fn pg_tables(attune: &Attune) -> Vec<(String, String)> {
    let sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
    let names = rows(attune, sql).await.into_iter().map(|mut row| row.remove(0));
    names.map(|name| (name.clone(), format!("SELECT CAST(t AS TEXT) FROM \"{name}\" t"))).collect()
}

async fn lite_tables(attune: &Attune) -> Vec<(String, String)> {
    let all = rows(attune, "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'").await;
    let search: Vec<String> = all.iter().filter(|row| row[1].starts_with("CREATE VIRTUAL")).map(|row| row[0].clone()).collect();
    let inner = |name: &str| search.iter().any(|table| name.starts_with(&format!("{table}_")));
    let names = all.iter().map(|row| row[0].clone()).filter(|name| !inner(name));
    let select = |name: String| {
        let columns = if search.contains(&name) { "rowid" } else { "*" };
        let sql = format!("SELECT {columns} FROM \"{name}\"");
        (name, sql)
    };
    names.map(select).collect()
}

/// Waits until the running server has heard every event, no job waits any more and no timer is due in the next ten seconds.
pub async fn settle(attune: &Attune) {
    let started = Instant::now();
    let mut calm = 0;
    while calm < 3 {
        assert!(started.elapsed() < Duration::from_secs(120), "the server does not come to rest: {}", attune.process().unwrap().log());
        let health: Value = reqwest::get(attune.url("/healthz")).await.unwrap().json().await.unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
        let jobs =
            number(attune, &format!("SELECT count(*) FROM jobs WHERE state = 'running' OR (state = 'ready' AND run_at <= {now})")).await;
        let soon = number(attune, &format!("SELECT count(*) FROM timers WHERE due_at <= {}", now + 10_000_000)).await;
        calm = if health["reactor_lag_events"] == 0 && health["inbox_waiting_requests"] == 0 && jobs + soon == 0 { calm + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A file beside the store, as an argument.
pub fn file(attune: &Attune, name: &str, text: &str) -> String {
    let path = attune.store().file(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Real data beside the workspace; says so when it is not there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not on this machine", path.display());
    None
}

/// Runs a command with `--json` that shall end with `code`; answers its value and what it complained about.
pub async fn ended(attune: &Attune, code: i32, arguments: &[&str]) -> (Value, String) {
    let finished = attune.run(&[&["--json"], arguments].concat()).await.unwrap();
    assert_eq!(finished.code, Some(code), "{arguments:?}: {}{}", finished.output, finished.errors);
    (finished.json().unwrap(), finished.errors)
}

/// Runs a command that shall be refused with `code`; answers its words, which are for people: short, and no inner life of the program.
pub async fn refused(attune: &Attune, code: i32, arguments: &[&str]) -> String {
    words(attune.run(arguments).await.unwrap(), code)
}

/// The words of a command that was refused with `code`.
pub fn words(finished: Finished, code: i32) -> String {
    assert_eq!(finished.code, Some(code), "{}{}", finished.output, finished.errors);
    assert!(!finished.errors.trim().is_empty(), "it was refused without a word");
    assert!(!finished.errors.contains("panicked") && !finished.errors.contains("SELECT"), "{}", finished.errors);
    finished.errors
}

/// The names of an object's values.
pub fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value} is no object")).keys().map(String::as_str).collect()
}

/// The counts of an import, in the order rows, created, updated, skipped, rejected. It has exactly these and an id.
pub fn counts(value: &Value) -> [i64; 5] {
    assert_eq!(keys(value), BTreeSet::from(["id", "rows", "created", "updated", "skipped", "rejected"]));
    ["rows", "created", "updated", "skipped", "rejected"].map(|key| value[key].as_i64().unwrap())
}

/// What `attune count` says.
pub async fn counted(attune: &Attune, arguments: &[&str]) -> i64 {
    let value = attune.json(&[&["count"], arguments].concat()).await.unwrap();
    assert_eq!(keys(&value), BTreeSet::from(["count"]));
    value["count"].as_i64().unwrap()
}

/// Takes on an administrator.
pub async fn take_on_admin(attune: &Attune) {
    let arguments =
        ["user", "create", "--email", "ada@attune.example", "--name", "Ada Admin", "--role", "admin", "--password", "a long pass phrase"];
    attune.json(&arguments).await.unwrap();
}

/// Takes on an agent called `name`, whose address is `name`@attune.example.
pub async fn take_on_agent(attune: &Attune, name: &str) {
    let email = format!("{name}@attune.example");
    let arguments = ["user", "create", "--email", &email, "--name", name, "--role", "agent", "--password", "a long pass phrase"];
    attune.json(&arguments).await.unwrap();
}

/// A fresh API key of a role.
pub async fn api_key(attune: &Attune, role: &str) -> String {
    let value = attune.json(&["api-key", "create", "--role", role]).await.unwrap();
    value["key"].as_str().unwrap().to_owned()
}

/// A push funnel as a file: one round for each field that decides who responds, then hand-over to `reps`.
pub fn funnel_file(name: &str, audience: &str, fields: &[&str], reps: &str) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let mut text =
        format!("name = {}\naudience = {}\nfrom = \"Trial <trial@attune.example>\"\nany_hour = true\n", quoted(name), quoted(audience));
    for (_, number) in fields.iter().zip(1..) {
        write!(
            text,
            r#"
[[rounds]]
name = "Round {number}"
offer = "Offer {number}"
subject = "Offer {number}"
respond = "clicked"
wait = "1d"
mjml = '''<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{{{ contact.name | default('there') }}}}</mj-text>
<mj-button href="https://shop.example/offer/{number}">Look</mj-button>
<mj-text><a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>'''
"#
        )
        .unwrap();
    }
    let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
    write!(text, "\n[handover]\ncap = 40\nreps = [{reps}]\n\n[simulate]\nrespond = [{}]\n", fields.join(", ")).unwrap();
    text
}
