//! Budgets, vendored hashes, names and references.

use std::fmt::Write as _;

use sha2::{Digest, Sha384};

use super::*;
use crate::icons::ICONS;

const VENDOR_README: &str = include_str!("../vendor/README.md");

fn packed(name: &str) -> usize {
    named(name).unwrap().gzip.unwrap().len()
}

fn text(name: &str) -> &'static str {
    std::str::from_utf8(named(name).unwrap().bytes).unwrap()
}

#[test]
fn vendored_files_match_their_recorded_hashes() {
    let rows = VENDOR_README.lines().filter(|line| line.starts_with("| `"));
    let mut checked = 0;
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let mut hex = String::new();
        for byte in Sha384::digest(named(cells[1]).unwrap().bytes) {
            write!(hex, "{byte:02x}").unwrap();
        }
        assert_eq!(hex, cells[5], "{} has changed", cells[1]);
        checked += 1;
    }
    assert_eq!(checked, 5);
}

#[test]
fn every_listed_icon_is_in_the_sprite_and_the_other_way_round() {
    let sprite = text("icons.svg");
    for icon in ICONS {
        assert!(sprite.contains(&format!("<symbol id=\"{icon}\" ")), "{icon} is missing");
    }
    assert_eq!(sprite.matches("<symbol ").count(), ICONS.len());
    assert!(ICONS.is_sorted());
}

#[test]
fn the_icons_every_room_needs_are_there() {
    let needed = "house users building-2 filter mail funnel layout-template circle-check chart-line settings \
        user-check shield scroll-text key upload download trash-2 undo-2 pause play eye link globe bot \
        log-out moon sun languages tag clock triangle-alert info menu database activity zap flame x \
        check plus search pencil ellipsis";
    for icon in needed.split_whitespace() {
        assert!(ICONS.contains(&icon), "{icon}");
    }
}

#[test]
fn budgets_hold() {
    let budgets = [
        ("attune.css", 10_000),
        ("attune.js", 8_000),
        ("tracker.js", 5_000),
        ("map.js", 5_000),
        ("icons.svg", 10_000),
        ("htmx.min.js", 14_000),
        ("hx-sse.min.js", 3_000),
        ("hx-preload.min.js", 1_000),
    ];
    for (name, most) in budgets {
        assert!(packed(name) < most, "{name}: {} of {most} bytes", packed(name));
    }
    assert!(named("inter-latin-var.woff2").unwrap().bytes.len() < 50_000);
    for asset in all().iter().filter(|asset| asset.name.ends_with(".css") && asset.name != "attune.css") {
        assert!(packed(asset.name) < 2_500, "{}: {} bytes", asset.name, packed(asset.name));
    }
}

#[test]
fn names_carry_the_hash_and_lead_back_to_the_file() {
    for asset in all() {
        let (stem, ext) = asset.name.rsplit_once('.').unwrap();
        let hash = asset.hashed_name.strip_prefix(stem).unwrap().trim_start_matches('.').strip_suffix(ext).unwrap();
        assert!(hash.len() == 9 && hash.trim_end_matches('.').chars().all(|c| c.is_ascii_hexdigit()), "{}", asset.hashed_name);
        assert_eq!(url(asset.name), format!("/assets/{}", asset.hashed_name));
        assert_eq!(find(asset.hashed_name), Some(asset));
        assert!(asset.gzip.is_none_or(|gzip| gzip.starts_with(&[0x1f, 0x8b])));
    }
    assert_eq!(find("attune.css"), None);
    assert_eq!(url("nothing.css"), "/assets/missing");
}

#[test]
fn style_sheets_refer_only_to_hashed_files_and_close_every_block() {
    for asset in all().iter().filter(|asset| asset.name.ends_with(".css")) {
        let css = text(asset.name);
        assert!(!css.contains("asset:") && !css.contains("/*"), "{}", asset.name);
        assert!(!css.contains("http") && !css.contains("data:"), "{} loads from elsewhere", asset.name);
        assert_eq!(css.matches('{').count(), css.matches('}').count(), "{}", asset.name);
        for reference in css.split("url(").skip(1) {
            let name = reference.split(')').next().unwrap().strip_prefix("/assets/").unwrap();
            assert!(find(name).is_some(), "{name}");
        }
    }
    assert!(text("attune.css").contains(url("inter-latin-var.woff2")));
}

#[test]
fn scripts_need_neither_eval_nor_another_origin() {
    for name in ["attune.js", "tracker.js", "map.js"] {
        let js = text(name);
        for banned in ["eval(", "new Function", "innerHTML =", "document.write", "http://", "https://", ".style."] {
            // Where things stand on a map no style sheet can know.
            assert!(!js.contains(banned) || (name == "map.js" && banned == ".style."), "{name} contains {banned}");
        }
    }
}

#[test]
fn the_tracker_has_a_stable_name() {
    let tracker = tracker().unwrap();
    assert_eq!(tracker.mime, "text/javascript; charset=utf-8");
    assert!(tracker.bytes.starts_with(b"(function"));
}
