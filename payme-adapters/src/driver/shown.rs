//! A stored run as a person is shown it: in display order, with titles and what the person said.

use std::collections::BTreeMap;

use payme_core::catalog::Settlement;
use payme_core::ranking::{MatchResult, Preference, display_order};
use payme_core::types::SettlementId;
use serde_json::{Map, Value, json};

use super::{Driver, DriverError, UserMatch};

/// A run with its results in display order, and what is shown beside them.
#[derive(Debug, Clone)]
pub struct ShownMatch {
    /// The run, its results in display order, and the near misses if they were asked for.
    pub matched: UserMatch,
    /// The catalogue.
    pub settlements: BTreeMap<SettlementId, Settlement>,
    /// What the person said of settlements.
    pub preferences: BTreeMap<SettlementId, Preference>,
}

impl Driver {
    /// Puts the results of a run into display order, and loads what is shown beside them.
    ///
    /// # Errors
    /// [`DriverError::Store`].
    pub async fn shown(&self, mut matched: UserMatch) -> Result<ShownMatch, DriverError> {
        let said = self.store.preferences(matched.run.user_id).await?;
        let preferences: BTreeMap<_, _> =
            said.into_iter().map(|said| (said.settlement_id, said)).collect();
        display_order(
            &mut matched.run.results,
            |result| result.settlement_id,
            |result| result.score,
            |id| preferences.get(&id).copied(),
        );
        let catalog = self.store.catalog().await?;
        let settlements = catalog.into_iter().map(|(id, (_, settlement))| (id, settlement));
        Ok(ShownMatch { matched, settlements: settlements.collect(), preferences })
    }
}

impl ShownMatch {
    /// What the person said of a settlement.
    pub fn preference(&self, id: SettlementId) -> Option<Preference> {
        self.preferences.get(&id).copied()
    }

    /// The title of a settlement; nothing where it is gone.
    pub fn title(&self, id: SettlementId) -> &str {
        self.settlements.get(&id).map_or("", |settlement| settlement.title.as_str())
    }

    /// The form that `payme match --user` writes.
    pub fn to_json(&self) -> Value {
        let run = &self.matched.run;
        let with_titles = |results: &[MatchResult]| -> Vec<Value> {
            results.iter().map(|result| self.result_json(result)).collect()
        };
        let mut out = json!({
            "run_id": run.id,
            "user_id": run.user_id,
            "experiment_key": run.experiment_key,
            "variant": run.variant,
            "started": run.started,
            "candidate_count": run.candidate_count,
            "result_count": run.result_count,
            "results": with_titles(&run.results),
        });
        if let (Some(near), Value::Object(out)) = (&self.matched.near_misses, &mut out) {
            out.insert("near_misses".to_owned(), json!(with_titles(near)));
        }
        out
    }

    fn result_json(&self, result: &MatchResult) -> Value {
        let mut out = Map::new();
        out.insert("title".to_owned(), json!(self.title(result.settlement_id)));
        if let Some(said) = self.preference(result.settlement_id) {
            out.insert("starred".to_owned(), json!(said.starred));
            out.insert("pinned".to_owned(), json!(said.pinned));
        }
        if let Ok(Value::Object(fields)) = serde_json::to_value(result) {
            out.extend(fields);
        }
        Value::Object(out)
    }
}
