//! The page of the built-in mailbox: what the demo, tests and an installation without a relay have sent, readable like any mail.
//!
//! Guards that a mail's HTML never runs in our pages: it lives in a sandboxed frame under a policy of its own.

pub mod pages;
