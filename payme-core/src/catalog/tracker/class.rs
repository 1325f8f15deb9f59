//! The class: who belongs to it, when and where, as one row describes it.
//!
//! In: the description and the title of a row. Out: what made somebody a member, whose customers
//! they were, in which period and states, and whether every word of it was understood.
//! Invariant: a class is plain only if no word of its description and of its title is left over and
//! its states are where people live; only then can a purchase alone make somebody eligible.
//! Rules: `docs/rules/trackers.md`.

use super::audience::{Audience, audience_of};
use super::conditions::{Condition, conditions};
use super::dates::month_of;
use super::names::{head, is_junk};
use super::period::{PeriodKind, PeriodPhrase, periods_of};
use super::places::{PlacePhrase, read_places, state_words};
use super::title::{is_plain_title, title_audience};
use super::words::{Words, one_line};
use crate::types::State;

/// Who belongs to a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    /// What made them members, and the words that say so.
    pub(super) audience: (Audience, String),
    /// What the title says made them members, where the text says that they were shoppers.
    pub(super) other_audience: Option<(Audience, String)>,
    /// The conditions that the description names.
    pub(super) conditions: Vec<(Condition, String)>,
    /// Every period the description states.
    pub(super) periods: Vec<PeriodPhrase>,
    /// What it says about states.
    pub(super) places: PlacePhrase,
    /// Shops and services whose customers they were: what they sell, they sell themselves.
    pub(super) merchants: Vec<String>,
    /// Names of products, which any shop may sell, and other names of the defendant.
    pub(super) brands: Vec<String>,
    /// Whether the description names any of them, as names are written.
    pub(super) is_named: bool,
    /// Whether every word of the description and of the title was understood.
    pub(super) is_plain: bool,
}

/// The forms that companies have: they are no names.
const FORMS: [&str; 10] = ["inc", "llc", "corp", "ltd", "co", "lp", "llp", "pc", "p_c", "l_p"];

/// What a tracker extracted beside its sentences.
#[derive(Debug, Clone, Default)]
pub(super) struct Extracted<'a> {
    pub(super) services: Vec<&'a str>,
    pub(super) products: Vec<&'a str>,
    pub(super) defendant: Option<&'a str>,
    /// Whether it extracted anything else, such as questions of its own or a breach.
    pub(super) has_more: bool,
}

/// Words of a class definition that change nothing about who belongs to it, beside the names, days
/// and states that are read.
#[rustfmt::skip]
const UNDERSTOOD: [&str; 66] = [
    "you", "may", "be", "able", "to", "claim", "a", "an", "piece", "of", "this", "the",
    "settlement", "included", "covered", "entitled", "if", "who", "those", "people", "anyone",
    "consumers", "persons", "everyone", "covers", "includes", "are", "were", "is", "and", "or",
    "any", "at", "least", "one", "more", "product", "products", "item", "items", "merchandise",
    "goods", "purchase", "purchases", "purchased", "bought", "made", "paid", "for", "from",
    "through", "via", "in", "customer", "customers", "resident", "residents", "live",
    "living", "ordered", "order", "orders", "shopped", "members", "all", "between",
];

