//! Feeds `causeway_fuzz::reverts` what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    causeway_fuzz::reverts(data);
});
