//! What an instrumenting tool looks at: a few users, and nothing else inside one function.

use payme_core::catalog::CatalogIndex;
use payme_core::matching::{People, SignalSet};
use payme_core::ranking::BatchSummary;

use crate::clock::{Effort, threads};
use crate::town;

/// How many users pass through [`profiled`].
const USERS: usize = 10_000;

pub(crate) fn run(effort: Effort) {
    let settlements = effort.size(10_000, 200);
    let (index, people) = (town::catalogue(settlements), town::people(settlements, USERS));
    let pool = threads(1);
    let summary = pool.install(|| profiled(&index, &people));
    assert_eq!(summary.people, USERS);
    println!("  {USERS} users, {} candidates, {} results", summary.candidates, summary.results);
}

/// The function that is looked at.
#[inline(never)]
fn profiled(index: &CatalogIndex, people: &People) -> BatchSummary {
    town::rank(index, people, SignalSet::Evidence)
}
