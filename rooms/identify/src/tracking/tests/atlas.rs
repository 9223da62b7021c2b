//! Networks from files: the files are made here, by a small writer of the MMDB format.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::{CHROME, Stage};
use crate::tracking::atlas::read;
use crate::tracking::{Atlas, Machine};

/// Writes a file that answers `records` for the networks given as address and bits.
pub(crate) fn write_mmdb(path: &Path, records: &[(&str, usize, Json)]) {
    let (mut nodes, mut data): (Vec<[usize; 2]>, Vec<u8>) = (vec![[0; 2]], Vec::new());
    // In the tree 0 is "nothing", n + 1 is node n, and what is above a million is a place in the data.
    for (address, bits, record) in records {
        let (number, width) = match address.parse::<IpAddr>().unwrap() {
            IpAddr::V4(v4) => (u128::from(u32::from(v4)), 96),
            IpAddr::V6(v6) => (u128::from(v6), 0),
        };
        let (last, mut node) = (width + bits - 1, 0);
        for depth in 0..=last {
            let side = usize::from(number >> (127 - depth) & 1 == 1);
            if depth == last {
                nodes[node][side] = 1_000_000 + data.len();
            } else {
                if nodes[node][side] == 0 {
                    nodes.push([0; 2]);
                    nodes[node][side] = nodes.len();
                }
                node = nodes[node][side] - 1;
            }
        }
        encode(&mut data, record);
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for record in nodes.iter().flatten() {
        let value = match *record {
            0 => count,
            place @ 1_000_000.. => count + 16 + place - 1_000_000,
            node => node - 1,
        };
        file.extend(u32::try_from(value).unwrap().to_be_bytes());
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    let about = json!({ "record_size": 32, "ip_version": 6, "database_type": "Test", "languages": ["en"],
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "description": { "en": "made by a test" } });
    encode(&mut file, &about);
    // Two numbers of the description have types of their own, so the map is opened again: it has two entries more.
    let opened = file.len() - encoded(&about).len();
    file[opened] += 2;
    encode(&mut file, &json!("node_count"));
    file.push(6 << 5 | 4);
    file.extend(u32::try_from(count).unwrap().to_be_bytes());
    encode(&mut file, &json!("build_epoch"));
    file.extend([8, 2, 0, 0, 0, 0, 0, 0, 0, 1]);
    // A reader sees the whole file or the one before.
    let aside = path.with_extension("new");
    std::fs::write(&aside, file).unwrap();
    std::fs::rename(aside, path).unwrap();
}

fn encoded(value: &Json) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out, value);
    out
}

fn encode(out: &mut Vec<u8>, value: &Json) {
    let head = |out: &mut Vec<u8>, kind: u8, size: usize| {
        let (short, long) = if size < 29 { (size, None) } else { (29, Some(size - 29)) };
        let short = u8::try_from(short).unwrap();
        if kind <= 7 {
            out.push(kind << 5 | short)
        } else {
            out.extend([short, kind - 7])
        }
        out.extend(long.map(|rest| u8::try_from(rest).unwrap()));
    };
    match value {
        Json::String(text) => {
            head(out, 2, text.len());
            out.extend(text.as_bytes());
        }
        Json::Object(map) => {
            head(out, 7, map.len());
            for (key, value) in map {
                encode(out, &Json::from(key.as_str()));
                encode(out, value);
            }
        }
        Json::Array(list) => {
            head(out, 11, list.len());
            list.iter().for_each(|value| encode(out, value));
        }
        Json::Bool(yes) => head(out, 14, usize::from(*yes)),
        number => {
            head(out, 5, 2);
            out.extend(u16::try_from(number.as_u64().unwrap()).unwrap().to_be_bytes());
        }
    }
}

