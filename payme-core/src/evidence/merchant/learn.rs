//! Learning aliases from the corrections that people make.
//!
//! In: [`NamedDescriptor`]s, in any order. Out: [`LearnedAliases`], which hold for everybody, and
//! [`PersonalAliases`], which hold at once and for the person alone.
//! What a person calls a payee may be private. So an alias is learned for everybody only where at
//! least [`PEOPLE_MIN`] people named the same merchant for the same text, and at least
//! [`AGREEMENT_MIN_PERCENT`] in a hundred of those who corrected it.
//! Of a person's corrections of one text the last one counts.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::types::{FeatureKey, FeatureKind, Instant, UserId};

/// An alias rests on so many different people at least.
pub const PEOPLE_MIN: usize = 3;
/// So many in a hundred of those who corrected a text agree at least.
pub const AGREEMENT_MIN_PERCENT: usize = 90;
/// Aliases are learned anew after so many more corrections.
pub const RETRAIN_AT: usize = 500;
/// The version of the rules in this file.
pub const LEARNING_VERSION: u32 = 1;

/// What a person said a text means.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedDescriptor {
    /// Who said it.
    pub user_id: UserId,
    /// The normal form of the descriptor.
    pub normal_form: String,
    /// The name of the merchant it means.
    pub merchant: String,
    /// When it was said.
    pub at: Instant,
}

impl fmt::Debug for NamedDescriptor {
    /// Without the text and the name: either may be the name of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedDescriptor").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Aliases that people agree on: normal forms, and the merchant each means.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedAliases {
    /// The version of the rules they were learned by; 0 where nothing was learned yet.
    pub version: u32,
    /// How many corrections they were learned from.
    pub corrections: usize,
    /// The merchant of each normal form.
    pub aliases: BTreeMap<String, FeatureKey>,
}

impl LearnedAliases {
    /// The normal forms and their merchants, by normal form.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FeatureKey)> {
        self.aliases.iter().map(|(normal_form, key)| (normal_form.as_str(), key))
    }
}

/// What one person said: normal forms, and the name of the merchant each means.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PersonalAliases(pub(super) BTreeMap<String, String>);

impl fmt::Debug for PersonalAliases {
    /// How many there are: either side may be the name of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonalAliases").field("len", &self.0.len()).finish()
    }
}

/// Learns from all corrections there are. The order of the corrections does not matter.
pub fn learn_aliases(corrections: &[NamedDescriptor]) -> LearnedAliases {
    let mut by_form: BTreeMap<&str, Vec<&NamedDescriptor>> = BTreeMap::new();
    for (_, last) in last_of_each(corrections) {
        by_form.entry(&last.normal_form).or_default().push(last);
    }
    let aliases = by_form.into_iter().filter_map(|(normal_form, people)| {
        let mut votes: BTreeMap<FeatureKey, usize> = BTreeMap::new();
        for key in people.iter().filter_map(|correction| key(correction)) {
            *votes.entry(key).or_default() += 1;
        }
        let agrees = |(_, count): &(FeatureKey, usize)| {
            *count >= PEOPLE_MIN && *count * 100 >= people.len() * AGREEMENT_MIN_PERCENT
        };
        // More than half agree, so at most one merchant passes.
        votes.into_iter().find(agrees).map(|(key, _)| (normal_form.to_owned(), key))
    });
    LearnedAliases {
        version: LEARNING_VERSION,
        corrections: corrections.len(),
        aliases: aliases.collect(),
    }
}

/// What a person said, for that person alone.
pub fn personal_aliases(corrections: &[NamedDescriptor], user_id: UserId) -> PersonalAliases {
    let own = last_of_each(corrections).into_iter().filter(|((user, _), _)| *user == user_id);
    let named = own.filter(|(_, correction)| key(correction).is_some());
    PersonalAliases(named.map(|((_, form), one)| (form.to_owned(), one.merchant.clone())).collect())
}

/// Whether aliases should be learned anew, given how many corrections there are by now.
///
/// ```
/// use payme_core::evidence::{LearnedAliases, is_retraining_due};
/// let learned = LearnedAliases { version: 1, corrections: 200, ..LearnedAliases::default() };
/// assert!(!is_retraining_due(&learned, 699));
/// assert!(is_retraining_due(&learned, 700));
/// ```
pub const fn is_retraining_due(learned: &LearnedAliases, corrections: usize) -> bool {
    corrections.saturating_sub(learned.corrections) >= RETRAIN_AT
}

fn key(correction: &NamedDescriptor) -> Option<FeatureKey> {
    FeatureKey::new(FeatureKind::Merchant, &correction.merchant).ok()
}

