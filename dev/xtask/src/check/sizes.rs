//! What is measured against the ratchet: files, functions, handlers, raw form fields, statements with two texts.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenTree};
use regex::Regex;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::ratchet::{Measured, Rule};
use crate::source;
use crate::sql::engine_forks;
use crate::tree::{File, Tree};

/// Measures everything that has a limit; answers only what is over it.
pub fn measure(tree: &Tree) -> Result<Vec<Measured>> {
    let mut over = Vec::new();
    for extension in ["rs", "html", "js", "sql"] {
        let lines = tree.files(extension).map(|file| Measured::new(Rule::FileLines, &file.path, file.text.lines().count()));
        over.extend(lines);
    }
    for file in tree.files("rs") {
        let handlers = if file.is_product() { handlers(tree, file)? } else { BTreeSet::new() };
        for function in functions(file)? {
            let place = format!("{}::{}", file.path, function.name);
            if handlers.contains(&function.name) && function.is_async {
                over.push(Measured::new(Rule::HandlerLines, &place, function.lines));
            }
            over.push(Measured::new(Rule::FunctionLines, &place, function.lines));
        }
    }
    let field = Regex::new(r"<(?:input|select|textarea)\b[^>]*>")?;
    for file in tree.files("html").filter(|file| file.room().is_some()) {
        over.push(Measured::new(
            Rule::RawFields,
            &file.path,
            field.find_iter(&file.text).filter(|found| !found.as_str().contains("type=\"hidden\"")).count(),
        ));
    }
    over.extend(engine_forks(tree).into_iter().map(|(place, count)| Measured::new(Rule::TwoTexts, place, count)));
    over.retain(|measured| measured.value > measured.rule.limit());
    Ok(over)
}

struct Function {
    name: String,
    lines: usize,
    is_async: bool,
}

fn functions(file: &File) -> Result<Vec<Function>> {
    let parsed = syn::parse_file(&file.text).map_err(|error| anyhow!("{}: {error}", file.path))?;
    let mut counter = Counter { found: Vec::new() };
    counter.visit_file(&parsed);
    Ok(counter.found)
}

struct Counter {
    found: Vec<Function>,
}

impl Counter {
    /// From `fn` to the closing brace, both included.
    fn count(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let lines = body.span().end().line.saturating_sub(signature.fn_token.span.start().line) + 1;
        self.found.push(Function { name: signature.ident.to_string(), lines, is_async: signature.asyncness.is_some() });
    }
}

impl<'ast> Visit<'ast> for Counter {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.count(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.count(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

/// The functions of `file` that a `.route(…)` of the same crate names inside `get(…)`, `post(…)` and the like.
fn handlers(tree: &Tree, file: &File) -> Result<BTreeSet<String>> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let faces = ["pages", "api"];
    let is_face = faces.iter().any(|face| name.starts_with(face) || file.path.contains(&format!("/{face}/")));
    let mut names = BTreeSet::new();
    for other in tree.product_rust().filter(|other| other.krate() == file.krate() && (is_face || other.path == file.path)) {
        if other.text.contains(".route(") {
            routed(source::tokens(other)?, &mut names);
        }
    }
    Ok(names)
}

/// Collects the last word of every argument of `get(…)`, `post(…)`, `put(…)`, `patch(…)`, `delete(…)`.
fn routed(trees: Vec<TokenTree>, names: &mut BTreeSet<String>) {
    let mut method = false;
    for tree in trees {
        match tree {
            TokenTree::Group(group) => {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                if method
                    && group.delimiter() == Delimiter::Parenthesis
                    && let Some(TokenTree::Ident(last)) = inside.last()
                {
                    names.insert(last.to_string());
                }
                routed(inside, names);
                method = false;
            }
            TokenTree::Ident(word) => method = ["get", "post", "put", "patch", "delete"].iter().any(|known| word == known),
            _ => method = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_what_routes_name() {
        let mut names = BTreeSet::new();
        let text = r#"Router::new().route("/quotes", get(list).post(pages::create)).route("/x", get(|| async { 1 }))"#;
        routed(text.parse::<proc_macro2::TokenStream>().unwrap().into_iter().collect(), &mut names);
        assert!(names.contains("list") && names.contains("create"));
    }

    #[test]
    fn a_function_is_as_long_as_its_lines() {
        let file = File { path: "a.rs".to_owned(), text: "fn one() {}\nimpl X {\n  async fn two(\n    a: i32,\n  ) {\n  }\n}".to_owned() };
        let lines: Vec<(String, usize, bool)> = functions(&file).unwrap().into_iter().map(|f| (f.name, f.lines, f.is_async)).collect();
        assert_eq!(lines, [("one".to_owned(), 1, false), ("two".to_owned(), 4, true)]);
    }
}