pub(crate) fn acme() -> Json {
    json!({ "company": { "name": "Acme Pumps GmbH", "domain": "acme.example", "type": "business" },
        "country": { "iso_code": "DE" }, "city": { "names": { "en": "Hamburg" } } })
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("attune-atlas-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// An atlas of one file that knows Acme at 203.0.113.0/24 and a host of servers at 2001:db8::/32.
pub(crate) fn atlas_of_acme(name: &str) -> Atlas {
    let path = folder(name).join("networks.mmdb");
    let rented = json!({ "autonomous_system_organization": "Example Hosting Ltd", "autonomous_system_number": 64500 });
    write_mmdb(&path, &[("203.0.113.0", 24, acme()), ("2001:db8::", 32, rented)]);
    let atlas = Atlas::new(vec![path]);
    assert_eq!(atlas.refresh(), Vec::<String>::new());
    atlas
}

#[test]
fn what_files_of_several_makers_say_is_understood() {
    let asn = json!({ "autonomous_system_number": 64501, "autonomous_system_organization": "Universitaet Beispielstadt" });
    let city = json!({ "country": { "iso_code": "AT", "names": { "en": "Austria" } }, "city": { "names": { "en": "Linz" } } });
    let both = read(&[city, asn.clone()]).unwrap();
    assert_eq!(
        (both.organisation.as_str(), both.country.as_deref(), both.city.as_deref()),
        ("Universitaet Beispielstadt", Some("AT"), Some("Linz"))
    );
    assert!(both.business && !both.hosting);
    assert_ne!(both.id, read(&[asn]).unwrap().id, "another place is another network");
    let flat = read(&[json!({ "as_name": "Deutsche Telekom AG", "as_domain": "telekom.de", "country_code": "DE" })]).unwrap();
    assert!(!flat.business && flat.domain.is_none(), "whoever buys access from somebody does not work there");
    let provider = read(&[json!({ "isp": "Beispielnetz", "organization": "Beispielnetz" })]).unwrap();
    assert!(!provider.business);
    let own = read(&[json!({ "isp": "Telia", "organization": "Volvo", "country": "SE", "city": "Gothenburg" })]).unwrap();
    assert_eq!((own.organisation.as_str(), own.business, own.city.as_deref()), ("Volvo", true, Some("Gothenburg")));
    for hosting in [
        json!({ "autonomous_system_organization": "Hetzner Online GmbH" }),
        json!({ "autonomous_system_organization": "AMAZON-02" }),
        json!({ "traits": { "is_hosting_provider": true, "organization": "Quiet Name" } }),
        json!({ "asn": { "name": "Quiet Name", "type": "hosting" } }),
    ] {
        assert!(read(std::slice::from_ref(&hosting)).unwrap().hosting, "{hosting}");
    }
    assert!(!read(&[json!({ "autonomous_system_organization": "Cloudflare, Inc." })]).unwrap().hosting, "people browse through relays");
    assert_eq!(read(&[json!({ "autonomous_system_number": 1 })]), None);
}

#[test]
fn a_file_is_replaced_while_the_server_runs_and_a_broken_one_is_told() {
    let path = folder("replaced").join("a.mmdb");
    let _ = std::fs::remove_file(&path);
    let atlas = Atlas::new(vec![path.clone()]);
    let ip: IpAddr = "203.0.113.9".parse().unwrap();
    assert!(atlas.refresh()[0].contains("a.mmdb"), "a missing file is named");
    assert_eq!(atlas.find(ip), None);
    write_mmdb(&path, &[("203.0.113.0", 24, acme())]);
    assert!(atlas.refresh().is_empty());
    assert_eq!(atlas.find(ip).unwrap().organisation, "Acme Pumps GmbH");
    assert_eq!(atlas.find("::ffff:203.0.113.9".parse().unwrap()).unwrap().organisation, "Acme Pumps GmbH");
    assert_eq!(atlas.find("198.51.100.1".parse().unwrap()), None);
    write_mmdb(&path, &[("203.0.113.0", 24, json!({ "company": "Other" })), ("198.51.100.0", 24, acme())]);
    assert!(atlas.refresh().is_empty());
    assert_eq!(atlas.find(ip).unwrap().organisation, "Other", "the new file holds at once");
    std::fs::write(&path, b"half a download").unwrap();
    assert_eq!(atlas.refresh().len(), 1);
    assert_eq!(atlas.find(ip).unwrap().organisation, "Other", "until it is whole the former one holds");
}

attune_testkit::on_both_dbs! {
    async fn a_visit_keeps_the_network_and_not_the_address(db: Db) {
        let stage = Stage::with_atlas(db, atlas_of_acme("visit"));
        let network = async || {
            let mut tx = stage.db.read().await.unwrap();
            let select = "SELECT n.organisation, n.country, n.city FROM visits v JOIN networks n ON n.id = v.network_id ORDER BY v.id DESC LIMIT 1";
            tx.find(select, attune_db::params![]).await.unwrap().map(|row| row.get::<String>("organisation").unwrap())
        };
        // Who lets no id be kept is recorded without it.
        let mut nameless = stage.body("x", &[stage.view("n1", "/a")]);
        nameless["visitor"] = Json::Null;
        let passed = stage.collector.read(&stage.client(CHROME), nameless.to_string().as_bytes()).await.unwrap().unwrap();
        stage.collector.offer(passed.hits).await.unwrap();
        assert_eq!(network().await, None);
        stage.send("anna", &[stage.view("p1", "/a")]).await;
        stage.send("bert", &[stage.view("p2", "/a")]).await;
        stage.send("anna", &[stage.view("p3", "/b")]).await;
        assert_eq!(network().await.as_deref(), Some("Acme Pumps GmbH"));
        let mut tx = stage.db.read().await.unwrap();
        assert_eq!(tx.count("SELECT count(*) FROM networks", attune_db::params![]).await.unwrap(), 1);
        drop(tx);
        let hosted = crate::tracking::Client { ip: "2001:db8::7".parse().ok(), ..stage.client(CHROME) };
        let body = stage.body("carl", &[stage.view("p4", "/a")]).to_string();
        let passed = stage.collector.read(&hosted, body.as_bytes()).await.unwrap().unwrap();
        assert_eq!(passed.hits[0].sender.as_ref().unwrap().machine, Some(Machine::HostingNetwork));
        assert!(passed.hits[0].event.machine);
    }
}
