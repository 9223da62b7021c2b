//! The kind of device: what segments and pages tell apart.

use super::Word;

/// Words of devices that are held in both hands.
const TABLETS: [&str; 12] = [
    "ipad",
    "tablet",
    "kindle",
    "playbook",
    "nexus 7",
    "nexus 9",
    "nexus 10",
    "xoom",
    "galaxy tab",
    "mediapad",
    "tab ",
    "silk-accelerated",
];

/// Words of sets, boxes, consoles and watches.
const OTHERS: [&str; 24] = [
    "smarttv",
    "smart-tv",
    "tv",
    "netcast",
    "hbbtv",
    "roku",
    "viera",
    "bravia",
    "aquos",
    "playstation",
    "xbox",
    "nintendo",
    "wii",
    "crkey",
    "chromecast",
    "watch",
    "aft",
    "settop",
    "set-top",
    "dlna",
    "blu-ray",
    "quest",
    "carplay",
    "brightsign",
];

/// Words of phones, from those with keys to those with a glass front.
const PHONES: [&str; 31] = [
    "windows ce",
    "iphone",
    "ipod",
    "mobile",
    "phone",
    "midp",
    "cldc",
    "symbian",
    "series60",
    "series40",
    "blackberry",
    "bb10",
    "opera mini",
    "opera mobi",
    "iemobile",
    "kaios",
    "nokia",
    "webos",
    "up.browser",
    "up.link",
    "docomo",
    "softbank",
    "kddi",
    "j-phone",
    "vodafone",
    "ucweb",
    "dalvik",
    "brew",
    "bada",
    "obigo",
    "netfront",
];

/// Words of machines on a desk.
const DESKTOPS: [&str; 14] = [
    "windows",
    "win98",
    "win95",
    "win 9",
    "win32",
    "win64",
    "macintosh",
    "mac_powerpc",
    "mac os x",
    "x11",
    "linux",
    "cros",
    "freebsd",
    "sunos",
];

/// `desktop`, `phone`, `tablet` or `other` for an agent in lower case, and the system and device family its rules gave.
pub(super) fn class(lower: &str, os: &str, family: &str) -> Word {
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let family = family.to_lowercase();
    if os == "tvOS" || os == "WatchOS" || os == "Roku" || family.ends_with("tv") || OTHERS.iter().any(|word| starts(lower, word)) {
        return "other";
    }
    let android = lower.contains("android") && !lower.contains("windows phone");
    if has(&TABLETS)
        || family == "generic tablet"
        || (android && !has(&["mobile", "dalvik", "opera mini", "opera mobi", "ucweb", "fennec"]))
    {
        return "tablet";
    }
    if android || has(&PHONES) || family.contains("phone") {
        return "phone";
    }
    if has(&DESKTOPS) {
        return "desktop";
    }
    match os {
        "Windows" | "Mac OS X" | "Linux" | "Ubuntu" | "Chrome OS" => "desktop",
        "iOS" | "Symbian OS" | "BlackBerry OS" | "Windows Phone" | "KaiOS" => "phone",
        _ => "other",
    }
}

/// Whether a word of the agent starts with `word`.
fn starts(lower: &str, word: &str) -> bool {
    lower.match_indices(word).any(|(at, _)| !lower.get(..at).unwrap_or("").ends_with(|before: char| before.is_ascii_lowercase()))
}
