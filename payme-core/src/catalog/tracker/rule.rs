//! The eligibility of a settlement out of what its sources say of the class.
//!
//! In: who belongs to the class, as far as the sources agree. Out: a rule of the predicate
//! language. What a bank account cannot show is asked for, so that it never makes anybody eligible
//! by itself: work, notices, calls, homes, cars, and every class that was not understood whole.
//! Rules: `docs/rules/trackers.md`.

use super::audience::Audience;
use super::conditions::Condition;
use crate::catalog::{Eligibility, FeatureAtom, Predicate, PurchasesAtom, Range};
use crate::types::{Date, FeatureKey, FeatureKind, State, StateRule, StateSet};

/// How many states a question lists; it speaks of more than these as the states of the settlement.
const STATES_LISTED_MAX: usize = 8;

/// How long the conditions of a question may be; more of them are spoken of as its conditions.
const CONDITIONS_CHARS_MAX: usize = 110;

/// Who belongs to a class, as far as its sources agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Members {
    /// By what name a question calls whom it is about.
    pub(super) name: String,
    pub(super) audience: Audience,
    pub(super) merchants: Vec<String>,
    pub(super) brands: Vec<String>,
    /// The one period of the class; several, or none that is sure, are none.
    pub(super) period: Option<Range<Date>>,
    pub(super) has_periods: bool,
    pub(super) states: StateSet,
    pub(super) states_out: StateSet,
    /// Whether the states are where people live, in every source that names any.
    pub(super) is_home: bool,
    /// Whether states are named of which none is known to be in or out, because sources differ or
    /// the text is not clear.
    pub(super) has_other_places: bool,
    /// What else the sources ask of a member, each once.
    pub(super) conditions: Vec<Condition>,
    /// Whether any description names the merchants or brands.
    pub(super) is_named: bool,
    /// Whether every source says the same and every word of it was understood.
    pub(super) is_plain: bool,
}

impl Members {
    /// The rule.
    pub(super) fn eligibility(&self) -> Eligibility {
        let is_shopper = self.audience == Audience::Shopper;
        let sellers = if is_shopper { keys(&self.merchants) } else { Vec::new() };
        let days = self.period.unwrap_or_default();
        let is_shown = self.is_plain && self.period.is_some() && !sellers.is_empty();
        let mut parts = Vec::new();
        // A class of shoppers that names no shop and no brand is open to everybody's answer.
        if self.is_named || !is_shopper {
            let count = Range { min: Some(1), max: None };
            // What was paid back whole, and a charge of nothing, is no purchase.
            let amount_cents = Range { min: Some(1), max: None };
            let bought = sellers.iter().map(|key| {
                let key = key.clone();
                Predicate::Purchases(PurchasesAtom { key, days, count, amount_cents })
            });
            let names = self.merchants.iter().chain(&self.brands);
            // What is asked about may show under any name there is.
            let seen = keys(names.filter(|_| !is_shown)).into_iter();
            let seen = seen.filter(|key| !sellers.contains(key));
            let seen = seen.map(FeatureAtom::present).map(Predicate::Feature);
            let any: Vec<Predicate> = bought.chain(seen).collect();
            if !any.is_empty() {
                parts.push(Predicate::Any(any));
            }
        }
        // Where something happened or was bought is not where a person lives.
        if self.is_home && !self.states.is_empty() {
            parts.push(Predicate::States(StateRule::In(self.states)));
        }
        if self.is_home && !self.states_out.is_empty() {
            let out = Predicate::States(StateRule::In(self.states_out));
            parts.push(Predicate::None(vec![out]));
        }
        if !is_shown {
            parts.push(Predicate::Ask(self.question()));
        }
        Eligibility::new(Predicate::All(parts))
    }

    /// What only the person can say, in at most 300 characters.
    fn question(&self) -> String {
        let base = self.base_question();
        let clauses = self.conditions();
        // Every base ends with a question mark.
        match base.strip_suffix('?') {
            Some(base) if !clauses.is_empty() => format!("{base}{clauses}?"),
            _ => base,
        }
    }

