//! The pages of segments: the list, the builder and the members. The builder's state is its address, so it works without a script.

use std::collections::HashMap;

use askama::Template;
use attune_house::App;
use attune_identify::contact::ContactId;
use attune_kernel::DAY_US;
use attune_web::kit::cut_page;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Query, Scope, Shell};
use axum::extract::State;
use serde::Deserialize;

use super::form::RuleForm;
use super::preview::{Person, list_members};
use super::view::{Builder, Plot, Shape};
use super::{By, Segment, SegmentError, SegmentId, SegmentKind, facet_fields, names};
use crate::{EditSegments, ViewSegments};

/// How many members a page holds.
const PAGE: usize = 50;

type Fields = HashMap<String, String>;

struct Line {
    id: SegmentId,
    name: String,
    is_static: bool,
    count: i64,
    filling: bool,
    change: i64,
    spark: String,
    updated_at: i64,
}

impl Line {
    fn of(segment: Segment, days: &[(i64, i64, i64, i64)], now: i64) -> Self {
        let own: Vec<_> = days.iter().copied().filter(|day| day.0 == segment.id).collect();
        let trend = super::trend(segment.member_count, &own, now, 30);
        let week_ago = trend.iter().rev().nth(7).map_or(0, |(_, members)| *members);
        Self {
            id: SegmentId(segment.id),
            is_static: segment.kind == SegmentKind::Static,
            count: segment.member_count,
            filling: segment.filled_at.is_none(),
            change: segment.member_count - week_ago,
            spark: Plot::spark(&trend, 58.0, 18.0),
            updated_at: segment.updated_at,
            name: segment.name,
        }
    }
}

#[derive(Template)]
#[template(path = "segment/list.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<Line>,
}

/// GET /segments
pub async fn list(State(app): State<App>, _can: Can<ViewSegments>, shell: Shell) -> Answer {
    let mut tx = app.db.read().await?;
    let now = app.clock.now();
    let days = super::days(&mut tx, 0, now - 31 * DAY_US).await?;
    let lines = super::list(&mut tx).await?.into_iter().map(|segment| Line::of(segment, &days, now)).collect();
    let page = ListPage { shell, lines };
    Ok(page.shell.page(&page))
}

#[derive(Template)]
#[template(path = "segment/builder.html", blocks = ["builder"])]
struct BuilderPage {
    shell: Shell,
    errors: FormErrors,
    b: Builder,
}

impl BuilderPage {
    async fn load(app: &App, shell: Shell, segment: Option<&Segment>, shape: Shape) -> Result<Self, Problem> {
        let (b, errors) = Builder::load(app, &shell, segment, shape).await?;
        Ok(Self { shell, errors, b })
    }
}

/// GET /segments/new
pub async fn new(State(app): State<App>, _can: Can<EditSegments>, shell: Shell, Query(fields): Query<Fields>) -> Answer {
    let page = BuilderPage::load(&app, shell, None, Shape::read(&fields, None)).await?;
    Ok(page.shell.show(&page, &page.as_builder()))
}

/// GET /segments/{id}
pub async fn show(
    State(app): State<App>,
    _can: Can<ViewSegments>,
    shell: Shell,
    Path(id): Path<SegmentId>,
    Query(fields): Query<Fields>,
) -> Answer {
    let segment = get(&app, id).await?;
    let page = BuilderPage::load(&app, shell, Some(&segment), Shape::read(&fields, Some(&segment))).await?;
    Ok(page.shell.show(&page, &page.as_builder()))
}

/// POST /segments
pub async fn create(State(app): State<App>, can: Can<EditSegments>, shell: Shell, Form(fields): Form<Fields>) -> Answer {
    let shape = Shape::read(&fields, None);
    match save(&app, &can, None, &shape).await? {
        Ok((id, flash)) => Ok(shell.leave(&format!("/segments/{id}"), flash)),
        Err(errors) => refuse(&app, shell, None, shape, errors).await,
    }
}

/// POST /segments/{id}
pub async fn update(
    State(app): State<App>,
    can: Can<EditSegments>,
    shell: Shell,
    Path(id): Path<SegmentId>,
    Form(fields): Form<Fields>,
) -> Answer {
    let segment = get(&app, id).await?;
    let shape = Shape::read(&fields, Some(&segment));
    match save(&app, &can, Some(&segment), &shape).await? {
        Ok((id, flash)) => Ok(shell.leave(&format!("/segments/{id}"), flash)),
        Err(errors) => refuse(&app, shell, Some(&segment), shape, errors).await,
    }
}

async fn get(app: &App, id: SegmentId) -> Result<Segment, Problem> {
    super::find(&mut app.db.read().await?, id.0).await?.ok_or(Problem::NotFound)
}

async fn refuse(app: &App, shell: Shell, segment: Option<&Segment>, shape: Shape, errors: FormErrors) -> Answer {
    let mut page = BuilderPage::load(app, shell, segment, shape).await?;
    page.errors = errors;
    Ok(page.shell.again(&page, &page.as_builder()))
}

