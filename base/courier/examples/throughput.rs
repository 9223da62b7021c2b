use attune_courier::*;
use std::sync::Arc;
use std::time::Instant;
#[tokio::main]
async fn main() {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let port: u16 = std::env::args().nth(2).unwrap().parse().unwrap();
    let total: i64 = std::env::args().nth(3).unwrap().parse().unwrap();
    let key = match mode.as_str() {
        "ed" => Some(DkimKey::generate_ed25519().unwrap()),
        "rsa" => Some(DkimKey::generate_rsa2048().unwrap()),
        _ => None,
    };
    let signers: Arc<[DkimSigner]> = key.into_iter().map(|k| DkimSigner::new(Arc::new(k), "shop.example", "a").unwrap()).collect();
    let html = format!(
        "<html><body>{}</body></html>",
        "<p>Hello dear customer, this is a paragraph with <a href=\"https://shop.example/c/abcdef\">a link</a>.</p>\r\n".repeat(40)
    );
    let mk = |id: i64| Outgoing {
        id,
        recipient: format!("r{id}@example.org"),
        mail: Mail {
            from: Mailbox::named("Shop", "news@shop.example"),
            to: vec![Mailbox::named("Ann", format!("r{id}@example.org"))],
            reply_to: None,
            subject: format!("Hallo Ännchen {id}"),
            html: html.clone(),
            text: "Hello dear customer, Grüße\r\n".repeat(20),
            headers: vec![
                ("List-Unsubscribe".into(), "<https://shop.example/u/1>".into()),
                ("List-Unsubscribe-Post".into(), "List-Unsubscribe=One-Click".into()),
            ],
            message_id: format!("{id}@shop.example"),
            return_path: "b@shop.example".into(),
        },
    };
    let m = mk(1);
    let t = Instant::now();
    for _ in 0..2000 {
        std::hint::black_box(m.mail.compose(1_762_000_000_000_000).unwrap());
    }
    println!("compose {:?}/mail, {} bytes", t.elapsed() / 2000, m.mail.compose(0).unwrap().len());
    let t = Instant::now();
    for _ in 0..500 {
        std::hint::black_box(seal(&m, &signers, 1_762_000_000_000_000).unwrap());
    }
    println!("seal {:?}/mail", t.elapsed() / 500);
    let mut config = SmtpConfig::new("127.0.0.1", port);
    config.mails_per_connection = 100_000;
    let courier = Courier::new(config).unwrap();
    println!("{:?}", courier.probe().await.map(|p| p.elapsed_ms));
    let t = Instant::now();
    let size = 1000;
    let mut sealing = tokio::spawn(seal_many((0..size).map(mk).collect(), signers.clone(), 0));
    let mut accepted = 0;
    let mut other = 0;
    let mut done = size;
    let (mut waiting, mut running) = (None, true);
    while running {
        let sealed = sealing.await.unwrap();
        let batch: Vec<_> = sealed.into_iter().map(|(_, e)| e.unwrap()).collect();
        let from = done;
        running = from < total;
        done += size;
        let s = signers.clone();
        let mails: Vec<_> = if running { (from..from + size).map(mk).collect() } else { vec![] };
        sealing = tokio::spawn(seal_many(mails, s, 0));
        let rx = courier.deliver(batch);
        if let Some(mut prev) = waiting.replace(rx) {
            while let Some((_, o)) = prev.recv().await {
                if matches!(o, Outcome::Accepted { .. }) { accepted += 1 } else { other += 1 }
            }
        }
    }
    if let Some(mut prev) = waiting {
        while let Some((_, o)) = prev.recv().await {
            if matches!(o, Outcome::Accepted { .. }) { accepted += 1 } else { other += 1 }
        }
    }
    println!("{mode}: {accepted} accepted {other} other {:?} = {:.0}/s", t.elapsed(), accepted as f64 / t.elapsed().as_secs_f64());
}
