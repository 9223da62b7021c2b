//! Without a mouse: the skip link, going to pages, moving through rows, selecting, the palette.

use attune_browser::Look;

use crate::ground;
use crate::person::Person;

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";
const CONTROL_K: &str = "\u{E009}k\u{E000}";
const DOWN: &str = "\u{E015}";

#[tokio::test(flavor = "multi_thread")]
async fn every_step_has_a_key() {
    let mut attune = ground::lite();
    ground::take_on(&attune, "ada@attune.example", "Ada Moreau", "admin", "en").await;
    attune.json(&["import", "contacts", &ground::file(&attune, "people.csv", ground::PEOPLE_EN)]).await.unwrap();
    attune.serve().await.unwrap();
    let mut person = Person::arrive(attune.url(""), Look::desk()).await;
    person.sign_in("ada@attune.example").await;
    person.go("/").await;

    person.press(TAB).await;
    focus_is(&person, ".skip").await;
    person.press(ENTER).await;
    focus_is(&person, "#main").await;

    person.press("gc").await;
    person.until("return location.pathname === '/contacts'", vec![], "G then C to open the contacts").await;
    person.press("j").await;
    focus_is(&person, "[data-rows] tr:first-child th a").await;
    person.press("jj").await;
    focus_is(&person, "[data-rows] tr:nth-child(3) th a").await;
    person.press("k").await;
    focus_is(&person, "[data-rows] tr:nth-child(2) th a").await;
    person.press("x").await;
    person.until("return document.querySelector('[data-rows] tr:nth-child(2) [data-select]').checked", vec![], "X to select the row").await;
    person.until("return !document.querySelector('[data-bulk]').hidden", vec![], "the bulk bar").await;
    person.read("[data-bulk] [data-count]", "1").await;

    let name = person.text("[data-rows] tr:nth-child(2) th a").await;
    person.press(ENTER).await;
    person.read("h1", &name).await;

    person.press(CONTROL_K).await;
    focus_is(&person, "#palette-q").await;
    person.press("Lena").await;
    person.read("#palette-list", "Lena Brandt").await;
    person.press(DOWN).await;
    focus_is(&person, "#palette-list a").await;
    person.press(ENTER).await;
    person.read("h1", "Lena Brandt").await;

    person.press("?").await;
    person.until("return document.querySelector('#shortcuts').open", vec![], "the list of keys").await;
    person.press(ESCAPE).await;
    person.until("return !document.querySelector('#shortcuts').open", vec![], "the list of keys to close").await;
    person.press("n").await;
    focus_is(&person, "#note").await;
    person.press("Called back: wants the catalogue").await;
    person.press("\u{E009}\u{E007}\u{E000}").await;
    person.read("#activity", "wants the catalogue").await;
    assert_eq!(person.browser.complaints().await.unwrap(), Vec::<String>::new());
}

async fn focus_is(person: &Person, css: &str) {
    let script = "return document.activeElement.matches(arguments[0])";
    person.until(script, vec![css.into()], &format!("the focus on {css}")).await;
}
