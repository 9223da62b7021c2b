//! The list of contacts: filters, four orders, paging by the last row seen, and a count that stops at 10,000.
//!
//! With few matches the database collects and sorts them; with many it walks the index of the order until the page is full.

use std::collections::HashMap;

use attune_db::{DbError, Row, Sql, Tx, Value};
use attune_web::{Scope, Sight};

use super::field_filter::FieldFilter;
use super::footing::Footing;
use super::searched::{leads, searched};
use super::{Contact, Stage, store};
use crate::address::PlaceFilter;
use crate::field::Subject;

/// Counting stops here.
pub const COUNTED: i64 = 10_000;
/// Rows on a page.
pub const PAGE: i64 = 50;

/// Which people a list shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// What somebody typed into the search box.
    pub search: String,
    /// Whose addresses the search may look into; everybody else's are found whole or not at all.
    pub sight: Sight,
    /// Only this stage.
    pub stage: Option<Stage>,
    /// Only this owner.
    pub owner: Option<Person>,
    /// Only this grade: A, B or C.
    pub grade: Option<String>,
    /// Only people of this company.
    pub company_id: Option<i64>,
    /// Only people of these companies; empty means all.
    pub companies: Vec<i64>,
    /// Only people brought by this import.
    pub import_id: Option<i64>,
    /// Only what colleagues have shared with this member of staff.
    pub shared_with: Option<i64>,
    /// Only engagement scores from this log2 form on.
    pub engagement_k: Option<f64>,
    /// Only who passes each of these, of own fields and tags.
    pub fields: Vec<FieldFilter>,
    /// Only who has nothing in this own choice.
    pub lacks: Option<i64>,
    /// Only who is there.
    pub place: PlaceFilter,
}

impl Listing {
    /// Whether the rows of the first own field or tag lead to the people: nothing else asked for names fewer.
    fn is_led_by_field(&self, dense: bool) -> bool {
        let named = self.company_id.is_some() || self.import_id.is_some() || matches!(self.owner, Some(Person::Staff(_)));
        !dense && !named && self.fields.iter().any(FieldFilter::may_lead) && !self.is_searched()
    }

    /// Whether words are looked for.
    pub(super) fn is_searched(&self) -> bool {
        !self.search.trim().is_empty()
    }
}

/// Whose contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// This member of staff's.
    Staff(i64),
    /// Nobody's.
    Nobody,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Highest engagement first.
    #[default]
    Score,
    /// By name, A to Z.
    Name,
    /// Latest touch first.
    Touch,
    /// Newest first.
    Created,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 4] = [Self::Score, Self::Name, Self::Touch, Self::Created];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Name => "name",
            Self::Touch => "touch",
            Self::Created => "created",
        }
    }

    /// The order of a word, if it is one.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.word() == word)
    }

    fn column(self) -> &'static str {
        match self {
            Self::Score => "COALESCE(c.engagement_k, -1e300)",
            Self::Name => "c.name_key",
            Self::Touch => "COALESCE(c.last_seen_at, 0)",
            Self::Created => "c.id",
        }
    }
}

/// An order and its direction: `name`, `-name`, `score`, `-score` … in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorting {
    /// What by.
    pub order: Order,
    /// Smallest first.
    pub up: bool,
}

impl Default for Sorting {
    fn default() -> Self {
        Self { order: Order::Score, up: false }
    }
}

impl Sorting {
    /// The sorting of a word, if it is one.
    pub fn of(word: &str) -> Option<Self> {
        let (name, up) = word.strip_prefix('-').map_or((word, true), |name| (name, false));
        Some(Self { order: Order::of(name)?, up })
    }

    /// The word in addresses.
    pub fn word(self) -> String {
        format!("{}{}", if self.up { "" } else { "-" }, self.order.word())
    }
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The people.
    pub contacts: Vec<Contact>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
    /// How many there are; more than [`COUNTED`] means "more than".
    pub total: i64,
}

/// Which people a bulk action is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection {
    /// These.
    Ids(Vec<i64>),
    /// Everybody the list shows, all pages.
    Listed(Box<Listing>),
}

