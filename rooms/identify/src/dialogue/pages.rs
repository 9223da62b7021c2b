//! The pages on which questions are made, ordered and looked after.

use std::collections::HashMap;

use askama::Template;
use attune_house::App;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Lang, NavItem, Path, PermissionDef, Problem, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{ATTRIBUTES, Line, Question, QuestionId, Touch, find, lines, list, raise, save, set_deleted};
use crate::contact::{By, ContactError, attribute_name};
use crate::field::{self, Field};

permission!(EditQuestions, "identify.question.edit");

const HOME: &str = "/contacts/questions";

/// The permissions of this noun.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None};
    vec![PermissionDef { key: "identify.question.edit", label_key: "dialogue-permission", admin: All, manager: All, agent: None }]
}

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(HOME, get(index).post(create))
        .route("/contacts/questions/new", get(new))
        .route("/contacts/questions/{id}", get(edit).post(change))
        .route("/contacts/questions/{id}/raise", post(up))
        .route("/contacts/questions/{id}/delete", post(delete))
        .route("/contacts/questions/{id}/restore", post(restore))
}

/// The entry of the navigation.
pub(crate) fn nav() -> NavItem {
    NavItem::new("nav-customers", "dialogue-title", HOME, "circle-help", 46, "identify.question.edit").among_settings()
}

/// What a question learns, in words.
pub(super) fn learns(l: &Lang, fields: &[Field], key: &str) -> String {
    let own = key.strip_prefix("f:").and_then(|key| fields.iter().find(|field| field.key == key));
    own.map_or_else(|| attribute_name(l, key), |field| field.label.clone())
}

#[derive(Template)]
#[template(path = "dialogue/list.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<Line>,
    fields: Vec<Field>,
}

impl ListPage {
    fn id(&self, line: &Line) -> QuestionId {
        QuestionId(line.question.id)
    }

    fn learns(&self, line: &Line) -> String {
        learns(&self.shell.l, &self.fields, &line.question.key)
    }

    fn touches(&self, line: &Line) -> String {
        let names: Vec<String> =
            line.question.touches.iter().map(|touch| self.shell.l.t(&format!("dialogue-touch-{}", touch.word())).to_string()).collect();
        self.shell.l.list(&names).to_string()
    }
}

async fn index(State(app): State<App>, _can: Can<EditQuestions>, shell: Shell) -> Answer {
    let mut tx = app.db.read().await?;
    let page = ListPage { lines: lines(&mut tx).await?, fields: field::list(&mut tx).await?, shell };
    Ok(page.shell.page(&page))
}

/// A question as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct QuestionForm {
    key: String,
    text_en: String,
    text_zh: String,
    touches: Vec<String>,
    rest_days: String,
    most_asks: String,
    stale_days: String,
}

impl QuestionForm {
    /// What a new question starts with.
    fn fresh() -> Self {
        let touches = Touch::ALL.iter().map(|touch| touch.word().to_owned()).collect();
        Self { touches, rest_days: "14".to_owned(), most_asks: "3".to_owned(), ..Self::default() }
    }

    fn of(question: &Question) -> Self {
        Self {
            key: question.key.clone(),
            text_en: question.text_en.clone(),
            text_zh: question.text_zh.clone(),
            touches: question.touches.iter().map(|touch| touch.word().to_owned()).collect(),
            rest_days: question.rest_days.to_string(),
            most_asks: question.most_asks.to_string(),
            stale_days: question.stale_days.map_or_else(String::new, |days| days.to_string()),
        }
    }

    fn check(&self, id: i64, fields: &[Field]) -> Result<Question, FormErrors> {
        let mut errors = FormErrors::new();
        let own = self.key.strip_prefix("f:").is_some_and(|key| fields.iter().any(|field| field.key == key));
        if !own && !ATTRIBUTES.contains(&self.key.as_str()) {
            errors.add("key", "web-required");
        }
        let text_en = errors.optional("text_en", &self.text_en, 200).unwrap_or_default();
        let text_zh = errors.optional("text_zh", &self.text_zh, 200).unwrap_or_default();
        // One language may stand for both; none at all asks nothing.
        if text_en.is_empty() && text_zh.is_empty() {
            errors.add("text_en", "web-required");
        }
        let touches: Vec<Touch> = self.touches.iter().filter_map(|word| Touch::of(word)).collect();
        if touches.is_empty() {
            errors.add("touches", "dialogue-no-touch");
        }
        let rest_days = errors.number("rest_days", &self.rest_days, 0, 3_650);
        let most_asks = errors.number("most_asks", &self.most_asks, 1, 20);
        let stale_days = (!self.stale_days.trim().is_empty()).then(|| errors.number("stale_days", &self.stale_days, 1, 3_650));
        let (text_en, text_zh) = match (text_en.is_empty(), text_zh.is_empty()) {
            (true, _) => (text_zh.clone(), text_zh),
            (_, true) => (text_en.clone(), text_en),
            _ => (text_en, text_zh),
        };
        errors.or(Question { id, key: self.key.clone(), text_en, text_zh, touches, rest_days, most_asks, stale_days })
    }
}

#[derive(Template)]
#[template(path = "dialogue/form.html", blocks = ["form"])]
struct FormPage {
    heading: String,
    action: String,
    keys: Vec<Choice>,
    touches: Vec<(Choice, bool)>,
    shell: Shell,
    form: QuestionForm,
    errors: FormErrors,
}

