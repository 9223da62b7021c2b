//! Numbers, percentages, money and sizes as text.

use attune_kernel::{Locale, Money};

/// A whole number or a reference to one: templates pass fields by reference.
pub trait Whole {
    /// The number.
    fn whole(&self) -> i64;
}

/// A number or a reference to one: templates pass fields by reference.
pub trait Real {
    /// The number.
    fn real(&self) -> f64;
}

macro_rules! whole {
    ($($ty:ty),+) => {
        $(
            impl Whole for $ty {
                fn whole(&self) -> i64 {
                    i64::try_from(*self).unwrap_or(i64::MAX)
                }
            }
            impl Real for $ty {
                fn real(&self) -> f64 {
                    *self as f64
                }
            }
        )+
    };
}
whole!(i64, i32, i16, i8, u8, u16, u32, u64, usize);

impl Real for f64 {
    fn real(&self) -> f64 {
        *self
    }
}
impl Real for f32 {
    fn real(&self) -> f64 {
        f64::from(*self)
    }
}
impl<T: Whole> Whole for &T {
    fn whole(&self) -> i64 {
        (*self).whole()
    }
}
impl<T: Real> Real for &T {
    fn real(&self) -> f64 {
        (*self).real()
    }
}

/// `12,408`, `−3`: groups of three, a real minus sign.
pub(crate) fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 3);
    if n < 0 {
        out.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number out of a text's arguments: whole ones grouped, others with their decimals.
pub(crate) fn grouped_decimal(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 9e15 { grouped(value as i64) } else { decimal(value, 2) }
}

/// At most `places` decimals, without trailing zeros.
pub(crate) fn decimal(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.places$}", value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = part.trim_end_matches('0');
    let sign = if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { "−" } else { "" };
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

/// A ratio as a percentage: one decimal below ten, none above.
pub(crate) fn percent(ratio: f64) -> String {
    let value = ratio * 100.0;
    format!("{}%", decimal(value, usize::from(value.abs() < 10.0)))
}

/// The sign of a currency, as the language writes it.
fn sign(locale: Locale, currency: &str) -> String {
    match (currency, locale) {
        ("EUR", _) => "€".to_owned(),
        ("GBP", _) => "£".to_owned(),
        ("USD", Locale::En) => "$".to_owned(),
        ("USD", Locale::ZhCn) => "US$".to_owned(),
        ("CNY", Locale::ZhCn) | ("JPY", Locale::En) => "¥".to_owned(),
        ("CNY", Locale::En) => "CN¥".to_owned(),
        ("JPY", Locale::ZhCn) => "JP¥".to_owned(),
        (other, _) => format!("{other}\u{a0}"),
    }
}

/// Money in full.
pub(crate) fn money(locale: Locale, minor: i64, currency: &str) -> String {
    let places = Money::places(currency);
    let unit = 10_u64.pow(places);
    let size = minor.unsigned_abs();
    let minus = if minor < 0 { "−" } else { "" };
    let whole = grouped(i64::try_from(size / unit).unwrap_or(i64::MAX));
    let sign = sign(locale, currency);
    match places {
        0 => format!("{minus}{sign}{whole}"),
        _ => format!("{minus}{sign}{whole}.{:0width$}", size % unit, width = places as usize),
    }
}

/// Money rounded for a tile: thousands and millions, or 万 and 亿.
pub(crate) fn money_short(locale: Locale, minor: i64, currency: &str) -> String {
    let unit = 10_f64.powi(i32::try_from(Money::places(currency)).unwrap_or(2));
    let amount = minor.unsigned_abs() as f64 / unit;
    let minus = if minor < 0 { "−" } else { "" };
    let steps: &[(f64, &str, usize)] = match locale {
        Locale::En => &[(1e9, "bn", 1), (1e6, "m", 1), (1e4, "k", 0)],
        Locale::ZhCn => &[(1e8, "亿", 1), (1e4, "万", 1)],
    };
    let sign = sign(locale, currency);
    match steps.iter().find(|(size, ..)| amount >= *size) {
        Some((1e4, word, _)) if locale == Locale::En => format!("{minus}{sign}{}{word}", decimal(amount / 1e3, 0)),
        Some((size, word, places)) => format!("{minus}{sign}{:.places$}{word}", amount / size),
        None => format!("{minus}{sign}{}", decimal(amount, 0)),
    }
}

/// A size in bytes, in units of 1000.
pub(crate) fn size(bytes: i64) -> String {
    let steps = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let value = bytes as f64;
    match steps.iter().find(|(unit, _)| value >= *unit) {
        Some((unit, name)) => format!("{}\u{a0}{name}", decimal(value / unit, 1)),
        None => format!("{bytes}\u{a0}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(-1_234_567), "−1,234,567");
        assert_eq!(decimal(1234.50, 2), "1,234.5");
        assert_eq!(decimal(-0.001, 2), "0");
        assert_eq!(percent(0.34), "34%");
        assert_eq!(percent(0.0241), "2.4%");
        assert_eq!(size(1_400_000), "1.4\u{a0}MB");
    }

    #[test]
    fn money_follows_the_language() {
        assert_eq!(money(Locale::En, 123_450, "EUR"), "€1,234.50");
        assert_eq!(money(Locale::En, -5, "USD"), "−$0.05");
        assert_eq!(money(Locale::ZhCn, 7, "JPY"), "JP¥7");
        assert_eq!(money(Locale::En, 100, "SEK"), "SEK\u{a0}1.00");
        assert_eq!(money_short(Locale::En, 19_840_000, "EUR"), "€198k");
        assert_eq!(money_short(Locale::En, 210_000_000, "EUR"), "€2.1m");
        assert_eq!(money_short(Locale::ZhCn, 142_000_000, "CNY"), "¥142.0万");
        assert_eq!(money_short(Locale::ZhCn, 12_000_000_000, "CNY"), "¥1.2亿");
        assert_eq!(money_short(Locale::En, 99_900, "EUR"), "€999");
    }
}
