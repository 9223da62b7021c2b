//! Rules that ask whom a field names: kept members are those a full look finds, whatever happens to whoever is named.

use attune_identify::company::CompanyId;
use attune_identify::contact::ContactId;
use attune_identify::field::{FieldKind, Subject as Of};
use attune_testkit::on_both_dbs;

use crate::segment::follow::FOLLOW;
use crate::segment::{SegmentId, parse};
use crate::trial::Trial;

/// Settles, and says who is in a segment; a full look finds the same.
async fn members(trial: &Trial, segment: SegmentId) -> Vec<i64> {
    trial.settle().await;
    let kept = trial.members(segment).await;
    let rule = crate::segment::find(&mut trial.db.read().await.unwrap(), segment.0).await.unwrap().unwrap().rule;
    assert_eq!(kept, trial.found(&rule).await, "a full look for {rule:?}");
    kept
}

on_both_dbs! {
    async fn those_who_name_somebody_follow_merges_splits_and_deletions(db: Db) {
        let trial = Trial::new(db);
        trial.field("sponsor", FieldKind::Contact, &[]).await;
        let (ada, eve, king) = (trial.contact("Ada", None).await, trial.contact("Eve", None).await, trial.contact("King Rex", None).await);
        let queen = trial.contact("Queen Ann", None).await;
        trial.change(ada, "f:sponsor", "King Rex").await;
        trial.change(eve, "f:sponsor", &ContactId(queen).to_string()).await;
        let of_king = trial.segment("of king", "custom.sponsor in (\"King Rex\")").await;
        let not_king = trial.segment("not king", "custom.sponsor not in (\"king rex\")").await;
        let any = trial.segment("any", "custom.sponsor is known").await;
        assert_eq!(members(&trial, of_king).await, [ada]);
        assert_eq!(members(&trial, not_king).await, [eve, king, queen]);
        assert_eq!(members(&trial, any).await, [ada, eve]);
        // The king becomes part of the queen: both mean the same person, under either id.
        let merge = trial.merge(queen, king).await;
        assert_eq!(members(&trial, of_king).await, [ada, eve]);
        assert_eq!(members(&trial, not_king).await, [queen]);
        trial.delete(queen).await;
        assert!(members(&trial, of_king).await.is_empty() && members(&trial, any).await.is_empty());
        trial.restore(queen).await;
        assert_eq!(members(&trial, any).await, [ada, eve]);
        trial.split(merge).await;
        assert_eq!(members(&trial, of_king).await, [ada]);
        assert_eq!(members(&trial, not_king).await, [eve, king, queen]);
        let log = trial.log(eve).await;
        assert!(log.iter().any(|event| event.name == "segment.entered" && event.cause.is_some()), "it is known why");
        trial.change(ada, "f:sponsor", "").await;
        assert!(members(&trial, of_king).await.is_empty());
    }

    async fn a_crowd_that_names_somebody_is_judged_by_a_job_and_the_people_of_companies_that_do(db: Db) {
        let trial = Trial::new(db);
        trial.field("dealer", FieldKind::Company, &[]).await;
        trial.field_of(Of::Company, "agent", FieldKind::Company, &[]).await;
        let (north, south) = (trial.company("North").await, trial.company("South").await);
        let own = trial.segment("own", "custom.dealer = North").await;
        let firm = trial.segment("firm", "company.custom.agent = North").await;
        let mut crowd = Vec::new();
        for number in 0..5 {
            let one = trial.contact(&format!("Buyer {number}"), None).await;
            trial.change(one, "f:dealer", if number < 4 { "North" } else { "South" }).await;
            crowd.push(one);
        }
        let last = crowd.pop().unwrap();
        let shop = trial.company("Shop").await;
        trial.change_company(shop, "f:agent", "South").await;
        let clerk = trial.contact("Clerk", None).await;
        trial.change(clerk, "company", "Shop").await;
        assert_eq!((members(&trial, own).await, members(&trial, firm).await), (crowd.clone(), Vec::new()));
        let merge = trial.join(north, south).await;
        let all: Vec<i64> = crowd.iter().copied().chain([last]).collect();
        assert_eq!((members(&trial, own).await, members(&trial, firm).await), (all, vec![clerk]));
        let jobs = trial.jobs(FOLLOW).await;
        assert!(jobs > 0, "they are more than one transaction takes");
        trial.part(merge).await;
        assert_eq!((members(&trial, own).await, members(&trial, firm).await), (crowd.clone(), Vec::new()));
        trial.change_company(shop, "f:agent", "North").await;
        assert_eq!(members(&trial, firm).await, [clerk]);
        // Of a deleted company nobody is: what it names is nothing of theirs.
        trial.hide(shop).await;
        assert!(members(&trial, firm).await.is_empty());
        trial.bring_back(shop).await;
        assert_eq!(members(&trial, firm).await, [clerk]);
        trial.hide(north).await;
        assert!(members(&trial, own).await.is_empty());
        trial.bring_back(north).await;
        assert_eq!(members(&trial, own).await, crowd);
    }

    async fn a_company_is_meant_by_the_id_of_one_that_became_part_of_it(db: Db) {
        let trial = Trial::new(db);
        let (fisk, falk) = (trial.company("Fisk").await, trial.company("Falk").await);
        let (ada, bo) = (trial.contact("Ada", None).await, trial.contact("Bo", None).await);
        trial.change(ada, "company", "Fisk").await;
        trial.change(bo, "company", "Falk").await;
        let of_falk = trial.segment("of falk", &format!("company = \"{}\"", CompanyId(falk))).await;
        let not_falk = trial.segment("not falk", "company not in (Falk)").await;
        assert_eq!((members(&trial, of_falk).await, members(&trial, not_falk).await), (vec![bo], vec![ada]));
        let merge = trial.join(fisk, falk).await;
        assert_eq!((members(&trial, of_falk).await, members(&trial, not_falk).await), (vec![ada, bo], Vec::new()));
        trial.part(merge).await;
        assert_eq!((members(&trial, of_falk).await, members(&trial, not_falk).await), (vec![bo], vec![ada]));
    }

    async fn names_with_underscores_are_no_ids_and_ids_of_another_kind_mean_nobody(db: Db) {
        let trial = Trial::new(db);
        let (north, king) = (trial.company("ACME_NY").await, trial.contact("King Rex", None).await);
        let ada = trial.contact("Ada", None).await;
        trial.change(ada, "company", "ACME_NY").await;
        let named = trial.segment("named", "company in (\"acme_ny\")").await;
        assert_eq!(members(&trial, named).await, [ada]);
        let stored = crate::segment::find(&mut trial.db.read().await.unwrap(), named.0).await.unwrap().unwrap().rule;
        assert_eq!(stored, parse(&format!("company = \"{}\"", CompanyId(north))).unwrap().normal());
        let actor = attune_web::Actor::system();
        let by = crate::segment::By { actor: &actor, now: trial.clock.now(), ids: &trial.ids, bench: &trial.bench };
        let mut tx = trial.db.begin().await.unwrap();
        for text in [format!("company = \"{}\"", ContactId(king)), "company = \"x (com_0ab\"".to_owned(), "company = \"dach_west\"".to_owned()] {
            let wrong = crate::segment::create(&mut tx, &by, "x", parse(&text).unwrap(), &[]).await;
            assert!(matches!(wrong, Err(crate::segment::SegmentError::Rule(error)) if error.key == "rule-error-id"), "{text}");
        }
    }

    async fn a_rule_keeps_ids_and_refuses_names_of_nobody_or_of_several(db: Db) {
        let trial = Trial::new(db);
        trial.field("sponsor", FieldKind::Contact, &[]).await;
        let king = trial.contact("King Rex", None).await;
        trial.contact("Jo", None).await;
        trial.contact("Jo", None).await;
        let kept = trial.segment("kept", &format!("custom.sponsor in (\"Whoever ({})\")", ContactId(king))).await;
        let mut tx = trial.db.begin().await.unwrap();
        let stored = crate::segment::find(&mut tx, kept.0).await.unwrap().unwrap().rule;
        assert_eq!(stored, parse(&format!("custom.sponsor in (\"{}\")", ContactId(king))).unwrap().normal());
        let actor = attune_web::Actor::system();
        let by = crate::segment::By { actor: &actor, now: trial.clock.now(), ids: &trial.ids, bench: &trial.bench };
        for text in ["custom.sponsor = Jo", "custom.sponsor = Nobody", "company = Nowhere"] {
            let wrong = crate::segment::create(&mut tx, &by, "x", parse(text).unwrap(), &[]).await;
            assert!(matches!(wrong, Err(crate::segment::SegmentError::Rule(error)) if error.key == "rule-error-id"), "{text}");
        }
    }
}
