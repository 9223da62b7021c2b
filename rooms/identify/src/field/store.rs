//! The SQL of fields and their values.

use std::collections::{HashMap, HashSet};

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};
use attune_kernel::fold_key;
use attune_record::audit;
use serde_json::{Map, Value as Json, json};

use super::{Field, FieldDraft, FieldKind, FieldOption, Subject, Typed};
use crate::contact::By;

fn read(row: &Row) -> Result<Field, DbError> {
    let kind = FieldKind::of(&row.get::<String>("kind")?);
    Ok(Field {
        id: row.get("id")?,
        subject: Subject::of(&row.get::<String>("subject")?),
        key: row.get("key")?,
        label: row.get("label")?,
        kind,
        currency: row.get("currency")?,
        options: serde_json::from_str(&row.get::<String>("options")?).unwrap_or_default(),
        import_id: row.get("import_id")?,
    })
}

/// Every field of contacts in the order in which pages show them.
pub async fn list(tx: &mut Tx) -> Result<Vec<Field>, DbError> {
    list_of(tx, Subject::Contact).await
}

/// Every field of contacts or of companies in the order in which pages show them.
pub async fn list_of(tx: &mut Tx, subject: Subject) -> Result<Vec<Field>, DbError> {
    let select = sql!(
        "SELECT id, subject, key, label, kind, currency, options, import_id FROM fields
         WHERE subject = $1 AND deleted_at IS NULL ORDER BY position, id"
    );
    tx.rows(select, params![subject.word()]).await?.iter().map(read).collect()
}

/// The field of a subject with this key.
pub async fn find_by_key(tx: &mut Tx, subject: Subject, key: &str) -> Result<Option<Field>, DbError> {
    let select = sql!(
        "SELECT id, subject, key, label, kind, currency, options, import_id FROM fields
         WHERE subject = $1 AND key = $2 AND deleted_at IS NULL"
    );
    tx.find(select, params![subject.word(), key]).await?.as_ref().map(read).transpose()
}

/// The field with this id.
pub(crate) async fn find(tx: &mut Tx, id: i64) -> Result<Option<Field>, DbError> {
    let select =
        sql!("SELECT id, subject, key, label, kind, currency, options, import_id FROM fields WHERE id = $1 AND deleted_at IS NULL");
    tx.find(select, params![id]).await?.as_ref().map(read).transpose()
}

/// The field with this id, held until the transaction ends: nobody else changes its options meanwhile.
pub(super) async fn find_held(tx: &mut Tx, id: i64) -> Result<Option<Field>, DbError> {
    tx.exec(sql!("UPDATE fields SET revision = revision WHERE id = $1"), params![id]).await?;
    find(tx, id).await
}

/// How many records have a value, by field, each counted up to `most`.
pub(super) async fn counts(tx: &mut Tx, fields: &[Field], most: i64) -> Result<HashMap<i64, i64>, DbError> {
    let wanted = Relation::of_ids("id", fields.iter().map(|field| field.id));
    let select = sql!(
        "SELECT r.id, (SELECT count(*) FROM (SELECT 1 AS one FROM field_texts t WHERE t.field_id = r.id LIMIT $1) a)
           + (SELECT count(*) FROM (SELECT 1 AS one FROM field_numbers n WHERE n.field_id = r.id LIMIT $1) b)
           + (SELECT count(*) FROM (SELECT DISTINCT c.record_id FROM field_choices c WHERE c.field_id = r.id LIMIT $1) d)
           + (SELECT count(*) FROM (SELECT 1 AS one FROM field_references e WHERE e.field_id = r.id LIMIT $1) g) AS people FROM {rows} AS r"
    );
    tx.rows_from(select, &wanted, params![most]).await?.iter().map(|row| Ok((row.get("id")?, row.get("people")?))).collect()
}

