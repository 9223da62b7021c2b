//! B4 and B5: a campaign from its plan to the last written outcome, against what the machine can hand over or sign at all.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use attune_db::{Db, Value};
use attune_interact::audience::Audience;
use attune_interact::campaign::{self, CampaignDraft, CampaignId};
use attune_interact::template::{self, TemplateDraft, TemplateId};
use attune_jobs::Bench;
use attune_kernel::{Clock, Ids};

use crate::figures::{Series, number};
use crate::fill;
use crate::ground::{Ground, Store};
use crate::program::Server;
use crate::report::Finding;
use crate::smtp::{SESSIONS, Sink};

/// A store from which campaigns are sent to everybody.
pub struct Post {
    /// The store.
    pub store: Store,
    mails: i64,
    template_id: TemplateId,
}

/// What a campaign came to.
pub struct Posted {
    /// From before the plan until the last mail's outcome was written, without the time between plan and start of the server.
    pub seconds: f64,
    /// Of which the plan took.
    pub plan_seconds: f64,
    /// The most memory the server held, in bytes.
    pub peak_bytes: u64,
}

/// B4: signed with Ed25519.
pub async fn ed25519(ground: &Ground) -> Result<Vec<Finding>> {
    let mails = ground.scale.mails;
    let (post, sink) = (Post::prepare(ground, mails, false).await?, Sink::start()?);
    let (mut limit, mut attune, mut plan) = (Series::default(), Series::default(), Series::default());
    for _ in 0..ground.scale.rounds {
        limit.push(tokio::task::block_in_place(|| sink.limit(mails))?);
        let posted = post.send(ground, &sink).await?;
        attune.push(mails as f64 / posted.seconds);
        plan.push(posted.plan_seconds);
    }
    let finding = Finding::rate("B4", "campaign mails, Ed25519", "mails/s", (&limit, &attune), (0.25, 0.70));
    let sizes = format!("{} mails a round with five tracked links each; limit: {}", number(mails as f64), sink.limit_name());
    let plan = format!("planning the rows took {} s of a round; the start of the server is counted too", number(plan.median()));
    Ok(vec![finding.note(sizes).note(plan)])
}

/// B5: signed with RSA-2048.
pub async fn rsa(ground: &Ground) -> Result<Vec<Finding>> {
    let mails = ground.scale.rsa_mails;
    let (post, sink) = (Post::prepare(ground, mails, true).await?, Sink::start()?);
    let (mut limit, mut attune) = (Series::default(), Series::default());
    for _ in 0..ground.scale.rounds {
        limit.push(tokio::task::block_in_place(signatures_a_second)?);
        attune.push(mails as f64 / post.send(ground, &sink).await?.seconds);
    }
    let finding = Finding::rate("B5", "campaign mails, RSA-2048", "mails/s", (&limit, &attune), (0.50, 0.80));
    Ok(vec![finding.note(format!("{} mails a round; limit: cores × `openssl speed rsa2048`, one core measured", number(mails as f64)))])
}

