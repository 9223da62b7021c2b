//! The web's [`Doorman`], from staff, roles and keys. What a role may is read once and kept until somebody changes it.

use std::collections::HashMap;
use std::sync::Arc;

use attune_db::{Db, Tx};
use attune_kernel::{Fault, HOUR_US, Locale};
use attune_web::{Actor, BoxFuture, Doorman, PermissionDef, Theme, Via};

use super::store;
use crate::staff::{self, Role, Staff};
use crate::{api_key, role};

/// Knows who works here.
pub struct StaffDoorman {
    permissions: Arc<Vec<PermissionDef>>,
}

impl StaffDoorman {
    /// A doorman for a house with these permissions.
    pub fn new(permissions: Arc<Vec<PermissionDef>>) -> Self {
        Self { permissions }
    }

    async fn actor(&self, tx: &mut Tx, staff: Staff, via: Via) -> Result<Actor, Fault> {
        let grants = role::scopes(tx, &self.permissions, staff.role, staff.id, staff.team_id).await?;
        Ok(Actor {
            staff_id: staff.id,
            name: staff.name,
            role: staff.role.word().to_owned(),
            team_id: staff.team_id,
            locale: staff.locale,
            theme: staff.theme,
            time_zone: jiff::tz::TimeZone::get(&staff.time_zone).unwrap_or(jiff::tz::TimeZone::UTC),
            grants: Arc::new(grants),
            via,
        })
    }

    async fn find_session(&self, db: &Db, hash: &str, now: i64) -> Result<Option<Actor>, Fault> {
        let mut tx = db.read().await?;
        let Some((id, staff_id, seen_at)) = store::find(&mut tx, hash, now).await? else { return Ok(None) };
        let Some(member) = staff::find_staff(&mut tx, staff_id).await?.filter(|s| s.active) else { return Ok(None) };
        let actor = self.actor(&mut tx, member, Via::Session { id }).await?;
        drop(tx);
        if now - seen_at > HOUR_US {
            let mut tx = db.begin().await?;
            store::touch(&mut tx, id, now).await?;
            tx.commit().await?;
        }
        Ok(Some(actor))
    }

    async fn find_key(&self, db: &Db, hash: &str, now: i64) -> Result<Option<Actor>, Fault> {
        let mut tx = db.read().await?;
        let Some(key) = api_key::find_by_hash(&mut tx, hash).await? else { return Ok(None) };
        let grants: HashMap<_, _> = role::scopes(&mut tx, &self.permissions, key.role, 0, None).await?;
        drop(tx);
        if key.used_at.is_none_or(|at| now - at > HOUR_US) {
            let mut tx = db.begin().await?;
            api_key::mark_used(&mut tx, key.id, now).await?;
            tx.commit().await?;
        }
        let mut actor = Actor::system();
        actor.name = key.name;
        actor.role = key.role.word().to_owned();
        actor.grants = Arc::new(grants);
        actor.via = Via::ApiKey { id: key.id };
        Ok(Some(actor))
    }
}

impl Doorman for StaffDoorman {
    fn by_session<'a>(&'a self, db: &'a Db, token_hash: &'a str, now: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(self.find_session(db, token_hash, now))
    }

    fn knows_session<'a>(&'a self, db: &'a Db, token_hash: &'a str, now: i64) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let mut tx = db.read().await?;
            let Some((_, staff_id, _)) = store::find(&mut tx, token_hash, now).await? else { return Ok(false) };
            Ok(staff::find_staff(&mut tx, staff_id).await?.is_some_and(|member| member.active))
        })
    }

    fn by_api_key<'a>(&'a self, db: &'a Db, token_hash: &'a str, now: i64) -> BoxFuture<'a, Result<Option<Actor>, Fault>> {
        Box::pin(self.find_key(db, token_hash, now))
    }

    fn needs_setup<'a>(&'a self, db: &'a Db) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move { Ok(staff::is_empty(&mut db.read().await?).await?) })
    }

    fn set_preference<'a>(
        &'a self,
        db: &'a Db,
        actor: &'a Actor,
        locale: Option<Locale>,
        theme: Option<Theme>,
        now: i64,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let mut tx = db.begin().await?;
            staff::set_preference(&mut tx, actor.staff_id, locale.map(Locale::tag), theme.map(Theme::name), now).await?;
            tx.commit().await?;
            Ok(())
        })
    }

    fn grantors<'a>(&'a self, db: &'a Db, _permission: &'a str) -> BoxFuture<'a, Result<Vec<String>, Fault>> {
        Box::pin(async move {
            let staff = staff::list_staff(&mut db.read().await?).await?;
            Ok(staff.into_iter().filter(|s| s.active && s.role == Role::Admin).take(5).map(|s| s.name).collect())
        })
    }
}
