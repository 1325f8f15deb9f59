//! libFuzzer over `descriptor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payme_fuzz::descriptor(data));
