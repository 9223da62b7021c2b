//! What the tests need from the machine, and how it gets there.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use attune_cluster::Programs;

/// One thing from the distribution.
struct Need {
    /// What it is, for people.
    what: &'static str,
    /// The Debian packages that bring it.
    packages: &'static [&'static str],
    /// Whether it is here.
    here: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need { what: "PostgreSQL", packages: &["postgresql"], here: || Programs::find().is_ok() },
    Need { what: "Chromium", packages: &["chromium"], here: || Path::new("/usr/bin/chromium").exists() },
    Need { what: "chromedriver", packages: &["chromium-driver"], here: || Path::new("/usr/bin/chromedriver").exists() },
    Need { what: "Chinese fonts", packages: &["fonts-noto-cjk"], here: has_chinese_font },
];

/// Installs what is missing when this is root on Debian or Ubuntu; else says exactly what is missing.
pub fn ensure() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.here)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|need| need.what).collect();
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages.iter().copied()).collect();
    let line = format!("apt-get install --yes --no-install-recommends {}", packages.join(" "));
    if !Path::new("/usr/bin/apt-get").exists() || !is_root() {
        bail!("the tests need {}: run `{line}` as root", names.join(", "));
    }
    eprintln!("installing {} ({line})", names.join(", "));
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages.as_slice()].concat())?;
    match missing.iter().find(|need| !(need.here)()) {
        Some(still) => bail!("{} is still missing after `{line}`", still.what),
        None => Ok(()),
    }
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut apt = Command::new("apt-get");
    apt.args(["--quiet", "--option", "Acquire::Retries=3"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    if !apt.status().context("running apt-get")?.success() {
        bail!("apt-get {} failed", arguments.join(" "));
    }
    Ok(())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn has_chinese_font() -> bool {
    let known = Command::new("fc-list").arg(":lang=zh").stdin(Stdio::null()).output();
    known.is_ok_and(|output| !output.stdout.is_empty()) || Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists()
}
