//! What an administrator may change at run time: typed, with a default, read by key.

use attune_db::{Column, Conflict, DbError, Relation, Tx, Value, params, sql};
use attune_kernel::Network;

/// The type of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// A whole number within bounds, both included.
    Int {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Any text.
    Text,
    /// `true` or `false`.
    Bool,
    /// One of a list.
    Choice(&'static [&'static str]),
    /// Networks and addresses, parted by commas or blanks.
    Networks,
    /// An `http` or `https` address in which each of these words stands once in braces, such as `{z}`; or nothing.
    Template(&'static [&'static str]),
    /// A text that is never shown again once saved, such as a private key.
    Hidden,
}

/// A setting a room offers.
#[derive(Clone, Copy, Debug)]
pub struct SettingDef {
    /// `room.name`.
    pub key: &'static str,
    /// The locale key of its name; `<label_key>-hint` explains it.
    pub label_key: &'static str,
    /// Its type.
    pub kind: SettingKind,
    /// What holds until somebody changes it.
    pub default: &'static str,
}

/// What is wrong with a value for a setting; each has a locale key `web-setting-…`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// Not a whole number within the bounds.
    #[error("a whole number from {min} to {max} is needed")]
    Range {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Not one of the list.
    #[error("one of {0} is needed")]
    Choice(String),
    /// An entry that is no network.
    #[error("{0:?} is neither an address nor a network such as 192.0.2.0/24")]
    Network(String),
    /// Not an address with these words in braces.
    #[error("an address that starts with https:// or http:// and holds {0}, each once, is needed")]
    Template(String),
}

/// Checks a value as typed against the setting's type; answers the form in which it is stored.
pub fn check_setting(def: &SettingDef, typed: &str) -> Result<String, SettingError> {
    let typed = typed.trim();
    match def.kind {
        SettingKind::Text | SettingKind::Hidden => Ok(typed.to_owned()),
        SettingKind::Networks => Network::parse_list(typed).map(|_| typed.to_owned()).map_err(SettingError::Network),
        SettingKind::Int { min, max } => match typed.parse::<i64>() {
            Ok(number) if (min..=max).contains(&number) => Ok(number.to_string()),
            _ => Err(SettingError::Range { min, max }),
        },
        SettingKind::Bool => match typed {
            "true" | "on" | "1" => Ok("true".to_owned()),
            "false" | "off" | "0" | "" => Ok("false".to_owned()),
            _ => Err(SettingError::Choice("true, false".to_owned())),
        },
        SettingKind::Choice(list) if list.contains(&typed) => Ok(typed.to_owned()),
        SettingKind::Choice(list) => Err(SettingError::Choice(list.join(", "))),
        SettingKind::Template(words) if typed.is_empty() || is_template(typed, words) => Ok(typed.to_owned()),
        SettingKind::Template(words) => {
            Err(SettingError::Template(words.iter().map(|word| format!("{{{word}}}")).collect::<Vec<_>>().join(", ")))
        }
    }
}

/// Where an address leads, as a browser's policy names it: scheme, host and port. `None` for what is no `http` or `https` address, or names its host
/// in a way that could say more in a policy than a host.
pub fn origin_of(address: &str) -> Option<&str> {
    let bare = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    let named = bare.split('/').next()?;
    let (host, port) = named.split_once(':').unwrap_or((named, "0"));
    let is_host =
        host.starts_with(|c: char| c.is_ascii_alphanumeric()) && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    let is_port = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    (is_host && is_port).then(|| address.get(..address.len() - bare.len() + named.len())).flatten()
}

/// Whether an address holds each of these words once in braces, behind its host, and nothing else in braces.
fn is_template(address: &str, words: &[&str]) -> bool {
    let Some(path) = origin_of(address).and_then(|origin| address.strip_prefix(origin)) else { return false };
    let holds = |word: &&str| path.matches(&format!("{{{word}}}")).count() == 1;
    let braces = |brace: char| path.matches(brace).count() == words.len();
    let is_plain = path.chars().all(|c| c.is_ascii_graphic() && !"\"'<>`\\".contains(c));
    path.starts_with('/') && words.iter().all(holds) && braces('{') && braces('}') && is_plain
}

/// The value of a setting; `default` when nobody has changed it.
pub async fn setting_text(tx: &mut Tx, key: &str, default: &str) -> Result<String, DbError> {
    let row = tx.find(sql!("SELECT value FROM settings WHERE key = $1"), params![key]).await?;
    row.map_or_else(|| Ok(default.to_owned()), |row| row.get("value"))
}

/// The value of a whole-number setting.
pub async fn setting_int(tx: &mut Tx, key: &str, default: i64) -> Result<i64, DbError> {
    let text = setting_text(tx, key, "").await?;
    Ok(text.parse().unwrap_or(default))
}

/// The value of a yes-or-no setting.
pub async fn setting_bool(tx: &mut Tx, key: &str, default: bool) -> Result<bool, DbError> {
    let text = setting_text(tx, key, "").await?;
    Ok(text.parse().unwrap_or(default))
}

/// Stores a checked value.
pub async fn write_setting(tx: &mut Tx, key: &str, value: &str, staff_id: Option<i64>, now: i64) -> Result<(), DbError> {
    let mut row = Relation::new(&[("key", Column::Text), ("value", Column::Text), ("updated_at", Column::Int), ("staff_id", Column::Int)]);
    row.push(vec![Value::from(key), Value::from(value), Value::Int(now), staff_id.into()]);
    let set = "value = excluded.value, updated_at = excluded.updated_at, staff_id = excluded.staff_id";
    tx.insert("settings", &row, Conflict::Update(&["key"], set)).await?;
    Ok(())
}
