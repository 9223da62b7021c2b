//! The push funnel's pages: list, drawing board, live view, the people behind every number.

use std::sync::Arc;

use askama::Template;
use attune_db::Tx;
use attune_house::App;
use attune_kernel::Fault;
use attune_record::audit;
use attune_web::kit::{Choice, cut_page};
use attune_web::{Answer, Can, Flash, Form, FormErrors, Lang, Live, Path, Problem, Query, Shell, live};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::drawing::{Band, bands, fan, units, upright_height};
use super::figures::{self, FunnelFigures, RoundFigures};
use super::form::{FunnelForm, RoundForm};
use super::{FunnelState, PushFunnel, PushFunnelId, Respond, Round, RoundState, run, store};
use crate::message::people::{PeopleFilter, Place, people_view};
use crate::message::{self, Mailing, Outcome, store as mailings};
use crate::room::{EditMail, SendMail, ViewMail};
use crate::series::{PAGE, SeriesError, tone};
use crate::{audience, choices, rules};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/push-funnels", get(list).post(add))
        .route("/push-funnels/new", get(blank))
        .route("/push-funnels/{id}", get(show).post(change))
        .route("/push-funnels/{id}/stream", get(stream))
        .route("/push-funnels/{id}/people", get(people))
        .route("/push-funnels/{id}/{act}", post(act))
}

#[derive(Template)]
#[template(path = "push_funnel/list.html")]
struct ListPage {
    shell: Shell,
    funnels: Vec<PushFunnel>,
    next: Option<String>,
}

impl ListPage {
    fn tone_of(&self, funnel: &PushFunnel) -> &'static str {
        tone(funnel.state.word())
    }
}

#[derive(Default, Deserialize)]
struct Paging {
    before: Option<PushFunnelId>,
}

/// GET /push-funnels
async fn list(can: Can<ViewMail>, State(app): State<App>, shell: Shell, Query(paging): Query<Paging>) -> Answer {
    let mut tx = app.db.read().await?;
    let mut funnels = store::list(&mut tx, &can.scope, paging.before.map_or(i64::MAX, |id| id.0), PAGE as i64 + 1).await?;
    let next = cut_page(&mut funnels, PAGE).map(|last| format!("/push-funnels?before={}", last.id));
    let page = ListPage { shell, funnels, next };
    Ok(page.shell.page(&page))
}

/// The drawing board.
#[derive(Template)]
#[template(path = "push_funnel/draw.html", blocks = ["form"])]
struct DrawPage {
    shell: Shell,
    id: Option<PushFunnelId>,
    form: FunnelForm,
    errors: FormErrors,
    templates: Vec<Choice>,
    segments: Vec<Choice>,
    topics: Vec<Choice>,
    staff: Vec<(i64, String)>,
    /// How many the first round would go to; nothing while the rule cannot be read.
    reach: Option<i64>,
}

impl DrawPage {
    fn action(&self) -> String {
        self.id.map_or_else(|| "/push-funnels".to_owned(), |id| format!("/push-funnels/{id}"))
    }

    fn responds(&self) -> Vec<Choice> {
        ["clicked", "opened", "event"].map(|word| Choice::new(word, self.shell.l.t(&format!("push-funnel-respond-{word}")))).into()
    }

    fn field(&self, name: &str, round: &RoundForm) -> String {
        format!("{name}-{}", round.number)
    }
}

async fn draw_page(app: &App, shell: Shell, id: Option<PushFunnelId>, form: FunnelForm, errors: FormErrors) -> Result<DrawPage, Problem> {
    let mut tx = app.db.read().await?;
    let (templates, segments) = (choices::templates(&mut tx).await?, choices::segments(&mut tx).await?);
    let (topics, staff) = (choices::topics(&mut tx, &shell.l).await?, choices::staff(&mut tx).await?);
    let people = audience::Audience::of_form(&form.rule, &form.segment);
    let reach = match &shell.actor {
        Some(actor) => audience::count(&mut tx, &people, actor, &audience::facets(app.house()), app.clock.now()).await.ok(),
        None => None,
    };
    Ok(DrawPage { shell, id, form, errors, templates, segments, topics, staff, reach })
}

