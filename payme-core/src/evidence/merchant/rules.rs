//! The rules for descriptors, as data: what may be taken off the text of a bank.
//!
//! In: `data/descriptor_rules.json`. Out: [`DescriptorRules`], which hold the places of `places.rs`
//! too. A rule has a name, a place where it may match (`start`, `end`, `anywhere` behind the first
//! word) and patterns. A pattern is a row of words, `*`, `#`, and classes in angle brackets:
//! `<digits>`, `<digits:4>`, `<number>`, `<date>`, `<time>`, `<phone>`, `<mask>`, `<id>`,
//! `<short>`, `<any>`. The file is read strictly: a class that is misspelt is a refusal and not a
//! rule that never fires.

use std::collections::{HashMap, HashSet};

use super::places::Places;
use super::token;
use crate::types::State;
use crate::types::json::{self, Fault, Node, Refusal};

const BUILT_IN: &str = include_str!("../../../data/descriptor_rules.json");

/// What there is to know about descriptors; none by default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescriptorRules {
    pub(super) rules: Vec<Rule>,
    places: Places,
    /// What banks write for words of names of places.
    place_words: HashMap<String, String>,
    /// Words that many businesses have in their names: they tell nobody apart.
    pub(super) common: HashSet<String>,
    /// The same without vowels, where that is shorter.
    common_short: HashSet<String>,
    /// How many characters some banks cut a descriptor to.
    pub(super) cut_widths: Vec<usize>,
    /// Words that say how somebody was paid, and not who.
    payment_words: HashSet<String>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) at: Place,
    pub(super) patterns: Vec<Vec<Element>>,
    /// What is put in the place of what was taken; empty for nothing.
    pub(super) put: Vec<String>,
    /// Whether what follows is a person rather than a business.
    pub(super) is_payee: bool,
}

/// Where a rule may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Start,
    Anywhere,
    End,
}

/// What matches one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Element {
    Word(String),
    Digits(Option<usize>),
    Number,
    Date,
    Time,
    Phone,
    Mask,
    Id,
    Short,
    Any,
}

/// How a place may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    Right,
    /// In full, or its beginning.
    CutOff,
    /// But for one letter.
    Nearly,
}

impl DescriptorRules {
    /// The rules that come with the engine.
    ///
    /// # Errors
    /// A [`Refusal`] when the built-in data is damaged.
    pub fn built_in() -> Result<Self, Refusal> {
        Self::parse(BUILT_IN)
    }

    /// Rules in the form of `data/descriptor_rules.json`.
    ///
    /// # Errors
    /// A [`Refusal`] with the JSON path of what is wrong; codes `unknown_place` and
    /// `unknown_pattern` beside those of every JSON file.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let value = json::strict(text, 1)?;
        read(&Node::root(&value)).map_err(|fault| fault.on_line(1))
    }

    /// Whether a word is one that many businesses have in their names.
    pub(super) fn is_common(&self, word: &str) -> bool {
        self.common.contains(word)
    }

    /// The longest common word of some letters that both texts end with.
    pub(super) fn common_end<'a>(&self, one: &'a str, other: &str) -> Option<&'a str> {
        let ends = one.char_indices().map(|(at, _)| one.get(at..).unwrap_or_default());
        let mut long = ends.take_while(|end| end.len() >= COMMON_END_MIN);
        long.find(|end| other.ends_with(end) && self.is_common(end))
    }

    /// Whether words are a place of a state, as they are or as the spelling lets them be.
    pub(super) fn is_place(&self, state: State, words: &[&str], spelling: Spelling) -> bool {
        let in_full = words.iter().map(|word| self.place_words.get(*word).map_or(*word, |w| w));
        let words: Vec<&str> = in_full.collect();
        match spelling {
            Spelling::Right => self.places.is_place(state, &words),
            Spelling::CutOff => {
                self.places.is_place(state, &words) || self.places.begins_place(state, &words)
            }
            Spelling::Nearly => self.places.is_nearly_place(state, &words),
        }
    }

    /// Whether a normal form has a word that says who was paid: one with three letters at least.
    pub(in crate::evidence) fn says_who(&self, normal_form: &str) -> bool {
        normal_form.split(' ').any(|word| {
            let letters = word.chars().filter(|c| c.is_alphabetic()).count();
            letters >= WHO_LETTERS_MIN && !self.payment_words.contains(word)
        })
    }

    /// Whether a text is a common word whose vowels were left out.
    pub(super) fn is_short_for_common(&self, text: &str) -> bool {
        self.common_short.contains(text)
    }
}

