//! What statements are put together from: numbered parameters, multi-row statements, checked
//! integers.

use std::fmt::Write;

use alloy_primitives::B256;

use crate::{EngineError, UnixMillis};

/// A few sizes only, so that each multi-row statement is prepared once and kept.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// Cuts `items` into pieces of few different lengths.
pub(crate) fn pieces<T>(mut items: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= items.len())?;
        let (piece, rest) = items.split_at(size);
        items = rest;
        Some(piece)
    })
}

/// Cuts `items` into lists of few different lengths, the last filled up with its last item: for
/// `IN (…)`, where a repetition changes nothing.
pub(crate) fn padded<T: Clone>(items: &[T]) -> impl Iterator<Item = Vec<T>> {
    items.chunks(256).map(|chunk| {
        let size = [1, 4, 16, 64, 256]
            .into_iter()
            .find(|size| *size >= chunk.len())
            .unwrap_or(chunk.len());
        let mut list = chunk.to_vec();
        if let Some(last) = chunk.last() {
            list.resize(size, last.clone());
        }
        list
    })
}

/// `($1,$2),($3,$4)` for two rows of two columns.
pub(crate) fn rows(count: usize, columns: usize) -> String {
    let mut sql = String::with_capacity(count * columns * 5);
    for row in 0..count {
        sql.push_str(if row == 0 { "(" } else { ",(" });
        sql.push_str(&list(row * columns + 1, columns));
        sql.push(')');
    }
    sql
}

/// `$3,$4` for two parameters from the third.
pub(crate) fn list(first: usize, count: usize) -> String {
    let mut sql = String::with_capacity(count * 5);
    for number in first..first + count {
        if number > first {
            sql.push(',');
        }
        // Writing to a string cannot fail.
        let _ = write!(sql, "${number}");
    }
    sql
}

pub(crate) fn to_i64<T>(what: &'static str, value: T) -> Result<i64, EngineError>
where
    T: Copy + TryInto<i64> + TryInto<i128>,
{
    value.try_into().map_err(|_| EngineError::OutOfRange {
        what,
        value: value.try_into().unwrap_or(i128::MAX),
    })
}

pub(crate) fn to_unsigned<T>(what: &'static str, value: i64) -> Result<T, EngineError>
where
    T: TryFrom<i64>,
{
    T::try_from(value).map_err(|_| EngineError::OutOfRange {
        what,
        value: value.into(),
    })
}

/// A number of rows; more than the database can count is as good as all.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

pub(crate) fn millis(value: i64) -> UnixMillis {
    UnixMillis::from_millis(value)
}

pub(crate) fn to_hash(key: &str, text: &str) -> Result<B256, EngineError> {
    text.parse::<B256>().map_err(|error| EngineError::Decode {
        what: "hash",
        key: key.to_owned(),
        source: error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_everything_in_order_with_few_lengths() {
        let items: Vec<usize> = (0..203).collect();
        let cut: Vec<&[usize]> = pieces(&items).collect();
        assert_eq!(cut.concat(), items);
        assert!(cut.iter().all(|piece| SIZES.contains(&piece.len())));
    }

    #[test]
    fn padding_repeats_the_last_item_only() {
        assert_eq!(padded(&[1, 2, 3, 4, 5]).next().unwrap()[4..], [5; 12]);
        assert_eq!(padded::<i64>(&[]).count(), 0);
        assert_eq!(padded(&vec![0; 300]).count(), 2);
    }

    #[test]
    fn parameters_are_numbered_through() {
        assert_eq!(rows(2, 2), "($1,$2),($3,$4)");
        assert_eq!(list(3, 2), "$3,$4");
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        assert_eq!(to_i64("height", 5u64).unwrap(), 5);
        assert!(to_i64("height", u64::MAX).is_err());
        assert!(to_unsigned::<u64>("height", -1).is_err());
    }
}
