//! Tracing: what each atom of a rule says of a person, and what keeps the rule from being met.
//!
//! In: an [`Eligibility`], a person, a class period and a day. Out: a [`Trace`] with one
//! [`Finding`] for each atom of the written rule, and the words of what is missing.
//! A rule is met exactly when nothing is missing, unless it names no atom that could be.
//! Rules: `docs/rules/predicates.md`, "What is missing". The sentences of a finding stand in
//! `sentence.rs`.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::plain::Observed;
use super::truth::{Connective, Judgement, Truth};
use crate::catalog::{ClassPeriod, Eligibility, Predicate};
use crate::evidence::UserFeatures;
use crate::types::{Date, FeatureKey, FeatureKeyError};

/// Something that keeps a rule from being met, as one word.
///
/// ```
/// use payme_core::matching::Missing;
/// let missing: Missing = "evidence:merchant:uber".parse()?;
/// assert_eq!(missing, Missing::Evidence("merchant:uber".parse()?));
/// assert_eq!(missing.to_string(), "evidence:merchant:uber");
/// assert!("evidence".parse::<Missing>().is_err());
/// # Ok::<(), payme_core::types::FeatureKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    /// A feature that is asked for was not seen: `merchant:uber`.
    Feature(FeatureKey),
    /// A feature was seen, but not as surely, as often, or on the days that are asked for:
    /// `evidence:merchant:uber`.
    Evidence(FeatureKey),
    /// The person's state does not pass, or is not known: `state`.
    State,
    /// The person's age does not pass: `age`.
    Age,
    /// The rule asks for an age, and the date of birth is not known: `date_of_birth`.
    DateOfBirth,
    /// The rule asks a question that only the person can answer: `answer`.
    Answer,
    /// A feature stands under `none`, and is there: `excluded:merchant:uber`.
    ExcludedFeature(FeatureKey),
    /// The person's state stands under `none`: `excluded:state`.
    ExcludedState,
    /// The person's age stands under `none`: `excluded:age`.
    ExcludedAge,
}

const EVIDENCE: &str = "evidence:";
const EXCLUDED: &str = "excluded:";

impl Missing {
    /// The word, as it stands in files and answers.
    pub fn word(&self) -> Cow<'_, str> {
        match self {
            Self::Feature(key) => Cow::Borrowed(key.as_str()),
            Self::Evidence(key) => Cow::Owned(format!("{EVIDENCE}{key}")),
            Self::State => Cow::Borrowed("state"),
            Self::Age => Cow::Borrowed("age"),
            Self::DateOfBirth => Cow::Borrowed("date_of_birth"),
            Self::Answer => Cow::Borrowed("answer"),
            Self::ExcludedFeature(key) => Cow::Owned(format!("{EXCLUDED}{key}")),
            Self::ExcludedState => Cow::Borrowed("excluded:state"),
            Self::ExcludedAge => Cow::Borrowed("excluded:age"),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.word())
    }
}

impl FromStr for Missing {
    type Err = FeatureKeyError;

    fn from_str(text: &str) -> Result<Self, FeatureKeyError> {
        for known in [
            Self::State,
            Self::Age,
            Self::DateOfBirth,
            Self::Answer,
            Self::ExcludedState,
            Self::ExcludedAge,
        ] {
            if known.word() == text {
                return Ok(known);
            }
        }
        if let Some(key) = text.strip_prefix(EVIDENCE) {
            return key.parse().map(Self::Evidence);
        }
        match text.strip_prefix(EXCLUDED) {
            Some(key) => key.parse().map(Self::ExcludedFeature),
            None => text.parse().map(Self::Feature),
        }
    }
}

impl Serialize for Missing {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.word())
    }
}

impl<'de> Deserialize<'de> for Missing {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        String::deserialize(reader)?.parse().map_err(D::Error::custom)
    }
}

