//! How commands speak: lines and progress for people, one JSON value for programs.

use attune_web::Lang;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// The voice of a command.
#[derive(Clone)]
pub struct Say {
    json: bool,
    l: Lang,
}

impl Say {
    /// Speaks JSON when `json`, else the language of `l`.
    pub fn new(json: bool, l: Lang) -> Self {
        Self { json, l }
    }

    /// The words.
    pub fn l(&self) -> &Lang {
        &self.l
    }

    /// Whether a program listens.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// A line for people; programs do not see it.
    pub fn line(&self, text: impl std::fmt::Display) {
        if !self.json {
            println!("{text}");
        }
    }

    /// The result: `value` for programs, `text` for people.
    pub fn result(&self, value: &impl Serialize, text: impl std::fmt::Display) {
        match (self.json, serde_json::to_string(value)) {
            (true, Ok(json)) => println!("{json}"),
            (true, Err(error)) => eprintln!("attune: the result cannot be written as JSON: {error}"),
            (false, _) => println!("{text}"),
        }
    }

    /// A counter on the terminal; nothing when a program listens or the output is not a terminal.
    pub fn progress(&self, total: Option<u64>) -> ProgressBar {
        let target = if self.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = if total.is_some() { "{bar:30} {human_pos}/{human_len} {msg}" } else { "{spinner} {human_pos} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }
}
