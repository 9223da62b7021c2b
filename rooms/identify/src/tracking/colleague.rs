//! Whether a browser on the site is one of our own staff's: it carries the session of somebody who is signed in here.

use std::sync::{Mutex, PoisonError};

use attune_kernel::{Fault, MINUTE_US};
use attune_web::{Web, token_hash};
use http::HeaderMap;
use http::header::{COOKIE, HOST, ORIGIN};

use super::recent::Recent;

/// How long an answer holds: who signs out or leaves is a visitor like others soon after.
const KEPT_US: i64 = 5 * MINUTE_US;
/// Sessions remembered.
const REMEMBERED: usize = 2_000;

/// Sessions by their hash: until when the answer holds, and what it is.
pub(super) struct Colleagues(Mutex<Recent<String, (i64, bool)>>);

impl Default for Colleagues {
    fn default() -> Self {
        Self(Mutex::new(Recent::new(REMEMBERED)))
    }
}

impl Colleagues {
    /// Whether the request carries a session. A visitor's does not, and costs one look at the headers. On pages of Attune itself, such as
    /// the shop for trying the tracker, the staff count like everybody.
    pub(super) async fn sent(&self, web: &Web, headers: &HeaderMap) -> Result<bool, Fault> {
        let Some(token) = session(headers).filter(|_| !on_own_page(headers)) else { return Ok(false) };
        let (hash, now) = (token_hash(token), web.clock.now());
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash);
        if let Some((until, answer)) = known
            && now < until
        {
            return Ok(answer);
        }
        let answer = web.doorman.knows_session(&web.db, &hash, now).await?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(hash, (now + KEPT_US, answer));
        Ok(answer)
    }
}

fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let mut named = cookies.filter_map(|pair| pair.trim().split_once('='));
    named.find(|(name, token)| *name == "attune_session" && !token.is_empty()).map(|(_, token)| token)
}

fn on_own_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    text(ORIGIN).and_then(|origin| origin.split_once("://")).is_some_and(|(_, own)| text(HOST) == Some(own))
}

#[cfg(test)]
mod tests {
    use super::{on_own_page, session};
    use http::HeaderMap;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_session_is_found_among_other_cookies_and_own_pages_are_told() {
        assert_eq!(session(&headers(&[("cookie", "a=1; attune_session=xyz; b=2")])), Some("xyz"));
        assert_eq!(session(&headers(&[("cookie", "a=1; attune_session=")])), None);
        assert_eq!(session(&HeaderMap::new()), None);
        assert!(on_own_page(&headers(&[("origin", "https://crm.example.com"), ("host", "crm.example.com")])));
        assert!(!on_own_page(&headers(&[("origin", "https://www.example.com"), ("host", "crm.example.com")])));
        assert!(!on_own_page(&headers(&[("host", "crm.example.com")])));
    }
}
