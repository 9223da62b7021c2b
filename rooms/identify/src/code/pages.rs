//! The pages of codes.

use askama::Template;
use attune_house::App;
use attune_web::{Answer, Can, Flash, Form, FormErrors, NavItem, Path, PermissionDef, Problem, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;

use super::{Code, CodeId, Print, PrintId, address, draw, store};
use crate::contact::By;

permission!(ViewCodes, "identify.code.view"; EditCodes, "identify.code.edit");

/// The most codes a page lists.
const LISTED: i64 = 500;

/// The permissions of this noun.
pub(crate) fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, None};
    let def = |key, label_key, agent| PermissionDef { key, label_key, admin: All, manager: All, agent };
    vec![def("identify.code.view", "code-permission-view", All), def("identify.code.edit", "code-permission-edit", None)]
}

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/codes", get(index).post(create))
        .route("/codes/new", get(new))
        .route("/codes/{id}", get(show).post(save))
        .route("/codes/{id}/edit", get(edit))
        .route("/codes/{id}/delete", post(delete))
        .route("/codes/{id}/restore", post(restore))
        .route("/codes/{id}/prints", post(add_print))
        .route("/codes/{id}/sheet.pdf", get(sheet))
        .route("/codes/{id}/{picture}", get(picture))
}

/// The entry of the navigation.
pub(crate) fn nav() -> NavItem {
    NavItem::new("nav-customers", "code-title", "/codes", "qr-code", 37, "identify.code.view")
}

#[derive(Template)]
#[template(path = "code/list.html")]
struct ListPage {
    shell: Shell,
    codes: Vec<Code>,
}

async fn index(State(app): State<App>, _can: Can<ViewCodes>, shell: Shell) -> Answer {
    let page = ListPage { codes: store::list(&mut app.db.read().await?, LISTED).await?, shell };
    Ok(page.shell.page(&page))
}

/// A code as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct CodeForm {
    name: String,
    target: String,
    title: String,
    body: String,
}

impl CodeForm {
    fn check(&self, id: CodeId) -> Result<Code, FormErrors> {
        let mut errors = FormErrors::new();
        let name = errors.required("name", &self.name, 100);
        let target = errors.optional("target", &self.target, 1_000);
        let leads = |target: &String| url::Url::parse(target).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if target.as_ref().is_some_and(|target| !leads(target)) {
            errors.add("target", "code-not-an-address");
        }
        let title = errors.optional("title", &self.title, 200).unwrap_or_else(|| name.clone());
        let body = errors.optional("body", &self.body, 10_000).unwrap_or_default();
        errors.or(Code { id, name, target, title, body, prints: 0, scans: 0 })
    }
}

#[derive(Template)]
#[template(path = "code/form.html", blocks = ["form"])]
struct FormPage {
    heading: String,
    action: String,
    shell: Shell,
    form: CodeForm,
    errors: FormErrors,
}

impl FormPage {
    fn new(shell: Shell, id: Option<CodeId>, form: CodeForm, errors: FormErrors) -> Self {
        let heading = shell.l.t(if id.is_some() { "code-edit" } else { "code-new" }).to_string();
        let action = id.map_or_else(|| "/codes".to_owned(), |id| format!("/codes/{id}"));
        Self { heading, action, shell, form, errors }
    }
}

async fn new(_can: Can<EditCodes>, shell: Shell) -> Answer {
    let page = FormPage::new(shell, None, CodeForm::default(), FormErrors::new());
    Ok(page.shell.page(&page))
}

