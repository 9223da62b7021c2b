//! The relationships of a record, and the forms that make and change them.

use askama::Template;
use attune_db::Tx;
use attune_house::{App, Panel, Place};
use attune_web::kit::Choice;
use attune_web::{Answer, Can, Flash, Form, FormErrors, Lang, Path, Problem, Query, Scope, Shell, Sight};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::block::{Ground, On, stand};
use super::kind::{Ends, Reading};
use super::{ATTITUDES, End, Line, Record, Relationship, RelationshipId, Terms, find_end, lines_of, words_for};
use crate::company;
use crate::contact::{self, By, ContactError, ContactId};
use crate::field::Subject;
use crate::{EditContacts, ViewContacts};

/// The most people, and the most companies, a search offers.
const FOUND: i64 = 8;

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/{id}/relationships", get(block))
        .route("/companies/{id}/relationships", get(block))
        .route("/companies/{id}/group", get(super::group_page::page))
        .route("/relationships", post(create))
        .route("/relationships/new", get(new))
        .route("/relationships/{id}", get(edit).post(save))
        .route("/relationships/{id}/delete", post(delete))
        .route("/relationships/{id}/restore", post(restore))
}

/// The block on the contact page.
pub(crate) fn panel() -> Panel {
    Panel {
        key: "identify.relationships",
        title_key: "relationship-title",
        href: |id| format!("/contacts/{}/relationships", ContactId(id)),
        order: 15,
        permission: "identify.contact.view",
        place: Place::Aside,
    }
}

/// What pages call the record at an end.
pub(super) fn shown_name(l: &Lang, end: &End) -> String {
    called(l, end.record, &end.name)
}

pub(super) fn called(l: &Lang, record: Record, name: &str) -> String {
    if name.is_empty() { l.of("identify-nameless").s("id", record).to_string() } else { name.to_owned() }
}

#[derive(Template)]
#[template(path = "relationship/panel.html", blocks = ["part"])]
struct PanelPage {
    shell: Shell,
    record: Record,
    href: String,
    name: String,
    /// Whose the record is.
    whose: (Option<i64>, Option<i64>),
    lines: Vec<Line>,
}

impl PanelPage {
    fn note(&self, line: &Line) -> String {
        words_for(&self.shell.sight(), [self.whose, line.whose], &line.terms.note)
    }

    fn name_of(&self, line: &Line) -> String {
        called(&self.shell.l, line.other, &line.name)
    }

    fn reading(&self, line: &Line) -> String {
        self.shell.l.t(&line.reading.label_key()).to_string()
    }

