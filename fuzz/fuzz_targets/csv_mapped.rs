//! libFuzzer over `csv_mapped`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payme_fuzz::csv_mapped(data));
