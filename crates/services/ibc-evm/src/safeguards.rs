//! Limits, held transfers and pauses: what they are on one chain, and the orders of those who hold the roles.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::DynProvider,
    sol_types::SolCall,
};
use causeway_contracts::{
    ics20_transfer::ICS20Transfer,
    transfer_safeguards::{ITransferSafeguardsMsgs, TransferSafeguards},
};
use causeway_ibc::ClientId;
use causeway_types::Timestamp;

use crate::{
    account::{Account, SendError},
    contracts::IbcContracts,
    order::Token,
};

/// How many held transfers are read at a time.
const PAGE: u64 = 100;

/// Which way tokens go, seen from one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// They leave.
    Outgoing,
    /// They arrive.
    Incoming,
}

/// How much of a token may pass over a client: a bucket that fills evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The most that passes at once, in the token's smallest units.
    pub capacity: u128,
    /// In how many seconds as much flows in again.
    pub period: u32,
    /// How much can pass now, in the token's smallest units.
    pub available: U256,
}

/// Which amounts wait for a guardian's look when they arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The least amount, in the token's smallest units.
    pub from: u128,
    /// For how many seconds it is held.
    pub seconds: u32,
}

/// The safeguards of a token over a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenSafeguards {
    /// What may be sent; `None` if there is no limit.
    pub outgoing: Option<Limit>,
    /// What may be received; `None` if there is no limit.
    pub incoming: Option<Limit>,
    /// What is held; `None` if nothing is.
    pub hold: Option<Hold>,
    /// How much has arrived and is not paid out, in the token's smallest units.
    pub held: U256,
}

/// What has become of a held transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldStatus {
    /// It waits for its time.
    Held,
    /// A guardian stopped it; the administrator decides.
    Vetoed,
    /// It was paid out.
    Released,
    /// It was sent back.
    Returned,
}

/// A transfer that has arrived and was not paid out at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldTransfer {
    /// Its number on its chain.
    pub id: u64,
    /// What has become of it.
    pub status: HeldStatus,
    /// The token to be paid out.
    pub token: Address,
    /// How much, in the token's smallest units.
    pub amount: U256,
    /// Who gets it.
    pub receiver: Address,
    /// Who sent it, in the sending chain's notation.
    pub sender: String,
    /// This chain's client that it came over.
    pub client: String,
    /// From when on anybody may release it.
    pub release_at: Timestamp,
}

/// The safeguards of one chain, to be looked at.
pub struct Safeguards {
    provider: DynProvider,
    transfer: Address,
}

impl Safeguards {
    /// Those of these contracts.
    pub fn new(provider: DynProvider, contracts: &IbcContracts) -> Self {
        Self {
            provider,
            transfer: contracts.transfer,
        }
    }

    /// The safeguards of a token over a client.
    pub async fn of_token(
        &self,
        client: &ClientId,
        token: Token,
    ) -> Result<TokenSafeguards, alloy::contract::Error> {
        let contract = TransferSafeguards::new(self.transfer, &self.provider);
        let found = contract
            .safeguardsOf(client.to_string(), token.address())
            .call()
            .await?;
        let limit = |limit: ITransferSafeguardsMsgs::Limit| {
            (limit.period != 0).then_some(Limit {
                capacity: limit.capacity,
                period: limit.period,
                available: limit.available,
            })
        };
        Ok(TokenSafeguards {
            outgoing: limit(found.outgoing),
            incoming: limit(found.incoming),
            hold: (found.holdSeconds != 0).then_some(Hold {
                from: found.holdFrom,
                seconds: found.holdSeconds,
            }),
            held: found.held,
        })
    }

    /// Whether only tokens with limits pass over a client.
    pub async fn limits_required(&self, client: &ClientId) -> Result<bool, alloy::contract::Error> {
        let contract = TransferSafeguards::new(self.transfer, &self.provider);
        contract.limitsRequired(client.to_string()).call().await
    }

    /// All transfers that are or were held here, oldest first.
    pub async fn held_transfers(&self) -> Result<Vec<HeldTransfer>, alloy::contract::Error> {
        let contract = TransferSafeguards::new(self.transfer, &self.provider);
        let mut all = Vec::new();
        loop {
            let first = all.len() as u64 + 1;
            let page = contract.heldTransfers(U256::from(first), U256::from(PAGE));
            let page = page.call().await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend((first..).zip(page).map(|(id, found)| HeldTransfer {
                id,
                status: match found.status {
                    1 => HeldStatus::Held,
                    2 => HeldStatus::Vetoed,
                    3 => HeldStatus::Released,
                    _ => HeldStatus::Returned,
                },
                token: found.token,
                amount: found.amount,
                receiver: found.receiver,
                sender: found.sender,
                client: found.clientId,
                release_at: Timestamp::from_secs(found.releaseAt),
            }));
        }
    }
}

