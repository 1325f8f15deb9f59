//! Snapshots load as what they were written from, and as nothing else.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use twox_hash::XxHash3_128;

use super::layout::SnapshotSection as Section;
use super::*;
use crate::catalog::index::tests::{
    assert_same, assert_same_but_embeddings, catalogue, small_embedder,
};
use crate::catalog::{CatalogEdit, Payout};
use crate::evidence::UserFeatures;
use crate::matching::arbitrary::user;
use crate::matching::{MatchScope, People, SignalSet, Variant, eligible_pairs};
use crate::ranking::{MatchRequest, Weights, match_many};
use crate::types::{Instant, Money};
use crate::vectors::HashedNgrams;

const HEADER_BYTES: usize = 64;
const ROW_BYTES: usize = 24;

fn compiled(settlements: Vec<Settlement>) -> CatalogIndex {
    CatalogIndex::with_embedder(settlements, small_embedder())
}

fn load(bytes: &[u8]) -> Result<CatalogIndex, SnapshotError> {
    let bytes: Column<u8> = bytes.to_vec().into();
    CatalogIndex::from_snapshot(Arc::new(bytes), small_embedder())
}

fn code(bytes: &[u8]) -> Result<usize, &'static str> {
    load(bytes).map(|index| index.len()).map_err(|error| error.code())
}

/// Two settlements, one with a rule that is run. Nothing here depends on the machine's logarithm.
fn small() -> CatalogIndex {
    let texts = [
        r#"{"title": "Rides", "payout_max_cents": 3000000, "deadline": "2026-02-19T23:59:00Z",
            "claim_url": "https://rides.example/",
            "eligibility": {"required_features": ["merchant:uber", "merchant:lyft"], "states": ["CA"]}}"#,
        r#"{"title": "Beans", "payout_max_cents": 9000000, "proof": "none",
            "class_period": {"start": "2020-01-01"},
            "eligibility": {"any": [{"feature": "merchant:beans", "min_count": 2},
                {"purchases": {"feature": "merchant:uber", "count": {"min": 3}}}, {"age": {"min": 99}}]}}"#,
    ];
    compiled(texts.iter().map(|text| parse_settlement(text).unwrap()).collect())
}

fn small_bytes() -> Vec<u8> {
    small().to_snapshot().unwrap().to_vec()
}

fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - 16;
    let checksum = XxHash3_128::oneshot(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&checksum);
    bytes
}

fn number(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())).unwrap()
}

/// Where a section lies, read from the table.
fn range(bytes: &[u8], section: Section) -> std::ops::Range<usize> {
    let row =
        HEADER_BYTES + ROW_BYTES * Section::ALL.iter().position(|one| *one == section).unwrap();
    let start = number(bytes, row + 8);
    start..start + number(bytes, row + 16)
}

/// What matching says of people, in every direction.
fn answers(index: &CatalogIndex, users: &[UserFeatures], set: SignalSet) -> String {
    let now = Instant::parse("2020-02-01T00:00:00Z").unwrap();
    let mut said = String::new();
    for include_closed in [false, true] {
        let scope = MatchScope { now, include_closed };
        let request = MatchRequest {
            variant: Variant::RulesVectorRanker,
            weights: Weights::of_set(set),
            scope,
            top_n: 20,
            near_misses: true,
        };
        said += &format!("{:?}\n", match_many(index, users, &request));
        let people = People::of(users).unwrap();
        eligible_pairs(index, &people, scope, &|| false, |id, list| {
            said += &format!("{id} {list:?}\n")
        });
    }
    said
}

