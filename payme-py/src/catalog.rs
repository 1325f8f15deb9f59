//! A catalogue of settlements, and what people match in it.
//!
//! In: JSON for one person, an Arrow stream for many, and settings. Out: the outcome as JSON in
//! the form that `payme match` writes, or [`Matches`] as Arrow. The answers of the two are those
//! of the command, to the bit.

use std::collections::HashSet;

use payme_adapters::driver::MatchOptions;
use payme_adapters::system::SystemClock;
use payme_core::catalog::{CatalogIndex, Settlement, parse_settlements};
use payme_core::evidence::{UserFeatures, parse_person_line};
use payme_core::matching::{ExperimentKey, MatchScope, People, SignalSet, Variant, assign};
use payme_core::ports::Clock as _;
use payme_core::ranking::{Hit, MatchRequest, Weights, match_one, rank_people};
use payme_core::types::json::{Coded, Refusal};
use payme_core::types::{Instant, SettlementId, UserId};
use pyo3::prelude::*;
use pyo3_arrow::input::AnyRecordBatch;

use crate::error::Failure;
use crate::people;
use crate::table::{Matches, Writer};

/// So many people are matched at once: their answers are all that is held beside the table.
const WINDOW: usize = 1 << 15;

/// How to match, from a dictionary.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    /// The name of a variant; `None` for each person's own.
    variant: Option<String>,
    experiment_key: String,
    top: usize,
    signals: Option<String>,
    /// A weights file.
    weights: Option<String>,
    /// The present where there is none.
    now: Option<String>,
    include_closed: bool,
    near_misses: bool,
}

/// Settings that were read.
struct Plan {
    variant: Option<Variant>,
    experiment_key: ExperimentKey,
    request: MatchRequest,
}

impl Plan {
    fn variant(&self, user: UserId) -> Variant {
        self.variant.unwrap_or_else(|| assign(user, &self.experiment_key))
    }

    fn request(&self, variant: Variant) -> MatchRequest {
        MatchRequest { variant, ..self.request.clone() }
    }
}

fn words<const N: usize>(all: [&str; N]) -> String {
    all.join(", ")
}

impl Settings {
    fn plan(&self) -> Result<Plan, Failure> {
        let (options, now) = self.options()?;
        let MatchOptions { experiment_key, variant, weights, top_n, include_closed, near_misses } =
            options;
        let now = now.unwrap_or_else(|| SystemClock.now());
        let request = MatchRequest {
            variant: Variant::RulesVectorRanker,
            weights,
            scope: MatchScope { now, include_closed },
            top_n,
            near_misses,
        };
        Ok(Plan { variant, experiment_key, request })
    }

    /// The settings of a driver, and the time where one is given.
    pub(crate) fn options(&self) -> Result<(MatchOptions, Option<Instant>), Failure> {
        let variant = self.variant.as_deref().map(|word| {
            Variant::parse(word).ok_or_else(|| {
                let words = words(Variant::ALL.map(Variant::as_str));
                Failure::input("unknown_option", format!("variant: expected one of {words}"))
            })
        });
        let experiment_key = self.experiment_key.parse::<ExperimentKey>();
        let experiment_key = experiment_key
            .map_err(|error| Failure::input(error.code(), format!("experiment_key: {error}")))?;
        let now = self.now.as_deref().map(instant).transpose()?;
        let options = MatchOptions {
            experiment_key,
            variant: variant.transpose()?,
            weights: self.weights()?,
            top_n: self.top,
            include_closed: self.include_closed,
            near_misses: self.near_misses,
        };
        Ok((options, now))
    }

    fn weights(&self) -> Result<Weights, Failure> {
        let set = self.signals.as_deref().map(|word| {
            SignalSet::parse(word).ok_or_else(|| {
                let words = words(SignalSet::ALL.map(SignalSet::as_str));
                Failure::input("unknown_option", format!("signals: expected one of {words}"))
            })
        });
        let set = set.transpose()?;
        let Some(text) = &self.weights else { return Ok(Weights::of_set(set.unwrap_or_default())) };
        let weights = Weights::from_json(text.as_bytes())
            .map_err(|error| Failure::input(error.code(), error.to_string()))?;
        match set {
            Some(set) if set != weights.set() => {
                let (theirs, asked) = (weights.set().as_str(), set.as_str());
                let message = format!(
                    "the weights are of the {theirs} signals, but {asked} is asked for: leave \
                     signals out, or give weights of that set"
                );
                Err(Failure::input("usage", message))
            }
            _ => Ok(weights),
        }
    }
}

/// Settlements that are ready for matching.
#[pyclass(frozen, module = "payme._payme")]
#[derive(Debug)]
pub(crate) struct Catalog {
    index: CatalogIndex,
}

