//! Which controls a line of the builder shows.

use attune_events::Catalogue;
use attune_identify::field::Subject;
use attune_web::kit::Choice;

use super::amount::Unit;
use super::bind::{CONTACT_FIELDS, Kind};
use super::company::{COMPANY_FIELDS, TAG};
use super::form::Row;
use super::names::Named;
use super::rule::Cmp;
use super::words::Teller;

/// A control in a line.
#[derive(Clone, Debug)]
pub enum Input {
    /// A choice.
    Pick {
        /// The field's name.
        name: String,
        /// For screen readers.
        label: String,
        /// What can be chosen.
        options: Vec<Choice>,
        /// What is.
        value: String,
    },
    /// Something typed; `kind` is the HTML type.
    Typed {
        /// The field's name.
        name: String,
        /// For screen readers.
        label: String,
        /// What was typed.
        value: String,
        /// `text`, `number` or `date`.
        kind: &'static str,
    },
    /// A word between controls.
    Word(String),
}

/// Makes the controls of rows.
pub struct Inputs<'a> {
    /// Speaks the reader's language.
    pub teller: Teller<'a>,
    /// The events of all rooms.
    pub catalogue: &'a Catalogue,
}

/// The text that says how somebody is named.
fn hint_of(named: Named) -> &'static str {
    match named {
        Named::Staff => "segment-value-staff",
        Named::Team => "segment-value-team",
        Named::Record(Subject::Contact) => "segment-value-contact",
        Named::Record(Subject::Company) => "segment-value-company",
    }
}

