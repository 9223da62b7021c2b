//! All rooms in one value, checked against each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use attune_db::Migration;
use attune_events::{Catalogue, CatalogueError, EventDef, Reactor};
use attune_jobs::{Cron, JobDef, TimerDef};
use attune_web::{Finder, LocaleFiles, NavItem, PermissionDef};
use axum::Router;

use crate::{
    App, ContactTable, Dataset, Eraser, Facet, Naming, Panel, Room, Service, SettingDef, StaffLink, StorageClass, base_migrations,
};

/// Why the rooms do not make a house.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HouseError {
    /// Two rooms use the same key.
    #[error("{what} {key} exists twice")]
    Twice {
        /// What kind of thing.
        what: &'static str,
        /// Its key.
        key: String,
    },
    /// Something asks for a permission no room defines.
    #[error("{what} needs the permission {permission}, which no room defines")]
    NoPermission {
        /// Who asks.
        what: String,
        /// What for.
        permission: String,
    },
    /// A job repeats that no room knows how to run.
    #[error("{0} repeats, but no room runs it")]
    NoJob(String),
    /// The events do not fit.
    #[error(transparent)]
    Events(#[from] CatalogueError),
}

/// Every room's contributions, side by side.
pub struct House {
    /// The rooms' keys, left to right.
    pub keys: Vec<&'static str>,
    /// Every migration, base first.
    pub migrations: Vec<Migration>,
    /// Every word.
    pub locales: Vec<LocaleFiles>,
    /// Path prefixes strangers may use.
    pub public_paths: Vec<&'static str>,
    /// The navigation.
    pub nav: Vec<NavItem>,
    /// Every permission.
    pub permissions: Vec<PermissionDef>,
    /// What the command palette can find.
    pub finders: Vec<Finder>,
    /// Every event.
    pub catalogue: Catalogue,
    /// Followers of the log.
    pub reactors: Vec<Reactor>,
    /// Kinds of jobs.
    pub jobs: Vec<JobDef>,
    /// Jobs that repeat.
    pub crons: Vec<Cron>,
    /// Kinds of timers.
    pub timers: Vec<TimerDef>,
    /// Blocks of the contact page, in order.
    pub panels: Vec<Panel>,
    /// Links of the page of a member of staff.
    pub staff_links: Vec<StaffLink>,
    /// Facts for segments.
    pub facets: Vec<Facet>,
    /// Views for reports.
    pub datasets: Vec<Dataset>,
    /// Every table with a contact in it.
    pub contact_tables: Vec<ContactTable>,
    /// What ids in these tables stand for.
    pub namings: Vec<Naming>,
    /// What rooms do about other traces of somebody who is erased.
    pub erasers: Vec<Eraser>,
    /// Every class of data that may be kept for a time only.
    pub storage: Vec<StorageClass>,
    /// Every setting.
    pub settings: Vec<SettingDef>,
    pub(crate) services: Vec<Service>,
    pub(crate) routes: Router<App>,
}

impl House {
    /// Joins the rooms; refuses duplicate keys, events nobody emits and permissions nobody defines.
    pub fn build(rooms: Vec<Room>) -> Result<Arc<Self>, HouseError> {
        let mut house = Self::empty();
        let mut events: Vec<EventDef> = Vec::new();
        for room in rooms {
            house.keys.push(room.key);
            house.migrations.extend(room.migrations);
            house.locales.extend(room.locales);
            house.public_paths.extend(room.public_paths);
            house.nav.extend(room.nav);
            house.permissions.extend(room.permissions);
            house.finders.extend(room.finders);
            house.reactors.extend(room.reactors);
            house.jobs.extend(room.jobs);
            house.crons.extend(room.crons);
            house.timers.extend(room.timers);
            house.panels.extend(room.panels);
            house.staff_links.extend(room.staff_links);
            house.facets.extend(room.facets);
            house.datasets.extend(room.datasets);
            house.contact_tables.extend(room.contact_tables);
            house.namings.extend(room.namings);
            house.erasers.extend(room.erasers);
            house.storage.extend(room.storage);
            house.settings.extend(room.settings);
            house.services.extend(room.services);
            house.routes = std::mem::take(&mut house.routes).merge(room.routes);
            events.extend(room.events);
        }
        house.panels.sort_by_key(|p| p.order);
        house.migrations.sort_by_key(|m| m.name);
        let heard = house.reactors.iter().flat_map(|r| r.hears.iter().map(move |name| (r.key, *name)));
        house.catalogue = Catalogue::build(events, heard)?;
        house.check()?;
        Ok(Arc::new(house))
    }

