//! QR codes: printed wherever people stand, each print with a name of its own, so that what it brought can be told apart.
//!
//! Guards that a print once made leads somewhere as long as it hangs: where a code leads can be changed, its address cannot. A scan leads to
//! the target with `utm_source=qr`, so a visit that begins with it says which print it came from.

mod draw;
pub(crate) mod pages;
mod public;
mod store;
#[cfg(test)]
mod tests;

use attune_kernel::id_type;

pub(crate) use public::routes as public_routes;

id_type!(
    /// The id of a code.
    CodeId,
    "qr"
);

id_type!(
    /// The id of a print, and the last part of the address in it.
    PrintId,
    "p"
);

/// Addresses that need no sign-in.
pub(crate) const PUBLIC_PATHS: [&str; 1] = ["/q/"];

/// A code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) id: CodeId,
    pub(crate) name: String,
    /// Where a scan leads; `None`: to a small page of ours.
    pub(crate) target: Option<String>,
    pub(crate) title: String,
    pub(crate) body: String,
    /// Prints it has, and people who scanned them.
    pub(crate) prints: i64,
    pub(crate) scans: i64,
}

/// One print of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Print {
    pub(crate) id: PrintId,
    pub(crate) label: String,
    pub(crate) scans: i64,
    pub(crate) machine_scans: i64,
    pub(crate) last_at: Option<i64>,
}

/// The address in a print.
pub(crate) fn address(public_url: &str, print: PrintId) -> String {
    format!("{}/q/{print}", public_url.trim_end_matches('/'))
}

/// Where a scan of a print leads: `target` with the campaign's words, which a tracker on that page reads.
pub(crate) fn destination(target: &str, code: &str, label: &str) -> String {
    let Ok(mut url) = url::Url::parse(target) else { return target.to_owned() };
    let has: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    for (name, value) in [("utm_source", "qr"), ("utm_medium", "print"), ("utm_campaign", code), ("utm_content", label)] {
        if !has.iter().any(|there| there == name) {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    url.into()
}
