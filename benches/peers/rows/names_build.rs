//! Building the trigram index over 100,000 made-up names, on one thread. The peer makes its GIN
//! index over a table that is there.

use payme_core::text::TrigramIndex;

use super::names::{load, made_up};
use crate::bench::{Bench, peer};
use crate::race::{Answer, Ran, timed};

pub(crate) fn run(bench: &mut Bench) {
    let (names, queries) = made_up(bench);
    let ours = || {
        let (ms, index) = timed(1, || TrigramIndex::new(&names));
        let count = u32::try_from(index.len()).expect("few names");
        Ran { ms, answer: Answer::Best(vec![vec![count]]) }
    };
    if load(bench, "pg_trgm", &names, &queries) {
        bench.race(
            "names_build",
            &[peer("pg_trgm GIN", &[("pg_trgm", "build")], Some(10.0))],
            &ours,
        );
    }
    bench.forget(&["pg_trgm"]);
}
