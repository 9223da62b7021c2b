//! Prepares the files for embedding: strips comments from our own scripts and style sheets, resolves
//! `asset:` references, names every file by the hash of its content and adds a gzip variant.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The folders that are served, in the order that lets later files refer to earlier ones.
const FOLDERS: [&str; 3] = ["vendor", "js", "css"];

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?);
    let mut urls = BTreeMap::new();
    let mut table = String::from("pub(crate) static ASSETS: &[Asset] = &[\n");
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        for path in files(Path::new(folder))? {
            let entry = prepare(&path, &out, &urls)?;
            table.push_str(&entry.row);
            urls.insert(entry.name, entry.url);
        }
    }
    table.push_str("];\n");
    fs::write(out.join("table.rs"), table)
}

/// One line of the generated table.
struct Entry {
    name: String,
    url: String,
    row: String,
}

/// The servable files of one folder, sorted by name.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    found.retain(|path| mime(path).is_some());
    found.sort();
    Ok(found)
}

/// Writes the final bytes and their gzip variant to `out` and returns the table row.
fn prepare(path: &Path, out: &Path, urls: &BTreeMap<String, String>) -> io::Result<Entry> {
    let bad = || io::Error::other(format!("unusable file name: {}", path.display()));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(bad)?;
    let (stem, ext) = name.rsplit_once('.').ok_or_else(bad)?;
    let mime = mime(path).ok_or_else(bad)?;
    let bytes = match (path.starts_with("vendor"), ext) {
        (false, "css") => resolve(&squeeze_css(&fs::read_to_string(path)?), urls)?.into_bytes(),
        (false, "js") => strip_js(&fs::read_to_string(path)?).into_bytes(),
        _ => fs::read(path)?,
    };
    let hashed = format!("{stem}.{:08x}.{ext}", fold(fnv1a(&bytes)));
    let file = out.join(name);
    fs::write(&file, &bytes)?;
    let gzip = match ext {
        "woff2" => "None".to_owned(),
        _ => {
            let packed = out.join(format!("{name}.gz"));
            fs::write(&packed, compress(&bytes)?)?;
            format!("Some(include_bytes!({packed:?}))")
        }
    };
    let url = format!("/assets/{hashed}");
    let mut row = String::new();
    writeln!(
        row,
        "Asset {{ name: {name:?}, hashed_name: {hashed:?}, url: {url:?}, mime: {mime:?}, bytes: include_bytes!({file:?}), gzip: {gzip} }},"
    )
    .map_err(io::Error::other)?;
    Ok(Entry { name: name.to_owned(), url, row })
}

fn mime(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

/// Replaces `url(asset:name)` by the hashed URL of a file prepared earlier.
fn resolve(css: &str, urls: &BTreeMap<String, String>) -> io::Result<String> {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("url(asset:") {
        let (name, tail) = after.split_once(')').ok_or_else(|| io::Error::other("unclosed url(asset:"))?;
        let url = urls.get(name).ok_or_else(|| io::Error::other(format!("unknown asset: {name}")))?;
        out.push_str(before);
        out.push_str("url(");
        out.push_str(url);
        out.push(')');
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// Drops comments, indentation and line ends. Our style sheets put no comment mark inside a string.
fn squeeze_css(css: &str) -> String {
    let mut bare = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, tail)| tail);
    }
    bare.push_str(rest);
    let mut out = String::with_capacity(bare.len());
    for line in bare.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !out.is_empty() && !out.ends_with(['{', '}', ';', ',']) {
            out.push(' ');
        }
        out.push_str(line);
    }
    out.push('\n');
    out
}

/// Drops whole-line `//` comments, indentation and empty lines; every other line stays as written.
/// Our scripts hold no template literal that spans lines, so no string is touched.
fn strip_js(js: &str) -> String {
    let mut out = String::with_capacity(js.len());
    for line in js.lines().map(str::trim) {
        if !line.is_empty() && !line.starts_with("//") {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// 64-bit FNV-1a: enough to tell two versions of a file apart, no dependency.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Folds a 64-bit hash to the 8 hexadecimal digits of a file name.
fn fold(hash: u64) -> u64 {
    (hash ^ (hash >> 32)) & 0xffff_ffff
}
