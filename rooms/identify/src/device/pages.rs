//! The list of devices, a device with what it told, the form, and the block on its owner's page.

use askama::Template;
use attune_house::{App, Panel, Place};
use attune_kernel::fold_key;
use attune_web::kit::{Choice, Tab, cut_page, with_query};
use attune_web::{Answer, Can, Flash, Form, FormErrors, NavItem, Path, Problem, Query, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::Deserialize;

use super::chart::{self, Plot};
use super::store::{self, Listing, State as Told};
use super::{Device, DeviceId, Draft, NAME_CHARS, STATES, put_many, set_deleted};
use crate::contact::{By, ContactId};
use crate::relationship::block::{Ground, On, stand};
use crate::relationship::pages::find_records;
use crate::relationship::{Record, find_end};
use crate::{EditContacts, ViewContacts};

/// Devices on a page, in the block on another page, and values of a reading.
const PAGE: usize = 50;
const FEW: usize = 20;
const VALUES: i64 = 200;

/// The routes of this noun.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/contacts/{id}/devices", get(block))
        .route("/companies/{id}/devices", get(block))
        .route("/devices", get(index).post(create))
        .route("/devices/new", get(new))
        .route("/devices/{id}", get(show).post(save))
        .route("/devices/{id}/edit", get(edit))
        .route("/devices/{id}/delete", post(delete))
        .route("/devices/{id}/restore", post(restore))
}

/// The entry of the navigation.
pub(crate) fn nav() -> NavItem {
    NavItem::new("nav-customers", "device-title", "/devices", "plug", 40, "identify.contact.view")
}

/// The block on the contact page.
pub(crate) fn panel() -> Panel {
    Panel {
        key: "identify.devices",
        title_key: "device-title",
        href: |id| format!("/contacts/{}/devices", ContactId(id)),
        order: 15,
        permission: "identify.contact.view",
        place: Place::Aside,
    }
}

/// The place behind a device in the list.
pub(super) fn mark(last: &Device) -> String {
    format!("{}~{}", last.id.0, fold_key(&last.serial))
}

/// The place an address names.
pub(super) fn read_mark(text: &str) -> Option<(String, i64)> {
    text.split_once('~').and_then(|(id, key)| Some((key.to_owned(), id.parse().ok()?)))
}

/// What the list shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    q: String,
    state: String,
    after: String,
}

#[derive(Template)]
#[template(path = "device/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    query: ListQuery,
    devices: Vec<Device>,
    next: Option<String>,
}

impl ListPage {
    fn owner(&self, device: &Device) -> String {
        owner_name(&self.shell, device)
    }
}

fn owner_name(shell: &Shell, device: &Device) -> String {
    let name = if device.owner_name.is_empty() { device.owner.to_string() } else { device.owner_name.clone() };
    shell.sight().text(device.whose, name)
}

fn list_href(state: &str, q: &str, after: &str) -> String {
    let query = [("state", state), ("q", q), ("after", after)]
        .into_iter()
        .fold(String::new(), |query, (key, value)| with_query(query.trim_start_matches('?'), key, value));
    format!("/devices{query}")
}

async fn index(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Query(query): Query<ListQuery>) -> Answer {
    let state = STATES.into_iter().find(|state| *state == query.state).unwrap_or("");
    let after = read_mark(&query.after);
    let listing = Listing { search: query.q.clone(), state: state.to_owned(), owner: None, after, limit: PAGE as i64 + 1 };
    let mut devices = store::list(&mut app.db.read().await?, &can.scope, &listing).await?;
    let next = cut_page(&mut devices, PAGE).map(|last| list_href(state, &query.q, &mark(last)));
    let tab = |word: &'static str, key: &str| Tab::new(list_href(word, &query.q, ""), shell.l.t(key), word == state);
    let tabs = vec![tab("", "device-all"), tab("active", "device-state-active"), tab("retired", "device-state-retired")];
    let page = ListPage { tabs, query, devices, next, shell };
    Ok(page.shell.page(&page))
}

#[derive(Template)]
#[template(path = "device/panel.html", blocks = ["part"])]
struct PanelPage {
    shell: Shell,
    record: Record,
    name: String,
    devices: Vec<Device>,
    next: Option<String>,
}

/// Where the page begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PanelQuery {
    after: String,
}

async fn block(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, on: On, Query(query): Query<PanelQuery>) -> Answer {
    let Ground { mut tx, record, name, .. } = stand(&app, &can.scope, &shell, on).await?;
    let most = if shell.hx.partial { FEW } else { PAGE };
    let listing = Listing { owner: Some(record), after: read_mark(&query.after), limit: most as i64 + 1, ..Listing::default() };
    let mut devices = store::list(&mut tx, &can.scope, &listing).await?;
    let last = cut_page(&mut devices, most).map(mark);
    let next =
        last.map(|mark| format!("{}/devices{}", record.href(), if most == FEW { String::new() } else { with_query("", "after", mark) }));
    let page = PanelPage { record, name, devices, next, shell };
    Ok(page.shell.show(&page, &page.as_part()))
}

