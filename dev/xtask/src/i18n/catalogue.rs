//! The Fluent files of one language, all crates together.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser;

use crate::tree::{File, Tree};

/// One text with its placeholders.
#[derive(Clone, Debug)]
pub struct Message {
    /// The file and line it stands in.
    pub place: String,
    /// What a reader sees, with `{}` for each placeholder; every variant of a choice on a line of its own.
    pub text: String,
    /// The names of the placeholders.
    pub variables: BTreeSet<String>,
}

/// The messages of a language by key (attributes as `key.attribute`), and what could not be read.
#[derive(Default)]
pub struct Catalogue {
    /// All messages.
    pub messages: BTreeMap<String, Message>,
    /// Syntax errors and double keys.
    pub errors: Vec<String>,
}

/// Reads every `locales/<language>.ftl` of the product.
pub fn read(tree: &Tree, language: &str) -> Catalogue {
    let mut catalogue = Catalogue::default();
    let name = format!("/locales/{language}.ftl");
    for file in tree.files("ftl").filter(|file| file.is_product() && file.path.ends_with(&name)) {
        catalogue.add(file);
    }
    catalogue
}

impl Catalogue {
    fn add(&mut self, file: &File) {
        let resource = match parser::parse(file.text.as_str()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                let told = errors.iter().map(|error| format!("{}:{}: {}", file.path, file.line_of(error.pos.start), error.kind));
                self.errors.extend(told);
                resource
            }
        };
        for entry in resource.body {
            let (id, value, attributes) = match entry {
                Entry::Message(message) => (message.id.name.to_owned(), message.value, message.attributes),
                Entry::Term(term) => (format!("-{}", term.id.name), Some(term.value), term.attributes),
                _ => continue,
            };
            if let Some(value) = value {
                self.insert(file, &id, &id, &value);
            }
            for attribute in attributes {
                self.insert(file, &format!("{id}.{}", attribute.id.name), &id, &attribute.value);
            }
        }
    }

    fn insert(&mut self, file: &File, key: &str, id: &str, value: &Pattern<&str>) {
        let line = file.text.lines().position(|line| line.strip_prefix(id).is_some_and(|rest| rest.trim_start().starts_with('=')));
        let mut message =
            Message { place: format!("{}:{}", file.path, line.unwrap_or(0) + 1), text: String::new(), variables: BTreeSet::new() };
        message.pattern(value);
        if let Some(before) = self.messages.insert(key.to_owned(), message) {
            self.errors.push(format!("{}: {key} stands already in {}", file.path, before.place));
        }
    }
}

impl Message {
    fn pattern(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.text.push_str(value),
                PatternElement::Placeable { expression } => self.expression(expression),
            }
        }
    }

    fn expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(inline) => {
                self.text.push_str("{}");
                self.inline(inline);
            }
            Expression::Select { selector, variants } => {
                self.inline(selector);
                for variant in variants {
                    self.text.push('\n');
                    self.pattern(&variant.value);
                }
                self.text.push('\n');
            }
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&str>) {
        match inline {
            InlineExpression::VariableReference { id } => {
                self.variables.insert(id.name.to_owned());
            }
            InlineExpression::FunctionReference { arguments, .. } => self.arguments(arguments),
            InlineExpression::TermReference { arguments: Some(arguments), .. } => self.arguments(arguments),
            InlineExpression::Placeable { expression } => self.expression(expression),
            _ => {}
        }
    }

    fn arguments(&mut self, arguments: &CallArguments<&str>) {
        for argument in &arguments.positional {
            self.inline(argument);
        }
        for argument in &arguments.named {
            self.inline(&argument.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_in_choices_and_functions() {
        let text = "sell-quotes = { $count ->\n    [one] one quote\n   *[other] { NUMBER($count) } quotes of { $name }\n}\nsell-x =\n    .title = Hi\n";
        let mut catalogue = Catalogue::default();
        catalogue.add(&File { path: "rooms/sell/locales/en.ftl".to_owned(), text: text.to_owned() });
        assert_eq!(catalogue.errors, Vec::<String>::new());
        let message = &catalogue.messages["sell-quotes"];
        assert_eq!(message.variables.iter().collect::<Vec<_>>(), ["count", "name"]);
        assert_eq!(message.text, "\none quote\n{} quotes of {}\n");
        assert_eq!(catalogue.messages["sell-x.title"].text, "Hi");
        assert_eq!(message.place, "rooms/sell/locales/en.ftl:1");
    }
}
