//! Scenarios of people in front of the product: real Chromium, the built binary, a store of one's own.
//!
//! What is asserted is what a person sees or a screen reader is told. Pictures go to target/screenshots; with `ATTUNE_SHOTS=docs`
//! [`looks`] writes those of the user guide to docs/guide/img instead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod first_minutes;
mod ground;
mod keyboard;
mod looks;
mod mail_to_visit;
mod no_script;
mod person;
