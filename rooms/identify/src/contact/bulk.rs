//! What is done to many contacts at once: assigning, tagging, deleting, exporting.

use std::collections::HashMap;

use attune_db::{Db, DbError, Tx};
use attune_house::{App, SettingDef, SettingKind, setting_int};
use attune_record::{audit, view};
use attune_web::{Actor, Answer, Can, Flash, Form, Problem, Query, Scope, Shell, Sight, Via, see_other};
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::export::{self, Format};
use super::list::{self, Listing, Selection};
use super::query::ListQuery;
use super::score::Scale;
use super::{By, COUNTED, Contact, ContactId, api};
use crate::address;
use crate::bulk_edit;
use crate::export::places as export_columns;
use crate::field::{self, Field, Subject};
use crate::tag::{self, Deed};
use crate::{DeleteContacts, EditContacts, ExportContacts, ViewContacts};

/// The permission to take addresses out of the house in full.
pub(crate) const ADDRESSES: &str = "identify.address.export";
/// The most contacts one bulk action takes.
pub(crate) const MOST: i64 = 10_000;

/// The bulk form: which people, and what to do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BulkForm {
    ids: Vec<ContactId>,
    all: String,
    query: String,
    act: String,
    owner_id: String,
    /// Names of tags.
    tags: String,
}

impl BulkForm {
    fn to_edit(&self, all: bool, given: (&str, &str)) -> String {
        let ids: Vec<String> = self.ids.iter().map(ContactId::to_string).collect();
        bulk_edit::address((Subject::Contact, &ids), all, &self.query, given)
    }

    async fn selection(&self, app: &App, actor: &Actor) -> Result<Selection, Problem> {
        if self.all.is_empty() {
            return Ok(Selection::Ids(self.ids.iter().map(|id| id.0).collect()));
        }
        Ok(Selection::Listed(Box::new(read_listing(app, actor, &self.query).await?)))
    }
}

/// Whom a list with this address shows.
pub(crate) async fn read_listing(app: &App, actor: &Actor, query: &str) -> Result<Listing, Problem> {
    let mut tx = app.db.read().await?;
    let scale = Scale::read(&mut tx, app.clock.now()).await?;
    Ok(read_query(query).listing(actor, &scale, &field::list(&mut tx).await?))
}

/// The address of a list out of its text.
pub(crate) fn read_query(query: &str) -> ListQuery {
    let query = serde_json::to_value(url::form_urlencoded::parse(query.as_bytes()).collect::<HashMap<_, _>>());
    query.and_then(serde_json::from_value).unwrap_or_default()
}

pub(super) async fn act(State(app): State<App>, can: Can<ViewContacts>, shell: Shell, Form(form): Form<BulkForm>) -> Answer {
    let back = format!("/contacts?{}", form.query);
    let selection = form.selection(&app, &can.actor).await?;
    if selection == Selection::Ids(Vec::new()) {
        return Ok(shell.leave(&back, Flash::bad("identify-select-first")));
    }
    match form.act.as_str() {
        "edit" => Ok(see_other(&form.to_edit(!form.all.is_empty(), ("", "")))),
        "assign" => assign(&app, &can.actor, &shell, &selection, &form).await,
        "tag" => tag(&app, &can.actor, &shell, &selection, &form, Deed::Add).await,
        "untag" => tag(&app, &can.actor, &shell, &selection, &form, Deed::Remove).await,
        "delete" => delete(&app, &can.actor, &shell, &selection, &back).await,
        "export" => export_selection(&app, &can.actor, selection, &form.query, Format::Csv).await,
        "merge" => Ok(compare(&shell, &selection, &back)),
        _ => Err(Problem::Unreadable("act is not known".to_owned())),
    }
}

/// Leads to the page that lays the two chosen side by side; the older one is suggested to remain.
fn compare(shell: &Shell, selection: &Selection, back: &str) -> Response {
    match selection {
        Selection::Ids(ids) => match ids.as_slice() {
            [a, b] if a != b => see_other(&crate::merge::pages::address(*a.min(b), *a.max(b))),
            _ => shell.leave(back, Flash::bad("merge-choose-two")),
        },
        Selection::Listed(_) => shell.leave(back, Flash::bad("merge-choose-two")),
    }
}

async fn assign(app: &App, actor: &Actor, shell: &Shell, selection: &Selection, form: &BulkForm) -> Answer {
    let can = Can::<EditContacts>::of(actor).ok_or(Problem::Forbidden { permission: "identify.contact.edit" })?;
    let back = format!("/contacts?{}", form.query);
    let owner = form.owner_id.parse::<i64>().ok();
    if owner.is_none() && form.owner_id != "none" {
        return Ok(shell.leave(&back, Flash::bad("identify-choose-owner")));
    }
    let mut tx = app.db.begin().await?;
    let ids = list::ids_of(&mut tx, &can.scope, selection, MOST + 1).await?;
    if i64::try_from(ids.len()).is_ok_and(|many| many > MOST) {
        // So many are work for a job, which looks first and can be undone.
        return Ok(see_other(&form.to_edit(true, ("owner_id", &form.owner_id))));
    }
    let by = By { actor, now: app.clock.now(), ids: &app.ids };
    let ids = super::owned_of(&mut tx, &can.scope, ids).await?;
    let moved = super::assign_owner(&mut tx, &by, &ids, owner, "").await?;
    tx.commit().await?;
    Ok(shell.leave(&back, Flash::good("identify-assigned").n("count", i64::try_from(moved).unwrap_or(0))))
}

