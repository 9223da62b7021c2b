//! Consent on the contact page: what holds, and the page where staff note down what a person said.

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::{App, Panel, Place};
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Lang, Path, PermissionDef, Problem, Shell, Text, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::{CHANNELS, Consent, ConsentDraft, MARKETING, PURPOSES, State as Said, current, list, record};
use crate::contact::{self, Contact, ContactId};

permission!(ViewConsent, "identify.consent.view"; RecordConsent, "identify.consent.record");

/// How many lines of the ledger the page shows.
const SHOWN: i64 = 50;

/// The permissions of this noun.
pub fn permissions() -> Vec<PermissionDef> {
    use attune_web::Grant::{All, Own, Team};
    let def = |key, label_key| PermissionDef { key, label_key, admin: All, manager: Team, agent: Own };
    vec![def("identify.consent.view", "consent-permission-view"), def("identify.consent.record", "consent-permission-record")]
}

/// The routes of this noun.
pub fn routes() -> Router<App> {
    Router::new().route("/contacts/{id}/consent", get(show).post(note))
}

/// The block on the contact page.
pub fn panel() -> Panel {
    Panel {
        key: "identify.consent",
        title_key: "consent-title",
        href: |id| format!("/contacts/{}/consent", ContactId(id)),
        order: 60,
        permission: "identify.consent.view",
        place: Place::Aside,
    }
}

/// A line of the ledger in words.
struct Line {
    channel: Text,
    purpose: Text,
    given: bool,
    state: Text,
    source: String,
    wording: String,
    proof: String,
    at: i64,
}

impl Line {
    fn new(l: &Lang, consent: Consent) -> Self {
        let known = |kind: &str, word: &str, all: &[&str]| {
            if all.contains(&word) { l.t(&format!("consent-{kind}-{word}")) } else { Text::from(word) }
        };
        let said = consent.said;
        let source = known("source", &said.source, &["staff", "form", "import", "unsubscribe-link", "preference-page", "api", "merge"]);
        Self {
            channel: known("channel", &said.channel, &CHANNELS),
            purpose: known("purpose", &said.purpose, &PURPOSES),
            given: said.state == Said::Given,
            state: l.t(if said.state == Said::Given { "consent-given" } else { "consent-withdrawn" }),
            source: source.to_string(),
            wording: said.wording.unwrap_or_default(),
            proof: said.proof.unwrap_or_default(),
            at: consent.at,
        }
    }
}

#[derive(Template)]
#[template(path = "consent/page.html", blocks = ["part", "form"])]
struct ConsentPage {
    shell: Shell,
    contact_href: String,
    name: String,
    held: Vec<Line>,
    imported: Option<Imported>,
    ledger: Vec<Line>,
    form: ConsentForm,
    errors: FormErrors,
}

impl ConsentPage {
    fn choices(&self, kind: &str, words: &[&str]) -> Vec<Choice> {
        words.iter().map(|word| Choice::new(word, self.shell.l.t(&format!("consent-{kind}-{word}")))).collect()
    }

    fn channels(&self) -> Vec<Choice> {
        self.choices("channel", &CHANNELS)
    }

    fn purposes(&self) -> Vec<Choice> {
        self.choices("purpose", &PURPOSES)
    }

    fn states(&self) -> Vec<Choice> {
        let l = &self.shell.l;
        vec![Choice::new("given", l.t("consent-given")), Choice::new("withdrawn", l.t("consent-withdrawn"))]
    }
}

/// What staff typed.
#[derive(Clone, Debug, Deserialize)]
struct ConsentForm {
    #[serde(default)]
    channel: String,
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    wording: String,
    #[serde(default)]
    proof: String,
}

impl Default for ConsentForm {
    fn default() -> Self {
        let [channel, purpose, state] = ["email", MARKETING, "given"].map(str::to_owned);
        Self { channel, purpose, state, wording: String::new(), proof: String::new() }
    }
}

