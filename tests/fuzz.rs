//! Every parser under mutated inputs, on a stable compiler: the laws of `fuzz/targets` hold.
//!
//! Input number `n` of a target is the same on every machine. `PAYME_FUZZ_RUNS` says how many
//! there are, and `PAYME_FUZZ_SEED` runs a single one again. See `docs/fuzzing.md`.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that fails should say where")]

#[path = "fuzz/mutate.rs"]
mod mutate;
#[path = "fuzz/runner.rs"]
mod runner;
#[expect(unreachable_pub, reason = "the fuzzers use this module as a library")]
#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::path::Path;

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One test for each target, and one that none is left out.
macro_rules! fuzz {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                runner::run(stringify!($name), targets::$name);
            }
        )*

        #[test]
        fn every_target_has_a_test_a_fuzzer_and_seeds() {
            let names: Vec<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
            for name in names {
                let fuzzer = root().join("fuzz/fuzz_targets").join(name).with_extension("rs");
                assert!(fuzzer.exists(), "{}", fuzzer.display());
                assert!(!mutate::files(&root().join("fuzz/seeds").join(name)).is_empty(), "{name}");
            }
        }
    };
}

fuzz! {
    csv csv_mapped descriptor eml feature_key features lexicon mbox merchants messages money
    predicate predicate_judge samples settlements snapshot_load state stored_record time tracker
    transactions weights
}