    /// Since when and until when, in words; empty when nothing is known.
    fn span(&self, line: &Line) -> String {
        let l = &self.shell.l;
        let attitude = line.terms.attitude.as_ref().map(|word| l.t(&format!("relationship-attitude-{word}")).to_string());
        let since = line.terms.since_at.map(|at| l.of("relationship-since-day").s("day", l.date(at)).to_string());
        let until = line.terms.until_at.map(|at| l.of("relationship-until-day").s("day", l.date(at)).to_string());
        [attitude, since, until].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

async fn block(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, on: On) -> Answer {
    let Ground { mut tx, record, name, whose } = stand(&app, &can.scope, &shell, on).await?;
    let lines = lines_of(&mut tx, &can.scope, record).await?;
    let page = PanelPage { record, href: record.href(), name, whose, lines, shell };
    Ok(page.shell.show(&page, &page.as_part()))
}

/// A relationship as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NewForm {
    of: String,
    reading: String,
    /// What was searched for.
    q: String,
    /// Who was chosen of those found.
    other: String,
    attitude: String,
    since: String,
    note: String,
}

#[derive(Template)]
#[template(path = "relationship/new.html", blocks = ["form", "found"])]
struct NewPage {
    shell: Shell,
    href: String,
    name: String,
    readings: Vec<Choice>,
    attitudes: Vec<Choice>,
    found: Vec<Choice>,
    form: NewForm,
    errors: FormErrors,
}

fn attitudes(l: &Lang) -> Vec<Choice> {
    ATTITUDES.iter().map(|word| Choice::new(word, l.t(&format!("relationship-attitude-{word}")))).collect()
}

impl NewPage {
    async fn read(app: &App, scope: &Scope, shell: Shell, form: NewForm, errors: FormErrors) -> Result<Self, Problem> {
        let mut tx = app.db.read().await?;
        let record: Record = form.of.parse().map_err(|_| Problem::NotFound)?;
        let end = find_end(&mut tx, scope, record).await?.ok_or(Problem::NotFound)?;
        let found = candidates(&mut tx, scope, (&shell.l, &shell.sight()), &form, record).await?;
        let readings = Reading::all_of(record).map(|reading| Choice::new(reading.word(), shell.l.t(&reading.label_key()))).collect();
        let (href, name, attitudes) = (record.href(), shown_name(&shell.l, &end), attitudes(&shell.l));
        Ok(Self { shell, href, name, readings, attitudes, found, form, errors })
    }
}

/// Whom the words may mean, as far as the kind allows.
async fn candidates(tx: &mut Tx, scope: &Scope, told: (&Lang, &Sight), form: &NewForm, of: Record) -> Result<Vec<Choice>, Problem> {
    let there = Reading::of(&form.reading).map_or(Ends::Any, Reading::there);
    let mut found = find_ends(tx, scope, told, &form.q, there).await?;
    found.retain(|choice| choice.value != of.to_string());
    Ok(found)
}

/// The contacts and companies within `scope` that the words may mean.
pub(crate) async fn find_records(tx: &mut Tx, scope: &Scope, told: (&Lang, &Sight), words: &str) -> Result<Vec<Choice>, Problem> {
    find_ends(tx, scope, told, words, Ends::Any).await
}

/// The records of one kind within `scope` that the words may mean.
pub(crate) async fn find_of(
    tx: &mut Tx,
    scope: &Scope,
    told: (&Lang, &Sight),
    words: &str,
    subject: Subject,
) -> Result<Vec<Choice>, Problem> {
    let there = if subject == Subject::Contact { Ends::Contact } else { Ends::Company };
    find_ends(tx, scope, told, words, there).await
}

async fn find_ends(tx: &mut Tx, scope: &Scope, (l, sight): (&Lang, &Sight), words: &str, there: Ends) -> Result<Vec<Choice>, Problem> {
    let search = words.trim();
    if search.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    if there != Ends::Company {
        let listing = contact::Listing { search: search.to_owned(), sight: *sight, ..contact::Listing::default() };
        let people = contact::list(tx, scope, &listing, contact::Sorting::default(), "", FOUND).await?;
        found.extend(people.contacts.iter().map(|c| {
            let firm = c.company_name.as_ref().map_or_else(String::new, |firm| format!(" · {firm}"));
            Choice::new(c.shown_id(), format!("{}{firm}", contact::named(l, c, c.label_for(sight))))
        }));
    }
    if there != Ends::Contact {
        let listing = company::Listing { search: search.to_owned(), limit: FOUND, ..company::Listing::default() };
        let firms = company::list(tx, scope, &listing).await?;
        let line = |c: company::CompanyLine| {
            let city = c.company.city.as_ref().map_or_else(String::new, |city| format!(" · {city}"));
            Choice::new(c.company.shown_id(), format!("{}{city}", c.company.name))
        };
        found.extend(firms.into_iter().map(line));
    }
    Ok(found)
}

async fn new(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Query(form): Query<NewForm>) -> Answer {
    let page = NewPage::read(&app, &can.scope, shell, form, FormErrors::new()).await?;
    Ok(page.shell.show(&page, &page.as_found()))
}

/// A day as typed in the reader's own calendar.
fn read_day(l: &Lang, errors: &mut FormErrors, field: &'static str, typed: &str) -> Option<i64> {
    let typed = typed.trim();
    let day = l.read_date(typed);
    if day.is_none() && !typed.is_empty() {
        errors.add(field, "relationship-not-a-day");
    }
    day
}

/// What is to be made: the reading, the one it is read from, the other, the terms.
type Asked = (Reading, Record, Record, Terms);

impl NewForm {
    fn check(&self, l: &Lang, found: &[Choice]) -> Result<Asked, FormErrors> {
        let mut errors = FormErrors::new();
        let reading = Reading::of(&self.reading);
        if reading.is_none() {
            errors.add("reading", if self.reading.is_empty() { "web-required" } else { "web-not-a-choice" });
        }
        // Whoever typed a whole name need not choose among one.
        let only = found.first().filter(|_| found.len() == 1).map(|one| one.value.clone());
        let other = self.other.parse::<Record>().ok().or_else(|| only.and_then(|value| value.parse().ok()));
        if other.is_none() {
            errors.add("q", if found.is_empty() { "relationship-nobody" } else { "relationship-choose" });
        }
        let note = errors.optional("note", &self.note, super::NOTE_CHARS).unwrap_or_default();
        let since_at = read_day(l, &mut errors, "since", &self.since);
        let attitude = Some(self.attitude.clone()).filter(|word| !word.is_empty());
        let terms = Terms { note, attitude, since_at, until_at: None };
        match (reading, other, self.of.parse::<Record>()) {
            (Some(reading), Some(other), Ok(of)) => errors.or((reading, of, other, terms)),
            _ => Err(errors),
        }
    }
}

async fn create(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Form(form): Form<NewForm>) -> Answer {
    let mut page = NewPage::read(&app, &can.scope, shell, form, FormErrors::new()).await?;
    let asked = page.form.check(&page.shell.l, &page.found);
    page.errors = match asked {
        Ok(asked) => match put(&app, &can, asked).await {
            Ok(()) => return Ok(page.shell.leave(&page.href, Flash::good("relationship-added"))),
            Err(error) => mendable(error)?,
        },
        Err(errors) => errors,
    };
    Ok(page.shell.again(&page, &page.as_form()))
}

/// What the user can mend, beside the fields of the form.
fn mendable(error: ContactError) -> Result<FormErrors, Problem> {
    let ContactError::Invalid { attribute, key } = error else { return Err(error.into()) };
    let mut errors = FormErrors::new();
    let field = match attribute.as_str() {
        "kind" => "reading",
        "other" => "q",
        other => other,
    };
    errors.add(field, key);
    Ok(errors)
}

async fn put(app: &App, can: &Can<EditContacts>, (reading, of, other, terms): Asked) -> Result<(), ContactError> {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let ends = if reading.forward { (of, other) } else { (other, of) };
    super::create(&mut tx, &by, &can.scope, reading.kind, ends, &terms).await?;
    tx.commit().await?;
    Ok(())
}

/// What is said of a relationship, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TermsForm {
    of: String,
    attitude: String,
    since: String,
    until: String,
    note: String,
}

