//! Whose a network is and where it lies, as files say that the administrator supplies (MMDB, ADR 0022).
//!
//! The files lie in memory; a file that is replaced is read anew while the server runs. One that is missing or broken is told in the log and
//! by `attune doctor`, and events are collected without it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use attune_house::Service;
use attune_kernel::fold_key;
use maxminddb::Reader;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::agent::clipped;
use super::key::key64;
use super::recent::Recent;

/// The most files read together.
pub const MAX_FILES: usize = 4;
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Networks kept as they were read.
const REMEMBERED: usize = 20_000;

/// What the files say about an address. Nothing in it leads back to the address or to a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownNetwork {
    /// Hash of everything else: the same network has the same id everywhere.
    pub id: i64,
    /// Who runs or uses it.
    pub organisation: String,
    /// The organisation's domain.
    pub domain: Option<String>,
    /// Two letters.
    pub country: Option<String>,
    /// In English, as the files have it.
    pub city: Option<String>,
    /// Whether those who come from it are at work for the organisation: it is no provider of access and hosts no servers.
    pub business: bool,
    /// Whether it hosts servers.
    pub hosting: bool,
}

/// The files. Clones share them.
#[derive(Clone, Default)]
pub struct Atlas {
    paths: Arc<Vec<PathBuf>>,
    shelf: Arc<RwLock<Arc<Shelf>>>,
}

/// The files as they were read at one moment.
#[derive(Default)]
struct Shelf {
    books: Vec<Book>,
    /// What was read from the records at these places.
    known: Mutex<Option<Remembered>>,
}

/// Networks by where the files have their records.
type Remembered = Recent<[usize; MAX_FILES], Option<Arc<KnownNetwork>>>;

/// A file.
#[derive(Clone, Default)]
struct Book {
    stamp: Option<(SystemTime, u64)>,
    reader: Option<Arc<Reader<Vec<u8>>>>,
    fault: Option<String>,
}

impl Atlas {
    /// The files at `paths`; none is read before [`Atlas::refresh`].
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths: Arc::new(paths), shelf: Arc::default() }
    }

    /// Whether the administrator names any file.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// What is known about the network of `ip`.
    pub fn find(&self, ip: IpAddr) -> Option<Arc<KnownNetwork>> {
        if self.paths.is_empty() {
            return None;
        }
        let shelf = self.shelf.read().unwrap_or_else(PoisonError::into_inner).clone();
        shelf.find(ip.to_canonical())
    }

    /// Reads what is new or was replaced, waiting for the disk; answers what is wrong, a sentence a file. Of a file that can no longer be read the
    /// former state is kept.
    pub fn refresh(&self) -> Vec<String> {
        let before = self.shelf.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut books = Vec::with_capacity(self.paths.len());
        let mut changed = false;
        for (place, path) in self.paths.iter().enumerate() {
            let former = before.books.get(place).cloned().unwrap_or_default();
            let stamp = std::fs::metadata(path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
            if stamp.is_some() && stamp == former.stamp {
                books.push(former);
                continue;
            }
            let read = std::fs::read(path).map_err(|error| error.to_string());
            let (reader, fault) = match read.and_then(|bytes| Reader::from_source(bytes).map_err(|error| error.to_string())) {
                Ok(reader) => (Some(Arc::new(reader)), None),
                Err(error) => (former.reader.clone(), Some(format!("{}: {error}", path.display()))),
            };
            changed |= fault.is_none() || former.fault != fault;
            books.push(Book { stamp, reader, fault });
        }
        let wrong = books.iter().filter_map(|book| book.fault.clone()).collect();
        if changed {
            let shelf = Shelf { books, known: Mutex::default() };
            *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shelf);
        }
        wrong
    }

    /// The task that reads the files when the server starts, and again when they are replaced.
    pub(crate) fn service(&self) -> Service {
        let atlas = self.clone();
        let run = move |_, stop: tokio_util::sync::CancellationToken| -> attune_house::BoxFuture<'static, _> {
            let atlas = atlas.clone();
            Box::pin(async move {
                let mut told: Vec<String> = Vec::new();
                while !atlas.is_empty() {
                    let looking = atlas.clone();
                    let wrong = tokio::task::spawn_blocking(move || looking.refresh()).await?;
                    for fault in wrong.iter().filter(|fault| !told.contains(fault)) {
                        tracing::error!(fault, "a file of networks cannot be read; events are collected without it");
                    }
                    told = wrong;
                    tokio::select! { () = stop.cancelled() => break, () = tokio::time::sleep(LOOK_EVERY) => {} }
                }
                Ok(())
            })
        };
        Service { key: "identify.atlas", run: Arc::new(run) }
    }
}

