use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use attune_db::{Db, DbOptions};
use attune_kernel::{Clock, Ids};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::message::{Mail, Mailbox};
use crate::smtp::{Courier, Envelope, Outcome, SmtpConfig};
use crate::{DkimKey, DkimSigner, Outgoing, seal_many};

const NOW: i64 = 1_762_000_000_000_000;

struct Running {
    port: u16,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn start(sink: Arc<dyn MailSink>, limits: MailboxLimits) -> Self {
        let address = "127.0.0.1:0".parse().unwrap();
        let server = MailboxServer::bind(address, sink, Clock::manual(NOW), limits).await.unwrap();
        let port = server.address().port();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(server.serve(stop.clone()));
        Self { port, stop, serving }
    }

    fn courier(&self) -> Courier {
        let mut config = SmtpConfig::new("127.0.0.1", self.port);
        config.connections = 8;
        Courier::new(config).unwrap()
    }

    async fn end(self) {
        self.stop.cancel();
        self.serving.await.unwrap();
    }

    /// Says `lines` at once and gives every answer until the mailbox closes.
    async fn say(&self, lines: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(lines.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        answers
    }
}

fn codes(answers: &str) -> Vec<&str> {
    answers.lines().filter(|line| line.as_bytes().get(3) == Some(&b' ')).map(|line| &line[..3]).collect()
}

fn mail(id: i64) -> Outgoing {
    let mail = Mail {
        from: Mailbox::named("调和商店", "news@shop.example"),
        to: vec![Mailbox::new(format!("r{id}@example.org"))],
        reply_to: None,
        subject: format!("您好 {id}"),
        html: "<p>您好 <a class=b href=\"https://shop.example/c?a=1&amp;b=2\">hier</a> <A HREF='https://shop.example/x'>x</A></p>"
            .to_owned(),
        text: format!("Hello {id}\n.\nhttps://shop.example/t."),
        headers: vec![("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned())],
        message_id: format!("{id}@shop.example"),
        return_path: "bounce@shop.example".to_owned(),
    };
    Outgoing { id, recipient: format!("r{id}@example.org"), mail }
}

async fn sealed(count: i64) -> Vec<Envelope> {
    let key = Arc::new(DkimKey::generate_ed25519().unwrap());
    let signers: Arc<[DkimSigner]> = Arc::new([DkimSigner::new(key, "shop.example", "a").unwrap()]);
    let sealed = seal_many((1..=count).map(mail).collect(), signers, NOW).await;
    sealed.into_iter().map(|(_, envelope)| envelope.unwrap()).collect()
}

async fn deliver(courier: &Courier, batch: Vec<Envelope>) -> Vec<(i64, Outcome)> {
    let mut receiver = courier.deliver(batch);
    let mut outcomes = Vec::new();
    while let Some(outcome) = receiver.recv().await {
        outcomes.push(outcome);
    }
    outcomes
}

#[tokio::test]
async fn own_mail_arrives_whole_and_readable() {
    let sink = MemorySink::default();
    let mailbox = Running::start(Arc::new(sink.clone()), MailboxLimits::default()).await;
    let outcomes = deliver(&mailbox.courier(), sealed(200).await).await;
    assert_eq!(outcomes.len(), 200);
    assert!(outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Accepted { code: 250, .. })));
    mailbox.end().await;
    let mut kept = sink.mails();
    assert_eq!(kept.len(), 200);
    kept.sort_by_key(|mail| mail.rcpt_to[0][1..].split('@').next().unwrap().parse::<i64>().unwrap());
    let first = &kept[0];
    assert_eq!(
        (first.received_at, first.mail_from.as_str(), first.rcpt_to.as_slice()),
        (NOW, "bounce@shop.example", &["r1@example.org".to_owned()][..])
    );
    let seen = read(&first.raw);
    assert_eq!(seen.subject, "您好 1");
    assert_eq!(seen.links, ["https://shop.example/c?a=1&b=2", "https://shop.example/x"]);
    assert!(seen.text.unwrap().contains("\n.\r\n") || read(&first.raw).text.unwrap().contains("\n.\n"));
    assert!(seen.html.unwrap().contains("您好"));
    let from = seen.headers.iter().find(|(name, _)| name == "From").unwrap();
    assert_eq!(from.1, "调和商店 <news@shop.example>");
    assert_eq!(seen.headers[0].0, "DKIM-Signature");
}

/// Counts batches and fails while told so.
#[derive(Default)]
struct Moody {
    failing: AtomicBool,
    batches: AtomicUsize,
}

impl MailSink for Moody {
    fn keep(&self, mails: Vec<ReceivedMail>) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            assert!(!mails.is_empty());
            self.batches.fetch_add(1, Ordering::SeqCst);
            if self.failing.load(Ordering::SeqCst) { Err(Fault::new("disk full")) } else { Ok(()) }
        })
    }
}

