//! What to ask a person next, on the contact page: a colleague asks it in a talk and types the answer.

use askama::Template;
use attune_house::{App, Panel, Place};
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, Problem, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};

use super::pages::learns;
use super::{Due, MOST, QuestionId, Touch, answer, ask, decline, due};
use crate::contact::{self, By, Contact, ContactError, ContactId, Control, control};
use crate::{EditContacts, ViewContacts, field};

/// The routes of this noun on the contact page.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/contacts/{id}/questions", get(show)).route("/contacts/{id}/questions/{question}", post(take))
}

/// The block on the contact page.
pub(crate) fn panel() -> Panel {
    Panel {
        key: "identify.dialogue",
        title_key: "dialogue-panel",
        href: |id| format!("/contacts/{}/questions", ContactId(id)),
        order: 15,
        permission: "identify.contact.edit",
        place: Place::Aside,
    }
}

/// A question with the field its answer is typed into.
pub(super) struct Asking {
    pub(super) id: QuestionId,
    pub(super) text: String,
    pub(super) learns: String,
    pub(super) control: Control,
    /// Since when what is known is known; `None`: nothing is.
    pub(super) known_since: Option<i64>,
    pub(super) value: String,
}

#[derive(Template)]
#[template(path = "dialogue/panel.html", blocks = ["part"])]
struct PanelPage {
    shell: Shell,
    contact_href: String,
    name: String,
    /// The page that asks the person himself.
    public_href: String,
    asking: Vec<Asking>,
    errors: FormErrors,
}

/// These questions with their fields, as pages show them.
pub(super) async fn asking(
    tx: &mut attune_db::Tx,
    shell: &Shell,
    contact: &Contact,
    due: Vec<Due>,
) -> Result<Vec<Asking>, attune_db::DbError> {
    let fields = field::list(tx).await?;
    let mut asking = Vec::new();
    for due in due {
        let key = &due.question.key;
        let Some((control, value)) = control(tx, shell, contact, key).await? else { continue };
        asking.push(Asking {
            id: QuestionId(due.question.id),
            text: due.question.text(shell.l.locale()).to_owned(),
            learns: learns(&shell.l, &fields, key),
            control,
            known_since: due.known_since,
            value,
        });
    }
    Ok(asking)
}

async fn page_of(app: &App, shell: Shell, contact: &Contact) -> Result<PanelPage, Problem> {
    let mut tx = app.db.read().await?;
    let due =
        due(&mut tx, std::slice::from_ref(contact), Touch::Call, MOST, app.clock.now()).await?.remove(&contact.id).unwrap_or_default();
    let asking = asking(&mut tx, &shell, contact, due).await?;
    let contact_href = format!("/contacts/{}", contact.shown_id());
    let public_href = super::public::address(&app.secret, &app.public_url, contact.id, app.clock.now());
    let name = contact::name_for(&shell, contact);
    Ok(PanelPage { name, contact_href, public_href, asking, errors: FormErrors::new(), shell })
}

async fn show(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let contact = contact::find(&mut app.db.read().await?, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let page = page_of(&app, shell, &contact).await?;
    Ok(page.shell.show(&page, &page.as_part()))
}

/// What was typed: the answer under the question's id; `act` is `decline` when the person would rather not say.
pub(super) type Said = Vec<(String, String)>;

/// The answer to a question; of several ticked boxes all.
pub(super) fn said(form: &Said, question: QuestionId) -> String {
    let slot = question.to_string();
    form.iter().filter(|(name, _)| *name == slot).map(|(_, typed)| typed.trim()).collect::<Vec<_>>().join(";")
}

/// Whether the person would rather not say.
pub(super) fn declines(form: &Said) -> bool {
    form.iter().any(|(name, act)| name == "act" && act == "decline")
}

async fn take(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path((id, question)): Path<(ContactId, QuestionId)>,
    Form(form): Form<Said>,
) -> Answer {
    match keep(&app, &can, (id, question), &form).await {
        Ok(words) => Ok(shell.leave(&format!("/contacts/{id}"), Flash::good(words))),
        Err(ContactError::Invalid { key, .. }) => {
            let page = page_again(&app, shell, &can.scope, (id, question), (&form, key)).await?;
            Ok(page.shell.again(&page, &page.as_part()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The page with the answer that was wrong and why.
async fn page_again(
    app: &App,
    shell: Shell,
    scope: &Scope,
    (id, question): (ContactId, QuestionId),
    (form, why): (&Said, &'static str),
) -> Result<PanelPage, Problem> {
    let contact = contact::find(&mut app.db.read().await?, scope, id.0).await?.ok_or(Problem::NotFound)?;
    let mut page = page_of(app, shell, &contact).await?;
    page.errors.add(question.to_string(), why);
    page.asking.iter_mut().filter(|asking| asking.id == question).for_each(|asking| asking.value = said(form, question));
    Ok(page)
}

/// Keeps what the person said; answers the locale key of what was done.
async fn keep(
    app: &App,
    can: &Can<EditContacts>,
    (id, question): (ContactId, QuestionId),
    form: &Said,
) -> Result<&'static str, ContactError> {
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let pair = (id.0, question.0);
    let mut tx = app.db.begin().await?;
    let contact = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(ContactError::NotFound)?;
    // Both questions on the page were asked: the other may still be answered in this talk.
    ask(&mut tx, &by, &contact, Touch::Call, MOST).await?;
    let words = if declines(form) {
        decline(&mut tx, &by, &can.scope, pair, Touch::Call).await?;
        "dialogue-declined-noted"
    } else {
        answer(&mut tx, &by, &can.scope, pair, Touch::Call, &said(form, question)).await?;
        "dialogue-answer-noted"
    };
    tx.commit().await?;
    Ok(words)
}

impl PanelPage {
    /// What the answer is kept as, and since when what is known is known.
    fn hint(&self, asking: &Asking) -> String {
        let l = &self.shell.l;
        match asking.known_since {
            Some(at) => l.of("dialogue-known-since").s("name", &asking.learns).s("date", l.date(at)).to_string(),
            None => l.of("dialogue-learns-that").s("name", &asking.learns).to_string(),
        }
    }
}
