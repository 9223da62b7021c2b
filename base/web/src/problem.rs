//! What a handler answers when it cannot do what was asked: told to the user in words, to programs as JSON, to the log once.

use std::sync::Arc;

use attune_db::DbError;
use attune_kernel::Fault;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::FormErrors;
use crate::language::{Arg, Lang, say};

/// What every handler returns.
pub type Answer = Result<Response, Problem>;

/// A reason not to do what was asked. Turned into a page, a toast or JSON by the layers, in the asker's language.
#[derive(Debug)]
pub enum Problem {
    /// The entries of a program's request are wrong (422); pages show the form again instead, see [`crate::Shell::again`].
    Form(FormErrors),
    /// Nobody is signed in.
    SignIn,
    /// The installation is not set up yet.
    Setup,
    /// There is no such thing, or not for this asker.
    NotFound,
    /// The asker's role lacks a permission.
    Forbidden {
        /// The permission's key.
        permission: &'static str,
    },
    /// An unsafe request came from another site.
    CrossSite,
    /// The request could not be read; the text is for programs.
    Unreadable(String),
    /// The address exists, but not for this method (405).
    Method,
    /// More was sent than the route takes (413).
    TooLarge,
    /// Somebody changed the same thing meanwhile (409).
    Conflict {
        /// The text that says so.
        key: &'static str,
        /// Its placeholders.
        args: Vec<(&'static str, Arg)>,
    },
    /// A rule of the domain says no.
    Domain {
        /// The status: 403, 404, 409 or 422.
        status: StatusCode,
        /// The text that says why.
        key: &'static str,
        /// Its placeholders.
        args: Vec<(&'static str, Arg)>,
    },
    /// Too many attempts (429).
    TooMany {
        /// When to come back.
        seconds: i64,
    },
    /// The store is busy or a buffer is full: trying again is right (503).
    Busy,
    /// The disk is full (507).
    DiskFull,
    /// Our bug or the world's (500).
    Fault(Fault),
}

/// Travels in the response's extensions from the handler to the layers.
#[derive(Clone)]
pub(crate) struct Raised(pub(crate) Arc<Problem>);

impl Problem {
    /// A conflict (409) told by `key`; add placeholders with [`Problem::s`] and [`Problem::n`].
    pub fn conflict(key: &'static str) -> Self {
        Self::Conflict { key, args: Vec::new() }
    }

    /// A refusal (409) told by `key`: a rule of the domain says no.
    pub fn refused(key: &'static str) -> Self {
        Self::Domain { status: StatusCode::CONFLICT, key, args: Vec::new() }
    }

    /// Fills a placeholder with text.
    #[must_use]
    pub fn s(self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.with(name, Arg::Words(value.to_string()))
    }

    /// Fills a placeholder with a number.
    #[must_use]
    pub fn n(self, name: &'static str, value: i64) -> Self {
        self.with(name, Arg::Number(value))
    }

    fn with(mut self, name: &'static str, arg: Arg) -> Self {
        if let Self::Conflict { args, .. } | Self::Domain { args, .. } = &mut self {
            args.push((name, arg));
        }
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Form(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden { .. } | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::Domain { status, .. } => *status,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Setup | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The `code` of the JSON answer: stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "invalid",
            Self::SignIn => "unauthenticated",
            Self::Setup => "not_set_up",
            Self::NotFound => "not_found",
            Self::Forbidden { .. } => "forbidden",
            Self::CrossSite => "cross_site",
            Self::Unreadable(_) => "unreadable",
            Self::Method => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::Conflict { .. } => "conflict",
            Self::Domain { key, .. } => key,
            Self::TooMany { .. } => "too_many_requests",
            Self::Busy => "busy",
            Self::DiskFull => "disk_full",
            Self::Fault(_) => "internal",
        }
    }

    /// The headline and the sentence beneath it, in the words of `l`.
    pub fn words(&self, l: &Lang) -> (String, String) {
        let pair = |title: &str, text: &str| (l.t(title).to_string(), l.t(text).to_string());
        let told =
            |title: &str, key: &str, args: &[(&'static str, Arg)]| (l.t(title).to_string(), say(l, key, args.iter().map(|(n, a)| (*n, a))));
        match self {
            Self::Form(errors) => (l.of("web-error-heading").n("count", errors.len()).to_string(), String::new()),
            Self::SignIn => (l.t("web-sign-in-first").to_string(), String::new()),
            Self::Setup => pair("web-not-set-up", "web-not-set-up-text"),
            Self::NotFound => pair("web-not-found", "web-not-found-text"),
            Self::Forbidden { permission } => {
                (l.t("web-forbidden").to_string(), l.of("web-forbidden-text").s("permission", permission).to_string())
            }
            Self::CrossSite => pair("web-cross-site", "web-cross-site-text"),
            Self::Unreadable(_) => pair("web-bad-request", "web-bad-request-text"),
            Self::Method => pair("web-method", "web-method-text"),
            Self::TooLarge => pair("web-too-large", "web-too-large-text"),
            Self::Conflict { key, args } => told("web-conflict", key, args),
            Self::Domain { key, args, .. } => told("web-refused", key, args),
            Self::TooMany { seconds } => (l.t("web-too-many").to_string(), l.of("web-too-many-text").n("seconds", *seconds).to_string()),
            Self::Busy => pair("web-busy", "web-busy-text"),
            Self::DiskFull => pair("web-disk-full", "web-disk-full-text"),
            Self::Fault(_) => pair("web-fault", "web-fault-text"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Raised(Arc::new(self)));
        response
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::NotFound(_) => Self::NotFound,
            DbError::Busy(_) => Self::Busy,
            DbError::DiskFull => Self::DiskFull,
            other => Self::Fault(Fault::from(other)),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault.find::<DbError>() {
            Some(DbError::NotFound(_)) => Self::NotFound,
            Some(DbError::Busy(_)) => Self::Busy,
            Some(DbError::DiskFull) => Self::DiskFull,
            _ => Self::Fault(fault),
        }
    }
}
