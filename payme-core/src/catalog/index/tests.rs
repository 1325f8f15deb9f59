//! The index as a whole: what its lists hold, and that changing it is compiling it anew.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::*;
use crate::catalog::{Payout, Proof, Status, parse_settlement};
use crate::matching::arbitrary::{eligibility, period};
use crate::types::{Deadline, Money};

/// Embeds into few places and counts how often.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Embedder for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn dimension(&self) -> usize {
        8
    }

    fn embed(&self, text: &str, out: &mut [f32]) {
        self.0.fetch_add(1, Ordering::Relaxed);
        small_embedder().embed(text, out);
    }
}

pub(super) fn small_embedder() -> Arc<dyn Embedder> {
    Arc::new(HashedNgrams::new(8))
}

pub(super) fn id(n: u8) -> SettlementId {
    SettlementId::from_uuid(Uuid::from_u128(u128::from(n)))
}

pub(super) fn key(text: &str) -> FeatureKey {
    text.parse().unwrap()
}

/// A settlement with a given number, and everything that a settlement file can say of it.
pub(super) fn settlement(n: u8) -> impl Strategy<Value = Settlement> {
    let deadline = option::of(select(vec![
        "2020-01-31T23:59:59Z",
        "2020-02-02T00:00:00.000001Z",
        "2020-06-01[America/New_York]",
    ]));
    let cents = option::of(0_i64..2_000_000).prop_flat_map(|max| {
        (option::of(0..=max.unwrap_or(500)), Just(max)).prop_map(|(min, max)| Payout {
            min: min.map(Money::usd_cents),
            max: max.map(Money::usd_cents),
        })
    });
    let texts = || vec("[a-zé \"\\\\]{0,6}x", 0..3);
    let words = ("[A-Z][a-z é&]{0,12}", texts(), texts(), texts(), option::of("[a-z .,]{0,20}"));
    let facts =
        (deadline, cents, option::of("https://[a-z]{1,9}\\.example/"), option::of(0_usize..3));
    let own = option::weighted(0.2, vec(-1.0_f32..1.0, 1..4));
    (eligibility(), period(), facts, words, 0_usize..8, own).prop_map(
        move |(
            eligibility,
            class_period,
            (deadline, payout, url, proof),
            words,
            status,
            embedding,
        )| {
            let (title, covered_brands, aliases, tags, text) = words;
            Settlement {
                id: id(n),
                title,
                status: *Status::ALL.get(status).unwrap_or(&Status::Open),
                deadline: deadline.map(|text| Deadline::parse(text).unwrap()),
                website_url: url.clone(),
                claim_url: url,
                payout,
                covered_brands,
                aliases,
                tags,
                summary_text: text.clone(),
                eligibility_text: text,
                eligibility,
                class_period,
                proof: proof.map(|at| Proof::ALL[at]),
                embedding,
                provenance: None,
            }
        },
    )
}

/// Up to nine settlements with ids of their own, in no order.
pub(super) fn catalogue() -> impl Strategy<Value = Vec<Settlement>> {
    vec(0_u8..20, 0..9).prop_flat_map(|mut ids| {
        ids.sort_unstable();
        ids.dedup();
        ids.reverse();
        ids.into_iter().map(settlement).collect::<Vec<_>>()
    })
}

fn edit() -> impl Strategy<Value = CatalogEdit> {
    let put = (0_u8..20).prop_flat_map(settlement);
    prop_oneof![
        2 => put.prop_map(|one| CatalogEdit::Put(Box::new(one))),
        1 => (0_u8..20).prop_map(|n| CatalogEdit::Remove(id(n))),
    ]
}

/// Every part of two indexes is the same, down to the bits and the numbers of the features.
pub(super) fn assert_same(a: &CatalogIndex, b: &CatalogIndex) {
    assert_same_but_embeddings(a, b);
    let bits = |index: &CatalogIndex| {
        let (_, places, values) = index.feature_vectors.columns();
        let values = values.iter().chain(&*index.columns.embeddings);
        (places.to_vec(), values.map(|value| value.to_bits()).collect::<Vec<_>>())
    };
    assert_eq!(bits(a), bits(b));
    assert_eq!(a.feature_vectors.columns().0, b.feature_vectors.columns().0);
}

