//! The evidence signals: how sure, how new, how much, how near.
//!
//! *Support* are the sightings of the features that the rule seeks. Every signal is in [0, 1].
//!
//! | signal | formula |
//! |---|---|
//! | `rules_confidence` | the belief that the rule holds (`truth.rs`) |
//! | similarity | (1 + cos) / 2 of the two embeddings; cos = 0 where one has no direction |
//! | recency | 2^(-d / 365), d the days since the newest day of support; 0 without one |
//! | frequency | n / (n + 3), n the count of the support |
//! | `class_period` | records of the support inside the period / all; 1 without a period |
//! | payout | min(1, ln(1 + e) / ln(1 + 1000000)), e the expected payout in cents |
//! | urgency | 2^(-t / 30), t the days until the deadline; 0 without one, and behind it |
//! | ease | 0.5 with a claim link + 0.5, 0.4, 0.3 or 0.1 by the proof |
//!
//! More evidence never lowers recency or frequency, nor `rules_confidence` for the rules of which
//! `docs/rules/predicates.md` says so, with the one exception that it names.

use super::session::{Bound, Shown, period_of};
use super::sighting::{NO_DAY, PersonView, Slot};
use super::signals::Signal;
use crate::catalog::{CatalogIndex, NO_FEATURE, Proof, SettlementFacts, SettlementIx, words_of};
use crate::vectors::{cosine, dots_of_rows, normalise};

/// Days after which the recency of evidence has halved.
pub const RECENCY_HALF_LIFE_DAYS: f64 = 365.0;
/// Days before the deadline at which the urgency is one half.
pub const URGENCY_HALF_LIFE_DAYS: f64 = 30.0;
/// Records at which the frequency is one half.
pub const FREQUENCY_HALF_COUNT: f64 = 3.0;

const DAY_MICROS: f64 = 86_400_000_000.0;

/// The share of the support that lies inside the class period of a settlement which has one;
/// `sought` are the features that its rule seeks.
pub(super) fn class_period(bound: &Bound<'_>, sought: &[u32], facts: &SettlementFacts) -> f64 {
    let period = period_of(facts);
    let (mut inside, mut all) = (0_u64, 0_u64);
    for slot in sought.iter().filter_map(|feature| bound.slot(*feature)) {
        for sighting in bound.view.sightings(slot) {
            inside += u64::from(sighting.count_inside(period).0);
            all += u64::from(sighting.until.last().copied().unwrap_or(sighting.count));
        }
    }
    if all == 0 { 0.0 } else { float(inside) / float(all) }
}

/// How pressing the deadline is at so many microseconds since 1970.
pub(super) fn urgency(facts: &SettlementFacts, now_micros: i64) -> f64 {
    if !facts.has_deadline() || facts.deadline < now_micros {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "an error of microseconds is no urgency")]
    let days = facts.deadline.saturating_sub(now_micros) as f64 / DAY_MICROS;
    (-days / URGENCY_HALF_LIFE_DAYS).exp2()
}

/// How much evidence there is.
pub(super) fn frequency(count: u64) -> f64 {
    let count = float(count);
    count / (count + FREQUENCY_HALF_COUNT)
}

/// How new the evidence of a feature is.
pub(super) fn recency(slot: &Slot, today: i32) -> f64 {
    if slot.newest == NO_DAY {
        return 0.0;
    }
    let days = f64::from(today.saturating_sub(slot.newest).max(0));
    (-days / RECENCY_HALF_LIFE_DAYS).exp2()
}

/// The signals that look at the settlement alone.
pub(crate) fn of_settlement(facts: &SettlementFacts, now_micros: i64) -> [(Signal, f64); 3] {
    [
        (Signal::Payout, facts.payout_graded),
        (Signal::Urgency, urgency(facts, now_micros)),
        (Signal::Ease, ease(facts)),
    ]
}

/// How easy it is to claim.
pub(super) const fn ease(facts: &SettlementFacts) -> f64 {
    let link = if facts.has_claim_url() { 0.5 } else { 0.0 };
    link + match facts.proof() {
        Some(Proof::None) => 0.5,
        Some(Proof::Optional) => 0.4,
        None => 0.3,
        Some(Proof::Required) => 0.1,
    }
}

/// The person's embedding: the sum of belief times the embedding of each feature, of length 1, or
/// all zeros.
pub(super) fn user_embedding(
    index: &CatalogIndex,
    view: &PersonView<'_>,
    shown: Shown<'_>,
    sum: &mut [f32],
) {
    sum.fill(0.0);
    match shown {
        Shown::Row { vectors, .. } => {
            for slot in view.slots {
                vectors.add(slot.feature, single(slot.belief), sum);
            }
        }
        Shown::One(user) => {
            for (slot, key) in view.slots.iter().zip(user.keys()) {
                if slot.feature != NO_FEATURE {
                    index.feature_vectors().add(slot.feature, single(slot.belief), sum);
                    continue;
                }
                let mut words = vec![0.0; sum.len()];
                index.embedder().embed(&words_of(key), &mut words);
                for (number, value) in sum.iter_mut().zip(&words) {
                    *number += single(slot.belief) * value;
                }
            }
        }
    }
    normalise(sum);
}

/// (1 + cos) / 2 of the embeddings of a person and each of some settlements, each in its place in
/// `out`. Where both carry a vector of their own of the same length, it is these two.
pub(super) fn similarities(
    index: &CatalogIndex,
    shown: Shown<'_>,
    embedding: &[f32],
    list: &[u32],
    out: &mut [f64],
) {
    let values = &index.columns().embeddings;
    let mut dots = [0.0; TOGETHER];
    for (rows, out) in list.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER)) {
        let dots = dots.get_mut(..rows.len()).unwrap_or_default();
        dots_of_rows(index.kernel(), embedding, values, rows, dots);
        for (out, dot) in out.iter_mut().zip(dots) {
            *out = half_open(f64::from(*dot));
        }
    }
    let Some(own) = shown.own() else { return };
    for (out, ix) in out.iter_mut().zip(list) {
        let settlement = index.get(SettlementIx(*ix));
        let theirs = settlement.and_then(|settlement| settlement.embedding.as_deref());
        if let Some(theirs) = theirs.filter(|theirs| theirs.len() == own.len()) {
            *out = half_open(cosine(own, theirs).unwrap_or(0.0));
        }
    }
}

/// How many cosines are computed together.
const TOGETHER: usize = 32;

/// From [-1, 1] to [0, 1]; rounding never leaves the range.
fn half_open(cosine: f64) -> f64 {
    f64::midpoint(1.0, cosine.clamp(-1.0, 1.0))
}

#[expect(clippy::cast_possible_truncation, reason = "embeddings are of single precision")]
const fn single(number: f64) -> f32 {
    number as f32
}

#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are no counts of records")]
const fn float(count: u64) -> f64 {
    count as f64
}
