//! The SQL of contacts: set-at-a-time, whatever the number.

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_web::Scope;

use super::rules::{email_key, phone_key};
use super::search::{WordLists, Words};
use super::{Contact, Stage};
use crate::address;
use crate::field::{self, Field, Subject};
use crate::sharing::Reach;

const SELECT: &str = sql!(
    "SELECT c.id, c.name, c.given_name, c.family_name, c.email, c.phone, co.id AS company_id, co.name AS company_name, c.title, c.city, c.country, c.external_id,
     c.external_key, c.stage, c.owner_id, c.team_id, c.locale, c.time_zone, c.source, c.import_id, c.engagement_k, c.fit, c.grade, c.fields, c.created_at,
     c.updated_at, c.last_seen_at, a.street, a.postal_code, a.region, a.lat_e7, a.lon_e7
     FROM contacts c LEFT JOIN companies co ON co.id = c.company_id AND co.deleted_at IS NULL LEFT JOIN postal_addresses a ON a.record_id = c.id"
);

const SELECT_FROM: &str = "SELECT c.id, c.name, c.given_name, c.family_name, c.email, c.phone, co.id AS company_id, co.name AS company_name, c.title, c.city, c.country, c.external_id,
     c.external_key, c.stage, c.owner_id, c.team_id, c.locale, c.time_zone, c.source, c.import_id, c.engagement_k, c.fit, c.grade, c.fields, c.created_at,
     c.updated_at, c.last_seen_at, a.street, a.postal_code, a.region, a.lat_e7, a.lon_e7 FROM {rows} AS r JOIN contacts c";

const COMPANY: &str = "AND c.deleted_at IS NULL LEFT JOIN companies co ON co.id = c.company_id AND co.deleted_at IS NULL
     LEFT JOIN postal_addresses a ON a.record_id = c.id";

/// The columns written by [`insert`] and, but for some of the first, by [`update`].
const COLUMNS: [(&str, Column); 27] = [
    // What is only known when a contact is written, as in `Prepared::with_place`.
    ("id", Column::Int),
    ("created_at", Column::Int),
    ("updated_at", Column::Int),
    ("import_id", Column::Int),
    ("last_seen_at", Column::Int),
    ("company_id", Column::Int),
    ("owner_id", Column::Int),
    ("team_id", Column::Int),
    ("external_key", Column::Text),
    // What follows from its attributes.
    ("external_id", Column::Text),
    ("name", Column::Text),
    ("name_key", Column::Text),
    ("given_name", Column::Text),
    ("family_name", Column::Text),
    ("email", Column::Text),
    ("email_key", Column::Text),
    ("phone", Column::Text),
    ("phone_key", Column::Text),
    ("title", Column::Text),
    ("city", Column::Text),
    ("country", Column::Text),
    ("stage", Column::Text),
    ("locale", Column::Text),
    ("time_zone", Column::Text),
    ("source", Column::Text),
    ("fields", Column::Text),
    ("deleted_at", Column::Int),
];

/// Reads a row of [`SELECT`].
pub(super) fn read(row: &Row) -> Result<Contact, DbError> {
    Ok(Contact {
        id: row.get("id")?,
        name: row.get("name")?,
        given_name: row.get("given_name")?,
        family_name: row.get("family_name")?,
        email: row.get("email")?,
        phone: row.get("phone")?,
        company_id: row.get("company_id")?,
        company_name: row.get("company_name")?,
        title: row.get("title")?,
        city: row.get("city")?,
        country: row.get("country")?,
        postal: address::read_row(row)?,
        external_id: row.get("external_id")?,
        external_key: row.get("external_key")?,
        stage: Stage::of(&row.get::<String>("stage")?).unwrap_or_default(),
        owner_id: row.get("owner_id")?,
        team_id: row.get("team_id")?,
        locale: row.get("locale")?,
        time_zone: row.get("time_zone")?,
        source: row.get("source")?,
        import_id: row.get("import_id")?,
        engagement_k: row.get("engagement_k")?,
        fit: row.get("fit")?,
        grade: row.get("grade")?,
        fields: serde_json::from_str(&row.get::<String>("fields")?).unwrap_or_default(),
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        last_seen_at: row.get("last_seen_at")?,
    })
}