/// The same without the numbers of the embeddings.
pub(super) fn assert_same_but_embeddings(a: &CatalogIndex, b: &CatalogIndex) {
    assert!(a.settlements().eq(b.settlements()));
    assert_eq!((&a.features, &a.keys), (&b.features, &b.keys));
    let (a, b) = (&a.columns, &b.columns);
    assert_eq!(a.facts, b.facts);
    assert_eq!((&a.sought, &a.program), (&b.sought, &b.program));
    assert_eq!((&a.seeking_starts, &a.seeking), (&b.seeking_starts, &b.seeking));
    assert_eq!((&a.anchored_starts, &a.anchored), (&b.anchored_starts, &b.anchored));
    assert_eq!((&a.unanchored, &a.seeks_nothing), (&b.unanchored, &b.seeks_nothing));
    assert_eq!((a.dimension, a.embeddings.len()), (b.dimension, b.embeddings.len()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_index_after_changes_is_the_one_compiled_anew(
        start in catalogue(),
        edits in vec(vec(edit(), 0..4), 1..4),
    ) {
        let mut expected: BTreeMap<SettlementId, Settlement> =
            start.iter().map(|one| (one.id, one.clone())).collect();
        let mut index = CatalogIndex::with_embedder(start, small_embedder());
        for edits in edits {
            let before = CatalogIndex::with_embedder(expected.values().cloned(), small_embedder());
            let after = index.with_changes(edits.iter().cloned());
            assert_same(&index, &before);
            for edit in edits {
                match edit {
                    CatalogEdit::Put(one) => drop(expected.insert(one.id, *one)),
                    CatalogEdit::Remove(id) => drop(expected.remove(&id)),
                }
            }
            assert_same(&after, &CatalogIndex::with_embedder(expected.values().cloned(), small_embedder()));
            index = after;
        }
    }

    #[test]
    fn lists_hold_every_settlement_that_belongs_there_and_no_other(settlements in catalogue()) {
        let index = CatalogIndex::with_embedder(settlements.iter().rev().cloned(), small_embedder());
        prop_assert!(index.settlements().is_sorted_by(|a, b| a.id < b.id));
        prop_assert_eq!(index.len(), settlements.len());
        for one in &settlements {
            prop_assert_eq!(index.get(index.find(one.id).unwrap()), Some(one));
        }
        for n in 0..20 {
            let is_there = settlements.iter().any(|one| one.id == id(n));
            prop_assert_eq!(index.find(id(n)).is_some(), is_there);
        }
        let that = |belongs: &dyn Fn(&Settlement) -> bool| -> Vec<SettlementIx> {
            let numbered = (0..).zip(index.settlements());
            numbered.filter(|(_, one)| belongs(one)).map(|(ix, _)| SettlementIx(ix)).collect()
        };
        for key in &index.keys {
            let listed: Vec<_> = index.seeking(key).collect();
            prop_assert_eq!(listed, that(&|one| one.eligibility.sought().contains(&key)));
        }
        let listed: Vec<_> = index.seeking_nothing().collect();
        prop_assert_eq!(listed, that(&|one| one.eligibility.sought().is_empty()));
    }

    #[test]
    fn postings_are_in_order_and_say_what_the_facts_say(settlements in catalogue()) {
        let index = CatalogIndex::with_embedder(settlements, small_embedder());
        let columns = index.columns();
        let mut posted = vec![0; index.len()];
        let lists = (0_u32..).zip(&index.keys).map(|(feature, _)| columns.anchored(feature));
        for list in lists.chain([&*columns.unanchored]) {
            // The last to close first, and of those that close together, the first by id.
            prop_assert!(list.is_sorted_by(|a, b| (b.open_until, a.ix) < (a.open_until, b.ix)));
            for posting in list {
                let facts = index.facts(SettlementIx(posting.ix)).unwrap();
                prop_assert_eq!(posting.open_until, facts.open_until);
                prop_assert_eq!(posting.state_mask, facts.state_mask);
                let kind = match (facts.rule, facts.sought_len) {
                    (0, 0..=1) => Posting::DECIDED,
                    (0, _) => Posting::SIMPLE,
                    _ => Posting::PROGRAM,
                };
                prop_assert_eq!(posting.kind, kind);
                posted[posting.ix as usize] += 1;
            }
        }
        for (count, one) in posted.into_iter().zip(index.settlements()) {
            let is_simple = one.eligibility.simple().is_some();
            prop_assert!(count == 1 || (!is_simple && count > 1), "{}", count);
        }
    }

    #[test]
    fn embeddings_are_those_of_the_words(settlements in catalogue(), weight in -2.0_f32..2.0) {
        let embedder = small_embedder();
        let index = CatalogIndex::with_embedder(settlements, Arc::clone(&embedder));
        let mut dense = [0.0; 8];
        for (feature, key) in (0..).zip(&index.keys) {
            embedder.embed(&words_of(key), &mut dense);
            let mut sum = [1.0; 8];
            index.feature_vectors().add(feature, weight, &mut sum);
            let expected = dense.map(|value| 1.0 + weight * value);
            prop_assert_eq!(sum.map(f32::to_bits), expected.map(f32::to_bits));
        }
        for (ix, one) in (0..).zip(index.settlements()) {
            let sought: Vec<FeatureKey> = one.eligibility.sought().into_iter().cloned().collect();
            embedder.embed(&embed::settlement_text(one, &sought), &mut dense);
            prop_assert_eq!(index.embedding(SettlementIx(ix)), Some(dense.as_slice()));
        }
    }
}

fn made(title: &str, n: u8, rest: &str) -> Settlement {
    let text = format!(r#"{{"id": "{}", "title": "{title}", {rest}}}"#, id(n));
    parse_settlement(&text).unwrap()
}

#[test]
fn only_what_changed_is_embedded() {
    let embedder = Arc::new(Counting::default());
    let rule =
        r#""eligibility": {"required_features": ["merchant:a", "merchant:b"], "states": []}"#;
    let settlements = (0..5).map(|n| made("T", n, rule));
    let index =
        CatalogIndex::with_embedder(settlements, Arc::clone(&embedder) as Arc<dyn Embedder>);
    let taken = || embedder.0.swap(0, Ordering::Relaxed);
    assert_eq!(taken(), 5 + 2, "five settlements and two features");
    let one = made(
        "U",
        2,
        r#""eligibility": {"required_features": ["merchant:c", "merchant:b"], "states": []}"#,
    );
    let after = index.with_changes([CatalogEdit::Put(Box::new(one)), CatalogEdit::Remove(id(0))]);
    assert_eq!(taken(), 2, "the settlement and its new feature");
    assert_eq!(after.len(), 4);
}

#[test]
fn a_rule_with_a_choice_is_posted_under_its_rarest_feature() {
    let rule = |keys: &str| {
        format!(r#""eligibility": {{"required_features": [{keys}], "states": ["CA"]}}"#)
    };
    let settlements = [
        made("A", 0, &rule(r#""merchant:common""#)),
        made("A", 1, &rule(r#""merchant:common""#)),
        made("B", 2, &rule(r#""merchant:common", "merchant:rare""#)),
        made(
            "C",
            3,
            r#""eligibility": {"any": [{"feature": "merchant:rare"}, {"feature": "merchant:other"}]}"#,
        ),
        made("D", 4, r#""eligibility": {"all": [{"age": {"min": 18}}]}"#),
    ];
    let index = CatalogIndex::new(settlements);
    let anchored = |text: &str| {
        let list = index.columns().anchored(index.feature(&key(text)));
        list.iter().map(|posting| (posting.ix, posting.kind)).collect::<Vec<_>>()
    };
    assert_eq!(anchored("merchant:common"), [(0, Posting::DECIDED), (1, Posting::DECIDED)]);
    assert_eq!(anchored("merchant:rare"), [(2, Posting::SIMPLE), (3, Posting::PROGRAM)]);
    assert_eq!(anchored("merchant:other"), [(3, Posting::PROGRAM)]);
    let unanchored: Vec<_> = index.columns().unanchored.iter().map(|posting| posting.ix).collect();
    assert_eq!(unanchored, [4]);
    assert_eq!(index.feature(&key("merchant:nobody")), NO_FEATURE);
}

#[test]
fn claims_are_taken_until_the_deadline_of_an_open_settlement() {
    let rule = r#""eligibility": {"required_features": [], "states": []}"#;
    let micros = |text: &str| crate::types::Instant::parse(text).unwrap().as_micros();
    let table = [
        (r#""status": "open","#, i64::MAX),
        (r#""deadline": "2026-02-19T23:59:00Z","#, micros("2026-02-19T23:59:00Z")),
        (r#""deadline": "2026-02-19[UTC]","#, micros("2026-02-20T00:00:00Z") - 1),
        (r#""status": "pending","#, i64::MIN),
        (r#""status": "closed", "deadline": "2026-02-19T23:59:00Z","#, i64::MIN),
    ];
    let settlements =
        (0..).zip(&table).map(|(n, (facts, _))| made("T", n, &format!("{facts} {rule}")));
    let index = CatalogIndex::new(settlements);
    for (ix, (text, expected)) in (0..).zip(&table) {
        let facts = index.facts(SettlementIx(ix)).unwrap();
        assert_eq!(facts.open_until, *expected, "{text}");
    }
    let order: Vec<_> = index.columns().unanchored.iter().map(|posting| posting.ix).collect();
    assert_eq!(order, [0, 2, 1, 3, 4]);
}

#[test]
fn an_empty_catalogue_and_numbers_of_another_one_find_nothing() {
    let index = CatalogIndex::default();
    assert!(index.is_empty() && index.settlements().next().is_none());
    let ix = SettlementIx(0);
    assert!(index.get(ix).is_none() && index.facts(ix).is_none() && index.embedding(ix).is_none());
    assert_eq!((index.find(id(0)), index.id(ix)), (None, None));
    assert_eq!((index.seeking(&key("merchant:a")).len(), index.seeking_nothing().len()), (0, 0));
    let mut sum = [1.0; 3];
    index.feature_vectors().add(NO_FEATURE, 1.0, &mut sum);
    assert_eq!(sum.map(f32::to_bits), [1.0_f32.to_bits(); 3]);
    assert!(format!("{index:?}").contains("hashed-ngrams-v1"));
}

#[test]
fn of_two_settlements_with_one_id_the_later_counts() {
    let rule = r#""eligibility": {"required_features": [], "states": []}"#;
    let (first, second) = (made("First", 1, rule), made("Second", 1, rule));
    let index = CatalogIndex::new([first.clone(), second.clone()]);
    assert_eq!((index.len(), index.get(SettlementIx(0))), (1, Some(&second)));
    let puts = [&second, &first].map(|one| CatalogEdit::Put(Box::new(one.clone())));
    assert_eq!(index.with_changes(puts).get(SettlementIx(0)), Some(&first));
}
