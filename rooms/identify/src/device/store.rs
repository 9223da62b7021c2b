//! The SQL of devices.

use std::collections::HashMap;

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};
use attune_house::Leaver;
use attune_kernel::fold_key;
use attune_web::Scope;

use super::{DeviceId, Draft};
use crate::company::escaped;
use crate::contact::By;
use crate::field::Subject;
use crate::merge::Pair;
use crate::relationship::Record;
use crate::sharing::Reach;

/// A device.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// The serial number.
    pub serial: String,
    /// The model.
    pub model: String,
    /// Whose it is.
    pub owner: Record,
    /// What lists call the owner; may be empty.
    pub owner_name: String,
    /// The company of the owner.
    pub firm_id: Option<i64>,
    /// When it was installed, µs UTC.
    pub installed_at: Option<i64>,
    /// Since when it is this owner's, µs UTC.
    pub owned_at: i64,
    /// `active` or `retired`.
    pub state: String,
    /// Whose the owner is: colleague and team.
    pub whose: (Option<i64>, Option<i64>),
    /// When it told something last, µs UTC.
    pub last_at: Option<i64>,
    /// The stock level, percent.
    pub stock: Option<f64>,
    /// Faults that have not recovered.
    pub faults: i64,
}

impl Default for Device {
    fn default() -> Self {
        Self {
            id: DeviceId(0),
            serial: String::new(),
            model: String::new(),
            owner: Record::Contact(0),
            owner_name: String::new(),
            firm_id: None,
            installed_at: None,
            owned_at: 0,
            state: String::new(),
            whose: (None, None),
            last_at: None,
            stock: None,
            faults: 0,
        }
    }
}

impl Device {
    /// Whether what staff say of both is the same.
    pub(super) fn same(&self, other: &Self) -> bool {
        let said = |device: &Self| (device.serial.clone(), device.model.clone(), device.owner, device.installed_at, device.state.clone());
        said(self) == said(other)
    }
}

/// What a row of [`PLAIN`] tells.
fn read_plain(row: &Row) -> Result<Device, DbError> {
    let contact: Option<i64> = row.get("contact_id")?;
    let owner = match contact {
        Some(id) => Record::Contact(id),
        None => Record::Company(row.get("company_id")?),
    };
    Ok(Device {
        id: DeviceId(row.get("id")?),
        serial: row.get("serial")?,
        model: row.get("model")?,
        owner,
        firm_id: row.get("firm_id")?,
        installed_at: row.get("installed_at")?,
        owned_at: row.get("owned_at")?,
        state: row.get("state")?,
        whose: (row.get("owner_id")?, row.get("team_id")?),
        ..Device::default()
    })
}

/// What a row of [`select`] tells: how the device stands too.
fn read(row: &Row) -> Result<Device, DbError> {
    Ok(Device {
        owner_name: row.get("owner_name")?,
        last_at: row.get("last_at")?,
        stock: row.get("stock")?,
        faults: row.get("faults")?,
        ..read_plain(row)?
    })
}

/// The device `d` itself and whose it is, the contact `c` or the company `m`: all that batches need.
const PLAIN: &str = "SELECT d.id, d.serial, d.model, d.contact_id, d.company_id, d.installed_at, d.owned_at, d.state,
     COALESCE(d.company_id, c.company_id) AS firm_id, COALESCE(c.owner_id, m.owner_id) AS owner_id, COALESCE(c.team_id, m.team_id) AS team_id";

/// Devices whose owner is alive and within `scope`, with how they stand.
fn select(reach: &Reach, deleted: bool) -> Sql {
    let mut sql = Sql::new(PLAIN);
    sql.push(
        ", COALESCE(c.label, m.name, '') AS owner_name,
         (SELECT max(s.at) FROM device_states s WHERE s.device_id = d.id) AS last_at,
         (SELECT s.value FROM device_states s WHERE s.device_id = d.id AND s.kind = 'reading' AND s.name = 'stock') AS stock,
         (SELECT count(*) FROM device_states s WHERE s.device_id = d.id AND s.kind = 'fault' AND s.open) AS faults",
    );
    push_within(&mut sql, reach, deleted);
    sql
}

fn push_within(sql: &mut Sql, reach: &Reach, deleted: bool) {
    sql.push(" FROM devices d LEFT JOIN v_identify_contact c ON c.id = d.contact_id");
    reach.push_people(sql, "c");
    sql.push(" LEFT JOIN companies m ON m.id = d.company_id AND m.deleted_at IS NULL");
    reach.push_companies(sql, "m");
    sql.push(" WHERE (c.id IS NOT NULL OR m.id IS NOT NULL)");
    sql.push(if deleted { " AND d.deleted_at IS NOT NULL" } else { " AND d.deleted_at IS NULL" });
}

