//! What differs between the chains of the family, as data. Adding a chain is adding an entry.

use std::time::Duration;

use bitcoin::{BlockHash, FeeRate, hashes::Hash as _};
use causeway_types::ChainId;
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

/// A chain of the Bitcoin family: what its addresses, its relay policy and its blocks are like.
#[derive(Debug, PartialEq, Eq)]
pub struct Network {
    /// How people call it.
    pub name: &'static str,
    /// The hash of its first block, in the order in which people write it. Tells the chain from all
    /// others.
    pub genesis: [u8; 32],
    /// What its native segwit addresses begin with (BIP-173).
    pub hrp: &'static str,
    /// Its number in the paths of keys (SLIP-44).
    pub coin_type: u32,
    /// How far apart blocks are meant to be.
    pub block_time: Duration,
    /// The rate from which nodes compute below which value an output is not relayed.
    pub dust_relay_rate: FeeRate,
    /// Whether nodes replace an unconfirmed transaction by one that pays more (BIP-125). Where they
    /// do not, a fee is raised by a child that pays for its parent.
    pub replaces: bool,
    /// The first height at which blocks that break a lock time in a script (BIP-65) are invalid. Below
    /// it a refund could be mined before its time.
    pub lock_times_from: u32,
    /// Whether blocks hold transactions that only this chain's own software reads (Litecoin's
    /// extension blocks), so that raw blocks must not be decoded.
    pub has_extension_blocks: bool,
}

/// Core's dust rate: 3,000 satoshis per 1,000 virtual bytes, so that 294 is the least that a P2WPKH
/// output may hold.
const BITCOIN_DUST: FeeRate = FeeRate::from_sat_per_kwu(750);
/// Litecoin Core's is ten times that.
const LITECOIN_DUST: FeeRate = FeeRate::from_sat_per_kwu(7_500);
const TEN_MINUTES: Duration = Duration::from_secs(600);
const TWO_AND_A_HALF_MINUTES: Duration = Duration::from_secs(150);
/// SLIP-44's number for the test networks of all coins.
const TEST_COIN: u32 = 1;

impl Network {
    /// Bitcoin.
    pub const BITCOIN: &'static Self = &Self {
        name: "Bitcoin",
        genesis: hash("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"),
        hrp: "bc",
        coin_type: 0,
        block_time: TEN_MINUTES,
        dust_relay_rate: BITCOIN_DUST,
        replaces: true,
        lock_times_from: 388_381,
        has_extension_blocks: false,
    };

    /// Bitcoin's third test network.
    pub const BITCOIN_TESTNET: &'static Self = &Self {
        name: "Bitcoin testnet",
        genesis: hash("000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"),
        hrp: "tb",
        coin_type: TEST_COIN,
        lock_times_from: 581_885,
        ..*Self::BITCOIN
    };

    /// Bitcoin's fourth test network (BIP-94).
    pub const BITCOIN_TESTNET4: &'static Self = &Self {
        name: "Bitcoin testnet4",
        genesis: hash("00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"),
        lock_times_from: 1,
        ..*Self::BITCOIN_TESTNET
    };

    /// A Bitcoin chain of one's own, for development.
    pub const BITCOIN_REGTEST: &'static Self = &Self {
        name: "Bitcoin regtest",
        genesis: hash("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"),
        hrp: "bcrt",
        lock_times_from: 1,
        ..*Self::BITCOIN_TESTNET
    };

    /// Litecoin.
    pub const LITECOIN: &'static Self = &Self {
        name: "Litecoin",
        genesis: hash("12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2"),
        hrp: "ltc",
        coin_type: 2,
        block_time: TWO_AND_A_HALF_MINUTES,
        dust_relay_rate: LITECOIN_DUST,
        replaces: false,
        lock_times_from: 918_684,
        has_extension_blocks: true,
    };

    /// Litecoin's fourth test network.
    pub const LITECOIN_TESTNET: &'static Self = &Self {
        name: "Litecoin testnet",
        genesis: hash("4966625a4b2851d9fdee139e56211a0d88575f59ed816ff5e6a63deb4e3e29a0"),
        hrp: "tltc",
        coin_type: TEST_COIN,
        lock_times_from: 76,
        ..*Self::LITECOIN
    };

    /// A Litecoin chain of one's own, for development.
    pub const LITECOIN_REGTEST: &'static Self = &Self {
        name: "Litecoin regtest",
        genesis: hash("530827f38f93b43ed12af0b3ad25a288dc02ed74d6d7857862df51fc56c416f9"),
        hrp: "rltc",
        lock_times_from: 1_351,
        ..*Self::LITECOIN_TESTNET
    };

    /// Every chain that is known here.
    pub const ALL: [&'static Self; 7] = [
        Self::BITCOIN,
        Self::BITCOIN_TESTNET,
        Self::BITCOIN_TESTNET4,
        Self::BITCOIN_REGTEST,
        Self::LITECOIN,
        Self::LITECOIN_TESTNET,
        Self::LITECOIN_REGTEST,
    ];

    /// The chain with this CAIP-2 id.
    pub fn by_chain_id(id: &ChainId) -> Option<&'static Self> {
        Self::ALL
            .into_iter()
            .find(|network| network.chain_id() == *id)
    }

    /// Its CAIP-2 id.
    pub fn chain_id(&self) -> ChainId {
        ChainId::bip122(&self.genesis)
    }

    /// The hash of its first block.
    pub fn genesis_hash(&self) -> BlockHash {
        let mut bytes = self.genesis;
        bytes.reverse();
        BlockHash::from_byte_array(bytes)
    }
}

