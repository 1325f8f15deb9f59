//! Cleaning a descriptor: from what a bank writes to the words that may be a name.
//!
//! In: a descriptor and [`DescriptorRules`]. Out: a [`Cleaned`] with its normal form, what each
//! rule took away, and the *readings* on the way, from the words as they stand to the normal form.
//! A reading matters where a name looks like what a rule takes away: `FOREVER 21 RENO NV` reads
//! as `forever 21 reno nv`, `forever 21` and `forever`.
//! A rule never takes the last letter. The normal form of a normal form is itself.

use std::fmt;

use super::rules::{DescriptorRules, Place, Rule, Spelling};
use super::token;
use crate::types::State;

/// Stands where something was taken from the middle, and before the numbers of shops.
const MARK: &str = "#";
/// A legal form is joined to words of so many letters.
const JOINED_MIN: usize = 5;
/// Rules are applied again until nothing changes: each round takes a word away, so this is enough
/// for every descriptor, and rules that put back what they take come to an end as well.
const ROUNDS_MAX: usize = 300;
/// A number that stands before a place has so many digits.
const SHOP_DIGITS_MIN: usize = 3;
/// A city has so many words at most.
const CITY_WORDS_MAX: usize = 4;

/// A descriptor without what banks and payment processors put around a name.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Cleaned {
    /// The normal form: lower-case words with single blanks, possibly none.
    pub text: String,
    /// What was taken away, in the order in which it was.
    pub removed: Vec<Removed>,
    /// Whether a rule says that what is left is a person or an account, and not a business.
    pub is_payee: bool,
    /// Whether the descriptor is as long as some banks cut them to.
    pub is_cut: bool,
    /// The words as they stand first, the normal form among them, each once.
    pub(super) readings: Vec<Reading>,
}

impl fmt::Debug for Cleaned {
    /// Without the text: it may name a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Cleaned");
        told.field("removed", &self.removed).field("is_payee", &self.is_payee);
        told.finish_non_exhaustive()
    }
}

/// What a rule took away.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Removed {
    /// The name of the rule.
    pub rule: String,
    /// The words, lower-case.
    pub text: String,
}

impl fmt::Debug for Removed {
    /// Without the words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Removed").field("rule", &self.rule).finish_non_exhaustive()
    }
}

/// One way to read a descriptor.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) text: String,
    /// Whether only names that are the same are looked for.
    pub(super) is_as_is: bool,
}

impl DescriptorRules {
    /// Cleans a descriptor.
    ///
    /// ```
    /// use payme_core::evidence::DescriptorRules;
    /// let rules = DescriptorRules::built_in()?;
    /// let cleaned = rules.clean("SQ *BLUE BOTTLE 123 OAKLAND CA");
    /// assert_eq!(cleaned.text, "blue bottle");
    /// let rules: Vec<_> = cleaned.removed.iter().map(|one| one.rule.as_str()).collect();
    /// assert_eq!(rules, ["square", "state", "city", "store_number"]);
    /// # Ok::<(), payme_core::types::json::Refusal>(())
    /// ```
    pub fn clean(&self, descriptor: &str) -> Cleaned {
        let mut cleaning = Cleaning { rules: self, cleaned: Cleaned::default() };
        let width = descriptor.trim().chars().count();
        cleaning.cleaned.is_cut = self.cut_widths.contains(&width);
        let mut tokens = token::split(descriptor);
        cleaning.read_as_is(&tokens);
        for _ in 0..ROUNDS_MAX {
            let before = tokens.clone();
            cleaning.strip_start(&mut tokens);
            // Words that were apart may be read together now: `& 12:30 CO` is `& CO`.
            tokens = token::split(&cleaning.pass(tokens).join(" "));
            cleaning.read(&tokens);
            if tokens == before {
                break;
            }
        }
        cleaning.cleaned.text = tokens.join(" ");
        cleaning.cleaned
    }

