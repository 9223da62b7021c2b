//! Rules as text: what the command line, push-funnel files and the API take. `docs/reference/segment-rules.md` tells the grammar.

mod lexer;
mod parser;
mod printer;

pub use parser::{ParseError, parse};
pub use printer::print;
