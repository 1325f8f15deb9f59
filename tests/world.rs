//! The made-up worlds of `benches/world` are what they say: same bytes, same users, same shares.

use payme_core::catalog::CatalogIndex;
use payme_core::matching::{MatchScope, Matcher};
use payme_core::types::Instant;

#[expect(dead_code, reason = "each target uses a part of the world")]
#[path = "../benches/world/mod.rs"]
mod world;

use world::vectors::{DIMENSIONS, Vectors};
use world::{NOW, People, World, WorldSpec};

/// The 64-bit FNV-1a hash of the bytes.
fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn a_flat_world_has_the_same_bytes_on_every_machine() {
    let world = World::generate(WorldSpec::flat(1, 500, 100));
    let sums =
        [world.to_settlements_json(), world.to_features_jsonl()].map(|text| fnv1a(text.bytes()));
    assert_eq!(sums, [0x1d9d_75de_1d15_9daf, 0xaf89_0636_4faf_f744], "{sums:#x?}");
}

#[test]
fn users_without_a_file_between_are_those_of_the_file() {
    for spec in [
        WorldSpec::new(7, 60, 150),
        WorldSpec::flat(8, 900, 150),
        WorldSpec { merchants: 1, ..WorldSpec::new(9, 0, 20) },
    ] {
        let world = World::generate(spec);
        let people = People::new(&spec);
        for (number, user) in world.users.iter().enumerate() {
            let direct = people.user(number);
            assert_eq!(direct.person(), user.person(), "{spec:?}, {number}");
            assert_eq!(direct.features(), user.features(), "{spec:?}, {number}");
        }
    }
}

#[test]
fn settlements_without_one_file_of_all_are_those_of_the_file() {
    let spec = WorldSpec::flat(4, 10_001, 0);
    assert_eq!(world::settlements(&spec), World::generate(spec).settlements);
}

#[test]
fn every_feature_of_a_user_is_among_the_keys_of_the_people() {
    let people = People::new(&WorldSpec::flat(8, 900, 0));
    let keys: Vec<_> = people.keys().collect();
    assert_eq!(keys.len(), 243 + 12 + 6);
    for number in 0..50 {
        assert!(people.user(number).keys().all(|key| keys.contains(&key)), "{number}");
    }
}

#[test]
fn a_flat_world_has_about_114_eligible_settlements_a_user() {
    let spec = WorldSpec::flat(1, 10_000, 0);
    let world = World::generate(spec);
    assert!(world.settlements.iter().all(|one| !one.eligibility.feature_keys().is_empty()));
    let index = CatalogIndex::new(world.settlements.iter().cloned());
    let mut matcher = Matcher::new(&index);
    let scope = MatchScope { now: Instant::parse(NOW).expect("an instant"), include_closed: false };
    let people = People::new(&spec);
    let (mut eligible, mut features, mut keys) = (0, 0, 0);
    const USERS: usize = 2_000;
    for number in 0..USERS {
        let user = people.user(number);
        features += user.features().len();
        keys += user.keys().count();
        eligible += matcher.candidates(&user, scope).eligible.len();
    }
    let each = [eligible, features, keys].map(|sum| sum / USERS);
    assert_eq!(each, [114, 32, 26]);
}

#[test]
fn vectors_are_the_same_on_every_machine() {
    let sums = [Vectors::Settlements, Vectors::Users].map(|vectors| {
        let numbers = vectors.clustered(1, 50);
        fnv1a(numbers.iter().flat_map(|number| number.to_le_bytes()))
    });
    assert_eq!(sums, [0xcb5c_e054_01ed_6c43, 0x0d01_7dfc_e450_cde6], "{sums:#x?}");
}

#[test]
fn vectors_have_length_one_and_lie_in_clusters() {
    let rows = Vectors::Settlements.clustered(1, 4_000);
    let rows: Vec<&[f32]> = rows.chunks_exact(DIMENSIONS).collect();
    assert_eq!(rows.len(), 4_000);
    let cosine = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let mut counts = [0; 3];
    for cosine in rows[1..].iter().map(|row| cosine(rows[0], row)) {
        assert!((-0.25..0.8).contains(&cosine), "{cosine}");
        counts[[0.2, 0.5].partition_point(|least| cosine > *least)] += 1;
    }
    let [others, group, cluster] = counts;
    assert!(
        others > 3_700 && (60..250).contains(&group) && (1..20).contains(&cluster),
        "{counts:?}"
    );
    assert!(rows.iter().all(|row| (cosine(row, row) - 1.0).abs() < 1e-6));
}
