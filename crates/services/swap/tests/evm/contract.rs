//! Only the contract itself is locked in.

use std::sync::Arc;

use alloy::{primitives::Address, sol_types::SolConstructor as _};
use causeway_contracts::{PERMIT2, hash_time_lock::HashTimeLock};
use causeway_engine::Engine;
use causeway_ibc_evm::SharedLane;
use causeway_localnet::dev_key;
use causeway_swap_service::{
    ChainError, SwapChain as _,
    evm::{EvmSettings, EvmSide},
};
use serde_json::json;

use crate::support::{World, world::ALICE};

async fn open(world: &World, contract: Address, signer: usize) -> Result<EvmSide, ChainError> {
    let engine = Engine::open("sqlite::memory:").await.unwrap();
    let (chain, key) = (world.chain.clone(), dev_key(ALICE));
    let config = EvmSettings::lane();
    let lane = SharedLane::open(chain.clone(), key, engine, "test".to_owned(), config);
    let lane = Arc::new(lane.await.unwrap());
    let signer = Arc::new(dev_key(signer));
    EvmSide::open(chain, contract, lane, signer, EvmSettings::default()).await
}

#[tokio::test]
async fn what_is_not_the_contract_is_refused() {
    let world = World::new().await;
    open(&world, world.contract, ALICE).await.unwrap();
    let refused = async |contract| {
        let error = open(&world, contract, ALICE).await.unwrap_err();
        assert!(!error.passes, "{error}");
        error.message
    };
    assert!(
        refused(Address::repeat_byte(9))
            .await
            .contains("there is no contract")
    );
    let token = world.token().await;
    assert!(refused(token).await.contains("is not the hash time lock"));
    // A Permit2 that lies could open locks that hold nothing.
    let with = async |permit2| {
        let arguments = HashTimeLock::constructorCall { permit2 }.abi_encode();
        world.deploy(&HashTimeLock::BYTECODE, &arguments).await
    };
    open(&world, with(PERMIT2).await, ALICE).await.unwrap();
    assert!(
        refused(with(token).await)
            .await
            .contains("is not the hash time lock")
    );
    // The same code at another address signs for the first.
    let code = world
        .rpc("eth_getCode", json!([world.contract, "latest"]))
        .await;
    let copy = Address::repeat_byte(7);
    world.rpc("anvil_setCode", json!([copy, code])).await;
    assert!(refused(copy).await.contains("is not the hash time lock"));
    let error = open(&world, world.contract, 2).await.unwrap_err();
    assert!(
        error.message.contains("transactions are sent for"),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_is_locked_while_nobody_reads_the_chain() {
    let world = World::new().await;
    let side = open(&world, world.contract, ALICE).await.unwrap();
    let (lock, _) = world.lock(1).await;
    side.watch(&lock, None);
    let error = side.lock(&lock).await.unwrap_err();
    assert!(
        error.passes && error.message.contains("are to be read"),
        "{error}"
    );
    assert_eq!(world.nonce(ALICE).await, 0);
}
