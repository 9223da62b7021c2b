//! Consent, objection and the mode without cookies: what is sent, and what the browser keeps.

use serde_json::{Value, json};

use super::stay::pass;
use super::{arrived, kept, open, run};

/// Nothing at all in the browser.
fn nothing() -> (String, i64) {
    (String::new(), 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_or_kept_before_consent_and_after_its_withdrawal() {
    let (attune, site, mut person) = open().await;
    person.go("/own/asked").await;
    run(&person, "attune.track('demo.asked', { subject: 'before' }); history.pushState({}, '', '/own/asked?step=2')").await;
    pass(1.5).await;
    assert_eq!(kept(&person).await, nothing());
    // Leaving is the last chance to send.
    person.go("/blank").await;
    assert_eq!(kept(&person).await, nothing());
    assert_eq!(site.relayed(), Vec::<Value>::new());

    person.go("/own/asked").await;
    run(&person, "attune.consent(true); attune.track('demo.asked', { subject: 'agreed' })").await;
    arrived::log_with(&attune, "demo.asked", "agreed").await;
    let (cookie, stored) = kept(&person).await;
    assert!(cookie.contains("attune_c=1") && cookie.contains("attune_v=") && stored == 0, "{cookie} {stored}");
    assert!(site.relayed().iter().all(|body| body["consent"] == "granted"));

    // The next page need not ask again. It is told no, and so is the page before it, which comes back as it was left.
    run(&person, "window.sameDocument = true").await;
    person.go("/own/second").await;
    run(&person, "attune.track('demo.asked', { subject: 'second page' })").await;
    arrived::log_with(&attune, "demo.asked", "second page").await;
    run(&person, "attune.consent(false)").await;
    let before = site.relayed().len();
    person.browser.client().back().await.unwrap();
    person.until("return window.sameDocument === true", vec![], "the page to come back as it was left").await;
    run(&person, "attune.track('demo.asked', { subject: 'withdrawn' })").await;
    pass(1.5).await;
    person.go("/blank").await;
    assert_eq!(kept(&person).await, ("attune_c=0".to_owned(), 0));
    assert_eq!(site.relayed().len(), before);
    let subjects = arrived::log(&attune).await.into_iter().filter(|event| event.name == "demo.asked").map(|event| event.subject);
    assert_eq!(subjects.collect::<Vec<_>>(), ["agreed", "second page"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_objects_is_left_alone() {
    let (attune, site, mut person) = open().await;
    for objection in ["doNotTrack: '1'", "globalPrivacyControl: true"] {
        let (name, value) = objection.split_once(": ").unwrap();
        let script = format!("Object.defineProperty(Navigator.prototype, '{name}', {{ get: () => {value} }})");
        let added = person.browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await.unwrap();
        person.go("/own/shop").await;
        let calls = "attune.consent(true); attune.identify({ email: 'ada@lamps.example' }); attune.track('demo.asked', { subject: 'no' }); attune.page();
            attune.video('tour', { currentTime: 1 }); return [Object.keys(attune).length, navigator[arguments[0]]]";
        let answer = person.browser.run(calls, vec![json!(name)]).await.unwrap();
        assert_eq!((&answer[0], answer[1].is_null()), (&json!(5), false), "{answer}");
        pass(1.5).await;
        person.go("/blank").await;
        assert_eq!(kept(&person).await, nothing(), "{objection}");
        person.browser.devtools("Page.removeScriptToEvaluateOnNewDocument", added).await.unwrap();
    }
    assert_eq!(site.relayed(), Vec::<Value>::new());

    // The same person without an objection: the way was open.
    person.go("/own/shop").await;
    arrived::log_with(&attune, "page.viewed", "/own/shop").await;
    assert_eq!(arrived::counted(&arrived::log(&attune).await).into_iter().collect::<Vec<_>>(), [(("page.viewed", "/own/shop"), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_cookies_nothing_is_kept_and_the_visit_holds_together() {
    let (attune, site, mut person) = open().await;
    for step in ["first", "second"] {
        person.go("/own/bare").await;
        run(&person, &format!("attune.track('demo.asked', {{ subject: '{step}' }})")).await;
        arrived::log_with(&attune, "demo.asked", step).await;
        assert_eq!(kept(&person).await, nothing());
    }
    run(&person, "attune.consent(true)").await;
    person.go("/blank").await;
    assert_eq!(kept(&person).await, nothing());
    let log = arrived::log_with(&attune, "page.left", "/own/bare").await;
    assert!(site.relayed().iter().all(|body| body.get("visitor").is_none()));
    assert!(log[0].visitor.is_some() && log.iter().all(|event| (event.visitor, event.visit) == (log[0].visitor, log[0].visit)), "{log:?}");
    assert_eq!(arrived::visits(&attune).await.len(), 1);
}
