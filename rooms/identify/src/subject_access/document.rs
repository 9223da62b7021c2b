//! A copy as JSON, and as one page that can be printed and needs nothing else.

use askama::Template;
use attune_db::DbError;
use attune_events::read_event;
use attune_web::Lang;
use axum::BoxError;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::{Value as Json, json};

use super::Format;
use super::rules;
use super::sheet::{Cell, Copying, Sheet};
use crate::contact::{self, ContactId, Stage, attribute_name};
use crate::field::{self, Field};

/// Columns of closed sets, whose words are told in the reader's language.
const CLOSED: [&str; 16] = [
    "state",
    "frequency",
    "outcome",
    "side",
    "tier",
    "strength",
    "stage",
    "channel",
    "purpose",
    "attitude",
    "via",
    "origin",
    "reason",
    "source",
    "kind",
    "medium",
];
/// Words that have a text.
const WORDS: [&str; 57] = [
    "given",
    "withdrawn",
    "pending",
    "every",
    "weekly",
    "monthly",
    "open",
    "kept",
    "broken",
    "answered",
    "declined",
    "waiting",
    "offered",
    "accepted",
    "rejected",
    "ours",
    "theirs",
    "hot",
    "warm",
    "cold",
    "proof",
    "claim",
    "joined",
    "parted",
    "email",
    "sms",
    "phone",
    "marketing",
    "direct",
    "unsubscribed",
    "bounced",
    "complained",
    "manual",
    "staff",
    "program",
    "answer",
    "confirmed",
    "known",
    "engaged",
    "handed_over",
    "customer",
    "visitor",
    "lead",
    "for",
    "neutral",
    "against",
    "form",
    "api",
    "session",
    "api_key",
    "system",
    "planned",
    "changed",
    "same",
    "refused",
    "restored",
    "left",
];

/// The copy as a file.
pub(super) fn file(copying: Copying, format: Format) -> Response {
    let name = format!("{}.{}", ContactId(copying.id), format.word());
    let (kind, body) = match format {
        Format::Json => ("application/json", Body::from_stream(stream::try_unfold((Some(copying), 0), json_piece))),
        Format::Html => ("text/html; charset=utf-8", Body::from_stream(stream::try_unfold((Some(copying), 0), html_piece))),
    };
    let headers = [("content-type", kind.to_owned()), ("content-disposition", format!("attachment; filename=\"{name}\""))];
    (headers, body).into_response()
}

/// What is left, and how many pieces are written.
type Left = (Option<Copying>, usize);

async fn json_piece((copying, written): Left) -> Result<Option<(Vec<u8>, Left)>, DbError> {
    let Some(mut copying) = copying else { return Ok(None) };
    let Some(sheet) = copying.next().await? else {
        let close = if written == 0 { "{}" } else { "}}\n" };
        return Ok(Some((close.as_bytes().to_vec(), (None, written))));
    };
    let mut text = String::new();
    if written == 0 {
        let (id, at) = (json!(ContactId(copying.id)), json!(copying.l.iso(copying.now)));
        text.push_str(&format!("{{\"format\":\"attune.person.1\",\"id\":{id},\"exported_at\":{at},\"data\":{{"));
    }
    if sheet.first {
        text.push_str(&format!("{}\n{}:[", if written == 0 { "" } else { "," }, json!(sheet.table)));
    }
    for (at, row) in sheet.rows.iter().enumerate() {
        text.push_str(if sheet.first && at == 0 { "\n" } else { ",\n" });
        let cells = row.iter().map(|(name, cell)| (name.clone(), as_json(&copying.l, &copying.fields, cell)));
        text.push_str(&Json::Object(cells.collect()).to_string());
    }
    if sheet.last {
        text.push(']');
    }
    Ok(Some((text.into_bytes(), (Some(copying), written + 1))))
}

fn as_json(l: &Lang, fields: &[Field], cell: &Cell) -> Json {
    match cell {
        Cell::Plain(value) => value.clone(),
        Cell::Moment(at) => json!(l.iso(*at)),
        Cell::Fields(values) => {
            let told = values.iter().map(|(key, value)| {
                let field = fields.iter().find(|field| field.key == *key);
                json!({
                    "key": key,
                    "label": field.map_or(key, |field| &field.label),
                    "value": field.map_or_else(|| value.clone(), |field| field.plain(value)),
                })
            });
            told.collect()
        }
    }
}

#[derive(Template)]
#[template(path = "subject_access/head.html")]
struct Head<'c> {
    l: &'c Lang,
    name: &'c str,
    now: i64,
    id: ContactId,
}

