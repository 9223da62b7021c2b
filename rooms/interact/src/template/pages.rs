//! The template pages: list, editor with live preview and checks, test mail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use askama::Template as Page;
use attune_courier::{Courier, Mail, Mailbox, Outgoing, seal};
use attune_house::App;
use attune_record::audit;
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Lang, Path, Problem, Shell};
use axum::Router;
use axum::extract::{Extension, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use serde::Deserialize;

use super::preview::{PreviewError, preview};
use super::rules::{Finding, check};
use super::{Person, Rendered, Template, TemplateDraft, TemplateError, TemplateId, compile, create, save, store};
use crate::room::{EditMail, ViewMail};
use crate::rules;

/// What a mail may load and do inside its frame: pictures and its own styles, nothing else.
const MAIL_POLICY: &str = "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src *; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";
/// Rendered previews that are kept for their frames.
const KEPT: usize = 60;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/templates", get(list).post(add))
        .route("/templates/new", get(blank))
        .route("/templates/preview", post(live))
        .route("/templates/preview/{key}", get(frame))
        .route("/templates/{id}", get(edit).post(change))
        .route("/templates/{id}/test", post(test))
        .route("/templates/{id}/archive", post(archive))
        .route("/templates/{id}/restore", post(restore))
        .layer(Extension(Previews::default()))
}

/// Foreign HTML for a sandboxed frame: its own policy, no scripts.
pub(crate) fn framed(html: String) -> Response {
    let mut response = Html(html).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(MAIL_POLICY));
    response
}

/// Previews waiting for the frame that shows them; the oldest are forgotten.
#[derive(Clone, Default)]
struct Previews(Arc<Mutex<VecDeque<(i64, String)>>>);

impl Previews {
    fn keep(&self, key: i64, html: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((key, html));
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }

    fn find(&self, key: i64) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| *known == key).map(|(_, html)| html.clone())
    }
}

/// The fields as typed.
#[derive(Clone, Debug, Default, Deserialize)]
struct TemplateForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    preheader: String,
    #[serde(default)]
    mjml: String,
    #[serde(default)]
    act: String,
}

impl TemplateForm {
    fn of(draft: TemplateDraft) -> Self {
        let TemplateDraft { name, language, subject, preheader, mjml } = draft;
        Self { name, language, subject, preheader, mjml, act: String::new() }
    }

    fn draft(&self) -> TemplateDraft {
        TemplateDraft {
            name: self.name.trim().to_owned(),
            language: if self.language == "zh-CN" { "zh-CN" } else { "en" }.to_owned(),
            subject: self.subject.trim().to_owned(),
            preheader: self.preheader.trim().to_owned(),
            mjml: self.mjml.replace("\r\n", "\n"),
        }
    }

    fn check(&self) -> FormErrors {
        let mut errors = FormErrors::new();
        errors.required("name", &self.name, 120);
        errors.required("subject", &self.subject, 300);
        errors.optional("preheader", &self.preheader, 300);
        errors.required("mjml", &self.mjml, 500_000);
        errors
    }
}

#[derive(Page)]
#[template(path = "template/list.html")]
struct ListPage {
    shell: Shell,
    templates: Vec<Template>,
}

/// GET /templates
async fn list(_: Can<ViewMail>, State(app): State<App>, shell: Shell) -> Answer {
    let mut tx = app.db.read().await?;
    let page = ListPage { templates: store::list(&mut tx, 200).await?, shell };
    Ok(page.shell.page(&page))
}

/// What the preview shows.
struct Preview {
    key: i64,
    subject: String,
    plain: String,
    findings: Vec<Finding>,
    error: String,
    size: i64,
}

impl Preview {
    fn told(&self, l: &Lang, finding: &Finding) -> String {
        l.of(finding.check.key()).s("detail", &finding.detail).to_string()
    }
}

#[derive(Page)]
#[template(path = "template/edit.html", blocks = ["preview", "form"])]
struct EditPage {
    shell: Shell,
    id: Option<TemplateId>,
    number: i64,
    form: TemplateForm,
    errors: FormErrors,
    preview: Preview,
    test_to: String,
}

impl EditPage {
    /// The editor with a form that has no mistakes so far; `template` is the saved one.
    fn open(shell: Shell, template: Option<&Template>, form: TemplateForm, preview: Preview) -> Self {
        let (id, number) = (template.map(|t| t.id), template.map_or(0, |t| t.number));
        Self { shell, id, number, form, errors: FormErrors::new(), preview, test_to: String::new() }
    }

    fn action(&self) -> String {
        self.id.map_or_else(|| "/templates".to_owned(), |id| format!("/templates/{id}"))
    }

