//! A rule in the reader's words.

use attune_web::{Lang, Texts};

use super::amount::Unit;
use super::bind::{Kind, Vocabulary};
use super::rule::{Count, EventCondition, Rule, ScoreName, Subject, Test, Window};

/// Says rules and their parts in a language.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    /// The language.
    pub l: &'a Lang,
    /// All texts, to see which names have words.
    pub texts: &'a Texts,
    /// Names of custom fields, facets and segments.
    pub vocabulary: &'a Vocabulary,
}

impl Teller<'_> {
    /// The rule as a sentence without its full stop.
    pub fn rule(&self, rule: &Rule) -> String {
        match rule {
            Rule::All(members) if members.is_empty() => self.l.t("segment-say-everyone").to_string(),
            group => self.member(group, true),
        }
    }

    fn member(&self, rule: &Rule, top: bool) -> String {
        let joined = |members: &[Rule], key: &str| {
            let said: Vec<String> = members.iter().map(|member| self.member(member, false)).collect();
            let text = said.join(&format!("{0}{1}{0}", if key.is_empty() { "" } else { " " }, self.l.t(key)));
            if top || members.len() < 2 { text } else { self.l.of("segment-say-brackets").s("what", text).to_string() }
        };
        match rule {
            Rule::All(members) => joined(members, "segment-say-and"),
            Rule::Any(members) => joined(members, "segment-say-or"),
            Rule::None(members) => {
                let said: Vec<String> = members.iter().map(|member| self.member(member, false)).collect();
                let what = said.join(&format!(" {} ", self.l.t("segment-say-or")));
                self.l.of("segment-say-none").s("what", what).to_string()
            }
            Rule::Event(event) => self.event(event),
            Rule::Field(condition) => {
                let key = format!("segment-say-{}", test_word(&condition.test));
                self.l
                    .of(&key)
                    .s("field", self.field(&condition.field))
                    .s("value", self.value(&condition.field, &condition.test))
                    .to_string()
            }
            Rule::Score(condition) => {
                let name = self.l.t(if condition.score == ScoreName::Fit { "segment-what-fit" } else { "segment-what-score" });
                self.l
                    .of("segment-say-compare")
                    .s("field", name)
                    .s("value", format!("{} {}", condition.cmp.sign(), condition.points))
                    .to_string()
            }
            Rule::Segment(condition) => {
                let name = self.vocabulary.segment_name(&condition.segment).unwrap_or_else(|| condition.segment.clone());
                self.l.of("segment-say-segment").s("name", name).to_string()
            }
        }
    }

    fn event(&self, event: &EventCondition) -> String {
        let what = self.what(event);
        let when = match event.window {
            Window::Ever => self.l.t("segment-say-ever").to_string(),
            Window::Within(span) => self.l.of("segment-say-within-span").s("span", self.span(span)).to_string(),
            Window::Between(first, last) => self.l.of("segment-say-between").s("first", first).s("last", last).to_string(),
        };
        let (key, n) = match event.count {
            Count::AtLeast(1) => ("segment-say-did", 1),
            Count::AtMost(0) | Count::Exactly(0) => ("segment-say-never", 0),
            Count::AtLeast(n) => ("segment-say-least", n),
            Count::AtMost(n) => ("segment-say-most", n),
            Count::Exactly(n) => ("segment-say-exactly", n),
        };
        self.l.of(key).s("what", what).s("when", when).n("n", n).to_string()
    }

    /// What an event is and is about, without how often and when.
    pub fn what(&self, event: &EventCondition) -> String {
        let mut what = self.event_name(&event.name);
        if let Some(subject) = &event.subject {
            let key = match subject {
                Subject::Equals(_) => "segment-say-about",
                Subject::Starts(_) => "segment-say-about-starts",
                Subject::Contains(_) => "segment-say-about-contains",
            };
            what = self.l.of(key).s("what", what).s("text", subject.text()).to_string();
        }
        if let Some(least) = event.min_amount {
            let unit = Unit::of(&event.name);
            let key = if unit == Unit::Seconds { "segment-say-amount-time" } else { "segment-say-amount" };
            what = self.l.of(key).s("what", what).s("least", unit.told(self.l, least)).to_string();
        }
        what
    }

    /// What people call an event.
    pub fn event_name(&self, name: &str) -> String {
        let key = format!("segment-event-{}", name.replace(['.', '_'], "-"));
        if self.texts.has(&key) { self.l.t(&key).to_string() } else { name.to_owned() }
    }

    /// What people call a field.
    pub fn field(&self, field: &str) -> String {
        if let Some(key) = field.strip_prefix("company.custom.") {
            let label = self.vocabulary.custom_field(field).map_or_else(|| key.to_owned(), |custom| custom.label.clone());
            return self.l.of("segment-field-of-company").s("name", label).to_string();
        }
        if let Some(key) = field.strip_prefix("custom.") {
            let found = self.vocabulary.custom.iter().find(|custom| custom.key == key);
            return found.map_or_else(|| key.to_owned(), |custom| custom.label.clone());
        }
        if let Some(key) = field.strip_prefix("facet.") {
            let found = self.vocabulary.facets.iter().find(|facet| facet.key == key);
            return found.map_or_else(|| key.to_owned(), |facet| self.l.t(facet.label_key).to_string());
        }
        self.l.t(&format!("segment-field-{}", field.replace('.', "-"))).to_string()
    }

    /// A span such as “30 days”.
    pub fn span(&self, span: super::rule::Span) -> String {
        let (n, unit) = span.parts();
        self.l.of(&format!("segment-span-{unit}")).n("n", n).to_string()
    }

    fn value(&self, field: &str, test: &Test) -> String {
        let custom = self.vocabulary.custom_field(field);
        match test {
            Test::In(texts) | Test::NotIn(texts) if self.vocabulary.named_by(field).is_some() => {
                let name = |text: &String| self.vocabulary.names.get(text).unwrap_or(text).clone();
                self.l.list(&texts.iter().map(name).collect::<Vec<_>>()).to_string()
            }
            Test::In(texts) | Test::NotIn(texts) if custom.is_some_and(|custom| custom.kind == Kind::Choice) => {
                let label = |text: &String| custom.map_or_else(|| text.clone(), |custom| custom.option_label(text));
                self.l.list(&texts.iter().map(label).collect::<Vec<_>>()).to_string()
            }
            Test::Number(cmp, n) if custom.is_some_and(|custom| custom.kind == Kind::Money) => {
                format!("{} {n} {}", cmp.sign(), custom.and_then(|custom| custom.currency.as_deref()).unwrap_or_default())
            }
            Test::In(texts) | Test::NotIn(texts) => self.l.list(texts).to_string(),
            Test::Contains(text) | Test::Starts(text) => text.clone(),
            Test::Number(cmp, n) => format!("{} {n}", cmp.sign()),
            Test::Before(day) | Test::Since(day) => day.to_string(),
            Test::Within(span) | Test::OlderThan(span) | Test::Next(span) => self.span(*span),
            Test::Is(_) | Test::Known | Test::Unknown => String::new(),
        }
    }
}

fn test_word(test: &Test) -> &'static str {
    match test {
        Test::In(_) => "in",
        Test::NotIn(_) => "not-in",
        Test::Contains(_) => "contains",
        Test::Starts(_) => "starts",
        Test::Number(..) => "compare",
        Test::Before(_) => "before",
        Test::Since(_) => "since",
        Test::Within(_) => "within",
        Test::OlderThan(_) => "older",
        Test::Next(_) => "next",
        Test::Is(true) => "yes",
        Test::Is(false) => "no",
        Test::Known => "known",
        Test::Unknown => "unknown",
    }
}
