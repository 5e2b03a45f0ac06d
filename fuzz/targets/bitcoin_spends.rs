//! Feeds `causeway_fuzz::bitcoin_spends` what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    causeway_fuzz::bitcoin_spends(data);
});
