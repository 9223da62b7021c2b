//! What a member of staff's form must hold.

use attune_kernel::{Locale, fold_key};
use attune_web::FormErrors;
use serde::Deserialize;

use super::{Role, Staff};

/// The shortest password taken (NIST SP 800-63B: length counts, composition rules do not).
const SHORTEST_PASSWORD: usize = 10;

/// As typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StaffForm {
    /// The name colleagues see.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// `admin`, `manager` or `agent`.
    pub role: String,
    /// The team's id; empty for none.
    pub team: String,
    /// `en` or `zh-CN`.
    pub locale: String,
    /// An IANA time zone.
    pub time_zone: String,
    /// Empty keeps the old one.
    pub password: String,
    /// Ticked when the person may sign in.
    pub active: Option<String>,
}

/// Checked.
#[derive(Clone, Debug)]
pub struct StaffDraft {
    /// The name colleagues see.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Their team.
    pub team_id: Option<i64>,
    /// The language of their interface.
    pub locale: Locale,
    /// The IANA name of their time zone.
    pub time_zone: String,
    /// A new password's hash; `None` keeps the old one.
    pub password_hash: Option<String>,
    /// Whether they may sign in.
    pub active: bool,
}

impl StaffDraft {
    /// What the audit log shows; never the password.
    pub(crate) fn shown(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name, "email": self.email, "role": self.role.word(), "team_id": self.team_id,
            "active": self.active, "password_changed": self.password_hash.is_some(),
        })
    }
}

/// What the audit log shows of the stored state.
pub(crate) fn shown(staff: &Staff) -> serde_json::Value {
    serde_json::json!({ "name": staff.name, "email": staff.email, "role": staff.role.word(), "team_id": staff.team_id, "active": staff.active })
}

impl StaffForm {
    /// The form as it shows somebody who exists.
    pub fn of(staff: &Staff) -> Self {
        Self {
            name: staff.name.clone(),
            email: staff.email.clone(),
            role: staff.role.word().to_owned(),
            team: staff.team_id.map_or_else(String::new, |id| id.to_string()),
            locale: staff.locale.tag().to_owned(),
            time_zone: staff.time_zone.clone(),
            password: String::new(),
            active: staff.active.then(|| "on".to_owned()),
        }
    }

    /// Checks everything but the password's hash, which takes time: [`StaffForm::hashed`] adds it.
    pub fn check(&self, password_needed: bool) -> Result<StaffDraft, FormErrors> {
        let mut errors = FormErrors::new();
        let name = errors.required("name", &self.name, 120);
        let email = check_email(&mut errors, &self.email);
        let role = Role::of(self.role.trim());
        if role.is_none() {
            errors.add("role", "govern-staff-role-unknown");
        }
        let locale = self.locale.parse::<Locale>().unwrap_or_default();
        let zone = if self.time_zone.trim().is_empty() { "UTC" } else { self.time_zone.trim() };
        if jiff::tz::TimeZone::get(zone).is_err() {
            errors.add("time_zone", "govern-staff-zone-unknown").s("zone", zone);
        }
        check_password(&mut errors, &self.password, password_needed);
        errors.or(StaffDraft {
            name,
            email,
            role: role.unwrap_or(Role::Agent),
            team_id: self.team.trim().parse().ok(),
            locale,
            time_zone: zone.to_owned(),
            password_hash: None,
            active: self.active.is_some(),
        })
    }

    /// Checks and hashes.
    pub async fn hashed(&self, password_needed: bool) -> Result<Result<StaffDraft, FormErrors>, attune_kernel::Fault> {
        let mut draft = match self.check(password_needed) {
            Ok(draft) => draft,
            Err(errors) => return Ok(Err(errors)),
        };
        if !self.password.is_empty() {
            draft.password_hash = Some(super::hash_password(&self.password).await?);
        }
        Ok(Ok(draft))
    }
}

/// A plausible address: one @, a domain with a dot, no blanks. Whether it exists only a mail can tell.
pub(crate) fn check_email(errors: &mut FormErrors, typed: &str) -> String {
    let email = errors.required("email", typed, 254);
    let plausible = email.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty()
            && !domain.contains('@')
            && domain.len() >= 3
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    });
    if !email.is_empty() && (!plausible || email.contains(char::is_whitespace)) {
        errors.add("email", "govern-staff-email-wrong");
    }
    email
}

pub(crate) fn check_password(errors: &mut FormErrors, password: &str, needed: bool) {
    let length = password.chars().count();
    if (needed || length > 0) && length < SHORTEST_PASSWORD {
        errors.add("password", "govern-staff-password-short").n("min", i64::try_from(SHORTEST_PASSWORD).unwrap_or(0));
    }
}

/// The form in which addresses are compared.
pub(crate) fn email_key(email: &str) -> String {
    fold_key(email)
}
