//! Settings of the process: attune.default.toml, then attune.toml, then the environment. All mistakes are found at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use attune_courier::SmtpConfig;
use attune_courier::smtp::{Credentials, TlsMode};
use attune_identify::tracking::atlas::MAX_FILES;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;

/// The defaults and their manual.
pub const DEFAULTS: &str = include_str!("../../attune.default.toml");

/// As written in the files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the data is.
    pub store: Store,
    /// Where pages are served.
    pub server: Server,
    /// Where mail goes.
    pub mail: Mail,
    /// The built-in mailbox.
    pub mailbox: MailboxSection,
    /// Background work.
    pub work: Work,
    /// The collector.
    pub collect: Collect,
    /// Logs.
    pub log: Log,
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// A directory or a PostgreSQL address.
    pub url: String,
    /// Connections that read.
    pub connections: usize,
    /// Wait for the disk at every commit.
    pub durable: bool,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: String,
    /// The address for links in mails.
    pub public_url: String,
    /// Behind a reverse proxy.
    pub trust_proxy: bool,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `mailbox` or `smtp`.
    pub delivery: String,
    /// The relay.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `starttls`, `tls` or `none`.
    pub security: String,
    /// Empty for none.
    pub username: String,
    /// Empty for none.
    pub password: String,
    /// Kept connections.
    pub connections: usize,
    /// EHLO name.
    pub hello_name: String,
}

/// `[mailbox]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailboxSection {
    /// Address and port.
    pub listen: String,
}

/// `[work]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Jobs at a time.
    pub slots: usize,
    /// This process's name.
    pub node: String,
    /// This process's number.
    pub node_number: u16,
}

/// `[collect]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collect {
    /// Events that may wait.
    pub queue: usize,
    /// MMDB files.
    pub networks: Vec<PathBuf>,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `text` or `json`.
    pub format: String,
    /// A filter.
    pub level: String,
}

/// Every mistake in the configuration, one sentence each.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} mistake(s):\n  {}", .0.len(), .0.join("\n  "))]
pub struct ConfigErrors(pub Vec<String>);

impl Config {
    /// Reads defaults, the file and the environment.
    pub fn read(file: Option<&Path>) -> Result<Self, ConfigErrors> {
        let chosen = file.map_or_else(|| PathBuf::from("attune.toml"), Path::to_path_buf);
        if file.is_some() && !chosen.is_file() {
            return Err(ConfigErrors(vec![format!("{} does not exist", chosen.display())]));
        }
        let ignored = ["bin", "lang", "password", "test_pg", "shots"];
        let environment = Env::prefixed("ATTUNE_").split("__").ignore(&ignored);
        let figment = Figment::from(Toml::string(DEFAULTS)).merge(Toml::file(&chosen)).merge(environment);
        let config: Self = figment.extract().map_err(|error| ConfigErrors(unfit(&figment, &error)))?;
        let mistakes = config.mistakes();
        if mistakes.is_empty() { Ok(config) } else { Err(ConfigErrors(mistakes)) }
    }

