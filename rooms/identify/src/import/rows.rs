//! One line of a file under a plan: a person as far as the line tells, or the reason why not. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value as Json;

use super::plan::{Plan, Target};
use crate::address;
use crate::company::{domain_key, name_key};
use crate::contact::{Contact, Prepared, Stage, email_key, phone_key};
use crate::field::{Field, FieldKind, Subject, reference, unknown_options};
use crate::tag;

/// A line as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Its number in the file, from 1.
    pub(crate) number: i64,
    /// The values, or what the reader said.
    pub(crate) values: Result<csv::StringRecord, String>,
}

/// Why a line was not taken.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RowError {
    /// The line in the file, from 1.
    pub line: i64,
    /// A code; `identify-cause-<code>` says it in words.
    pub cause: &'static str,
    /// The column or value it is about.
    pub detail: String,
}

/// What a line says about a person or a company.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowDraft {
    pub(crate) line: i64,
    /// (attribute key, value), names first so that their parts can refine them.
    pub(crate) values: Vec<(String, Json)>,
    pub(crate) company: Option<Firm>,
    /// The company that a company is a branch of: its name or outside id.
    pub(crate) parent: Option<String>,
    pub(crate) owner: Option<String>,
    /// Latitude and longitude as they stand, until the line is read.
    pub(crate) degrees: [Option<String>; 2],
    pub(crate) external_id: Option<String>,
    pub(crate) email_key: Option<String>,
    pub(crate) phone_key: Option<String>,
    /// Names of tags.
    pub(crate) tags: Vec<String>,
    /// Options the line names that are still to be made: (field key, label).
    pub(crate) new_options: Vec<(String, String)>,
    /// Whom the line's values name, once that is known.
    pub(crate) named: Vec<Named>,
    /// Of all values; tells lines without any key apart.
    pub(crate) fingerprint: u64,
    /// Whom the line makes if it is about nobody known; worked out ahead, because the store's writer has no time to lose.
    pub(crate) fresh: Option<Box<Fresh>>,
}

/// The company a line's person works for.
#[derive(Clone, Debug)]
pub(crate) struct Firm {
    /// Its name, folded.
    pub(crate) key: String,
    pub(crate) name: String,
}

/// A value of a line that names another record.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The attribute's key.
    pub(crate) key: String,
    pub(crate) target: (Subject, i64),
    /// What the line says, for whoever reads why it was refused.
    pub(crate) detail: String,
}

/// Somebody new as a line has them; id, time, company and owner are still to come.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    pub(crate) contact: Contact,
    pub(crate) prepared: Prepared,
}

impl Fresh {
    pub(crate) fn of(draft: &RowDraft) -> Self {
        let company_name = draft.company.as_ref().map(|firm| firm.name.clone());
        let mut contact = Contact { external_id: draft.external_id.clone(), company_name, ..Contact::default() };
        for (key, value) in &draft.values {
            contact.give(key, value.clone());
        }
        let prepared = Prepared::of(&contact);
        Self { contact, prepared }
    }
}

impl RowDraft {
    /// Whether the line names nobody.
    pub(crate) fn has_no_key(&self) -> bool {
        self.external_id.is_none() && self.email_key.is_none() && self.phone_key.is_none()
    }
}

/// Reads a line; `Ok(None)` when it holds nothing.
pub(crate) fn read(plan: &Plan, line: &Line) -> Result<Option<RowDraft>, RowError> {
    let wrong = |cause: &'static str, detail: &str| RowError { line: line.number, cause, detail: detail.chars().take(200).collect() };
    let record = line.values.as_ref().map_err(|said| wrong("unreadable", said))?;
    if record.len() != plan.columns.len() {
        return Err(wrong("columns", &format!("{} / {}", record.len(), plan.columns.len())));
    }
    let mut draft = RowDraft { line: line.number, ..RowDraft::default() };
    let mut hasher = DefaultHasher::new();
    let mut any = false;
    for (column, value) in plan.columns.iter().zip(record.iter()) {
        let value = value.trim();
        if plan.is_empty_word(value) {
            continue;
        }
        any = true;
        (&column.column, value).hash(&mut hasher);
        take(&mut draft, plan, &column.to, value).map_err(|cause| wrong(cause, &format!("{}: {value}", column.column)))?;
    }
    if !any {
        return Ok(None);
    }
    for (attribute, text) in &plan.constants {
        let Some(value) = filled(plan, record, text) else { continue };
        let to = match attribute.strip_prefix("f:") {
            Some(key) => Target::Field { key: key.to_owned(), label: key.to_owned(), kind: FieldKind::Text },
            None => Target::Attribute { key: attribute.clone() },
        };
        take(&mut draft, plan, &to, &value).map_err(|cause| wrong(cause, &format!("{attribute}: {value}")))?;
    }
    place_on_map(&mut draft).map_err(|cause| wrong(cause, &draft_degrees(&draft)))?;
    let place = |key: &str| usize::from(key != "name");
    draft.values.sort_by_key(|(key, _)| place(key));
    draft.fingerprint = hasher.finish();
    if !plan.only_known && plan.subject == Subject::Contact {
        draft.fresh = Some(Box::new(Fresh::of(&draft)));
    }
    Ok(Some(draft))
}

