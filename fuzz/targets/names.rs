//! Feeds `causeway_fuzz::names` what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    causeway_fuzz::names(data);
});
