//! What tests stand on: a store of their own on either engine, a clock that stands still, ids that repeat, rooms behind the whole web.
//!
//! A store test is written once and runs twice:
//!
//! ```ignore
//! attune_testkit::on_both_dbs! {
//!     async fn a_contact_is_found_by_its_address(db: Db) {
//!         let mut tx = db.begin().await.unwrap();
//!         …
//!     }
//! }
//! ```
//!
//! It becomes `a_contact_is_found_by_its_address::lite` and `::pg`, each with a fresh store migrated by the calling crate's
//! `test_migrations()` (a `#[cfg(test)] fn` in its root; other migrations: `with some_crate::migrations();` as the first line).
//! Without PostgreSQL the `pg` half fails and says what to install; `ATTUNE_TEST_PG=skip` leaves it out, loudly.
//!
//! A room's pages are asked through [`TestApp`]:
//!
//! ```ignore
//! let site = TestApp::start(db, |parts| vec![crate::room(parts)]);
//! site.get("agent", "/settings/staff").await.is(StatusCode::FORBIDDEN);
//! ```
//!
//! `base/db` and the crates it stands on cannot use this crate in unit tests; they take `attune-cluster` directly.
#![allow(clippy::expect_used, clippy::panic)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

mod app;
mod colleagues;
mod store;
mod time;

pub use app::{Frames, Got, TestApp, parts};
pub use attune_db::{Db, Migration};
pub use axum::http::StatusCode;
pub use colleagues::{COLLEAGUES, Colleague};
pub use store::{TestDb, lite, pg};
pub use time::{START_AT, clock, ids};

/// Turns async functions of one [`Db`] into two tests each, `name::lite` and `name::pg`. See the crate's page.
#[expect(clippy::crate_in_macro_def, reason = "the calling crate's `test_migrations` is meant")]
#[macro_export]
macro_rules! on_both_dbs {
    (with $migrations:expr; $($(#[$meta:meta])* async fn $name:ident($db:ident: Db) $body:block)+) => {
        $(
            mod $name {
                #[allow(unused_imports)]
                use super::*;

                async fn check($db: $crate::Db) $body

                $(#[$meta])*
                #[tokio::test(flavor = "multi_thread")]
                async fn lite() {
                    let store = $crate::lite(&$migrations).await;
                    check(store.db()).await;
                }

                $(#[$meta])*
                #[tokio::test(flavor = "multi_thread")]
                async fn pg() {
                    if let Some(store) = $crate::pg(&$migrations).await {
                        check(store.db()).await;
                    }
                }
            }
        )+
    };
    ($($(#[$meta:meta])* async fn $name:ident($db:ident: Db) $body:block)+) => {
        $crate::on_both_dbs! { with crate::test_migrations(); $($(#[$meta])* async fn $name($db: Db) $body)+ }
    };
}

#[cfg(test)]
mod tests;
