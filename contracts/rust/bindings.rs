//! One module per artifact. The generated code is documented where it comes from: in the Solidity sources.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::too_many_arguments
)]

use alloy::sol;

/// OpenZeppelin's access manager: who may call the restricted functions.
pub mod access_manager {
    super::sol! {
        #[sol(rpc, all_derives)]
        AccessManager,
        "artifacts/AccessManager.json"
    }
}

/// The light client that believes what m of n attestors sign.
pub mod attestation_light_client {
    super::sol! {
        #[sol(rpc, all_derives)]
        AttestationLightClient,
        "artifacts/AttestationLightClient.json"
    }
}

/// OpenZeppelin's beacon proxy, of which escrows, vouchers and accounts are made.
pub mod beacon_proxy {
    super::sol! {
        #[sol(rpc, all_derives)]
        BeaconProxy,
        "artifacts/BeaconProxy.json"
    }
}

/// Something to call from another chain, for tests and local networks.
pub mod counter {
    super::sol! {
        #[sol(rpc, all_derives)]
        Counter,
        "artifacts/Counter.json"
    }
}

/// OpenZeppelin's proxy, in front of the router and the applications.
pub mod erc1967_proxy {
    super::sol! {
        #[sol(rpc, all_derives)]
        ERC1967Proxy,
        "artifacts/ERC1967Proxy.json"
    }
}

/// The escrow of one client.
pub mod escrow {
    super::sol! {
        #[sol(rpc, all_derives)]
        Escrow,
        "artifacts/Escrow.json"
    }
}

/// One leg of an atomic swap: native coin or a token, for a secret or after a timelock.
pub mod hash_time_lock {
    super::sol! {
        #[sol(rpc, all_derives)]
        HashTimeLock,
        "artifacts/HashTimeLock.json"
    }
}

/// The voucher token.
pub mod ibc_erc20 {
    super::sol! {
        #[sol(rpc, all_derives)]
        IBCERC20,
        "artifacts/IBCERC20.json"
    }
}

/// The transfer application.
pub mod ics20_transfer {
    super::sol! {
        #[sol(rpc, all_derives)]
        ICS20Transfer,
        "artifacts/ICS20Transfer.json"
    }
}

/// The router.
pub mod ics26_router {
    super::sol! {
        #[sol(rpc, all_derives)]
        ICS26Router,
        "artifacts/ICS26Router.json"
    }
}

/// The account of one sender on another chain.
pub mod ics27_account {
    super::sol! {
        #[sol(rpc, all_derives)]
        ICS27Account,
        "artifacts/ICS27Account.json"
    }
}

/// The message-passing application.
pub mod ics27_gmp {
    super::sol! {
        #[sol(rpc, all_derives)]
        ICS27GMP,
        "artifacts/ICS27GMP.json"
    }
}

/// A worthless token that everybody may mint, for tests and local networks.
pub mod test_erc20 {
    super::sol! {
        #[sol(rpc, all_derives)]
        TestERC20,
        "artifacts/TestERC20.json"
    }
}

/// The second half of the transfer application: limits and held transfers. Its functions are called at the transfer
/// application's address.
pub mod transfer_safeguards {
    super::sol! {
        #[sol(rpc, all_derives)]
        TransferSafeguards,
        "artifacts/TransferSafeguards.json"
    }
}

/// OpenZeppelin's beacon.
pub mod upgradeable_beacon {
    super::sol! {
        #[sol(rpc, all_derives)]
        UpgradeableBeacon,
        "artifacts/UpgradeableBeacon.json"
    }
}