pub(super) async fn find(tx: &mut Tx, scope: &Scope, id: DeviceId, deleted: bool) -> Result<Option<Device>, DbError> {
    let mut sql = select(&Reach::of(tx, scope).await?, deleted);
    sql.push(" AND d.id = ").bind(id.0);
    tx.rows_of(&sql).await?.first().map(read).transpose()
}

/// The devices that drafts may be about: of their ids and of their serial numbers, whoever may see them.
pub(super) async fn list_any(tx: &mut Tx, drafts: &[Draft]) -> Result<Vec<Device>, DbError> {
    let keys: Vec<Value> = drafts.iter().map(|draft| Value::from(fold_key(&draft.serial))).collect();
    let ids: Vec<Value> = drafts.iter().filter_map(|draft| draft.id).map(|id| Value::Int(id.0)).chain([Value::Int(0)]).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(PLAIN);
    sql.push(
        " FROM devices d LEFT JOIN contacts c ON c.id = d.contact_id LEFT JOIN companies m ON m.id = d.company_id
         WHERE d.deleted_at IS NULL AND (d.serial_key IN ",
    );
    sql.bind_list(keys).push(" OR d.id IN ").bind_list(ids).push(")");
    tx.rows_of(&sql).await?.iter().map(read_plain).collect()
}

/// Devices by their serial numbers, of owners alive and within `scope`.
pub(super) async fn list_by_serial(tx: &mut Tx, scope: &Scope, serials: &[String]) -> Result<HashMap<String, Device>, DbError> {
    if serials.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sql = Sql::new(PLAIN);
    push_within(&mut sql, &Reach::of(tx, scope).await?, false);
    sql.push(" AND d.serial_key IN ").bind_list(serials.iter().map(|serial| Value::from(serial.as_str())));
    let found = tx.rows_of(&sql).await?.iter().map(read_plain).collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().map(|device| (fold_key(&device.serial), device)).collect())
}

/// Which devices a list shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    pub(super) search: String,
    /// One of the states; empty: all.
    pub(super) state: String,
    /// Whose; `None`: everybody's.
    pub(super) owner: Option<Record>,
    /// Behind the device of this serial number and id.
    pub(super) after: Option<(String, i64)>,
    pub(super) limit: i64,
}

pub(super) async fn list(tx: &mut Tx, scope: &Scope, listing: &Listing) -> Result<Vec<Device>, DbError> {
    let mut sql = select(&Reach::of(tx, scope).await?, false);
    match listing.owner {
        Some(Record::Contact(id)) => _ = sql.push(" AND d.contact_id = ").bind(id),
        Some(Record::Company(id)) => _ = sql.push(" AND d.company_id = ").bind(id),
        None => {}
    }
    if !listing.state.is_empty() {
        sql.push(" AND d.state = ").bind(listing.state.as_str());
    }
    let words = fold_key(&listing.search);
    if !words.is_empty() {
        let like = format!("%{}%", escaped(&words));
        sql.push(" AND (d.serial_key LIKE ").bind(like.as_str()).push(" ESCAPE '!' OR d.model_key LIKE ").bind(like).push(" ESCAPE '!')");
    }
    if let Some((key, id)) = &listing.after {
        sql.push(" AND (d.serial_key, d.id) > (").bind(key.as_str()).push(", ").bind(*id).push(")");
    }
    sql.push(" ORDER BY d.serial_key, d.id LIMIT ").bind(listing.limit);
    tx.rows_of(&sql).await?.iter().map(read).collect()
}

/// Of these records the ones alive and within `scope`, each with its company.
pub(super) async fn covered(
    tx: &mut Tx,
    scope: &Scope,
    records: impl Iterator<Item = Record>,
) -> Result<HashMap<Record, Option<i64>>, DbError> {
    let (mut people, mut firms) = (vec![Value::Int(0)], vec![Value::Int(0)]);
    for record in records {
        match record {
            Record::Contact(id) => people.push(Value::Int(id)),
            Record::Company(id) => firms.push(Value::Int(id)),
        }
    }
    let (reach, mut found) = (Reach::of(tx, scope).await?, HashMap::new());
    let mut sql = Sql::new("SELECT c.id, c.company_id FROM contacts c WHERE c.deleted_at IS NULL AND c.id IN ");
    sql.bind_list(people);
    reach.push_people(&mut sql, "c");
    for row in tx.rows_of(&sql).await? {
        found.insert(Record::Contact(row.at(0)?), row.at(1)?);
    }
    let mut sql = Sql::new("SELECT m.id FROM companies m WHERE m.deleted_at IS NULL AND m.id IN ");
    sql.bind_list(firms);
    reach.push_companies(&mut sql, "m");
    for row in tx.rows_of(&sql).await? {
        let id: i64 = row.at(0)?;
        found.insert(Record::Company(id), Some(id));
    }
    Ok(found)
}

