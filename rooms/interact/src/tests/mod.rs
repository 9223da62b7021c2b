//! What the room's tests share, and its pages over HTTP.

pub(crate) mod fixture;
mod http;
mod opt_in;
mod preference;
mod storage;
