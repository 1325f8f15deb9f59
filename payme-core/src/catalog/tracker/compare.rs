//! Whether two records are of the same settlement: yes, no, or it cannot be said.
//!
//! In: two records, of trackers or of the catalogue. Out: a [`Verdict`] with what it rests on and
//! what would have changed it. The table of verdicts stands in [`Traits::verdict`]; it abstains
//! where a wrong answer is possible: two settlements in one would hide one of them, and one in two
//! only shows it twice.
//! Invariant: the order of the two changes nothing.
//! Rules: `docs/rules/trackers.md`.

use serde::Serialize;

use super::audience::Audience;
use super::names::{Names, path, registrable};
use super::observe::Observation;
use crate::catalog::{Predicate, Settlement};
use crate::text::similarity;
use crate::types::{Date, StateRule, StateSet, parse_date};

/// From this trigram similarity on two titles are alike.
pub const TITLE_ALIKE: f32 = 0.6;
/// From this one on they may be of the same settlement.
pub const TITLE_NEAR: f32 = 0.4;

/// What the matcher says of two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They are of different settlements.
    Different,
    /// It cannot be said: a person should look.
    Review,
    /// They are of the same settlement.
    Same,
}

/// How two records compare in one respect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// They agree.
    Same,
    /// They agree in part.
    Near,
    /// They differ.
    Different,
    /// One of them says nothing.
    Unknown,
}

/// How two records compare in every respect that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Traits {
    /// The claim site: the same page, the first page of the other's site, another page or site.
    pub site: Likeness,
    /// The words of the name: all of one are in the other, some are, none is.
    pub name: Likeness,
    /// The titles by their trigrams: alike, near, neither.
    pub title: Likeness,
    /// The name of the case.
    pub case_name: Likeness,
    /// What it is about: some topic in common, or none.
    pub topic: Likeness,
    /// The deadline to claim: the same day, or not.
    pub deadline: Likeness,
    /// The class period: the same, overlapping, or apart.
    pub period: Likeness,
    /// The states: the same, some in common, or none.
    pub states: Likeness,
    /// What makes somebody a member.
    pub audience: Likeness,
}

impl Traits {
    /// The table: what is said of two records that compare like this.
    ///
    /// | name | site | and | verdict |
    /// |---|---|---|---|
    /// | not known | same page, or titles alike and nothing contradicts | | review |
    /// | none in common | same page | | review |
    /// | none in common | else | | different |
    /// | some | same page | nothing contradicts | same |
    /// | some | first page of it | titles near, same topic, no other deadline | same |
    /// | some | same site | else | review |
    /// | some | other or unknown | same case, nothing contradicts | same |
    /// | all | other or unknown | titles alike, same deadline and period, states the same | same |
    /// | all | unknown | titles alike, same deadline or period, neither of them different | same |
    /// | all | other or unknown | titles near, nothing contradicts | review |
    /// | some | other or unknown | titles alike, nothing contradicts | review |
    /// | some | other or unknown | same deadline, a topic in common, nothing contradicts | review |
    /// | some | other or unknown | else | different |
    ///
    /// A name is not known where one of the two has no word that tells it from others.
    /// No row with "same" holds where something contradicts.
    /// What contradicts: topics, states, audiences or periods without anything in common.
    pub fn verdict(&self) -> Verdict {
        use Likeness::{Different, Near, Same, Unknown};
        let contradicts = self.contradicts();
        let is_near = matches!(self.title, Same | Near);
        let is_dated = self.deadline == Same || self.period == Same;
        let is_undated = self.deadline == Different || self.period == Different;
        match (self.name, self.site) {
            (Different | Unknown, Same) => Verdict::Review,
            (Unknown, _) if self.title == Same && !contradicts => Verdict::Review,
            (Different | Unknown, _) => Verdict::Different,
            (_, Same) if !contradicts => Verdict::Same,
            (_, Near)
                if is_near && self.topic == Same && self.deadline != Different && !contradicts =>
            {
                Verdict::Same
            }
            (_, Same | Near) => Verdict::Review,
            _ if contradicts => Verdict::Different,
            _ if self.case_name == Same => Verdict::Same,
            (Same, _)
                if self.title == Same
                    && self.deadline == Same
                    && self.period == Same
                    && self.states != Near =>
            {
                Verdict::Same
            }
            (Same, Unknown) if self.title == Same && is_dated && !is_undated => Verdict::Same,
            (Same, _) if is_near => Verdict::Review,
            _ if self.title == Same => Verdict::Review,
            _ if self.deadline == Same && self.topic == Same => Verdict::Review,
            _ => Verdict::Different,
        }
    }

