//! libFuzzer over `feature_key`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payme_fuzz::feature_key(data));
