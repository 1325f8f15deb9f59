//! The detector to beat: a constant number of days between charges.
//!
//! Charges of one merchant, or of one merchant and about one amount, are a stream when they are at
//! least three (two for a year) and four in five gaps are within a tolerance of the cadence that
//! the median gap is nearest to. It knows no calendar, no second stream and no missed charge.

use std::collections::BTreeMap;

use payme_core::evidence::recurring::{CadenceKind, Charge};
use payme_core::types::RecordId;

/// What is grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// Everything at one merchant.
    Merchant,
    /// What is within 5 in 100 of the amount before it, at one merchant.
    MerchantAndAmount,
}

/// The cadences it knows: days, and by how many a gap may differ.
const CADENCES: [(CadenceKind, i32, i32); 6] = [
    (CadenceKind::Weekly, 7, 1),
    (CadenceKind::TwoWeekly, 14, 2),
    (CadenceKind::SemiMonthly, 15, 2),
    (CadenceKind::Monthly, 30, 4),
    (CadenceKind::Quarterly, 91, 7),
    (CadenceKind::Yearly, 365, 10),
];

/// What it takes for streams.
pub(crate) fn detect(charges: &[Charge<'_>], by: Grouping) -> Vec<(CadenceKind, Vec<RecordId>)> {
    let mut merchants: BTreeMap<&str, Vec<&Charge<'_>>> = BTreeMap::new();
    for charge in charges.iter().filter(|charge| cents(charge) > 0) {
        merchants.entry(charge.merchant).or_default().push(charge);
    }
    let groups = merchants.into_values().flat_map(|mut group| match by {
        Grouping::Merchant => vec![group],
        Grouping::MerchantAndAmount => {
            group.sort_by_key(|charge| cents(charge));
            let near = |a: &&Charge<'_>, b: &&Charge<'_>| cents(b) * 100 <= cents(a) * 105;
            group.chunk_by(near).map(<[_]>::to_vec).collect()
        }
    });
    groups.filter_map(regular).collect()
}

fn cents(charge: &Charge<'_>) -> i64 {
    charge.amount.map_or(0, payme_core::types::Money::minor)
}

fn regular(mut group: Vec<&Charge<'_>>) -> Option<(CadenceKind, Vec<RecordId>)> {
    group.sort_by_key(|charge| (charge.date, charge.id));
    let mut gaps: Vec<i32> =
        group.windows(2).map(|pair| (pair[1].date - pair[0].date).get_days()).collect();
    gaps.sort_unstable();
    let median = *gaps.get(gaps.len() / 2)?;
    let (kind, days, tolerance) =
        CADENCES.into_iter().min_by_key(|(_, days, _)| (days - median).abs())?;
    let near = gaps.iter().filter(|gap| (*gap - days).abs() <= tolerance).count();
    let is_regular = group.len() >= kind.charges_when_mature() && near * 5 >= gaps.len() * 4;
    is_regular.then(|| (kind, group.iter().map(|charge| charge.id).collect()))
}