/// A template with each `{column}` replaced; `None` when a column it needs is empty.
fn filled(plan: &Plan, record: &csv::StringRecord, template: &str) -> Option<String> {
    let mut text = template.to_owned();
    for (index, column) in plan.columns.iter().enumerate() {
        let mark = format!("{{{}}}", column.column);
        if text.contains(&mark) {
            let value = record.get(index).map(str::trim).filter(|v| !plan.is_empty_word(v))?;
            text = text.replace(&mark, value);
        }
    }
    Some(text)
}

fn take(draft: &mut RowDraft, plan: &Plan, to: &Target, value: &str) -> Result<(), &'static str> {
    match to {
        Target::Skip => Ok(()),
        Target::Field { key, label, kind } => {
            let known = plan.fields.iter().find(|field| field.key == *key);
            // Whom the export did not name stays who it is.
            if known.is_some_and(|field| field.kind.target().is_some()) && reference::is_dots(value) {
                return Ok(());
            }
            let json = match known {
                Some(field) => read_value(draft, field, value, plan.add_options),
                // A field this import makes gets its options from the file.
                None => read_value(draft, &Field::of_draft(plan.draft(key, label, *kind)), value, true),
            }?;
            draft.values.push((format!("f:{key}"), json));
            Ok(())
        }
        Target::Attribute { key } => match plan.subject {
            Subject::Contact => take_attribute(draft, key, value),
            Subject::Company => take_company_attribute(draft, key, value),
        },
    }
}

/// Makes one attribute of a latitude and a longitude.
fn place_on_map(draft: &mut RowDraft) -> Result<(), &'static str> {
    let [latitude, longitude] = &draft.degrees;
    if latitude.is_some() || longitude.is_some() {
        let value = address::joined(latitude.as_deref(), longitude.as_deref()).map_err(|_| "coordinates")?;
        draft.values.push(("coordinates".to_owned(), value));
    }
    Ok(())
}

/// What a line says of where it is, for whoever reads why it was refused.
fn draft_degrees(draft: &RowDraft) -> String {
    draft.degrees.iter().map(|text| text.as_deref().unwrap_or("–")).collect::<Vec<_>>().join(", ")
}

fn read_value(draft: &mut RowDraft, field: &Field, value: &str, add_options: bool) -> Result<Json, &'static str> {
    let cause = match field.kind {
        FieldKind::Text => "too-long",
        FieldKind::Number => "number",
        FieldKind::Money => "money",
        FieldKind::Date => "date",
        FieldKind::Bool => "bool",
        FieldKind::Choice | FieldKind::Choices => "option",
        FieldKind::Contact | FieldKind::Company => "unknown-record",
    };
    if !field.kind.has_options() || !add_options {
        return field.read(value).map_err(|_| cause);
    }
    let unknown = unknown_options(field, value);
    if unknown.is_empty() {
        return field.read(value).map_err(|_| cause);
    }
    draft.new_options.extend(unknown.into_iter().map(|label| (field.key.clone(), label)));
    // What it is kept as is known once its options are made.
    Ok(Json::from(value))
}

fn take_attribute(draft: &mut RowDraft, key: &str, value: &str) -> Result<(), &'static str> {
    if key == "tags" {
        draft.tags.extend(tag::listed(value).map_err(|_| "tags")?);
        return Ok(());
    }
    if value.chars().count() > 200 {
        return Err("too-long");
    }
    let json = match key {
        "company" => {
            draft.company = Some(Firm { key: name_key(value), name: value.to_owned() });
            return Ok(());
        }
        "owner" => {
            draft.owner = Some(value.to_owned());
            return Ok(());
        }
        "external_id" => {
            draft.external_id = Some(value.to_owned());
            return Ok(());
        }
        "email" => {
            draft.email_key = Some(email_key(value).ok_or("email")?);
            Json::from(value)
        }
        "phone" => {
            draft.phone_key = phone_key(value);
            Json::from(value)
        }
        key if take_address(draft, key, value)? => return Ok(()),
        "stage" => Json::from(stage_of(value).ok_or("stage")?.word()),
        "locale" => Json::from(value.parse::<attune_kernel::Locale>().map_err(|_| "locale")?.tag()),
        _ => Json::from(value),
    };
    draft.values.push((key.to_owned(), json));
    Ok(())
}