/// Which reading the chart shows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ShowQuery {
    reading: String,
}

#[derive(Template)]
#[template(path = "device/show.html")]
struct ShowPage {
    shell: Shell,
    device: Device,
    readings: Vec<Told>,
    faults: Vec<Told>,
    /// The reading of the chart; empty when none was ever told.
    chosen: String,
    tabs: Vec<Tab>,
    /// Moment and value, newest first.
    values: Vec<(i64, f64)>,
    plot: Option<Plot>,
}

impl ShowPage {
    fn owner(&self) -> String {
        owner_name(&self.shell, &self.device)
    }

    fn reading(&self, name: &str) -> String {
        match name {
            "stock" | "usage" => self.shell.l.t(&format!("device-{name}")).to_string(),
            name => name.to_owned(),
        }
    }

    fn number(&self, value: &f64) -> String {
        let places = if value.fract() == 0.0 { 0 } else { 2 };
        self.shell.l.decimal(*value, places).to_string()
    }

    fn value(&self, told: &Told) -> String {
        let number = told.value.map_or_else(String::new, |value| self.number(&value));
        if told.unit.is_empty() { number } else { format!("{number} {}", told.unit) }
    }

    fn severity(&self, told: &Told) -> (&'static str, String) {
        let tone = match told.severity.as_str() {
            "critical" => "bad",
            "warning" => "warn",
            _ => "blue",
        };
        let key = if told.open { format!("device-severity-{}", told.severity) } else { "device-recovered".to_owned() };
        (if told.open { tone } else { "good" }, self.shell.l.t(&key).to_string())
    }

    /// The chart in a sentence.
    fn says(&self, plot: &Plot) -> String {
        let said = self.shell.l.of("device-chart-says").s("reading", self.reading(&self.chosen));
        said.s("low", self.number(&plot.low)).s("high", self.number(&plot.high)).to_string()
    }
}

async fn show(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    Path(id): Path<DeviceId>,
    Query(query): Query<ShowQuery>,
) -> Answer {
    let mut tx = app.db.read().await?;
    let device = super::find(&mut tx, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    let (faults, readings): (Vec<Told>, Vec<Told>) = store::list_states(&mut tx, id).await?.into_iter().partition(|state| state.is_fault);
    let chosen = readings.iter().find(|state| state.name == query.reading).or(readings.first()).map_or("", |state| &state.name).to_owned();
    let values = store::list_values(&mut tx, &device, &chosen, VALUES).await?;
    let plot = chart::plot(&values.iter().rev().copied().collect::<Vec<_>>());
    let mut page = ShowPage { device, readings, faults, chosen, tabs: Vec::new(), values, plot, shell };
    page.tabs = page.readings.iter().map(|told| page.tab(&told.name)).collect();
    Ok(page.shell.page(&page))
}

impl ShowPage {
    fn tab(&self, name: &str) -> Tab {
        Tab::new(format!("/devices/{}{}", self.device.id, with_query("", "reading", name)), self.reading(name), name == self.chosen)
    }
}

/// A device as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct DeviceForm {
    /// Whose page it was asked for from.
    of: String,
    serial: String,
    model: String,
    /// Words to find an owner by.
    q: String,
    owner: String,
    installed: String,
    state: String,
}

impl DeviceForm {
    fn of(shell: &Shell, device: &Device) -> Self {
        Self {
            serial: device.serial.clone(),
            model: device.model.clone(),
            owner: device.owner.to_string(),
            installed: device.installed_at.map_or_else(String::new, |at| shell.l.date_value(at)),
            state: device.state.clone(),
            ..Self::default()
        }
    }

    fn check(&self, shell: &Shell, id: Option<DeviceId>) -> Result<Draft, FormErrors> {
        let mut errors = FormErrors::new();
        let serial = errors.required("serial", &self.serial, NAME_CHARS);
        let model = errors.required("model", &self.model, NAME_CHARS);
        let owner = self.owner.parse::<Record>().ok();
        if owner.is_none() {
            errors.add("q", "device-choose-owner");
        }
        let typed = self.installed.trim();
        let installed_at = shell.l.read_date(typed);
        if installed_at.is_none() && !typed.is_empty() {
            errors.add("installed", "relationship-not-a-day");
        }
        let state = if STATES.contains(&self.state.as_str()) { self.state.clone() } else { "active".to_owned() };
        errors.or(Draft { id, serial, model, owner: owner.unwrap_or(Record::Contact(0)), installed_at, state })
    }
}

#[derive(Template)]
#[template(path = "device/form.html", blocks = ["form", "found"])]
struct FormPage {
    shell: Shell,
    id: Option<DeviceId>,
    found: Vec<Choice>,
    states: Vec<Choice>,
    form: DeviceForm,
    errors: FormErrors,
}

