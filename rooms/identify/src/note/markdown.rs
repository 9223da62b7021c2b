//! Notes as HTML: a safe part of Markdown. Raw HTML is told as the text it is, pictures as links, and links lead nowhere but to the web and to mail.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The HTML of a note.
pub(crate) fn html(text: &str) -> String {
    // The stars of a mask are no bold type.
    let text = text.replace("****", r"\*\*\*\*");
    let mut out = String::with_capacity(text.len() * 2);
    // One entry per open link or picture: whether it was written as a link.
    let mut links: Vec<bool> = Vec::new();
    for event in Parser::new_ext(&text, Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => open_link(&mut out, &mut links, &dest_url),
            Event::End(TagEnd::Link | TagEnd::Image) => out.push_str(if links.pop() == Some(true) { "</a>" } else { "" }),
            Event::Start(tag) => out.push_str(element(&tag.to_end()).0),
            Event::End(tag) => out.push_str(element(&tag).1),
            Event::Code(text) => {
                out.push_str("<code>");
                escape(&mut out, &text);
                out.push_str("</code>");
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => escape(&mut out, &text),
            // People press Enter where they mean a new line.
            Event::SoftBreak | Event::HardBreak => out.push_str("<br>"),
            Event::Rule => out.push_str("<hr>"),
            _ => {}
        }
    }
    out
}

fn open_link(out: &mut String, links: &mut Vec<bool>, to: &str) {
    let safe = url::Url::parse(to).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto"));
    // A link within a link is only its text.
    let written = safe && !links.contains(&true);
    links.push(written);
    if written {
        out.push_str("<a class=\"link\" rel=\"nofollow noopener noreferrer\" href=\"");
        escape(out, to);
        out.push_str("\">");
    }
}

/// What opens and closes an element. A heading is a bold line: the page has headings of its own.
fn element(tag: &TagEnd) -> (&'static str, &'static str) {
    match tag {
        TagEnd::Paragraph | TagEnd::HtmlBlock => ("<p>", "</p>"),
        TagEnd::Heading(_) => ("<p><strong>", "</strong></p>"),
        TagEnd::BlockQuote(_) => ("<blockquote>", "</blockquote>"),
        TagEnd::CodeBlock => ("<pre>", "</pre>"),
        TagEnd::List(true) => ("<ol>", "</ol>"),
        TagEnd::List(false) => ("<ul>", "</ul>"),
        TagEnd::Item => ("<li>", "</li>"),
        TagEnd::Emphasis => ("<em>", "</em>"),
        TagEnd::Strong => ("<strong>", "</strong>"),
        TagEnd::Strikethrough => ("<s>", "</s>"),
        _ => ("", ""),
    }
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_write_is_shown() {
        assert_eq!(html("**Budget** is\nreleased"), "<p><strong>Budget</strong> is<br>released</p>");
        assert_eq!(html("- one\n- two"), "<ul><li>one</li><li>two</li></ul>");
        assert_eq!(html("# Call\n`x < 1`"), "<p><strong>Call</strong></p><p><code>x &lt; 1</code></p>");
        assert_eq!(
            html("[here](https://a.example/?a=1&b=2)"),
            "<p><a class=\"link\" rel=\"nofollow noopener noreferrer\" href=\"https://a.example/?a=1&amp;b=2\">here</a></p>"
        );
    }

    #[test]
    fn nothing_else_gets_through() {
        for evil in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))",
            "![x](data:text/html,hi)",
            "[x](/contacts)",
        ] {
            let shown = html(evil);
            assert!(!shown.contains("<script") && !shown.contains("<img") && !shown.contains("<a "), "{evil}: {shown}");
        }
    }

    proptest! {
        /// Every tag in what is shown is one of ours, whatever was written.
        #[test]
        fn only_our_own_tags(text in "[<>a-z\"'&!\\[\\]()`*_#:/ \n-]{0,80}") {
            let ours = ["p", "strong", "em", "s", "br", "hr", "ul", "ol", "li", "pre", "code", "blockquote", "a"];
            for part in html(&text).split('<').skip(1) {
                let name: String = part.trim_start_matches('/').chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
                prop_assert!(ours.contains(&name.as_str()), "{name} of {text:?}");
            }
        }
    }
}
