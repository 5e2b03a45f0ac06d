//! The contracts of one chain as a model: router, light client, and a transfer application whose
//! books can be audited at any moment.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, U256};
use causeway_ibc::{
    Acknowledgement, AttestationKind, ClientId, Committee, Domain, HostPath, Packet,
    PacketAttestation, Sequence, SignedAttestation, StateAttestation, attestation_digest,
    ics20::{Denom, FungibleTokenPacketData, PORT, SUCCESS_ACKNOWLEDGEMENT},
    recover,
};
use causeway_types::{BlockRef, Timestamp};

use crate::host::{EventKind, Message, Proof};

/// A receiver whose token transfers fail: the destination answers with an error.
pub(super) const NOBODY: &str = "nobody";
/// A receiver for whom delivery reverts, whatever one does.
pub(super) const POISON: &str = "poison";

/// What never changes of a chain's contracts.
#[derive(Clone, Debug)]
pub(super) struct Contracts {
    pub(super) client: ClientId,
    pub(super) counterparty: ClientId,
    pub(super) committee: Committee,
    pub(super) domain: Domain,
    /// The token that is at home here.
    pub(super) token: Denom,
    /// The token that is at home on the other chain, as this one calls it.
    pub(super) voucher: Denom,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revert(pub(super) String);

fn require(holds: bool, otherwise: &str) -> Result<(), Revert> {
    holds
        .then_some(())
        .ok_or_else(|| Revert(otherwise.to_owned()))
}

/// What a user asks for.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Whether the other chain's token goes home, instead of this chain's abroad.
    pub(super) homeward: bool,
    pub(super) amount: u64,
    pub(super) receiver: &'static str,
    pub(super) timeout: Timestamp,
}

/// What a transaction does.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Send(Order),
    Relay {
        proof: Proof,
        messages: Vec<Message>,
    },
}

/// How often the application was told what became of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) amount: u64,
    pub(super) homeward: bool,
    pub(super) paid_out: u32,
    pub(super) acknowledged: u32,
    pub(super) refunded: u32,
}

/// What a chain's contracts store.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    commitments: BTreeMap<B256, B256>,
    sent: u64,
    consensus: BTreeMap<u64, Timestamp>,
    pub(super) frozen: bool,
    /// What the users here have of the token that is at home here.
    pub(super) home: u64,
    /// What is locked of it.
    pub(super) escrow: u64,
    /// What is minted here of the other chain's token.
    pub(super) vouchers: u64,
    /// By sequence: packets that left from here.
    pub(super) outgoing: BTreeMap<u64, Told>,
    /// By sequence: packets that came here.
    pub(super) incoming: BTreeMap<u64, Told>,
}

type Events = Vec<(EventKind, Packet)>;

impl State {
    pub(super) fn with_money(home: u64) -> Self {
        Self {
            home,
            ..Self::default()
        }
    }

    pub(super) fn commitment(&self, path: B256) -> B256 {
        self.commitments.get(&path).copied().unwrap_or_default()
    }

    pub(super) fn holds(&self, path: &HostPath) -> bool {
        !self.commitment(path.key()).is_zero()
    }

    /// Carries out a transaction in a block of this time: all of it or nothing.
    pub(super) fn execute(
        &mut self,
        contracts: &Contracts,
        call: &Call,
        now: Timestamp,
    ) -> Result<Events, Revert> {
        let mut next = self.clone();
        let mut events = Vec::new();
        match call {
            Call::Send(order) => events.push(next.send(contracts, order, now)?),
            Call::Relay { proof, messages } => {
                next.update_client(contracts, &proof.state)?;
                for message in messages {
                    events.extend(next.message(contracts, proof, message, now)?);
                }
            }
        }
        *self = next;
        Ok(events)
    }

