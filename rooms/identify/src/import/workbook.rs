//! Excel workbooks (.xlsx): the first sheet that is shown and not empty becomes comma-separated text on the disk, row by row.
//!
//! Guards that the sheet itself is never in memory, only the workbook's table of texts is, and that the number of a row stays the one Excel
//! shows.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

/// How a file begins that is packed as ZIP, as workbooks are.
pub(super) const ZIP: [u8; 4] = [b'P', b'K', 3, 4];
/// How workbooks of before 2007 begin, and newer ones that are locked with a password.
pub(super) const COMPOUND: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];

/// The size of a sheet; a file that claims a cell beyond it would have us write gigabytes of nothing.
const MOST_ROWS: u32 = 1_048_576;
const MOST_COLUMNS: u32 = 16_384;

type Workbook = Xlsx<BufReader<File>>;

/// The text of the workbook that `whole` yields; an error names what to do.
pub(super) fn read(mut whole: impl Read) -> io::Result<File> {
    let mut packed = tempfile::tempfile()?;
    io::copy(&mut whole, &mut packed)?;
    packed.seek(SeekFrom::Start(0))?;
    let mut book: Workbook = Xlsx::new(BufReader::new(packed)).map_err(unreadable)?;
    let shown = |sheet: &&calamine::Sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible;
    let names: Vec<String> = book.sheets_metadata().iter().filter(shown).map(|sheet| sheet.name.clone()).collect();
    for name in names {
        if let Some(text) = sheet(&mut book, &name)? {
            return Ok(text);
        }
    }
    tempfile::tempfile()
}

fn unreadable(error: XlsxError) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("this is no Excel workbook, or it is damaged ({error}); save it anew as .xlsx or as CSV"),
    )
}

/// What the reader of a compound file says.
pub(super) fn compound() -> io::Error {
    let what =
        "this is an Excel workbook of the format before 2007, or one with a password; save it as .xlsx without a password, or as CSV";
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The text of one sheet; `None` when it is empty.
fn sheet(book: &mut Workbook, name: &str) -> io::Result<Option<File>> {
    let mut cells = book.worksheet_cells_reader(name).map_err(unreadable)?;
    let mut rows = Rows { out: BufWriter::new(tempfile::tempfile()?), number: 0, row: Vec::new() };
    let mut any = false;
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        let text = shown(cell.get_value());
        if !text.is_empty() {
            any = true;
            let (row, column) = cell.get_position();
            rows.put(row, column, text)?;
        }
    }
    if !any {
        return Ok(None);
    }
    rows.end().map(Some)
}

/// The rows of a sheet on their way to the disk.
struct Rows {
    out: BufWriter<File>,
    /// The row that is being gathered, counted from 0.
    number: u32,
    row: Vec<String>,
}

impl Rows {
    fn put(&mut self, row: u32, column: u32, text: String) -> io::Result<()> {
        if row >= MOST_ROWS || column >= MOST_COLUMNS {
            let what = format!(
                "a cell stands in row {} and column {}, beyond the sheet; save it anew as .xlsx or as CSV",
                u64::from(row) + 1,
                u64::from(column) + 1
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        while self.number < row {
            self.end_row()?;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if self.row.len() < column {
            self.row.resize(column, String::new());
        }
        self.row.push(text);
        Ok(())
    }

    /// Writes the row; one without a cell becomes an empty line, which counts as a line and is no record.
    fn end_row(&mut self) -> io::Result<()> {
        for (place, text) in self.row.drain(..).enumerate() {
            if place > 0 {
                self.out.write_all(b",")?;
            }
            write!(self.out, "\"{}\"", text.replace('"', "\"\""))?;
        }
        self.out.write_all(b"\n")?;
        self.number += 1;
        Ok(())
    }

    fn end(mut self) -> io::Result<File> {
        self.end_row()?;
        let mut file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

/// A cell as people read it; what a formula failed to compute is nothing.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        // 15 digits are what Excel keeps; more would be noise such as 0.30000000000000004.
        DataRef::Float(number) => format!("{}", rounded(*number)),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(moment) => moment_text(*moment),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

fn rounded(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}

/// A date in ISO 8601, with its time unless that is midnight; a duration in hours, minutes and seconds.
fn moment_text(moment: ExcelDateTime) -> String {
    if moment.is_duration() {
        let seconds = (moment.as_f64() * 86_400.0).round() as i64;
        return format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second, milli) {
        (0, 0, 0, 0) => date,
        (_, _, _, 0) => format!("{date} {hour:02}:{minute:02}:{second:02}"),
        _ => format!("{date} {hour:02}:{minute:02}:{second:02}.{milli:03}"),
    }
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{ExcelDateTime as Moment, Format, Workbook as Made};

    use super::*;

    fn text_of(made: &mut Made) -> String {
        let mut text = String::new();
        read(io::Cursor::new(made.save_to_buffer().unwrap())).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn cells_are_written_as_people_read_them() {
        let mut made = Made::new();
        made.add_worksheet().set_name("nothing").unwrap();
        made.add_worksheet().set_name("aside").unwrap().set_hidden(true).write(0, 0, "hidden").unwrap();
        let date = Format::new().set_num_format("yyyy-mm-dd");
        let time = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let sheet = made.add_worksheet();
        sheet.write(0, 0, "姓名").unwrap().write(0, 2, "says \"hi\", twice").unwrap();
        sheet.write(2, 0, 1_795_000_000.0).unwrap().write(2, 1, 0.1 + 0.2).unwrap().write(2, 2, true).unwrap();
        sheet.write_with_format(3, 0, Moment::parse_from_str("2026-11-27").unwrap(), &date).unwrap();
        sheet.write_with_format(3, 1, Moment::parse_from_str("2026-11-27T08:05:09").unwrap(), &time).unwrap();
        let expected =
            "\"姓名\",\"\",\"says \"\"hi\"\", twice\"\n\n\"1795000000\",\"0.3\",\"true\"\n\"2026-11-27\",\"2026-11-27 08:05:09\"\n";
        assert_eq!(text_of(&mut made), expected);
    }

    #[test]
    fn a_workbook_without_a_cell_is_an_empty_text() {
        let mut made = Made::new();
        made.add_worksheet();
        assert_eq!(text_of(&mut made), "");
    }

    #[test]
    fn a_cell_beyond_the_sheet_is_refused_before_anything_is_written_for_it() {
        let mut rows = Rows { out: BufWriter::new(tempfile::tempfile().unwrap()), number: 0, row: Vec::new() };
        rows.put(0, MOST_COLUMNS - 1, "last".to_owned()).unwrap();
        for (row, column) in [(MOST_ROWS, 0), (u32::MAX, 0), (0, MOST_COLUMNS), (0, u32::MAX)] {
            assert!(rows.put(row, column, "x".to_owned()).unwrap_err().to_string().contains("beyond the sheet"));
            assert_eq!((rows.number, rows.row.len()), (0, MOST_COLUMNS as usize));
        }
    }

    #[test]
    fn what_is_no_workbook_says_what_to_do() {
        let error = read(io::Cursor::new(b"PK\x03\x04 and nothing more".to_vec())).unwrap_err().to_string();
        assert!(error.contains("save it anew"), "{error}");
    }
}
