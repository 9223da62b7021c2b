//! The settings file and the environment.

use attune::config::Config;

fn read(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("attune.toml");
    std::fs::write(&file, text).unwrap();
    Config::read(Some(&file)).map_err(|errors| errors.to_string())
}

#[test]
fn the_default_file_is_valid() {
    let config = read("").unwrap();
    assert_eq!(config.public_url(), "http://127.0.0.1:7411");
    assert_eq!(config.mail.delivery, "mailbox");
}

#[test]
fn every_mistake_is_listed_at_once() {
    let told = read(
        "[server]\nlisten = \"here\"\npublic_url = \"attune.example\"\n[mail]\ndelivery = \"pigeon\"\nsecurity = \"hope\"\n[mailbox]\nlisten = \"0.0.0.0:25\"\n[work]\nslots = 0\n",
    )
    .unwrap_err();
    for word in ["server.listen", "server.public_url", "mail.delivery", "mail.security", "mailbox.listen", "work.slots"] {
        assert!(told.contains(word), "{word} is missing in {told}");
    }
}

#[test]
fn an_unknown_setting_is_named() {
    let told = read("[server]\nlisten_on = \"127.0.0.1:1\"\n").unwrap_err();
    assert!(told.contains("listen_on"), "{told}");
}

#[test]
fn a_relay_needs_a_name() {
    assert!(read("[mail]\ndelivery = \"smtp\"\n").unwrap_err().contains("mail.host"));
}
