//! The compiled catalogue: from a feature straight to the settlements that require it.
//!
//! Settlements are numbered in the order of their ids, so comparing two numbers compares the ids.
//! What matching reads for every candidate lies in columns, one entry a settlement.

use std::collections::{BTreeMap, HashMap};

use super::{Settlement, SimpleRule, Status};
use crate::types::{FeatureKey, SettlementId};

/// The number of a settlement in one [`CatalogIndex`]; numbers order as the ids do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlementIx(pub(crate) u32);

impl SettlementIx {
    pub(crate) const fn at(self) -> usize {
        self.0 as usize
    }
}

/// An immutable catalogue, compiled for matching.
#[derive(Debug, Clone, Default)]
pub struct CatalogIndex {
    settlements: Vec<Settlement>,
    features: HashMap<FeatureKey, u32>,
    /// Postings of feature `f` lie at `postings[starts[f]..starts[f + 1]]`, ascending.
    starts: Vec<u32>,
    postings: Vec<SettlementIx>,
    requires_nothing: Vec<SettlementIx>,
    not_simple: Vec<SettlementIx>,
    required_count: Vec<u32>,
    state_masks: Vec<u64>,
    /// The last microsecond in time: the least number where the status is not open, the greatest
    /// where there is no deadline.
    open_until: Vec<i64>,
}

impl CatalogIndex {
    /// Compiles settlements. Of two with the same id, the later one counts.
    pub fn new(settlements: impl IntoIterator<Item = Settlement>) -> Self {
        let by_id: BTreeMap<SettlementId, Settlement> =
            settlements.into_iter().map(|settlement| (settlement.id, settlement)).collect();
        let mut index = Self::default();
        let mut posted: Vec<Vec<SettlementIx>> = Vec::new();
        for (number, settlement) in (0_u32..).zip(by_id.into_values()) {
            index.add(SettlementIx(number), settlement, &mut posted);
        }
        index.starts.push(0);
        for list in posted {
            index.postings.extend(list);
            index.starts.push(u32::try_from(index.postings.len()).unwrap_or(u32::MAX));
        }
        index
    }

    fn add(
        &mut self,
        ix: SettlementIx,
        settlement: Settlement,
        posted: &mut Vec<Vec<SettlementIx>>,
    ) {
        match settlement.eligibility.simple() {
            Some(SimpleRule { required, states }) => {
                for key in required {
                    let next = u32::try_from(self.features.len()).unwrap_or(u32::MAX);
                    let feature = *self.features.entry(key.clone()).or_insert(next);
                    if feature == next {
                        posted.push(Vec::new());
                    }
                    if let Some(list) = posted.get_mut(feature as usize) {
                        list.push(ix);
                    }
                }
                if required.is_empty() {
                    self.requires_nothing.push(ix);
                }
                self.required_count.push(u32::try_from(required.len()).unwrap_or(u32::MAX));
                self.state_masks.push(states.mask());
            }
            None => {
                self.not_simple.push(ix);
                self.required_count.push(0);
                self.state_masks.push(0);
            }
        }
        let deadline = settlement.deadline.as_ref().map(|deadline| deadline.at().as_micros());
        let is_open = settlement.status == Status::Open;
        self.open_until.push(if is_open { deadline.unwrap_or(i64::MAX) } else { i64::MIN });
        self.settlements.push(settlement);
    }

    /// How many settlements there are.
    pub const fn len(&self) -> usize {
        self.settlements.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.settlements.is_empty()
    }

    /// The settlements, by id ascending.
    pub fn settlements(&self) -> &[Settlement] {
        &self.settlements
    }

    /// The settlement of an id.
    pub fn find(&self, id: SettlementId) -> Option<SettlementIx> {
        let at = self.settlements.binary_search_by_key(&id, |settlement| settlement.id).ok()?;
        u32::try_from(at).ok().map(SettlementIx)
    }

    /// The settlement of a number of this index; `None` for a number of another one.
    pub fn get(&self, ix: SettlementIx) -> Option<&Settlement> {
        self.settlements.get(ix.at())
    }

