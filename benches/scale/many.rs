//! `match_many` on two threads beside one.

use payme_core::matching::SignalSet;
use payme_core::ranking::match_many;

use crate::clock::{Effort, in_turns, keep, micros, threads};
use crate::town;

pub(crate) fn run(effort: Effort) {
    let (settlements, users) = (effort.size(10_000, 200), effort.size(10_000, 200));
    let index = town::catalogue(settlements);
    let users: Vec<_> = town::users(settlements, users).collect();
    let request = town::request(SignalSet::Evidence);
    let on = |count: usize| threads(count).install(|| match_many(&index, &users, &request));
    assert_eq!(on(1), on(2));
    let pools = [threads(1), threads(2)];
    let mut works = pools.map(|pool| {
        let (index, users, request) = (&index, &users, &request);
        move || keep(pool.install(|| match_many(index, users, request)))
    });
    let [one, two] = &mut works;
    let [one, two] = in_turns(effort.rounds(9), [one, two]).map(micros);
    println!(
        "  one thread {:.0} ms, two threads {:.0} ms: {:.2} times",
        one / 1e3,
        two / 1e3,
        one / two
    );
}
