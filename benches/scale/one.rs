//! One user after the other against 10,000 settlements: how long the slowest in a hundred takes.

use std::time::Duration;

use payme_core::matching::{Matcher, SignalSet};
use payme_core::ranking::{MatchRequest, match_user};

use crate::clock::{Effort, micros, timed};
use crate::town;

pub(crate) fn run(effort: Effort) {
    let (settlements, users) = (effort.size(10_000, 200), effort.size(20_000, 100));
    let index = town::catalogue(settlements);
    let users: Vec<_> = town::users(settlements, users).collect();
    let people = town::people(settlements, 5);
    town::check(&index, &people, &users);
    let mut matcher = Matcher::new(&index);
    for set in SignalSet::ALL {
        for near_misses in [false, true] {
            let request = MatchRequest { near_misses, ..town::request(set) };
            let mut times: Vec<Duration> = users
                .iter()
                .map(|user| timed(|| match_user(&mut matcher, user, &request)).0)
                .collect();
            times.sort_unstable();
            let at =
                |share: usize| micros(times[(times.len() * share / 1000).min(times.len() - 1)]);
            println!(
                "  {:<8} near misses {:<5} median {:>7.1} us, p99 {:>7.1} us, worst {:>7.1} us",
                set.as_str(),
                near_misses,
                at(500),
                at(990),
                at(1000)
            );
        }
    }
}
