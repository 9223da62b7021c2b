//! The recipients of a demo: they read the built-in mailbox and, when their customer truly responded, load the picture of the mail and
//! follow its first tracked link over HTTP, as a mail reader would. Nothing is written on their behalf.

use std::net::SocketAddr;
use std::sync::Arc;

use attune_courier::mailbox::{self, MailboxMailId};
use attune_db::Db;
use attune_kernel::Fault;
use bytes::Bytes;
use futures::StreamExt;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What a person's mail program calls itself.
const READER: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15";
/// Requests at a time.
const AT_ONCE: usize = 16;

/// Decides whether the holder of an address responds to a mail of round `round` (from 1).
pub trait Decides: Send + Sync {
    /// Whether they respond.
    fn responds(&self, address: &str, round: usize) -> bool;
}

/// Reads mails and acts on them.
pub struct Recipients {
    db: Db,
    server: SocketAddr,
    public_url: String,
    decides: Arc<dyn Decides>,
}

impl Recipients {
    /// Recipients whose mails lie in `db` and whose links lead to the server at `server`, written as `public_url`.
    pub fn new(db: Db, server: SocketAddr, public_url: &str, decides: Arc<dyn Decides>) -> Self {
        Self { db, server, public_url: public_url.to_owned(), decides }
    }

    /// Acts on every mail that came at `since` (µs) or later as one of round `round`; answers how many mails there were and how many
    /// people responded. Where a round begins is in the store, so whoever is stopped amid a round reads all of it again: what he has done
    /// before counts once.
    pub async fn read_round(&self, round: usize, since: i64) -> Result<(i64, i64), Fault> {
        let mails = self.since(since).await?;
        let arrived = i64::try_from(mails.len()).unwrap_or(i64::MAX);
        let keen: Vec<MailboxMailId> = mails.into_iter().filter(|(_, to)| self.decides.responds(to, round)).map(|(id, _)| id).collect();
        let responded = i64::try_from(keen.len()).unwrap_or(i64::MAX);
        let mut acts = futures::stream::iter(keen).map(|id| self.respond(id)).buffer_unordered(AT_ONCE);
        while let Some(done) = acts.next().await {
            done?;
        }
        Ok((arrived, responded))
    }

    async fn since(&self, at: i64) -> Result<Vec<(MailboxMailId, String)>, Fault> {
        let mut tx = self.db.read().await?;
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = mailbox::list(&mut tx, before, 500).await?;
            let Some(last) = page.last() else { return Ok(found) };
            before = Some(last.id);
            for mail in page {
                if mail.received_at < at {
                    return Ok(found);
                }
                found.push((mail.id, mail.rcpt_to.to_lowercase()));
            }
        }
    }

    async fn respond(&self, id: MailboxMailId) -> Result<(), Fault> {
        let mail = mailbox::find(&mut self.db.read().await?, id).await?.ok_or_else(|| Fault::new("a mail left the mailbox"))?;
        let html = mail.read.html.unwrap_or_default();
        if let Some(picture) = Self::first(&html, "/m/o/") {
            self.get(&picture).await?;
        }
        let link = Self::first(&html, "/m/c/").ok_or_else(|| Fault::new("a mail holds no tracked link"))?;
        self.get(&link).await
    }

    /// The first address in the mail whose path starts with `path`. Only addresses of Attune do, and a server that was started again may
    /// have another name than the one the mail was written with.
    fn first(html: &str, path: &str) -> Option<String> {
        let rest = html.get(html.find(path)?..)?;
        let end = rest.find(['"', '\'', '<', '>', ' '])?;
        Some(rest.get(..end)?.replace("&amp;", "&"))
    }

    async fn get(&self, path: &str) -> Result<(), Fault> {
        let stream = TcpStream::connect(self.server).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let host = self.public_url.split("://").nth(1).unwrap_or("localhost");
        let request = Request::get(path)
            .header("host", host)
            .header("user-agent", READER)
            .header("accept-language", "en")
            .header("connection", "close");
        let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        let status = response.status();
        response.into_body().collect().await?;
        driver.abort();
        if status.is_success() || status.is_redirection() { Ok(()) } else { Err(Fault::new(format!("{path} answered {status}"))) }
    }
}
