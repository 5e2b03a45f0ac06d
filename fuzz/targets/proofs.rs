//! Feeds `causeway_fuzz::proofs` what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    causeway_fuzz::proofs(data);
});
