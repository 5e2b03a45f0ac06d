//! Reads one end of a route from k of n endpoints, as of final blocks.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::{SolCall, SolEvent, SolType, SolValue},
};
use causeway_contracts::{
    NATIVE_COIN, access_manager::AccessManager, attestation_light_client::AttestationLightClient,
    erc1967_proxy::ERC1967Proxy, ics20_transfer::ICS20Transfer, ics26_router::ICS26Router,
    test_erc20::TestERC20, upgradeable_beacon::UpgradeableBeacon,
};
use causeway_evm::{AgreementError, EvmChain, Log, LogQuery, StateQuery};
use causeway_ibc::{Acknowledgement, ClientId, gmp, ics20};
use causeway_ibc_evm::{ClientState, IbcContracts, decode_event, event_topics};
use causeway_relayer::EventKind;
use causeway_types::BlockRef;
use thiserror::Error;
use tokio::sync::OnceCell;
use tracing::warn;

use crate::{asset::Asset, ledger::Fact};

/// How many tokens are asked about in one request.
const TOKENS_PER_REQUEST: usize = 32;

/// Why an end cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Too few endpoints agree.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    /// A contract of ours does not answer as it must.
    #[error("{contract} in block {height} does not answer {question}")]
    Contract {
        /// The contract.
        contract: Address,
        /// The block's height.
        height: u64,
        /// What it was asked.
        question: &'static str,
    },
}

/// Asks the router for its applications, as several endpoints tell alike: a monitor that watched the
/// wrong contracts would see nothing.
pub async fn discover(chain: &EvmChain, router: Address) -> Result<IbcContracts, ReadError> {
    let block = chain.agreed_newest_final_block().await?;
    let app = |port: &str| {
        let call = ICS26Router::getIBCAppCall {
            portId: port.to_owned(),
        };
        ask(router, &call)
    };
    let queries = [app(ics20::PORT), app(gmp::PORT)];
    let answers = chain.agreed_state(&queries, &block).await?;
    let apps: Vec<Address> = answers
        .into_iter()
        .filter_map(|answer| Address::abi_decode(&answer?).ok())
        .collect();
    let [transfer, gmp] = apps[..] else {
        return Err(ReadError::Contract {
            contract: router,
            height: block.height,
            question: "which applications it has",
        });
    };
    Ok(IbcContracts {
        router,
        transfer,
        gmp,
    })
}

/// What stands at one end as of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndState {
    pub(crate) light_client: Address,
    /// Zero before the first transfer.
    pub(crate) escrow: Address,
    pub(crate) seen_of_other: u64,
    pub(crate) frozen: bool,
    pub(crate) transfer_paused: bool,
    pub(crate) gmp_paused: bool,
}

/// A change of what the route rests on: code, roles, clients, pauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// What happened, in the event's own name.
    pub(crate) event: String,
    pub(crate) contract: Address,
    pub(crate) tx: B256,
    pub(crate) height: u64,
}

/// One end of a route.
pub(crate) struct EndReader {
    pub(crate) chain: EvmChain,
    pub(crate) contracts: IbcContracts,
    pub(crate) client: ClientId,
    /// What decides about the contracts: their access manager and the beacons of escrows and vouchers.
    governance: OnceCell<Vec<Address>>,
}

impl EndReader {
    /// An end that is read only when it is asked for.
    pub(crate) fn new(chain: EvmChain, contracts: IbcContracts, client: ClientId) -> Self {
        Self {
            chain,
            contracts,
            client,
            governance: OnceCell::new(),
        }
    }

    /// What has a say over the contracts. Whoever replaces one of these does so in an event that is
    /// told of, and the monitor is then to be started anew.
    async fn governance(&self, block: &BlockRef) -> Result<&[Address], ReadError> {
        let find = async || {
            let (router, transfer) = (self.contracts.router, self.contracts.transfer);
            let queries = [
                ask(router, &ICS26Router::authorityCall {}),
                ask(transfer, &ICS20Transfer::getEscrowBeaconCall {}),
                ask(transfer, &ICS20Transfer::getIBCERC20BeaconCall {}),
            ];
            let answers = self.chain.agreed_state(&queries, block).await?;
            answers
                .into_iter()
                .map(|answer| self.decode(Some(answer), block, "who governs it"))
                .collect()
        };
        let found = self.governance.get_or_try_init(find).await?;
        Ok(found)
    }

