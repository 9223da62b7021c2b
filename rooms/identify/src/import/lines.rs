//! Lines of a file by the batch, parsed ahead on a blocking thread; at most three batches are in memory.

use std::io::{self, Read};

use encoding_rs::Encoding;
use tokio::sync::mpsc;

use super::ImportError;
use super::plan::Plan;
use super::profile::ProfileError;
use super::rows::Line;
use super::source::{Source, TextReader};

/// Lines in one batch.
const BATCH: usize = 2_000;
/// Lines in one batch whose last ones belong together.
const GLUED: usize = 10_000;
/// A value longer than this is a quote somebody forgot to close, bytes.
const LONGEST_VALUE: usize = 200_000;

/// The lines still to come, each batch as `T`.
pub(crate) struct Lines<T> {
    coming: mpsc::Receiver<Result<T, ProfileError>>,
}

impl<T: Send + 'static> Lines<T> {
    /// Begins to parse; `read` makes something of each batch on the same thread, so that it is ready when it is wanted.
    pub(crate) fn open(source: &Source, plan: &Plan, read: impl FnMut(Vec<Line>) -> T + Send + 'static) -> Result<Self, ImportError> {
        let encoding = Encoding::for_label(plan.encoding.as_bytes());
        let bytes = source.open().map_err(ProfileError::from)?;
        let delimiter = u8::try_from(plan.delimiter).unwrap_or(b',');
        let glue = plan.orders.as_ref().and_then(|orders| orders.glue(plan));
        let (send, coming) = mpsc::channel(2);
        tokio::task::spawn_blocking(move || {
            let parsed =
                TextReader::new(bytes, encoding).map_err(ProfileError::from).and_then(|text| parse(text, (delimiter, glue), read, &send));
            if let Err(error) = parsed {
                let _ = send.blocking_send(Err(error));
            }
        });
        Ok(Self { coming })
    }

    /// The next batch if it is there already.
    pub(crate) fn ready(&mut self) -> Result<Option<T>, ImportError> {
        Ok(self.coming.try_recv().ok().transpose()?)
    }

    /// The next batch; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<T>, ImportError> {
        Ok(self.coming.recv().await.transpose()?)
    }
}

/// A reader that can tell again the bytes it gave last.
struct Watched<R> {
    inner: R,
    /// The place in the text at which `chunk` begins.
    start: u64,
    chunk: Vec<u8>,
    /// The byte before it.
    before: Option<u8>,
}

impl<R> Watched<R> {
    fn new(inner: R) -> Self {
        Self { inner, start: 0, chunk: Vec::new(), before: None }
    }

    /// The byte before this place, if it was given lately.
    fn byte_before(&self, place: u64) -> Option<u8> {
        match usize::try_from(place.checked_sub(self.start)?).ok()?.checked_sub(1) {
            Some(index) => self.chunk.get(index).copied(),
            None => self.before,
        }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.before = self.chunk.last().copied().or(self.before);
        self.start += u64::try_from(self.chunk.len()).unwrap_or(0);
        self.chunk.clear();
        self.chunk.extend_from_slice(out.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// The line on which the record just read begins.
///
/// The parser's own mark stands where the last record ended: empty lines in between are still to come, and of a `\r\n` the second half.
fn line_of<R: Read>(reader: &csv::Reader<Watched<R>>, record: &csv::StringRecord) -> i64 {
    let here = reader.position();
    let within = record.iter().map(|value| memchr::memchr_iter(b'\n', value.as_bytes()).count()).sum::<usize>();
    let ended = u64::from(reader.get_ref().byte_before(here.byte()) == Some(b'\n'));
    let line = here.line().saturating_sub(ended).saturating_sub(u64::try_from(within).unwrap_or(0));
    i64::try_from(line).unwrap_or(i64::MAX)
}

/// Whether a record belongs with the last one of the batch: both say the same where `glue` is.
fn goes_on(batch: &[Line], record: &csv::StringRecord, glue: Option<usize>) -> bool {
    let last = batch.last().and_then(|line| line.values.as_ref().ok());
    glue.is_some_and(|at| last.and_then(|last| last.get(at)).is_some_and(|value| !value.is_empty() && record.get(at) == Some(value)))
}

fn parse<T>(
    text: impl Read,
    (delimiter, glue): (u8, Option<usize>),
    mut read: impl FnMut(Vec<Line>) -> T,
    send: &mpsc::Sender<Result<T, ProfileError>>,
) -> Result<(), ProfileError> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(Watched::new(text));
    reader.headers()?;
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let mut record = csv::StringRecord::new();
        let found = reader.read_record(&mut record);
        let number = line_of(&reader, &record);
        if batch.len() >= BATCH && !(batch.len() < GLUED && goes_on(&batch, &record, glue)) {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if send.blocking_send(Ok(read(full))).is_err() {
                return Ok(());
            }
        }
        match found {
            Ok(false) => break,
            Ok(true) if record.iter().any(|v| v.len() > LONGEST_VALUE) => {
                batch.push(Line { number, values: Err("a quote is not closed".to_owned()) })
            }
            Ok(true) => batch.push(Line { number, values: Ok(record) }),
            Err(error) if error.is_io_error() => return Err(error.into()),
            Err(error) => batch.push(Line { number, values: Err(error.to_string()) }),
        }
    }
    if !batch.is_empty() {
        let _ = send.blocking_send(Ok(read(batch)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(String, i64)> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).buffer_capacity(4).from_reader(Watched::new(text.as_bytes()));
        reader.headers().unwrap();
        let mut found = Vec::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).unwrap() {
            found.push((record.get(0).unwrap().to_owned(), line_of(&reader, &record)));
        }
        found
    }

    #[test]
    fn a_record_has_the_number_of_its_line() {
        for end in ["\n", "\r\n"] {
            let text = ["h", "a", "", "", "\"b", "b\"", "c"].join(end);
            let b = format!("b{end}b");
            let expected = [("a", 2), (b.as_str(), 5), ("c", 7)].map(|(value, line)| (value.to_owned(), line));
            assert_eq!(lines(&text), expected, "without an end of the last line");
            assert_eq!(lines(&(text + end)), expected);
        }
    }
}
