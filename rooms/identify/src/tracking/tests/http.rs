//! The address itself.