#[derive(Template)]
#[template(path = "subject_access/sheet.html")]
struct SheetPart<'c> {
    l: &'c Lang,
    /// The table's name, where it begins.
    title: Option<String>,
    told: Vec<contact::timeline::Entry>,
    rows: Vec<Vec<(String, String)>>,
}

async fn html_piece((copying, written): Left) -> Result<Option<(Vec<u8>, Left)>, BoxError> {
    let Some(mut copying) = copying else { return Ok(None) };
    if written == 0 {
        let head = Head { l: &copying.l, name: &copying.subject.name, now: copying.now, id: ContactId(copying.id) }.render()?;
        return Ok(Some((head.into_bytes(), (Some(copying), 1))));
    }
    let Some(sheet) = copying.next().await? else {
        return Ok(Some((b"</main></body></html>\n".to_vec(), (None, written))));
    };
    let l = &copying.l;
    let title = sheet.first.then(|| l.t(&format!("erased-{}", sheet.table)).to_string());
    let (told, rows) = if sheet.table == "events" {
        (events(l, &sheet)?, Vec::new())
    } else {
        let row = |row: &Vec<(String, Cell)>| row.iter().flat_map(|cell| in_words(l, &copying.fields, sheet.table, cell)).collect();
        (Vec::new(), sheet.rows.iter().map(row).collect())
    };
    let part = SheetPart { l, title, told, rows }.render()?;
    Ok(Some((part.into_bytes(), (Some(copying), written + 1))))
}

/// What happened in the timeline's words, in the order it did.
fn events(l: &Lang, sheet: &Sheet) -> Result<Vec<contact::timeline::Entry>, DbError> {
    let events = sheet.read.iter().rev().map(read_event).collect::<Result<Vec<_>, _>>()?;
    let mut told = contact::told_events(l, events);
    told.reverse();
    Ok(told)
}

/// Name and value of a cell; own fields are several.
fn in_words(l: &Lang, fields: &[Field], table: &str, (name, cell): &(String, Cell)) -> Vec<(String, String)> {
    let label = l.t(&rules::label_key(name)).to_string();
    match cell {
        Cell::Moment(at) => vec![(label, l.moment(*at).to_string())],
        Cell::Plain(Json::String(word)) if table == "contact_facts" && name == "key" => vec![(label, field_name(l, fields, word))],
        Cell::Plain(Json::String(word)) if name == "stage" && Stage::of(word).is_some() => {
            vec![(label, Stage::of(word).map_or_else(String::new, |stage| l.t(stage.label_key()).to_string()))]
        }
        Cell::Plain(Json::String(word)) if CLOSED.contains(&name.as_str()) && WORDS.contains(&word.as_str()) => {
            vec![(label, l.t(&format!("subject-access-word-{}", word.replace('_', "-"))).to_string())]
        }
        Cell::Plain(Json::Object(map)) if map.is_empty() => Vec::new(),
        Cell::Plain(value) => vec![(label, flat(l, fields, name, value))],
        Cell::Fields(values) => {
            let told = values.iter().map(|(key, value)| {
                let field = fields.iter().find(|field| field.key == *key);
                let shown = field.map_or_else(|| field::shown(l, value), |field| field.shown(l, value));
                (field_name(l, fields, &format!("f:{key}")), shown)
            });
            told.collect()
        }
    }
}

fn field_name(l: &Lang, fields: &[Field], key: &str) -> String {
    let own = key.strip_prefix("f:").and_then(|key| fields.iter().find(|field| field.key == key));
    own.map_or_else(|| attribute_name(l, key), |field| field.label.clone())
}

/// JSON as a line.
fn flat(l: &Lang, fields: &[Field], key: &str, value: &Json) -> String {
    let pair = |(key, value): (&String, &Json)| format!("{}: {}", inner_name(l, fields, key), flat(l, fields, key, value));
    match value {
        Json::Null => "–".to_owned(),
        Json::Object(map) => map.iter().map(pair).collect::<Vec<_>>().join("; "),
        Json::Array(items) => items.iter().map(|item| flat(l, fields, key, item)).collect::<Vec<_>>().join(", "),
        Json::Number(at) if key.ends_with("_at") => at.as_i64().map_or_else(String::new, |at| l.moment(at).to_string()),
        plain => field::shown(l, plain),
    }
}

/// What a key within JSON is called.
fn inner_name(l: &Lang, fields: &[Field], key: &str) -> String {
    match key {
        "last_seen_at" | "updated_at" => l.t(&rules::label_key(key)).to_string(),
        _ => field_name(l, fields, key),
    }
}

/// What the words of closed sets are called, for whoever holds the texts against them.
#[cfg(test)]
pub(super) fn word_keys() -> impl Iterator<Item = String> {
    WORDS.iter().map(|word| format!("subject-access-word-{}", word.replace('_', "-")))
}
