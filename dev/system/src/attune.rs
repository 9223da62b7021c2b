//! The product's binary with a store of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{Process, Store, free_port};

/// The path every start waits for.
const HEALTH: &str = "/healthz";

/// How a command that ran to its end went.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// What it printed.
    pub output: String,
    /// What it complained about.
    pub errors: String,
}

impl Finished {
    fn of(output: std::process::Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), output: text(output.stdout), errors: text(output.stderr) }
    }

    /// The output read as JSON (for `--json`).
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_str(self.output.trim()).with_context(|| format!("reading as JSON: {:?}; stderr: {}", self.output, self.errors))
    }
}

/// An installation: the binary, a store, the port it serves on, and the variables it runs with.
#[derive(Debug)]
pub struct Attune {
    binary: PathBuf,
    store: Store,
    port: u16,
    mailbox_port: u16,
    variables: Vec<(String, String)>,
    process: Option<Process>,
}

impl Attune {
    /// An installation that does not run yet.
    pub fn install(store: Store) -> Result<Self> {
        let (port, mailbox_port) = (free_port()?, free_port()?);
        Ok(Self { binary: binary()?, store, port, mailbox_port, variables: Vec::new(), process: None })
    }

    /// Sets a variable for every later command and start.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The store, for files beside it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Starts `attune serve` and waits until it is healthy.
    pub async fn serve(&mut self) -> Result<()> {
        self.launch(&["serve"]).await
    }

    /// Starts `arguments`, a command that serves while it works, and waits until it is healthy.
    pub async fn launch(&mut self, arguments: &[&str]) -> Result<()> {
        if self.process.is_some() {
            bail!("this installation already runs");
        }
        let command = self.command(arguments);
        self.process = Some(Process::start(command, self.port, HEALTH, &self.store.file("attune.log")).await?);
        Ok(())
    }

    /// Kills the running server with SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().context("this installation does not run")?.kill()
    }

    /// Stops the running server with SIGTERM; an exit code other than 0 is an error.
    pub async fn stop(&mut self) -> Result<()> {
        let process = self.process.take().context("this installation does not run")?;
        let status = process.stop().await?;
        if !status.success() {
            bail!("the server ended with {status} when asked to stop");
        }
        Ok(())
    }

    /// The running server.
    pub fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("this installation does not run")
    }

    /// The address of `path` on this installation, running or not.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where the built-in mailbox takes mail by SMTP while the server runs.
    pub fn mailbox_address(&self) -> String {
        format!("127.0.0.1:{}", self.mailbox_port)
    }

    /// Runs `attune --store … arguments` to its end.
    pub async fn run(&self, arguments: &[&str]) -> Result<Finished> {
        finish(self.command(arguments), arguments).await
    }

    /// Runs `arguments`, asks the command to end (SIGTERM) when `moment` has come, and waits until it has.
    pub async fn run_until(&self, arguments: &[&str], moment: impl Future<Output = ()>) -> Result<Finished> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().with_context(|| format!("starting attune {arguments:?}"))?;
        moment.await;
        let asked = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().context("running kill")?;
        if !asked.success() {
            bail!("attune {arguments:?} is already gone");
        }
        let waiting = tokio::task::spawn_blocking(move || child.wait_with_output());
        let output = waiting.await.context("waiting for attune")?.context("waiting for attune to end")?;
        Ok(Finished::of(output))
    }

    /// Runs `attune arguments` to its end, without naming this installation's store.
    pub async fn run_without_store(&self, arguments: &[&str]) -> Result<Finished> {
        let mut command = self.bare_command();
        command.args(arguments);
        finish(command, arguments).await
    }

    /// Runs `arguments` with `--json`; anything but exit code 0 is an error.
    pub async fn json(&self, arguments: &[&str]) -> Result<serde_json::Value> {
        let finished = self.run(&[&["--json"], arguments].concat()).await?;
        if finished.code != Some(0) {
            bail!("attune {arguments:?} ended with {:?}: {}{}", finished.code, finished.output, finished.errors);
        }
        finished.json()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare_command();
        command.arg("--store").arg(self.store.argument()).args(arguments);
        command
    }

    /// The binary in the test's folder (no stray `attune.toml`), on ports of its own, in English, without the tester's settings.
    fn bare_command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(self.store.folder());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ATTUNE_")) {
            command.env_remove(name);
        }
        for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(name);
        }
        command.env("ATTUNE_SERVER__LISTEN", format!("127.0.0.1:{}", self.port)).env("ATTUNE_SERVER__PUBLIC_URL", self.url(""));
        command.env("ATTUNE_MAILBOX__LISTEN", self.mailbox_address());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

async fn finish(mut command: Command, arguments: &[&str]) -> Result<Finished> {
    command.stdin(Stdio::null());
    let waiting = tokio::task::spawn_blocking(move || command.output());
    let output = waiting.await.context("waiting for attune")?.with_context(|| format!("running attune {arguments:?}"))?;
    Ok(Finished::of(output))
}

/// The binary under test: `ATTUNE_BIN`, else the debug build, brought up to date by `cargo build -p attune`.
pub fn binary() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("ATTUNE_BIN") {
        let path = PathBuf::from(named);
        return if path.is_file() { Ok(path) } else { bail!("ATTUNE_BIN names {}, which is not there", path.display()) };
    }
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let built = Command::new(cargo).args(["build", "--quiet", "--package", "attune"]).current_dir(&house).stdin(Stdio::null()).output();
    let built = built.context("running cargo build")?;
    if !built.status.success() {
        bail!("attune does not build: {}", String::from_utf8_lossy(&built.stderr));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| house.join("target"), PathBuf::from);
    target.join("debug/attune").canonicalize().context("finding target/debug/attune")
}
