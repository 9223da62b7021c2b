//! The program: settings, command line, the list of rooms, and what the binary itself adds to them.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]
#![allow(missing_docs, reason = "the commands' arguments are told by the help texts in locales/")]

pub mod boot;
pub mod cli;
pub mod command;
pub mod config;
pub mod demo;
pub mod front;
pub mod house;
pub mod measures;
pub mod openapi;

use attune_web::LocaleFiles;

/// The words of the command line, the demo and the demo shop.
pub const LOCALES: LocaleFiles =
    LocaleFiles { room: "attune", en: include_str!("../locales/en.ftl"), zh: include_str!("../locales/zh-CN.ftl") };
