//! States: where members of a class live or where what makes them one happened, as a text says it.
//!
//! In: a text, and whether it is a title. Out: the states that are in and those that are out, and
//! whether it speaks of where people live. A state's name inside another name, such as that of a
//! team or a university, names no place.
//! Rules: `docs/rules/trackers.md`.

use super::words::Words;
use crate::types::{State, StateSet};

#[rustfmt::skip]
const NAMES: [(&str, &str); 56] = [
    ("alabama", "AL"), ("alaska", "AK"), ("american samoa", "AS"), ("arizona", "AZ"),
    ("arkansas", "AR"), ("california", "CA"), ("colorado", "CO"), ("connecticut", "CT"),
    ("delaware", "DE"), ("district of columbia", "DC"), ("florida", "FL"), ("georgia", "GA"),
    ("guam", "GU"), ("hawaii", "HI"), ("idaho", "ID"), ("illinois", "IL"), ("indiana", "IN"),
    ("iowa", "IA"), ("kansas", "KS"), ("kentucky", "KY"), ("louisiana", "LA"), ("maine", "ME"),
    ("maryland", "MD"), ("massachusetts|mass", "MA"), ("michigan", "MI"), ("minnesota", "MN"),
    ("mississippi", "MS"), ("missouri", "MO"), ("montana", "MT"), ("nebraska", "NE"),
    ("nevada", "NV"), ("new hampshire", "NH"), ("new jersey", "NJ"), ("new mexico", "NM"),
    ("new york", "NY"), ("north carolina", "NC"), ("north dakota", "ND"),
    ("northern mariana islands", "MP"), ("ohio", "OH"), ("oklahoma", "OK"), ("oregon", "OR"),
    ("pennsylvania", "PA"), ("puerto rico", "PR"), ("rhode island", "RI"),
    ("south carolina", "SC"), ("south dakota", "SD"), ("tennessee", "TN"), ("texas", "TX"),
    ("utah", "UT"), ("vermont", "VT"), ("virginia", "VA"), ("us virgin islands", "VI"),
    ("washington", "WA"), ("west virginia", "WV"), ("wisconsin", "WI"), ("wyoming", "WY"),
];

/// What a text says about states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlacePhrase {
    /// The states that are in; empty where the text names none.
    pub within: StateSet,
    /// The states that are out.
    pub outside: StateSet,
    /// Whether it speaks of where people live, and not of where they lived once, of each state
    /// that is in or out.
    pub is_home: bool,
    /// Whether it says that every state is in.
    pub is_everywhere: bool,
    /// The states whose names stand in it as part of another name, or so that it is not clear.
    pub named: StateSet,
    /// Whether it says something of a state, and it is not clear what.
    pub is_unclear: bool,
    /// The words it was read from.
    pub text: String,
}

