//! Records that rules name: whom a text means, and what they are called. A rule keeps ids, so that renaming anybody breaks nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use attune_db::{DbError, Tx, params, sql};
use attune_identify::company::CompanyId;
use attune_identify::contact::ContactId;
use attune_identify::field::{Subject, reference};
use attune_kernel::fold_key;
use attune_web::{Scope, Sight};

use super::bind::{Kind, Vocabulary, id_in, map_texts};
use super::form::RuleForm;
use super::rule::{FieldCondition, Rule, Test};

/// What a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// A member of staff.
    Staff,
    /// A team.
    Team,
    /// A contact or a company.
    Record(Subject),
}

impl Named {
    /// What its ids begin with.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Staff => "stf",
            Self::Team => "tem",
            Self::Record(Subject::Contact) => ContactId::PREFIX,
            Self::Record(Subject::Company) => CompanyId::PREFIX,
        }
    }

    /// Its id without the name that may stand before it; a text that holds none stays.
    pub(super) fn bare(self, text: &str) -> String {
        id_in(self, text).map_or_else(|| text.to_owned(), |id| attune_kernel::encode_id(self.prefix(), id))
    }
}

impl Vocabulary {
    /// What `field` names; nothing when it holds something else.
    pub fn named_by(&self, field: &str) -> Option<Named> {
        match field.strip_prefix("company.").unwrap_or(field) {
            "owner" => Some(Named::Staff),
            "team" => Some(Named::Team),
            "company" => Some(Named::Record(Subject::Company)),
            _ => self.custom_field(field).filter(|custom| custom.kind == Kind::Reference)?.names.map(Named::Record),
        }
    }

    /// Whether `field` is one of the own fields that name a record.
    pub fn names_record(&self, field: &str) -> bool {
        field != "company" && matches!(self.named_by(field), Some(Named::Record(_)))
    }
}

fn texts(test: &Test) -> &[String] {
    match test {
        Test::In(texts) | Test::NotIn(texts) => texts,
        _ => &[],
    }
}

/// What each condition of `rule` names, with the texts that stand for them.
fn mentions<'r>(rule: &'r Rule, vocabulary: &Vocabulary) -> Vec<(Named, &'r str)> {
    let of = |condition: &'r FieldCondition| {
        let named = vocabulary.named_by(&condition.field).into_iter();
        named.flat_map(|named| texts(&condition.test).iter().map(move |text| (named, text.as_str())))
    };
    let conditions = rule.conditions().into_iter();
    conditions.filter_map(|one| if let Rule::Field(condition) = one { Some(condition) } else { None }).flat_map(of).collect()
}

/// `rule` with every field condition as `change` has it.
pub(super) fn map_fields(rule: Rule, change: &dyn Fn(FieldCondition) -> FieldCondition) -> Rule {
    let all = |members: Vec<Rule>| members.into_iter().map(|member| map_fields(member, change)).collect();
    match rule {
        Rule::All(members) => Rule::All(all(members)),
        Rule::Any(members) => Rule::Any(all(members)),
        Rule::None(members) => Rule::None(all(members)),
        Rule::Field(condition) => Rule::Field(change(condition)),
        other => other,
    }
}

/// Puts the ids of those meant in place of names and addresses that mean exactly one; other texts stay. Contacts and companies are looked for only where
/// whoever asks sees all of them.
pub async fn resolve(tx: &mut Tx, rule: Rule, vocabulary: &Vocabulary, scope: Option<&Scope>) -> Result<Rule, DbError> {
    let mut wanted: BTreeMap<Named, BTreeSet<String>> = BTreeMap::new();
    for (named, text) in mentions(&rule, vocabulary).into_iter().filter(|(named, text)| id_in(*named, text).is_none()) {
        wanted.entry(named).or_default().insert(text.to_owned());
    }
    let mut found: BTreeMap<Named, HashMap<String, String>> = BTreeMap::new();
    for (named, texts) in wanted {
        let ids = match named {
            Named::Record(_) if scope != Some(&Scope::All) => continue,
            Named::Record(target) => {
                let meant = reference::find_meant(tx, target, texts).await?.into_iter();
                meant.map(|(text, id)| (text, attune_kernel::encode_id(named.prefix(), id))).collect()
            }
            Named::Staff | Named::Team => among(&list(tx, named).await?, named, texts),
        };
        found.insert(named, ids);
    }
    Ok(map_fields(rule, &|condition| {
        let Some(ids) = vocabulary.named_by(&condition.field).and_then(|named| found.get(&named)) else { return condition };
        let test = map_texts(&condition.test, &|text| ids.get(text).cloned().unwrap_or_else(|| text.to_owned()));
        FieldCondition { test, ..condition }
    }))
}