impl Class {
    /// Of a row whose description is one; `text` is empty where there is none to read.
    pub(super) fn of(title: &str, text: &str, extracted: &Extracted<'_>) -> Self {
        let words = Words::of(text);
        let audience = audience_of(&words);
        let mut periods = periods_of(&words);
        if audience.0 == Audience::BreachVictim {
            // The days of a breach say nothing about anybody's purchases.
            for period in periods.iter_mut().filter(|period| period.kind == PeriodKind::Class) {
                period.kind = PeriodKind::Event;
            }
        }
        let other_audience = title_audience(title).filter(|_| audience.0 == Audience::Shopper);
        let conditions = all_conditions(&words, title);
        let places = both_places(text, title);
        let confirmed = |names: &[&str]| -> Vec<String> {
            let stands = |name: &&&str| stands_in(&words, name);
            names.iter().filter(stands).map(|name| (*name).to_owned()).collect()
        };
        let mut merchants = confirmed(&extracted.services);
        if audience.0 == Audience::Shopper {
            merchants.extend(sellers(&words));
        }
        let mut brands = confirmed(&extracted.products);
        for name in [head(title), head(extracted.defendant.unwrap_or_default())] {
            brands.extend(name.split([',', '/']).map(|part| part.trim().to_owned()));
        }
        for list in [&mut merchants, &mut brands] {
            for name in list.iter_mut() {
                *name = one_line(name, 80);
            }
            let mut seen = Vec::new();
            list.retain(|name| {
                let slug = crate::types::slug(name);
                let is_new =
                    slug.len() > 1 && !FORMS.contains(&slug.as_str()) && !seen.contains(&slug);
                seen.push(slug);
                is_new && !is_junk(name, title)
            });
        }
        let is_plain = is_plain(&words, &periods, &merchants, &places)
            && is_plain_title(title, &merchants, &places)
            && conditions.is_empty()
            && !extracted.has_more;
        let is_brand = |name: &String| {
            name_at(&words, name)
                .any(|at| words.get(at.start).is_some_and(|word| !is_lower(word.raw)))
        };
        let is_named = !merchants.is_empty() || brands.iter().any(is_brand);
        Self {
            audience,
            other_audience,
            conditions,
            periods,
            places,
            merchants,
            brands,
            is_named,
            is_plain,
        }
    }

    /// The periods of the class itself, each once.
    pub(super) fn class_periods(&self) -> Vec<&PeriodPhrase> {
        let mut found: Vec<&PeriodPhrase> = Vec::new();
        for period in self.periods.iter().filter(|period| period.kind == PeriodKind::Class) {
            if !found.iter().any(|one| (one.start, one.end) == (period.start, period.end)) {
                found.push(period);
            }
        }
        found
    }
}

/// The conditions that a text names, and the title behind its name: there capital letters say
/// nothing.
fn all_conditions(words: &Words<'_>, title: &str) -> Vec<(Condition, String)> {
    let rest = title.get(head(title).len()..).unwrap_or_default().to_lowercase();
    let mut found = conditions(words);
    for (condition, text) in conditions(&Words::of(&rest)) {
        if !found.iter().any(|(known, _)| *known == condition) {
            found.push((condition, text));
        }
    }
    found.sort_by_key(|(condition, _)| *condition);
    found
}

/// What a text and a title say of states. A state that one has in and the other has out is unclear.
fn both_places(text: &str, title: &str) -> PlacePhrase {
    let mut places = read_places(text);
    let in_title = read_places(title);
    let torn = in_title.within.intersection(places.outside);
    let is_torn = |state: &State| torn.contains(*state);
    // A title that names another state than the one where the text says people live adds a place.
    places.is_home &= in_title.within.iter().all(|state| places.within.contains(state));
    places.is_unclear |= in_title.is_unclear || !torn.is_empty();
    places.within = places.within.iter().chain(in_title.within.iter()).collect();
    places.within = places.within.iter().filter(|state| !is_torn(state)).collect();
    places.outside = places.outside.iter().filter(|state| !is_torn(state)).collect();
    if places.text.is_empty() {
        places.text = in_title.text;
    }
    let named = places.named.iter().chain(in_title.named.iter()).chain(torn.iter());
    places.named = named.collect();
    if places.is_everywhere {
        places.within = Default::default();
    }
    places
}

fn is_lower(word: &str) -> bool {
    word.starts_with(char::is_lowercase)
}

/// Whether a name stands in a text, word for word.
fn stands_in(words: &Words<'_>, name: &str) -> bool {
    name_at(words, name).next().is_some()
}

/// Where a name stands in a text.
fn name_at<'a>(
    words: &'a Words<'_>,
    name: &str,
) -> impl Iterator<Item = std::ops::Range<usize>> + use<'a> {
    let name: Vec<String> = Words::of(name).iter().map(|word| word.low.clone()).collect();
    (0..words.len()).filter_map(move |at| {
        let fits =
            !name.is_empty() && name.iter().enumerate().all(|(i, low)| words.low(at + i) == low);
        fits.then_some(at..at + name.len())
    })
}