#[tokio::test]
async fn mail_that_could_not_be_kept_is_not_acknowledged() {
    let sink = Arc::new(Moody::default());
    sink.failing.store(true, Ordering::SeqCst);
    let mailbox = Running::start(sink.clone(), MailboxLimits::default()).await;
    let courier = mailbox.courier();
    for (_, outcome) in deliver(&courier, sealed(20).await).await {
        assert!(matches!(outcome, Outcome::Rejected { code: 451, permanent: false, .. }), "{outcome:?}");
    }
    sink.failing.store(false, Ordering::SeqCst);
    let outcomes = deliver(&courier, sealed(20).await).await;
    assert!(outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Accepted { .. })));
    mailbox.end().await;
}

#[tokio::test]
async fn a_whole_conversation_may_come_in_one_piece() {
    let sink = MemorySink::default();
    let mailbox = Running::start(Arc::new(sink.clone()), MailboxLimits::default()).await;
    let answers = mailbox
        .say(
            "EHLO me\r\nMAIL FROM:<> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nMAIL FROM:<a@b.c>\r\nRSET\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n.\r\nQUIT\r\n",
        )
        .await;
    assert_eq!(codes(&answers), ["220", "250", "250", "250", "250", "354", "250", "250", "250", "250", "250", "354", "250", "221"]);
    let kept = sink.mails();
    assert_eq!(
        (kept[0].mail_from.as_str(), kept[0].rcpt_to.len(), kept[0].raw.as_slice()),
        ("", 2, b"Subject: x\r\n\r\n.dot\r\n".as_slice())
    );
    assert_eq!(kept[1].raw, b"");
    mailbox.end().await;
}

#[tokio::test]
async fn wrong_turns_are_answered() {
    let limits = MailboxLimits { message_bytes: 3_000, recipients: 2, ..MailboxLimits::default() };
    let sink = MemorySink::default();
    let mailbox = Running::start(Arc::new(sink.clone()), limits).await;
    let open = "EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n";
    let long_line = "y".repeat(999);
    let large = format!("{}\r\n", "z".repeat(900)).repeat(4);
    for (said, answered) in [
        ("MAIL FROM:<a@b.c>\r\n".to_owned(), "503"),
        ("RCPT TO:<a@b.c>\r\n".to_owned(), "503"),
        ("EHLO\r\n".to_owned(), "501"),
        ("EHLO x\r\nMAIL FROM a@b.c\r\n".to_owned(), "501"),
        ("EHLO x\r\nMAIL FROM:<a@b.c> SIZE=9999\r\n".to_owned(), "552"),
        ("EHLO x\r\nMAIL FROM:<a@b.c> RET=FULL\r\n".to_owned(), "555"),
        ("EHLO x\r\nMAIL FROM:<a b>\r\n".to_owned(), "553"),
        ("EHLO x\r\nMAIL FROM:<a@b.c>\r\nMAIL FROM:<a@b.c>\r\n".to_owned(), "503"),
        ("EHLO x\r\nMAIL FROM:<a@b.c>\r\nDATA\r\n".to_owned(), "554"),
        ("EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<>\r\n".to_owned(), "553"),
        ("EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nRCPT TO:<a@b.c>\r\nRCPT TO:<a@b.c>\r\n".to_owned(), "452"),
        ("VRFY a\r\n".to_owned(), "252"),
        ("HELP\r\n".to_owned(), "502"),
        (format!("{open}{long_line}\r\n.\r\n"), "554"),
        (format!("{open}a\nb\r\n.\r\n"), "554"),
        (format!("{open}a\n.\nMAIL FROM:<evil@b.c>\r\n.\r\n"), "554"),
        (format!("{open}{large}.\r\n"), "552"),
    ] {
        let answers = mailbox.say(&format!("{said}QUIT\r\n")).await;
        let codes = codes(&answers);
        assert_eq!(codes[codes.len() - 2..], [answered, "221"], "{said:?}: {answers}");
    }
    let answers = mailbox.say(&"x".repeat(5_000)).await;
    assert_eq!(codes(&answers), ["220"], "an endless line is never obeyed");
    let answers = mailbox.say(&format!("{}\r\n", "x".repeat(5_000))).await;
    assert_eq!(codes(&answers), ["220", "500"]);
    assert!(sink.mails().is_empty());
    mailbox.end().await;
}

