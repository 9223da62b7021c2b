//! `attune doctor`: checks what usually goes wrong and says what to do.

use attune_courier::Courier;
use attune_db::{Db, DbOptions, params, sql};
use attune_identify::tracking::Atlas;
use attune_kernel::Clock;
use serde::Serialize;

use super::{Ended, Outcome, Say};
use crate::config::Config;
use crate::house;

#[derive(Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    note: String,
}

pub(super) async fn run(config: &Config, store: &str, say: &Say) -> Outcome {
    let mut findings = vec![Finding { check: "settings", ok: true, note: config.public_url() }];
    findings.extend(check_store(config, store).await);
    findings.push(check_port(&config.server.listen).await);
    findings.push(check_mail(config).await);
    findings.extend(check_networks(config));
    let well = findings.iter().all(|f| f.ok);
    let lines: Vec<String> = findings
        .iter()
        .map(|f| format!("{} {}: {}", if f.ok { "ok " } else { "!! " }, say.l().t(&format!("cli-doctor-{}", f.check)), f.note))
        .collect();
    say.result(&serde_json::json!({ "ok": well, "findings": findings }), lines.join("\n"));
    Ok(if well { Ended::Well } else { Ended::InPart })
}

async fn check_store(config: &Config, store: &str) -> Vec<Finding> {
    let options = DbOptions { connections: 1, durable: config.store.durable, ..DbOptions::default() };
    let shown = store.rsplit('@').next().unwrap_or(store).to_owned();
    let db = match Db::open(store, &options).await {
        Ok(db) => db,
        Err(error) => return vec![Finding { check: "store", ok: false, note: error.to_string() }],
    };
    let mut findings = vec![Finding { check: "store", ok: true, note: shown }];
    let schema = match db.pending(&house::migrations()).await {
        Ok(pending) if pending.is_empty() => Finding { check: "schema", ok: true, note: "ok".to_owned() },
        Ok(pending) => Finding { check: "schema", ok: false, note: format!("{} migrations to run: attune migrate", pending.len()) },
        Err(error) => Finding { check: "schema", ok: false, note: error.to_string() },
    };
    let ready = schema.ok;
    findings.push(schema);
    if ready {
        findings.push(check_staff(&db).await);
        findings.push(check_inbox(&db).await);
    }
    findings
}

async fn check_staff(db: &Db) -> Finding {
    let counted = async {
        let mut tx = db.read().await?;
        tx.count(sql!("SELECT count(*) FROM v_govern_staff WHERE active AND role = 'admin'"), params![]).await
    };
    match counted.await {
        Ok(0) => Finding { check: "staff", ok: false, note: "nobody can sign in: open /setup, or attune user create".to_owned() },
        Ok(n) => Finding { check: "staff", ok: true, note: format!("{n}") },
        Err(error) => Finding { check: "staff", ok: false, note: error.to_string() },
    }
}

/// Whether everything the collector acknowledged could be written.
async fn check_inbox(db: &Db) -> Finding {
    match attune_identify::tracking::put_aside(db).await {
        Ok(None) => Finding { check: "inbox", ok: true, note: "ok".to_owned() },
        Ok(Some((count, reason))) => {
            let place = if db.file().is_some() { "table aside of attune.db-inbox" } else { "table journal_aside" };
            let note = format!("{count} lines could not be written and lie in the {place}; the newest: {reason}");
            Finding { check: "inbox", ok: false, note }
        }
        Err(error) => Finding { check: "inbox", ok: false, note: error.to_string() },
    }
}

/// Whether the files of networks can be read, if there are any.
fn check_networks(config: &Config) -> Option<Finding> {
    let atlas = Atlas::new(config.collect.networks.clone());
    if atlas.is_empty() {
        return None;
    }
    let wrong = atlas.refresh();
    let note = if wrong.is_empty() { format!("{}", config.collect.networks.len()) } else { wrong.join("; ") };
    Some(Finding { check: "networks", ok: wrong.is_empty(), note })
}

async fn check_port(listen: &str) -> Finding {
    match crate::boot::bind(listen).await {
        Ok(_) => Finding { check: "port", ok: true, note: listen.to_owned() },
        Err(fault) => Finding { check: "port", ok: false, note: fault.to_string() },
    }
}

async fn check_mail(config: &Config) -> Finding {
    if config.mail.delivery == "mailbox" {
        return Finding { check: "mail", ok: true, note: "built-in mailbox, nothing leaves this machine".to_owned() };
    }
    let started = Clock::system().now();
    let relay = config.relay(std::net::SocketAddr::from(([127, 0, 0, 1], 0)));
    let probed = match Courier::new(relay) {
        Ok(courier) => courier.probe().await,
        Err(error) => Err(error),
    };
    match probed {
        Ok(probe) => {
            Finding { check: "mail", ok: true, note: format!("{} ({} ms)", probe.banner, (Clock::system().now() - started) / 1000) }
        }
        Err(error) => Finding { check: "mail", ok: false, note: error.to_string() },
    }
}
