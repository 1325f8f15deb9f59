//! What a reason rests on, and what would have changed it, in words.

use std::collections::HashMap;
use std::fmt;

use super::{Anomaly, Baseline, FIRST_VISITS, MINUTES_FAR, Purchase, Reason, in_order};
use crate::sync::MINUTES_OF_DAY;
use crate::types::{Currency, Money, RecordId};

/// The records that a reason of an anomaly was found in, from the oldest to the newest.
///
/// `purchases` are those that it was found in; a record that is not among them has none. A burst
/// rests on the charges of its day, everything else on earlier days.
pub fn baseline_records(
    purchases: &[Purchase<'_>],
    anomaly: &Anomaly,
    reason: &Reason,
) -> Vec<RecordId> {
    let sorted = in_order(purchases);
    let Some((own, amount)) = sorted.iter().find(|(one, _)| one.id == anomaly.record) else {
        return Vec::new();
    };
    let at_merchant = |one: &Purchase<'_>| one.merchant == own.merchant;
    let is_meant = |(one, money): &&(&Purchase<'_>, Money)| {
        let comparable = money.currency() == amount.currency();
        match reason {
            Reason::AmountAtMerchant(_) | Reason::Weekday { .. } => comparable && at_merchant(one),
            Reason::AmountInCategory(_) => comparable && one.category == own.category,
            Reason::NewMerchant { .. } => comparable,
            Reason::Minute { .. } => one.minute.is_some_and(|minute| minute < MINUTES_OF_DAY),
            Reason::Burst { .. } => money == amount && at_merchant(one),
        }
    };
    let is_burst = matches!(reason, Reason::Burst { .. });
    let is_then = |one: &Purchase<'_>| {
        if is_burst { one.date == own.date } else { one.date < own.date }
    };
    let of_first_visits =
        matches!(reason, Reason::AmountInCategory(_) | Reason::NewMerchant { .. });
    let mut visits: HashMap<(&str, Currency), usize> = HashMap::new();
    let mut records = Vec::new();
    for pair in sorted.iter().filter(|pair| is_then(pair.0)) {
        let (one, money) = pair;
        let visit = visits.entry((one.merchant, money.currency())).or_default();
        *visit += 1;
        let is_first = one.merchant.is_empty() || *visit <= FIRST_VISITS;
        if is_meant(&pair) && (is_first || !of_first_visits) {
            records.push(one.id);
        }
    }
    let forgotten = records.len().saturating_sub(reason.count());
    records.drain(..forgotten);
    records
}

impl Reason {
    /// How many records it rests on.
    pub const fn count(&self) -> usize {
        match self {
            Self::AmountAtMerchant(baseline)
            | Self::AmountInCategory(baseline)
            | Self::NewMerchant { baseline, .. } => baseline.count,
            Self::Minute { count, .. }
            | Self::Weekday { count, .. }
            | Self::Burst { count, .. } => *count,
        }
    }
}

impl fmt::Display for Reason {
    /// What is unusual, what it was compared with, and what would have been ordinary. It shows
    /// amounts, so it is for the person only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AmountAtMerchant(baseline) => {
                amount(f, "The", baseline, "purchases at this merchant")
            }
            Self::AmountInCategory(baseline) => {
                amount(f, "The", baseline, "first visits in this category")
            }
            Self::NewMerchant { visits: 0, baseline } => {
                amount(f, "The merchant is new, and the", baseline, "first visits of this person")
            }
            Self::NewMerchant { visits, baseline } => {
                let begin = format!("The merchant was seen {visits} times before, and the");
                amount(f, &begin, baseline, "first visits of this person")
            }
            Self::Minute { minute, count, to_second_nearest } => write!(
                f,
                "At {:02}:{:02} it is {to_second_nearest} minutes from the second nearest of \
                 {count} earlier purchases; two within {} minutes would have made the hour usual.",
                minute / 60,
                minute % 60,
                MINUTES_FAR - 1
            ),
            Self::Weekday { weekday, count } => write!(
                f,
                "None of {count} earlier purchases at this merchant was on a {weekday:?}; one \
                 would have made the day usual."
            ),
            Self::Burst { count, most_before } => write!(
                f,
                "The same amount was charged {count} times on one day, and at most {most_before} \
                 times before; a third as often on an earlier day would have made that usual."
            ),
        }
    }
}

fn amount(f: &mut fmt::Formatter<'_>, begin: &str, baseline: &Baseline, of: &str) -> fmt::Result {
    let Baseline { count, from, to, median, spread_factor, deviations, ordinary_up_to } = baseline;
    write!(
        f,
        "{begin} amount is {deviations:.1} standard deviations above the median of {median} \
         of {count} {of} from {from} to {to}, half of which lie within a factor of \
         {spread_factor:.2}; up to {ordinary_up_to} it would have been ordinary."
    )
}