    fn mistakes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, text) in [("server.listen", &self.server.listen), ("mailbox.listen", &self.mailbox.listen)] {
            if text.parse::<SocketAddr>().is_err() {
                wrong.push(format!("{name} = {text:?} is not an address with a port, such as 127.0.0.1:7411"));
            }
        }
        if self.mailbox.listen.parse::<SocketAddr>().is_ok_and(|a| !a.ip().is_loopback()) {
            wrong.push("mailbox.listen must be a loopback address: the built-in mailbox is not for the open network".to_owned());
        }
        if !self.server.public_url.is_empty() && !self.server.public_url.starts_with("http") {
            wrong.push(format!("server.public_url = {:?} does not start with http:// or https://", self.server.public_url));
        }
        if !matches!(self.mail.delivery.as_str(), "mailbox" | "smtp") {
            wrong.push(format!("mail.delivery = {:?} is unknown: use mailbox or smtp", self.mail.delivery));
        }
        if self.mail.delivery == "smtp" && self.mail.host.is_empty() {
            wrong.push("mail.host is empty: name the relay, or set mail.delivery to mailbox".to_owned());
        }
        if !matches!(self.mail.security.as_str(), "starttls" | "tls" | "none") {
            wrong.push(format!("mail.security = {:?} is unknown: use starttls, tls or none", self.mail.security));
        }
        if !matches!(self.log.format.as_str(), "text" | "json") {
            wrong.push(format!("log.format = {:?} is unknown: use text or json", self.log.format));
        }
        if self.collect.networks.len() > MAX_FILES {
            wrong.push(format!("collect.networks names {} files: at most {MAX_FILES} are read", self.collect.networks.len()));
        }
        if self.work.node_number > 1023 {
            wrong.push(format!("work.node_number = {} is above 1023", self.work.node_number));
        }
        for (name, number) in [
            ("store.connections", self.store.connections),
            ("mail.connections", self.mail.connections),
            ("work.slots", self.work.slots),
            ("collect.queue", self.collect.queue),
        ] {
            if number == 0 {
                wrong.push(format!("{name} must be at least 1"));
            }
        }
        wrong
    }

    /// The address of this installation, without a slash at the end.
    pub fn public_url(&self) -> String {
        match self.server.public_url.trim_end_matches('/') {
            "" => format!("http://{}", self.server.listen),
            url => url.to_owned(),
        }
    }

    /// The relay to deliver to, given where the built-in mailbox listens.
    pub fn relay(&self, mailbox: SocketAddr) -> SmtpConfig {
        let built_in = self.mail.delivery == "mailbox";
        let mut smtp = if built_in {
            SmtpConfig::new(mailbox.ip().to_string(), mailbox.port())
        } else {
            SmtpConfig::new(&self.mail.host, self.mail.port)
        };
        smtp.tls = match self.mail.security.as_str() {
            _ if built_in => TlsMode::None,
            "tls" => TlsMode::Implicit,
            "none" => TlsMode::None,
            _ => TlsMode::StartTls,
        };
        if !built_in && !self.mail.username.is_empty() {
            smtp.credentials = Some(Credentials { username: self.mail.username.clone(), password: self.mail.password.clone() });
        }
        smtp.connections = self.mail.connections;
        smtp.hello_name = self.mail.hello_name.clone();
        smtp
    }
}

/// Every setting that cannot be read: each is tried by itself, the others at their defaults.
fn unfit(figment: &Figment, first: &figment::Error) -> Vec<String> {
    let (Some(given), Some(defaults)) = (sections(figment), sections(&Figment::from(Toml::string(DEFAULTS)))) else {
        return vec![told(first, figment)];
    };
    let mut wrong = Vec::new();
    let mut good = Figment::from(Toml::string(DEFAULTS));
    for (section, values) in &given {
        for (name, value) in values {
            let path = format!("{section}.{name}");
            if !defaults.get(section).is_some_and(|known| known.contains_key(name)) {
                wrong.push(format!("{path} is no setting{}", origin(figment, &path)));
                continue;
            }
            let tried = good.clone().merge((path.as_str(), value));
            match tried.extract::<Config>() {
                Ok(_) => good = tried,
                Err(error) => wrong.push(format!("{path}: {}{}", error.kind, origin(figment, &path))),
            }
        }
    }
    wrong.extend(good.extract::<Config>().map(|config| config.mistakes()).unwrap_or_default());
    if wrong.is_empty() { vec![told(first, figment)] } else { wrong }
}

type Sections = std::collections::BTreeMap<String, figment::value::Dict>;

fn sections(figment: &Figment) -> Option<Sections> {
    figment.extract().ok()
}

fn origin(figment: &Figment, path: &str) -> String {
    figment.find_metadata(path).map_or_else(String::new, |metadata| format!(" (in {})", metadata.name))
}

fn told(error: &figment::Error, figment: &Figment) -> String {
    let path = error.path.join(".");
    let origin = error.metadata.as_ref().map_or_else(|| origin(figment, &path), |m| format!(" (in {})", m.name));
    if path.is_empty() { format!("{}{origin}", error.kind) } else { format!("{path}: {}{origin}", error.kind) }
}
