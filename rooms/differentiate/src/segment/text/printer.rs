//! Writes a rule as text that reads back as the same rule.

use std::fmt::Write;

use crate::segment::rule::{Count, EventCondition, FieldCondition, Rule, Test, Window};

/// The rule as text, one line. `name_of` gives a segment's name for its id; what it does not know is written as it stands.
pub fn print(rule: &Rule, name_of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    Printer { name_of }.rule(&mut out, rule, Place::Top);
    out
}

/// What surrounds a rule, for its brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Group,
}

struct Printer<'a> {
    name_of: &'a dyn Fn(&str) -> Option<String>,
}

impl Printer<'_> {
    fn rule(&self, out: &mut String, rule: &Rule, place: Place) {
        match rule {
            Rule::All(members) if members.is_empty() => out.push_str("everyone"),
            Rule::Any(members) if members.is_empty() => out.push_str("not everyone"),
            Rule::None(members) if members.is_empty() => out.push_str("everyone"),
            Rule::All(members) => self.joined(out, members, " and ", place == Place::Group && members.len() > 1),
            Rule::Any(members) => self.joined(out, members, " or ", place == Place::Group && members.len() > 1),
            Rule::None(members) => {
                out.push_str("not ");
                match members.as_slice() {
                    [only] => self.rule(out, only, Place::Group),
                    _ => self.joined(out, members, " or ", true),
                }
            }
            Rule::Field(condition) => self.field(out, condition),
            Rule::Score(condition) => {
                let _ = write!(out, "{} {} {}", condition.score.word(), condition.cmp.sign(), condition.points);
            }
            Rule::Event(condition) => self.event(out, condition),
            Rule::Segment(condition) => {
                let name = (self.name_of)(&condition.segment).unwrap_or_else(|| condition.segment.clone());
                let _ = write!(out, "in segment {}", quoted(&name));
            }
        }
    }

    fn joined(&self, out: &mut String, members: &[Rule], join: &str, brackets: bool) {
        if brackets {
            out.push_str("( ");
        }
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                out.push_str(join);
            }
            self.rule(out, member, Place::Group);
        }
        if brackets {
            out.push_str(" )");
        }
    }

    fn field(&self, out: &mut String, condition: &FieldCondition) {
        let _ = write!(out, "{} ", condition.field);
        let _ = match &condition.test {
            Test::In(texts) => match texts.as_slice() {
                [only] => write!(out, "= {}", quoted(only)),
                _ => write!(out, "in ({})", list(texts)),
            },
            Test::NotIn(texts) => match texts.as_slice() {
                [only] => write!(out, "!= {}", quoted(only)),
                _ => write!(out, "not in ({})", list(texts)),
            },
            Test::Contains(text) => write!(out, "contains {}", quoted(text)),
            Test::Starts(text) => write!(out, "starts {}", quoted(text)),
            Test::Number(cmp, n) => write!(out, "{} {n}", cmp.sign()),
            Test::Before(day) => write!(out, "before {day}"),
            Test::Since(day) => write!(out, "since {day}"),
            Test::Within(span) => write!(out, "within {span}"),
            Test::OlderThan(span) => write!(out, "older than {span}"),
            Test::Next(span) => write!(out, "next {span}"),
            Test::Is(yes) => write!(out, "is {yes}"),
            Test::Known => write!(out, "is known"),
            Test::Unknown => write!(out, "is unknown"),
        };
    }

    fn event(&self, out: &mut String, condition: &EventCondition) {
        let _ = write!(out, "event {}", event_name(&condition.name));
        let subject = condition.subject.as_ref().map(|subject| format!("{} {}", subject.word(), quoted(subject.text())));
        let amount = condition.min_amount.map(|least| format!("amount >= {least}"));
        let filters: Vec<String> = subject.into_iter().chain(amount).collect();
        if !filters.is_empty() {
            let _ = write!(out, "({})", filters.join(", "));
        }
        let _ = match condition.count {
            Count::AtLeast(1) => Ok(()),
            Count::AtLeast(n) => write!(out, " count >= {n}"),
            Count::AtMost(n) => write!(out, " count <= {n}"),
            Count::Exactly(n) => write!(out, " count = {n}"),
        };
        let _ = match condition.window {
            Window::Ever => Ok(()),
            Window::Within(span) => write!(out, " within {span}"),
            Window::Between(first, last) => write!(out, " between {first} and {last}"),
        };
    }
}

/// A name that is a plain word stands as it is; any other in quotation marks.
fn event_name(name: &str) -> String {
    let plain =
        name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) && name.chars().next().is_some_and(char::is_alphabetic);
    if plain { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '“' | '”') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

fn list(texts: &[String]) -> String {
    texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
}
