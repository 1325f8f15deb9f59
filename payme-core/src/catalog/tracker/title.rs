//! Titles: what they say beside a name, and whether all of it is understood.
//!
//! In: a title. Out: what it says about who belongs, the days and the things it names, and whether
//! a rule may go without a question for all that it says.
//! Invariant: a title is plain only if every word of it is a name of a shop, a state that is read,
//! or one that titles have whoever belongs.
//! Rules: `docs/rules/trackers.md`.

use std::collections::BTreeSet;

use super::audience::Audience;
use super::dates::{When, date_at};
use super::names::{self, head};
use super::places::{PlacePhrase, state_words};
use super::words::Words;
use crate::types::Date;

/// What titles say of who belongs, where that is no shopper.
const MEMBERS: [(Audience, &[&str]); 11] = [
    (
        Audience::BreachVictim,
        &[
            "data|security|cybersecurity|privacy breach|breaches|incident|incidents|leak",
            "cyberattack|ransomware|hack|moveit",
        ],
    ),
    (
        Audience::Applicant,
        &[
            "job|employment posting|postings|application|applications",
            "applicant|applicants",
            "pay transparency",
        ],
    ),
    (
        Audience::CallRecipient,
        &[
            "unwanted|spam|unsolicited call|calls|text|texts|faxes|voicemail|voicemails",
            "tcpa|robocall|robocalls|telemarketing|voicemail|voicemails",
            "do -? not -? call",
            "text messages",
        ],
    ),
    (
        Audience::Employee,
        &[
            "employee|employees|worker|workers|staff|nurses|contractors|employment|payroll",
            "wage|wages|overtime|paycheck|paychecks|salary|unpaid|labor|biometric",
            "meal|rest break|breaks|period|periods",
        ],
    ),
    (
        Audience::Investor,
        &["investor|investors|shareholder|shareholders|securities|retirement|pension|401"],
    ),
    (
        Audience::Business,
        &[
            "reseller|resellers|dealer|dealers|business|businesses|merchant|merchants|retailers",
            "direct purchaser|purchasers",
            "wholesale|franchisees|franchisee|distributors",
        ],
    ),
    (Audience::Student, &["student|students|tuition"]),
    (Audience::Patient, &["patient|patients"]),
    (Audience::Tenant, &["tenant|tenants|renter|renters|security deposits"]),
    (Audience::Insured, &["policyholder|policyholders|insureds"]),
    (Audience::Visitor, &["data privacy", "website|pixel tracking", "website visitors|users"]),
];

/// What a title says of who belongs, and the words that say so. One that says nothing, or that
/// speaks of shoppers, is for the text to say.
pub(super) fn title_audience(title: &str) -> Option<(Audience, String)> {
    let words = Words::of(title);
    MEMBERS.iter().find_map(|(audience, phrases)| {
        Some((*audience, words.slice(words.find(phrases)?).to_owned()))
    })
}

/// Words of titles that say nothing about who belongs: those of any case, and what a seller did
/// that every purchase suffers from.
#[rustfmt::skip]
const UNDERSTOOD: [&str; 50] = [
    "class", "action", "actions", "settlement", "settlements", "lawsuit", "lawsuits", "case",
    "the", "a", "an", "of", "and", "or", "for", "in", "on", "to", "is", "are", "open", "claims",
    "inc", "llc", "corp", "corporation", "co", "company", "ltd", "lp",
    "price", "prices", "pricing", "sale", "sales", "discount", "discounts", "advertised",
    "advertising", "hidden", "junk", "fee", "fees", "charge", "charges", "false", "fake",
    "inflated", "deceptive", "misleading",
];

/// Whether every word of a title is understood, beside the names of shops and states that are read.
pub(super) fn is_plain_title(title: &str, merchants: &[String], places: &PlacePhrase) -> bool {
    let words = Words::of(title);
    let mut understood = vec![false; words.len()];
    let mut mark = |from: usize, to: usize| {
        for slot in understood.iter_mut().take(to).skip(from) {
            *slot = true;
        }
    };
    for name in merchants {
        let name: Vec<String> = Words::of(name).iter().map(|word| word.low.clone()).collect();
        for at in 0..words.len() {
            if name.iter().enumerate().all(|(nth, low)| words.low(at + nth) == low) {
                mark(at, at + name.len());
            }
        }
    }
    if places.named.is_empty() {
        for at in 0..words.len() {
            if let Some(end) = state_words(&words, at) {
                mark(at, end);
            }
        }
    }
    // The name in the title has to be that of a shop in the text: another one may be a product.
    let head = Words::of(&head(title)).len();
    let is_named = head == 0 || understood.first().copied().unwrap_or(false);
    is_named
        && words.iter().zip(&understood).all(|(word, understood)| {
            *understood
                || UNDERSTOOD.contains(&word.low.as_str())
                || matches!(word.raw, "-" | "\u{2013}" | "\u{2014}" | "(" | ")" | "," | ":" | ".")
        })
}

