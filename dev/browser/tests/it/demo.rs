//! The demo in a browser: its pages show what the command printed.

use attune_browser::{Engine, Look, Store};
use serde_json::{Value, json};

use crate::person::Person;

/// The figures of every round as the push funnel's page shows them: sent, delivered, responded.
const ROUNDS: &str = r"
const number = e => Number(e.firstChild.textContent.replaceAll(',', ''));
return [...document.querySelectorAll('ol.pf > li')].filter(li => li.querySelector('a.hero')).map(li => [
  number(li.querySelector('a.hero')), number(li.querySelector('a[href*=delivered]')), number(li.querySelector('b > a.fig'))]);";

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_s_pages_show_its_table() {
    let mut attune = attune_browser::Attune::install(Store::create(Engine::Lite).unwrap().unwrap()).unwrap();
    let data = attune.store().file("demo").display().to_string();
    let ran = attune.run_without_store(&["--json", "demo", "--once", "--data", &data]).await.unwrap();
    let told = ran.json().unwrap();
    let port = attune.url("").rsplit(':').next().unwrap().to_owned();
    attune.launch(&["demo", "--data", &data, "--port", &port]).await.unwrap();

    let mut person = Person::arrive(attune.url(""), Look::desk()).await;
    person.sign_in_with("demo@attune.example", "attune-demo").await;
    person.go("/push-funnels").await;
    person.click("[data-rows] th a").await;
    person.see("ol.pf").await;
    let shown = person.browser.run(ROUNDS, vec![]).await.unwrap();
    let rounds = told["rounds"].as_array().unwrap().iter().map(|round| json!([round["sent"], round["delivered"], round["responded"]]));
    assert_eq!(shown, Value::from_iter(rounds), "the page shows what was printed");
    person.read("ol.pf > li:last-child b.hero", &told["handed_over"].to_string()).await;

    // Every figure opens the people behind it: as many as it says.
    person.click("ol.pf > li:nth-child(3) b > a.fig").await;
    person.see("[data-rows]").await;
    let behind = told["rounds"][2]["responded"].as_i64().unwrap();
    let mut listed = 0;
    loop {
        listed += person.browser.run("return document.querySelectorAll('[data-rows] tr').length", vec![]).await.unwrap().as_i64().unwrap();
        let Some(next) = person.link("a[rel=next]").await else { break };
        person.go(&next).await;
    }
    assert_eq!(listed, behind);
    person.go("/contacts").await;
    person.read(".foot b", "2,357").await;
}
