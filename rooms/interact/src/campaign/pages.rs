//! The campaign pages: list, draft, live figures, the people behind each figure.

use std::sync::Arc;

use askama::Template;
use attune_db::Tx;
use attune_house::App;
use attune_kernel::Fault;
use attune_record::audit;
use attune_web::kit::{Choice, cut_page};
use attune_web::{Actor, Answer, Can, Flash, Form, FormErrors, Live, Path, Problem, Query, Shell, live};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{Campaign, CampaignDraft, CampaignId, CampaignState, store};
use crate::audience::{self, Audience};
use crate::message::arbiter::Reason;
use crate::message::people::{PeopleFilter, Place, people_view};
use crate::message::{self, Figures, Mailing, Outcome, store as mailings};
use crate::room::{EditMail, SendMail, ViewMail};
use crate::series::{PAGE, SeriesError, tone};
use crate::template::{TemplateId, store as templates};
use crate::{choices, rules};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/campaigns", get(list).post(add))
        .route("/campaigns/new", get(blank))
        .route("/campaigns/{id}", get(show).post(change))
        .route("/campaigns/{id}/edit", get(edit))
        .route("/campaigns/{id}/stream", get(stream))
        .route("/campaigns/{id}/people", get(people))
        .route("/campaigns/{id}/{act}", post(act))
}

/// A line of the list.
struct Line {
    campaign: Campaign,
    figures: Figures,
}

impl Line {
    fn tone(&self) -> &'static str {
        tone(self.campaign.state.word())
    }
}

#[derive(Template)]
#[template(path = "campaign/list.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<Line>,
    next: Option<String>,
}

#[derive(Default, Deserialize)]
struct Paging {
    before: Option<CampaignId>,
}

/// GET /campaigns
async fn list(can: Can<ViewMail>, State(app): State<App>, shell: Shell, Query(paging): Query<Paging>) -> Answer {
    let mut tx = app.db.read().await?;
    let mut found = store::list(&mut tx, &can.scope, paging.before.map_or(i64::MAX, |id| id.0), PAGE as i64 + 1).await?;
    let next = cut_page(&mut found, PAGE).map(|last| format!("/campaigns?before={}", last.id));
    let figures = message::figures_of(&mut tx, found.iter().filter_map(|campaign| campaign.mailing_id)).await?;
    let line = |campaign: Campaign| {
        let figures = campaign.mailing_id.and_then(|id| figures.get(&id).copied()).unwrap_or_default();
        Line { campaign, figures }
    };
    let lines = found.into_iter().map(line).collect();
    let page = ListPage { shell, lines, next };
    Ok(page.shell.page(&page))
}

async fn mailing_of(tx: &mut Tx, campaign: &Campaign) -> Result<Option<Mailing>, Problem> {
    match campaign.mailing_id {
        Some(id) => Ok(mailings::find(tx, id).await?),
        None => Ok(None),
    }
}

/// The fields as typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct CampaignForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    segment: String,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    template: String,
    #[serde(default)]
    topic: String,
    #[serde(default)]
    from_name: String,
    #[serde(default)]
    from_address: String,
}

impl CampaignForm {
    fn of(campaign: &Campaign) -> Self {
        Self {
            name: campaign.name.clone(),
            segment: campaign.audience.segment_id.map_or_else(String::new, choices::segment_value),
            rule: campaign.audience.rule.clone(),
            template: campaign.template_id.to_string(),
            topic: campaign.topic_id.map_or_else(String::new, |topic| topic.to_string()),
            from_name: campaign.from_name.clone(),
            from_address: campaign.from_address.clone(),
        }
    }

    async fn check(&self, app: &App, actor: &Actor) -> Result<Result<CampaignDraft, FormErrors>, Problem> {
        let mut errors = FormErrors::new();
        let name = errors.required("name", &self.name, 120);
        let (from_name, from_address) = rules::check_sender(&mut errors, &self.from_name, &self.from_address);
        let template_id = self.template.parse().unwrap_or(TemplateId(0));
        if template_id.0 == 0 {
            errors.add("template", "web-required");
        }
        let audience = Audience::of_form(&self.rule, &self.segment);
        let mut tx = app.db.read().await?;
        let audience = audience::check(&mut tx, (app, actor), audience, &mut errors).await;
        let topic_id = choices::check_topic(&mut tx, &mut errors, &self.topic).await?;
        Ok(errors.or(CampaignDraft { name, audience, template_id, from_name, from_address, topic_id }))
    }
}

