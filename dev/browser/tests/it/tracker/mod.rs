//! The site tracker in a real browser, on a site that is not ours and trusts nobody: what was done is compared with what is in the log.

mod arrived;
mod boxes;
mod clip;
mod consent;
mod prerender;
mod site;
mod stay;
mod trouble;
mod visit;

use std::time::{Duration, Instant};

use attune_browser::{Attune, Look};
use serde_json::Value;

use crate::ground;
use crate::person::Person;
use site::Site;

/// How long something may take that takes a moment.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running installation, the site that carries its tracker, and somebody in front of a fresh browser.
async fn open() -> (Attune, Site, Person) {
    let mut attune = ground::lite();
    attune.serve().await.unwrap();
    let site = Site::open(attune.url("")).await;
    let person = Person::arrive(site.url(""), Look::desk()).await;
    (attune, site, person)
}

/// Runs a script in the page; what it answers is of no interest.
async fn run(person: &Person, script: &str) {
    person.browser.run(script, vec![]).await.unwrap();
}

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool, what: &str) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        stay::pass(0.05).await;
    }
}

/// Puts another tab before the open one; only [`uncover`] leads back.
async fn cover(person: &Person) {
    let client = person.browser.client();
    let tab = client.new_window(true).await.unwrap().handle;
    client.switch_to_window(tab).await.unwrap();
    person.browser.open("about:blank").await.unwrap();
}

/// Closes the tab in front, so that the only other one is seen again.
async fn uncover(person: &Person) {
    let client = person.browser.client();
    client.close_window().await.unwrap();
    let left = client.windows().await.unwrap().remove(0);
    client.switch_to_window(left).await.unwrap();
    person.until("return document.visibilityState === 'visible'", vec![], "the page to be seen again").await;
}

/// What the browser keeps for the open site: the cookie, and how many entries its two storages have.
async fn kept(person: &Person) -> (String, i64) {
    let script = "return [document.cookie, localStorage.length + sessionStorage.length]";
    let kept: Value = person.browser.run(script, vec![]).await.unwrap();
    (kept[0].as_str().unwrap().to_owned(), kept[1].as_i64().unwrap())
}