/// What somebody with a role can order on one chain.
#[derive(Clone, Debug)]
pub enum GuardOrder {
    /// Limits a token over a client; `None` lifts the limit. For rate limiters.
    Limit {
        /// The client.
        client: ClientId,
        /// The token.
        token: Token,
        /// Which way.
        flow: Flow,
        /// The most that passes at once in the token's smallest units, and in how many seconds as
        /// much flows in again (at least one).
        limit: Option<(u128, u32)>,
    },
    /// Holds large amounts that arrive; `None` holds nothing more. For rate limiters.
    Hold {
        /// The client.
        client: ClientId,
        /// The token.
        token: Token,
        /// What is held.
        hold: Option<Hold>,
    },
    /// Lets only tokens with limits pass over a client, or all. For rate limiters.
    RequireLimits {
        /// The client.
        client: ClientId,
        /// True for only those with limits.
        required: bool,
    },
    /// Pays out what was held for long enough. For everybody.
    Release(u64),
    /// Stops a held transfer. For guardians.
    Veto(u64),
    /// Pays out what was vetoed. For the administrator.
    ReleaseVetoed(u64),
    /// Sends back what was vetoed. For the administrator.
    ReturnVetoed {
        /// The held transfer.
        id: u64,
        /// The sender's chain takes it only before this time.
        timeout: Timestamp,
    },
    /// Stops transfers and calls, of one client or of all. For pausers.
    Pause(Option<ClientId>),
    /// Resumes them. For unpausers.
    Unpause(Option<ClientId>),
}

impl GuardOrder {
    /// What the transactions are called, whom they go to, and what they say.
    fn calls(&self, contracts: &IbcContracts) -> Vec<(&'static str, Address, Bytes)> {
        let transfer = contracts.transfer;
        let one = |what, call: Vec<u8>| vec![(what, transfer, Bytes::from(call))];
        let id = |id: &u64| U256::from(*id);
        match self {
            Self::Limit {
                client,
                token,
                flow,
                limit,
            } => {
                let (capacity, period) = limit.unwrap_or_default();
                let call = TransferSafeguards::setLimitCall {
                    clientId: client.to_string(),
                    token: token.address(),
                    direction: match flow {
                        Flow::Outgoing => 0,
                        Flow::Incoming => 1,
                    },
                    capacity,
                    period,
                };
                one("setting the limit", call.abi_encode())
            }
            Self::Hold {
                client,
                token,
                hold,
            } => {
                let call = TransferSafeguards::setHoldCall {
                    clientId: client.to_string(),
                    token: token.address(),
                    holdFrom: hold.map_or(0, |hold| hold.from),
                    holdSeconds: hold.map_or(0, |hold| hold.seconds),
                };
                one("setting what is held", call.abi_encode())
            }
            Self::RequireLimits { client, required } => {
                let call = TransferSafeguards::requireLimitsCall {
                    clientId: client.to_string(),
                    required: *required,
                };
                one("requiring limits", call.abi_encode())
            }
            Self::Release(held) => {
                let call = TransferSafeguards::releaseHeldCall { id: id(held) };
                one("the release", call.abi_encode())
            }
            Self::Veto(held) => {
                let call = TransferSafeguards::vetoHeldCall { id: id(held) };
                one("the veto", call.abi_encode())
            }
            Self::ReleaseVetoed(held) => {
                let call = TransferSafeguards::releaseVetoedCall { id: id(held) };
                one("the release", call.abi_encode())
            }
            Self::ReturnVetoed { id: held, timeout } => {
                let call = TransferSafeguards::returnVetoedCall {
                    id: id(held),
                    timeoutTimestamp: timeout.as_secs(),
                };
                one("the return", call.abi_encode())
            }
            Self::Pause(client) => {
                let call = match client {
                    None => ICS20Transfer::pauseCall {}.abi_encode(),
                    Some(client) => TransferSafeguards::pauseClientCall {
                        clientId: client.to_string(),
                    }
                    .abi_encode(),
                };
                both(contracts, "pausing", &call)
            }
            Self::Unpause(client) => {
                let call = match client {
                    None => ICS20Transfer::unpauseCall {}.abi_encode(),
                    Some(client) => TransferSafeguards::unpauseClientCall {
                        clientId: client.to_string(),
                    }
                    .abi_encode(),
                };
                both(contracts, "resuming", &call)
            }
        }
    }
}

/// The applications share their switches, and so the calls that turn them.
fn both(
    contracts: &IbcContracts,
    what: &'static str,
    call: &[u8],
) -> Vec<(&'static str, Address, Bytes)> {
    [contracts.transfer, contracts.gmp]
        .map(|app| (what, app, Bytes::copy_from_slice(call)))
        .into()
}

/// A transaction that carried out an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CarriedOut {
    /// The transaction.
    pub tx: B256,
    /// The height of its block.
    pub height: u64,
    /// What it cost.
    pub gas_used: u64,
}

impl Account {
    /// Carries out an order, in one transaction or in one per application. What is done already
    /// (an application that is paused, say) is left as it is.
    pub async fn guard(&self, order: &GuardOrder) -> Result<Vec<CarriedOut>, SendError> {
        let mut done = Vec::new();
        for (what, to, call) in order.calls(self.contracts()) {
            if self.is_done(order, to).await? {
                continue;
            }
            let receipt = self.execute(what, to, call, U256::ZERO).await?;
            done.push(CarriedOut {
                tx: receipt.transaction_hash,
                height: receipt.block_number.unwrap_or_default(),
                gas_used: receipt.gas_used,
            });
        }
        Ok(done)
    }

    async fn is_done(&self, order: &GuardOrder, app: Address) -> Result<bool, SendError> {
        let (client, wanted) = match order {
            GuardOrder::Pause(client) => (client, true),
            GuardOrder::Unpause(client) => (client, false),
            _ => return Ok(false),
        };
        let paused = match client {
            None => {
                let app = ICS20Transfer::new(app, self.provider());
                app.paused().call().await?
            }
            Some(client) => {
                let app = TransferSafeguards::new(app, self.provider());
                app.clientPaused(client.to_string()).call().await?
            }
        };
        Ok(paused == wanted)
    }
}