pub(super) async fn find(tx: &mut Tx, scope: &Scope, id: i64) -> Result<Option<Contact>, DbError> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE c.deleted_at IS NULL AND c.id = ").bind(id);
    let Some(found) = tx.rows_of(&sql).await?.first().map(read).transpose()? else { return Ok(None) };
    // What is shared is asked only of who is not in the scope already.
    let covered =
        scope.covers(found.owner_id, found.team_id) || Reach::of(tx, scope).await?.covers(found.place(), found.id, found.company_id);
    Ok(Some(found).filter(|_| covered))
}

pub(super) async fn list_by_ids(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<Contact>, DbError> {
    let wanted = Relation::of_ids("id", ids);
    let rows = tx.rows_from(&format!("{SELECT_FROM} ON c.id = r.id {COMPANY}"), &wanted, params![]).await?;
    rows.iter().map(read).collect()
}

/// The same, deleted or not.
pub(super) async fn list_any(tx: &mut Tx, ids: impl IntoIterator<Item = i64>) -> Result<Vec<Contact>, DbError> {
    let wanted = Relation::of_ids("id", ids);
    let select = format!(
        "{SELECT_FROM} ON c.id = r.id LEFT JOIN companies co ON co.id = c.company_id AND co.deleted_at IS NULL
         LEFT JOIN postal_addresses a ON a.record_id = c.id"
    );
    tx.rows_from(&select, &wanted, params![]).await?.iter().map(read).collect()
}

/// Holds these contacts, deleted or not, until the transaction ends; false when one is not there any more.
pub(super) async fn hold(tx: &mut Tx, ids: &[i64]) -> Result<bool, DbError> {
    let hold = sql!("UPDATE contacts SET updated_at = updated_at FROM {rows} AS r WHERE contacts.id = r.id");
    let held = tx.exec_from(hold, &Relation::of_ids("id", ids.iter().copied()), params![]).await?;
    Ok(usize::try_from(held).is_ok_and(|held| held == ids.len()))
}

/// A column people are matched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByKeys {
    External,
    Email,
    Phone,
}

/// Contacts with one of these keys, oldest first.
pub(crate) async fn list_by_keys(tx: &mut Tx, by: ByKeys, keys: impl IntoIterator<Item = String>) -> Result<Vec<Contact>, DbError> {
    let wanted = Relation::of_texts("k", keys);
    let column = match by {
        ByKeys::External => "c.external_key",
        ByKeys::Email => "c.email_key",
        ByKeys::Phone => "c.phone_key",
    };
    let rows = tx.rows_from(&format!("{SELECT_FROM} ON {column} = r.k {COMPANY}"), &wanted, params![]).await?;
    let mut found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    found.sort_unstable_by_key(|contact| contact.id);
    Ok(found)
}

