//! Feeds `causeway_fuzz::tokens` what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    causeway_fuzz::tokens(data);
});
