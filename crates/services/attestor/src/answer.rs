use alloy_primitives::Address;
use causeway_ibc::{
    AttestationKind, DecodeError, Domain, PacketAttestation, RecoverError, StateAttestation,
    attestation_digest, recover,
};
use thiserror::Error;

use crate::{AttestRequest, Attestation, Attested};

/// Why something that came back from an attestor is no answer to the request.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum AnswerDefect {
    /// It is longer than any legitimate answer.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The most that is read.
        limit: usize,
    },
    /// It is not the JSON that an attestor writes.
    #[error("it cannot be read: {reason}")]
    Malformed {
        /// What the reader said.
        reason: String,
    },
    /// The signed bytes are not a statement.
    #[error("its signed bytes cannot be read: {0}")]
    Undecodable(#[from] DecodeError),
    /// It states something about another height.
    #[error("it is about height {actual}, asked was {expected}")]
    WrongHeight {
        /// The height asked for.
        expected: u64,
        /// The height that came.
        actual: u64,
    },
    /// It states something about other paths, or in another order.
    #[error("it is about other paths than asked for ({actual} came, {expected} were asked)")]
    WrongPaths {
        /// How many were asked for.
        expected: usize,
        /// How many came.
        actual: usize,
    },
    /// The signature is by nobody.
    #[error("its signature names no signer: {0}")]
    Unsigned(#[from] RecoverError),
    /// The signature is by somebody else, or over another domain.
    #[error("it is signed by {actual}, not by the attestor {expected}")]
    WrongSigner {
        /// The attestor it says it comes from.
        expected: Address,
        /// Who signed, if the domain is right.
        actual: Address,
    },
}

impl Attested {
    /// Whether this is an answer to the request, signed by the attestor that it names, for the light
    /// client with this domain. Whether that attestor is to be believed is for the client's committee
    /// to say.
    pub fn verify(&self, request: &AttestRequest, domain: &Domain) -> Result<(), AnswerDefect> {
        self.answers(request)?;
        self.signed(AttestationKind::State, domain, &self.state)?;
        if let Some(packets) = &self.packets {
            self.signed(AttestationKind::Packet, domain, packets)?;
        }
        Ok(())
    }

    /// Whether this is about what was asked, whoever signed it.
    pub(crate) fn answers(&self, request: &AttestRequest) -> Result<(), AnswerDefect> {
        let about = |actual| {
            let expected = request.height;
            (actual == expected)
                .then_some(())
                .ok_or(AnswerDefect::WrongHeight { expected, actual })
        };
        about(StateAttestation::decode(&self.state.data)?.height)?;
        let mut paths = Vec::new();
        if let Some(packets) = &self.packets {
            let packets = PacketAttestation::decode(&packets.data)?;
            about(packets.height)?;
            paths.extend(packets.packets.iter().map(|packet| packet.path));
        }
        if paths != request.paths {
            let (expected, actual) = (request.paths.len(), paths.len());
            return Err(AnswerDefect::WrongPaths { expected, actual });
        }
        Ok(())
    }

    fn signed(
        &self,
        kind: AttestationKind,
        domain: &Domain,
        attestation: &Attestation,
    ) -> Result<(), AnswerDefect> {
        let digest = attestation_digest(kind, domain, &attestation.data);
        let actual = recover(digest, &attestation.signature)?;
        let expected = self.attestor;
        (actual == expected)
            .then_some(())
            .ok_or(AnswerDefect::WrongSigner { expected, actual })
    }
}
