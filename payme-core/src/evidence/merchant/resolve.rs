//! Resolving a descriptor: the merchant it means, or the reason why none is named.
//!
//! In: a descriptor, and perhaps what its owner said of such texts before. Out: a [`Resolution`]
//! with an [`Explanation`]: which entry it rests on, what came next, what would have changed it.
//! To abstain is an outcome and no error: a wrong merchant makes a wrong claim, a missing one asks
//! a person. What is accepted is said in `judge.rs`.

use serde::{Deserialize, Serialize};

use super::directory::{Candidate, EntryKind, MerchantDirectory, Tier};
use super::judge::{CLOSENESS_MIN, Grounds, Why};
use super::learn::PersonalAliases;
use super::normalise::{Cleaned, Removed};
use crate::types::{FeatureKey, FeatureKind};

/// How many candidates are looked at.
const CANDIDATES: usize = 5;
/// How many of them an explanation shows.
const SHOWN: usize = 3;

/// What a descriptor means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Resolution {
    /// A merchant.
    Resolved(Resolved),
    /// None that could be named.
    Abstained(Abstained),
}

/// A merchant, and what says so.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// Its name.
    pub merchant: String,
    /// Its key.
    pub key: FeatureKey,
    /// How it was found.
    pub tier: Tier,
    /// The score inside the tier.
    pub score: f32,
    /// How often answers on these grounds are right, from 0 to 1.
    pub probability: f64,
    /// What it rests on.
    pub explanation: Explanation,
}

impl std::fmt::Debug for Resolved {
    /// Without the merchant, which may be what a person calls a payee.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told = f.debug_struct("Resolved");
        told.field("tier", &self.tier).field("score", &self.score);
        told.field("probability", &self.probability).field("explanation", &self.explanation);
        told.finish_non_exhaustive()
    }
}

/// No merchant, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Abstained {
    /// Why.
    pub why: Why,
    /// What there was to go by.
    pub explanation: Explanation,
}

impl Why {
    /// The word used in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooShort => "too_short",
            Self::Payee => "payee",
            Self::Ambiguous => "ambiguous",
            Self::TooCommon => "too_common",
            Self::TooUnlike => "too_unlike",
        }
    }
}

/// What a resolution rests on, and what would have changed it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The normal form of the descriptor.
    pub cleaned: String,
    /// What the rules took away.
    pub removed: Vec<Removed>,
    /// The best candidates, the best first. A resolution rests on the entry of the first.
    pub candidates: Vec<Candidate>,
    /// By how much the first is closer than the second.
    pub margin: Option<f64>,
    /// What would have changed the outcome, in a sentence.
    pub change: String,
}

impl std::fmt::Debug for Explanation {
    /// Without the descriptor: it may name a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut told = f.debug_struct("Explanation");
        told.field("candidates", &self.candidates)
            .field("margin", &self.margin)
            .finish_non_exhaustive()
    }
}

impl Resolution {
    /// The merchant, where one is named.
    pub const fn resolved(&self) -> Option<&Resolved> {
        match self {
            Self::Resolved(resolved) => Some(resolved),
            Self::Abstained(_) => None,
        }
    }

    /// What it rests on.
    pub const fn explanation(&self) -> &Explanation {
        match self {
            Self::Resolved(Resolved { explanation, .. })
            | Self::Abstained(Abstained { explanation, .. }) => explanation,
        }
    }
}

impl MerchantDirectory {
    /// The merchant that a descriptor means, or why none is named.
    ///
    /// ```
    /// use payme_core::evidence::{LearnedAliases, Merchant, MerchantDirectory};
    /// let named = |name: &str| Merchant { name: name.to_owned(), aliases: Vec::new() };
    /// let merchants = [named("Blue Bottle Coffee"), named("Hulu")];
    /// let directory = MerchantDirectory::new(merchants, LearnedAliases::default())?;
    /// let resolution = directory.resolve("SQ *BLUE BOTTLE 123 OAKLAND CA");
    /// assert_eq!(resolution.resolved().map(|one| one.key.as_str()),
    ///     Some("merchant:blue_bottle_coffee"));
    /// assert!(directory.resolve("SQ *BLUEBIRD MOTEL").resolved().is_none());
    /// # Ok::<(), payme_core::evidence::MerchantError>(())
    /// ```
    pub fn resolve(&self, descriptor: &str) -> Resolution {
        self.resolve_for(descriptor, &PersonalAliases::default())
    }

