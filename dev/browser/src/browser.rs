//! The browser a test holds: a client of its own chromedriver, with a look.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::wd::{Capabilities, TimeoutConfiguration};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::Driver;
use crate::{Look, Violation, axe, cdp, describe, shots};

/// How long an element may take to appear, in seconds.
const WAIT_S: u64 = 15;

/// A Chromium of one's own. Fields end in this order: the session, the driver with all its processes, the profile.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    look: Look,
    _driver: Driver,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser that sees pages the way `look` says.
    pub async fn start(look: Look) -> Result<Self> {
        let driver = Driver::start().await?;
        let profile = tempfile::Builder::new().prefix("attune-browser-").tempdir().context("making a browser profile")?;
        let options = json!({ "args": look.chromium_flags(&profile.path().display().to_string()) });
        let mut wanted = Capabilities::new();
        wanted.insert("browserName".to_owned(), json!("chrome"));
        wanted.insert("goog:chromeOptions".to_owned(), options);
        wanted.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&driver.url())
            .await
            .context("starting Chromium through chromedriver")?;
        let limit = Some(Duration::from_secs(60));
        client.update_timeouts(TimeoutConfiguration::new(limit, limit, None)).await.context("setting time limits")?;
        let mut browser = Self { client, look: look.clone(), _driver: driver, _profile: profile };
        browser.see_as(look).await?;
        Ok(browser)
    }

    /// Changes the look of the open and all later pages; the language stays that of the start.
    pub async fn see_as(&mut self, look: Look) -> Result<()> {
        for (command, parameters) in look.devtools() {
            cdp::send(&self.client, command, parameters).await?;
        }
        self.look = Look { language: self.look.language, ..look };
        Ok(())
    }

    /// The WebDriver client, for what this type does not offer.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How pages are seen now.
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// Opens `url` and waits for its load event.
    pub async fn open(&self, url: &str) -> Result<()> {
        self.client.goto(url).await.with_context(|| format!("opening {url}"))
    }

    /// Waits for the element `css` selects.
    pub async fn see(&self, css: &str) -> Result<Element> {
        let wait = self.client.wait().at_most(Duration::from_secs(WAIT_S));
        match wait.for_element(Locator::Css(css)).await {
            Ok(element) => Ok(element),
            Err(error) => bail!("no {css:?} on {}: {error}", self.address().await?),
        }
    }

    /// Waits until the page's visible text contains `text`.
    pub async fn see_text(&self, text: &str) -> Result<()> {
        let limit = tokio::time::Instant::now() + Duration::from_secs(WAIT_S);
        while tokio::time::Instant::now() < limit {
            if self.text().await.is_ok_and(|seen| seen.contains(text)) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the text {text:?} did not appear on {}; seen: {}", self.address().await?, self.text().await?)
    }

    /// Waits for the element and clicks it.
    pub async fn click(&self, css: &str) -> Result<()> {
        self.see(css).await?.click().await.with_context(|| format!("clicking {css:?}"))
    }

    /// Waits for the field, empties it and types `text`.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let field = self.see(css).await?;
        field.clear().await.with_context(|| format!("emptying {css:?}"))?;
        field.send_keys(text).await.with_context(|| format!("typing into {css:?}"))
    }

    /// Waits for the select and chooses the option of this value.
    pub async fn choose(&self, css: &str, value: &str) -> Result<()> {
        let select = self.see(css).await?;
        select.select_by_value(value).await.with_context(|| format!("choosing {value:?} in {css:?}"))
    }

    /// Waits for the file field and gives it the file at `path`.
    pub async fn attach(&self, css: &str, path: &str) -> Result<()> {
        self.see(css).await?.send_keys(path).await.with_context(|| format!("attaching {path} to {css:?}"))
    }

    /// Presses keys one after the other wherever the focus is; special keys are the characters WebDriver has for them.
    pub async fn press(&self, keys: &str) -> Result<()> {
        let focused = self.client.active_element().await.context("finding the focus")?;
        focused.send_keys(keys).await.with_context(|| format!("pressing {keys:?}"))
    }

    /// What pages complained of since the last call: script errors, files that did not load, breaches of the content policy.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        cdp::complaints(&self.client).await
    }

    /// The visible text of the page.
    pub async fn text(&self) -> Result<String> {
        let body = self.client.find(Locator::Css("body")).await.context("finding the page's body")?;
        body.text().await.context("reading the page's text")
    }

    /// The address of the open page.
    pub async fn address(&self) -> Result<String> {
        Ok(self.client.current_url().await.context("asking for the address")?.to_string())
    }

    /// Runs a script (a function body) in the page and gives back what it returns.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        self.client.execute(script, arguments).await.context("running a script in the page")
    }

    /// Sends Chromium a command of its DevTools protocol and gives back what it answers.
    pub async fn devtools(&self, command: &'static str, parameters: Value) -> Result<Value> {
        cdp::send(&self.client, command, parameters).await
    }

    /// Every accessibility rule the open page breaks.
    pub async fn axe(&self) -> Result<Vec<Violation>> {
        axe::check(&self.client).await
    }

    /// Fails with the list of places when the open page breaks any accessibility rule.
    pub async fn assert_accessible(&self) -> Result<()> {
        let violations = self.axe().await?;
        if violations.is_empty() {
            return Ok(());
        }
        bail!(
            "{} ({}) breaks {} accessibility rules:\n{}",
            self.address().await?,
            self.look.name(),
            violations.len(),
            describe(&violations)
        )
    }

    /// Fails when the page can be scrolled sideways: on a phone nothing may hang over the edge.
    pub async fn assert_no_overflow(&self) -> Result<()> {
        let script = "const page = document.documentElement; return [page.scrollWidth, page.clientWidth]";
        let [content, view]: [i64; 2] = serde_json::from_value(self.run(script, vec![]).await?).context("reading the page's width")?;
        if content > view {
            bail!("{} is {content} px wide in a view of {view} px", self.address().await?);
        }
        Ok(())
    }

    /// Keeps what is seen as `<name>.png` (target/screenshots, or docs/guide/img with `ATTUNE_SHOTS=docs`) and says where.
    pub async fn screenshot(&self, name: &str) -> Result<PathBuf> {
        let folder = shots::folder();
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let file = folder.join(format!("{name}.png"));
        let image = self.client.screenshot().await.context("taking a screenshot")?;
        fs::write(&file, image).with_context(|| format!("writing {}", file.display()))?;
        Ok(file)
    }
}
