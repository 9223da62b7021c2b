use std::process::Command;

use crate::{Account, Database, Programs, Server, Template, server};

/// What `order` prints when asked in the database at `url`.
fn ask(url: &str, order: &str) -> String {
    let mut psql: Command = Programs::find().unwrap().command("psql", &Account::Own);
    let output = psql.args(["-XqtA", "-v", "ON_ERROR_STOP=1", "-c", order, url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_template_is_filled_once_and_cloned_for_each_test() {
    let Server::At(at) = server().unwrap() else {
        eprintln!("SKIPPED: ATTUNE_TEST_PG=skip");
        return;
    };
    let key = u64::from(std::process::id()) << 32 | 7;
    let mut fills = 0;
    for _ in 0..2 {
        let template = Template::build(&at, key, |url| {
            fills += 1;
            ask(url, "CREATE TABLE quotes (id BIGINT PRIMARY KEY, title TEXT); INSERT INTO quotes VALUES (1, 'Anfrage 报价')");
            Ok(())
        })
        .unwrap();
        let (one, two) = (template.database().unwrap(), template.database().unwrap());
        ask(&one.url(), "INSERT INTO quotes VALUES (2, 'b')");
        assert_eq!(ask(&one.url(), "SELECT count(*) FROM quotes"), "2");
        assert_eq!(ask(&two.url(), "SELECT title FROM quotes"), "Anfrage 报价");
    }
    assert_eq!(fills, 1);
    ask(&at, &format!("DROP DATABASE template_{key:016x}"));
}

#[test]
fn a_database_goes_with_its_value() {
    let Server::At(at) = server().unwrap() else {
        eprintln!("SKIPPED: ATTUNE_TEST_PG=skip");
        return;
    };
    let database = Database::create(&at).unwrap();
    assert_eq!(ask(&database.url(), "SELECT datcollate FROM pg_database WHERE datname = current_database()"), "C");
    let name = database.name().to_owned();
    drop(database);
    assert_eq!(ask(&at, &format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'")), "0");
}
