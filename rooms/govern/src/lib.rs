//! attune-govern
