//! A server process under test: started, waited for, killed, started again.

use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take until it answers, in seconds.
const READY_LIMIT_S: u64 = 60;
/// How long a server may take to end when asked to, in seconds.
const END_LIMIT_S: u64 = 30;
/// How many lines of the log an error shows.
const LOG_LINES: usize = 20;

/// A child process that serves HTTP on a loopback port; dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Process {
    /// Starts `command`, whose words go to the end of the file `log`, and waits until `GET path` on `port` answers with a success.
    pub async fn start(mut command: Command, port: u16, path: &str, log: &Path) -> Result<Self> {
        let out = OpenOptions::new().create(true).append(true).open(log).with_context(|| format!("opening {}", log.display()))?;
        let err: File = out.try_clone().context("sharing the log file")?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        let mut process = Self { child, port, log: log.to_owned() };
        process.wait_until_ready(path).await?;
        Ok(process)
    }

    /// The address of `path` on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything the server said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends the process the way a power cut does (`kill -9`): it gets no chance to tidy up.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill().context("killing the server")?;
        self.child.wait().context("waiting for the killed server").map(drop)
    }

    /// Asks the process to end (SIGTERM) and gives back how it ended.
    pub async fn stop(mut self) -> Result<ExitStatus> {
        let asked = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().context("running kill")?;
        if !asked.success() {
            bail!("the server {} is already gone", self.child.id());
        }
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(END_LIMIT_S) {
            if let Some(status) = self.child.try_wait().context("asking after the server")? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("the server did not end within {END_LIMIT_S} s of SIGTERM; its last words:\n{}", self.last_words())
    }

    async fn wait_until_ready(&mut self, path: &str) -> Result<()> {
        let url = self.url(path);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(READY_LIMIT_S) {
            if let Some(status) = self.child.try_wait().context("asking after the server")? {
                bail!("the server ended with {status} before it answered; its last words:\n{}", self.last_words());
            }
            if reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("{url} did not answer within {READY_LIMIT_S} s; the server's last words:\n{}", self.last_words())
    }

    fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines.split_at(lines.len().saturating_sub(LOG_LINES)).1.join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A loopback port nobody listens on at this moment.
pub fn free_port() -> Result<u16> {
    let probe = TcpListener::bind(("127.0.0.1", 0)).context("asking for a free port")?;
    Ok(probe.local_addr().context("reading the free port")?.port())
}
