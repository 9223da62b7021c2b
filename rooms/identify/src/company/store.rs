//! The SQL of companies.

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_web::Scope;
use serde_json::Value as Json;

use super::name_key;
use crate::sharing::Reach;

/// A company.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Its id.
    pub id: i64,
    /// The name as written.
    pub name: String,
    /// The web domain.
    pub domain: Option<String>,
    /// The line of business.
    pub industry: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The country.
    pub country: Option<String>,
    /// Who looks after it.
    pub owner_id: Option<i64>,
    /// The owner's team.
    pub team_id: Option<i64>,
    /// The company this one is a branch of.
    pub parent_id: Option<i64>,
    /// µs UTC.
    pub created_at: i64,
}

impl Company {
    /// The attribute `key`; null when empty or unknown.
    pub fn get(&self, key: &str) -> Json {
        let text = |value: &Option<String>| value.clone().map_or(Json::Null, Json::String);
        match key {
            "name" => Json::from(self.name.as_str()),
            "domain" => text(&self.domain),
            "industry" => text(&self.industry),
            "phone" => text(&self.phone),
            "city" => text(&self.city),
            "country" => text(&self.country),
            "owner_id" => self.owner_id.map_or(Json::Null, Json::from),
            _ => Json::Null,
        }
    }

    /// The id as shown.
    pub fn shown_id(&self) -> super::CompanyId {
        super::CompanyId(self.id)
    }
}

/// A company in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyLine {
    /// The company.
    pub company: Company,
    /// How many people belong to it; at most 1,000 are counted.
    pub people: i64,
}

/// Which companies [`list`] answers.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The beginning of a name, or part of it.
    pub search: String,
    /// Behind this (name_key, id).
    pub after: Option<(String, i64)>,
    /// At most so many.
    pub limit: i64,
}

const SELECT: &str = sql!(
    "SELECT c.id, c.name, c.domain, c.industry, c.phone, c.city, c.country, c.owner_id, c.team_id, c.parent_id, c.created_at FROM companies c"
);

