//! What messages cost lately, and so how many fit.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use causeway_ibc::ClientId;

/// How many transactions are to fill one block. Larger ones cost less gas beside their messages' own
/// but leave more of a block empty, and no chain takes one above 2^24 gas (EIP-7825).
const TRANSACTIONS_PER_BLOCK: u64 = 4;

/// What a message is taken to cost before any was sent: a token transfer and its part of the proof.
const FIRST: u64 = 120_000;

/// What is added to the gas that messages used lately, in percent, for those that use more. A guess
/// that is too low costs a search for the right one, and one that is too high leaves room in a block
/// empty.
const MARGIN: u64 = 12;

/// What a transaction costs beside its messages: itself, and the client update.
const OVERHEAD: u64 = 110_000;

/// From how many messages on a guess is made: the cost of a few is too far from any average.
const FEW: usize = 8;

/// How many messages back "lately" reaches.
const MEMORY: u64 = 1_000;

/// Learns, per light client, what messages to it cost.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<HashMap<ClientId, Reading>>);

#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    gas: u64,
    messages: u64,
}

impl Meter {
    fn readings(&self) -> MutexGuard<'_, HashMap<ClientId, Reading>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A transaction with so many messages used so much gas.
    pub(crate) fn note(&self, client: &ClientId, messages: usize, gas: u64) {
        let mut readings = self.readings();
        let reading = readings.entry(client.clone()).or_default();
        reading.gas = reading.gas.saturating_add(gas.saturating_sub(OVERHEAD));
        reading.messages = reading.messages.saturating_add(messages as u64);
        if reading.messages > MEMORY {
            reading.gas /= 2;
            reading.messages /= 2;
        }
    }

    fn per_message(&self, client: &ClientId) -> u64 {
        let readings = self.readings();
        let known = readings.get(client);
        let average = known.and_then(|reading| reading.gas.checked_div(reading.messages));
        average.unwrap_or(FIRST).max(1)
    }

    /// How many messages one transaction had best hold, where a block and a transaction have room for
    /// so much gas. A block takes a transaction only if its whole limit fits beside what the others
    /// used.
    pub(crate) fn fill(&self, client: &ClientId, block: u64, transaction: u64) -> usize {
        let of_block = block / (100 * TRANSACTIONS_PER_BLOCK + MARGIN) * 100;
        let of_transaction = transaction / (100 + MARGIN) * 100;
        let gas = of_block.min(of_transaction).saturating_sub(OVERHEAD);
        usize::try_from(gas / self.per_message(client))
            .unwrap_or(usize::MAX)
            .max(1)
    }

    /// The gas limit to try first for so many messages.
    pub(crate) fn guess(
        &self,
        client: &ClientId,
        messages: usize,
        transaction: u64,
    ) -> Option<u64> {
        let gas = self.per_message(client).saturating_mul(messages as u64);
        let gas = gas.saturating_add(OVERHEAD).saturating_mul(100 + MARGIN) / 100;
        (messages >= FEW).then(|| gas.min(transaction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: u64 = 30_000_000;
    const CAP: u64 = 1 << 24;

    fn client() -> ClientId {
        "client-0".parse().unwrap()
    }

    #[test]
    fn four_transactions_fill_a_block_and_the_last_one_fits_with_its_whole_limit() {
        let meter = Meter::default();
        meter.note(&client(), 50, 50 * 104_000 + OVERHEAD);
        let fill = meter.fill(&client(), BLOCK, CAP);
        let used = fill as u64 * 104_000 + OVERHEAD;
        let limit = meter.guess(&client(), fill, CAP).unwrap();
        assert!(
            3 * used + limit <= BLOCK,
            "{fill} messages use {used}, limit {limit}"
        );
        assert!(
            4 * used > BLOCK / 100 * 95,
            "{fill} messages leave much room"
        );
    }

    #[test]
    fn no_transaction_is_larger_than_it_may_be() {
        let meter = Meter::default();
        let huge = 1_000_000_000;
        let fill = meter.fill(&client(), huge, CAP);
        assert!(fill as u64 * FIRST + OVERHEAD <= CAP);
        assert_eq!(meter.guess(&client(), 1_000, CAP), Some(CAP));
        assert_eq!(meter.fill(&client(), 21_000, 21_000), 1);
    }

    #[test]
    fn costs_follow_what_is_sent_and_the_first_guess_of_a_few_is_left_to_the_node() {
        let meter = Meter::default();
        assert_eq!(meter.guess(&client(), FEW - 1, CAP), None);
        for _ in 0..100 {
            meter.note(&client(), 70, 70 * 104_000 + OVERHEAD);
        }
        let dear = meter.fill(&client(), BLOCK, CAP);
        for _ in 0..100 {
            meter.note(&client(), 140, 140 * 50_000 + OVERHEAD);
        }
        let cheap = meter.fill(&client(), BLOCK, CAP);
        assert!(cheap > dear * 19 / 10, "{dear} and then {cheap}");
        let other = "client-1".parse().unwrap();
        assert_eq!(meter.per_message(&other), FIRST);
    }
}
