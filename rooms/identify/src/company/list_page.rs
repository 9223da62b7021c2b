//! `/companies`: the list with its filters and columns, and the list as a file.

use std::collections::HashMap;

use askama::Template;
use attune_db::{Db, DbError, Tx};
use attune_house::App;
use attune_record::audit;
use attune_record::view::{self, SavedView};
use attune_web::kit::Choice;
use attune_web::{Actor, Answer, Can, Form, FormErrors, Problem, Query, Scope, Shell, Sight, see_other};
use axum::extract::{RawQuery, State};
use serde_json::{Value as Json, json};

use super::{Company, CompanyLine, Listing, api, name_key};
use crate::address::{self, MAP, Map};
use crate::contact::bulk::{ADDRESSES, ExportForm, export_rows, most_of, read_query};
use crate::contact::columns::{self, Column, Kind};
use crate::contact::export::{self, Format};
use crate::contact::own::{Asked, Named, asked, field_chips, place_chips};
use crate::contact::query::ListQuery;
use crate::contact::views::{self, Bar};
use crate::contact::{COUNTED, shown_count};
use crate::export::places as export_columns;
use crate::field::{self, Field, Subject};
use crate::sharing::Reach;
use crate::staff::{self, Member};
use crate::tag::{self, Tag};
use crate::{ExportContacts, ViewContacts};

/// Companies on a page.
const PAGE: i64 = 50;
/// Companies read at once for a file.
const PIECE: i64 = 1_000;

/// Which companies an address asks for, at most `limit`.
pub(crate) async fn listing(tx: &mut Tx, query: &ListQuery, staff_id: i64, fields: &[Field], limit: i64) -> Result<Listing, DbError> {
    let after = query.after.split_once('~').and_then(|(id, key)| Some((key.to_owned(), id.parse::<i64>().ok()?)));
    let shared = if query.view == "shared" { Some(Reach::shared_with(tx, staff_id).await?) } else { None };
    let search = query.q.chars().take(100).collect();
    let place = query.place();
    Ok(Listing { search, owner: query.company_owner(staff_id), shared, fields: query.field_filters(fields), place, after, limit })
}

#[derive(Template)]
#[template(path = "company/list.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<CompanyLine>,
    owners: HashMap<i64, String>,
    query: ListQuery,
    text: String,
    /// What else stands in the address, for forms that change a part of it.
    rest: Vec<(String, String)>,
    next: Option<String>,
    chips: Vec<(String, String)>,
    choices: Choices,
    bar: Bar,
    /// The map, when the list is one.
    map: Option<Map>,
    /// The columns behind the name.
    columns: Vec<Column>,
    /// Those that are not shown.
    hidden: Vec<Column>,
    /// The tags of these companies, where they stand in a column.
    tags_of: HashMap<i64, Vec<String>>,
    /// How many there are on all pages, if there are more than this one.
    total: Option<String>,
    errors: FormErrors,
    /// How the field about to be filtered by is asked for.
    asked: Option<Asked>,
    /// The options to choose from; typed when there are none.
    asked_options: Vec<Choice>,
}

/// What the filters offer.
struct Choices {
    owners: Vec<Choice>,
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
    if let (None, Some(address)) = (raw, views::opens_with(&mut tx, Subject::Company, can.actor.staff_id).await?) {
        return Ok(see_other(&address));
    }
    let fields = field::list_of(&mut tx, Subject::Company).await?;
    let (query, wrong) = query.settled(&fields);
    let read = read_list(&mut tx, &can, &shell, &query, (fields, wrong)).await?;
    let page = list_page(shell, query, read);
    Ok(Map::admit(page.map.as_ref(), page.shell.page(&page)))
}

