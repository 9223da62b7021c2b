//! From a mail to a lead on PostgreSQL: a campaign is sent, its link is followed, and the visit is on the contact's timeline and in the score.

use attune_browser::Look;

use crate::ground;
use crate::person::Person;

#[tokio::test(flavor = "multi_thread")]
async fn a_followed_link_is_on_the_timeline_and_in_the_score() {
    let Some(mut attune) = ground::pg() else { return };
    ground::take_on(&attune, "ada@attune.example", "Ada Moreau", "admin", "en").await;
    attune.json(&["import", "contacts", &ground::file(&attune, "people.csv", ground::PEOPLE_EN)]).await.unwrap();
    attune.serve().await.unwrap();
    let mut person = Person::arrive(attune.url(""), Look::desk()).await;
    person.sign_in("ada@attune.example").await;
    person.go("/settings").await;
    person.fill("[name=\"interact.quiet_hours\"]", "").await;
    person.click("#interact .btn.primary").await;
    // The answer would else take the place of the page that is gone to next.
    person.see("#toasts .toast").await;
    write_and_send(&mut person).await;

    person.click("nav.nav a[href=\"/mailbox\"]").await;
    person.fill("#f-to", "lena.brandt@nordwerk.example\u{E007}").await;
    person.click("[data-rows] th a").await;
    let followed = person.link("aside a.link[href*=\"/m/c/\"]").await.unwrap();
    person.browser.open(&followed).await.unwrap();
    assert!(person.path().await.starts_with("/shop"), "{}", person.path().await);
    person.go("/shop/pricing").await;
    person.see("h1").await;
    person.go("/contacts?q=Lena").await;
    ground::settle(&attune).await;
    person.click("[data-rows] th a").await;
    let timeline = "return document.querySelector('#activity').innerText.includes('/shop/pricing')";
    for _ in 0..20 {
        if person.browser.run(timeline, vec![]).await.unwrap() == true {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        person.browser.client().refresh().await.unwrap();
    }
    person.read("#activity", "/shop/pricing").await;
    person.see("ul.why li").await;
    person.calm().await;
    person.browser.screenshot("mail-to-visit-contact").await.unwrap();
    assert_eq!(person.browser.complaints().await.unwrap(), Vec::<String>::new());
}

async fn write_and_send(person: &mut Person) {
    person.go("/templates/new").await;
    person.fill("#f-name", "A first mail").await;
    person.click("button[value=\"save\"]").await;
    person.until("return location.pathname !== '/templates/new'", vec![], "the template to be kept").await;
    person.click("nav.nav a[href=\"/campaigns\"]").await;
    person.click(".crumb a[href=\"/campaigns/new\"]").await;
    person.fill("#f-name", "Hello autumn").await;
    let template = person.see("#f-template option:nth-child(2)").await.attr("value").await.unwrap().unwrap();
    person.choose("#f-template", &template).await;
    person.click("main form .btn.primary").await;
    person.click("form[action$=\"/start\"] button").await;
    person.click("#confirm [data-ok]").await;
    let finished = "const e = document.querySelector('a.fig[href*=\"delivered\"]'); return e && e.textContent.trim() === '10'";
    person.until(finished, vec![], "ten mails to be delivered").await;
    person.browser.screenshot("mail-to-visit-campaign").await.unwrap();
}
