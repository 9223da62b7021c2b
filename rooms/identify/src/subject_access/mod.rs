//! A person's own copy: everything the house has stored about them, for them (GDPR articles 15 and 20, PIPL article 45).
//!
//! Guards that the copy is whole: it goes over the same list of tables that erasing does, and what is left out says why (ADR 0024). No secret
//! and no number that means something inside only leaves with it; who may not see the person's addresses may not take the copy either.

pub mod api;
mod document;
pub mod pages;
mod rules;
mod sheet;
mod store;
#[cfg(test)]
mod tests;

use attune_db::Tx;
use attune_house::{App, Naming};
use attune_record::audit;
use attune_web::access::ADDRESSES;
use attune_web::{Actor, Answer, Can, Lang, Problem, Sight, permission};
use serde_json::json;

use crate::contact::score::Scale;
use crate::erasure;
use crate::{field, staff};

pub use rules::{LEFT_OUT, column_key};
use sheet::Copying;

permission!(ExportPerson, "identify.contact.export_person");

/// What ids of this room stand for.
pub(crate) const NAMINGS: [Naming; 5] = [
    Naming { column: "company_id", sql: "SELECT id, name FROM companies" },
    Naming { column: "from_company_id", sql: "SELECT id, name FROM companies" },
    Naming { column: "to_company_id", sql: "SELECT id, name FROM companies" },
    Naming { column: "question_id", sql: "SELECT id, text_en AS name FROM questions" },
    Naming { column: "import_id", sql: "SELECT id, file_name AS name FROM imports" },
];

/// Somebody whose copy is asked for.
pub(crate) struct Subject {
    name: String,
    /// The record and everybody merged into it.
    people: Vec<i64>,
}

/// What the copy is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Html,
}

impl Format {
    fn of(word: &str) -> Self {
        if word == "html" { Self::Html } else { Self::Json }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
        }
    }
}

/// The contact `id`, deleted ones too, within the right's reach; of whom one sees masked addresses only, no copy is to be had.
async fn find(tx: &mut Tx, can: &Can<ExportPerson>, id: i64) -> Result<Subject, Problem> {
    let people = erasure::list_with_merged(tx, &can.scope, id).await?;
    let head = store::find_head(tx, id).await?.filter(|_| !people.is_empty()).ok_or(Problem::NotFound)?;
    if !Sight::of(&can.actor).covers(head.owner_id, head.team_id) {
        return Err(Problem::Forbidden { permission: ADDRESSES });
    }
    Ok(Subject { name: head.name, people })
}

/// Takes a person's copy out of the house as far as `actor` may; `format` is `json` or `html`.
pub(crate) async fn take(app: &App, actor: &Actor, l: &Lang, id: i64, format: &str) -> Answer {
    let can = Can::<ExportPerson>::of(actor).ok_or(Problem::Forbidden { permission: "identify.contact.export_person" })?;
    let format = Format::of(format);
    Ok(document::file(begin(app, &can, l, id, format).await?, format))
}

/// Writes down who takes a person's copy and opens it.
async fn begin(app: &App, can: &Can<ExportPerson>, l: &Lang, id: i64, format: Format) -> Result<Copying, Problem> {
    let mut tx = app.db.begin().await?;
    let subject = find(&mut tx, can, id).await?;
    let now = app.clock.now();
    let told = json!({ "format": format.word(), "language": l.tag() });
    audit::note(&mut tx, &app.ids, now, &can.actor, "contact.exported_person", "contact", id, None, Some(told)).await?;
    let copying = Copying {
        db: app.db.clone(),
        parts: rules::parts(&app.house().contact_tables),
        naming: app.house().namings.clone(),
        staff: staff::names(&staff::list(&mut tx).await?),
        fields: field::list(&mut tx).await?,
        scale: Scale::read(&mut tx, now).await?,
        l: l.clone(),
        now,
        id,
        subject,
        part: 0,
        started: false,
        behind: None,
    };
    tx.commit().await?;
    Ok(copying)
}