impl Inputs<'_> {
    fn t(&self, key: &str) -> String {
        self.teller.l.t(key).to_string()
    }

    /// Everything a condition may be about.
    pub fn whats(&self, current: &str) -> Vec<Choice> {
        let l = self.teller.l;
        let event = |name: &str| Choice::new(format!("event:{name}"), l.of("segment-what-event").s("name", self.teller.event_name(name)));
        let field = |key: &str| Choice::new(format!("field:{key}"), l.of("segment-what-field").s("name", self.teller.field(key)));
        let mut options: Vec<Choice> = self.catalogue.list().filter(|def| def.behaviour).map(|def| event(def.name)).collect();
        options.push(Choice::new("score", self.t("segment-what-score")));
        options.push(Choice::new("fit", self.t("segment-what-fit")));
        options.push(Choice::new("segment", self.t("segment-what-segment")));
        options.extend(CONTACT_FIELDS.iter().map(|contact| field(contact.key)));
        options.extend(self.teller.vocabulary.custom.iter().map(|custom| field(&format!("custom.{}", custom.key))));
        if let Some(own) = &self.teller.vocabulary.company {
            options.extend(COMPANY_FIELDS.iter().map(|one| field(&format!("company.{}", one.key))));
            options.push(field(&format!("company.{TAG}")));
            options.extend(own.iter().map(|custom| field(&format!("company.custom.{}", custom.key))));
        }
        options.extend(self.teller.vocabulary.facets.iter().map(|facet| field(&format!("facet.{}", facet.key))));
        if !options.iter().any(|option| option.value == current) && !current.is_empty() {
            let name = current.strip_prefix("event:").map_or_else(|| current.to_owned(), |name| self.teller.event_name(name));
            options.push(Choice::new(current, l.of("segment-what-event").s("name", name)));
        }
        options
    }

    /// The controls of row number `index`.
    pub fn of(&self, index: usize, row: &Row) -> Vec<Input> {
        let what = row.get("w");
        let mut inputs = vec![self.pick(index, "w", "segment-what", self.whats(what), what)];
        if let Some(name) = what.strip_prefix("event:") {
            self.event(&mut inputs, index, row, name);
        } else if let Some(field) = what.strip_prefix("field:") {
            self.field(&mut inputs, index, row, field);
        } else if what == "segment" {
            let options = self.teller.vocabulary.segments.iter().map(|s| Choice::new(super::SegmentId(s.id), &s.name)).collect();
            inputs.push(self.pick(index, "v", "segment-what-segment", options, row.get("v")));
        } else {
            let signs = Cmp::ALL.into_iter().map(|cmp| Choice::new(cmp.sign(), cmp.sign())).collect();
            inputs.push(self.pick(index, "o", "segment-op", signs, row.get("o")));
            inputs.push(self.typed(index, "v", "segment-points", row, "number"));
        }
        inputs
    }

    fn event(&self, inputs: &mut Vec<Input>, index: usize, row: &Row, name: &str) {
        let def = self.catalogue.find(name);
        let subject = ["contains", "starts", "equals"].map(|word| Choice::new(word, self.t(&format!("segment-subject-{word}"))));
        if def.is_none_or(|def| !def.subject.is_empty()) {
            inputs.push(self.pick(index, "s", "segment-subject", subject.to_vec(), row.get("s")));
            inputs.push(self.typed(index, "t", "segment-subject-text", row, "text"));
        }
        if def.is_some_and(|def| !def.amount.is_empty()) {
            let timed = Unit::of(name) == Unit::Seconds;
            inputs.push(Input::Word(self.t(if timed { "segment-seconds-least" } else { "segment-amount-least" })));
            inputs.push(self.typed(index, "a", if timed { "segment-seconds" } else { "segment-amount" }, row, "number"));
        }
        let counts = ["ge", "le", "eq"].map(|word| Choice::new(word, self.t(&format!("segment-count-{word}"))));
        inputs.push(self.pick(index, "o", "segment-count", counts.to_vec(), row.get("o")));
        inputs.push(self.typed(index, "c", "segment-times", row, "number"));
        inputs.push(Input::Word(self.t("segment-times-word")));
        let windows = ["within", "ever", "between"].map(|word| Choice::new(word, self.t(&format!("segment-window-{word}"))));
        inputs.push(self.pick(index, "win", "segment-window", windows.to_vec(), row.get("win")));
        match row.get("win") {
            "ever" => {}
            "between" => {
                inputs.push(self.typed(index, "f", "segment-first-day", row, "date"));
                inputs.push(self.typed(index, "l", "segment-last-day", row, "date"));
            }
            _ => self.span(inputs, index, row),
        }
    }

    fn span(&self, inputs: &mut Vec<Input>, index: usize, row: &Row) {
        inputs.push(self.typed(index, "n", "segment-span", row, "number"));
        let units = ["d", "h", "min", "w"].map(|unit| Choice::new(unit, self.t(&format!("segment-unit-{unit}"))));
        inputs.push(self.pick(index, "u", "segment-unit", units.to_vec(), row.get("u")));
    }

    fn field(&self, inputs: &mut Vec<Input>, index: usize, row: &Row, field: &str) {
        let kind = self.teller.vocabulary.field(field).map_or(Kind::Text, |(_, kind)| kind);
        let ops: &[&str] = match kind {
            Kind::Text => &["in", "not_in", "contains", "starts", "known", "unknown"],
            Kind::Choice | Kind::Reference => &["in", "not_in", "known", "unknown"],
            Kind::Number | Kind::Money => &[">=", ">", "<=", "<", "=", "!=", "known", "unknown"],
            Kind::Date => &["within", "older", "next", "since", "before", "known", "unknown"],
            Kind::YesNo => &["yes", "no"],
        };
        let op = if ops.contains(&row.get("o")) { row.get("o") } else { ops.first().copied().unwrap_or("in") };
        let label = |op: &str| if Cmp::of(op).is_some() { op.to_owned() } else { self.t(&format!("segment-op-{}", op.replace('_', "-"))) };
        let choices = ops.iter().map(|op| Choice::new(op, label(op))).collect();
        inputs.push(self.pick(index, "o", "segment-op", choices, op));
        match op {
            "known" | "unknown" | "yes" | "no" => {}
            "since" | "before" => inputs.push(self.typed(index, "f", "segment-first-day", row, "date")),
            "within" | "older" | "next" => self.span(inputs, index, row),
            _ if self.teller.vocabulary.custom_field(field).is_some_and(|custom| custom.kind == Kind::Choice) => {
                inputs.push(self.options(index, row, field));
            }
            _ => {
                let known = CONTACT_FIELDS.iter().find(|contact| contact.key == field).map_or(&[][..], |contact| contact.choices);
                inputs.push(self.typed(index, "v", "segment-value", row, if kind == Kind::Number { "number" } else { "text" }));
                if let Some(hint) = self.teller.vocabulary.named_by(field).map(hint_of) {
                    inputs.push(Input::Word(self.t(hint)));
                }
                if let Some(code) = self.teller.vocabulary.custom_field(field).and_then(|custom| custom.currency.clone()) {
                    inputs.push(Input::Word(code));
                }
                if !known.is_empty() {
                    inputs.push(Input::Word(self.teller.l.of("segment-value-of").s("values", known.join(", ")).to_string()));
                }
            }
        }
    }

    /// The options of a choice; several that were typed as text stay together as one.
    fn options(&self, index: usize, row: &Row, field: &str) -> Input {
        let custom = self.teller.vocabulary.custom_field(field);
        let mut options: Vec<Choice> =
            custom.map_or_else(Vec::new, |custom| custom.options.iter().map(|(key, label)| Choice::new(key, label)).collect());
        let value = row.get("v");
        if !value.is_empty() && !options.iter().any(|option| option.value == value) {
            let label = custom.map_or_else(
                || value.to_owned(),
                |custom| {
                    let labels: Vec<String> = value.split(',').map(|part| custom.option_label(part.trim())).collect();
                    self.teller.l.list(&labels).to_string()
                },
            );
            options.push(Choice::new(value, label));
        }
        self.pick(index, "v", "segment-value", options, value)
    }

    fn pick(&self, index: usize, name: &str, label: &str, mut options: Vec<Choice>, value: &str) -> Input {
        if name == "v" && value.is_empty() {
            options.insert(0, Choice::new("", self.t("web-choose")));
        }
        Input::Pick { name: format!("r{index}.{name}"), label: self.t(label), options, value: value.to_owned() }
    }

    fn typed(&self, index: usize, name: &str, label: &str, row: &Row, kind: &'static str) -> Input {
        Input::Typed { name: format!("r{index}.{name}"), label: self.t(label), value: row.get(name).to_owned(), kind }
    }
}
