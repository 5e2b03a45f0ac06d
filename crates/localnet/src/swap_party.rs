//! The parties of swaps on the local network, and how they are configured.

use std::{fmt::Write as _, net::SocketAddr};

use anyhow::Result;

use crate::{coins::Coins, options::roles};

/// A party's place below the network's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Makes offers.
    Maker,
    /// Takes them.
    Taker,
    /// Watches over the taker's swaps when it is asked to. It has no coins, and pays for what it does on
    /// the first chain.
    Tower,
}

impl Party {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Maker, Self::Taker, Self::Tower];

    /// What its files begin with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Taker => "taker",
            Self::Tower => "tower",
        }
    }

    /// Which of the development accounts is its own on the first chain.
    pub const fn role(self) -> usize {
        match self {
            Self::Maker => roles::SWAP_MAKER,
            Self::Taker => roles::SWAP_TAKER,
            Self::Tower => roles::SWAP_TOWER,
        }
    }

    /// A seed that everybody knows, for nothing here is worth anything.
    pub const fn seed(self) -> &'static str {
        match self {
            Self::Maker => "4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d",
            Self::Taker => "5454545454545454545454545454545454545454545454545454545454545454",
            Self::Tower => "7777777777777777777777777777777777777777777777777777777777777777",
        }
    }
}

/// What a party's configuration is made of.
pub(crate) struct PartyConfig<'a> {
    pub(crate) party: Party,
    /// The part about the two chains, as every node has it.
    pub(crate) chains: &'a str,
    pub(crate) contract: Option<&'a str>,
    pub(crate) coins: &'a Coins,
    /// How far blocks of coins are apart, in seconds.
    pub(crate) blocks: u64,
    pub(crate) listen: SocketAddr,
}

impl PartyConfig<'_> {
    /// The whole file. Waiting is short here: nothing is at stake, and people look on.
    pub(crate) fn text(&self) -> Result<String> {
        let (name, coins) = (self.party.name(), self.coins.name());
        let contract = self.contract.map(|at| format!("contract = \"{at}\"\n"));
        let mut config = format!(
            "# Written by the local network; a network of one's own needs `dev = false`.\n\
             dev = true\nstore = \"sqlite://{name}.db\"\nlisten = \"{listen}\"\n{chains}\n\
             [log]\nlevel = \"info\"\n\n\
             [api]\nanonymous_read = true\nper_address = 100000\n\n\
             [swaps]\nseed = {{ file = \"{name}.seed\" }}\nkey = {{ env = \"CAUSEWAY_SWAP_KEY\" }}\n\
             down_for = \"10s\"\ncooperation = \"10s\"\nscript_path = \"30s\"\n\n\
             [[swaps.chains]]\nid = \"eip155:31337\"\n{contract}\
             block_time = \"1s\"\nmissed_slots = 5\ninclusion = \"6s\"\nskew = \"5s\"\n\
             long = \"20m\"\nshort = \"6m\"\n\n\
             [[swaps.chains]]\nid = \"{id}\"\nname = \"{coins}\"\nendpoints = [\"{url}\"]\n\
             cookie = \"{cookie}\"\nblock_time = \"{blocks}s\"\nconfirmations = 2\n\
             inclusion = \"{inclusion}s\"\nskew = \"10s\"\nlong = \"600 blocks\"\nshort = \"300 blocks\"\n",
            listen = self.listen,
            chains = self.chains,
            contract = contract.unwrap_or_default(),
            id = self.coins.network().chain_id(),
            url = self.coins.url(),
            cookie = self.coins.node().cookie_file().display(),
            blocks = self.blocks,
            inclusion = 8 * self.blocks,
        );
        if self.party == Party::Maker {
            write!(
                config,
                "\n[swaps.maker]\n\
                 [[swaps.maker.pairs]]\ngives = {{ chain = \"alpha\" }}\n\
                 wants = {{ chain = \"{coins}\" }}\nprice = \"25\"\nspread = 50\n\
                 least = \"0.01\"\nmost = \"5\"\n\
                 [[swaps.maker.pairs]]\ngives = {{ chain = \"{coins}\" }}\n\
                 wants = {{ chain = \"alpha\" }}\nprice = \"0.04\"\nspread = 50\n\
                 least = \"0.1\"\nmost = \"100\"\n"
            )?;
        }
        Ok(config)
    }
}
