//! The SQL of addresses.

use attune_db::{Column, Conflict, DbError, Relation, Row, Sql, Tx, Value, params, sql};

use super::filter::push_window;
use super::postal::sorted_key;
use super::{Coordinates, PostalAddress, Spot, Window};
use crate::field::Subject;

/// Reads the columns `street`, `postal_code`, `region`, `lat_e7` and `lon_e7`.
pub(crate) fn read_row(row: &Row) -> Result<PostalAddress, DbError> {
    let degrees: (Option<i64>, Option<i64>) = (row.get("lat_e7")?, row.get("lon_e7")?);
    Ok(PostalAddress {
        street: row.get("street")?,
        postal_code: row.get("postal_code")?,
        region: row.get("region")?,
        coordinates: degrees.0.zip(degrees.1).map(|(lat_e7, lon_e7)| Coordinates { lat_e7, lon_e7 }),
    })
}

const COLUMNS: [(&str, Column); 11] = [
    ("record_id", Column::Int),
    ("subject", Column::Text),
    ("street", Column::Text),
    ("postal_code", Column::Text),
    ("postal_key", Column::Text),
    ("region", Column::Text),
    ("lat_e7", Column::Int),
    ("lon_e7", Column::Int),
    ("map_x", Column::Int),
    ("map_y", Column::Int),
    ("lot", Column::Int),
];

/// How many lots there are.
pub(super) const LOTS: i64 = 1 << 10;

/// The lot of a record: the upper bits of its id times an odd number (Knuth's multiplicative hash), so that ids in a row are far apart.
fn lot(id: i64) -> i64 {
    i64::from_ne_bytes((id.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - LOTS.ilog2())).to_ne_bytes())
}

fn values(subject: Subject, id: i64, address: &PostalAddress) -> Vec<Value> {
    let spot = address.coordinates.map(Coordinates::spot);
    vec![
        Value::Int(id),
        Value::from(subject.word()),
        address.street.as_deref().into(),
        address.postal_code.as_deref().into(),
        address.postal_code.as_deref().map(sorted_key).into(),
        address.region.as_deref().into(),
        address.coordinates.map(|at| at.lat_e7).into(),
        address.coordinates.map(|at| at.lon_e7).into(),
        spot.map(|spot| spot.x).into(),
        spot.map(|spot| spot.y).into(),
        Value::Int(lot(id)),
    ]
}

/// Writes the addresses of these records over what was there; with `fresh` they are known to have none yet, and those without one cost nothing.
pub(crate) async fn put<'a>(
    tx: &mut Tx,
    subject: Subject,
    records: impl Iterator<Item = (i64, &'a PostalAddress)>,
    fresh: bool,
) -> Result<(), DbError> {
    let (mut rows, mut bare) = (Relation::new(&COLUMNS), Vec::new());
    for (id, address) in records {
        if address.is_empty() {
            bare.push(id);
        } else {
            rows.push(values(subject, id, address));
        }
    }
    if !fresh && !bare.is_empty() {
        let forget = sql!("DELETE FROM postal_addresses WHERE record_id IN (SELECT r.id FROM {rows} AS r)");
        tx.exec_from(forget, &Relation::of_ids("id", bare), params![]).await?;
    }
    let set = "street = excluded.street, postal_code = excluded.postal_code, postal_key = excluded.postal_key, region = excluded.region,
        lat_e7 = excluded.lat_e7, lon_e7 = excluded.lon_e7, map_x = excluded.map_x, map_y = excluded.map_y";
    let conflict = if fresh { Conflict::Fail } else { Conflict::Update(&["record_id"], set) };
    if !rows.is_empty() {
        tx.insert("postal_addresses", &rows, conflict).await?;
    }
    Ok(())
}

/// Records of one cell of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// How many.
    pub(super) records: i64,
    /// One of them.
    pub(super) one: i64,
    /// The smallest part of the map that holds them all, and their middle.
    pub(super) around: Window,
    pub(super) middle: Spot,
}

/// Records, by a SELECT of their ids, and which of them are read first: what an engine without statistics cannot know.
#[derive(Clone, Debug)]
pub(super) struct Members {
    pub(super) ids: Sql,
    pub(super) lead: Lead,
}

/// What leads to the records on a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// The records: they are few.
    Records,
    /// The part of the map: few records are there.
    Part,
    /// Both are many: only so many lots of the part are read.
    Lots(i64),
}

/// How many rows a FROM with its conditions has, counted up to `most`.
pub(super) async fn count_of(tx: &mut Tx, from: &Sql, most: i64) -> Result<i64, DbError> {
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT 1 AS one");
    sql.append(from).push(" LIMIT ").bind(most).push(") AS found");
    tx.count(sql.text(), sql.values()).await
}

/// Whatever is in a part of the map, whoever may see it, for [`count_of`]; only the first of the lots, if so many are named.
pub(super) fn part(subject: Subject, window: Window, lots: Option<i64>) -> Sql {
    let mut sql = Sql::new(&format!(" FROM postal_addresses a WHERE a.subject = '{}' AND a.map_x IS NOT NULL", subject.word()));
    if let Some(lots) = lots {
        sql.push(" AND a.lot BETWEEN 0 AND ").bind(lots - 1);
    }
    push_window(&mut sql, "a", window);
    sql
}

