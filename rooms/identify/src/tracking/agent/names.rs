//! Names for what is newer than uap-core's rules: browsers and apps that present themselves as the engine they are built on.

use super::products::{Product, has_number, products};

/// Families that are engines: whoever builds on one adds a name of its own.
const ENGINES: [&str; 12] = [
    "Chrome",
    "Chrome Mobile",
    "Chrome Mobile WebView",
    "Mobile Safari",
    "Mobile Safari UI/WKWebView",
    "Safari",
    "Firefox",
    "Firefox Mobile",
    "Edge",
    "Edge Mobile",
    "Chromium",
    "Android",
];

/// Products that name no browser: engines, parts of one, systems, and how a phone is connected.
const PARTS: [&str; 72] = [
    "mozilla",
    "applewebkit",
    "webkit",
    "gecko",
    "chrome",
    "chromium",
    "safari",
    "version",
    "mobile",
    "firefox",
    "edge",
    "edg",
    "edga",
    "edgios",
    "crios",
    "fxios",
    "cfnetwork",
    "darwin",
    "android",
    "linux",
    "windows",
    "ubuntu",
    "fedora",
    "debian",
    "suse",
    "hat",
    "centos",
    "gentoo",
    "mint",
    "build",
    "release",
    "profile",
    "configuration",
    "nettype",
    "language",
    "languagetype",
    "locale",
    "bytelocale",
    "bytefulllocale",
    "channel",
    "region",
    "jssdk",
    "wkwebview",
    "webview",
    "xweb",
    "mmwebsdk",
    "mmwebid",
    "mqqbrowser",
    "tbs",
    "uws",
    "u3",
    "t7",
    "sp-engine",
    "main",
    "nabar",
    "themeua",
    "theme",
    "bdapp",
    "app_version",
    "appname",
    "isdarkmode",
    "electron",
    "node",
    "js",
    "khtml",
    "presto",
    "trident",
    "goanna",
    "mobilenetwork",
    "model",
    "statusbarheight",
    "applenews",
];

/// Products whose family is written in another way, in lower case.
const PRODUCTS: [(&str, &str); 62] = [
    ("115browser", "115 Browser"),
    ("abb", "Aloha Browser"),
    ("alohabrowser", "Aloha Browser"),
    ("adg", "AOL Desktop Gold Browser"),
    ("adobecep", "Adobe CEP"),
    ("atom", "Atom Browser"),
    ("avg", "AVG"),
    ("avast", "Avast"),
    ("avira", "Avira"),
    ("baiduboxapp", "Baidu Explorer"),
    ("bdhonorbrowser", "Honor Browser"),
    ("honorbrowser", "Honor Browser"),
    ("brave", "Brave"),
    ("bytedancewebview", "TikTok"),
    ("ccleaner", "CCleaner"),
    ("decentr", "Decentr Web3 Browser"),
    ("duckduckgo", "DuckDuckGo Mobile"),
    ("ddg", "DuckDuckGo"),
    ("edgw", "Edge"),
    ("heytapbrowser", "HeyTap Browser"),
    ("hibrowser", "HiBrowser"),
    ("huaweibrowser", "Huawei Browser"),
    ("iron", "Iron"),
    ("kakaotalk", "KakaoTalk"),
    ("line", "LINE"),
    ("micromessenger", "WeChat Browser"),
    ("mcbrowser", "MCBrowser"),
    ("miuibrowser", "MiuiBrowser"),
    ("musical_ly", "TikTok"),
    ("mypal", "Mypal Browser"),
    ("naver", "Naver"),
    ("obs", "OBS Studio"),
    ("openwave", "Open Wave"),
    ("opera", "Opera"),
    ("opr", "Opera"),
    ("opt", "Opera Touch"),
    ("opx", "Opera GX"),
    ("oprgx", "Opera GX"),
    ("palemoon", "Pale Moon"),
    ("phx", "Phoenix Browser"),
    ("qqbrowser", "QQ Browser"),
    ("qq", "QQ"),
    ("qtwebengine", "Qt Web Engine"),
    ("quark", "Quark"),
    ("quarkpc", "Quark PC"),
    ("robloxapp", "Roblox App"),
    ("ruxitsynthetic", "Ruxit Synthetic"),
    ("samsungbrowser", "Samsung Internet"),
    ("slack", "Slack Desktop Client"),
    ("slbrowser", "Smart Lenovo Browser"),
    ("snapchat", "Snapchat"),
    ("talon", "Talon Cyber Security Browser"),
    ("teams", "Microsoft Teams"),
    ("telegram-android", "Telegram"),
    ("telegram-ios", "Telegram"),
    ("trill", "TikTok"),
    ("ucbrowser", "UC Browser"),
    ("ucmobile", "UC Browser"),
    ("vivaldi", "Vivaldi"),
    ("vivobrowser", "VivoBrowser"),
    ("weibo", "Weibo"),
    ("yabrowser", "Yandex Browser"),
];