/// What all cores could sign with RSA-2048 if they did nothing else.
fn signatures_a_second() -> Result<f64> {
    let mut speed = Command::new("openssl");
    let output = speed
        .args(["speed", "-seconds", "2", "rsa2048"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .context("running openssl speed")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text
        .lines()
        .find(|line| line.starts_with("rsa 2048") || line.starts_with("rsa  2048"))
        .context("openssl speed said nothing of rsa 2048")?;
    let mut columns = line.split_whitespace().rev();
    let signs: f64 = columns.nth(1).and_then(|text| text.parse().ok()).with_context(|| format!("openssl speed said {line:?}"))?;
    Ok(signs * std::thread::available_parallelism().map_or(1, usize::from) as f64)
}

impl Post {
    /// A store with `mails` recipients, a signing key and a template of five links.
    pub async fn prepare(ground: &Ground, mails: i64, rsa: bool) -> Result<Self> {
        let store = ground.fresh().await?;
        let db = fill::open(&store).await?;
        fill::contacts(&db, mails).await?;
        let clock = Clock::system();
        let (now, ids) = (clock.now(), Ids::new(clock, 7));
        let mut tx = db.begin().await?;
        attune_interact::rules::generate_dkim(&mut tx, rsa, None, now).await.map_err(told)?;
        // The arbiter looks at everything but finds nothing to hold back.
        for (key, value) in [("interact.quiet_hours", ""), ("interact.cap_mails", "0")] {
            attune_house::write_setting(&mut tx, key, value, None, now).await?;
        }
        let template_id = template::create(&mut tx, &ids, now, &letter(), None).await?;
        tx.commit().await?;
        db.analyze().await?;
        db.checkpoint().await?;
        Ok(Self { store, mails, template_id })
    }

    /// Plans a campaign to everybody, starts the server and follows it to the last mail.
    pub async fn send(&self, ground: &Ground, sink: &Sink) -> Result<Posted> {
        let clock = Clock::system();
        let db = self.store.open().await?;
        let bench = Bench { ids: Ids::new(clock.clone(), 7), db: db.clone(), clock: clock.clone() };
        let begun = Instant::now();
        let id = self.plan(&bench).await?;
        let plan_seconds = begun.elapsed().as_secs_f64();
        let started_at = clock.now();
        let server = Server::start(ground, &self.store.argument, &relay(sink))?;
        let ended_at = follow(&db, id).await?;
        let peak_bytes = server.peak_bytes();
        server.stop()?;
        self.check(&db, id).await?;
        Ok(Posted { seconds: plan_seconds + (ended_at - started_at) as f64 / 1e6, plan_seconds, peak_bytes })
    }

    async fn plan(&self, bench: &Bench) -> Result<CampaignId> {
        let draft = CampaignDraft {
            name: "Bench".to_owned(),
            audience: Audience::of_rule("email is known"),
            template_id: self.template_id,
            from_name: "Bench".to_owned(),
            from_address: "hello@attune.example".to_owned(),
            topic_id: None,
        };
        let mut tx = bench.db.begin().await?;
        let id = campaign::create(&mut tx, &bench.ids, bench.clock.now(), &draft, (None, None)).await?;
        let planned = campaign::start(&mut tx, bench, &[], id).await?;
        tx.commit().await?;
        if planned == self.mails { Ok(id) } else { bail!("{planned} mails were planned instead of {}", self.mails) }
    }

    /// Every mail must have been accepted: a fast refusal is no speed.
    async fn check(&self, db: &Db, id: CampaignId) -> Result<()> {
        let sql = "SELECT count(*) FROM sends s JOIN mailings m ON m.id = s.mailing_id WHERE m.owner_id = $1 AND s.state = 'accepted'";
        let accepted = db.read().await?.count(sql, [Value::Int(id.0)]).await?;
        if accepted == self.mails { Ok(()) } else { bail!("{accepted} of {} mails were accepted", self.mails) }
    }
}

fn told(fault: attune_kernel::Fault) -> anyhow::Error {
    anyhow::anyhow!("{fault}")
}

fn relay(sink: &Sink) -> [(&'static str, String); 5] {
    [
        ("MAIL__DELIVERY", "smtp".to_owned()),
        ("MAIL__HOST", sink.address.ip().to_string()),
        ("MAIL__PORT", sink.address.port().to_string()),
        ("MAIL__SECURITY", "none".to_owned()),
        ("MAIL__CONNECTIONS", SESSIONS.to_string()),
    ]
}

/// Waits until the campaign is over; answers when its last mail ended, µs.
async fn follow(db: &Db, id: CampaignId) -> Result<i64> {
    let begun = Instant::now();
    loop {
        let mut tx = db.read().await?;
        let state = tx.find("SELECT state FROM mailings WHERE owner_id = $1", [Value::Int(id.0)]).await?;
        if state.is_some_and(|row| row.get::<String>("state").is_ok_and(|state| state == "finished")) {
            let last = "SELECT max(s.ended_at) FROM sends s JOIN mailings m ON m.id = s.mailing_id WHERE m.owner_id = $1";
            return Ok(tx.count(last, [Value::Int(id.0)]).await?);
        }
        drop(tx);
        if begun.elapsed() > Duration::from_secs(3_600) {
            bail!("the campaign was not over within an hour");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A newsletter of five items, each with its link: with everything TCP adds 7.4 kB go over the wire for each, and 5.7 kB for the limit's.
fn letter() -> TemplateDraft {
    let item = |number: i64| {
        format!(
            "<p><b>Item {number}.</b> Two sentences about something new on the shelf, with a number and a reason to look. It is in stock today. \
             <a href=\"https://shop.example/items/{number}?from=mail\">Have a look</a></p>"
        )
    };
    let items: String = (1..=5).map(item).collect();
    TemplateDraft {
        name: "Bench".to_owned(),
        language: "en".to_owned(),
        subject: "Five things for {{ contact.given_name | default(\"you\") }}".to_owned(),
        preheader: "What is new this week".to_owned(),
        mjml: format!(
            "<mjml><mj-body><mj-section><mj-column><mj-text><p>Hello {{{{ contact.given_name | default(\"you\") }}}},</p>{items}</mj-text>\
             </mj-column></mj-section></mj-body></mjml>"
        ),
    }
}
