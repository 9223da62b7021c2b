//! The limit of B1: the same HTTP server, which reads the body and answers 204.

use std::net::Ipv4Addr;

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;

/// Serves until the process is ended; prints the address first.
pub async fn serve() -> Result<()> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    let router = Router::new().route("/t", post(|_: Bytes| async { StatusCode::NO_CONTENT }));
    axum::serve(listener, router).await?;
    Ok(())
}
