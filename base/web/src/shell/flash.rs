//! The message an act leaves for the next page: kept in a signed cookie, shown once, as a toast.

use askama::Template;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::Cookie;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::Secret;
use crate::language::{Arg, Lang, say};

const FLASH: &str = "attune_flash";
const PURPOSE: &str = "flash";

/// A message, not yet in words.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flash {
    tone: String,
    key: String,
    args: Vec<(String, Arg)>,
    undo: Option<String>,
}

impl Flash {
    /// Something was done.
    pub fn good(key: &str) -> Self {
        Self::new("good", key)
    }

    /// Something was not done, or needs care.
    pub fn bad(key: &str) -> Self {
        Self::new("bad", key)
    }

    fn new(tone: &str, key: &str) -> Self {
        Self { tone: tone.to_owned(), key: key.to_owned(), args: Vec::new(), undo: None }
    }

    /// Fills a placeholder with text.
    #[must_use]
    pub fn s(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.args.push((name.to_owned(), Arg::Words(value.to_string())));
        self
    }

    /// Fills a placeholder with a number.
    #[must_use]
    pub fn n(mut self, name: &str, value: i64) -> Self {
        self.args.push((name.to_owned(), Arg::Number(value)));
        self
    }

    /// Offers to undo: a form that posts to `url`.
    #[must_use]
    pub fn undo(mut self, url: impl Into<String>) -> Self {
        self.undo = Some(url.into());
        self
    }

    /// The message in words.
    pub fn toast(&self, l: &Lang) -> Toast {
        let text = say(l, &self.key, self.args.iter().map(|(name, arg)| (name.as_str(), arg)));
        Toast { tone: self.tone.clone(), text, undo: self.undo.clone() }
    }

    pub(crate) fn cookie(&self, secret: &Secret, secure: bool) -> Cookie<'static> {
        let body = serde_json::to_string(self).unwrap_or_default();
        super::sealed(FLASH, secret.sign(PURPOSE, &body), 120, secure)
    }

    pub(crate) fn gone(secure: bool) -> Cookie<'static> {
        super::sealed(FLASH, String::new(), 0, secure)
    }

    pub(crate) fn take(secret: &Secret, headers: &HeaderMap) -> Option<Self> {
        let jar = CookieJar::from_headers(headers);
        let body = secret.verify(PURPOSE, jar.get(FLASH)?.value())?;
        serde_json::from_str(&body).ok()
    }
}

/// A message in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// `good` or `bad`.
    pub tone: String,
    /// The sentence.
    pub text: String,
    /// Where undoing posts to.
    pub undo: Option<String>,
}

#[derive(Template)]
#[template(path = "toast.html")]
struct ToastPart<'a> {
    toast: &'a Toast,
    l: &'a Lang,
}

impl Toast {
    /// The toast for htmx to append to those on the page.
    pub(crate) fn partial(&self, l: &Lang) -> String {
        super::hx::partial("#toasts", "beforeend", &ToastPart { toast: self, l }.render().unwrap_or_default())
    }
}