impl ConsentForm {
    fn check(&self, contact_id: i64, staff_id: i64) -> Result<ConsentDraft, FormErrors> {
        let mut errors = FormErrors::new();
        if !CHANNELS.contains(&self.channel.as_str()) {
            errors.add("channel", "web-required");
        }
        if !PURPOSES.contains(&self.purpose.as_str()) {
            errors.add("purpose", "web-required");
        }
        let state = Said::of(&self.state);
        if state.is_none() {
            errors.add("state", "web-required");
        }
        // Who says "yes" must be quoted: without the words a consent proves nothing.
        let wording = match state {
            Some(Said::Given) => Some(errors.required("wording", &self.wording, 2_000)),
            _ => errors.optional("wording", &self.wording, 2_000),
        };
        let draft = ConsentDraft {
            contact_id,
            channel: self.channel.clone(),
            purpose: self.purpose.clone(),
            state: state.unwrap_or(Said::Withdrawn),
            source: "staff".to_owned(),
            wording,
            proof: errors.optional("proof", &self.proof, 500),
            staff_id: Some(staff_id),
        };
        errors.or(draft)
    }
}

/// A contact that an import brought and that has said nothing about marketing mail since.
struct Imported {
    at: i64,
    /// Whether it counts as having agreed.
    counts: bool,
}

/// What an import means for mailing this contact; nothing when its own word is in the ledger or no room here sends.
async fn imported(tx: &mut Tx, app: &App, person: &Contact, held: &[Consent]) -> Result<Option<Imported>, DbError> {
    let is_said = held.iter().any(|consent| consent.said.channel == "email" && consent.said.purpose == MARKETING);
    if person.import_id.is_none() || is_said {
        return Ok(None);
    }
    let counts = super::imported_counts(tx, app.house()).await?;
    Ok(counts.map(|counts| Imported { at: person.created_at, counts }))
}

async fn page_of(app: &App, shell: Shell, person: &Contact, form: ConsentForm, errors: FormErrors) -> Result<ConsentPage, Problem> {
    let mut tx = app.db.read().await?;
    let held = current(&mut tx, person.id).await?;
    let imported = imported(&mut tx, app, person, &held).await?;
    let held = held.into_iter().map(|consent| Line::new(&shell.l, consent)).collect();
    let ledger = list(&mut tx, person.id, SHOWN).await?.into_iter().map(|consent| Line::new(&shell.l, consent)).collect();
    let contact_href = format!("/contacts/{}", person.shown_id());
    Ok(ConsentPage { name: contact::name_of(&shell.l, person), shell, contact_href, held, imported, ledger, form, errors })
}

async fn show(State(app): State<App>, can: Can<ViewConsent>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let person = contact::find(&mut app.db.read().await?, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let page = page_of(&app, shell, &person, ConsentForm::default(), FormErrors::new()).await?;
    Ok(page.shell.show(&page, &page.as_part()))
}

async fn note(
    State(app): State<App>,
    can: Can<RecordConsent>,
    shell: Shell,
    Path(id): Path<ContactId>,
    Form(form): Form<ConsentForm>,
) -> Answer {
    let person = contact::find(&mut app.db.read().await?, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    match form.check(person.id, can.actor.staff_id) {
        Ok(draft) => note_down(&app, &can, draft).await?,
        Err(errors) => {
            let page = page_of(&app, shell, &person, form, errors).await?;
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    }
    Ok(shell.leave(&format!("/contacts/{id}/consent"), Flash::good("consent-recorded")))
}

/// Adds the line to the ledger and to the audit log; whom the contact was taken from meanwhile adds nothing.
async fn note_down(app: &App, can: &Can<RecordConsent>, draft: ConsentDraft) -> Result<(), Problem> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    contact::find(&mut tx, &can.scope, draft.contact_id).await?.ok_or(Problem::NotFound)?;
    let after = serde_json::json!({ "channel": draft.channel, "purpose": draft.purpose, "state": draft.state.word() });
    let contact_id = draft.contact_id;
    record(&mut tx, &app.ids, now, &[draft]).await?;
    attune_record::audit::note(&mut tx, &app.ids, now, &can.actor, "consent.recorded", "contact", contact_id, None, Some(after)).await?;
    tx.commit().await?;
    Ok(())
}