impl Shelf {
    fn find(&self, ip: IpAddr) -> Option<Arc<KnownNetwork>> {
        let mut place = [usize::MAX; MAX_FILES];
        let mut found = Vec::with_capacity(self.books.len());
        for (slot, book) in place.iter_mut().zip(&self.books) {
            let Some(result) = book.reader.as_ref().and_then(|reader| reader.lookup(ip).ok()).filter(|result| result.has_data()) else {
                continue;
            };
            *slot = result.offset().unwrap_or(usize::MAX);
            found.push(result);
        }
        if found.is_empty() {
            return None;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_with(|| Recent::new(REMEMBERED));
        if let Some(network) = known.get(&place) {
            return network;
        }
        let records: Vec<Json> = found.iter().filter_map(|result| result.decode::<Json>().ok().flatten()).collect();
        let network = read(&records).map(Arc::new);
        known.put(place, network.clone());
        network
    }
}

/// What records of several files say together; each fact is taken from the first that has it.
pub(crate) fn read(records: &[Json]) -> Option<KnownNetwork> {
    let first = |paths: &[&str]| paths.iter().find_map(|path| records.iter().find_map(|record| text(record, path)));
    let yes = |paths: &[&str]| paths.iter().any(|path| records.iter().any(|record| at(record, path) == Some(&Json::Bool(true))));
    let provider = first(&["/isp", "/traits/isp", "/as_name", "/asn/name", AS_NAME, "/traits/autonomous_system_organization"]);
    let user = first(&["/company/name", "/company_name", "/company", "/organization", "/traits/organization"]);
    let kind = first(&["/company/type", "/traits/user_type", "/user_type", "/asn/type", "/as_type", "/type"]).unwrap_or_default();
    let organisation = user.or(provider).unwrap_or_default();
    let country = first(&["/country/iso_code", "/country_code", "/country", "/registered_country/iso_code"]).filter(|code| code.len() == 2);
    let city = first(&["/city/names/en", "/city/name", "/city"]);
    let hosting = yes(&["/traits/is_hosting_provider", "/is_hosting_provider", "/is_hosting", "/privacy/hosting"])
        || kind.eq_ignore_ascii_case("hosting")
        || (kind.is_empty() && has_word(&organisation, &HOSTS));
    let access = ["isp", "residential", "cellular", "mobile", "consumer"].iter().any(|word| kind.to_lowercase().starts_with(word))
        || (kind.is_empty() && (has_word(&organisation, &CARRIERS) || first(&["/isp", "/traits/isp"]).as_ref() == Some(&organisation)));
    let domain = first(&["/company/domain", "/domain", "/traits/domain", "/as_domain", "/asn/domain"]);
    if organisation.is_empty() && country.is_none() && city.is_none() {
        return None;
    }
    let business = !organisation.is_empty() && !hosting && !access && !has_word(&organisation, &RELAYS);
    let domain = domain.filter(|_| business).map(|domain| fold_key(&domain));
    let parts = [&*organisation, domain.as_deref().unwrap_or(""), country.as_deref().unwrap_or(""), city.as_deref().unwrap_or("")];
    let flag = |yes: bool| if yes { "1" } else { "0" };
    let flags = [flag(business), flag(hosting)];
    let id = key64("network", &[parts.as_slice(), flags.as_slice()].concat());
    Some(KnownNetwork { id, organisation, domain, country, city, business, hosting })
}

const AS_NAME: &str = "/autonomous_system_organization";

/// Relays that people browse through: no machines, and nobody's employer.
const RELAYS: [&str; 4] = ["akamai", "cloudflare", "fastly", "icloud"];

/// Words in the names of those who rent out servers.
const HOSTS: [&str; 24] = [
    "hosting",
    "hoster",
    "datacenter",
    "datacenters",
    "datacentre",
    "colocation",
    "vps",
    "servers",
    "cloud",
    "amazon-02",
    "amazon-aes",
    "aws",
    "digitalocean",
    "digitalocean-asn",
    "ovh",
    "hetzner",
    "hetzner-as",
    "linode",
    "vultr",
    "choopa",
    "leaseweb",
    "contabo",
    "scaleway",
    "aliyun",
];

/// Words in the names of those who sell access: whoever comes from there may work anywhere.
const CARRIERS: [&str; 30] = [
    "telecom",
    "telekom",
    "telefonica",
    "telco",
    "telia",
    "telenor",
    "telstra",
    "telkom",
    "communications",
    "mobile",
    "wireless",
    "cable",
    "broadband",
    "internet",
    "dsl",
    "fiber",
    "fibre",
    "isp",
    "vodafone",
    "orange",
    "comcast",
    "verizon",
    "unicom",
    "chinanet",
    "chinamobile",
    "cmnet",
    "1&1",
    "t-mobile",
    "net",
    "network",
];

fn has_word(name: &str, list: &[&str]) -> bool {
    let lower = name.to_lowercase();
    let mut words = lower.split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | '(' | ')' | '/'));
    words.any(|word| list.contains(&word) || word.split('-').any(|part| list.contains(&part)))
}

fn at<'a>(record: &'a Json, path: &str) -> Option<&'a Json> {
    record.pointer(path)
}

fn text(record: &Json, path: &str) -> Option<String> {
    let found = at(record, path)?.as_str()?.trim();
    (!found.is_empty()).then(|| clipped(found, 200).to_owned())
}
