//! Feeds `causeway_fuzz::swap_talk` what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    causeway_fuzz::swap_talk(data);
});