    /// Whether topics, states, audiences or periods have nothing in common.
    fn contradicts(&self) -> bool {
        [self.topic, self.states, self.audience, self.period].contains(&Likeness::Different)
    }

    /// Whether the records are certainly of two settlements, and do not only lack what would make
    /// them one: something contradicts, no word of the names is in common, or both the claim site
    /// and the deadline are others.
    pub(super) fn is_torn(&self) -> bool {
        use Likeness::Different;
        let is_elsewhere = self.site == Different && self.deadline == Different;
        let is_other = self.contradicts() || self.name == Different || is_elsewhere;
        self.verdict() == Verdict::Different && is_other
    }

    /// Every respect by its name.
    pub const fn named(&self) -> [(&'static str, Likeness); 9] {
        [
            ("claim site", self.site),
            ("name", self.name),
            ("title", self.title),
            ("case name", self.case_name),
            ("topic", self.topic),
            ("deadline", self.deadline),
            ("class period", self.period),
            ("states", self.states),
            ("audience", self.audience),
        ]
    }

    fn with(mut self, respect: usize, likeness: Likeness) -> Self {
        let slots: [&mut Likeness; 9] = [
            &mut self.site,
            &mut self.name,
            &mut self.title,
            &mut self.case_name,
            &mut self.topic,
            &mut self.deadline,
            &mut self.period,
            &mut self.states,
            &mut self.audience,
        ];
        if let Some(slot) = slots.into_iter().nth(respect) {
            *slot = likeness;
        }
        self
    }

    /// What the verdict rests on: the respects in which the records agree, or, where they are
    /// different, those in which they differ.
    pub fn evidence(&self) -> Vec<String> {
        let told = match self.verdict() {
            Verdict::Different => [Likeness::Different, Likeness::Different],
            Verdict::Review | Verdict::Same => [Likeness::Same, Likeness::Near],
        };
        let told = self.named().into_iter().filter(|(_, likeness)| told.contains(likeness));
        told.map(|(name, likeness)| format!("{name}: {}", likeness.as_str())).collect()
    }

    /// What would have changed the verdict: each single respect that would have to be otherwise,
    /// and the verdict it would give.
    pub fn would_change(&self) -> Vec<String> {
        let verdict = self.verdict();
        let mut found = Vec::new();
        for (respect, (name, now)) in self.named().into_iter().enumerate() {
            for other in Likeness::ALL {
                let changed = self.with(respect, other).verdict();
                if other != now && changed != verdict {
                    let (other, changed) = (other.as_str(), changed.as_str());
                    found.push(format!("{name}: {other} would make it {changed}"));
                }
            }
        }
        found
    }
}

impl Likeness {
    const ALL: [Self; 4] = [Self::Same, Self::Near, Self::Different, Self::Unknown];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Near => "near",
            Self::Different => "different",
            Self::Unknown => "unknown",
        }
    }

    fn of<T: PartialEq>(a: Option<T>, b: Option<T>) -> Self {
        match (a, b) {
            (Some(a), Some(b)) if a == b => Self::Same,
            (Some(_), Some(_)) => Self::Different,
            _ => Self::Unknown,
        }
    }
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Different => "different",
            Self::Review => "review",
            Self::Same => "same",
        }
    }
}

/// The first and the last day of a period, where they are known.
type Bounds = (Option<Date>, Option<Date>);

/// What of a record is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Card {
    pub(super) names: Names,
    pub(super) site: String,
    pub(super) path: String,
    case_name: Option<String>,
    deadline: Option<Date>,
    period: Option<Bounds>,
    states: StateSet,
    audience: Audience,
}

