//! The mails the mailbox has kept, in the database.

use attune_db::{Column, Conflict, Db, DbError, Migration, Relation, Row, Tx, params, sql};
use attune_kernel::{Fault, Ids};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::future::BoxFuture;

use super::reading::{self, ReadMail};
use super::{MailSink, ReceivedMail};

attune_kernel::id_type!(
    /// Names one mail in the mailbox.
    MailboxMailId,
    "mbx"
);

/// Signal that is raised when new mail is kept, for [`Db::listen`].
pub const KEPT_SIGNAL: &str = "mailbox.kept";

/// Lists the migrations of this crate's tables.
pub fn migrations() -> Vec<Migration> {
    vec![attune_db::migration!("20261122_0120_mailbox")]
}

/// Keeps received mail in the table `mailbox_mails`.
#[derive(Clone)]
pub struct StoreSink {
    db: Db,
    ids: Ids,
}

impl StoreSink {
    /// Keeps mail in `db` under ids made by `ids`.
    pub fn new(db: Db, ids: Ids) -> Self {
        Self { db, ids }
    }

    async fn store(&self, mails: Vec<ReceivedMail>) -> Result<(), DbError> {
        let mut rows = Relation::new(&[
            ("id", Column::Int),
            ("received_at", Column::Int),
            ("mail_from", Column::Text),
            ("rcpt_to", Column::Text),
            ("subject", Column::Text),
            ("size_bytes", Column::Int),
            ("raw_form", Column::Text),
            ("raw", Column::Text),
        ]);
        for mail in mails {
            let size_bytes = mail.raw.len();
            let subject = reading::subject(&mail.raw).replace('\0', "");
            let (form, raw) = to_text(mail.raw);
            rows.push(params![self.ids.next(), mail.received_at, mail.mail_from, mail.rcpt_to.join(", "), subject, size_bytes, form, raw,]);
        }
        let mut tx = self.db.begin().await?;
        tx.insert("mailbox_mails", &rows, Conflict::Fail).await?;
        tx.wake(KEPT_SIGNAL);
        tx.commit().await
    }
}

impl MailSink for StoreSink {
    fn keep(&self, mails: Vec<ReceivedMail>) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move { Ok(self.store(mails).await?) })
    }
}

/// TEXT holds UTF-8 without NUL; anything else is kept as base64.
fn to_text(raw: Vec<u8>) -> (&'static str, String) {
    if raw.contains(&0) {
        return ("base64", STANDARD.encode(raw));
    }
    match String::from_utf8(raw) {
        Ok(text) => ("text", text),
        Err(other) => ("base64", STANDARD.encode(other.as_bytes())),
    }
}

/// One line of the list of mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSummary {
    /// Id.
    pub id: MailboxMailId,
    /// When it came, unix µs UTC.
    pub received_at: i64,
    /// Envelope sender.
    pub mail_from: String,
    /// Envelope recipients, joined by a comma and a space.
    pub rcpt_to: String,
    /// Decoded subject.
    pub subject: String,
    /// Size of the message in bytes.
    pub size_bytes: i64,
}

/// One mail with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// What the list shows.
    pub summary: MailSummary,
    /// The message as it came.
    pub raw: Vec<u8>,
    /// The message taken apart.
    pub read: ReadMail,
}

/// Lists mails, newest first, older than `before` when given, at most `limit`.
///
/// # Errors
/// Returns what the database reports.
pub async fn list(tx: &mut Tx, before: Option<MailboxMailId>, limit: u32) -> Result<Vec<MailSummary>, DbError> {
    let text = sql!(
        "SELECT id, received_at, mail_from, rcpt_to, subject, size_bytes FROM mailbox_mails
         WHERE id < $1 ORDER BY id DESC LIMIT $2"
    );
    let rows = tx.rows(text, params![upper(before), limit]).await?;
    rows.iter().map(summary).collect()
}

/// Lists mails to one recipient, newest first, older than `before` when given, at most `limit`.
///
/// # Errors
/// Returns what the database reports.
pub async fn list_to(tx: &mut Tx, recipient: &str, before: Option<MailboxMailId>, limit: u32) -> Result<Vec<MailSummary>, DbError> {
    let text = sql!(
        "SELECT id, received_at, mail_from, rcpt_to, subject, size_bytes FROM mailbox_mails
         WHERE rcpt_to = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
    );
    let rows = tx.rows(text, params![recipient, upper(before), limit]).await?;
    rows.iter().map(summary).collect()
}

/// Finds one mail and takes it apart.
///
/// # Errors
/// Returns what the database reports.
pub async fn find(tx: &mut Tx, id: MailboxMailId) -> Result<Option<StoredMail>, DbError> {
    let text = sql!(
        "SELECT id, received_at, mail_from, rcpt_to, subject, size_bytes, raw_form, raw
         FROM mailbox_mails WHERE id = $1"
    );
    let Some(row) = tx.find(text, params![id.0]).await? else {
        return Ok(None);
    };
    let raw: String = row.get("raw")?;
    let raw = match row.get::<String>("raw_form")?.as_str() {
        "base64" => STANDARD.decode(raw).unwrap_or_default(),
        _ => raw.into_bytes(),
    };
    Ok(Some(StoredMail { summary: summary(&row)?, read: reading::read(&raw), raw }))
}

/// Erases mails received before `received_at` (unix µs UTC) and tells how many.
///
/// # Errors
/// Returns what the database reports.
pub async fn erase_before(tx: &mut Tx, received_at: i64) -> Result<u64, DbError> {
    let text = sql!("DELETE FROM mailbox_mails WHERE received_at < $1");
    tx.exec(text, params![received_at]).await
}

/// Erases every mail to one recipient and tells how many.
///
/// # Errors
/// Returns what the database reports.
pub async fn erase_to(tx: &mut Tx, recipient: &str) -> Result<u64, DbError> {
    let text = sql!("DELETE FROM mailbox_mails WHERE rcpt_to = $1");
    tx.exec(text, params![recipient]).await
}

fn upper(before: Option<MailboxMailId>) -> i64 {
    before.map_or(i64::MAX, |id| id.0)
}

fn summary(row: &Row) -> Result<MailSummary, DbError> {
    Ok(MailSummary {
        id: MailboxMailId(row.get("id")?),
        received_at: row.get("received_at")?,
        mail_from: row.get("mail_from")?,
        rcpt_to: row.get("rcpt_to")?,
        subject: row.get("subject")?,
        size_bytes: row.get("size_bytes")?,
    })
}
