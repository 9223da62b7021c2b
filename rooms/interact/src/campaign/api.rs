//! Campaigns for programs: list, create, start, figures.

use attune_house::App;
use attune_record::audit;
use attune_web::kit::cut_page;
use attune_web::{Actor, Answer, Can, FormErrors, Json, Path, Problem, Query};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Campaign, CampaignDraft, CampaignId, store};
use crate::audience::{self, Audience};
use crate::message::{self, store as mailings};
use crate::room::{EditMail, SendMail, ViewMail};
use crate::template::TemplateId;
use crate::{choices, rules};

/// The most campaigns a page holds.
const PAGE: usize = 100;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/campaigns", get(list).post(add))
        .route("/api/v1/campaigns/{id}", get(show))
        .route("/api/v1/campaigns/{id}/start", post(start))
}

/// A campaign as programs see it. Times are µs since 1970 UTC.
#[derive(Serialize)]
pub struct CampaignView {
    /// `cmp_…`.
    id: String,
    /// Its name.
    name: String,
    /// `draft`, `running`, `paused`, `finished` or `cancelled`.
    state: &'static str,
    /// The rule that names its recipients; empty when a segment does, or for everybody.
    rule: String,
    /// `seg_…`, when a segment names its recipients.
    segment: Option<String>,
    /// `tpl_…`.
    template: String,
    /// `top_…`, when it is about a topic.
    topic: Option<String>,
    /// The sender's address.
    from_address: String,
    /// When it was made.
    created_at: i64,
    /// When it was started.
    started_at: Option<i64>,
    /// When its last mail ended.
    finished_at: Option<i64>,
    /// Its figures; absent in lists and before the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    figures: Option<FiguresView>,
}

/// Counts over a campaign's recipients.
#[derive(Serialize)]
pub struct FiguresView {
    /// Everybody in the plan.
    planned: i64,
    /// Waiting to be sent.
    waiting: i64,
    /// Taken by the relay.
    delivered: i64,
    /// Refused for good.
    failed: i64,
    /// In doubt: never sent again by itself.
    unknown: i64,
    /// Held back by the arbiter.
    skipped: i64,
    /// Opened by a person.
    opened: i64,
    /// Opened by machines only.
    machine_opened: i64,
    /// Clicked by a person.
    clicked: i64,
    /// Clicked by machines only.
    machine_clicked: i64,
    /// Unsubscribed through this mail.
    unsubscribed: i64,
}

impl From<message::Figures> for FiguresView {
    fn from(f: message::Figures) -> Self {
        Self {
            planned: f.planned,
            waiting: f.waiting + f.on_the_way,
            delivered: f.delivered,
            failed: f.failed,
            unknown: f.unknown,
            skipped: f.skipped,
            opened: f.opened,
            machine_opened: f.machine_opened,
            clicked: f.clicked,
            machine_clicked: f.machine_clicked,
            unsubscribed: f.unsubscribed,
        }
    }
}

fn view(campaign: Campaign, figures: Option<FiguresView>) -> CampaignView {
    CampaignView {
        id: campaign.id.to_string(),
        name: campaign.name,
        state: campaign.state.word(),
        rule: campaign.audience.rule,
        segment: campaign.audience.segment_id.map(choices::segment_value),
        template: campaign.template_id.to_string(),
        topic: campaign.topic_id.map(|topic| topic.to_string()),
        from_address: campaign.from_address,
        created_at: campaign.created_at,
        started_at: campaign.started_at,
        finished_at: campaign.finished_at,
        figures,
    }
}

