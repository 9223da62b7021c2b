//! A copy page by page: rows of a table, each value as it leaves.

use std::collections::HashMap;

use attune_db::{Db, DbError, Row, Tx, Value};
use attune_house::Naming;
use attune_kernel::SECOND_US;
use attune_web::Lang;
use serde_json::{Map, Value as Json, json};

use super::rules::{self, Part, Treat};
use super::{Subject, store};
use crate::address;
use crate::contact::score::Scale;
use crate::field::{self, Field};

/// What is left of a copy.
pub(super) struct Copying {
    pub(super) db: Db,
    pub(super) parts: Vec<Part>,
    pub(super) naming: Vec<Naming>,
    pub(super) staff: HashMap<i64, String>,
    pub(super) fields: Vec<Field>,
    pub(super) scale: Scale,
    pub(super) l: Lang,
    pub(super) now: i64,
    pub(super) id: i64,
    pub(super) subject: Subject,
    /// The part it is at.
    pub(super) part: usize,
    /// Whether the part it is at has begun: a page may hold nothing that leaves.
    pub(super) started: bool,
    /// The last row of the part that was read.
    pub(super) behind: Option<(i64, i64)>,
}

/// A value as it leaves.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Plain(Json),
    Moment(i64),
    /// Own fields, as stored; whom they name as it may be told.
    Fields(Map<String, Json>),
}

/// Rows of one table.
pub(super) struct Sheet {
    pub(super) table: &'static str,
    /// Whether the table begins, and whether it ends here.
    pub(super) first: bool,
    pub(super) last: bool,
    /// As they were read, for what has words of its own.
    pub(super) read: Vec<Row>,
    pub(super) rows: Vec<Vec<(String, Cell)>>,
}

/// Whether a line is about a record that was part of the person once and is somebody else again: its name and values are theirs.
fn tells_of_others(part: &Part, row: &Row, people: &[i64]) -> Result<bool, DbError> {
    let column = match part.table {
        "events" => "props",
        "audit_log" => "after_json",
        _ => return Ok(false),
    };
    let told: Json = row.get::<Option<String>>(column)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let named = ["other_id", "merged", "split"].iter().filter_map(|key| told.get(key)?.as_str());
    let ids = named.filter_map(|id| attune_kernel::decode_id("con", id).ok());
    Ok(ids.into_iter().any(|id| !people.contains(&id)))
}

impl Copying {
    /// The next rows, so that a long history needs no memory; `None` behind the last. Tables without a row are passed over.
    pub(super) async fn next(&mut self) -> Result<Option<Sheet>, DbError> {
        while let Some(part) = self.parts.get(self.part).cloned() {
            let mut tx = self.db.read().await?;
            let mut read = store::list_page(&mut tx, &part, &self.subject.people, self.behind.unwrap_or((i64::MIN, i64::MIN))).await?;
            let last = part.key.is_none() || read.len() < store::PAGE;
            self.behind = if last { None } else { place(&part, &read)? };
            self.part += usize::from(last);
            let is_ours = |row: &Row| tells_of_others(&part, row, &self.subject.people).map(|others| !others);
            let kept = read.iter().map(is_ours).collect::<Result<Vec<bool>, DbError>>()?;
            let mut kept = kept.into_iter();
            read.retain(|_| kept.next().unwrap_or(true));
            let first = !self.started;
            if first && read.is_empty() {
                continue;
            }
            self.started = !last;
            let rows = self.cells(&mut tx, &part, &read).await?;
            return Ok(Some(Sheet { table: part.table, first, last, read, rows }));
        }
        Ok(None)
    }

    async fn cells(&self, tx: &mut Tx, part: &Part, read: &[Row]) -> Result<Vec<Vec<(String, Cell)>>, DbError> {
        let columns = read.first().map_or_else(Vec::new, |row| row.columns().to_vec());
        let mut names: HashMap<&str, HashMap<i64, String>> = HashMap::new();
        for column in &columns {
            if let Treat::Named(at) = rules::treat(part.table, column, &self.naming)
                && let Some(naming) = self.naming.get(at)
            {
                let mut ids = Vec::new();
                for row in read {
                    ids.extend(row.get::<Option<i64>>(column)?);
                }
                names.insert(column, store::list_names(tx, naming, &ids).await?);
            }
        }
        let mut rows = Vec::with_capacity(read.len());
        for row in read {
            let mut cells = Vec::new();
            for column in &columns {
                let how = rules::treat(part.table, column, &self.naming);
                // Who did it stands beside the id as the name they had then.
                let told = column == "staff_id" && columns.iter().any(|other| other == "staff_name");
                let Some(name) = rules::name(column, how).filter(|_| !told) else { continue };
                let cell = self.cell(how, row.value(column)?, names.get(column.as_str()));
                if let Some(cell) = cell.filter(|_| !is_secret(part.table, column, row)) {
                    cells.push((name.to_owned(), cell));
                }
            }
            worded(&self.l, part.table, row, &mut cells)?;
            rows.push(cells);
        }
        self.name_named(tx, rows).await
    }

