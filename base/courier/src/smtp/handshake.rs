//! From an address to a conversation that is ready for mail: TCP, TLS, EHLO, AUTH.

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::connection::{Connection, Phase, SmtpError};
use super::reply::Reply;
use super::stream::Stream;
use super::tls::Tls;
use super::{Credentials, Envelope, Outcome, SmtpConfig, TlsMode};

/// What the relay offers.
#[derive(Debug, Clone, Default)]
pub(super) struct Capabilities {
    pub(super) lines: Vec<String>,
    pub(super) pipelining: bool,
    pub(super) eight_bit: bool,
    pub(super) utf8_addresses: bool,
    pub(super) start_tls: bool,
    /// `None` when SIZE is not offered, 0 when no limit is named.
    pub(super) size_bytes: Option<usize>,
    auth_plain: bool,
    auth_login: bool,
}

impl Capabilities {
    fn from_reply(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.lines.iter().skip(1) {
            let upper = line.to_ascii_uppercase();
            let mut words = upper.split([' ', '=']);
            match words.next().unwrap_or_default() {
                "PIPELINING" => found.pipelining = true,
                "8BITMIME" => found.eight_bit = true,
                "SMTPUTF8" => found.utf8_addresses = true,
                "STARTTLS" => found.start_tls = true,
                "SIZE" => {
                    let limit = words.next().and_then(|word| word.parse().ok());
                    found.size_bytes = Some(limit.unwrap_or(0));
                }
                "AUTH" => {
                    for mechanism in words {
                        found.auth_plain |= mechanism == "PLAIN";
                        found.auth_login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
            found.lines.push(line.clone());
        }
        found
    }

    /// Refuses what this relay cannot carry, before a byte of it is sent.
    pub(super) fn refuse(&self, envelope: &Envelope) -> Option<Outcome> {
        let refusal = |code: u16, enhanced: &str, text: &str| Outcome::Rejected {
            code,
            enhanced: Some(enhanced.to_owned()),
            text: text.to_owned(),
            permanent: true,
        };
        if envelope.needs_utf8_addresses() && !self.utf8_addresses {
            let text = "the relay does not carry addresses outside ASCII (SMTPUTF8)";
            return Some(refusal(553, "5.6.7", text));
        }
        if envelope.eight_bit && !self.eight_bit {
            let text = "the relay does not carry eight-bit mail (8BITMIME)";
            return Some(refusal(554, "5.6.3", text));
        }
        let limit = self.size_bytes.filter(|&limit| limit > 0)?;
        if envelope.message_bytes > limit {
            let text = "the mail is larger than the relay allows";
            return Some(refusal(552, "5.3.4", text));
        }
        None
    }

    /// Gives MAIL, RCPT and DATA for one envelope.
    pub(super) fn commands(&self, envelope: &Envelope) -> [String; 3] {
        let mut mail = format!("MAIL FROM:<{}>", envelope.mail_from);
        if self.size_bytes.is_some() {
            mail.push_str(&format!(" SIZE={}", envelope.message_bytes));
        }
        if envelope.eight_bit {
            mail.push_str(" BODY=8BITMIME");
        }
        if envelope.needs_utf8_addresses() {
            mail.push_str(" SMTPUTF8");
        }
        let rcpt = format!("RCPT TO:<{}>", envelope.recipient);
        [mail, rcpt, "DATA".to_owned()]
    }
}

/// Opens a connection that is ready for mail.
pub(super) async fn connect(config: &SmtpConfig, tls: Option<&Tls>) -> Result<Connection, SmtpError> {
    let stream = open_tcp(config).await?;
    let mut connection = match (config.tls, tls) {
        (TlsMode::None, _) | (_, None) => {
            let mut connection = Connection::new(Stream::Plain(stream), config.timeouts);
            greet(&mut connection).await?;
            connection
        }
        (TlsMode::Implicit, Some(tls)) => {
            let mut connection = secure(config, tls, stream).await?;
            greet(&mut connection).await?;
            connection
        }
        (TlsMode::StartTls, Some(tls)) => start_tls(config, tls, stream).await?,
    };
    hello(&mut connection, config).await?;
    if let Some(credentials) = &config.credentials {
        sign_in(&mut connection, credentials).await?;
    }
    Ok(connection)
}

async fn open_tcp(config: &SmtpConfig) -> Result<TcpStream, SmtpError> {
    let phase = Phase::Connect;
    let after = config.timeouts.connect;
    let address = (config.host.as_str(), config.port);
    let stream = timeout(after, TcpStream::connect(address))
        .await
        .map_err(|_| SmtpError::Timeout { phase, after })?
        .map_err(|source| SmtpError::Io { phase, source })?;
    // Without this, every mail waits some 40 ms for a delayed acknowledgement.
    stream.set_nodelay(true).map_err(|source| SmtpError::Io { phase, source })?;
    Ok(stream)
}

async fn secure(config: &SmtpConfig, tls: &Tls, stream: TcpStream) -> Result<Connection, SmtpError> {
    let after = config.timeouts.connect;
    let (secured, version) = timeout(after, tls.secure(stream)).await.map_err(|_| SmtpError::Timeout { phase: Phase::Tls, after })??;
    let mut connection = Connection::new(Stream::Secured(Box::new(secured)), config.timeouts);
    connection.tls_version = Some(version);
    Ok(connection)
}

async fn start_tls(config: &SmtpConfig, tls: &Tls, stream: TcpStream) -> Result<Connection, SmtpError> {
    let phase = Phase::Tls;
    let mut plain = Connection::new(Stream::Plain(stream), config.timeouts);
    greet(&mut plain).await?;
    hello(&mut plain, config).await?;
    if !plain.capabilities.start_tls {
        let what = "STARTTLS is required by the settings and not offered".to_owned();
        return Err(SmtpError::Protocol { phase, what });
    }
    let reply = plain.command("STARTTLS", phase).await?;
    if reply.code != 220 {
        return Err(SmtpError::Refused { phase, reply });
    }
    // Bytes that came before the handshake are unauthenticated: they must not pass for secured ones.
    let Stream::Plain(stream) = plain.wire else {
        return Err(SmtpError::Closed { phase });
    };
    if !plain.input.is_empty() {
        let what = "plain text follows the answer to STARTTLS".to_owned();
        return Err(SmtpError::Protocol { phase, what });
    }
    let mut connection = secure(config, tls, stream).await?;
    connection.banner = plain.banner;
    Ok(connection)
}

async fn greet(connection: &mut Connection) -> Result<(), SmtpError> {
    let phase = Phase::Greeting;
    let limit = connection.timeouts.greeting;
    let reply = connection.read_reply(phase, limit).await?;
    if reply.code != 220 {
        return Err(SmtpError::Refused { phase, reply });
    }
    connection.banner = reply.lines.into_iter().next().unwrap_or_default();
    Ok(())
}

async fn hello(connection: &mut Connection, config: &SmtpConfig) -> Result<(), SmtpError> {
    let phase = Phase::Hello;
    let name = &config.hello_name;
    let reply = connection.command(&format!("EHLO {name}"), phase).await?;
    if reply.is_positive() {
        connection.capabilities = Capabilities::from_reply(&reply);
        return Ok(());
    }
    let speaks_old = matches!(reply.code, 500 | 501 | 502 | 504);
    if !speaks_old {
        return Err(SmtpError::Refused { phase, reply });
    }
    let reply = connection.command(&format!("HELO {name}"), phase).await?;
    if reply.is_positive() {
        return Ok(());
    }
    Err(SmtpError::Refused { phase, reply })
}

async fn sign_in(connection: &mut Connection, with: &Credentials) -> Result<(), SmtpError> {
    let phase = Phase::Auth;
    let reply = if connection.capabilities.auth_plain {
        let secret = STANDARD.encode(format!("\0{}\0{}", with.username, with.password));
        connection.command(&format!("AUTH PLAIN {secret}"), phase).await?
    } else if connection.capabilities.auth_login {
        let mut reply = connection.command("AUTH LOGIN", phase).await?;
        for answer in [&with.username, &with.password] {
            if reply.code != 334 {
                return Err(SmtpError::Refused { phase, reply });
            }
            reply = connection.command(&STANDARD.encode(answer), phase).await?;
        }
        reply
    } else {
        let what = "the relay offers neither AUTH PLAIN nor AUTH LOGIN".to_owned();
        return Err(SmtpError::Protocol { phase, what });
    };
    if !reply.is_positive() {
        return Err(SmtpError::Refused { phase, reply });
    }
    connection.authenticated = true;
    Ok(())
}
