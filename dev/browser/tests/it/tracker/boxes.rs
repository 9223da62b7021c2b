//! Boxes in a form of the site: what somebody ticked and read is in the ledger once they are known, and nothing else is.

use std::time::Instant;

use attune_browser::{Attune, Look};
use serde_json::{Value, json};

use super::site::Site;
use super::{PATIENCE, arrived, run, stay};
use crate::ground;
use crate::person::Person;

/// An installation that knows Lena, and the proof that somebody is her.
async fn known() -> (Attune, String) {
    let mut attune = ground::lite();
    attune.json(&["import", "contacts", &ground::file(&attune, "people.csv", ground::PEOPLE_EN)]).await.unwrap();
    let key = attune.json(&["api-key", "create", "--role", "admin"]).await.unwrap()["key"].as_str().unwrap().to_owned();
    attune.serve().await.unwrap();
    let asked = json!({ "contact": { "email": "lena.brandt@nordwerk.example" } });
    let request = reqwest::Client::new().post(attune.url("/api/v1/visitor-tokens")).bearer_auth(key);
    let request = request.header("content-type", "application/json").body(asked.to_string());
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    (attune, answer["token"].as_str().unwrap().to_owned())
}

/// Ticks boxes of the form and sends it.
async fn send(person: &mut Person, boxes: &[&str]) {
    person.go("/letter").await;
    person.fill("#email", "lena@home.example").await;
    for css in boxes {
        person.click(css).await;
    }
    person.click("#send").await;
    person.until("return location.pathname === '/sent'", vec![], "the form to be sent").await;
}

/// The ledger, as soon as it has `count` lines.
async fn ledger(attune: &Attune, count: usize) -> Vec<[String; 5]> {
    let started = Instant::now();
    loop {
        let lines = arrived::ledger(attune).await;
        if lines.len() >= count {
            return lines;
        }
        assert!(started.elapsed() < PATIENCE, "the ledger has {lines:?}");
        stay::pass(0.1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_ticked_and_read_is_in_the_ledger() {
    let (attune, token) = known().await;
    let site = Site::open(attune.url("")).await;
    let mut person = Person::arrive(site.url(""), Look::desk()).await;
    // One of them names nothing the ledger knows, one was ticked when the page came, one is not ticked.
    send(&mut person, &["#by-mail", "#by-post", "#by-fax"]).await;
    let log = arrived::log_with(&attune, "consent.ticked", "post/marketing").await;
    assert_eq!(arrived::ledger(&attune).await, Vec::<[String; 5]>::new(), "nobody knows yet whose yes it is");
    let form = log.iter().find(|event| event.name == "form.submitted").unwrap();
    assert_eq!(form.props, json!({ "form": "letter", "fields": ["email"] }));

    // The page that says thank you tells who it was.
    run(&person, &format!("(window.attuneQueue = window.attuneQueue || []).push(['identify', {{}}, '{token}'])")).await;
    let source = format!("site-form {}/letter letter", site.url("").trim_start_matches("http://"));
    let line = |channel: &str, words: &str| [channel, "marketing", "given", &source, words].map(str::to_owned);
    let lines = ledger(&attune, 2).await;
    assert_eq!(lines, [line("email", "Yes, send me the letter"), line("post", "Write to me")]);

    // Known from now on: what is ticked again changes nothing, what is new is added.
    send(&mut person, &["#by-mail", "#by-phone"]).await;
    let lines = ledger(&attune, 3).await;
    assert_eq!(lines, [line("email", "Yes, send me the letter"), line("phone", "Call me"), line("post", "Write to me")]);
    let log = arrived::log(&attune).await;
    assert_eq!(log.iter().filter(|event| event.name == "consent.ticked").count(), 4);
    assert!(!format!("{log:?}").contains("lena@home.example"), "what was typed stays on the site");
    assert_eq!(person.browser.complaints().await.unwrap(), Vec::<String>::new());
}

/// A form whose names and words are more than an event takes: its boxes all say yes to the same.
const LONG: &str = "const form = document.querySelector('#letter');
    for (let n = 0; n < 50; n++) { const field = document.createElement('input'); field.name = `${n}`.padStart(120, 'x'); field.value = 'said'; form.prepend(field); }
    for (let n = 0; n < 10; n++) {
      const label = document.createElement('label'), box = document.createElement('input');
      box.type = 'checkbox';
      box.dataset.attuneConsent = 'email:marketing';
      label.append(box, 'Yes '.repeat(400));
      form.prepend(label);
      box.click();
    }";

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_more_than_an_event_takes_is_told_without_its_fields() {
    let (attune, _) = known().await;
    let site = Site::open(attune.url("")).await;
    let mut person = Person::arrive(site.url(""), Look::desk()).await;
    person.go("/letter").await;
    run(&person, LONG).await;
    person.click("#send").await;
    let log = arrived::log_with(&attune, "consent.ticked", "email/marketing").await;
    let form = log.iter().find(|event| event.name == "form.submitted").unwrap();
    assert_eq!(form.props, json!({ "form": "letter" }));
    let ticked = log.iter().find(|event| event.name == "consent.ticked").unwrap();
    let words = ticked.props["wording"].as_str().unwrap();
    assert!(words.starts_with("Yes Yes") && words.ends_with('…') && words.chars().count() <= 1_000, "{words}");
}