    /// Whom own fields name, in place of their ids.
    async fn name_named(&self, tx: &mut Tx, mut rows: Vec<Vec<(String, Cell)>>) -> Result<Vec<Vec<(String, Cell)>>, DbError> {
        let mut maps = Vec::new();
        for (_, cell) in rows.iter_mut().flatten() {
            match cell {
                Cell::Fields(values) => maps.push(("", values)),
                Cell::Plain(Json::Object(values)) => maps.push(("f:", values)),
                Cell::Plain(_) | Cell::Moment(_) => {}
            }
        }
        field::reference::tell(tx, &self.l, (&self.fields, &self.subject.people), &mut maps).await?;
        for (_, values) in maps.into_iter().filter(|(begin, _)| begin.is_empty()) {
            values.retain(|_, value| !value.is_null());
        }
        Ok(rows)
    }

    fn cell(&self, how: Treat, value: &Value, names: Option<&HashMap<i64, String>>) -> Option<Cell> {
        let name = |names: &HashMap<i64, String>, id: i64| names.get(&id).map(|name| Cell::Plain(json!(name)));
        Some(match (how, value) {
            (_, Value::Null) | (Treat::Drop, _) => return None,
            (Treat::Moment, Value::Int(at)) => Cell::Moment(*at),
            (Treat::YesNo, Value::Int(yes)) => Cell::Plain(json!(*yes != 0)),
            (Treat::Degrees, Value::Int(e7)) => Cell::Plain(json!(address::degrees(*e7))),
            (Treat::Seconds, Value::Int(us)) => Cell::Plain(json!(us / SECOND_US)),
            (Treat::Staff, Value::Int(id)) => return name(&self.staff, *id),
            (Treat::Named(_), Value::Int(id)) => return names.and_then(|names| name(names, *id)),
            (Treat::Points, Value::Real(k)) => Cell::Plain(json!(self.scale.points_of(Some(*k)))),
            (Treat::Json, Value::Text(text)) => Cell::Plain(rules::cleaned(serde_json::from_str(text).unwrap_or(Json::Null))),
            (Treat::Fields, Value::Text(text)) => Cell::Fields(serde_json::from_str(text).unwrap_or_default()),
            (_, Value::Text(text)) if text.is_empty() => return None,
            (_, Value::Text(text)) => Cell::Plain(json!(text)),
            (_, Value::Int(number)) => Cell::Plain(json!(number)),
            (_, Value::Real(number)) => Cell::Plain(json!(number)),
            (_, Value::Bool(yes)) => Cell::Plain(json!(yes)),
        })
    }
}

/// Where the next page begins.
fn place(part: &Part, read: &[Row]) -> Result<Option<(i64, i64)>, DbError> {
    let (Some(key), Some(person), Some(row)) = (part.key, part.columns.first(), read.last()) else { return Ok(None) };
    Ok(Some((row.get(key)?, row.get::<Option<i64>>(person)?.unwrap_or(i64::MIN))))
}

/// Some marks of a browser are what it proves itself by.
fn is_secret(table: &str, column: &str, row: &Row) -> bool {
    let kind = || row.get::<String>("kind").unwrap_or_default();
    table == "identifiers" && column == "value" && rules::SECRET_MARKS.contains(&kind().as_str())
}

/// Titles and reasons of tasks that the program wrote are kept as keys of texts.
fn worded(l: &Lang, table: &str, row: &Row, cells: &mut Vec<(String, Cell)>) -> Result<(), DbError> {
    if table != "tasks" {
        return Ok(());
    }
    let args: Option<String> = row.get("args")?;
    let args: Vec<(String, String)> = args.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let arg = |name: &str| args.iter().find(|(key, _)| key == name).map_or_else(String::new, |(_, value)| value.clone());
    for (key, name) in [("title_key", "title"), ("reason_key", "reason")] {
        if let Some(key) = row.get::<Option<String>>(key)? {
            let text = l.of(&key).s("name", arg("name")).s("rep", arg("rep")).s("by", arg("by")).to_string();
            cells.push((name.to_owned(), Cell::Plain(json!(text))));
        }
    }
    Ok(())
}
