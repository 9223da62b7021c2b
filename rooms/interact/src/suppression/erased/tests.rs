use attune_identify::contact::{self, By, ContactDraft};
use attune_web::{Actor, Scope};

use super::*;
use crate::message::arbiter::{Consent, Decision, Exceptions, Facts, Policy, Reason, decide};
use crate::suppression::{add, find, list};

fn leaver(id: i64, email: &str) -> Leaver {
    Leaver { id, email: Some(email.to_owned()), email_key: Some(attune_kernel::fold_key(email)), ..Leaver::default() }
}

#[test]
fn only_a_yes_said_anew_brings_mail_to_who_was_erased() {
    let policy = Policy { imported_consent: true, cap: 0, period_us: 1, quiet: None, zone: jiff::tz::TimeZone::UTC };
    let said = |consent| {
        let facts = Facts { alive: true, has_address: true, imported: true, erased: true, consent, ..Facts::default() };
        decide(&policy, Exceptions::default(), &facts, 1)
    };
    assert_eq!(said(Consent::Unknown), Decision::Drop(Reason::Suppressed));
    assert_eq!(said(Consent::Withdrawn), Decision::Drop(Reason::Withdrawn));
    assert_eq!(said(Consent::Given), Decision::Send);
}

attune_testkit::on_both_dbs! {
    with crate::test_migrations();

    async fn of_an_address_a_fingerprint_stays(db: Db) {
        let (clock, actor) = (attune_testkit::clock(), Actor::system());
        let ids = attune_testkit::ids(&clock);
        let by = By { actor: &actor, now: clock.now(), ids: &ids };
        let marks = Fingerprints::new(&Secret::new([7; 32]));
        let mut tx = db.begin().await.unwrap();
        let draft = |email: &str| ContactDraft { email: Some(email.to_owned()), ..ContactDraft::default() };
        let shared = contact::create(&mut tx, &by, draft("office@b.example")).await.unwrap();
        for email in ["Gone@A.example", "office@b.example"] {
            add(&mut tx, &ids, email, Some("they called"), None, 1).await.unwrap();
        }
        audit::note(&mut tx, &ids, 1, &actor, "suppression.added", "suppression", 0, None, Some(serde_json::json!({ "email": "Gone@A.example" }))).await.unwrap();
        let leavers = [leaver(1, "Gone@A.example"), leaver(2, "other@c.example"), leaver(3, "office@b.example")];
        assert_eq!(keep(&mut tx, &marks, &leavers, 5).await.unwrap(), 2);
        assert_eq!(keep(&mut tx, &marks, &leavers, 6).await.unwrap(), 2);
        // An address that somebody else has too stays as it is.
        let left = list(&mut tx, "", false, i64::MAX, 9).await.unwrap();
        assert_eq!(left.iter().map(|entry| entry.email_key.expose()).collect::<Vec<_>>(), ["office@b.example"]);
        assert!(find(&mut tx, left[0].id).await.unwrap().is_some());
        assert!(contact::find(&mut tx, &Scope::All, shared).await.unwrap().is_some());
        let trail = tx.rows("SELECT after_json FROM audit_log WHERE action = 'suppression.added' AND after_json IS NOT NULL", params![]).await.unwrap();
        assert!(trail.is_empty());
        let keys = ["gone@a.example", "other@c.example", "office@b.example", "new@d.example"].map(str::to_owned);
        let found = known(&mut tx, &marks, &keys).await.unwrap();
        assert_eq!(found, HashMap::from([(keys[0].clone(), Known::Suppressed), (keys[1].clone(), Known::Erased)]));
        let elsewhere = Fingerprints::new(&Secret::new([8; 32]));
        assert!(known(&mut tx, &elsewhere, &keys).await.unwrap().is_empty());
        assert!(lift(&mut tx, &marks, "gone@a.example").await.unwrap());
        assert!(!lift(&mut tx, &marks, "gone@a.example").await.unwrap());
    }
}
