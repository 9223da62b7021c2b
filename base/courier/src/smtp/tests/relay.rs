//! A relay that behaves as told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The step at which a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// Before the greeting.
    Greeting,
    /// Instead of the answer to EHLO.
    Hello,
    /// Instead of the answer to MAIL.
    Mail,
    /// Right after 354.
    Go,
    /// After the first line of the body.
    FirstLine,
    /// After the whole body, before any answer.
    Body,
    /// In the middle of the answer.
    HalfReply,
    /// After the answer.
    Reply,
}

/// What happens to one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Live,
    /// It ends at this step of its mail number `.1` (from 0).
    Die(At, usize),
    /// It falls silent there.
    Hush(At, usize),
    /// It says 421 there.
    Close(At, usize),
}

#[derive(Clone)]
pub(super) struct Manners {
    /// One per connection, in order; the last one stays.
    pub(super) fates: Vec<Fate>,
    pub(super) pipelining: bool,
    pub(super) extensions: Vec<&'static str>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) implicit_tls: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self { fates: vec![Fate::Live], pipelining: true, extensions: vec!["8BITMIME", "SIZE 100000000"], tls: None, implicit_tls: false }
    }
}

#[derive(Default)]
pub(super) struct Seen {
    /// Every mail whose final dot was read, in order.
    pub(super) bodies: Vec<String>,
    pub(super) commands: Vec<String>,
    pub(super) connections: usize,
}

pub(super) struct Relay {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Relay {
    pub(super) async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut seen = shared.lock().unwrap();
                    seen.connections += 1;
                    seen.connections - 1
                };
                let fate = manners.fates[number.min(manners.fates.len() - 1)];
                tokio::spawn(serve(stream, manners.clone(), fate, shared.clone()));
            }
        });
        Self { port, seen }
    }

    pub(super) async fn with_fates(fates: &[Fate]) -> Self {
        Self::start(Manners { fates: fates.to_vec(), ..Manners::default() }).await
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    pub(super) fn commands(&self) -> Vec<String> {
        self.seen.lock().unwrap().commands.clone()
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        self.seen.lock().unwrap().bodies.clone()
    }

    /// How often the relay read the whole of mail `id`.
    pub(super) fn received(&self, id: i64) -> usize {
        let subject = format!("Subject: mail-{id}\r\n");
        self.bodies().iter().filter(|body| body.contains(&subject)).count()
    }
}

async fn serve(stream: TcpStream, manners: Manners, fate: Fate, seen: Arc<Mutex<Seen>>) {
    stream.set_nodelay(true).unwrap();
    if manners.implicit_tls {
        let Ok(secured) = manners.tls.clone().unwrap().accept(stream).await else { return };
        let _ = Talk { io: BufStream::new(secured), manners: &manners, fate, seen: &seen, mails: 0 }.greet_and_talk().await;
        return;
    }
    let mut talk = Talk { io: BufStream::new(stream), manners: &manners, fate, seen: &seen, mails: 0 };
    if talk.greet_and_talk().await == Some(Next::Secure) {
        let Ok(secured) = manners.tls.clone().unwrap().accept(talk.io.into_inner()).await else { return };
        let plain = Manners { tls: None, ..manners.clone() };
        let _ = Talk { io: BufStream::new(secured), manners: &plain, fate, seen: &seen, mails: 0 }.talk().await;
    }
}

#[derive(PartialEq)]
enum Next {
    Secure,
}

