//! Where the bytes come from and how they become text: plain or gzip, UTF-8 with or without a mark, UTF-16 or GBK, any of four delimiters; the
//! first sheet of an Excel workbook.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use attune_db::{Db, params, sql};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::{Decoder, Encoding, GBK, UTF_8, UTF_16BE, UTF_16LE};
use tokio::sync::mpsc;

use super::workbook;

/// How much of the beginning is looked at, bytes.
const HEAD: usize = 256 * 1024;

/// A file to be imported.
#[derive(Clone)]
pub enum Source {
    /// On this machine's disk.
    File(PathBuf),
    /// Uploaded and kept with the import of this id.
    Stored(Db, i64),
}

impl Source {
    /// The bytes of the file. Call it inside a runtime, read it on a blocking thread.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::File(path) => Ok(Box::new(File::open(path)?)),
            Self::Stored(db, id) => Ok(Box::new(Chunks::open(db.clone(), *id))),
        }
    }
}

/// Chunks of an upload, fetched ahead by a task while a blocking thread reads.
struct Chunks {
    coming: mpsc::Receiver<io::Result<Vec<u8>>>,
    open: io::Cursor<Vec<u8>>,
}

impl Chunks {
    fn open(db: Db, id: i64) -> Self {
        let (send, coming) = mpsc::channel(4);
        tokio::spawn(async move {
            for number in 0.. {
                let chunk = fetch(&db, id, number).await;
                let over = !matches!(chunk, Ok(Some(_)));
                if let Some(chunk) = chunk.transpose()
                    && send.send(chunk).await.is_err()
                {
                    return;
                }
                if over {
                    return;
                }
            }
        });
        Self { coming, open: io::Cursor::default() }
    }
}

async fn fetch(db: &Db, id: i64, number: i64) -> io::Result<Option<Vec<u8>>> {
    let mut tx = db.read().await.map_err(io::Error::other)?;
    let row = tx.find(sql!("SELECT body FROM import_chunks WHERE import_id = $1 AND number = $2"), params![id, number]).await;
    let Some(row) = row.map_err(io::Error::other)? else { return Ok(None) };
    let body: String = row.get("body").map_err(io::Error::other)?;
    STANDARD.decode(body).map(Some).map_err(io::Error::other)
}

impl Read for Chunks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.open.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            match self.coming.blocking_recv() {
                Some(chunk) => self.open = io::Cursor::new(chunk?),
                None => return Ok(0),
            }
        }
    }
}

/// The whole text of a file on disk, read as an import reads it: packed or not, in any of the encodings, a workbook as its first sheet.
pub fn read_text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    TextReader::new(Box::new(File::open(file)?), None)?.read_to_string(&mut text)?;
    Ok(text)
}

/// A reader that yields UTF-8, whatever the file is written in.
pub struct TextReader {
    inner: Box<dyn Read + Send>,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_at: usize,
    ended: bool,
    text: Vec<u8>,
    text_at: usize,
    faulty: Arc<AtomicBool>,
    encoding: &'static Encoding,
    delimiter: Option<u8>,
}

