//! attune-measure
