//! The list as a board: a column for each stage, or for each option of a choice of one's own, with the first people of each, and moving
//! somebody from one to another.

use attune_db::{DbError, Tx};
use attune_house::App;
use attune_web::kit::{Choice, with_query};
use attune_web::{Answer, Can, Flash, Form, Problem, Query, Scope, Shell};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Deserialize;

use super::list::{self, Listing};
use super::query::ListQuery;
use super::{By, Contact, ContactId, FieldFilter, Stage};
use crate::EditContacts;
use crate::field::{self, Field, FieldKind};
use crate::sharing::Reach;

/// Cards of a column at first, and more at each asking.
const CARDS: i64 = 20;
/// The most times more are asked for.
const DEEPEST: i64 = 10;
/// The most options a choice may have to stand as columns.
const MOST_COLUMNS: usize = 20;

/// The routes of the board.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/contacts/board/move", post(carry)).route("/contacts/board/back", post(back))
}

/// What the columns stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ground {
    Stage,
    Own(Field),
}

impl Ground {
    /// `stage`, or `f:` and a field's key.
    fn key(&self) -> String {
        match self {
            Self::Stage => "stage".to_owned(),
            Self::Own(field) => format!("f:{}", field.key),
        }
    }
}

/// A column with its first people.
pub(super) struct Column {
    /// What a contact in it has: a stage, an option's key, or nothing.
    pub(super) key: String,
    pub(super) label: String,
    pub(super) tone: &'static str,
    /// How many there are, counted up to a limit.
    pub(super) count: String,
    pub(super) people: Vec<Contact>,
    /// The address that shows more of them.
    pub(super) more: Option<String>,
}

/// The board.
pub(super) struct Board {
    /// `stage`, or `f:` and a field's key.
    pub(super) by: String,
    /// What the columns may stand for.
    pub(super) grounds: Vec<Choice>,
    pub(super) columns: Vec<Column>,
    /// How many columns there are, for the way a table of people is replaced.
    pub(super) total: i64,
    /// Whom the reader may move; nobody where they may change nothing.
    reach: Option<Reach>,
}

impl Board {
    /// Whether the reader may move somebody.
    pub(super) fn moves(&self, contact: &Contact) -> bool {
        self.reach.as_ref().is_some_and(|reach| reach.covers(contact.place(), contact.id, contact.company_id))
    }
}

fn fits(field: &Field) -> bool {
    field.kind == FieldKind::Choice && (1..=MOST_COLUMNS).contains(&field.options.iter().filter(|option| !option.gone).count())
}

fn ground(by: &str, fields: &[Field]) -> Ground {
    let own = by.strip_prefix("f:").and_then(|key| fields.iter().find(|field| field.key == key && fits(field)));
    own.map_or(Ground::Stage, |field| Ground::Own(field.clone()))
}

/// The columns of a ground: what a contact in each has, what it is called, its tone.
fn heads(shell: &Shell, ground: &Ground) -> Vec<(String, String, &'static str)> {
    match ground {
        Ground::Stage => Stage::ALL.iter().map(|s| (s.word().to_owned(), shell.l.t(s.label_key()).to_string(), s.tone())).collect(),
        Ground::Own(field) => {
            let live = field.options.iter().filter(|option| !option.gone);
            let none = (String::new(), shell.l.t("bulk-edit-nothing").to_string(), "");
            live.map(|option| (option.key.clone(), option.label.clone(), "")).chain([none]).collect()
        }
    }
}

/// Whom a column shows.
fn narrowed(listing: &Listing, ground: &Ground, key: &str) -> Listing {
    let mut listing = listing.clone();
    match ground {
        Ground::Stage => {
            let stage = Stage::of(key);
            if listing.stage.is_some() && listing.stage != stage {
                listing.fields.push(FieldFilter::nobody());
            }
            listing.stage = stage;
        }
        Ground::Own(field) if key.is_empty() => listing.lacks = Some(field.id),
        Ground::Own(field) => listing.fields.push(FieldFilter::read(field, key).unwrap_or_else(FieldFilter::nobody)),
    }
    listing
}

