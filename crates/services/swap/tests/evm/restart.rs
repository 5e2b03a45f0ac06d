//! Whoever is killed goes on where he stood, with the very bytes that he had signed.

use alloy::primitives::Bytes;
use causeway_engine::Engine;
use causeway_localnet::{FaultProxy, Faults, Lie, dev_key};
use causeway_swap::Secret;
use causeway_swap_service::{Lock, Locked, SwapChain as _};
use serde_json::json;
use url::Url;

use crate::support::{
    Options, Party, World, eventually,
    party::store,
    world::{ALICE, BOB, CHAIN},
};

/// What a party does before it is killed.
#[derive(Clone)]
enum Act {
    Lock,
    Claim(String, Secret),
}

/// Lets a party act in a runtime of its own, which ends at once.
async fn kill_while_acting(world: &World, index: usize, endpoint: Url, lock: &Lock, act: Act) {
    let (contract, dir) = (world.contract, world.dir.path().to_owned());
    let (url, lock) = (world.anvil.http_url(), lock.clone());
    let acting = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let options = Options {
                endpoints: vec![endpoint],
                ..Options::default()
            };
            let party = Party::at(url, contract, &dir, index, options).await;
            party.side.watch(&lock, None);
            let acted = match act {
                Act::Lock => party.side.lock(&lock).await,
                Act::Claim(at, secret) => {
                    let locked = Locked {
                        lock: &lock,
                        at: &at,
                    };
                    party.side.claim(locked, &secret, lock.terms.expiry).await
                }
            };
            acted.unwrap();
            std::mem::forget(party);
        });
        runtime.shutdown_background();
    };
    tokio::task::spawn_blocking(acting).await.unwrap();
}

/// The bytes that were signed for an action.
async fn signed(world: &World, index: usize, lock: &Lock, action: &str) -> Bytes {
    let engine = Engine::open(&store(world.dir.path(), &format!("{index}.db")))
        .await
        .unwrap();
    let lane = format!("eip155:{CHAIN}:{}", dev_key(index).address());
    let key = format!("swap/{}/{}/{action}/1", lock.swap, lock.leg.name());
    let record = engine.lane_transaction(&lane, &key).await.unwrap();
    record.unwrap().raw.unwrap()
}

/// The bytes of the only transaction that waits for a block.
async fn waiting(world: &World) -> Bytes {
    let hash = eventually(async || {
        let pool = world.rpc("txpool_content", json!([])).await;
        let senders = pool["pending"].as_object().unwrap().values();
        let mut all = senders.flat_map(|of| of.as_object().unwrap().values());
        all.next().map(|transaction| transaction["hash"].clone())
    })
    .await;
    assert_eq!(world.waiting().await, 1);
    let raw = world
        .rpc("eth_getRawTransactionByHash", json!([hash]))
        .await;
    serde_json::from_value(raw).unwrap()
}

#[tokio::test]
async fn a_lock_and_a_claim_are_sent_after_a_crash_as_they_were_signed() {
    let world = World::new().await;
    let proxy = FaultProxy::in_front_of(world.anvil.http_url())
        .await
        .unwrap();
    let (lock, secret) = world.lock(1).await;

    proxy.set(Faults::lies([Lie::SwallowedTransactions]));
    kill_while_acting(&world, ALICE, proxy.http_url(), &lock, Act::Lock).await;
    assert_eq!(world.waiting().await, 0);
    let signed_lock = signed(&world, ALICE, &lock, "lock").await;
    world.automine(false).await;
    let alice = Party::new(&world, ALICE).await;
    alice.side.watch(&lock, None);
    assert_eq!(waiting(&world).await, signed_lock);
    alice.side.lock(&lock).await.unwrap();
    assert_eq!(waiting(&world).await, signed_lock);
    world.automine(true).await;
    world.mine(1).await;
    let at = alice.watcher.locked(&lock).await;

    let claim = Act::Claim(at.clone(), secret.clone());
    kill_while_acting(&world, BOB, proxy.http_url(), &lock, claim).await;
    assert_eq!(world.waiting().await, 0);
    let signed_claim = signed(&world, BOB, &lock, "claim").await;
    world.automine(false).await;
    let bob = Party::new(&world, BOB).await;
    bob.side.watch(&lock, Some(&at));
    assert_eq!(waiting(&world).await, signed_claim);
    let locked = Locked {
        lock: &lock,
        at: &at,
    };
    bob.side
        .claim(locked, &secret, lock.terms.expiry)
        .await
        .unwrap();
    assert_eq!(waiting(&world).await, signed_claim);
    world.automine(true).await;
    world.mine(1).await;
    alice.watcher.spent(&lock).await;
    bob.watcher.spent(&lock).await;
    assert_eq!((world.nonce(ALICE).await, world.nonce(BOB).await), (1, 1));
}