/// Appends from where and under which conditions; answers whether anybody can be meant. `dense` keeps the planner from collecting a large filtered set when
/// walking the order's index is cheaper.
async fn push_conditions(tx: &mut Tx, sql: &mut Sql, footing: &mut Footing, listing: &Listing, dense: bool) -> Result<bool, DbError> {
    let searched = searched(tx, footing, listing).await?;
    if searched.is_none() && listing.is_searched() {
        return Ok(false);
    }
    let (number, text) = if dense { (" + 0", " || ''") } else { ("", "") };
    let (led, led_by_words) = (listing.is_led_by_field(dense), leads(tx, footing, listing, dense).await?);
    let fields = if led { fewest_first(tx, footing, &listing.fields).await? } else { listing.fields.iter().collect() };
    // Who leads stands in front, whatever a planner without statistics believes.
    match (fields.first().filter(|_| led), &searched) {
        (Some(filter), _) => sql.push(&format!(" FROM {} v CROSS JOIN contacts c WHERE v.record_id = c.id", filter.table())),
        (None, Some(who)) if led_by_words => {
            who.push_leading(sql.push(" FROM "));
            sql.push(" CROSS JOIN contacts c WHERE c.id = w.id")
        }
        _ => sql.push(" FROM contacts c WHERE TRUE"),
    };
    sql.push(" AND c.deleted_at IS NULL");
    for (index, filter) in fields.into_iter().enumerate() {
        filter.push(sql, led && index == 0, &footing.reach);
    }
    if let Some(stage) = listing.stage {
        sql.push(&format!(" AND c.stage{text} = ")).bind(stage.word());
    }
    match listing.owner {
        Some(Person::Staff(id)) => _ = sql.push(" AND c.owner_id = ").bind(id),
        Some(Person::Nobody) => _ = sql.push(" AND c.owner_id IS NULL"),
        None => {}
    }
    if let Some(grade) = &listing.grade {
        sql.push(&format!(" AND c.grade{text} = ")).bind(grade);
    }
    if let Some(company_id) = listing.company_id {
        // A saved view may name a company that became part of another since.
        sql.push(&format!(" AND c.company_id{number} = (SELECT k.id FROM companies a, companies k WHERE a.id = ")).bind(company_id);
        sql.push(" AND k.id = COALESCE(a.merged_into, a.id) AND k.deleted_at IS NULL)");
    }
    if !listing.companies.is_empty() {
        sql.push(&format!(" AND c.company_id{number} IN ")).bind_list(listing.companies.iter().map(|id| Value::Int(*id)));
    }
    if let Some(import_id) = listing.import_id {
        sql.push(&format!(" AND c.import_id{number} = ")).bind(import_id);
    }
    push_lacks(sql, listing);
    let wide = dense || footing.is_wide(tx, &listing.place).await?;
    listing.place.push(sql, Subject::Contact, wide);
    if let Some(k) = listing.engagement_k {
        sql.push(" AND COALESCE(c.engagement_k, -1e300) >= ").bind(k);
    }
    push_reach(tx, sql, footing, listing, dense).await?;
    if let Some(who) = searched.filter(|_| !led_by_words) {
        who.push(sql.push(&format!(" AND c.id{number} IN ")));
    }
    Ok(true)
}

/// Only whom the scope and what is shared cover.
async fn push_reach(tx: &mut Tx, sql: &mut Sql, footing: &mut Footing, listing: &Listing, dense: bool) -> Result<(), DbError> {
    if let Some(staff_id) = listing.shared_with {
        footing.shared_with(tx, staff_id).await?.push_people(sql, "c");
    }
    let few = !dense && footing.is_few(tx).await?;
    let reach = &footing.reach;
    match footing.scope {
        Scope::Team { team_id: Some(_), .. } if dense => {
            reach.push(sql, ["c.owner_id + 0", "c.team_id + 0", "c.id + 0", "c.company_id + 0"]);
        }
        _ if few => reach.push_leading(sql, "c"),
        _ => reach.push_people(sql, "c"),
    }
    Ok(())
}

fn push_lacks(sql: &mut Sql, listing: &Listing) {
    if let Some(field_id) = listing.lacks {
        sql.push(" AND NOT EXISTS (SELECT 1 AS one FROM field_choices n WHERE n.record_id = c.id AND n.field_id = ")
            .bind(field_id)
            .push(")");
    }
}

