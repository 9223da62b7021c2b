//! One company that is there twice: asked about while typed in, found by the search, merged, split.

use attune_browser::Look;

use crate::ground;
use crate::person::Person;
use crate::same_person::search;

/// Types in a company that is there already, under another legal form; the form asks, and takes no for an answer.
pub async fn meet_again(person: &mut Person) {
    person.go("/companies/new").await;
    person.fill("#f-name", "Nordwerk Aktiengesellschaft").await;
    person.fill("#f-city", "Hamburg").await;
    person.until("return document.querySelector('#likely').innerText.includes('Nordwerk GmbH')", vec![], "the form to ask").await;
    person.fill("#f-name", "Nordwerk AG").await;
    person.click("#company-form footer .btn.primary, #company-form > .btn.primary").await;
    person.until("return !!document.querySelector('input[name=told]')", vec![], "the form to ask once more").await;
    person.click("#company-form footer .btn.primary, #company-form > .btn.primary").await;
    person.until("return location.pathname !== '/companies/new'", vec![], "the company to be made").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_that_is_there_twice_becomes_one_and_two_again() {
    let mut attune = ground::lite();
    ground::take_on(&attune, "ada@attune.example", "Ada Moreau", "admin", "en").await;
    attune.json(&["import", "contacts", &ground::file(&attune, "people.csv", ground::PEOPLE_EN)]).await.unwrap();
    attune.serve().await.unwrap();
    let mut person = Person::arrive(attune.url(""), Look::desk()).await;
    person.sign_in("ada@attune.example").await;
    meet_again(&mut person).await;
    search(&mut person, "/companies/duplicates").await;
    person.click("[data-rows] a[href^=\"/companies/merge\"]").await;
    person.browser.see_text("Merge into Nordwerk GmbH").await.unwrap();
    person.click("main form .btn.primary").await;
    person.browser.see_text("Nordwerk GmbH").await.unwrap();
    person.until("return location.pathname.startsWith('/companies/com_')", vec![], "the company that remains").await;
    assert_eq!(person.text("h1").await, "Nordwerk GmbH");
    person.click("#toasts [data-undo]").await;
    person.until("return !document.querySelector('main').innerText.includes('Merged companies')", vec![], "the split").await;
    search(&mut person, "/companies/duplicates").await;
    person.click("[data-rows] form .btn.quiet").await;
    person.browser.see_text("Told apart").await.unwrap();
    person.go("/companies/duplicates").await;
    person.browser.see_text("Every company here seems to be another one").await.unwrap();
}
