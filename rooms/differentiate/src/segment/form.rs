//! The builder's form: rows with a depth, each a group or a condition, as plain fields; half-filled rows are kept.

use std::collections::{BTreeMap, HashMap};

use super::amount::Unit;
use super::rule::{
    Cmp, Count, EventCondition, FieldCondition, MAX_CONDITIONS, MAX_DEPTH, Rule, ScoreCondition, ScoreName, SegmentCondition, Span,
    Subject, Test, Window,
};

/// The longest value of a line.
const MOST_CHARS: usize = 8_000;

/// One line of the builder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// How deep it lies; the root is 0.
    pub depth: usize,
    /// `all`, `any` or `none` for a group; empty for a condition.
    pub join: String,
    /// The fields of a condition by name.
    pub values: BTreeMap<String, String>,
}

impl Row {
    /// A field; empty when it is missing.
    pub fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", |value| value.trim())
    }

    /// Whether it is a group.
    pub fn is_group(&self) -> bool {
        !self.join.is_empty()
    }

    /// The condition it stands for, or the text that says what is missing.
    pub fn condition(&self) -> Result<Rule, &'static str> {
        read_condition(self)
    }

    fn with(depth: usize, values: &[(&str, &str)]) -> Self {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { depth, join: String::new(), values }
    }
}

/// The whole form.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleForm {
    /// Rows in reading order; the first is the root group.
    pub rows: Vec<Row>,
}