    /// The same for a person whose own corrections come before everything else.
    pub fn resolve_for(&self, descriptor: &str, own: &PersonalAliases) -> Resolution {
        let cleaned = self.rules().clean(descriptor);
        let mut candidates = self.candidates_of(&cleaned, CANDIDATES);
        if let Some(candidate) = own_candidate(&cleaned.text, own) {
            candidates.retain(|other| other.key != candidate.key);
            candidates.insert(0, candidate);
        }
        let judged = self.judge(&cleaned, &candidates);
        let explanation = explain(cleaned, &candidates, judged);
        match (judged, candidates.into_iter().next()) {
            (Ok(grounds), Some(best)) => Resolution::Resolved(Resolved {
                merchant: best.merchant,
                key: best.key,
                tier: best.tier,
                score: best.score,
                probability: grounds.probability(),
                explanation,
            }),
            (judged, _) => {
                let why = judged.err().unwrap_or(Why::TooUnlike);
                Resolution::Abstained(Abstained { why, explanation })
            }
        }
    }

    /// The name of the merchant that [`MerchantDirectory::resolve_for`] gives, or the normal form
    /// of the descriptor where it gives none. Nothing is explained, and candidates are looked for
    /// only where they can decide.
    pub(in crate::evidence) fn merchant_or_normal_form(
        &self,
        descriptor: &str,
        own: &PersonalAliases,
    ) -> Result<String, String> {
        let cleaned = self.rules().clean(descriptor);
        if let Some(candidate) = own_candidate(&cleaned.text, own).filter(|_| says(&cleaned)) {
            return Ok(candidate.merchant);
        }
        if self.is_empty() || cleaned.is_payee {
            return Err(cleaned.text);
        }
        let candidates = self.candidates_of(&cleaned, CANDIDATES);
        let judged = self.judge(&cleaned, &candidates);
        let best = candidates.into_iter().next().filter(|_| judged.is_ok());
        best.map(|best| best.merchant).ok_or(cleaned.text)
    }
}

/// Whether a letter or digit is left of a descriptor.
fn says(cleaned: &Cleaned) -> bool {
    cleaned.text.contains(char::is_alphanumeric)
}

fn own_candidate(normal_form: &str, own: &PersonalAliases) -> Option<Candidate> {
    let merchant = own.0.get(normal_form)?;
    Some(Candidate {
        merchant: merchant.clone(),
        key: FeatureKey::new(FeatureKind::Merchant, merchant).ok()?,
        tier: Tier::Alias,
        score: Tier::Alias.score(),
        closeness: 1.0,
        entry: normal_form.to_owned(),
        entry_text: normal_form.to_owned(),
        entry_kind: EntryKind::Personal,
        read_as: normal_form.to_owned(),
    })
}

fn explain(
    cleaned: Cleaned,
    candidates: &[Candidate],
    judged: Result<Grounds, Why>,
) -> Explanation {
    let (best, next) = (candidates.first(), candidates.get(1));
    let change = match (judged, best) {
        (Ok(_), Some(best)) => change_of_answer(best, next),
        (Err(why), Some(best)) => change_of_silence(why, best, next),
        (_, None) => "A merchant with this name, or an alias for this text, would have been \
                      found."
            .to_owned(),
    };
    Explanation {
        cleaned: cleaned.text,
        removed: cleaned.removed,
        candidates: candidates.iter().take(SHOWN).cloned().collect(),
        margin: best.zip(next).map(|(best, next)| best.closeness - next.closeness),
        change,
    }
}

fn change_of_answer(best: &Candidate, next: Option<&Candidate>) -> String {
    let entry = match best.entry_kind {
        EntryKind::Name => "the name",
        EntryKind::Alias => "the alias",
        EntryKind::Learned => "the alias that people's corrections taught",
        EntryKind::Personal => "your own correction of",
    };
    let otherwise = match next {
        Some(next) => format!("{} would be the best candidate", next.merchant),
        None => "there would be no candidate".to_owned(),
    };
    format!("Without {entry} \"{}\" {otherwise}.", best.entry)
}

fn change_of_silence(why: Why, best: &Candidate, next: Option<&Candidate>) -> String {
    let name = &best.merchant;
    match why {
        Why::Empty | Why::TooShort => {
            "A descriptor with a name in it would have been looked up.".to_owned()
        }
        Why::Payee => format!(
            "Without the words of a transfer to a person it would have been compared with {name}."
        ),
        Why::Ambiguous => {
            let other = next.map_or("another merchant", |next| &next.merchant);
            format!(
                "{name} and {other} are as good; an alias of one of them for this text would \
                 have decided."
            )
        }
        Why::TooCommon => format!(
            "The best candidate is {name}, but what agrees is common words; an alias for this \
             text would have decided."
        ),
        Why::TooUnlike => format!(
            "The best candidate is {name}, with letters {:.2} close; {} is needed, or an alias \
             for this text.",
            best.closeness, CLOSENESS_MIN
        ),
    }
}
