//! attune-sell
