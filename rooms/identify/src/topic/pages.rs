//! The page of topics: what there is, a new one, other words, another order, away with it.

use askama::Template;
use attune_house::App;
use attune_web::{Answer, Can, Flash, Form, FormErrors, NavItem, Path, PermissionDef, Problem, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{Topic, TopicId, store};
use crate::contact::By;

permission!(EditTopics, "identify.topic.edit");

const HOME: &str = "/contacts/topics";

/// The permissions of this noun.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None};
    vec![PermissionDef { key: "identify.topic.edit", label_key: "topic-permission", admin: All, manager: None, agent: None }]
}

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(HOME, get(page).post(create))
        .route("/contacts/topics/{id}", get(edit).post(change))
        .route("/contacts/topics/{id}/{act}", post(act))
}

/// The entry of the navigation.
pub(crate) fn nav() -> NavItem {
    NavItem::new("nav-customers", "topic-title", HOME, "list-checks", 46, "identify.topic.edit").among_settings()
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TopicForm {
    name_en: String,
    name_zh: String,
    purpose_en: String,
    purpose_zh: String,
}

impl TopicForm {
    fn of(topic: Topic) -> Self {
        Self { name_en: topic.name_en, name_zh: topic.name_zh, purpose_en: topic.purpose_en, purpose_zh: topic.purpose_zh }
    }

    /// Both languages are needed: nobody can agree to words they cannot read.
    fn check(&self, id: TopicId) -> Result<Topic, FormErrors> {
        let mut errors = FormErrors::new();
        let topic = Topic {
            id,
            name_en: errors.required("name_en", &self.name_en, 80),
            name_zh: errors.required("name_zh", &self.name_zh, 80),
            purpose_en: errors.required("purpose_en", &self.purpose_en, 500),
            purpose_zh: errors.required("purpose_zh", &self.purpose_zh, 500),
        };
        errors.or(topic)
    }
}

#[derive(Template)]
#[template(path = "topic/page.html", blocks = ["form"])]
struct TopicsPage {
    shell: Shell,
    topics: Vec<Topic>,
    /// The topic whose words are changed; nothing for a new one.
    id: Option<TopicId>,
    action: String,
    form: TopicForm,
    errors: FormErrors,
}

async fn topics_page(app: &App, shell: Shell, id: Option<TopicId>, form: TopicForm, errors: FormErrors) -> Result<TopicsPage, Problem> {
    let topics = store::list(&mut app.db.read().await?).await?;
    let action = id.map_or_else(|| HOME.to_owned(), |id| format!("{HOME}/{id}"));
    Ok(TopicsPage { topics, id, action, form, errors, shell })
}

async fn page(State(app): State<App>, _can: Can<EditTopics>, shell: Shell) -> Answer {
    let page = topics_page(&app, shell, None, TopicForm::default(), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn edit(State(app): State<App>, _can: Can<EditTopics>, shell: Shell, Path(id): Path<TopicId>) -> Answer {
    let topic = store::find(&mut app.db.read().await?, id).await?.ok_or(Problem::NotFound)?;
    let page = topics_page(&app, shell, Some(id), TopicForm::of(topic), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn create(State(app): State<App>, can: Can<EditTopics>, shell: Shell, Form(form): Form<TopicForm>) -> Answer {
    save(&app, &can, shell, None, form).await
}

async fn change(
    State(app): State<App>,
    can: Can<EditTopics>,
    shell: Shell,
    Path(id): Path<TopicId>,
    Form(form): Form<TopicForm>,
) -> Answer {
    save(&app, &can, shell, Some(id), form).await
}

async fn save(app: &App, can: &Can<EditTopics>, shell: Shell, id: Option<TopicId>, form: TopicForm) -> Answer {
    let topic = match form.check(id.unwrap_or_else(|| TopicId(app.ids.next()))) {
        Ok(topic) => topic,
        Err(errors) => {
            let page = topics_page(app, shell, id, form, errors).await?;
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let mut tx = app.db.begin().await?;
    match id {
        Some(id) => {
            let before = store::find(&mut tx, id).await?.ok_or(Problem::NotFound)?;
            store::update(&mut tx, &by, &before, &topic).await?;
        }
        None => store::insert(&mut tx, &by, &topic).await?,
    }
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("topic-saved").s("name", topic.name(shell.l.locale()))))
}

async fn act(State(app): State<App>, can: Can<EditTopics>, shell: Shell, Path((id, act)): Path<(TopicId, String)>) -> Answer {
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let mut tx = app.db.begin().await?;
    let (found, flash) = match act.as_str() {
        "up" | "down" => (store::shift(&mut tx, &by, id, act == "up").await?, Flash::good("topic-moved")),
        "delete" => {
            let undo = Flash::good("topic-deleted").undo(format!("{HOME}/{id}/restore"));
            (store::set_deleted(&mut tx, &by, id, Some(by.now)).await?, undo)
        }
        "restore" => (store::set_deleted(&mut tx, &by, id, None).await?, Flash::good("topic-restored")),
        _ => (false, Flash::good("topic-moved")),
    };
    if !found {
        return Err(Problem::NotFound);
    }
    tx.commit().await?;
    Ok(shell.leave(HOME, flash))
}
