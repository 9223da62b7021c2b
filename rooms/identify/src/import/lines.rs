//! Lines of a file by the batch, parsed ahead on a blocking thread; at most three batches are in memory.

use std::io::Read;

use encoding_rs::Encoding;
use tokio::sync::mpsc;

use super::ImportError;
use super::plan::Plan;
use super::profile::ProfileError;
use super::rows::Line;
use super::source::{Source, TextReader};

/// Lines in one batch.
const BATCH: usize = 2_000;
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
        let (send, coming) = mpsc::channel(2);
        tokio::task::spawn_blocking(move || {
            let parsed = TextReader::new(bytes, encoding).map_err(ProfileError::from).and_then(|text| parse(text, delimiter, read, &send));
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

fn parse<T>(
    text: impl Read,
    delimiter: u8,
    mut read: impl FnMut(Vec<Line>) -> T,
    send: &mpsc::Sender<Result<T, ProfileError>>,
) -> Result<(), ProfileError> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text);
    reader.headers()?;
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let mut record = csv::StringRecord::new();
        let found = reader.read_record(&mut record);
        let place = record.position().map_or_else(|| reader.position().line(), csv::Position::line);
        let number = i64::try_from(place).unwrap_or(i64::MAX);
        match found {
            Ok(false) => break,
            Ok(true) if record.iter().any(|v| v.len() > LONGEST_VALUE) => {
                batch.push(Line { number, values: Err("a quote is not closed".to_owned()) })
            }
            Ok(true) => batch.push(Line { number, values: Ok(record) }),
            Err(error) if error.is_io_error() => return Err(error.into()),
            Err(error) => batch.push(Line { number, values: Err(error.to_string()) }),
        }
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if send.blocking_send(Ok(read(full))).is_err() {
                return Ok(());
            }
        }
    }
    if !batch.is_empty() {
        let _ = send.blocking_send(Ok(read(batch)));
    }
    Ok(())
}
