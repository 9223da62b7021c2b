//! The rows of templates, their versions and links.

use std::collections::HashMap;
use std::sync::Arc;

use attune_db::{Column, Conflict, DbError, Relation, Row, Tx, params, sql};

use super::person::{Labels, labels_of};
use super::{Compiled, Person, TemplateDraft, TemplateId};

/// A template as the list shows it.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// The name colleagues see.
    pub name: String,
    /// `en` or `zh-CN`.
    pub language: String,
    /// The version that new mails use.
    pub version_id: i64,
    /// µs UTC.
    pub updated_at: i64,
    /// The subject of the current version.
    pub subject: String,
    /// The number of the current version, from 1.
    pub number: i64,
}

/// One version with its bodies.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its id.
    pub id: i64,
    /// The template it belongs to.
    pub template_id: TemplateId,
    /// From 1.
    pub number: i64,
    /// Subject with merge tags.
    pub subject: String,
    /// Preheader with merge tags.
    pub preheader: String,
    /// The source.
    pub mjml: String,
    /// The compiled HTML.
    pub html: String,
    /// The compiled text part.
    pub plain: String,
}

fn read(row: &Row) -> Result<Template, DbError> {
    Ok(Template {
        id: TemplateId(row.get("id")?),
        name: row.get("name")?,
        language: row.get("language")?,
        version_id: row.get("version_id")?,
        updated_at: row.get("updated_at")?,
        subject: row.get("subject")?,
        number: row.get("number")?,
    })
}

