//! From a version's body to one recipient's mail: the body is cut once into literals, fields and addresses; a mail is their sequence.

use std::collections::HashMap;

use minijinja::{Environment, UndefinedBehavior};
use serde_json::{Map, Value};

use super::find_tags::{Piece, inner, pieces, simple};
use super::links::{END, LINK, PIXEL, PREFERENCES, QUESTION, TRAP, UNSUBSCRIBE};
use super::person::{COLUMNS, Person, shown};

/// Steps a merge tag may take before it is stopped.
const FUEL: u64 = 20_000;

/// Why a mail cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The recipient has no value for a field and the tag has no fallback.
    #[error("contact.{0} is empty and the merge tag has no fallback")]
    Missing(String),
    /// The tag cannot be read or failed.
    #[error("{0}")]
    Tag(String),
}

/// The addresses that belong to one send.
pub trait Addresses {
    /// Appends the tracked address of link `position`.
    fn push_link(&self, out: &mut String, position: u16);
    /// Appends the address at which this recipient unsubscribes.
    fn push_unsubscribe(&self, out: &mut String);
    /// Appends the address of this recipient's preference page.
    fn push_preferences(&self, out: &mut String);
    /// Appends the address of the page that asks this recipient a question.
    fn push_question(&self, out: &mut String);
    /// Appends the address of the open pixel.
    fn push_pixel(&self, out: &mut String);
    /// Appends an address that no person sees.
    fn push_trap(&self, out: &mut String);
}

/// One recipient's mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The subject.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub plain: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Segment {
    Literal(String),
    Column {
        slot: usize,
        fallback: Option<String>,
    },
    Custom {
        field: String,
        fallback: Option<String>,
    },
    /// A template of the engine, by its name.
    Engine(String),
    Link(u16),
    Unsubscribe,
    Preferences,
    Question,
    Pixel,
    Trap,
}

/// How values are written into the surrounding text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    Html,
    Plain,
    Address,
}

/// A version's body, cut and ready. Shared by all recipients.
pub struct Body {
    subject: Vec<Segment>,
    html: Vec<Segment>,
    plain: Vec<Segment>,
    engine: Environment<'static>,
    reads_custom: bool,
    html_bytes: usize,
    plain_bytes: usize,
}

impl Body {
    /// Cuts a compiled version.
    pub fn cut(subject: &str, html: &str, plain: &str) -> Result<Self, RenderError> {
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_fuel(Some(FUEL));
        let subject = segments(subject, "subject.txt", &mut engine)?;
        let (html_bytes, plain_bytes) = (html.len() + 1_024, plain.len() + 512);
        let html = segments(html, "body.html", &mut engine)?;
        let plain = segments(plain, "plain.txt", &mut engine)?;
        let rich = |segment: &Segment| matches!(segment, Segment::Custom { .. } | Segment::Engine(_));
        let reads_custom = subject.iter().chain(&html).chain(&plain).any(rich);
        Ok(Self { subject, html, plain, engine, reads_custom, html_bytes, plain_bytes })
    }

    /// Renders one recipient's mail.
    pub fn render(&self, person: &Person, addresses: &dyn Addresses) -> Result<Rendered, RenderError> {
        let custom = if self.reads_custom { person.custom() } else { Map::new() };
        let mut rendered = Rendered {
            subject: String::with_capacity(96),
            html: String::with_capacity(self.html_bytes),
            plain: String::with_capacity(self.plain_bytes),
        };
        let mut scene = Scene { person, custom: &custom, addresses, engine: &self.engine };
        scene.write(&mut rendered.subject, &self.subject, Escape::Plain)?;
        scene.write(&mut rendered.html, &self.html, Escape::Html)?;
        scene.write(&mut rendered.plain, &self.plain, Escape::Plain)?;
        Ok(rendered)
    }

    /// The fields that are shown without a fallback.
    pub fn fields_without_fallback(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for segment in self.subject.iter().chain(&self.html) {
            let field = match segment {
                Segment::Column { slot, fallback: None } => COLUMNS.get(*slot).map(|name| (*name).to_owned()),
                Segment::Custom { field, fallback: None } => Some(field.clone()),
                _ => None,
            };
            if let Some(field) = field.filter(|f| !found.contains(f)) {
                found.push(field);
            }
        }
        found
    }
}

