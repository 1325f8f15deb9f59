//! libFuzzer over `stored_record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payme_fuzz::stored_record(data));
