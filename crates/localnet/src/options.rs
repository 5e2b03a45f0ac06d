//! What kind of network to start.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use anyhow::Result;

use crate::process::unused_port;

/// Which of anvil's development accounts plays which part.
pub mod roles {
    /// Deploys, and administers what it deployed.
    pub const DEPLOYER: usize = 0;
    /// Relays.
    pub const RELAYER: usize = 1;
    /// Sends in the tour and in tests.
    pub const ALICE: usize = 2;
    /// Receives in the tour and in tests.
    pub const BOB: usize = 3;
    /// Watches, and pauses what is broken.
    pub const MONITOR: usize = 4;
    /// Makes offers of swaps.
    pub const SWAP_MAKER: usize = 5;
    /// Takes offers of swaps.
    pub const SWAP_TAKER: usize = 6;
    /// Watches over swaps of others.
    pub const SWAP_TOWER: usize = 7;
    /// The first attestor; the others follow.
    pub const FIRST_ATTESTOR: usize = 10;
    /// The second signer of a relayer that has several; the others follow.
    pub const SECOND_SIGNER: usize = 16;
}

/// What kind of network to start.
#[derive(Clone, Debug)]
pub struct NetworkOptions {
    /// The `causeway` binary.
    pub causeway: PathBuf,
    /// Where configurations, databases and logs go.
    pub dir: PathBuf,
    /// Time between blocks; `None` mines every transaction at once.
    pub block_time: Option<Duration>,
    /// How many attestors there are.
    pub attestors: usize,
    /// How many of them must sign.
    pub threshold: u8,
    /// How many keys the relayer sends with on each chain, five at most.
    pub signers: usize,
    /// How many blocks must follow a block before it is final.
    pub depth: u64,
    /// Whether to take the ports that the documentation names, as far as they are free.
    pub usual_ports: bool,
}

impl NetworkOptions {
    /// Three attestors, two of which must sign; one block a second, final at once; any free ports.
    pub fn new(causeway: PathBuf, dir: PathBuf) -> Self {
        Self {
            causeway,
            dir,
            block_time: Some(Duration::from_secs(1)),
            attestors: 3,
            threshold: 2,
            signers: 1,
            depth: 0,
            usual_ports: false,
        }
    }

    /// An address to listen on: the usual one if it is wanted and free, any otherwise.
    pub(crate) fn address(&self, usual: u16) -> Result<SocketAddr> {
        let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if self.usual_ports && TcpListener::bind(address(usual)).is_ok() {
            return Ok(address(usual));
        }
        Ok(address(unused_port()?))
    }
}
