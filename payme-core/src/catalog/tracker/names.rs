//! Names: whom a settlement is about, what about, and whose site it is.
//!
//! In: titles, defendants, addresses. Out: the words that tell one settlement from others, its
//! topics, and the host of a site without what its parts are called.

use std::collections::BTreeSet;

use super::words::Words;

/// Words that every title may have: they name nobody.
#[rustfmt::skip]
const FORM: [&str; 71] = [
    "class", "action", "actions", "settlement", "settlements", "lawsuit", "lawsuits", "claim",
    "claims", "the", "a", "an", "of", "and", "or", "for", "in", "on", "to", "by", "with", "from",
    "inc", "llc", "corp", "corporation", "co", "company", "companies", "ltd", "lp", "usa", "us",
    "is", "are", "open", "now", "new", "total", "million", "billion", "case",
    "v", "vs", "et", "al", "form", "per", "up", "after", "you", "your", "who", "without",
    "deadline",
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december", "consumer", "consumers", "multi", "state",
];

/// Words that are in the names of many companies: they tell none of them from the others.
#[rustfmt::skip]
const COMMON: [&str; 14] = [
    "group", "holdings", "international", "bank", "banks", "management", "healthcare", "health",
    "service", "services", "financial", "insurance", "systems", "solutions",
];

/// What settlements are about, and the phrases that say so.
const TOPICS: [(&str, &[&str]); 12] = [
    (
        "antitrust",
        &[
            "antitrust",
            "price -? fixing",
            "indirect|direct purchasers|purchaser",
            "monopoly",
            "overcharged|overcharge",
        ],
    ),
    ("biometric", &["biometric", "fingerprint|fingerprints", "bipa"]),
    (
        "calls",
        &[
            "unwanted|spam|unsolicited call|calls|text|texts",
            "tcpa",
            "do not call",
            "do - not - call",
            "robocall|robocalls",
            "telemarketing",
            "text messages",
        ],
    ),
    (
        "data_breach",
        &["data|security breach|breaches|incident", "data breaches", "moveit", "cyberattack"],
    ),
    ("data_privacy", &["privacy", "tracking|pixel|pixels", "wiretap|wiretapping"]),
    ("fees", &["fee|fees", "overdraft"]),
    ("hiring", &["job|employment postings|posting|application|applications", "pay transparency"]),
    ("labeling", &["advertised|advertising|labeling|labelling|mislabeled", "thread count"]),
    ("retirement", &["retirement|pension", "401", "savings plan"]),
    (
        "subscription",
        &["subscription|subscriptions", "auto -? renewal|renewed", "renewal|renewals"],
    ),
    (
        "vehicle",
        &[
            "airbag|airbags|engine|engines|transmission|transmissions|vehicle|vehicles",
            "brake|brakes|braking|sliding|emissions|forklift",
        ],
    ),
    (
        "wages",
        &["wages|wage|overtime|unpaid|labor|employee|employees|drivers|salary", "meal|rest breaks"],
    ),
];

/// What the name of a settlement consists of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Names {
    /// The words that tell it from others.
    pub(super) own: BTreeSet<String>,
    /// The words of its name that others have too: common ones, numbers, topics.
    pub(super) weak: BTreeSet<String>,
    /// What it is about.
    pub(super) topics: BTreeSet<&'static str>,
    /// The whole title without what every title has, in lower case.
    pub(super) plain: String,
}

