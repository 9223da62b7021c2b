//! Somebody in front of a browser: does one thing after the other, and the things are counted.

use std::time::{Duration, Instant};

use attune_browser::{Browser, Element, Look};
use serde_json::{Value, json};

/// How long a person waits for something to change, in seconds.
const PATIENCE_S: u64 = 60;

/// What is wrong with the open page beyond what axe knows: what hangs over the edge, and keys that stand where a text should.
const FAULTS: &str = r"
const faults = [], page = document.documentElement;
if (page.scrollWidth > page.clientWidth) {
  const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > page.clientWidth + 1 && !e.closest('.tscroll, .grid20, [tabindex]:not(main), svg'));
  faults.push('is ' + page.scrollWidth + ' px wide in ' + page.clientWidth + ': ' + wide.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(' | '));
}
const key = /(^|[\s(])((web|govern|identify|contact|company|import|visitor|visit|replay|duplicate|merge|field|tag|bulk-edit|code|consent|dialogue|fact|segment|score|template|campaign|interact|message|suppression|mailbox|push-funnel|task|handover|today|change|funnel|report|shop|event|permission|setting|sell|measure|differentiate|nav|topic|preference|prefer|subject-access|file|retention|device|share|address)-[a-z0-9-]*[a-z0-9])(?=$|[\s.,:;)?])/;
const told = [document.title];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walk.nextNode());) {
  if (!node.parentElement.closest('script, style, noscript, code, pre, textarea, .code')) told.push(node.data);
}
for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-confirm']) {
  document.querySelectorAll('[' + name + ']').forEach(e => told.push(e.getAttribute(name)));
}
[...new Set(told.map(t => (key.exec(t.trim()) || [])[2]).filter(Boolean))].forEach(t => faults.push('shows the key ' + t));
if (document.querySelectorAll('h1').length !== 1) faults.push('has ' + document.querySelectorAll('h1').length + ' h1');
document.querySelectorAll('svg use').forEach(u => { if (!u.getAttribute('href')) faults.push('has an icon without address'); });
return faults;";

/// Whether every part that loads by itself has loaded.
const CALM: &str = "return !document.querySelector('[hx-trigger=\"load\"], .htmx-request') && document.readyState === 'complete' && document.fonts.status === 'loaded'";

/// A person with a browser of their own, at one site.
pub struct Person {
    /// What they look through.
    pub browser: Browser,
    site: String,
    steps: usize,
}

impl Person {
    /// Sits down before a fresh browser; nothing is open yet.
    pub async fn arrive(site: String, look: Look) -> Self {
        Self { browser: Browser::start(look).await.unwrap(), site, steps: 0 }
    }

    /// How many clicks and keystroke groups it took so far.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Types an address of the site.
    pub async fn go(&mut self, path: &str) {
        self.steps += 1;
        self.browser.open(&format!("{}{path}", self.site)).await.unwrap();
    }

    /// Clicks; an element that was just exchanged is looked for once more.
    pub async fn click(&mut self, css: &str) {
        self.steps += 1;
        let started = Instant::now();
        while let Err(error) = self.browser.click(css).await {
            assert!(started.elapsed() < Duration::from_secs(PATIENCE_S), "{error:#} on {}", self.browser.address().await.unwrap());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Types into a field.
    pub async fn fill(&mut self, css: &str, text: &str) {
        self.steps += 1;
        self.browser.fill(css, text).await.unwrap();
    }

    /// Chooses from a list.
    pub async fn choose(&mut self, css: &str, value: &str) {
        self.steps += 1;
        self.browser.choose(css, value).await.unwrap();
    }

    /// Hands over a file.
    pub async fn attach(&mut self, css: &str, path: &str) {
        self.steps += 1;
        self.browser.attach(css, path).await.unwrap();
    }

    /// Presses keys.
    pub async fn press(&mut self, keys: &str) {
        self.steps += 1;
        self.browser.press(keys).await.unwrap();
    }

    /// Waits for an element.
    pub async fn see(&self, css: &str) -> Element {
        self.browser.see(css).await.unwrap()
    }

    /// Waits until the first element `css` selects shows a text with `part` in it.
    pub async fn read(&self, css: &str, part: &str) {
        let script = "const e = document.querySelector(arguments[0]); return e && e.textContent.includes(arguments[1])";
        self.until(script, vec![json!(css), json!(part)], &format!("{css} to say {part:?}")).await;
    }

    /// Waits until a script answers true.
    pub async fn until(&self, script: &str, arguments: Vec<Value>, what: &str) {
        let started = Instant::now();
        while !self.browser.run(script, arguments.clone()).await.is_ok_and(|answer| answer == true) {
            if started.elapsed() > Duration::from_secs(PATIENCE_S) {
                let (address, text) = (self.browser.address().await.unwrap(), self.browser.text().await.unwrap_or_default());
                panic!("waited in vain for {what} on {address}; seen: {text}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The text of the first element `css` selects; of a page that is just being left, the next one's.
    pub async fn text(&self, css: &str) -> String {
        let started = Instant::now();
        loop {
            match self.see(css).await.text().await {
                Ok(text) => return text,
                Err(error) if started.elapsed() > Duration::from_secs(PATIENCE_S) => panic!("{css} cannot be read: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// The path of the open page.
    pub async fn path(&self) -> String {
        self.browser.address().await.unwrap().trim_start_matches(&self.site).to_owned()
    }

    /// Where the first link of `css` leads, as a path; nothing when there is none.
    pub async fn link(&self, css: &str) -> Option<String> {
        let script = "const e = document.querySelector(arguments[0]); return e && e.getAttribute('href')";
        self.browser.run(script, vec![json!(css)]).await.unwrap().as_str().map(str::to_owned)
    }

    /// Signs in with the password of [`crate::ground`].
    pub async fn sign_in(&mut self, email: &str) {
        self.sign_in_with(email, crate::ground::PASSWORD).await;
    }

    /// Signs in.
    pub async fn sign_in_with(&mut self, email: &str, password: &str) {
        self.go("/sign-in").await;
        self.fill("#f-email", email).await;
        self.fill("#f-password", password).await;
        self.click("main form .btn.primary").await;
        self.see("main h1").await;
        self.until("return location.pathname !== '/sign-in'", vec![], "being let in").await;
    }

    /// Waits until the page is whole.
    pub async fn calm(&self) {
        self.until(CALM, vec![], "the page to be whole").await;
    }

    /// Everything wrong with the open page in the present look, each with the page's name.
    pub async fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = serde_json::from_value(self.browser.run(FAULTS, vec![]).await.unwrap()).unwrap();
        let violations = self.browser.axe().await.unwrap();
        faults.extend((!violations.is_empty()).then(|| attune_browser::describe(&violations)));
        faults.extend(self.browser.complaints().await.unwrap());
        faults
    }
}