/// Calls a field something else; its key stays.
pub(super) async fn rename(tx: &mut Tx, by: &By<'_>, field: &Field, label: &str) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE fields SET label = $2 WHERE id = $1"), params![field.id, label]).await?;
    let change = (Some(json!({ "label": field.label })), Some(json!({ "label": label })));
    audit::note(tx, by.ids, by.now, by.actor, "field.renamed", "field", field.id, change.0, change.1).await
}

/// Takes a field away from every page; its values go behind it.
pub(super) async fn hide(tx: &mut Tx, by: &By<'_>, field: &Field) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE fields SET deleted_at = $2 WHERE id = $1"), params![field.id, by.now]).await?;
    let before = json!({ "key": field.key, "label": field.label, "kind": field.kind.word() });
    audit::note(tx, by.ids, by.now, by.actor, "field.deleted", "field", field.id, Some(before), None).await
}

/// A field whose values are being removed.
pub(super) async fn find_hidden(tx: &mut Tx, id: i64) -> Result<Option<Field>, DbError> {
    let select =
        sql!("SELECT id, subject, key, label, kind, currency, options, import_id FROM fields WHERE id = $1 AND deleted_at IS NOT NULL");
    tx.find(select, params![id]).await?.as_ref().map(read).transpose()
}

/// Which of these records have a value in this field.
pub(super) async fn having(tx: &mut Tx, id: i64, records: &[i64]) -> Result<HashSet<i64>, DbError> {
    let select = sql!(
        "SELECT v.record_id FROM {rows} AS r JOIN (SELECT record_id, field_id FROM field_texts
           UNION ALL SELECT record_id, field_id FROM field_numbers UNION ALL SELECT record_id, field_id FROM field_choices
           UNION ALL SELECT record_id, field_id FROM field_references) v ON v.record_id = r.id AND v.field_id = $1"
    );
    let rows = tx.rows_from(select, &Relation::of_ids("id", records.iter().copied()), params![id]).await?;
    rows.iter().map(|row| row.at(0)).collect()
}

/// Records behind `behind` that still have a value, deleted ones too, by id.
pub(super) async fn holders(tx: &mut Tx, id: i64, behind: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let select = sql!(
        "SELECT v.record_id FROM (SELECT record_id FROM field_texts WHERE field_id = $1 AND record_id > $2
           UNION ALL SELECT record_id FROM field_numbers WHERE field_id = $1 AND record_id > $2
           UNION ALL SELECT DISTINCT record_id FROM field_choices WHERE field_id = $1 AND record_id > $2
           UNION ALL SELECT record_id FROM field_references WHERE field_id = $1 AND record_id > $2) v ORDER BY v.record_id LIMIT $3"
    );
    tx.rows(select, params![id, behind, limit]).await?.iter().map(|row| row.at(0)).collect()
}

/// Removes the field with what typed values are left.
pub(super) async fn remove(tx: &mut Tx, id: i64) -> Result<(), DbError> {
    for delete in [
        sql!("DELETE FROM field_texts WHERE field_id = $1"),
        sql!("DELETE FROM field_numbers WHERE field_id = $1"),
        sql!("DELETE FROM field_choices WHERE field_id = $1"),
        sql!("DELETE FROM field_references WHERE field_id = $1"),
        sql!("DELETE FROM fields WHERE id = $1"),
    ] {
        tx.exec(delete, params![id]).await?;
    }
    Ok(())
}

fn options_text(options: &[FieldOption]) -> String {
    serde_json::to_string(options).unwrap_or_else(|_| "[]".to_owned())
}

