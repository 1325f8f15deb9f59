//! libFuzzer over `predicate_judge`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| payme_fuzz::predicate_judge(data));
