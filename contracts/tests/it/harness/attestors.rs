//! Who signs for the other chain.

use alloy::primitives::{Address, B256, Bytes, keccak256};
use alloy::sol_types::SolValue;
use k256::ecdsa::SigningKey;
use sha2::{Digest, Sha256};

pub mod wire {
    //! The attestation messages, which no function of the ABI names.
    #![allow(missing_docs)]
    alloy::sol! {
        #[sol(all_derives)]
        struct StateAttestation { uint64 height; uint64 timestamp; }
        #[sol(all_derives)]
        struct PacketCompact { bytes32 path; bytes32 commitment; }
        #[sol(all_derives)]
        struct PacketAttestation { uint64 height; PacketCompact[] packets; }
        #[sol(all_derives)]
        struct AttestationProof { bytes attestationData; bytes[] signatures; }
        #[sol(all_derives)]
        struct Misbehaviour { uint8 attestationType; bytes first; bytes second; }
        #[sol(all_derives)]
        struct Rotation {
            uint64 setNumber;
            uint64 overlapSeconds;
            uint8 minRequiredSigs;
            address[] attestorAddresses;
        }
    }
}

use wire::{AttestationProof, PacketAttestation, PacketCompact, Rotation, StateAttestation};

pub const STATE: u8 = 1;
pub const PACKET: u8 = 2;
pub const ROTATION: u8 = 3;

#[derive(Clone)]
pub struct Attestors {
    pub keys: Vec<SigningKey>,
    pub threshold: u8,
}

impl Attestors {
    /// Attestors with the private keys `first`, `first + 1`, and so on.
    pub fn new(threshold: u8, size: u8, first: u8) -> Self {
        let keys = (0..size).map(|index| key(first + index)).collect();
        Self { keys, threshold }
    }

    pub fn addresses(&self) -> Vec<Address> {
        self.keys.iter().map(address).collect()
    }

    /// A proof signed by as many as are needed.
    pub fn prove(&self, tag: u8, domain: B256, data: Vec<u8>) -> Bytes {
        let digest = digest(tag, domain, &data);
        let signers = self.keys.iter().take(self.threshold.into());
        proof(data, signers.map(|key| sign(key, digest)).collect())
    }

    pub fn prove_state(&self, domain: B256, height: u64, timestamp: u64) -> Bytes {
        self.prove(
            STATE,
            domain,
            StateAttestation { height, timestamp }.abi_encode(),
        )
    }

    pub fn prove_packets(&self, domain: B256, height: u64, entries: &[(B256, B256)]) -> Bytes {
        self.prove(PACKET, domain, packets(height, entries))
    }
}

/// That these attestors are the set of this number.
pub fn rotation(set_number: u64, overlap: u64, to: &Attestors) -> Vec<u8> {
    Rotation {
        setNumber: set_number,
        overlapSeconds: overlap,
        minRequiredSigs: to.threshold,
        attestorAddresses: to.addresses(),
    }
    .abi_encode()
}

pub fn packets(height: u64, entries: &[(B256, B256)]) -> Vec<u8> {
    let packets = entries
        .iter()
        .map(|&(path, commitment)| PacketCompact { path, commitment })
        .collect();
    PacketAttestation { height, packets }.abi_encode()
}

pub fn proof(data: Vec<u8>, signatures: Vec<Vec<u8>>) -> Bytes {
    AttestationProof {
        attestationData: data.into(),
        signatures: signatures.into_iter().map(Into::into).collect(),
    }
    .abi_encode()
    .into()
}

pub fn key(secret: u8) -> SigningKey {
    let mut bytes = [0; 32];
    bytes[31] = secret;
    SigningKey::from_bytes(&bytes.into()).expect("a valid key")
}

pub fn address(key: &SigningKey) -> Address {
    let point = key.verifying_key().to_encoded_point(false);
    Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..])
}

pub fn digest(tag: u8, domain: B256, data: &[u8]) -> B256 {
    let mut hasher = Sha256::new();
    hasher.update([tag]);
    if domain != B256::ZERO {
        hasher.update(domain);
    }
    hasher.update(Sha256::digest(data));
    B256::from_slice(&hasher.finalize())
}

/// r, s and v, with v as 27 or 28.
pub fn sign(key: &SigningKey, digest: B256) -> Vec<u8> {
    let (signature, recovery) = key
        .sign_prehash_recoverable(digest.as_slice())
        .expect("a signature");
    [signature.to_bytes().as_slice(), &[27 + recovery.to_byte()]].concat()
}
