//! What a page or a mail speaks: one language in one time zone.

use std::fmt;
use std::sync::Arc;

use attune_kernel::Locale;
use fluent_bundle::{FluentArgs, FluentValue};
use jiff::tz::TimeZone;

use super::number::{Real, Whole};
use super::{Texts, number, time};

/// One language in one time zone. Clones are cheap. Times are µs since 1970 UTC.
#[derive(Clone, Debug)]
pub struct Lang {
    texts: Arc<Texts>,
    locale: Locale,
    zone: TimeZone,
}

impl Lang {
    /// The words of `locale`, times shown in `zone`.
    pub fn new(texts: Arc<Texts>, locale: Locale, zone: TimeZone) -> Self {
        Self { texts, locale, zone }
    }

    /// The same time zone in another language.
    #[must_use]
    pub fn in_language(&self, locale: Locale) -> Self {
        Self { locale, ..self.clone() }
    }

    /// The language.
    pub fn locale(&self) -> Locale {
        self.locale
    }

    /// The value of `lang` attributes: `en` or `zh-CN`.
    pub fn tag(&self) -> &'static str {
        self.locale.tag()
    }

    /// The time zone times are shown in.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The IANA name of the time zone.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The text of `key`.
    pub fn t(&self, key: &str) -> Text {
        Text(self.texts.plain(self.locale, key))
    }

    /// Starts the text of `key` with placeholders: `l.of("contacts-found").n("count", 3)`.
    pub fn of(&self, key: &str) -> Said {
        Said { lang: self.clone(), key: key.to_owned(), args: Vec::new() }
    }

    /// A date: `20 Nov 2026`, `2026年11月20日`.
    pub fn date(&self, at: impl Whole) -> Text {
        time::date(self, at.whole()).into()
    }

    /// A time of day: `14:05`.
    pub fn time(&self, at: impl Whole) -> Text {
        time::clock(self, at.whole()).into()
    }

    /// Date and time: `20 Nov 2026, 14:05`, `2026年11月20日 14:05`.
    pub fn moment(&self, at: impl Whole) -> Text {
        let at = at.whole();
        format!("{}{}{}", time::date(self, at), if self.locale == Locale::En { ", " } else { " " }, time::clock(self, at)).into()
    }

    /// As people say it: relative within 24 hours (`3 h ago`, `3小时前`), else the date, without the year when it is this one.
    pub fn when(&self, at: impl Whole, now: impl Whole) -> Text {
        time::when(self, at.whole(), now.whole())
    }

    /// A heading for a day: `Friday 20 November`, `11月20日 星期五`; the caller adds Today or Yesterday.
    pub fn day(&self, at: impl Whole) -> Text {
        time::day(self, at.whole()).into()
    }

    /// The day of `at` in words when it is near (`Today`, `Yesterday`, `Tomorrow`), else as [`Lang::day`].
    pub fn near_day(&self, at: impl Whole, now: impl Whole) -> Text {
        time::near_day(self, at.whole(), now.whole())
    }

    /// For `datetime` attributes: RFC 3339 in UTC, to the second.
    pub fn iso(&self, at: impl Whole) -> String {
        time::iso(at.whole())
    }

    /// For `<input type=date>`: `2026-11-20` in this time zone.
    pub fn date_value(&self, at: impl Whole) -> String {
        time::civil(&self.zone, at.whole()).date().to_string()
    }

    /// Reads what `<input type=date>` posts: the day's first moment in this time zone, µs.
    pub fn read_date(&self, text: &str) -> Option<i64> {
        time::read_date(&self.zone, text)
    }

    /// A whole number: `12,408`.
    pub fn count(&self, n: impl Whole) -> Text {
        number::grouped(n.whole()).into()
    }

    /// A ratio (0.34) as a percentage: `34%`, below ten with one decimal: `2.4%`.
    pub fn percent(&self, ratio: impl Real) -> Text {
        number::percent(ratio.real()).into()
    }

    /// A decimal number with up to `places` decimals.
    pub fn decimal(&self, value: impl Real, places: usize) -> Text {
        number::decimal(value.real(), places).into()
    }

    /// Money in full: `€1,234.50`, `¥1,234.50`.
    pub fn money(&self, minor: impl Whole, currency: &str) -> Text {
        number::money(self.locale, minor.whole(), currency).into()
    }

    /// Money for tiles and cards: `€198k`, `¥142.0万`.
    pub fn money_short(&self, minor: impl Whole, currency: &str) -> Text {
        number::money_short(self.locale, minor.whole(), currency).into()
    }

    /// A size in bytes: `1.4 MB`.
    pub fn size(&self, bytes: impl Whole) -> Text {
        number::size(bytes.whole()).into()
    }

    /// A span of time: `4 min 12 s`, `4分12秒`; at most two units.
    pub fn duration_ms(&self, ms: impl Whole) -> Text {
        time::duration(self, ms.whole()).into()
    }

    /// Names of languages, themes and the like that rooms list: joined by the language's comma for lists.
    pub fn list(&self, items: &[String]) -> Text {
        let comma = if self.locale == Locale::ZhCn { "、" } else { ", " };
        items.join(comma).into()
    }
}

/// A finished text. Templates escape it like any string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub(crate) Arc<str>);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}
impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}
impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}
impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}
impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0.as_ref().to_owned()
    }
}

/// A text whose placeholders are being filled; shows itself when printed.
#[derive(Clone, Debug)]
pub struct Said {
    lang: Lang,
    key: String,
    args: Vec<(&'static str, Arg)>,
}

/// What fills a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Arg {
    /// A number; decides the plural form and is grouped: `12,408`.
    Number(i64),
    /// Any text.
    Words(String),
}

impl Said {
    /// Fills `name` with a number.
    #[must_use]
    pub fn n(mut self, name: &'static str, value: impl Whole) -> Self {
        self.args.push((name, Arg::Number(value.whole())));
        self
    }

    /// Fills `name` with text.
    #[must_use]
    pub fn s(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.args.push((name, Arg::Words(value.to_string())));
        self
    }

    /// Whether there is nothing to show: never; kit macros ask it of every text.
    pub fn is_empty(&self) -> bool {
        self.key.is_empty()
    }

    /// The finished text.
    pub fn text(&self) -> Text {
        say(&self.lang, &self.key, self.args.iter().map(|(name, arg)| (*name, arg))).into()
    }
}

/// The text of `key` in `lang` with its placeholders filled.
pub(crate) fn say<'a>(lang: &Lang, key: &str, args: impl Iterator<Item = (&'a str, &'a Arg)>) -> String {
    let mut filled = FluentArgs::new();
    for (name, arg) in args {
        match arg {
            Arg::Number(n) => filled.set(name.to_owned(), FluentValue::from(*n)),
            Arg::Words(s) => filled.set(name.to_owned(), FluentValue::from(s.clone())),
        }
    }
    lang.texts.filled(lang.locale, key, &filled)
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().0)
    }
}
impl PartialEq<str> for Said {
    fn eq(&self, other: &str) -> bool {
        self.text() == *other
    }
}
impl PartialEq<&str> for Said {
    fn eq(&self, other: &&str) -> bool {
        self.text() == **other
    }
}
impl From<Said> for Text {
    fn from(said: Said) -> Self {
        said.text()
    }
}
