//! `attune demo`: real purchases of 1997, a push funnel answered by what these customers truly did later, and the pages to look at it.
//!
//! Every step leaves a mark in the store, so that a second start goes on where the first was interrupted.

pub mod drive;
mod names;
pub mod recipients;
mod sample;
pub mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use attune_govern::staff::{self, StaffForm};
use attune_house::{App, setting_text, write_setting};
use attune_identify::import::{self, EventOptions, Options};
use attune_interact::push_funnel::{self, FunnelState, PushFunnelId};
use attune_kernel::Fault;
use attune_web::Actor;

use crate::boot::{Serving, bind, boot};
use crate::cli;
use crate::command::{Ended, Outcome, Say};
use crate::config::Config;
use drive::{Audience, Report, drive};
use recipients::{Decides, Recipients};
use sample::Sample;

/// The administrator of the demo.
const EMAIL: &str = "demo@attune.example";
const PASSWORD: &str = "attune-demo";
/// The reps of the demo, with their teams.
const REPS: [(&str, &str, &str, &str); 4] = [
    ("Mei Tan", "mei@attune.example", "East", "zh-CN"),
    ("Jonas Vogel", "jonas@attune.example", "West", "en"),
    ("Carla Rossi", "carla@attune.example", "West", "en"),
    ("刘洋", "liuyang@attune.example", "East", "zh-CN"),
];
const FUNNEL: &str = include_str!("../../../samples/push-funnel.toml");
/// The setting that remembers how far the demo is.
const STAGE: &str = "demo.stage";
const FUNNEL_ID: &str = "demo.funnel";

/// Decides by the bundled truth about later weeks.
struct Truth(Sample);

impl Decides for Truth {
    fn responds(&self, address: &str, round: usize) -> bool {
        self.0.responds.get(address).and_then(|rounds| rounds.get(round.wrapping_sub(1))).copied().unwrap_or(false)
    }
}

/// Runs the demo.
pub async fn run(mut config: Config, args: &cli::Demo, say: &Say) -> Outcome {
    let dir = args.data.clone().unwrap_or_else(|| PathBuf::from("attune-demo"));
    if args.reset {
        reset(&dir)?;
    }
    "mailbox".clone_into(&mut config.mail.delivery);
    "127.0.0.1:0".clone_into(&mut config.mailbox.listen);
    let port = args.port.unwrap_or(if args.once { 0 } else { 7411 });
    let listener = bind(&format!("127.0.0.1:{port}")).await?;
    let address = listener.local_addr()?;
    config.server.listen = address.to_string();
    config.server.public_url = format!("http://{address}");
    crate::measures::install();
    say.line(say.l().of("demo-hello").s("store", dir.display()));
    let booted = boot(&config, &dir.display().to_string()).await?;
    let (app, serving) = Serving::start(booted, listener).await?;
    let shown = build(&app, &dir, address, args.seed, say).await;
    let outcome = match shown {
        Ok(report) => tell(&app, &report, args.once, say),
        Err(fault) => Err(fault),
    };
    if outcome.is_ok() && !args.once {
        crate::command::stopped().await;
    }
    serving.end().await;
    outcome
}

/// Removes a demo store; refuses a directory that holds anything else.
fn reset(dir: &Path) -> Result<(), Fault> {
    if !dir.exists() {
        return Ok(());
    }
    let strange = std::fs::read_dir(dir)?.filter_map(Result::ok).find(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        !name.starts_with("attune.db") && !name.starts_with("demo-")
    });
    match strange {
        Some(entry) => Err(Fault::new(format!("{} is not a demo store: it holds {:?}", dir.display(), entry.file_name()))),
        None => Ok(std::fs::remove_dir_all(dir)?),
    }
}

async fn build(app: &App, dir: &Path, address: std::net::SocketAddr, seed: u64, say: &Say) -> Result<Report, Fault> {
    let sample = sample::read(seed)?;
    if stage(app).await? == 0 {
        people(app).await?;
        set_stage(app, 1).await?;
    }
    if stage(app).await? == 1 {
        bring_in(app, dir, &sample, say).await?;
        set_stage(app, 2).await?;
    }
    drive::quiet(app).await?;
    let id = funnel(app).await?;
    let recipients = Recipients::new(app.db.clone(), address, &app.public_url, Arc::new(Truth(sample)));
    let mut heard = |round: usize, report: drive::RoundReport| {
        let number = i64::try_from(round).unwrap_or(0);
        say.line(say.l().of("demo-round-done").n("round", number).n("responded", report.responded).n("sent", report.sent));
    };
    let report = drive(app, id, &Audience::Decided(recipients), &mut heard).await?;
    app.settle().await?;
    set_stage(app, 3).await?;
    Ok(Report { ..drive::report(app, id).await.unwrap_or(report) })
}

async fn stage(app: &App) -> Result<i64, Fault> {
    let text = setting_text(&mut app.db.read().await?, STAGE, "0").await?;
    Ok(text.parse().unwrap_or(0))
}

