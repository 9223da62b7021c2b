//! A statement that grows: text and parameters side by side, placeholders numbered as they come.

use std::fmt::Write;

use crate::Value;

/// A statement under construction. Text is trusted (literals, names from a closed list); data enters only as parameters.
#[derive(Clone, Debug, Default)]
pub struct Sql {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

impl Sql {
    /// Starts with `text`.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Appends text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder for `value`.
    pub fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let _ = write!(self.text, "${}", self.values.len());
        self
    }

    /// Appends `text` in which every `?` stands for the next of `values`.
    pub fn push_with(&mut self, text: &str, values: impl IntoIterator<Item = Value>) -> &mut Self {
        let mut values = values.into_iter();
        for (index, piece) in text.split('?').enumerate() {
            if index > 0 {
                self.bind(values.next().unwrap_or(Value::Null));
            }
            self.text.push_str(piece);
        }
        self
    }

    /// Appends `(a, b, …)`; an empty list becomes `(NULL)`, which matches nothing.
    pub fn bind_list(&mut self, values: impl IntoIterator<Item = Value>) -> &mut Self {
        self.text.push('(');
        let mut any = false;
        for value in values {
            if any {
                self.text.push_str(", ");
            }
            any = true;
            self.bind(value);
        }
        self.text.push_str(if any { ")" } else { "NULL)" });
        self
    }

    /// Appends another statement, renumbering its placeholders.
    pub fn append(&mut self, other: &Sql) -> &mut Self {
        let shift = self.values.len();
        let mut rest = other.text.as_str();
        while let Some(at) = rest.find('$') {
            let (before, after) = rest.split_at(at);
            self.text.push_str(before);
            let digits: String = after.chars().skip(1).take_while(char::is_ascii_digit).collect();
            match digits.parse::<usize>() {
                Ok(number) => {
                    let _ = write!(self.text, "${}", number + shift);
                }
                Err(_) => self.text.push('$'),
            }
            rest = after.get(1 + digits.len()..).unwrap_or("");
        }
        self.text.push_str(rest);
        self.values.extend(other.values.iter().cloned());
        self
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parameters so far.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_across_parts() {
        let mut inner = Sql::new("SELECT id FROM t WHERE a = ");
        inner.bind(1_i64).push(" AND b = ").bind("x");
        let mut outer = Sql::new("SELECT 1 WHERE z = ");
        outer.bind(9_i64).push(" AND id IN (").append(&inner).push(") AND c IN ").bind_list([Value::from(5_i64)]);
        assert_eq!(outer.text(), "SELECT 1 WHERE z = $1 AND id IN (SELECT id FROM t WHERE a = $2 AND b = $3) AND c IN ($4)");
        assert_eq!(outer.values().len(), 4);
        let mut none = Sql::new("x IN ");
        none.bind_list([]);
        assert_eq!(none.text(), "x IN (NULL)");
        let mut q = Sql::new("");
        q.push_with("a > ? AND b < ?", [Value::Int(1), Value::Int(2)]);
        assert_eq!(q.text(), "a > $1 AND b < $2");
    }
}