#[tokio::test]
async fn strangers_crowds_and_silence_are_turned_away() {
    let open = "0.0.0.0:0".parse().unwrap();
    let refused = MailboxServer::bind(open, Arc::new(MemorySink::default()), Clock::manual(NOW), MailboxLimits::default()).await;
    assert!(matches!(refused, Err(MailboxError::NotLoopback(_))));

    let limits = MailboxLimits { connections: 1, silence: Duration::from_millis(200), ..MailboxLimits::default() };
    let mailbox = Running::start(Arc::new(MemorySink::default()), limits).await;
    let mut first = TcpStream::connect(("127.0.0.1", mailbox.port)).await.unwrap();
    let mut greeting = [0; 4];
    first.read_exact(&mut greeting).await.unwrap();
    let mut second = TcpStream::connect(("127.0.0.1", mailbox.port)).await.unwrap();
    let mut answer = String::new();
    second.read_to_string(&mut answer).await.unwrap();
    assert_eq!(codes(&answer), ["421"]);
    let mut rest = String::new();
    first.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("421 4.4.2"), "{rest}");
    mailbox.end().await;
}

#[tokio::test]
async fn stopping_says_goodbye_to_open_connections() {
    let mailbox = Running::start(Arc::new(MemorySink::default()), MailboxLimits::default()).await;
    let mut open = TcpStream::connect(("127.0.0.1", mailbox.port)).await.unwrap();
    let mut greeting = [0; 4];
    open.read_exact(&mut greeting).await.unwrap();
    mailbox.end().await;
    let mut rest = String::new();
    open.read_to_string(&mut rest).await.unwrap();
    assert!(rest.contains("421 4.3.2"), "{rest}");
}

#[test]
fn foreign_mail_is_read_without_complaint() {
    assert_eq!(read(b""), ReadMail::default());
    let seen = read(b"Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/plain\r\n\r\nsee http://a.b/c?d=1, and <https://e.f>\r\n");
    assert_eq!((seen.subject.as_str(), seen.html), ("Grüße", None));
    assert_eq!(seen.links, ["http://a.b/c?d=1", "https://e.f"]);
    let html = read(b"Content-Type: text/html\r\n\r\n<abbr href=no><a\nhref = https://a.b >x</a><a name=q href=\"#\">y</a><a href=\"https://a.b\">again</a><a href='broken");
    assert_eq!(html.links, ["https://a.b", "#"]);
}

async fn lite(folder: &tempfile::TempDir) -> Db {
    let db = Db::open(&folder.path().display().to_string(), &DbOptions::default()).await.unwrap();
    db.migrate(&migrations(), NOW).await.unwrap();
    db
}