/// Rows that cannot be used yet, with the text that says why.
pub type RowErrors = Vec<(usize, &'static str)>;

const EVENT: [(&str, &str); 5] = [("w", "event:page.viewed"), ("o", "ge"), ("c", "1"), ("win", "within"), ("n", "30")];

impl RuleForm {
    /// What a new segment starts with.
    pub fn start() -> Self {
        Self { rows: vec![Row { join: "all".to_owned(), ..Row::default() }, Row::with(1, &EVENT)] }
    }

    /// Reads fields called `r<row>.<name>`; nothing when there are none.
    pub fn read(fields: &HashMap<String, String>) -> Option<Self> {
        let mut rows: BTreeMap<usize, BTreeMap<String, String>> = BTreeMap::new();
        for (key, value) in fields {
            let Some((row, name)) = key.strip_prefix('r').and_then(|rest| rest.split_once('.')) else { continue };
            let Ok(row) = row.parse::<usize>() else { continue };
            if row <= 2 * MAX_CONDITIONS {
                // A value may name many records, each with its id.
                let most = if name == "v" { MOST_CHARS } else { 400 };
                rows.entry(row).or_default().insert(name.to_owned(), value.chars().take(most).collect());
            }
        }
        let mut form = Self { rows: Vec::new() };
        for (_, mut values) in rows {
            let depth = values.remove("d").and_then(|depth| depth.parse().ok()).unwrap_or(1);
            let join = values.remove("j").filter(|join| matches!(join.as_str(), "all" | "any" | "none")).unwrap_or_default();
            form.rows.push(Row { depth, join, values });
        }
        if form.rows.first().is_none_or(|row| !row.is_group()) {
            return None;
        }
        form.straighten();
        Some(form)
    }

    /// The form of a rule.
    pub fn of(rule: &Rule) -> Self {
        let mut form = Self { rows: Vec::new() };
        form.push(&rule.clone().normal(), 0);
        form
    }

    /// No row lies deeper than one below the group it belongs to.
    fn straighten(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        for (index, row) in self.rows.iter_mut().enumerate() {
            row.depth = if index == 0 { 0 } else { row.depth.clamp(1, open.len().max(1)) };
            open.truncate(row.depth);
            if row.is_group() {
                open.push(index);
            }
        }
    }

    /// Does what a button asks: `add:<group>`, `group:<group>`, `segment:<group>`, `drop:<row>`; anything else changes nothing.
    pub fn act(&mut self, act: &str) {
        let Some((verb, row)) = act.split_once(':') else { return };
        let Ok(row) = row.parse::<usize>() else { return };
        let Some(depth) = self.rows.get(row).map(|row| row.depth) else { return };
        let end = self.end(row);
        match verb {
            "drop" if row > 0 => {
                self.rows.drain(row..end);
            }
            "add" => self.rows.insert(end, Row::with(depth + 1, &EVENT)),
            "segment" => self.rows.insert(end, Row::with(depth + 1, &[("w", "segment")])),
            "group" if depth + 1 < MAX_DEPTH => {
                self.rows.insert(end, Row { depth: depth + 1, join: "any".to_owned(), ..Row::default() });
                self.rows.insert(end + 1, Row::with(depth + 2, &EVENT));
            }
            _ => {}
        }
    }

    /// Behind the last row that lies in `row`.
    pub fn end(&self, row: usize) -> usize {
        let depth = self.rows.get(row).map_or(0, |row| row.depth);
        let inside = self.rows.iter().skip(row + 1).take_while(|inner| inner.depth > depth).count();
        row + 1 + inside
    }

    /// The rule of the whole form, and what is missing; rows that cannot be used are left out of it.
    pub fn rule(&self) -> (Rule, RowErrors) {
        let mut errors = Vec::new();
        let rule = self.at(0, &mut errors).unwrap_or_else(Rule::everyone);
        (rule, errors)
    }

    /// The rule of one row with what lies in it.
    pub fn at(&self, row: usize, errors: &mut RowErrors) -> Option<Rule> {
        let found = self.rows.get(row)?;
        if !found.is_group() {
            return match found.condition() {
                Ok(condition) => Some(condition),
                Err(key) => {
                    errors.push((row, key));
                    None
                }
            };
        }
        let inside = (row + 1..self.end(row)).filter(|inner| self.rows.get(*inner).is_some_and(|inner| inner.depth == found.depth + 1));
        let members: Vec<Rule> = inside.filter_map(|inner| self.at(inner, errors)).collect();
        if members.is_empty() && row > 0 {
            return None;
        }
        Some(match found.join.as_str() {
            "any" if !members.is_empty() => Rule::Any(members),
            "none" => Rule::None(members),
            _ => Rule::All(members),
        })
    }

    fn push(&mut self, rule: &Rule, depth: usize) {
        let join = match rule {
            Rule::All(_) => "all",
            Rule::Any(_) => "any",
            Rule::None(_) => "none",
            condition => {
                self.rows.push(row_of(condition, depth));
                return;
            }
        };
        self.rows.push(Row { depth, join: join.to_owned(), ..Row::default() });
        for member in rule.members().unwrap_or_default() {
            self.push(member, depth + 1);
        }
    }
}

fn read_condition(row: &Row) -> Result<Rule, &'static str> {
    let what = row.get("w");
    if let Some(name) = what.strip_prefix("event:") {
        return event(row, name);
    }
    if let Some(field) = what.strip_prefix("field:") {
        return Ok(Rule::Field(FieldCondition { field: field.to_owned(), test: test(row)? }));
    }
    match what {
        "segment" if row.get("v").is_empty() => Err("segment-row-choose"),
        "segment" => Ok(Rule::Segment(SegmentCondition { segment: row.get("v").to_owned() })),
        "score" | "fit" => {
            let score = if what == "fit" { ScoreName::Fit } else { ScoreName::Engagement };
            let points = row.get("v").parse().map_err(|_| "segment-row-number")?;
            Ok(Rule::Score(ScoreCondition { score, cmp: Cmp::of(row.get("o")).unwrap_or(Cmp::Ge), points }))
        }
        _ => Err("segment-row-choose"),
    }
}

fn event(row: &Row, name: &str) -> Result<Rule, &'static str> {
    let text = row.get("t");
    let subject = if text.is_empty() { None } else { Subject::of(row.get("s"), text) };
    let amount = row.get("a");
    let min_amount = if amount.is_empty() { None } else { Some(Unit::of(name).read(amount).ok_or("segment-row-number")?) };
    let n: i64 = if row.get("c").is_empty() { 1 } else { row.get("c").parse().map_err(|_| "segment-row-number")? };
    let count = match row.get("o") {
        "le" => Count::AtMost(n),
        "eq" => Count::Exactly(n),
        _ => Count::AtLeast(n.max(1)),
    };
    let window = match row.get("win") {
        "within" => Window::Within(span(row)?),
        "between" => {
            Window::Between(row.get("f").parse().map_err(|_| "segment-row-day")?, row.get("l").parse().map_err(|_| "segment-row-day")?)
        }
        _ => Window::Ever,
    };
    Ok(Rule::Event(EventCondition { name: name.to_owned(), subject, min_amount, count, window }))
}

fn span(row: &Row) -> Result<Span, &'static str> {
    let n = row.get("n").parse().map_err(|_| "segment-row-number")?;
    let unit = if row.get("u").is_empty() { "d" } else { row.get("u") };
    Span::of(n, unit).ok_or("segment-row-number")
}