    /// The words of a name, and those without the end of a web address. A name is no descriptor:
    /// only brackets with something before them and the legal form are left out of it.
    pub(super) fn clean_name(&self, name: &str) -> (String, String) {
        let outside = match name.split_once('(') {
            Some((before, _)) if before.chars().any(char::is_alphanumeric) => before,
            _ => name,
        };
        let tokens = token::split(outside);
        let bare = tokens.iter().map(|token| token::without_domain(token).unwrap_or(token));
        let bare: Vec<String> = bare.map(str::to_owned).collect();
        (self.without_legal_form(&tokens), self.without_legal_form(&bare))
    }

    fn without_legal_form(&self, tokens: &[String]) -> String {
        let mut words = token::words(tokens);
        for rule in self.rules.iter().filter(|rule| rule.name == LEGAL_FORM) {
            let count = rule.longest_end(&words);
            if count < words.len() {
                words.truncate(words.len() - count);
            }
        }
        words.join(" ")
    }
}

/// The rule that is applied to names too.
const LEGAL_FORM: &str = "legal_form";

struct Cleaning<'a> {
    rules: &'a DescriptorRules,
    cleaned: Cleaned,
}

impl Cleaning<'_> {
    /// The words as they stand, and what is left of them where the first one is kept that a name
    /// may begin with, as in `SP Plus`. These hold what rules know to be no name, so only names
    /// that are the same are looked for.
    fn read_as_is(&mut self, tokens: &[String]) {
        self.read(tokens);
        let longest = |rule: &Rule| rule.longest_at(tokens);
        if best(self.rules, Place::Start, longest).is_some_and(|(_, count)| count == 1) {
            let mut aside = Cleaning { rules: self.rules, cleaned: Cleaned::default() };
            let whole = aside.pass(tokens.to_vec());
            aside.read(&whole);
            for reading in aside.cleaned.readings {
                self.read(&[reading.text]);
            }
        }
        for reading in &mut self.cleaned.readings {
            reading.is_as_is = true;
        }
    }

    /// Applies every rule but those at the start, once or as often as it fits.
    fn pass(&mut self, mut tokens: Vec<String>) -> Vec<String> {
        self.strip_behind_star(&mut tokens);
        self.strip_anywhere(&mut tokens, false);
        self.strip_domains(&mut tokens);
        self.strip_end(&mut tokens, false);
        self.strip_place(&mut tokens);
        // What a bank writes at the end can stand before the place, too. The legal form waits until
        // now because of Colorado.
        self.strip_end(&mut tokens, true);
        self.read(&tokens);
        self.read_before_number(&tokens);
        self.strip_anywhere(&mut tokens, true);
        let mut words = token::words(&tokens);
        self.strip_end(&mut words, true);
        self.read_without_joined(&words);
        words
    }

    fn strip_start(&mut self, tokens: &mut Vec<String>) {
        let rules = self.rules;
        for _ in 0..ROUNDS_MAX {
            let longest = |rule: &Rule| {
                let count = rule.longest_at(tokens);
                // What was put is not taken again.
                if rule.put.len() > count && tokens.starts_with(&rule.put) { 0 } else { count }
            };
            let Some((rule, count)) = best(rules, Place::Start, longest) else { break };
            self.cleaned.is_payee |= rule.is_payee;
            let rest = tokens.get(count..).unwrap_or_default();
            // A reference behind a star is no name: then the name stands before it. Nor is the
            // number of a payment to a person.
            let has_letters = rest.iter().any(|token| token.contains(char::is_alphabetic));
            let is_reference = rest.first().is_some_and(|token| token::is_id(token))
                || (rule.is_payee && !has_letters);
            if rule.put.is_empty() && (!has_name(rest) || is_reference) {
                break;
            }
            self.note(&rule.name, tokens.get(..count).unwrap_or_default());
            tokens.splice(..count, rule.put.iter().cloned());
        }
        let leading = tokens.iter().take_while(|token| *token == "*").count();
        tokens.drain(..leading);
    }

    /// What stands behind a star is a product or a reference, unless a processor stands before it.
    fn strip_behind_star(&mut self, tokens: &mut Vec<String>) {
        if let Some(at) = tokens.iter().position(|token| token == "*") {
            let taken = tokens.split_off(at);
            self.note("behind_star", &taken);
        }
    }

    /// Numbers come last: until then they tell where a name ends.
    fn strip_anywhere(&mut self, tokens: &mut Vec<String>, numbers: bool) {
        let mut at = 1;
        while at < tokens.len() {
            let rest = tokens.get(at..).unwrap_or_default();
            let longest = |rule: &Rule| {
                let is_wanted = (rule.name == STORE_NUMBER) == numbers;
                if is_wanted { rule.longest_at(rest) } else { 0 }
            };
            match best(self.rules, Place::Anywhere, longest) {
                Some((rule, count)) if has_name(tokens.get(..at).unwrap_or_default()) => {
                    let end = tokens.len().min(at + count);
                    // A mark stays: a name never goes on behind what was there.
                    let mark = [MARK.to_owned()];
                    let taken: Vec<String> = tokens.splice(at..end, mark).collect();
                    self.note(&rule.name, &taken);
                    at += 1;
                }
                _ => at += 1,
            }
        }
        if numbers {
            tokens.retain(|token| token != MARK);
        }
    }

    fn strip_domains(&mut self, tokens: &mut [String]) {
        for token in tokens {
            if let Some(name) = token::without_domain(token).map(str::to_owned) {
                self.note("domain", std::slice::from_ref(token));
                *token = name;
            }
        }
    }

    fn strip_end(&mut self, tokens: &mut Vec<String>, legal_form: bool) {
        let rules = self.rules;
        loop {
            while tokens.last().is_some_and(|last| last == MARK) {
                tokens.pop();
            }
            let longest = |rule: &Rule| {
                let is_wanted = legal_form || rule.name != LEGAL_FORM;
                if is_wanted { rule.longest_end(tokens) } else { 0 }
            };
            let Some((rule, count)) = best(rules, Place::End, longest) else {
                break;
            };
            let start = tokens.len().saturating_sub(count);
            if !has_name(tokens.get(..start).unwrap_or_default()) {
                break;
            }
            let taken = tokens.split_off(start);
            self.note(&rule.name, &taken);
        }
    }

    /// Takes away a state at the end, and what stands before it if it is a place of that state.
    fn strip_place(&mut self, tokens: &mut Vec<String>) {
        let Some(last) = tokens.pop() else { return };
        if let Some(state) = token::state(&last).filter(|_| has_name(tokens)) {
            self.note("state", &[last]);
            // What is misspelt is looked for only where nothing is found: it takes longer.
            let is_stripped = self.strip_city(tokens, state, Spelling::CutOff)
                || self.strip_city(tokens, state, Spelling::Nearly);
            if !is_stripped {
                self.strip_behind_number(tokens);
            }
            return;
        }
        // Some banks join the two: `OAKLANDCA`.
        let (city, state) = last.split_at_checked(last.len().saturating_sub(2)).unwrap_or_default();
        if let Some(state) = token::state(state).filter(|_| !city.is_empty()) {
            tokens.push(city.to_owned());
            if self.strip_city(tokens, state, Spelling::Right) {
                return;
            }
            tokens.pop();
        }
        tokens.push(last);
    }

    /// Takes away the longest place of a state at the end; whether there was one. A name may end
    /// as a place begins, as in `WELLS FARGO ND`, so what is before each is read too.
    fn strip_city(&mut self, tokens: &mut Vec<String>, state: State, spelling: Spelling) -> bool {
        let words = tokens.iter().rev().take_while(|token| *token != MARK).count();
        let is_place = |start: &usize| {
            let place = tokens.get(*start..).unwrap_or_default();
            let words: Vec<&str> = place
                .iter()
                .flat_map(|token| token.split(|c: char| !c.is_alphanumeric()))
                .collect();
            self.rules.is_place(state, &words, spelling)
                && has_name(tokens.get(..*start).unwrap_or_default())
        };
        let least = tokens.len() - CITY_WORDS_MAX.min(words);
        let starts: Vec<usize> = (least..tokens.len()).filter(is_place).collect();
        let Some((longest, shorter)) = starts.split_first() else { return false };
        for start in shorter.iter().chain([&tokens.len()]) {
            self.read_as_they_are(tokens.get(..*start).unwrap_or_default());
        }
        let place = tokens.split_off(*longest);
        self.note("city", &place);
        true
    }

    /// What stands between the number of a shop and a state is the place of the shop.
    fn strip_behind_number(&mut self, tokens: &mut Vec<String>) {
        let is_near = |at: &usize| (1..=CITY_WORDS_MAX).contains(&(tokens.len() - at - 1));
        if let Some(at) = (0..tokens.len()).rfind(|at| is_of_shop(tokens, *at)).filter(is_near)
            && has_name(tokens.get(..at).unwrap_or_default())
        {
            let place = tokens.split_off(at + 1);
            self.note("place", &place);
        }
    }

    /// A reading up to the last number, which is that of a shop: an earlier one may be of the name.
    /// A short one with words behind it is of the name, as in `Mobil 1 Lube Express`.
    fn read_before_number(&mut self, tokens: &[String]) {
        let is_last = tokens.last().is_some_and(|token| token::is_number(token));
        let last = Some(tokens.len().saturating_sub(1)).filter(|_| is_last);
        let of_shop = || (0..tokens.len()).rfind(|at| is_of_shop(tokens, *at));
        if let Some(at) = last.or_else(of_shop).filter(|at| *at > 0) {
            let name = tokens.get(..at).unwrap_or_default();
            self.read(name);
        }
    }

    /// A reading without a legal form that was joined to the last word.
    fn read_without_joined(&mut self, words: &[String]) {
        let Some((last, before)) = words.split_last() else { return };
        let ends = ["inc", "llc", "corp"];
        let name = ends.iter().find_map(|end| last.strip_suffix(end));
        if let Some(name) = name.filter(|name| name.len() >= JOINED_MIN) {
            self.read(&[before, &[name.to_owned()]].concat());
        }
    }

    fn note(&mut self, rule: &str, taken: &[String]) {
        self.cleaned.removed.push(Removed { rule: rule.to_owned(), text: taken.join(" ") });
    }

    fn read(&mut self, tokens: &[String]) {
        self.keep(Reading { text: token::words(tokens).join(" "), is_as_is: false });
    }

    /// A reading that only a name with the same letters is looked for in.
    fn read_as_they_are(&mut self, tokens: &[String]) {
        self.keep(Reading { text: token::words(tokens).join(" "), is_as_is: true });
    }

    fn keep(&mut self, reading: Reading) {
        let readings = &mut self.cleaned.readings;
        match readings.iter_mut().find(|known| known.text == reading.text) {
            Some(known) => known.is_as_is &= reading.is_as_is,
            None if reading.text.is_empty() => {}
            None => readings.push(reading),
        }
    }
}

