//! The other end of the mail: postfix's smtp-sink and smtp-source where they are installed, else a plain loop of our own.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};

use crate::program::{self, Running};

const SINK: &str = "/usr/sbin/smtp-sink";
const SOURCE: &str = "/usr/sbin/smtp-source";
/// Connections kept open, by Attune and by the limit.
pub const SESSIONS: i64 = 20;
/// Bytes of the limit's mails.
const LENGTH: usize = 5_000;

/// Something that takes mail and forgets it.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    postfix: bool,
    _running: Running,
}

impl Sink {
    /// Starts postfix's sink, or ours.
    pub fn start() -> Result<Self> {
        if !(Path::new(SINK).is_file() && Path::new(SOURCE).is_file()) {
            let (running, address) = Running::own_part("swallow-mail")?;
            return Ok(Self { address, postfix: false, _running: running });
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, program::free_port()?));
        let mut command = Command::new(SINK);
        if is_root() {
            // As root it wants to be told which account to become.
            command.args(["-u", "nobody"]);
        }
        command.arg(address.to_string()).arg("1000").stdout(Stdio::null()).stderr(Stdio::null());
        let running = Running::start(&mut command)?;
        program::wait_for(address)?;
        Ok(Self { address, postfix: true, _running: running })
    }

    /// What the limit is, for people.
    pub fn limit_name(&self) -> &'static str {
        if self.postfix {
            "smtp-source → smtp-sink, 20 kept connections, 5,000 bytes"
        } else {
            "own SMTP loop → own sink (postfix is not installed), 20 kept connections, 5,000 bytes"
        }
    }

    /// Mails a second that the limit's sender brings to the sink.
    pub fn limit(&self, mails: i64) -> Result<f64> {
        let begun = Instant::now();
        if self.postfix {
            let mut source = Command::new(SOURCE);
            source.args(["-d", "-s", &SESSIONS.to_string(), "-l", &LENGTH.to_string(), "-m", &mails.to_string()]);
            source.args(["-f", "a@attune.example", "-t", "b@attune.example", &self.address.to_string()]);
            if !source.stdin(Stdio::null()).status().context("running smtp-source")?.success() {
                bail!("smtp-source failed");
            }
        } else {
            self.send_plainly(mails)?;
        }
        Ok(mails as f64 / begun.elapsed().as_secs_f64())
    }

    fn send_plainly(&self, mails: i64) -> Result<()> {
        std::thread::scope(|scope| {
            let share = mails / SESSIONS;
            let senders: Vec<_> = (0..SESSIONS).map(|_| scope.spawn(move || send(self.address, share))).collect();
            for sender in senders {
                sender.join().map_err(|_| anyhow::anyhow!("a sender broke"))??;
            }
            Ok(())
        })
    }
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Uid:").is_some_and(|ids| ids.split_whitespace().next() == Some("0")))
}

/// One connection of the plain loop: command, answer, command, answer.
fn send(address: SocketAddr, mails: i64) -> Result<()> {
    let mut out = TcpStream::connect(address).context("connecting to the sink")?;
    out.set_nodelay(true)?;
    let mut answers = BufReader::new(out.try_clone()?);
    let mut line = String::new();
    let mut hear = |code: &str| -> Result<()> {
        line.clear();
        answers.read_line(&mut line)?;
        if line.starts_with(code) { Ok(()) } else { bail!("the sink said {line:?}") }
    };
    hear("220")?;
    out.write_all(b"HELO bench\r\n")?;
    hear("250")?;
    let body = format!("{}\r\n.\r\n", "x".repeat(78).chars().chain("\r\n".chars()).collect::<String>().repeat(LENGTH / 80));
    for _ in 0..mails {
        for (command, code) in [
            ("MAIL FROM:<a@attune.example>\r\n", "250"),
            ("RCPT TO:<b@attune.example>\r\n", "250"),
            ("DATA\r\n", "354"),
            (body.as_str(), "250"),
        ] {
            out.write_all(command.as_bytes())?;
            hear(code)?;
        }
    }
    out.write_all(b"QUIT\r\n")?;
    hear("221")
}

/// Our sink: takes every mail and forgets it; prints its address first.
pub async fn swallow() -> Result<()> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A connection that breaks off is the sender's affair.
            let _ = take_mail(stream).await;
        });
    }
}

async fn take_mail(stream: tokio::net::TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(read);
    write.write_all(b"220 sink ESMTP\r\n").await?;
    let (mut line, mut in_body) = (Vec::new(), false);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match (in_body, line.get(..4).unwrap_or(&line).to_ascii_uppercase().as_slice()) {
            (true, _) if line == b".\r\n" => {
                in_body = false;
                b"250 2.0.0 taken\r\n"
            }
            (true, _) => continue,
            (false, b"EHLO") => b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
            (false, b"DATA") => {
                in_body = true;
                b"354 go on\r\n"
            }
            (false, b"QUIT") => {
                write.write_all(b"221 2.0.0 bye\r\n").await?;
                return Ok(());
            }
            (false, _) => b"250 2.0.0 ok\r\n",
        };
        write.write_all(answer).await?;
    }
}
