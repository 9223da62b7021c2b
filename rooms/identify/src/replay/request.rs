//! What a request of the log means for tracking: a page, a file taken home, or nothing.

use super::line::LogLine;

/// What a logged request was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A page was shown.
    Page,
    /// A document, archive or recording was fetched.
    Download,
    /// Part of a page: picture, style, script, font.
    Asset,
    /// The rules for crawlers were read.
    Robots,
    /// Nothing a person saw: an error, a redirect, a form post, a probe.
    Other,
}

const ASSETS: [&str; 24] = [
    "css",
    "js",
    "mjs",
    "map",
    "json",
    "xml",
    "txt",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "ico",
    "webp",
    "avif",
    "bmp",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
    "swf",
    "webmanifest",
    "wasm",
];

const DOWNLOADS: [&str; 27] = [
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "csv", "epub", "zip", "gz", "tgz", "bz2", "xz", "7z", "rar",
    "exe", "msi", "dmg", "deb", "rpm", "mp3", "mp4", "jar",
];

/// Decides by method, status and the file's ending.
pub fn meaning(line: &LogLine<'_>) -> Meaning {
    let path = line.target.split(['?', '#']).next().unwrap_or("");
    if path.eq_ignore_ascii_case("/robots.txt") {
        return Meaning::Robots;
    }
    let file = path.rsplit('/').next().unwrap_or("");
    let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    if ASSETS.contains(&ending.as_str()) {
        return Meaning::Asset;
    }
    let shown = line.method == "GET" && (line.status == 304 || (200..300).contains(&line.status)) && path.starts_with('/');
    match (shown, DOWNLOADS.contains(&ending.as_str())) {
        // A part of a file (206) is a player or a resumed download asking on: the first answer has counted.
        (true, true) if line.status != 206 => Meaning::Download,
        (true, false) => Meaning::Page,
        _ => Meaning::Other,
    }
}
