//! What the blocks on the pages of contacts and of companies share: the record they stand on, as far as whoever asks may see it.

use attune_db::Tx;
use attune_house::App;
use attune_web::{Path, Problem, Scope, Shell};
use axum::extract::FromRequestParts;
use http::request::Parts;

use super::{Record, find_end};
use crate::company::CompanyId;
use crate::contact::ContactId;

/// The record of an address below `/contacts/{id}` or `/companies/{id}`. The id of the one below the other is an address that does not exist.
#[derive(Clone, Copy, Debug)]
pub(crate) struct On(pub(crate) Record);

impl<S: Send + Sync> FromRequestParts<S> for On {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.path().starts_with("/companies/") {
            return Ok(Self(Record::Company(Path::<CompanyId>::from_request_parts(parts, state).await?.0.0)));
        }
        Ok(Self(Record::Contact(Path::<ContactId>::from_request_parts(parts, state).await?.0.0)))
    }
}

/// A record a block stands on.
pub(crate) struct Ground {
    /// The store as it is now.
    pub(crate) tx: Tx,
    pub(crate) record: Record,
    /// What pages call it, as the reader may see it.
    pub(crate) name: String,
    /// Whose it is: owner and team.
    pub(crate) whose: (Option<i64>, Option<i64>),
}

/// The record, if `scope` covers it.
pub(crate) async fn stand(app: &App, scope: &Scope, shell: &Shell, On(record): On) -> Result<Ground, Problem> {
    let mut tx = app.db.read().await?;
    let end = find_end(&mut tx, scope, record).await?.ok_or(Problem::NotFound)?;
    let name = shell.sight().text(end.whose, super::pages::shown_name(&shell.l, &end));
    Ok(Ground { tx, record, name, whose: end.whose })
}
