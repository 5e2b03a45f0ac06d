//! The public contracts of Boltz, as its package `boltz-core` holds them compiled.
//!
//! They are installed from npm to be run on a local chain. Nothing of the package is linked, kept in the
//! tree or handed on.

use std::path::{Path, PathBuf};

use alloy::{
    primitives::{Address, Bytes, U256, hex},
    signers::{SignerSync as _, local::PrivateKeySigner},
    sol,
    sol_types::{SolCall, SolStruct as _, eip712_domain},
};
use anyhow::{Context, Result};
use serde::Deserialize;

use super::{
    contract::{Call, Clock, Contracts, Swap},
    evm::Chain,
};
use crate::{npm, say::Progress};

/// The package and the version that is measured.
pub(super) const PACKAGE: (&str, &str) = ("boltz-core", "4.0.1");

sol! {
    interface EtherSwap {
        function lock(bytes32 hash, address claimer, uint256 timelock) external payable;
        function claim(bytes32 secret, uint256 amount, address refunder, uint256 timelock) external;
        function claimBatch(
            bytes32[] secrets,
            uint256[] amounts,
            address[] refunders,
            uint256[] timelocks
        ) external;
        function refund(bytes32 hash, uint256 amount, address claimer, uint256 timelock) external;
        function refundCooperative(
            bytes32 hash,
            uint256 amount,
            address claimer,
            uint256 timelock,
            uint8 v,
            bytes32 r,
            bytes32 s
        ) external;
    }

    interface ERC20Swap {
        function lock(bytes32 hash, uint256 amount, address token, address claimer, uint256 timelock) external;
        function claim(bytes32 secret, uint256 amount, address token, address refunder, uint256 timelock) external;
        function refund(bytes32 hash, uint256 amount, address token, address claimer, uint256 timelock) external;
    }

    struct Refund {
        bytes32 preimageHash;
        uint256 amount;
        address claimAddress;
        uint256 timelock;
    }
}

/// The installed package.
pub(super) struct Package(PathBuf);

impl Package {
    /// Installs it, once.
    pub(super) async fn install(progress: &Progress) -> Result<Self> {
        let (name, version) = PACKAGE;
        let directory = npm::cache()?.join(format!("{name}-{version}"));
        let package = Self(directory.join("node_modules").join(name));
        if !package.artifact("ERC20Swap").is_file() {
            progress.say(&format!("installing {name} {version} from npm"));
            npm::install(&directory, [PACKAGE]).await?;
        }
        Ok(package)
    }

    fn artifact(&self, contract: &str) -> PathBuf {
        let directory = self.0.join("out").join(format!("{contract}.sol"));
        directory.join(format!("{contract}.json"))
    }

    /// What its makers' compiler made of a contract.
    fn bytecode(&self, contract: &str) -> Result<Bytes> {
        #[derive(Deserialize)]
        struct Artifact {
            bytecode: Bytecode,
        }
        #[derive(Deserialize)]
        struct Bytecode {
            object: String,
        }
        let path = self.artifact(contract);
        let read = |path: &Path| -> Result<Bytes> {
            let artifact: Artifact = serde_json::from_slice(&std::fs::read(path)?)?;
            Ok(hex::decode(artifact.bytecode.object)?.into())
        };
        read(&path).with_context(|| format!("{} holds no contract", path.display()))
    }
}

pub(super) struct Boltz {
    chain_id: u64,
    ether_swap: Address,
    token_swap: Address,
}

impl Boltz {
    pub(super) async fn deploy(package: &Package, chain: &Chain) -> Result<Self> {
        Ok(Self {
            chain_id: chain.id(),
            ether_swap: chain.deploy(package.bytecode("EtherSwap")?).await?,
            token_swap: chain.deploy(package.bytecode("ERC20Swap")?).await?,
        })
    }

    fn of_coin<C: SolCall>(&self, value: U256, call: &C) -> Call {
        Call {
            to: self.ether_swap,
            value,
            data: call.abi_encode().into(),
        }
    }

    fn of_token<C: SolCall>(&self, call: &C) -> Call {
        Call {
            to: self.token_swap,
            value: U256::ZERO,
            data: call.abi_encode().into(),
        }
    }
}

impl Contracts for Boltz {
    fn clock(&self) -> Clock {
        Clock::Heights
    }

    fn token_spender(&self) -> Address {
        self.token_swap
    }

    fn lock(&self, swap: &Swap) -> Call {
        let (hash, claimer, amount) = (swap.hash_lock(), swap.claimer, swap.amount);
        let timelock = U256::from(swap.timelock);
        match swap.token {
            None => self.of_coin(
                amount,
                &EtherSwap::lockCall {
                    hash,
                    claimer,
                    timelock,
                },
            ),
            Some(token) => self.of_token(&ERC20Swap::lockCall {
                hash,
                amount,
                token,
                claimer,
                timelock,
            }),
        }
    }

    fn claim(&self, swap: &Swap) -> Call {
        let (secret, amount, refunder) = (swap.secret, swap.amount, swap.refunder);
        let timelock = U256::from(swap.timelock);
        match swap.token {
            None => self.of_coin(
                U256::ZERO,
                &EtherSwap::claimCall {
                    secret,
                    amount,
                    refunder,
                    timelock,
                },
            ),
            Some(token) => self.of_token(&ERC20Swap::claimCall {
                secret,
                amount,
                token,
                refunder,
                timelock,
            }),
        }
    }

    /// The form for plain swaps, which is the cheaper of its two.
    fn claim_batch(&self, swaps: &[Swap]) -> Call {
        let call = EtherSwap::claimBatchCall {
            secrets: swaps.iter().map(|swap| swap.secret).collect(),
            amounts: swaps.iter().map(|swap| swap.amount).collect(),
            refunders: swaps.iter().map(|swap| swap.refunder).collect(),
            timelocks: swaps.iter().map(|swap| U256::from(swap.timelock)).collect(),
        };
        self.of_coin(U256::ZERO, &call)
    }

    fn refund(&self, swap: &Swap) -> Call {
        let (hash, amount, claimer) = (swap.hash_lock(), swap.amount, swap.claimer);
        let timelock = U256::from(swap.timelock);
        match swap.token {
            None => self.of_coin(
                U256::ZERO,
                &EtherSwap::refundCall {
                    hash,
                    amount,
                    claimer,
                    timelock,
                },
            ),
            Some(token) => self.of_token(&ERC20Swap::refundCall {
                hash,
                amount,
                token,
                claimer,
                timelock,
            }),
        }
    }

    fn refund_cooperatively(&self, swap: &Swap, claimer: &PrivateKeySigner) -> Result<Call> {
        let domain = eip712_domain! {
            name: "EtherSwap",
            version: "6",
            chain_id: self.chain_id,
            verifying_contract: self.ether_swap,
        };
        let consent = Refund {
            preimageHash: swap.hash_lock(),
            amount: swap.amount,
            claimAddress: swap.claimer,
            timelock: U256::from(swap.timelock),
        };
        let signature = claimer.sign_hash_sync(&consent.eip712_signing_hash(&domain))?;
        let call = EtherSwap::refundCooperativeCall {
            hash: swap.hash_lock(),
            amount: swap.amount,
            claimer: swap.claimer,
            timelock: U256::from(swap.timelock),
            v: 27 + u8::from(signature.v()),
            r: signature.r().into(),
            s: signature.s().into(),
        };
        Ok(self.of_coin(U256::ZERO, &call))
    }
}
