//! The list of contacts as a page: its views, filters, columns, order and pages.

use std::collections::HashMap;

use askama::Template;
use attune_db::Tx;
use attune_house::App;
use attune_record::view::{self, SavedView};
use attune_web::kit::Choice;
use attune_web::{Answer, Can, FormErrors, Problem, Query, Shell, see_other};
use axum::extract::{RawQuery, State};

use super::board::{self, Board};
use super::columns::{self, Column, Kind};
use super::list::{self, Listing};
use super::own::{Asked, Named, asked, field_chips, place_chips};
use super::pages::{grade_tone, name_for, shown_count, stages};
use super::query::ListQuery;
use super::score::Scale;
use super::views::Bar;
use super::{Contact, PAGE, Stage, views};
use crate::ViewContacts;
use crate::address::{self, MAP, Map};
use crate::company;
use crate::field::{self, Field, Subject};
use crate::staff::{self, Member};
use crate::tag::{self, Tag};

/// The word for the list as a board.
const BOARD: &str = "board";

#[derive(Template)]
#[template(path = "contact/list.html")]
struct ListPage {
    shell: Shell,
    bar: Bar,
    query: ListQuery,
    text: String,
    sort: String,
    people: Vec<Contact>,
    /// The columns, when the list is a board.
    board: Option<Board>,
    /// The map, when the list is one.
    map: Option<Map>,
    scale: Scale,
    owners: HashMap<i64, String>,
    choices: Choices,
    chips: Vec<(String, String)>,
    count: String,
    total: i64,
    next: Option<String>,
    is_filtered: bool,
    errors: FormErrors,
    /// The columns behind the name.
    columns: Vec<Column>,
    /// Those that are not shown.
    hidden: Vec<Column>,
    /// The tags of these people, where they stand in a column.
    tags_of: HashMap<i64, Vec<String>>,
    /// How the field about to be filtered by is asked for.
    asked: Option<Asked>,
    /// The options to choose from; typed when there are none.
    asked_options: Vec<Choice>,
    /// What else stands in the address, for forms that change a part of it.
    rest: Vec<(String, String)>,
}

/// What the filters offer.
struct Choices {
    stages: Vec<Choice>,
    owners: Vec<Choice>,
    grades: Vec<Choice>,
    fields: Vec<Choice>,
    tags: Vec<Choice>,
}

pub(super) async fn page(
    State(app): State<App>,
    can: Can<ViewContacts>,
    shell: Shell,
    RawQuery(raw): RawQuery,
    Query(query): Query<ListQuery>,
) -> Answer {
    let mut tx = app.db.read().await?;
    // Who asks for nothing, not even for nothing behind a question mark, gets what they chose to begin with.
    if let (None, Some(address)) = (raw, views::opens_with(&mut tx, Subject::Contact, can.actor.staff_id).await?) {
        return Ok(see_other(&address));
    }
    let fields = field::list(&mut tx).await?;
    let (query, wrong) = query.settled(&fields);
    let read = read_list(&mut tx, &can, &query, (fields, wrong), &shell).await?;
    let page = list_page(shell, query, read);
    Ok(Map::admit(page.map.as_ref(), page.shell.page(&page)))
}

/// What the store knows for the list.
struct ReadList {
    found: list::Page,
    board: Option<Board>,
    map: Option<Map>,
    scale: Scale,
    views: Vec<SavedView>,
    members: Vec<Member>,
    /// The name of the company the list is narrowed to.
    company: Option<String>,
    fields: Vec<Field>,
    /// The tag the list is narrowed to.
    tag: Option<Tag>,
    tags: Vec<Choice>,
    /// The names of the tags of those found.
    tags_of: HashMap<i64, Vec<String>>,
    /// Why the filter being filled in does not fit, and the records filters name.
    wrong: Option<&'static str>,
    named: Named,
}

