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

/// Sends `command` and gives back Chromium's answer.
pub(crate) async fn send(client: &Client, command: &'static str, parameters: Value) -> Result<Value> {
    client.issue_cmd(Execute { command, parameters }).await.with_context(|| format!("sending {command} to Chromium"))
}
