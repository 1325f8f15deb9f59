//! Whether two records are of the same settlement: yes, no, or it cannot be said.
//!
//! In: two records, of trackers or of the catalogue. Out: a [`Verdict`] with what it rests on and
//! what would have changed it. The table of verdicts stands in [`Traits::verdict`]; it abstains
//! where a wrong answer is possible: two settlements in one would hide one of them, and one in two
//! only shows it twice.
//! Invariant: the order of the two changes nothing.
//! Rules: `docs/rules/trackers.md`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::audience::Audience;
use super::names::{Names, path, registrable};
use super::observe::Observation;
use super::places::read_places;
use super::title::{title_days, title_things};
use crate::catalog::{Predicate, Settlement};
use crate::text::similarity;
use crate::types::{Date, StateRule, StateSet, day_number, parse_date};

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
    /// One of them says nothing, or both.
    Unknown,
    /// One of them says something where the other could have and does not; of states alone.
    OneSided,
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
    /// The states: the same, some in common, none, or named by one alone.
    pub states: Likeness,
    /// The days that the titles name, else those of what happened: some in common, or apart.
    pub event: Likeness,
    /// The other words of the titles: each has some that the other has not, or not.
    pub things: Likeness,
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
    /// What contradicts: topics, states, audiences, periods or days of the titles without anything
    /// in common. What is the same by this table is for a person where one alone names a state, or
    /// where each title names things that the other does not and the case is not the same.
    pub fn verdict(&self) -> Verdict {
        let is_doubtful = self.states == Likeness::OneSided
            || self.things == Likeness::Different && self.case_name != Likeness::Same;
        match self.table() {
            Verdict::Same if is_doubtful => Verdict::Review,
            verdict => verdict,
        }
    }

    fn table(&self) -> Verdict {
        use Likeness::{Different, Near, OneSided, Same, Unknown};
        let contradicts = self.contradicts();
        let is_near = matches!(self.title, Same | Near);
        let is_dated = self.deadline == Same || self.period == Same;
        let is_undated = self.deadline == Different || self.period == Different;
        match (self.name, self.site) {
            (Different | Unknown | OneSided, Same) => Verdict::Review,
            (Unknown, _) if self.title == Same && !contradicts => Verdict::Review,
            (Different | Unknown | OneSided, _) => Verdict::Different,
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

    /// Whether topics, states, audiences, periods or days have nothing in common.
    fn contradicts(&self) -> bool {
        let told = [self.topic, self.states, self.audience, self.period, self.event];
        told.contains(&Likeness::Different)
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
    pub const fn named(&self) -> [(&'static str, Likeness); 11] {
        [
            ("claim site", self.site),
            ("name", self.name),
            ("title", self.title),
            ("case name", self.case_name),
            ("topic", self.topic),
            ("deadline", self.deadline),
            ("class period", self.period),
            ("states", self.states),
            ("days", self.event),
            ("things", self.things),
            ("audience", self.audience),
        ]
    }

    fn with(mut self, respect: usize, likeness: Likeness) -> Self {
        let slots: [&mut Likeness; 11] = [
            &mut self.site,
            &mut self.name,
            &mut self.title,
            &mut self.case_name,
            &mut self.topic,
            &mut self.deadline,
            &mut self.period,
            &mut self.states,
            &mut self.event,
            &mut self.things,
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
                if other == Likeness::OneSided && name != "states" {
                    continue;
                }
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
    const ALL: [Self; 5] = [Self::Same, Self::Near, Self::Different, Self::Unknown, Self::OneSided];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Near => "near",
            Self::Different => "different",
            Self::Unknown => "unknown",
            Self::OneSided => "one-sided",
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

/// How many days may lie between two descriptions of what happened, such as the days of a breach
/// and the day on which it was found.
const EVENT_DAYS_APART: i32 = 120;

/// What of a record is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Card {
    pub(super) names: Names,
    pub(super) site: String,
    pub(super) path: String,
    case_name: Option<String>,
    deadline: Option<Date>,
    period: Option<Bounds>,
    places: Places,
    /// The days that the title names.
    title_days: Vec<(Date, Date)>,
    /// The days on which something happened, as the text says it.
    event: Option<Bounds>,
    things: BTreeSet<String>,
    audience: Audience,
}

/// What a record says of states.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Places {
    within: StateSet,
    outside: StateSet,
    /// Whether it names any, clear or not.
    has_any: bool,
}

impl Places {
    fn likeness(self, other: Self) -> Likeness {
        use Likeness::{Different, Near, OneSided, Same, Unknown};
        match (self.has_any, other.has_any) {
            (false, false) => return Unknown,
            (true, true) => {}
            _ => return OneSided,
        }
        let is_out = |a: Self, b: Self| {
            !a.within.is_empty() && a.within.iter().all(|state| b.outside.contains(state))
        };
        if !self.within.is_empty() && !other.within.is_empty() {
            if self.within == other.within {
                Same
            } else if self.within.intersection(other.within).is_empty() {
                Different
            } else {
                Near
            }
        } else if is_out(self, other) || is_out(other, self) {
            Different
        } else if self == other {
            Same
        } else if self.within.is_empty() && self.outside.is_empty()
            || other.within.is_empty() && other.outside.is_empty()
        {
            // One of them names a state and says nothing of it that is clear.
            OneSided
        } else {
            Near
        }
    }

    /// The states of a rule; those under a `none` are out.
    fn take(&mut self, rule: &Predicate, is_out: bool) {
        match rule {
            Predicate::States(StateRule::In(states)) => {
                let list = if is_out { &mut self.outside } else { &mut self.within };
                *list = list.iter().chain(states.iter()).collect();
                self.has_any = true;
            }
            Predicate::All(parts) | Predicate::Any(parts) => {
                parts.iter().for_each(|part| self.take(part, is_out));
            }
            Predicate::None(parts) => parts.iter().for_each(|part| self.take(part, !is_out)),
            _ => {}
        }
    }
}

impl Card {
    /// Of a row of a tracker.
    pub(super) fn of_row(row: &Observation) -> Self {
        let url = row.word("claim_url").unwrap_or_default();
        let bounds = |value: &serde_json::Value| {
            let day = |name: &str| value.get(name)?.as_str().and_then(|day| parse_date(day).ok());
            (day("start"), day("end"))
        };
        let codes = |field: &str| -> StateSet {
            let list = row.value(field).and_then(|value| value.as_array());
            list.into_iter().flatten().filter_map(|code| code.as_str()?.parse().ok()).collect()
        };
        let mut facts = row.facts.iter();
        let places = Places {
            within: codes("states"),
            outside: codes("states_out"),
            has_any: facts.any(|fact| matches!(fact.field, "states" | "states_out")),
        };
        let title = row.word("title").unwrap_or_default();
        Self {
            names: row.names.clone(),
            site: registrable(url),
            path: path(url),
            case_name: row.word("case_name").map(str::to_lowercase),
            deadline: row.day("deadline"),
            period: row.value("class_period").map(bounds),
            places,
            title_days: title_days(title),
            event: row.value("event_period").map(bounds),
            things: title_things(title),
            audience: row.word("audience").map_or(Audience::Unknown, Audience::of_word),
        }
    }

    /// Of a settlement of the catalogue.
    pub(super) fn of_settlement(settlement: &Settlement) -> Self {
        let url = settlement.claim_url.as_deref().or(settlement.website_url.as_deref());
        let url = url.unwrap_or_default();
        let mut places = Places::default();
        places.take(settlement.eligibility.in_force(), false);
        if !places.has_any {
            let within = read_places(&settlement.title).within;
            places = Places { within, outside: StateSet::EMPTY, has_any: !within.is_empty() };
        }
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
            places,
            title_days: title_days(&settlement.title),
            event: None,
            things: title_things(&settlement.title),
            audience: Audience::Unknown,
        }
    }

    /// How two records compare.
    pub(super) fn traits(&self, other: &Self) -> Traits {
        use Likeness::{Different, Near, Same, Unknown};
        let title = similarity(&self.names.plain, &other.names.plain);
        let topics = |card: &Self| !card.names.topics.is_empty();
        let shared = self.names.topics.intersection(&other.names.topics).next().is_some();
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
            states: self.places.likeness(other.places),
            event: self.event_likeness(other),
            things: self.things_likeness(other),
            audience: match (self.audience, other.audience) {
                (Audience::Unknown, _) | (_, Audience::Unknown) => Unknown,
                (a, b) if a == b => Same,
                _ => Different,
            },
        }
    }

    /// How the days compare on which something happened: those of the titles, else of the texts.
    fn event_likeness(&self, other: &Self) -> Likeness {
        use Likeness::{Different, Same, Unknown};
        if !self.title_days.is_empty() && !other.title_days.is_empty() {
            let meet = self.title_days.iter().any(|(first, last)| {
                other.title_days.iter().any(|(from, to)| first <= to && from <= last)
            });
            return if meet { Same } else { Different };
        }
        let (Some(a), Some(b)) = (self.event, other.event) else { return Unknown };
        let is_far = |a: Bounds, b: Bounds| match (a.1.or(a.0), b.0.or(b.1)) {
            (Some(end), Some(start)) => day_number(start) - day_number(end) > EVENT_DAYS_APART,
            _ => false,
        };
        if is_far(a, b) || is_far(b, a) { Different } else { Same }
    }

    /// How the other words of the titles compare.
    fn things_likeness(&self, other: &Self) -> Likeness {
        let has_more = |a: &Self, b: &Self| a.things.difference(&b.things).next().is_some();
        if self.things.is_empty() || other.things.is_empty() {
            Likeness::Unknown
        } else if has_more(self, other) && has_more(other, self) {
            Likeness::Different
        } else {
            Likeness::Same
        }
    }
}
