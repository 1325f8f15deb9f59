//! The five names most similar to a spoilt one, of 100,000 made-up names, one query after the other
//! on one thread. Scores are those of `pg_trgm` to the bit; rapidfuzz has another scorer. Beside
//! it, how many garbled descriptors rapidfuzz's `WRatio` finds as they stand.

use payme_core::text::{SimilarName, TrigramIndex};
use serde_json::json;

use crate::bench::{Bench, Peer, Place};
use crate::descriptors::{Dice, Parted, garbled, made_up_brands, real_brands, spoilt};
use crate::names::varied_name;
use crate::race::{Answer, Ran, timed};

const K: usize = 5;
const ABOVE: f32 = 0.3;
/// Descriptors that are too easy say nothing of cleaning.
const RAW_SHARE_MAX: f64 = 0.2;

pub(crate) fn run(bench: &mut Bench) {
    let (names, queries) = made_up(bench);
    let index = TrigramIndex::new(&names);
    let ours = || {
        let (ms, found) = timed(queries.len(), || {
            let find = |query: &String| index.top(query, K, ABOVE);
            queries.iter().map(find).collect::<Vec<_>>()
        });
        let row = |hits: Vec<SimilarName>| {
            hits.iter().flat_map(|hit| [hit.number, hit.similarity.to_bits()]).collect()
        };
        Ran { ms, answer: Answer::Best(found.into_iter().map(row).collect()) }
    };
    let has_trigrams = load(bench, "pg_trgm", &names, &queries);
    load(bench, "rapidfuzz", &names, &queries);
    let all_are_answered = |theirs: &Answer, _: &Answer| match theirs {
        Answer::Best(rows) if rows.iter().all(|row| row.len() == K) => Ok(()),
        _ => Err(format!("{theirs:?}")),
    };
    let ratio = Peer {
        label: "rapidfuzz ratio",
        target: Some(50.0),
        place: Place::There(&[("rapidfuzz", "ratio")]),
        same: &all_are_answered,
    };
    let trigrams = crate::bench::peer("pg_trgm GIN", &[("pg_trgm", "top")], Some(10.0));
    let mut peers = vec![ratio];
    if has_trigrams {
        peers.push(trigrams);
    }
    bench.race("names", &peers, &ours);
    bench.forget(&["rapidfuzz", "pg_trgm"]);
    note_raw_share(bench);
}

/// Made-up names and spoilt ones of them.
pub(super) fn made_up(bench: &Bench) -> (Vec<String>, Vec<String>) {
    let mut dice = Dice(3);
    let names: Vec<String> =
        (0..bench.size(100_000, 2_000)).map(|_| varied_name(&mut dice)).collect();
    let question = |_| {
        let name = &names[dice.below(names.len())];
        spoilt(&mut dice, name)
    };
    let queries = (0..bench.size(40, 8)).map(question).collect();
    (names, queries)
}

/// Makes a peer ready; whether it can be asked.
pub(super) fn load(
    bench: &mut Bench,
    kind: &'static str,
    names: &[String],
    queries: &[String],
) -> bool {
    let about = bench.load([kind, kind], &json!({"k": K, "above": ABOVE}), |columns| {
        columns.write("names", names.join("\n").as_bytes());
        columns.write("queries", queries.join("\n").as_bytes());
    });
    if let Some(missing) = about["missing"].as_str() {
        println!("NOT RUN: {missing}");
    }
    about["missing"].is_null()
}

/// How many garbled descriptors `WRatio` gives the right brand for, as they stand.
fn note_raw_share(bench: &mut Bench) {
    let is_real = real_brands().is_some();
    let parted = Parted::new(real_brands().unwrap_or_else(|| made_up_brands(5_000)));
    let known = &parted.known[..parted.known.len().min(bench.size(usize::MAX, 500))];
    let named: Vec<(usize, String)> = known
        .iter()
        .enumerate()
        .flat_map(|(at, brand)| {
            let aliases = brand.aliases.iter().cloned();
            std::iter::once(brand.name.clone()).chain(aliases).map(move |name| (at, name))
        })
        .collect();
    let mut dice = Dice(17);
    let mut asked = Vec::new();
    for _ in 0..bench.size(1_000, 40) {
        let at = dice.below(known.len());
        asked.push((at, garbled(&mut dice, &known[at].name)));
    }
    let names: Vec<String> = named.iter().map(|(_, name)| name.clone()).collect();
    let queries: Vec<String> = asked.iter().map(|(_, descriptor)| descriptor.clone()).collect();
    load(bench, "rapidfuzz", &names, &queries);
    let Some(ran) = bench.run(&Place::There(&[("rapidfuzz", "wratio")])) else { return };
    bench.forget(&["rapidfuzz"]);
    let Answer::Best(rows) = ran.answer else { return };
    let is_right = |((at, _), row): &(&(usize, String), &Vec<u32>)| {
        let best = row.first().and_then(|best| named.get(usize::try_from(*best).ok()?));
        best.is_some_and(|(brand, _)| brand == at)
    };
    let right = asked.iter().zip(&rows).filter(is_right).count();
    let share = f64::from(u32::try_from(right).expect("few"))
        / f64::from(u32::try_from(asked.len()).expect("few"));
    let about = json!({"descriptors": asked.len(), "real_brands": is_real, "right_first": share});
    bench.note("WRatio over raw descriptors", &about);
    assert!(share < RAW_SHARE_MAX, "the descriptors are too easy: {share}");
}
