//! Reads a rule from text, by recursive descent.

use super::lexer::{Piece, Token, tokens};
use crate::segment::rule::{
    Cmp, Count, EventCondition, FieldCondition, MAX_CONDITIONS, MAX_DEPTH, Rule, ScoreCondition, ScoreName, SegmentCondition, Subject,
    Test, Window,
};

/// What is wrong with a rule and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {at})")]
pub struct ParseError {
    /// Where, in characters from 1.
    pub at: usize,
    /// The text that says it in the reader's language; has the placeholders `at` and `found`.
    pub key: &'static str,
    /// What was found there; empty at the end.
    pub found: String,
    /// The same in English, for the command line and the API.
    pub message: String,
}

impl ParseError {
    pub(super) fn new(at: usize, key: &'static str, message: &str) -> Self {
        Self { at, key, found: String::new(), message: message.to_owned() }
    }

    pub(super) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = found.into();
        if !self.found.is_empty() {
            self.message = format!("{}: {:?}", self.message, self.found);
        }
        self
    }
}

/// Reads a rule. Names of fields, events and segments are not looked up here: that is the compiler's work.
pub fn parse(text: &str) -> Result<Rule, ParseError> {
    let end = text.chars().count() + 1;
    let mut parser = Parser { tokens: tokens(text)?, next: 0, end, depth: 0 };
    let rule = parser.either()?;
    if let Some(token) = parser.peek().cloned() {
        return Err(parser.wrong(&token, "rule-error-join", "expected “and”, “or” or the end"));
    }
    let rule = rule.normal();
    if rule.depth() > MAX_DEPTH {
        return Err(ParseError::new(1, "rule-error-depth", "groups are nested deeper than three levels"));
    }
    if rule.conditions().len() > MAX_CONDITIONS {
        return Err(ParseError::new(1, "rule-error-long", "a rule has at most 50 conditions"));
    }
    Ok(rule)
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    end: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(self.peek(), Some(Token { piece: Piece::Word(word), .. }) if word.eq_ignore_ascii_case(wanted))
    }

    fn eat_word(&mut self, wanted: &str) -> bool {
        let is = self.is_word(wanted);
        self.next += usize::from(is);
        is
    }

    fn eat_sign(&mut self, wanted: &str) -> bool {
        let is = matches!(self.peek(), Some(Token { piece: Piece::Sign(sign), .. }) if *sign == wanted);
        self.next += usize::from(is);
        is
    }

    fn wrong(&self, token: &Token, key: &'static str, message: &str) -> ParseError {
        ParseError::new(token.at, key, message).found(written(&token.piece))
    }

    fn expected<T>(&self, key: &'static str, message: &str) -> Result<T, ParseError> {
        match self.peek() {
            Some(token) => Err(self.wrong(token, key, message)),
            None => Err(ParseError::new(self.end, key, message)),
        }
    }

    fn either(&mut self) -> Result<Rule, ParseError> {
        let mut members = vec![self.both()?];
        while self.eat_word("or") {
            members.push(self.both()?);
        }
        Ok(if members.len() == 1 { members.remove(0) } else { Rule::Any(members) })
    }

    fn both(&mut self) -> Result<Rule, ParseError> {
        let mut members = vec![self.one()?];
        while self.eat_word("and") {
            members.push(self.one()?);
        }
        Ok(if members.len() == 1 { members.remove(0) } else { Rule::All(members) })
    }

    fn one(&mut self) -> Result<Rule, ParseError> {
        if self.eat_word("not") {
            return Ok(Rule::None(vec![self.deeper(Self::one)?]));
        }
        if self.eat_sign("(") {
            let rule = self.deeper(Self::either)?;
            if !self.eat_sign(")") {
                return self.expected("rule-error-bracket", "expected “)”");
            }
            return Ok(rule);
        }
        self.condition()
    }

    /// Bounds the recursion, whatever the text.
    fn deeper(&mut self, read: fn(&mut Self) -> Result<Rule, ParseError>) -> Result<Rule, ParseError> {
        self.depth += 1;
        if self.depth > 40 {
            return self.expected("rule-error-depth", "groups are nested deeper than three levels");
        }
        let rule = read(self);
        self.depth -= 1;
        rule
    }

    fn condition(&mut self) -> Result<Rule, ParseError> {
        let Some(Token { piece: Piece::Word(word), .. }) = self.peek().cloned() else {
            return self.expected("rule-error-condition", "expected a condition such as score >= 20 or event page.viewed");
        };
        self.next += 1;
        match word.to_ascii_lowercase().as_str() {
            "everyone" => Ok(Rule::everyone()),
            "event" | "did" => self.event(),
            "score" => self.score(ScoreName::Engagement),
            "fit" => self.score(ScoreName::Fit),
            "in" => self.segment(),
            field => self.field(field.to_owned()),
        }
    }

    fn segment(&mut self) -> Result<Rule, ParseError> {
        if !self.eat_word("segment") {
            return self.expected("rule-error-segment", "expected: in segment \"Name\"");
        }
        match self.peek().map(|token| token.piece.clone()) {
            Some(Piece::Text(segment) | Piece::Word(segment)) => {
                self.next += 1;
                Ok(Rule::Segment(SegmentCondition { segment }))
            }
            _ => self.expected("rule-error-segment", "expected: in segment \"Name\""),
        }
    }

    fn score(&mut self, score: ScoreName) -> Result<Rule, ParseError> {
        let cmp = self.comparison()?;
        Ok(Rule::Score(ScoreCondition { score, cmp, points: self.whole()? }))
    }

    fn comparison(&mut self) -> Result<Cmp, ParseError> {
        let cmp = match self.peek() {
            Some(Token { piece: Piece::Sign(sign), .. }) => Cmp::of(sign),
            _ => None,
        };
        match cmp {
            Some(cmp) => {
                self.next += 1;
                Ok(cmp)
            }
            None => self.expected("rule-error-comparison", "expected one of = != < <= > >="),
        }
    }

    fn whole(&mut self) -> Result<i64, ParseError> {
        match self.peek() {
            Some(Token { piece: Piece::Number(n), .. }) if n.fract() == 0.0 && n.abs() < 9.0e15 => {
                let n = *n as i64;
                self.next += 1;
                Ok(n)
            }
            _ => self.expected("rule-error-whole", "expected a whole number"),
        }
    }

    fn event(&mut self) -> Result<Rule, ParseError> {
        let name = match self.peek() {
            Some(Token { piece: Piece::Word(name) | Piece::Text(name), .. }) => name.clone(),
            _ => return self.expected("rule-error-event", "expected the name of an event such as page.viewed"),
        };
        self.next += 1;
        let (subject, min_amount) = if self.eat_sign("(") { self.event_filter()? } else { (None, None) };
        let count = self.count()?;
        let window = self.window()?;
        Ok(Rule::Event(EventCondition { name, subject, min_amount, count, window }))
    }

    fn event_filter(&mut self) -> Result<(Option<Subject>, Option<i64>), ParseError> {
        let (mut subject, mut min_amount) = (None, None);
        loop {
            if self.eat_word("amount") {
                if !self.eat_sign(">=") {
                    return self.expected("rule-error-amount", "expected: amount >= number");
                }
                min_amount = Some(self.whole()?);
            } else {
                subject = Some(self.subject()?);
            }
            if self.eat_sign(",") {
                continue;
            }
            if self.eat_sign(")") {
                return Ok((subject, min_amount));
            }
            return self.expected("rule-error-bracket", "expected “)”");
        }
    }

    fn subject(&mut self) -> Result<Subject, ParseError> {
        let word = match self.peek() {
            Some(Token { piece: Piece::Word(word), .. }) => word.to_ascii_lowercase(),
            _ => "equals".to_owned(),
        };
        self.next += usize::from(matches!(self.peek(), Some(Token { piece: Piece::Word(_), .. })));
        let text = match self.peek() {
            Some(Token { piece: Piece::Text(text), .. }) => text.clone(),
            _ => return self.expected("rule-error-subject", "expected a text in quotation marks, or: equals, starts, contains \"text\""),
        };
        match Subject::of(&word, &text) {
            Some(subject) => {
                self.next += 1;
                Ok(subject)
            }
            None => self.expected("rule-error-subject", "expected a text in quotation marks, or: equals, starts, contains \"text\""),
        }
    }

    fn count(&mut self) -> Result<Count, ParseError> {
        if !self.eat_word("count") {
            return Ok(Count::AtLeast(1));
        }
        let (cmp, n) = (self.comparison()?, self.whole()?);
        let count = match cmp {
            Cmp::Ge => Count::AtLeast(n),
            Cmp::Gt => Count::AtLeast(n + 1),
            Cmp::Le => Count::AtMost(n),
            Cmp::Lt => Count::AtMost(n - 1),
            Cmp::Eq => Count::Exactly(n),
            Cmp::Ne => return self.expected("rule-error-count", "a count is compared with = < <= > or >="),
        };
        if !(0..=1_000_000).contains(&count.number()) {
            return self.expected("rule-error-count", "a count lies between 0 and 1,000,000");
        }
        Ok(count)
    }

    fn window(&mut self) -> Result<Window, ParseError> {
        if self.eat_word("within") {
            return match self.peek() {
                Some(Token { piece: Piece::Span(span), .. }) => {
                    let span = *span;
                    self.next += 1;
                    Ok(Window::Within(span))
                }
                _ => self.expected("rule-error-span", "expected a time span such as 30d, 12h or 90min"),
            };
        }
        if self.eat_word("between") {
            let first = self.day()?;
            if !self.eat_word("and") {
                return self.expected("rule-error-between", "expected: between 2026-01-01 and 2026-01-31");
            }
            return Ok(Window::Between(first, self.day()?));
        }
        self.eat_word("ever");
        Ok(Window::Ever)
    }

    fn day(&mut self) -> Result<crate::segment::rule::Day, ParseError> {
        match self.peek() {
            Some(Token { piece: Piece::Day(day), .. }) => {
                let day = *day;
                self.next += 1;
                Ok(day)
            }
            _ => self.expected("rule-error-day", "expected a day such as 2026-11-20"),
        }
    }

    fn span(&mut self) -> Result<crate::segment::rule::Span, ParseError> {
        match self.window_span() {
            Some(span) => Ok(span),
            None => self.expected("rule-error-span", "expected a time span such as 30d, 12h or 90min"),
        }
    }

    fn window_span(&mut self) -> Option<crate::segment::rule::Span> {
        match self.peek() {
            Some(Token { piece: Piece::Span(span), .. }) => {
                let span = *span;
                self.next += 1;
                Some(span)
            }
            _ => None,
        }
    }

    fn field(&mut self, field: String) -> Result<Rule, ParseError> {
        let test = self.test()?;
        Ok(Rule::Field(FieldCondition { field, test }))
    }

    fn test(&mut self) -> Result<Test, ParseError> {
        let word = match self.peek().map(|token| token.piece.clone()) {
            Some(Piece::Sign(_)) => return self.compared(),
            Some(Piece::Word(word)) => word.to_ascii_lowercase(),
            _ => return self.expected("rule-error-test", TEST_WANTED),
        };
        self.next += 1;
        match word.as_str() {
            "is" => self.state(),
            "in" => Ok(Test::In(self.texts()?)),
            "not" if self.eat_word("in") => Ok(Test::NotIn(self.texts()?)),
            "contains" => Ok(Test::Contains(self.text()?)),
            "starts" => Ok(Test::Starts(self.text()?)),
            "before" => Ok(Test::Before(self.day()?)),
            "since" => Ok(Test::Since(self.day()?)),
            "within" => Ok(Test::Within(self.span()?)),
            "next" => Ok(Test::Next(self.span()?)),
            "older" if self.eat_word("than") => Ok(Test::OlderThan(self.span()?)),
            _ => {
                self.next -= 1;
                self.expected("rule-error-test", TEST_WANTED)
            }
        }
    }

    fn state(&mut self) -> Result<Test, ParseError> {
        match self.take().map(|token| token.piece) {
            Some(Piece::Word(word)) if word.eq_ignore_ascii_case("known") => Ok(Test::Known),
            Some(Piece::Word(word)) if word.eq_ignore_ascii_case("unknown") => Ok(Test::Unknown),
            Some(Piece::Word(word)) if word.eq_ignore_ascii_case("true") => Ok(Test::Is(true)),
            Some(Piece::Word(word)) if word.eq_ignore_ascii_case("false") => Ok(Test::Is(false)),
            _ => {
                self.next -= 1;
                self.expected("rule-error-state", "expected: is known, is unknown, is true or is false")
            }
        }
    }

    fn compared(&mut self) -> Result<Test, ParseError> {
        let cmp = self.comparison()?;
        match (self.peek().map(|token| token.piece.clone()), cmp) {
            (Some(Piece::Number(n)), _) => {
                self.next += 1;
                Ok(Test::Number(cmp, n))
            }
            (Some(Piece::Text(text) | Piece::Word(text)), Cmp::Eq) => {
                self.next += 1;
                Ok(Test::In(vec![text]))
            }
            (Some(Piece::Text(text) | Piece::Word(text)), Cmp::Ne) => {
                self.next += 1;
                Ok(Test::NotIn(vec![text]))
            }
            _ => self.expected("rule-error-value", "expected a number, or for = and != a text in quotation marks"),
        }
    }

    fn text(&mut self) -> Result<String, ParseError> {
        match self.peek().map(|token| token.piece.clone()) {
            Some(Piece::Text(text)) => {
                self.next += 1;
                Ok(text)
            }
            _ => self.expected("rule-error-text", "expected a text in quotation marks"),
        }
    }

    fn texts(&mut self) -> Result<Vec<String>, ParseError> {
        if !self.eat_sign("(") {
            return self.expected("rule-error-list", "expected a list such as (\"A\", \"B\")");
        }
        let mut texts = Vec::new();
        loop {
            match self.take().map(|token| token.piece) {
                Some(Piece::Text(text) | Piece::Word(text)) => texts.push(text),
                _ => {
                    self.next -= 1;
                    return self.expected("rule-error-text", "expected a text in quotation marks");
                }
            }
            if self.eat_sign(")") {
                return Ok(texts);
            }
            if !self.eat_sign(",") {
                return self.expected("rule-error-list", "expected “,” or “)”");
            }
        }
    }
}

const TEST_WANTED: &str =
    "expected a test: = != < <= > >= in, not in, contains, starts, before, since, within, next, older than, is known, is unknown";

fn written(piece: &Piece) -> String {
    match piece {
        Piece::Word(text) | Piece::Text(text) => text.clone(),
        Piece::Number(n) => n.to_string(),
        Piece::Day(day) => day.to_string(),
        Piece::Span(span) => span.to_string(),
        Piece::Sign(sign) => (*sign).to_owned(),
    }
}
