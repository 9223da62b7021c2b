//! Many rows as one parameter: the only other place, beside jobs and search, where the engines have two texts.

use std::fmt::Write;

use crate::{DbError, Value};

/// The type of a column in a [`Relation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// BIGINT.
    Int,
    /// DOUBLE PRECISION.
    Real,
    /// BOOLEAN.
    Bool,
    /// TEXT.
    Text,
}

/// What an insert does when a row exists already.
#[derive(Clone, Copy, Debug)]
pub enum Conflict<'a> {
    /// It is an error.
    Fail,
    /// The new row is left out. Names the columns of the unique rule.
    Ignore(&'a [&'a str]),
    /// The row is updated: the unique columns, then the assignments, such as `name = excluded.name`.
    Update(&'a [&'a str], &'a str),
}

impl Conflict<'_> {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Fail => String::new(),
            Self::Ignore(columns) => format!(" ON CONFLICT ({}) DO NOTHING", columns.join(", ")),
            Self::Update(columns, set) => format!(" ON CONFLICT ({}) DO UPDATE SET {set}", columns.join(", ")),
        }
    }
}

/// Rows with named, typed columns that travel to the engine in one go.
#[derive(Clone, Debug)]
pub struct Relation {
    pub(crate) columns: Vec<(String, Column)>,
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Relation {
    /// An empty relation with these columns.
    pub fn new(columns: &[(&str, Column)]) -> Self {
        Self { columns: columns.iter().map(|(name, column)| ((*name).to_owned(), *column)).collect(), rows: Vec::new() }
    }

    /// A relation of one BIGINT column.
    pub fn of_ids(name: &str, ids: impl IntoIterator<Item = i64>) -> Self {
        let mut relation = Self::new(&[(name, Column::Int)]);
        relation.rows.extend(ids.into_iter().map(|id| vec![Value::Int(id)]));
        relation
    }

    /// A relation of one TEXT column.
    pub fn of_texts<T: Into<String>>(name: &str, texts: impl IntoIterator<Item = T>) -> Self {
        let mut relation = Self::new(&[(name, Column::Text)]);
        relation.rows.extend(texts.into_iter().map(|text| vec![Value::Text(text.into())]));
        relation
    }

    /// Appends a row; it has as many values as there are columns.
    pub fn push(&mut self, row: impl Into<Vec<Value>>) {
        self.rows.push(row.into());
    }

    /// How many rows it holds.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// On SQLite the rows are one JSON array, unpacked by `json_each` once a statement: where a join or a condition asks for the relation again,
/// it reads the unpacked rows, by an index of its own if need be, and not the text. What the relation is joined with is looked up for each of
/// its rows: SQLite's planner, which knows neither its size nor how a young table has grown, would scan the table instead.
pub(crate) fn lite_text(sql: &str, relation: &Relation, values: &[Value]) -> Result<(String, Vec<Value>), DbError> {
    let mut select = format!("(WITH u({}) AS MATERIALIZED (SELECT ", relation.names());
    for (index, (_, column)) in relation.columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let cast = if *column == Column::Real { format!("CAST(value ->> {index} AS REAL)") } else { format!("value ->> {index}") };
        let _ = write!(select, "{comma}{cast}");
    }
    let _ = write!(select, " FROM json_each(${})) SELECT * FROM u)", values.len() + 1);
    let mut all = values.to_vec();
    all.push(Value::Text(json_rows(relation)));
    Ok((placed(&driving(sql), &select)?, all))
}

/// The statement with the relation as the outer loop: to SQLite `CROSS` says that the order of a join is meant.
fn driving(sql: &str) -> String {
    match sql.split_once(RELATION) {
        Some((before, after)) if after.trim_start().starts_with("JOIN ") => format!("{before}{RELATION} CROSS {}", after.trim_start()),
        _ => sql.to_owned(),
    }
}

/// On SQLite a statement that treats each row of the relation by itself is prepared once and run for each of them, as `lite_update`: the
/// columns of the row are parameters behind `before` others. Nothing when what it says of one row depends on the others: when it sorts,
/// groups, counts, or asks for the relation anywhere but as the first of its tables.
pub(crate) fn lite_each(sql: &str, relation: &Relation, before: usize) -> Option<String> {
    let (_, behind) = sql.split_once(RELATION)?;
    let outer = outermost(sql)?;
    let is_alone = !behind.contains("{rows}") && outer.contains(RELATION);
    if !is_alone || OF_ALL_ROWS.iter().any(|word| outer.contains(word)) {
        return None;
    }
    let columns = relation.columns.iter().enumerate().map(|(place, (name, _))| format!("${} AS {name}", before + place + 1));
    let row = columns.collect::<Vec<_>>().join(", ");
    Some(driving(sql).replacen("{rows}", &format!("(SELECT {row})"), 1))
}

/// Words by which a statement says something of its rows together, or joins what would be worked out anew for each. Brackets are met
/// empty, as `count()` and `JOIN ()`.
const OF_ALL_ROWS: [&str; 14] = [
    "JOIN ()",
    "ORDER BY",
    "GROUP BY",
    "DISTINCT",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    " OVER ",
    "count()",
    "sum()",
    "min()",
    "max()",
    "avg()",
];

/// A statement without what stands in its brackets and quotes; nothing when they do not close.
fn outermost(sql: &str) -> Option<String> {
    let (mut outer, mut depth, mut quoted) = (String::with_capacity(sql.len()), 0_usize, false);
    for c in sql.chars() {
        match c {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' => {
                if depth == 0 {
                    outer.push(c);
                }
                depth += 1;
            }
            ')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    outer.push(c);
                }
            }
            _ if depth == 0 => outer.push(c),
            _ => {}
        }
    }
    (depth == 0 && !quoted).then_some(outer)
}