/// Makes a field; a second one with the same key is [`DbError::Unique`].
pub async fn create(tx: &mut Tx, by: &By<'_>, draft: &FieldDraft, import_id: Option<i64>) -> Result<Field, DbError> {
    let id = by.ids.next();
    let FieldDraft { subject, key, label, kind, currency, options } = draft.clone();
    let sql = sql!(
        "INSERT INTO fields (id, subject, key, label, kind, currency, options, revision, position, import_id, created_at)
         VALUES ($1, $9, $2, $3, $4, $5, $6, 0, $1, $7, $8)"
    );
    tx.exec(sql, params![id, &key, &label, kind.word(), currency.as_deref(), options_text(&options), import_id, by.now, subject.word()])
        .await?;
    let mut after = Map::new();
    after.extend(
        [("subject", json!(subject.word())), ("key", json!(key)), ("label", json!(label)), ("kind", json!(kind.word()))]
            .map(|(name, value)| (name.to_owned(), value)),
    );
    if let Some(currency) = &currency {
        after.insert("currency".to_owned(), json!(currency));
    }
    if kind.has_options() {
        after.insert("options".to_owned(), options.iter().map(|option| json!(option.label)).collect());
    }
    audit::note(tx, by.ids, by.now, by.actor, "field.created", "field", id, None, Some(Json::Object(after))).await?;
    Ok(Field { id, subject, key, label, kind, currency, options, import_id })
}

/// Writes a field's options over those it had.
pub(super) async fn set_options(tx: &mut Tx, by: &By<'_>, field: &Field, before: &[FieldOption]) -> Result<(), DbError> {
    let set = sql!("UPDATE fields SET options = $2, revision = revision + 1 WHERE id = $1");
    tx.exec(set, params![field.id, options_text(&field.options)]).await?;
    let told = |options: &[FieldOption]| {
        let live = options.iter().filter(|option| !option.gone);
        json!({ "options": live.map(|option| option.label.as_str()).collect::<Vec<_>>() })
    };
    let change = (Some(told(before)), Some(told(&field.options)));
    audit::note(tx, by.ids, by.now, by.actor, "field.options_changed", "field", field.id, change.0, change.1).await
}

/// Takes an option whose values are gone off the field.
pub(super) async fn drop_option(tx: &mut Tx, field: &Field, key: &str) -> Result<(), DbError> {
    let left: Vec<FieldOption> = field.options.iter().filter(|option| option.key != key).cloned().collect();
    let set = sql!("UPDATE fields SET options = $2, revision = revision + 1 WHERE id = $1");
    tx.exec(set, params![field.id, options_text(&left)]).await.map(drop)
}

/// How many records have each option of a field, each counted up to `most`.
pub(super) async fn option_counts(tx: &mut Tx, field: &Field, most: i64) -> Result<HashMap<String, i64>, DbError> {
    let wanted = Relation::of_texts("k", field.options.iter().map(|option| option.key.clone()));
    let select = sql!(
        "SELECT r.k, (SELECT count(*) FROM (SELECT 1 AS one FROM field_choices c WHERE c.field_id = $2 AND c.choice = r.k LIMIT $1) a) AS people
         FROM {rows} AS r"
    );
    tx.rows_from(select, &wanted, params![most, field.id]).await?.iter().map(|row| Ok((row.get("k")?, row.get("people")?))).collect()
}

/// Records behind `behind` that have this option, deleted ones too, by id.
pub(super) async fn choosers(tx: &mut Tx, id: i64, option: &str, behind: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let select =
        sql!("SELECT record_id FROM field_choices WHERE field_id = $1 AND choice = $2 AND record_id > $3 ORDER BY record_id LIMIT $4");
    tx.rows(select, params![id, option, behind, limit]).await?.iter().map(|row| row.at(0)).collect()
}

