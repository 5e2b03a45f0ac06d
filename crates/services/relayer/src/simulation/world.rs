//! Two chains and three attestors, as the relayer meets them.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::{Address, B256, Bytes, Keccak256};
use async_trait::async_trait;
use causeway_attestor::{
    AttestError, AttestRequest, Attestation, Attested, AttestedClient, Attestor, EndpointHealth,
    Source, SourceError,
};
use causeway_engine::{Engine, UnixMillis};
use causeway_ibc::{
    AttestationKind, ClientId, Committee, Domain, PacketAttestation, PathCommitment, Signature65,
    SignedAttestation, StateAttestation, attestation_digest,
    ics20::{Denom, PORT},
};
use causeway_types::{BlockRef, ChainId, Timestamp};
use futures::future::{BoxFuture, FutureExt as _};

use super::{
    chain::Chain,
    job::{Point, beside, reach, wait_for_turn},
    router::Contracts,
};
use crate::{
    attestations::{Witness, WitnessError},
    host::Proof,
    route::{ClientEnd, Route},
};

/// When every simulation begins.
const BEGINNING: i64 = 1_700_000_000_000;

/// How an attestor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    Down,
    /// Answers, but only in its own time.
    Slow,
    /// Signs the contrary of what is.
    Lying,
}

pub(super) struct World {
    pub(super) now: UnixMillis,
    pub(super) chains: [Chain; 2],
    pub(super) attestors: [Mood; 3],
    /// What must never happen and did.
    pub(super) violations: Vec<String>,
    trace: Keccak256,
    /// The end of the trace in words, for whoever looks into a failure.
    pub(super) recent: Vec<String>,
}

/// The world, shared by the simulator and everything that it simulates.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<World>>);

fn client_on(side: usize) -> ClientId {
    ["client-0", "client-7"][side].parse().unwrap()
}

pub(super) fn chain_id(side: usize) -> ChainId {
    ChainId::eip155([31337, 31338][side])
}

pub(super) fn end(side: usize) -> ClientEnd {
    ClientEnd {
        chain: chain_id(side),
        client: client_on(side),
    }
}

pub(super) fn route() -> Route {
    Route {
        a: end(0),
        b: end(1),
    }
}

pub(super) fn key(number: usize) -> PrivateKeySigner {
    let number = u8::try_from(number + 1).unwrap();
    PrivateKeySigner::from_bytes(&B256::with_last_byte(number)).unwrap()
}

pub(super) fn contracts(side: usize) -> Contracts {
    let members = (0..3).map(|number| key(number).address()).collect();
    let client = client_on(side);
    let token = |side: usize| Denom::parse(&format!("0x{side:040}")).unwrap();
    let router = Address::repeat_byte(9);
    Contracts {
        domain: Domain::of_client(chain_id(side).eip155_id().unwrap(), router, &client),
        committee: Committee::new(members, 2).unwrap(),
        token: token(side),
        voucher: token(1 - side).received_through(PORT, &client),
        counterparty: client_on(1 - side),
        client,
    }
}

