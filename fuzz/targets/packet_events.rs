//! Feeds `causeway_fuzz::packet_events` what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    causeway_fuzz::packet_events(data);
});