impl Names {
    /// Of a title and the other names that stand for the defendant.
    pub(super) fn of<'a>(title: &str, others: impl IntoIterator<Item = &'a str>) -> Self {
        let words = Words::of(title);
        let topics: BTreeSet<&'static str> =
            TOPICS.iter().filter(|(_, say)| words.has(say)).map(|(topic, _)| *topic).collect();
        let mut plain = String::new();
        let is_said = |low: &str| is_plain_word(low) && !COMMON.contains(&low);
        for word in words.iter().filter(|word| word.is_word() && is_said(&word.low)) {
            plain.push_str(if plain.is_empty() { "" } else { " " });
            plain.push_str(&word.low);
        }
        let mut names = Self { topics, plain, ..Self::default() };
        names.take(&head(title));
        others.into_iter().for_each(|other| names.take(&head(other)));
        if names.is_nameless() {
            names.take(title);
        }
        if names.plain.is_empty() {
            names.plain = names.weak.iter().cloned().collect::<Vec<_>>().join(" ");
        }
        names
    }

    /// Takes in the words of a name, without the s of a plural or a genitive.
    fn take(&mut self, name: &str) {
        let words = Words::of(name);
        let about = topic_words(&words);
        for (at, word) in words.iter().enumerate().filter(|(_, word)| word.is_word()) {
            // Of numbers only the first word of a name is part of it, unless it is a year.
            let is_number = word.low.bytes().all(|byte| byte.is_ascii_digit());
            if is_number && (at > 0 || word.low.len() == 4)
                || !is_number && !is_plain_word(&word.low)
            {
                continue;
            }
            let is_topic = about.get(at).copied().unwrap_or(false);
            let is_weak = is_number || is_topic || COMMON.contains(&word.low.as_str());
            let low = word.low.trim_end_matches("'s");
            let stem = low.strip_suffix('s').filter(|stem| stem.len() > 3 && !stem.ends_with('s'));
            let stem = stem.unwrap_or(low).to_owned();
            if is_weak {
                self.weak.insert(stem)
            } else {
                self.own.insert(stem)
            };
        }
    }

    /// Whether it names nobody at all.
    pub(super) fn is_nameless(&self) -> bool {
        self.own.is_empty() && self.weak.is_empty()
    }

    /// Whether one name holds every word of the other.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        let both = !self.own.is_empty() && !other.own.is_empty();
        both && (self.own.is_subset(&other.own) || other.own.is_subset(&self.own))
    }

    /// Whether the names have a word in common.
    pub(super) fn shares(&self, other: &Self) -> bool {
        self.own.intersection(&other.own).next().is_some()
    }
}

/// Whether a word is neither a number nor one that every title may have.
fn is_plain_word(low: &str) -> bool {
    // "3m" and "23andme" are names; "9m" behind a sign of dollars is cut off with the head.
    !FORM.contains(&low) && !low.bytes().all(|byte| byte.is_ascii_digit())
}

/// Which words are those of a topic.
fn topic_words(words: &Words<'_>) -> Vec<bool> {
    let mut about = vec![false; words.len()];
    for found in TOPICS.iter().flat_map(|(_, phrases)| *phrases).flat_map(|say| words.all(say)) {
        if let Some(slots) = about.get_mut(found) {
            slots.fill(true);
        }
    }
    about
}

/// Whether a title is that of a list: a number of settlements with nobody's name before the word.
pub(super) fn is_count(title: &str) -> bool {
    let words = Words::of(title);
    let number = words.low(0);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let Some(plural) = words.find(&["settlements|lawsuits"]).filter(|_| is_number) else {
        return false;
    };
    let mut between = Names::default();
    between.take(words.slice(1..plural.start));
    between.own.is_empty()
}

/// The part of a title that names somebody: what stands before a dash or a parenthesis, and
/// before what the case is about.
pub(super) fn head(title: &str) -> String {
    let dash = [" - ", " \u{2013} ", " \u{2014} ", " -- ", " (", ": ", " | "];
    let end = dash.iter().filter_map(|mark| title.find(mark)).min().unwrap_or(title.len());
    let part = title.get(..end).unwrap_or(title);
    let words = Words::of(part);
    let tail: &[&str] = &[
        "class action",
        "settlement|settlements",
        "lawsuit|lawsuits",
        "data breach|privacy|incident",
        "antitrust",
        "unwanted calls|texts",
        "spam texts?",
        "tcpa",
        "privacy",
        "price -? fixing",
        "$",
        "unpaid|wage|wages",
        "covid",
        "biometric",
        "overdraft",
        "age discrimination",
    ];
    match words.find(tail) {
        Some(at) if at.start > 0 => {
            words.slice(0..at.start).trim_end_matches([' ', '/']).to_owned()
        }
        _ => part.trim().to_owned(),
    }
}

/// The words of a text that are in no list of those that every title has, without the s of a plural
/// or a genitive, and without numbers and topics.
pub(super) fn words_of(title: &str) -> BTreeSet<String> {
    let mut names = Names::default();
    names.take(title);
    names.own
}

