//! What a room returns.

use attune_db::Migration;
use attune_events::{EventDef, Reactor};
use attune_jobs::{Cron, JobDef, TimerDef};
use attune_web::{Finder, LocaleFiles, NavItem, PermissionDef};
use axum::Router;

use crate::{App, ContactTable, Dataset, Eraser, Facet, Naming, Panel, Service, SettingDef, StaffLink, StorageClass};

/// A room: its tables, words, routes and everything it plugs into the house.
pub struct Room {
    /// The verb that names it.
    pub key: &'static str,
    pub(crate) migrations: Vec<Migration>,
    pub(crate) locales: Vec<LocaleFiles>,
    pub(crate) routes: Router<App>,
    pub(crate) public_paths: Vec<&'static str>,
    pub(crate) nav: Vec<NavItem>,
    pub(crate) permissions: Vec<PermissionDef>,
    pub(crate) finders: Vec<Finder>,
    pub(crate) events: Vec<EventDef>,
    pub(crate) reactors: Vec<Reactor>,
    pub(crate) jobs: Vec<JobDef>,
    pub(crate) crons: Vec<Cron>,
    pub(crate) timers: Vec<TimerDef>,
    pub(crate) panels: Vec<Panel>,
    pub(crate) staff_links: Vec<StaffLink>,
    pub(crate) facets: Vec<Facet>,
    pub(crate) datasets: Vec<Dataset>,
    pub(crate) contact_tables: Vec<ContactTable>,
    pub(crate) namings: Vec<Naming>,
    pub(crate) erasers: Vec<Eraser>,
    pub(crate) storage: Vec<StorageClass>,
    pub(crate) settings: Vec<SettingDef>,
    pub(crate) services: Vec<Service>,
}

macro_rules! takes {
    ($($(#[$doc:meta])* $name:ident: $item:ty),+ $(,)?) => {
        $($(#[$doc])* #[must_use] pub fn $name(mut self, items: impl IntoIterator<Item = $item>) -> Self {
            self.$name.extend(items);
            self
        })+
    };
}

impl Room {
    /// An empty room.
    pub fn new(key: &'static str) -> Self {
        Self {
            key,
            migrations: Vec::new(),
            locales: Vec::new(),
            routes: Router::new(),
            public_paths: Vec::new(),
            nav: Vec::new(),
            permissions: Vec::new(),
            finders: Vec::new(),
            events: Vec::new(),
            reactors: Vec::new(),
            jobs: Vec::new(),
            crons: Vec::new(),
            timers: Vec::new(),
            panels: Vec::new(),
            staff_links: Vec::new(),
            facets: Vec::new(),
            datasets: Vec::new(),
            contact_tables: Vec::new(),
            namings: Vec::new(),
            erasers: Vec::new(),
            storage: Vec::new(),
            settings: Vec::new(),
            services: Vec::new(),
        }
    }

    /// Adds its words: the texts of `locales/en.ftl` and `locales/zh-CN.ftl`.
    #[must_use]
    pub fn locales(mut self, en: &'static str, zh: &'static str) -> Self {
        self.locales.push(LocaleFiles { room: self.key, en, zh });
        self
    }

    /// Adds its routes.
    #[must_use]
    pub fn routes(mut self, routes: Router<App>) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    takes! {
        /// Adds its migrations.
        migrations: Migration,
        /// Names path prefixes that strangers may use: no session is asked for and other sites may post to them.
        public_paths: &'static str,
        /// Adds entries to the navigation.
        nav: NavItem,
        /// Adds permissions.
        permissions: PermissionDef,
        /// Adds what the command palette can find.
        finders: Finder,
        /// Adds the events it emits.
        events: EventDef,
        /// Adds followers of the log.
        reactors: Reactor,
        /// Adds kinds of jobs.
        jobs: JobDef,
        /// Adds jobs that repeat.
        crons: Cron,
        /// Adds kinds of timers.
        timers: TimerDef,
        /// Adds blocks to the contact page.
        panels: Panel,
        /// Adds links to the page of a member of staff.
        staff_links: StaffLink,
        /// Adds facts that segments may ask for.
        facets: Facet,
        /// Adds views for reports.
        datasets: Dataset,
        /// Lists its tables that hold contacts.
        contact_tables: ContactTable,
        /// Says what ids in the tables that hold contacts stand for.
        namings: Naming,
        /// Adds what it does about other traces of somebody who is erased.
        erasers: Eraser,
        /// Adds classes of data that may be kept for a time only.
        storage: StorageClass,
        /// Adds settings.
        settings: SettingDef,
        /// Adds tasks that run as long as the server.
        services: Service,
    }
}
