//! A list of contacts or companies as CSV, as a workbook or as JSON.

use askama::Template;
use attune_db::DbError;
use attune_kernel::Fault;
use attune_web::kit::Choice;
use attune_web::{Answer, FormErrors, Problem, Shell};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures::{Stream, stream};
use rust_xlsxwriter::{Format as Style, Workbook, XlsxError};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

use super::bulk::harmless;
use super::pages::shown_count;
use crate::field::{Subject, decimal};

/// What a list is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Xlsx,
    Json,
}

impl Format {
    /// The format of a word; CSV when it is none.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "xlsx" => Self::Xlsx,
            "json" => Self::Json,
            _ => Self::Csv,
        }
    }

    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
        }
    }
}

/// The page that asks before data leaves the building, naming the number.
#[derive(Template)]
#[template(path = "contact/export.html")]
pub(crate) struct AskPage {
    pub(crate) shell: Shell,
    /// The address of the list, and what it is called.
    home: &'static str,
    title: String,
    text: String,
    ask: String,
    /// What is in the file.
    about: String,
    submit: String,
    /// Why it cannot be exported; empty when it can.
    over: String,
    /// Whether addresses are masked in the file, at least those of others.
    masked: bool,
    formats: Vec<Choice>,
    errors: FormErrors,
}

impl AskPage {
    /// The page for the list of `subject` at the address `text`, of which `total` are there and at most `most` are taken.
    pub(crate) fn new(shell: Shell, (subject, text): (Subject, String), (total, most): (i64, i64), masked: bool) -> Self {
        let formats = ["csv", "xlsx", "json"].map(|word| Choice::new(word, shell.l.t(&format!("identify-export-{word}")))).to_vec();
        let over = if total > most { shell.l.of("identify-export-too-many").n("most", most).to_string() } else { String::new() };
        let said = |key: &str| shell.l.of(key).s("count", shown_count(&shell.l, total)).to_string();
        let (ask, about, submit) = match subject {
            Subject::Contact => ("identify-export-ask", "identify-export-text", "identify-export-do"),
            Subject::Company => ("company-export-ask", "company-export-text", "company-export-do"),
        };
        let (ask, about, submit) = (said(ask), shell.l.t(about).to_string(), said(submit));
        let title = shell.l.t(subject.label_key()).to_string();
        Self { home: subject.home(), title, text, ask, about, submit, over, masked, formats, errors: FormErrors::new(), shell }
    }
}

/// What is left of a list to be exported.
pub(crate) trait Pages: Send + 'static {
    /// A record of the list.
    type Row: Send + Sync;

    /// What the file is called, without its ending.
    fn name(&self) -> &'static str;

    /// The next thousand, so that a million need no memory; `None` behind the last.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<Self::Row>>, DbError>> + Send;

    /// The names of the columns: those the import guesses, so that an export can come back in.
    fn heads(&self) -> Vec<String>;

    /// The values of a record in the order of [`Pages::heads`].
    fn values(&self, row: &Self::Row) -> Vec<Value>;

    /// A record as programs see it.
    fn json(&self, row: &Self::Row) -> Value;
}

/// The list as a file to be saved.
pub(crate) async fn answer(pages: impl Pages, format: Format) -> Answer {
    let name = format!("{}.{}", pages.name(), format.word());
    match format {
        Format::Csv => Ok(file(&name, "text/csv; charset=utf-8", Body::from_stream(csv_stream(pages)))),
        Format::Json => Ok(file(&name, "application/json", Body::from_stream(json_stream(pages)))),
        Format::Xlsx => workbook(&name, pages).await,
    }
}

/// Rows that fit on a sheet of Excel below the names.
const SHEET_ROWS: usize = 1_048_575;

/// Refuses more rows than may leave at once, or than fit into a file of this format, before anything is written down.
pub(crate) fn check_rows(rows: i64, most: i64, format: Format) -> Result<(), Problem> {
    if rows > most {
        return Err(Problem::refused("identify-export-too-many").n("most", most));
    }
    if format == Format::Xlsx && usize::try_from(rows).is_ok_and(|rows| rows > SHEET_ROWS) {
        return Err(Problem::refused("identify-export-too-long"));
    }
    Ok(())
}

pub(super) fn file(name: &str, kind: &str, body: Body) -> Response {
    let headers = [("content-type", kind.to_owned()), ("content-disposition", format!("attachment; filename=\"{name}\""))];
    (headers, body).into_response()
}

/// Everything the programs' interface tells of each, as one array.
fn json_stream(pages: impl Pages) -> impl Stream<Item = Result<Vec<u8>, DbError>> {
    stream::try_unfold((Some(pages), true), |(pages, first)| async move {
        let Some(mut pages) = pages else { return Ok(None) };
        let Some(rows) = pages.next().await? else { return Ok(Some((b"]\n".to_vec(), (None, false)))) };
        let mut bytes = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            bytes.extend_from_slice(if first && at == 0 { b"[\n" } else { b",\n" });
            bytes.extend_from_slice(pages.json(row).to_string().as_bytes());
        }
        if first && rows.is_empty() {
            bytes.extend_from_slice(b"[\n");
        }
        Ok(Some((bytes, (Some(pages), first && rows.is_empty()))))
    })
}

