use attune_kernel::HOUR_US;
use attune_web::Scope;

use super::{Kind, PAGE, Wanted, find, find_span, list, list_events, list_live};
use crate::tracking::tests::{BOT, Stage};

attune_testkit::on_both_dbs! {
    async fn visits_are_paged_and_machines_stay_apart(db: Db) {
        let stage = Stage::new(db);
        let begun = stage.clock.now();
        for n in 0..60 {
            stage.send(&format!("v{n}"), &[stage.view(&format!("p{n}"), "/a")]).await;
            stage.clock.advance(HOUR_US);
        }
        stage.send_as(BOT, "spider", &[stage.view("b1", "/bot")]).await;
        let mut tx = stage.db.read().await.unwrap();
        let people = Wanted::default();
        let first = list(&mut tx, &Scope::All, &people).await.unwrap();
        assert_eq!(i64::try_from(first.len()), Ok(PAGE + 1), "one more than a page says that there are more");
        let last = &first[usize::try_from(PAGE).unwrap() - 1];
        let rest = list(&mut tx, &Scope::All, &Wanted { after: Some((last.started_at, last.id.0)), ..people.clone() }).await.unwrap();
        assert_eq!(rest.len(), 10);
        assert!(rest.iter().all(|visit| visit.started_at < last.started_at && !visit.machine));
        let hours = Wanted { from: Some(begun + HOUR_US), to: Some(begun + 3 * HOUR_US), ..people.clone() };
        assert_eq!(list(&mut tx, &Scope::All, &hours).await.unwrap().len(), 2);
        let machines = list(&mut tx, &Scope::All, &Wanted { kind: Kind::Machines, ..people.clone() }).await.unwrap();
        assert_eq!(machines.iter().map(|visit| visit.reason.as_deref()).collect::<Vec<_>>(), [Some("known-bot")]);
        assert_eq!(find_span(&mut tx, Kind::People).await.unwrap(), Some((begun, begun + 59 * HOUR_US)));
        assert!(list_live(&mut tx, &Scope::All, stage.clock.now() - 300_000_000).await.unwrap().is_empty(), "machines are never on the site");
        let visit = find(&mut tx, &Scope::All, last.id).await.unwrap().unwrap();
        let events = list_events(&mut tx, &visit).await.unwrap();
        assert_eq!(events.iter().map(|event| (event.name.as_ref(), event.at)).collect::<Vec<_>>(), [("page.viewed", visit.started_at)]);
    }

    async fn a_contact_outside_the_scope_stays_nameless(db: Db) {
        let stage = Stage::new(db);
        let lena = stage.contact("Lena", "lena@example.com").await;
        let token = crate::stitching::contact_token(&stage.secret, lena, stage.clock.now());
        stage.send("anna", &[stage.view("p1", "/a"), stage.identified("i1", &token)]).await;
        let mut tx = stage.db.read().await.unwrap();
        let since = stage.clock.now();
        let all = list_live(&mut tx, &Scope::All, since).await.unwrap();
        assert_eq!(all[0].contact, Some((lena, "Lena".to_owned())));
        let own = list_live(&mut tx, &Scope::Own { staff_id: 5 }, since).await.unwrap();
        assert_eq!((own[0].contact.clone(), own[0].hidden), (None, true));
    }
}