    fn send(
        &mut self,
        contracts: &Contracts,
        order: &Order,
        now: Timestamp,
    ) -> Result<(EventKind, Packet), Revert> {
        require(order.timeout > now, "the timeout is over")?;
        let (from, denom) = if order.homeward {
            (&mut self.vouchers, &contracts.voucher)
        } else {
            (&mut self.home, &contracts.token)
        };
        *from = from
            .checked_sub(order.amount)
            .ok_or_else(|| Revert("too little".to_owned()))?;
        if !order.homeward {
            self.escrow += order.amount;
        }
        self.sent += 1;
        let transfer = FungibleTokenPacketData {
            denom: denom.to_string(),
            sender: "somebody".to_owned(),
            receiver: order.receiver.to_owned(),
            amount: U256::from(order.amount),
            memo: String::new(),
        };
        let packet = Packet {
            sequence: Sequence::try_from(self.sent).unwrap(),
            source_client: contracts.client.clone(),
            dest_client: contracts.counterparty.clone(),
            timeout: order.timeout,
            payloads: vec![transfer.payload()],
        };
        self.commitments
            .insert(packet.commitment_path().key(), packet.commitment());
        let Order {
            amount, homeward, ..
        } = *order;
        self.outgoing.insert(
            self.sent,
            Told {
                amount,
                homeward,
                ..Told::default()
            },
        );
        Ok((EventKind::Sent, packet))
    }

    fn update_client(
        &mut self,
        contracts: &Contracts,
        state: &SignedAttestation,
    ) -> Result<(), Revert> {
        require(!self.frozen, "the client is frozen")?;
        verify(contracts, AttestationKind::State, state)?;
        let state = StateAttestation::decode(&state.data).map_err(|e| Revert(e.to_string()))?;
        let known = *self
            .consensus
            .entry(state.height)
            .or_insert(state.timestamp);
        self.frozen |= known != state.timestamp;
        Ok(())
    }

    /// Membership, or for zero non-membership, at the proof's height; the time of that height.
    fn verify_path(
        &self,
        contracts: &Contracts,
        proof: &Proof,
        path: &HostPath,
        value: B256,
    ) -> Result<Timestamp, Revert> {
        require(!self.frozen, "the client is frozen")?;
        let time = self.consensus.get(&proof.height).copied();
        let time = time.ok_or_else(|| Revert("the height is not known".to_owned()))?;
        verify(contracts, AttestationKind::Packet, &proof.packets)?;
        let attested =
            PacketAttestation::decode(&proof.packets.data).map_err(|e| Revert(e.to_string()))?;
        require(
            attested.height == proof.height,
            "the proof is of another height",
        )?;
        let member = attested
            .packets
            .iter()
            .any(|entry| entry.path == path.key() && entry.commitment == value);
        require(member, "the proof does not show it")?;
        Ok(time)
    }

    fn message(
        &mut self,
        contracts: &Contracts,
        proof: &Proof,
        message: &Message,
        now: Timestamp,
    ) -> Result<Option<(EventKind, Packet)>, Revert> {
        let packet = message.packet().clone();
        let (here, there) = match message {
            Message::Receive { .. } => (&packet.dest_client, &packet.source_client),
            _ => (&packet.source_client, &packet.dest_client),
        };
        let ours = (here, there) == (&contracts.client, &contracts.counterparty);
        require(ours, "another client's packet")?;
        if matches!(message, Message::Receive { .. }) {
            require(packet.timeout > now, "the packet's time is over")?;
        }
        let value = message.proven_commitment();
        let time = self.verify_path(contracts, proof, &message.proven_path(), value)?;
        match message {
            Message::Receive { .. } => self.receive(contracts, packet),
            Message::Acknowledge { acks, .. } => {
                if !self.settle(&packet)? {
                    return Ok(None);
                }
                let ack = Acknowledgement::try_from(acks.clone()).unwrap();
                self.concluded(&packet, ack.is_universal_error());
                Ok(Some((
                    EventKind::Acknowledged { acks: acks.clone() },
                    packet,
                )))
            }
            Message::Timeout { .. } => {
                require(time >= packet.timeout, "the packet's time is not over")?;
                if !self.settle(&packet)? {
                    return Ok(None);
                }
                self.concluded(&packet, true);
                Ok(Some((EventKind::TimedOut, packet)))
            }
        }
    }