    /// The end as of this block.
    pub(crate) async fn state(&self, block: &BlockRef) -> Result<EndState, ReadError> {
        let (router, transfer) = (self.contracts.router, self.contracts.transfer);
        let client = self.client.to_string();
        let queries = [
            ask(
                router,
                &ICS26Router::getClientCall {
                    clientId: client.clone(),
                },
            ),
            ask(transfer, &ICS20Transfer::getEscrowCall { clientId: client }),
            ask(transfer, &ICS20Transfer::pausedCall {}),
            ask(self.contracts.gmp, &ICS20Transfer::pausedCall {}),
        ];
        let answers = self.chain.agreed_state(&queries, block).await?;
        let mut answers = answers.into_iter();
        let light_client = self.decode(answers.next(), block, "which light client it has")?;
        let escrow = self.decode(answers.next(), block, "which escrow it has")?;
        let transfer_paused = self.decode(answers.next(), block, "whether it is paused")?;
        let gmp_paused = self.decode(answers.next(), block, "whether it is paused")?;
        let query = ask(light_client, &AttestationLightClient::getClientStateCall {});
        let mut answers = self.chain.agreed_state(&[query], block).await?.into_iter();
        let state: Bytes = self.decode(answers.next(), block, "the client's state")?;
        let state: ClientState = self.decode(Some(Some(state)), block, "the client's state")?;
        Ok(EndState {
            light_client,
            escrow,
            seen_of_other: state.latestHeight,
            frozen: state.isFrozen,
            transfer_paused,
            gmp_paused,
        })
    }

    // No answer, and the answer that nothing is there.
    #[allow(clippy::option_option)]
    fn decode<T>(
        &self,
        answer: Option<Option<Bytes>>,
        block: &BlockRef,
        question: &'static str,
    ) -> Result<T, ReadError>
    where
        T: SolValue + From<<T::SolType as SolType>::RustType>,
    {
        answer
            .flatten()
            .and_then(|bytes| T::abi_decode(&bytes).ok())
            .ok_or(ReadError::Contract {
                contract: self.contracts.router,
                height: block.height,
                question,
            })
    }

    /// Everything that happened from a height up to this block.
    pub(crate) async fn happened(
        &self,
        from: u64,
        to: &BlockRef,
        light_client: Address,
    ) -> Result<(Vec<Fact>, Vec<Change>), ReadError> {
        let queries = self.queries(light_client, self.governance(to).await?);
        let (mut facts, mut changes) = (Vec::new(), Vec::new());
        let mut next = from;
        let mut range = self.chain.config().max_log_range.max(1);
        while next <= to.height {
            let last = to.height.min(next.saturating_add(range - 1));
            let end = if last == to.height {
                *to
            } else {
                self.chain.agreed_final_block(last).await?
            };
            match self.chain.agreed_log_queries(&queries, next, &end).await {
                Ok(found) => {
                    for log in found.iter().flatten() {
                        self.sort(log, &mut facts, &mut changes);
                    }
                    next = last + 1;
                }
                // Too much for an answer, perhaps: a narrower range says.
                Err(_) if last > next => range = (last - next).div_ceil(2),
                Err(error) => return Err(error.into()),
            }
        }
        Ok((facts, changes))
    }

    fn queries(&self, light_client: Address, governors: &[Address]) -> [LogQuery; 3] {
        let IbcContracts {
            router,
            transfer,
            gmp,
        } = self.contracts;
        let packets = LogQuery {
            addresses: vec![router],
            topics0: event_topics(),
            topic1: Some(keccak256(self.client.as_str())),
        };
        let contracts = LogQuery {
            addresses: vec![router, transfer, gmp],
            topics0: contract_events().iter().map(|(topic, _)| *topic).collect(),
            topic1: None,
        };
        let mut governors = governors.to_vec();
        governors.push(light_client);
        let governance = LogQuery {
            addresses: governors,
            topics0: Vec::new(),
            topic1: None,
        };
        // Vouchers before the packets that move them.
        [contracts, governance, packets]
    }