fn people() -> impl Strategy<Value = Vec<UserFeatures>> {
    vec(user(), 1..3).prop_map(|users| {
        let numbered = (1_u128..).zip(users).map(|(n, one)| {
            let (mut person, features) = one.into_parts();
            person.user_id = crate::types::UserId::from_uuid(uuid::Uuid::from_u128(n));
            UserFeatures::new(person, features).unwrap()
        });
        numbered.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_loaded_index_is_the_one_that_was_written(
        settlements in catalogue(),
        users in people(),
        shift in 1_usize..8,
    ) {
        let fresh = compiled(settlements);
        let bytes = fresh.to_snapshot().unwrap();
        let loaded = load(&bytes).unwrap();
        assert_same(&loaded, &fresh);
        for set in SignalSet::ALL {
            prop_assert_eq!(answers(&loaded, &users, set), answers(&fresh, &users, set));
        }
        prop_assert_eq!(&loaded.to_snapshot().unwrap(), &bytes, "written again, the same bytes");

        // Changing a loaded index is changing the fresh one, and no column is lent any more.
        let gone = |index: &CatalogIndex| {
            let first = index.settlements().next().map(|one| CatalogEdit::Remove(one.id));
            index.with_changes(first)
        };
        assert_same(&gone(&loaded), &gone(&fresh));

        // Bytes that lie anywhere do as well.
        let shifted = [vec![0; shift], bytes.to_vec()].concat();
        struct Behind(Vec<u8>, usize);
        impl AsRef<[u8]> for Behind {
            fn as_ref(&self) -> &[u8] {
                &self.0[self.1..]
            }
        }
        let shifted = CatalogIndex::from_snapshot(Arc::new(Behind(shifted, shift)), small_embedder());
        assert_same(&shifted.unwrap(), &fresh);
    }

    #[test]
    fn what_loads_is_what_its_settlements_compile_to_whoever_wrote_the_bytes(
        settlements in catalogue(),
        users in people(),
        edits in vec((any::<Index>(), any::<Index>(), 0_u8..6, any::<u8>()), 1..4),
    ) {
        let mut bytes = compiled(settlements).to_snapshot().unwrap().to_vec();
        let filled = |bytes: &[u8]| -> Vec<std::ops::Range<usize>> {
            let head = [0..HEADER_BYTES, HEADER_BYTES..HEADER_BYTES + ROW_BYTES * Section::ALL.len()];
            let sections = Section::ALL.into_iter().map(|section| range(bytes, section));
            head.into_iter().chain(sections).filter(|range| !range.is_empty()).collect()
        };
        let parts = filled(&bytes);
        for (part, at, what, value) in edits {
            let part = parts[part.index(parts.len())].clone();
            let at = part.start + at.index(part.len());
            match what {
                0 => bytes[at] = value,
                1 => bytes[at] = bytes[at].wrapping_add(1),
                2 => bytes[at] = bytes[at].wrapping_sub(1),
                3 => bytes[at] ^= 1 << (value % 8),
                4 => bytes.swap(at, part.end - 1),
                _ => bytes[at..part.end].fill(value),
            }
        }
        if let Ok(loaded) = load(&with_checksum(bytes)) {
            let fresh = compiled(loaded.settlements().cloned().collect());
            assert_same_but_embeddings(&loaded, &fresh);
            let said = answers(&loaded, &users, SignalSet::Evidence);
            prop_assert!(!said.contains("NaN"));
            prop_assert_eq!(
                answers(&loaded, &users, SignalSet::Baseline),
                answers(&fresh, &users, SignalSet::Baseline)
            );
        }
    }
}

#[test]
fn any_bit_that_flips_is_refused() {
    let good = small_bytes();
    assert_eq!(code(&good), Ok(2));
    let mut bytes = good.clone();
    for at in 0..good.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            let expected = match at {
                0..8 => "not_a_snapshot",
                8..12 => "snapshot_byte_order",
                12..16 => "snapshot_version",
                16..24 => "snapshot_length",
                _ => "snapshot_checksum",
            };
            assert_eq!(code(&bytes), Err(expected), "bit {bit} of byte {at}");
            bytes[at] = good[at];
        }
    }
}

#[test]
fn missing_and_added_bytes_are_refused() {
    let good = small_bytes();
    for length in 0..good.len() {
        let expected = if length < HEADER_BYTES { "not_a_snapshot" } else { "snapshot_length" };
        assert_eq!(code(&good[..length]), Err(expected), "{length} bytes");
        // With a checksum and a length that fit there is still no way to leave something out.
        if length >= HEADER_BYTES + 16 {
            let mut less = good[..length].to_vec();
            less[16..24].copy_from_slice(&(length as u64).to_le_bytes());
            let error = code(&with_checksum(less)).unwrap_err();
            assert!(["snapshot_header", "snapshot_section"].contains(&error), "{length}: {error}");
        }
    }
    for more in [1, 15, 16, 64] {
        let mut bytes = good.clone();
        bytes.resize(good.len() + more, 0);
        assert_eq!(code(&bytes), Err("snapshot_length"));
        bytes[16..24].copy_from_slice(&((good.len() + more) as u64).to_le_bytes());
        assert_eq!(code(&with_checksum(bytes)), Err("snapshot_section"));
    }
}

