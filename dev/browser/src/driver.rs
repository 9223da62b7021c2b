//! One chromedriver process of our own, and the end of everything it started.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a person without Chromium should type.
const INSTALL_HINT: &str =
    "chromedriver is not installed: run `apt-get install --yes --no-install-recommends chromium chromium-driver fonts-noto-cjk`";

/// How long chromedriver may take to answer, in seconds.
const START_LIMIT_S: u64 = 60;

/// A running chromedriver; dropped, it and all its Chromium processes end.
#[derive(Debug)]
pub(crate) struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    /// Starts `/usr/bin/chromedriver` (or the one `CHROMEDRIVER` names) on a free port and waits until it answers.
    pub(crate) async fn start() -> Result<Self> {
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "/usr/bin/chromedriver".to_owned());
        if !Path::new(&program).is_file() {
            bail!("{INSTALL_HINT} ({program} is missing)");
        }
        let port = free_port()?;
        let mut command = Command::new(&program);
        command.arg(format!("--port={port}")).arg("--log-level=SEVERE");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("starting {program}"))?;
        let mut driver = Self { child, port };
        driver.wait_until_ready().await?;
        Ok(driver)
    }

    /// The address of the WebDriver service.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let status = format!("{}status", self.url());
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(START_LIMIT_S) {
            if let Some(code) = self.child.try_wait().context("asking after chromedriver")? {
                bail!("chromedriver ended at once with {code}");
            }
            if reqwest::get(&status).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("chromedriver did not answer on port {} within {START_LIMIT_S} s", self.port)
    }
}

impl Drop for Driver {
    /// Chromium runs in a process group of its own, so its processes are found by their parents before the first one ends.
    fn drop(&mut self) {
        let doomed = descendants(self.child.id());
        self.child.kill().ok();
        self.child.wait().ok();
        if doomed.is_empty() {
            return;
        }
        let mut kill = Command::new("kill");
        kill.arg("-KILL").args(doomed.iter().map(u32::to_string));
        kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok();
    }
}

/// Every process below `root`, by the parent numbers in `/proc`.
fn descendants(root: u32) -> Vec<u32> {
    let mut parents: Vec<(u32, u32)> = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        parents.extend(parent.map(|parent: u32| (process, parent)));
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(process, _)| *process));
        next += 1;
    }
    found.split_off(1)
}

fn free_port() -> Result<u16> {
    let probe = TcpListener::bind(("127.0.0.1", 0)).context("asking for a free port")?;
    Ok(probe.local_addr().context("reading the free port")?.port())
}