/// Contacts within `scope` who have this key or gave it up in a merge, at most `limit`.
pub(crate) async fn list_by_key(tx: &mut Tx, scope: &Scope, by: ByKeys, key: &str, limit: i64) -> Result<Vec<Contact>, DbError> {
    let column = match by {
        ByKeys::External => "external_key",
        ByKeys::Email => "email_key",
        ByKeys::Phone => "phone_key",
    };
    let (reach, mut found) = (Reach::of(tx, scope).await?, Vec::new());
    for (place, condition) in [("k.id", "k.deleted_at IS NULL"), ("k.merged_into", "k.merged_into IS NOT NULL")] {
        let mut sql = Sql::new(SELECT);
        sql.push(&format!(" WHERE c.deleted_at IS NULL AND c.id IN (SELECT {place} FROM contacts k WHERE {condition} AND k.{column} = "));
        sql.bind(key).push(")");
        reach.push_people(&mut sql, "c");
        sql.push(" LIMIT ").bind(limit);
        found.extend(tx.rows_of(&sql).await?.iter().map(read).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

/// Whether there was ever a merge.
pub(crate) async fn is_anybody_merged(tx: &mut Tx) -> Result<bool, DbError> {
    let sql = sql!("SELECT id FROM contacts WHERE merged_into IS NOT NULL ORDER BY merged_into LIMIT 1");
    Ok(tx.find(sql, params![]).await?.is_some())
}

/// Survivors of merges by the keys that were given up in them: (the key asked for, who holds it now).
pub(crate) async fn list_by_given_up(
    tx: &mut Tx,
    by: ByKeys,
    keys: impl IntoIterator<Item = String>,
) -> Result<Vec<(String, i64)>, DbError> {
    let select = match by {
        ByKeys::External => sql!(
            "SELECT r.k, s.id FROM {rows} AS r JOIN contacts c ON c.external_key = r.k AND c.merged_into IS NOT NULL
             JOIN contacts s ON s.id = c.merged_into AND s.deleted_at IS NULL"
        ),
        ByKeys::Email => sql!(
            "SELECT r.k, s.id FROM {rows} AS r JOIN contacts c ON c.email_key = r.k AND c.merged_into IS NOT NULL
             JOIN contacts s ON s.id = c.merged_into AND s.deleted_at IS NULL"
        ),
        ByKeys::Phone => sql!(
            "SELECT r.k, s.id FROM {rows} AS r JOIN contacts c ON c.phone_key = r.k AND c.merged_into IS NOT NULL
             JOIN contacts s ON s.id = c.merged_into AND s.deleted_at IS NULL"
        ),
    };
    let rows = tx.rows_from(select, &Relation::of_texts("k", keys), params![]).await?;
    rows.iter().map(|row| Ok((row.get("k")?, row.get("id")?))).collect()
}

/// Whom a contact has become part of, if it was merged.
pub(super) async fn survivor_of(tx: &mut Tx, id: i64) -> Result<Option<i64>, DbError> {
    let row = tx.find(sql!("SELECT merged_into FROM contacts WHERE id = $1 AND merged_into IS NOT NULL"), params![id]).await?;
    row.map(|row| row.at(0)).transpose()
}

/// A contact as it is stored, as far as it follows from its attributes: worked out ahead, where nobody waits for the store.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    row: Vec<Value>,
    words: Words,
}

impl Prepared {
    pub(crate) fn of(c: &Contact) -> Self {
        let (email_key, phone_key) = (c.raw_email().and_then(email_key), c.raw_phone().and_then(phone_key));
        let words = c.search_words(phone_key.as_deref());
        let mut row = Vec::with_capacity(COLUMNS.len());
        row.extend([Value::Int(c.id), Value::Int(c.created_at), Value::Int(c.updated_at), c.import_id.into(), c.last_seen_at.into()]);
        row.extend([c.company_id.into(), c.owner_id.into(), c.team_id.into(), c.external_key.as_deref().into()]);
        row.extend([
            c.external_id.as_deref().into(),
            Value::from(&c.name),
            Value::Text(c.name_key()),
            c.given_name.as_deref().into(),
            c.family_name.as_deref().into(),
            c.raw_email().into(),
            email_key.into(),
            c.raw_phone().into(),
            phone_key.into(),
            c.title.as_deref().into(),
            c.city.as_deref().into(),
            c.country.as_deref().into(),
            Value::from(c.stage.word()),
            c.locale.as_deref().into(),
            c.time_zone.as_deref().into(),
            c.source.as_deref().into(),
            Value::Text(fields_text(c)),
            Value::Null,
        ]);
        Self { row, words }
    }

    /// The same with what became known of the contact since: who it is, when, and whose.
    fn with_place(mut self, c: &Contact) -> Self {
        let known: [Value; 9] = [
            Value::Int(c.id),
            Value::Int(c.created_at),
            Value::Int(c.updated_at),
            c.import_id.into(),
            c.last_seen_at.into(),
            c.company_id.into(),
            c.owner_id.into(),
            c.team_id.into(),
            c.external_key.as_deref().into(),
        ];
        for (slot, value) in self.row.iter_mut().zip(known) {
            *slot = value;
        }
        self
    }
}

fn fields_text(contact: &Contact) -> String {
    serde_json::to_string(&contact.fields).unwrap_or_else(|_| "{}".to_owned())
}

/// Stores new contacts with their custom values and search words.
pub(crate) async fn insert(tx: &mut Tx, contacts: &[Contact], defs: &[Field]) -> Result<(), DbError> {
    let mut words = WordLists::default();
    insert_prepared(tx, contacts.iter().map(|c| (c, Prepared::of(c))), defs, &mut words).await?;
    words.write(tx).await
}

/// Stores new contacts with their custom values from what was worked out ahead; their search words are left to be written by the caller.
pub(crate) async fn insert_prepared<'c>(
    tx: &mut Tx,
    contacts: impl Iterator<Item = (&'c Contact, Prepared)>,
    defs: &[Field],
    words: &mut WordLists,
) -> Result<(), DbError> {
    let (mut rows, mut fields, mut addresses) = (Relation::new(&COLUMNS), Vec::new(), Vec::new());
    for (contact, prepared) in contacts {
        let prepared = prepared.with_place(contact);
        rows.push(prepared.row);
        words.add(contact.id, prepared.words);
        fields.push((contact.id, &contact.fields));
        addresses.push((contact.id, &contact.postal));
    }
    tx.insert("contacts", &rows, Conflict::Fail).await?;
    address::put(tx, Subject::Contact, addresses.into_iter(), true).await?;
    field::put_values(tx, fields.into_iter(), defs, true).await
}

/// Writes these contacts over their stored rows, custom values and search words included; scores, touches and origin stay. Who is of no company
/// stays of a deleted one, which is not seen, until it comes back.
pub(crate) async fn update(tx: &mut Tx, contacts: &[Contact], defs: &[Field]) -> Result<(), DbError> {
    let mut words = WordLists::default();
    update_rows(tx, contacts, defs, &mut words).await?;
    words.write(tx).await
}

/// The same, but for the search words, which are left to be written by the caller.
pub(crate) async fn update_rows(tx: &mut Tx, contacts: &[Contact], defs: &[Field], words: &mut WordLists) -> Result<(), DbError> {
    let sql = sql!(
        "UPDATE contacts SET name = r.name, name_key = r.name_key, given_name = r.given_name, family_name = r.family_name, email = r.email,
         email_key = r.email_key, phone = r.phone, phone_key = r.phone_key, title = r.title, city = r.city, country = r.country,
         external_id = r.external_id, external_key = r.external_key, stage = r.stage, owner_id = r.owner_id, team_id = r.team_id, locale = r.locale,
         time_zone = r.time_zone, source = r.source, fields = r.fields, updated_at = r.updated_at,
         company_id = COALESCE(r.company_id, (SELECT h.id FROM companies h WHERE h.id = contacts.company_id AND h.deleted_at IS NOT NULL))
         FROM {rows} AS r WHERE contacts.id = r.id"
    );
    let mut rows = Relation::new(&COLUMNS);
    for contact in contacts {
        let prepared = Prepared::of(contact);
        rows.push(prepared.row);
        words.renew(contact.id, prepared.words);
    }
    tx.exec_from(sql, &rows, params![]).await?;
    address::put(tx, Subject::Contact, contacts.iter().map(|c| (c.id, &c.postal)), false).await?;
    field::put_values(tx, contacts.iter().map(|c| (c.id, &c.fields)), defs, false).await
}

pub(super) async fn put_scores(tx: &mut Tx, scores: &Relation) -> Result<u64, DbError> {
    let sql = sql!("UPDATE contacts SET engagement_k = r.k, fit = r.fit, grade = r.grade FROM {rows} AS r WHERE contacts.id = r.id");
    tx.exec_from(sql, scores, params![]).await
}

pub(super) async fn put_engagement(tx: &mut Tx, scores: &Relation) -> Result<u64, DbError> {
    tx.exec_from(sql!("UPDATE contacts SET engagement_k = r.k FROM {rows} AS r WHERE contacts.id = r.id"), scores, params![]).await
}

pub(super) async fn touch(tx: &mut Tx, touches: &Relation, step: i64) -> Result<u64, DbError> {
    let sql = sql!(
        "UPDATE contacts SET last_seen_at = r.at FROM {rows} AS r WHERE contacts.id = r.id
         AND (contacts.last_seen_at IS NULL OR contacts.last_seen_at < r.at - $1)"
    );
    tx.exec_from(sql, touches, params![step]).await
}

/// Hides or brings back: `at` is the moment of deletion or `None`; answers which rows changed.
pub(super) async fn set_deleted(tx: &mut Tx, scope: &Scope, ids: &[i64], at: Option<i64>) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("UPDATE contacts SET deleted_at = CAST(");
    sql.bind(at).push(" AS BIGINT) WHERE merged_into IS NULL AND deleted_at IS ").push(if at.is_some() { "NULL" } else { "NOT NULL" });
    sql.push(" AND id IN ").bind_list(ids.iter().map(|id| Value::Int(*id)));
    scope.push_filter(&mut sql, "owner_id", "team_id");
    sql.push(" RETURNING id");
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}

/// Writes owner and team; answers how many rows changed.
pub(super) async fn set_owner(tx: &mut Tx, ids: &[i64], owner_id: Option<i64>, team_id: Option<i64>, now: i64) -> Result<u64, DbError> {
    let rows = Relation::of_ids("id", ids.iter().copied());
    let sql = sql!(
        "UPDATE contacts SET owner_id = CAST($1 AS BIGINT), team_id = CAST($2 AS BIGINT), updated_at = $3 FROM {rows} AS r WHERE contacts.id = r.id"
    );
    tx.exec_from(sql, &rows, params![owner_id, team_id, now]).await
}

/// Writes a stage; answers how many rows changed.
pub(super) async fn set_stage(tx: &mut Tx, ids: &[i64], stage: Stage, now: i64) -> Result<u64, DbError> {
    let rows = Relation::of_ids("id", ids.iter().copied());
    let sql = sql!("UPDATE contacts SET stage = $1, updated_at = $2 FROM {rows} AS r WHERE contacts.id = r.id");
    tx.exec_from(sql, &rows, params![stage.word(), now]).await
}

/// People of these companies behind the id `behind`, by id.
pub(crate) async fn list_of_companies(tx: &mut Tx, companies: &[i64], behind: i64, limit: i64) -> Result<Vec<Contact>, DbError> {
    let sql = format!("{SELECT_FROM} ON c.company_id = r.id {COMPANY} WHERE c.id > $1 ORDER BY c.id LIMIT $2");
    let wanted = Relation::of_ids("id", companies.iter().copied());
    tx.rows_from(&sql, &wanted, params![behind, limit]).await?.iter().map(read).collect()
}

/// Contacts deleted at exactly `at`, µs.
pub(super) async fn list_deleted_at(tx: &mut Tx, scope: &Scope, at: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("SELECT id FROM contacts WHERE merged_into IS NULL AND deleted_at = ");
    sql.bind(at);
    scope.push_filter(&mut sql, "owner_id", "team_id");
    sql.push(" ORDER BY id LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}