/// Shorter common words end too many others.
const COMMON_END_MIN: usize = 4;
/// A word with fewer letters does not say who was paid.
const WHO_LETTERS_MIN: usize = 3;
const MEMBERS: [&str; 6] =
    ["_version", "rules", "place_words", "common_words", "payment_words", "cut_widths"];

fn read(node: &Node<'_>) -> Result<DescriptorRules, Fault> {
    let members = node.members(&MEMBERS)?;
    let rule = |item: Node<'_>| rule(&item);
    let rules = members.need("rules")?.items()?.map(rule).collect::<Result<_, _>>()?;
    let width = |item: Node<'_>| item.count(1).map(|width| width as usize);
    let common = words(&members.need("common_words")?)?;
    let short = common.iter().map(|word| (word, token::skeleton(word)));
    let common_short = short.filter(|(word, short)| *word != short).map(|(_, short)| short);
    Ok(DescriptorRules {
        rules,
        common_short: common_short.collect(),
        places: Places::built_in(),
        place_words: pairs(&members.need("place_words")?)?.into_iter().collect(),
        common,
        cut_widths: members.need("cut_widths")?.items()?.map(width).collect::<Result<_, _>>()?,
        payment_words: words(&members.need("payment_words")?)?,
    })
}

fn words(node: &Node<'_>) -> Result<HashSet<String>, Fault> {
    node.items()?.map(|item| item.filled_text()).collect()
}

/// The members of an object whose values are texts.
fn pairs(node: &Node<'_>) -> Result<Vec<(String, String)>, Fault> {
    let names: Vec<&str> = node.value().as_object().into_iter().flatten().map(|m| &**m.0).collect();
    let members = node.members(&names)?;
    let pair = |name: &&str| Ok(((*name).to_owned(), members.need(name)?.filled_text()?));
    names.iter().map(pair).collect()
}

fn rule(node: &Node<'_>) -> Result<Rule, Fault> {
    let members = node.members(&["name", "at", "patterns", "put", "payee"])?;
    let at = members.need("at")?;
    let at = match at.text()? {
        "start" => Place::Start,
        "anywhere" => Place::Anywhere,
        "end" => Place::End,
        _ => return Err(at.fault("unknown_place", "expected one of start, anywhere, end")),
    };
    let pattern = |item: Node<'_>| pattern(&item);
    Ok(Rule {
        name: members.need("name")?.filled_text()?,
        at,
        patterns: members.need("patterns")?.items()?.map(pattern).collect::<Result<_, _>>()?,
        put: token::split(&members.map("put", |node| node.filled_text())?.unwrap_or_default()),
        is_payee: members.map("payee", |node| node.boolean())?.unwrap_or_default(),
    })
}

fn pattern(node: &Node<'_>) -> Result<Vec<Element>, Fault> {
    let mut elements = Vec::new();
    for part in node.text()?.split_whitespace() {
        match part.strip_prefix('<').and_then(|part| part.strip_suffix('>')) {
            Some(class) => elements.push(Element::class(class).ok_or_else(|| {
                node.fault("unknown_pattern", "a class in angle brackets that there is not")
            })?),
            None => elements.extend(token::split(part).into_iter().map(Element::Word)),
        }
    }
    if elements.is_empty() {
        return Err(node.fault("unknown_pattern", "a pattern without a word or a class"));
    }
    Ok(elements)
}