async fn read_list(
    tx: &mut Tx,
    can: &Can<ViewContacts>,
    query: &ListQuery,
    (fields, wrong): (Vec<Field>, Option<&'static str>),
    shell: &Shell,
) -> Result<ReadList, Problem> {
    let scale = Scale::read(tx, shell.now).await?;
    let listing = query.listing(&can.actor, &scale, &fields);
    let (mut found, board, map) = read_layout(tx, can, (query, &listing), (shell, &fields)).await?;
    let views = view::list(tx, views::list_of(Subject::Contact), can.actor.staff_id).await?;
    let members = staff::list(tx).await?;
    let company = match listing.company_id {
        Some(id) => company::find_today(tx, &can.scope, id).await?.map(|c| c.name),
        None => None,
    };
    let tag = match query.tag_id() {
        Some(id) => tag::find(tx, id).await?,
        None => None,
    };
    let tags = tag::pages::choices(tx, tag.as_ref()).await?;
    let tags_of = if query.columns(Subject::Contact, &fields).iter().any(|column| column.kind == Kind::Tags) {
        tag::names_of(tx, &found.contacts.iter().map(|c| c.id).collect::<Vec<_>>()).await?
    } else {
        HashMap::new()
    };
    let shown = columns::own_of(&query.columns(Subject::Contact, &fields));
    let people = found.contacts.iter_mut().map(|c| (c.id, &mut c.fields));
    field::reference::show(tx, (&can.scope, &shell.sight()), &shown, people).await?;
    let named = Named::read(tx, shell, &can.scope, query, &fields).await?;
    Ok(ReadList { found, board, map, scale, views, members, company, fields, tag, tags, tags_of, wrong, named })
}

/// The people as they are laid out: as a table, a board or a map.
async fn read_layout(
    tx: &mut Tx,
    can: &Can<ViewContacts>,
    (query, listing): (&ListQuery, &Listing),
    (shell, fields): (&Shell, &[Field]),
) -> Result<(list::Page, Option<Board>, Option<Map>), Problem> {
    let nobody = |total| list::Page { contacts: Vec::new(), next: None, total };
    Ok(match query.layout.as_str() {
        BOARD => {
            let board = board::read(tx, &can.scope, (listing, query), (shell, fields)).await?;
            (nobody(board.total), Some(board), None)
        }
        MAP => (nobody(0), None, Some(address::of_list(tx, &can.scope, shell, (Subject::Contact, query)).await?)),
        _ => (list::list(tx, &can.scope, listing, query.sorting(), &query.after, PAGE).await?, None, None),
    })
}

fn list_page(shell: Shell, query: ListQuery, read: ReadList) -> ListPage {
    let ReadList { found, board, map, scale, views, members, company, fields, tag, tags, tags_of, wrong, named } = read;
    let text = query.text();
    let columns = query.columns(Subject::Contact, &fields);
    let (asked, asked_options) = asked(&shell, &query, &fields, (wrong, &named)).unzip();
    let asked_options = asked_options.unwrap_or_default();
    ListPage {
        bar: Bar::new(Subject::Contact, &shell, &query, views),
        chips: chips(&shell, &query, &text, &members, (company, tag))
            .into_iter()
            .chain(field_chips(&shell, "/contacts", &query, &fields, &named))
            .collect(),
        hidden: columns::all(Subject::Contact, &fields).into_iter().filter(|column| !columns.contains(column)).collect(),
        tags_of,
        asked,
        asked_options,
        rest: query.rest(),
        count: shown_count(&shell.l, found.total),
        next: found.next.map(|mark| attune_web::kit::with_query(&text, "after", mark)),
        sort: query.sorting().word(),
        choices: choices(&shell, &members, &fields, tags),
        owners: staff::names(&members),
        is_filtered: query.is_filtered(),
        errors: FormErrors::new(),
        people: found.contacts,
        board,
        map,
        total: found.total,
        columns,
        scale,
        text,
        query,
        shell,
    }
}

fn choices(shell: &Shell, members: &[Member], fields: &[Field], tags: Vec<Choice>) -> Choices {
    let mut owners = vec![Choice::new("none", shell.l.t("identify-no-owner"))];
    owners.extend(members.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)));
    let fields = fields.iter().map(|field| Choice::new(&field.key, &field.label)).collect();
    Choices { fields, tags, stages: stages(shell), owners, grades: ["A", "B", "C"].iter().map(|g| Choice::new(g, g)).collect() }
}

/// The filters in force with the address that removes each.
fn chips(
    shell: &Shell,
    query: &ListQuery,
    text: &str,
    members: &[Member],
    (company, tag): (Option<String>, Option<Tag>),
) -> Vec<(String, String)> {
    let mut chips = Vec::new();
    let mut add = |name: &str, key: &str, value: String| {
        let label = shell.l.of(key).s("value", value).to_string();
        chips.push((label, format!("/contacts{}", attune_web::kit::with_query(text, name, ""))));
    };
    if let Some(stage) = Stage::of(&query.stage) {
        add("stage", "identify-filter-stage", shell.l.t(stage.label_key()).to_string());
    }
    if !query.owner.is_empty() {
        let name = members
            .iter()
            .find(|m| m.id.to_string() == query.owner)
            .map_or_else(|| shell.l.t("identify-no-owner").to_string(), |m| m.name.clone());
        add("owner", "identify-filter-owner", name);
    }
    if !query.grade.is_empty() {
        add("grade", "identify-filter-grade", query.grade.clone());
    }
    if let Some(name) = company {
        add("company", "identify-filter-company", name);
    }
    if !query.import.is_empty() {
        add("import", "identify-filter-import", query.import.clone());
    }
    if !query.tag.is_empty() {
        add("tag", "tag-filter-of", tag.map_or_else(|| query.tag.clone(), |tag| tag.name));
    }
    chips.extend(place_chips(shell, "/contacts", query));
    chips
}

impl ListPage {
    fn name(&self, contact: &Contact) -> String {
        name_for(&self.shell, contact)
    }

    /// What stands in the column of companies: the company, else the address.
    fn beside(&self, contact: &Contact) -> String {
        contact.company_name.clone().or_else(|| contact.email_for(&self.shell.sight())).unwrap_or_default()
    }

    /// What stands in a column of words.
    fn value(&self, contact: &Contact, column: &Column) -> String {
        let sight = self.shell.sight();
        match &column.kind {
            Kind::Own(field) => field.shown(&self.shell.l, &contact.shown(&column.key, &sight)),
            Kind::Tags => self.tags_of.get(&contact.id).map_or_else(String::new, |names| self.shell.l.list(names).to_string()),
            _ => contact.shown(&column.key, &sight).as_str().unwrap_or_default().to_owned(),
        }
    }

    fn grade_tone(&self, grade: &str) -> &'static str {
        grade_tone(grade)
    }

    fn owner(&self, contact: &Contact) -> Option<&str> {
        contact.owner_id.and_then(|id| self.owners.get(&id)).map(String::as_str)
    }
}
