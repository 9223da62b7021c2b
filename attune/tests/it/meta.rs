//! The schema and the sockets, held against each other on both engines.

use std::collections::BTreeSet;
use std::sync::Arc;

use attune_courier::{Courier, SmtpConfig};
use attune_db::{Db, Engine, params};
use attune_house::{House, Parts};
use attune_identify::tracking::Collector;
use attune_testkit::{clock, ids, on_both_dbs};
use attune_web::{Secret, Texts};

pub(crate) fn house(db: &Db) -> Arc<House> {
    let clock = clock();
    let courier = Courier::new(SmtpConfig::new("127.0.0.1", 9)).unwrap();
    let parts = Parts {
        db: db.clone(),
        ids: ids(&clock),
        clock,
        secret: Secret::new([7; 32]),
        public_url: "http://127.0.0.1:1".to_owned(),
        courier,
    };
    let collector = Collector::start(&parts);
    attune::house::build(&parts, &collector).unwrap()
}

pub(crate) async fn columns(db: &Db) -> BTreeSet<(String, String)> {
    let sql = match db.engine() {
        Engine::Lite => {
            "SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"
        }
        Engine::Pg => {
            "SELECT table_name::text AS t, column_name::text AS c FROM information_schema.columns WHERE table_schema = 'public' AND table_name IN (SELECT table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema = 'public')"
        }
    };
    let rows = db.read().await.unwrap().rows(sql, params![]).await.unwrap();
    rows.iter().map(|row| (row.get("t").unwrap(), row.get("c").unwrap())).collect()
}

on_both_dbs! {
    with attune::house::migrations();

    async fn the_rooms_make_a_house_and_every_word_exists_twice(db: Db) {
        let house = house(&db);
        let texts = Texts::build(&house.locales).unwrap();
        for permission in &house.permissions {
            assert!(texts.has(permission.label_key), "permission {} has no name", permission.key);
        }
        for setting in &house.settings {
            assert!(texts.has(setting.label_key), "setting {} has no name", setting.key);
            assert!(texts.has(&format!("{}-hint", setting.label_key)), "setting {} has no hint", setting.key);
        }
        for panel in &house.panels {
            assert!(texts.has(panel.title_key), "panel {} has no title", panel.key);
        }
        for facet in &house.facets {
            assert!(texts.has(facet.label_key), "facet {} has no name", facet.key);
        }
        let tables = house.contact_tables.iter().map(|entry| entry.table).chain(house.erasers.iter().map(|eraser| eraser.table));
        for table in tables {
            assert!(texts.has(&format!("erased-{table}")), "table {table} has no name for the receipt of an erasure");
        }
        for item in &house.nav {
            assert!(texts.has(item.key), "{} has no name", item.href);
        }
    }

    async fn every_table_with_a_contact_is_known_to_erasure(db: Db) {
        let house = house(&db);
        let known: BTreeSet<(&str, &str)> = house.contact_tables.iter().map(|t| (t.table, t.column)).collect();
        let all = columns(&db).await;
        let missing: Vec<_> = all.iter().filter(|(_, c)| c == "contact_id").filter(|(t, c)| !known.contains(&(t.as_str(), c.as_str()))).collect();
        assert!(missing.is_empty(), "no room lists {missing:?}");
        for (table, column) in known {
            // SQLite's full-text table is addressed by its rowid, which is no listed column.
            assert!(column == "rowid" || all.contains(&(table.to_owned(), column.to_owned())), "{table}.{column} does not exist");
        }
    }

    async fn facets_and_views_answer(db: Db) {
        let house = house(&db);
        let mut tx = db.read().await.unwrap();
        for facet in &house.facets {
            let sql = format!("SELECT contact_id, value FROM ({}) AS f WHERE contact_id = $1", facet.sql);
            tx.rows(&sql, params![1_i64]).await.unwrap_or_else(|e| panic!("facet {}: {e}", facet.key));
        }
        for dataset in &house.datasets {
            tx.rows(&format!("SELECT * FROM {} LIMIT 1", dataset.view), params![]).await.unwrap_or_else(|e| panic!("{}: {e}", dataset.view));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_have_the_same_tables_and_columns() {
    let lite = attune_testkit::lite(&attune::house::migrations()).await;
    let Some(pg) = attune_testkit::pg(&attune::house::migrations()).await else { return };
    // Full-text search has a table of its own kind on each engine.
    let plain = |all: BTreeSet<(String, String)>| -> BTreeSet<(String, String)> {
        all.into_iter().filter(|(t, _)| !t.contains("search")).collect()
    };
    let (lite, pg) = (plain(columns(&lite.db()).await), plain(columns(&pg.db()).await));
    let only_lite: Vec<_> = lite.difference(&pg).collect();
    let only_pg: Vec<_> = pg.difference(&lite).collect();
    assert!(only_lite.is_empty() && only_pg.is_empty(), "only SQLite: {only_lite:?}; only PostgreSQL: {only_pg:?}");
}
