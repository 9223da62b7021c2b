//! Money as whole minor units with its currency; never a float.

use std::fmt;

/// An amount in the smallest unit of its currency (cents, fen; yen have no smaller unit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// The amount in minor units.
    pub minor: i64,
    currency: String,
}

/// What is wrong with an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a three-letter ISO 4217 code.
    #[error("currency {0:?} is not a three-letter ISO 4217 code")]
    Currency(String),
    /// Not a decimal number with as many places as the currency has.
    #[error("amount {0:?} is not a number with at most {1} decimal places")]
    Amount(String, u32),
}

impl Money {
    /// An amount of `minor` units of the ISO 4217 currency `code`.
    pub fn new(minor: i64, code: &str) -> Result<Self, MoneyError> {
        let currency = code.to_ascii_uppercase();
        if currency.len() == 3 && currency.bytes().all(|x| x.is_ascii_uppercase()) {
            Ok(Self { minor, currency })
        } else {
            Err(MoneyError::Currency(code.to_owned()))
        }
    }

    /// The ISO 4217 code.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// How many decimal places the currency `code` has (ISO 4217 exponents that differ from 2).
    pub fn places(code: &str) -> u32 {
        match code {
            "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "XAF" | "XOF" | "UGX" | "PYG" => 0,
            "BHD" | "KWD" | "OMR" | "TND" | "JOD" | "IQD" | "LYD" => 3,
            _ => 2,
        }
    }

    /// Reads a decimal number such as `1,234.50`, `1.234,50` or `12,50` into minor units. A comma that parts no group of three digits is a
    /// decimal comma.
    pub fn parse_minor(text: &str, code: &str) -> Result<i64, MoneyError> {
        let places = Self::places(code);
        let wrong = || MoneyError::Amount(text.to_owned(), places);
        let cleaned: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}')).collect();
        let (negative, digits) = match cleaned.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, cleaned.as_str()),
        };
        let (whole, part) = split_decimals(digits).ok_or_else(wrong)?;
        let width = usize::try_from(places).unwrap_or(2);
        if whole.is_empty() || part.len() > width || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let minor: i64 = format!("{whole}{part:0<width$}").parse().map_err(|_| wrong())?;
        Ok(if negative { -minor } else { minor })
    }
}

/// The whole units without the signs between groups of three, and the decimals; nothing when the groups are none.
fn split_decimals(digits: &str) -> Option<(String, &str)> {
    let (whole, part, group) = match (digits.rfind('.'), digits.rfind(',')) {
        (Some(point), Some(comma)) if comma > point => (digits.get(..comma)?, digits.get(comma + 1..)?, '.'),
        (None, Some(comma)) if digits.len() - comma - 1 != 3 => (digits.get(..comma)?, digits.get(comma + 1..)?, '.'),
        (Some(point), _) => (digits.get(..point)?, digits.get(point + 1..)?, ','),
        (None, _) => (digits, "", ','),
    };
    let mut groups = whole.split(group);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let fits = rest.is_empty() || ((1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3));
    fits.then(|| (std::iter::once(first).chain(rest).collect(), part))
}

impl fmt::Display for Money {
    /// `1234.50 EUR`; pages use the locale's own form instead.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = Self::places(self.currency());
        let unit = 10_u64.pow(places);
        let sign = if self.minor < 0 { "-" } else { "" };
        let size = self.minor.unsigned_abs();
        match places {
            0 => write!(f, "{sign}{size} {}", self.currency()),
            _ => write!(f, "{sign}{}.{:0width$} {}", size / unit, size % unit, self.currency(), width = places as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_minor_units() {
        assert_eq!(Money::parse_minor("29.33", "USD"), Ok(2933));
        assert_eq!(Money::parse_minor("1,234.5", "EUR"), Ok(123_450));
        assert_eq!(Money::parse_minor("-7", "EUR"), Ok(-700));
        assert_eq!(Money::parse_minor("7", "JPY"), Ok(7));
        assert!(Money::parse_minor("7.123", "EUR").is_err());
        for (typed, minor) in
            [("12,50", 1250), ("1234,5", 123_450), ("1.234,50", 123_450), ("1,234", 123_400), ("1,234,567.89", 123_456_789)]
        {
            assert_eq!(Money::parse_minor(typed, "EUR"), Ok(minor), "{typed}");
        }
        for wrong in ["1,23,4.5", "1234,567", "12,3456", "1.2.3", "1,2,3"] {
            assert!(Money::parse_minor(wrong, "EUR").is_err(), "{wrong}");
        }
        assert!(Money::parse_minor("", "EUR").is_err());
    }

    #[test]
    fn it_prints_what_it_holds() {
        assert_eq!(Money::new(-123_450, "eur").unwrap().to_string(), "-1234.50 EUR");
        assert_eq!(Money::new(7, "JPY").unwrap().to_string(), "7 JPY");
        assert!(Money::new(1, "EURO").is_err());
    }
}