    /// The conditions as a question carries them.
    fn conditions(&self) -> String {
        // Parents of a class are those of minors.
        let is_parent = self.conditions.contains(&Condition::Parent);
        let is_said = |one: &&Condition| !is_parent || **one != Condition::Minor;
        let clauses = self.conditions.iter().filter(is_said);
        let clauses: Vec<String> = clauses.map(|one| format!(", {}", one.clause())).collect();
        let all = clauses.concat();
        if all.chars().count() > CONDITIONS_CHARS_MAX {
            return ", under the conditions that it names".to_owned();
        }
        all
    }

    /// The question without the conditions.
    fn base_question(&self) -> String {
        let (name, place, time) = (&self.name, self.place(), self.time());
        match self.audience {
            Audience::Shopper if self.merchants.is_empty() => {
                format!("Did you buy or pay for what the {name} settlement covers{place}{time}?")
            }
            Audience::Shopper => {
                format!("Did you pay {name} for what this settlement covers{place}{time}?")
            }
            Audience::Employee => {
                format!(
                    "Did you work for {name}{place}{time}, in work that this settlement covers?"
                )
            }
            Audience::Applicant => format!("Did you apply for a job with {name}{place}{time}?"),
            Audience::BreachVictim => {
                format!("Were you told that your data was in the data breach at {name}{place}?")
            }
            Audience::CallRecipient => format!(
                "Did you get calls or texts from {name}, or on its behalf, that this settlement \
                 covers{place}{time}?"
            ),
            Audience::Visitor => format!(
                "Did you use the site, app or account of {name} that this settlement \
                 covers{place}{time}?"
            ),
            Audience::VehicleOwner => {
                format!(
                    "Did you own or lease a vehicle that the {name} settlement covers{place}{time}?"
                )
            }
            Audience::PropertyOwner => {
                format!("Did you own a home or building that the {name} settlement covers{place}?")
            }
            Audience::Tenant => {
                format!("Did you rent or live where the {name} settlement covers it{place}{time}?")
            }
            Audience::Student => {
                format!("Were you a student of {name}{place}{time}, as it describes?")
            }
            Audience::Patient => {
                format!("Were you a patient or member of {name}{place}{time}, as it describes?")
            }
            Audience::Investor => {
                format!(
                    "Did you invest or save with {name}{place}{time}, as the settlement describes?"
                )
            }
            Audience::Insured => {
                format!("Were you insured with {name}{place}{time}, as the settlement describes?")
            }
            Audience::Borrower => {
                format!("Did you have a loan with {name}{place}{time} that this settlement covers?")
            }
            Audience::Business => format!(
                "Did you, or a business of yours, deal with {name}{place}{time} as this \
                 settlement describes?"
            ),
            Audience::Detained => format!("Were you held at {name}{time}?"),
            Audience::Unknown => {
                format!("Do you belong to the class of the {name} settlement, as its site says?")
            }
        }
    }

    fn place(&self) -> String {
        let list = |set: StateSet| set.iter().map(State::code).collect::<Vec<_>>();
        let (within, outside) = (list(self.states), list(self.states_out));
        if self.has_other_places {
            " in the states it applies to".to_owned()
        } else if within.len().max(outside.len()) > STATES_LISTED_MAX {
            " in the states it names".to_owned()
        } else if !within.is_empty() {
            format!(" in {}", within.join(" or "))
        } else if !outside.is_empty() {
            format!(" outside of {}", outside.join(" and "))
        } else {
            String::new()
        }
    }

    fn time(&self) -> String {
        match self.period {
            Some(Range { min: Some(min), max: Some(max) }) if min == max => format!(" on {min}"),
            Some(Range { min: Some(min), max: Some(max) }) => format!(" between {min} and {max}"),
            Some(Range { min: Some(min), max: None }) => format!(" on or after {min}"),
            Some(Range { min: None, max: Some(max) }) => format!(" on or before {max}"),
            _ if self.has_periods => " in the periods it names".to_owned(),
            _ => String::new(),
        }
    }
}

/// The merchant keys of names, each once, in their order.
fn keys<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<FeatureKey> {
    let mut found = Vec::new();
    for name in names {
        if let Ok(key) = FeatureKey::new(FeatureKind::Merchant, name)
            && !found.contains(&key)
        {
            found.push(key);
        }
    }
    found
}