/// The names of shops and services behind `from`, `through` and the like: capitalised, in a list.
fn sellers(words: &Words<'_>) -> Vec<String> {
    seller_spans(words).into_iter().map(|at| words.slice(at).to_owned()).collect()
}

/// Where they stand.
fn seller_spans(words: &Words<'_>) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some(mut here) = words.phrase_at(at, "from|through|via the?") else {
            at += 1;
            continue;
        };
        // "$4 million from" is who pays, and not who was paid.
        if words.before(at, 3, &["$", "million", "billion"]) {
            at += 1;
            continue;
        }
        while let Some(end) = seller_at(words, here) {
            found.push(here..end);
            here = end;
            for joint in [", or|and|? the?", "or|and the?"] {
                if let Some(next) = words.phrase_at(here, joint).filter(|_| here == end) {
                    here = next;
                }
            }
            if here == end {
                break;
            }
        }
        at = here.max(at + 1);
    }
    found
}

/// The end of a name that begins at a word: up to four capitalised words that are no date and no
/// place, with `&` between them.
fn seller_at(words: &Words<'_>, at: usize) -> Option<usize> {
    let is_name = |at: usize| {
        words.get(at).is_some_and(|word| {
            word.is_capital() && month_of(&word.low).is_none() && state_words(words, at).is_none()
        })
    };
    if !is_name(at) {
        return None;
    }
    let mut end = at + 1;
    // "St. Stephen" and "J & B" are one name.
    let is_joint = |at: usize| {
        words.low(at) == "&" || words.low(at) == "." && words.low(at.saturating_sub(1)).len() < 3
    };
    while end < at + 5 && (is_name(end) || is_joint(end) && is_name(end + 1)) {
        end += 1;
    }
    Some(end)
}

/// Whether every word is understood: names only where something is bought from them, and states
/// only where it is sure what is said of them.
fn is_plain(
    words: &Words<'_>,
    periods: &[PeriodPhrase],
    merchants: &[String],
    places: &PlacePhrase,
) -> bool {
    let sellers = seller_spans(words);
    let is_seller = |name: &String| {
        let slug = crate::types::slug(name);
        sellers.iter().any(|at| crate::types::slug(words.slice(at.clone())) == slug)
    };
    let is_sure = |state: &State| places.within.contains(*state) || places.outside.contains(*state);
    let has_places = !places.within.is_empty() || !places.outside.is_empty();
    if !merchants.iter().all(is_seller)
        || !places.named.iter().all(|state| is_sure(&state))
        || has_places && !places.is_home
    {
        return false;
    }
    let mut understood = vec![false; words.len()];
    let mut mark = |range: std::ops::Range<usize>| {
        for at in range {
            if let Some(slot) = understood.get_mut(at) {
                *slot = true;
            }
        }
    };
    for period in periods.iter().filter(|period| period.kind == PeriodKind::Class) {
        mark(period.words.clone());
    }
    sellers.into_iter().for_each(&mut mark);
    for at in 0..words.len() {
        for phrase in ["in the united states", "covered by this|the settlement"] {
            if let Some(end) = words.phrase_at(at, phrase) {
                mark(at..end);
            }
        }
    }
    for at in 0..words.len() {
        if let Some(end) = state_words(words, at) {
            // "Outside of" is understood before a state: outside of a country it is not.
            let out = ["outside of", "outside"].iter().find_map(|phrase| {
                let from = at.checked_sub(phrase.split(' ').count())?;
                words.phrase_at(from, phrase).map(|_| from)
            });
            mark(out.unwrap_or(at)..end);
        }
    }
    let is_known = |(at, word): (usize, &super::words::Word<'_>)| {
        understood.get(at).copied().unwrap_or(false)
            || UNDERSTOOD.contains(&word.low.as_str())
            || matches!(word.raw, "." | ",")
    };
    words.len() > 0 && words.iter().enumerate().all(is_known)
}