/// What a text says about states.
///
/// A sentence in which something is negated says where nobody has to look for it: its states are
/// unclear, and then no state of the text is sure.
/// ```
/// use payme_core::catalog::tracker::read_places;
/// let places = read_places("bought shoes outside of Ohio");
/// assert!(places.outside.contains("OH".parse().unwrap()) && places.within.is_empty());
/// assert!(read_places("had tickets of the Washington Whales").within.is_empty());
/// let places = read_places("residents of Ohio are not eligible");
/// assert!(places.within.is_empty() && places.named.contains("OH".parse().unwrap()));
/// let places = read_places("everybody, except residents of Ohio");
/// assert!(places.outside.contains("OH".parse().unwrap()) && places.is_home);
/// ```
pub fn read_places(text: &str) -> PlacePhrase {
    let words = Words::of(text);
    let mut found = PlacePhrase::default();
    let mut mentions: Vec<Mention> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some((state, end)) = state_at(&words, at) else {
            at += 1;
            continue;
        };
        let last = mentions.last().filter(|last| is_list(&words, last.end, at));
        let (sense, is_home, list) = match last {
            Some(last) => (last.sense, last.is_home, last.list),
            None => {
                let (sense, is_home) = sense(&words, at, end);
                (sense, is_home, at)
            }
        };
        mentions.push(Mention { state, sense, is_home, list, at, end });
        at = end;
    }
    let towns: Vec<usize> = town_lists(&words, &mentions);
    let is_unclear = |one: &Mention| one.sense == Sense::Unclear || towns.contains(&one.list);
    let all_unclear = mentions.iter().any(is_unclear);
    let (mut within, mut outside, mut named) = (Vec::new(), Vec::new(), Vec::new());
    let mut homes = Vec::new();
    for one in &mentions {
        let sense = if all_unclear { Sense::Unclear } else { one.sense };
        let is_place = matches!(sense, Sense::Within | Sense::Outside);
        if found.text.is_empty() && (is_place || is_unclear(one)) {
            let from = one.at.saturating_sub(3);
            found.text = words.slice(from..(one.end + 1).min(words.len())).to_owned();
        }
        match sense {
            Sense::Within => within.push(one.state),
            Sense::Outside => outside.push(one.state),
            Sense::Name | Sense::Unclear => named.push(one.state),
        }
        if is_place {
            homes.push(one.is_home);
        }
    }
    // Named in one place and left out in another: neither is sure.
    let (within, outside): (StateSet, StateSet) =
        (within.into_iter().collect(), outside.into_iter().collect());
    let both = within.intersection(outside);
    found.within = within.iter().filter(|state| !both.contains(*state)).collect();
    found.outside = outside.iter().filter(|state| !both.contains(*state)).collect();
    found.named = named.into_iter().chain(both.iter()).collect();
    found.is_unclear = all_unclear || !both.is_empty();
    found.is_home = !homes.is_empty() && homes.iter().all(|is_home| *is_home);
    found.is_everywhere = words.has(&[
        "anywhere|everywhere else? in the us|u|united",
        "nationwide",
        "across the us|u|united|country",
        "in all 50? states",
    ]);
    found
}

/// A state in a text.
#[derive(Debug, Clone, Copy)]
struct Mention {
    state: State,
    sense: Sense,
    /// Whether it is where people live.
    is_home: bool,
    /// Where the list begins that it stands in.
    list: usize,
    at: usize,
    end: usize,
}

/// The lists of two states with no more than a comma between them: the first may be a town of the
/// second, such as Nevada, Missouri. Between parentheses, and of codes, they are two states.
fn town_lists(words: &Words<'_>, mentions: &[Mention]) -> Vec<usize> {
    let is_town = |first: &Mention, second: &Mention| {
        first.list == second.list
            && mentions.iter().filter(|one| one.list == first.list).count() == 2
            && second.at == first.end + 1
            && words.low(first.end) == ","
            && !words.before(first.at, 1, &["("])
            && words.low(first.at).len() > 2
    };
    let pairs = mentions.iter().zip(mentions.iter().skip(1));
    pairs.filter(|(first, second)| is_town(first, second)).map(|(first, _)| first.list).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    /// Something is in the state.
    Within,
    /// The state is left out.
    Outside,
    /// It is part of another name.
    Name,
    /// Something in its sentence is negated.
    Unclear,
}

/// Words that turn a sentence around, or take something out of it.
#[rustfmt::skip]
const NEGATIONS: [&str; 32] = [
    "not", "no", "non", "nor", "never", "neither", "none", "nobody", "except", "excepting",
    "exception", "exclude", "excludes", "excluded", "excluding", "exclusion", "exclusive",
    "outside", "other", "longer", "ineligible", "unless", "but", "without", "besides", "apart",
    "cannot", "minus", "barred", "save", "omitting", "aside",
];

/// Whether a word negates.
pub(super) fn is_negation(low: &str) -> bool {
    NEGATIONS.contains(&low) || low.ends_with("n't")
}