async fn tag(app: &App, actor: &Actor, shell: &Shell, selection: &Selection, form: &BulkForm, deed: Deed) -> Answer {
    let can = Can::<EditContacts>::of(actor).ok_or(Problem::Forbidden { permission: "identify.contact.edit" })?;
    let mut tx = app.db.begin().await?;
    let ids = list::ids_of(&mut tx, &can.scope, selection, MOST).await?;
    let by = By { actor, now: app.clock.now(), ids: &app.ids };
    tag::pages::bulk(&by, shell, tx, (Subject::Contact, deed, &ids), (&form.tags, &format!("/contacts?{}", form.query))).await
}

async fn delete(app: &App, actor: &Actor, shell: &Shell, selection: &Selection, back: &str) -> Answer {
    let can = Can::<DeleteContacts>::of(actor).ok_or(Problem::Forbidden { permission: "identify.contact.delete" })?;
    let mut tx = app.db.begin().await?;
    let ids = list::ids_of(&mut tx, &can.scope, selection, MOST).await?;
    let by = By { actor, now: app.clock.now(), ids: &app.ids };
    let gone = super::delete(&mut tx, &by, &can.scope, &ids).await?;
    tx.commit().await?;
    let count = i64::try_from(gone.len()).unwrap_or(0);
    // All of them share the moment of their deletion, so the address of the undo stays short.
    Ok(shell.leave(back, Flash::good("identify-deleted").n("count", count).undo(format!("/contacts/restore?at={}", by.now))))
}

/// When the contacts to bring back were deleted, µs.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct RestoreQuery {
    at: i64,
}

pub(super) async fn restore(State(app): State<App>, can: Can<DeleteContacts>, shell: Shell, Query(query): Query<RestoreQuery>) -> Answer {
    let mut tx = app.db.begin().await?;
    let ids = super::store::list_deleted_at(&mut tx, &can.scope, query.at, MOST).await?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let back = super::restore(&mut tx, &by, &can.scope, &ids).await?;
    tx.commit().await?;
    Ok(shell.leave("/contacts", Flash::good("identify-restored").n("count", i64::try_from(back.len()).unwrap_or(0))))
}

/// The most contacts one export takes.
const EXPORT_ROWS: &str = "identify.export_rows";
const DEFAULT_EXPORT_ROWS: i64 = 100_000;

/// What an administrator may change about exports.
pub(crate) const SETTINGS: [SettingDef; 1] = [SettingDef {
    key: EXPORT_ROWS,
    label_key: "identify-setting-export-rows",
    kind: SettingKind::Int { min: 0, max: 100_000_000 },
    default: "100000",
}];

pub(crate) async fn export_rows(tx: &mut Tx) -> Result<i64, DbError> {
    setting_int(tx, EXPORT_ROWS, DEFAULT_EXPORT_ROWS).await
}

/// The most records this asker may take at once: who holds the store itself, at its command line, has them all anyway.
pub(crate) async fn most_of(tx: &mut Tx, actor: &Actor) -> Result<i64, DbError> {
    if actor.via == Via::System { Ok(i64::MAX - 1) } else { export_rows(tx).await }
}

/// Asks before data leaves the building, naming the number.
pub(super) async fn export_page(State(app): State<App>, can: Can<ExportContacts>, shell: Shell, Query(query): Query<ListQuery>) -> Answer {
    let mut tx = app.db.read().await?;
    let scale = Scale::read(&mut tx, shell.now).await?;
    let most = export_rows(&mut tx).await?;
    let fields = field::list(&mut tx).await?;
    let total = list::count_to(&mut tx, &can.scope, &query.listing(&can.actor, &scale, &fields), COUNTED.max(most) + 1).await?;
    let masked = !Sight::by(&can.actor, ADDRESSES).is_full();
    let page = export::AskPage::new(shell, (Subject::Contact, query.text()), (total, most), masked);
    Ok(page.shell.page(&page))
}

/// The list to be exported.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExportForm {
    pub(crate) query: String,
    pub(crate) format: String,
}

pub(super) async fn export(State(app): State<App>, can: Can<ExportContacts>, Form(form): Form<ExportForm>) -> Answer {
    let listing = read_listing(&app, &can.actor, &form.query).await?;
    export_selection(&app, &can.actor, Selection::Listed(Box::new(listing)), &form.query, Format::of(&form.format)).await
}

/// Writes down who takes whom out of the house, and hands them over.
async fn export_selection(app: &App, actor: &Actor, selection: Selection, query: &str, format: Format) -> Answer {
    let (pages, _) = open(app, actor, selection, query, (format, &[])).await?;
    export::answer(pages, format).await
}

