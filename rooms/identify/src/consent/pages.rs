//! Consent on the contact page: what holds, and the page where staff note down what a person said.

use askama::Template;
use attune_db::{DbError, Tx};
use attune_house::{App, Panel, Place};
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Path, PermissionDef, Problem, Shell, permission};
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::told::{Line, Teller};
use super::typed::{Typed, choice};
use super::{CHANNELS, Consent, ConsentDraft, MARKETING, PURPOSES, current, list, record};
use crate::contact::{self, Contact, ContactId};
use crate::{preference, topic};

permission!(ViewConsent, "identify.consent.view"; RecordConsent, "identify.consent.record");

/// How many lines of the ledger the page shows.
const SHOWN: i64 = 50;
/// How staff may have heard what they note down.
const HEARD: [&str; 4] = ["phone", "in-person", "paper", "message"];

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

#[derive(Template)]
#[template(path = "consent/page.html", blocks = ["part", "form"])]
struct ConsentPage {
    shell: Shell,
    contact_href: String,
    name: String,
    held: Vec<Line>,
    imported: Option<Imported>,
    /// How the person wants to be written to; empty when they never said.
    wishes: Vec<String>,
    ledger: Vec<Line>,
    /// The topics people may allow: purpose and name.
    topics: Vec<(String, String)>,
    form: Typed,
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
        let mut all = self.choices("purpose", &PURPOSES);
        all.extend(self.topics.iter().map(|(purpose, name)| Choice::new(purpose, name)));
        all
    }

    fn sources(&self) -> Vec<Choice> {
        self.choices("source", &HEARD)
    }

    fn states(&self) -> Vec<Choice> {
        let l = &self.shell.l;
        vec![Choice::new("given", l.t("consent-given")), Choice::new("withdrawn", l.t("consent-withdrawn"))]
    }
}

/// What a new line starts with.
fn fresh() -> Typed {
    let [channel, purpose, state] = ["email", MARKETING, "given"].map(str::to_owned);
    Typed { channel, purpose, state, ..Typed::default() }
}

fn check(form: &Typed, contact_id: i64, staff_id: i64, topics: &[(String, String)]) -> Result<ConsentDraft, FormErrors> {
    let mut errors = FormErrors::new();
    let draft = form.check(&mut errors, contact_id, staff_id, |purpose| topics.iter().any(|(known, _)| known == purpose));
    choice(&mut errors, "source", &form.source, HEARD.contains(&form.source.as_str()));
    errors.or(draft)
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

/// The topics people may be asked about: the ledger's purpose and the name.
async fn topics(tx: &mut Tx, shell: &Shell) -> Result<Vec<(String, String)>, DbError> {
    let named = |topic: topic::Topic| (topic::purpose_of(topic.id), topic.name(shell.l.locale()).to_owned());
    Ok(topic::list(tx).await?.into_iter().map(named).collect())
}

async fn page_of(app: &App, shell: Shell, person: &Contact, form: Typed, errors: FormErrors) -> Result<ConsentPage, Problem> {
    let mut tx = app.db.read().await?;
    let teller = Teller::open(&mut tx, shell.l.clone(), shell.sight(), person.place()).await?;
    let held = current(&mut tx, person.id).await?;
    let imported = imported(&mut tx, app, person, &held).await?;
    let held = held.into_iter().map(|consent| teller.consent(consent)).collect();
    let mut wish = preference::current(&mut tx, person.id).await?.map(|line| line.said.wish);
    if let Some(wish) = &mut wish {
        wish.paused_until = wish.paused_until.filter(|until| *until > shell.now);
    }
    let wishes = wish.map_or_else(Vec::new, |wish| teller.wishes(&wish));
    let mut ledger: Vec<Line> = list(&mut tx, person.id, SHOWN).await?.into_iter().map(|consent| teller.consent(consent)).collect();
    ledger.extend(preference::list(&mut tx, person.id, SHOWN).await?.into_iter().map(|line| teller.preference(line)));
    ledger.sort_by_key(|line| std::cmp::Reverse((line.at, line.id)));
    let topics = topics(&mut tx, &shell).await?;
    let contact_href = format!("/contacts/{}", person.shown_id());
    Ok(ConsentPage { name: contact::name_for(&shell, person), shell, contact_href, held, imported, wishes, ledger, topics, form, errors })
}

async fn show(State(app): State<App>, can: Can<ViewConsent>, shell: Shell, Path(id): Path<ContactId>) -> Answer {
    let person = contact::find(&mut app.db.read().await?, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let page = page_of(&app, shell, &person, fresh(), FormErrors::new()).await?;
    Ok(page.shell.show(&page, &page.as_part()))
}

async fn note(State(app): State<App>, can: Can<RecordConsent>, shell: Shell, Path(id): Path<ContactId>, Form(form): Form<Typed>) -> Answer {
    let mut tx = app.db.read().await?;
    let person = contact::find(&mut tx, &can.scope, id.0).await?.ok_or(Problem::NotFound)?;
    let topics = topics(&mut tx, &shell).await?;
    drop(tx);
    match check(&form, person.id, can.actor.staff_id, &topics) {
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
    let after =
        serde_json::json!({ "channel": draft.channel, "purpose": draft.purpose, "state": draft.state.word(), "source": draft.source });
    let contact_id = draft.contact_id;
    record(&mut tx, &app.ids, now, &[draft]).await?;
    attune_record::audit::note(&mut tx, &app.ids, now, &can.actor, "consent.recorded", "contact", contact_id, None, Some(after)).await?;
    tx.commit().await?;
    Ok(())
}