/// What the store knows for the list.
struct ReadList {
    lines: Vec<CompanyLine>,
    map: Option<Map>,
    views: Vec<SavedView>,
    members: Vec<Member>,
    fields: Vec<Field>,
    /// The tag the list is narrowed to.
    tag: Option<Tag>,
    tags: Vec<Choice>,
    tags_of: HashMap<i64, Vec<String>>,
    /// How many there are on all pages, if there are more than this one.
    total: Option<i64>,
    /// Why the filter being filled in does not fit.
    wrong: Option<&'static str>,
    /// Whom filters name.
    named: Named,
}

async fn read_list(
    tx: &mut Tx,
    can: &Can<ViewContacts>,
    shell: &Shell,
    query: &ListQuery,
    (fields, wrong): (Vec<Field>, Option<&'static str>),
) -> Result<ReadList, Problem> {
    let asked = listing(tx, query, can.actor.staff_id, &fields, PAGE + 1).await?;
    let map = if query.layout == MAP { Some(address::of_list(tx, &can.scope, shell, (Subject::Company, query)).await?) } else { None };
    let mut lines = if map.is_some() { Vec::new() } else { super::list(tx, &can.scope, &asked).await? };
    let columns = query.columns(Subject::Company, &fields);
    let shown = columns::own_of(&columns);
    let firms = lines.iter_mut().map(|line| (line.company.id, &mut line.company.fields));
    field::reference::show(tx, (&can.scope, &shell.sight()), &shown, firms).await?;
    let total = if lines.len() as i64 > PAGE || asked.after.is_some() {
        Some(super::count(tx, &can.scope, &Listing { after: None, limit: COUNTED + 1, ..asked }).await?)
    } else {
        None
    };
    let tag = match query.tag_id() {
        Some(id) => tag::find(tx, id).await?,
        None => None,
    };
    let tags_of = if columns.iter().any(|column| column.kind == Kind::Tags) {
        tag::names_of(tx, &lines.iter().map(|line| line.company.id).collect::<Vec<_>>()).await?
    } else {
        HashMap::new()
    };
    let named = Named::read(tx, shell, &can.scope, query, &fields).await?;
    Ok(ReadList {
        views: view::list(tx, views::list_of(Subject::Company), can.actor.staff_id).await?,
        members: staff::list(tx).await?,
        tags: tag::pages::choices(tx, tag.as_ref()).await?,
        tags_of,
        total,
        lines,
        map,
        fields,
        tag,
        wrong,
        named,
    })
}

fn list_page(shell: Shell, query: ListQuery, read: ReadList) -> ListPage {
    let ReadList { mut lines, map, views, members, fields, tag, tags, tags_of, total, wrong, named } = read;
    let more = lines.len() as i64 > PAGE;
    lines.truncate(usize::try_from(PAGE).unwrap_or(50));
    let text = query.text();
    let mark = lines.last().filter(|_| more).map(|line| mark(&line.company));
    let columns = query.columns(Subject::Company, &fields);
    let (asked, asked_options) = asked(&shell, &query, &fields, (wrong, &named)).unzip();
    let mut owners = vec![Choice::new("none", shell.l.t("identify-no-owner"))];
    owners.extend(members.iter().filter(|m| m.active).map(|m| Choice::new(m.id, &m.name)));
    let chips = chips(&shell, &query, &text, &members, tag.as_ref());
    ListPage {
        next: mark.map(|mark| format!("/companies{}", attune_web::kit::with_query(&text, "after", mark))),
        chips: chips.into_iter().chain(field_chips(&shell, "/companies", &query, &fields, &named)).collect(),
        choices: Choices { owners, tags, fields: fields.iter().map(|field| Choice::new(&field.key, &field.label)).collect() },
        bar: Bar::new(Subject::Company, &shell, &query, views),
        map,
        hidden: columns::all(Subject::Company, &fields).into_iter().filter(|column| !columns.contains(column)).collect(),
        asked_options: asked_options.unwrap_or_default(),
        owners: staff::names(&members),
        rest: query.rest(),
        errors: FormErrors::new(),
        total: total.map(|total| shown_count(&shell.l, total)),
        tags_of,
        asked,
        columns,
        lines,
        text,
        query,
        shell,
    }
}

/// Where the page behind this company begins.
fn mark(company: &Company) -> String {
    format!("{}~{}", company.id, name_key(&company.name))
}

/// The filters in force with the address that removes each.
fn chips(shell: &Shell, query: &ListQuery, text: &str, members: &[Member], tag: Option<&Tag>) -> Vec<(String, String)> {
    let chip = |name: &str, key: &str, value: String| {
        (shell.l.of(key).s("value", value).to_string(), format!("/companies{}", attune_web::kit::with_query(text, name, "")))
    };
    let mut chips = Vec::new();
    if !query.owner.is_empty() {
        let named = members.iter().find(|member| member.id.to_string() == query.owner).map(|member| member.name.clone());
        chips.push(chip("owner", "identify-filter-owner", named.unwrap_or_else(|| shell.l.t("identify-no-owner").to_string())));
    }
    if !query.tag.is_empty() {
        chips.push(chip("tag", "tag-filter-of", tag.map_or_else(|| query.tag.clone(), |tag| tag.name.clone())));
    }
    chips.extend(place_chips(shell, "/companies", query));
    chips
}

impl ListPage {
    /// Whether there is anything to do about those that are chosen.
    fn may_choose(&self) -> bool {
        self.shell.may("identify.contact.edit") || self.shell.may("identify.contact.delete")
    }

    fn owner(&self, company: &Company) -> &str {
        company.owner_id.and_then(|id| self.owners.get(&id)).map_or("", String::as_str)
    }

    /// What stands in a column of words.
    fn value(&self, company: &Company, column: &Column) -> String {
        match &column.kind {
            Kind::Own(field) => company.own(&self.shell.l, &self.shell.sight(), field),
            Kind::Tags => self.tags_of.get(&company.id).map_or_else(String::new, |names| self.shell.l.list(names).to_string()),
            _ => company.get(&column.key).as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// Asks before data leaves the building, naming the number.
pub(super) async fn export_page(State(app): State<App>, can: Can<ExportContacts>, shell: Shell, Query(query): Query<ListQuery>) -> Answer {
    let mut tx = app.db.read().await?;
    let most = export_rows(&mut tx).await?;
    let fields = field::list_of(&mut tx, Subject::Company).await?;
    let listing = Listing { after: None, ..listing(&mut tx, &query, can.actor.staff_id, &fields, most + 1).await? };
    let total = super::count(&mut tx, &can.scope, &listing).await?;
    let masked = !Sight::by(&can.actor, ADDRESSES).is_full();
    let page = export::AskPage::new(shell, (Subject::Company, query.text()), (total, most), masked);
    Ok(page.shell.page(&page))
}

/// Hands companies over as a file.
pub(super) async fn export(State(app): State<App>, can: Can<ExportContacts>, Form(form): Form<ExportForm>) -> Answer {
    let format = Format::of(&form.format);
    let (pages, _) = open_export(&app, &can.actor, &form.query, (format, &[])).await?;
    export::answer(pages, format).await
}

/// Writes down who takes which companies out of the house; answers what is to be handed over, and of how many.
pub(crate) async fn open_export(
    app: &App,
    actor: &Actor,
    query: &str,
    (format, columns): (Format, &[String]),
) -> Result<(impl export::Pages + Sync + use<>, i64), Problem> {
    let can = Can::<ExportContacts>::of(actor).ok_or(Problem::Forbidden { permission: "identify.contact.export" })?;
    let mut tx = app.db.begin().await?;
    let most = most_of(&mut tx, actor).await?;
    let defs = field::list_of(&mut tx, Subject::Company).await?;
    let query = read_query(query);
    let listing = Listing { after: None, ..listing(&mut tx, &query, actor.staff_id, &defs, most + 1).await? };
    let rows = super::count(&mut tx, &can.scope, &listing).await?;
    let sight = Sight::by(&can.actor, ADDRESSES);
    export::check_rows(rows, most, format)?;
    let told = json!({ "filter": query.text(), "companies": rows, "format": format.word(), "addresses": sight.word() });
    let owners = staff::names(&staff::list(&mut tx).await?);
    let listing = Listing { limit: PIECE, ..listing };
    let scope = can.scope;
    let pages =
        Exporting { db: app.db.clone(), scope, sight, listing, defs, owners, tags: HashMap::new(), parents: HashMap::new(), over: false };
    export_columns(&export::Pages::heads(&pages), columns)?;
    audit::note(&mut tx, &app.ids, app.clock.now(), actor, "company.exported", "company", 0, None, Some(told)).await?;
    tx.commit().await?;
    Ok((pages, rows))
}

/// What is left of a list to be exported.
struct Exporting {
    db: Db,
    scope: Scope,
    sight: Sight,
    listing: Listing,
    defs: Vec<Field>,
    owners: HashMap<i64, String>,
    /// The tags of the companies read last.
    tags: HashMap<i64, Vec<String>>,
    /// The parents of those read last, as far as they may be seen.
    parents: HashMap<i64, String>,
    over: bool,
}

/// The attributes of a file, behind the id.
const EXPORTED: [&str; 7] = ["external_id", "name", "domain", "industry", "phone", "city", "country"];

impl Exporting {
    fn tags(&self, company: &Company) -> &[String] {
        self.tags.get(&company.id).map_or(&[], Vec::as_slice)
    }
}

impl export::Pages for Exporting {
    type Row = Company;

    fn name(&self) -> &'static str {
        "companies"
    }

    async fn next(&mut self) -> Result<Option<Vec<Company>>, DbError> {
        if self.over {
            return Ok(None);
        }
        let mut tx = self.db.read().await?;
        let mut companies = super::list_rows(&mut tx, &self.scope, &self.listing).await?;
        api::leave_deleted(&mut tx, &mut companies).await?;
        let values = companies.iter_mut().map(|c| (c.id, &mut c.fields));
        field::reference::show(&mut tx, (&self.scope, &self.sight), &self.defs, values).await?;
        self.tags = tag::names_of(&mut tx, &companies.iter().map(|c| c.id).collect::<Vec<_>>()).await?;
        let parents = super::list_within(&mut tx, &self.scope, companies.iter().filter_map(|c| c.parent_id)).await?;
        self.parents = parents.into_iter().map(|parent| (parent.id, parent.name)).collect();
        self.over = (companies.len() as i64) < PIECE;
        self.listing.after = companies.last().map(|c| (name_key(&c.name), c.id));
        Ok(Some(companies))
    }

    fn heads(&self) -> Vec<String> {
        let fixed = ["id"].into_iter().chain(EXPORTED).chain(address::EXPORTED).chain(["parent", "owner", "tags"]).map(str::to_owned);
        fixed.chain(self.defs.iter().map(|def| def.label.clone())).collect()
    }

    fn values(&self, company: &Company) -> Vec<Json> {
        let name = |names: &HashMap<i64, String>, id: Option<i64>| json!(id.and_then(|id| names.get(&id)));
        let fixed = EXPORTED.iter().chain(&address::EXPORTED).map(|key| company.get(key)).chain([
            name(&self.parents, company.parent_id),
            name(&self.owners, company.owner_id),
            json!(self.tags(company).join("; ")),
        ]);
        let own = self.defs.iter().map(|def| def.plain(&company.shown(&format!("f:{}", def.key), &self.sight)));
        [json!(company.shown_id())].into_iter().chain(fixed).chain(own).collect()
    }

    fn json(&self, company: &Company) -> Json {
        api::shown(company, self.tags(company), &self.sight)
    }
}