/// Fills the merge tags of a link's address; values are percent-encoded.
pub(crate) fn render_address(url: &str, person: &Person) -> Result<String, RenderError> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    let segments = segments(url, "address.txt", &mut engine)?;
    let custom = person.custom();
    let mut out = String::with_capacity(url.len() + 32);
    Scene { person, custom: &custom, addresses: &NoAddresses, engine: &engine }.write(&mut out, &segments, Escape::Address)?;
    Ok(out)
}

struct NoAddresses;
impl Addresses for NoAddresses {
    fn push_preferences(&self, _: &mut String) {}
    fn push_question(&self, _: &mut String) {}
    fn push_link(&self, _: &mut String, _: u16) {}
    fn push_unsubscribe(&self, _: &mut String) {}
    fn push_pixel(&self, _: &mut String) {}
    fn push_trap(&self, _: &mut String) {}
}

struct Scene<'s> {
    person: &'s Person,
    custom: &'s Map<String, Value>,
    addresses: &'s dyn Addresses,
    engine: &'s Environment<'static>,
}

impl Scene<'_> {
    fn write(&mut self, out: &mut String, segments: &[Segment], escape: Escape) -> Result<(), RenderError> {
        for segment in segments {
            match segment {
                Segment::Literal(text) => out.push_str(text),
                Segment::Column { slot, fallback } => {
                    let value = self.person.slot(*slot).or(fallback.as_deref());
                    let name = COLUMNS.get(*slot).copied().unwrap_or_default();
                    push(out, value.ok_or_else(|| RenderError::Missing(name.to_owned()))?, escape);
                }
                Segment::Custom { field, fallback } => {
                    let value = self.custom.get(field).and_then(shown).or_else(|| fallback.clone());
                    push(out, &value.ok_or_else(|| RenderError::Missing(field.clone()))?, escape);
                }
                Segment::Engine(name) => out.push_str(&self.run(name)?),
                Segment::Link(position) => self.addresses.push_link(out, *position),
                Segment::Unsubscribe => self.addresses.push_unsubscribe(out),
                Segment::Preferences => self.addresses.push_preferences(out),
                Segment::Question => self.addresses.push_question(out),
                Segment::Pixel => self.addresses.push_pixel(out),
                Segment::Trap => self.addresses.push_trap(out),
            }
        }
        Ok(())
    }

    fn run(&self, name: &str) -> Result<String, RenderError> {
        let [mut unsubscribe, mut preferences, mut question] = [const { String::new() }; 3];
        self.addresses.push_unsubscribe(&mut unsubscribe);
        self.addresses.push_preferences(&mut preferences);
        self.addresses.push_question(&mut question);
        let contact = Value::Object(self.person.context());
        let context = minijinja::Value::from_pairs([
            ("contact", engine_value(&contact)),
            ("unsubscribe_url", minijinja::Value::from(unsubscribe)),
            ("preferences_url", minijinja::Value::from(preferences)),
            ("question_url", minijinja::Value::from(question)),
        ]);
        let template = self.engine.get_template(name).map_err(|e| RenderError::Tag(e.to_string()))?;
        template.render(context).map_err(|e| RenderError::Tag(e.to_string()))
    }
}

/// JSON as the template engine holds it; what is null is not there.
fn engine_value(value: &Value) -> minijinja::Value {
    match value {
        Value::Null => minijinja::Value::UNDEFINED,
        Value::Bool(yes) => minijinja::Value::from(*yes),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| minijinja::Value::from(number.as_f64().unwrap_or(0.0)), minijinja::Value::from)
        }
        Value::String(text) => minijinja::Value::from(text.as_str()),
        Value::Array(items) => minijinja::Value::from(items.iter().map(engine_value).collect::<Vec<_>>()),
        Value::Object(map) => {
            let known = map.iter().filter(|(_, value)| !value.is_null());
            minijinja::Value::from_pairs(known.map(|(key, value)| (key.as_str(), engine_value(value))))
        }
    }
}

fn push(out: &mut String, value: &str, escape: Escape) {
    match escape {
        Escape::Html => push_escaped(out, value),
        Escape::Plain => out.push_str(value),
        Escape::Address => out.extend(url::form_urlencoded::byte_serialize(value.as_bytes())),
    }
}