/// What one atom of the written rule says of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'a> {
    /// Where the atom stands, as a JSON path in the rule: `$.all[0]`, or for a rule in the simple
    /// form `$.required_features[1]` and `$.states`.
    pub path: String,
    /// The atom: a feature, states, an age, purchases or a question.
    pub atom: &'a Predicate,
    /// What the atom itself says.
    pub truth: Truth,
    /// Whether the atom stands under `none` (or any odd number of them): the rule wants it not to
    /// hold.
    pub excluded: bool,
    /// The word for it, where it keeps the rule from being met. An atom may be not met and keep
    /// nothing: another part of the same `any` is enough.
    pub missing: Option<Missing>,
    pub(super) period: Option<ClassPeriod>,
    pub(super) today: Date,
}

impl Finding<'_> {
    /// The feature that the atom names, or `states`, `age` or `ask`.
    pub fn name(&self) -> &str {
        match self.atom {
            Predicate::States(_) => "states",
            Predicate::Age(_) => "age",
            Predicate::Ask(_) => "ask",
            atom => atom.key().map_or("", FeatureKey::as_str),
        }
    }

    /// What the atom says for the rule: the opposite of its truth where it is excluded.
    pub const fn effect(&self) -> Truth {
        if self.excluded { self.truth.not() } else { self.truth }
    }
}

/// What a rule says of a person, atom by atom.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace<'a> {
    /// What the rule in force says.
    pub judgement: Judgement,
    /// The atoms that are as the rule wants them, in the order they are written.
    pub met: Vec<Finding<'a>>,
    /// The atoms that one more fact can decide, in the order they are written.
    pub unknown: Vec<Finding<'a>>,
    /// The atoms that are not as the rule wants them, in the order they are written.
    pub blocked: Vec<Finding<'a>>,
    missing: Vec<Missing>,
}

impl Trace<'_> {
    /// What keeps the rule from being met, in the order it is written, each word once; empty when
    /// the rule is met.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// The same, owned.
    pub fn into_missing(self) -> Vec<Missing> {
        self.missing
    }
}

/// What a rule says of a person, atom by atom; `period` and `today` as in [`Observed::judge`].
///
/// ```
/// use payme_core::catalog::parse_settlement;
/// use payme_core::evidence::parse_person_line;
/// use payme_core::matching::{Missing, Truth, trace};
/// use payme_core::types::parse_date;
///
/// let settlement = parse_settlement(r#"{"title": "Rides", "eligibility": {"all": [
///     {"feature": "merchant:uber", "min_count": 3}, {"age": {"min": 18}}]}}"#)?;
/// let person = parse_person_line(r#"{
///     "user_id": "00000000-0000-4000-8000-000000000001", "date_of_birth": "1990-05-17",
///     "features": [{"key": "merchant:uber", "source": "plaid", "confidence": 0.8, "count": 2}]
/// }"#, 1)?;
/// let found = trace(&settlement.eligibility, &person, None, parse_date("2026-02-01")?);
/// assert_eq!(found.judgement.truth, Truth::NotMet);
/// assert_eq!(found.missing(), [Missing::Evidence("merchant:uber".parse()?)]);
/// assert_eq!(found.blocked[0].path, "$.all[0]");
/// assert_eq!(
///     found.blocked[0].sentence(&person),
///     "It asks for at least 3 records of merchant:uber: 2 were seen."
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn trace<'a>(
    eligibility: &'a Eligibility,
    user: &UserFeatures,
    period: Option<ClassPeriod>,
    today: Date,
) -> Trace<'a> {
    Observed::new(user).trace(eligibility, period, today)
}

impl Observed<'_> {
    /// The same as [`trace()`], for a person who is asked about more than one rule.
    pub fn trace<'a>(
        &self,
        eligibility: &'a Eligibility,
        period: Option<ClassPeriod>,
        today: Date,
    ) -> Trace<'a> {
        let path = String::from("$");
        let mut walk = Walk { observed: self, period, today, path, findings: Vec::new() };
        match (eligibility.simple(), eligibility.predicate()) {
            (Some(_), Predicate::All(parts)) => walk.simple(parts),
            (_, written) => {
                walk.part(written, false);
            }
        }
        let mut found = Trace {
            judgement: self.judge(eligibility.in_force(), period, today),
            met: Vec::new(),
            unknown: Vec::new(),
            blocked: Vec::new(),
            missing: Vec::new(),
        };
        for finding in walk.findings {
            found.missing.extend(finding.missing.clone());
            match finding.effect() {
                Truth::Met => found.met.push(finding),
                Truth::Unknown => found.unknown.push(finding),
                Truth::NotMet => found.blocked.push(finding),
            }
        }
        once_each(&mut found.missing);
        found
    }
}