/// Counts records in the cells of a window: one statement, at most `most` cells, the fullest first.
pub(super) async fn cells(
    tx: &mut Tx,
    subject: Subject,
    members: &Members,
    (window, shift): (Window, u32),
    most: i64,
) -> Result<Vec<Cell>, DbError> {
    let mut sql = Sql::new(&format!(
        "SELECT count(*) AS records, min(g.id) AS one, min(g.x) AS west, min(g.y) AS north, max(g.x) AS east, max(g.y) AS south,
         CAST(avg(g.x) AS BIGINT) AS x, CAST(avg(g.y) AS BIGINT) AS y, g.cx, g.cy
         FROM (SELECT m.id, a.map_x AS x, a.map_y AS y, a.map_x >> {shift} AS cx, a.map_y >> {shift} AS cy"
    ));
    push_located(&mut sql, subject, members);
    push_window(&mut sql, "a", window);
    sql.push(") AS g GROUP BY g.cx, g.cy ORDER BY records DESC, g.cx, g.cy LIMIT ").bind(most);
    tx.rows_of(&sql).await?.iter().map(read_cell).collect()
}

fn read_cell(row: &Row) -> Result<Cell, DbError> {
    Ok(Cell {
        records: row.get("records")?,
        one: row.get("one")?,
        around: Window { west: row.get("west")?, north: row.get("north")?, east: row.get("east")?, south: row.get("south")? },
        middle: Spot { x: row.get("x")?, y: row.get("y")? },
    })
}

/// Where the records are that are on the map, and how many these are; nothing when there are none.
pub(super) async fn extent(tx: &mut Tx, subject: Subject, members: &Members) -> Result<Option<(Window, i64)>, DbError> {
    let mut sql =
        Sql::new("SELECT count(*) AS records, min(a.map_x) AS west, min(a.map_y) AS north, max(a.map_x) AS east, max(a.map_y) AS south");
    push_located(&mut sql, subject, members);
    let rows = tx.rows_of(&sql).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let records: i64 = row.get("records")?;
    if records == 0 {
        return Ok(None);
    }
    let window = Window { west: row.get("west")?, north: row.get("north")?, east: row.get("east")?, south: row.get("south")? };
    Ok(Some((window, records)))
}

/// Some of the records in a window, in no order.
pub(super) async fn list_within(tx: &mut Tx, subject: Subject, members: &Members, window: Window, limit: i64) -> Result<Vec<i64>, DbError> {
    let mut sql = Sql::new("SELECT m.id");
    push_located(&mut sql, subject, members);
    push_window(&mut sql, "a", window);
    sql.push(" LIMIT ").bind(limit);
    tx.rows_of(&sql).await?.iter().map(|row| row.at(0)).collect()
}

/// Appends from where the places of records are read. To SQLite a CROSS JOIN says that the order is meant; to PostgreSQL it is a join like any other.
fn push_located(sql: &mut Sql, subject: Subject, members: &Members) {
    match members.lead {
        Lead::Records => sql.push(" FROM (").append(&members.ids).push(") AS m CROSS JOIN postal_addresses a"),
        Lead::Part | Lead::Lots(_) => sql.push(" FROM postal_addresses a CROSS JOIN (").append(&members.ids).push(") AS m"),
    };
    sql.push(&format!(" WHERE m.id = a.record_id AND a.subject = '{}' AND a.map_x IS NOT NULL", subject.word()));
    if let Lead::Lots(lots) = members.lead {
        sql.push(" AND a.lot BETWEEN 0 AND ").bind(lots - 1);
    }
}

/// A city with its country, as they are written, and how many records are there; without both, those of which nothing but coordinates says where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) city: Option<String>,
    pub(super) country: Option<String>,
    pub(super) records: i64,
}

impl Place {
    /// Whether nothing but coordinates says where it is.
    pub(super) fn is_nameless(&self) -> bool {
        self.city.is_none() && self.country.is_none()
    }
}

/// The places of the records that `from`, from where and under which conditions, is about; at most `most`, the fullest first, behind those that only
/// coordinates place.
pub(super) async fn places(tx: &mut Tx, from: &Sql, most: i64) -> Result<Vec<Place>, DbError> {
    let mut sql = Sql::new("SELECT c.city AS city, c.country AS country, count(*) AS records");
    sql.append(from).push(" AND (c.city IS NOT NULL OR c.country IS NOT NULL OR EXISTS (");
    sql.push("SELECT 1 AS one FROM postal_addresses p WHERE p.record_id = c.id AND p.map_x IS NOT NULL)) GROUP BY c.city, c.country");
    sql.push(" ORDER BY CASE WHEN c.city IS NULL AND c.country IS NULL THEN 0 ELSE 1 END, records DESC, c.city, c.country LIMIT ")
        .bind(most);
    let place = |row: &Row| Ok(Place { city: row.get("city")?, country: row.get("country")?, records: row.get("records")? });
    tx.rows_of(&sql).await?.iter().map(place).collect()
}
