use attune_events::{Event, React, Spine};
use attune_testkit::on_both_dbs;
use attune_web::Scope;

use super::react::{KeepChanges, TickSteps};
use super::*;
use crate::tests::stage::Stage;

on_both_dbs! {
    async fn what_changed_is_counted_by_people_and_owner(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(3).await;
        let spine = Spine { db: stage.db.clone(), clock: stage.clock.clone(), ids: stage.ids.clone() };
        let now = stage.now();
        let mut tx = stage.db.begin().await.unwrap();
        tx.exec("UPDATE contacts SET owner_id = 3, team_id = 70 WHERE id = $1", attune_db::params![people[0]]).await.unwrap();
        let clicked = |contact: i64, at: i64| Event::new("mail.clicked", at).contact(contact);
        let mut machine = clicked(people[2], now);
        machine.machine = true;
        let events = [clicked(people[0], now - 5), clicked(people[0], now - 9), clicked(people[1], now - 7), machine];
        for _ in 0..2 {
            KeepChanges.react(&spine, &mut tx, &events).await.unwrap();
        }
        let all = tallies(&mut tx, &Scope::All, now - 100).await.unwrap();
        assert_eq!(all, [Tally { name: "mail.clicked".into(), people: 2 }], "people count once, machines never");
        assert_eq!(tallies(&mut tx, &Scope::Own { staff_id: 3 }, now - 100).await.unwrap()[0].people, 1);
        assert!(tallies(&mut tx, &Scope::All, now).await.unwrap().is_empty());
        let listed = list(&mut tx, &Scope::All, "mail.clicked", now - 100, None, 9).await.unwrap();
        assert_eq!(listed.iter().map(|c| (c.contact_id, c.at)).collect::<Vec<_>>(), [(people[0], now - 5), (people[1], now - 7)]);
        let rest = list(&mut tx, &Scope::All, "mail.clicked", now - 100, Some((now - 5, people[0])), 9).await.unwrap();
        assert_eq!(rest.len(), 1);
    }

    async fn what_happened_goes_with_the_contact_to_its_new_owner(db: Db) {
        let stage = Stage::new(db).await;
        let people = stage.people(1).await;
        let spine = Spine { db: stage.db.clone(), clock: stage.clock.clone(), ids: stage.ids.clone() };
        let now = stage.now();
        let mut tx = stage.db.begin().await.unwrap();
        let own = "UPDATE contacts SET owner_id = $2, team_id = $3 WHERE id = $1";
        tx.exec(own, attune_db::params![people[0], 3_i64, 70_i64]).await.unwrap();
        KeepChanges.react(&spine, &mut tx, &[Event::new("mail.clicked", now).contact(people[0])]).await.unwrap();
        tx.exec(own, attune_db::params![people[0], 5_i64, 71_i64]).await.unwrap();
        KeepChanges.react(&spine, &mut tx, &[Event::new("contact.owner_changed", now).contact(people[0])]).await.unwrap();
        for scope in [Scope::Own { staff_id: 3 }, Scope::Team { team_id: Some(70), staff_id: 2 }] {
            assert!(tallies(&mut tx, &scope, now - 1).await.unwrap().is_empty(), "{scope:?} still sees it");
            assert!(list(&mut tx, &scope, "mail.clicked", now - 1, None, 9).await.unwrap().is_empty());
        }
        assert_eq!(list(&mut tx, &Scope::Own { staff_id: 5 }, "mail.clicked", now - 1, None, 9).await.unwrap().len(), 1);
    }

    async fn first_steps_tick_off_as_they_happen(db: Db) {
        let stage = Stage::new(db).await;
        let spine = Spine { db: stage.db.clone(), clock: stage.clock.clone(), ids: stage.ids.clone() };
        let mut tx = stage.db.begin().await.unwrap();
        let mut bot = Event::new("page.viewed", stage.now());
        bot.machine = true;
        TickSteps.react(&spine, &mut tx, &[bot, Event::new("contact.created", stage.now())]).await.unwrap();
        let mut done: Vec<String> = first_steps(&mut tx).await.unwrap().into_iter().collect();
        done.sort();
        assert_eq!(done, ["colleague", "contacts"]);
    }
}
