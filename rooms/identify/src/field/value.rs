//! Values of fields: how they are read, kept, shown and written out again. Pure.

use attune_kernel::{DAY_US, Money, fold_key};
use serde_json::{Number, Value as Json};

use super::{Field, FieldKind, FieldOption, Typed, reference};

/// What stands between several options in one cell. Commas part them only where none of these does, so that labels may hold commas.
const STRONG: [char; 4] = [';', '；', '|', '\n'];
const WEAK: [char; 3] = [',', '，', '、'];

/// A number as it is typed: one near nought without a power of ten, which nothing that reads degrees takes for digits.
pub(crate) fn decimal(number: &Number) -> String {
    let text = number.to_string();
    match number.as_f64() {
        Some(small) if text.contains('e') && (1e-20..1.0).contains(&small.abs()) => small.to_string(),
        _ => text,
    }
}

/// What was sent as JSON, in the form in which it can be typed: lists become parts.
pub(crate) fn text_of(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Number(number) => decimal(number),
        Json::Array(parts) => parts.iter().map(text_of).collect::<Vec<_>>().join(";"),
        other => other.to_string(),
    }
}

impl Field {
    /// Reads a value as typed or as it stands in a file, not empty; the locale key of what is wrong when it does not fit.
    pub fn read(&self, text: &str) -> Result<Json, &'static str> {
        let wrong = self.kind.wrong_key();
        match self.kind {
            FieldKind::Money => self.read_money(text).map(Json::from).ok_or(wrong),
            FieldKind::Choice => self.option(text).map(|option| Json::from(option.key.as_str())).ok_or(wrong),
            FieldKind::Choices => {
                let chosen: Vec<&str> = self
                    .parts(text)
                    .into_iter()
                    .map(|part| self.option(part).map(|o| o.key.as_str()))
                    .collect::<Option<_>>()
                    .ok_or(wrong)?;
                Ok(self.in_order(|option| chosen.contains(&option.key.as_str())))
            }
            plain => plain.read(text).ok_or(wrong),
        }
    }

    /// The values a text names, each once.
    pub(crate) fn parts<'t>(&self, text: &'t str) -> Vec<&'t str> {
        if self.kind != FieldKind::Choices || self.option(text).is_some() {
            return vec![text.trim()];
        }
        let parts: Vec<&str> = if text.contains(STRONG) { text.split(STRONG).collect() } else { text.split(WEAK).collect() };
        let mut seen: Vec<&str> = Vec::new();
        for part in parts.into_iter().map(str::trim).filter(|part| !part.is_empty()) {
            if !seen.contains(&part) {
                seen.push(part);
            }
        }
        seen
    }

    /// The option with this key or, whatever the case, this label.
    pub(crate) fn option(&self, text: &str) -> Option<&FieldOption> {
        let folded = fold_key(text);
        let live = || self.options.iter().filter(|option| !option.gone);
        live().find(|option| option.key == text.trim()).or_else(|| live().find(|option| fold_key(&option.label) == folded))
    }

    fn in_order(&self, chosen: impl Fn(&FieldOption) -> bool) -> Json {
        self.options.iter().filter(|option| chosen(option)).map(|option| option.key.as_str()).collect()
    }

    /// `1,200.50`, `1200.5 EUR`, `EUR 1200.5` or `€1200.5`; another currency than the field's does not fit.
    fn read_money(&self, text: &str) -> Option<String> {
        let code = self.currency.as_deref()?;
        let sign = match code {
            "EUR" => "€",
            "USD" => "$",
            "GBP" => "£",
            "CNY" | "JPY" => "¥",
            "KRW" => "₩",
            "INR" => "₹",
            _ => code,
        };
        let (text, lower) = (text.trim(), text.trim().to_ascii_uppercase());
        let bare = [code, sign].into_iter().find_map(|mark| lower.strip_prefix(mark).or_else(|| lower.strip_suffix(mark)));
        let minor = Money::parse_minor(bare.unwrap_or(text), code).ok()?;
        // What a table keeps as a float stays exact up to here.
        (minor.unsigned_abs() < 1 << 53).then(|| Money::new(minor, code).ok()).flatten().map(|money| money.to_string())
    }

    /// Minor units of a kept amount.
    fn minor(&self, value: &Json) -> Option<i64> {
        let (code, text) = (self.currency.as_deref()?, value.as_str()?);
        Money::parse_minor(text.strip_suffix(code)?, code).ok()
    }

    /// The value as the typed tables hold it; `None` when the JSON does not fit the kind.
    pub(crate) fn typed(&self, value: &Json) -> Option<Typed> {
        match self.kind {
            FieldKind::Text => value.as_str().map(|text| Typed::Text(text.to_owned())),
            FieldKind::Number => value.as_f64().map(Typed::Number),
            FieldKind::Money => self.minor(value).map(|minor| Typed::Number(minor as f64)),
            FieldKind::Bool => value.as_bool().map(|yes| Typed::Number(f64::from(u8::from(yes)))),
            FieldKind::Date => value.as_str().and_then(|text| text.parse::<jiff::civil::Date>().ok()).and_then(|date| {
                let days = date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
                Some(Typed::Number((i64::from(days) * DAY_US) as f64))
            }),
            FieldKind::Choice | FieldKind::Choices => {
                let known = self.kept(value).into_iter().filter(|key| self.options.iter().any(|option| option.key == *key));
                Some(Typed::Choices(known.map(str::to_owned).collect()))
            }
            FieldKind::Contact | FieldKind::Company => reference::kept(self, value).map(Typed::Reference),
        }
    }

    /// The keys of the options a value holds.
    pub(crate) fn kept<'v>(&self, value: &'v Json) -> Vec<&'v str> {
        match value {
            Json::String(key) => vec![key.as_str()],
            Json::Array(keys) => keys.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn labels(&self, value: &Json) -> Vec<String> {
        let kept = self.kept(value);
        self.options.iter().filter(|option| kept.contains(&option.key.as_str())).map(|option| option.label.clone()).collect()
    }

    /// The value in the reader's words.
    pub fn shown(&self, l: &attune_web::Lang, value: &Json) -> String {
        match self.kind {
            FieldKind::Money => {
                let minor = self.minor(value).zip(self.currency.as_deref());
                minor.map_or_else(|| super::shown(l, value), |(minor, code)| l.money(minor, code).to_string())
            }
            FieldKind::Choice | FieldKind::Choices => l.list(&self.labels(value)).to_string(),
            FieldKind::Contact | FieldKind::Company => reference::in_words(l, value),
            _ => super::shown(l, value),
        }
    }

    /// The value as a file holds it: what an import reads again.
    pub(crate) fn plain(&self, value: &Json) -> Json {
        match self.kind {
            FieldKind::Choice | FieldKind::Choices if !value.is_null() => Json::from(self.labels(value).join("; ")),
            FieldKind::Contact | FieldKind::Company => reference::in_file(value),
            _ => value.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::field::Subject;

    fn field(kind: FieldKind) -> Field {
        let option = |key: &str, label: &str| FieldOption { key: key.into(), label: label.into(), gone: false };
        let options = vec![option("gold", "Gold"), option("silver", "Silver"), option("small_big", "Small, big"), option("铜", "铜牌")];
        Field {
            id: 1,
            subject: Subject::Contact,
            key: "k".into(),
            label: "K".into(),
            kind,
            currency: Some("EUR".into()),
            options,
            import_id: None,
        }
    }

    #[test]
    fn money_is_read_in_the_fields_currency() {
        let money = field(FieldKind::Money);
        for text in ["1,200.50", "1200.5 EUR", "EUR 1200.5", "€1,200.50", "eur1200.5"] {
            assert_eq!(money.read(text), Ok(json!("1200.50 EUR")), "{text}");
        }
        for text in ["1200.5 USD", "1.234", "many", "", "99999999999999999999"] {
            assert_eq!(money.read(text), Err("field-not-money"), "{text}");
        }
        assert_eq!(money.typed(&json!("-0.05 EUR")), Some(Typed::Number(-5.0)));
        assert_eq!(money.typed(&json!("7 USD")), None);
    }

    #[test]
    fn options_are_known_by_key_and_by_label() {
        let one = field(FieldKind::Choice);
        assert_eq!(one.read(" GOLD "), Ok(json!("gold")));
        assert_eq!(one.read("small, BIG"), Ok(json!("small_big")));
        assert_eq!(one.read("bronze"), Err("field-no-such-option"));
        let many = field(FieldKind::Choices);
        assert_eq!(many.read("silver, gold,silver"), Ok(json!(["gold", "silver"])));
        assert_eq!(many.read("Small, big; 铜牌"), Ok(json!(["small_big", "铜"])));
        assert_eq!(many.read("gold; bronze"), Err("field-no-such-option"));
        assert_eq!(many.plain(&json!(["gold", "small_big"])), json!("Gold; Small, big"));
    }

    #[test]
    fn what_is_gone_cannot_be_chosen_and_days_count_from_1970() {
        let mut one = field(FieldKind::Choice);
        one.options[0].gone = true;
        assert_eq!(one.read("gold"), Err("field-no-such-option"));
        assert_eq!(field(FieldKind::Date).typed(&json!("1970-01-02")), Some(Typed::Number(86_400_000_000.0)));
    }

    proptest! {
        #[test]
        fn an_amount_survives_its_text(minor in -9_007_199_254_740_991_i64..9_007_199_254_740_991) {
            let money = field(FieldKind::Money);
            let kept = Json::from(Money::new(minor, "EUR").unwrap().to_string());
            prop_assert_eq!(money.read(kept.as_str().unwrap()), Ok(kept.clone()));
            prop_assert_eq!(money.typed(&kept), Some(Typed::Number(minor as f64)));
        }

        #[test]
        fn what_is_exported_is_read_again(chosen in prop::collection::btree_set(0_usize..4, 1..4)) {
            let many = field(FieldKind::Choices);
            let kept: Json = chosen.iter().map(|at| many.options[*at].key.as_str()).collect();
            prop_assert_eq!(many.read(many.plain(&kept).as_str().unwrap()), Ok(kept));
        }
    }
}