async fn form_page(app: &App, shell: Shell, id: Option<QuestionId>, form: QuestionForm, errors: FormErrors) -> Result<FormPage, Problem> {
    let mut tx = app.db.read().await?;
    let asked: HashMap<String, i64> = list(&mut tx).await?.into_iter().map(|q| (q.key, q.id)).collect();
    let is_free = |key: &str| asked.get(key).is_none_or(|taken| Some(*taken) == id.map(|id| id.0));
    let own = askable(field::list(&mut tx).await?).into_iter().map(|f| (format!("f:{}", f.key), f.label));
    let all = ATTRIBUTES.iter().map(|key| ((*key).to_owned(), attribute_name(&shell.l, key))).chain(own);
    let keys = all.filter(|(key, _)| is_free(key)).map(|(key, label)| Choice::new(key, label)).collect();
    let touch = |touch: Touch| {
        let chosen = form.touches.iter().any(|word| word == touch.word());
        (Choice::new(touch.word(), shell.l.t(&format!("dialogue-touch-{}", touch.word()))), chosen)
    };
    Ok(FormPage {
        heading: shell.l.t(if id.is_some() { "dialogue-edit" } else { "dialogue-new" }).to_string(),
        action: id.map_or_else(|| HOME.to_owned(), |id| format!("{HOME}/{id}")),
        keys,
        touches: Touch::ALL.into_iter().map(touch).collect(),
        form,
        errors,
        shell,
    })
}

async fn new(State(app): State<App>, _can: Can<EditQuestions>, shell: Shell) -> Answer {
    let page = form_page(&app, shell, None, QuestionForm::fresh(), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn create(State(app): State<App>, can: Can<EditQuestions>, shell: Shell, Form(form): Form<QuestionForm>) -> Answer {
    match keep(&app, &can, QuestionId(app.ids.next()), &form).await? {
        Ok(()) => Ok(shell.leave(HOME, Flash::good("dialogue-saved"))),
        Err(errors) => {
            let page = form_page(&app, shell, None, form, errors).await?;
            Ok(page.shell.again(&page, &page.as_form()))
        }
    }
}

async fn edit(State(app): State<App>, _can: Can<EditQuestions>, shell: Shell, Path(id): Path<QuestionId>) -> Answer {
    let question = find(&mut app.db.read().await?, id.0).await?.ok_or(Problem::NotFound)?;
    let page = form_page(&app, shell, Some(id), QuestionForm::of(&question), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn change(
    State(app): State<App>,
    can: Can<EditQuestions>,
    shell: Shell,
    Path(id): Path<QuestionId>,
    Form(form): Form<QuestionForm>,
) -> Answer {
    find(&mut app.db.read().await?, id.0).await?.ok_or(Problem::NotFound)?;
    match keep(&app, &can, id, &form).await? {
        Ok(()) => Ok(shell.leave(HOME, Flash::good("dialogue-saved"))),
        Err(errors) => {
            let page = form_page(&app, shell, Some(id), form, errors).await?;
            Ok(page.shell.again(&page, &page.as_form()))
        }
    }
}

/// The fields a person can be asked for: not which of our records they mean.
fn askable(fields: Vec<Field>) -> Vec<Field> {
    fields.into_iter().filter(|field| field.kind.target().is_none()).collect()
}

/// Saves what was typed; the inner error is the typist's.
async fn keep(app: &App, can: &Can<EditQuestions>, id: QuestionId, form: &QuestionForm) -> Result<Result<(), FormErrors>, Problem> {
    let mut tx = app.db.begin().await?;
    let question = match form.check(id.0, &askable(field::list(&mut tx).await?)) {
        Ok(question) => question,
        Err(errors) => return Ok(Err(errors)),
    };
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    match save(&mut tx, &by, &question).await {
        Ok(()) => tx.commit().await?,
        Err(ContactError::Taken) => {
            let mut errors = FormErrors::new();
            errors.add("key", "dialogue-taken");
            return Ok(Err(errors));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Ok(()))
}

async fn up(State(app): State<App>, can: Can<EditQuestions>, shell: Shell, Path(id): Path<QuestionId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    raise(&mut tx, &by, id.0).await?;
    tx.commit().await?;
    Ok(shell.leave(HOME, Flash::good("dialogue-raised")))
}

async fn delete(State(app): State<App>, can: Can<EditQuestions>, shell: Shell, Path(id): Path<QuestionId>) -> Answer {
    put_away(&app, &can, id, true).await?;
    Ok(shell.leave(HOME, Flash::good("dialogue-deleted").undo(format!("{HOME}/{id}/restore"))))
}

async fn restore(State(app): State<App>, can: Can<EditQuestions>, shell: Shell, Path(id): Path<QuestionId>) -> Answer {
    match put_away(&app, &can, id, false).await {
        Err(ContactError::Taken) => Ok(shell.leave(HOME, Flash::bad("dialogue-taken"))),
        other => other.map(|()| shell.leave(HOME, Flash::good("identify-undone"))).map_err(Problem::from),
    }
}

async fn put_away(app: &App, can: &Can<EditQuestions>, id: QuestionId, gone: bool) -> Result<(), ContactError> {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if !set_deleted(&mut tx, &by, id.0, gone).await? {
        return Err(ContactError::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
