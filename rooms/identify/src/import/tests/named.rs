//! Columns that name other records.

use super::*;

attune_testkit::on_both_dbs! {
    async fn a_column_names_other_records_by_id_address_outside_id_or_whole_name(db: Db) {
        let bench = bench(&db);
        let (_folder, path) = file(
            "people.csv",
            b"Prospect ID,Name,Email\na-1,Ada Lovelace,ada@engines.example\na-2,Twin,t1@x.example\na-3,Twin,t2@x.example\n",
        );
        let people = import(&bench, &path, &Options::default()).await;
        let ada = contact::list_by_email_keys(&mut db.read().await.unwrap(), ["ada@engines.example".to_owned()]).await.unwrap().remove(0);
        let firms = Options { subject: crate::field::Subject::Company, ..Options::default() };
        let (_folder, path) = file("firms.csv", b"Company,Website\nEngines,https://engines.example\n");
        let firms = import(&bench, &path, &firms).await;
        bench.clock.advance(60_000_000);
        let before = picture(&db).await;
        let id = ada.shown_id();
        let text = format!(
            "Prospect ID,Name,Referee,Partner\nb-1,One,{id},engines.example\nb-2,Two,ADA@engines.example,Engines\nb-3,Three,a-1,\nb-4,Four,Ada Lovelace ({id}),www.engines.example\n\
             b-5,Five,ada lovelace,\nb-6,Six,Twin,\nb-7,Seven,Grace,\nb-8,Eight,\u{2022}\u{2022}\u{2022},\n"
        );
        let (_folder, path) = file("more.csv", text.as_bytes());
        let map = || MapFile::parse("[columns]\nReferee = \"field:contact\"\nPartner = \"field:company\"").unwrap();
        let dry = import(&bench, &path, &Options { map: Some(map()), dry_run: true, ..Options::default() }).await;
        assert_eq!((counts(&dry), picture(&db).await == before), ([8, 5, 0, 0, 3], true), "{:?}", dry.errors);
        let first = import(&bench, &path, &Options { map: Some(map()), ..Options::default() }).await;
        assert_eq!(counts(&first), [8, 5, 0, 0, 3], "a mask makes no new field's value: {:?}", first.errors);
        let causes: Vec<_> = first.errors.iter().map(|error| (error.line, error.cause, error.detail.as_str())).collect();
        let dots = "Referee: \u{2022}\u{2022}\u{2022}";
        assert_eq!(causes, [(7, "several", "Referee: Twin"), (8, "unknown-record", "Referee: Grace"), (9, "unknown-record", dots)]);
        let count = async |sql: &str| db.read().await.unwrap().count(sql, params![]).await.unwrap();
        let meant = "SELECT count(*) FROM field_meanings m JOIN fields f ON f.id = m.field_id WHERE f.key = ";
        assert_eq!((count(&format!("{meant}'referee'")).await, count(&format!("{meant}'partner'")).await), (5, 3));
        // The columns mean these fields from now on; what an export hid stays as it is, and an undo gives back who was named.
        let named = picture(&db).await;
        let (_folder, path) = file("again.csv", "Prospect ID,Referee\nb-1,\u{2022}\u{2022}\u{2022}\nb-2,t2@x.example\n".as_bytes());
        let again = import(&bench, &path, &Options::default()).await;
        assert_eq!(counts(&again), [2, 0, 1, 1, 0], "{:?}", again.errors);
        undo(&bench, &Actor::system(), again.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!(picture(&db).await.remove("field_references"), named.get("field_references").cloned());
        // Undone while others name them, people and companies leave nothing behind.
        for gone in [people, firms] {
            undo(&bench, &Actor::system(), gone.id.0, &tables(), &mut |_| {}).await.unwrap();
        }
        assert_eq!(count("SELECT count(*) FROM field_references").await, 0);
        assert_eq!(count("SELECT count(*) FROM contacts WHERE fields <> '{}'").await, 0);
        undo(&bench, &Actor::system(), first.id.0, &tables(), &mut |_| {}).await.unwrap();
        assert_eq!((count("SELECT count(*) FROM contacts").await, count("SELECT count(*) FROM fields").await), (0, 0));
    }

    async fn a_line_names_not_itself_and_not_anew_who_is_named_already(db: Db) {
        let bench = bench(&db);
        let (_folder, path) = file("people.csv", b"Prospect ID,Name\na-1,Ada\na-2,King\na-3,Carl\n");
        import(&bench, &path, &Options::default()).await;
        let (_folder, path) = file("firms.csv", b"Company,Website\nEngines,https://engines.example\n");
        let firms = || Options { subject: crate::field::Subject::Company, ..Options::default() };
        import(&bench, &path, &firms()).await;
        let map = |column: &str| MapFile::parse(&format!("[columns]\n{column}")).unwrap();
        let (_folder, path) = file("names.csv", b"Prospect ID,Referee\na-3,King\n");
        import(&bench, &path, &Options { map: Some(map("Referee = \"field:contact\"")), ..Options::default() }).await;
        let id = async |name: &str| db.read().await.unwrap().count("SELECT id FROM contacts WHERE name = $1", params![name]).await.unwrap();
        let pair = crate::merge::Pair { survivor: id("Ada").await, loser: id("King").await };
        let actor = Actor::system();
        let mut tx = db.begin().await.unwrap();
        let by = By { actor: &actor, now: bench.clock.now(), ids: &bench.ids };
        crate::merge::merge(&mut tx, &by, &Scope::All, tables().tables, pair, &std::collections::BTreeSet::new()).await.unwrap();
        tx.commit().await.unwrap();
        bench.clock.advance(60_000_000);
        let named = picture(&db).await;
        let text = format!("Prospect ID,Referee\na-3,{}\na-1,Ada\n", contact::ContactId(pair.survivor));
        let (_folder, path) = file("again.csv", text.as_bytes());
        let again = import(&bench, &path, &Options { key: Some("Prospect ID".to_owned()), ..Options::default() }).await;
        let causes: Vec<_> = again.errors.iter().map(|error| (error.line, error.cause, error.detail.as_str())).collect();
        assert_eq!((counts(&again), causes), ([2, 0, 0, 1, 1], vec![(3, "itself", "Referee: Ada")]));
        assert_eq!(picture(&db).await.remove("contacts"), named.get("contacts").cloned());
        let (_folder, path) = file("firms.csv", b"Company,Website,Owned\nEngines,https://engines.example,engines.example\nOther,,Engines\n");
        let own = import(&bench, &path, &Options { map: Some(map("Owned = \"field:company\"")), ..firms() }).await;
        assert_eq!((counts(&own), own.errors[0].cause), ([2, 1, 0, 0, 1], "itself"), "{:?}", own.errors);
    }
}
