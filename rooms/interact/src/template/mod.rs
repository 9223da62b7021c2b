//! E-mail templates: MJML with merge tags, compiled once per version and rendered per recipient from ready-cut pieces.
//!
//! Guards that what was sent stays as it was sent (a save is a new version, its body and links stored once) and that a mail never
//! shows a hole: a merge tag without value and without fallback fails that one mail instead.

pub mod compile;
mod find_tags;
mod links;
pub mod pages;
mod person;
mod plain;
mod preview;
pub mod render;
mod rules;
mod starter;
pub mod store;
#[cfg(test)]
mod tests;

use attune_db::Tx;
use attune_kernel::{Fault, Ids};

pub use compile::{CompileError, Compiled};
pub use person::Person;
pub use render::{Addresses, Body, Rendered};
pub use rules::{Check, Finding};
pub use starter::seed_starters;
pub use store::{Template, Version};

attune_kernel::id_type!(
    /// Names a template.
    TemplateId,
    "tpl"
);

/// What an author writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateDraft {
    /// The name colleagues see.
    pub name: String,
    /// `en` or `zh-CN`: the language of the footer that is added when the mail has no unsubscribe link.
    pub language: String,
    /// The subject, with merge tags.
    pub subject: String,
    /// The line mail programs show behind the subject, with merge tags.
    pub preheader: String,
    /// The body: MJML, with merge tags.
    pub mjml: String,
}

/// Why a template cannot be saved.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The source does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The store failed.
    #[error("{0}")]
    Fault(Fault),
}

impl From<attune_db::DbError> for TemplateError {
    fn from(error: attune_db::DbError) -> Self {
        Self::Fault(error.into())
    }
}

/// Creates a template with its first version.
pub async fn create(tx: &mut Tx, ids: &Ids, now: i64, draft: &TemplateDraft, staff_id: Option<i64>) -> Result<TemplateId, TemplateError> {
    let compiled = compile::compile(draft)?;
    let id = TemplateId(ids.next());
    let version_id = ids.next();
    store::insert_version(tx, version_id, (id, 1), draft, &compiled, (now, staff_id)).await?;
    store::insert(tx, id, draft, version_id, now).await?;
    Ok(id)
}

/// Saves a template: a changed body becomes a new version, mails under way keep the old one.
pub async fn save(
    tx: &mut Tx,
    ids: &Ids,
    now: i64,
    id: TemplateId,
    draft: &TemplateDraft,
    staff_id: Option<i64>,
) -> Result<(), TemplateError> {
    let compiled = compile::compile(draft)?;
    let before = store::get(tx, id).await?;
    let last = store::get_version(tx, before.version_id).await?;
    let same =
        last.subject == draft.subject && last.preheader == draft.preheader && last.mjml == draft.mjml && before.language == draft.language;
    let version_id = if same { before.version_id } else { ids.next() };
    if !same {
        store::insert_version(tx, version_id, (id, last.number + 1), draft, &compiled, (now, staff_id)).await?;
    }
    store::update(tx, id, draft, version_id, now).await?;
    Ok(())
}
