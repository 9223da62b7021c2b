//! The page of the sender's domain: which DKIM keys sign, and the DNS records that publish them.

use askama::Template;
use attune_house::App;
use attune_record::audit;
use attune_web::{Answer, Can, Flash, Path, Problem, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};

use crate::room::SendMail;
use crate::rules;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mail/sender", get(show)).route("/mail/sender/{kind}", post(generate))
}

/// A key as shown.
struct Key {
    kind: &'static str,
    path: &'static str,
    dns_name: String,
    record: String,
}

#[derive(Template)]
#[template(path = "sender.html")]
struct SenderPage {
    shell: Shell,
    address: String,
    keys: Vec<Key>,
}

/// GET /mail/sender
async fn show(_: Can<SendMail>, State(app): State<App>, shell: Shell) -> Answer {
    let mut tx = app.db.read().await?;
    let (_, address) = rules::default_sender(&mut tx).await?;
    let signers = rules::signers(&mut tx, &address).await?;
    let key = |kind: &'static str, path: &'static str, suffix: &str| {
        let signer = signers.iter().find(|signer| signer.dns_name().split('.').next().is_some_and(|selector| selector.ends_with(suffix)));
        let record = signer.and_then(|signer| signer.key().public_dns_record().ok());
        Key {
            kind,
            path,
            dns_name: signer.map_or_else(String::new, attune_courier::DkimSigner::dns_name),
            record: record.unwrap_or_default(),
        }
    };
    let keys = vec![key("Ed25519", "ed25519", "-ed"), key("RSA", "rsa", "-rsa")];
    let page = SenderPage { shell, address, keys };
    Ok(page.shell.page(&page))
}

/// POST /mail/sender/{kind}
async fn generate(can: Can<SendMail>, State(app): State<App>, shell: Shell, Path(kind): Path<String>) -> Answer {
    if !matches!(kind.as_str(), "ed25519" | "rsa") {
        return Err(Problem::NotFound);
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let (dns_name, _) = rules::generate_dkim(&mut tx, kind == "rsa", Some(can.actor.staff_id), now).await?;
    let after = serde_json::json!({ "kind": kind, "dns_name": dns_name });
    audit::note(&mut tx, &app.ids, now, &can.actor, "dkim_key.made", "setting", 0, None, Some(after)).await?;
    tx.commit().await?;
    Ok(shell.leave("/mail/sender", Flash::good("sender-made")))
}