/// Templates that are not archived, last changed first, after `(updated_at, id)` when given.
pub async fn list(tx: &mut Tx, limit: i64) -> Result<Vec<Template>, DbError> {
    let rows = tx
        .rows(
            sql!(
                "SELECT t.id, t.name, t.language, t.version_id, t.updated_at, v.subject, v.number
                 FROM templates t JOIN template_versions v ON v.id = t.version_id
                 WHERE t.archived_at IS NULL ORDER BY t.updated_at DESC, t.id DESC LIMIT $1"
            ),
            params![limit],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// The template `id`.
pub async fn find(tx: &mut Tx, id: TemplateId) -> Result<Option<Template>, DbError> {
    let row = tx
        .find(
            sql!(
                "SELECT t.id, t.name, t.language, t.version_id, t.updated_at, v.subject, v.number
                 FROM templates t JOIN template_versions v ON v.id = t.version_id WHERE t.id = $1"
            ),
            params![id.0],
        )
        .await?;
    row.as_ref().map(read).transpose()
}

/// The template `id`, or [`DbError::NotFound`].
pub async fn get(tx: &mut Tx, id: TemplateId) -> Result<Template, DbError> {
    find(tx, id).await?.ok_or(DbError::NotFound("template"))
}

/// The version `id`, or [`DbError::NotFound`].
pub async fn get_version(tx: &mut Tx, id: i64) -> Result<Version, DbError> {
    let row = tx
        .get(
            "template version",
            sql!("SELECT id, template_id, number, subject, preheader, mjml, html, plain FROM template_versions WHERE id = $1"),
            params![id],
        )
        .await?;
    Ok(Version {
        id: row.get("id")?,
        template_id: TemplateId(row.get("template_id")?),
        number: row.get("number")?,
        subject: row.get("subject")?,
        preheader: row.get("preheader")?,
        mjml: row.get("mjml")?,
        html: row.get("html")?,
        plain: row.get("plain")?,
    })
}

/// The targets of a version's links, in the order of their marks.
pub async fn links(tx: &mut Tx, version_id: i64) -> Result<Vec<String>, DbError> {
    let rows = tx.rows(sql!("SELECT url FROM links WHERE version_id = $1 ORDER BY position"), params![version_id]).await?;
    rows.iter().map(|row| row.get("url")).collect()
}

/// The draft from which a template's current version was made.
pub async fn draft(tx: &mut Tx, template: &Template) -> Result<TemplateDraft, DbError> {
    let version = get_version(tx, template.version_id).await?;
    Ok(TemplateDraft {
        name: template.name.clone(),
        language: template.language.clone(),
        subject: version.subject,
        preheader: version.preheader,
        mjml: version.mjml,
    })
}

pub(super) async fn insert(tx: &mut Tx, id: TemplateId, draft: &TemplateDraft, version_id: i64, now: i64) -> Result<(), DbError> {
    let text = sql!("INSERT INTO templates (id, name, language, version_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)");
    tx.exec(text, params![id.0, &draft.name, &draft.language, version_id, now]).await?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, id: TemplateId, draft: &TemplateDraft, version_id: i64, now: i64) -> Result<(), DbError> {
    let text = sql!("UPDATE templates SET name = $2, language = $3, version_id = $4, updated_at = $5 WHERE id = $1");
    tx.exec(text, params![id.0, &draft.name, &draft.language, version_id, now]).await?;
    Ok(())
}

/// Takes a template out of the list, or puts it back when `at` is `None`.
pub async fn archive(tx: &mut Tx, id: TemplateId, at: Option<i64>) -> Result<(), DbError> {
    tx.exec(sql!("UPDATE templates SET archived_at = $2 WHERE id = $1"), params![id.0, at]).await?;
    Ok(())
}

pub(super) async fn insert_version(
    tx: &mut Tx,
    id: i64,
    (template_id, number): (TemplateId, i64),
    draft: &TemplateDraft,
    compiled: &Compiled,
    (now, staff_id): (i64, Option<i64>),
) -> Result<(), DbError> {
    let text = sql!(
        "INSERT INTO template_versions (id, template_id, number, subject, preheader, mjml, html, plain, created_at, staff_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    let values = params![
        id,
        template_id.0,
        number,
        &draft.subject,
        &draft.preheader,
        &draft.mjml,
        &compiled.html,
        &compiled.plain,
        now,
        staff_id.filter(|id| *id != 0)
    ];
    tx.exec(text, values).await?;
    let mut rows = Relation::new(&[("version_id", Column::Int), ("position", Column::Int), ("url", Column::Text)]);
    for (position, url) in compiled.links.iter().enumerate() {
        rows.push(params![id, position, url]);
    }
    tx.insert("links", &rows, Conflict::Fail).await?;
    Ok(())
}

/// What the records are called today that the fields of these contacts name, by contact and the field's key.
pub(crate) async fn names(
    tx: &mut Tx,
    labels: &Labels,
    contacts: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, HashMap<String, String>>, DbError> {
    // Where no field names a record nothing is asked.
    if labels.values().all(|options| !options.is_empty()) {
        return Ok(HashMap::new());
    }
    let select =
        sql!("SELECT n.contact_id, n.key, n.name FROM {rows} AS r JOIN v_identify_named n ON n.contact_id = r.id WHERE n.name <> ''");
    let mut names: HashMap<i64, HashMap<String, String>> = HashMap::new();
    for row in tx.rows_from(select, &Relation::of_ids("id", contacts), params![]).await? {
        names.entry(row.get("contact_id")?).or_default().insert(row.get("key")?, row.get("name")?);
    }
    Ok(names)
}

/// What the options of choices are called now; of fields that name a record, that there are none.
pub(crate) async fn labels(tx: &mut Tx) -> Result<Arc<Labels>, DbError> {
    let rows = tx
        .rows(sql!("SELECT key, options FROM v_identify_field WHERE kind IN ('choice', 'choices', 'contact', 'company')"), params![])
        .await?;
    let read = |row: &Row| Ok((row.get("key")?, labels_of(&row.get::<String>("options")?)));
    Ok(Arc::new(rows.iter().map(read).collect::<Result<_, DbError>>()?))
}

/// Reads a person out of a row that names the contact's columns and `fields`.
pub(crate) fn read_person(row: &Row, labels: &Arc<Labels>) -> Result<Person, DbError> {
    let mut person = Person::new();
    for column in super::person::COLUMNS {
        person.set(column, row.get(column)?);
    }
    person.set_custom(row.get("fields")?);
    person.set_labels(labels);
    Ok(person)
}

/// The contact `id` as merge tags see him.
pub(crate) async fn find_person(tx: &mut Tx, id: i64) -> Result<Option<Person>, DbError> {
    let text = sql!(
        "SELECT c.name, c.given_name, c.family_name, c.email, c.phone, c.title, c.city, c.country, c.external_id, c.stage, c.fields, co.name AS company
         FROM v_identify_contact c LEFT JOIN v_identify_company co ON co.id = c.company_id WHERE c.id = $1"
    );
    let labels = labels(tx).await?;
    let mut person = tx.find(text, params![id]).await?.map(|row| read_person(&row, &labels)).transpose()?;
    if let (Some(person), Some(names)) = (&mut person, names(tx, &labels, [id]).await?.remove(&id)) {
        person.set_names(names);
    }
    Ok(person)
}
