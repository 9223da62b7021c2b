//! The little Rust behind the component kit (`ui/kit.html`) and the pages that every installation has: errors.

use std::fmt::Display;

use askama::Template;
use attune_kernel::initials;
use axum::response::Response;
use http::StatusCode;

use crate::form::FormErrors;
use crate::language::{Lang, Real, Whole};
use crate::shell::{Shell, html};
use crate::{Problem, Web};

/// The URL of an embedded file by its plain name.
pub fn asset(name: &str) -> &'static str {
    attune_assets::url(name)
}

/// An icon of the sprite; it is decorative, the text beside it speaks. `class` may be empty.
pub fn icon(name: &str, class: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" {class}") };
    format!("<svg class=\"i{class}\" aria-hidden=\"true\"><use href=\"{}#{name}\"/></svg>", attune_assets::url(attune_assets::SPRITE))
}

/// The label of a field.
pub fn label(l: &Lang, name: &str, text: impl Display, optional: &bool) -> String {
    drawn(&Label { l, name, text: &text.to_string(), optional: *optional })
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<label for="f-{{ name }}">{{ text }}{% if optional %} <span class="dim">{{ l.t("web-optional") }}</span>{% endif %}</label>"#
)]
struct Label<'a> {
    l: &'a Lang,
    name: &'a str,
    text: &'a str,
    optional: bool,
}

/// What stands below a field: what is wrong with it, else the hint.
pub fn note(l: &Lang, errors: &FormErrors, name: &str, hint: impl Display) -> String {
    let (wrong, hint) = (errors.of(name, l), hint.to_string());
    if wrong.is_empty() && hint.is_empty() { String::new() } else { drawn(&Note { name, wrong: &wrong, hint: &hint }) }
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% if wrong.is_empty() %}<p class="hint" id="f-{{ name }}-note">{{ hint }}</p>{% else %}<p class="err" id="f-{{ name }}-note">{{ wrong }}</p>{% endif %}"#
)]
struct Note<'a> {
    name: &'a str,
    wrong: &'a str,
    hint: &'a str,
}

/// What a field's control tells screen readers of its state.
pub fn marks(errors: &FormErrors, name: &str, hint: impl Display, optional: &bool) -> String {
    drawn(&Marks { name, wrong: errors.has(name), hinted: !hint.to_string().is_empty(), optional: *optional })
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% if !optional %} aria-required="true"{% endif %}{% if wrong %} aria-invalid="true"{% endif %}{% if wrong || hinted %} aria-describedby="f-{{ name }}-note"{% endif %}"#
)]
struct Marks<'a> {
    name: &'a str,
    wrong: bool,
    hinted: bool,
    optional: bool,
}

/// A moment as people say it, the full one in the title. `class` may be empty.
pub fn when(shell: &Shell, at: impl Whole, class: &str) -> String {
    drawn(&When { shell, at: at.whole(), class })
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<time{% if !class.is_empty() %} class="{{ class }}"{% endif %} datetime="{{ shell.l.iso(at) }}" title="{{ shell.l.moment(at) }}">{{ shell.l.when(at, shell.now) }}</time>"#
)]
struct When<'a> {
    shell: &'a Shell,
    at: i64,
    class: &'a str,
}

/// A part of a page, drawn here once instead of being compiled into every page that has it.
pub(crate) fn drawn(part: &impl Template) -> String {
    part.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a part of the page was not drawn");
        String::new()
    })
}

/// Up to two initials, or the last two characters of a Chinese name.
pub fn initials_of(name: impl Display) -> String {
    initials(&name.to_string())
}

/// The tone of an avatar: always the same for the same id.
pub fn avatar_tone(id: impl Into<i64>) -> &'static str {
    const TONES: [&str; 6] = ["accent", "violet", "blue", "good", "warn", "bad"];
    let id: i64 = id.into();
    let mixed = (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    TONES.get(usize::try_from(mixed % 6).unwrap_or(0)).copied().unwrap_or("accent")
}

/// How much of a ring or a bar is drawn, 0 to 100.
pub fn share(value: impl Real, max: impl Real) -> String {
    let (value, max) = (value.real(), max.real());
    let share = if max > 0.0 { (value / max * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    format!("{share:.0}")
}

/// A query string with `name` set to `value` (removed when empty): for filters, sorting and paging that keep the rest of the address.
/// `query` is what stands after the `?`; the answer starts with `?`. The place in a paged list (`after`) is dropped: it belongs to the
/// old order.
pub fn with_query(query: &str, name: &str, value: impl Display) -> String {
    let value = value.to_string();
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    for (key, old) in url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != name && key != "after") {
        out.append_pair(&key, &old);
    }
    if !value.is_empty() {
        out.append_pair(name, &value);
    }
    format!("?{}", out.finish())
}

/// Moves the first item that `is` by one place towards the beginning or the end, where there is one.
pub fn shift<T>(items: &mut [T], is: impl Fn(&T) -> bool, up: bool) {
    let Some(at) = items.iter().position(is) else { return };
    let to = if up { at.checked_sub(1) } else { Some(at + 1).filter(|to| *to < items.len()) };
    if let Some(to) = to {
        items.swap(at, to);
    }
}

/// Cuts rows that were read with a limit of one more than `size` to one page; answers the last of them when more lie behind it.
pub fn cut_page<T>(rows: &mut Vec<T>, size: usize) -> Option<&T> {
    let more = rows.len() > size;
    rows.truncate(size);
    rows.last().filter(|_| more)
}

/// The sort order a click on a column's head leads to: numbers start with the largest, words with the first; a second click turns round.
pub fn sort_next(name: &str, current: &str, number: &bool) -> String {
    let falling = format!("-{name}");
    match (current == name, current == falling, number) {
        (true, ..) | (false, false, true) => falling,
        _ => name.to_owned(),
    }
}

/// The value of `aria-sort` for a column, empty when the list is sorted by another.
pub fn sort_state(name: &str, current: &str) -> &'static str {
    match current.strip_prefix('-') {
        Some(rest) if rest == name => "descending",
        None if current == name => "ascending",
        _ => "",
    }
}