impl TermsForm {
    fn new(l: &Lang, terms: &Terms, of: String) -> Self {
        let day = |at: Option<i64>| at.map_or_else(String::new, |at| l.date_value(at));
        let attitude = terms.attitude.clone().unwrap_or_default();
        Self { of, attitude, since: day(terms.since_at), until: day(terms.until_at), note: terms.note.clone() }
    }

    fn check(&self, l: &Lang) -> Result<Terms, FormErrors> {
        let mut errors = FormErrors::new();
        let note = errors.optional("note", &self.note, super::NOTE_CHARS).unwrap_or_default();
        let since_at = read_day(l, &mut errors, "since", &self.since);
        let until_at = read_day(l, &mut errors, "until", &self.until);
        let attitude = Some(self.attitude.clone()).filter(|word| !word.is_empty());
        errors.or(Terms { note, attitude, since_at, until_at })
    }
}

#[derive(Template)]
#[template(path = "relationship/edit.html", blocks = ["form"])]
struct EditPage {
    shell: Shell,
    id: RelationshipId,
    heading: String,
    /// The record the way back leads to.
    href: String,
    name: String,
    in_group: bool,
    attitudes: Vec<Choice>,
    form: TermsForm,
    errors: FormErrors,
}

/// The record of the two that `of` names, with the one at the other end and the reading from it.
fn seen_from<'a>(found: &Relationship, ends: &'a [End; 2], of: &str) -> (&'a End, &'a End, Reading) {
    let [from, to] = ends;
    let back = of.parse() == Ok(to.record);
    let reading = Reading { kind: found.kind, forward: !back || found.kind.mutual };
    if back { (to, from, reading) } else { (from, to, reading) }
}

impl EditPage {
    fn new(shell: Shell, found: &Relationship, ends: &[End; 2], form: TermsForm, errors: FormErrors) -> Self {
        let (here, there, reading) = seen_from(found, ends, &form.of);
        let l = &shell.l;
        let said = l.of("relationship-sentence").s("name", shown_name(l, here)).s("kind", l.t(&reading.label_key()));
        let heading = said.s("other", shown_name(l, there)).to_string();
        let (href, name, attitudes) = (here.record.href(), shown_name(l, here), attitudes(l));
        Self { shell, id: found.id, heading, href, name, in_group: found.kind.in_group, attitudes, form, errors }
    }
}

/// From which record one came.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct OfQuery {
    of: String,
}

async fn edit(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<RelationshipId>,
    Query(query): Query<OfQuery>,
) -> Answer {
    let (found, ends) = super::find(&mut app.db.read().await?, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    if found.note_for(&shell.sight(), &ends) != found.terms.note {
        return Err(Problem::refused("identify-hidden-words"));
    }
    let form = TermsForm::new(&shell.l, &found.terms, query.of);
    let page = EditPage::new(shell, &found, &ends, form, FormErrors::new());
    Ok(page.shell.page(&page))
}

async fn save(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<RelationshipId>,
    Form(form): Form<TermsForm>,
) -> Answer {
    let (found, ends) = super::find(&mut app.db.read().await?, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let errors = match form.check(&shell.l) {
        Ok(terms) => change(&app, &can, id, &terms).await.map_or_else(mendable, |()| Ok(FormErrors::new()))?,
        Err(errors) => errors,
    };
    let page = EditPage::new(shell, &found, &ends, form, errors);
    if !page.errors.is_empty() {
        return Ok(page.shell.again(&page, &page.as_form()));
    }
    Ok(page.shell.leave(&page.href, Flash::good("relationship-saved")))
}

async fn change(app: &App, can: &Can<EditContacts>, id: RelationshipId, terms: &Terms) -> Result<(), ContactError> {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    super::update(&mut tx, &by, &can.scope, id, terms).await?;
    tx.commit().await?;
    Ok(())
}

async fn delete(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<RelationshipId>) -> Answer {
    let href = set_deleted(&app, &can, id, true).await?;
    Ok(shell.leave(&href, Flash::good("relationship-deleted").undo(format!("/relationships/{id}/restore"))))
}

async fn restore(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<RelationshipId>) -> Answer {
    let href = set_deleted(&app, &can, id, false).await?;
    Ok(shell.leave(&href, Flash::good("identify-undone")))
}

async fn set_deleted(app: &App, can: &Can<EditContacts>, id: RelationshipId, gone: bool) -> Result<String, Problem> {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let [from, _] = super::set_deleted(&mut tx, &by, &can.scope, id, gone).await?;
    tx.commit().await?;
    Ok(from.record.href())
}
