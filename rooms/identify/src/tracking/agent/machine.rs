//! Whether an agent speaks for a machine, and how it shows.

use super::Machine;
use super::products::{Product, products};
use super::words::{BROWSERS, DOMAINS, ENDS, HEADLESS, IMITATED, LATER, LIBRARIES, MARKS, NAMES, PARTS, SYSTEMS, WORDS};

/// The reason to take an agent in lower case, with the device family its rules gave, for a machine's.
pub(super) fn machine(lower: &str, family: &str) -> Option<Machine> {
    // A name without any letter, or none at all, belongs to no browser.
    if lower.len() < 4 || !lower.chars().any(char::is_alphabetic) {
        return Some(Machine::NoAgent);
    }
    if HEADLESS.iter().any(|word| lower.contains(word)) {
        return Some(Machine::Headless);
    }
    if library(lower) {
        return Some(Machine::Library);
    }
    let free = !is_handset(family) || IMITATED.contains(&family);
    if family == "Spider" || says_bot(lower) || says_kind(lower) || says_where(lower, free) || is_stranger(lower) {
        return Some(Machine::KnownBot);
    }
    // Apps and makers of handsets put words of their own where nobody else does.
    if free && (ENDS.iter().any(|name| word_ends(lower, name)) || is_marked(lower)) {
        return Some(Machine::KnownBot);
    }
    // Every browser of the last 20 years names an engine or a handset; what names neither is a program of its own.
    let browser = BROWSERS.iter().any(|start| lower.starts_with(start)) || is_handset(family);
    let system = SYSTEMS.iter().any(|name| word_starts(lower, name)) || lower.contains("browser");
    (!browser && !system).then_some(Machine::Library)
}

/// Whether the rules know the device by its own name. `Generic Feature Phone` is a guess from four letters.
fn is_handset(family: &str) -> bool {
    !matches!(family, "" | "Other" | "Spider" | "Generic Feature Phone")
}

/// Whether the first word is a program library or a command line tool, or a later one can be nothing else.
fn library(lower: &str) -> bool {
    let first = lower.split(['/', ' ', '(']).next().unwrap_or("");
    let named = LIBRARIES
        .iter()
        .any(|name| first.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.', ':', ';', ','])));
    named || (!lower.starts_with("lynx") && products(lower).any(|product| LATER.iter().any(|name| product.name.starts_with(name))))
}

/// Whether a word ends or starts with `bot`: `Googlebot/2.1`, `bot-1`; not the phones of Cubot.
fn says_bot(lower: &str) -> bool {
    lower.match_indices("bot").any(|(at, _)| {
        let before = lower.get(..at).unwrap_or("");
        let after = lower.get(at + 3..).unwrap_or("");
        let ends = !after.starts_with(|next: char| next.is_ascii_alphabetic()) || after == "s" || after.starts_with("s/");
        let starts = !before.ends_with(|last: char| last.is_ascii_alphanumeric()) && !after.starts_with("h ") && !after.starts_with("tom");
        (ends || starts) && !before.ends_with("cu")
    })
}

/// Whether it says what it does, or has a name that only machines have.
fn says_kind(lower: &str) -> bool {
    WORDS.iter().any(|word| lower.contains(word)) || NAMES.iter().any(|name| word_starts(lower, name))
}

/// Whether it says where to ask about it: an address of the web or of mail, or the name of a site. Apps on handsets and the first browsers
/// named sites, too: who had made them, or who had given them away.
fn says_where(lower: &str, free: bool) -> bool {
    let lower = lower.replace("(via translate.google.com)", "");
    if lower.contains("+http") {
        return true;
    }
    if !free || lower.contains("[fban") || lower.contains("msie ") && lower.contains("windows") || lower.contains("; rv:1.") {
        return false;
    }
    let mut words = lower.split([' ', '(', ')', ';', ',', '<', '>', '+', '[', ']']);
    words.any(|word| {
        word.starts_with("http:")
            || word.starts_with("https:")
            || word.starts_with("www.")
            || word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && site(host))
            || word.split('/').next().is_some_and(site)
    })
}

/// Whether a word is the name of a site, `reciperadar.com`, and not of an app, `com.abc.mobile`.
fn site(word: &str) -> bool {
    let Some((name, end)) = word.rsplit_once('.') else { return false };
    let plain = |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_'));
    let app = ["com.", "net.", "org.", "de.", "io.", "jp."].iter().any(|start| word.starts_with(start));
    name.len() > 2 && DOMAINS.contains(&end) && plain(name) && name.contains(|letter: char| letter.is_ascii_alphabetic()) && !app
}

/// Whether it comes as compatible to browsers without being one: `Mozilla/5.0 (compatible; Name)`.
fn is_stranger(lower: &str) -> bool {
    let comment = lower.split_once("(compatible;").map(|(_, rest)| rest.split(')').next().unwrap_or("").trim());
    lower.starts_with("mozilla/")
        && comment.is_some_and(|comment| !PARTS.iter().any(|part| comment.contains(part)))
        && !lower.contains("firefox/1.")
        && !SYSTEMS.iter().any(|name| word_starts(lower, name))
}

/// Whether a mark of its own stands where browsers built on WebKit have none: in the engine's comment, as a bare word between engine and
/// browser, or as a bare word at the end of a desktop's agent.
fn is_marked(lower: &str) -> bool {
    let Some((_, engine)) = lower.split_once("applewebkit/5").or_else(|| lower.split_once("applewebkit/6")) else { return false };
    if engine.split_once("like gecko").is_some_and(|(_, rest)| rest.starts_with([';', ',']) && !rest.starts_with(", safari")) {
        return true;
    }
    let named = |name: &str| MARKS.contains(&name) || name.chars().any(|letter| !letter.is_ascii_alphanumeric() && letter != '-');
    let bare = |product: &Product| product.version.is_empty() && product.name.len() > 2 && !named(product.name);
    let closes = |product: &Product| product.name == "safari";
    let words = || products(engine).skip(1).skip_while(|product| product.name.starts_with('.'));
    let desktop = ["(windows nt", "(macintosh", "(x11"].iter().any(|system| lower.contains(system));
    words().any(|product| closes(&product))
        && (words().take_while(|product| !closes(product)).any(|product| bare(&product))
            || desktop && words().skip_while(|product| !closes(product)).last().is_some_and(|product| bare(&product)))
}

/// Whether a word of the agent starts with `name`.
fn word_starts(lower: &str, name: &str) -> bool {
    lower.match_indices(name).any(|(at, _)| !lower.get(..at).unwrap_or("").ends_with(|before: char| before.is_ascii_alphanumeric()))
}

/// Whether a word of the agent ends with `name`.
fn word_ends(lower: &str, name: &str) -> bool {
    lower
        .match_indices(name)
        .any(|(at, _)| !lower.get(at + name.len()..).unwrap_or("").starts_with(|after: char| after.is_ascii_alphabetic()))
}