    fn sort(&self, log: &Log, facts: &mut Vec<Fact>, changes: &mut Vec<Change>) {
        let chain = self.chain.id();
        let topic = log.topics().first().copied().unwrap_or_default();
        if topic == ICS20Transfer::IBCERC20ContractCreated::SIGNATURE_HASH {
            let decoded = ICS20Transfer::IBCERC20ContractCreated::decode_log(&log.inner);
            let created = decoded.map(|log| log.data);
            let hop = format!("{}/{}/", ics20::PORT, self.client);
            match created {
                Ok(created) => {
                    facts.extend(created.fullDenomPath.strip_prefix(&hop).map(|denom| {
                        Fact::VoucherCreated {
                            denom: denom.to_owned(),
                            voucher: created.contractAddress,
                        }
                    }));
                }
                Err(error) => {
                    warn!(%chain, tx = %log.tx_hash, %error, "voucher event cannot be read");
                }
            }
            return;
        }
        if !event_topics().contains(&topic) {
            let name = event_name(topic);
            changes.push(Change {
                event: name.map_or_else(|| format!("event {topic}"), str::to_owned),
                contract: log.address(),
                tx: log.tx_hash,
                height: log.block_height,
            });
            return;
        }
        match decode_event(&log.inner, log.tx_hash, log.log_index) {
            Ok(Some(event)) => {
                let taken = |acks: &[Bytes]| {
                    acks != Acknowledgement::universal_error().app_acknowledgements()
                };
                let packet = event.packet;
                facts.push(match event.kind {
                    EventKind::Sent => Fact::Sent(packet),
                    EventKind::Received { acks } => Fact::Received {
                        success: taken(&acks),
                        packet,
                    },
                    EventKind::Acknowledged { acks } => Fact::Acknowledged {
                        success: taken(&acks),
                        packet,
                    },
                    EventKind::TimedOut => Fact::TimedOut(packet),
                });
            }
            Ok(None) => {}
            Err(error) => warn!(%chain, tx = %log.tx_hash, %error, "packet event cannot be read"),
        }
    }

    /// What the escrow holds of these tokens of this chain.
    pub(crate) async fn locked(
        &self,
        assets: &[&Asset],
        escrow: Address,
        block: &BlockRef,
    ) -> Result<BTreeMap<Asset, U256>, ReadError> {
        let tokens = self.tokens(assets, block).await?;
        let queries = tokens.iter().map(|token| match token {
            Some(NATIVE_COIN) => StateQuery::Balance(escrow),
            // What is no token holds nothing.
            token => ask_stranger(
                token.unwrap_or_default(),
                &TestERC20::balanceOfCall { account: escrow },
            ),
        });
        let words = self.words(queries.collect(), block).await?;
        let assets = assets.iter().map(|&asset| asset.clone());
        Ok(assets
            .zip(words.into_iter().map(Option::unwrap_or_default))
            .collect())
    }

    /// The addresses of tokens by their names on this chain.
    async fn tokens(
        &self,
        assets: &[&Asset],
        block: &BlockRef,
    ) -> Result<Vec<Option<Address>>, ReadError> {
        let traces = assets.iter().filter(|asset| asset.address().is_none());
        let queries = traces.clone().map(|asset| {
            let denom = asset.denom.clone();
            ask(
                self.contracts.transfer,
                &ICS20Transfer::ibcERC20ContractCall { denom },
            )
        });
        let words = self.words(queries.collect(), block).await?;
        let found: BTreeMap<&str, Address> = traces
            .zip(words)
            .filter_map(|(asset, word)| {
                Some((asset.denom.as_str(), Address::from_word(word?.into())))
            })
            .collect();
        let token = |asset: &&Asset| {
            let known = asset.address();
            known.or_else(|| found.get(asset.denom.as_str()).copied())
        };
        Ok(assets.iter().map(token).collect())
    }

