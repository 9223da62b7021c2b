//! attune-interact
