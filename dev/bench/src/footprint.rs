//! B10, B11 and B12: memory, disk, and how long a start takes.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use attune_db::Value;

use crate::figures::{Series, megabytes, number};
use crate::ground::{Engine, Ground, Store};
use crate::import;
use crate::mail::Post;
use crate::program::{Running, Server};
use crate::report::Finding;
use crate::smtp::Sink;

/// B10: the most memory the program ever held while idle, during a large campaign and during a large import.
pub async fn memory(ground: &Ground) -> Result<Vec<Finding>> {
    let (mails, rows) = (ground.scale.large_mailing, ground.scale.rows);
    let idle = Finding::count("B10", "memory, idle", "MB", megabytes(idle(ground).await?), (150.0, 60.0));
    let campaign = {
        let (post, sink) = (Post::prepare(ground, mails, false).await?, Sink::start()?);
        post.send(ground, &sink).await?.peak_bytes
    };
    let campaign = Finding::count("B10", "memory, campaign", "MB", megabytes(campaign), (600.0, 300.0));
    let import = Finding::count("B10", "memory, import", "MB", megabytes(importing(ground, rows).await?), (600.0, 400.0));
    let how = "VmHWM of the process: the peak, not the average";
    Ok(vec![
        idle.note(how),
        campaign.note(format!("{} mails", number(mails as f64))).note(how),
        import.note(format!("{} rows", number(rows as f64))).note(how),
    ])
}

async fn idle(ground: &Ground) -> Result<u64> {
    let store = ground.fresh().await?;
    let server = Server::start(ground, &store.argument, &[])?;
    let page = reqwest::get(server.url("/sign-in")).await?;
    page.bytes().await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let peak = server.peak_bytes();
    server.stop()?;
    Ok(peak)
}

/// Runs `attune import contacts` and watches it.
async fn importing(ground: &Ground, rows: i64) -> Result<u64> {
    let store = ground.fresh().await?;
    let file = import::write_file(&ground.folder, rows)?;
    let mut command = Command::new(&ground.program);
    command.args(["--store", &store.argument, "import", "contacts"]).arg(&file).args(["--key", "email"]);
    let mut running =
        Running::start(command.current_dir(&ground.folder).env("ATTUNE_LOG__LEVEL", "warn").stdout(Stdio::null()).stderr(Stdio::null()))?;
    let mut peak = 0;
    let well = loop {
        peak = peak.max(running.peak_bytes());
        if let Some(well) = running.ended()? {
            break well;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    std::fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
    if well { Ok(peak) } else { bail!("the import failed") }
}

/// B11: bytes of a table and its indexes through its rows, for events and for sends.
pub async fn disk(ground: &Ground) -> Result<Vec<Finding>> {
    let per_event = bytes_a_row(ground.large().await?, ground.engine, "events").await?;
    let mails = ground.scale.mails;
    let (post, sink) = (Post::prepare(ground, mails, false).await?, Sink::start()?);
    post.send(ground, &sink).await?;
    let per_send = bytes_a_row(&post.store, ground.engine, "sends").await?;
    let log = bytes_a_row(&post.store, ground.engine, "events").await?;
    let event = Finding::count("B11", "disk per event", "B", per_event, (250.0, 120.0));
    let send = Finding::count("B11", "disk per send", "B", per_send, (600.0, 300.0));
    Ok(vec![
        event.note("the row and its share of every index; visits and page states come on top"),
        send.note(format!("the row and its share of every index; the log keeps {} B for each mail besides", number(log))),
    ])
}

async fn bytes_a_row(store: &Store, engine: Engine, table: &str) -> Result<f64> {
    let db = store.open().await?;
    db.checkpoint().await?;
    let mut tx = db.read().await?;
    let rows = tx.count(&format!("SELECT count(*) FROM {table}"), []).await?;
    let bytes = match engine {
        Engine::Pg => tx.count("SELECT pg_total_relation_size(CAST(CAST($1 AS TEXT) AS regclass))", [Value::from(table)]).await?,
        Engine::Lite => {
            let mut bytes = 0;
            for row in tx.rows("SELECT name FROM sqlite_master WHERE tbl_name = $1 AND rootpage > 0", [Value::from(table)]).await? {
                let name: String = row.at(0)?;
                bytes += tx.count("SELECT sum(pgsize) FROM dbstat WHERE name = $1 AND aggregate = TRUE", [Value::Text(name)]).await?;
            }
            bytes
        }
    };
    Ok(bytes as f64 / rows.max(1) as f64)
}

/// B12: from the start of the process to the first answer on the large store.
pub async fn start(ground: &Ground) -> Result<Vec<Finding>> {
    let store = ground.large().await?;
    let mut waits = Series::default();
    for _ in 0..ground.scale.rounds {
        let server = Server::start(ground, &store.argument, &[])?;
        waits.push(server.ready_after.as_secs_f64());
        server.stop()?;
    }
    let gigabytes = megabytes(store.bytes().await?) / 1e3;
    let finding = Finding::count("B12", "start to ready", "s", waits.median(), (3.0, 0.5));
    Ok(vec![finding.note(format!("the store is {} GB, in the system's cache", number(gigabytes)))])
}
