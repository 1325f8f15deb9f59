//! What people were shown.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;
use payme_core::audit::Event;
use payme_core::learning::{Impression, ShownResult};
use payme_core::ports::{Commit, LearningStore, ShownPage, StoreError};
use payme_core::ranking::MatchRun;
use payme_core::types::{RunId, SettlementId, UserId};

use super::MemoryStore;
use super::data::Data;

impl Data {
    /// What a person was shown, by settlement.
    fn shown_to(&self, user: UserId, runs: &[RunId]) -> Vec<ShownResult> {
        let mut last: BTreeMap<SettlementId, ShownResult> = BTreeMap::new();
        let is_noted = |id: &RunId| self.impressions.contains_key(id);
        // Who is noted once is known by notes only.
        let by_notes = runs.iter().any(is_noted);
        let counted = runs.iter().filter(|id| !by_notes || is_noted(id));
        for run in counted.filter_map(|id| self.runs.get(id)) {
            for result in self.shown_by(run) {
                let before = last.get(&result.settlement_id).map_or(result.at, |before| before.at);
                let at = result.at.min(before);
                last.insert(result.settlement_id, ShownResult { at, ..result });
            }
        }
        let claims = &self.payouts.claims;
        let with_claim = |result: ShownResult| {
            let claim = claims.get(&(user, result.settlement_id)).map(|claim| claim.state);
            ShownResult { claim, ..result }
        };
        last.into_values().map(with_claim).collect()
    }

    fn shown_by<'a>(&'a self, run: &'a MatchRun) -> impl Iterator<Item = ShownResult> + 'a {
        let seen = self.impressions.get(&run.id).map(|impression| impression.shown);
        ShownResult::of_run(run)
            .take_while(move |result| seen.is_none_or(|seen| result.position <= seen))
    }
}

#[async_trait]
impl LearningStore for MemoryStore {
    async fn shown_after(
        &self,
        after: Option<UserId>,
        people: usize,
    ) -> Result<ShownPage, StoreError> {
        let data = self.data();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut page = ShownPage::default();
        for (place, (user, runs)) in
            data.runs_of.range((from, Bound::Unbounded)).take(people).enumerate()
        {
            page.results.extend(data.shown_to(*user, runs));
            page.next = (place + 1 == people).then_some(*user);
        }
        Ok(page)
    }

    async fn impression(&self, run: RunId) -> Result<Option<Impression>, StoreError> {
        Ok(self.data().impressions.get(&run).copied())
    }

    async fn commit_impression(
        &self,
        impression: Impression,
        expected: Option<Impression>,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        let id = impression.run_id;
        if !data.runs.contains_key(&id) || data.impressions.get(&id) != expected.as_ref() {
            return Ok(Commit::Conflict);
        }
        data.append(events)?;
        data.impressions.insert(id, impression);
        Ok(Commit::Done)
    }
}