impl Card {
    /// Of a row of a tracker.
    pub(super) fn of_row(row: &Observation) -> Self {
        let url = row.word("claim_url").unwrap_or_default();
        let period = row.value("class_period").map(|value| {
            let day = |name: &str| value.get(name)?.as_str().and_then(|day| parse_date(day).ok());
            (day("start"), day("end"))
        });
        let states = row.value("states").and_then(|value| value.as_array());
        let states = states.into_iter().flatten().filter_map(|code| code.as_str()?.parse().ok());
        Self {
            names: row.names.clone(),
            site: registrable(url),
            path: path(url),
            case_name: row.word("case_name").map(str::to_lowercase),
            deadline: row.day("deadline"),
            period,
            states: states.collect(),
            audience: row.word("audience").map_or(Audience::Unknown, Audience::of_word),
        }
    }

    /// Of a settlement of the catalogue.
    pub(super) fn of_settlement(settlement: &Settlement) -> Self {
        let url = settlement.claim_url.as_deref().or(settlement.website_url.as_deref());
        let url = url.unwrap_or_default();
        let mut rules = Vec::new();
        settlement.eligibility.in_force().visit(&mut |part| {
            if let Predicate::States(StateRule::In(states)) = part {
                rules.push(*states);
            }
        });
        let names = settlement.covered_brands.iter().map(String::as_str);
        Self {
            names: Names::of(&settlement.title, names),
            site: registrable(url),
            path: path(url),
            case_name: None,
            deadline: settlement.deadline.as_ref().map(|deadline| {
                let day = deadline.as_str().split('[').next().unwrap_or_default();
                // An instant early in the UTC day is the evening before at every US court.
                parse_date(day).unwrap_or_else(|_| {
                    let at = deadline.at().as_micros() - 12 * 3_600_000_000;
                    crate::types::Instant::from_micros(at).unwrap_or(deadline.at()).date_utc()
                })
            }),
            period: settlement.class_period.map(|period| (period.start, period.end)),
            states: match rules.as_slice() {
                [states] => *states,
                _ => StateSet::EMPTY,
            },
            audience: Audience::Unknown,
        }
    }

    /// How two records compare.
    pub(super) fn traits(&self, other: &Self) -> Traits {
        use Likeness::{Different, Near, Same, Unknown};
        let title = similarity(&self.names.plain, &other.names.plain);
        let topics = |card: &Self| !card.names.topics.is_empty();
        let shared = self.names.topics.intersection(&other.names.topics).next().is_some();
        let common = self.states.intersection(other.states);
        Traits {
            site: match (self.site.as_str(), other.site.as_str()) {
                ("", _) | (_, "") => Unknown,
                (a, b) if a != b => Different,
                _ if self.path == other.path => Same,
                // Two pages with names of their own on the site of an administrator are two.
                _ if self.path.is_empty() || other.path.is_empty() => Near,
                _ => Different,
            },
            name: if self.names.own.is_empty() || other.names.own.is_empty() {
                Unknown
            } else if self.names.is_within(&other.names) {
                Same
            } else if self.names.shares(&other.names) {
                Near
            } else {
                Different
            },
            title: if title >= TITLE_ALIKE {
                Same
            } else if title >= TITLE_NEAR {
                Near
            } else {
                Different
            },
            case_name: Likeness::of(self.case_name.as_ref(), other.case_name.as_ref()),
            topic: match (topics(self) && topics(other), shared) {
                (false, _) => Unknown,
                (true, true) => Same,
                (true, false) => Different,
            },
            deadline: Likeness::of(self.deadline, other.deadline),
            period: match (self.period, other.period) {
                (Some(a), Some(b)) if a == b => Same,
                (Some(a), Some(b)) => {
                    let ends_before =
                        |a: Bounds, b: Bounds| matches!((a.1, b.0), (Some(a), Some(b)) if a < b);
                    if ends_before(a, b) || ends_before(b, a) { Different } else { Near }
                }
                _ => Unknown,
            },
            states: if self.states.is_empty() || other.states.is_empty() {
                Unknown
            } else if self.states == other.states {
                Same
            } else if common.is_empty() {
                Different
            } else {
                Near
            },
            audience: match (self.audience, other.audience) {
                (Audience::Unknown, _) | (_, Audience::Unknown) => Unknown,
                (a, b) if a == b => Same,
                _ => Different,
            },
        }
    }
}
