//! The harness itself, against pages served here with the product's strict content policy.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{Browser, Look, Scheme};

const GOOD: &str = r#"<!doctype html><html lang="en"><head><title>Good</title><meta name="viewport" content="width=device-width"></head>
<body><main><h1>Contacts</h1><p id="js">off</p><form><label for="n">Name</label> <input id="n" name="n"></form></main>
<script src="/app.js"></script></body></html>"#;
const BAD: &str = r#"<!doctype html><html lang="en"><head><title>Bad</title></head>
<body><main><h1>Contacts</h1><img src="x.png"><input name="unnamed"></main></body></html>"#;
const SCRIPT: &str = "document.getElementById('js').textContent = 'on'";

/// Serves the pages above under a policy that allows no inline script, and echoes the asked language at /language.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = vec![0; 16 * 1024];
                let read = stream.read(&mut buffer).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&buffer[..read]).into_owned();
                let path = request.split_whitespace().nth(1).unwrap_or("/");
                let language = request.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("accept-language: ").map(str::to_owned));
                let (kind, body) = match path {
                    "/good" => ("text/html", GOOD.to_owned()),
                    "/bad" => ("text/html", BAD.to_owned()),
                    "/app.js" => ("text/javascript", SCRIPT.to_owned()),
                    "/language" => ("text/html", format!("<p>{}</p>", language.unwrap_or_default())),
                    _ => ("text/plain", String::new()),
                };
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
                     Content-Security-Policy: default-src 'none'; script-src 'self'; img-src 'self'\r\n\r\n",
                    body.len()
                );
                stream.write_all(format!("{head}{body}").as_bytes()).await.ok();
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_what_was_planted_and_nothing_else() {
    let site = serve().await;
    let browser = Browser::start(Look::desk()).await.unwrap();
    browser.open(&format!("http://{site}/bad")).await.unwrap();
    let mut rules: Vec<String> = browser.axe().await.unwrap().into_iter().map(|v| v.id).collect();
    rules.sort();
    assert_eq!(rules, ["image-alt", "label"]);
    let error = browser.assert_accessible().await.unwrap_err().to_string();
    assert!(error.contains("image-alt") && error.contains("<img src=\"x.png\">"), "{error}");
    browser.open(&format!("http://{site}/good")).await.unwrap();
    browser.assert_accessible().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_sets_size_language_and_scheme() {
    let site = serve().await;
    let mut browser = Browser::start(Look::phone().in_language("zh-CN").dark()).await.unwrap();
    browser.open(&format!("http://{site}/language")).await.unwrap();
    assert!(browser.text().await.unwrap().starts_with("zh-cn"), "{}", browser.text().await.unwrap());
    browser.open(&format!("http://{site}/good")).await.unwrap();
    let dark = "return [innerWidth, innerHeight, matchMedia('(prefers-color-scheme: dark)').matches]";
    assert_eq!(browser.run(dark, vec![]).await.unwrap(), serde_json::json!([390, 844, true]));
    browser.assert_no_overflow().await.unwrap();
    browser.see_as(Look { scheme: Scheme::Light, ..Look::desk() }).await.unwrap();
    assert_eq!(browser.run(dark, vec![]).await.unwrap(), serde_json::json!([1440, 900, false]));
    let shot = browser.screenshot("harness-desk").await.unwrap();
    let bytes = std::fs::read(shot).unwrap();
    assert_eq!(&bytes[16..24], [0, 0, 5, 160, 0, 0, 3, 132], "the picture is 1440 × 900");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_javascript_the_page_is_read_and_its_scripts_are_not() {
    let site = serve().await;
    for (look, expected) in [(Look::desk(), "on"), (Look::desk().without_javascript(), "off")] {
        let browser = Browser::start(look).await.unwrap();
        browser.open(&format!("http://{site}/good")).await.unwrap();
        assert_eq!(browser.see("#js").await.unwrap().text().await.unwrap(), expected);
        browser.fill("#n", "王小明").await.unwrap();
        assert_eq!(browser.see("#n").await.unwrap().prop("value").await.unwrap().as_deref(), Some("王小明"));
        browser.see_text("Contacts").await.unwrap();
    }
}