    fn languages(&self) -> Vec<Choice> {
        vec![Choice::new("en", "English"), Choice::new("zh-CN", "中文")]
    }
}

/// Renders a draft for somebody made up, keeps it for the frame, and looks for mistakes.
fn look_at(app: &App, previews: &Previews, draft: &TemplateDraft) -> Preview {
    let mut shown =
        Preview { key: app.ids.next(), subject: String::new(), plain: String::new(), findings: Vec::new(), error: String::new(), size: 0 };
    if let Ok(compiled) = compile::compile(draft) {
        shown.findings = check(draft, &compiled);
        shown.size = i64::try_from(compiled.html.len()).unwrap_or(0);
    }
    match preview(draft, &Person::example(&draft.language)) {
        Ok(Rendered { subject, html, plain }) => {
            shown.subject = subject;
            shown.plain = plain;
            previews.keep(shown.key, html);
        }
        Err(PreviewError::Compile(error)) => shown.error = error.to_string(),
        Err(PreviewError::Render(error)) => shown.error = error.to_string(),
    }
    shown
}

/// GET /templates/new
async fn blank(_: Can<EditMail>, State(app): State<App>, Extension(previews): Extension<Previews>, shell: Shell) -> Answer {
    let chinese = shell.l.locale() == attune_kernel::Locale::ZhCn;
    let starters = super::starter::drafts(&app.public_url);
    let language = if chinese { "zh-CN" } else { "en" };
    let starter = starters.into_iter().find(|draft| draft.language == language).unwrap_or_default();
    let draft = TemplateDraft { name: String::new(), ..starter };
    let preview = look_at(&app, &previews, &draft);
    let page = EditPage::open(shell, None, TemplateForm::of(draft), preview);
    Ok(page.shell.page(&page))
}

/// GET /templates/{id}
async fn edit(
    _: Can<ViewMail>,
    State(app): State<App>,
    Extension(previews): Extension<Previews>,
    shell: Shell,
    Path(id): Path<TemplateId>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let template = store::get(&mut tx, id).await?;
    let draft = store::draft(&mut tx, &template).await?;
    let preview = look_at(&app, &previews, &draft);
    let page = EditPage::open(shell, Some(&template), TemplateForm::of(draft), preview);
    Ok(page.shell.page(&page))
}

/// POST /templates/preview: what the form would send, for htmx.
async fn live(
    _: Can<EditMail>,
    State(app): State<App>,
    Extension(previews): Extension<Previews>,
    shell: Shell,
    Form(form): Form<TemplateForm>,
) -> Answer {
    let preview = look_at(&app, &previews, &form.draft());
    let page = EditPage::open(shell, None, form, preview);
    Ok(page.shell.fragment(&page.as_preview()))
}

/// GET /templates/preview/{key}
async fn frame(_: Can<ViewMail>, Extension(previews): Extension<Previews>, Path(key): Path<i64>) -> Answer {
    Ok(framed(previews.find(key).ok_or(Problem::NotFound)?))
}

/// POST /templates
async fn add(
    can: Can<EditMail>,
    State(app): State<App>,
    Extension(previews): Extension<Previews>,
    shell: Shell,
    Form(form): Form<TemplateForm>,
) -> Answer {
    keep(can, &app, &previews, shell, None, form).await
}

/// POST /templates/{id}
async fn change(
    can: Can<EditMail>,
    State(app): State<App>,
    Extension(previews): Extension<Previews>,
    shell: Shell,
    Path(id): Path<TemplateId>,
    Form(form): Form<TemplateForm>,
) -> Answer {
    keep(can, &app, &previews, shell, Some(id), form).await
}

/// Saves, or shows the form again: with its errors, or because only a preview was asked for.
async fn keep(can: Can<EditMail>, app: &App, previews: &Previews, shell: Shell, id: Option<TemplateId>, form: TemplateForm) -> Answer {
    let mut errors = form.check();
    if errors.is_empty() && form.act != "preview" {
        match write(&can, app, id, &form.draft()).await {
            Ok(id) => return Ok(shell.leave(&format!("/templates/{id}"), Flash::good("template-saved").s("name", form.name.trim()))),
            Err(TemplateError::Fault(fault)) => return Err(fault.into()),
            Err(TemplateError::Compile(error)) => {
                errors.add("mjml", "template-error-mjml").s("reason", error);
            }
        }
    }
    let preview = look_at(app, previews, &form.draft());
    let page = EditPage { shell, id, number: 0, form, errors, preview, test_to: String::new() };
    if page.form.act == "preview" {
        return Ok(page.shell.page(&page));
    }
    Ok(page.shell.again(&page, &page.as_form()))
}

