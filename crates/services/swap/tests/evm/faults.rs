//! Endpoints that lie, lag or are gone.

use alloy::{
    primitives::B256,
    sol_types::{SolEvent as _, SolValue as _},
};
use causeway_contracts::{claim_window, hash_time_lock::HashTimeLock};
use causeway_localnet::{FaultProxy, Faults, Lie, Refusal, dev_key};
use causeway_swap::Expiry;
use causeway_swap_service::{Locked, Sight, SwapChain as _};

use crate::support::{
    Options, Party, World, eventually,
    world::{ALICE, BOB},
};

/// Three endpoints, the first of which is told what to say.
async fn three(world: &World) -> (FaultProxy, FaultProxy, Options) {
    let liar = FaultProxy::in_front_of(world.anvil.http_url())
        .await
        .unwrap();
    let other = FaultProxy::in_front_of(world.anvil.http_url())
        .await
        .unwrap();
    let endpoints = vec![liar.http_url(), world.anvil.http_url(), other.http_url()];
    let options = Options {
        endpoints,
        ..Options::default()
    };
    (liar, other, options)
}

#[tokio::test]
async fn a_lock_that_one_endpoint_makes_up_never_becomes_final() {
    let world = World::new().await;
    let (liar, _other, options) = three(&world).await;
    let bob = Party::with(&world, BOB, options).await;
    let (lock, _) = world.lock(1).await;
    bob.side.watch(&lock, None);
    let Expiry::Time(time) = lock.terms.expiry else {
        panic!("a time")
    };
    // What the lock would look like, in place of a stranger's.
    let window = claim_window(dev_key(BOB).address(), time.as_secs());
    let amount = alloy::primitives::U256::from(lock.terms.amount.units());
    let refunder = dev_key(ALICE).address();
    let data = (lock.hash_lock.hash(), amount, window, refunder).abi_encode_params();
    liar.set(Faults::lies([Lie::ExtraLogs {
        topic: HashTimeLock::CoinLocked::SIGNATURE_HASH,
        topics: Vec::new(),
        data: data.into(),
    }]));
    let stranger = claim_window(dev_key(5).address(), time.as_secs());
    world
        .stranger_locks(B256::repeat_byte(8), stranger, 5)
        .await;
    // The endpoint in use is believed at first; otherwise this test would show nothing.
    bob.watcher.locked(&lock).await;
    world.mine(6).await;
    let head = world.chain.head().await.unwrap();
    eventually(async || {
        let finals = bob
            .watcher
            .updates()
            .into_iter()
            .filter_map(|update| match update {
                causeway_swap_service::ChainUpdate::Final { block } => Some(block.height),
                _ => None,
            });
        (finals.max()? + 2 >= head.height).then_some(())
    })
    .await;
    let sights = bob.watcher.sights(&lock);
    assert!(sights.is_empty(), "{sights:?}");
    assert!(liar.lies_told() > 0);
}

#[tokio::test]
async fn a_lock_that_one_endpoint_hides_is_told_before_it_is_final() {
    let world = World::new().await;
    let (liar, _other, options) = three(&world).await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::with(&world, BOB, options).await,
    );
    let (lock, _) = world.lock(1).await;
    bob.side.watch(&lock, None);
    let topic = HashTimeLock::CoinLocked::SIGNATURE_HASH;
    liar.set(Faults::lies([Lie::HiddenLogs(topic), Lie::EmptyBlooms]));
    let at = alice.make(&lock).await;
    world.mine(4).await;
    assert_eq!(bob.watcher.locked(&lock).await, at);
    eventually(async || {
        let sights = bob.watcher.sights(&lock);
        let found = sights
            .iter()
            .any(|(sight, _, is_final)| matches!(sight, Sight::Locked { .. }) && *is_final);
        found.then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_head_is_the_newest_that_any_endpoint_tells_of() {
    let world = World::new().await;
    let (liar, other, options) = three(&world).await;
    let bob = Party::with(&world, BOB, options).await;
    liar.set(Faults::lies([Lie::Lag(3)]));
    other.set(Faults::lies([Lie::Lag(3)]));
    world.mine(9).await;
    let newest = world.chain.head().await.unwrap();
    let head = bob.side.head().await.unwrap();
    assert_eq!((head.height, head.time), (newest.height, newest.timestamp));
    // A majority has to be heard.
    let refusal = || {
        Faults::refuses(Refusal::Status {
            code: 503,
            retry_after: None,
        })
    };
    liar.set(refusal());
    assert_eq!(bob.side.head().await.unwrap().height, newest.height);
    other.set(refusal());
    let error = bob.side.head().await.unwrap_err();
    assert!(
        error.passes && error.message.contains("too few endpoints"),
        "{error}"
    );
}

/// A claim through three endpoints, of which the one in use holds it back.
async fn claim_past(lie: impl FnOnce(&World) -> Lie) {
    let world = World::new().await;
    let (liar, _other, options) = three(&world).await;
    let alice = Party::new(&world, ALICE).await;
    let bob = Party::with(&world, BOB, options).await;
    let (lock, secret) = world.lock(1).await;
    bob.side.watch(&lock, None);
    let at = alice.make(&lock).await;
    bob.watcher.locked(&lock).await;
    liar.set(Faults::lies([lie(&world)]));
    let locked = Locked {
        lock: &lock,
        at: &at,
    };
    let claim = bob.side.claim(locked, &secret, lock.terms.expiry);
    claim.await.unwrap();
    // The lane waits for a block before it goes past the endpoint in use.
    world.mine(1).await;
    bob.watcher.spent(&lock).await;
    assert!(liar.lies_told() > 0);
}

#[tokio::test]
async fn an_endpoint_that_says_that_a_claim_reverts_is_passed_by() {
    claim_past(|world| Lie::Reverts(world.contract)).await;
}

#[tokio::test]
async fn an_endpoint_that_swallows_a_claim_is_passed_by() {
    claim_past(|_| Lie::SwallowedTransactions).await;
}
