//! The people who visit a house under test, and a doorman who knows them by their names.

use std::collections::HashMap;
use std::sync::Arc;

use attune_db::Db;
use attune_kernel::{Fault, Locale};
use attune_web::{Actor, BoxFuture, Doorman, Grant, PermissionDef, Scope, Theme, Via, token_hash};

/// Somebody who works here. Their name is also the token of their session and of their key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colleague {
    /// The name and token.
    pub name: &'static str,
    /// `admin`, `manager` or `agent`.
    pub role: &'static str,
    /// The id.
    pub staff_id: i64,
    /// The team.
    pub team_id: Option<i64>,
    /// The language of their pages.
    pub locale: Locale,
    /// What an administrator made of their role: permission and grant.
    pub granted: &'static [(&'static str, Grant)],
}

impl Colleague {
    /// A colleague without a team who reads English; the role goes by the name.
    pub const fn new(role: &'static str, staff_id: i64) -> Self {
        Self { name: role, role, staff_id, team_id: None, locale: Locale::En, granted: &[] }
    }

    /// In a team.
    #[must_use]
    pub const fn of_team(self, team_id: i64) -> Self {
        Self { team_id: Some(team_id), ..self }
    }

    /// Under another name than the role's.
    #[must_use]
    pub const fn called(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// With other rights than the role has by itself.
    #[must_use]
    pub const fn granted(self, granted: &'static [(&'static str, Grant)]) -> Self {
        Self { granted, ..self }
    }

    /// Who reads Chinese.
    #[must_use]
    pub const fn reading_chinese(self) -> Self {
        Self { locale: Locale::ZhCn, ..self }
    }

    fn actor(&self, permissions: &[PermissionDef], via: Via) -> Actor {
        let granted = |def: &PermissionDef| {
            let grant = match self.role {
                "admin" => def.admin,
                "manager" => def.manager,
                _ => def.agent,
            };
            let grant = self.granted.iter().find(|(key, _)| *key == def.key).map_or(grant, |(_, grant)| *grant);
            Some((def.key.to_owned(), grant.scope(self.staff_id, self.team_id)?))
        };
        let grants: HashMap<String, Scope> = permissions.iter().filter_map(granted).collect();
        Actor {
            staff_id: self.staff_id,
            name: self.name.to_owned(),
            role: self.role.to_owned(),
            team_id: self.team_id,
            locale: self.locale,
            grants: Arc::new(grants),
            via,
            ..Actor::system()
        }
    }
}

/// `admin`, `manager` (of team 10), `agent` (1, of team 10), `other` (an agent, 2, of team 20), and `zh`, an administrator who reads Chinese.
pub const COLLEAGUES: [Colleague; 5] = [
    Colleague::new("admin", 9),
    Colleague::new("manager", 8).of_team(10),
    Colleague::new("agent", 1).of_team(10),
    Colleague::new("agent", 2).of_team(20).called("other"),
    Colleague::new("admin", 7).called("zh").reading_chinese(),
];

/// A doorman who knows these colleagues and nobody else.
pub(crate) struct Known {
    colleagues: Vec<Colleague>,
    permissions: Vec<PermissionDef>,
}

impl Known {
    pub(crate) fn new(colleagues: Vec<Colleague>, permissions: Vec<PermissionDef>) -> Self {
        Self { colleagues, permissions }
    }

    fn find(&self, hash: &str, via: Via) -> Option<Actor> {
        let found = self.colleagues.iter().find(|colleague| token_hash(colleague.name) == hash)?;
        Some(found.actor(&self.permissions, via))
    }
}

impl Doorman for Known {
    fn by_session<'a>(&'a self, _: &'a Db, token_hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.find(token_hash, Via::Session { id: 1 })) })
    }

    fn by_api_key<'a>(&'a self, _: &'a Db, token_hash: &'a str, _: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(async move { Ok(self.find(token_hash, Via::ApiKey { id: 1 })) })
    }

    fn needs_setup<'a>(&'a self, _: &'a Db) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async { Ok(false) })
    }

    fn set_preference<'a>(
        &'a self,
        _: &'a Db,
        _: &'a Actor,
        _: Option<Locale>,
        _: Option<Theme>,
        _: i64,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
}