/// Keeps the first of equal words.
fn once_each(words: &mut Vec<Missing>) {
    let mut seen = std::collections::HashSet::with_capacity(words.len());
    words.retain(|word| seen.insert(word.clone()));
}

struct Walk<'a, 'o> {
    observed: &'o Observed<'o>,
    period: Option<ClassPeriod>,
    today: Date,
    path: String,
    findings: Vec<Finding<'a>>,
}

impl<'a> Walk<'a, '_> {
    /// The parts of a rule in the simple form: its features, and last its states.
    fn simple(&mut self, parts: &'a [Predicate]) {
        for (at, part) in parts.iter().enumerate() {
            self.path = match part {
                Predicate::States(_) => "$.states".to_owned(),
                _ => format!("$.required_features[{at}]"),
            };
            self.part(part, false);
        }
    }

    fn part(&mut self, part: &'a Predicate, excluded: bool) -> Judgement {
        let (connective, name, parts) = match part {
            Predicate::All(parts) => (Connective::All, "all", parts),
            Predicate::Any(parts) => (Connective::Any, "any", parts),
            Predicate::None(parts) => (Connective::None, "none", parts),
            atom => return self.atom(atom, excluded),
        };
        let (first, length) = (self.findings.len(), self.path.len());
        let mut fold = connective.start();
        for (at, part) in parts.iter().enumerate() {
            // Writing to a text never fails.
            let _ = write!(self.path, ".{name}[{at}]");
            fold.add(self.part(part, excluded != (connective == Connective::None)));
            self.path.truncate(length);
        }
        let judged = fold.end();
        // What is as the rule wants it misses nothing, whatever its parts say.
        if effect(judged.truth, excluded) == Truth::Met {
            let inside = self.findings.get_mut(first..).unwrap_or_default();
            inside.iter_mut().for_each(|finding| finding.missing = None);
        }
        judged
    }

    fn atom(&mut self, atom: &'a Predicate, excluded: bool) -> Judgement {
        let judged = self.observed.judge(atom, self.period, self.today);
        let truth = judged.truth;
        let missing = if effect(truth, excluded) == Truth::Met {
            None
        } else {
            self.word(atom, excluded && truth == Truth::Met)
        };
        self.findings.push(Finding {
            path: self.path.clone(),
            atom,
            truth,
            excluded,
            missing,
            period: self.period,
            today: self.today,
        });
        judged
    }

    /// The word for an atom that is not as the rule wants it.
    fn word(&self, atom: &Predicate, is_there_but_excluded: bool) -> Option<Missing> {
        let user = self.observed.user();
        Some(match atom {
            Predicate::States(_) if is_there_but_excluded => Missing::ExcludedState,
            Predicate::States(_) => Missing::State,
            Predicate::Age(_) if is_there_but_excluded => Missing::ExcludedAge,
            Predicate::Age(_) if user.person().date_of_birth.is_none() => Missing::DateOfBirth,
            Predicate::Age(_) => Missing::Age,
            Predicate::Ask(_) => Missing::Answer,
            atom => {
                let key = atom.key()?;
                if is_there_but_excluded {
                    Missing::ExcludedFeature(key.clone())
                } else if user.has(key) {
                    Missing::Evidence(key.clone())
                } else {
                    Missing::Feature(key.clone())
                }
            }
        })
    }
}

const fn effect(truth: Truth, excluded: bool) -> Truth {
    if excluded { truth.not() } else { truth }
}

#[cfg(test)]
mod tests;
