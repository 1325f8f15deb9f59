//! What an instrumenting tool looks at: a hundred thousand and a million purchases to recurring
//! streams, or to anomalies, and nothing else inside one function.

use payme_core::evidence::anomaly::{Purchase, anomalies};
use payme_core::evidence::recurring::{Charge, streams};

use crate::clock::Effort;

#[path = "../world/charges.rs"]
mod bought;

use bought::{Buyer, PURCHASES, STREAMS, buyers};

pub(crate) fn streams_100k(effort: Effort) {
    run_streams(effort.size(100_000, 2_000));
}

pub(crate) fn streams_1m(effort: Effort) {
    run_streams(effort.size(1_000_000, 4_000));
}

pub(crate) fn anomalies_100k(effort: Effort) {
    run_anomalies(effort.size(100_000, 2_000));
}

pub(crate) fn anomalies_1m(effort: Effort) {
    run_anomalies(effort.size(1_000_000, 4_000));
}

fn run_streams(count: usize) {
    let people = buyers(count / PURCHASES);
    let charges: Vec<Vec<Charge<'_>>> = people.iter().map(Buyer::charges).collect();
    let found = profiled_streams(&charges);
    assert!(found >= people.len() * STREAMS, "{found} streams of {} people", people.len());
    println!("  {count} transactions, {found} streams");
}

fn run_anomalies(count: usize) {
    let people = buyers(count / PURCHASES);
    let purchases: Vec<Vec<Purchase<'_>>> = people.iter().map(Buyer::purchases).collect();
    let largest: Vec<_> = people.iter().map(Buyer::largest).collect();
    let found = profiled_anomalies(&purchases);
    assert!(found >= largest.len(), "{found} anomalies of {} people", people.len());
    println!("  {count} transactions, {found} anomalies");
}

/// The function that is looked at. It has no closure: one that is not inlined would have the
/// name that the counting is switched by.
#[inline(never)]
fn profiled_streams(charges: &[Vec<Charge<'_>>]) -> usize {
    let mut found = 0;
    for own in charges {
        found += streams(own).len();
    }
    found
}

/// The function that is looked at, without a closure for the same reason.
#[inline(never)]
fn profiled_anomalies(purchases: &[Vec<Purchase<'_>>]) -> usize {
    let mut flagged = 0;
    for own in purchases {
        for one in anomalies(own) {
            flagged += usize::from(one.is_indexed());
        }
    }
    flagged
}
