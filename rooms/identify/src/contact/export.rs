//! A list of contacts as a workbook or as JSON.

use attune_kernel::Fault;
use attune_web::{Answer, Problem};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures::{Stream, stream};
use rust_xlsxwriter::{Format as Style, Workbook, XlsxError};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

use super::api;
use super::bulk::Exporting;

/// What a list is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Xlsx,
    Json,
}

impl Format {
    /// The format of a word; CSV when it is none.
    pub(super) fn of(word: &str) -> Self {
        match word {
            "xlsx" => Self::Xlsx,
            "json" => Self::Json,
            _ => Self::Csv,
        }
    }

    /// Its word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
        }
    }
}

/// Rows that fit on a sheet of Excel below the names.
const SHEET_ROWS: usize = 1_048_575;

fn file(name: &str, kind: &str, body: Body) -> Response {
    let headers = [("content-type", kind.to_owned()), ("content-disposition", format!("attachment; filename=\"{name}\""))];
    (headers, body).into_response()
}

/// Everything the programs' interface tells of each, as one array.
pub(super) fn json(pages: Exporting) -> Response {
    file("contacts.json", "application/json", Body::from_stream(json_stream(pages)))
}

fn json_stream(pages: Exporting) -> impl Stream<Item = Result<Vec<u8>, attune_db::DbError>> {
    stream::try_unfold((Some(pages), true), |(pages, first)| async move {
        let Some(mut pages) = pages else { return Ok(None) };
        let Some(people) = pages.next().await? else { return Ok(Some((b"]\n".to_vec(), (None, false)))) };
        let mut bytes = Vec::new();
        for (at, person) in people.iter().enumerate() {
            bytes.extend_from_slice(if first && at == 0 { b"[\n" } else { b",\n" });
            bytes.extend_from_slice(api::shown(person, pages.tags(person), &pages.sight).to_string().as_bytes());
        }
        if first && people.is_empty() {
            bytes.extend_from_slice(b"[\n");
        }
        Ok(Some((bytes, (Some(pages), first && people.is_empty()))))
    })
}

/// An Excel workbook, written row by row into a file of its own and sent once it is whole.
pub(super) async fn workbook(mut pages: Exporting) -> Answer {
    let (send, rows) = mpsc::channel::<Vec<Vec<Value>>>(2);
    let heads = pages.heads();
    let writing = tokio::task::spawn_blocking(move || write(&heads, rows));
    let mut count = 0;
    while let Some(people) = pages.next().await? {
        count += people.len();
        if count > SHEET_ROWS {
            return Err(Problem::refused("identify-export-too-long"));
        }
        let values = people.iter().map(|person| pages.values(person)).collect();
        if send.send(values).await.is_err() {
            break;
        }
    }
    drop(send);
    let written = writing.await.map_err(Fault::from)?.map_err(|error| Fault::from(error).context("the workbook could not be written"))?;
    let open = tokio::fs::File::from_std(written.reopen().map_err(Fault::from)?);
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(file("contacts.xlsx", kind, Body::from_stream(ReaderStream::new(open))))
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
}