/// How many words of the sentence that a place is in negate.
fn negations(words: &Words<'_>, at: usize) -> usize {
    // A point behind a short word is that of an abbreviation.
    let ends = |here: usize| match words.low(here) {
        "!" | "?" | ";" => true,
        "." => here.checked_sub(1).is_some_and(|before| words.low(before).len() > 3),
        _ => false,
    };
    let from = (0..at).rev().find(|here| ends(*here)).map_or(0, |end| end + 1);
    let to = (at..words.len()).find(|here| ends(*here)).unwrap_or(words.len());
    (from..to).filter(|here| is_negation(words.low(*here))).count()
}

/// The state whose name or code stands at a word, and where it ends.
fn state_at(words: &Words<'_>, at: usize) -> Option<(State, usize)> {
    let word = words.get(at)?;
    if !word.is_capital() {
        return None;
    }
    let initial = word.low.as_bytes().first();
    let is_first = |name: &str| {
        // Most names do not even begin with the same letter.
        name.as_bytes().first() == initial
            && name.split([' ', '|']).next() == Some(word.low.as_str())
    };
    if let Some(end) = words.phrase_at(at, "washington , d . c") {
        return Some(("DC".parse().ok()?, end));
    }
    // Behind a West or a Virginia stands another state, so longer names come first.
    let named = NAMES
        .iter()
        .filter(|(name, _)| is_first(name) || word.low == "mass")
        .filter_map(|(name, code)| Some((words.phrase_at(at, name)?, code)))
        .max_by_key(|(end, _)| *end);
    if let Some((end, code)) = named {
        let end = words.phrase_at(end, ".").filter(|_| words.low(at) == "mass").unwrap_or(end);
        return Some((code.parse().ok()?, end));
    }
    let is_code = word.raw.len() == 2 && word.raw.bytes().all(|byte| byte.is_ascii_uppercase());
    // Words in capitals can be codes by accident: only behind words of place, or in a list.
    let is_behind = |count: usize| {
        at.checked_sub(count).and_then(|at| words.get(at)).is_some_and(|word| {
            word.raw.len() == 2 && word.is_capital() && word.raw.parse::<State>().is_ok()
        })
    };
    let is_place = words.before(at, 1, &["in", "or", "and", ",", "(", "of", "except", "outside"])
        || words.before(at, 1, &["/", "&"]) && is_behind(2)
        || words.phrase_at(at + 1, "resident|residents").is_some();
    if is_code && is_place { Some((word.raw.parse().ok()?, at + 1)) } else { None }
}

/// Whether two states stand in one list, the second at a word and the first ending at another.
fn is_list(words: &Words<'_>, end: usize, at: usize) -> bool {
    at > end
        && at <= end + 2
        && (end..at).all(|here| matches!(words.low(here), "," | "or" | "and" | "/" | "&"))
}

/// Words behind a state that speak of people who live there.
const PEOPLE: [&str; 2] = [
    "resident|residents|address|addresses|zip|citizen|citizens|policyholder|policyholders",
    "driver|drivers|homeowner|homeowners|household|households",
];