impl Element {
    fn class(name: &str) -> Option<Self> {
        Some(match name {
            "digits" => Self::Digits(None),
            "number" => Self::Number,
            "date" => Self::Date,
            "time" => Self::Time,
            "phone" => Self::Phone,
            "mask" => Self::Mask,
            "id" => Self::Id,
            "short" => Self::Short,
            "any" => Self::Any,
            _ => Self::Digits(Some(name.strip_prefix("digits:")?.parse().ok()?)),
        })
    }

    /// Whether it matches a token.
    pub(super) fn matches(&self, token: &str) -> bool {
        match self {
            Self::Word(word) => word == token,
            Self::Digits(None) => token::is_digits(token),
            Self::Digits(Some(count)) => token::is_digits(token) && token.len() == *count,
            Self::Number => token::is_number(token),
            Self::Date => token::is_date(token),
            Self::Time => token::is_time(token),
            Self::Phone => token::is_phone(token),
            Self::Mask => token::is_mask(token),
            Self::Id => token::is_id(token),
            Self::Short => token::is_short(token),
            Self::Any => true,
        }
    }
}

impl Rule {
    /// The length of the longest pattern that matches where these tokens begin, 0 for none.
    pub(super) fn longest_at(&self, tokens: &[String]) -> usize {
        let fits = |pattern: &&Vec<Element>| {
            pattern.len() <= tokens.len()
                && pattern.iter().zip(tokens).all(|(element, token)| element.matches(token))
        };
        self.patterns.iter().filter(fits).map(Vec::len).max().unwrap_or(0)
    }

    /// The length of the longest pattern that matches where these tokens end, 0 for none.
    pub(super) fn longest_end(&self, tokens: &[String]) -> usize {
        let fits = |pattern: &&Vec<Element>| {
            let start = tokens.len().checked_sub(pattern.len());
            start.and_then(|start| tokens.get(start..)).is_some_and(|end| {
                pattern.iter().zip(end).all(|(element, token)| element.matches(token))
            })
        };
        self.patterns.iter().filter(fits).map(Vec::len).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_read() {
        let rules = DescriptorRules::built_in().unwrap();
        assert!(rules.rules.len() > 10);
        assert!(rules.is_common("coffee") && !rules.is_common("netflix"));
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        let whole = |rule: &str| {
            format!(
                r#"{{"rules": [{rule}], "place_words": {{}}, "common_words": [],
                    "payment_words": [], "cut_widths": []}}"#
            )
        };
        #[rustfmt::skip]
        let table = [
            (r#"{"name": "a", "at": "front", "patterns": ["b"]}"#,            "unknown_place",   "$.rules[0].at"),
            (r#"{"name": "a", "at": "end", "patterns": ["b", "<digit>"]}"#,   "unknown_pattern", "$.rules[0].patterns[1]"),
            (r#"{"name": "a", "at": "end", "patterns": ["<digits:x>"]}"#,     "unknown_pattern", "$.rules[0].patterns[0]"),
            (r#"{"name": "a", "at": "end", "patterns": [" ! "]}"#,            "unknown_pattern", "$.rules[0].patterns[0]"),
            (r#"{"name": "a", "at": "end"}"#,                                 "missing_field",   "$.rules[0]"),
            (r#"{"name": "a", "at": "end", "patterns": [], "puts": "b"}"#,    "unknown_field",   "$.rules[0]"),
        ];
        for (rule, code, path) in table {
            let refusal = DescriptorRules::parse(&whole(rule)).unwrap_err();
            assert_eq!((refusal.code, refusal.path.as_str()), (code, path), "{rule}");
        }
        let good = r#"{"name": "a", "at": "end", "patterns": ["x*<digits:4>", "y <digits:4>"]}"#;
        assert_eq!(DescriptorRules::parse(&whole(good)).unwrap().rules[0].patterns[1].len(), 2);
    }
}
