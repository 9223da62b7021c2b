//! The first five minutes of a fresh installation, without a manual, in both languages: at most 40 clicks and keystroke groups.

use std::time::Instant;

use attune_browser::{Attune, Look};
use serde_json::json;

use crate::ground::{self, PASSWORD};
use crate::person::Person;

/// How many clicks and keystroke groups are allowed.
const MOST_STEPS: usize = 40;

/// What differs between the languages.
struct Story {
    language: &'static str,
    people: &'static str,
    city: &'static str,
    in_city: &'static str,
    title: &'static str,
    company: &'static str,
}

const EN: Story =
    Story { language: "en", people: ground::PEOPLE_EN, city: "Hamburg", in_city: "3", title: "Chief buyer", company: "Corner Records" };
const ZH: Story =
    Story { language: "zh-CN", people: ground::PEOPLE_ZH, city: "上海", in_city: "3", title: "首席采购官", company: "街角唱片" };

#[tokio::test(flavor = "multi_thread")]
async fn in_english() {
    walk(&EN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_chinese() {
    walk(&ZH).await;
}

async fn walk(story: &Story) {
    let mut attune = ground::lite();
    attune.serve().await.unwrap();
    let started = Instant::now();
    let mut person = Person::arrive(attune.url(""), Look::desk().in_language(story.language)).await;
    set_up(&mut person, story).await;
    import(&mut person, &attune, story).await;
    look_at_a_contact(&mut person, story).await;
    build_a_segment(&mut person, story).await;
    send_a_test_mail(&mut person).await;
    watch_a_visit(&mut person, &attune).await;
    undo_the_import(&mut person).await;
    assert_eq!(attune.json(&["count", "contacts"]).await.unwrap(), json!({ "count": 0 }));
    println!("{}: {} clicks and keystroke groups in {:.1} s", story.language, person.steps(), started.elapsed().as_secs_f64());
    assert!(person.steps() <= MOST_STEPS, "{} clicks and keystroke groups", person.steps());
    assert_eq!(person.browser.complaints().await.unwrap(), Vec::<String>::new());
}

async fn set_up(person: &mut Person, story: &Story) {
    person.go("/").await;
    person.fill("#f-name", "Ada Moreau").await;
    person.fill("#f-email", "ada@corner-records.example").await;
    person.fill("#f-password", PASSWORD).await;
    keep(person, story, "setup").await;
    person.click("main form .btn.primary").await;
    person.fill("#f-workspace", story.company).await;
    person.click("main form .btn.primary").await;
    person.see("a.card[href=\"/imports/new\"]").await;
    assert_eq!(person.see("html").await.attr("lang").await.unwrap().as_deref(), Some(story.language));
}

async fn import(person: &mut Person, attune: &Attune, story: &Story) {
    person.click("a.card[href=\"/imports/new\"]").await;
    person.attach("#f-file", &ground::file(attune, "people.csv", story.people)).await;
    person.click("main form .btn.primary").await;
    person.see("table.map").await;
    let guessed = "return [...document.querySelectorAll('table.map select')].slice(0, 6).map(s => s.value).join(' ')";
    assert_eq!(person.browser.run(guessed, vec![]).await.unwrap(), json!("name email company title city phone"));
    keep(person, story, "import-map").await;
    person.click("main form .btn.primary").await;
    person.read(".grid20", story.city).await;
    person.read(".outcome", "10").await;
    keep(person, story, "import-check").await;
    person.click("main form .btn.primary").await;
    person.read("a.fig[href^=\"/contacts?import=\"]", "10").await;
    person.click("nav.nav a[href=\"/\"]").await;
    person.see("#do-h").await;
    person.calm().await;
    keep(person, story, "today").await;
}

async fn look_at_a_contact(person: &mut Person, story: &Story) {
    person.click("nav.nav a[href=\"/contacts\"]").await;
    let row = "[data-rows] tr:last-child th a";
    let name = person.text(row).await;
    person.click(row).await;
    person.read("h1", &name).await;
    person.see("ol.tl li.ev").await;
    person.see(".fit meter").await;
    person.calm().await;
    keep(person, story, "contact").await;
    let shown = "a.edit[href$=\"/field/title\"]";
    let before = "return document.querySelector('a.edit[href$=\"/field/title\"]').closest('.prop').querySelector('dd').innerText.trim()";
    let before = person.browser.run(before, vec![]).await.unwrap();
    person.click(shown).await;
    person.fill("form.prop-edit #f-value", story.title).await;
    person.click("form.prop-edit .btn.primary").await;
    person.read(".prop:has(a[href$=\"/field/title\"])", story.title).await;
    person.click("#toasts [data-undo]").await;
    person.read(".prop:has(a[href$=\"/field/title\"])", before.as_str().unwrap()).await;
}

async fn build_a_segment(person: &mut Person, story: &Story) {
    person.click("nav.nav a[href=\"/segments\"]").await;
    person.click(".crumb a[href=\"/segments/new\"]").await;
    person.fill("#f-name", story.city).await;
    person.read(".hero", "0").await;
    person.choose("select[name=\"r1.w\"]", "field:city").await;
    person.see("input[name=\"r1.v\"]").await;
    person.fill("input[name=\"r1.v\"]", &format!("{}\u{E004}", story.city)).await;
    person.read(".hero", story.in_city).await;
    assert_eq!(person.see("#f-name").await.prop("value").await.unwrap().as_deref(), Some(story.city), "the name outlives the count");
    person.calm().await;
    keep(person, story, "segment").await;
    person.click("button[value=\"dynamic\"]").await;
    person.until("return /^\\/segments\\/[^n]/.test(location.pathname)", vec![], "the segment to be kept").await;
}

async fn send_a_test_mail(person: &mut Person) {
    person.click("nav.nav a[href=\"/templates\"]").await;
    person.click(".crumb a[href=\"/templates/new\"]").await;
    person.fill("#f-name", "A first mail").await;
    person.click("button[value=\"save\"]").await;
    person.fill("#f-to", "ada@corner-records.example\u{E007}").await;
    person.see("#toasts .toast").await;
    person.click("nav.nav a[href=\"/mailbox\"]").await;
    person.read("[data-rows]", "ada@corner-records.example").await;
    person.click("[data-rows] th a").await;
    person.see("iframe.frame").await;
}

async fn watch_a_visit(person: &mut Person, attune: &Attune) {
    person.click("nav.nav a[href=\"/visitors\"]").await;
    person.see("#visitors-now").await;
    let client = person.browser.client().clone();
    let desk = client.window().await.unwrap();
    let shop = client.new_window(true).await.unwrap().handle;
    client.switch_to_window(shop).await.unwrap();
    person.go("/shop/pricing").await;
    person.see("h1").await;
    client.close_window().await.unwrap();
    client.switch_to_window(desk).await.unwrap();
    person.read("tr[id^=\"live-\"]", "/shop/pricing").await;
    person.click("tr[id^=\"live-\"] a").await;
    person.read("ol.tl", "/shop/pricing").await;
    ground::settle(attune).await;
}

async fn undo_the_import(person: &mut Person) {
    person.click("nav.nav a[href=\"/contacts\"]").await;
    person.click(".crumb a[href=\"/imports\"]").await;
    person.click("[data-rows] th a").await;
    person.click("form[action$=\"/undo\"] button").await;
    person.click("#confirm [data-ok]").await;
    person.until("return !document.querySelector('form[action$=\"/undo\"], progress')", vec![], "the import to be undone").await;
}

async fn keep(person: &Person, story: &Story, name: &str) {
    person.browser.screenshot(&format!("first-minutes-{}-{name}", story.language)).await.unwrap();
}
