//! Whom a line's fields name that refer to other records: looked for batch by batch, among all there are, as lines are matched to records.

use std::collections::{BTreeSet, HashMap};

use attune_db::{DbError, Tx};
use attune_web::Scope;
use serde_json::Value as Json;

use super::plan::{Plan, Target};
use super::rows::{Fresh, RowDraft, RowError};
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
        let mut named = false;
        for (key, value) in &mut draft.values {
            let (Some((target, label)), Some(text)) = (naming.get(key), value.as_str()) else { continue };
            match meant.get(target).and_then(|found| found.get(text)) {
                Some(Ok(id)) => *value = Json::from(reference::shown_id(*target, *id)),
                other => {
                    let several = matches!(other, Some(Err(why)) if *why == reference::SEVERAL);
                    let cause = if several { "several" } else { "unknown-record" };
                    let detail = format!("{label}: {text}").chars().take(200).collect();
                    refused.push(RowError { line: draft.line, cause, detail });
                    continue 'lines;
                }
            }
            named = true;
        }
        if named && draft.fresh.is_some() {
            draft.fresh = Some(Box::new(Fresh::of(&draft)));
        }
        kept.push(draft);
    }
    Ok(kept)
}