async fn write(can: &Can<EditMail>, app: &App, id: Option<TemplateId>, draft: &TemplateDraft) -> Result<TemplateId, TemplateError> {
    let (now, staff_id) = (app.clock.now(), Some(can.actor.staff_id));
    let mut tx = app.db.begin().await?;
    let after = serde_json::json!({ "name": draft.name, "subject": draft.subject });
    let (id, action) = match id {
        Some(id) => {
            save(&mut tx, &app.ids, now, id, draft, staff_id).await?;
            (id, "template.updated")
        }
        None => (create(&mut tx, &app.ids, now, draft, staff_id).await?, "template.created"),
    };
    audit::note(&mut tx, &app.ids, now, &can.actor, action, "template", id.0, None, Some(after)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Where a test mail goes.
#[derive(Deserialize)]
struct TestForm {
    #[serde(default)]
    to: String,
}

/// POST /templates/{id}/test: the saved version to one address, with links that are not tracked.
async fn test(
    _: Can<EditMail>,
    State(app): State<App>,
    Extension(courier): Extension<Courier>,
    shell: Shell,
    Path(id): Path<TemplateId>,
    Form(form): Form<TestForm>,
) -> Answer {
    let back = format!("/templates/{id}");
    let to = form.to.trim();
    if !rules::is_address(to) {
        return Ok(shell.leave(&back, Flash::bad("template-test-address")));
    }
    let flash = match send_test(&app, &courier, id, to).await? {
        None => Flash::good("template-test-sent").s("address", to),
        Some(reason) => Flash::bad("template-test-failed").s("reason", reason),
    };
    Ok(shell.leave(&back, flash))
}

/// Sends the current version to one address; answers why it did not arrive.
async fn send_test(app: &App, courier: &Courier, id: TemplateId, to: &str) -> Result<Option<String>, Problem> {
    let mut tx = app.db.begin().await?;
    let template = store::get(&mut tx, id).await?;
    let draft = store::draft(&mut tx, &template).await?;
    let (from_name, from_address) = rules::default_sender(&mut tx).await?;
    let signers = rules::signers(&mut tx, &from_address).await?;
    drop(tx);
    let rendered = match preview(&draft, &Person::example(&draft.language)) {
        Ok(rendered) => rendered,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let (number, domain) = (app.ids.next(), from_address.rsplit_once('@').map_or("localhost", |(_, domain)| domain).to_owned());
    let mail = Mail {
        from: Mailbox::named(from_name, &from_address),
        to: vec![Mailbox::new(to)],
        reply_to: None,
        subject: format!("[Test] {}", rendered.subject),
        html: rendered.html,
        text: rendered.plain,
        headers: Vec::new(),
        message_id: format!("t{number}@{domain}"),
        return_path: from_address,
    };
    match seal(&Outgoing { id: number, recipient: to.to_owned(), mail }, &signers, app.clock.now()) {
        Err(error) => Ok(Some(error.to_string())),
        Ok(envelope) => match courier.deliver(vec![envelope]).recv().await {
            Some((_, attune_courier::Outcome::Accepted { .. })) => Ok(None),
            Some((_, attune_courier::Outcome::Rejected { code, text, .. })) => Ok(Some(format!("{code} {text}"))),
            Some((_, attune_courier::Outcome::Unknown { reason } | attune_courier::Outcome::NotSent { reason })) => Ok(Some(reason)),
            None => Ok(Some(String::new())),
        },
    }
}

/// POST /templates/{id}/archive
async fn archive(can: Can<EditMail>, State(app): State<App>, shell: Shell, Path(id): Path<TemplateId>) -> Answer {
    let name = set_archived(&can, &app, id, true).await?;
    Ok(shell.leave("/templates", Flash::good("template-archived").s("name", name).undo(format!("/templates/{id}/restore"))))
}

/// POST /templates/{id}/restore
async fn restore(can: Can<EditMail>, State(app): State<App>, shell: Shell, Path(id): Path<TemplateId>) -> Answer {
    let name = set_archived(&can, &app, id, false).await?;
    Ok(shell.leave("/templates", Flash::good("template-restored").s("name", name)))
}

async fn set_archived(can: &Can<EditMail>, app: &App, id: TemplateId, archived: bool) -> Result<String, Problem> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let template = store::get(&mut tx, id).await?;
    store::archive(&mut tx, id, archived.then_some(now)).await?;
    let action = if archived { "template.archived" } else { "template.restored" };
    audit::note(&mut tx, &app.ids, now, &can.actor, action, "template", id.0, None, None).await?;
    tx.commit().await?;
    Ok(template.name)
}