const COLUMNS: [(&str, Column); 10] = [
    ("id", Column::Int),
    ("serial", Column::Text),
    ("serial_key", Column::Text),
    ("model", Column::Text),
    ("model_key", Column::Text),
    ("contact_id", Column::Int),
    ("company_id", Column::Int),
    ("installed_at", Column::Int),
    ("owned_at", Column::Int),
    ("state", Column::Text),
];

fn values(device: &Device) -> Vec<Value> {
    vec![
        Value::Int(device.id.0),
        Value::from(device.serial.as_str()),
        Value::from(fold_key(&device.serial)),
        Value::from(device.model.as_str()),
        Value::from(fold_key(&device.model)),
        device.owner.contact().into(),
        device.owner.company().into(),
        device.installed_at.into(),
        Value::Int(device.owned_at),
        Value::from(device.state.as_str()),
    ]
}

pub(super) async fn insert(tx: &mut Tx, by: &By<'_>, made: &[Device]) -> Result<(), DbError> {
    let columns: Vec<(&str, Column)> = COLUMNS.into_iter().chain([("created_at", Column::Int)]).collect();
    let mut rows = Relation::new(&columns);
    for device in made {
        rows.push(values(device).into_iter().chain([Value::Int(by.now)]).collect::<Vec<_>>());
    }
    tx.insert("devices", &rows, Conflict::Fail).await.map(|_| ())
}

pub(super) async fn update(tx: &mut Tx, changed: &[(Device, Device)]) -> Result<(), DbError> {
    let mut rows = Relation::new(&COLUMNS);
    for (_, is) in changed {
        rows.push(values(is));
    }
    let update = sql!(
        "UPDATE devices SET serial = r.serial, serial_key = r.serial_key, model = r.model, model_key = r.model_key,
         contact_id = r.contact_id, company_id = r.company_id, installed_at = r.installed_at, owned_at = r.owned_at, state = r.state FROM {rows} AS r WHERE devices.id = r.id"
    );
    tx.exec_from(update, &rows, params![]).await.map(|_| ())
}

pub(super) async fn set_deleted(tx: &mut Tx, id: DeviceId, at: Option<i64>) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE devices SET deleted_at = CAST($2 AS BIGINT) WHERE id = $1"), params![id.0, at]).await.map(|_| ())
}

pub(super) async fn is_taken(tx: &mut Tx, serial: &str) -> Result<bool, DbError> {
    let select = sql!("SELECT count(*) FROM devices WHERE serial_key = $1 AND deleted_at IS NULL");
    Ok(tx.count(select, params![fold_key(serial)]).await? > 0)
}

/// What stands of a device since it has its owner goes when it gets another.
pub(super) async fn forget_states(tx: &mut Tx, devices: &[i64]) -> Result<(), DbError> {
    let delete = sql!("DELETE FROM device_states WHERE device_id IN (SELECT r.id FROM {rows} AS r)");
    tx.exec_from(delete, &Relation::of_ids("id", devices.iter().copied()), params![]).await.map(|_| ())
}

/// Removes the states of the devices of these people.
pub(super) async fn remove_states_of(tx: &mut Tx, leavers: &[Leaver]) -> Result<u64, DbError> {
    let delete = sql!(
        "DELETE FROM device_states WHERE device_id IN (SELECT d.id FROM devices d WHERE d.contact_id IN (SELECT r.id FROM {rows} AS r))"
    );
    tx.exec_from(delete, &Relation::of_ids("id", leavers.iter().map(|leaver| leaver.id)), params![]).await
}