    /// The settlements in the simple form that require this feature, ascending.
    /// ```
    /// use payme_core::catalog::{CatalogIndex, parse_settlements};
    /// let rows = parse_settlements(br#"[{"title": "Example",
    ///     "eligibility": {"required_features": ["merchant:uber"], "states": []}}]"#)?;
    /// let index = CatalogIndex::new(rows.taken);
    /// assert_eq!(index.requiring(&"merchant:uber".parse()?).len(), 1);
    /// assert_eq!(index.requiring(&"merchant:delta".parse()?).len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn requiring(&self, key: &FeatureKey) -> &[SettlementIx] {
        let Some(feature) = self.features.get(key).map(|feature| *feature as usize) else {
            return &[];
        };
        match self.starts.get(feature..feature + 2) {
            Some(&[start, end]) => {
                self.postings.get(start as usize..end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// The settlements in the simple form that require no feature, ascending.
    pub fn requiring_nothing(&self) -> &[SettlementIx] {
        &self.requires_nothing
    }

    /// The settlements whose rule has no simple form, ascending.
    pub fn not_simple(&self) -> &[SettlementIx] {
        &self.not_simple
    }

    pub(crate) fn required_count(&self, ix: SettlementIx) -> u32 {
        self.required_count.get(ix.at()).copied().unwrap_or(0)
    }

    pub(crate) fn state_mask(&self, ix: SettlementIx) -> u64 {
        self.state_masks.get(ix.at()).copied().unwrap_or(0)
    }

    /// Whether claims can be filed at so many microseconds since 1970.
    pub(crate) fn takes_claims(&self, ix: SettlementIx, now_micros: i64) -> bool {
        self.open_until.get(ix.at()).is_some_and(|until| *until >= now_micros && *until != i64::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::parse_settlements;
    use crate::types::Instant;

    fn index(rows: &[(&str, &str)]) -> CatalogIndex {
        let body: Vec<_> =
            rows.iter().map(|(title, rest)| format!(r#"{{"title": "{title}", {rest}}}"#)).collect();
        let text = format!("[{}]", body.join(","));
        CatalogIndex::new(parse_settlements(text.as_bytes()).unwrap().all().unwrap())
    }

    #[test]
    fn postings_name_exactly_the_settlements_that_require_a_feature() {
        let index = index(&[
            (
                "A",
                r#""eligibility": {"required_features": ["merchant:a", "merchant:b"], "states": []}"#,
            ),
            ("B", r#""eligibility": {"required_features": ["merchant:b"], "states": []}"#),
            ("N", r#""eligibility": {"required_features": [], "states": ["CA"]}"#),
            ("P", r#""eligibility": {"any": [{"feature": "merchant:b"}]}"#),
        ]);
        let titles = |list: &[SettlementIx]| {
            let mut titles: Vec<_> =
                list.iter().map(|ix| index.get(*ix).unwrap().title.as_str()).collect();
            titles.sort_unstable();
            titles
        };
        assert_eq!(titles(index.requiring(&"merchant:a".parse().unwrap())), ["A"]);
        assert_eq!(titles(index.requiring(&"merchant:b".parse().unwrap())), ["A", "B"]);
        assert_eq!(titles(index.requiring(&"merchant:c".parse().unwrap())), [""; 0]);
        assert_eq!(titles(index.requiring_nothing()), ["N"]);
        assert_eq!(titles(index.not_simple()), ["P"]);
        for settlement in index.settlements() {
            assert_eq!(index.get(index.find(settlement.id).unwrap()), Some(settlement));
        }
    }

    #[test]
    fn a_settlement_takes_claims_until_its_deadline_and_only_while_open() {
        let rule = r#""eligibility": {"required_features": [], "states": []}"#;
        let now = Instant::parse("2026-02-01T00:00:00Z").unwrap();
        let table = [
            ("", true),
            (r#""deadline": "2026-02-01T00:00:00Z","#, true),
            (r#""deadline": "2026-01-31T23:59:59Z","#, false),
            (r#""status": "closed","#, false),
            (r#""status": "pending", "deadline": "2027-01-01T00:00:00Z","#, false),
        ];
        for (fields, expected) in table {
            let index = index(&[("T", &format!("{fields}{rule}"))]);
            assert_eq!(index.takes_claims(SettlementIx(0), now.as_micros()), expected, "{fields}");
            assert_eq!(index.settlements()[0].takes_claims(now), expected, "{fields}");
        }
    }
}