/// How statements name the relation.
const RELATION: &str = "{rows} AS r";

/// On SQLite an `UPDATE … FROM {rows} AS r WHERE …` is prepared once and run for each row of the relation, whose columns become parameters
/// behind `before` others: half the time of unpacking JSON. Nothing when the statement has another form.
pub(crate) fn lite_update(sql: &str, relation: &Relation, before: usize) -> Option<String> {
    let (set, which) = sql.strip_prefix("UPDATE ")?.split_once(RELATION)?;
    let set = set.strip_suffix("FROM ")?;
    let which = which.trim_start().strip_prefix("WHERE")?;
    let own = format!("UPDATE {set}WHERE{which}");
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut text = String::with_capacity(own.len());
    let mut pieces = own.split("r.");
    text.push_str(pieces.next()?);
    for piece in pieces {
        let name = piece.split(|c| !is_word(c)).next().unwrap_or_default();
        let place = relation.columns.iter().position(|(column, _)| column == name).filter(|_| !text.ends_with(is_word));
        match place {
            Some(place) => {
                let _ = write!(text, "${}", before + place + 1);
                text.push_str(piece.get(name.len()..).unwrap_or_default());
            }
            None => {
                text.push_str("r.");
                text.push_str(piece);
            }
        }
    }
    Some(text)
}

/// On PostgreSQL each column is an array, unpacked side by side by `unnest`.
pub(crate) fn pg_text(sql: &str, relation: &Relation, before: usize) -> Result<String, DbError> {
    let mut select = String::from("(SELECT * FROM unnest(");
    for (index, (_, column)) in relation.columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let ty = match column {
            Column::Int => "bigint",
            Column::Real => "double precision",
            Column::Bool => "boolean",
            Column::Text => "text",
        };
        let _ = write!(select, "{comma}${}::{ty}[]", before + index + 1);
    }
    let _ = write!(select, ") AS u({}))", relation.names());
    placed(sql, &select)
}

fn placed(sql: &str, select: &str) -> Result<String, DbError> {
    if !sql.contains("{rows}") {
        return Err(DbError::Statement { reason: "no {rows} to put the relation at".to_owned(), sql: sql.to_owned() });
    }
    Ok(sql.replace("{rows}", select))
}

