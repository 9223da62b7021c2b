//! Cuts a rule's text into words, texts in quotes, numbers, days, spans and signs.

use super::ParseError;
use crate::segment::rule::{Day, Span};

/// A piece of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// A word: `and`, `city`, `page.viewed`.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// A day.
    Day(Day),
    /// A time span.
    Span(Span),
    /// `(`, `)`, `,` or a comparison.
    Sign(&'static str),
}

/// A piece and where it starts, in characters from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// The piece.
    pub piece: Piece,
    /// Its place.
    pub at: usize,
}

const SIGNS: [&str; 12] = ["(", ")", ",", ">=", "<=", "!=", "<>", "==", "=", "<", ">", "-"];

/// All pieces of `text`.
pub fn tokens(text: &str) -> Result<Vec<Token>, ParseError> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let rest = chars.get(at..).unwrap_or_default();
        let (piece, length) = match c {
            '"' | '“' | '”' => quoted(rest, start)?,
            c if c.is_ascii_digit() || (c == '-' && rest.get(1).is_some_and(char::is_ascii_digit)) => numeric(rest, start)?,
            c if is_word_start(c) => word(rest),
            _ => sign(rest, start)?,
        };
        found.push(Token { piece, at: start + 1 });
        at += length;
    }
    Ok(found)
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn word(rest: &[char]) -> (Piece, usize) {
    let word: String = rest.iter().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')).collect();
    let length = word.chars().count();
    (Piece::Word(word), length)
}

fn quoted(rest: &[char], start: usize) -> Result<(Piece, usize), ParseError> {
    let mut text = String::new();
    let mut escaped = false;
    for (index, c) in rest.iter().enumerate().skip(1) {
        match c {
            _ if escaped => {
                text.push(*c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' | '”' | '“' => return Ok((Piece::Text(text), index + 1)),
            _ => text.push(*c),
        }
    }
    Err(ParseError::new(start + 1, "rule-error-quote", "the quotation mark is not closed"))
}

fn numeric(rest: &[char], start: usize) -> Result<(Piece, usize), ParseError> {
    let raw: String = rest
        .iter()
        .enumerate()
        .take_while(|(i, c)| c.is_alphanumeric() || **c == '.' || **c == '-' && (*i == 0 || rest.get(4) == Some(&'-')))
        .map(|(_, c)| c)
        .collect();
    let length = raw.chars().count();
    if let Ok(number) = raw.parse::<f64>()
        && number.is_finite()
    {
        return Ok((Piece::Number(number), length));
    }
    if let Ok(day) = raw.parse::<Day>() {
        return Ok((Piece::Day(day), length));
    }
    if let Ok(span) = raw.parse::<Span>() {
        return Ok((Piece::Span(span), length));
    }
    Err(ParseError::new(start + 1, "rule-error-number", "this is no number, no day such as 2026-11-20 and no time span such as 30d")
        .found(raw))
}

fn sign(rest: &[char], start: usize) -> Result<(Piece, usize), ParseError> {
    let full: String = rest
        .iter()
        .take(2)
        .map(|c| {
            if *c == '（' {
                '('
            } else if *c == '）' {
                ')'
            } else if *c == '，' {
                ','
            } else {
                *c
            }
        })
        .collect();
    match SIGNS.into_iter().find(|sign| full.starts_with(sign)) {
        Some(sign) => Ok((Piece::Sign(sign), sign.len())),
        None => {
            let found = rest.iter().take(1).collect::<String>();
            Err(ParseError::new(start + 1, "rule-error-character", "this character means nothing here").found(found))
        }
    }
}