/// A row that was refused: its line, its JSON path, the code and the message.
pub(crate) type Refused = (u64, String, &'static str, String);

/// A refused row as Python takes it.
pub(crate) fn refused(row: Refusal) -> Refused {
    (row.line, row.path, row.code, row.message)
}

/// A time that was given.
pub(crate) fn instant(text: &str) -> Result<Instant, Failure> {
    Instant::parse(text).map_err(|error| Failure::input(error.code(), format!("now: {error}")))
}

#[pymethods]
impl Catalog {
    /// Reads a settlement file; gives what was taken, and the rows that were refused.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: &[u8]) -> PyResult<(Self, Vec<Refused>)> {
        let read = py.detach(|| {
            let rows = parse_settlements(text)?;
            let refused = rows.refused.into_iter().map(refused);
            Ok((Self { index: CatalogIndex::new(rows.taken) }, refused.collect()))
        });
        Ok(read.map_err(|refusal: Refusal| Failure::from(refusal))?)
    }

    fn __len__(&self) -> usize {
        self.index.settlements().len()
    }

    /// The ids, ascending.
    #[getter]
    fn settlement_ids(&self) -> Vec<String> {
        self.index.settlements().map(|settlement| settlement.id.to_string()).collect()
    }

    /// The settlement of an id as JSON; `None` if there is none.
    fn settlement(&self, id: &str) -> Option<String> {
        let ix = self.index.find(id.parse::<SettlementId>().ok()?)?;
        Some(self.index.get(ix).map(Settlement::to_json)?.to_string())
    }

    /// Matches one person, a line of a features file; gives the outcome as JSON.
    #[expect(clippy::needless_pass_by_value, reason = "this is how a dictionary is read")]
    fn match_one(&self, py: Python<'_>, person: &str, settings: Settings) -> PyResult<String> {
        let outcome = py.detach(|| {
            let plan = settings.plan()?;
            let user = parse_person_line(person, 1)?;
            let request = plan.request(plan.variant(user.person().user_id));
            let written = serde_json::to_string(&match_one(&self.index, &user, &request));
            written.map_err(|error| Failure::input("malformed_json", error.to_string()))
        });
        Ok(outcome?)
    }

    /// Matches the people of an Arrow stream.
    #[expect(clippy::needless_pass_by_value, reason = "this is how a dictionary is read")]
    fn match_batch(
        &self,
        py: Python<'_>,
        table: AnyRecordBatch,
        settings: Settings,
    ) -> PyResult<Matches> {
        let plan = settings.plan()?;
        let reader = table.into_reader()?;
        let mut writer = Writer::new(plan.request.weights.set());
        let mut seen = HashSet::new();
        let mut first_row = 0;
        for batch in reader {
            let unreadable = |error| Failure::input("arrow_stream", format!("{error}"));
            let batch = batch.map_err(unreadable)?;
            for start in (0..batch.num_rows()).step_by(WINDOW) {
                // A person at the keyboard may stop it here.
                py.check_signals()?;
                let window = batch.slice(start, WINDOW.min(batch.num_rows() - start));
                py.detach(|| {
                    let users = people::read(&window, first_row, &mut seen)?;
                    first_row += window.num_rows();
                    writer.write(&self.index, &ranked(&self.index, &users, &plan)?)
                })?;
            }
        }
        Ok(writer.finish())
    }
}

/// The best settlements of each person, in the order of the people.
fn ranked(
    index: &CatalogIndex,
    users: &[UserFeatures],
    plan: &Plan,
) -> Result<Vec<(UserId, Vec<Hit>)>, Failure> {
    let mut all: Vec<(UserId, Vec<Hit>)> =
        users.iter().map(|user| (user.person().user_id, Vec::new())).collect();
    for variant in Variant::ALL {
        let own = |place: &usize| {
            users.get(*place).is_some_and(|user| plan.variant(user.person().user_id) == variant)
        };
        let places: Vec<usize> = (0..users.len()).filter(own).collect();
        let people = People::of(places.iter().filter_map(|place| users.get(*place)))
            .map_err(|error| Failure::input(error.code(), error.to_string()))?;
        let mut places = places.into_iter();
        rank_people(index, &people, &plan.request(variant), &|| false, |ranked| {
            if let Some(row) = places.next().and_then(|place| all.get_mut(place)) {
                row.1 = ranked.hits.to_vec();
            }
        });
    }
    Ok(all)
}

/// A failure of a value in a column.
pub(crate) fn fault(error: &dyn Coded, row: usize, column: &str) -> Failure {
    let message = format!("row {row} (counted from 0), {column}: {error}");
    Failure::input(error.code(), message).at(row)
}
