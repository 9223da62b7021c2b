//! B8 and B13: how fast pages come on the large store, and how heavy they are.

use std::time::Instant;

use anyhow::{Context, Result};
use attune_govern::staff::{self, StaffForm};
use attune_identify::contact::ContactId;
use attune_kernel::{Clock, Ids};
use attune_web::Actor;
use reqwest::Client;
use reqwest::header::{ACCEPT_ENCODING, COOKIE, HeaderMap, HeaderValue};

use crate::figures::{Series, number};
use crate::fill::{self, Dice};
use crate::ground::{Ground, Store};
use crate::program::Server;
use crate::report::Finding;

const EMAIL: &str = "bench@attune.example";

/// A running server and somebody who is signed in.
struct Visit {
    server: Server,
    client: Client,
}

impl Visit {
    async fn begin(ground: &Ground) -> Result<Self> {
        let store = ground.large().await?;
        let token = sign_in(store).await?;
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_str(&format!("attune_session={token}"))?);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let client = Client::builder().default_headers(headers).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { server: Server::start(ground, &store.argument, &[])?, client })
    }

    /// The body as it travelled.
    async fn get(&self, path: &str) -> Result<Vec<u8>> {
        let answer = self.client.get(self.server.url(path)).send().await?;
        if answer.status() != reqwest::StatusCode::OK {
            anyhow::bail!("{path} answered {}", answer.status());
        }
        Ok(answer.bytes().await?.to_vec())
    }
}

/// An administrator with an open session; answers the session's token.
async fn sign_in(store: &Store) -> Result<String> {
    let (db, clock) = (store.open().await?, Clock::system());
    let (now, ids) = (clock.now(), Ids::new(clock, 7));
    let told = |fault: attune_kernel::Fault| anyhow::anyhow!("{fault}");
    let form = StaffForm {
        name: "Bench".to_owned(),
        email: EMAIL.to_owned(),
        role: "admin".to_owned(),
        locale: "en".to_owned(),
        time_zone: "UTC".to_owned(),
        password: "a-long-bench-password".to_owned(),
        active: Some("on".to_owned()),
        ..StaffForm::default()
    };
    let draft = form.hashed(true).await.map_err(told)?.map_err(|_| anyhow::anyhow!("the administrator's form is wrong"))?;
    let mut tx = db.begin().await?;
    let id = match staff::find_by_email(&mut tx, EMAIL).await? {
        Some(member) => member.id,
        None => staff::create(&mut tx, &ids, now, &Actor::system(), &draft).await?,
    };
    let token = attune_govern::session::open(&mut tx, &ids, now, id, "bench").await.map_err(told)?;
    tx.commit().await?;
    Ok(token)
}

/// The pages of B8: what it is called, and the address of request number `n`.
fn paths(kind: &str, number: usize, contacts: i64) -> String {
    let mut dice = Dice::new(number as u64);
    let who = dice.below(contacts);
    let [email, given, family, ..] = fill::person(who);
    match kind {
        "contact page" => format!("/contacts/{}", ContactId(fill::contact_id(who))),
        "contacts list" => "/contacts".to_owned(),
        "list by score" => "/contacts?sort=score".to_owned(),
        "search by name" => format!("/contacts?q={given}+{family}"),
        _ => format!("/palette?q={email}"),
    }
}

const KINDS: [&str; 5] = ["contact page", "contacts list", "list by score", "search by name", "palette by address"];

/// B8: p95 of each page, one request at a time; the slowest page counts.
pub async fn times(ground: &Ground) -> Result<Vec<Finding>> {
    let visit = Visit::begin(ground).await?;
    let asked = ground.scale.asked;
    let (mut worst, mut told) = (0.0_f64, Vec::new());
    for kind in KINDS {
        let mut waits = Vec::with_capacity(asked);
        // The first tenth warms the caches.
        for number in 0..asked + asked / 10 {
            let path = paths(kind, number, ground.scale.contacts);
            let begun = Instant::now();
            visit.get(&path).await.with_context(|| format!("asking for {path}"))?;
            if number >= asked / 10 {
                waits.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
        let waits: Series = waits.into_iter().collect();
        let p95 = waits.quantile(0.95);
        told.push(format!("{kind} {} ms (median {})", number(p95), number(waits.median())));
        worst = worst.max(p95);
    }
    visit.server.stop()?;
    let finding = Finding::count("B8", "slowest page, p95", "ms", worst, (50.0, 15.0));
    Ok(vec![finding.note(format!("p95: {}", told.join(", "))).note("measured at the client, over loopback, one request at a time")])
}

/// B13: compressed bytes of a contact's page and of the scripts it asks for.
pub async fn weight(ground: &Ground) -> Result<Vec<Finding>> {
    let visit = Visit::begin(ground).await?;
    let path = paths("contact page", 1, ground.scale.contacts);
    let html = visit.get(&path).await?.len();
    let plain = visit.client.get(visit.server.url(&path)).header(ACCEPT_ENCODING, "identity").send().await?.text().await?;
    let mut scripts = 0;
    let sources = attributes(&plain, "<script", "src");
    for source in &sources {
        scripts += visit.get(source).await?.len();
    }
    visit.server.stop()?;
    let kilobytes = |bytes: usize| bytes as f64 / 1e3;
    let page = Finding::count("B13", "contact page, HTML gz", "kB", kilobytes(html), (60.0, 20.0));
    let script = Finding::count("B13", "contact page, JS gz", "kB", kilobytes(scripts), (60.0, 25.0));
    Ok(vec![
        page.note(format!("{} bytes before compression", number(plain.len() as f64))),
        script.note(format!("{} scripts", sources.len())),
    ])
}

/// The values of `name` in every tag that begins with `tag`.
fn attributes(html: &str, tag: &str, name: &str) -> Vec<String> {
    let value = |rest: &str| {
        let inside = rest.split_once('>').map_or(rest, |(inside, _)| inside);
        let (_, from) = inside.split_once(&format!("{name}=\""))?;
        from.split_once('"').map(|(value, _)| value.to_owned())
    };
    html.split(tag).skip(1).filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_of_scripts_are_found() {
        let html = r#"<script src="/a.js" defer></script><p src="/x"></p><script type="module" src="/b.js"></script><script>1</script>"#;
        assert_eq!(attributes(html, "<script", "src"), ["/a.js", "/b.js"]);
    }
}
