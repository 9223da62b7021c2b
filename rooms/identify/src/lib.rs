//! attune-identify
