use std::collections::HashMap;

use attune_kernel::DAY_US;
use attune_web::Secret;
use proptest::prelude::*;

use super::{Decision, Evidence, Traits, contact_token, decide, external_token, form_token, identify_visitor, weigh};
use crate::tracking::tests::Stage;

const NOW: i64 = 1_795_168_800_000_000;

fn said(email: &str) -> Traits {
    Traits { email: Some(email.to_owned()), name: None }
}

#[test]
fn a_token_is_weighed_by_who_signed_it() {
    let secret = Secret::new([3; 32]);
    let evidence = |token: Option<&str>, traits: &Traits, now: i64| weigh(&secret, token, traits, now).map(|proof| proof.evidence);
    let nobody = Traits::default();
    let link = contact_token(&secret, 42, NOW);
    assert_eq!(evidence(Some(&link), &nobody, NOW), Some(Evidence::Contact(42)));
    assert_eq!(evidence(Some(&link), &nobody, NOW + 181 * DAY_US), None, "an old mail proves nothing");
    assert_eq!(
        evidence(Some(&external_token(&secret, "customer:7:a", NOW)), &nobody, NOW),
        Some(Evidence::ExternalId("customer:7:a".to_owned()))
    );
    let form = form_token(&secret, NOW);
    let typed = Some(Evidence::Email { email: "lena@example.com".to_owned(), name: None });
    assert_eq!(evidence(Some(&form), &said(" Lena@Example.com "), NOW), typed);
    assert_eq!(evidence(Some(&form), &said("nonsense"), NOW), None);
    let claim = Some(Evidence::Claim("lena@example.com".to_owned()));
    assert_eq!(evidence(Some(&form), &said("lena@example.com"), NOW + 2 * DAY_US), claim);
    assert_eq!(evidence(Some("forged.token"), &said("lena@example.com"), NOW), claim);
    assert_eq!(evidence(Some(&contact_token(&Secret::new([4; 32]), 42, NOW)), &nobody, NOW), None);
}

attune_testkit::on_both_dbs! {
    async fn staff_may_say_whose_a_browser_is(db: Db) {
        let stage = Stage::new(db);
        let (lena, omar) = (stage.contact("Lena", "lena@example.com").await, stage.contact("Omar", "omar@example.com").await);
        stage.send("tablet", &[stage.view("p1", "/a")]).await;
        let visitor = stage.events().await.iter().find_map(|e| e.visitor_id).unwrap();
        let mut decisions = Vec::new();
        for contact in [lena, lena, omar] {
            let mut tx = stage.db.begin().await.unwrap();
            decisions.push(identify_visitor(&mut tx, &stage.ids, stage.clock.now(), visitor, contact, "staff").await.unwrap());
            tx.commit().await.unwrap();
        }
        assert_eq!(decisions, [Decision::Join, Decision::Known, Decision::Part]);
        // What the collector remembers of the browser is out of date and must not count.
        stage.send("tablet", &[stage.view("p2", "/b")]).await;
        let owners: HashMap<_, _> = stage.events().await.into_iter().filter_map(|e| Some((e.subject?, e.contact_id))).collect();
        assert_eq!((owners["/a"], owners["/b"]), (Some(lena), Some(omar)));
        assert_eq!((stage.count("stitches").await, stage.count("visitors").await), (2, 2));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the order of visits and proofs: no event of one person ever becomes another's.
    #[test]
    fn an_identified_past_never_changes_hands(history in prop::collection::vec((0_usize..2, prop::option::of(0_usize..3)), 1..14)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let store = attune_testkit::lite(&crate::test_migrations()).await;
            let stage = Stage::new(store.db());
            let mut people = Vec::new();
            for name in ["A", "B", "C"] {
                people.push(stage.contact(name, &format!("{name}@example.com")).await);
            }
            let mut holder: [Option<i64>; 2] = [None, None];
            let mut expected: Vec<(usize, Option<i64>)> = Vec::new();
            for (step, (browser, proof)) in history.into_iter().enumerate() {
                if let Some(contact) = proof.map(|who| people[who]) {
                    let token = contact_token(&stage.secret, contact, stage.clock.now());
                    stage.send(&format!("b{browser}"), &[stage.identified(&format!("i{step}"), &token)]).await;
                    if decide(holder[browser], contact) == Decision::Join {
                        expected.iter_mut().filter(|(b, owner)| *b == browser && owner.is_none()).for_each(|(_, owner)| *owner = Some(contact));
                    }
                    holder[browser] = Some(contact);
                }
                stage.send(&format!("b{browser}"), &[stage.view(&format!("p{step}"), "/a")]).await;
                expected.push((browser, holder[browser]));
            }
            let views = stage.events().await.into_iter().filter(|e| e.name == "page.viewed").map(|e| e.contact_id).collect::<Vec<_>>();
            assert_eq!(views, expected.into_iter().map(|(_, owner)| owner).collect::<Vec<_>>());
        });
    }
}
