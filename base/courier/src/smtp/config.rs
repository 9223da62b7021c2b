//! Settings of one relay.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::SmtpError;

/// How the connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS: a relay on this machine.
    None,
    /// STARTTLS, required: a relay that does not offer it is not used (port 587).
    StartTls,
    /// TLS from the first byte (port 465).
    Implicit,
}

/// Name and password for the relay. The debug form hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Longest wait for each phase of a conversation (RFC 5321 section 4.5.3.2 gives the orders of magnitude).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Name lookup, TCP and TLS handshake.
    pub connect: Duration,
    /// The relay's greeting.
    pub greeting: Duration,
    /// Answers to EHLO, AUTH, MAIL, RCPT, DATA.
    pub command: Duration,
    /// Writing one body.
    pub body: Duration,
    /// The answer after a body: waiting short makes doubles.
    pub reply: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            greeting: Duration::from_secs(60),
            command: Duration::from_secs(60),
            body: Duration::from_secs(180),
            reply: Duration::from_secs(300),
        }
    }
}

/// Everything needed to talk to a relay.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// Host name or address; with TLS also the name the certificate must carry.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is secured.
    pub tls: TlsMode,
    /// Sign-in, if the relay wants one.
    pub credentials: Option<Credentials>,
    /// Allows credentials to travel unencrypted to another machine.
    pub allow_plaintext_auth: bool,
    /// Certificates (PEM) to trust besides those of the system.
    pub extra_roots_pem: Option<String>,
    /// Name given in EHLO.
    pub hello_name: String,
    /// Most connections open at once.
    pub connections: usize,
    /// Mails after which a connection is replaced.
    pub mails_per_connection: u32,
    /// Time after which an unused connection is closed.
    pub idle: Duration,
    /// Longest waits.
    pub timeouts: Timeouts,
}

impl SmtpConfig {
    /// Gives the settings of a plain relay: 20 connections, 1,000 mails each, closed after 30 s of rest.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            tls: TlsMode::None,
            credentials: None,
            allow_plaintext_auth: false,
            extra_roots_pem: None,
            hello_name: "localhost".to_owned(),
            connections: 20,
            mails_per_connection: 1_000,
            idle: Duration::from_secs(30),
            timeouts: Timeouts::default(),
        }
    }

    /// Tells how the relay is named in messages.
    pub fn relay(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(super) fn check(&self) -> Result<(), SmtpError> {
        let wrong = |why: &str| Err(SmtpError::Config(why.to_owned()));
        let visible = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !visible(&self.host) {
            return wrong("host is empty or holds spaces");
        }
        if !visible(&self.hello_name) {
            return wrong("hello_name is empty or holds spaces");
        }
        if self.connections == 0 || self.connections > 1_000 {
            return wrong("connections must be 1 to 1,000");
        }
        if self.mails_per_connection == 0 {
            return wrong("mails_per_connection must be at least 1");
        }
        let open = self.tls == TlsMode::None && !self.is_local() && !self.allow_plaintext_auth;
        if self.credentials.is_some() && open {
            return wrong("credentials would travel unencrypted: use TLS or set allow_plaintext_auth");
        }
        Ok(())
    }

    fn is_local(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    }
}
