//! Addresses, read strictly: money that is sent to an address of another chain is gone.

use bitcoin::{
    ScriptBuf, WitnessProgram, WitnessVersion,
    bech32::{Fe32, Hrp, segwit},
};
use thiserror::Error;

use crate::Network;

/// Why a text is no address on a chain.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// The address belongs to another chain.
    #[error(
        "{address} is an address of another chain (it begins with {got}1); an address of {chain} begins with {expected}1"
    )]
    OtherChain {
        /// What was given.
        address: String,
        /// The chain that it should be of.
        chain: &'static str,
        /// What such addresses begin with.
        expected: &'static str,
        /// What this one begins with.
        got: String,
    },
    /// The address is of the oldest kind, whose first letters several chains share.
    #[error(
        "{address} is no native segwit address: give one that begins with {expected}1, which only {chain} has"
    )]
    NotSegwit {
        /// What was given.
        address: String,
        /// The chain that it should be of.
        chain: &'static str,
        /// What such addresses begin with.
        expected: &'static str,
    },
    /// The address has a mistake, or a kind that the chain gives no meaning to yet, so that anybody
    /// could take what is sent to it.
    #[error("{address} is no usable address of {chain}: {reason}")]
    Invalid {
        /// What was given.
        address: String,
        /// The chain that it should be of.
        chain: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl Network {
    /// The script that pays to an address of this chain: P2WPKH or P2WSH (BIP-173), or P2TR (BIP-350).
    ///
    /// # Errors
    /// When the address is another chain's, has a mistake, or is of another kind.
    pub fn parse_address(&self, address: &str) -> Result<ScriptBuf, AddressError> {
        let (chain, expected) = (self.name, self.hrp);
        let shown = || address.chars().take(100).collect::<String>();
        let invalid = |reason: String| AddressError::Invalid {
            address: shown(),
            chain,
            reason,
        };
        let got = address.rsplit_once('1').map(|(hrp, _)| hrp.to_lowercase());
        match got {
            Some(got) if got == expected => {}
            Some(got) if is_hrp_of_the_family(&got) => {
                let address = shown();
                return Err(AddressError::OtherChain {
                    address,
                    chain,
                    expected,
                    got,
                });
            }
            _ => {
                let address = shown();
                return Err(AddressError::NotSegwit {
                    address,
                    chain,
                    expected,
                });
            }
        }
        let (_, version, program) =
            segwit::decode(address).map_err(|error| invalid(error.to_string()))?;
        let known = matches!((version, program.len()), (Fe32::Q, 20 | 32) | (Fe32::P, 32));
        if !known {
            let reason = "it is neither P2WPKH, P2WSH nor P2TR".to_owned();
            return Err(invalid(reason));
        }
        let version =
            WitnessVersion::try_from(version).map_err(|error| invalid(error.to_string()))?;
        let program =
            WitnessProgram::new(version, &program).map_err(|error| invalid(error.to_string()))?;
        Ok(ScriptBuf::new_witness_program(&program))
    }

    /// The address of a script on this chain; `None` for a script that has no native segwit address.
    pub fn address(&self, script: &bitcoin::Script) -> Option<String> {
        let version = script.witness_version()?;
        let program = script.as_bytes().get(2..)?;
        let hrp = Hrp::parse(self.hrp).ok()?;
        segwit::encode(hrp, version.to_fe(), program).ok()
    }
}

/// Whether something that can be told from a mere `1` within an old address begins with this.
fn is_hrp_of_the_family(hrp: &str) -> bool {
    // Litecoin's confidential outputs, which no script reaches.
    const CONFIDENTIAL: [&str; 3] = ["ltcmweb", "tmweb", "rmweb"];
    Network::ALL.iter().any(|network| network.hrp == hrp) || CONFIDENTIAL.contains(&hrp)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BITCOIN: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"; // BIP-173
    const TAPROOT: &str = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"; // BIP-350

    #[test]
    fn an_address_is_read_and_written_the_same() {
        for (address, script) in [
            (BITCOIN, "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
            (
                TAPROOT,
                "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            ),
        ] {
            let read = Network::BITCOIN.parse_address(address).unwrap();
            assert_eq!(read.to_hex_string(), script);
            assert_eq!(Network::BITCOIN.address(&read).as_deref(), Some(address));
            let upper = Network::BITCOIN.parse_address(&address.to_uppercase());
            assert_eq!(upper.unwrap(), read);
        }
    }

    #[test]
    fn no_chain_takes_an_address_of_another() {
        let script = Network::BITCOIN.parse_address(BITCOIN).unwrap();
        for ours in Network::ALL {
            for theirs in Network::ALL {
                let address = theirs.address(&script).unwrap();
                let read = ours.parse_address(&address);
                if ours.hrp == theirs.hrp {
                    assert_eq!(read, Ok(script.clone()));
                } else {
                    let error = read.unwrap_err();
                    assert!(matches!(error, AddressError::OtherChain { .. }), "{error}");
                    let text = error.to_string();
                    assert!(
                        text.contains(ours.name) && text.contains(theirs.hrp),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn addresses_that_chains_share_or_give_no_meaning_to_are_refused() {
        let read = |address| Network::BITCOIN.parse_address(address).unwrap_err();
        for old in [
            "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH",
            "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
            "",
            "bc",
        ] {
            assert!(matches!(read(old), AddressError::NotSegwit { .. }), "{old}");
        }
        for wrong in [
            // A letter changed; version 0 with the checksum of version 1; version 16; BIP-350's.
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
            "bc1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
            "bc1sw50qgdz25j",
            "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
            "bc1",
        ] {
            assert!(
                matches!(read(wrong), AddressError::Invalid { .. }),
                "{wrong}"
            );
        }
        let confidential = "ltcmweb1qqaaaa";
        let error = Network::LITECOIN.parse_address(confidential).unwrap_err();
        assert!(matches!(error, AddressError::OtherChain { .. }), "{error}");
    }
}
