//! How people are found: a folded word list per contact, matched by word beginnings; CJK by pairs of characters; phone numbers by any part.
//!
//! The index is SQLite FTS5 or a PostgreSQL GIN over the same words, so both engines find the same people. `match_sql` is the only place with two texts.

use std::collections::BTreeMap;

use attune_db::{Column, Conflict, DbError, Engine, Relation, Sql, Tx, Value, params, sql};

/// The most words kept per contact.
const WORDS: usize = 80;
/// A word is cut behind this many characters.
const WORD_CHARS: usize = 40;
/// So many digits of a phone number in a row are a word. All people share ten thousand of them, where every ending of every number would be a
/// word of its own: the index is half as large and written twice as fast.
const GRAM: usize = 4;

fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// The base letters of an accented Latin letter: é → e, ß → ss; other characters in lower case.
fn push_folded(word: &mut String, c: char) {
    for c in c.to_lowercase() {
        match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' => word.push('a'),
            'æ' => word.push_str("ae"),
            'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => word.push('c'),
            'ď' | 'đ' | 'ð' => word.push('d'),
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => word.push('e'),
            'ĝ' | 'ğ' | 'ġ' | 'ģ' => word.push('g'),
            'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => word.push('i'),
            'ķ' => word.push('k'),
            'ĺ' | 'ļ' | 'ľ' | 'ł' => word.push('l'),
            'ñ' | 'ń' | 'ņ' | 'ň' => word.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => word.push('o'),
            'œ' => word.push_str("oe"),
            'ŕ' | 'ŗ' | 'ř' => word.push('r'),
            'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => word.push('s'),
            'ß' => word.push_str("ss"),
            'ţ' | 'ť' | 'ț' | 'þ' => word.push('t'),
            'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => word.push('u'),
            'ý' | 'ÿ' => word.push('y'),
            'ź' | 'ż' | 'ž' => word.push('z'),
            // Combining marks that lower-casing leaves behind.
            '\u{300}'..='\u{36f}' => {}
            other => word.push(other),
        }
    }
}

/// A stretch of text: letters and digits, or characters written without spaces.
enum Run {
    Word(String),
    Cjk(Vec<char>),
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open = false;
    for c in text.chars() {
        if !c.is_alphanumeric() {
            open = false;
        } else if is_cjk(c) {
            match runs.last_mut() {
                Some(Run::Cjk(chars)) if open => chars.push(c),
                _ => runs.push(Run::Cjk(vec![c])),
            }
            open = true;
        } else {
            match runs.last_mut() {
                Some(Run::Word(word)) if open => push_folded(word, c),
                _ => {
                    let mut word = String::new();
                    push_folded(&mut word, c);
                    runs.push(Run::Word(word));
                }
            }
            open = true;
        }
    }
    runs.retain(|run| !matches!(run, Run::Word(word) if word.is_empty()));
    runs
}

fn cut(word: &str) -> String {
    word.chars().take(WORD_CHARS).collect()
}

/// What the words of addresses and numbers begin with in the index of PostgreSQL, whose words have no columns. Nobody can type it into a
/// search: it is neither a letter nor a digit.
const OF_ADDRESS: char = '\u{e000}';

/// The words somebody is found by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Of the name, the company and the outside id.
    pub open: String,
    /// Of the e-mail address, and every [`GRAM`] digits in a row of the phone number, as far as they are not open anyway.
    pub hidden: String,
}

/// The word list of a contact.
pub fn words<'t>(open: impl IntoIterator<Item = &'t str>, addresses: impl IntoIterator<Item = &'t str>, phone_key: Option<&str>) -> Words {
    let open = in_order(words_of(open), WORDS);
    let mut hidden = words_of(addresses);
    hidden.extend(phone_key.into_iter().flat_map(grams));
    hidden.retain(|word| open.binary_search(word).is_err());
    let hidden = in_order(hidden, WORDS - open.len());
    // Neither is empty: the index of PostgreSQL takes no empty word.
    let text = |words: Vec<String>| if words.is_empty() { "-".to_owned() } else { words.join(" ") };
    Words { open: text(open), hidden: text(hidden) }
}

/// The digits of a number, so many in a row at a time.
fn grams(digits: &str) -> impl Iterator<Item = String> + '_ {
    (0..=digits.len().saturating_sub(GRAM)).filter_map(|from| digits.get(from..from + GRAM).map(str::to_owned))
}

/// Each once, at most `most`.
fn in_order(mut words: Vec<String>, most: usize) -> Vec<String> {
    words.sort_unstable();
    words.dedup();
    words.truncate(most);
    words
}

