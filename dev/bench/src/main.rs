//! attune-bench
fn main() {}
