//! Whom a line's fields name that refer to other records: looked for batch by batch, among all there are, as lines are matched to records.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use attune_db::{DbError, Tx};
use attune_web::Scope;
use serde_json::{Map, Value as Json};

use super::plan::{Plan, Target};
use super::rows::{Fresh, Named, RowDraft, RowError};
use crate::field::{Field, Subject, reference};

/// The columns that name records: the attribute's key, what it names, and what people call it.
fn naming(plan: &Plan, fields: &[Field]) -> HashMap<String, (Subject, String)> {
    let there = fields.iter().chain(&plan.fields).filter_map(|field| Some((&field.key, field.kind.target()?, &field.label)));
    let planned = plan.columns.iter().filter_map(|column| match &column.to {
        // What is there already says itself what it is.
        Target::Field { key, label, kind } if !plan.fields.iter().any(|field| field.key == *key) => Some((key, kind.target()?, label)),
        _ => None,
    });
    planned.chain(there).map(|(key, target, label)| (format!("f:{key}"), (target, label.clone()))).collect()
}

/// Puts the ids of those meant in place of the words of these lines; lines that mean nobody, or several, are refused.
pub(super) async fn settle(
    tx: &mut Tx,
    (plan, fields): (&Plan, &[Field]),
    drafts: Vec<RowDraft>,
    refused: &mut Vec<RowError>,
) -> Result<Vec<RowDraft>, DbError> {
    let naming = naming(plan, fields);
    if naming.is_empty() {
        return Ok(drafts);
    }
    let mut wanted: HashMap<Subject, BTreeSet<String>> = HashMap::new();
    for (key, value) in drafts.iter().flat_map(|draft| &draft.values) {
        if let (Some((target, _)), Some(text)) = (naming.get(key), value.as_str()) {
            wanted.entry(*target).or_default().insert(text.to_owned());
        }
    }
    let mut meant = HashMap::new();
    for (target, texts) in wanted {
        let external = if target == plan.subject { plan.external_kind() } else { "id".to_owned() };
        meant.insert(target, reference::meant(tx, &Scope::All, (target, Some(&external)), texts).await?);
    }
    let mut kept = Vec::with_capacity(drafts.len());
    'lines: for mut draft in drafts {
        for (key, value) in &mut draft.values {
            let (Some((target, label)), Some(text)) = (naming.get(key), value.as_str()) else { continue };
            match meant.get(target).and_then(|found| found.get(text)) {
                Some(Ok(id)) => {
                    draft.named.push(Named { key: key.clone(), target: (*target, *id), detail: detail(label, text) });
                    *value = Json::from(reference::shown_id(*target, *id));
                }
                other => {
                    let several = matches!(other, Some(Err(why)) if *why == reference::SEVERAL);
                    let cause = if several { "several" } else { "unknown-record" };
                    let detail = detail(label, text);
                    refused.push(RowError { line: draft.line, cause, detail });
                    continue 'lines;
                }
            }
        }
        if !draft.named.is_empty() && draft.fresh.is_some() {
            draft.fresh = Some(Box::new(Fresh::of(&draft)));
        }
        kept.push(draft);
    }
    Ok(kept)
}

fn detail(label: &str, text: &str) -> String {
    format!("{label}: {text}").chars().take(200).collect()
}

/// Whom the records that lines are about name so far, as far as these lines say anything of it.
#[derive(Default)]
pub(super) struct Before(HashMap<(Subject, i64), i64>);

impl Before {
    /// Whom these records name in what these lines name somebody in.
    pub(super) fn ids<'r>(
        drafts: impl Iterator<Item = &'r RowDraft>,
        records: impl Iterator<Item = &'r Map<String, Json>>,
    ) -> BTreeSet<(Subject, i64)> {
        let keys: BTreeMap<&str, Subject> = drafts.flat_map(|draft| &draft.named).map(|named| (own(&named.key), named.target.0)).collect();
        let mut ids = BTreeSet::new();
        if !keys.is_empty() {
            for record in records {
                let named = |(key, target): (&&str, &Subject)| Some((*target, reference::read_id(*target, record.get(*key)?.as_str()?)?));
                ids.extend(keys.iter().filter_map(named));
            }
        }
        ids
    }

    pub(super) async fn read(tx: &mut Tx, ids: BTreeSet<(Subject, i64)>) -> Result<Self, DbError> {
        let found = reference::today(tx, &Scope::All, ids).await?;
        Ok(Self(found.into_iter().map(|(asked, (today, _))| (asked, today)).collect()))
    }

    /// Refuses a line by which a record would name itself. Where one names already whom the line means, what stands there stays: the id somebody meant
    /// then, which a split leads back to.
    pub(super) fn fit(&self, draft: &mut RowDraft, record: (Subject, i64), fields: &Map<String, Json>) -> Result<(), RowError> {
        for Named { key, target, detail } in &draft.named {
            if *target == record {
                return Err(RowError { line: draft.line, cause: "itself", detail: detail.clone() });
            }
            let Some(was) = fields.get(own(key)) else { continue };
            let id = was.as_str().and_then(|text| reference::read_id(target.0, text));
            if id.and_then(|id| self.0.get(&(target.0, id))) == Some(&target.1) {
                draft.values.iter_mut().filter(|(of, _)| of == key).for_each(|(_, value)| *value = was.clone());
            }
        }
        Ok(())
    }
}

/// The field's key of an attribute's.
fn own(key: &str) -> &str {
    key.strip_prefix("f:").unwrap_or(key)
}
