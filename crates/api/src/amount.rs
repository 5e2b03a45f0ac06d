//! Amounts as people write them: decimal, in whole units.

use alloy_primitives::U256;

/// An amount of smallest units as a decimal number of whole ones, without zeros that say nothing.
pub fn format_amount(amount: U256, decimals: u8) -> String {
    let digits = amount.to_string();
    let places = usize::from(decimals);
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_without_zeros_that_say_nothing() {
        let write = |amount: u64, decimals| format_amount(U256::from(amount), decimals);
        assert_eq!(write(1_500, 3), "1.5");
        assert_eq!(write(1, 3), "0.001");
        assert_eq!(write(2_000, 3), "2");
        assert_eq!(write(7, 0), "7");
        assert_eq!(write(0, 18), "0");
    }
}
