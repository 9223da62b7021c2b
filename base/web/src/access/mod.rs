//! Who asks and what they may do. A role grants each permission with a row scope: all, the team's, or one's own.
//!
//! Guards that no handler runs without [`Can`] having checked both; what a session or an API key means is the [`Doorman`]'s knowledge.

mod can;
mod scope;
mod sight;

use std::collections::HashMap;
use std::sync::Arc;

use attune_db::Db;
use attune_kernel::{Fault, Locale};
use futures::future::BoxFuture;
use jiff::tz::TimeZone;

use crate::language::Theme;
pub(crate) use can::actor;
pub use can::{Can, Seat, SignedIn, session_cookie, token_hash};
pub use scope::Scope;
pub use sight::{ADDRESSES, Sight};

/// How a request proved who it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A browser session.
    Session {
        /// The session's id.
        id: i64,
    },
    /// An API key.
    ApiKey {
        /// The key's id.
        id: i64,
    },
    /// Attune itself: a job, a reactor, the command line.
    System,
}

/// The one who acts.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The staff member; 0 for the system.
    pub staff_id: i64,
    /// The name colleagues see.
    pub name: String,
    /// The role's key.
    pub role: String,
    /// The team, if the member is in one.
    pub team_id: Option<i64>,
    /// The language of the interface.
    pub locale: Locale,
    /// Light, dark, or the system's choice.
    pub theme: Theme,
    /// The zone times are shown in.
    pub time_zone: TimeZone,
    /// Permission key → rows it covers.
    pub grants: Arc<HashMap<String, Scope>>,
    /// How the actor was recognised.
    pub via: Via,
}

impl Actor {
    /// Attune itself: may everything, everywhere.
    pub fn system() -> Self {
        Self {
            staff_id: 0,
            name: "Attune".to_owned(),
            role: "system".to_owned(),
            team_id: None,
            locale: Locale::En,
            theme: Theme::Auto,
            time_zone: TimeZone::UTC,
            grants: Arc::default(),
            via: Via::System,
        }
    }

    /// The rows the permission `key` covers, or nothing when it is not granted.
    pub fn may(&self, key: &str) -> Option<&Scope> {
        match self.via {
            Via::System => Some(&Scope::All),
            Via::Session { .. } | Via::ApiKey { .. } => self.grants.get(key),
        }
    }
}

/// What a built-in role gets of a permission before an administrator changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Every row.
    All,
    /// Rows of the own team and own rows.
    Team,
    /// Own rows.
    Own,
    /// Not at all.
    None,
}

impl Grant {
    /// The scope for a member of `team_id` with the id `staff_id`; nothing for [`Grant::None`].
    pub fn scope(self, staff_id: i64, team_id: Option<i64>) -> Option<Scope> {
        match self {
            Self::All => Some(Scope::All),
            Self::Team => Some(Scope::Team { team_id, staff_id }),
            Self::Own => Some(Scope::Own { staff_id }),
            Self::None => None,
        }
    }
}

/// A permission as a type, so that a handler's signature says what it needs. Make one with [`crate::permission!`].
pub trait Permission: Send + Sync + 'static {
    /// The key, e.g. `sell.quote.send`.
    const KEY: &'static str;
}

/// Declares permission types: `permission!(ViewContacts, "identify.contact.view");`
#[macro_export]
macro_rules! permission {
    ($($name:ident, $key:literal);+ $(;)?) => {
        $(
            #[doc = concat!("The permission `", $key, "`.")]
            #[derive(Clone, Copy, Debug)]
            pub struct $name;
            impl $crate::Permission for $name {
                const KEY: &'static str = $key;
            }
        )+
    };
}

/// A permission as a room announces it, with what the built-in roles get.
#[derive(Clone, Debug)]
pub struct PermissionDef {
    /// The key, e.g. `sell.quote.send`.
    pub key: &'static str,
    /// The text that names it in the role editor.
    pub label_key: &'static str,
    /// What an administrator gets.
    pub admin: Grant,
    /// What a manager gets.
    pub manager: Grant,
    /// What an agent gets.
    pub agent: Grant,
}

/// Knows sessions, API keys and preferences. The room that keeps the staff implements it.
pub trait Doorman: Send + Sync {
    /// The actor of the session whose token has this SHA-256 (hex), at `now` (µs).
    fn by_session<'a>(&'a self, db: &'a Db, token_hash: &'a str, now: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>>;

    /// Whether such a session is open. Looks only: a beacon of a page keeps nobody signed in.
    fn knows_session<'a>(&'a self, db: &'a Db, token_hash: &'a str, now: i64) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move { Ok(self.by_session(db, token_hash, now).await?.is_some()) })
    }

    /// The actor of the API key whose token has this SHA-256 (hex), at `now` (µs).
    fn by_api_key<'a>(&'a self, db: &'a Db, token_hash: &'a str, now: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>>;

    /// Whether nobody has set this installation up yet; then every page leads to `/setup`.
    fn needs_setup<'a>(&'a self, db: &'a Db) -> BoxFuture<'a, Result<bool, Fault>>;

    /// Keeps a staff member's language or theme; `None` leaves one as it is.
    fn set_preference<'a>(
        &'a self,
        db: &'a Db,
        actor: &'a Actor,
        locale: Option<Locale>,
        theme: Option<Theme>,
        now: i64,
    ) -> BoxFuture<'a, Result<(), Fault>>;

    /// The names of those who can grant `permission`; shown on the 403 page.
    fn grantors<'a>(&'a self, _db: &'a Db, _permission: &'a str) -> BoxFuture<'a, Result<Vec<String>, Fault>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