fn json_rows(relation: &Relation) -> String {
    let mut text = String::with_capacity(relation.rows.len() * 32);
    text.push('[');
    for (index, row) in relation.rows.iter().enumerate() {
        text.push_str(if index == 0 { "[" } else { ",[" });
        for (place, value) in row.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            push_json(&mut text, value);
        }
        text.push(']');
    }
    text.push(']');
    text
}

fn push_json(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Int(v) => {
            let _ = write!(text, "{v}");
        }
        Value::Real(v) if v.is_finite() => {
            let _ = write!(text, "{v:?}");
        }
        Value::Real(_) => text.push_str("null"),
        Value::Bool(v) => text.push_str(if *v { "true" } else { "false" }),
        Value::Text(v) => text.push_str(&serde_json::to_string(v).unwrap_or_else(|_| "null".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relation_drives_its_join() {
        let sql = "SELECT t.k FROM {rows} AS r\n  JOIN t ON t.k = r.id";
        assert_eq!(driving(sql), "SELECT t.k FROM {rows} AS r CROSS JOIN t ON t.k = r.id");
        let other = "DELETE FROM t WHERE id IN (SELECT r.id FROM {rows} AS r)";
        assert_eq!(driving(other), other);
    }

    #[test]
    fn a_statement_about_single_rows_runs_row_by_row() {
        let rows = Relation::new(&[("id", Column::Int), ("at", Column::Int)]);
        let each = |sql: &str| lite_each(sql, &rows, 1);
        let found =
            each("SELECT t.k, r.at FROM {rows} AS r JOIN t ON t.k = r.id AND t.x = $1 AND t.y IN (SELECT max(y) FROM u GROUP BY z)");
        let text = "SELECT t.k, r.at FROM (SELECT $2 AS id, $3 AS at) AS r CROSS JOIN t ON t.k = r.id AND t.x = $1 AND t.y IN (SELECT max(y) FROM u GROUP BY z)";
        assert_eq!(found.as_deref(), Some(text));
        let insert = "INSERT INTO t (a) SELECT r.id FROM {rows} AS r WHERE TRUE ON CONFLICT (a) DO UPDATE SET b = 'ORDER BY' RETURNING id";
        assert!(each(insert).is_some());
        for whole in [
            "SELECT t.k FROM {rows} AS r JOIN t ON t.k = r.id ORDER BY t.k",
            "SELECT r.id, min(t.k) AS k FROM {rows} AS r JOIN t ON t.k = r.id GROUP BY r.id",
            "SELECT count(*) FROM {rows} AS r JOIN t ON t.k = r.id",
            "SELECT DISTINCT t.k FROM {rows} AS r JOIN t ON t.k = r.id",
            "DELETE FROM t WHERE id IN (SELECT r.id FROM {rows} AS r)",
            "SELECT f.value FROM {rows} AS r JOIN (SELECT id, count(*) AS value FROM t GROUP BY id) f ON f.id = r.id",
            "SELECT r.id FROM {rows} AS r WHERE NOT EXISTS (SELECT 1 FROM {rows} AS q WHERE q.id < r.id)",
        ] {
            assert_eq!(each(whole), None, "{whole}");
        }
    }

    #[test]
    fn an_update_from_rows_runs_row_by_row() {
        let rows = Relation::new(&[("id", Column::Int), ("id_key", Column::Text), ("at", Column::Int)]);
        let sql = "UPDATE t SET a=r.at, k = COALESCE(r.id_key, other.id) FROM {rows} AS r WHERE t.id = r.id AND t.b = $1";
        let text = "UPDATE t SET a=$4, k = COALESCE($3, other.id) WHERE t.id = $2 AND t.b = $1";
        assert_eq!(lite_update(sql, &rows, 1).as_deref(), Some(text));
        assert_eq!(lite_update("DELETE FROM t WHERE id IN (SELECT r.id FROM {rows} AS r)", &rows, 0), None);
    }
}
