//! A mail as one person would see it, with links that lead nowhere.

use super::render::{Addresses, Body, RenderError, Rendered};
use super::{CompileError, Person, TemplateDraft, compile};

/// Shows link targets without tracking them.
pub(crate) struct Untracked<'l>(pub(crate) &'l [String]);

impl Addresses for Untracked<'_> {
    fn push_link(&self, out: &mut String, position: u16) {
        out.push_str(self.0.get(usize::from(position)).map_or("#", String::as_str));
    }
    fn push_unsubscribe(&self, out: &mut String) {
        out.push_str("#unsubscribe");
    }
    fn push_question(&self, out: &mut String) {
        out.push_str("#question");
    }
    fn push_preferences(&self, out: &mut String) {
        out.push_str("#preferences");
    }
    fn push_pixel(&self, out: &mut String) {
        out.push_str("data:,");
    }
    fn push_trap(&self, out: &mut String) {
        out.push('#');
    }
}

/// Why there is nothing to preview.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreviewError {
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// Compiles and renders a draft for `person`.
pub(crate) fn preview(draft: &TemplateDraft, person: &Person) -> Result<Rendered, PreviewError> {
    let compiled = compile::compile(draft)?;
    let body = Body::cut(&draft.subject, &compiled.html, &compiled.plain)?;
    Ok(body.render(person, &Untracked(&compiled.links))?)
}