/// An Excel workbook, written row by row into a file of its own and sent once it is whole.
async fn workbook(name: &str, mut pages: impl Pages) -> Answer {
    let (send, rows) = mpsc::channel::<Vec<Vec<Value>>>(2);
    let heads = pages.heads();
    let writing = tokio::task::spawn_blocking(move || write(&heads, rows));
    let mut count = 0;
    while let Some(found) = pages.next().await? {
        count += found.len();
        if count > SHEET_ROWS {
            return Err(Problem::refused("identify-export-too-long"));
        }
        let values = found.iter().map(|row| pages.values(row)).collect();
        if send.send(values).await.is_err() {
            break;
        }
    }
    drop(send);
    let written = writing.await.map_err(Fault::from)?.map_err(|error| Fault::from(error).context("the workbook could not be written"))?;
    let open = tokio::fs::File::from_std(written.reopen().map_err(Fault::from)?);
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(file(name, kind, Body::from_stream(ReaderStream::new(open))))
}

fn write(heads: &[String], mut rows: mpsc::Receiver<Vec<Vec<Value>>>) -> Result<NamedTempFile, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory()?;
    let bold = Style::new().set_bold();
    for (column, head) in (0_u16..).zip(heads) {
        sheet.write_string_with_format(0, column, head, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let mut line = 1;
    while let Some(page) = rows.blocking_recv() {
        for values in page {
            for (column, value) in (0_u16..).zip(&values) {
                match value {
                    Value::Null => {}
                    Value::Bool(yes) => _ = sheet.write_boolean(line, column, *yes)?,
                    Value::Number(number) => _ = sheet.write_number(line, column, number.as_f64().unwrap_or(0.0))?,
                    // A text stays a text: Excel computes nothing in it.
                    Value::String(text) => _ = sheet.write_string(line, column, text)?,
                    other => _ = sheet.write_string(line, column, other.to_string())?,
                }
            }
            line += 1;
        }
    }
    let target = NamedTempFile::new().map_err(XlsxError::IoError)?;
    book.save(target.path())?;
    Ok(target)
}

fn csv_stream(pages: impl Pages) -> impl Stream<Item = Result<Vec<u8>, DbError>> {
    stream::try_unfold((pages, true), |(mut pages, with_head)| async move {
        let Some(rows) = pages.next().await? else { return Ok(None) };
        let bytes = csv_rows(&pages, &rows, with_head);
        Ok(Some((bytes, (pages, false))))
    })
}

/// A value as people write it: no power of ten, which imports and spreadsheets of other languages do not read as a number.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => decimal(number),
        other => other.to_string(),
    }
}

fn csv_rows<P: Pages>(pages: &P, rows: &[P::Row], with_head: bool) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if with_head {
        let _ = writer.write_record(pages.heads());
    }
    for row in rows {
        let _ = writer.write_record(pages.values(row).iter().map(|value| harmless(&plain(value))));
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader, Xlsx};
    use serde_json::json;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_workbook_holds_texts_numbers_and_no_formulas() {
        let (send, rows) = mpsc::channel(2);
        let writing = tokio::task::spawn_blocking(move || write(&["name".to_owned(), "lines".to_owned()], rows));
        send.send(vec![vec![json!("王小明"), json!(6.5)], vec![json!("=1+1"), Value::Null]]).await.unwrap();
        send.send(vec![vec![json!("+49 30 1234567"), json!(true)]]).await.unwrap();
        drop(send);
        let written = writing.await.unwrap().unwrap();
        let mut book: Xlsx<_> = calamine::open_workbook(written.path()).unwrap();
        let range = book.worksheet_range_at(0).unwrap().unwrap();
        let text = |text: &str| Data::String(text.to_owned());
        let expected = [
            [text("name"), text("lines")],
            [text("王小明"), Data::Float(6.5)],
            [text("=1+1"), Data::Empty],
            [text("+49 30 1234567"), Data::Bool(true)],
        ];
        assert_eq!(range.rows().map(<[Data]>::to_vec).collect::<Vec<_>>(), expected.map(|row| row.to_vec()));
    }

    #[test]
    fn what_does_not_fit_is_refused_before_anything_is_written() {
        let refused = |rows, format| check_rows(rows, 2_000_000, format).is_err();
        assert!(!refused(1_048_575, Format::Xlsx) && refused(1_048_576, Format::Xlsx), "a sheet of Excel has so many rows");
        assert!(!refused(2_000_000, Format::Csv) && refused(2_000_001, Format::Csv) && refused(2_000_001, Format::Json));
    }
}