fn read(row: &Row) -> Result<Company, DbError> {
    Ok(Company {
        id: row.get("id")?,
        name: row.get("name")?,
        domain: row.get("domain")?,
        industry: row.get("industry")?,
        phone: row.get("phone")?,
        city: row.get("city")?,
        country: row.get("country")?,
        owner_id: row.get("owner_id")?,
        team_id: row.get("team_id")?,
        parent_id: row.get("parent_id")?,
        created_at: row.get("created_at")?,
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
        "SELECT c.id, c.name, c.domain, c.industry, c.phone, c.city, c.country, c.owner_id, c.team_id, c.parent_id, c.created_at
         FROM {rows} AS r JOIN companies c ON c.id = r.id WHERE c.deleted_at IS NULL"
    );
    tx.rows_from(sql, &Relation::of_ids("id", ids), params![]).await?.iter().map(read).collect()
}

/// Alive companies with one of these folded names, oldest first.
pub(crate) async fn list_by_name_keys(tx: &mut Tx, keys: impl IntoIterator<Item = String>) -> Result<Vec<Company>, DbError> {
    let sql = sql!(
        "SELECT c.id, c.name, c.domain, c.industry, c.phone, c.city, c.country, c.owner_id, c.team_id, c.parent_id, c.created_at
         FROM {rows} AS r JOIN companies c ON c.name_key = r.k AND c.deleted_at IS NULL"
    );
    let rows = tx.rows_from(sql, &Relation::of_texts("k", keys), params![]).await?;
    let mut found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    found.sort_unstable_by_key(|company| company.id);
    Ok(found)
}

/// Companies by name with their number of people.
pub async fn list(tx: &mut Tx, scope: &Scope, listing: &Listing) -> Result<Vec<CompanyLine>, DbError> {
    let mut sql = Sql::new(
        "SELECT c.id, c.name, c.domain, c.industry, c.phone, c.city, c.country, c.owner_id, c.team_id, c.parent_id, c.created_at,
         (SELECT count(*) FROM (SELECT 1 FROM contacts p WHERE p.company_id = c.id AND p.deleted_at IS NULL LIMIT 1000) AS found) AS people
         FROM companies c WHERE c.deleted_at IS NULL",
    );
    let search = name_key(&listing.search);
    if !search.is_empty() {
        sql.push(" AND c.name_key LIKE ").bind(format!("%{}%", escaped(&search))).push(" ESCAPE '!'");
    }
    Reach::of(tx, scope).await?.push_companies(&mut sql, "c");
    if let Some((key, id)) = &listing.after {
        sql.push(" AND (c.name_key, c.id) > (").bind(key).push(", ").bind(*id).push(")");
    }
    sql.push(" ORDER BY c.name_key, c.id LIMIT ").bind(listing.limit);
    let line = |row: &Row| Ok(CompanyLine { company: read(row)?, people: row.get("people")? });
    tx.rows_of(&sql).await?.iter().map(line).collect()
}

fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

pub(crate) async fn insert(tx: &mut Tx, companies: &[Company], import_id: Option<i64>) -> Result<(), DbError> {
    let (int, text) = (Column::Int, Column::Text);
    let mut rows = Relation::new(&[
        ("id", int),
        ("name", text),
        ("name_key", text),
        ("domain", text),
        ("industry", text),
        ("phone", text),
        ("city", text),
        ("country", text),
        ("owner_id", int),
        ("team_id", int),
        ("import_id", int),
        ("created_at", int),
        ("updated_at", int),
    ]);
    for c in companies {
        rows.push(vec![
            Value::Int(c.id),
            Value::from(&c.name),
            Value::Text(name_key(&c.name)),
            c.domain.as_deref().into(),
            c.industry.as_deref().into(),
            c.phone.as_deref().into(),
            c.city.as_deref().into(),
            c.country.as_deref().into(),
            c.owner_id.into(),
            c.team_id.into(),
            import_id.into(),
            Value::Int(c.created_at),
            Value::Int(c.created_at),
        ]);
    }
    tx.insert("companies", &rows, Conflict::Fail).await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, c: &Company, now: i64) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE companies SET name = $2, name_key = $3, domain = $4, industry = $5, phone = $6, city = $7, country = $8, owner_id = $9, team_id = $10,
         updated_at = $11 WHERE id = $1"
    );
    let values = params![
        c.id,
        &c.name,
        name_key(&c.name),
        c.domain.as_deref(),
        c.industry.as_deref(),
        c.phone.as_deref(),
        c.city.as_deref(),
        c.country.as_deref(),
        c.owner_id,
        c.team_id,
        now
    ];
    tx.exec(sql, values).await?;
    Ok(())
}

/// Writes owner and team; answers how many rows changed.
pub(super) async fn set_owner(tx: &mut Tx, ids: &[i64], owner_id: Option<i64>, team_id: Option<i64>, now: i64) -> Result<u64, DbError> {
    let rows = Relation::of_ids("id", ids.iter().copied());
    let sql = sql!(
        "UPDATE companies SET owner_id = CAST($1 AS BIGINT), team_id = CAST($2 AS BIGINT), updated_at = $3 FROM {rows} AS r WHERE companies.id = r.id"
    );
    tx.exec_from(sql, &rows, params![owner_id, team_id, now]).await
}

/// Drops the companies an import made that nobody belongs to or stands to any more; answers how many.
pub(crate) async fn remove_of_import(tx: &mut Tx, import_id: i64) -> Result<u64, DbError> {
    let unused = sql!(
        "DELETE FROM companies WHERE import_id = $1 AND NOT EXISTS (SELECT 1 FROM contacts p WHERE p.company_id = companies.id)
         AND NOT EXISTS (SELECT 1 FROM companies b WHERE b.parent_id = companies.id)
         AND NOT EXISTS (SELECT 1 FROM relationships r WHERE r.from_company_id = companies.id)
         AND NOT EXISTS (SELECT 1 FROM relationships r WHERE r.to_company_id = companies.id)
         AND NOT EXISTS (SELECT 1 FROM promises p WHERE p.company_id = companies.id)"
    );
    tx.exec(unused, params![import_id]).await
}
