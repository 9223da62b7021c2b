//! The harness itself, against a child that is this test binary in another role.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use crate::{Engine, Process, Store, free_port};

/// The variable that turns [`plays_the_server`] from a test into a server.
const ROLE: &str = "ATTUNE_SYSTEM_SELF_TEST_PORT";

/// A server that says hello until it is killed; as a test it has nothing to do.
#[test]
fn plays_the_server() {
    let Ok(port) = std::env::var(ROLE) else { return };
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0, "a request comes in");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").unwrap();
    }
}

fn child(port: u16) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::plays_the_server", "--nocapture"]).env(ROLE, port.to_string());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_started_killed_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let port = free_port().unwrap();
    for _ in 0..2 {
        let process = Process::start(child(port), port, "/", &log).await.unwrap();
        assert_eq!(reqwest::get(process.url("/")).await.unwrap().text().await.unwrap(), "hello");
        process.kill().unwrap();
        assert!(reqwest::get(format!("http://127.0.0.1:{port}/")).await.is_err());
    }
    let process = Process::start(child(port), port, "/", &log).await.unwrap();
    assert!(!process.stop().await.unwrap().success(), "SIGTERM ends a process that does not listen to it, by signal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_early_is_reported_with_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "echo the port is taken >&2; exit 3"]);
    let error = Process::start(command, free_port().unwrap(), "/", &folder.path().join("log")).await.unwrap_err().to_string();
    assert!(error.contains("exit status: 3") && error.contains("the port is taken"), "{error}");
}

#[test]
fn a_store_is_made_on_either_engine() {
    let lite = Store::create(Engine::Lite).unwrap().unwrap();
    assert!(lite.argument().starts_with('/'));
    if let Some(pg) = Store::create(Engine::Pg).unwrap() {
        assert!(pg.argument().starts_with("postgres://"));
    }
}