#[derive(Template)]
#[template(path = "campaign/edit.html", blocks = ["form"])]
struct EditPage {
    shell: Shell,
    id: Option<CampaignId>,
    form: CampaignForm,
    errors: FormErrors,
    templates: Vec<Choice>,
    segments: Vec<Choice>,
    topics: Vec<Choice>,
}

async fn edit_page(app: &App, shell: Shell, id: Option<CampaignId>, form: CampaignForm, errors: FormErrors) -> Result<EditPage, Problem> {
    let mut tx = app.db.read().await?;
    let (templates, segments) = (choices::templates(&mut tx).await?, choices::segments(&mut tx).await?);
    let topics = choices::topics(&mut tx, &shell.l).await?;
    Ok(EditPage { shell, id, form, errors, templates, segments, topics })
}

/// GET /campaigns/new
async fn blank(_: Can<EditMail>, State(app): State<App>, shell: Shell) -> Answer {
    let mut tx = app.db.read().await?;
    let (from_name, from_address) = rules::default_sender(&mut tx).await?;
    drop(tx);
    let form = CampaignForm { from_name, from_address, ..CampaignForm::default() };
    let page = edit_page(&app, shell, None, form, FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

/// GET /campaigns/{id}/edit
async fn edit(can: Can<EditMail>, State(app): State<App>, shell: Shell, Path(id): Path<CampaignId>) -> Answer {
    let mut tx = app.db.read().await?;
    let campaign = store::get(&mut tx, id).await?;
    can.check(campaign.owner_id, campaign.team_id)?;
    drop(tx);
    let page = edit_page(&app, shell, Some(id), CampaignForm::of(&campaign), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

/// POST /campaigns
async fn add(can: Can<EditMail>, State(app): State<App>, shell: Shell, Form(form): Form<CampaignForm>) -> Answer {
    save(&can, &app, shell, None, form).await
}

/// POST /campaigns/{id}
async fn change(
    can: Can<EditMail>,
    State(app): State<App>,
    shell: Shell,
    Path(id): Path<CampaignId>,
    Form(form): Form<CampaignForm>,
) -> Answer {
    save(&can, &app, shell, Some(id), form).await
}

async fn save(can: &Can<EditMail>, app: &App, shell: Shell, id: Option<CampaignId>, form: CampaignForm) -> Answer {
    let draft = match form.check(app, &can.actor).await? {
        Ok(draft) => draft,
        Err(errors) => {
            let page = edit_page(app, shell, id, form, errors).await?;
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let id = super::keep(app, can, id, &draft).await?;
    Ok(shell.leave(&format!("/campaigns/{id}"), Flash::good("campaign-saved").s("name", draft.name)))
}

/// A campaign with everything its page shows.
#[derive(Template)]
#[template(path = "campaign/show.html", blocks = ["live"])]
struct ShowPage {
    shell: Shell,
    campaign: Campaign,
    template: String,
    audience: String,
    /// How many a draft would go to; nothing when its rule cannot be read.
    reach: Option<i64>,
    mailing: Option<Mailing>,
    figures: Figures,
    held_back: Vec<(Reason, i64)>,
    rate: i64,
}

impl ShowPage {
    fn act(&self, act: &str) -> String {
        format!("/campaigns/{}/{act}", self.campaign.id)
    }

    fn state_text(&self) -> String {
        self.shell.l.t(&format!("campaign-state-{}", self.campaign.state.word())).to_string()
    }

    fn tone(&self) -> &'static str {
        tone(self.campaign.state.word())
    }

    fn figure(&self, outcome: Outcome) -> String {
        format!("/campaigns/{}/people?what={}", self.campaign.id, outcome.word())
    }

    fn is_live(&self) -> bool {
        self.campaign.state == CampaignState::Running
    }
}

async fn read(app: &App, shell: Shell, id: CampaignId, covers: impl Fn(&Campaign) -> Result<(), Problem>) -> Result<ShowPage, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.read().await?;
    let campaign = store::get(&mut tx, id).await?;
    covers(&campaign)?;
    let template = templates::find(&mut tx, campaign.template_id).await?.map_or_else(String::new, |t| t.name);
    let audience = choices::audience_words(&mut tx, &shell.l, &campaign.audience).await?;
    let reach = match (campaign.state, &shell.actor) {
        (CampaignState::Draft, Some(actor)) => {
            audience::count(&mut tx, &campaign.audience, actor, &audience::facets(app.house()), now).await.ok()
        }
        _ => None,
    };
    let mailing = mailing_of(&mut tx, &campaign).await?;
    let (mut figures, mut held_back) = (Figures::default(), Vec::new());
    if let Some(mailing) = &mailing {
        figures = message::figures(&mut tx, mailing).await?;
        held_back = message::skipped_by_reason(&mut tx, mailing).await?;
    }
    let rate = rate(&figures, campaign.started_at, campaign.finished_at.unwrap_or(now));
    Ok(ShowPage { shell, campaign, template, audience, reach, mailing, figures, held_back, rate })
}

/// Mails per minute since the start.
fn rate(figures: &Figures, started_at: Option<i64>, until: i64) -> i64 {
    let minutes_us = started_at.map_or(0, |at| until - at).max(attune_kernel::SECOND_US);
    figures.sent().saturating_mul(attune_kernel::MINUTE_US) / minutes_us
}

/// GET /campaigns/{id}
async fn show(can: Can<ViewMail>, State(app): State<App>, shell: Shell, Path(id): Path<CampaignId>) -> Answer {
    let page = read(&app, shell, id, |c| can.check(c.owner_id, c.team_id)).await?;
    Ok(page.shell.show(&page, &page.as_live()))
}

/// GET /campaigns/{id}/stream: the live part again whenever something has changed.
async fn stream(can: Can<ViewMail>, State(app): State<App>, shell: Shell, Path(id): Path<CampaignId>) -> Answer {
    part(&app, &can, &shell, id).await?;
    let asker = Arc::new((app.clone(), can, shell));
    Ok(live(app.db.listen(message::SIGNAL), move || {
        let asker = asker.clone();
        async move { part(&asker.0, &asker.1, &asker.2, id).await.unwrap_or(Live::Gone) }
    }))
}

/// The part of the page that changes while mails go out.
async fn part(app: &App, can: &Can<ViewMail>, shell: &Shell, id: CampaignId) -> Result<Live, Problem> {
    let page = read(app, shell.clone(), id, |c| can.check(c.owner_id, c.team_id)).await?;
    let html = page.as_live().render().map_err(Fault::from)?;
    Ok(if page.is_live() { Live::New(html) } else { Live::Last(html) })
}

/// POST /campaigns/{id}/{act}
async fn act(can: Can<SendMail>, State(app): State<App>, shell: Shell, Path((id, act)): Path<(CampaignId, String)>) -> Answer {
    let mut tx = app.db.begin().await?;
    let campaign = store::get(&mut tx, id).await?;
    can.check(campaign.owner_id, campaign.team_id)?;
    let (flash, action) = carry_out(&mut tx, &app, id, &act).await?.ok_or(Problem::NotFound)?;
    audit::note(&mut tx, &app.ids, app.clock.now(), &can.actor, action, "campaign", id.0, None, None).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/campaigns/{id}"), flash))
}

/// Does what the act's word says; answers what to tell and what to write into the trail, or nothing when there is no such act.
async fn carry_out(tx: &mut Tx, app: &App, id: CampaignId, act: &str) -> Result<Option<(Flash, &'static str)>, SeriesError> {
    let bench = app.bench();
    let done = match act {
        "start" => {
            let count = super::start(tx, &bench, &audience::facets(app.house()), id).await?;
            (Flash::good("campaign-started").n("count", count), "campaign.started")
        }
        "pause" => {
            super::pause(tx, id).await?;
            (Flash::good("campaign-paused"), "campaign.paused")
        }
        "resume" => {
            super::resume(tx, &bench, id).await?;
            (Flash::good("campaign-resumed"), "campaign.resumed")
        }
        "cancel" => {
            super::cancel(tx, bench.clock.now(), id).await?;
            (Flash::good("campaign-cancelled"), "campaign.cancelled")
        }
        _ => return Ok(None),
    };
    Ok(Some(done))
}

/// GET /campaigns/{id}/people
async fn people(
    can: Can<ViewMail>,
    State(app): State<App>,
    shell: Shell,
    Path(id): Path<CampaignId>,
    Query(filter): Query<PeopleFilter>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let campaign = store::get(&mut tx, id).await?;
    can.check(campaign.owner_id, campaign.team_id)?;
    let mailing = mailing_of(&mut tx, &campaign).await?;
    drop(tx);
    let place = Place { parent: campaign.name, parent_href: format!("/campaigns/{id}"), base: format!("/campaigns/{id}/people?") };
    let page = people_view(&app, &can, shell, mailing.as_ref(), place, &filter).await?;
    Ok(page.shell.page(&page))
}