/// Gives what devices told since a merge to the one they are again, the loser, once the merge is taken back.
pub(crate) async fn give_back(tx: &mut Tx, subject: Subject, merge_id: i64, pair: Pair) -> Result<(), DbError> {
    let (owner, told) = match subject {
        Subject::Contact => ("contact_id", "contact.merged"),
        Subject::Company => ("company_id", "company.merged"),
    };
    let devices = format!(
        "SELECT d.id FROM devices d JOIN merge_rows m ON m.key = d.id WHERE m.merge_id = $1 AND m.entry = 'devices.{owner}' AND d.{owner} = $2"
    );
    let devices: Vec<i64> =
        tx.rows(&devices, params![merge_id, pair.loser]).await?.iter().map(|row| row.at(0)).collect::<Result<_, _>>()?;
    if devices.is_empty() {
        return Ok(());
    }
    // Ids grow with time: rows that are younger than the merge were written after it.
    let readings =
        format!("UPDATE device_readings SET {owner} = $2 WHERE {owner} = $1 AND id > $3 AND device_id IN (SELECT r.id FROM {{rows}} AS r)");
    tx.exec_from(&readings, &Relation::of_ids("id", devices.iter().copied()), params![pair.survivor, pair.loser, merge_id]).await?;
    // What a company's devices tell is nobody's of its people.
    let of = if subject == Subject::Company { " AND contact_id IS NULL" } else { "" };
    let events = format!(
        "UPDATE events SET {owner} = $2 WHERE {owner} = $1{of}
           AND name IN ('device.reading', 'device.fault', 'device.recovered', 'device.added', 'device.changed', 'device.removed')
           AND seq > (SELECT min(e.seq) FROM events e JOIN merges m ON m.at = e.at WHERE m.id = $3 AND e.{owner} = $1 AND e.name = '{told}')
           AND EXISTS (SELECT 1 FROM {{rows}} AS r WHERE replace(props, r.text, '') <> props)"
    );
    let named = devices.iter().map(|id| format!("\"device\":\"{}\"", DeviceId(*id)));
    tx.exec_from(&events, &Relation::of_texts("text", named), params![pair.survivor, pair.loser, merge_id]).await.map(|_| ())
}

/// The newest of a reading or a fault.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) is_fault: bool,
    pub(super) name: String,
    pub(super) value: Option<f64>,
    pub(super) unit: String,
    pub(super) severity: String,
    pub(super) open: bool,
    pub(super) at: i64,
}

pub(super) async fn list_states(tx: &mut Tx, id: DeviceId) -> Result<Vec<State>, DbError> {
    let select = sql!("SELECT kind, name, value, unit, severity, open, at FROM device_states WHERE device_id = $1 ORDER BY kind, name");
    let read = |row: &Row| {
        Ok(State {
            is_fault: row.get::<String>("kind")? == "fault",
            name: row.get("name")?,
            value: row.get("value")?,
            unit: row.get::<Option<String>>("unit")?.unwrap_or_default(),
            severity: row.get::<Option<String>>("severity")?.unwrap_or_default(),
            open: row.get("open")?,
            at: row.get("at")?,
        })
    };
    tx.rows(select, params![id.0]).await?.iter().map(read).collect()
}

/// The latest values of a reading told since the device has its owner, newest first.
pub(super) async fn list_values(tx: &mut Tx, device: &Device, name: &str, limit: i64) -> Result<Vec<(i64, f64)>, DbError> {
    let select = sql!(
        "SELECT at, value FROM device_readings WHERE device_id = $1 AND name = $2 AND kind = 'reading'
         AND COALESCE(contact_id, company_id) = $3 ORDER BY at DESC, id DESC LIMIT $4"
    );
    let owner = device.owner.contact().or(device.owner.company());
    let rows = tx.rows(select, params![device.id.0, name, owner, limit]).await?;
    rows.iter().map(|row| Ok((row.get("at")?, row.get("value")?))).collect()
}

/// The columns of what a device told.
pub(super) const READING: [(&str, Column); 10] = [
    ("id", Column::Int),
    ("device_id", Column::Int),
    ("contact_id", Column::Int),
    ("company_id", Column::Int),
    ("kind", Column::Text),
    ("name", Column::Text),
    ("value", Column::Real),
    ("unit", Column::Text),
    ("severity", Column::Text),
    ("at", Column::Int),
];
/// The columns of a state.
pub(super) const STATE: [(&str, Column); 8] = [
    ("device_id", Column::Int),
    ("kind", Column::Text),
    ("name", Column::Text),
    ("value", Column::Real),
    ("unit", Column::Text),
    ("severity", Column::Text),
    ("open", Column::Bool),
    ("at", Column::Int),
];

/// Writes what devices told; a state changes only by news that are newer than what stands.
pub(super) async fn tell(tx: &mut Tx, readings: &Relation, states: &Relation) -> Result<(), DbError> {
    tx.insert("device_readings", readings, Conflict::Fail).await?;
    let set = "value = excluded.value, unit = excluded.unit, severity = excluded.severity, open = excluded.open, at = excluded.at
         WHERE device_states.at <= excluded.at";
    tx.insert("device_states", states, Conflict::Update(&["device_id", "kind", "name"], set)).await.map(|_| ())
}
