//! Lists and a person's own copy as files for programs and for the command line: the same rows and values as the pages give.
//!
//! Guards that a filter nobody understands takes nobody out of the house instead of everybody, and that who took what is in the audit log.

pub(crate) mod api;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use attune_db::DbError;
use attune_house::App;
use attune_kernel::{decode_id, fold_key};
use attune_record::view;
use attune_web::{Actor, Answer, Lang, Problem};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value as Json};

use crate::address::Window;
use crate::company;
use crate::contact::bulk::{self, read_listing};
use crate::contact::export::{Format, Pages, answer};
use crate::contact::views::{built_in, list_of};
use crate::contact::{ContactId, Selection, Stage};
use crate::field::Subject;
use crate::subject_access;

/// What is wanted of a list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// `csv`, `xlsx` or `json`.
    pub format: String,
    /// The query part of the list's address.
    pub filter: String,
    /// A saved view by its name; instead of a filter.
    pub view: String,
    /// The columns by their names; all when there are none.
    pub columns: Vec<String>,
}

/// A file on its way out.
pub struct Taken {
    /// How many records it holds.
    pub rows: i64,
    /// How many of them are read so far.
    pub read: Arc<AtomicI64>,
    /// The file.
    pub response: Response,
}

/// Takes a list of `subject` out of the house as far as `actor` may.
pub async fn list(app: &App, actor: &Actor, subject: Subject, wanted: &Wanted) -> Result<Taken, Problem> {
    let filter = match wanted.view.as_str() {
        "" => wanted.filter.trim_start_matches('?').to_owned(),
        name => view_query(app, actor, subject, name).await?,
    };
    check(subject, &filter)?;
    let format = Format::of(&wanted.format);
    match subject {
        Subject::Contact => {
            let selection = Selection::Listed(Box::new(read_listing(app, actor, &filter).await?));
            let (pages, rows) = bulk::open(app, actor, selection, &filter, (format, &wanted.columns)).await?;
            hand_over(pages, rows, format, &wanted.columns).await
        }
        Subject::Company => {
            let (pages, rows) = company::open_export(app, actor, &filter, (format, &wanted.columns)).await?;
            hand_over(pages, rows, format, &wanted.columns).await
        }
    }
}

/// Takes a person's own copy out of the house as far as `actor` may, in the language of `l`; `format` is `json` or `html`.
pub async fn person(app: &App, actor: &Actor, l: &Lang, id: ContactId, format: &str) -> Answer {
    subject_access::take(app, actor, l, id.0, format).await
}

fn wrong(key: &'static str) -> Problem {
    Problem::Domain { status: StatusCode::UNPROCESSABLE_ENTITY, key, args: Vec::new() }
}

/// The address of the view `name` with who it is; one of those every list has is called by its word.
async fn view_query(app: &App, actor: &Actor, subject: Subject, name: &str) -> Result<String, Problem> {
    if is_built_in(subject, name) {
        return Ok(format!("view={name}"));
    }
    let views = view::list(&mut app.db.read().await?, list_of(subject), actor.staff_id).await?;
    let found = views.iter().find(|view| fold_key(&view.name) == fold_key(name));
    let found = found.ok_or_else(|| wrong("identify-export-no-view").s("name", name))?;
    Ok(attune_web::kit::with_query(&found.query, "saved", found.id).trim_start_matches('?').to_owned())
}

/// Whether a view that every list has is called so.
fn is_built_in(subject: Subject, word: &str) -> bool {
    built_in(subject).iter().any(|(known, _)| *known == word)
}

/// What the address of a list of contacts may say; the last ones change nothing about who is on it.
const OF_CONTACTS: [&str; 19] = [
    "view", "q", "stage", "owner", "grade", "company", "import", "tag", "city", "country", "postcode", "located", "within", "with", "sort",
    "saved", "cols", "layout", "by",
];
const OF_COMPANIES: [&str; 14] =
    ["view", "q", "owner", "tag", "city", "country", "postcode", "located", "within", "with", "sort", "saved", "cols", "layout"];

/// Refuses what the pages leave out in silence: there one sees what is shown, here it would take everybody along.
pub(crate) fn check(subject: Subject, filter: &str) -> Result<(), Problem> {
    for (name, value) in url::form_urlencoded::parse(filter.as_bytes()) {
        let known = match subject {
            Subject::Contact => OF_CONTACTS.contains(&name.as_ref()),
            Subject::Company => OF_COMPANIES.contains(&name.as_ref()),
        };
        let fits = value.is_empty()
            || match name.as_ref() {
                "stage" => Stage::of(&value).is_some(),
                "grade" => ["A", "B", "C"].contains(&value.as_ref()),
                "owner" => value == "none" || value.parse::<i64>().is_ok(),
                "company" => decode_id("com", &value).is_ok(),
                "import" => decode_id("imp", &value).is_ok(),
                "within" => value.parse::<Window>().is_ok(),
                "view" => is_built_in(subject, &value),
                _ => true,
            };
        if !known || !fits {
            return Err(wrong("identify-export-no-filter").s("filter", format!("{name}={value}")));
        }
    }
    Ok(())
}

/// The places of `columns` among `heads`; asked before it is written down that anything was taken.
pub(crate) fn places(heads: &[String], columns: &[String]) -> Result<Vec<usize>, Problem> {
    let place = |column: &String| {
        let found = heads.iter().position(|head| fold_key(head) == fold_key(column));
        found.ok_or_else(|| wrong("identify-export-no-column").s("column", column).s("columns", heads.join(", ")))
    };
    columns.iter().map(place).collect()
}

async fn hand_over<P: Pages + Sync>(pages: P, rows: i64, format: Format, columns: &[String]) -> Result<Taken, Problem> {
    let kept = places(&pages.heads(), columns)?;
    let read = Arc::new(AtomicI64::new(0));
    let narrow = Narrow { pages, kept: Some(kept).filter(|kept| !kept.is_empty()), read: read.clone() };
    Ok(Taken { rows, read, response: answer(narrow, format).await? })
}

/// A list with some of its columns, counted as it is read.
struct Narrow<P> {
    pages: P,
    kept: Option<Vec<usize>>,
    read: Arc<AtomicI64>,
}

impl<P: Pages> Narrow<P> {
    fn some<T: Clone>(&self, all: Vec<T>) -> Vec<T> {
        match &self.kept {
            Some(kept) => kept.iter().filter_map(|at| all.get(*at).cloned()).collect(),
            None => all,
        }
    }
}

impl<P: Pages + Sync> Pages for Narrow<P> {
    type Row = P::Row;

    fn name(&self) -> &'static str {
        self.pages.name()
    }

    async fn next(&mut self) -> Result<Option<Vec<P::Row>>, DbError> {
        let rows = self.pages.next().await?;
        let count = rows.as_ref().map_or(0, Vec::len);
        self.read.fetch_add(i64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        Ok(rows)
    }

    fn heads(&self) -> Vec<String> {
        self.some(self.pages.heads())
    }

    fn values(&self, row: &P::Row) -> Vec<Json> {
        self.some(self.pages.values(row))
    }

    fn json(&self, row: &P::Row) -> Json {
        if self.kept.is_none() {
            return self.pages.json(row);
        }
        Json::Object(self.heads().into_iter().zip(self.values(row)).collect::<Map<_, _>>())
    }
}