async fn create(State(app): State<App>, can: Can<EditCodes>, shell: Shell, Form(form): Form<CodeForm>) -> Answer {
    let code = match form.check(CodeId(app.ids.next())) {
        Ok(code) => code,
        Err(errors) => {
            let page = FormPage::new(shell, None, form, errors);
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    store::insert(&mut tx, &by, &code).await?;
    store::insert_print(&mut tx, &by, code.id, &code.name).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/codes/{}", code.id), Flash::good("code-created")))
}

async fn edit(State(app): State<App>, _can: Can<EditCodes>, shell: Shell, Path(id): Path<CodeId>) -> Answer {
    let code = store::find(&mut app.db.read().await?, id).await?.ok_or(Problem::NotFound)?;
    let form = CodeForm { name: code.name, target: code.target.unwrap_or_default(), title: code.title, body: code.body };
    let page = FormPage::new(shell, Some(id), form, FormErrors::new());
    Ok(page.shell.page(&page))
}

async fn save(State(app): State<App>, can: Can<EditCodes>, shell: Shell, Path(id): Path<CodeId>, Form(form): Form<CodeForm>) -> Answer {
    let code = match form.check(id) {
        Ok(code) => code,
        Err(errors) => {
            let page = FormPage::new(shell, Some(id), form, errors);
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let mut tx = app.db.begin().await?;
    let before = store::find(&mut tx, id).await?.ok_or(Problem::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    store::update(&mut tx, &by, &before, &code).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/codes/{id}"), Flash::good("code-saved")))
}

#[derive(Template)]
#[template(path = "code/show.html", blocks = ["form"])]
struct ShowPage {
    shell: Shell,
    code: Code,
    prints: Vec<Print>,
    public_url: String,
    /// What the next print is to be called.
    typed: String,
    errors: FormErrors,
}

impl ShowPage {
    fn address(&self, print: &Print) -> String {
        address(&self.public_url, print.id)
    }
}

async fn show_page(app: &App, shell: Shell, id: CodeId, typed: String, errors: FormErrors) -> Result<ShowPage, Problem> {
    let mut tx = app.db.read().await?;
    let code = store::find(&mut tx, id).await?.ok_or(Problem::NotFound)?;
    let prints = store::prints(&mut tx, id).await?;
    Ok(ShowPage { code, prints, public_url: app.public_url.clone(), typed, errors, shell })
}

async fn show(State(app): State<App>, _can: Can<ViewCodes>, shell: Shell, Path(id): Path<CodeId>) -> Answer {
    let page = show_page(&app, shell, id, String::new(), FormErrors::new()).await?;
    Ok(page.shell.page(&page))
}

async fn delete(State(app): State<App>, can: Can<EditCodes>, shell: Shell, Path(id): Path<CodeId>) -> Answer {
    set_deleted(&app, &can, id, true).await?;
    Ok(shell.leave("/codes", Flash::good("code-deleted").undo(format!("/codes/{id}/restore"))))
}

async fn restore(State(app): State<App>, can: Can<EditCodes>, shell: Shell, Path(id): Path<CodeId>) -> Answer {
    set_deleted(&app, &can, id, false).await?;
    Ok(shell.leave(&format!("/codes/{id}"), Flash::good("code-restored")))
}

async fn set_deleted(app: &App, can: &Can<EditCodes>, id: CodeId, gone: bool) -> Result<(), Problem> {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    if !store::set_deleted(&mut tx, &by, id, gone.then_some(by.now)).await? {
        return Err(Problem::NotFound);
    }
    tx.commit().await?;
    Ok(())
}

/// What a print is called.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PrintForm {
    label: String,
}

async fn add_print(
    State(app): State<App>,
    can: Can<EditCodes>,
    shell: Shell,
    Path(id): Path<CodeId>,
    Form(form): Form<PrintForm>,
) -> Answer {
    let mut errors = FormErrors::new();
    let label = errors.required("label", &form.label, 100);
    if label.is_empty() {
        let page = show_page(&app, shell, id, form.label, errors).await?;
        return Ok(page.shell.again(&page, &page.as_form()));
    }
    let mut tx = app.db.begin().await?;
    store::find(&mut tx, id).await?.ok_or(Problem::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    store::insert_print(&mut tx, &by, id, &label).await?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/codes/{id}"), Flash::good("code-print-added").s("name", label)))
}

/// GET /codes/{code}/{print}.svg
async fn picture(State(app): State<App>, _can: Can<ViewCodes>, Path((id, picture)): Path<(CodeId, String)>) -> Answer {
    let print = picture.strip_suffix(".svg").and_then(|id| id.parse::<PrintId>().ok()).ok_or(Problem::NotFound)?;
    let found = store::find_print(&mut app.db.read().await?, print).await?;
    found.filter(|(code, _)| code.id == id).ok_or(Problem::NotFound)?;
    let svg = draw::svg(&address(&app.public_url, print)).ok_or_else(|| Problem::refused("code-too-long"))?;
    Ok(([("content-type", "image/svg+xml")], svg).into_response())
}

/// GET /codes/{code}/sheet.pdf
async fn sheet(State(app): State<App>, _can: Can<ViewCodes>, Path(id): Path<CodeId>) -> Answer {
    let mut tx = app.db.read().await?;
    store::find(&mut tx, id).await?.ok_or(Problem::NotFound)?;
    let line = |print: Print| (address(&app.public_url, print.id), print.label);
    let prints: Vec<(String, String)> = store::prints(&mut tx, id).await?.into_iter().map(line).collect();
    let headers = [("content-type", "application/pdf"), ("content-disposition", "attachment; filename=\"codes.pdf\"")];
    Ok((headers, draw::sheets(&prints)).into_response())
}