/// Publishes, saves or takes a snapshot, as the button said; the mistakes when the user can mend them.
async fn save(
    app: &App,
    can: &Can<EditSegments>,
    segment: Option<&Segment>,
    shape: &Shape,
) -> Result<Result<(SegmentId, Flash), FormErrors>, Problem> {
    let mut errors = FormErrors::new();
    let name = errors.required("name", &shape.name, 80);
    let facets = facet_fields(&app.house().facets);
    let bench = app.bench();
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids, bench: &bench };
    let mut tx = app.db.begin().await?;
    let mut form = shape.form.clone();
    let vocabulary = super::vocabulary(&mut tx, &facets).await?;
    names::resolve_form(&mut tx, &mut form, &vocabulary, seen(&can.actor).as_ref()).await?;
    let (rule, wrong) = form.rule();
    for (row, key) in wrong {
        errors.add(format!("r{row}"), key);
    }
    if !errors.is_empty() {
        return Ok(Err(errors));
    }
    let done = match segment {
        _ if shape.act == "snapshot" => super::snapshot(&mut tx, &by, &name, rule, &facets)
            .await
            .map(|(id, count)| (id, Flash::good("segment-snapshot-taken").n("count", count))),
        Some(segment) => super::update(&mut tx, &by, segment.id, &name, rule, &facets)
            .await
            .map(|()| (segment.id, Flash::good("segment-saved").s("name", &name))),
        None => super::create(&mut tx, &by, &name, rule, &facets).await.map(|id| (id, Flash::good("segment-saved").s("name", &name))),
    };
    match done {
        Ok((id, flash)) => {
            tx.commit().await?;
            Ok(Ok((SegmentId(id), flash)))
        }
        Err(error) => told(error).map(Err),
    }
}

/// What the user can mend, beside its field; the rest is a problem.
fn told(error: SegmentError) -> Result<FormErrors, Problem> {
    let mut errors = FormErrors::new();
    match error {
        SegmentError::NameTaken(name) => errors.add("name", "segment-name-taken").s("name", name),
        SegmentError::Circle(name) => errors.add("rule", "segment-circle").s("name", name),
        SegmentError::Rule(wrong) => errors.add("rule", wrong.key).s("what", wrong.what).n("at", 0).s("found", ""),
        SegmentError::Text(wrong) => {
            errors.add("text", wrong.key).n("at", i64::try_from(wrong.at).unwrap_or(0)).s("found", wrong.found).s("what", "")
        }
        other => return Err(other.into()),
    };
    Ok(errors)
}

/// POST /segments/{id}/delete
pub async fn delete(State(app): State<App>, can: Can<EditSegments>, shell: Shell, Path(id): Path<SegmentId>) -> Answer {
    let facets = facet_fields(&app.house().facets);
    let bench = app.bench();
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids, bench: &bench };
    let mut tx = app.db.begin().await?;
    let gone = super::delete(&mut tx, &by, id.0, &facets).await?;
    tx.commit().await?;
    Ok(shell.leave("/segments", Flash::good("segment-deleted").s("name", gone.name).undo(format!("/segments/{id}/restore"))))
}

/// POST /segments/{id}/restore
pub async fn restore(State(app): State<App>, can: Can<EditSegments>, shell: Shell, Path(id): Path<SegmentId>) -> Answer {
    let bench = app.bench();
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids, bench: &bench };
    let mut tx = app.db.begin().await?;
    let back = super::restore(&mut tx, &by, id.0).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/segments/{id}"), Flash::good("segment-restored").s("name", back.name)))
}

/// Where a list goes on.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "segment/members.html")]
struct MembersPage {
    shell: Shell,
    segment: Segment,
    id: SegmentId,
    people: Vec<Person>,
    next: Option<String>,
}

/// GET /segments/{id}/members
pub async fn members(
    State(app): State<App>,
    can: Can<ViewSegments>,
    shell: Shell,
    Path(id): Path<SegmentId>,
    Query(asked): Query<Asked>,
) -> Answer {
    let segment = get(&app, id).await?;
    let scope = seen(&can.actor).ok_or(Problem::Forbidden { permission: "identify.contact.view" })?;
    let after = asked.after.parse::<ContactId>().map_or(i64::MIN, |id| id.0);
    let mut people = list_members(&mut app.db.read().await?, id.0, &scope, after, PAGE as i64 + 1).await?;
    let next = cut_page(&mut people, PAGE).map(|last| format!("/segments/{id}/members?after={}", ContactId(last.id)));
    let page = MembersPage { shell, segment, id, people, next };
    Ok(page.shell.page(&page))
}

/// Whose records somebody may see.
pub(super) fn seen(actor: &attune_web::Actor) -> Option<Scope> {
    actor.may("identify.contact.view").copied()
}

#[derive(Template)]
#[template(path = "segment/panel.html")]
struct Panel {
    shell: Shell,
    segments: Vec<(SegmentId, String)>,
}

/// GET /contacts/{id}/segments: the block of the contact page.
pub async fn panel(State(app): State<App>, can: Can<ViewSegments>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let mut tx = app.db.read().await?;
    let scope = seen(&can.actor).ok_or(Problem::NotFound)?;
    attune_identify::contact::find(&mut tx, &scope, id.0).await?.ok_or(Problem::NotFound)?;
    let segments = super::of_contact(&mut tx, id.0).await?.into_iter().map(|(id, name)| (SegmentId(id), name)).collect();
    let page = Panel { shell, segments };
    Ok(page.shell.fragment(&page))
}

impl Shape {
    /// Reads the builder's fields; without any, the segment's own rule or a fresh start.
    fn read(fields: &Fields, segment: Option<&Segment>) -> Self {
        let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let own = || segment.map_or_else(RuleForm::start, |segment| RuleForm::of(&segment.rule));
        let name = fields.get("name").cloned().or_else(|| segment.map(|segment| segment.name.clone())).unwrap_or_default();
        let mut shape = Self { name, text: text("text"), act: text("do"), form: RuleForm::read(fields).unwrap_or_else(own) };
        shape.form.act(&shape.act);
        shape
    }
}
