use attune_db::params;
use attune_kernel::DAY_US;

use super::{Frequency, PreferenceDraft, Wish, current, list, record, wishes};

fn said(contact_id: i64, wish: Wish) -> PreferenceDraft {
    PreferenceDraft {
        contact_id,
        wish,
        source: "preference-page".to_owned(),
        wording: Some("At most one mail a week".to_owned()),
        proof: Some("snd_1".to_owned()),
        staff_id: None,
    }
}

attune_testkit::on_both_dbs! {
    async fn the_newest_line_holds_and_the_contact_takes_language_and_zone(db: Db) {
        let clock = attune_testkit::clock();
        let ids = attune_testkit::ids(&clock);
        let mut tx = db.begin().await.unwrap();
        tx.exec("INSERT INTO contacts (id, name, name_key, stage, fields, created_at, updated_at, locale) VALUES (1, 'Lena', 'lena', 'lead', '{}', 1, 1, 'en')", params![]).await.unwrap();
        let weekly = Wish { frequency: Frequency::Weekly, paused_until: Some(9 * DAY_US), quiet: Some((1_320, 480)), ..Wish::default() };
        record(&mut tx, &ids, clock.now(), &said(1, weekly)).await.unwrap();
        clock.advance(1_000_000);
        let monthly = Wish { frequency: Frequency::Monthly, time_zone: Some("Asia/Shanghai".to_owned()), language: Some("zh-CN".to_owned()), ..Wish::default() };
        record(&mut tx, &ids, clock.now(), &said(1, monthly.clone())).await.unwrap();
        record(&mut tx, &ids, clock.now(), &said(2, Wish::default())).await.unwrap();
        assert_eq!(current(&mut tx, 1).await.unwrap().unwrap().said.wish, monthly);
        assert_eq!(list(&mut tx, 1, 10).await.unwrap().len(), 2, "nothing is overwritten");
        let held = wishes(&mut tx, [1, 2, 3]).await.unwrap();
        assert_eq!((held.get(&1), held.get(&2), held.get(&3)), (Some(&monthly), Some(&Wish::default()), None));
        let row = tx.find("SELECT locale, time_zone FROM contacts WHERE id = 1", params![]).await.unwrap().unwrap();
        assert_eq!((row.get::<String>("locale").unwrap(), row.get::<String>("time_zone").unwrap()), ("zh-CN".to_owned(), "Asia/Shanghai".to_owned()));
        assert_eq!(tx.count("SELECT count(*) FROM events WHERE name = 'preference.changed'", params![]).await.unwrap(), 3);
        tx.commit().await.unwrap();
    }
}
