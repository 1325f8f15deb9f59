//! Conditions: who of the people that a class is about belongs, as a text says it.
//!
//! In: a text. Out: the conditions it names. None of them shows in a bank account, so a question
//! has to carry them: parents, businesses, those who bought for themselves, heirs, ages.
//! Rules: `docs/rules/trackers.md`.

use super::places::is_negation;
use super::words::Words;

/// How many places of a phrase are looked at: a text that names one more often repeats itself.
const PLACES_MAX: usize = 16;

/// A condition of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Condition {
    /// They are a parent or guardian of somebody.
    Parent,
    /// It is about a minor.
    Minor,
    /// They stand for somebody who died.
    Heir,
    /// They are a business.
    Business,
    /// They are no business, and bought for themselves.
    Own,
    /// They were of some age.
    Age,
    /// They got nothing back.
    Unpaid,
}

const PHRASES: [(Condition, &[&str]); 6] = [
    (Condition::Parent, &["parent|parents|guardian|guardians"]),
    (
        Condition::Minor,
        &[
            "minor|minors",
            "behalf of a|an|your|their|his|her? child|children",
            "your|their child|children",
            "child|children who|whose",
            "under the? age? of? 18|eighteen",
        ],
    ),
    (
        Condition::Heir,
        &[
            "heir|heirs|estate|estates|decedent|decedents|deceased",
            "next of kin",
            "surviving spouse|spouses",
        ],
    ),
    (
        Condition::Business,
        &[
            "you are a|an * business|company",
            "you are a|an business|company|reseller",
            "as a|an business|reseller",
            "businesses|companies who|that|which",
            "resellers who|that|which",
            "for resale",
            "excluding|except|not businesses|resellers",
        ],
    ),
    (
        Condition::Age,
        &[
            "over|under|above|below the age of",
            "under|over 13|16|18|21|29|30|40|50|55|60|62|65",
            "years or|and older|younger",
            "years of age",
            "or older|younger",
        ],
    ),
    (
        Condition::Unpaid,
        &[
            "not|never been? already|fully|yet? refunded|reimbursed|compensated",
            "weren't|wasn't|haven't|hasn't been? already|fully|yet? refunded|reimbursed",
            "without a|any full? refund",
            "not|never|didn't get|receive|received a|any? full? refund|refunds",
            "unreimbursed",
        ],
    ),
];

/// What says that somebody bought for themselves.
const OWN: [&str; 7] = [
    "personal|household|family|own or|and|, personal|household|family use|purposes",
    "personal , family",
    "personal|household|family|own use|purposes",
    "individual|individuals consumers",
    "non - commercial",
    "noncommercial",
    "personal , household",
];

impl Condition {
    /// Every condition, in the order of questions.
    pub(super) const ALL: [Self; 7] =
        [Self::Parent, Self::Minor, Self::Heir, Self::Business, Self::Own, Self::Age, Self::Unpaid];

    /// The word used in provenance.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Minor => "minor",
            Self::Heir => "heir",
            Self::Business => "business",
            Self::Own => "own_use",
            Self::Age => "age",
            Self::Unpaid => "not_refunded",
        }
    }

    /// How a question carries it, behind a comma.
    pub(super) const fn clause(self) -> &'static str {
        match self {
            Self::Parent => "as a parent or guardian",
            Self::Minor => "as or for a minor",
            Self::Heir => "for yourself or somebody who died",
            Self::Business => "as a business or for one",
            Self::Own => "for yourself and not for a business or for resale",
            Self::Age => "at the age it names",
            Self::Unpaid => "without being paid back",
        }
    }
}

/// The conditions that a text names, each with the words that name it.
pub(super) fn conditions(words: &Words<'_>) -> Vec<(Condition, String)> {
    let mut found: Vec<(Condition, String)> = Vec::new();
    for (condition, phrases) in PHRASES {
        // A capital letter makes it a name, such as that of a hospital, unless a sentence begins.
        let is_said = |at: &std::ops::Range<usize>| {
            let begins = at.start == 0 || matches!(words.low(at.start - 1), "." | "!" | "?");
            // "You or your child": both are in.
            let is_either = (at.start.saturating_sub(3)..at.start).any(|here| {
                let end = words.phrase_at(here, "you or your? minor?");
                end.is_some_and(|end| end >= at.start)
            });
            if is_either {
                return false;
            }
            begins || words.get(at.start).is_some_and(|word| !word.is_capital())
        };
        let first = words.find(phrases);
        let all = std::iter::successors(first, |at| words.find_from(at.end, phrases));
        let mut all = all.take(PLACES_MAX);
        let Some(at) = all.find(is_said) else { continue };
        let text = words.slice(at.clone()).to_owned();
        // "Not for resale", "excluding businesses": those who are none belong.
        let is_negated =
            (at.start.saturating_sub(4)..at.end).any(|here| is_negation(words.low(here)));
        let condition = match condition {
            Condition::Business if is_negated => Condition::Own,
            other => other,
        };
        found.push((condition, text));
    }
    if let Some(at) = words.find(&OWN) {
        found.push((Condition::Own, words.slice(at).to_owned()));
    }
    found.sort_by_key(|(condition, _)| *condition);
    found.dedup_by_key(|(condition, _)| *condition);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_what_the_table_says() {
        #[rustfmt::skip]
        let table = [
            ("If you bought a lamp.",                                               ""),
            ("Parents and guardians who were billed for a minor child.",            "parent minor"),
            ("If you bought lamps on behalf of minors.",                            "minor"),
            ("If you are a business that bought lamps for resale.",                 "business"),
            ("If you bought lamps for personal use and not for resale.",            "own_use"),
            ("If you bought lamps, but not for resale.",                            "own_use"),
            ("Bought a burial plot, or are the next of kin of somebody who did.",   "heir"),
            ("Worked there while under the age of 16.",                             "age"),
            ("Paid when you were over the age of 29.",                              "age"),
            ("Bought a lamp and were not refunded.",                                "not_refunded"),
            ("Anyone, excluding businesses, who bought a lamp.",                    "own_use"),
            ("Bought lamps from Parents and Children's Hospital Estate.",           ""),
            ("If they leased it to you or your business.",                          ""),
            ("If you bought children's shoes from retailers.",                      ""),
            ("A student who was not fully refunded.",                               "not_refunded"),
            ("If you didn't receive a refund of all charges.",                      "not_refunded"),
            ("If you or your minor child logged in.",                               ""),
            ("If you or your child logged in.",                                     ""),
            ("Your child was treated there.",                                       "minor"),
        ];
        for (text, expected) in table {
            let found = conditions(&Words::of(text));
            let found: Vec<&str> = found.iter().map(|(condition, _)| condition.as_str()).collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }
}
