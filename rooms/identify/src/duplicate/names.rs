//! Names of companies as they are compared: without the legal form, and, as Chinese names have it in front, without the company's own city.

use crate::company::{Company, name_key};

/// Legal forms as the last word of a name, folded and without full stops.
const FORMS: [&str; 49] = [
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "llc",
    "llp",
    "lp",
    "plc",
    "pty",
    "pte",
    "pvt",
    "sdn",
    "bhd",
    "gmbh",
    "mbh",
    "ag",
    "aktiengesellschaft",
    "kg",
    "kgaa",
    "ohg",
    "ug",
    "ev",
    "se",
    "sa",
    "sas",
    "sarl",
    "sl",
    "sau",
    "srl",
    "snc",
    "bv",
    "nv",
    "oy",
    "oyj",
    "ab",
    "as",
    "asa",
    "aps",
    "kft",
    "kk",
    "doo",
    "sro",
    "ltda",
    "eirl",
    "zrt",
];
/// Words that belong to a legal form behind them: `Fisk and Co`, `Fisk Private Limited`.
const BEFORE_FORMS: [&str; 2] = ["and", "private"];
/// Legal forms of several words, and one that is also an ordinary word, as they are written.
const WRITTEN: [&str; 3] = ["sp. z o.o.", "sp. z o. o.", "s.p.a."];

/// Legal forms as the end of a name written without spaces, the longer first; some Japanese and Korean ones stand in front as well.
const ENDINGS: [&str; 13] = [
    "股份有限公司",
    "有限责任公司",
    "有限責任公司",
    "有限公司",
    "股份公司",
    "集团公司",
    "公司",
    "株式会社",
    "合同会社",
    "有限会社",
    "주식회사",
    "유한회사",
    "(株)",
];
const BEGINNINGS: [&str; 5] = ["株式会社", "合同会社", "有限会社", "주식회사", "(株)"];

/// The shortest rest of a name whose city was taken off: what is shorter is a trade, such as 大学 or 银行.
const SHORTEST_REST: usize = 3;
/// What 市 belongs to when one of these follows: 市场, 市政, 市北 …
const BEHIND_SHI: [char; 8] = ['场', '政', '北', '南', '民', '中', '东', '西'];

/// Whether a name is written without spaces, each character saying as much as a syllable.
pub(super) fn is_dense(name: &str) -> bool {
    name.chars().any(|c| ('\u{3040}'..='\u{9fff}').contains(&c) || ('\u{ac00}'..='\u{d7af}').contains(&c))
}

/// A name without its legal form, folded: `ACME Widgets, Inc.` is `acme widgets`, `上海同频科技有限公司` is `上海同频科技`. A name that is
/// nothing else stays whole.
pub(crate) fn bare_name(name: &str) -> String {
    let whole = name_key(name);
    let written = WRITTEN.iter().find_map(|form| whole.strip_suffix(form)).unwrap_or(&whole);
    let behind = BEGINNINGS.iter().find_map(|form| written.strip_prefix(form)).unwrap_or(written);
    let spaced: String = behind.chars().filter(|c| *c != '.').map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let joined = without_forms(&words).join(" ");
    let bare = ENDINGS.iter().find_map(|ending| joined.strip_suffix(ending)).map(str::trim_end).filter(|bare| !bare.is_empty());
    let bare = bare.unwrap_or(&joined);
    if bare.is_empty() { whole } else { bare.to_owned() }
}

fn without_forms<'w>(words: &'w [&'w str]) -> &'w [&'w str] {
    let mut left = words;
    while let [first @ .., last] = left {
        let belongs = left.len() < words.len() && BEFORE_FORMS.contains(last);
        if first.is_empty() || !(belongs || FORMS.contains(last)) {
            break;
        }
        left = first;
    }
    left
}

/// A bare name without the company's own city in front: `上海同频科技` in 上海 is `同频科技`. Only of names written without spaces: elsewhere a
/// city in front is a word of the name, or the beginning of one.
fn placeless(bare: &str, city: Option<&str>) -> Option<String> {
    let city = name_key(city?.trim_end_matches('市'));
    let rest = Some(&city).filter(|city| is_dense(city) && city.chars().count() > 1).and_then(|city| bare.strip_prefix(city.as_str()))?;
    let rest = rest.strip_prefix('市').filter(|behind| !behind.starts_with(BEHIND_SHI)).unwrap_or(rest);
    (rest.chars().count() >= SHORTEST_REST).then(|| rest.to_owned())
}

/// What a company may be called, the bare name first; nothing when it has none.
pub(super) fn names(company: &Company) -> Vec<String> {
    let bare = bare_name(&company.name);
    let short = placeless(&bare, company.city.as_deref());
    std::iter::once(bare).chain(short).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legal_form_says_nothing_about_which_company_it_is() {
        for (name, bare) in [
            ("ACME Widgets, Inc.", "acme widgets"),
            ("Acme Widgets Incorporated", "acme widgets"),
            ("Müller & Söhne GmbH & Co. KG", "müller söhne"),
            ("Fisk A.S.", "fisk"),
            ("Kowalski Sp. z o.o.", "kowalski"),
            ("Barilla S.p.A.", "barilla"),
            ("Fisk Private Limited", "fisk"),
            ("Fisk and Co", "fisk"),
            ("上海同频科技有限公司", "上海同频科技"),
            ("上海同频科技股份有限公司", "上海同频科技"),
            ("株式会社アトラス", "アトラス"),
            ("주식회사 한빛", "한빛"),
            // What looks like a form and is none.
            ("Serenity Spa", "serenity spa"),
            ("Generation Z", "generation z"),
            ("公司宝科技有限公司", "公司宝科技"),
            ("有限公司", "有限公司"),
            ("Co", "co"),
            ("Company of Heroes", "company of heroes"),
            ("H&M", "h m"),
        ] {
            assert_eq!(bare_name(name), bare, "{name}");
        }
    }

    #[test]
    fn the_own_city_in_front_is_left_out_of_names_written_without_spaces() {
        for (bare, city, rest) in [
            ("上海同频科技", Some("上海市"), Some("同频科技")),
            ("深圳市同频科技", Some("深圳"), Some("同频科技")),
            ("上海市北高新", Some("上海"), Some("市北高新")),
            ("上海同频科技", Some("北京"), None),
            ("上海同频科技", None, None),
            ("北京大学", Some("北京"), None),
            ("berliner bäckerei", Some("Berlin"), None),
            ("омский завод", Some("Омск"), None),
            ("leeds foods", Some("Leeds"), None),
        ] {
            assert_eq!(placeless(bare, city).as_deref(), rest, "{bare} {city:?}");
        }
    }
}
