//! Reads the rules: tables of entries of quoted values, a small part of YAML. What it does not know stops the build.

use std::collections::BTreeMap;

/// One entry: its keys and values.
pub type Rule = BTreeMap<String, String>;
/// The entries of a table, in the order they are tried.
pub type Table = Vec<Rule>;

/// The tables of the file by name.
pub fn read(text: &str) -> Result<BTreeMap<String, Table>, String> {
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let mut name = String::new();
    for (number, line) in text.lines().enumerate() {
        let unknown = || format!("line {}: not understood: {line}", number + 1);
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            name = content.strip_suffix(':').ok_or_else(unknown)?.to_owned();
            tables.entry(name.clone()).or_default();
            continue;
        }
        let table = tables.get_mut(&name).ok_or_else(unknown)?;
        let pair = match content.strip_prefix("- ") {
            Some(rest) => {
                table.push(Rule::new());
                rest.trim_start()
            }
            None => content,
        };
        let (key, value) = pair.split_once(':').ok_or_else(unknown)?;
        let value = unquoted(value.trim()).ok_or_else(unknown)?;
        table.last_mut().ok_or_else(unknown)?.insert(key.to_owned(), value);
    }
    Ok(tables)
}

/// A value without its quotes; only the word `null` may stand bare.
fn unquoted(value: &str) -> Option<String> {
    if value == "null" {
        return Some(value.to_owned());
    }
    if let Some(inner) = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return (!inner.replace("''", "").contains('\'')).then(|| inner.replace("''", "'"));
    }
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains(['"', '\\'])).then(|| inner.to_owned())
}
