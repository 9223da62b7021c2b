//! `attune serve`.

use tokio::signal::unix::{SignalKind, signal};

use super::{Ended, Outcome};
use crate::boot::{Serving, bind, boot};
use crate::cli::Serve;
use crate::config::Config;

/// Serves until Ctrl+C or SIGTERM.
pub(super) async fn run(mut config: Config, store: &str, args: &Serve) -> Outcome {
    if let Some(port) = args.port {
        config.server.listen = with_port(&config.server.listen, port);
    }
    crate::measures::install();
    // Heard from now on: whoever asks the program to end may do so as soon as it answers.
    let stopped = stopped();
    let listener = bind(&config.server.listen).await?;
    if config.server.listen.ends_with(":0") {
        config.server.listen = listener.local_addr()?.to_string();
    }
    let booted = boot(&config, store).await?;
    let (app, serving) = Serving::start(booted, listener).await?;
    tracing::info!(address = %serving.address, store, url = %app.public_url, "attune serves");
    stopped.await;
    tracing::info!("attune stops: running work ends at its next safe point");
    serving.end().await;
    Ok(Ended::Well)
}

/// The address with another port.
pub(crate) fn with_port(listen: &str, port: u16) -> String {
    let host = listen.rsplit_once(':').map_or("127.0.0.1", |(host, _)| host);
    format!("{host}:{port}")
}

/// Listens from this call on; ends when somebody wants the program to end.
pub(crate) fn stopped() -> impl Future<Output = ()> {
    let heard = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    async move {
        let waits = heard.into_iter().map(|heard| async move {
            match heard {
                Ok(mut heard) => drop(heard.recv().await),
                Err(_) => std::future::pending().await,
            }
        });
        futures::future::select_all(waits.map(Box::pin)).await;
    }
}