/// One option of a select or a group of radio buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is posted.
    pub value: String,
    /// What is read.
    pub label: String,
}

impl Choice {
    /// An option.
    pub fn new(value: impl Display, label: impl Display) -> Self {
        Self { value: value.to_string(), label: label.to_string() }
    }

    /// Whether it is the one chosen.
    pub fn is(&self, value: impl Display) -> bool {
        self.value == value.to_string()
    }
}

/// One tab: a link with an address of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// The address.
    pub href: String,
    /// The words.
    pub label: String,
    /// Whether it is the one shown.
    pub current: bool,
    /// The number behind the words; may be empty.
    pub count: String,
}

impl Tab {
    /// A tab without a number.
    pub fn new(href: impl Display, label: impl Display, current: bool) -> Self {
        Self { href: href.to_string(), label: label.to_string(), current, count: String::new() }
    }

    /// With a number, already in the language's form.
    #[must_use]
    pub fn count(mut self, count: impl Display) -> Self {
        self.count = count.to_string();
        self
    }
}

/// The page of a problem.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    shell: &'a Shell,
    title: String,
    text: String,
    status: u16,
    reference: &'a str,
    ask: String,
}

impl<'a> ErrorPage<'a> {
    pub(crate) fn new(web: &Web, problem: &Problem, shell: &'a Shell, id: &'a str, grantors: &[String]) -> Self {
        let (title, mut text) = problem.words(&shell.l);
        if let Problem::Forbidden { permission } = problem {
            text = shell.l.of("web-forbidden-text").s("permission", permission_label(web, shell, permission)).to_string();
        }
        let ask = match grantors {
            [] => String::new(),
            names => shell.l.of("web-forbidden-ask").s("names", shell.l.list(names)).to_string(),
        };
        let reference = if matches!(problem, Problem::Fault(_)) { id } else { "" };
        Self { shell, title, text, status: problem.status().as_u16(), reference, ask }
    }

    pub(crate) fn response(&self, status: StatusCode) -> Response {
        html(status, self)
    }
}

/// What the role editor calls a permission; its key when no room announced it.
fn permission_label(web: &Web, shell: &Shell, key: &str) -> String {
    let known = web.permissions.iter().find(|def| def.key == key);
    known.map_or_else(|| key.to_owned(), |def| shell.l.t(def.label_key).to_string())
}

/// A problem told in a toast.
#[derive(Template)]
#[template(path = "problem_toast.html")]
pub(crate) struct ProblemToast<'a> {
    shell: &'a Shell,
    title: String,
    text: String,
    reference: &'a str,
}

impl<'a> ProblemToast<'a> {
    pub(crate) fn new(problem: &Problem, shell: &'a Shell, id: &'a str) -> Self {
        let (title, text) = problem.words(&shell.l);
        Self { shell, title, text, reference: if matches!(problem, Problem::Fault(_)) { id } else { "" } }
    }

    pub(crate) fn html(&self) -> String {
        self.render().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_changes_in_one_place() {
        assert_eq!(with_query("view=mine&sort=name&after=x", "sort", "-score"), "?view=mine&sort=-score");
        assert_eq!(with_query("sort=name", "sort", ""), "?");
        assert_eq!(with_query("", "q", "林 a"), "?q=%E6%9E%97+a");
    }

    #[test]
    fn a_column_sorts_both_ways() {
        assert_eq!(sort_next("name", "", &false), "name");
        assert_eq!(sort_next("name", "name", &false), "-name");
        assert_eq!(sort_next("name", "-name", &false), "name");
        assert_eq!(sort_next("score", "name", &true), "-score");
        assert_eq!(sort_next("score", "-score", &true), "score");
        assert_eq!(sort_state("score", "-score"), "descending");
        assert_eq!(sort_state("score", "score"), "ascending");
        assert_eq!(sort_state("score", "name"), "");
    }

    #[test]
    fn avatars_and_rings() {
        assert_eq!(avatar_tone(5_i64), avatar_tone(5_i64));
        assert_eq!(share(84, 100), "84");
        assert_eq!(share(3_i64, 0.0), "0");
        assert_eq!(initials_of("Lena Hoffmann"), "LH");
    }
}
