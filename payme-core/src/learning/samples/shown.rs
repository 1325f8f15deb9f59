//! What a store keeps of a result that a person was shown, and the sample that it makes.

use super::{Features, Outcome, Sample, Shown};
use crate::claims::ClaimState;
use crate::matching::{Signals, Variant};
use crate::ranking::MatchRun;
use crate::types::{Instant, RunId, SettlementId, UserId};

/// One result of the run that was stored last of those that showed it to the person, and where
/// their claim stands now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShownResult {
    /// The person.
    pub user_id: UserId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The run.
    pub run_id: RunId,
    /// When the earliest run began that showed it.
    pub at: Instant,
    /// How signals became scores.
    pub variant: Variant,
    /// Whether somebody chose the variant; `None` of runs that do not say.
    pub forced: Option<bool>,
    /// Its place among the results, from 1.
    pub position: u32,
    /// Its signals.
    pub signals: Signals,
    /// Where the claim stands; `None` where there is none.
    pub claim: Option<ClaimState>,
}

/// How many results of a run the person saw: those at the positions from 1 to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impression {
    /// The run.
    pub run_id: RunId,
    /// How many; 0 where none was seen yet.
    pub shown: u32,
}

impl ShownResult {
    /// All results of a run, best first, before anything is known of their claims.
    pub fn of_run(run: &MatchRun) -> impl Iterator<Item = Self> {
        run.results.iter().zip(1..).map(|(result, position)| Self {
            user_id: run.user_id,
            settlement_id: result.settlement_id,
            run_id: run.id,
            at: run.started,
            variant: run.variant,
            forced: run.metadata.forced,
            position,
            signals: result.signals,
            claim: None,
        })
    }
}

impl From<ShownResult> for Sample {
    /// The sample of a result. The variant has a propensity where a hash took it, and none where
    /// somebody chose it or nobody knows.
    fn from(result: ShownResult) -> Self {
        let propensity = (result.forced == Some(false)).then_some(Variant::PROPENSITY);
        Self {
            user_id: result.user_id,
            settlement_id: result.settlement_id,
            run_id: result.run_id,
            shown: Some(Shown {
                at: result.at,
                variant: result.variant,
                position: result.position,
                propensity,
            }),
            features: Features::from(result.signals),
            outcome: Outcome::of(result.claim),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::matching::{Signal, SignalSet};

    #[test]
    fn a_variant_has_a_propensity_where_a_hash_took_it() {
        let result = ShownResult {
            user_id: UserId::from_uuid(Uuid::from_u128(1)),
            settlement_id: SettlementId::from_uuid(Uuid::from_u128(2)),
            run_id: RunId::from_uuid(Uuid::from_u128(3)),
            at: Instant::EPOCH,
            variant: Variant::RulesVector,
            forced: Some(false),
            position: 4,
            signals: Signals::of_set(SignalSet::Baseline, |_| 0.25),
            claim: Some(ClaimState::PaidOut),
        };
        let propensity = |forced| {
            let sample = Sample::from(ShownResult { forced, ..result });
            sample.shown.and_then(|shown| shown.propensity)
        };
        assert_eq!(propensity(Some(false)), Some(1.0 / 3.0));
        assert_eq!([propensity(Some(true)), propensity(None)], [None, None]);
        let sample = Sample::from(result);
        assert_eq!(
            (sample.outcome, sample.shown.map(|shown| shown.position)),
            (Outcome::PaidOut, Some(4))
        );
        let has = |signal| sample.features.get(signal);
        assert_eq!((has(Signal::Payout), has(Signal::Recency)), (Some(0.25), None));
    }
}
