//! The few types that travel between Rust and SQL.

use std::error::Error;

use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A parameter or a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// BIGINT.
    Int(i64),
    /// DOUBLE PRECISION.
    Real(f64),
    /// BOOLEAN.
    Bool(bool),
    /// TEXT.
    Text(String),
}

impl Value {
    /// The type's name, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "a number",
            Self::Real(_) => "a decimal number",
            Self::Bool(_) => "a boolean",
            Self::Text(_) => "text",
        }
    }
}

macro_rules! from {
    ($($from:ty => $variant:ident $(as $to:ty)?),+ $(,)?) => {
        $(impl From<$from> for Value { fn from(v: $from) -> Self { Self::$variant(v $(as $to)?) } })+
    };
}
from!(i64 => Int, i32 => Int as i64, u32 => Int as i64, u16 => Int as i64, u8 => Int as i64, f64 => Real, bool => Bool, String => Text);

impl From<usize> for Value {
    fn from(v: usize) -> Self {
        Self::Int(i64::try_from(v).unwrap_or(i64::MAX))
    }
}
impl From<u64> for Value {
    fn from(v: u64) -> Self {
        Self::Int(i64::try_from(v).unwrap_or(i64::MAX))
    }
}
impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Self::Text(v.to_owned())
    }
}
impl From<&String> for Value {
    fn from(v: &String) -> Self {
        Self::Text(v.clone())
    }
}
impl From<&Value> for Value {
    fn from(v: &Value) -> Self {
        v.clone()
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(v) => ValueRef::Integer(*v),
            Self::Real(v) => ValueRef::Real(*v),
            Self::Bool(v) => ValueRef::Integer(i64::from(*v)),
            Self::Text(v) => ValueRef::Text(v.as_bytes()),
        }))
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(v), &Type::INT2) => i16::try_from(*v)?.to_sql(ty, out),
            (Self::Int(v), &Type::INT4) => i32::try_from(*v)?.to_sql(ty, out),
            (Self::Int(v), &Type::FLOAT8) => (*v as f64).to_sql(ty, out),
            (Self::Int(v), &Type::BOOL) => (*v != 0).to_sql(ty, out),
            (Self::Int(v), &Type::TEXT) => v.to_string().to_sql(ty, out),
            (Self::Int(v), _) => v.to_sql(ty, out),
            (Self::Real(v), &Type::FLOAT4) => (*v as f32).to_sql(ty, out),
            (Self::Real(v), _) => v.to_sql(ty, out),
            (Self::Bool(v), &Type::INT8) => i64::from(*v).to_sql(ty, out),
            (Self::Bool(v), _) => v.to_sql(ty, out),
            (Self::Text(v), _) => v.as_str().to_sql(ty, out),
        }
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    fn encode_format(&self, ty: &Type) -> Format {
        // JSON travels as text; everything else in the binary form its type defines.
        if matches!((self, ty), (Self::Text(_), &Type::JSONB | &Type::JSON)) { Format::Text } else { Format::Binary }
    }
    to_sql_checked!();
}