/// Writes the typed values of these records from their JSON copies; with `fresh` they are known to have none yet.
pub async fn put_values<'c>(
    tx: &mut Tx,
    records: impl Iterator<Item = (i64, &'c Map<String, Json>)>,
    defs: &[Field],
    fresh: bool,
) -> Result<(), DbError> {
    let (int, text) = (Column::Int, Column::Text);
    let mut texts = Relation::new(&[("record_id", int), ("field_id", int), ("value", text), ("value_key", text)]);
    let mut numbers = Relation::new(&[("record_id", int), ("field_id", int), ("value", Column::Real)]);
    let mut choices = Relation::new(&[("record_id", int), ("field_id", int), ("choice", text)]);
    let mut references = Relation::new(&[("record_id", int), ("field_id", int), ("target_id", int)]);
    let mut all = Vec::new();
    for (id, values) in records {
        all.push(id);
        for (key, value) in values {
            let Some(def) = defs.iter().find(|d| d.key == *key) else { continue };
            match def.typed(value) {
                Some(Typed::Text(value)) => {
                    let folded: String = fold_key(&value).chars().take(200).collect();
                    texts.push(vec![Value::Int(id), Value::Int(def.id), Value::Text(value), Value::Text(folded)]);
                }
                Some(Typed::Number(number)) => numbers.push(vec![Value::Int(id), Value::Int(def.id), Value::Real(number)]),
                Some(Typed::Choices(keys)) => {
                    for key in keys {
                        choices.push(vec![Value::Int(id), Value::Int(def.id), Value::Text(key)]);
                    }
                }
                Some(Typed::Reference(target)) => references.push(vec![Value::Int(id), Value::Int(def.id), Value::Int(target)]),
                None => {}
            }
        }
    }
    let refers = defs.iter().any(|def| def.kind.target().is_some());
    if !fresh {
        // What a field that is being removed still holds is its job's to find.
        let old = Relation::of_ids("id", all);
        tx.exec_from(sql!("DELETE FROM field_texts WHERE record_id IN (SELECT r.id FROM {rows} AS r) AND field_id IN (SELECT f.id FROM fields f WHERE f.deleted_at IS NULL)"), &old, params![]).await?;
        tx.exec_from(sql!("DELETE FROM field_numbers WHERE record_id IN (SELECT r.id FROM {rows} AS r) AND field_id IN (SELECT f.id FROM fields f WHERE f.deleted_at IS NULL)"), &old, params![]).await?;
        tx.exec_from(sql!("DELETE FROM field_choices WHERE record_id IN (SELECT r.id FROM {rows} AS r) AND field_id IN (SELECT f.id FROM fields f WHERE f.deleted_at IS NULL)"), &old, params![]).await?;
        if refers {
            tx.exec_from(sql!("DELETE FROM field_references WHERE record_id IN (SELECT r.id FROM {rows} AS r) AND field_id IN (SELECT f.id FROM fields f WHERE f.deleted_at IS NULL)"), &old, params![]).await?;
        }
    }
    tx.insert("field_texts", &texts, Conflict::Fail).await?;
    tx.insert("field_numbers", &numbers, Conflict::Fail).await?;
    tx.insert("field_choices", &choices, Conflict::Fail).await?;
    if !references.is_empty() {
        // Who was removed meanwhile is referred to by nobody, whatever a copy that was put back says.
        let insert = sql!(
            "INSERT INTO field_references (record_id, field_id, target_id) SELECT r.record_id, r.field_id, r.target_id FROM {rows} AS r
             WHERE EXISTS (SELECT 1 FROM contacts c WHERE c.id = r.target_id) OR EXISTS (SELECT 1 FROM companies c WHERE c.id = r.target_id)"
        );
        tx.exec_from(insert, &references, params![]).await?;
    }
    Ok(())
}

/// Drops the fields this import made that hold no value any more; answers how many.
pub async fn remove_unused(tx: &mut Tx, import_id: i64) -> Result<u64, DbError> {
    let sql = sql!(
        "DELETE FROM fields WHERE import_id = $1 AND NOT EXISTS (SELECT 1 FROM field_texts t WHERE t.field_id = fields.id)
         AND NOT EXISTS (SELECT 1 FROM field_numbers n WHERE n.field_id = fields.id)
         AND NOT EXISTS (SELECT 1 FROM field_choices c WHERE c.field_id = fields.id)
         AND NOT EXISTS (SELECT 1 FROM field_references e WHERE e.field_id = fields.id)"
    );
    tx.exec(sql, params![import_id]).await
}
