//! One person who is there twice: asked about while typed in, found by the search, merged, split.

use attune_browser::Look;

use crate::ground;
use crate::person::Person;

/// Types somebody in who is there already, with a slip and another address; the form asks, and takes no for an answer.
pub async fn meet_again(person: &mut Person) {
    person.go("/contacts/new").await;
    person.fill("#f-name", "Lena Brand").await;
    person.fill("#f-phone", "0049 40 5550101").await;
    person.fill("#f-company", "Nordwerk GmbH").await;
    person.fill("#f-email", "lena.brandt@nordwerk.example").await;
    person.until("return document.querySelector('#likely').innerText.includes('Lena Brandt')", vec![], "the form to ask").await;
    person.click("#contact-form footer .btn.primary, #contact-form > .btn.primary").await;
    person.until("return !!document.querySelector('input[name=told]')", vec![], "the form to ask once more").await;
    person.click("#contact-form footer .btn.primary, #contact-form > .btn.primary").await;
    person.until("return location.pathname !== '/contacts/new'", vec![], "the contact to be made").await;
}

/// Lets the search of the page `home` compare all it is about.
pub async fn search(person: &mut Person, home: &str) {
    person.go(home).await;
    person.click("#search form .btn").await;
    // The page asks for itself how far the search is; what it found stands in the list once it is opened anew.
    person.until("return !!document.querySelector('#search [role=status]')", vec![], "the search to end").await;
    person.go(home).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_there_twice_becomes_one_and_two_again() {
    let mut attune = ground::lite();
    ground::take_on(&attune, "ada@attune.example", "Ada Moreau", "admin", "en").await;
    attune.json(&["import", "contacts", &ground::file(&attune, "people.csv", ground::PEOPLE_EN)]).await.unwrap();
    attune.serve().await.unwrap();
    let mut person = Person::arrive(attune.url(""), Look::desk()).await;
    person.sign_in("ada@attune.example").await;
    meet_again(&mut person).await;
    search(&mut person, "/contacts/duplicates").await;
    person.click("[data-rows] a[href^=\"/contacts/merge\"]").await;
    person.browser.see_text("Merge into Lena Brandt").await.unwrap();
    person.click("input[name=\"take:name\"][value=other]").await;
    person.click("main form .btn.primary").await;
    person.browser.see_text("Merged into one contact").await.unwrap();
    assert_eq!(person.text("h1").await, "Lena Brand");
    person.browser.see_text("Head of purchasing").await.unwrap();
    person.click("#toasts [data-undo]").await;
    person.browser.see_text("both are there again").await.unwrap();
    assert_eq!(person.text("h1").await, "Lena Brandt");
    person.go("/contacts?q=Lena").await;
    person.browser.see_text("Lena Brandt").await.unwrap();
    person.browser.see_text("Lena Brand").await.unwrap();
}
