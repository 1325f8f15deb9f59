//! Snapshots of a compiled catalogue, damaged in ways that a checksum would hide.

use std::sync::{Arc, LazyLock};

use payme_core::catalog::CatalogIndex;
use payme_core::ranking::Weights;
use payme_core::types::Column;
use payme_core::vectors::{Embedder, HashedNgrams};
use twox_hash::XxHash3_128;

use super::{CATALOG, check_match, person_with};

/// How every snapshot begins.
const MAGIC: &[u8] = b"payme-ix";
/// Where the number of all bytes stands.
const LENGTH: std::ops::Range<usize> = 16..24;
const CHECKSUM_BYTES: usize = 16;
/// How many settlements the snapshot has that edits are made to.
const SETTLEMENTS: usize = 4;

static EMBEDDER: LazyLock<Arc<dyn Embedder>> = LazyLock::new(|| Arc::new(HashedNgrams::new(4)));

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let settlements = CATALOG.iter().take(SETTLEMENTS).cloned();
    let index = CatalogIndex::with_embedder(settlements, EMBEDDER.clone());
    index.to_snapshot().expect("a catalogue that was read can be written").to_vec()
});

/// A snapshot, or edits of a good one: what loads is what its settlements compile to.
///
/// Input that begins as a snapshot is one, given the length and the checksum it should have. Other
/// input is edits of four bytes: three say where, one what is written there.
pub fn snapshot_load(data: &[u8]) {
    let mut bytes = if data.starts_with(MAGIC) { data.to_vec() } else { edited(data) };
    check(&bytes);
    let length = bytes.len() as u64;
    if let Some(stored) = bytes.get_mut(LENGTH) {
        stored.copy_from_slice(&length.to_le_bytes());
    }
    if let Some((content, checksum)) = bytes.split_last_chunk_mut::<CHECKSUM_BYTES>() {
        *checksum = XxHash3_128::oneshot(content).to_le_bytes();
    }
    check(&bytes);
}

fn edited(data: &[u8]) -> Vec<u8> {
    let mut bytes = GOOD.clone();
    let (edits, _) = data.as_chunks::<4>();
    for [a, b, c, value] in edits {
        let at = u32::from_le_bytes([*a, *b, *c, 0]) as usize % bytes.len();
        bytes[at] = *value;
    }
    bytes
}

fn check(bytes: &[u8]) {
    let columns: Column<u8> = bytes.to_vec().into();
    let loaded = match CatalogIndex::from_snapshot(Arc::new(columns), EMBEDDER.clone()) {
        Ok(loaded) => loaded,
        Err(error) => return assert_ne!(error.code(), "", "{error}"),
    };
    let settlements: Vec<_> = loaded.settlements().cloned().collect();
    let fresh = CatalogIndex::with_embedder(settlements, EMBEDDER.clone());
    let keys: Vec<_> = fresh.settlements().flat_map(|one| one.eligibility.feature_keys()).collect();
    for key in &keys {
        assert!(loaded.seeking(key).eq(fresh.seeking(key)), "who seeks {key}");
    }
    assert!(loaded.seeking_nothing().eq(fresh.seeking_nothing()), "who seeks nothing");
    for one in fresh.settlements() {
        let ix = fresh.find(one.id).expect("it is there");
        assert_eq!(loaded.find(one.id), Some(ix));
        assert_eq!(loaded.facts(ix), fresh.facts(ix));
    }
    check_match(&loaded, &person_with(keys.iter().copied()), &Weights::default());
    // What was read can be written, and is loaded again before it is given out.
    assert_eq!(loaded.to_snapshot().map(|_| ()), Ok(()), "written again");
}
