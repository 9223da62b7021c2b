//! The SQL of fields and their values.

use std::collections::{HashMap, HashSet};

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, Value, params, sql};
use attune_kernel::fold_key;
use attune_record::audit;
use serde_json::{Map, Value as Json, json};

use super::{Field, FieldDraft, FieldKind, FieldOption, Typed};
use crate::contact::By;

fn read(row: &Row) -> Result<Field, DbError> {
    let kind = FieldKind::of(&row.get::<String>("kind")?);
    Ok(Field {
        id: row.get("id")?,
        key: row.get("key")?,
        label: row.get("label")?,
        kind,
        currency: row.get("currency")?,
        options: serde_json::from_str(&row.get::<String>("options")?).unwrap_or_default(),
        import_id: row.get("import_id")?,
    })
}

/// Every field in the order in which pages show them.
pub async fn list(tx: &mut Tx) -> Result<Vec<Field>, DbError> {
    let rows = tx
        .rows(
            sql!("SELECT id, key, label, kind, currency, options, import_id FROM fields WHERE deleted_at IS NULL ORDER BY position, id"),
            params![],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// The field with this key.
pub async fn find_by_key(tx: &mut Tx, key: &str) -> Result<Option<Field>, DbError> {
    let row = tx
        .find(
            sql!("SELECT id, key, label, kind, currency, options, import_id FROM fields WHERE key = $1 AND deleted_at IS NULL"),
            params![key],
        )
        .await?;
    row.as_ref().map(read).transpose()
}

/// The field with this id.
pub(crate) async fn find(tx: &mut Tx, id: i64) -> Result<Option<Field>, DbError> {
    let select = sql!("SELECT id, key, label, kind, currency, options, import_id FROM fields WHERE id = $1 AND deleted_at IS NULL");
    tx.find(select, params![id]).await?.as_ref().map(read).transpose()
}

/// The field with this id, held until the transaction ends: nobody else changes its options meanwhile.
pub(super) async fn find_held(tx: &mut Tx, id: i64) -> Result<Option<Field>, DbError> {
    tx.exec(sql!("UPDATE fields SET revision = revision WHERE id = $1"), params![id]).await?;
    find(tx, id).await
}

/// How many contacts have a value, by field, each counted up to `most`.
pub(super) async fn counts(tx: &mut Tx, fields: &[Field], most: i64) -> Result<HashMap<i64, i64>, DbError> {
    let wanted = Relation::of_ids("id", fields.iter().map(|field| field.id));
    let select = sql!(
        "SELECT r.id, (SELECT count(*) FROM (SELECT 1 AS one FROM contact_texts t WHERE t.field_id = r.id LIMIT $1) a)
           + (SELECT count(*) FROM (SELECT 1 AS one FROM contact_numbers n WHERE n.field_id = r.id LIMIT $1) b)
           + (SELECT count(*) FROM (SELECT DISTINCT c.contact_id FROM contact_choices c WHERE c.field_id = r.id LIMIT $1) d) AS people FROM {rows} AS r"
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

/// The key of a field whose values are being removed.
pub(super) async fn hidden_key(tx: &mut Tx, id: i64) -> Result<Option<String>, DbError> {
    let row = tx.find(sql!("SELECT key FROM fields WHERE id = $1 AND deleted_at IS NOT NULL"), params![id]).await?;
    row.map(|row| row.at(0)).transpose()
}

/// Which of these contacts have a value in this field.
pub(super) async fn having(tx: &mut Tx, id: i64, contacts: &[i64]) -> Result<HashSet<i64>, DbError> {
    let select = sql!(
        "SELECT v.contact_id FROM {rows} AS r JOIN (SELECT contact_id, field_id FROM contact_texts
           UNION ALL SELECT contact_id, field_id FROM contact_numbers UNION ALL SELECT contact_id, field_id FROM contact_choices) v ON v.contact_id = r.id AND v.field_id = $1"
    );
    let rows = tx.rows_from(select, &Relation::of_ids("id", contacts.iter().copied()), params![id]).await?;
    rows.iter().map(|row| row.at(0)).collect()
}

/// People behind `behind` who still have a value, deleted ones too, by id.
pub(super) async fn holders(tx: &mut Tx, id: i64, behind: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let select = sql!(
        "SELECT v.contact_id FROM (SELECT contact_id FROM contact_texts WHERE field_id = $1 AND contact_id > $2
           UNION ALL SELECT contact_id FROM contact_numbers WHERE field_id = $1 AND contact_id > $2
           UNION ALL SELECT DISTINCT contact_id FROM contact_choices WHERE field_id = $1 AND contact_id > $2) v ORDER BY v.contact_id LIMIT $3"
    );
    tx.rows(select, params![id, behind, limit]).await?.iter().map(|row| row.at(0)).collect()
}

/// Removes the field with what typed values are left.
pub(super) async fn remove(tx: &mut Tx, id: i64) -> Result<(), DbError> {
    for delete in [
        sql!("DELETE FROM contact_texts WHERE field_id = $1"),
        sql!("DELETE FROM contact_numbers WHERE field_id = $1"),
        sql!("DELETE FROM contact_choices WHERE field_id = $1"),
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
    let FieldDraft { key, label, kind, currency, options } = draft.clone();
    let sql = sql!(
        "INSERT INTO fields (id, key, label, kind, currency, options, revision, position, import_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 0, $1, $7, $8)"
    );
    tx.exec(sql, params![id, &key, &label, kind.word(), currency.as_deref(), options_text(&options), import_id, by.now]).await?;
    let mut after = Map::new();
    after
        .extend([("key", json!(key)), ("label", json!(label)), ("kind", json!(kind.word()))].map(|(name, value)| (name.to_owned(), value)));
    if let Some(currency) = &currency {
        after.insert("currency".to_owned(), json!(currency));
    }
    if kind.has_options() {
        after.insert("options".to_owned(), options.iter().map(|option| json!(option.label)).collect());
    }
    audit::note(tx, by.ids, by.now, by.actor, "field.created", "field", id, None, Some(Json::Object(after))).await?;
    Ok(Field { id, key, label, kind, currency, options, import_id })
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

/// How many contacts have each option of a field, each counted up to `most`.
pub(super) async fn option_counts(tx: &mut Tx, field: &Field, most: i64) -> Result<HashMap<String, i64>, DbError> {
    let wanted = Relation::of_texts("k", field.options.iter().map(|option| option.key.clone()));
    let select = sql!(
        "SELECT r.k, (SELECT count(*) FROM (SELECT 1 AS one FROM contact_choices c WHERE c.field_id = $2 AND c.choice = r.k LIMIT $1) a) AS people
         FROM {rows} AS r"
    );
    tx.rows_from(select, &wanted, params![most, field.id]).await?.iter().map(|row| Ok((row.get("k")?, row.get("people")?))).collect()
}

/// People behind `behind` who have this option, deleted ones too, by id.
pub(super) async fn choosers(tx: &mut Tx, id: i64, option: &str, behind: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let select =
        sql!("SELECT contact_id FROM contact_choices WHERE field_id = $1 AND choice = $2 AND contact_id > $3 ORDER BY contact_id LIMIT $4");
    tx.rows(select, params![id, option, behind, limit]).await?.iter().map(|row| row.at(0)).collect()
}

/// Writes the typed values of these contacts from their JSON copies; with `fresh` they are known to have none yet.
pub async fn put_values<'c>(
    tx: &mut Tx,
    contacts: impl Iterator<Item = (i64, &'c Map<String, Json>)>,
    defs: &[Field],
    fresh: bool,
) -> Result<(), DbError> {
    let (int, text) = (Column::Int, Column::Text);
    let mut texts = Relation::new(&[("contact_id", int), ("field_id", int), ("value", text), ("value_key", text)]);
    let mut numbers = Relation::new(&[("contact_id", int), ("field_id", int), ("value", Column::Real)]);
    let mut choices = Relation::new(&[("contact_id", int), ("field_id", int), ("choice", text)]);
    let mut all = Vec::new();
    for (id, values) in contacts {
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
                None => {}
            }
        }
    }
    if !fresh {
        // What a field that is being removed still holds is its job's to find.
        let old = Relation::of_ids("id", all);
        tx.exec_from(sql!("DELETE FROM contact_texts WHERE contact_id IN (SELECT r.id FROM {rows} AS r) AND field_id IN (SELECT f.id FROM fields f WHERE f.deleted_at IS NULL)"), &old, params![]).await?;
        tx.exec_from(sql!("DELETE FROM contact_numbers WHERE contact_id IN (SELECT r.id FROM {rows} AS r) AND field_id IN (SELECT f.id FROM fields f WHERE f.deleted_at IS NULL)"), &old, params![]).await?;
        tx.exec_from(sql!("DELETE FROM contact_choices WHERE contact_id IN (SELECT r.id FROM {rows} AS r) AND field_id IN (SELECT f.id FROM fields f WHERE f.deleted_at IS NULL)"), &old, params![]).await?;
    }
    tx.insert("contact_texts", &texts, Conflict::Fail).await?;
    tx.insert("contact_numbers", &numbers, Conflict::Fail).await?;
    tx.insert("contact_choices", &choices, Conflict::Fail).await?;
    Ok(())
}

/// Drops the fields this import made that hold no value any more; answers how many.
pub async fn remove_unused(tx: &mut Tx, import_id: i64) -> Result<u64, DbError> {
    let sql = sql!(
        "DELETE FROM fields WHERE import_id = $1 AND NOT EXISTS (SELECT 1 FROM contact_texts t WHERE t.field_id = fields.id)
         AND NOT EXISTS (SELECT 1 FROM contact_numbers n WHERE n.field_id = fields.id)
         AND NOT EXISTS (SELECT 1 FROM contact_choices c WHERE c.field_id = fields.id)"
    );
    tx.exec(sql, params![import_id]).await
}