impl FormPage {
    /// The form with whoever is chosen, or meant by the words, to choose from.
    async fn read(app: &App, can: &Can<EditContacts>, shell: Shell, id: Option<DeviceId>, form: DeviceForm) -> Result<Self, Problem> {
        let mut tx = app.db.read().await?;
        let mut found = Vec::new();
        if let Ok(owner) = form.owner.parse::<Record>()
            && let Some(end) = find_end(&mut tx, &can.scope, owner).await?
        {
            let name = if end.name.is_empty() { owner.to_string() } else { end.name };
            found.push(Choice::new(owner, shell.sight().text(end.whose, name)));
        }
        let more = find_records(&mut tx, &can.scope, (&shell.l, &shell.sight()), &form.q).await?;
        found.extend(more.into_iter().filter(|choice| choice.value != form.owner));
        let states = STATES.map(|state| Choice::new(state, shell.l.t(&format!("device-state-{state}")))).to_vec();
        Ok(Self { id, found, states, form, errors: FormErrors::new(), shell })
    }

    fn action(&self) -> String {
        self.id.map_or_else(|| "/devices".to_owned(), |id| format!("/devices/{id}"))
    }

    /// Where an owner is looked for without scripts: the same form, with what is typed.
    fn finds(&self) -> String {
        self.id.map_or_else(|| "/devices/new".to_owned(), |id| format!("/devices/{id}/edit"))
    }

    fn heading(&self) -> String {
        self.shell.l.t(if self.id.is_some() { "device-edit" } else { "device-new" }).to_string()
    }
}

async fn new(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Query(mut form): Query<DeviceForm>) -> Answer {
    if form.owner.is_empty() {
        form.owner = form.of.clone();
    }
    if form.state.is_empty() {
        "active".clone_into(&mut form.state);
    }
    let page = FormPage::read(&app, &can, shell, None, form).await?;
    Ok(page.shell.show(&page, &page.as_found()))
}

async fn edit(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<DeviceId>,
    Query(typed): Query<DeviceForm>,
) -> Answer {
    let device = super::find(&mut app.db.read().await?, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    // A form that looks for an owner sends all it holds, and its state is never empty.
    let form = if typed.state.is_empty() { DeviceForm::of(&shell, &device) } else { typed };
    let page = FormPage::read(&app, &can, shell, Some(id), form).await?;
    Ok(page.shell.page(&page))
}

async fn create(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Form(form): Form<DeviceForm>) -> Answer {
    keep(&app, &can, shell, None, form).await
}

async fn save(
    State(app): State<App>,
    can: Can<EditContacts>,
    shell: Shell,
    Path(id): Path<DeviceId>,
    Form(form): Form<DeviceForm>,
) -> Answer {
    super::find(&mut app.db.read().await?, &can.scope, id).await?.ok_or(Problem::NotFound)?;
    keep(&app, &can, shell, Some(id), form).await
}

/// Writes what the form says, or shows it again. A new device never takes the place of one that is there.
async fn keep(app: &App, can: &Can<EditContacts>, shell: Shell, id: Option<DeviceId>, form: DeviceForm) -> Answer {
    let mut page = FormPage::read(app, can, shell, id, form).await?;
    let draft = match page.form.check(&page.shell, id) {
        Ok(draft) => draft,
        Err(errors) => {
            page.errors = errors;
            return Ok(page.shell.again(&page, &page.as_form()));
        }
    };
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    // Of two who register the same number at a time the later finds the other's device.
    attune_events::hold_head(&mut tx).await?;
    let taken = id.is_none() && store::is_taken(&mut tx, &draft.serial).await?;
    let refused = match put_many(&mut tx, &by, &can.scope, &[draft]).await?.first() {
        _ if taken => Some(("serial", "device-taken")),
        Some(Ok(put)) => {
            tx.commit().await?;
            return Ok(page.shell.leave(&format!("/devices/{}", put.id()), Flash::good("device-saved")));
        }
        Some(Err(refusal)) => Some((if refusal.field == "owner" { "q" } else { refusal.field }, refusal.key)),
        None => None,
    };
    drop(tx);
    let (field, key) = refused.unwrap_or(("serial", "web-required"));
    page.errors.add(field, key);
    Ok(page.shell.again(&page, &page.as_form()))
}

async fn delete(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<DeviceId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    set_deleted(&mut tx, &by, &can.scope, id, true).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(shell.leave("/devices", Flash::good("device-deleted").undo(format!("/devices/{id}/restore"))))
}

async fn restore(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Path(id): Path<DeviceId>) -> Answer {
    let mut tx = app.db.begin().await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    set_deleted(&mut tx, &by, &can.scope, id, false).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    Ok(shell.leave(&format!("/devices/{id}"), Flash::good("identify-undone")))
}
