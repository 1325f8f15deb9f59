//! libFuzzer over `samples`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payme_fuzz::samples(data));