    /// The supplies of these vouchers on this chain.
    pub(crate) async fn supplies(
        &self,
        vouchers: &[Address],
        block: &BlockRef,
    ) -> Result<Vec<Option<U256>>, ReadError> {
        let queries = vouchers
            .iter()
            .map(|voucher| ask_stranger(*voucher, &TestERC20::totalSupplyCall {}));
        self.words(queries.collect(), block).await
    }

    /// The answers as numbers, in several requests where there are many.
    async fn words(
        &self,
        queries: Vec<StateQuery>,
        block: &BlockRef,
    ) -> Result<Vec<Option<U256>>, ReadError> {
        let mut words = Vec::with_capacity(queries.len());
        for queries in queries.chunks(TOKENS_PER_REQUEST) {
            // The router's answer shows that the block is known where every token fails.
            let anchor = ask(self.contracts.router, &ICS26Router::authorityCall {});
            let mut asked = vec![anchor];
            asked.extend_from_slice(queries);
            let answers = self.chain.agreed_state(&asked, block).await?;
            let word = |answer: Option<Bytes>| U256::abi_decode(&answer?).ok();
            words.extend(answers.into_iter().skip(1).map(word));
        }
        Ok(words)
    }
}

fn ask(to: Address, call: &impl SolCall) -> StateQuery {
    StateQuery::Call {
        to,
        data: call.abi_encode().into(),
        stranger: false,
    }
}

fn ask_stranger(to: Address, call: &impl SolCall) -> StateQuery {
    StateQuery::Call {
        to,
        data: call.abi_encode().into(),
        stranger: true,
    }
}

/// The events of router and applications that change what the route rests on, or make a voucher.
fn contract_events() -> [(B256, &'static str); 8] {
    use ICS20Transfer as App;
    use ICS26Router as Router;
    [
        (
            App::IBCERC20ContractCreated::SIGNATURE_HASH,
            "IBCERC20ContractCreated",
        ),
        (App::Paused::SIGNATURE_HASH, "Paused"),
        (App::Unpaused::SIGNATURE_HASH, "Unpaused"),
        (App::AuthorityUpdated::SIGNATURE_HASH, "AuthorityUpdated"),
        (ERC1967Proxy::Upgraded::SIGNATURE_HASH, "Upgraded"),
        (
            Router::ICS02ClientMigrated::SIGNATURE_HASH,
            "ICS02ClientMigrated",
        ),
        (
            Router::ICS02MisbehaviourSubmitted::SIGNATURE_HASH,
            "ICS02MisbehaviourSubmitted",
        ),
        (Router::IBCAppAdded::SIGNATURE_HASH, "IBCAppAdded"),
    ]
}

fn event_name(topic: B256) -> Option<&'static str> {
    use AccessManager as Access;
    let governance = [
        (Access::RoleGranted::SIGNATURE_HASH, "RoleGranted"),
        (Access::RoleRevoked::SIGNATURE_HASH, "RoleRevoked"),
        (Access::RoleAdminChanged::SIGNATURE_HASH, "RoleAdminChanged"),
        (
            Access::RoleGuardianChanged::SIGNATURE_HASH,
            "RoleGuardianChanged",
        ),
        (
            Access::TargetFunctionRoleUpdated::SIGNATURE_HASH,
            "TargetFunctionRoleUpdated",
        ),
        (Access::TargetClosed::SIGNATURE_HASH, "TargetClosed"),
        (
            Access::OperationScheduled::SIGNATURE_HASH,
            "OperationScheduled",
        ),
        (
            Access::OperationExecuted::SIGNATURE_HASH,
            "OperationExecuted",
        ),
        (UpgradeableBeacon::Upgraded::SIGNATURE_HASH, "Upgraded"),
    ];
    contract_events()
        .into_iter()
        .chain(governance)
        .find(|(known, _)| *known == topic)
        .map(|(_, name)| name)
}