/// Words that many texts have and that name no shop by themselves.
#[rustfmt::skip]
const PLAIN: [&str; 104] = [
    "account", "accounts", "app", "apps", "bank", "banks", "beef", "beer", "best", "book", "books",
    "box", "boxes", "bread", "butter", "car", "card", "cards", "cars", "cheese", "chicken",
    "choice", "city", "clothing", "coffee", "college", "company", "computer", "computers",
    "consumer", "consumers", "cost", "credit", "customer", "customers", "dairy", "debit", "doctor",
    "drug", "drugs", "egg", "eggs", "employee", "employees", "fast", "fee", "fees", "first",
    "fish", "flight", "flights", "food", "foods", "free", "fresh", "fund", "game", "games", "gas",
    "good", "great", "group", "health", "home", "hospital", "hotel", "hotels", "insurance",
    "internet", "juice", "loan", "loans", "meat", "milk", "mobile", "mortgage", "national", "nice",
    "one", "online", "parking", "phone", "phones", "pork", "product", "products", "salmon",
    "school", "service", "services", "shop", "shoes", "store", "stores", "subscription",
    "subscriptions", "sugar", "ticket", "tickets", "tuna", "turkey", "university", "water",
    "website",
];

/// Whether a name that stands in a title or was read from a text names no shop: a common word, the
/// rest of an amount, or a piece of a longer name such as the first half of Nice-Pak.
pub(super) fn is_junk(name: &str, title: &str) -> bool {
    let words = Words::of(name);
    let low = words.low(0);
    let is_amount = ["$", "million", "billion", "thousand"].contains(&low)
        || low.starts_with(|c: char| c.is_ascii_digit())
            && matches!(words.low(1), "," | "." | "million" | "billion" | "thousand" | "m" | "k")
        || words.iter().any(|word| word.raw == "$");
    let is_common = words
        .iter()
        .filter(|word| word.is_word())
        .all(|word| PLAIN.contains(&word.low.as_str()) || FORM.contains(&word.low.as_str()));
    is_amount || is_common || is_piece(&words, title)
}

/// Whether a name stands in a title only with a dash right before or behind it.
fn is_piece(name: &Words<'_>, title: &str) -> bool {
    let words = Words::of(title);
    let stands = |at: &usize| {
        name.len() > 0 && name.iter().enumerate().all(|(nth, one)| words.low(at + nth) == one.low)
    };
    let is_joined = |dash: usize| {
        let Some(one) = words.get(dash).filter(|one| one.raw == "-") else { return false };
        let touches = |at: Option<usize>, is_before: bool| {
            let Some(other) = at.and_then(|at| words.get(at)) else { return false };
            if is_before { other.end() == one.start } else { other.start == one.end() }
        };
        touches(dash.checked_sub(1), true) && touches(Some(dash + 1), false)
    };
    let mut places = (0..words.len()).filter(stands).peekable();
    places.peek().is_some()
        && places.all(|at| is_joined(at + name.len()) || at.checked_sub(1).is_some_and(is_joined))
}

/// The host of an address in lower case, without `www.` and a port; empty where there is none.
pub(super) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.').to_lowercase();
    host.strip_prefix("www.").unwrap_or(&host).to_owned()
}

/// The part of a host that somebody registered: its last two names, or three where the last but
/// one is a class of names such as `co.uk`.
pub(super) fn registrable(url: &str) -> String {
    let host = host(url);
    let names: Vec<&str> = host.split('.').collect();
    let is_class = |name: &str| ["co", "com", "org", "net", "gov", "ac"].contains(&name);
    let count = match names.as_slice() {
        [.., class, country] if country.len() == 2 && is_class(class) => 3,
        _ => 2,
    };
    names.get(names.len().saturating_sub(count)..).unwrap_or_default().join(".")
}