fn read_head(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    from.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn guess_encoding(head: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    let zeros = |from: usize| head.iter().skip(from).step_by(2).take(200).filter(|b| **b == 0).count();
    if head.len() > 20 && zeros(1) > 50.min(head.len() / 6) {
        return UTF_16LE;
    }
    if head.len() > 20 && zeros(0) > 50.min(head.len() / 6) {
        return UTF_16BE;
    }
    match std::str::from_utf8(head) {
        Ok(_) => UTF_8,
        // Cut in the middle of a character at the end of the head.
        Err(error) if error.error_len().is_none() => UTF_8,
        Err(_) => GBK,
    }
}

impl TextReader {
    /// The text of `inner`; `encoding` overrules the guess. Reads the head at once.
    pub fn new(mut inner: Box<dyn Read + Send>, encoding: Option<&'static Encoding>) -> io::Result<Self> {
        let (mut encoding, mut delimiter) = (encoding, None);
        let mut head = read_head(inner.as_mut())?;
        if head.starts_with(&[0x1f, 0x8b]) {
            let unpacked = flate2::read::MultiGzDecoder::new(BufReader::new(io::Cursor::new(head).chain(inner)));
            inner = Box::new(unpacked);
            head = read_head(inner.as_mut())?;
        }
        if head.starts_with(&workbook::COMPOUND) {
            return Err(workbook::compound());
        }
        if head.starts_with(&workbook::ZIP) {
            inner = Box::new(workbook::read(io::Cursor::new(head).chain(inner))?);
            head = read_head(inner.as_mut())?;
            (encoding, delimiter) = (Some(UTF_8), Some(b','));
        }
        let encoding = encoding.unwrap_or_else(|| guess_encoding(&head));
        Ok(Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: head,
            raw_at: 0,
            ended: false,
            text: Vec::new(),
            text_at: 0,
            faulty: Arc::default(),
            encoding,
            delimiter,
        })
    }

    /// Becomes true as soon as bytes did not fit the encoding.
    pub fn faulty(&self) -> Arc<AtomicBool> {
        self.faulty.clone()
    }

    /// The encoding in use.
    pub fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    /// The delimiter, where the file leaves no doubt about it.
    pub fn delimiter(&self) -> Option<u8> {
        self.delimiter
    }

    fn fill(&mut self) -> io::Result<()> {
        self.text_at = 0;
        self.text.clear();
        while self.text.is_empty() && !self.ended {
            if self.raw_at >= self.raw.len() {
                self.raw.resize(64 * 1024, 0);
                let read = self.inner.read(&mut self.raw)?;
                self.raw.truncate(read);
                self.raw_at = 0;
            }
            let last = self.raw.is_empty();
            let rest = self.raw.get(self.raw_at..).unwrap_or(&[]);
            let mut out = String::with_capacity(self.decoder.max_utf8_buffer_length(rest.len()).unwrap_or(rest.len() * 3 + 16));
            let (_, read, faulty) = self.decoder.decode_to_string(rest, &mut out, last);
            if faulty {
                self.faulty.store(true, Ordering::Relaxed);
            }
            self.raw_at += read;
            self.ended = last;
            self.text = out.into_bytes();
        }
        Ok(())
    }
}

impl Read for TextReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.text_at >= self.text.len() {
            self.fill()?;
        }
        let rest = self.text.get(self.text_at..).unwrap_or(&[]);
        let count = rest.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.text_at += count;
        Ok(count)
    }
}

/// The delimiter of a text by its first lines: the one that cuts them into the same number of parts, the more the better; a comma when
/// nothing cuts.
pub fn guess_delimiter(head: &str) -> u8 {
    let parts = |delimiter: u8| {
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(head.as_bytes());
        let counts: Vec<usize> = reader.records().take(20).filter_map(|r| r.ok().map(|r| r.len())).collect();
        // The last line of the head may be cut.
        let whole = counts.get(..counts.len().saturating_sub(1).max(1)).unwrap_or(&[]).to_vec();
        let first = whole.first().copied().unwrap_or(0);
        let same = whole.iter().filter(|count| **count == first).count();
        if first < 2 { 0 } else { same * 1_000 / whole.len().max(1) * 1_000 + first.min(999) }
    };
    let best = [b',', b';', b'\t', b'|'].into_iter().max_by_key(|d| (parts(*d), *d == b','));
    best.filter(|d| parts(*d) > 0).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> (String, &'static str) {
        let mut reader = TextReader::new(Box::new(io::Cursor::new(bytes.to_vec())), None).unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        (text, reader.encoding().name())
    }

    #[test]
    fn every_encoding_becomes_text() {
        assert_eq!(decoded("名,a\n".as_bytes()), ("名,a\n".into(), "UTF-8"));
        assert_eq!(decoded(b"\xef\xbb\xbfa,b\n"), ("a,b\n".into(), "UTF-8"));
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain("姓名,b\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decoded(&utf16), ("姓名,b\n".into(), "UTF-16LE"));
        assert_eq!(decoded(&GBK.encode("姓名,公司\n王小明,华衡仪表\n").0), ("姓名,公司\n王小明,华衡仪表\n".into(), "GBK"));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        io::Write::write_all(&mut packed, "a,b\n".repeat(100_000).as_bytes()).unwrap();
        assert_eq!(decoded(&packed.finish().unwrap()).0.len(), 400_000);
    }

    #[test]
    fn the_delimiter_is_the_one_that_cuts_evenly() {
        assert_eq!(guess_delimiter("a;b;c\n1,5;2;3\n4;5,0;6\n"), b';');
        assert_eq!(guess_delimiter("a\tb\n1\t2\n"), b'\t');
        assert_eq!(guess_delimiter("name\nAda\n"), b',');
        assert_eq!(guess_delimiter("a|b\n\"x,y,z\"|2\n"), b'|');
    }
}
