//! Signed proof of who somebody is, carried by a link or handed to a site's own script.

use attune_web::{FormToken, Secret};
use serde::{Deserialize, Deserializer, Serialize};

use attune_kernel::{DAY_US, HOUR_US};

use crate::word::{Word, one_of};

const PURPOSE: &str = "visitor-token";
/// How long a token in a mail link counts.
const MAX_AGE_US: i64 = 180 * DAY_US;
/// How long a form may stay open before it is sent.
const FORM_AGE_US: i64 = 24 * HOUR_US;
/// The name public forms sign their token for.
pub const IDENTIFY_FORM: &str = "identify";

/// What shows who is behind a browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The evidence.
    pub evidence: Evidence,
    /// Where it comes from, for the merge log: `link`, `form`, `site`, `app`, `api`, `mail`.
    #[serde(deserialize_with = "source")]
    pub source: Word,
}

fn source<'de, D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
    one_of(from, &["link", "form", "api", "mail", "app", "site"])
}

impl Proof {
    /// Where an app's device can be reached.
    pub(crate) fn push(token: String) -> Self {
        Self { evidence: Evidence::Push(token), source: "app" }
    }
}

/// Evidence of an identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// A token signed for this contact: a click in a mail, or staff.
    Contact(i64),
    /// The id the contact has in another system, signed by us or sent with an API key.
    ExternalId(String),
    /// An address typed into a form of ours.
    Email {
        /// The address in its matching form.
        email: String,
        /// The name typed beside it.
        name: Option<String>,
    },
    /// An address that nothing vouches for: remembered, never joined.
    Claim(String),
    /// Where the device of an app can be reached: shows nobody, and is remembered with whoever it is.
    Push(String),
}

/// Says that whoever carries it is this contact; for `?attune_token=` in mail links.
pub fn contact_token(secret: &Secret, contact_id: i64, now: i64) -> String {
    secret.sign(PURPOSE, &format!("c:{now}:{contact_id}"))
}

/// Says that whoever carries it is the contact with this external id; for sites whose visitors sign in.
pub fn external_token(secret: &Secret, external_id: &str, now: i64) -> String {
    secret.sign(PURPOSE, &format!("x:{now}:{external_id}"))
}

/// Lets a public form identify who fills it in.
pub fn form_token(secret: &Secret, now: i64) -> String {
    FormToken::issue(secret, IDENTIFY_FORM, now)
}

/// What a visitor said about themselves, beside the token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// A mail address.
    pub email: Option<String>,
    /// A name.
    pub name: Option<String>,
}

/// Weighs a token and what was said with it at `now` (µs). A token that does not hold leaves a claim, or nothing.
pub fn weigh(secret: &Secret, token: Option<&str>, traits: &Traits, now: i64) -> Option<Proof> {
    let email = traits
        .email
        .as_deref()
        .map(str::trim)
        .filter(|e| e.len() <= 254 && email_address::EmailAddress::is_valid(e))
        .map(str::to_lowercase);
    if let Some(token) = token {
        if let Some(payload) = secret.verify(PURPOSE, token) {
            return read_payload(&payload, now).or_else(|| email.map(claim));
        }
        if FormToken::fits(secret, IDENTIFY_FORM, token, now, FORM_AGE_US)
            && let Some(email) = email.clone()
        {
            let name = traits.name.as_deref().map(str::trim).filter(|n| !n.is_empty() && n.chars().count() <= 200).map(str::to_owned);
            return Some(Proof { evidence: Evidence::Email { email, name }, source: "form" });
        }
    }
    email.map(claim)
}

fn claim(email: String) -> Proof {
    Proof { evidence: Evidence::Claim(email), source: "site" }
}

fn read_payload(payload: &str, now: i64) -> Option<Proof> {
    let mut parts = payload.splitn(3, ':');
    let (kind, at, rest) = (parts.next()?, parts.next()?.parse::<i64>().ok()?, parts.next()?);
    if now.saturating_sub(at) > MAX_AGE_US {
        return None;
    }
    match kind {
        "c" => Some(Proof { evidence: Evidence::Contact(rest.parse().ok()?), source: "link" }),
        "x" => Some(Proof { evidence: Evidence::ExternalId(rest.to_owned()), source: "site" }),
        _ => None,
    }
}