/// The filters, that with the fewest rows in front, each counted up to [`COUNTED`]: it is the one that leads to the people.
async fn fewest_first<'f>(tx: &mut Tx, footing: &mut Footing, filters: &'f [FieldFilter]) -> Result<Vec<&'f FieldFilter>, DbError> {
    if filters.len() < 2 {
        return Ok(filters.iter().collect());
    }
    let mut sized: Vec<(i64, &FieldFilter)> = Vec::with_capacity(filters.len());
    for filter in filters {
        let rows = if filter.may_lead() { footing.size(tx, filter).await? } else { i64::MAX };
        sized.push((rows, filter));
    }
    sized.sort_by_key(|(rows, _)| *rows);
    Ok(sized.into_iter().map(|(_, filter)| filter).collect())
}

/// How many people there are, counted up to [`COUNTED`] and one.
pub async fn count(tx: &mut Tx, scope: &Scope, listing: &Listing) -> Result<i64, DbError> {
    count_to(tx, scope, listing, COUNTED + 1).await
}

/// How many people there are, counted up to `most`.
pub(crate) async fn count_to(tx: &mut Tx, scope: &Scope, listing: &Listing, most: i64) -> Result<i64, DbError> {
    let mut footing = Footing::of(tx, scope).await?;
    count_on(tx, &mut footing, listing, most).await
}

async fn count_on(tx: &mut Tx, footing: &mut Footing, listing: &Listing, most: i64) -> Result<i64, DbError> {
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT 1 AS one");
    if !push_conditions(tx, &mut sql, footing, listing, false).await? {
        return Ok(0);
    }
    sql.push(" LIMIT ").bind(most).push(") AS found");
    tx.count(sql.text(), sql.values()).await
}

/// A page of people behind the mark `after`, at most `limit`; a mark that cannot be read means the first page.
pub async fn list(tx: &mut Tx, scope: &Scope, listing: &Listing, sorting: Sorting, after: &str, limit: i64) -> Result<Page, DbError> {
    let mut footing = Footing::of(tx, scope).await?;
    let page = Ask { sorting, after: read_mark(sorting.order, after), limit };
    let found = if listing.is_searched() { page.of_few(tx, &mut footing, listing).await? } else { Found::Uncounted };
    let total = match found {
        Found::Few(page) => return Ok(page),
        Found::Many => COUNTED + 1,
        Found::Uncounted => count_on(tx, &mut footing, listing, COUNTED + 1).await?,
    };
    if total == 0 {
        return Ok(Page { contacts: Vec::new(), next: None, total });
    }
    let column = sorting.order.column();
    let mut sql = Sql::new(&format!("SELECT c.id, {column} AS place"));
    push_conditions(tx, &mut sql, &mut footing, listing, total > COUNTED).await?;
    page.push_end(&mut sql, (column, "c.id"));
    let rows = tx.rows_of(&sql).await?;
    page.read(tx, &rows, total).await
}

/// What a search came to.
enum Found {
    /// The page.
    Few(Page),
    /// More than are counted.
    Many,
    /// How many there are is not known.
    Uncounted,
}

/// Which page of a list.
struct Ask {
    sorting: Sorting,
    after: Option<(Value, i64)>,
    limit: i64,
}

impl Ask {
    /// The page of a list that is looked for by words, in one go: the index of words is asked once, for how many and for who is shown.
    async fn of_few(&self, tx: &mut Tx, footing: &mut Footing, listing: &Listing) -> Result<Found, DbError> {
        let mut sql = Sql::new(&format!("WITH found AS MATERIALIZED (SELECT c.id, {} AS place", self.sorting.order.column()));
        if !push_conditions(tx, &mut sql, footing, listing, false).await? {
            return Ok(Found::Few(Page { contacts: Vec::new(), next: None, total: 0 }));
        }
        sql.push(" LIMIT ").bind(COUNTED + 1);
        sql.push(") SELECT f.id, f.place, (SELECT count(*) FROM found) AS total FROM found f WHERE TRUE");
        self.push_end(&mut sql, ("f.place", "f.id"));
        let rows = tx.rows_of(&sql).await?;
        match rows.first().map(|row| row.get("total")).transpose()? {
            // Behind the last page nobody is shown, and nobody says how many there are before.
            None if self.after.is_some() => Ok(Found::Uncounted),
            Some(total) if total > COUNTED => Ok(Found::Many),
            total => self.read(tx, &rows, total.unwrap_or(0)).await.map(Found::Few),
        }
    }

