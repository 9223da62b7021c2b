//! The commands. Exit code 0: done; 1: the work failed, or failed in part; 2: wrong use or wrong settings.

mod backup;
mod count;
mod doctor;
mod evaluate;
mod export;
mod import;
mod push_funnel;
mod replay;
mod say;
mod serve;
mod staff;

use std::io::IsTerminal;
use std::pin::Pin;
use std::process::ExitCode;

use attune_kernel::Fault;
use attune_web::Lang;

use crate::cli::{ApiKey, Cli, General, PushFunnel, User, Verb};
use crate::config::{Config, Log};
pub use say::Say;
pub(crate) use serve::stopped;

/// What a command ran into.
#[derive(Debug)]
pub enum Ended {
    /// Everything was done.
    Well,
    /// Some of it was not done; the command has said what.
    InPart,
    /// The arguments make no sense together.
    WrongUse(String),
}

/// The answer of a command.
pub type Outcome = Result<Ended, Fault>;

/// Runs the command; prints mistakes to the error stream.
pub fn run(cli: Cli, l: &Lang) -> ExitCode {
    let config = match Config::read(cli.general.config.as_deref()) {
        Ok(config) => config,
        Err(errors) => return ended_badly(2, &errors.to_string()),
    };
    start_log(&config.log, matches!(cli.command, Verb::Serve(_)));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ended_badly(1, &format!("no threads can be started: {error}")),
    };
    // On the heap and without its type: the runtime would otherwise hold a copy of the whole program for each of its kinds.
    let work: Pin<Box<dyn Future<Output = Outcome> + '_>> = Box::pin(dispatch(cli, config, l));
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match outcome {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::InPart) => ExitCode::from(1),
        Ok(Ended::WrongUse(what)) => ended_badly(2, &what),
        Err(fault) => ended_badly(1, &fault.to_string()),
    }
}

fn ended_badly(code: u8, what: &str) -> ExitCode {
    eprintln!("attune: {what}");
    ExitCode::from(code)
}

/// The log of the server, or of a command that says itself what it does: there only what went wrong stands between its lines.
fn start_log(log: &Log, serves: bool) {
    let level = if !serves && log.level == "info" { "warn" } else { &log.level };
    let filter = tracing_subscriber::EnvFilter::try_new(level).unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(coloured);
    let _ = if log.format == "json" { builder.json().try_init() } else { builder.with_target(false).try_init() };
}

/// The store a command works on: `--store`, else the settings.
fn store_of(general: &General, config: &Config) -> String {
    general.store.clone().unwrap_or_else(|| config.store.url.clone())
}

async fn dispatch(cli: Cli, config: Config, l: &Lang) -> Outcome {
    let say = Say::new(cli.general.json, l.clone());
    let store = store_of(&cli.general, &config);
    match cli.command {
        Verb::Serve(args) => serve::run(config, &store, &args).await,
        Verb::Demo(args) => crate::demo::run(config, &args, &say).await,
        Verb::Import { what } => import::run(&config, &store, what, &say).await,
        Verb::Export { what } => export::run(&config, &store, what, &say).await,
        Verb::ReplayLog { file } => replay::run(&config, &store, &file, &say).await,
        Verb::Count(args) => count::run(&config, &store, &args, &say).await,
        Verb::User { what: User::Create(args) } => staff::create_user(&config, &store, args, &say).await,
        Verb::ApiKey { what: ApiKey::Create { role, name } } => staff::create_key(&config, &store, &role, &name, &say).await,
        Verb::PushFunnel { what: PushFunnel::Run { file } } => push_funnel::run(config, &store, &file, &say).await,
        Verb::Evaluate { what } => evaluate::run(&what, &say),
        Verb::Doctor => doctor::run(&config, &store, &say).await,
        Verb::Migrate => backup::migrate(&config, &store, &say).await,
        Verb::Backup { file } => backup::backup(&config, &store, &file, &say).await,
        Verb::Restore { file, force } => backup::restore(&config, &store, &file, force, &say).await,
        Verb::Openapi => {
            println!("{}", serde_json::to_string_pretty(&crate::openapi::document())?);
            Ok(Ended::Well)
        }
    }
}
