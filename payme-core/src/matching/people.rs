//! Many people in columns, with a bitmap of the people of each feature, state and year of birth.
//!
//! In: people with their features, one by one. Out: rows that a matcher reads in place, and sets
//! of rows that [`reverse`](super::reverse()) combines. A row keeps its number for as long as the
//! person stays; a person who is put again takes the place of the one before.
//! A set of rows is exact: it holds a row exactly when that row's columns say so.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use roaring::RoaringBitmap;

use super::sighting::{DayColumns, PersonColumns, PersonView, SightingRow, Slot};
use crate::catalog::{CatalogIndex, FeatureVectors, NO_FEATURE};
use crate::evidence::UserFeatures;
use crate::types::{Date, FeatureKey, State, StateRule, UserId};

/// People in columns.
///
/// Debug shows how many there are and nothing of them.
#[derive(Clone, Default)]
pub struct People {
    rows: Vec<Row>,
    by_id: HashMap<UserId, u32>,
    vocabulary: HashMap<FeatureKey, u32>,
    keys: Vec<FeatureKey>,
    slots: Vec<Slot>,
    sightings: Vec<SightingRow>,
    days: DayColumns,
    /// The embeddings that people brought along, by row.
    embeddings: HashMap<u32, Box<[f32]>>,
    /// Slots of people who were put again or removed.
    stale_slots: usize,
    sets: Sets,
    scratch: PersonColumns,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    user_id: UserId,
    state: Option<State>,
    born: Option<Date>,
    slots_start: u32,
    slots_end: u32,
}

/// Who has what.
#[derive(Debug, Clone, Default)]
pub(super) struct Sets {
    /// Everybody who was not removed.
    pub(super) everybody: RoaringBitmap,
    /// By the number of the feature.
    pub(super) features: Vec<RoaringBitmap>,
    pub(super) states: BTreeMap<State, RoaringBitmap>,
    pub(super) no_state: RoaringBitmap,
    /// By the year of birth.
    pub(super) born: BTreeMap<i16, RoaringBitmap>,
    pub(super) not_known_when_born: RoaringBitmap,
    /// Stays empty: who has a feature that nobody has.
    pub(super) nobody: RoaringBitmap,
}

/// More people or features than row numbers can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no room for more people or features: 4294967295 of each are the most")]
pub struct PeopleFull;

impl PeopleFull {
    /// The stable code of this error.
    pub const fn code(self) -> &'static str {
        "people_full"
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("People").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl People {
    /// The people of a list; of two with the same id, the later one counts.
    ///
    /// # Errors
    /// [`PeopleFull`].
    /// ```
    /// use payme_core::evidence::parse_person_line;
    /// use payme_core::matching::People;
    /// let ada = parse_person_line(r#"{"user_id": "00000000-0000-4000-8000-000000000001",
    ///     "features": [{"key": "merchant:uber", "source": "plaid", "confidence": 0.8}]}"#, 1)?;
    /// let people = People::of([&ada])?;
    /// assert_eq!(people.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of<'a>(users: impl IntoIterator<Item = &'a UserFeatures>) -> Result<Self, PeopleFull> {
        let mut people = Self::default();
        for user in users {
            people.put(user)?;
        }
        Ok(people)
    }