/// Words that stand inside a comment or run into something else.
const PHRASES: [(&str, &str); 11] = [
    ("Valve Steam GameOverlay", "Steam GameOverlay"),
    ("Valve Steam Gamepad/Steam Deck", "Steam Deck"),
    ("Valve Steam Client", "Steam Client"),
    ("Valve Client/", "Steam Client"),
    ("Chromium GOST", "Chromium GOST Browser"),
    ("QIHU 360", "360 Secure Browser"),
    ("360SE", "360 Secure Browser"),
    ("WeiboIntl", "Weibo"),
    ("RobloxApp/", "Roblox App"),
    ("(Brave)", "Brave"),
    ("NetCast; U", "NetCast Smart TV"),
];

/// The family of an agent for which the rules have `found` a family or none.
pub(super) fn browser(text: &str, found: Option<String>) -> Option<String> {
    let engine = found.as_deref().is_some_and(|family| ENGINES.contains(&family));
    let bare = found.is_none();
    if !engine && !bare {
        return found;
    }
    let phrase = PHRASES.iter().find(|(phrase, _)| text.contains(phrase)).map(|(_, family)| (*family).to_owned());
    if bare {
        return phrase.or_else(|| app(text));
    }
    phrase.or_else(|| products(text).find_map(known)).or_else(|| added(text)).or(found)
}

fn known(product: Product) -> Option<String> {
    // Apps of one house count their versions behind an underscore.
    let name = product.name.rsplit_once('_').filter(|(_, number)| has_number(number)).map_or(product.name, |(name, _)| name);
    let (_, family) = PRODUCTS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known))?;
    Some((*family).to_owned())
}

/// The product that somebody added to a present-day engine's own.
fn added(text: &str) -> Option<String> {
    // Browsers of the first years carried the names of their extensions.
    if !text.contains("AppleWebKit/5") && !text.contains("AppleWebKit/6") && !text.contains("Gecko/20100101") {
        return None;
    }
    let is_name = |name: &str| {
        (2..=24).contains(&name.len())
            && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
            && !PARTS.iter().any(|part| name.eq_ignore_ascii_case(part))
    };
    // What stands before the engine is a system's or a maker's word.
    let behind = products(text).skip_while(|product| !matches!(product.name, "AppleWebKit" | "Gecko"));
    behind.filter(|product| has_number(product.version)).find(|product| is_name(product.name)).map(|product| product.name.to_owned())
}

/// The app that names itself first and then the phone's system: `Shop-Android/4.9 (Android/15; …)`, `Shop/IOS/908/4.2`.
fn app(text: &str) -> Option<String> {
    let first = text.split([' ', '(']).next()?;
    let (name, version) = first.split_once('/')?;
    let is_name = name.len() > 2 && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    let system = version.split('/').next().is_some_and(|word| matches!(word.to_ascii_lowercase().as_str(), "ios" | "android"));
    let named = has_number(version) && (text.contains("(Android/") || text.contains("(iOS/") || text.contains(" lang/"));
    (is_name && (system || named)).then(|| name.to_owned())
}
