//! The two languages of the interface.

use std::fmt;
use std::str::FromStr;

/// A language Attune is complete in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// 简体中文.
    ZhCn,
}

impl Locale {
    /// Every language, in menu order.
    pub const ALL: [Locale; 2] = [Locale::En, Locale::ZhCn];

    /// The BCP 47 tag: `en` or `zh-CN`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// The language's name in itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::ZhCn => "中文",
        }
    }

    /// The best match for an `Accept-Language` header; English when none fits.
    pub fn from_accept_language(header: &str) -> Self {
        let wanted = header.split(',').filter_map(|part| {
            let mut pieces = part.trim().split(';');
            let tag = pieces.next()?.trim().to_ascii_lowercase();
            let weight = pieces.find_map(|p| p.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok())).unwrap_or(1.0);
            let locale = if tag.starts_with("zh") {
                Self::ZhCn
            } else if tag.starts_with("en") {
                Self::En
            } else {
                return None;
            };
            Some((locale, weight))
        });
        let mut best: Option<(Self, f32)> = None;
        for (locale, weight) in wanted {
            if best.is_none_or(|(_, top)| weight > top) {
                best = Some((locale, weight));
            }
        }
        best.map_or(Self::En, |(locale, _)| locale)
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Locale {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "en" => Ok(Self::En),
            "zh" | "zh-cn" | "zh-hans" | "zh_cn" => Ok(Self::ZhCn),
            other => Err(format!("language {other:?} is unknown: use en or zh-CN")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_wish_wins() {
        assert_eq!(Locale::from_accept_language("de, zh-CN;q=0.9, en;q=0.5"), Locale::ZhCn);
        assert_eq!(Locale::from_accept_language("en-GB,zh;q=0.8"), Locale::En);
        assert_eq!(Locale::from_accept_language("fr"), Locale::En);
    }
}