/// Takes what is of an address; answers whether it was.
fn take_address(draft: &mut RowDraft, key: &str, value: &str) -> Result<bool, &'static str> {
    let [latitude, longitude] = &mut draft.degrees;
    match key {
        "latitude" => *latitude = Some(value.to_owned()),
        "longitude" => *longitude = Some(value.to_owned()),
        key if address::is_attribute(key) => {
            let cause = if key == "coordinates" { "coordinates" } else { "too-long" };
            draft.values.push((key.to_owned(), address::read(key, value).map_err(|_| cause)?));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn take_company_attribute(draft: &mut RowDraft, key: &str, value: &str) -> Result<(), &'static str> {
    match key {
        "tags" | "owner" | "external_id" => return take_attribute(draft, key, value),
        _ if value.chars().count() > 200 => return Err("too-long"),
        "parent" => draft.parent = Some(value.to_owned()),
        "domain" if domain_key(value).is_none() => return Err("domain"),
        key if take_address(draft, key, value)? => {}
        _ => draft.values.push((key.to_owned(), Json::from(value))),
    }
    Ok(())
}

fn stage_of(value: &str) -> Option<Stage> {
    let word = value.to_lowercase();
    Stage::of(&word).or(match word.as_str() {
        "subscriber" | "访客" => Some(Stage::Visitor),
        "new" | "prospect" | "线索" => Some(Stage::Lead),
        "marketing-qualified" | "marketing qualified" | "marketing qualified lead" | "营销合格线索" => Some(Stage::Mql),
        "sales-qualified" | "sales qualified" | "sales qualified lead" | "opportunity" | "销售合格线索" => Some(Stage::Sql),
        "client" | "won" | "客户" => Some(Stage::Customer),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::FieldDraft;
    use crate::import::plan::{ColumnPlan, MapFile};

    fn plan() -> Plan {
        let column = |name: &str, to: &str| ColumnPlan { column: name.into(), to: Target::parse(to, name).unwrap() };
        let columns = vec![column("id", "external_id"), column("Mail", "email"), column("Visits", "field:number"), column("x", "-")];
        Plan { columns, empty_words: vec!["Select".into()], ..Plan::default() }
    }

    fn line(values: &[&str]) -> Line {
        Line { number: 7, values: Ok(csv::StringRecord::from(values.to_vec())) }
    }

    #[test]
    fn a_line_becomes_a_draft() {
        let draft = read(&plan(), &line(&["5", " A@b.example ", "1,200", "y"])).unwrap().unwrap();
        assert_eq!(draft.external_id.as_deref(), Some("5"));
        assert_eq!(draft.email_key.as_deref(), Some("a@b.example"));
        assert_eq!(draft.values, [("email".to_owned(), Json::from("A@b.example")), ("f:visits".to_owned(), Json::from(1200))]);
        assert!(read(&plan(), &line(&["select", "", " ", ""])).unwrap().is_none());
    }

    #[test]
    fn an_option_the_field_lacks_is_refused_or_noted() {
        let column = |to: Target| ColumnPlan { column: "Tier".into(), to };
        let field = Field::of_draft(FieldDraft::plain("tier", "Tier", FieldKind::Choices));
        let plan = Plan { fields: vec![field], ..Plan::default() };
        let plan = Plan { columns: vec![column(plan.target("f:tier", "Tier").unwrap())], ..plan };
        assert_eq!(read(&plan, &line(&["Gold"])).unwrap_err(), RowError { line: 7, cause: "option", detail: "Tier: Gold".into() });
        let plan = Plan { add_options: true, ..plan };
        let draft = read(&plan, &line(&["Gold; Silver"])).unwrap().unwrap();
        assert_eq!(draft.new_options, [("tier".to_owned(), "Gold".to_owned()), ("tier".to_owned(), "Silver".to_owned())]);
        assert!(plan.target("f:nope", "").is_err());
    }

    #[test]
    fn what_an_export_hid_says_nothing_and_a_name_with_dots_is_a_name() {
        let field = Field::of_draft(FieldDraft::plain("referee", "Referee", FieldKind::Contact));
        let plan = Plan { fields: vec![field], ..Plan::default() };
        let columns = vec![ColumnPlan { column: "Referee".into(), to: plan.target("f:referee", "Referee").unwrap() }];
        let plan = Plan { columns, ..plan };
        for (text, said) in [("\u{2022}\u{2022}\u{2022}", 0), ("Dot\u{2022}Com", 1), ("Star* (con_0000000000007)", 1)] {
            assert_eq!(read(&plan, &line(&[text])).unwrap().unwrap().values.len(), said, "{text}");
        }
    }

    #[test]
    fn a_wrong_line_names_its_cause() {
        let cause = |values: &[&str]| read(&plan(), &line(values)).unwrap_err();
        assert_eq!(cause(&["5"]).cause, "columns");
        assert_eq!(cause(&["5", "nobody", "", ""]), RowError { line: 7, cause: "email", detail: "Mail: nobody".into() });
        assert_eq!(cause(&["5", "", "many", ""]).cause, "number");
    }

    #[test]
    fn constants_are_filled_from_the_line() {
        let map = MapFile::parse("[constants]\nemail = \"row{id}@a.example\"\nstage = \"customer\"\n\"f:arm\" = \"{Visits}\"").unwrap();
        let plan = plan().with_map(&map).unwrap();
        let draft = read(&plan, &line(&["5", "", "", ""])).unwrap().unwrap();
        assert_eq!(draft.email_key.as_deref(), Some("row5@a.example"));
        assert_eq!(draft.values.len(), 2, "a template whose column is empty is left out");
    }
}
