use super::render::{Addresses, Body, render_address};
use super::rules::{Check, check};
use super::*;
use crate::tests::fixture::draft;

struct Plain;
impl Addresses for Plain {
    fn push_link(&self, out: &mut String, position: u16) {
        out.push_str(&format!("L{position}"));
    }
    fn push_unsubscribe(&self, out: &mut String) {
        out.push_str("UNSUB");
    }
    fn push_question(&self, out: &mut String) {
        out.push_str("QUEST");
    }
    fn push_preferences(&self, out: &mut String) {
        out.push_str("PREFS");
    }
    fn push_pixel(&self, out: &mut String) {
        out.push_str("PIXEL");
    }
    fn push_trap(&self, out: &mut String) {
        out.push_str("TRAP");
    }
}

fn ada() -> Person {
    let mut person = Person::new();
    person.set("given_name", Some("Ada <b>".to_owned()));
    person.set("email", Some("ada+1@example.com".to_owned()));
    person.set_custom(Some(r#"{"machines": 3, "note": ""}"#.to_owned()));
    person
}

fn body_of(draft: &TemplateDraft) -> Body {
    let compiled = compile::compile(draft).unwrap();
    Body::cut(&draft.subject, &compiled.html, &compiled.plain).unwrap()
}

#[test]
fn a_mail_is_made_of_literals_values_and_addresses() {
    let compiled = compile::compile(&draft()).unwrap();
    assert_eq!(compiled.links, ["https://shop.example/a?x=1&y=2", "https://shop.example/b?who={{ contact.email }}"]);
    let mail = body_of(&draft()).render(&ada(), &Plain).unwrap();
    assert_eq!(mail.subject, "News for Ada <b>");
    assert!(mail.html.contains("Hello Ada &lt;b&gt; "), "{}", mail.html);
    assert!(mail.html.contains("href=\"L0\"") && mail.html.contains("href=\"L1\"") && mail.html.contains("href=\"UNSUB\""));
    assert!(mail.html.contains("src=\"PIXEL\"") && mail.html.contains("href=\"TRAP\""));
    assert!(!mail.html.contains("{{") && !mail.html.contains("[[attune"), "{}", mail.html);
    assert!(
        mail.plain.contains("Hello Ada <b> & co") && mail.plain.contains("Look: L0") && mail.plain.contains("Stop: UNSUB"),
        "{}",
        mail.plain
    );
    assert!(!mail.plain.contains("TRAP"));
    let nobody = body_of(&draft()).render(&Person::new(), &Plain).unwrap();
    assert!(nobody.html.contains("Hello there"));
}

#[test]
fn options_are_told_by_what_they_are_called_now() {
    let mut ada = ada();
    ada.set_custom(Some(r#"{"tier": "gold", "likes": ["tea", "gone", "ink"], "budget": "1200.50 EUR"}"#.to_owned()));
    let options = |text: &str| person::labels_of(text);
    let labels = [
        ("tier".to_owned(), options(r#"[{"key":"gold","label":"Premium"}]"#)),
        ("likes".to_owned(), options(r#"[{"key":"tea","label":"Tea"},{"key":"ink","label":"Ink"}]"#)),
    ];
    ada.set_labels(&std::sync::Arc::new(labels.into_iter().collect()));
    let mut tagged = draft();
    tagged.subject = "{{ contact.tier }}: {{ contact.likes }} for {{ contact.budget }}".to_owned();
    assert_eq!(body_of(&tagged).render(&ada, &Plain).unwrap().subject, "Premium: Tea, Ink for 1200.50 EUR");
    ada.set_custom(Some(r#"{"tier": "silver"}"#.to_owned()));
    tagged.subject = "{{ contact.tier | default('no tier') }}".to_owned();
    assert_eq!(body_of(&tagged).render(&ada, &Plain).unwrap().subject, "no tier");
}

#[test]
fn a_record_is_told_by_its_name_and_never_by_its_id() {
    let mut ada = ada();
    ada.set_custom(Some(r#"{"referee": "con_0000000000007", "partner": "com_0000000000008"}"#.to_owned()));
    let bare = ["referee", "partner"].map(|key| (key.to_owned(), person::labels_of("[]")));
    ada.set_labels(&std::sync::Arc::new(bare.into_iter().collect()));
    ada.set_names([("partner".to_owned(), "Engines".to_owned())].into());
    let mut tagged = draft();
    tagged.subject = "{{ contact.partner }}, {{ contact.referee | default('nobody') }}".to_owned();
    assert_eq!(body_of(&tagged).render(&ada, &Plain).unwrap().subject, "Engines, nobody");
}

#[test]
fn a_hole_fails_the_one_mail() {
    let mut bare = draft();
    bare.subject = "For {{ contact.city }}".to_owned();
    assert!(matches!(body_of(&bare).render(&ada(), &Plain), Err(render::RenderError::Missing(field)) if field == "city"));
    bare.subject = "{{ contact.machines }} machines, {{ contact.note | default('no note') }}".to_owned();
    assert_eq!(body_of(&bare).render(&ada(), &Plain).unwrap().subject, "3 machines, no note");
    bare.subject = "{% if contact.machines > 2 %}Many{% else %}Few{% endif %} {{ contact.given_name | upper }}".to_owned();
    assert_eq!(body_of(&bare).render(&ada(), &Plain).unwrap().subject, "Many ADA <B>");
    bare.subject = "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}".to_owned();
    assert!(body_of(&bare).render(&ada(), &Plain).is_err());
    bare.subject = "{{ contact.missing_thing | upper }}".to_owned();
    assert!(body_of(&bare).render(&ada(), &Plain).is_err());
}

#[test]
fn what_cannot_be_compiled_says_where() {
    let mut wrong = draft();
    wrong.mjml = "<mjml><mj-body>\n<mj-nonsense></mj-body></mjml>".to_owned();
    assert!(matches!(compile::compile(&wrong), Err(CompileError::Mjml(_))));
    wrong = draft();
    wrong.subject = "{{ contact. }}".to_owned();
    assert!(matches!(compile::compile(&wrong), Err(CompileError::Tag(_))));
}

#[test]
fn a_mail_fetches_nothing_from_strangers_and_names_its_language() {
    let mut chinese = draft();
    chinese.language = "zh-CN".to_owned();
    chinese.mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>你好</mj-text></mj-column></mj-section></mj-body></mjml>".to_owned();
    let html = compile::compile(&chinese).unwrap().html;
    assert!(!html.contains("googleapis") && !html.contains("@import"), "{html}");
    assert!(html.contains("<html lang=\"zh-CN\"") && !html.contains("\"und\""), "{html}");
    chinese.mjml = chinese.mjml.replace("<mjml>", "<mjml lang=\"zh-TW\">");
    assert!(compile::compile(&chinese).unwrap().html.contains("<html lang=\"zh-TW\""));
}

#[test]
fn a_links_host_is_never_a_value() {
    for wrong in
        ["https://{{ contact.city }}/", "https://shop.example{{ contact.city }}", "javascript:alert(1)", "//x", "https://a@b.example/"]
    {
        assert!(!links::is_trackable(wrong), "{wrong}");
    }
    assert!(links::is_trackable("https://shop.example/{{ contact.city }}"));
    assert_eq!(
        render_address("https://shop.example/b?who={{ contact.email }}", &ada()).unwrap(),
        "https://shop.example/b?who=ada%2B1%40example.com"
    );
}

#[test]
fn authors_are_told_what_they_should_know() {
    let mut loose = draft();
    loose.subject = "{{ contact.city }} ".to_owned() + &"long ".repeat(20);
    loose.preheader = String::new();
    loose.mjml =
        loose.mjml.replace("https://shop.example/a?x=1&amp;y=2", "http://shop.example/").replace("{{ unsubscribe_url }}", "more.html");
    let compiled = compile::compile(&loose).unwrap();
    let found: Vec<Check> = check(&loose, &compiled).into_iter().map(|finding| finding.check).collect();
    for wanted in [Check::MissingFallback, Check::BrokenLink, Check::PlainLink, Check::LongSubject, Check::NoPreheader, Check::FooterAdded]
    {
        assert!(found.contains(&wanted), "{wanted:?} in {found:?}");
    }
    assert!(compiled.html.contains(links::UNSUBSCRIBE));
}

#[test]
fn the_starters_have_nothing_serious_to_mend() {
    for draft in starter::drafts("https://shop.example") {
        let compiled = compile::compile(&draft).unwrap();
        let serious: Vec<Finding> = check(&draft, &compiled).into_iter().filter(|f| f.check.is_serious()).collect();
        assert!(serious.is_empty(), "{}: {serious:?}", draft.name);
        assert_eq!(compiled.links.len(), 1);
        body_of(&draft).render(&Person::new(), &Plain).unwrap();
    }
}

attune_testkit::on_both_dbs! {
    async fn a_changed_body_is_a_new_version_and_a_name_is_not(db: Db) {
        let (clock, mut tx) = (attune_testkit::clock(), db.begin().await.unwrap());
        let ids = attune_testkit::ids(&clock);
        let id = create(&mut tx, &ids, clock.now(), &draft(), Some(7)).await.unwrap();
        let first = store::get(&mut tx, id).await.unwrap();
        save(&mut tx, &ids, clock.now(), id, &TemplateDraft { name: "Summer".to_owned(), ..draft() }, None).await.unwrap();
        let renamed = store::get(&mut tx, id).await.unwrap();
        assert_eq!((renamed.version_id, renamed.name.as_str(), renamed.number), (first.version_id, "Summer", 1));
        save(&mut tx, &ids, clock.now(), id, &TemplateDraft { subject: "New".to_owned(), ..draft() }, None).await.unwrap();
        let second = store::get(&mut tx, id).await.unwrap();
        assert_eq!((second.number, second.subject.as_str()), (2, "New"));
        assert_eq!(store::get_version(&mut tx, first.version_id).await.unwrap().subject, draft().subject);
        assert_eq!(store::links(&mut tx, second.version_id).await.unwrap().len(), 2);
        assert_eq!(seed_starters(&mut tx, &ids, clock.now(), "https://x.example").await.unwrap().len(), 4);
        assert_eq!(store::list(&mut tx, 50).await.unwrap().len(), 5);
        tx.commit().await.unwrap();
    }
}
