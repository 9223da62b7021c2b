//! `cargo xtask pg`: the shared test PostgreSQL, for people who want to look inside.

use anyhow::Result;
use attune_cluster::{Server, VARIABLE, server};

/// Starts or reuses it and prints how to reach it.
pub fn run() -> Result<bool> {
    match server()? {
        Server::At(url) => println!("{VARIABLE}={url}"),
        Server::Skipped => println!("{VARIABLE}=skip: unset it to start the test PostgreSQL"),
    }
    Ok(true)
}