/// Writes down who takes whom out of the house; answers what is to be handed over, and of how many.
pub(crate) async fn open(
    app: &App,
    actor: &Actor,
    selection: Selection,
    query: &str,
    (format, columns): (Format, &[String]),
) -> Result<(impl export::Pages + Sync + use<>, i64), Problem> {
    let can = Can::<ExportContacts>::of(actor).ok_or(Problem::Forbidden { permission: "identify.contact.export" })?;
    let mut tx = app.db.begin().await?;
    let defs = field::list(&mut tx).await?;
    let most = most_of(&mut tx, actor).await?;
    let rows = match &selection {
        Selection::Ids(_) => i64::try_from(list::ids_of(&mut tx, &can.scope, &selection, MOST).await?.len()).unwrap_or(i64::MAX),
        Selection::Listed(listing) => list::count_to(&mut tx, &can.scope, listing, most + 1).await?,
    };
    export::check_rows(rows, most, format)?;
    let sight = Sight::by(actor, ADDRESSES);
    let query = read_query(query);
    let told = json!({
        "view": query.view_name(&view::list(&mut tx, "contacts", actor.staff_id).await?),
        "filter": query.text(),
        "chosen": matches!(selection, Selection::Ids(_)),
        "contacts": rows,
        "format": format.word(),
        "addresses": sight.word(),
    });
    let pages = Exporting { db: app.db.clone(), scope: can.scope, sight, selection, defs, tags: HashMap::new(), behind: None, over: false };
    export_columns(&export::Pages::heads(&pages), columns)?;
    audit::note(&mut tx, &app.ids, app.clock.now(), actor, "contact.exported", "contact", 0, None, Some(told)).await?;
    tx.commit().await?;
    Ok((pages, rows))
}

/// What is left of a list to be exported.
struct Exporting {
    db: Db,
    scope: Scope,
    /// Whose addresses leave the house in full.
    sight: Sight,
    selection: Selection,
    defs: Vec<Field>,
    /// The tags of the people read last.
    tags: HashMap<i64, Vec<String>>,
    behind: Option<i64>,
    over: bool,
}

impl Exporting {
    /// The tags of one of the people read last.
    fn tags(&self, person: &Contact) -> &[String] {
        self.tags.get(&person.id).map_or(&[], Vec::as_slice)
    }
}

impl export::Pages for Exporting {
    type Row = Contact;

    fn name(&self) -> &'static str {
        "contacts"
    }

    async fn next(&mut self) -> Result<Option<Vec<Contact>>, DbError> {
        if self.over {
            return Ok(None);
        }
        let mut tx = self.db.read().await?;
        let mut people = match &self.selection {
            Selection::Ids(_) => {
                self.over = true;
                let ids = list::ids_of(&mut tx, &self.scope, &self.selection, MOST).await?;
                super::list_by_ids(&mut tx, ids).await?
            }
            Selection::Listed(listing) => list::list_behind(&mut tx, &self.scope, listing, self.behind.unwrap_or(0), 1_000).await?,
        };
        let values = people.iter_mut().map(|c| (c.id, &mut c.fields));
        field::reference::show(&mut tx, (&self.scope, &self.sight), &self.defs, values).await?;
        self.tags = tag::names_of(&mut tx, &people.iter().map(|c| c.id).collect::<Vec<_>>()).await?;
        self.over |= people.len() < 1_000;
        self.behind = Some(people.last().map_or(0, |c| c.id));
        Ok(Some(people))
    }

    fn heads(&self) -> Vec<String> {
        let fixed = ["id"].into_iter().chain(EXPORTED).chain(address::EXPORTED).chain(["company", "tags"]).map(str::to_owned);
        fixed.chain(self.defs.iter().map(|d| d.label.clone())).collect()
    }

    fn values(&self, person: &Contact) -> Vec<serde_json::Value> {
        let fixed = EXPORTED
            .iter()
            .chain(&address::EXPORTED)
            .map(|key| person.shown(key, &self.sight))
            .chain([json!(person.company_name), json!(self.tags(person).join("; "))]);
        let customs = self.defs.iter().map(|d| d.plain(&person.shown(&format!("f:{}", d.key), &self.sight)));
        [json!(person.shown_id())].into_iter().chain(fixed).chain(customs).collect()
    }

    fn json(&self, person: &Contact) -> serde_json::Value {
        api::shown(person, self.tags(person), &self.sight)
    }
}

const EXPORTED: [&str; 12] =
    ["external_id", "name", "given_name", "family_name", "email", "phone", "title", "city", "country", "stage", "locale", "source"];

/// A cell that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay.
pub(crate) fn harmless(value: &str) -> String {
    // An amount is told with its currency.
    let number = value.split_once(' ').filter(|(_, code)| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()));
    let number = number.map_or(value, |(amount, _)| amount).trim_start_matches(['+', '-']);
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']) && number.parse::<f64>().is_err();
    let phone = value.starts_with('+') && value.chars().skip(1).all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')'));
    if formula && !phone { format!("'{value}") } else { value.to_owned() }
}