#[test]
fn whatever_stands_in_the_table_is_compared_with_where_sections_have_to_be() {
    let good = small_bytes();
    for row in 0..Section::ALL.len() {
        // The number, the bytes of an entry, where it begins, and how many bytes it has.
        for (at, bytes) in [(0, 4), (4, 4), (8, 8), (16, 8)] {
            let at = HEADER_BYTES + ROW_BYTES * row + at;
            for other in [0, 1, 3, 64, 4096, 1 << 31, u64::MAX >> 1, u64::MAX] {
                let mut bad = good.clone();
                bad[at..at + bytes].copy_from_slice(&other.to_le_bytes()[..bytes]);
                if bad == good {
                    continue;
                }
                assert!(code(&with_checksum(bad)).is_err(), "row {row}, byte {at}: {other}");
            }
        }
    }
}

/// Overwrites the entry at `at` of a section.
fn damaged<T: bytemuck::Pod>(section: Section, at: usize, entry: T) -> Vec<u8> {
    let mut bytes = small_bytes();
    let range = range(&bytes, section);
    let start = range.start + at * size_of::<T>();
    assert!(start + size_of::<T>() <= range.end, "{section}");
    bytes[start..start + size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&entry));
    with_checksum(bytes)
}

#[test]
fn each_section_is_checked_and_the_error_says_which() {
    let index = small();
    let columns = index.columns();
    let features = u32::try_from(index.keys.len()).unwrap();
    let posting = *columns.unanchored.iter().chain(&*columns.anchored).next().unwrap();
    let late = super::super::Posting { open_until: 5, ..posting };
    let away = super::super::Posting { ix: 9, ..posting };
    let mut open = columns.facts[0];
    open.open_until = 7;
    #[rustfmt::skip]
    let table: Vec<(Vec<u8>, &str, &str)> = vec![
        (damaged(Section::Embedder, 0, b'H'),               "snapshot_embedder", "\"Hashed-ngrams-v1\""),
        (damaged(Section::Embedder, 0, 0xff_u8),            "snapshot_section",  "\"embedder\""),
        (damaged(Section::SettlementStarts, 0, 1_u64),      "snapshot_section",  "\"settlement starts\""),
        (damaged(Section::SettlementStarts, 1, u64::MAX),   "snapshot_entry",    "entry 0"),
        (damaged(Section::Settlements, 0, b'['),            "snapshot_settlement", "settlement 0"),
        (damaged(Section::Settlements, 2, 0xff_u8),         "snapshot_section",  "\"settlements\""),
        (damaged(Section::Facts, 0, open),                  "snapshot_entry",    "\"facts\""),
        (damaged(Section::Sought, 0, features),             "snapshot_entry",    "\"sought\""),
        (damaged(Section::Program, 0, 99_u32),              "snapshot_entry",    "\"program\""),
        (damaged(Section::KeyStarts, 1, 2_u64),             "snapshot_entry",    "\"keys\""),
        (damaged(Section::Keys, 0, b'M'),                   "snapshot_entry",    "\"keys\""),
        (damaged(Section::SeekingStarts, 1, u32::MAX),      "snapshot_entry",    "\"seeking starts\""),
        (damaged(Section::Seeking, 0, 9_u32),               "snapshot_entry",    "\"seeking\""),
        (damaged(Section::AnchoredStarts, 0, 1_u32),        "snapshot_section",  "\"anchored starts\""),
        (damaged(Section::Unanchored, 0, late),             "snapshot_entry",    "\"unanchored\""),
        (damaged(Section::Anchored, 0, away),               "snapshot_entry",    "\"anchored\""),
        (damaged(Section::VectorStarts, 1, u32::MAX),       "snapshot_entry",    "\"vector starts\""),
        (damaged(Section::VectorPlaces, 0, 8_u32),          "snapshot_entry",    "\"vector places\""),
        (damaged(Section::VectorValues, 0, f32::NAN),       "snapshot_vector",   "\"vector values\""),
        (damaged(Section::Embeddings, 9, f32::NAN),         "snapshot_vector",   "vector 1 of"),
        (damaged(Section::Embeddings, 0, f32::INFINITY),    "snapshot_vector",   "vector 0 of"),
        (damaged(Section::Embeddings, 0, 1.01_f32),         "snapshot_vector",   "\"embeddings\""),
        (damaged(Section::Embeddings, 8, -0.9_f32),         "snapshot_embedder_changed", "settlement 1"),
    ];
    for (bytes, code, says) in table {
        let error = load(&bytes).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(says), "{error} does not say {says}");
    }
}

#[test]
fn only_the_numbers_of_embeddings_are_taken_on_trust() {
    let index = load(&damaged(Section::VectorValues, 0, 0.5_f32)).unwrap();
    assert_same_but_embeddings(&index, &small());
    assert_eq!(code(&damaged(Section::Embeddings, 3, small().columns().embeddings[3])), Ok(2));
}

