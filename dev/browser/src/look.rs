//! How a page is seen: the window, the reader's language, light or dark, JavaScript on or off.

use serde_json::{Value, json};

/// Light or dark, as the operating system would tell the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark text on a light ground.
    Light,
    /// Light text on a dark ground.
    Dark,
}

/// One way of looking at a page.
#[derive(Clone, Debug)]
pub struct Look {
    /// Width of the view in CSS pixels.
    pub width: u32,
    /// Height of the view in CSS pixels.
    pub height: u32,
    /// The `Accept-Language` of the browser: `en` or `zh-CN`.
    pub language: &'static str,
    /// Light or dark.
    pub scheme: Scheme,
    /// Whether pages may run scripts.
    pub javascript: bool,
}

/// What the browser says it is: a person's, for the product sets visits and clicks of robots aside.
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

impl Look {
    /// A desk: 1440 × 900, English, light, with JavaScript.
    pub fn desk() -> Self {
        Self { width: 1440, height: 900, language: "en", scheme: Scheme::Light, javascript: true }
    }

    /// A phone: 390 × 844, else like [`Look::desk`].
    pub fn phone() -> Self {
        Self { width: 390, height: 844, ..Self::desk() }
    }

    /// The four looks every page must stand: desk and phone, light and dark.
    pub fn all(language: &'static str) -> [Self; 4] {
        let desk = Self::desk().in_language(language);
        let phone = Self::phone().in_language(language);
        [desk.clone(), desk.dark(), phone.clone(), phone.dark()]
    }

    /// The same in another language.
    #[must_use]
    pub fn in_language(mut self, language: &'static str) -> Self {
        self.language = language;
        self
    }

    /// The same in the dark.
    #[must_use]
    pub fn dark(mut self) -> Self {
        self.scheme = Scheme::Dark;
        self
    }

    /// The same without JavaScript.
    #[must_use]
    pub fn without_javascript(mut self) -> Self {
        self.javascript = false;
        self
    }

    /// Short and fit for a file name: `1440-en-dark`.
    pub fn name(&self) -> String {
        let scheme = if self.scheme == Scheme::Dark { "dark" } else { "light" };
        let scripts = if self.javascript { "" } else { "-nojs" };
        format!("{}-{}-{scheme}{scripts}", self.width, self.language)
    }

    /// Whether this is the width of a phone.
    pub fn is_phone(&self) -> bool {
        self.width < 600
    }

    pub(crate) fn chromium_flags(&self, profile: &str) -> Vec<String> {
        let fixed = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-breakpad",
            "--hide-scrollbars",
            "--force-prefers-reduced-motion",
            "--disable-blink-features=AutomationControlled",
        ];
        let mut flags: Vec<String> = fixed.iter().map(|&flag| flag.to_owned()).collect();
        flags.push(format!("--user-data-dir={profile}"));
        flags.push(format!("--user-agent={AGENT}"));
        flags.push(format!("--window-size={},{}", self.width.max(500), self.height));
        flags.push(format!("--accept-lang={}", self.language));
        flags
    }

    /// The commands of the DevTools protocol that give an open page this look.
    pub(crate) fn devtools(&self) -> Vec<(&'static str, Value)> {
        let scheme = if self.scheme == Scheme::Dark { "dark" } else { "light" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        vec![
            (
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": self.width, "height": self.height, "deviceScaleFactor": 1, "mobile": false }),
            ),
            ("Emulation.setEmulatedMedia", json!({ "features": features })),
            ("Emulation.setScriptExecutionDisabled", json!({ "value": !self.javascript })),
        ]
    }
}
