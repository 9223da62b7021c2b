//! Where PostgreSQL's programs are, and as whom they run.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What a person without PostgreSQL should type.
pub const INSTALL_HINT: &str = "PostgreSQL is not installed: run `apt-get install --yes --no-install-recommends postgresql` \
     (or set ATTUNE_TEST_PG to the URL of a server, or to `skip` to leave these tests out, loudly)";

/// The folder with `initdb`, `pg_ctl` and `psql` of the newest installed version.
#[derive(Clone, Debug)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Looks below `/usr/lib/postgresql` (Debian, Ubuntu), then along `PATH`.
    pub fn find() -> Result<Self> {
        let mut found: Vec<(u32, PathBuf)> = Vec::new();
        for entry in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
            let Some(version) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            found.push((version, entry.path().join("bin")));
        }
        found.retain(|(_, folder)| folder.join("initdb").is_file());
        if let Some((_, folder)) = found.into_iter().max() {
            return Ok(Self { folder });
        }
        let on_path = std::env::var_os("PATH").unwrap_or_default();
        let folder = std::env::split_paths(&on_path).find(|folder| folder.join("initdb").is_file());
        folder.map(|folder| Self { folder }).context(INSTALL_HINT)
    }

    /// The program `name`, run as `account` from the root folder with plain messages.
    pub fn command(&self, name: &str, account: &Account) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.current_dir("/").env("LC_ALL", "C").env("TZ", "UTC");
        if let Account::Other { uid, gid } = account {
            command.uid(*uid).gid(*gid);
        }
        command
    }
}

/// The account the server runs as: PostgreSQL refuses to run as root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// The account of this process.
    Own,
    /// An account without rights, because this process is root's.
    Other {
        /// Number of the user.
        uid: u32,
        /// Number of its group.
        gid: u32,
    },
}

impl Account {
    /// The account to use: one's own, or for root `postgres`, else `nobody`.
    pub fn choose() -> Result<Self> {
        if own_uid()? != 0 {
            return Ok(Self::Own);
        }
        let accounts = fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
        for wanted in ["postgres", "nobody"] {
            for line in accounts.lines() {
                let mut fields = line.split(':');
                if fields.next() != Some(wanted) {
                    continue;
                }
                let (uid, gid) = (fields.nth(1), fields.next());
                if let (Some(Ok(uid)), Some(Ok(gid))) = (uid.map(str::parse), gid.map(str::parse)) {
                    return Ok(Self::Other { uid, gid });
                }
            }
        }
        bail!("root may not run PostgreSQL, and neither `postgres` nor `nobody` is an account here")
    }

    /// Makes `folder` (with its parents) and gives it to this account.
    pub fn own_folder(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        if let Self::Other { uid, gid } = self {
            chown(folder, Some(*uid), Some(*gid)).with_context(|| format!("giving away {}", folder.display()))?;
        }
        Ok(())
    }
}

/// The number of the user this process runs as.
pub(crate) fn own_uid() -> Result<u32> {
    let told = Command::new("id").arg("-u").output().context("running id")?;
    String::from_utf8_lossy(&told.stdout).trim().parse().context("reading the number of this user")
}
