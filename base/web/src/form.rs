//! Reading what was sent: forms, addresses and JSON. What cannot be read becomes a [`Problem`] in the asker's language.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::Problem;
use crate::language::{Arg, Lang, say};

/// A form as posted (`application/x-www-form-urlencoded`; repeated names become a `Vec`). Let fields be `String` and check them yourself:
/// then a wrong entry is shown beside its field.
#[derive(Clone, Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let form = axum_extra::extract::Form::<T>::from_request(request, state).await;
        form.map(|form| Self(form.0)).map_err(|e| {
            let why = e.to_string();
            refused(e.into_response().status(), why)
        })
    }
}

/// The problem behind a body that was refused with `status`.
fn refused(status: StatusCode, why: String) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE { Problem::TooLarge } else { Problem::Unreadable(why) }
}

/// The query of the address; repeated names become a `Vec`.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum_extra::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|e| Problem::Unreadable(e.to_string()))
    }
}

/// The variable parts of the address; one that does not parse is an address that does not exist.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| Problem::NotFound)
    }
}

/// A JSON body.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = axum::Json::<T>::from_request(request, state).await;
        body.map(|body| Self(body.0)).map_err(|e| refused(e.status(), e.body_text()))
    }
}

impl<T: serde::Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// What the user can mend, field by field, in the order it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormErrors {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    field: String,
    key: &'static str,
    args: Vec<(&'static str, Arg)>,
}

impl FormErrors {
    /// No errors yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether everything is fine.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many errors there are.
    pub fn len(&self) -> i64 {
        i64::try_from(self.entries.len()).unwrap_or(i64::MAX)
    }

    /// Adds an error for `field`, told by `key`; add placeholders with [`FormErrors::n`] and [`FormErrors::s`] right after.
    pub fn add(&mut self, field: impl Into<String>, key: &'static str) -> &mut Self {
        self.entries.push(Entry { field: field.into(), key, args: Vec::new() });
        self
    }

    /// Fills a placeholder of the error added last with a number.
    pub fn n(&mut self, name: &'static str, value: i64) -> &mut Self {
        if let Some(entry) = self.entries.last_mut() {
            entry.args.push((name, Arg::Number(value)));
        }
        self
    }

    /// Fills a placeholder of the error added last with text.
    pub fn s(&mut self, name: &'static str, value: impl std::fmt::Display) -> &mut Self {
        if let Some(entry) = self.entries.last_mut() {
            entry.args.push((name, Arg::Words(value.to_string())));
        }
        self
    }

    /// The trimmed text of a field that must be filled and at most `max` characters long.
    pub fn required(&mut self, field: &'static str, text: &str, max: usize) -> String {
        let text = text.trim();
        if text.is_empty() {
            self.add(field, "web-required");
        }
        self.at_most(field, text, max);
        text.to_owned()
    }

    /// The trimmed text of a field that may stay empty.
    pub fn optional(&mut self, field: &'static str, text: &str, max: usize) -> Option<String> {
        let text = text.trim();
        self.at_most(field, text, max);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A whole number from `min` to `max`; `min` when it is wrong, so that checking can go on.
    pub fn number(&mut self, field: impl Into<String>, text: &str, min: i64, max: i64) -> i64 {
        let digits: String = text.trim().chars().filter(|c| !matches!(c, ',' | ' ' | '\u{a0}')).collect();
        match digits.parse::<i64>() {
            Ok(n) if (min..=max).contains(&n) => return n,
            Ok(_) => self.add(field, "web-out-of-range").n("min", min).n("max", max),
            Err(_) if digits.is_empty() => self.add(field, "web-required"),
            Err(_) => self.add(field, "web-not-a-number"),
        };
        min
    }

    fn at_most(&mut self, field: &'static str, text: &str, max: usize) {
        if text.chars().count() > max {
            self.add(field, "web-too-long").n("max", i64::try_from(max).unwrap_or(i64::MAX));
        }
    }

    /// `Ok(value)` when there are no errors.
    pub fn or<T>(self, value: T) -> Result<T, FormErrors> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Whether `field` is wrong.
    pub fn has(&self, field: &str) -> bool {
        self.entries.iter().any(|entry| entry.field == field)
    }

    /// The first error of `field` in words; empty when it is fine.
    pub fn of(&self, field: &str, l: &Lang) -> String {
        self.entries.iter().find(|entry| entry.field == field).map_or_else(String::new, |entry| entry.told(l))
    }

    /// Every error as (field, words).
    pub fn all(&self, l: &Lang) -> Vec<(&str, String)> {
        self.entries.iter().map(|entry| (entry.field.as_str(), entry.told(l))).collect()
    }
}

impl Entry {
    fn told(&self, l: &Lang) -> String {
        say(l, self.key, self.args.iter().map(|(name, arg)| (*name, arg)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_collect_everything() {
        let mut errors = FormErrors::new();
        assert_eq!(errors.required("name", "  Ada ", 10), "Ada");
        assert_eq!(errors.optional("note", "  ", 10), None);
        assert_eq!(errors.number("seats", "1,200", 1, 5000), 1200);
        assert!(errors.is_empty());
        errors.required("name", " ", 10);
        errors.optional("note", "林林林", 2);
        errors.number("seats", "9", 1, 5);
        errors.number("age", "x", 1, 5);
        assert_eq!(errors.len(), 4);
        assert!(errors.has("note") && !errors.has("other"));
        assert!(errors.or(()).is_err());
    }
}
