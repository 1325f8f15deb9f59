//! libFuzzer over `snapshot_load`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payme_fuzz::snapshot_load(data));