/// The path of an address without its last slash; one that leads to the first page, or to the
/// claim form of a site that has one, is empty.
pub(super) fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let path = rest.split_once('/').map_or("", |(_, path)| path).trim_end_matches('/');
    let path = path.to_lowercase();
    let first = path.split('.').next().unwrap_or_default();
    let entries = [
        "home",
        "index",
        "en",
        "en-us",
        "default",
        "main",
        "claim",
        "claims",
        "register",
        "claim-form",
        "file-claim",
        "file-a-claim",
        "submit-claim",
        "submit-a-claim",
    ];
    if entries.contains(&first) && !path.contains('/') {
        return String::new();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_what_was_registered() {
        #[rustfmt::skip]
        let table = [
            ("https://www.kettle-claims.example/home", "kettle-claims.example", ""),
            ("http://u@Secure.Kettles.example:80/a/B/", "kettles.example",      "a/b"),
            ("https://kettles.co.uk/index.html?x",      "kettles.co.uk",        ""),
            ("https://localhost",                       "localhost",            ""),
            ("https://a.example/?culture=en",           "a.example",            ""),
        ];
        for (url, expected, expected_path) in table {
            assert_eq!((registrable(url).as_str(), path(url).as_str()), (expected, expected_path));
        }
    }

    #[test]
    fn names_leave_out_what_every_title_has() {
        #[rustfmt::skip]
        let table = [
            ("Oakline Kettles - Unwanted Calls Class Action Settlement", "kettle oakline", "calls"),
            ("Oakline Kettle Data Breach Settlement Claim",              "kettle oakline", "data_breach"),
            ("Fern's (Ohio) Class Action Settlement",                    "fern",           ""),
            ("$9 Million Fern Settlement: Claim by May",                 "fern",           ""),
            ("Antitrust Settlement",                                     "",               "antitrust"),
            ("23andMe Data Breach Settlement",                           "23andme",        "data_breach"),
            ("4imprint Data Breach Settlement",                          "4imprint",       "data_breach"),
            ("3M Settlement",                                            "3m",             ""),
            ("7-Eleven Data Breach Settlements",                         "eleven",         "data_breach"),
            ("24 Hour Fitness Settlements",                              "fitness hour",   ""),
            ("24/7 Privacy Settlement",                                  "",               "data_privacy"),
            ("US Bank Settlement",                                       "",               ""),
            ("Health Management Services Data Breach",                   "",               "data_breach"),
            ("Falcon Airbags Settlement",                                "falcon",         "vehicle"),
        ];
        for (title, own, topics) in table {
            let names = Names::of(title, []);
            let join = |set: Vec<&str>| set.join(" ");
            assert_eq!(join(names.own.iter().map(String::as_str).collect()), own, "{title}");
            assert_eq!(join(names.topics.iter().copied().collect()), topics, "{title}");
        }
    }

    #[test]
    fn common_words_amounts_and_pieces_name_no_shop() {
        #[rustfmt::skip]
        let table = [
            ("Nice",                     "Nice-Pak Products - Data Breach",      true),
            ("Nice-Pak Products",        "Nice-Pak Products - Data Breach",      false),
            ("Lumo",                     "Lumo-Vela Lamps Settlement",           true),
            ("Lumo",                     "Lumo - Lamps Settlement",              false),
            ("Lumo",                     "Vela Settlement",                      false),
            ("Billion Lumo Card Fee",    "Billion Lumo Card Fee Settlement",     true),
            ("9 million Lumo",           "",                                     true),
            ("$4.2 Lumo",                "",                                     true),
            ("Beef",                     "",                                     true),
            ("Consumer Beef",            "",                                     true),
            ("3M",                       "",                                     false),
            ("1-800-Flowers",            "1-800-Flowers Settlement",             false),
            ("24 Hour Fitness",          "",                                     false),
            ("Food Lion",                "",                                     false),
        ];
        for (name, title, expected) in table {
            assert_eq!(is_junk(name, title), expected, "{name} / {title}");
        }
    }

    #[test]
    fn a_name_may_begin_with_a_number() {
        #[rustfmt::skip]
        let table = [
            // title                                      nameless  a list
            ("3M Settlement",                             false,    false),
            ("US Bank Settlement",                        false,    false),
            ("7-Eleven Data Breach Settlements",          false,    false),
            ("24 Hour Fitness Settlements",               false,    false),
            ("1-800-Flowers Auto Renewal Lawsuits",       false,    false),
            ("20 settlements you can claim",              false,    true),
            ("15 New Data Breach Settlements",            false,    true),
            ("Class Action Settlement",                   true,     false),
            ("2024 Settlement",                           true,     false),
        ];
        for (title, nameless, list) in table {
            let found = (Names::of(title, []).is_nameless(), is_count(title));
            assert_eq!(found, (nameless, list), "{title}");
        }
    }
}