/// What is said of the state at some words, and whether that is where people live.
fn sense(words: &Words<'_>, at: usize, end: usize) -> (Sense, bool) {
    let behind = |phrases: &[&str]| phrases.iter().any(|p| words.phrase_at(end, p).is_some());
    let ahead = |count: usize, list: &[&str]| words.before(at, count, list);
    let stands = |phrase: &str, len: usize| {
        at.checked_sub(len).and_then(|from| words.phrase_at(from, phrase)) == Some(at)
    };
    let excepted = excepted(words, at);
    let is_outside = stands("outside", 1)
        || stands("outside of", 2)
        || stands("everywhere|anywhere|nationwide|states|state except", 2)
        || stands("everywhere|anywhere|nationwide|states|state except in|for", 3)
        || excepted.is_some();
    let lived = lives(words, at);
    let is_there = behind(&PEOPLE) || lived.is_some() || excepted == Some(true);
    // "Were a resident of" and "lived in": where somebody lives now is another thing. So is an
    // address that something is sent to.
    let is_past = lived == Some(true) || behind(&PEOPLE) && ahead(3, &["was", "were", "had"]);
    let is_home = is_there && !is_past && !behind(&["address|addresses|zip"]);
    match negations(words, at) {
        0 => {}
        1 if is_outside => return (Sense::Outside, is_home),
        _ => return (Sense::Unclear, false),
    }
    // A capital letter right behind goes on with a name; so does "of Central Florida" before it.
    let goes_on = words.get(end).is_some_and(|next| {
        next.is_capital()
            && !behind(&PEOPLE)
            && state_at(words, end).is_none()
            && !is_sentence_start(words, end)
    });
    if goes_on {
        return (Sense::Name, false);
    }
    if is_there {
        return (Sense::Within, is_home);
    }
    let is_parenthesis = ahead(1, &["("]) && behind(&[")", ",", "and", "or", "&"]);
    let is_policy = behind(&["auto|automobile|car|home? insurance policy|policies"]);
    let is_town = ahead(1, &[","])
        && at.checked_sub(2).and_then(|town| words.get(town)).is_some_and(|town| town.is_capital())
        && ahead(5, &["in", "at", "near"]);
    let is_within = ahead(1, &["in", "within", "into", "throughout"])
        || ahead(2, &["state"]) && ahead(1, &["of"])
        || ahead(1, &["a", "an", "from"]) && is_policy
        || ahead(2, &["the"]) && ahead(1, &["in"]);
    let is_place = is_parenthesis || is_within || is_town || is_policy;
    (if is_place { Sense::Within } else { Sense::Name }, false)
}

/// Words that speak of living somewhere.
const LIVES: [&str; 11] = [
    "live",
    "lives",
    "lived",
    "living",
    "reside",
    "resided",
    "residing",
    "resident",
    "residents",
    "citizen",
    "citizens",
];

/// Whether a word of living somewhere stands before a state, with no more than a town between, and
/// then whether it is of the past: "residents who bought in Ohio" do not have to live there.
fn lives(words: &Words<'_>, at: usize) -> Option<bool> {
    const BETWEEN: [&str; 8] = ["of", "in", "the", "state", "within", "outside", "city", ","];
    let mut before = (at.saturating_sub(8)..at).rev();
    let is_between = |here: usize| {
        BETWEEN.contains(&words.low(here)) || words.get(here).is_some_and(|word| word.is_capital())
    };
    let here = before.find(|here| LIVES.contains(&words.low(*here)) || !is_between(*here))?;
    let is_past = matches!(words.low(here), "lived" | "resided")
        || words.before(here, 2, &["was", "were", "had"]);
    (here + 1 < at && LIVES.contains(&words.low(here))).then_some(is_past)
}

/// Whether a state stands behind an exception that is one of it alone, such as "except residents
/// of", and then whether that speaks of where people live.
fn excepted(words: &Words<'_>, at: usize) -> Option<bool> {
    const BETWEEN: [&str; 20] = [
        "of",
        "in",
        "for",
        "the",
        "those",
        "who",
        "people",
        "persons",
        "consumers",
        "customers",
        "anyone",
        "live",
        "lives",
        "lived",
        "living",
        "reside",
        "residing",
        "residents",
        "citizens",
        "state",
    ];
    let mut here = at.checked_sub(1)?;
    while BETWEEN.contains(&words.low(here)) && at - here < 8 {
        here = here.checked_sub(1)?;
    }
    let is_exception = matches!(words.low(here), "except" | "excepting" | "excluding");
    is_exception.then(|| (here..at).any(|here| LIVES.contains(&words.low(here))))
}

/// Whether a word begins a sentence: a capital letter there says nothing.
fn is_sentence_start(words: &Words<'_>, at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| matches!(words.low(before), "." | "!" | "?"))
}

/// Where the name of a state that begins at a word ends.
pub(super) fn state_words(words: &Words<'_>, at: usize) -> Option<usize> {
    state_at(words, at).map(|(_, end)| end)
}