    /// Takes a person in, in place of the one with the same id, and gives the row.
    ///
    /// # Errors
    /// [`PeopleFull`]; nothing has changed then.
    pub fn put(&mut self, user: &UserFeatures) -> Result<u32, PeopleFull> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let answer = self.put_with(user, &mut scratch);
        self.scratch = scratch;
        answer
    }

    fn put_with(
        &mut self,
        user: &UserFeatures,
        scratch: &mut PersonColumns,
    ) -> Result<u32, PeopleFull> {
        scratch.load(user, |_| NO_FEATURE);
        let ends = [
            self.slots.len() + scratch.slots.len(),
            self.sightings.len() + scratch.sightings.len(),
            self.days.dates.len() + scratch.days.dates.len(),
            self.keys.len() + scratch.slots.len(),
            self.rows.len() + 1,
        ];
        if ends.into_iter().any(|end| u32::try_from(end).is_err()) {
            return Err(PeopleFull);
        }
        for (slot, key) in scratch.slots.iter_mut().zip(user.keys()) {
            slot.feature = self.number(key);
        }
        let person = user.person();
        let (slots_start, slots_end) = self.append(scratch);
        let row = Row {
            user_id: person.user_id,
            state: person.state,
            born: person.date_of_birth,
            slots_start,
            slots_end,
        };
        let at = match self.by_id.get(&person.user_id) {
            Some(at) => {
                let at = *at;
                self.forget(at);
                if let Some(place) = self.rows.get_mut(at as usize) {
                    *place = row;
                }
                at
            }
            None => {
                let at = count(&self.rows);
                self.rows.push(row);
                self.by_id.insert(person.user_id, at);
                at
            }
        };
        self.sets.add(at, &row, self.slots.get(row.slots()).unwrap_or_default());
        if let Some(embedding) = user.embedding() {
            self.embeddings.insert(at, embedding.into());
        }
        if self.stale_slots > self.slots.len() / 2 {
            self.compact();
        }
        Ok(at)
    }

    /// Takes a person out; their row is not used again. Gives the row, if there was one.
    pub fn remove(&mut self, id: UserId) -> Option<u32> {
        let at = self.by_id.remove(&id)?;
        self.forget(at);
        if let Some(row) = self.rows.get_mut(at as usize) {
            (row.slots_start, row.slots_end) = (0, 0);
        }
        Some(at)
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The row of a person.
    pub fn row(&self, id: UserId) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    /// Who a row is; `None` for a row that nobody has, or has any more.
    pub fn user_id(&self, row: u32) -> Option<UserId> {
        let id = self.rows.get(row as usize)?.user_id;
        (self.row(id) == Some(row)).then_some(id)
    }

    /// The rows of everybody, ascending.
    pub fn rows(&self) -> impl Iterator<Item = u32> + '_ {
        self.sets.everybody.iter()
    }

    /// Memory of the columns and the sets, in bytes, without that of the keys.
    pub fn bytes(&self) -> usize {
        let sets = self.sets.all().map(|set| set.serialized_size()).sum::<usize>();
        size_of_val(self.slots.as_slice())
            + size_of_val(self.sightings.as_slice())
            + self.days.dates.len() * (size_of::<i32>() + size_of::<u32>() + size_of::<i64>())
            + size_of_val(self.rows.as_slice())
            + self.embeddings.values().map(|numbers| size_of_val(numbers.as_ref())).sum::<usize>()
            + sets
    }

    /// The number of a feature, a new one for a feature that was not seen before.
    fn number(&mut self, key: &FeatureKey) -> u32 {
        if let Some(number) = self.vocabulary.get(key) {
            return *number;
        }
        let next = count(&self.keys);
        self.vocabulary.insert(key.clone(), next);
        self.keys.push(key.clone());
        self.sets.features.push(RoaringBitmap::new());
        next
    }

    /// Appends the columns of a person and gives the place of the slots.
    fn append(&mut self, person: &PersonColumns) -> (u32, u32) {
        let (sightings, days) = (count(&self.sightings), count(&self.days.dates));
        let start = count(&self.slots);
        self.slots.extend(person.slots.iter().map(|slot| Slot {
            sightings_start: slot.sightings_start + sightings,
            sightings_end: slot.sightings_end + sightings,
            ..*slot
        }));
        self.sightings.extend(person.sightings.iter().map(|row| SightingRow {
            days_start: row.days_start + days,
            days_end: row.days_end + days,
            ..*row
        }));
        self.days.dates.extend_from_slice(&person.days.dates);
        self.days.until.extend_from_slice(&person.days.until);
        self.days.cents.extend_from_slice(&person.days.cents);
        (start, count(&self.slots))
    }

    /// Takes a row out of every set.
    fn forget(&mut self, at: u32) {
        let Some(row) = self.rows.get(at as usize).copied() else { return };
        let slots = self.slots.get(row.slots()).unwrap_or_default();
        self.stale_slots += slots.len();
        self.sets.remove(at, &row, slots);
        self.embeddings.remove(&at);
    }

    /// Drops the columns of people who were put again or removed.
    fn compact(&mut self) {
        let mut fresh = Self::default();
        for at in self.sets.everybody.iter() {
            let Some(row) = self.rows.get_mut(at as usize) else { continue };
            let slots = self.slots.get(row.slots()).unwrap_or_default();
            let mut person = PersonColumns::default();
            for slot in slots {
                let start = count(&person.sightings);
                let rows = slot.sightings_start as usize..slot.sightings_end as usize;
                for sighting in self.sightings.get(rows).unwrap_or_default() {
                    let from = count(&person.days.dates);
                    person.days.extend(&self.days, sighting.days());
                    let days_end = count(&person.days.dates);
                    person.sightings.push(SightingRow { days_start: from, days_end, ..*sighting });
                }
                let sightings_end = count(&person.sightings);
                person.slots.push(Slot { sightings_start: start, sightings_end, ..*slot });
            }
            (row.slots_start, row.slots_end) = fresh.append(&person);
        }
        self.slots = fresh.slots;
        self.sightings = fresh.sightings;
        self.days = fresh.days;
        self.stale_slots = 0;
    }

    /// The columns of a row.
    pub(crate) fn view(&self, row: u32) -> Option<PersonView<'_>> {
        let row = self.rows.get(row as usize)?;
        Some(PersonView {
            state_bit: StateRule::person_bit(row.state),
            born: row.born,
            slots: self.slots.get(row.slots()).unwrap_or_default(),
            sightings: &self.sightings,
            dates: &self.days.dates,
            until: &self.days.until,
            cents: &self.days.cents,
        })
    }

    /// The embedding that the person of a row brought along.
    pub(super) fn embedding(&self, row: u32) -> Option<&[f32]> {
        self.embeddings.get(&row).map(AsRef::as_ref)
    }

    pub(super) const fn sets(&self) -> &Sets {
        &self.sets
    }

    /// The number of a feature that somebody has or had.
    pub(super) fn feature(&self, key: &FeatureKey) -> Option<u32> {
        self.vocabulary.get(key).copied()
    }

    /// What a row has of a feature.
    pub(super) fn slot(&self, row: u32, feature: u32) -> Option<(PersonView<'_>, &Slot)> {
        let view = self.view(row)?;
        let slot = view.slots.iter().find(|slot| slot.feature == feature)?;
        Some((view, slot))
    }

    /// Makes people ready to be read before one catalogue.
    pub(crate) fn bind(&self, index: &CatalogIndex) -> Binding {
        let mut binding = Binding { features: Vec::new(), vectors: FeatureVectors::default() };
        self.bind_more(&mut binding, index);
        binding
    }

    /// The same without embeddings, for what needs none.
    pub(crate) fn bind_features(&self, index: &CatalogIndex) -> Binding {
        let features = self.keys.iter().map(|key| index.feature(key)).collect();
        Binding { features, vectors: FeatureVectors::default() }
    }

    /// Binds the features that came since, to the same catalogue.
    pub(crate) fn bind_more(&self, binding: &mut Binding, index: &CatalogIndex) {
        let known = binding.features.len();
        let new = self.keys.get(known..).unwrap_or_default();
        binding.features.extend(new.iter().map(|key| index.feature(key)));
        let numbers = binding.features.get(known..).unwrap_or_default();
        let new = new.iter().zip(numbers.iter().copied());
        binding.vectors.extend(new, index.feature_vectors(), index.embedder().as_ref());
    }

    /// Binds the features to another catalogue with the same embedder.
    pub(crate) fn bind_to(&self, binding: &mut Binding, index: &CatalogIndex) {
        let bound = self.keys.iter().zip(&mut binding.features);
        bound.for_each(|(key, feature)| *feature = index.feature(key));
    }
}