#[test]
fn settlements_out_of_order_are_refused() {
    let mut bytes = small_bytes();
    let (starts, texts) =
        (range(&bytes, Section::SettlementStarts), range(&bytes, Section::Settlements));
    let middle = number(&bytes, starts.start + 8);
    let swapped =
        [&bytes[texts.start + middle..texts.end], &bytes[texts.start..texts.start + middle]]
            .concat();
    let first = (texts.len() - middle) as u64;
    bytes[texts].copy_from_slice(&swapped);
    bytes[starts.start + 8..starts.start + 16].copy_from_slice(&first.to_le_bytes());
    let error = load(&with_checksum(bytes)).unwrap_err();
    assert_eq!(error, SnapshotError::Entry { section: Section::Settlements, at: 1 });
}

#[test]
fn another_embedder_is_refused() {
    let bytes = small().to_snapshot().unwrap();
    let load = |embedder: Arc<dyn Embedder>| {
        CatalogIndex::from_snapshot(Arc::new(bytes.clone()), embedder).map(|index| index.len())
    };
    assert_eq!(load(small_embedder()), Ok(2));
    let error = load(Arc::new(HashedNgrams::new(9))).unwrap_err();
    assert_eq!(error.code(), "snapshot_embedder");
    assert!(error.to_string().contains("of dimension 8"), "{error}");

    /// The same name, and numbers of its own.
    struct Impostor;
    impl Embedder for Impostor {
        fn name(&self) -> &'static str {
            "hashed-ngrams-v1"
        }
        fn dimension(&self) -> usize {
            8
        }
        fn embed(&self, _: &str, out: &mut [f32]) {
            out.fill(0.0);
        }
    }
    assert_eq!(load(Arc::new(Impostor)), Err(SnapshotError::EmbedderChanged { at: 0 }));
}

#[test]
fn what_could_not_be_loaded_is_not_written() {
    let euros = Payout { min: None, max: Some(Money::new(100, "EUR".parse().unwrap())) };
    for spoil in [
        (|one: &mut Settlement| one.title = "\n".to_owned()) as fn(&mut Settlement),
        |one| one.claim_url = Some("nowhere".to_owned()),
        |one| one.embedding = Some(vec![f32::NAN]),
    ] {
        let mut one = small().settlements().next().unwrap().clone();
        spoil(&mut one);
        let error = compiled(vec![one.clone()]).to_snapshot().unwrap_err();
        assert_eq!(error, SnapshotError::Unwritable { id: one.id });
    }
    let mut one = small().settlements().next().unwrap().clone();
    one.payout = euros;
    let error = compiled(vec![one.clone()]).to_snapshot().unwrap_err();
    assert_eq!(
        error,
        SnapshotError::Unwritable { id: one.id },
        "a currency that is not written down"
    );

    /// Breaks the promise of length 1.
    struct Long;
    impl Embedder for Long {
        fn name(&self) -> &'static str {
            "long"
        }
        fn dimension(&self) -> usize {
            2
        }
        fn embed(&self, _: &str, out: &mut [f32]) {
            out.fill(3.0);
        }
    }
    let index = CatalogIndex::with_embedder(small().settlements().cloned(), Arc::new(Long));
    assert_eq!(index.to_snapshot().unwrap_err().code(), "snapshot_vector");
}

#[test]
fn embedders_without_numbers_and_empty_catalogues_are_kept() {
    for dimension in [0, 1, 384] {
        let embedder: Arc<dyn Embedder> = Arc::new(HashedNgrams::new(dimension));
        for settlements in [Vec::new(), small().settlements().cloned().collect()] {
            let fresh = CatalogIndex::with_embedder(settlements, Arc::clone(&embedder));
            let bytes = fresh.to_snapshot().unwrap();
            let loaded =
                CatalogIndex::from_snapshot(Arc::new(bytes), Arc::clone(&embedder)).unwrap();
            assert_same(&loaded, &fresh);
        }
    }
}

/// Whoever changes a byte of what is written has to give the format its next number, and then this
/// test the new pair.
#[test]
fn the_bytes_of_a_format_never_change() {
    let bytes = small_bytes();
    assert_eq!((&bytes[..8], bytes.len()), (b"payme-ix".as_slice(), 2384));
    assert_eq!(
        (SNAPSHOT_VERSION, XxHash3_128::oneshot(&bytes)),
        (1, 0x63ca_d144_626a_9793_793f_2faf_6011_79ec)
    );
}
