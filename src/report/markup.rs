//! Markup that is well-formed whatever is put into it.
//!
//! In: elements as nested calls, text and attributes from anywhere. Out: text that browsers read as
//! HTML and parsers as XML. What always holds: every element ends where its call ends, text and
//! attributes are escaped, and characters that XML has no place for are replaced.

/// Elements after which a line ends, so that people can read the source.
const BLOCKS: [&str; 26] = [
    "a",
    "body",
    "caption",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "li",
    "main",
    "nav",
    "p",
    "section",
    "style",
    "summary",
    "svg",
    "table",
    "tr",
    "ul",
];

/// A text that grows by elements.
#[derive(Debug, Default)]
pub(super) struct Markup(String);

/// Names and values; the values are escaped.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Markup {
    /// A page, which begins with the declaration that browsers ask for.
    pub(super) fn page() -> Self {
        Self("<!DOCTYPE html>\n".to_owned())
    }

    /// An element with what is inside of it.
    pub(super) fn element(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.begin(name, attributes);
        self.0.push('>');
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        if BLOCKS.contains(&name) {
            self.0.push('\n');
        }
    }

    /// An element with nothing but text in it.
    pub(super) fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.element(name, attributes, |page| page.text(text));
    }

    /// An element that never has anything in it, such as `meta` and the shapes of SVG.
    pub(super) fn empty(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.0.push_str("/>\n");
    }

    /// Text.
    pub(super) fn text(&mut self, text: &str) {
        escape(&mut self.0, text);
    }

    /// Rules of style, which are our own and have no character that is escaped.
    pub(super) fn style(&mut self, rules: &'static str) {
        debug_assert!(!rules.contains(['<', '&']), "rules of style are not escaped");
        self.element("style", &[], |page| page.0.push_str(rules));
    }

    /// What was written.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn begin(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            escape(&mut self.0, value);
            self.0.push('"');
        }
    }
}

fn escape(into: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            '\t' | '\n' => into.push(character),
            '\u{fffe}' | '\u{ffff}' => into.push('\u{fffd}'),
            _ if character.is_control() => into.push('\u{fffd}'),
            // What turns the direction of the text around it could make a page say something else.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => into.push('\u{fffd}'),
            _ => into.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_is_read_back_as_text() {
        let odd =
            "</style><script>alert('1')</script> \"&amp;\" \u{0} \u{b} \u{202e} \u{ffff} é 中";
        let mut page = Markup::page();
        page.element("p", &[("title", odd)], |page| {
            page.leaf("b", &[], odd);
            page.empty("br", &[]);
        });
        let text = page.finish();
        let read = roxmltree::Document::parse_with_options(
            &text,
            roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() },
        );
        let read = read.unwrap();
        let shown = "</style><script>alert('1')</script> \"&amp;\" \u{fffd} \u{fffd} \u{fffd} \u{fffd} é 中";
        assert_eq!(read.root_element().attribute("title"), Some(shown));
        assert_eq!(read.root_element().first_child().and_then(|bold| bold.text()), Some(shown));
        assert_eq!(read.descendants().filter(|node| node.is_element()).count(), 3);
    }
}
