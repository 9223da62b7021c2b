//! What a template may hold: nothing the content policy forbids, no icon that does not exist.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use regex::Regex;

use super::Finding;
use crate::source;
use crate::tree::{File, Tree};

/// A pattern and why it is forbidden.
const FORBIDDEN: &[(&str, &str)] = &[
    (r#"\sstyle\s*="#, "style= is refused by the content policy: use a class"),
    (r"<style\b", "<style> is refused by the content policy: put rules into base/assets/css"),
    (r"\shx-on\b", "hx-on needs inline script: write an island in base/assets/js"),
    (r"\shx-va(?:rs)\b", "hx-vars evaluates script: use hx-vals with JSON"),
    (r#"(?:=\s*["'])\s*(?:js|javascript):"#, "script in an attribute is refused by the content policy"),
    (r#"\son[a-z]+\s*=\s*["']"#, "event attributes are refused by the content policy: write an island"),
    (r#"hx-trigger\s*=\s*"[^"]*\["#, "trigger filters need eval, which the content policy refuses"),
];

/// Checks every template of the product, and the icon names the code gives.
pub fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut rules = Vec::new();
    for (pattern, why) in FORBIDDEN {
        rules.push((Regex::new(pattern)?, *why));
    }
    let icons = icons(tree)?;
    let mut findings = Vec::new();
    for file in tree.files("html").filter(|file| file.is_product()) {
        for (rule, why) in &rules {
            findings.extend(rule.find_iter(&file.text).map(|found| at(file, found.start(), *why)));
        }
        findings.extend(scripts(file)?);
        findings.extend(unknown_icons(file, &icons)?);
    }
    for file in tree.product_rust() {
        let named = source::texts(file)?.into_iter().filter(|text| text.call == "icon" && text.argument == 0);
        let unknown = named.filter(|text| !icons.is_empty() && !icons.contains(&text.value));
        findings
            .extend(unknown.map(|text| Finding::at(format!("{}:{}", file.path, text.line), format!("there is no icon {:?}", text.value))));
    }
    Ok(findings)
}

fn at(file: &File, offset: usize, what: impl Into<String>) -> Finding {
    Finding::at(format!("{}:{}", file.path, file.line_of(offset)), what)
}

/// A script is a file of its own; a block of JSON for an island may stand in the page.
fn scripts(file: &File) -> Result<Vec<Finding>> {
    let script = Regex::new(r"(?s)<script\b([^>]*)>(.*?)</script>")?;
    let inline = script.captures_iter(&file.text).filter(|found| {
        let attributes = found.get(1).map_or("", |m| m.as_str());
        let body = found.get(2).map_or("", |m| m.as_str());
        let is_json = attributes.contains("application/json");
        !is_json && (!attributes.contains("src=") || !body.trim().is_empty())
    });
    Ok(inline.map(|found| at(file, found.get(0).map_or(0, |m| m.start()), "inline script is refused by the content policy")).collect())
}

/// `…#mail` behind the sprite's address, and the first argument of the macro `icon`.
fn unknown_icons(file: &File, known: &BTreeSet<String>) -> Result<Vec<Finding>> {
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    for pattern in [r##"<use\s[^>]*href="[^"#]*#([a-z0-9-]+)""##, r#"\bicon\(\s*"([^"]+)""#] {
        for found in Regex::new(pattern)?.captures_iter(&file.text).filter_map(|found| found.get(1)) {
            if !known.contains(found.as_str()) {
                findings.push(at(file, found.start(), format!("there is no icon {:?} in base/assets", found.as_str())));
            }
        }
    }
    Ok(findings)
}

/// The names in `ICONS` of base/assets.
fn icons(tree: &Tree) -> Result<BTreeSet<String>> {
    let Some(file) = tree.file("base/assets/src/icons.rs") else { return Ok(BTreeSet::new()) };
    let parsed = syn::parse_file(&file.text).map_err(|error| anyhow!("{}: {error}", file.path))?;
    let mut names = BTreeSet::new();
    for item in parsed.items {
        if let syn::Item::Const(list) = item
            && list.ident == "ICONS"
            && let syn::Expr::Reference(reference) = *list.expr
            && let syn::Expr::Array(array) = *reference.expr
        {
            names.extend(array.elems.iter().filter_map(literal));
        }
    }
    Ok(names)
}

fn literal(expression: &syn::Expr) -> Option<String> {
    let syn::Expr::Lit(literal) = expression else { return None };
    let syn::Lit::Str(text) = &literal.lit else { return None };
    Some(text.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("rooms/sell/src")).unwrap();
        std::fs::write(folder.path().join("rooms/sell/src/page.html"), text).unwrap();
        std::fs::create_dir_all(folder.path().join("base/assets/src")).unwrap();
        std::fs::write(folder.path().join("base/assets/src/icons.rs"), "pub const ICONS: &[&str] = &[\"mail\"];").unwrap();
        check(&Tree::at(folder.path().to_owned()).unwrap()).unwrap().into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn what_the_policy_refuses_is_found() {
        for bad in [
            r#"<p style="color:red">"#,
            "<style>p{}</style>",
            r#"<a hx-on:click="x()">"#,
            r#"<a href="javascript:x()">"#,
            r#"<a onclick="x()">"#,
            "<script>x()</script>",
            r#"<svg><use href="/assets/icons.svg#nail"/></svg>"#,
            r#"{% call ui::icon("nail") %}"#,
            r#"<a hx-trigger="keyup[ctrlKey]">"#,
        ] {
            assert_eq!(findings(bad).len(), 1, "{bad}");
        }
        let good = r#"<script src="{{ url }}" defer></script><script type="application/json">{"a":1}</script><svg><use href="{{ sprite }}#mail"/></svg>"#;
        assert_eq!(findings(good), Vec::<String>::new());
    }
}
