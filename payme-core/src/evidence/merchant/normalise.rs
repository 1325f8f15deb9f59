//! Cleaning a descriptor: from what a bank writes to the words that may be a name.
//!
//! In: a descriptor and [`DescriptorRules`]. Out: a [`Cleaned`] with its normal form, what each
//! rule took away, and the *readings* on the way, from the words as they stand to the normal form.
//! A reading matters where a name looks like what a rule takes away: `FOREVER 21 RENO NV` reads
//! as `forever 21 reno nv`, `forever 21` and `forever`.
//! A rule never takes the last letter. The normal form of a normal form is itself.

use std::fmt;

use super::rules::{DescriptorRules, Place, Rule};
use super::token;

/// A text whose last words may be a place: it is read without one of them, or two.
const PLACE_WORDS_MAX: usize = 2;
/// Stands where something was taken from the middle, and before the numbers of shops.
const MARK: &str = "#";
/// A legal form is joined to words of so many letters.
const JOINED_MIN: usize = 5;
/// Rules are applied again until nothing changes: each round takes a word away, so this is enough
/// for every descriptor, and rules that put back what they take come to an end as well.
const ROUNDS_MAX: usize = 300;
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
    /// How many words were left out because a place stands there often, and not because they are
    /// known to belong to one.
    pub(super) guessed: usize,
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
        let mut tokens = token::split(descriptor, &self.letters);
        cleaning.read_as_is(&tokens);
        for round in 0..ROUNDS_MAX {
            let before = tokens.clone();
            cleaning.strip_start(&mut tokens);
            tokens = cleaning.pass(tokens, round == 0);
            cleaning.read(&tokens, 0);
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
        let tokens = token::split(outside, &self.letters);
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
        self.read(tokens, 0);
        let longest = |rule: &Rule| rule.longest_at(tokens);
        if best(self.rules, Place::Start, longest).is_some_and(|(_, count)| count == 1) {
            let mut aside = Cleaning { rules: self.rules, cleaned: Cleaned::default() };
            let whole = aside.pass(tokens.to_vec(), false);
            aside.read(&whole, 0);
            for reading in aside.cleaned.readings {
                self.read(&[reading.text], 0);
            }
        }
        for reading in &mut self.cleaned.readings {
            reading.is_as_is = true;
        }
    }

    /// Applies every rule but those at the start, once or as often as it fits.
    fn pass(&mut self, mut tokens: Vec<String>, is_first: bool) -> Vec<String> {
        self.strip_behind_star(&mut tokens);
        self.strip_anywhere(&mut tokens, false);
        self.strip_domains(&mut tokens);
        self.strip_end(&mut tokens, false);
        let has_place = self.strip_place(&mut tokens);
        // What a bank writes at the end can stand before the place, too. The legal form waits until
        // now because of Colorado.
        self.strip_end(&mut tokens, true);
        self.read(&tokens, 0);
        self.read_before_number(&tokens);
        self.strip_anywhere(&mut tokens, true);
        let mut words = token::words(&tokens);
        self.strip_end(&mut words, true);
        self.read_without_joined(&words);
        if is_first && has_place == Some(false) {
            self.read_without_place(&words);
        }
        words
    }

    fn strip_start(&mut self, tokens: &mut Vec<String>) {
        let rules = self.rules;
        for _ in 0..ROUNDS_MAX {
            let Some((rule, count)) = best(rules, Place::Start, |rule| rule.longest_at(tokens))
            else {
                break;
            };
            let rest = tokens.get(count..).unwrap_or_default();
            // A reference behind a star is no name: then the name stands before it.
            let is_reference = rest.first().is_some_and(|token| token::is_id(token));
            if rule.put.is_none() && (!has_name(rest) || is_reference) {
                break;
            }
            self.note(&rule.name, tokens.get(..count).unwrap_or_default());
            self.cleaned.is_payee |= rule.is_payee;
            tokens.splice(..count, rule.put.clone());
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

    /// Takes away a state at the end and the city before it. `None` where there is no state, or
    /// else whether the city was known.
    fn strip_place(&mut self, tokens: &mut Vec<String>) -> Option<bool> {
        let last = tokens.last()?.clone();
        if token::is_state(&last) && has_name(tokens.get(..tokens.len() - 1)?) {
            tokens.pop();
            self.note("state", &[last]);
        } else {
            let (city, state) = last.split_at_checked(last.len().checked_sub(2)?)?;
            let is_both = token::is_state(state) && self.rules.is_city(city);
            if !is_both || tokens.len() < 2 {
                return None;
            }
            tokens.pop();
            self.note("city", &[last]);
            return Some(true);
        }
        let words = tokens.iter().rev().take_while(|token| *token != MARK).count();
        if words == 0 {
            return Some(true);
        }
        for count in (1..=CITY_WORDS_MAX.min(words)).rev() {
            let start = tokens.len() - count;
            let city = tokens.get(start..).unwrap_or_default().join(" ");
            let is_city = self.rules.is_city(&city) || self.rules.begins_city(&city);
            if is_city && has_name(tokens.get(..start)?) {
                tokens.truncate(start);
                self.note("city", &[city]);
                return Some(true);
            }
        }
        Some(self.strip_behind_number(tokens))
    }

    /// What stands between the number of a shop and a state is the place of the shop.
    fn strip_behind_number(&mut self, tokens: &mut Vec<String>) -> bool {
        let is_store =
            |token: &String| token == MARK || (token.len() > 1 && token::is_number(token));
        let number = tokens.iter().rposition(is_store).filter(|at| *at > 0);
        let Some(at) = number.filter(|at| tokens.len() - at - 1 <= CITY_WORDS_MAX) else {
            return false;
        };
        if !has_name(tokens.get(..at).unwrap_or_default()) {
            return false;
        }
        let place = tokens.split_off(at + 1);
        if !place.is_empty() {
            self.note("place", &place);
        }
        true
    }

    /// A reading up to the last number, which is that of a shop: an earlier one may be of the name.
    fn read_before_number(&mut self, tokens: &[String]) {
        let is_number = |token: &String| token == MARK || token::is_number(token);
        if let Some(at) = tokens.iter().rposition(is_number).filter(|at| *at > 0) {
            let name = tokens.get(..at).unwrap_or_default();
            self.read(name, 0);
        }
    }

    /// Readings without the last word and without the last two, where these can be a place.
    fn read_without_place(&mut self, words: &[String]) {
        for count in 1..=PLACE_WORDS_MAX.min(words.len().saturating_sub(1)) {
            let (name, place) = words.split_at(words.len() - count);
            if place.iter().all(|word| self.can_be_place(word)) {
                let mut name = name.to_vec();
                self.strip_end(&mut name, true);
                let is_listed = count == PLACE_WORDS_MAX && self.is_listed(place);
                self.read(&name, if is_listed { 1 } else { count });
            }
        }
    }

    /// Whether these words begin or end as names of places do.
    fn is_listed(&self, place: &[String]) -> bool {
        let DescriptorRules { city_first, city_last, .. } = self.rules;
        place.first().is_some_and(|word| city_first.contains(word))
            || place.last().is_some_and(|word| city_last.contains(word))
    }

    /// A reading without a legal form that was joined to the last word.
    fn read_without_joined(&mut self, words: &[String]) {
        let Some((last, before)) = words.split_last() else { return };
        let ends = ["inc", "llc", "corp"];
        let name = ends.iter().find_map(|end| last.strip_suffix(end));
        if let Some(name) = name.filter(|name| name.len() >= JOINED_MIN) {
            self.read(&[before, &[name.to_owned()]].concat(), 0);
        }
    }

    /// Whether a word can belong to the name of a place: it can be said, and no business has it.
    fn can_be_place(&self, word: &str) -> bool {
        let is_listed = self.is_listed(&[word.to_owned()]);
        let can_be_said = word.chars().any(|c| token::is_vowel(c) || c == 'y' || !c.is_ascii());
        let is_plain = word.chars().all(char::is_alphabetic);
        is_listed || (can_be_said && is_plain && !self.rules.is_common(word))
    }

    fn note(&mut self, rule: &str, taken: &[String]) {
        self.cleaned.removed.push(Removed { rule: rule.to_owned(), text: taken.join(" ") });
    }

    fn read(&mut self, tokens: &[String], guessed: usize) {
        let text = token::words(tokens).join(" ");
        let readings = &mut self.cleaned.readings;
        match readings.iter_mut().find(|reading| reading.text == text) {
            Some(known) => {
                *known = Reading { text, guessed: known.guessed.min(guessed), is_as_is: false }
            }
            None if text.is_empty() => {}
            None => readings.push(Reading { text, guessed, is_as_is: false }),
        }
    }
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