/// A database of its own on the test server; `None` when the run leaves PostgreSQL out.
async fn pg() -> Option<(Db, attune_cluster::Database)> {
    let attune_cluster::Server::At(url) = attune_cluster::server().unwrap() else { return None };
    let database = tokio::task::block_in_place(|| attune_cluster::Database::create(&url)).unwrap();
    let db = Db::open(&database.url(), &DbOptions::default()).await.unwrap();
    db.migrate(&migrations(), NOW).await.unwrap();
    Some((db, database))
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_mail_is_listed_found_and_erased_lite() {
    let folder = tempfile::tempdir().unwrap();
    kept_mail_is_listed_found_and_erased(lite(&folder).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_mail_is_listed_found_and_erased_pg() {
    if let Some((db, _database)) = pg().await {
        kept_mail_is_listed_found_and_erased(db).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mailbox_keeps_mail_in_the_database_lite() {
    let folder = tempfile::tempdir().unwrap();
    the_mailbox_keeps_mail_in_the_database(lite(&folder).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mailbox_keeps_mail_in_the_database_pg() {
    if let Some((db, _database)) = pg().await {
        the_mailbox_keeps_mail_in_the_database(db).await;
    }
}

async fn kept_mail_is_listed_found_and_erased(db: Db) {
    let clock = Clock::manual(NOW);
    let sink = StoreSink::new(db.clone(), Ids::new(clock, 1));
    let raw = |n: i64| {
        format!("Subject: =?UTF-8?B?5oKo5aW9?= {n}\r\nContent-Type: text/html\r\n\r\n<a href=\"https://s.example/{n}\">您好</a>\r\n")
    };
    let mails = (0..5).map(|n| ReceivedMail {
        received_at: NOW + n,
        mail_from: "b@s.example".to_owned(),
        rcpt_to: vec![format!("r{}@e.f", n % 2)],
        raw: raw(n).into_bytes(),
    });
    sink.keep(mails.collect()).await.unwrap();
    let odd = ReceivedMail {
        received_at: NOW + 9,
        mail_from: String::new(),
        rcpt_to: vec!["x@e.f".to_owned(), "y@e.f".to_owned()],
        raw: b"Subject: a\0b\r\n\r\n\xff\xfe\0".to_vec(),
    };
    sink.keep(vec![odd.clone()]).await.unwrap();

    let mut tx = db.begin().await.unwrap();
    let all = list(&mut tx, None, 10).await.unwrap();
    assert_eq!(all.len(), 6);
    assert!(all.windows(2).all(|pair| pair[0].id > pair[1].id));
    assert_eq!(all[0].rcpt_to, "x@e.f, y@e.f");
    assert_eq!(find(&mut tx, all[0].id).await.unwrap().unwrap().raw, odd.raw);
    let page = list(&mut tx, Some(all[1].id), 2).await.unwrap();
    assert_eq!(page, all[2..4]);
    let own = list_to(&mut tx, "r1@e.f", None, 10).await.unwrap();
    assert_eq!(own.iter().map(|mail| mail.received_at).collect::<Vec<_>>(), [NOW + 3, NOW + 1]);
    let stored = find(&mut tx, own[0].id).await.unwrap().unwrap();
    assert_eq!((stored.summary.subject.as_str(), stored.raw), ("您好 3", raw(3).into_bytes()));
    assert_eq!(stored.read.links, ["https://s.example/3"]);
    assert_eq!(find(&mut tx, MailboxMailId(1)).await.unwrap(), None);
    assert_eq!(erase_to(&mut tx, "r1@e.f").await.unwrap(), 2);
    assert_eq!(erase_before(&mut tx, NOW + 4).await.unwrap(), 2);
    assert_eq!(list(&mut tx, None, 10).await.unwrap().len(), 2);
    tx.commit().await.unwrap();
}

async fn the_mailbox_keeps_mail_in_the_database(db: Db) {
    let sink = StoreSink::new(db.clone(), Ids::new(Clock::manual(NOW), 1));
    let mut kept = db.listen(KEPT_SIGNAL);
    let before = *kept.borrow_and_update();
    let mailbox = Running::start(Arc::new(sink), MailboxLimits::default()).await;
    let outcomes = deliver(&mailbox.courier(), sealed(30).await).await;
    assert!(outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Accepted { .. })));
    assert!(*kept.borrow_and_update() > before);
    let mut tx = db.read().await.unwrap();
    assert_eq!(list(&mut tx, None, 100).await.unwrap().len(), 30);
    mailbox.end().await;
}
