//! Brings spellings of the same value together: letter case, accents, wide letters, Chinese characters, abbreviations, dates, phones.

use pinyin::ToPinyin;

/// Lower case, without accents and wide forms; everything that is neither letter nor digit becomes a space.
///
/// Apostrophes and full stops vanish instead of parting words: "o'neil" is "oneil", "s.a." is "sa".
pub(crate) fn fold(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for letter in value.trim().chars().map(narrow).flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            out.push(letter);
        } else if letter == '\'' || letter == '’' || letter == '\u{307}' {
        } else if let Some(plain) = plain(letter) {
            out.push_str(plain);
        } else if letter.is_alphanumeric() {
            out.push(letter);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Wide forms of Latin letters and digits, as Chinese keyboards type them, are the narrow ones.
fn narrow(letter: char) -> char {
    match u32::from(letter) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(letter),
        0x3000 => ' ',
        _ => letter,
    }
}

/// Latin letters without their marks.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' | 'ǎ' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' | 'ĉ' | 'ċ' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ŏ' | 'ő' | 'ǒ' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ǔ' => "u",
        'ü' | 'ǘ' | 'ǚ' | 'ǜ' | 'ǖ' => "ue",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

/// Whether a letter is a Chinese character.
pub(crate) fn is_han(letter: char) -> bool {
    matches!(u32::from(letter), 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF)
}

/// Surnames read differently than the same character elsewhere.
const SURNAMES: &[(char, &str)] = &[
    ('单', "shan"),
    ('曾', "zeng"),
    ('解', "xie"),
    ('仇', "qiu"),
    ('查', "zha"),
    ('区', "ou"),
    ('朴', "piao"),
    ('盖', "ge"),
    ('翟', "zhai"),
    ('乐', "yue"),
    ('缪', "miao"),
    ('员', "yun"),
    ('尉', "yu"),
    ('洗', "xian"),
];

/// Surnames of two characters.
const DOUBLE_SURNAMES: &[&str] =
    &["欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "东方", "独孤", "南宫", "端木", "百里"];

/// The sound of a character in Hanyu Pinyin (ISO 7098) without tones; "v" for "ü", as it is typed.
fn sound(letter: char) -> String {
    letter.to_pinyin().map_or_else(|| letter.to_string(), |pinyin| pinyin.plain().replace('ü', "v"))
}

/// Words of a folded value in Latin letters. Chinese names of persons become surname and given name, other Chinese text its
/// characters.
pub(crate) fn romanise(folded: &str, is_full_name: bool) -> Vec<String> {
    let mut words = Vec::new();
    for word in folded.split(' ').filter(|word| !word.is_empty()) {
        if !word.chars().any(is_han) {
            words.push(word.to_owned());
        } else if is_full_name && word.chars().all(is_han) && (2..=4).contains(&word.chars().count()) {
            words.extend(romanise_person(word));
        } else {
            words.extend(romanise_text(word));
        }
    }
    words
}

fn romanise_person(name: &str) -> Vec<String> {
    let surname_length = if DOUBLE_SURNAMES.iter().any(|surname| name.starts_with(surname)) { 2 } else { 1 };
    let surname: String = name.chars().take(surname_length).enumerate().map(|(at, letter)| surname_sound(letter, at == 0)).collect();
    let given: String = name.chars().skip(surname_length).map(sound).collect();
    [surname, given].into_iter().filter(|part| !part.is_empty()).collect()
}

fn surname_sound(letter: char, is_first: bool) -> String {
    let special = SURNAMES.iter().find(|(surname, _)| is_first && *surname == letter);
    special.map_or_else(|| sound(letter), |(_, sound)| (*sound).to_owned())
}

fn romanise_text(word: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut run = String::new();
    for letter in word.chars() {
        if is_han(letter) {
            words.extend((!run.is_empty()).then(|| std::mem::take(&mut run)));
            words.push(sound(letter));
        } else {
            run.push(letter);
        }
    }
    words.extend((!run.is_empty()).then_some(run));
    words
}

/// Words of addresses that are mostly written short, and the names of numbered streets.
const ADDRESS_WORDS: &[(&str, &str)] = &[
    ("st", "street"),
    ("sts", "street"),
    ("str", "street"),
    ("ave", "avenue"),
    ("av", "avenue"),
    ("blvd", "boulevard"),
    ("blv", "boulevard"),
    ("rd", "road"),
    ("dr", "drive"),
    ("ln", "lane"),
    ("la", "lane"),
    ("ct", "court"),
    ("crt", "court"),
    ("pl", "place"),
    ("sq", "square"),
    ("cres", "crescent"),
    ("cr", "crescent"),
    ("cct", "circuit"),
    ("cl", "close"),
    ("tce", "terrace"),
    ("hwy", "highway"),
    ("pkwy", "parkway"),
    ("apt", "apartment"),
    ("bldg", "building"),
    ("fl", "floor"),
    ("n", "north"),
    ("s", "south"),
    ("e", "east"),
    ("w", "west"),
    ("mt", "mount"),
    ("first", "1st"),
    ("second", "2nd"),
    ("third", "3rd"),
    ("fourth", "4th"),
    ("fifth", "5th"),
    ("sixth", "6th"),
    ("seventh", "7th"),
    ("eighth", "8th"),
    ("ninth", "9th"),
    ("tenth", "10th"),
];

/// The long form of a word of an address; "st" is a saint in the name of a city and a street elsewhere.
pub(crate) fn lengthen(word: &str, in_city: bool) -> &str {
    if in_city && word == "st" {
        return "saint";
    }
    ADDRESS_WORDS.iter().find(|(short, _)| *short == word).map_or(word, |(_, long)| long)
}

/// A day as `yyyymmdd`; `None` if the value is not one. A day that could be read both ways has its day first.
pub(crate) fn date(value: &str) -> Option<String> {
    let head = value.split(['T', ' ']).next().filter(|head| head.len() >= 8).unwrap_or(value);
    let parts: Vec<&str> = head.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let number = |part: &str| part.parse::<u32>().ok();
    let (year, month, day) = match parts.as_slice() {
        [all] if all.len() == 8 => {
            let all = number(all)?;
            (all / 10_000, all / 100 % 100, all % 100)
        }
        [year, month, day] if year.len() == 4 => (number(year)?, number(month)?, number(day)?),
        [day, month, year] if year.len() == 4 => {
            let (day, month) = (number(day)?, number(month)?);
            if month > 12 { (number(year)?, day, month) } else { (number(year)?, month, day) }
        }
        _ => return None,
    };
    ((1800..2200).contains(&year) && month <= 31 && day <= 31).then(|| format!("{year:04}{month:02}{day:02}"))
}

/// The digits of a telephone number without what is dialled before it abroad (ITU-T E.123: "+", "00") and without an extension.
pub(crate) fn phone(value: &str) -> String {
    let lower: String = value.chars().map(narrow).flat_map(char::to_lowercase).collect();
    let number = lower.split("ext").next().and_then(|number| number.split(['x', '#']).next()).unwrap_or(&lower);
    let digits: String = number.replace("(0)", "").chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').to_owned()
}

/// An e-mail address in lower case without the part of its mailbox after "+" (RFC 5233).
pub(crate) fn email(value: &str) -> String {
    let lower = value.trim().trim_start_matches("mailto:").to_lowercase();
    match lower.split_once('@') {
        Some((local, domain)) => {
            let local = local.split('+').next().unwrap_or(local);
            format!("{local}@{}", domain.trim_end_matches('.'))
        }
        None => lower,
    }
}
