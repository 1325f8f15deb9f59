//! The eligibility of a settlement out of what its sources say of the class.
//!
//! In: who belongs to the class, as far as the sources agree. Out: a rule of the predicate
//! language. What a bank account cannot show is asked for, so that it never makes anybody eligible
//! by itself: work, notices, calls, homes, cars, and every class that was not understood whole.
//! Rules: `docs/rules/trackers.md`.

use super::audience::Audience;
use crate::catalog::{Eligibility, FeatureAtom, Predicate, PurchasesAtom, Range};
use crate::types::{Date, FeatureKey, FeatureKind, State, StateRule, StateSet};

/// How many states a question lists; it speaks of more than these as the states of the settlement.
const STATES_LISTED_MAX: usize = 8;

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
    /// Whether the states are where people live.
    pub(super) is_home: bool,
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
            let bought = sellers.iter().map(|key| {
                let (key, amount_cents) = (key.clone(), Range::default());
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
        // Where something happened is not where a person lives now; where things are bought it is
        // what settlements go by.
        if (is_shopper || self.is_home) && !self.states.is_empty() {
            parts.push(Predicate::States(StateRule::In(self.states)));
        }
        if (is_shopper || self.is_home) && !self.states_out.is_empty() {
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
        let (name, place, time) = (&self.name, self.place(), self.time());
        match self.audience {
            Audience::Shopper if self.merchants.is_empty() => {
                format!("Did you buy what the {name} settlement covers{place}{time}?")
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
                format!("Were you told that your data was in the data breach at {name}?")
            }
            Audience::CallRecipient => format!(
                "Did you get calls or texts from {name}, or on its behalf, that this settlement \
                 covers{time}?"
            ),
            Audience::Visitor => format!(
                "Did you use the site, app or account of {name} that this settlement \
                 covers{place}{time}?"
            ),
            Audience::VehicleOwner => {
                format!("Did you own or lease a vehicle that the {name} settlement covers?")
            }
            Audience::PropertyOwner => {
                format!("Did you own a home or building that the {name} settlement covers{place}?")
            }
            Audience::Tenant => {
                format!("Did you rent or live where the {name} settlement covers it{place}{time}?")
            }
            Audience::Student => format!("Were you a student of {name}{time}, as it describes?"),
            Audience::Patient => {
                format!("Were you a patient or member of {name}{place}{time}, as it describes?")
            }
            Audience::Investor => {
                format!("Did you invest or save with {name}{time}, as the settlement describes?")
            }
            Audience::Insured => {
                format!("Were you insured with {name}{place}{time}, as the settlement describes?")
            }
            Audience::Borrower => {
                format!("Did you have a loan with {name}{place}{time} that this settlement covers?")
            }
            Audience::Business => format!(
                "Did you have a business that dealt with {name}{place}{time}, as the settlement \
                 describes?"
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
        if within.len().max(outside.len()) > STATES_LISTED_MAX {
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