    /// Appends from where on, in which order and how many.
    fn push_end(&self, sql: &mut Sql, (place, id): (&str, &str)) {
        let Sorting { order, up } = self.sorting;
        let (sign, direction) = if up { (">", "ASC") } else { ("<", "DESC") };
        let by_id = order == Order::Created;
        match &self.after {
            Some((_, last)) if by_id => _ = sql.push(&format!(" AND {id} {sign} ")).bind(*last),
            Some((at, last)) => _ = sql.push(&format!(" AND ({place}, {id}) {sign} (")).bind(at.clone()).push(", ").bind(*last).push(")"),
            None => {}
        }
        let by = if by_id { format!("{id} {direction}") } else { format!("{place} {direction}, {id} {direction}") };
        sql.push(&format!(" ORDER BY {by} LIMIT ")).bind(self.limit + 1);
    }

    async fn read(&self, tx: &mut Tx, rows: &[Row], total: i64) -> Result<Page, DbError> {
        let mut places: Vec<(i64, Value)> = Vec::with_capacity(rows.len());
        for row in rows {
            places.push((row.get("id")?, row.value("place")?.clone()));
        }
        let shown = usize::try_from(self.limit).unwrap_or(0);
        let next = (places.len() > shown).then(|| places.get(shown.saturating_sub(1)).map(|(id, place)| write_mark(place, *id))).flatten();
        places.truncate(shown);
        let mut contacts = store::list_by_ids(tx, places.iter().map(|(id, _)| *id)).await?;
        contacts.sort_by_key(|c| places.iter().position(|(id, _)| *id == c.id));
        Ok(Page { contacts, next, total })
    }
}

/// The first people of several lists, each with how many: one statement counts, one finds them, whatever the number of lists. The mark of the
/// next page only says that there are more.
pub(super) async fn columns(tx: &mut Tx, scope: &Scope, lists: &[(Listing, i64)], sorting: Sorting) -> Result<Vec<Page>, DbError> {
    let mut footing = Footing::of(tx, scope).await?;
    let totals = count_each(tx, &mut footing, lists).await?;
    let Sorting { order, up } = sorting;
    let (column, direction) = (order.column(), if up { "ASC" } else { "DESC" });
    let mut sql = Sql::new("");
    for (at, ((listing, limit), total)) in lists.iter().zip(&totals).enumerate().filter(|(_, (_, total))| **total > 0) {
        let union = if sql.text().is_empty() { "" } else { " UNION ALL " };
        sql.push(&format!("{union}SELECT at, id FROM (SELECT {at} AS at, c.id"));
        push_conditions(tx, &mut sql, &mut footing, listing, *total > COUNTED).await?;
        sql.push(&format!(" ORDER BY {column} {direction}, c.id {direction} LIMIT ")).bind(limit + 1).push(&format!(") AS l{at}"));
    }
    let mut pages: Vec<Page> = totals.into_iter().map(|total| Page { contacts: Vec::new(), next: None, total }).collect();
    if sql.text().is_empty() {
        return Ok(pages);
    }
    let rows = tx.rows_of(&sql).await?;
    let places = rows.iter().map(|row| Ok((row.get("at")?, row.get("id")?))).collect::<Result<Vec<(i64, i64)>, DbError>>()?;
    let mut people: HashMap<i64, Contact> =
        store::list_by_ids(tx, places.iter().map(|(_, id)| *id)).await?.into_iter().map(|c| (c.id, c)).collect();
    for (at, id) in places {
        let page = usize::try_from(at).ok().and_then(|at| Some((pages.get_mut(at)?, lists.get(at)?.1)));
        let (Some((page, limit)), Some(person)) = (page, people.remove(&id)) else { continue };
        if i64::try_from(page.contacts.len()).is_ok_and(|shown| shown == limit) {
            page.next = Some(id.to_string());
        } else {
            page.contacts.push(person);
        }
    }
    Ok(pages)
}