fn test(row: &Row) -> Result<Test, &'static str> {
    let text = row.get("v");
    let texts = || -> Result<Vec<String>, &'static str> {
        let list: Vec<String> = text.split([',', '，', '、']).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
        if list.is_empty() { Err("segment-row-value") } else { Ok(list) }
    };
    let one = || if text.is_empty() { Err("segment-row-value") } else { Ok(text.to_owned()) };
    let day = || row.get("f").parse().map_err(|_| "segment-row-day");
    Ok(match row.get("o") {
        "in" => Test::In(texts()?),
        "not_in" => Test::NotIn(texts()?),
        "contains" => Test::Contains(one()?),
        "starts" => Test::Starts(one()?),
        "before" => Test::Before(day()?),
        "since" => Test::Since(day()?),
        "within" => Test::Within(span(row)?),
        "older" => Test::OlderThan(span(row)?),
        "next" => Test::Next(span(row)?),
        "yes" => Test::Is(true),
        "no" => Test::Is(false),
        "known" => Test::Known,
        "unknown" => Test::Unknown,
        sign => Test::Number(Cmp::of(sign).ok_or("segment-row-choose")?, text.parse().map_err(|_| "segment-row-number")?),
    })
}

fn row_of(condition: &Rule, depth: usize) -> Row {
    let mut values: Vec<(&str, String)> = Vec::new();
    match condition {
        Rule::Event(event) => event_values(event, &mut values),
        Rule::Field(field) => {
            values.push(("w", format!("field:{}", field.field)));
            test_values(&field.test, &mut values);
        }
        Rule::Score(score) => {
            values.push(("w", score.score.word().to_owned()));
            values.push(("o", score.cmp.sign().to_owned()));
            values.push(("v", score.points.to_string()));
        }
        Rule::Segment(segment) => values.extend([("w", "segment".to_owned()), ("v", segment.segment.clone())]),
        Rule::All(_) | Rule::Any(_) | Rule::None(_) => {}
    }
    let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Row { depth, join: String::new(), values }
}

fn event_values(event: &EventCondition, values: &mut Vec<(&str, String)>) {
    values.push(("w", format!("event:{}", event.name)));
    if let Some(subject) = &event.subject {
        values.extend([("s", subject.word().to_owned()), ("t", subject.text().to_owned())]);
    }
    if let Some(least) = event.min_amount {
        values.push(("a", Unit::of(&event.name).typed(least)));
    }
    let (op, n) = match event.count {
        Count::AtLeast(n) => ("ge", n),
        Count::AtMost(n) => ("le", n),
        Count::Exactly(n) => ("eq", n),
    };
    values.extend([("o", op.to_owned()), ("c", n.to_string())]);
    match event.window {
        Window::Ever => values.push(("win", "ever".to_owned())),
        Window::Within(span) => {
            values.push(("win", "within".to_owned()));
            span_values(span, values);
        }
        Window::Between(first, last) => values.extend([("win", "between".to_owned()), ("f", first.to_string()), ("l", last.to_string())]),
    }
}

fn span_values(span: Span, values: &mut Vec<(&str, String)>) {
    let (n, unit) = span.parts();
    values.extend([("n", n.to_string()), ("u", unit.to_owned())]);
}

fn test_values(test: &Test, values: &mut Vec<(&str, String)>) {
    let (op, value) = match test {
        Test::In(texts) => ("in", texts.join(", ")),
        Test::NotIn(texts) => ("not_in", texts.join(", ")),
        Test::Contains(text) => ("contains", text.clone()),
        Test::Starts(text) => ("starts", text.clone()),
        Test::Number(cmp, n) => (cmp.sign(), n.to_string()),
        Test::Before(_) => ("before", String::new()),
        Test::Since(_) => ("since", String::new()),
        Test::Within(_) => ("within", String::new()),
        Test::OlderThan(_) => ("older", String::new()),
        Test::Next(_) => ("next", String::new()),
        Test::Is(true) => ("yes", String::new()),
        Test::Is(false) => ("no", String::new()),
        Test::Known => ("known", String::new()),
        Test::Unknown => ("unknown", String::new()),
    };
    values.extend([("o", op.to_owned()), ("v", value)]);
    match test {
        Test::Before(day) | Test::Since(day) => values.push(("f", day.to_string())),
        Test::Within(span) | Test::OlderThan(span) | Test::Next(span) => span_values(*span, values),
        _ => {}
    }
}