impl Shared {
    pub(super) fn new(depths: [u64; 2], ahead_secs: [u64; 2]) -> Self {
        let start = Timestamp::from_secs(u64::try_from(BEGINNING / 1000).unwrap());
        let chain = |side: usize| {
            Chain::new(
                chain_id(side),
                contracts(side),
                depths[side],
                ahead_secs[side],
                start,
            )
        };
        Self(Arc::new(Mutex::new(World {
            now: UnixMillis::from_millis(BEGINNING),
            chains: [chain(0), chain(1)],
            attestors: [Mood::Well; 3],
            violations: vec![],
            trace: Keccak256::new(),
            recent: vec![],
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn note(&self, line: String) {
        let mut world = self.lock();
        world.trace.update(line.as_bytes());
        if world.recent.len() >= 10_000 {
            world.recent.drain(..5_000);
        }
        world.recent.push(line);
    }

    pub(super) fn trace(&self) -> B256 {
        self.lock().trace.clone().finalize()
    }
}

impl World {
    /// The wall clock in whole seconds.
    pub(super) fn seconds(&self) -> Timestamp {
        Timestamp::from_secs(u64::try_from(self.now.as_millis() / 1000).unwrap())
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.now = self.now.plus(by);
    }
}

/// One chain's final state, as an attestor sees it.
struct FinalState {
    world: Shared,
    chain: ChainId,
    side: usize,
}

impl Source for FinalState {
    fn chain(&self) -> &ChainId {
        &self.chain
    }

    fn final_block(
        &self,
        height: u64,
        _patience: Duration,
    ) -> BoxFuture<'_, Result<BlockRef, SourceError>> {
        let world = self.world.lock();
        let chain = &world.chains[self.side];
        let final_height = chain.final_block().name.height;
        let block = if height <= final_height {
            Ok(chain.at(height).unwrap().name)
        } else {
            Err(SourceError::NotYetFinal {
                height,
                final_height: Some(final_height),
            })
        };
        futures::future::ready(block).boxed()
    }

    fn commitments<'a>(
        &'a self,
        block: &'a BlockRef,
        paths: &'a [B256],
    ) -> BoxFuture<'a, Result<Vec<B256>, SourceError>> {
        let world = self.world.lock();
        let found = world.chains[self.side].at(block.height).unwrap();
        assert_eq!(found.name.hash, block.hash, "a final block has changed");
        let commitments = paths
            .iter()
            .map(|path| found.state.commitment(*path))
            .collect();
        futures::future::ready(Ok(commitments)).boxed()
    }

    fn final_height(&self) -> Option<u64> {
        Some(
            self.world.lock().chains[self.side]
                .final_block()
                .name
                .height,
        )
    }

    /// The attestors of this world have signed nothing before it began.
    fn newest_height(&self) -> BoxFuture<'_, Result<u64, SourceError>> {
        futures::future::ready(Ok(0)).boxed()
    }

    fn health(&self) -> Vec<EndpointHealth> {
        vec![]
    }
}

/// A real attestor with its own database, in whatever mood the world says.
pub(super) struct MoodyWitness {
    world: Shared,
    number: usize,
    attestor: Attestor,
}

impl MoodyWitness {
    pub(super) async fn new(world: &Shared, number: usize) -> Self {
        let clients = (0..2).map(|side| AttestedClient {
            host_chain: chain_id(side),
            client: client_on(side),
            source: Arc::new(FinalState {
                world: world.clone(),
                chain: chain_id(1 - side),
                side: 1 - side,
            }),
            domain: contracts(side).domain,
        });
        let engine = Engine::open("sqlite::memory:").await.unwrap();
        let attestor = Attestor::new(Arc::new(key(number)), clients.collect(), engine).unwrap();
        Self {
            world: world.clone(),
            number,
            attestor,
        }
    }

    /// The contrary of the truth, well signed.
    fn lie(&self, request: &AttestRequest, truth: Attested) -> Attested {
        let side = usize::from(request.client.chain != chain_id(0));
        let domain = contracts(side).domain;
        let signed = |kind, data| sign(self.number, kind, &domain, data);
        let mut state = StateAttestation::decode(&truth.state.data).unwrap();
        state.timestamp = state.timestamp.plus_secs(100_000);
        let packets = truth.packets.map(|packets| {
            let mut packets = PacketAttestation::decode(&packets.data).unwrap();
            for entry in &mut packets.packets {
                let lie = if entry.commitment.is_zero() {
                    B256::repeat_byte(1)
                } else {
                    B256::ZERO
                };
                entry.commitment = lie;
            }
            signed(AttestationKind::Packet, packets.encode())
        });
        let state = signed(AttestationKind::State, state.encode());
        Attested {
            attestor: truth.attestor,
            state,
            packets,
        }
    }
}

#[async_trait]
impl Witness for MoodyWitness {
    async fn attest(&self, request: &AttestRequest) -> Result<Attested, WitnessError> {
        if self.number == 0 {
            reach(Point::Witness).await;
        }
        let mood = || self.world.lock().attestors[self.number];
        if mood() == Mood::Slow {
            wait_for_turn().await;
        }
        if mood() == Mood::Down {
            let (answering, needed, reason) = (0, 1, format!("attestor {} is down", self.number));
            let down = SourceError::Unreachable {
                answering,
                needed,
                reason,
            };
            return Err(AttestError::from(down).into());
        }
        let truth = beside(self.attestor.attest(request.clone())).await?;
        Ok(if mood() == Mood::Lying {
            self.lie(request, truth)
        } else {
            truth
        })
    }
}

fn sign(number: usize, kind: AttestationKind, domain: &Domain, data: Bytes) -> Attestation {
    let digest = attestation_digest(kind, domain, &data);
    let signature = key(number).sign_hash_sync(&digest).unwrap();
    Attestation {
        data,
        signature: Signature65::new(signature.as_bytes()),
    }
}

/// What one key that was stolen can prove to the client on this side: nothing.
pub(super) fn forged(side: usize, state: StateAttestation, path: B256, commitment: B256) -> Proof {
    let domain = contracts(side).domain;
    let height = state.height;
    let packets = vec![PathCommitment { path, commitment }];
    let signed = |kind, data| {
        let Attestation { data, signature } = sign(0, kind, &domain, data);
        SignedAttestation {
            data,
            signatures: vec![signature],
        }
    };
    let packets = PacketAttestation { height, packets };
    Proof {
        height,
        state: signed(AttestationKind::State, state.encode()),
        packets: signed(AttestationKind::Packet, packets.encode()),
    }
}