/// What the features of people are in one catalogue.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    /// By the people's numbers, the catalogue's.
    features: Vec<u32>,
    pub(super) vectors: FeatureVectors,
}

impl Binding {
    /// The catalogue's number of a feature of the people.
    pub(super) fn feature(&self, feature: u32) -> u32 {
        self.features.get(feature as usize).copied().unwrap_or(NO_FEATURE)
    }
}

impl Row {
    const fn slots(&self) -> std::ops::Range<usize> {
        self.slots_start as usize..self.slots_end as usize
    }
}

impl Sets {
    fn add(&mut self, at: u32, row: &Row, slots: &[Slot]) {
        self.change(row, slots, |set| {
            set.insert(at);
        });
    }

    fn remove(&mut self, at: u32, row: &Row, slots: &[Slot]) {
        self.change(row, slots, |set| {
            set.remove(at);
        });
    }

    fn change(&mut self, row: &Row, slots: &[Slot], change: impl Fn(&mut RoaringBitmap)) {
        change(&mut self.everybody);
        match row.state {
            Some(state) => change(self.states.entry(state).or_default()),
            None => change(&mut self.no_state),
        }
        match row.born {
            Some(born) => change(self.born.entry(born.year()).or_default()),
            None => change(&mut self.not_known_when_born),
        }
        for slot in slots {
            if let Some(set) = self.features.get_mut(slot.feature as usize) {
                change(set);
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &RoaringBitmap> {
        let single = [&self.everybody, &self.no_state, &self.not_known_when_born];
        let many = self.features.iter().chain(self.states.values()).chain(self.born.values());
        single.into_iter().chain(many)
    }
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