/// For each person and text the last correction; of those of one moment the last by name.
fn last_of_each(corrections: &[NamedDescriptor]) -> BTreeMap<(UserId, &str), &NamedDescriptor> {
    let mut last: BTreeMap<(UserId, &str), &NamedDescriptor> = BTreeMap::new();
    for correction in corrections {
        let of_person = last.entry((correction.user_id, &correction.normal_form));
        let kept = of_person.or_insert(correction);
        if (correction.at, &correction.merchant) > (kept.at, &kept.merchant) {
            *kept = correction;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn correction(user: u8, form: &str, merchant: &str, second: u8) -> NamedDescriptor {
        NamedDescriptor {
            user_id: format!("00000000-0000-4000-8000-0000000000{user:02x}").parse().unwrap(),
            normal_form: form.to_owned(),
            merchant: merchant.to_owned(),
            at: Instant::parse(&format!("2026-01-01T00:00:{second:02}Z")).unwrap(),
        }
    }

    /// Who says which merchant at which second.
    type Vote = (u8, &'static str, u8);

    fn learned(votes: &[Vote]) -> Option<String> {
        let one = |(user, merchant, second): &Vote| correction(*user, "blu btl", merchant, *second);
        let corrections: Vec<_> = votes.iter().map(one).collect();
        learn_aliases(&corrections).iter().next().map(|(_, key)| key.to_string())
    }

    #[test]
    fn an_alias_takes_three_people_and_nine_in_ten() {
        let blue = Some("merchant:blue_bottle".to_owned());
        let ten = |others: u8| -> Vec<Vote> {
            (0..10).map(|at| (at, if at < others { "Hulu" } else { "Blue Bottle" }, 0)).collect()
        };
        #[rustfmt::skip]
        let table: [(Vec<Vote>, &Option<String>); 8] = [
            (vec![(1, "Blue Bottle", 0), (2, "Blue Bottle", 0)],                          &None),
            (vec![(1, "Blue Bottle", 0), (1, "Blue Bottle", 1), (1, "Blue Bottle", 2)],   &None),
            (vec![(1, "Blue Bottle", 0), (2, "blue-bottle", 0), (3, "BLUE BOTTLE", 0)],   &blue),
            (vec![(1, "Blue Bottle", 0), (2, "Blue Bottle", 0), (3, "Hulu", 0), (3, "Blue Bottle", 1)], &blue),
            (vec![(1, "Blue Bottle", 0), (2, "Blue Bottle", 0), (3, "Blue Bottle", 0), (3, "Hulu", 1)], &None),
            (vec![(1, "**", 0), (2, "**", 0), (3, "**", 0)],                              &None),
            (ten(1), &blue),
            (ten(2), &None),
        ];
        for (votes, expected) in table {
            assert_eq!(&learned(&votes), expected, "{votes:?}");
        }
    }

    #[test]
    fn a_person_s_own_word_holds_at_once_and_for_nobody_else() {
        let all = [
            correction(1, "x", "Jane Roe", 0),
            correction(1, "x", "Hulu", 1),
            correction(2, "x", "Yo", 2),
        ];
        let own = personal_aliases(&all, all[0].user_id);
        assert_eq!(own.0, BTreeMap::from([("x".to_owned(), "Hulu".to_owned())]));
        assert_eq!(learn_aliases(&all).aliases.len(), 0);
        assert!(!format!("{:?}", all[0]).contains("Jane"));
    }

    proptest! {
        #[test]
        fn learning_does_not_depend_on_order_and_never_on_fewer_than_three_people(
            votes in prop::collection::vec((0_u8..6, 0_usize..2, 0_usize..3, 0_u8..4), 0..40),
            seed in any::<prop::sample::Index>(),
        ) {
            let one = |(user, form, merchant, second): &(u8, usize, usize, u8)| {
                correction(*user, ["a", "b"][*form], ["Hulu", "Blue", "--"][*merchant], *second)
            };
            let mut corrections: Vec<_> = votes.iter().map(one).collect();
            let learned = learn_aliases(&corrections);
            for (form, key) in learned.iter() {
                let mut people: Vec<_> = corrections.iter()
                    .filter(|one| one.normal_form == form && super::key(one).as_ref() == Some(key))
                    .map(|one| one.user_id).collect();
                people.sort_unstable();
                people.dedup();
                prop_assert!(people.len() >= PEOPLE_MIN);
            }
            let text = serde_json::to_string(&learned).unwrap();
            prop_assert_eq!(&serde_json::from_str::<LearnedAliases>(&text).unwrap(), &learned);
            corrections.reverse();
            let middle = seed.index(corrections.len() + 1);
            corrections.rotate_left(middle);
            prop_assert_eq!(learn_aliases(&corrections), learned);
        }
    }
}
