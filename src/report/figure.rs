//! A figure that can be read without seeing it: a picture, what it shows in words, its numbers.
//!
//! In: how to draw, a title, a description and a table. Out: markup. What always holds: every
//! picture has a role, a title, a description, and a table with its numbers beneath.

use super::markup::Markup;
use super::plot::{WIDTH, at};

/// What a figure is about.
pub(super) struct Figure<'a> {
    /// A name for links, of letters and hyphens.
    pub(super) id: &'static str,
    pub(super) title: &'a str,
    /// What is to be seen, in words with its figures.
    pub(super) description: &'a str,
    pub(super) height: f64,
}

/// Numbers in rows.
pub(super) struct Table {
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Figure<'_> {
    pub(super) fn write(&self, page: &mut Markup, table: &Table, draw: impl FnOnce(&mut Markup)) {
        let Self { id, title, description, height } = self;
        let [title_id, desc_id] = ["title", "desc"].map(|part| format!("{id}-{part}"));
        let names = format!("{title_id} {desc_id}");
        let space = format!("0 0 {} {}", at(WIDTH), at(*height));
        page.element("figure", &[("id", id)], |page| {
            page.leaf("h3", &[], title);
            let svg = [("role", "img"), ("aria-labelledby", &names), ("viewBox", &space)];
            page.element("svg", &svg, |page| {
                page.leaf("title", &[("id", &title_id)], title);
                page.leaf("desc", &[("id", &desc_id)], description);
                draw(page);
            });
            page.leaf("figcaption", &[], description);
            page.element("details", &[], |page| {
                page.leaf("summary", &[], &format!("Numbers: {title}"));
                table.write(page, title);
            });
        });
    }
}

impl Table {
    /// A table that scrolls sideways where it is wider than the page, also by keyboard.
    pub(super) fn write(&self, page: &mut Markup, caption: &str) {
        let name = format!("Table: {caption}");
        let scroll = [("class", "scroll"), ("role", "region"), ("tabindex", "0")];
        let scroll = [scroll.as_slice(), &[("aria-label", name.as_str())]].concat();
        page.element("div", &scroll, |page| {
            page.element("table", &[], |page| {
                page.leaf("caption", &[], caption);
                page.element("thead", &[], |page| {
                    page.element("tr", &[], |page| {
                        for name in &self.head {
                            page.leaf("th", &[("scope", "col")], name);
                        }
                    });
                });
                page.element("tbody", &[], |page| self.rows(page));
            });
        });
    }

    fn rows(&self, page: &mut Markup) {
        for row in &self.rows {
            page.element("tr", &[], |page| {
                for (at, cell) in row.iter().enumerate() {
                    if at == 0 {
                        page.leaf("th", &[("scope", "row")], cell);
                    } else {
                        page.leaf("td", &[], cell);
                    }
                }
            });
        }
    }
}
