//! Scenarios of people in front of the product: real Chromium, the built binary, a store of one's own.
//!
//! What is asserted is what a person sees or a screen reader is told. Pictures go to target/screenshots; `ATTUNE_SHOTS=docs cargo nextest run
//! -p attune-browser the_guide_has_its_pictures` draws those of the user guide into docs/guide/img.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod demo;
mod first_minutes;
mod ground;
mod keyboard;
mod looks;
mod mail_to_visit;
mod map;
mod no_script;
mod person;
mod same_company;
mod same_person;
mod tracker;
