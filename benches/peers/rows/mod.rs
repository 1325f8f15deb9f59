//! The rows of the table, one file each.

mod certified;
mod filtered;
mod names;
mod names_build;
mod pairs;
mod ranked;
mod reverse;
mod scan;
mod top20;

use crate::bench::Bench;

/// One question that PayMe and its peers are asked.
pub(crate) struct Row {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// What is measured.
    pub(crate) about: &'static str,
    /// Prepares, checks and times it.
    pub(crate) run: fn(&mut Bench),
}

/// All of them, in the order of the table.
pub(crate) const ROWS: [Row; 9] = [
    Row {
        name: "pairs",
        about: "the eligible pairs of 20,000 users and 10,000 settlements; two threads",
        run: pairs::run,
    },
    Row {
        name: "top20",
        about: "the same with the baseline signals and the best 20 of each user, and a peer that \
                gives the pairs only; one thread",
        run: top20::run,
    },
    Row {
        name: "ranked",
        about: "the same with the evidence signals, the cosine of 384 dimensions among them, and \
                peers that give the pairs and the best 20 vectors of all; one thread",
        run: ranked::run,
    },
    Row {
        name: "filtered",
        about: "the best 20 of 100,000 vectors by inner product, of which 2 in 100 pass a filter; \
                one user, one thread",
        run: filtered::run,
    },
    Row {
        name: "scan",
        about: "the best 20 of 100,000 vectors by inner product, every number read; one user, \
                one thread",
        run: scan::run,
    },
    Row {
        name: "certified",
        about: "the same, exact from a first pass over a quantised copy; one user, one thread",
        run: certified::run,
    },
    Row {
        name: "reverse",
        about: "who of 1,000,000 users has two features and lives in one of five states; \
                the peer has two threads",
        run: reverse::run,
    },
    Row {
        name: "names",
        about: "the 5 most similar of 100,000 names by trigrams; one thread",
        run: names::run,
    },
    Row {
        name: "names_build",
        about: "building the index over 100,000 names; one thread",
        run: names_build::run,
    },
];
