//! The SQL of companies.

use std::collections::{HashMap, HashSet};

use super::{Company, domain_key, name_key};
use crate::address::{self, PlaceFilter};
use crate::contact::{FieldFilter, Person};
use crate::field::{self, Field, Subject};
use crate::sharing::Reach;
use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_web::Scope;
use serde_json::Value as Json;

/// A company in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyLine {
    /// The company.
    pub company: Company,
    /// How many people belong to it; at most 1,000 are counted.
    pub people: i64,
}

/// Which companies [`list`] answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The beginning of a name, or part of it.
    pub search: String,
    /// Only these owners'.
    pub owner: Option<Person>,
    /// Only what is shared with whoever this covers.
    pub shared: Option<Reach>,
    /// Only companies that pass each of these, of own fields and tags.
    pub fields: Vec<FieldFilter>,
    /// Only companies that are there.
    pub place: PlaceFilter,
    /// Behind this (name_key, id).
    pub after: Option<(String, i64)>,
    /// At most so many.
    pub limit: i64,
}

const SELECT: &str = sql!(
    "SELECT c.id, c.name, c.domain, c.industry, c.phone, c.city, c.country, c.external_id, c.external_key, c.owner_id, c.team_id, c.parent_id, c.import_id,
     c.fields, c.created_at, c.updated_at, a.street, a.postal_code, a.region, a.lat_e7, a.lon_e7 FROM companies c LEFT JOIN postal_addresses a ON a.record_id = c.id"
);

/// What [`read`] wants, of the table `c`.
const COLUMNS_READ: &str = "SELECT c.id, c.name, c.domain, c.industry, c.phone, c.city, c.country, c.external_id, c.external_key, c.owner_id, c.team_id, c.parent_id, c.import_id,
     c.fields, c.created_at, c.updated_at, a.street, a.postal_code, a.region, a.lat_e7, a.lon_e7";

/// Where [`read`] finds the address of `c`.
const ADDRESS: &str = "LEFT JOIN postal_addresses a ON a.record_id = c.id";

