//! Chromium's own commands (DevTools protocol), sent through chromedriver.

use anyhow::{Context, Result};
use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

#[derive(Debug)]
struct Execute {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Execute {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.command, "params": self.parameters }).to_string()))
    }
}

/// Asks chromedriver for the console's new entries.
#[derive(Debug)]
struct ReadConsole;

impl WebDriverCompatibleCommand for ReadConsole {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// Warnings and errors of the console since the last call.
pub(crate) async fn complaints(client: &Client) -> Result<Vec<String>> {
    let entries = client.issue_cmd(ReadConsole).await.context("reading the console")?;
    let entries = entries.as_array().cloned().unwrap_or_default();
    let grave = entries.iter().filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")));
    Ok(grave.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect())
}

/// Sends `command` and gives back Chromium's answer.
pub(crate) async fn send(client: &Client, command: &'static str, parameters: Value) -> Result<Value> {
    client.issue_cmd(Execute { command, parameters }).await.with_context(|| format!("sending {command} to Chromium"))
}