/// How often more of a column were asked for.
fn depth(query: &ListQuery, key: &str) -> i64 {
    let asked = query.deep.rsplit_once('~').filter(|(column, _)| *column == key);
    asked.and_then(|(_, times)| times.parse::<i64>().ok()).unwrap_or(1).clamp(1, DEEPEST)
}

/// Reads the board of a list: one statement counts, one finds the cards.
pub(super) async fn read(
    tx: &mut Tx,
    scope: &Scope,
    (listing, query): (&Listing, &ListQuery),
    (shell, fields): (&Shell, &[Field]),
) -> Result<Board, DbError> {
    let ground = ground(&query.by, fields);
    let heads = heads(shell, &ground);
    let wanted: Vec<(Listing, i64)> = heads.iter().map(|(key, ..)| (narrowed(listing, &ground, key), CARDS * depth(query, key))).collect();
    let found = list::columns(tx, scope, &wanted, query.sorting()).await?;
    let reach = match shell.actor.as_ref().and_then(Can::<EditContacts>::of) {
        Some(can) => Some(Reach::of(tx, &can.scope).await?),
        None => None,
    };
    let text = query.text();
    let total = found.iter().map(|column| column.total).sum();
    let column = |((key, label, tone), page): ((String, String, &'static str), list::Page)| {
        let deeper = format!("{key}~{}", depth(query, &key) + 1);
        let more = page
            .next
            .filter(|_| depth(query, &key) < DEEPEST)
            .map(|_| format!("/contacts{}#column-{key}", with_query(&text, "deep", deeper)));
        Column { count: super::pages::shown_count(&shell.l, page.total), people: page.contacts, more, key, label, tone }
    };
    let columns = heads.into_iter().zip(found).map(column).collect();
    let own = fields.iter().filter(|field| fits(field)).map(|field| Choice::new(format!("f:{}", field.key), &field.label));
    let grounds = [Choice::new("stage", shell.l.t("identify-stage"))].into_iter().chain(own).collect();
    Ok(Board { by: ground.key(), grounds, columns, total, reach })
}

/// Who goes where; `query` is the address of the list.
#[derive(Clone, Debug, Deserialize)]
struct Carry {
    id: ContactId,
    #[serde(default)]
    by: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    query: String,
}

async fn carry(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Form(form): Form<Carry>) -> Answer {
    let (was, said) = put(&app, &can, &shell, &form).await?;
    let pairs = [("id", form.id.to_string()), ("by", form.by), ("to", was), ("query", super::way_back(&form.query, "").to_owned())];
    let undo = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Ok(shell.leave(&format!("/contacts?{}", form.query), said.undo(format!("/contacts/board/back?{undo}"))))
}

async fn back(State(app): State<App>, can: Can<EditContacts>, shell: Shell, Query(form): Query<Carry>) -> Answer {
    put(&app, &can, &shell, &form).await?;
    Ok(shell.leave(&format!("/contacts?{}", form.query), Flash::good("identify-undone")))
}

/// Moves somebody; answers where they were, and what to say.
async fn put(app: &App, can: &Can<EditContacts>, shell: &Shell, form: &Carry) -> Result<(String, Flash), Problem> {
    let mut tx = app.db.begin().await?;
    let fields = field::list(&mut tx).await?;
    let ground = ground(&form.by, &fields);
    let to = heads(shell, &ground).into_iter().find(|(key, ..)| *key == form.to).ok_or(Problem::NotFound)?;
    let by = By { actor: &can.actor, now: app.clock.now(), ids: &app.ids };
    let change = super::update_field(&mut tx, &by, &can.scope, form.id.0, &ground.key(), &to.0).await?;
    let person = super::find(&mut tx, &can.scope, form.id.0).await?.ok_or(Problem::NotFound)?;
    tx.commit().await?;
    let said = Flash::good("identify-board-moved").s("name", super::name_for(shell, &person)).s("to", to.1);
    Ok((change.before.as_str().unwrap_or_default().to_owned(), said))
}
