use alloy_primitives::{Address, B256, Bloom, BloomInput};
use serde_json::{Map, Value, json};

use crate::Log;

/// Which logs are followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// The contracts that emit them; any contract if empty.
    pub addresses: Vec<Address>,
    /// The event signatures (first topics); any event if empty.
    pub topics0: Vec<B256>,
}

impl LogFilter {
    /// The filter as `eth_getLogs` takes it, without a block range.
    pub(crate) fn params(&self) -> Map<String, Value> {
        let mut params = Map::new();
        if !self.addresses.is_empty() {
            params.insert("address".to_owned(), json!(self.addresses));
        }
        if !self.topics0.is_empty() {
            params.insert("topics".to_owned(), json!([self.topics0]));
        }
        params
    }

    pub(crate) fn matches(&self, log: &Log) -> bool {
        (self.addresses.is_empty() || self.addresses.contains(&log.address()))
            && (self.topics0.is_empty()
                || log
                    .topics()
                    .first()
                    .is_some_and(|topic| self.topics0.contains(topic)))
    }

    /// Whether a block with this bloom may hold such logs; it cannot if this says no.
    pub(crate) fn may_match(&self, bloom: &Bloom) -> bool {
        let any = |mut inputs: Box<dyn Iterator<Item = &[u8]> + '_>| {
            inputs.any(|input| bloom.contains_input(BloomInput::Raw(input)))
        };
        !bloom.is_zero()
            && (self.addresses.is_empty()
                || any(Box::new(
                    self.addresses.iter().map(|address| address.as_slice()),
                )))
            && (self.topics0.is_empty() || any(Box::new(self.topics0.iter().map(B256::as_slice))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bloom_says_no_only_where_address_or_event_are_absent() {
        let (address, topic) = (Address::repeat_byte(7), B256::repeat_byte(9));
        let filter = LogFilter {
            addresses: vec![address],
            topics0: vec![topic],
        };
        let mut bloom = Bloom::ZERO;
        assert!(!filter.may_match(&bloom));
        assert!(!LogFilter::default().may_match(&bloom));
        bloom.accrue(BloomInput::Raw(address.as_slice()));
        assert!(!filter.may_match(&bloom));
        bloom.accrue(BloomInput::Raw(topic.as_slice()));
        assert!(filter.may_match(&bloom));
        assert!(LogFilter::default().may_match(&bloom));
    }
}
