//! Two connected chains, and a relayer between them.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::ics20_transfer::{ICS20Transfer, IICS20TransferMsgs::SendTransferMsg};
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::ics26_router::IICS02ClientMsgs::Height;
use causeway_contracts::ics26_router::IICS26RouterMsgs::{
    MsgAckPacket, MsgRecvPacket, MsgTimeoutPacket, Packet,
};
use causeway_contracts::test_erc20::TestERC20;

use super::attestors::Attestors;
use super::chain::{ALICE, BOB, Chain, Failure, RELAYER, Receipt, path_hash};

pub const COMMITMENT: u8 = 1;
pub const RECEIPT: u8 = 2;
pub const ACKNOWLEDGEMENT: u8 = 3;

/// An hour: what transfers in these tests have until they time out.
pub const TIMEOUT: u64 = 3600;

/// Which of the two chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    A,
    B,
}

impl Side {
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

#[derive(Clone)]
pub struct Network {
    pub a: Chain,
    pub b: Chain,
    /// Sign for both chains, in different domains.
    pub attestors: Attestors,
    /// A token at home on chain A, of which Alice holds a million.
    pub token: Address,
}

impl Network {
    pub fn new() -> Self {
        let attestors = Attestors::new(3, 5, 1);
        let mut a = Chain::empty(31337);
        let mut b = Chain::empty(31338);
        a.deploy_stack();
        b.deploy_stack();
        a.connect("beta-on-alpha", "alpha-on-beta", &b, &attestors);
        b.connect("alpha-on-beta", "beta-on-alpha", &a, &attestors);
        let token = new_token(&mut a, "Harbour", "HBR", 6);
        Self {
            a,
            b,
            attestors,
            token,
        }
    }

