use alloy_primitives::{Address, B256, FixedBytes};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use thiserror::Error;

/// An ECDSA signature over secp256k1 as EVM contracts take it: r ‖ s ‖ v.
pub type Signature65 = FixedBytes<65>;

/// Why a signature names no signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecoverError {
    /// The last byte must say which of two keys signed.
    #[error("the signature's v is {came} (expected 27 or 28)")]
    RecoveryByte {
        /// What stood there.
        came: u8,
    },
    /// r or s is zero or not below the order of the curve.
    #[error("the signature's r or s is out of range")]
    OutOfRange,
    /// s is in the upper half: the same signature has a second writing, which EVM contracts refuse.
    #[error("the signature's s is in the upper half of its range")]
    HighS,
    /// No public key makes this signature of this digest.
    #[error("no key makes this signature")]
    NoKey,
}

/// Who signed a digest, by the same rules as `ECDSA.recover` of the `OpenZeppelin` contracts.
pub fn recover(digest: B256, signature: &Signature65) -> Result<Address, RecoverError> {
    let [rs @ .., v] = &signature.0;
    let recovery = match v {
        27 => RecoveryId::new(false, false),
        28 => RecoveryId::new(true, false),
        &came => return Err(RecoverError::RecoveryByte { came }),
    };
    let signature = Signature::from_slice(rs).map_err(|_| RecoverError::OutOfRange)?;
    if signature.normalize_s().is_some() {
        return Err(RecoverError::HighS);
    }
    let key = VerifyingKey::recover_from_prehash(digest.as_slice(), &signature, recovery)
        .map_err(|_| RecoverError::NoKey)?;
    let point = key.to_encoded_point(false);
    // The first byte only says that both coordinates follow.
    let coordinates = point.as_bytes().get(1..).ok_or(RecoverError::NoKey)?;
    Ok(Address::from_raw_public_key(coordinates))
}

#[cfg(test)]
pub(crate) mod tests {
    use alloy_primitives::{U256, keccak256, uint};
    use k256::{
        ProjectivePoint, Scalar,
        ecdsa::SigningKey,
        elliptic_curve::{ops::Reduce, point::AffineCoordinates},
    };

    use super::*;

    /// The order of the curve.
    const N: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

    pub(crate) fn key(number: u8) -> SigningKey {
        SigningKey::from_slice(B256::with_last_byte(number).as_slice()).unwrap()
    }

    pub(crate) fn address(key: &SigningKey) -> Address {
        Address::from_raw_public_key(&key.verifying_key().to_encoded_point(false).as_bytes()[1..])
    }

    pub(crate) fn sign(key: &SigningKey, digest: B256) -> Signature65 {
        let (signature, recovery) = key.sign_prehash_recoverable(digest.as_slice()).unwrap();
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + recovery.to_byte();
        bytes.into()
    }

    /// Another signature of the same digest, by a random number that is not the standard's.
    pub(crate) fn sign_with_nonce(key: &SigningKey, digest: B256, nonce: u64) -> Signature65 {
        let nonce = Scalar::from(nonce);
        let r = (ProjectivePoint::GENERATOR * nonce).to_affine().x();
        let [r, z] =
            [r, digest.0.into()].map(|bytes| <Scalar as Reduce<k256::U256>>::reduce_bytes(&bytes));
        let s = nonce.invert().unwrap() * (z + r * **key.as_nonzero_scalar());
        let signature = Signature::from_scalars(r, s).unwrap();
        let signature = signature.normalize_s().unwrap_or(signature);
        let with_v = |v| [signature.to_bytes().as_slice(), &[v]].concat();
        let both = [27, 28].map(|v| Signature65::from_slice(&with_v(v)));
        both.into_iter()
            .find(|one| recover(digest, one) == Ok(address(key)))
            .unwrap()
    }

    /// The other writing of the same signature: s mirrored and v swapped.
    pub(crate) fn mirrored(signature: &Signature65) -> Signature65 {
        let s = U256::from_be_slice(&signature[32..64]);
        let mut other = *signature;
        other[32..64].copy_from_slice(&(N - s).to_be_bytes::<32>());
        other[64] = 27 + 28 - signature[64];
        other
    }

    #[test]
    fn the_signer_of_a_digest_is_recovered() {
        for number in 1..20 {
            let digest = keccak256([number]);
            assert_eq!(
                recover(digest, &sign(&key(number), digest)),
                Ok(address(&key(number)))
            );
        }
    }

    #[test]
    fn a_signature_of_another_digest_names_another_signer() {
        let signature = sign(&key(1), keccak256("signed"));
        assert_ne!(
            recover(keccak256("claimed"), &signature),
            Ok(address(&key(1)))
        );
    }

    #[test]
    fn the_second_writing_of_a_signature_is_refused() {
        let digest = keccak256("signed");
        let mirrored = mirrored(&sign(&key(1), digest));
        assert_eq!(recover(digest, &mirrored), Err(RecoverError::HighS));
    }

    #[test]
    fn recovery_bytes_other_than_27_and_28_are_refused() {
        let digest = keccak256("signed");
        for came in (0..=255).filter(|v| ![27, 28].contains(v)) {
            let mut signature = sign(&key(1), digest);
            signature[64] = came;
            assert_eq!(
                recover(digest, &signature),
                Err(RecoverError::RecoveryByte { came })
            );
        }
    }

    #[test]
    fn numbers_that_no_signature_has_are_refused() {
        let digest = keccak256("signed");
        let good = sign(&key(1), digest);
        for part in [0..32, 32..64] {
            for number in [U256::ZERO, N, U256::MAX] {
                let mut signature = good;
                signature[part.clone()].copy_from_slice(&number.to_be_bytes::<32>());
                assert_eq!(recover(digest, &signature), Err(RecoverError::OutOfRange));
            }
        }
    }
}
