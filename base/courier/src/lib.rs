//! Outbound delivery and its feedback: messages are composed, signed and handed to a relay over
//! kept connections; every mail ends in an [`smtp::Outcome`] that tells "safe to retry" from
//! "in doubt". The built-in mailbox keeps mail of the demo and of tests and never forwards any.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod dkim;
pub mod mailbox;
pub mod message;
mod outgoing;
pub mod smtp;

pub use dkim::{DkimError, DkimKey, DkimSigner, sign_many, sign_message};
pub use message::{Mail, Mailbox, MessageError};
pub use outgoing::{Outgoing, OutgoingError, seal, seal_many};
pub use smtp::{Courier, Envelope, EnvelopeError, Outcome, SmtpConfig, SmtpError};