fn words_of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for run in texts.into_iter().flat_map(runs) {
        match run {
            Run::Word(word) => words.push(cut(&word)),
            Run::Cjk(chars) => {
                words.extend(chars.windows(2).map(|pair| pair.iter().collect::<String>()));
                words.extend(chars.last().map(char::to_string));
            }
        }
    }
    words
}

/// Where the words of a search may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Anywhere in a word list.
    Everything,
    /// Not in an address or number: else whoever sees a mask could guess what it hides letter by letter.
    Open,
}

/// (a word, whether its beginning is enough).
type Term = (String, bool);

/// What must all be in a contact's word list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query(Vec<Term>);

impl Query {
    /// Reads what somebody typed; `None` when there is nothing to look for.
    pub fn parse(typed: &str) -> Option<Self> {
        let is_number = typed.chars().filter(char::is_ascii_digit).count() >= GRAM
            && typed.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '+' | '-' | '(' | ')' | '.' | '/'));
        if is_number {
            let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
            let shorter = if typed.trim_start().starts_with("00") { digits.trim_start_matches('0').to_owned() } else { digits.clone() };
            // Nothing but noughts says no more than it is.
            let digits = if shorter.len() < GRAM { digits } else { shorter };
            return Some(Self(vec![(cut(&digits), true)]));
        }
        let mut wanted: Vec<(String, bool)> = Vec::new();
        for run in runs(typed) {
            match run {
                Run::Word(word) => {
                    let long = word.chars().count() > 1;
                    wanted.push((cut(&word), long));
                }
                Run::Cjk(chars) if chars.len() == 1 => wanted.extend(chars.first().map(|c| (c.to_string(), true))),
                Run::Cjk(chars) => wanted.extend(chars.windows(2).map(|pair| (pair.iter().collect::<String>(), false))),
            }
        }
        wanted.truncate(12);
        (!wanted.is_empty()).then_some(Self(wanted))
    }

    /// The sub-select of the ids that match; where there may be parts of a number among the words, some come twice.
    pub fn match_sql(&self, engine: Engine, reach: Reach) -> Sql {
        let sql = words_sql(engine, &self.0, reach);
        let Some((digits, words)) = self.in_grams().filter(|_| reach == Reach::Everything) else { return sql };
        let mut both = Sql::new("SELECT w.id FROM (");
        both.append(&sql).push(") AS w UNION ALL SELECT n.id FROM (").append(&words_sql(engine, &words, reach));
        both.push(") AS n CROSS JOIN contacts k WHERE k.id = n.id");
        for part in digits {
            // The words say that all of it is in the number, not that it is there in this order.
            both.push(" AND k.phone_key LIKE ").bind(format!("%{part}%"));
        }
        both
    }

    /// Whether there may be parts of a number among the words.
    pub fn may_be_of_number(&self) -> bool {
        self.in_grams().is_some()
    }

    /// The words that may be parts of a number longer than a word of one, and the same search with those words in their place.
    fn in_grams(&self) -> Option<(Vec<&str>, Vec<Term>)> {
        let is_part = |word: &str| word.len() > GRAM && word.bytes().all(|b| b.is_ascii_digit());
        let (parts, mut words): (Vec<_>, Vec<_>) = self.0.iter().cloned().partition(|(word, _)| is_part(word));
        words.extend(parts.iter().flat_map(|(digits, _)| grams(digits).map(|gram| (gram, false)).collect::<Vec<_>>()));
        let digits: Vec<&str> = self.0.iter().map(|(word, _)| word.as_str()).filter(|word| is_part(word)).collect();
        (!digits.is_empty()).then_some((digits, words))
    }
}

fn words_sql(engine: Engine, words: &[(String, bool)], reach: Reach) -> Sql {
    let mut sql = Sql::new("SELECT rowid AS id FROM contact_search WHERE ");
    match engine {
        Engine::Lite => sql.push("contact_search MATCH ").bind(lite_terms(words, reach)),
        Engine::Pg => sql
            .push(WORDS_OF_PG)
            .push(" @@ CAST(CAST(")
            .bind(pg_terms(words, reach))
            // Behind `OFFSET` the planner does not hope that few rows of the list will do and read all texts for them.
            .push(" AS TEXT) AS tsquery) OFFSET 0"),
    };
    sql
}

fn lite_terms(words: &[(String, bool)], reach: Reach) -> String {
    let term = |(word, begins): &(String, bool)| format!("\"{word}\"{}", if *begins { "*" } else { "" });
    let all = words.iter().map(term).collect::<Vec<_>>().join(" AND ");
    if reach == Reach::Open { format!("{{open}}: ({all})") } else { all }
}