/// GET /push-funnels/new
async fn blank(_: Can<EditMail>, State(app): State<App>, shell: Shell) -> Answer {
    let mut tx = app.db.read().await?;
    let sender = rules::default_sender(&mut tx).await?;
    let staff: Vec<i64> = choices::staff(&mut tx).await?.into_iter().map(|(id, _)| id).collect();
    drop(tx);
    let page = draw_page(&app, shell, None, FunnelForm::fresh(sender, &staff), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

/// POST /push-funnels
async fn add(can: Can<EditMail>, State(app): State<App>, shell: Shell, Form(pairs): Form<Vec<(String, String)>>) -> Answer {
    save(&can, &app, shell, None, pairs.into()).await
}

/// POST /push-funnels/{id}
async fn change(
    can: Can<EditMail>,
    State(app): State<App>,
    shell: Shell,
    Path(id): Path<PushFunnelId>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Answer {
    save(&can, &app, shell, Some(id), pairs.into()).await
}

async fn save(can: &Can<EditMail>, app: &App, shell: Shell, id: Option<PushFunnelId>, mut form: FunnelForm) -> Answer {
    if form.redraw() {
        let page = draw_page(app, shell, id, form, FormErrors::new()).await?;
        return Ok(page.shell.show(&page, &page.as_form()));
    }
    let draft = match form.check(&mut app.db.read().await?, app, &can.actor).await? {
        Ok(draft) => draft,
        Err(errors) => {
            let page = draw_page(app, shell, id, form, errors).await?;
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let id = super::keep(app, can, id, &draft).await?;
    Ok(shell.leave(&format!("/push-funnels/{id}"), Flash::good("push-funnel-saved").s("name", draft.name)))
}

/// The live view.
#[derive(Template)]
#[template(path = "push_funnel/show.html", blocks = ["live"])]
struct ShowPage {
    shell: Shell,
    view: FunnelFigures,
    bands: Vec<Band>,
    fan: Vec<(String, bool)>,
    audience: String,
    can_close: bool,
}

impl ShowPage {
    fn new(shell: Shell, view: FunnelFigures, audience: String) -> Self {
        let (bands, fan) = (bands(&view), fan(&view));
        let under_way = view.rounds.iter().any(|round| matches!(round.round.state, RoundState::Sending | RoundState::Open));
        let can_close = under_way && view.funnel.state == FunnelState::Running;
        Self { shell, view, bands, fan, audience, can_close }
    }

    fn act(&self, act: &str) -> String {
        format!("/push-funnels/{}/{act}", self.view.funnel.id)
    }

    fn state_text(&self) -> String {
        self.shell.l.t(&format!("push-funnel-state-{}", self.view.funnel.state.word())).to_string()
    }

    fn tone(&self) -> &'static str {
        tone(self.view.funnel.state.word())
    }

    fn round_tone(&self, round: &RoundFigures) -> &'static str {
        round_tone(round)
    }

    fn responded_outcome(&self, round: &RoundFigures) -> Outcome {
        responded_outcome(round)
    }

    fn is_live(&self) -> bool {
        matches!(self.view.funnel.state, FunnelState::Running | FunnelState::Paused)
            || (self.view.funnel.handed_over < self.view.funnel.survivors)
    }

    fn people(&self, round: &RoundFigures, outcome: Outcome) -> String {
        format!("/push-funnels/{}/people?round={}&what={}", self.view.funnel.id, round.round.id, outcome.word())
    }

    fn drawn(&self) -> Vec<(usize, &RoundFigures, &Band)> {
        self.view.rounds.iter().zip(&self.bands).enumerate().map(|(at, (round, band))| (at, round, band)).collect()
    }

    fn columns(&self) -> usize {
        self.view.rounds.len() + 1
    }

    fn upright(&self) -> usize {
        upright_height(self.view.rounds.len())
    }

    fn responded_share(&self, round: &RoundFigures) -> f64 {
        if round.figures.delivered == 0 { 0.0 } else { round.figures.responded as f64 / round.figures.delivered as f64 }
    }

    fn units(&self, part: &i64, whole: &i64) -> i64 {
        units(*part, *whole)
    }

    fn goes_on(&self, l: &Lang, round: &RoundFigures) -> String {
        let wait = l.duration_ms(round.round.wait_us / 1_000);
        match &round.round.respond {
            Respond::Event(name) => l.of("push-funnel-goes-on-event").s("event", name).s("wait", wait).to_string(),
            other => l
                .of(if *other == Respond::Clicked { "push-funnel-goes-on-clicked" } else { "push-funnel-goes-on-opened" })
                .s("wait", wait)
                .to_string(),
        }
    }

    fn held_back(&self) -> Option<&RoundFigures> {
        self.view.rounds.first().filter(|round| round.mailing.is_some())
    }
}

async fn read(app: &App, shell: Shell, id: PushFunnelId) -> Result<ShowPage, Problem> {
    let mut tx = app.db.read().await?;
    let view = figures::read(&mut tx, id).await?;
    let audience = choices::audience_words(&mut tx, &shell.l, &view.funnel.audience).await?;
    Ok(ShowPage::new(shell, view, audience))
}

async fn covered(can: &Can<ViewMail>, app: &App, id: PushFunnelId) -> Result<PushFunnel, Problem> {
    let mut tx = app.db.read().await?;
    let funnel = store::get(&mut tx, id).await?;
    can.check(funnel.owner_id, funnel.team_id)?;
    Ok(funnel)
}

/// GET /push-funnels/{id}: the drawing board while it is a draft, then the live view.
async fn show(can: Can<ViewMail>, State(app): State<App>, shell: Shell, Path(id): Path<PushFunnelId>) -> Answer {
    let funnel = covered(&can, &app, id).await?;
    if funnel.state == FunnelState::Draft && shell.may("interact.mail.edit") {
        let mut tx = app.db.read().await?;
        let (rounds, reps) = (store::rounds(&mut tx, id).await?, store::reps(&mut tx, id).await?);
        drop(tx);
        let page = draw_page(&app, shell, Some(id), FunnelForm::of(&funnel, &rounds, &reps), FormErrors::new()).await?;
        return Ok(page.shell.page(&page));
    }
    let page = read(&app, shell, id).await?;
    Ok(page.shell.show(&page, &page.as_live()))
}

/// GET /push-funnels/{id}/stream: the live part again whenever something has changed.
async fn stream(can: Can<ViewMail>, State(app): State<App>, shell: Shell, Path(id): Path<PushFunnelId>) -> Answer {
    part(&app, &can, &shell, id).await?;
    let asker = Arc::new((app.clone(), can, shell));
    Ok(live(app.db.listen(message::SIGNAL), move || {
        let asker = asker.clone();
        async move { part(&asker.0, &asker.1, &asker.2, id).await.unwrap_or(Live::Gone) }
    }))
}

/// The part of the page that changes while the funnel runs.
async fn part(app: &App, can: &Can<ViewMail>, shell: &Shell, id: PushFunnelId) -> Result<Live, Problem> {
    covered(can, app, id).await?;
    let page = read(app, shell.clone(), id).await?;
    let html = page.as_live().render().map_err(Fault::from)?;
    Ok(if page.is_live() { Live::New(html) } else { Live::Last(html) })
}

/// POST /push-funnels/{id}/{act}
async fn act(can: Can<SendMail>, State(app): State<App>, shell: Shell, Path((id, act)): Path<(PushFunnelId, String)>) -> Answer {
    let mut tx = app.db.begin().await?;
    let funnel = store::get(&mut tx, id).await?;
    can.check(funnel.owner_id, funnel.team_id)?;
    let (flash, action) = carry_out(&mut tx, &app, id, &act).await?.ok_or(Problem::NotFound)?;
    audit::note(&mut tx, &app.ids, app.clock.now(), &can.actor, action, "push_funnel", id.0, None, None).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/push-funnels/{id}"), flash))
}

/// Does what the act's word says; answers what to tell and what to write into the trail, or nothing when there is no such act.
async fn carry_out(tx: &mut Tx, app: &App, id: PushFunnelId, act: &str) -> Result<Option<(Flash, &'static str)>, SeriesError> {
    let bench = app.bench();
    let done = match act {
        "start" => {
            let count = run::start(tx, &bench, &audience::facets(app.house()), id).await?;
            (Flash::good("push-funnel-started").n("count", count), "push_funnel.started")
        }
        "pause" => {
            run::pause(tx, id).await?;
            (Flash::good("push-funnel-paused"), "push_funnel.paused")
        }
        "resume" => {
            run::resume(tx, &bench, id).await?;
            (Flash::good("push-funnel-resumed"), "push_funnel.resumed")
        }
        "close-round" => {
            run::close_round(tx, &bench, id).await?;
            (Flash::good("push-funnel-round-was-closed"), "push_funnel.round_closed")
        }
        "cancel" => {
            run::cancel(tx, bench.clock.now(), id).await?;
            (Flash::good("push-funnel-cancelled"), "push_funnel.cancelled")
        }
        _ => return Ok(None),
    };
    Ok(Some(done))
}

/// Which round's people.
#[derive(Default, Deserialize)]
struct WhichRound {
    #[serde(default)]
    round: String,
}

/// GET /push-funnels/{id}/people
async fn people(
    can: Can<ViewMail>,
    State(app): State<App>,
    shell: Shell,
    Path(id): Path<PushFunnelId>,
    Query(which): Query<WhichRound>,
    Query(filter): Query<PeopleFilter>,
) -> Answer {
    let funnel = covered(&can, &app, id).await?;
    let (round, mailing) = find_round(&app, id, &which.round).await?;
    let place = Place {
        parent: format!("{} · {}", funnel.name, round.name),
        parent_href: format!("/push-funnels/{id}"),
        base: format!("/push-funnels/{id}/people?round={}&", round.id),
    };
    let page = people_view(&app, &can, shell, mailing.as_ref(), place, &filter).await?;
    Ok(page.shell.page(&page))
}

/// The round asked for, or else the first, with its mailing once it has one.
async fn find_round(app: &App, id: PushFunnelId, asked: &str) -> Result<(Round, Option<Mailing>), Problem> {
    let mut tx = app.db.read().await?;
    let rounds = store::rounds(&mut tx, id).await?;
    let at = rounds.iter().position(|round| round.id.to_string() == asked).unwrap_or(0);
    let round = rounds.into_iter().nth(at).ok_or(Problem::NotFound)?;
    let mailing = match round.mailing_id {
        Some(mailing_id) => mailings::find(&mut tx, mailing_id).await?,
        None => None,
    };
    Ok((round, mailing))
}

fn round_tone(round: &RoundFigures) -> &'static str {
    match round.round.state {
        RoundState::Waiting => "",
        RoundState::Sending => "good",
        RoundState::Open => "blue",
        RoundState::Closed => "accent",
    }
}

/// The people behind the number of responses: fixed ones once the round is closed, before that those who would go on.
fn responded_outcome(round: &RoundFigures) -> Outcome {
    match (&round.round.respond, round.round.state) {
        (Respond::Clicked, RoundState::Sending | RoundState::Open) => Outcome::Clicked,
        (Respond::Opened, RoundState::Sending | RoundState::Open) => Outcome::Opened,
        _ => Outcome::Responded,
    }
}
