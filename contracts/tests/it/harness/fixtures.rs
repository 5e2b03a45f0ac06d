//! Contracts that only these tests know.
#![allow(missing_docs, unreachable_pub, clippy::pedantic)]

macro_rules! fixture {
    ($module:ident, $name:ident, $path:literal) => {
        pub mod $module {
            alloy::sol! {
                #[sol(all_derives)]
                $name,
                $path
            }
        }
        #[allow(unused_imports)]
        pub use $module::$name;
    };
}

fixture!(
    fee_on_transfer,
    FeeOnTransferERC20,
    "artifacts/FeeOnTransferERC20.json"
);
fixture!(
    hostile_metadata,
    HostileMetadataERC20,
    "artifacts/HostileMetadataERC20.json"
);
fixture!(hostile, HostileERC20, "artifacts/HostileERC20.json");
fixture!(reentrant, ReentrantERC20, "artifacts/ReentrantERC20.json");
fixture!(custom, TestCustomERC20, "artifacts/TestCustomERC20.json");
fixture!(permit2, TestPermit2, "artifacts/TestPermit2.json");
fixture!(sender, TestSender, "artifacts/TestSender.json");
fixture!(probe, LibraryProbe, "artifacts/LibraryProbe.json");
fixture!(
    light_client,
    TestLightClient,
    "artifacts/TestLightClient.json"
);
fixture!(app, TestApp, "artifacts/TestApp.json");
fixture!(silent, SilentContract, "artifacts/SilentContract.json");
fixture!(
    permit_token,
    TestPermitERC20,
    "artifacts/TestPermitERC20.json"
);
fixture!(
    witness_permit2,
    TestWitnessPermit2,
    "artifacts/TestWitnessPermit2.json"
);
fixture!(receiver, TestReceiver, "artifacts/TestReceiver.json");