/// Staff or teams: id, name and e-mail address.
async fn list(tx: &mut Tx, named: Named) -> Result<Vec<(i64, String, String)>, DbError> {
    let select = match named {
        Named::Staff => sql!("SELECT id, name, email FROM v_govern_staff"),
        Named::Team | Named::Record(_) => sql!("SELECT id, name, '' AS email FROM v_govern_team"),
    };
    let rows = tx.rows(select, params![]).await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("name")?, row.get("email")?))).collect()
}

fn among(all: &[(i64, String, String)], named: Named, texts: BTreeSet<String>) -> HashMap<String, String> {
    let meant = |text: String| {
        let key = fold_key(&text);
        let mut those = all.iter().filter(|(_, name, email)| fold_key(name) == key || fold_key(email) == key);
        let (one, other) = (those.next()?, those.next());
        other.is_none().then(|| (text, attune_kernel::encode_id(named.prefix(), one.0)))
    };
    texts.into_iter().filter_map(meant).collect()
}

/// Teaches `vocabulary` what those are called whom `rule` names, as far as the reader sees them.
pub async fn learn(tx: &mut Tx, vocabulary: &mut Vocabulary, rule: &Rule, reader: (Option<&Scope>, &Sight)) -> Result<(), DbError> {
    let ids: Vec<(Named, String, i64)> =
        mentions(rule, vocabulary).into_iter().filter_map(|(named, text)| Some((named, text.to_owned(), id_in(named, text)?))).collect();
    let records: BTreeSet<(Subject, i64)> =
        ids.iter().filter_map(|(named, _, id)| if let Named::Record(of) = named { Some((*of, *id)) } else { None }).collect();
    let mut names: BTreeMap<(Named, i64), String> = BTreeMap::new();
    if let Some(scope) = reader.0 {
        let seen = reference::names(tx, (scope, reader.1), records).await?.into_iter();
        names.extend(seen.map(|((of, id), name)| ((Named::Record(of), id), name)));
    }
    for named in [Named::Staff, Named::Team] {
        if ids.iter().any(|(of, ..)| *of == named) {
            names.extend(list(tx, named).await?.into_iter().map(|(id, name, _)| ((named, id), name)));
        }
    }
    let called = ids.into_iter().filter_map(|(named, text, id)| Some((text, names.get(&(named, id))?.clone())));
    vocabulary.names.extend(called);
    Ok(())
}

/// Puts the ids of those meant into the lines of a form; what stands for nobody stays as it was typed.
pub(super) async fn resolve_form(tx: &mut Tx, form: &mut RuleForm, vocabulary: &Vocabulary, scope: Option<&Scope>) -> Result<(), DbError> {
    for row in &mut form.rows {
        let Some(field) = row.get("w").strip_prefix("field:").map(str::to_owned) else { continue };
        let Some(named) = vocabulary.named_by(&field) else { continue };
        let (Ok(Rule::Field(parts)), whole) = (row.condition(), row.get("v").to_owned()) else { continue };
        if texts(&parts.test).is_empty() {
            continue;
        }
        // A name may hold a comma: all of it is tried as one before its parts are.
        let one = FieldCondition { field, test: Test::In(vec![whole.clone()]) };
        let has_many = texts(&parts.test).len() > 1 && !whole.contains('(');
        for condition in has_many.then_some(one).into_iter().chain([parts]) {
            let Rule::Field(found) = resolve(tx, Rule::Field(condition), vocabulary, scope).await? else { continue };
            let meant = texts(&found.test);
            let typed = meant.iter().map(|text| named.bare(text)).collect::<Vec<_>>().join(", ");
            row.values.insert("v".to_owned(), typed);
            if meant.iter().all(|text| id_in(named, text).is_some()) {
                break;
            }
        }
    }
    Ok(())
}

/// Shows in the lines of a form what those are called whom they name, beside their ids.
pub(super) fn write_names(form: &mut RuleForm, vocabulary: &Vocabulary) {
    for row in &mut form.rows {
        if row.get("w").strip_prefix("field:").and_then(|field| vocabulary.named_by(field)).is_none() {
            continue;
        }
        let Ok(Rule::Field(condition)) = row.condition() else { continue };
        let told = texts(&condition.test).iter().map(|text| match vocabulary.names.get(text) {
            // A comma would part the name from its id.
            Some(name) => format!("{} ({text})", name.replace([',', '，', '、'], " ")),
            None => text.clone(),
        });
        let told = told.collect::<Vec<_>>().join(", ");
        if !told.is_empty() {
            row.values.insert("v".to_owned(), told);
        }
    }
}
