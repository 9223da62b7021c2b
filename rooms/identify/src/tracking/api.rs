//! Events for programs.
