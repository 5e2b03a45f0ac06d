use std::collections::BTreeSet;

use bitcoin::{OutPoint, ScriptBuf, Txid, Witness};
use serde::{Deserialize, Serialize};

use crate::{
    LockedCoin,
    rpc::{BlockBody, RpcError, witness},
};

/// What to tell of: payments to scripts, and what becomes of outputs.
///
/// An output that a watched script was paid in is watched from then on. Those of earlier runs, and those
/// of other scripts, have to be named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Scripts that may be paid to.
    pub scripts: BTreeSet<ScriptBuf>,
    /// Outputs that may be spent.
    pub outpoints: BTreeSet<OutPoint>,
}

/// What a block holds for us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockEvent {
    /// A watched script was paid.
    Paid {
        /// The output.
        coin: LockedCoin,
        /// The script.
        script: ScriptBuf,
        /// Whether it is a miner's reward, which cannot be spent before it has 100 confirmations.
        coinbase: bool,
    },
    /// A watched output was spent.
    Spent {
        /// The output.
        outpoint: OutPoint,
        /// The transaction that spent it.
        txid: Txid,
        /// What opened it.
        witness: Witness,
    },
}

impl Watch {
    /// What the block holds for us, in the order of its transactions.
    pub(super) fn events(&self, body: &BlockBody) -> Result<Vec<BlockEvent>, NoWitness> {
        let mut events = Vec::new();
        let mut new = BTreeSet::new();
        for (place, tx) in body.txs.iter().enumerate() {
            for (outpoint, items) in &tx.spends {
                if self.outpoints.contains(outpoint) || new.contains(outpoint) {
                    events.push(BlockEvent::Spent {
                        outpoint: *outpoint,
                        txid: tx.txid,
                        witness: witness(items).ok_or(NoWitness { txid: tx.txid })?,
                    });
                }
            }
            for (vout, value, script) in &tx.pays {
                if self.scripts.contains(script) {
                    let outpoint = OutPoint::new(tx.txid, *vout);
                    new.insert(outpoint);
                    let value = *value;
                    events.push(BlockEvent::Paid {
                        coin: LockedCoin { outpoint, value },
                        script: script.clone(),
                        coinbase: place == 0,
                    });
                }
            }
        }
        Ok(events)
    }

    /// Goes on to watch what the events have paid.
    pub(super) fn remember(&mut self, events: &[BlockEvent]) {
        for event in events {
            if let BlockEvent::Paid { coin, .. } = event {
                self.outpoints.insert(coin.outpoint);
            }
        }
    }
}

/// An endpoint gave a witness that is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoWitness {
    txid: Txid,
}

impl NoWitness {
    pub(super) fn at(self, endpoint: &str) -> RpcError {
        RpcError {
            endpoint: endpoint.to_owned(),
            method: "getblock",
            kind: crate::RpcErrorKind::Malformed(format!(
                "{} has a witness that is none",
                self.txid
            )),
        }
    }
}
