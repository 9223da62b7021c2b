//! Where a visit comes from: campaign parameters first, then the referrer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

/// How a visitor came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// `google`, `newsletter`, the referring host, or `direct`.
    pub source: Arc<str>,
    /// The class of the source.
    pub medium: Medium,
    /// `utm_campaign`.
    pub campaign: Option<String>,
    /// The referring host.
    pub referrer: Option<String>,
}

/// The class of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Medium {
    /// Typed, bookmarked, or the referrer was withheld.
    Direct,
    /// A result of a search engine.
    Search,
    /// A social network.
    Social,
    /// A mail, by parameter or through a web mailer.
    Mail,
    /// Another site.
    Referral,
    /// An advertisement.
    Paid,
    /// Any other tagged link.
    Campaign,
}

impl Medium {
    /// The code kept in the store and used in locale keys.
    pub fn code(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Search => "search",
            Self::Social => "social",
            Self::Mail => "mail",
            Self::Referral => "referral",
            Self::Paid => "paid",
            Self::Campaign => "campaign",
        }
    }

    /// The medium of a code; unknown codes are campaigns.
    pub fn from_code(code: &str) -> Self {
        [Self::Direct, Self::Search, Self::Social, Self::Mail, Self::Referral, Self::Paid]
            .into_iter()
            .find(|m| m.code() == code)
            .unwrap_or(Self::Campaign)
    }
}

impl Arrival {
    /// No hint at all.
    pub fn direct() -> Self {
        Self { source: Arc::from("direct"), medium: Medium::Direct, campaign: None, referrer: None }
    }
}

/// The campaign parameters of a page view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Utm {
    /// `utm_source`.
    pub source: Option<String>,
    /// `utm_medium`.
    pub medium: Option<String>,
    /// `utm_campaign`.
    pub campaign: Option<String>,
}

/// Web mailers: a link in a mail read there has them as its referrer.
const MAILERS: [&str; 9] = [
    "mail.google.com",
    "outlook.live.com",
    "outlook.office.com",
    "outlook.office365.com",
    "mail.yahoo.com",
    "mail.qq.com",
    "mail.163.com",
    "mail.126.com",
    "mail.aliyun.com",
];

/// Search engines: a label of the host name, and the name shown.
const ENGINES: [(&str, &str); 20] = [
    ("google", "google"),
    ("bing", "bing"),
    ("baidu", "baidu"),
    ("sogou", "sogou"),
    ("so.com", "360"),
    ("sm.cn", "shenma"),
    ("toutiao", "toutiao"),
    ("yandex", "yandex"),
    ("duckduckgo", "duckduckgo"),
    ("search.yahoo", "yahoo"),
    ("ecosia", "ecosia"),
    ("naver", "naver"),
    ("seznam", "seznam"),
    ("qwant", "qwant"),
    ("startpage", "startpage"),
    ("search.brave", "brave"),
    ("ask.com", "ask"),
    ("daum", "daum"),
    ("youdao", "youdao"),
    ("kagi", "kagi"),
];

/// Social networks: a label or domain of the host, and the name shown.
const NETWORKS: [(&str, &str); 28] = [
    ("facebook", "facebook"),
    ("fb.com", "facebook"),
    ("instagram", "instagram"),
    ("twitter", "x"),
    ("t.co", "x"),
    ("x.com", "x"),
    ("linkedin", "linkedin"),
    ("lnkd.in", "linkedin"),
    ("xing.com", "xing"),
    ("reddit", "reddit"),
    ("pinterest", "pinterest"),
    ("tiktok", "tiktok"),
    ("youtube", "youtube"),
    ("quora", "quora"),
    ("threads.net", "threads"),
    ("mastodon", "mastodon"),
    ("bsky.app", "bluesky"),
    ("news.ycombinator", "hackernews"),
    ("vk.com", "vk"),
    ("weibo", "weibo"),
    ("zhihu", "zhihu"),
    ("weixin", "wechat"),
    ("wechat", "wechat"),
    ("xiaohongshu", "xiaohongshu"),
    ("douyin", "douyin"),
    ("bilibili", "bilibili"),
    ("douban", "douban"),
    ("kuaishou", "kuaishou"),
];