/// The days, months and years that a title names, but those to claim by: when something happened,
/// or which year's models it is about.
pub(super) fn title_days(title: &str) -> Vec<(Date, Date)> {
    let words = Words::of(title);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match date_at(&words, at, None) {
            Some((When::Days(first, last), end)) => {
                let to_claim = ["by", "until", "before", "deadline", "through", "ends", "due"];
                if !words.before(at, 3, &to_claim) && !words.before(at, 1, &["$"]) {
                    found.push((first, last));
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    found
}

/// Words that tell what was done, and not what it was done to: two titles of one settlement often
/// differ in them.
#[rustfmt::skip]
const DEEDS: [&str; 62] = [
    "fee", "charge", "price", "pricing", "sale", "discount", "label", "labeling", "labelling",
    "advertised", "advertising", "advertisement", "marketing", "hidden", "junk", "shipping",
    "website", "site", "online", "data", "personal", "information", "privacy", "tracking",
    "practice", "false", "fake", "deceptive", "misleading", "inflated", "unfair", "illegal",
    "unauthorized", "fraud", "scam", "defect", "defective", "failure", "issue", "problem",
    "recall", "refund", "payment", "notice", "register", "update", "eligible", "person", "people",
    "customer", "user", "subscriber", "said", "stop", "without", "violation", "billing",
    "renewal", "antitrust", "kickback", "2", "program",
];

/// What the title names beside what every title has: companies and what they sell, without the s
/// of a plural.
pub(super) fn title_things(title: &str) -> BTreeSet<String> {
    let mut things = names::words_of(title);
    things.retain(|word| !DEEDS.contains(&word.as_str()) && word.chars().count() > 2);
    things
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_say_what_the_table_says() {
        #[rustfmt::skip]
        let table = [
            // title                                                who belongs      things                     days
            ("Lumo Lamps - Hidden Fees Class Action Settlement",    "_",             "lamp lumo",               ""),
            ("Lumo - March 2023 Data Breach Settlement",            "breach_victim", "lumo",                    "2023-03-01 2023-03-31"),
            ("Lumo Lamps Employees Settlement",                     "employee",      "lamp lumo",               ""),
            ("Lumo Torch Settlement \u{2014} Claim by May 2026",    "_",             "lumo torch",              ""),
            ("Lumo 2019-2021 Torch Settlement",                     "_",             "lumo torch",
                "2019-01-01 2019-12-31, 2021-01-01 2021-12-31"),
            ("$2019 Lumo Settlement",                               "_",             "lumo",                    ""),
        ];
        for (title, who, things, days) in table {
            let found = title_audience(title).map_or("_", |(audience, _)| audience.as_str());
            assert_eq!(found, who, "{title}");
            assert_eq!(
                title_things(title).into_iter().collect::<Vec<_>>().join(" "),
                things,
                "{title}"
            );
            let found =
                title_days(title).into_iter().map(|(first, last)| format!("{first} {last}"));
            assert_eq!(found.collect::<Vec<_>>().join(", "), days, "{title}");
        }
    }

    #[test]
    fn a_title_is_plain_where_every_word_is_understood() {
        let lumo = ["Lumo Lamps".to_owned()];
        #[rustfmt::skip]
        let table = [
            ("Lumo Lamps Class Action Settlement",              true),
            ("Lumo Lamps - Advertised Sales Settlement",        true),
            ("Lumo Lamps, Inc. Settlement",                     true),
            ("Lumo Lamps - Gift Cards Settlement",              false),
            ("Lumo Lamps - Data Breach Settlement",             false),
            ("Lumo Lamps Employees Settlement",                 false),
            ("Lumo Lamps 2021 Settlement",                      false),
            ("Vela Sails - Hidden Fees Settlement",             false),
            ("Class Action Settlement: Lumo Lamps",             false),
        ];
        for (title, expected) in table {
            assert_eq!(is_plain_title(title, &lumo, &PlacePhrase::default()), expected, "{title}");
        }
    }
}
