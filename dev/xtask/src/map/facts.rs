//! What the code declares: routes, events, reactors, jobs, read from tokens.

use std::collections::BTreeMap;

use anyhow::Result;
use proc_macro2::{Delimiter, Group, TokenTree};

use crate::source;
use crate::tree::{File, Tree};

/// What is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address with its methods.
    Route,
    /// `noun.past_tense`.
    Event,
    /// A follower of the log.
    Reactor,
    /// `room.verb_noun`.
    Job,
}

/// One declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The folder it is declared in.
    pub folder: String,
    /// Methods, meaning or what it hears.
    pub note: String,
}

/// The struct that declares, the field with the name, the field with the note.
const DECLARED: &[(&str, Kind, &str, &str)] =
    &[("EventDef", Kind::Event, "name", "meaning"), ("Reactor", Kind::Reactor, "key", "hears"), ("JobDef", Kind::Job, "kind", "")];

/// The noun's folder: `rooms/sell/src/quote`; the crate's folder for files right below `src/`.
pub fn folder_of(file: &File) -> String {
    let inside = file.path.get(file.krate().len() + 1..).unwrap_or("");
    match inside.strip_prefix("src/").and_then(|rest| rest.split_once('/')) {
        Some((noun, _)) => format!("{}/src/{noun}", file.krate()),
        None => file.krate().to_owned(),
    }
}

/// Reads the product's source.
pub fn read(tree: &Tree) -> Result<Vec<Fact>> {
    let mut constants: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut files = Vec::new();
    for file in tree.product_rust() {
        let trees = source::tokens(file)?;
        string_constants(&trees, file.krate(), &mut constants);
        files.push((file, trees));
    }
    let mut facts = Vec::new();
    for (file, trees) in files {
        let reader = Reader { file, constants: &constants };
        reader.walk(&trees, &mut facts);
    }
    Ok(facts)
}

/// `const NAME : & str = "…" ;` anywhere in the file.
fn string_constants(trees: &[TokenTree], krate: &str, constants: &mut BTreeMap<(String, String), String>) {
    for (index, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => string_constants(&inside(group), krate, constants),
            TokenTree::Ident(word) if word == "const" => {
                let Some(TokenTree::Ident(name)) = trees.get(index + 1) else { continue };
                let rest = trees.iter().skip(index + 2).take_while(|tree| !matches!(tree, TokenTree::Punct(p) if p.as_char() == ';'));
                if let Some(value) = rest.last().and_then(source::string_of) {
                    constants.insert((krate.to_owned(), name.to_string()), value);
                }
            }
            _ => {}
        }
    }
}

fn inside(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

struct Reader<'a> {
    file: &'a File,
    constants: &'a BTreeMap<(String, String), String>,
}

impl Reader<'_> {
    fn walk(&self, trees: &[TokenTree], facts: &mut Vec<Fact>) {
        for (index, tree) in trees.iter().enumerate() {
            if is_definition(trees, index) {
                continue;
            }
            let TokenTree::Group(group) = tree else { continue };
            let before = index.checked_sub(1).and_then(|at| trees.get(at));
            if let Some(TokenTree::Ident(name)) = before {
                facts.extend(self.declared(&name.to_string(), group));
            }
            self.walk(&inside(group), facts);
        }
    }

    fn declared(&self, name: &str, group: &Group) -> Option<Fact> {
        if name == "route" && group.delimiter() == Delimiter::Parenthesis {
            return self.route(&inside(group));
        }
        let (_, kind, named, noted) = DECLARED.iter().find(|(declared, ..)| *declared == name)?;
        if group.delimiter() != Delimiter::Brace {
            return None;
        }
        let fields = fields(&inside(group));
        let name = self.text(fields.get(*named)?).into_iter().next()?;
        let note = fields.get(*noted).map(|value| self.text(value).join(", ")).unwrap_or_default();
        Some(Fact { kind: *kind, name, folder: folder_of(self.file), note })
    }

    fn route(&self, arguments: &[TokenTree]) -> Option<Fact> {
        let path = self.text(arguments.get(..1)?).into_iter().next()?;
        let mut methods = Vec::new();
        for pair in arguments.windows(2) {
            let [TokenTree::Ident(word), TokenTree::Group(_)] = pair else { continue };
            let word = word.to_string();
            if ["get", "post", "put", "patch", "delete", "any"].contains(&word.as_str()) {
                methods.push(word.to_uppercase());
            }
        }
        Some(Fact { kind: Kind::Route, name: path, folder: folder_of(self.file), note: methods.join(" ") })
    }

    /// The strings in an expression; constants of the same crate are looked up.
    fn text(&self, trees: &[TokenTree]) -> Vec<String> {
        let mut found = Vec::new();
        for tree in trees {
            match tree {
                TokenTree::Group(group) => found.extend(self.text(&inside(group))),
                TokenTree::Ident(word) => {
                    let key = (self.file.krate().to_owned(), word.to_string());
                    found.extend(self.constants.get(&key).cloned());
                }
                other => found.extend(source::string_of(other)),
            }
        }
        found
    }
}

/// `struct EventDef {…}`, `impl Reactor {…}`, `impl X for Reactor {…}` define a type and declare nothing.
fn is_definition(trees: &[TokenTree], index: usize) -> bool {
    let back = |steps: usize| index.checked_sub(steps).and_then(|at| trees.get(at));
    let is =
        |tree: Option<&TokenTree>, words: &[&str]| matches!(tree, Some(TokenTree::Ident(word)) if words.iter().any(|known| word == known));
    is(back(2), &["struct", "impl", "for", "enum", "trait"])
}

/// The fields of a struct expression: name → the tokens of its value.
fn fields(trees: &[TokenTree]) -> BTreeMap<String, Vec<TokenTree>> {
    let mut fields = BTreeMap::new();
    for field in trees.split(|tree| matches!(tree, TokenTree::Punct(p) if p.as_char() == ',')) {
        let [TokenTree::Ident(name), TokenTree::Punct(colon), value @ ..] = field else { continue };
        if colon.as_char() == ':' {
            fields.insert(name.to_string(), value.to_vec());
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read_from_expressions_and_macros() {
        let text = r#"
const SEND: &str = "sell.send_quote";
pub struct EventDef { pub name: &'static str }
fn room() -> Room {
    Room::new("sell").route("/quotes/{id}", get(show).post(save)).events(vec![EventDef { name: "quote.sent", meaning: "a quote went out" }]);
    JobDef { kind: SEND, max_attempts: 3 };
    Reactor { key: "sell.fill_pool", hears: &["score.changed", "contact.created"], react }
}"#;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("rooms/sell/src/quote")).unwrap();
        std::fs::write(folder.path().join("rooms/sell/src/quote/mod.rs"), text).unwrap();
        let facts = read(&Tree::at(folder.path().to_owned()).unwrap()).unwrap();
        let short: Vec<(Kind, &str, &str)> = facts.iter().map(|fact| (fact.kind, fact.name.as_str(), fact.note.as_str())).collect();
        assert_eq!(
            short,
            [
                (Kind::Route, "/quotes/{id}", "GET POST"),
                (Kind::Event, "quote.sent", "a quote went out"),
                (Kind::Job, "sell.send_quote", ""),
                (Kind::Reactor, "sell.fill_pool", "score.changed, contact.created"),
            ]
        );
        assert!(facts.iter().all(|fact| fact.folder == "rooms/sell/src/quote"));
    }
}
