//! `attune push-funnel run FILE`.

use std::path::Path;
use std::sync::Arc;

use attune_house::App;
use attune_interact::push_funnel::{self, PushFunnelId, file::FunnelFile};
use attune_interact::series::SeriesError;
use attune_kernel::Fault;

use super::{Ended, Outcome, Say, stopped};
use crate::boot::{Serving, bind, boot};
use crate::config::Config;
use crate::demo::drive::{self, Audience, Chosen};
use crate::demo::recipients::Recipients;

pub(super) async fn run(mut config: Config, store: &str, file: &Path, say: &Say) -> Outcome {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return Ok(Ended::WrongUse(format!("{}: {error}", file.display()))),
    };
    let funnel = match push_funnel::from_toml(&text) {
        Ok(funnel) => funnel,
        Err(error) => return Ok(Ended::WrongUse(format!("{}: {error}", file.display()))),
    };
    if funnel.simulation.is_some() && config.mail.delivery != "mailbox" {
        return Ok(Ended::WrongUse(say.l().t("cli-simulate-mailbox").to_string()));
    }
    // Heard from now on: whoever wants the program to end may say so before it serves.
    let stopped = stopped();
    let listener = bind(if funnel.simulation.is_some() { "127.0.0.1:0" } else { &config.server.listen }).await?;
    if funnel.simulation.is_some() {
        config.server.listen = listener.local_addr()?.to_string();
        config.server.public_url = format!("http://{}", config.server.listen);
    }
    let booted = boot(&config, store).await?;
    let (app, serving) = Serving::start(booted, listener).await?;
    let outcome = tokio::select! {
        outcome = follow(&app, &serving, &funnel, say) => outcome,
        () = stopped => Err(Fault::new(say.l().t("cli-push-funnel-stopped").to_string())),
    };
    serving.end().await;
    outcome
}

async fn follow(app: &App, serving: &Serving, file: &FunnelFile, say: &Say) -> Outcome {
    let under_way = push_funnel::file::find_under_way(&mut app.db.read().await?, file).await?;
    let id = match under_way {
        Some(funnel) => {
            say.line(say.l().of("cli-push-funnel-goes-on").s("name", &funnel.name));
            funnel.id
        }
        None => match start(app, file).await? {
            Ok(id) => id,
            Err(what) => return Ok(Ended::WrongUse(what)),
        },
    };
    let audience = match &file.simulation {
        None => Audience::Real,
        Some(simulation) => {
            let chosen = Arc::new(Chosen::default());
            let recipients = Recipients::new(app.db.clone(), serving.address, &app.public_url, chosen.clone());
            Audience::ByField { recipients, chosen, fields: simulation.respond.clone() }
        }
    };
    let mut heard = |round: usize, report: drive::RoundReport| {
        let number = i64::try_from(round).unwrap_or(0);
        say.line(say.l().of("demo-round-done").n("round", number).n("responded", report.responded).n("sent", report.sent));
    };
    let report = drive::drive(app, id, &audience, &mut heard).await?;
    say.result(&report, crate::demo::table::draw(&report, say.l()));
    Ok(if report.unknown == 0 { Ended::Well } else { Ended::InPart })
}

/// Makes the funnel and starts it; the inner error is a mistake in the file.
async fn start(app: &App, file: &FunnelFile) -> Result<Result<PushFunnelId, String>, Fault> {
    let mut tx = app.db.begin().await?;
    let draft = match push_funnel::file::draft(&mut tx, &app.ids, app.clock.now(), file).await {
        Ok(draft) => draft,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let id = push_funnel::create(&mut tx, &app.ids, app.clock.now(), &draft, (None, None)).await?;
    let facets = attune_interact::audience::facets(app.house());
    match push_funnel::start(&mut tx, &app.bench(), &facets, id).await {
        Ok(_) => tx.commit().await?,
        Err(error @ (SeriesError::NoRound | SeriesError::Audience(_))) => return Ok(Err(error.to_string())),
        Err(other) => return Err(other.into()),
    }
    Ok(Ok(id))
}
