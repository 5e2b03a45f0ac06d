//! The claimer's consent to a refund before the timelock (EIP-712; ERC-1271 where the claimer is a contract).

use alloy::{
    primitives::{Address, B256, Bytes, Signature, U256, hex},
    signers::Signer,
    sol_types::{Eip712Domain, SolCall as _, SolStruct as _},
};
use causeway_contracts::hash_time_lock_domain;
use causeway_types::ChainId;

use super::{lock::EvmLock, read::Reader};
use crate::ChainError;

/// The longest signature that is looked at. Contracts decide by themselves what their signatures are like.
const LONGEST: usize = 8 * 1024;

mod typed {
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

        function isValidSignature(bytes32 digest, bytes signature) external view returns (bytes4);
    }
}

/// What the claimer signs.
pub(super) fn digest(lock: &EvmLock, domain: &Eip712Domain) -> B256 {
    typed::CooperativeRefund {
        hashLock: lock.hash_lock,
        token: lock.token,
        amount: lock.amount,
        claimer: lock.claimer,
        timelock: U256::from(lock.timelock),
        refunder: lock.refunder,
        bond: U256::ZERO,
    }
    .eip712_signing_hash(domain)
}

/// Consents, as the claimer. The same lock gets the same signature, so that nothing has to be stored before.
pub(super) async fn sign(
    lock: &EvmLock,
    contract: Address,
    chain: &ChainId,
    signer: &(dyn Signer + Send + Sync),
) -> Result<String, ChainError> {
    let digest = digest(lock, &domain(contract, chain)?);
    let signature = signer.sign_hash(&digest).await.map_err(|error| {
        let words = format!("account {} cannot sign: {error}", signer.address());
        ChainError::passing(chain, words)
    })?;
    Ok(hex::encode_prefixed(signature.as_bytes()))
}

/// Checks the claimer's consent as the contract will, and gives it in its one writing.
pub(super) async fn check(
    lock: &EvmLock,
    reader: &Reader,
    answer: &str,
) -> Result<String, ChainError> {
    let chain = reader.chain.id();
    let refuse = |words: &str| ChainError::lasting(chain, format!("the consent is {words}"));
    let signature = Some(answer)
        .filter(|answer| answer.len() <= 2 * LONGEST + 2)
        .and_then(|answer| hex::decode(answer).ok())
        .ok_or_else(|| refuse("no signature in hexadecimal"))?;
    let digest = digest(lock, &domain(reader.contract, chain)?);
    let by_key = recover(&signature, digest) == Some(lock.claimer);
    if !by_key && !is_valid_to_contract(lock.claimer, digest, &signature, reader).await? {
        return Err(refuse(&format!(
            "not {}'s signature of this refund",
            lock.claimer
        )));
    }
    Ok(hex::encode_prefixed(&signature))
}

fn domain(contract: Address, chain: &ChainId) -> Result<Eip712Domain, ChainError> {
    let number = chain.eip155_id();
    let number = number.ok_or_else(|| ChainError::lasting(chain, "not an EVM chain"))?;
    Ok(hash_time_lock_domain(contract, number))
}

/// Who signed, by the contract's rules: 65 bytes, the lower of both s, and v as 27 or 28.
fn recover(signature: &[u8], digest: B256) -> Option<Address> {
    if signature.len() != 65 || !matches!(signature[64], 27 | 28) {
        return None;
    }
    let signature = Signature::from_raw(signature).ok()?;
    if signature.normalize_s().is_some() {
        return None;
    }
    signature.recover_address_from_prehash(&digest).ok()
}

/// Asks the claimer, if it is a contract (ERC-1271).
async fn is_valid_to_contract(
    claimer: Address,
    digest: B256,
    signature: &[u8],
    reader: &Reader,
) -> Result<bool, ChainError> {
    let question = typed::isValidSignatureCall {
        digest,
        signature: Bytes::copy_from_slice(signature),
    };
    let expected = B256::right_padding_from(&typed::isValidSignatureCall::SELECTOR);
    let answer = reader.call(claimer, question.abi_encode().into()).await;
    Ok(answer?.is_some_and(|answer| answer.get(..32) == Some(expected.as_slice())))
}

#[cfg(test)]
mod tests {
    use alloy::signers::local::PrivateKeySigner;

    use super::*;

    fn lock(claimer: Address) -> EvmLock {
        EvmLock {
            hash_lock: B256::repeat_byte(1),
            token: Address::repeat_byte(2),
            amount: U256::from(3),
            claimer,
            refunder: Address::repeat_byte(4),
            timelock: 5,
        }
    }

    #[tokio::test]
    async fn a_consent_is_for_one_lock_in_one_contract_on_one_chain() {
        let signer = PrivateKeySigner::random();
        let lock = lock(signer.address());
        let (chain, contract) = (ChainId::eip155(1), Address::repeat_byte(6));
        let signature = sign(&lock, contract, &chain, &signer).await.unwrap();
        assert_eq!(
            signature,
            sign(&lock, contract, &chain, &signer).await.unwrap()
        );
        let signature = hex::decode(signature).unwrap();
        let signs = |lock: &EvmLock, contract, number| {
            let digest = digest(lock, &hash_time_lock_domain(contract, number));
            recover(&signature, digest) == Some(signer.address())
        };
        assert!(signs(&lock, contract, 1));
        assert!(!signs(&lock, contract, 2));
        assert!(!signs(&lock, Address::repeat_byte(7), 1));
        let changes: [fn(&mut EvmLock); 5] = [
            |lock| lock.hash_lock = B256::repeat_byte(9),
            |lock| lock.token = Address::ZERO,
            |lock| lock.amount += U256::ONE,
            |lock| lock.refunder = Address::repeat_byte(9),
            |lock| lock.timelock += 1,
        ];
        for change in changes {
            let mut other = lock.clone();
            change(&mut other);
            assert!(!signs(&other, contract, 1), "{other:?}");
        }
    }

    #[tokio::test]
    async fn what_the_contract_would_refuse_is_refused() {
        let signer = PrivateKeySigner::random();
        let digest = B256::repeat_byte(1);
        let good = signer.sign_hash(&digest).await.unwrap();
        let raw = good.as_bytes();
        assert_eq!(recover(&raw, digest), Some(signer.address()));
        let mut parity = raw;
        parity[64] -= 27;
        assert_eq!(recover(&parity, digest), None);
        let order: U256 = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
            .parse()
            .unwrap();
        let high = Signature::new(good.r(), order - good.s(), !good.v());
        assert_eq!(
            high.recover_address_from_prehash(&digest).unwrap(),
            signer.address()
        );
        assert_eq!(recover(&high.as_bytes(), digest), None);
        assert_eq!(recover(&raw[..64], digest), None);
    }
}