/// Appends `text` so that it shows as itself in HTML.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// Cuts a text. When it holds blocks (`{% … %}`), everything from the first to the last block is one template of the engine.
fn segments(text: &str, name: &str, engine: &mut Environment<'static>) -> Result<Vec<Segment>, RenderError> {
    let pieces = pieces(text);
    let is_block = |piece: &Piece<'_>| matches!(piece, Piece::Block(_));
    let first = pieces.iter().position(is_block);
    let last = pieces.iter().rposition(is_block);
    let mut found = Cutter { segments: Vec::new(), name, engine, names: HashMap::new() };
    let mut region = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        let inside = first.is_some_and(|first| at >= first) && last.is_some_and(|last| at <= last);
        match piece {
            Piece::Plain(text) | Piece::Tag(text) | Piece::Block(text) if inside => {
                region.push_str(text);
                if Some(at) == last {
                    found.region(&region)?;
                }
            }
            Piece::Plain(text) => found.plain(text),
            Piece::Tag(tag) | Piece::Block(tag) => found.tag(tag)?,
        }
    }
    Ok(found.segments)
}

struct Cutter<'c> {
    segments: Vec<Segment>,
    name: &'c str,
    engine: &'c mut Environment<'static>,
    names: HashMap<String, String>,
}

impl Cutter<'_> {
    fn literal(&mut self, text: &str) {
        match self.segments.last_mut() {
            _ if text.is_empty() => {}
            Some(Segment::Literal(last)) => last.push_str(text),
            _ => self.segments.push(Segment::Literal(text.to_owned())),
        }
    }

    /// Literal text with marks in it.
    fn plain(&mut self, text: &str) {
        let mut rest = text;
        while let Some(at) = rest.find("[[attune:") {
            let (before, tail) = rest.split_at(at);
            self.literal(before);
            let Some(end) = tail.find(END).map(|at| at + END.len()) else { break };
            let (mark, after) = tail.split_at(end);
            match mark_segment(mark) {
                Some(segment) => self.segments.push(segment),
                None => self.literal(mark),
            }
            rest = after;
        }
        self.literal(rest);
    }

    fn tag(&mut self, tag: &str) -> Result<(), RenderError> {
        let address = match inner(tag) {
            "unsubscribe_url" => Some(Segment::Unsubscribe),
            "preferences_url" => Some(Segment::Preferences),
            "question_url" => Some(Segment::Question),
            _ => None,
        };
        if let Some(segment) = address {
            self.segments.push(segment);
            return Ok(());
        }
        match simple(tag) {
            Some(tag) => {
                let slot = COLUMNS.iter().position(|known| *known == tag.field);
                self.segments.push(match slot {
                    Some(slot) => Segment::Column { slot, fallback: tag.fallback },
                    None => Segment::Custom { field: tag.field, fallback: tag.fallback },
                });
                Ok(())
            }
            None => self.engine_template(tag),
        }
    }

    /// A region with blocks.
    fn region(&mut self, source: &str) -> Result<(), RenderError> {
        if source.contains(LINK) {
            return Err(RenderError::Tag("a link inside {% … %} cannot be tracked; put the condition around its text".to_owned()));
        }
        self.engine_template(source)
    }

    fn engine_template(&mut self, source: &str) -> Result<(), RenderError> {
        let count = self.names.len();
        let name = self.names.entry(source.to_owned()).or_insert_with(|| format!("{count}-{}", self.name)).clone();
        self.engine.add_template_owned(name.clone(), source.to_owned()).map_err(|e| RenderError::Tag(e.to_string()))?;
        self.segments.push(Segment::Engine(name));
        Ok(())
    }
}

fn mark_segment(mark: &str) -> Option<Segment> {
    match mark {
        UNSUBSCRIBE => Some(Segment::Unsubscribe),
        PREFERENCES => Some(Segment::Preferences),
        QUESTION => Some(Segment::Question),
        PIXEL => Some(Segment::Pixel),
        TRAP => Some(Segment::Trap),
        _ => mark.strip_prefix(LINK)?.strip_suffix(END)?.parse().ok().map(Segment::Link),
    }
}