struct Talk<'a, S> {
    io: BufStream<S>,
    manners: &'a Manners,
    fate: Fate,
    seen: &'a Mutex<Seen>,
    mails: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    async fn greet_and_talk(&mut self) -> Option<Next> {
        self.meet(At::Greeting).await?;
        self.say("220 test relay").await?;
        self.talk().await
    }

    /// Carries out the fate if this is its step; `None` ends the connection.
    async fn meet(&mut self, at: At) -> Option<()> {
        match self.fate {
            Fate::Die(step, mail) if step == at && mail == self.mails => None,
            Fate::Hush(step, mail) if step == at && mail == self.mails => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                None
            }
            Fate::Close(step, mail) if step == at && mail == self.mails => {
                self.say("421 4.3.2 closing").await?;
                None
            }
            _ => Some(()),
        }
    }

    async fn say(&mut self, line: &str) -> Option<()> {
        self.io.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
        self.io.flush().await.ok()
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.io.read_line(&mut line).await.ok()?;
        (count > 0).then_some(line)
    }

    async fn talk(&mut self) -> Option<Next> {
        let mut open = false;
        let mut recipients = Vec::new();
        loop {
            let line = self.line().await?;
            let line = line.trim_end();
            self.seen.lock().unwrap().commands.push(line.to_owned());
            let verb = line.split(' ').next().unwrap().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => self.hello().await?,
                "STARTTLS" => {
                    self.say("220 go ahead").await?;
                    return Some(Next::Secure);
                }
                "AUTH" => self.auth(line).await?,
                "MAIL" => {
                    self.meet(At::Mail).await?;
                    let answer = if open { "503 5.5.1 nested MAIL" } else { "250 2.1.0 ok" };
                    open = true;
                    self.say(answer).await?;
                }
                "RCPT" if line.contains("refused@") => self.say("550 5.1.1 no such user").await?,
                "RCPT" if line.contains("later@") => self.say("451 4.2.1 mailbox busy").await?,
                "RCPT" => {
                    recipients.push(line.to_owned());
                    self.say("250 2.1.5 ok").await?;
                }
                "DATA" if recipients.is_empty() => self.say("554 5.5.1 no valid recipients").await?,
                "DATA" => {
                    self.say("354 go").await?;
                    self.body(&recipients.concat()).await?;
                    recipients.clear();
                    open = false;
                }
                "RSET" => {
                    recipients.clear();
                    open = false;
                    self.say("250 2.0.0 ok").await?;
                }
                "QUIT" => {
                    self.say("221 2.0.0 bye").await?;
                    return None;
                }
                _ => self.say("250 2.0.0 ok").await?,
            }
        }
    }

    async fn hello(&mut self) -> Option<()> {
        self.meet(At::Hello).await?;
        let mut lines = vec!["test relay"];
        lines.extend(self.manners.extensions.iter());
        if self.manners.pipelining {
            lines.push("PIPELINING");
        }
        if self.manners.tls.is_some() && !self.manners.implicit_tls {
            lines.push("STARTTLS");
        }
        let last = lines.pop()?;
        for line in lines {
            self.say(&format!("250-{line}")).await?;
        }
        self.say(&format!("250 {last}")).await
    }

    async fn auth(&mut self, line: &str) -> Option<()> {
        if line.contains("LOGIN") {
            for prompt in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                self.say(prompt).await?;
                let answer = self.line().await?;
                self.seen.lock().unwrap().commands.push(answer.trim_end().to_owned());
            }
        }
        self.say("235 2.7.0 welcome").await
    }

    async fn body(&mut self, recipient: &str) -> Option<()> {
        self.meet(At::Go).await?;
        let mut body = String::new();
        loop {
            let line = self.line().await?;
            if line == ".\r\n" {
                break;
            }
            body.push_str(line.strip_prefix('.').unwrap_or(&line));
            self.meet(At::FirstLine).await?;
        }
        self.seen.lock().unwrap().bodies.push(body);
        self.meet(At::Body).await?;
        if matches!(self.fate, Fate::Die(At::HalfReply, mail) if mail == self.mails) {
            self.io.write_all(b"250 2.0").await.ok()?;
            self.io.flush().await.ok()?;
            return None;
        }
        let answer = if recipient.contains("spam@") { "554 5.7.1 looks like spam" } else { "250 2.0.0 queued" };
        self.say(answer).await?;
        self.meet(At::Reply).await?;
        self.mails += 1;
        Some(())
    }
}