/// A page of campaigns.
#[derive(Serialize)]
pub struct CampaignPage {
    /// The campaigns, newest first.
    items: Vec<CampaignView>,
    /// What to pass as `after` for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Where a page begins.
#[derive(Default, Deserialize)]
pub struct Paging {
    /// The `next` of the page before.
    after: Option<String>,
}

/// Lists campaigns, newest first.
pub async fn list(can: Can<ViewMail>, State(app): State<App>, Query(paging): Query<Paging>) -> Answer {
    let before = match paging.after.as_deref() {
        None => i64::MAX,
        Some(after) => after.parse::<CampaignId>().map_err(|e| Problem::Unreadable(e.to_string()))?.0,
    };
    let mut tx = app.db.read().await?;
    let mut found = store::list(&mut tx, &can.scope, before, PAGE as i64 + 1).await?;
    let next = cut_page(&mut found, PAGE).map(|last| last.id.to_string());
    Ok(Json(CampaignPage { items: found.into_iter().map(|campaign| view(campaign, None)).collect(), next }).into_response())
}

/// A campaign to be made.
#[derive(Deserialize)]
pub struct NewCampaign {
    /// Its name.
    name: String,
    /// A rule such as `score >= 40`; empty for everybody.
    #[serde(default)]
    rule: String,
    /// `seg_…`; goes before the rule.
    #[serde(default)]
    segment: Option<String>,
    /// `tpl_…`.
    template: String,
    /// `top_…`: who has refused the topic gets nothing.
    #[serde(default)]
    topic: Option<String>,
    /// The sender's name; the setting's when absent.
    #[serde(default)]
    from_name: Option<String>,
    /// The sender's address; the setting's when absent.
    #[serde(default)]
    from_address: Option<String>,
}

async fn check(app: &App, actor: &Actor, new: NewCampaign) -> Result<CampaignDraft, Problem> {
    let mut errors = FormErrors::new();
    let name = errors.required("name", &new.name, 120);
    let template_id = new.template.parse().unwrap_or(TemplateId(0));
    let mut tx = app.db.read().await?;
    if crate::template::store::find(&mut tx, template_id).await?.is_none() {
        errors.add("template", "web-not-found");
    }
    let audience = Audience::of_form(&new.rule, new.segment.as_deref().unwrap_or_default());
    let audience = audience::check(&mut tx, (app, actor), audience, &mut errors).await;
    let (name_set, address_set) = rules::default_sender(&mut tx).await?;
    let (from_name, from_address) = (new.from_name.unwrap_or(name_set), new.from_address.unwrap_or(address_set));
    let (from_name, from_address) = rules::check_sender(&mut errors, &from_name, &from_address);
    let topic_id = choices::check_topic(&mut tx, &mut errors, new.topic.as_deref().unwrap_or_default()).await?;
    errors.or(CampaignDraft { name, audience, template_id, from_name, from_address, topic_id }).map_err(Problem::Form)
}

/// Makes a draft.
pub async fn add(can: Can<EditMail>, State(app): State<App>, Json(new): Json<NewCampaign>) -> Answer {
    let draft = check(&app, &can.actor, new).await?;
    let id = super::keep(&app, &can, None, &draft).await?;
    let campaign = store::get(&mut app.db.read().await?, id).await?;
    Ok((StatusCode::CREATED, Json(view(campaign, None))).into_response())
}

async fn read(app: &App, id: CampaignId) -> Result<(Campaign, Option<FiguresView>), Problem> {
    let mut tx = app.db.read().await?;
    let campaign = store::get(&mut tx, id).await?;
    let mut figures = None;
    if let Some(mailing_id) = campaign.mailing_id {
        let mailing = mailings::get(&mut tx, mailing_id).await?;
        figures = Some(message::figures(&mut tx, &mailing).await?.into());
    }
    Ok((campaign, figures))
}

/// Shows a campaign with its figures.
pub async fn show(can: Can<ViewMail>, State(app): State<App>, Path(id): Path<CampaignId>) -> Answer {
    let (campaign, figures) = read(&app, id).await?;
    can.check(campaign.owner_id, campaign.team_id)?;
    Ok(Json(view(campaign, figures)).into_response())
}

/// Starts a draft: its recipients are fixed and mails begin to leave.
pub async fn start(can: Can<SendMail>, State(app): State<App>, Path(id): Path<CampaignId>) -> Answer {
    let (now, bench) = (app.clock.now(), app.bench());
    let mut tx = app.db.begin().await?;
    let campaign = store::get(&mut tx, id).await?;
    can.check(campaign.owner_id, campaign.team_id)?;
    super::start(&mut tx, &bench, &audience::facets(app.house()), id).await?;
    audit::note(&mut tx, &app.ids, now, &can.actor, "campaign.started", "campaign", id.0, None, None).await?;
    tx.commit().await?;
    let (campaign, figures) = read(&app, id).await?;
    Ok(Json(view(campaign, figures)).into_response())
}
