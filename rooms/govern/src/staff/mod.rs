//! The people who work here: who may sign in, with which role, in which team.
//!
//! Guards that an installation always keeps one active administrator, and that a password is only ever stored as an Argon2id hash.

pub(crate) mod pages;
mod password;
mod rules;
mod store;
#[cfg(test)]
mod tests;

use attune_db::{DbError, Tx};
use attune_kernel::{Ids, Locale};
use attune_web::{Actor, FormErrors, Theme};

use crate::audit::{self, Change};

pub(crate) use pages::problem;
pub use password::{hash_password, verify_password};
pub use rules::{StaffDraft, StaffForm};
pub use store::{find_by_email, find_staff, find_team_by_name, list_staff, list_teams};
pub(crate) use store::{is_empty, set_preference, set_zone};

attune_kernel::id_type!(
    /// A member of staff.
    StaffId,
    "stf"
);
attune_kernel::id_type!(
    /// A team.
    TeamId,
    "tem"
);

/// The built-in roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sets everything up and sees everything.
    Admin,
    /// Leads a team.
    Manager,
    /// Works with customers.
    Agent,
}

impl Role {
    /// All roles, widest first.
    pub const ALL: [Role; 3] = [Role::Admin, Role::Manager, Role::Agent];

    /// The word in tables and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Agent => "agent",
        }
    }

    /// Reads [`Role::word`].
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// A member of staff as stored.
#[derive(Clone, Debug)]
pub struct Staff {
    /// The id.
    pub id: i64,
    /// The name colleagues see.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Their team.
    pub team_id: Option<i64>,
    /// The language of their interface.
    pub locale: Locale,
    /// Light, dark or the system's choice.
    pub theme: Theme,
    /// The IANA name of their time zone.
    pub time_zone: String,
    /// Whether they may sign in.
    pub active: bool,
    pub(crate) password_hash: String,
}

/// A team.
#[derive(Clone, Debug)]
pub struct Team {
    /// The id.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// Why staff cannot be changed as asked.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// The form is wrong.
    #[error("the form has mistakes")]
    Form(FormErrors),
    /// The last administrator would be gone.
    #[error("the last active administrator cannot be removed or demoted")]
    LastAdmin,
    /// The store failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Takes on a new member of staff; answers the id.
pub async fn create(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, draft: &StaffDraft) -> Result<i64, StaffError> {
    if find_by_email(tx, &draft.email).await?.is_some() {
        return Err(StaffError::Form(email_taken()));
    }
    let id = ids.next();
    store::insert(tx, id, draft, now).await?;
    audit::note(tx, ids, now, actor, Change { action: "staff.created", kind: "staff", id, before: None, after: Some(draft.shown()) })
        .await?;
    Ok(id)
}

/// Changes a member of staff; an empty password leaves the old one.
pub async fn update(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, id: i64, draft: &StaffDraft) -> Result<(), StaffError> {
    let before = find_staff(tx, id).await?.ok_or(DbError::NotFound("staff member"))?;
    if find_by_email(tx, &draft.email).await?.is_some_and(|other| other.id != id) {
        return Err(StaffError::Form(email_taken()));
    }
    let loses_admin = before.role == Role::Admin && before.active && (draft.role != Role::Admin || !draft.active);
    if loses_admin && store::count_admins(tx).await? <= 1 {
        return Err(StaffError::LastAdmin);
    }
    store::update(tx, id, draft, now).await?;
    if !draft.active {
        crate::session::end_all(tx, id).await?;
    }
    let change = Change { action: "staff.updated", kind: "staff", id, before: Some(rules::shown(&before)), after: Some(draft.shown()) };
    audit::note(tx, ids, now, actor, change).await?;
    Ok(())
}

/// Founds a team, or finds the one of that name; answers its id.
pub async fn ensure_team(tx: &mut Tx, ids: &Ids, now: i64, actor: &Actor, name: &str) -> Result<i64, DbError> {
    if let Some(team) = find_team_by_name(tx, name).await? {
        return Ok(team.id);
    }
    let id = ids.next();
    store::insert_team(tx, id, name, now).await?;
    let after = serde_json::json!({ "name": name.trim() });
    audit::note(tx, ids, now, actor, Change { action: "team.created", kind: "team", id, before: None, after: Some(after) }).await?;
    Ok(id)
}

fn email_taken() -> FormErrors {
    let mut errors = FormErrors::new();
    errors.add("email", "govern-staff-email-taken");
    errors
}
