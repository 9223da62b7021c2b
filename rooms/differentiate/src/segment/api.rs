//! REST: segments as programs see them. A rule is sent as text (`rule`) or as JSON (`rule_json`).

use attune_house::App;
use attune_identify::contact::ContactId;
use attune_web::{Answer, Can, Json, Path, Problem, Query, Sight};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::preview::list_members;
use super::{By, Rule, Segment, SegmentError, SegmentId, Vocabulary, facet_fields, parse, print, vocabulary};
use crate::{EditSegments, ViewSegments};

/// A segment.
#[derive(Serialize)]
pub struct SegmentView {
    id: SegmentId,
    name: String,
    kind: &'static str,
    rule: String,
    rule_json: Rule,
    member_count: i64,
    /// Whether all members have been found since the rule last changed.
    filled: bool,
    created_at: i64,
    updated_at: i64,
}

impl SegmentView {
    fn of(segment: Segment, vocabulary: &Vocabulary) -> Self {
        Self {
            id: SegmentId(segment.id),
            kind: segment.kind.word(),
            rule: print(&segment.rule, &|id| vocabulary.segment_name(id)),
            member_count: segment.member_count,
            filled: segment.filled_at.is_some(),
            created_at: segment.created_at,
            updated_at: segment.updated_at,
            name: segment.name,
            rule_json: segment.rule,
        }
    }
}

/// Where a list goes on.
#[derive(Deserialize)]
pub struct Asked {
    after: Option<String>,
    limit: Option<i64>,
}

impl Asked {
    fn limit(&self) -> i64 {
        self.limit.unwrap_or(50).clamp(1, 200)
    }
}

/// A page of things.
#[derive(Serialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

/// GET /api/v1/segments?after=seg_…&limit=50
pub async fn list(State(app): State<App>, _can: Can<ViewSegments>, Query(asked): Query<Asked>) -> Answer {
    let after = asked.after.as_deref().and_then(|id| id.parse::<SegmentId>().ok()).map_or(i64::MIN, |id| id.0);
    let mut tx = app.db.read().await?;
    let vocabulary = vocabulary(&mut tx, &facet_fields(&app.house().facets)).await?;
    let found = super::list_after(&mut tx, after, asked.limit() + 1).await?;
    let limit = usize::try_from(asked.limit()).unwrap_or(50);
    let more = found.len() > limit;
    let items: Vec<SegmentView> = found.into_iter().take(limit).map(|segment| SegmentView::of(segment, &vocabulary)).collect();
    let next = items.last().map(|segment| segment.id.to_string()).filter(|_| more);
    Ok(Json(Page { items, next }).into_response())
}

/// GET /api/v1/segments/{id}
pub async fn show(State(app): State<App>, _can: Can<ViewSegments>, Path(id): Path<SegmentId>) -> Answer {
    let mut tx = app.db.read().await?;
    let segment = super::find(&mut tx, id.0).await?.ok_or(Problem::NotFound)?;
    let vocabulary = vocabulary(&mut tx, &facet_fields(&app.house().facets)).await?;
    Ok(Json(SegmentView::of(segment, &vocabulary)).into_response())
}

/// A segment to make or a rule to count.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    name: String,
    kind: Option<String>,
    rule: Option<String>,
    rule_json: Option<Rule>,
}

impl Wanted {
    fn rule(&self) -> Result<Rule, SegmentError> {
        match (&self.rule_json, &self.rule) {
            (Some(rule), _) => Ok(rule.clone()),
            (None, text) => Ok(parse(text.as_deref().unwrap_or(""))?),
        }
    }
}

/// POST /api/v1/segments
pub async fn create(State(app): State<App>, can: Can<EditSegments>, Json(wanted): Json<Wanted>) -> Answer {
    let (rule, facets, bench) = (wanted.rule()?, facet_fields(&app.house().facets), app.bench());
    let mut errors = attune_web::FormErrors::new();
    let name = errors.required("name", &wanted.name, 80);
    let name = errors.or(name).map_err(Problem::Form)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids, bench: &bench };
    let mut tx = app.db.begin().await?;
    let id = match wanted.kind.as_deref() {
        Some("static") => super::snapshot(&mut tx, &by, &name, rule, &facets).await?.0,
        _ => super::create(&mut tx, &by, &name, rule, &facets).await?,
    };
    let segment = super::find(&mut tx, id).await?.ok_or(Problem::NotFound)?;
    let view = SegmentView::of(segment, &vocabulary(&mut tx, &facets).await?);
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// A number.
#[derive(Serialize)]
struct Counted {
    count: i64,
}

/// POST /api/v1/segments/count
pub async fn count(State(app): State<App>, can: Can<ViewSegments>, Json(wanted): Json<Wanted>) -> Answer {
    let (rule, scope, facets) = (wanted.rule()?, super::pages::seen(&can.actor), facet_fields(&app.house().facets));
    let mut tx = app.db.read().await?;
    let vocabulary = vocabulary(&mut tx, &facets).await?;
    super::check_reader(&rule, &vocabulary, &Sight::of(&can.actor), scope.as_ref()).map_err(SegmentError::Rule)?;
    let rule = super::names::resolve(&mut tx, rule, &vocabulary, scope.as_ref()).await?;
    let found = super::select_with(&mut tx, &rule, &vocabulary, app.clock.now()).await?;
    Ok(Json(Counted { count: super::count(&mut tx, &found).await? }).into_response())
}

/// A member.
#[derive(Serialize)]
struct Member {
    contact: ContactId,
    name: String,
    since_at: i64,
}

/// GET /api/v1/segments/{id}/members?after=con_…&limit=50
pub async fn members(State(app): State<App>, can: Can<ViewSegments>, Path(id): Path<SegmentId>, Query(asked): Query<Asked>) -> Answer {
    let scope = super::pages::seen(&can.actor).ok_or(Problem::Forbidden { permission: "identify.contact.view" })?;
    let after = asked.after.as_deref().and_then(|id| id.parse::<ContactId>().ok()).map_or(i64::MIN, |id| id.0);
    let mut tx = app.db.read().await?;
    super::find(&mut tx, id.0).await?.ok_or(Problem::NotFound)?;
    let found = list_members(&mut tx, id.0, &scope, after, asked.limit() + 1).await?;
    let limit = usize::try_from(asked.limit()).unwrap_or(50);
    let more = found.len() > limit;
    let member = |person: super::preview::Person| Member { contact: ContactId(person.id), name: person.name, since_at: person.since_at };
    let items: Vec<Member> = found.into_iter().take(limit).map(member).collect();
    let next = items.last().map(|member| member.contact.to_string()).filter(|_| more);
    Ok(Json(Page { items, next }).into_response())
}