async fn set_stage(app: &App, stage: i64) -> Result<(), Fault> {
    let mut tx = app.db.begin().await?;
    write_setting(&mut tx, STAGE, &stage.to_string(), None, app.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// The administrator, the teams and the reps.
async fn people(app: &App) -> Result<(), Fault> {
    let mut tx = app.db.begin().await?;
    write_setting(&mut tx, "govern.workspace", "Corner Records", None, app.clock.now()).await?;
    write_setting(&mut tx, "govern.currency", "USD", None, app.clock.now()).await?;
    app.workspace.rename("Corner Records");
    let mut members = vec![("Robin Demo", EMAIL, "", "en", "admin")];
    members.extend(REPS.iter().map(|(name, email, team, locale)| (*name, *email, *team, *locale, "agent")));
    for (name, email, team, locale, role) in members {
        if staff::find_by_email(&mut tx, email).await?.is_some() {
            continue;
        }
        let form = StaffForm {
            name: name.to_owned(),
            email: email.to_owned(),
            role: role.to_owned(),
            locale: locale.to_owned(),
            password: PASSWORD.to_owned(),
            active: Some("on".to_owned()),
            ..StaffForm::default()
        };
        let mut draft = form.hashed(true).await?.map_err(|_| Fault::new(format!("{email} cannot be taken on")))?;
        if !team.is_empty() {
            draft.team_id = Some(staff::ensure_team(&mut tx, &app.ids, app.clock.now(), &Actor::system(), team).await?);
        }
        staff::create(&mut tx, &app.ids, app.clock.now(), &Actor::system(), &draft).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Customers and their purchases, through the same imports that users have.
async fn bring_in(app: &App, dir: &Path, sample: &Sample, say: &Say) -> Result<(), Fault> {
    say.line(say.l().of("demo-importing").n("count", sample.customers));
    let (contacts, purchases) = (dir.join("demo-customers.csv"), dir.join("demo-purchases.csv"));
    std::fs::write(&contacts, &sample.contacts_csv)?;
    std::fs::write(&purchases, &sample.purchases_csv)?;
    let bar = say.progress(None);
    let mut tell = |progress: import::Progress| {
        bar.set_length(progress.total.unsigned_abs());
        bar.set_position(progress.done.unsigned_abs());
    };
    let options = Options { key: Some("external_id".to_owned()), ..Options::default() };
    import::run_file(&app.bench(), &Actor::system(), &contacts, &options, &mut tell).await?;
    let (key, column) = ("external_id".to_owned(), |name: &str| Some(name.to_owned()));
    let event =
        import::EventPlan { name: "{name}".to_owned(), at: "at".to_owned(), currency: column("USD"), ..import::EventPlan::default() };
    let event = import::EventPlan { subject: column("subject"), amount: column("amount"), ..event };
    let map = import::MapFile { key: Some(key), events: vec![event], ..import::MapFile::default() };
    let options = EventOptions { map: Some(map), create_missing: false, dry_run: false };
    import::run_events(&app.bench(), &Actor::system(), &purchases, &options, &mut tell).await?;
    bar.finish_and_clear();
    Ok(())
}

/// The demo's push funnel, made and started unless an earlier start did.
async fn funnel(app: &App) -> Result<PushFunnelId, Fault> {
    let mut tx = app.db.begin().await?;
    let kept = setting_text(&mut tx, FUNNEL_ID, "").await?;
    let id = match kept.parse::<PushFunnelId>() {
        Ok(id) => id,
        Err(_) => {
            let file = push_funnel::from_toml(&FUNNEL.replace("@SITE@", &app.public_url))?;
            let draft = push_funnel::file::draft(&mut tx, &app.ids, app.clock.now(), &file).await?;
            let id = push_funnel::create(&mut tx, &app.ids, app.clock.now(), &draft, (None, None)).await?;
            write_setting(&mut tx, FUNNEL_ID, &id.to_string(), None, app.clock.now()).await?;
            id
        }
    };
    let facets = attune_interact::audience::facets(app.house());
    if push_funnel::store::get(&mut tx, id).await?.state == FunnelState::Draft {
        push_funnel::start(&mut tx, &app.bench(), &facets, id).await?;
    }
    tx.commit().await?;
    Ok(id)
}

fn tell(app: &App, report: &Report, once: bool, say: &Say) -> Outcome {
    let l = say.l();
    let mut text = table::draw(report, l);
    if !once {
        let line = |key: &str, value: &str| format!("\n{:<14} {value}", l.t(key));
        text.push_str(&format!("\n{}", l.t("demo-ready")));
        text.push_str(&line("demo-url", &app.public_url));
        text.push_str(&line("demo-login", &format!("{EMAIL} / {PASSWORD}")));
        text.push_str(&line("demo-shop", &format!("{}/shop", app.public_url)));
        text.push_str(&line("demo-mailbox", &format!("{}/mailbox", app.public_url)));
        text.push_str(&format!("\n{}", l.t("demo-stop")));
    }
    say.result(report, text);
    Ok(if report.unknown == 0 { Ended::Well } else { Ended::InPart })
}
