//! A catalogue and its users, as the engine has them and in columns of integers for the peers.
//!
//! Users are numbered as the world numbers them, settlements in the order of their ids, which is
//! the order of the engine. The columns hold the facts of the files and nothing that was matched.

use std::cmp::Reverse;
use std::collections::HashMap;

use payme_core::catalog::{CatalogIndex, Settlement, SettlementIx, Status};
use payme_core::evidence::UserFeatures;
use payme_core::matching::{MatchScope, People};
use payme_core::types::{FeatureKey, Instant, SettlementId, StateRule};
use serde_json::Value;

use crate::columns::Columns;
use crate::naive::{self, Question};
use crate::world::{self, NOW, World, WorldSpec};

/// Users whose answers are compared with those of the naive implementation.
pub(crate) const CHECKED: usize = 5;

/// A world in memory; only its first users were ever written to a file.
#[derive(Debug)]
pub(crate) struct Town {
    /// The settlements, and the first [`CHECKED`] users, as files.
    pub(crate) world: World,
    /// The settlements, compiled.
    pub(crate) index: CatalogIndex,
    /// All users; the row of one is its number.
    pub(crate) people: People,
    facts: Facts,
}

/// The users in integers.
#[derive(Debug, Default)]
struct Facts {
    /// The number of each feature of the world.
    numbers: HashMap<FeatureKey, u32>,
    /// Who has which feature, by user.
    have_user: Vec<u32>,
    have_feature: Vec<u32>,
    user_bit: Vec<u64>,
}

impl Town {
    /// The town of a seed.
    pub(crate) fn new(seed: u64, settlements: usize, users: usize) -> Self {
        let spec = WorldSpec::flat(seed, settlements, CHECKED.min(users));
        let world = World::generate(spec);
        let index = CatalogIndex::new(world.settlements.iter().cloned());
        let drawn = world::People::new(&spec);
        let numbers = drawn.keys().cloned().zip(0..).collect();
        let mut facts = Facts { numbers, ..Facts::default() };
        let mut people = People::default();
        for number in 0..users {
            let user = drawn.user(number);
            let row = people.put(&user).expect("room for a few people");
            assert_eq!(usize::try_from(row), Ok(number));
            facts.take_in(row, &user);
        }
        Self { world, index, people, facts }
    }

    /// The number of a feature in the columns.
    pub(crate) fn feature_number(&self, key: &FeatureKey) -> u32 {
        self.facts.numbers[key]
    }

    /// The features that most users have, the most common first.
    pub(crate) fn common_features(&self, count: usize) -> Vec<FeatureKey> {
        let mut users = vec![0_usize; self.facts.numbers.len()];
        for feature in &self.facts.have_feature {
            users[*feature as usize] += 1;
        }
        let mut keys: Vec<&FeatureKey> = self.facts.numbers.keys().collect();
        keys.sort_by_key(|key| {
            let number = self.facts.numbers[*key];
            (Reverse(users[number as usize]), number)
        });
        keys.into_iter().take(count).cloned().collect()
    }

    /// Whether a user has a feature.
    pub(crate) fn has(&self, user: u32, key: &FeatureKey) -> bool {
        let Facts { have_user, have_feature, .. } = &self.facts;
        let [start, end] = [user, user + 1].map(|user| have_user.partition_point(|u| *u < user));
        have_feature[start..end].contains(&self.feature_number(key))
    }

    /// The bit of a user's state.
    pub(crate) fn state_bits(&self) -> &[u64] {
        &self.facts.user_bit
    }

    /// The number of each settlement.
    pub(crate) fn numbers(&self) -> HashMap<SettlementIx, u32> {
        self.index.settlements().filter_map(|one| self.index.find(one.id)).zip(0..).collect()
    }

    /// The embeddings of the settlements, one row after the other.
    pub(crate) fn settlement_vectors(&self) -> Vec<f32> {
        let indices = self.index.settlements().filter_map(|one| self.index.find(one.id));
        indices.filter_map(|ix| self.index.embedding(ix)).flatten().copied().collect()
    }