/// A network as its CAIP-2 id.
pub(crate) fn serialize<S: Serializer>(
    network: &'static Network,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&network.chain_id())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<&'static Network, D::Error> {
    let id = ChainId::deserialize(deserializer)?;
    let unknown = || D::Error::custom(format!("{id} is no chain of the Bitcoin family known here"));
    Network::by_chain_id(&id).ok_or_else(unknown)
}

/// The bytes of a hash that is written in lower-case hexadecimal; evaluated at compile time.
const fn hash(text: &str) -> [u8; 32] {
    const fn digit(letter: u8) -> u8 {
        match letter {
            b'0'..=b'9' => letter - b'0',
            _ => letter - b'a' + 10,
        }
    }
    let text = text.as_bytes();
    let mut bytes = [0; 32];
    let mut at = 0;
    while at < 32 {
        bytes[at] = digit(text[2 * at]) << 4 | digit(text[2 * at + 1]);
        at += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bitcoin::{Network as Known, ScriptBuf, blockdata::constants::genesis_block};

    use super::*;

    #[test]
    fn the_first_blocks_of_bitcoins_networks_are_those_that_the_library_knows() {
        for (ours, known) in [
            (Network::BITCOIN, Known::Bitcoin),
            (Network::BITCOIN_TESTNET, Known::Testnet),
            (Network::BITCOIN_TESTNET4, Known::Testnet4),
            (Network::BITCOIN_REGTEST, Known::Regtest),
        ] {
            let expected = genesis_block(known).block_hash();
            assert_eq!(ours.genesis_hash(), expected, "{}", ours.name);
        }
    }

    #[test]
    fn every_network_has_an_id_of_its_own_and_is_found_by_it() {
        // The examples of CAIP-2's namespace bip122.
        let bitcoin = "bip122:000000000019d6689c085ae165831e93".parse().unwrap();
        assert_eq!(Network::BITCOIN.chain_id(), bitcoin);
        let litecoin = "bip122:12a765e31ffd4059bada1e25190f6e98".parse().unwrap();
        assert_eq!(Network::LITECOIN.chain_id(), litecoin);
        let ids: BTreeSet<_> = Network::ALL.map(Network::chain_id).into();
        assert_eq!(ids.len(), Network::ALL.len());
        for network in Network::ALL {
            assert_eq!(Network::by_chain_id(&network.chain_id()), Some(network));
        }
        assert_eq!(Network::by_chain_id(&ChainId::eip155(1)), None);
    }

    #[test]
    fn dust_is_what_each_chains_nodes_call_dust() {
        let to = ScriptBuf::from_hex("00140000000000000000000000000000000000000000").unwrap();
        let dust = |network: &Network| to.minimal_non_dust_custom(network.dust_relay_rate).to_sat();
        assert_eq!(dust(Network::BITCOIN), 294);
        assert_eq!(dust(Network::LITECOIN), 2_940);
    }
}