    pub fn chain(&mut self, side: Side) -> &mut Chain {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    pub fn chain_ref(&self, side: Side) -> &Chain {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    pub fn domain(&self, side: Side) -> B256 {
        let chain = self.chain_ref(side);
        chain.domain(&chain.client_id)
    }

    /// A transfer from `side` by Alice to Bob.
    pub fn transfer_msg(&self, side: Side, token: Address, amount: u64) -> SendTransferMsg {
        let chain = self.chain_ref(side);
        SendTransferMsg {
            denom: token,
            amount: U256::from(amount),
            receiver: BOB.to_checksum(None),
            sourceClient: chain.client_id.clone(),
            destPort: "transfer".into(),
            timeoutTimestamp: self.chain_ref(side.other()).timestamp + TIMEOUT,
            memo: String::new(),
        }
    }

    pub fn try_transfer(
        &mut self,
        side: Side,
        token: Address,
        amount: u64,
    ) -> Result<Receipt, Failure> {
        let msg_ = self.transfer_msg(side, token, amount);
        let chain = self.chain(side);
        chain.send(
            ALICE,
            chain.transfer,
            &ICS20Transfer::sendTransferCall { msg_ },
        )
    }

    /// Sends Alice's tokens and returns the transfer's packet, after any announcement.
    pub fn transfer(&mut self, side: Side, token: Address, amount: u64) -> Packet {
        let receipt = self
            .try_transfer(side, token, amount)
            .expect("a transfer failed");
        receipt.sent().pop().expect("no packet")
    }

    /// Tells the light client on `side` the head of the other chain, and returns its height.
    pub fn update(&mut self, side: Side) -> u64 {
        self.try_update(side).expect("an update failed")
    }

    pub fn try_update(&mut self, side: Side) -> Result<u64, Failure> {
        let other = self.chain(side.other());
        other.next_block();
        let (height, timestamp) = (other.height, other.timestamp);
        let update = self
            .attestors
            .prove_state(self.domain(side), height, timestamp);
        let chain = self.chain(side);
        let call = ICS26Router::updateClientCall {
            clientId: chain.client_id.clone(),
            updateMsg: update,
        };
        chain.send(RELAYER, chain.router, &call)?;
        Ok(height)
    }

    /// Attests, for the client on `side`, what the other chain really stores under the paths.
    pub fn attest(&self, side: Side, height: u64, paths: &[(u8, &Packet)]) -> Bytes {
        let other = self.chain_ref(side.other());
        let entries: Vec<_> = paths
            .iter()
            .map(|(tag, packet)| {
                let client = if *tag == COMMITMENT {
                    &packet.sourceClient
                } else {
                    &packet.destClient
                };
                let path = path_hash(client, *tag, packet.sequence);
                (path, other.commitment(path))
            })
            .collect();
        self.attestors
            .prove_packets(self.domain(side), height, &entries)
    }

    pub fn recv_call(packet: &Packet, proof: Bytes, height: u64) -> ICS26Router::recvPacketCall {
        ICS26Router::recvPacketCall {
            msg_: MsgRecvPacket {
                packet: packet.clone(),
                proofCommitment: proof,
                proofHeight: Height {
                    revisionNumber: 0,
                    revisionHeight: height,
                },
            },
        }
    }

    pub fn ack_call(
        packet: &Packet,
        acknowledgement: &Bytes,
        proof: Bytes,
        height: u64,
    ) -> ICS26Router::ackPacketCall {
        ICS26Router::ackPacketCall {
            msg_: MsgAckPacket {
                packet: packet.clone(),
                acknowledgement: acknowledgement.clone(),
                proofAcked: proof,
                proofHeight: Height {
                    revisionNumber: 0,
                    revisionHeight: height,
                },
            },
        }
    }

    pub fn timeout_call(
        packet: &Packet,
        proof: Bytes,
        height: u64,
    ) -> ICS26Router::timeoutPacketCall {
        ICS26Router::timeoutPacketCall {
            msg_: MsgTimeoutPacket {
                packet: packet.clone(),
                proofTimeout: proof,
                proofHeight: Height {
                    revisionNumber: 0,
                    revisionHeight: height,
                },
            },
        }
    }

    /// Delivers a packet to `side`, honestly proven.
    pub fn recv(&mut self, side: Side, packet: &Packet) -> Result<Receipt, Failure> {
        let height = self.update(side);
        let proof = self.attest(side, height, &[(COMMITMENT, packet)]);
        self.relay(side, &Self::recv_call(packet, proof, height))
    }

    /// Brings an acknowledgement back to `side`, honestly proven.
    pub fn ack(&mut self, side: Side, packet: &Packet, ack: &Bytes) -> Result<Receipt, Failure> {
        let height = self.update(side);
        let proof = self.attest(side, height, &[(ACKNOWLEDGEMENT, packet)]);
        self.relay(side, &Self::ack_call(packet, ack, proof, height))
    }

    /// Times a packet out on `side`, honestly proven.
    pub fn timeout(&mut self, side: Side, packet: &Packet) -> Result<Receipt, Failure> {
        let height = self.update(side);
        let proof = self.attest(side, height, &[(RECEIPT, packet)]);
        self.relay(side, &Self::timeout_call(packet, proof, height))
    }

    pub fn relay<C: SolCall>(&mut self, side: Side, call: &C) -> Result<Receipt, Failure> {
        let chain = self.chain(side);
        chain.send(RELAYER, chain.router, call)
    }

    pub fn multicall(&mut self, side: Side, calls: Vec<Bytes>) -> Result<Receipt, Failure> {
        self.relay(side, &ICS26Router::multicallCall { data: calls })
    }

    /// Sends, delivers and acknowledges a transfer, with its announcement if there is one, and returns the packet and
    /// its acknowledgement.
    pub fn cross(&mut self, side: Side, token: Address, amount: u64) -> (Packet, Bytes) {
        let packets = self
            .try_transfer(side, token, amount)
            .expect("a transfer failed")
            .sent();
        let mut last = None;
        for packet in packets {
            let ack = self
                .recv(side.other(), &packet)
                .expect("not delivered")
                .acknowledgements()
                .remove(0);
            self.ack(side, &packet, &ack).expect("not acknowledged");
            last = Some((packet, ack));
        }
        last.expect("no packet")
    }

    /// Lets time pass on both chains.
    pub fn pass(&mut self, seconds: u64) {
        self.a.timestamp += seconds;
        self.b.timestamp += seconds;
    }
}

/// A token of which Alice holds a million million units, all of them approved to the transfer application.
pub fn new_token(chain: &mut Chain, name: &str, symbol: &str, decimals: u8) -> Address {
    let token = chain.deploy(
        &TestERC20::BYTECODE,
        &TestERC20::constructorCall {
            name_: name.into(),
            symbol_: symbol.into(),
            decimals_: decimals,
        },
    );
    let amount = U256::from(10u64.pow(12));
    chain.must(ALICE, token, &TestERC20::mintCall { to: ALICE, amount });
    chain.must(
        ALICE,
        token,
        &TestERC20::approveCall {
            spender: chain.transfer,
            value: U256::MAX,
        },
    );
    token
}

/// The trace of a token at home: its address in lowercase.
pub fn home(token: Address) -> String {
    format!("{token:#x}")
}