fn read(row: &Row) -> Result<Company, DbError> {
    Ok(Company {
        id: row.get("id")?,
        name: row.get("name")?,
        domain: row.get("domain")?,
        industry: row.get("industry")?,
        phone: row.get("phone")?,
        city: row.get("city")?,
        country: row.get("country")?,
        postal: address::read_row(row)?,
        external_id: row.get("external_id")?,
        external_key: row.get("external_key")?,
        owner_id: row.get("owner_id")?,
        team_id: row.get("team_id")?,
        parent_id: row.get("parent_id")?,
        import_id: row.get("import_id")?,
        fields: serde_json::from_str(&row.get::<String>("fields")?).unwrap_or_default(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// The company `id` if it is alive and within `scope`; a company without an owner belongs to everybody.
pub async fn find(tx: &mut Tx, scope: &Scope, id: i64) -> Result<Option<Company>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE c.deleted_at IS NULL AND c.id = ").bind(id);
    Reach::of(tx, scope).await?.push_companies(&mut sql, "c");
    tx.rows_of(&sql).await?.first().map(read).transpose()
}

/// These companies, those alive.
pub async fn list_by_ids(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<Company>, DbError> {
    let sql = sql!(
        "SELECT c.id, c.name, c.domain, c.industry, c.phone, c.city, c.country, c.external_id, c.external_key, c.owner_id, c.team_id, c.parent_id, c.import_id,
     c.fields, c.created_at, c.updated_at, a.street, a.postal_code, a.region, a.lat_e7, a.lon_e7
         FROM {rows} AS r JOIN companies c ON c.id = r.id LEFT JOIN postal_addresses a ON a.record_id = c.id WHERE c.deleted_at IS NULL"
    );
    tx.rows_from(sql, &Relation::of_ids("id", ids), params![]).await?.iter().map(read).collect()
}

/// A column companies are matched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByKeys {
    External,
    Domain,
    Name,
}

impl ByKeys {
    fn column(self) -> &'static str {
        match self {
            Self::External => "external_key",
            Self::Domain => "domain_key",
            Self::Name => "name_key",
        }
    }
}

/// Alive companies with one of these keys, oldest first.
pub(crate) async fn list_by_keys(tx: &mut Tx, by: ByKeys, keys: impl IntoIterator<Item = String>) -> Result<Vec<Company>, DbError> {
    let select =
        format!("{COLUMNS_READ} FROM {{rows}} AS r JOIN companies c ON c.{} = r.k AND c.deleted_at IS NULL {ADDRESS}", by.column());
    let rows = tx.rows_from(&select, &Relation::of_texts("k", keys), params![]).await?;
    let mut found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    found.sort_unstable_by_key(|company| company.id);
    Ok(found)
}

/// Survivors of merges by the keys that were given up in them: (the key asked for, who holds it now).
pub(crate) async fn list_by_given_up(
    tx: &mut Tx,
    by: ByKeys,
    keys: impl IntoIterator<Item = String>,
) -> Result<Vec<(String, i64)>, DbError> {
    let select = format!(
        "SELECT r.k, s.id FROM {{rows}} AS r JOIN companies c ON c.{} = r.k AND c.merged_into IS NOT NULL
         JOIN companies s ON s.id = c.merged_into AND s.deleted_at IS NULL ORDER BY s.id",
        by.column()
    );
    let rows = tx.rows_from(&select, &Relation::of_texts("k", keys), params![]).await?;
    rows.iter().map(|row| Ok((row.get("k")?, row.get("id")?))).collect()
}

/// Which companies these have become part of, as far as they were merged: (the id asked for, the survivor's).
pub(crate) async fn list_survivors(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<(i64, i64)>, DbError> {
    let select = sql!("SELECT r.id, c.merged_into FROM {rows} AS r JOIN companies c ON c.id = r.id WHERE c.merged_into IS NOT NULL");
    let rows = tx.rows_from(select, &Relation::of_ids("id", ids), params![]).await?;
    rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
}

/// Which companies ids mean today that were written down before some became part of others.
pub(crate) struct Today(HashMap<i64, i64>);

impl Today {
    pub(crate) async fn read(tx: &mut Tx, ids: Vec<i64>) -> Result<Self, DbError> {
        Ok(Self(list_survivors(tx, ids).await?.into_iter().collect()))
    }

    pub(crate) fn of(&self, id: &Json) -> Json {
        id.as_i64().and_then(|id| self.0.get(&id)).map_or_else(|| id.clone(), |today| Json::from(*today))
    }
}

/// Those of these keys that more than `most` alive companies have.
pub(crate) async fn list_crowded(
    tx: &mut Tx,
    by: ByKeys,
    keys: impl IntoIterator<Item = String>,
    most: i64,
) -> Result<HashSet<String>, DbError> {
    let column = by.column();
    let select = format!(
        "SELECT r.k FROM {{rows}} AS r WHERE (SELECT count(*) FROM
           (SELECT 1 FROM companies c WHERE c.{column} = r.k AND c.deleted_at IS NULL LIMIT {}) AS found) > {most}",
        most.saturating_add(1)
    );
    tx.rows_from(&select, &Relation::of_texts("k", keys), params![]).await?.iter().map(|row| row.at(0)).collect()
}

/// Of the companies with one of these folded names the oldest two of each city, those nobody else's id stands on first: (name, city, id).
/// For names so many have that not all of them can be looked at.
pub(crate) async fn list_namesakes(
    tx: &mut Tx,
    names: impl IntoIterator<Item = String>,
) -> Result<Vec<(String, Option<String>, i64)>, DbError> {
    let select = sql!(
        "SELECT f.name_key, f.city, f.id FROM (
           SELECT c.name_key, c.city, c.id, ROW_NUMBER() OVER (PARTITION BY c.name_key, c.city
             ORDER BY CASE WHEN c.external_key IS NULL THEN 0 ELSE 1 END, c.id) AS nth
           FROM {rows} AS r JOIN companies c ON c.name_key = r.k AND c.deleted_at IS NULL) AS f WHERE f.nth <= 2"
    );
    let rows = tx.rows_from(select, &Relation::of_texts("k", names), params![]).await?;
    rows.iter().map(|row| Ok((row.get("name_key")?, row.get("city")?, row.get("id")?))).collect()
}

/// Alive companies with one of these folded names, oldest first.
pub(crate) async fn list_by_name_keys(tx: &mut Tx, keys: impl IntoIterator<Item = String>) -> Result<Vec<Company>, DbError> {
    list_by_keys(tx, ByKeys::Name, keys).await
}

/// The same, deleted or not.
pub(crate) async fn list_any(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<Company>, DbError> {
    let sql = sql!(
        "SELECT c.id, c.name, c.domain, c.industry, c.phone, c.city, c.country, c.external_id, c.external_key, c.owner_id, c.team_id, c.parent_id, c.import_id,
     c.fields, c.created_at, c.updated_at, a.street, a.postal_code, a.region, a.lat_e7, a.lon_e7
         FROM {rows} AS r JOIN companies c ON c.id = r.id LEFT JOIN postal_addresses a ON a.record_id = c.id"
    );
    tx.rows_from(sql, &Relation::of_ids("id", ids), params![]).await?.iter().map(read).collect()
}

/// Appends which companies a list is about.
pub(super) fn push_conditions(sql: &mut Sql, reach: &Reach, listing: &Listing) {
    sql.push(" FROM companies c");
    push_where(sql, reach, listing);
}

/// The same behind the tables a statement reads.
fn push_where(sql: &mut Sql, reach: &Reach, listing: &Listing) {
    sql.push(" WHERE c.deleted_at IS NULL");
    let search = name_key(&listing.search);
    if !search.is_empty() {
        sql.push(" AND c.name_key LIKE ").bind(format!("%{}%", escaped(&search))).push(" ESCAPE '!'");
    }
    match listing.owner {
        Some(Person::Staff(id)) => _ = sql.push(" AND c.owner_id = ").bind(id),
        Some(Person::Nobody) => _ = sql.push(" AND c.owner_id IS NULL"),
        None => {}
    }
    for filter in &listing.fields {
        filter.push(sql, false, reach);
    }
    listing.place.push(sql, Subject::Company, true);
    if let Some(shared) = &listing.shared {
        shared.push_companies(sql, "c");
    }
    reach.push_companies(sql, "c");
    if let Some((key, id)) = &listing.after {
        sql.push(" AND (c.name_key, c.id) > (").bind(key).push(", ").bind(*id).push(")");
    }
}

/// Companies by name with their number of people, as far as those lie within `scope`, too.
pub async fn list(tx: &mut Tx, scope: &Scope, listing: &Listing) -> Result<Vec<CompanyLine>, DbError> {
    let reach = Reach::of(tx, scope).await?;
    let mut sql = Sql::new(COLUMNS_READ);
    sql.push(", (SELECT count(*) FROM (SELECT 1 FROM contacts p WHERE p.company_id = c.id AND p.deleted_at IS NULL");
    reach.push_people(&mut sql, "p");
    sql.push(" LIMIT 1000) AS found) AS people FROM companies c ").push(ADDRESS);
    push_where(&mut sql, &reach, listing);
    sql.push(" ORDER BY c.name_key, c.id LIMIT ").bind(listing.limit);
    let line = |row: &Row| Ok(CompanyLine { company: read(row)?, people: row.get("people")? });
    tx.rows_of(&sql).await?.iter().map(line).collect()
}

/// The same without their people, for files.
pub(crate) async fn list_rows(tx: &mut Tx, scope: &Scope, listing: &Listing) -> Result<Vec<Company>, DbError> {
    let mut sql = Sql::new(COLUMNS_READ);
    sql.push(" FROM companies c ").push(ADDRESS);
    push_where(&mut sql, &Reach::of(tx, scope).await?, listing);
    sql.push(" ORDER BY c.name_key, c.id LIMIT ").bind(listing.limit);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// Companies within `scope` whose folded name holds one of these stretches, at most `limit`.
pub(crate) async fn list_holding(tx: &mut Tx, scope: &Scope, stretches: &[String], limit: i64) -> Result<Vec<Company>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE c.deleted_at IS NULL AND (FALSE");
    for stretch in stretches {
        sql.push(" OR c.name_key LIKE ").bind(format!("%{}%", escaped(stretch))).push(" ESCAPE '!'");
    }
    sql.push(")");
    Reach::of(tx, scope).await?.push_companies(&mut sql, "c");
    sql.push(" ORDER BY c.name_key, c.id LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// These companies, as far as they are alive and within `scope`.
pub(crate) async fn list_within(tx: &mut Tx, scope: &Scope, ids: impl IntoIterator<Item = i64>) -> Result<Vec<Company>, DbError> {
    let ids: Vec<Value> = ids.into_iter().map(Value::Int).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE c.deleted_at IS NULL AND c.id IN ").bind_list(ids);
    Reach::of(tx, scope).await?.push_companies(&mut sql, "c");
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// How many companies a list is about, counted up to `listing.limit`.
pub(crate) async fn count(tx: &mut Tx, scope: &Scope, listing: &Listing) -> Result<i64, DbError> {
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT 1 AS one");
    push_conditions(&mut sql, &Reach::of(tx, scope).await?, listing);
    sql.push(" LIMIT ").bind(listing.limit).push(") AS found");
    tx.count(sql.text(), sql.values()).await
}

/// Words for a pattern of LIKE with ESCAPE '!'.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

/// The columns written by [`insert`] and, but for some of the first, by [`update`].
const COLUMNS: [(&str, Column); 18] = [
    ("id", Column::Int),
    ("import_id", Column::Int),
    ("created_at", Column::Int),
    ("updated_at", Column::Int),
    ("name", Column::Text),
    ("name_key", Column::Text),
    ("domain", Column::Text),
    ("domain_key", Column::Text),
    ("industry", Column::Text),
    ("phone", Column::Text),
    ("city", Column::Text),
    ("country", Column::Text),
    ("external_id", Column::Text),
    ("external_key", Column::Text),
    ("owner_id", Column::Int),
    ("team_id", Column::Int),
    ("parent_id", Column::Int),
    ("fields", Column::Text),
];

fn relation(companies: &[Company]) -> Relation {
    let mut rows = Relation::new(&COLUMNS);
    for c in companies {
        rows.push(vec![
            Value::Int(c.id),
            c.import_id.into(),
            Value::Int(c.created_at),
            Value::Int(c.updated_at),
            Value::from(&c.name),
            Value::Text(name_key(&c.name)),
            c.domain.as_deref().into(),
            c.domain.as_deref().and_then(domain_key).into(),
            c.industry.as_deref().into(),
            c.phone.as_deref().into(),
            c.city.as_deref().into(),
            c.country.as_deref().into(),
            c.external_id.as_deref().into(),
            c.external_key.as_deref().into(),
            c.owner_id.into(),
            c.team_id.into(),
            c.parent_id.into(),
            Value::Text(serde_json::to_string(&c.fields).unwrap_or_else(|_| "{}".to_owned())),
        ]);
    }
    rows
}

/// Stores new companies with the values of their own fields.
pub(crate) async fn insert(tx: &mut Tx, companies: &[Company], defs: &[Field]) -> Result<(), DbError> {
    tx.insert("companies", &relation(companies), Conflict::Fail).await?;
    address::put(tx, Subject::Company, companies.iter().map(|c| (c.id, &c.postal)), true).await?;
    field::put_values(tx, companies.iter().map(|c| (c.id, &c.fields)), defs, true).await
}

/// Writes these companies over their stored rows, the values of own fields included.
pub(crate) async fn update(tx: &mut Tx, companies: &[Company], defs: &[Field]) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE companies SET name = r.name, name_key = r.name_key, domain = r.domain, domain_key = r.domain_key, industry = r.industry, phone = r.phone,
         city = r.city, country = r.country, external_id = r.external_id, external_key = r.external_key, owner_id = r.owner_id, team_id = r.team_id,
         parent_id = r.parent_id, fields = r.fields, updated_at = r.updated_at FROM {rows} AS r WHERE companies.id = r.id"
    );
    tx.exec_from(sql, &relation(companies), params![]).await?;
    address::put(tx, Subject::Company, companies.iter().map(|c| (c.id, &c.postal)), false).await?;
    field::put_values(tx, companies.iter().map(|c| (c.id, &c.fields)), defs, false).await
}

/// Holds these companies, deleted or not, until the transaction ends.
pub async fn hold(tx: &mut Tx, ids: &[i64]) -> Result<(), DbError> {
    let hold = sql!("UPDATE companies SET updated_at = updated_at FROM {rows} AS r WHERE companies.id = r.id");
    tx.exec_from(hold, &Relation::of_ids("id", ids.iter().copied()), params![]).await.map(drop)
}

/// Puts these companies under nobody.
pub(crate) async fn leave_parents(tx: &mut Tx, ids: &[i64]) -> Result<(), DbError> {
    let leave = sql!("UPDATE companies SET parent_id = NULL FROM {rows} AS r WHERE companies.id = r.id");
    tx.exec_from(leave, &Relation::of_ids("id", ids.iter().copied()), params![]).await.map(drop)
}

/// Hides or brings back: `at` is the moment of deletion or `None`; answers which rows changed. What is nobody's is within everybody's reach, but
/// deleted only by whoever has all in charge.
pub(super) async fn set_deleted(tx: &mut Tx, scope: &Scope, ids: &[i64], at: Option<i64>) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("UPDATE companies SET deleted_at = CAST(");
    sql.bind(at).push(" AS BIGINT) WHERE merged_into IS NULL AND deleted_at IS ").push(if at.is_some() { "NULL" } else { "NOT NULL" });
    sql.push(" AND id IN ").bind_list(ids.iter().map(|id| Value::Int(*id)));
    scope.push_filter(&mut sql, "owner_id", "team_id");
    sql.push(" RETURNING id");
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}

/// The companies within `scope` deleted at exactly `at`, at most `limit`.
pub(super) async fn list_deleted_at(tx: &mut Tx, scope: &Scope, at: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("SELECT id FROM companies WHERE merged_into IS NULL AND deleted_at = ");
    sql.bind(at);
    scope.push_filter(&mut sql, "owner_id", "team_id");
    sql.push(" ORDER BY id LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}

/// Whether another company alive has the outside id of one of these.
pub(super) async fn is_taken(tx: &mut Tx, ids: &[i64]) -> Result<bool, DbError> {
    let select = sql!(
        "SELECT o.id FROM {rows} AS r JOIN companies c ON c.id = r.id
         JOIN companies o ON o.external_key = c.external_key AND o.deleted_at IS NULL AND o.id <> c.id LIMIT 1"
    );
    Ok(!tx.rows_from(select, &Relation::of_ids("id", ids.iter().copied()), params![]).await?.is_empty())
}

/// Writes owner and team; answers how many rows changed.
pub(super) async fn set_owner(tx: &mut Tx, ids: &[i64], owner_id: Option<i64>, team_id: Option<i64>, now: i64) -> Result<u64, DbError> {
    let rows = Relation::of_ids("id", ids.iter().copied());
    let sql = sql!(
        "UPDATE companies SET owner_id = CAST($1 AS BIGINT), team_id = CAST($2 AS BIGINT), updated_at = $3 FROM {rows} AS r WHERE companies.id = r.id"
    );
    tx.exec_from(sql, &rows, params![owner_id, team_id, now]).await
}

/// Those of the companies `{rows}` an import made that are in use by nobody: no people, branches, relationships, promises, files or devices,
/// no part of a merge, and shared with nobody.
const UNUSED: &str = "c.import_id = $1 AND c.merged_into IS NULL AND NOT EXISTS (SELECT 1 FROM companies m WHERE m.merged_into = c.id) AND NOT EXISTS (SELECT 1 FROM contacts p WHERE p.company_id = c.id)
         AND NOT EXISTS (SELECT 1 FROM companies b WHERE b.parent_id = c.id)
         AND NOT EXISTS (SELECT 1 FROM relationships r WHERE r.from_company_id = c.id)
         AND NOT EXISTS (SELECT 1 FROM relationships r WHERE r.to_company_id = c.id)
         AND NOT EXISTS (SELECT 1 FROM promises p WHERE p.company_id = c.id)
         AND NOT EXISTS (SELECT 1 FROM files f WHERE f.company_id = c.id)
         AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.company_id = c.id)
         AND NOT EXISTS (SELECT 1 FROM shares s WHERE s.company_id = c.id)";

/// Drops at most `limit` of the companies an import made that are not in use, with their fields and tags; answers how many, `None` when none
/// is left. A parent goes once its branches are gone.
pub(crate) async fn remove_of_import(tx: &mut Tx, import_id: i64, limit: i64, now: i64) -> Result<Option<usize>, DbError> {
    let unused = format!("SELECT c.id FROM companies c WHERE {UNUSED} ORDER BY c.id LIMIT $2");
    let ids = tx.rows(&unused, params![import_id, limit]).await?.iter().map(|row| row.at(0)).collect::<Result<Vec<i64>, _>>()?;
    if ids.is_empty() {
        return Ok(None);
    }
    // Somebody may have come to use one before it was held.
    hold(tx, &ids).await?;
    let still = format!("SELECT c.id FROM {{rows}} AS h JOIN companies c ON c.id = h.id WHERE {UNUSED}");
    let rows = tx.rows_from(&still, &Relation::of_ids("id", ids), params![import_id]).await?;
    let ids = rows.iter().map(|row| row.at(0)).collect::<Result<Vec<i64>, _>>()?;
    let gone = Relation::of_ids("id", ids.iter().copied());
    let (_, mut told) = field::reference::forget(tx, &ids, now).await?;
    for delete in [
        sql!("DELETE FROM field_texts WHERE record_id IN (SELECT r.id FROM {rows} AS r)"),
        sql!("DELETE FROM field_numbers WHERE record_id IN (SELECT r.id FROM {rows} AS r)"),
        sql!("DELETE FROM field_choices WHERE record_id IN (SELECT r.id FROM {rows} AS r)"),
        sql!(
            "DELETE FROM field_references WHERE record_id IN (SELECT r.id FROM {rows} AS r) OR target_id IN (SELECT r.id FROM {rows} AS r)"
        ),
        sql!("DELETE FROM postal_addresses WHERE record_id IN (SELECT r.id FROM {rows} AS r)"),
        sql!("DELETE FROM record_tags WHERE record_id IN (SELECT r.id FROM {rows} AS r)"),
        sql!("DELETE FROM duplicate_pairs WHERE left_id IN (SELECT r.id FROM {rows} AS r) OR right_id IN (SELECT r.id FROM {rows} AS r)"),
        sql!("DELETE FROM import_changes WHERE record_id IN (SELECT r.id FROM {rows} AS r)"),
        sql!("DELETE FROM companies WHERE id IN (SELECT r.id FROM {rows} AS r)"),
    ] {
        tx.exec_from(delete, &gone, params![]).await?;
    }
    attune_events::append(tx, &mut told).await?;
    Ok(Some(ids.len()))
}
