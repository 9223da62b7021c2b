//! What the templates and sources themselves promise.

use std::path::Path;

use crate::Texts;

fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn every_text_asked_for_exists() {
    let texts = Texts::build(&[]).unwrap();
    for (path, source) in files("ui", "html").into_iter().chain(files("src", "rs").into_iter().filter(|(p, _)| !p.ends_with("texts.rs"))) {
        assert_eq!(texts.unknown_in(&source), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn templates_keep_the_policy() {
    for (path, source) in files("ui", "html") {
        for forbidden in [" style=", "<style", "onclick", "hx-on", "js:", "javascript:"] {
            assert!(!source.contains(forbidden), "{path} holds {forbidden}");
        }
    }
}

#[test]
fn every_icon_is_in_the_sprite() {
    for (path, source) in files("ui", "html") {
        for name in source.split("icon(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(attune_assets::icons::ICONS.contains(&name), "{path}: {name}");
        }
    }
}

#[test]
fn chinese_is_set_as_chinese() {
    let zh = include_str!("../../locales/zh-CN.ftl");
    for line in zh.lines().filter(|line| !line.starts_with('#')) {
        let text: Vec<char> = line.split_once('=').map_or(line, |(_, text)| text).chars().collect();
        for pair in text.windows(2) {
            let han = ('\u{4e00}'..='\u{9fff}').contains(&pair[0]);
            assert!(!(han && matches!(pair[1], ',' | ';' | ':' | '!' | '?' | '(')), "half-width mark after a Han character: {line}");
            assert!(pair[1] != '！', "no exclamation marks: {line}");
        }
    }
}
