//! What parties of a swap sign (EIP-712).

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::{Eip712Domain, SolStruct, eip712_domain};
use k256::ecdsa::SigningKey;

use super::attestors::sign;
use super::swap::{Swap, Swaps};

mod typed {
    #![allow(missing_docs)]
    alloy::sol! {
        struct CooperativeRefund {
            bytes32 hashLock;
            address token;
            uint256 amount;
            address claimer;
            uint256 timelock;
            address refunder;
            uint256 bond;
        }

        struct TokenPermissions {
            address token;
            uint256 amount;
        }

        struct Swap {
            bytes32 hashLock;
            address claimer;
            uint256 timelock;
        }

        struct PermitWitnessTransferFrom {
            TokenPermissions permitted;
            address spender;
            uint256 nonce;
            uint256 deadline;
            Swap witness;
        }

        struct Permit {
            address owner;
            address spender;
            uint256 value;
            uint256 nonce;
            uint256 deadline;
        }
    }
}

/// The domain of the contract.
pub fn domain(swaps: &Swaps) -> Eip712Domain {
    eip712_domain! {
        name: "Causeway HashTimeLock",
        version: "1",
        chain_id: swaps.chain.chain_id,
        verifying_contract: swaps.contract,
    }
}

/// The digest of a claimer's consent.
pub fn refund_digest(domain: &Eip712Domain, swap: &Swap) -> B256 {
    typed::CooperativeRefund {
        hashLock: swap.hash_lock(),
        amount: swap.amount,
        token: swap.token,
        claimer: swap.claimer,
        timelock: U256::from(swap.timelock),
        refunder: swap.refunder,
        bond: U256::from(swap.bond),
    }
    .eip712_signing_hash(domain)
}

/// A claimer's consent.
pub fn consent(swaps: &Swaps, swap: &Swap, key: &SigningKey) -> Bytes {
    sign(key, refund_digest(&domain(swaps), swap)).into()
}

/// An owner's Permit2 permit for exactly this swap, with nonce 0.
pub fn witness_permit(swaps: &Swaps, swap: &Swap, deadline: u64, key: &SigningKey) -> Bytes {
    let permit = typed::PermitWitnessTransferFrom {
        permitted: typed::TokenPermissions {
            token: swap.token,
            amount: swap.amount,
        },
        spender: swaps.contract,
        nonce: U256::ZERO,
        deadline: U256::from(deadline),
        witness: typed::Swap {
            hashLock: swap.hash_lock(),
            claimer: swap.claimer,
            timelock: U256::from(swap.timelock),
        },
    };
    let domain = eip712_domain! {
        name: "Permit2",
        chain_id: swaps.chain.chain_id,
        verifying_contract: swaps.permit2,
    };
    sign(key, permit.eip712_signing_hash(&domain)).into()
}

/// An owner's EIP-2612 permit of a `TestPermitERC20`, with nonce 0: v, r and s.
pub fn token_permit(
    swaps: &Swaps,
    swap: &Swap,
    owner: Address,
    deadline: u64,
    key: &SigningKey,
) -> (u8, B256, B256) {
    let permit = typed::Permit {
        owner,
        spender: swaps.contract,
        value: swap.amount,
        nonce: U256::ZERO,
        deadline: U256::from(deadline),
    };
    let domain = eip712_domain! {
        name: "Pier",
        version: "1",
        chain_id: swaps.chain.chain_id,
        verifying_contract: swap.token,
    };
    let signature = sign(key, permit.eip712_signing_hash(&domain));
    let (r, s) = (&signature[..32], &signature[32..64]);
    (signature[64], B256::from_slice(r), B256::from_slice(s))
}