fn pg_terms(words: &[(String, bool)], reach: Reach) -> String {
    let term = |(word, begins): &(String, bool)| {
        let prefix = if *begins { ":*" } else { "" };
        let open = format!("'{word}'{prefix}");
        if reach == Reach::Open { open } else { format!("({open} | '{OF_ADDRESS}{word}'{prefix})") }
    };
    words.iter().map(term).collect::<Vec<_>>().join(" & ")
}

/// The words of a row, as the index of PostgreSQL has them.
const WORDS_OF_PG: &str = "array_to_tsvector(string_to_array(open || replace(' ' || hidden, ' ', ' \u{e000}'), ' '))";

/// Word lists that are written together, later: the index takes many at once for little more than a few. Of a contact the newest counts.
#[derive(Default)]
pub(crate) struct WordLists {
    fresh: BTreeMap<i64, Words>,
    renewed: BTreeMap<i64, Words>,
}

impl WordLists {
    /// Adds the list of a contact that has none yet.
    pub(crate) fn add(&mut self, id: i64, words: Words) {
        self.fresh.insert(id, words);
    }

    /// Puts a list in the place of the one there is.
    pub(crate) fn renew(&mut self, id: i64, words: Words) {
        match self.fresh.get_mut(&id) {
            Some(waiting) => *waiting = words,
            None => {
                self.renewed.insert(id, words);
            }
        }
    }

    /// Writes what was gathered.
    pub(crate) async fn write(&mut self, tx: &mut Tx) -> Result<(), DbError> {
        put(tx, std::mem::take(&mut self.fresh), true).await?;
        put(tx, std::mem::take(&mut self.renewed), false).await
    }
}

/// Replaces the word lists of these contacts: (id, words).
pub(crate) async fn put(tx: &mut Tx, lists: impl IntoIterator<Item = (i64, Words)>, fresh: bool) -> Result<(), DbError> {
    let mut rows = Relation::new(&[("rowid", Column::Int), ("open", Column::Text), ("hidden", Column::Text)]);
    for (id, Words { open, hidden }) in lists {
        rows.push(vec![Value::Int(id), Value::Text(open), Value::Text(hidden)]);
    }
    if !fresh {
        tx.exec_from(sql!("DELETE FROM contact_search WHERE rowid IN (SELECT r.rowid FROM {rows} AS r)"), &rows, params![]).await?;
    }
    tx.insert("contact_search", &rows, Conflict::Fail).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_cjk_is_paired() {
        let is = |open: &str, hidden: &str| Words { open: open.into(), hidden: hidden.into() };
        assert_eq!(words(["Elsa Jónsdóttir"], ["elsa@Fisk.example"], None), is("elsa jonsdottir", "example fisk"));
        assert_eq!(words(["王小明"], [], None), is("小明 明 王小", "-"));
        assert_eq!(words([], [], Some("492315")), is("-", "2315 4923 9231"));
        assert_eq!(words([], [], Some("110")), is("-", "-"));
    }

    #[test]
    fn a_query_asks_for_beginnings_pairs_and_digits() {
        let parsed = |typed: &str| Query::parse(typed).map(|q| q.0);
        assert_eq!(parsed("Jóns a"), Some(vec![("jons".into(), true), ("a".into(), false)]));
        assert_eq!(parsed("小明"), Some(vec![("小明".into(), false)]));
        assert_eq!(parsed("\u{e000}elsa"), Some(vec![("elsa".into(), true)]), "the mark cannot be typed");
        assert_eq!(parsed("王"), Some(vec![("王".into(), true)]));
        assert_eq!(parsed("+49 231-555"), Some(vec![("49231555".into(), true)]));
        assert_eq!(parsed(" ' \" ) "), None);
    }

    #[test]
    fn digits_are_looked_for_within_numbers() {
        let grams = |typed: &str| Query::parse(typed).and_then(|query| query.in_grams().map(|(digits, words)| (digits.join(" "), words)));
        let word = |word: &str, begins: bool| (word.to_owned(), begins);
        assert_eq!(grams("4 92 315"), Some(("492315".into(), vec![word("4923", false), word("9231", false), word("2315", false)])));
        assert_eq!(grams("Anna 23155"), Some(("23155".into(), vec![word("anna", true), word("2315", false), word("3155", false)])));
        assert_eq!((grams("2315"), grams("Anna x23155")), (None, None), "a word of its own, and no number");
    }
}
