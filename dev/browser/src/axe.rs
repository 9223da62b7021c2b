//! The accessibility check: axe-core over the page as it stands.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use fantoccini::Client;
use serde::Deserialize;

const AXE: &str = include_str!("../vendor/axe.min.js");

/// Runs all rules of WCAG A and AA and the best practices, target size included; answers with the violations only.
const RUN: &str = "
const done = arguments[arguments.length - 1];
axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } })
  .then(found => done({ violations: found.violations, passes: found.passes.length }))
  .catch(error => done({ error: String(error) }));";

/// One rule a page breaks.
#[derive(Clone, Debug, Deserialize)]
pub struct Violation {
    /// The rule's name, such as `color-contrast`.
    pub id: String,
    /// How much it hurts: minor, moderate, serious or critical.
    pub impact: Option<String>,
    /// The rule in words.
    pub help: String,
    /// Where the page breaks it.
    pub nodes: Vec<Node>,
}

/// One place where a rule is broken.
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    /// The element's opening, as written.
    pub html: String,
    /// What would mend it.
    #[serde(rename = "failureSummary", default)]
    pub summary: String,
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(default)]
    violations: Vec<Violation>,
    #[serde(default)]
    passes: usize,
    error: Option<String>,
}

/// Checks the open page. A run in which no rule found anything to judge is an error: the page was empty.
pub(crate) async fn check(client: &Client) -> Result<Vec<Violation>> {
    client.execute(AXE, vec![]).await.context("putting axe into the page")?;
    let outcome = client.execute_async(RUN, vec![]).await.context("running axe")?;
    let outcome: Outcome = serde_json::from_value(outcome).context("reading what axe found")?;
    if let Some(error) = outcome.error {
        bail!("axe failed: {error}");
    }
    if outcome.passes == 0 && outcome.violations.is_empty() {
        bail!("axe found nothing to judge: is the page empty?");
    }
    Ok(outcome.violations)
}

/// The violations as text for a failing test: one line per rule, then its first three places.
pub fn describe(violations: &[Violation]) -> String {
    let mut text = String::new();
    for violation in violations {
        let impact = violation.impact.as_deref().unwrap_or("unrated");
        writeln!(text, "{} ({impact}, {} places): {}", violation.id, violation.nodes.len(), violation.help).ok();
        for node in violation.nodes.iter().take(3) {
            writeln!(text, "    {}\n      {}", node.html, node.summary.replace('\n', "\n      ")).ok();
        }
    }
    text
}
