//! The switches of language and theme: kept with the staff member, or in a cookie for somebody signed out.

use axum::extract::{FromRef, FromRequestParts, State};
use axum::response::Response;
use http::request::Parts;
use serde::Deserialize;

use crate::access::{self, Actor};
use crate::shell::{LOCALE, THEME, cookie, set_cookie};
use crate::{Answer, Form, Problem, Web, see_other};

/// A year, in seconds.
const YEAR_S: i64 = 365 * 86_400;

/// The actor, if there is one; nobody is turned away.
pub(crate) struct Maybe(Option<Actor>);

impl<S> FromRequestParts<S> for Maybe
where
    S: Send + Sync,
    Web: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(access::actor(parts, &Web::from_ref(state)).await?))
    }
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    value: String,
    #[serde(default)]
    next: String,
}

/// POST /me/locale
pub(crate) async fn locale(State(web): State<Web>, Maybe(actor): Maybe, Form(choice): Form<Choice>) -> Answer {
    let locale = choice.value.parse().map_err(Problem::Unreadable)?;
    if let Some(actor) = &actor {
        web.doorman.set_preference(&web.db, actor, Some(locale), None, web.clock.now()).await?;
    }
    Ok(back(&web, &choice.next, LOCALE, locale.tag()))
}

/// POST /me/theme
pub(crate) async fn theme(State(web): State<Web>, Maybe(actor): Maybe, Form(choice): Form<Choice>) -> Answer {
    let theme: crate::Theme = choice.value.parse().map_err(Problem::Unreadable)?;
    if let Some(actor) = &actor {
        web.doorman.set_preference(&web.db, actor, None, Some(theme), web.clock.now()).await?;
    }
    Ok(back(&web, &choice.next, THEME, theme.name()))
}

/// Back to the page the switch was on; never to another site.
fn back(web: &Web, next: &str, name: &'static str, value: &str) -> Response {
    let mut response = see_other(local(next));
    set_cookie(&mut response, &cookie(web, name, value.to_owned(), YEAR_S));
    response
}

/// The address if it is one of ours, else the start page. `//host` and `/\host` would leave the site.
pub fn local(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.chars().any(char::is_control);
    if ours { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn only_our_own_addresses_are_followed() {
        assert_eq!(local("/contacts?view=mine"), "/contacts?view=mine");
        for bad in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nb"] {
            assert_eq!(local(bad), "/");
        }
    }
}