    fn receive(
        &mut self,
        contracts: &Contracts,
        packet: Packet,
    ) -> Result<Option<(EventKind, Packet)>, Revert> {
        let receipt = packet.receipt_path().key();
        if !self.commitment(receipt).is_zero() {
            return Ok(None);
        }
        self.commitments.insert(receipt, packet.receipt_value());
        let transfer = transfer(&packet);
        require(
            transfer.receiver != POISON,
            "the application ran out of gas",
        )?;
        let told = self.incoming.entry(packet.sequence.get()).or_default();
        let acks = if transfer.receiver == NOBODY {
            Acknowledgement::universal_error()
                .app_acknowledgements()
                .to_vec()
        } else {
            told.paid_out += 1;
            let denom = Denom::parse(&transfer.denom).unwrap();
            let amount = u64::try_from(transfer.amount).unwrap();
            if let Some(home) = denom.unprefixed(PORT, &packet.source_client) {
                assert_eq!(home, contracts.token);
                self.home += amount;
                self.escrow = self
                    .escrow
                    .checked_sub(amount)
                    .expect("unlocked what is not locked");
            } else {
                assert_eq!(
                    denom.received_through(PORT, &contracts.client),
                    contracts.voucher
                );
                self.vouchers += amount;
            }
            vec![Bytes::from_static(SUCCESS_ACKNOWLEDGEMENT)]
        };
        self.commitments
            .insert(packet.ack_path().key(), causeway_ibc::ack_commitment(&acks));
        Ok(Some((EventKind::Received { acks }, packet)))
    }

    /// Deletes the packet's commitment; false if it is gone already.
    fn settle(&mut self, packet: &Packet) -> Result<bool, Revert> {
        let path = packet.commitment_path().key();
        let stored = self.commitment(path);
        if stored.is_zero() {
            return Ok(false);
        }
        require(stored == packet.commitment(), "another packet")?;
        self.commitments.remove(&path);
        Ok(true)
    }

    fn concluded(&mut self, packet: &Packet, failed: bool) {
        let told = self.outgoing.entry(packet.sequence.get()).or_default();
        if !failed {
            told.acknowledged += 1;
            return;
        }
        told.refunded += 1;
        let transfer = transfer(packet);
        let amount = u64::try_from(transfer.amount).unwrap();
        let denom = Denom::parse(&transfer.denom).unwrap();
        if denom.returns_to_origin(PORT, &packet.source_client) {
            self.vouchers += amount;
        } else {
            self.home += amount;
            self.escrow = self
                .escrow
                .checked_sub(amount)
                .expect("refunded what is not locked");
        }
    }
}

pub(super) fn transfer(packet: &Packet) -> FungibleTokenPacketData {
    FungibleTokenPacketData::decode(&packet.payloads[0].value).unwrap()
}

/// As the contract: enough signatures, each by another member, all of this client's digest.
fn verify(
    contracts: &Contracts,
    kind: AttestationKind,
    signed: &SignedAttestation,
) -> Result<(), Revert> {
    let digest = attestation_digest(kind, &contracts.domain, &signed.data);
    let threshold = usize::from(contracts.committee.threshold());
    require(
        signed.signatures.len() >= threshold,
        "the threshold is not met",
    )?;
    let mut signers = Vec::new();
    for signature in &signed.signatures {
        let signer = recover(digest, signature).map_err(|e| Revert(e.to_string()))?;
        require(
            contracts.committee.members().contains(&signer),
            "an unknown signer",
        )?;
        require(!signers.contains(&signer), "a signer twice")?;
        signers.push(signer);
    }
    Ok(())
}

/// A block as it is known outside.
pub(super) fn next_block(parent: &BlockRef, hash: B256, now: Timestamp) -> BlockRef {
    BlockRef {
        height: parent.height + 1,
        hash,
        parent: parent.hash,
        timestamp: now.max(parent.timestamp),
    }
}
