//! The first minutes once more with JavaScript off: links and forms alone lead to the same places.

use attune_browser::{Attune, Look};

use crate::ground::{self, PASSWORD};
use crate::person::Person;

#[tokio::test(flavor = "multi_thread")]
async fn links_and_forms_are_enough() {
    let mut attune = ground::lite();
    attune.serve().await.unwrap();
    let mut person = Person::arrive(attune.url(""), Look::desk().without_javascript()).await;
    person.go("/").await;
    person.fill("#f-name", "Ada Moreau").await;
    person.fill("#f-email", "ada@corner-records.example").await;
    person.fill("#f-password", PASSWORD).await;
    person.click("main form .btn.primary").await;
    person.fill("#f-workspace", "Corner Records").await;
    person.click("main form .btn.primary").await;
    import(&mut person, &attune).await;
    edit_and_undo(&mut person).await;
    segment(&mut person).await;
    mail(&mut person).await;
    visits(&mut person).await;
}

async fn import(person: &mut Person, attune: &Attune) {
    person.click("a.card[href=\"/imports/new\"]").await;
    person.attach("#f-file", &ground::file(attune, "people.csv", ground::PEOPLE_EN)).await;
    for _ in 0..3 {
        person.click("main form .btn.primary").await;
    }
    let mut looks = 0;
    while !person.text("main").await.contains("10") || person.link("a.fig[href^=\"/contacts?import=\"]").await.is_none() {
        looks += 1;
        assert!(looks < 50, "the import does not end: {}", person.text("main").await);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let here = person.path().await;
        person.go(&here).await;
    }
}

async fn edit_and_undo(person: &mut Person) {
    person.click("nav.nav a[href=\"/contacts\"]").await;
    person.fill("#f-q", "Lena").await;
    person.click("#filters noscript button").await;
    assert_eq!(person.text("[data-rows] th a").await, "Lena Brandt");
    person.click("[data-rows] th a").await;
    person.click("a.edit[href$=\"/field/title\"]").await;
    person.fill("#f-value", "Chief buyer").await;
    person.click("main form .btn.primary").await;
    person.browser.see_text("Chief buyer").await.unwrap();
    person.click("#toasts [data-undo]").await;
    person.browser.see_text("Head of purchasing").await.unwrap();
    person.fill("#note", "Wants the catalogue").await;
    person.click("#compose .btn").await;
    person.browser.see_text("Wants the catalogue").await.unwrap();
}

async fn segment(person: &mut Person) {
    person.click("nav.nav a[href=\"/segments\"]").await;
    person.click(".crumb a[href=\"/segments/new\"]").await;
    person.fill("#f-name", "In Hamburg").await;
    person.choose("select[name=\"r1.w\"]", "field:city").await;
    person.click("form#builder .meta button.btn:not(.primary)").await;
    person.fill("input[name=\"r1.v\"]", "Hamburg").await;
    person.click("form#builder .meta button.btn:not(.primary)").await;
    assert_eq!(person.text(".hero").await, "3");
    person.click("button[value=\"dynamic\"]").await;
    person.browser.see_text("In Hamburg").await.unwrap();
    assert!(!person.path().await.starts_with("/segments/new"));
}

async fn mail(person: &mut Person) {
    person.click("nav.nav a[href=\"/templates\"]").await;
    person.click(".crumb a[href=\"/templates/new\"]").await;
    person.fill("#f-name", "A first mail").await;
    person.click("button[value=\"save\"]").await;
    person.fill("#f-to", "ada@corner-records.example").await;
    person.click("form[action$=\"/test\"] button").await;
    person.click("nav.nav a[href=\"/mailbox\"]").await;
    person.click("[data-rows] th a").await;
    person.see("iframe.frame").await;
}

async fn visits(person: &mut Person) {
    for page in ["/visitors", "/campaigns", "/push-funnels", "/hand-overs", "/tasks", "/reports/funnel", "/settings"] {
        person.go(page).await;
        person.see("h1").await;
    }
    person.click(".me summary").await;
    person.click("form[action=\"/me/locale\"] button").await;
    person.see("html[lang=\"zh-CN\"]").await;
}