/// How many people each of these lists has, counted up to [`COUNTED`] and one.
async fn count_each(tx: &mut Tx, footing: &mut Footing, lists: &[(Listing, i64)]) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("");
    for (at, (listing, _)) in lists.iter().enumerate() {
        sql.push(&format!("{}SELECT {at} AS at, (SELECT count(*) FROM (SELECT 1 AS one", if at == 0 { "" } else { " UNION ALL " }));
        if !push_conditions(tx, &mut sql, footing, listing, false).await? {
            return Ok(vec![0; lists.len()]);
        }
        sql.push(" LIMIT ").bind(COUNTED + 1).push(&format!(") AS f{at}) AS people"));
    }
    let mut totals = vec![0; lists.len()];
    for row in &tx.rows_of(&sql).await? {
        let at: i64 = row.get("at")?;
        if let Some(total) = usize::try_from(at).ok().and_then(|at| totals.get_mut(at)) {
            *total = row.get("people")?;
        }
    }
    Ok(totals)
}

/// The next people of a list in the order of their ids, behind `behind`; for exports that read everything in turn.
pub async fn list_behind(tx: &mut Tx, scope: &Scope, listing: &Listing, behind: i64, limit: i64) -> Result<Vec<Contact>, DbError> {
    let mut sql = Sql::new("SELECT c.id");
    let mut footing = Footing::of(tx, scope).await?;
    if !push_conditions(tx, &mut sql, &mut footing, listing, false).await? {
        return Ok(Vec::new());
    }
    let id = match (listing.is_led_by_field(false), leads(tx, &mut footing, listing, false).await?) {
        (true, _) => "v.record_id",
        (_, true) => "w.id",
        _ => "c.id",
    };
    sql.push(&format!(" AND {id} > ")).bind(behind).push(&format!(" ORDER BY {id} LIMIT ")).bind(limit);
    let ids = tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect::<Result<Vec<i64>, _>>()?;
    let mut contacts = store::list_by_ids(tx, ids).await?;
    contacts.sort_by_key(|c| c.id);
    Ok(contacts)
}

/// The ids a selection stands for within `scope`, at most `limit`.
pub async fn ids_of(tx: &mut Tx, scope: &Scope, selection: &Selection, limit: i64) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("SELECT c.id");
    if !push_selected(tx, &mut sql, scope, selection).await? {
        return Ok(Vec::new());
    }
    sql.push(" ORDER BY c.id LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}

/// Appends from where, `c` being the contacts, and which a selection stands for within `scope`; false when it cannot be anybody.
pub(crate) async fn push_selected(tx: &mut Tx, sql: &mut Sql, scope: &Scope, selection: &Selection) -> Result<bool, DbError> {
    let mut footing = Footing::of(tx, scope).await?;
    match selection {
        Selection::Listed(listing) => push_conditions(tx, sql, &mut footing, listing, false).await,
        Selection::Ids(ids) => {
            push_conditions(tx, sql, &mut footing, &Listing::default(), false).await?;
            sql.push(" AND c.id IN ").bind_list(ids.iter().map(|id| Value::Int(*id)));
            Ok(!ids.is_empty())
        }
    }
}

/// A mark is `id~place`: the last row of a page.
fn write_mark(place: &Value, id: i64) -> String {
    match place {
        Value::Int(v) => format!("{id}~{v}"),
        Value::Real(v) => format!("{id}~{v:e}"),
        Value::Text(v) => format!("{id}~{v}"),
        Value::Null | Value::Bool(_) => format!("{id}~"),
    }
}

fn read_mark(order: Order, mark: &str) -> Option<(Value, i64)> {
    let (id, place) = mark.split_once('~')?;
    let place = match order {
        Order::Score => Value::Real(place.parse().ok()?),
        Order::Name => Value::from(place),
        Order::Touch | Order::Created => Value::Int(place.parse().ok()?),
    };
    Some((place, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_survives_its_text() {
        for (order, place) in [(Order::Score, Value::Real(-1e300)), (Order::Name, Value::from("a~b")), (Order::Touch, Value::Int(7))] {
            assert_eq!(read_mark(order, &write_mark(&place, 9)), Some((place, 9)));
        }
        assert_eq!(read_mark(Order::Touch, "x~y"), None);
    }
}
