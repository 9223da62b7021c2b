//! The text part of a mail, derived from its HTML: block elements become lines, links are written out.

/// Elements whose content nobody reads.
const SILENT: [&str; 4] = ["head", "style", "script", "title"];
/// Elements that stand on lines of their own.
const BLOCKS: [&str; 17] =
    ["p", "div", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "section", "hr", "center", "td"];

/// Derives the text part. Marks and merge tags pass through untouched.
pub(super) fn plain_text(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, tail) = rest.split_at(at);
        writer.text(text);
        if let Some(comment) = tail.strip_prefix("<!--") {
            rest = comment.find("-->").and_then(|end| comment.get(end + 3..)).unwrap_or_default();
            continue;
        }
        let Some(end) = tag_end(tail) else { break };
        let (tag, after) = tail.split_at(end);
        writer.tag(tag);
        rest = after;
    }
    if !rest.starts_with('<') {
        writer.text(rest);
    }
    writer.finish()
}

/// The end of the tag at the start of `html`; a `>` inside quotes does not end it.
fn tag_end(html: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in html.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

#[derive(Default)]
struct Writer {
    lines: Vec<String>,
    line: String,
    silent: usize,
    target: Option<String>,
    target_from: usize,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if self.silent > 0 {
            return;
        }
        let decoded = decode(text);
        for c in decoded.chars() {
            let space = c.is_whitespace() || c == '\u{200c}' || c == '\u{34f}';
            if !space {
                self.line.push(c);
            } else if !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
        }
    }

    fn tag(&mut self, tag: &str) {
        let closing = tag.starts_with("</");
        let body = tag.trim_start_matches("</").trim_start_matches('<');
        let name: String = body.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if SILENT.contains(&name.as_str()) {
            self.silent = if closing { self.silent.saturating_sub(1) } else { self.silent + 1 };
            return;
        }
        if self.silent > 0 {
            return;
        }
        match name.as_str() {
            "a" if closing => self.close_link(),
            "a" => self.open_link(tag),
            "br" => self.end_line(),
            "li" if !closing => {
                self.end_line();
                self.line.push_str("- ");
            }
            name if BLOCKS.contains(&name) || name == "li" => self.end_line(),
            _ => {}
        }
    }

    fn open_link(&mut self, tag: &str) {
        let target = tag.split_once("href=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(target, _)| target);
        let hidden = tag.contains("aria-hidden");
        self.target = target.filter(|t| !hidden && !t.starts_with('#')).map(str::to_owned);
        self.target_from = self.line.len();
    }

    fn close_link(&mut self) {
        let Some(target) = self.target.take() else { return };
        let label = self.line.get(self.target_from..).unwrap_or_default().trim();
        let target = target.trim_start_matches("mailto:").to_owned();
        if label.is_empty() || label == target {
            self.line.push_str(if label.is_empty() { &target } else { "" });
            return;
        }
        let label_ends = self.line.trim_end().len();
        self.line.truncate(label_ends);
        self.line.push_str(": ");
        self.line.push_str(&target);
        self.line.push(' ');
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_end();
        let blank_before = self.lines.last().is_none_or(String::is_empty);
        if !line.is_empty() {
            self.lines.push(line.to_owned());
        } else if !blank_before {
            self.lines.push(String::new());
        }
        self.target_from = 0;
    }

    fn finish(mut self) -> String {
        self.end_line();
        self.lines.join("\n").trim().to_owned() + "\n"
    }
}

fn decode(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let named = [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&zwnj;", ""),
        ("&copy;", "©"),
        ("&mdash;", "—"),
        ("&ndash;", "–"),
        ("&hellip;", "…"),
        ("&amp;", "&"),
    ];
    named.iter().fold(text.to_owned(), |text, (name, sign)| text.replace(name, sign))
}
