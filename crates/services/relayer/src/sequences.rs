//! No gap: a router numbers the packets of a client one by one, so the final sends that a chain
//! tells of must be numbered one by one too. A number that is passed over is a packet that somebody
//! hides from us.

use std::collections::BTreeMap;

use causeway_engine::{EngineError, Unit};

/// Sequences that were passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The client on the source that they were sent through.
    pub(crate) source: String,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Takes down which sends are final now, by their packets' process keys and in order, and says which
/// sequences before them were never seen. The first send of a client may have any: following need
/// not start where the client did.
pub(crate) async fn note_final_sends<'a>(
    unit: &mut Unit<'_>,
    keys: impl Iterator<Item = &'a str>,
) -> Result<Vec<Gap>, EngineError> {
    let mut sends: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (source, sequence) in keys.filter_map(|key| key.rsplit_once('/')) {
        if let Ok(sequence) = sequence.parse() {
            sends.entry(source).or_default().push(sequence);
        }
    }
    let mut gaps = Vec::new();
    for (source, sequences) in sends {
        let place = format!("sequence/{source}");
        let saved = unit.cursor(&place).await?;
        let saved: Option<u64> = saved.and_then(|saved| saved.parse().ok());
        let mut known = saved;
        for sequence in sequences {
            let next = known.map_or(sequence, |known| known.saturating_add(1));
            if next < sequence {
                gaps.push(Gap {
                    source: source.to_owned(),
                    first: next,
                    last: sequence - 1,
                });
            }
            known = known.max(Some(sequence));
        }
        if let Some(known) = known.filter(|known| Some(*known) != saved) {
            unit.set_cursor(&place, &known.to_string()).await?;
        }
    }
    Ok(gaps)
}

#[cfg(test)]
mod tests {
    use causeway_engine::{Engine, UnixMillis};

    use super::*;

    #[tokio::test]
    async fn a_sequence_that_is_passed_over_is_a_gap() {
        let engine = Engine::open("sqlite::memory:").await.unwrap();
        let mut unit = engine.begin(UnixMillis::from_millis(0)).await.unwrap();
        let mut gaps = Vec::new();
        for keys in [
            vec!["eip155:1/client-0/5", "eip155:1/client-0/6"],
            vec!["eip155:1/client-0/7", "eip155:2/client-0/1"],
            vec!["eip155:1/client-0/6"],
            vec!["eip155:1/client-0/10", "eip155:1/client-0/11"],
            vec!["eip155:2/client-0/2"],
        ] {
            let found = note_final_sends(&mut unit, keys.into_iter()).await.unwrap();
            gaps.push(found);
        }
        let gap = Gap {
            source: "eip155:1/client-0".to_owned(),
            first: 8,
            last: 9,
        };
        assert_eq!(gaps, [vec![], vec![], vec![], vec![gap], vec![]]);
    }
}
