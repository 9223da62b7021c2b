//! A row of a result, read by column name.

use std::sync::Arc;

use attune_kernel::Address;

use crate::{DbError, Value};

/// One row. Columns are read by name, so that a reordered SELECT breaks nothing.
#[derive(Clone, Debug)]
pub struct Row {
    pub(crate) columns: Arc<[String]>,
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// The column `name` as `T`.
    pub fn get<T: FromValue>(&self, name: &str) -> Result<T, DbError> {
        T::from_value(self.value(name)?).map_err(|(found, wanted)| DbError::Type { column: name.to_owned(), found, wanted })
    }

    /// The column at `index` (from 0) as `T`; for one-column results.
    pub fn at<T: FromValue>(&self, index: usize) -> Result<T, DbError> {
        let value =
            self.values.get(index).ok_or_else(|| DbError::Type { column: index.to_string(), found: "nothing", wanted: "a column" })?;
        T::from_value(value).map_err(|(found, wanted)| DbError::Type { column: index.to_string(), found, wanted })
    }

    /// The column `name` as it came.
    pub fn value(&self, name: &str) -> Result<&Value, DbError> {
        let index = self.columns.iter().position(|c| c == name);
        let value = index.and_then(|i| self.values.get(i));
        value.ok_or_else(|| DbError::Type { column: name.to_owned(), found: "nothing", wanted: "a column" })
    }

    /// The columns as they came, in order.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// The names of the columns, in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

/// A type a column can be read as. The error names what was found and what was wanted.
pub trait FromValue: Sized {
    /// Reads the value.
    fn from_value(value: &Value) -> Result<Self, (&'static str, &'static str)>;
}

impl FromValue for i64 {
    fn from_value(value: &Value) -> Result<Self, (&'static str, &'static str)> {
        match value {
            Value::Int(v) => Ok(*v),
            Value::Bool(v) => Ok(i64::from(*v)),
            other => Err((other.kind(), "a number")),
        }
    }
}
impl FromValue for u64 {
    fn from_value(value: &Value) -> Result<Self, (&'static str, &'static str)> {
        i64::from_value(value).and_then(|v| u64::try_from(v).map_err(|_| ("a negative number", "a number from 0")))
    }
}
impl FromValue for f64 {
    fn from_value(value: &Value) -> Result<Self, (&'static str, &'static str)> {
        match value {
            Value::Real(v) => Ok(*v),
            Value::Int(v) => Ok(*v as f64),
            other => Err((other.kind(), "a decimal number")),
        }
    }
}
impl FromValue for bool {
    fn from_value(value: &Value) -> Result<Self, (&'static str, &'static str)> {
        match value {
            Value::Bool(v) => Ok(*v),
            Value::Int(v) => Ok(*v != 0),
            other => Err((other.kind(), "a boolean")),
        }
    }
}
impl FromValue for String {
    fn from_value(value: &Value) -> Result<Self, (&'static str, &'static str)> {
        match value {
            Value::Text(v) => Ok(v.clone()),
            other => Err((other.kind(), "text")),
        }
    }
}
impl FromValue for Address {
    fn from_value(value: &Value) -> Result<Self, (&'static str, &'static str)> {
        String::from_value(value).map(Self::new)
    }
}
impl FromValue for Value {
    fn from_value(value: &Value) -> Result<Self, (&'static str, &'static str)> {
        Ok(value.clone())
    }
}
impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Result<Self, (&'static str, &'static str)> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}
