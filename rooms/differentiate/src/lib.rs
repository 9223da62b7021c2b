//! attune-differentiate