    fn empty() -> Self {
        Self {
            keys: Vec::new(),
            migrations: base_migrations(),
            locales: Vec::new(),
            public_paths: Vec::new(),
            nav: Vec::new(),
            permissions: Vec::new(),
            finders: Vec::new(),
            catalogue: Catalogue::default(),
            reactors: Vec::new(),
            jobs: Vec::new(),
            crons: Vec::new(),
            timers: Vec::new(),
            panels: Vec::new(),
            staff_links: Vec::new(),
            facets: Vec::new(),
            datasets: Vec::new(),
            contact_tables: vec![ContactTable::EVENTS],
            namings: Vec::new(),
            erasers: Vec::new(),
            storage: Vec::new(),
            settings: Vec::new(),
            services: Vec::new(),
            routes: Router::new(),
        }
    }

    fn check(&self) -> Result<(), HouseError> {
        unique("room", self.keys.iter().copied())?;
        unique("migration", self.migrations.iter().map(|m| m.name))?;
        unique("permission", self.permissions.iter().map(|p| p.key))?;
        unique("reactor", self.reactors.iter().map(|r| r.key))?;
        unique("job", self.jobs.iter().map(|j| j.kind))?;
        unique("timer", self.timers.iter().map(|t| t.kind))?;
        unique("panel", self.panels.iter().map(|p| p.key))?;
        unique("staff link", self.staff_links.iter().map(|s| s.key))?;
        unique("facet", self.facets.iter().map(|f| f.key))?;
        unique("dataset", self.datasets.iter().map(|d| d.view))?;
        unique("naming", self.namings.iter().map(|n| n.column))?;
        unique("class of storage", self.storage.iter().map(|s| s.key))?;
        unique("setting", self.settings.iter().map(|s| s.key))?;
        unique("service", self.services.iter().map(|s| s.key))?;
        let known: BTreeSet<&str> = self.permissions.iter().map(|p| p.key).collect();
        let asked = self.panels.iter().map(|p| (p.key, p.permission)).chain(self.nav.iter().map(|n| (n.key, n.permission)));
        let asked = asked.chain(self.staff_links.iter().map(|s| (s.key, s.permission)));
        for (what, permission) in asked {
            if !permission.is_empty() && !known.contains(permission) {
                return Err(HouseError::NoPermission { what: what.to_owned(), permission: permission.to_owned() });
            }
        }
        match self.crons.iter().find(|c| !self.jobs.iter().any(|j| j.kind == c.kind)) {
            Some(orphan) => Err(HouseError::NoJob(orphan.kind.to_owned())),
            None => Ok(()),
        }
    }

    /// The definition of a setting.
    pub fn setting(&self, key: &str) -> Option<&SettingDef> {
        self.settings.iter().find(|s| s.key == key)
    }

    /// The routes of all rooms.
    pub(crate) fn routes(&self) -> Router<App> {
        self.routes.clone()
    }
}

fn unique<'k>(what: &'static str, keys: impl Iterator<Item = &'k str>) -> Result<(), HouseError> {
    let mut seen = BTreeSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(HouseError::Twice { what, key: key.to_owned() });
        }
    }
    Ok(())
}
