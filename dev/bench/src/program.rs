//! Programs the benchmark runs beside itself. Each ends when its value goes.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::ground::Ground;

/// Longest wait for a program to be ready or to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that is killed when this value goes.
pub struct Running {
    child: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            let _ = self.child.wait();
        }
    }
}

impl Running {
    /// Starts `command` without a terminal.
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("starting {}", command.get_program().display()))?;
        Ok(Self { child })
    }

    /// Starts a part of the benchmark that prints the address it listens on.
    pub fn own_part(name: &str) -> Result<(Self, SocketAddr)> {
        let own = std::env::current_exe().context("finding the benchmark's own binary")?;
        let mut running = Self::start(Command::new(own).arg(name).stdout(Stdio::piped()))?;
        let told = running.child.stdout.take().context("the part says nothing")?;
        let mut line = String::new();
        BufReader::new(told).read_line(&mut line).context("reading the part's address")?;
        let address = line.trim().parse().with_context(|| format!("{name} said {line:?} instead of an address"))?;
        Ok((running, address))
    }

    /// The most memory it ever held in bytes (`VmHWM`); 0 once it has ended.
    pub fn peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes: u64 = line.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
        kilobytes * 1024
    }

    /// Whether it has ended, and well.
    pub fn ended(&mut self) -> Result<Option<bool>> {
        Ok(self.child.try_wait().context("asking for a program's state")?.map(|status| status.success()))
    }

    /// Asks it to end as an operator would, and waits.
    pub fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().context("running kill")?;
        let begun = Instant::now();
        while asked.success() && begun.elapsed() < PATIENCE {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("a program did not end when asked to")
    }
}

/// Runs a command of the binary to its end; answers what it said.
pub fn run(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).env("ATTUNE_LOG__LEVEL", "warn").stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("running {}", program.display()))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).context("reading what the program said");
    }
    bail!("{} {} failed: {}", program.display(), arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim())
}

/// `attune serve` on a store.
pub struct Server {
    running: Running,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to the first answer of `/healthz`.
    pub ready_after: Duration,
}

impl Server {
    /// Starts it and waits until it answers. `settings` are environment variables behind `ATTUNE_`.
    pub fn start(ground: &Ground, store: &str, settings: &[(&str, String)]) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(ground.folder.join("attune.log")).context("opening attune.log")?;
        let mut command = Command::new(&ground.program);
        command.args(["--store", store, "serve", "--port", &address.port().to_string()]);
        command.current_dir(&ground.folder).env("ATTUNE_LOG__LEVEL", "warn").stdout(Stdio::null()).stderr(log);
        for (name, value) in settings {
            command.env(format!("ATTUNE_{name}"), value);
        }
        let begun = Instant::now();
        let mut running = Running::start(&mut command)?;
        while !answers(address) {
            if running.ended()?.is_some() {
                bail!("attune serve ended at once: see {}", ground.folder.join("attune.log").display());
            }
            if begun.elapsed() > PATIENCE {
                bail!("attune serve is not ready after {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(Self { running, address, ready_after: begun.elapsed() })
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The most memory it ever held in bytes.
    pub fn peak_bytes(&self) -> u64 {
        self.running.peak_bytes()
    }

    /// What is on its way into the log, and what the slowest reactor has not heard of it.
    pub async fn lag(&self, client: &reqwest::Client) -> Result<i64> {
        let text = client.get(self.url("/healthz")).send().await?.error_for_status()?.text().await?;
        let told: serde_json::Value = serde_json::from_str(&text).context("reading /healthz")?;
        let number = |key: &str| told.get(key).and_then(serde_json::Value::as_i64).with_context(|| format!("/healthz does not tell {key}"));
        Ok(number("inbox_waiting_requests")? + number("reactor_lag_events")?)
    }

    /// Waits until every reactor has heard everything.
    pub async fn quiet(&self) -> Result<()> {
        let client = reqwest::Client::new();
        while self.lag(&client).await? > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Ends it as an operator would.
    pub fn stop(self) -> Result<()> {
        self.running.stop()
    }
}

/// A loopback port nobody listened on a moment ago.
pub fn free_port() -> Result<u16> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("asking for a free port")?;
    Ok(probe.local_addr()?.port())
}

/// Waits until somebody listens on `address`.
pub fn wait_for(address: SocketAddr) -> Result<()> {
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        if begun.elapsed() > Duration::from_secs(10) {
            bail!("nobody listens on {address}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Whether `/healthz` says 200.
fn answers(address: SocketAddr) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
    let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut head = [0_u8; 12];
    asked.is_ok() && stream.read_exact(&mut head).is_ok() && head.ends_with(b" 200")
}