/// Whether a token can only be the number of a shop, or stands where one was taken away: names
/// have numbers of one digit or two, as in `Forever 21`.
fn is_of_shop(tokens: &[String], at: usize) -> bool {
    let is_shop = |token: &String| matches!(token.as_str(), "#" | "store");
    let is_told = at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(is_shop);
    tokens.get(at).is_some_and(|token| {
        let digits = token.bytes().filter(u8::is_ascii_digit).count();
        let is_long = is_told || digits >= SHOP_DIGITS_MIN;
        token == MARK || (is_long && token::is_number(token))
    })
}

/// The rule whose numbers are left until the end.
const STORE_NUMBER: &str = "store_number";

/// The rule at a place that takes the most words, the first of equals.
fn best(
    rules: &DescriptorRules,
    at: Place,
    longest: impl Fn(&Rule) -> usize,
) -> Option<(&Rule, usize)> {
    let here = rules.rules.iter().filter(|rule| rule.at == at);
    let mut best: Option<(&Rule, usize)> = None;
    for (rule, count) in here.map(|rule| (rule, longest(rule))) {
        if count > best.map_or(0, |(_, most)| most) {
            best = Some((rule, count));
        }
    }
    best
}

/// Whether something is left that can be a name.
fn has_name(tokens: &[String]) -> bool {
    let is_filler = |token: &String| matches!(token.as_str(), "the" | "and" | "*" | "#");
    tokens.iter().any(|token| !is_filler(token))
}