    /// The names of what a user has as a vector, for the first so many users.
    pub(crate) fn user_vectors(&self, users: usize) -> Vec<f32> {
        let embedder = self.index.embedder();
        let Facts { numbers, have_user, have_feature, .. } = &self.facts;
        let mut names = vec![""; numbers.len()];
        for (key, number) in numbers {
            names[*number as usize] = key.slug();
        }
        let mut values = vec![0.0; users * embedder.dimension()];
        let users = have_user.chunk_by(|a, b| a == b);
        let mut start = 0;
        for (user, row) in users.zip(values.chunks_exact_mut(embedder.dimension())) {
            let features = have_feature[start..].iter().take(user.len());
            let words: Vec<&str> = features.map(|feature| names[*feature as usize]).collect();
            embedder.embed(&words.join(" ").replace('_', " "), row);
            start += user.len();
        }
        values
    }

    /// What the naive implementation answers for the first [`CHECKED`] users, each the best
    /// `top_n` in the form that `payme match` prints.
    pub(crate) fn naive(&self, top_n: usize) -> Vec<Value> {
        let settlements = self.world.to_settlements_json();
        let settlements: Vec<Value> = serde_json::from_str(settlements).expect("a JSON array");
        let question = Question {
            variant: "rules_vector_ranker",
            weights: naive::WEIGHTS,
            now: NOW,
            include_closed: false,
            top_n,
            near_misses: false,
        };
        let lines = self.world.to_features_jsonl().lines();
        let users = lines.map(|line| serde_json::from_str(line).expect("a JSON line"));
        users.map(|user: Value| naive::answer(&settlements, &user, &question)).collect()
    }

    /// The number of the settlement of an id.
    pub(crate) fn number_of(&self, id: &str) -> u32 {
        let id: SettlementId = id.parse().expect("an id");
        let at = self.index.settlements().position(|settlement| settlement.id == id);
        u32::try_from(at.expect("a settlement of this town")).expect("few settlements")
    }

    /// Writes who has what: `have_user`, `have_feature`, `user_bit`.
    pub(crate) fn write_users(&self, columns: &mut Columns) {
        columns.write("have_user", &self.facts.have_user);
        columns.write("have_feature", &self.facts.have_feature);
        columns.write("user_bit", &self.facts.user_bit);
    }

    /// Writes who needs what: `need_settlement`, `need_feature`, `settlement_needs`,
    /// `settlement_mask`, `settlement_until`.
    pub(crate) fn write_settlements(&self, columns: &mut Columns) {
        let (mut needing, mut needed) = (Vec::new(), Vec::new());
        let (mut needs, mut masks, mut until) = (Vec::new(), Vec::new(), Vec::new());
        for (number, settlement) in (0_u32..).zip(self.index.settlements()) {
            let rule = settlement.eligibility.simple().expect("a world has simple rules");
            for key in &rule.required {
                needing.push(number);
                needed.push(self.feature_number(key));
            }
            needs.push(u32::try_from(rule.required.len()).expect("a few features"));
            masks.push(rule.states.mask());
            until.push(open_until(settlement));
        }
        columns.write("need_settlement", &needing);
        columns.write("need_feature", &needed);
        columns.write("settlement_needs", &needs);
        columns.write("settlement_mask", &masks);
        columns.write("settlement_until", &until);
    }
}

impl Facts {
    fn take_in(&mut self, number: u32, user: &UserFeatures) {
        for key in user.keys() {
            self.have_user.push(number);
            self.have_feature.push(self.numbers[key]);
        }
        self.user_bit.push(StateRule::person_bit(user.person().state));
    }
}

/// The time of matching, without closed settlements.
pub(crate) fn scope() -> MatchScope {
    MatchScope { now: Instant::parse(NOW).expect("an instant"), include_closed: false }
}

/// The last microsecond in which a settlement takes claims.
fn open_until(settlement: &Settlement) -> i64 {
    match (&settlement.status, &settlement.deadline) {
        (Status::Open, None) => i64::MAX,
        (Status::Open, Some(deadline)) => deadline.at().as_micros(),
        _ => i64::MIN,
    }
}