/// Click ids that advertisers add to the address.
const AD_CLICKS: [&str; 6] = ["gclid=", "msclkid=", "dclid=", "ttclid=", "bd_vid=", "li_fat_id="];

/// Decides how a visitor came, from the campaign parameters, the query of the page and its referrer. `host` is the site itself.
pub fn attribute(utm: &Utm, query: &str, referrer: Option<&str>, host: Option<&str>) -> Arrival {
    let foreign = referrer.and_then(referrer_host).filter(|from| !host.is_some_and(|own| same_site(from, own)));
    let found = foreign.as_deref().map(classify);
    let ad = AD_CLICKS.iter().any(|click| query.split('&').any(|pair| pair.starts_with(click)));
    if utm.source.is_none() && utm.medium.is_none() && !ad {
        let Some((source, medium)) = found else {
            return Arrival { campaign: utm.campaign.clone(), ..Arrival::direct() };
        };
        return Arrival { source: Arc::from(source), medium, campaign: utm.campaign.clone(), referrer: foreign.clone() };
    }
    let source = utm.source.as_deref().map(str::to_lowercase).or_else(|| found.map(|(name, _)| name.to_owned()));
    let medium = if ad { Medium::Paid } else { utm.medium.as_deref().map_or(Medium::Campaign, medium_of) };
    Arrival {
        source: Arc::from(source.as_deref().unwrap_or("campaign")),
        medium,
        campaign: utm.campaign.clone(),
        referrer: foreign.clone(),
    }
}

fn medium_of(utm_medium: &str) -> Medium {
    let medium = utm_medium.trim().to_lowercase();
    match medium.as_str() {
        "cpc" | "ppc" | "cpm" | "cpv" | "cpa" | "display" | "banner" | "ads" | "sem" => Medium::Paid,
        "email" | "e-mail" | "mail" | "newsletter" => Medium::Mail,
        "organic" | "seo" | "search" => Medium::Search,
        "referral" | "affiliate" | "partner" => Medium::Referral,
        other if other.starts_with("paid") => Medium::Paid,
        other if other.starts_with("social") || other == "sns" => Medium::Social,
        _ => Medium::Campaign,
    }
}

fn referrer_host(referrer: &str) -> Option<String> {
    let url = Url::parse(referrer).ok()?;
    match url.scheme() {
        "http" | "https" => url.host_str().map(|host| host.trim_start_matches("www.").to_lowercase()),
        // Links opened from a mobile app carry the app's name.
        "android-app" => url.host_str().map(str::to_lowercase),
        _ => None,
    }
}

/// Whether the referrer lies within the site: the same host, or one a subdomain of the other.
fn same_site(from: &str, own: &str) -> bool {
    let own = own.split(':').next().unwrap_or(own).trim_start_matches("www.");
    from == own
        || (from.len() > own.len() && from.ends_with(own) && from.trim_end_matches(own).ends_with('.'))
        || own.ends_with(&format!(".{from}"))
}

fn classify(host: &str) -> (&str, Medium) {
    if MAILERS.contains(&host) || host.contains("android.gm") {
        return (host, Medium::Mail);
    }
    if let Some((_, name)) = ENGINES.iter().find(|(part, _)| matches_host(host, part)) {
        return (name, Medium::Search);
    }
    if let Some((_, name)) = NETWORKS.iter().find(|(part, _)| matches_host(host, part)) {
        return (name, Medium::Social);
    }
    (host, Medium::Referral)
}

/// `part` with a dot at its end of the name is a domain; otherwise it is whole labels of the host.
fn matches_host(host: &str, part: &str) -> bool {
    let domain = part.contains('.') && !part.starts_with("search.") && !part.starts_with("news.");
    if domain {
        return host == part || host.strip_suffix(part).is_some_and(|before| before.ends_with('.'));
    }
    host.match_indices(part).any(|(at, _)| {
        let before = at == 0 || host.as_bytes().get(at - 1) == Some(&b'.');
        before && host.as_bytes().get(at + part.len()) == Some(&b'.')
    })
}
