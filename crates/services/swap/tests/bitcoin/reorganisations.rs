//! Blocks that go away with what they held.

use causeway_local_bitcoin::NodeKind;
use causeway_swap::{Expiry, LockForm};
use causeway_swap_service::SwapChain as _;

use crate::support::{Eyes, VALUE, World, claimed, locked_at, secret};

const KINDS: [NodeKind; 2] = [NodeKind::Bitcoin, NodeKind::Litecoin];

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_and_a_claim_that_blocks_lose_are_sent_again_by_either() {
    for kind in KINDS {
        let mut world = World::new(kind).await;
        let pair = world.lock(LockForm::Taproot, 20).await;
        let mut bob = Eyes::of(&world.bob).await;
        world.bob.side.watch(&pair.bob, None);
        let at = world.locked(&pair).await;
        let locked_in = world.height().await;
        assert_eq!(bob.see(locked_in).await, [locked_at(&at, VALUE)]);
        let before = Expiry::Height(pair.expiry());
        world
            .bob
            .side
            .claim(pair.for_bob(&at), &secret(), before)
            .await
            .unwrap();
        let claim = world.only_pending().await;
        world.mine(1).await;
        assert_eq!(
            bob.see(locked_in + 1).await,
            [locked_at(&at, VALUE), claimed()]
        );

        // Both blocks go, and the node forgets what they held.
        world.take_back_newest_block().await;
        world.take_back_newest_block().await;
        world.forget_pending().await;
        assert_eq!(world.pending().await, []);
        world.mine_empty().await;
        world.mine_empty().await;
        while bob.withdrawn.len() < 2 {
            bob.step().await;
        }
        assert_eq!(bob.see(locked_in + 1).await, []);
        // Bob has the lock's transaction, which Alice made, and his claim.
        world.bob.reopen().await;
        world.bob.side.rebroadcast(&pair.bob).await.unwrap();
        let pending = world.pending().await;
        assert!(
            pending.len() == 2 && pending.contains(&claim),
            "{pending:?}"
        );
        world.mine(1).await;

        let mut bob = Eyes::from(&world.bob, None).await;
        world.bob.side.watch(&pair.bob, None);
        let seen = bob.see(locked_in + 2).await;
        assert_eq!(seen, [locked_at(&at, VALUE), claimed()]);
        // Nothing is left to be done, and nothing is an error.
        world.alice.side.rebroadcast(&pair.alice).await.ok();
        world
            .bob
            .side
            .claim(pair.for_bob(&at), &secret(), before)
            .await
            .unwrap();
        assert_eq!(world.pending().await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_another_payment_takes_the_place_of_is_followed_after_a_restart() {
    let mut world = World::new(NodeKind::Bitcoin).await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let mut bob = Eyes::of(&world.bob).await;
    world.bob.side.watch(&pair.bob, None);
    let first = world.locked(&pair).await;
    let height = world.height().await;
    assert_eq!(bob.see(height).await, [locked_at(&first, VALUE)]);
    let cursor = bob.cursor();
    world.bob.reopen().await;
    world.bob.side.watch(&pair.bob, Some(&first));
    let mut bob = Eyes::from(&world.bob, Some(&cursor)).await;
    bob.blocks.push(world.block_ref(height).await);
    world.take_back_newest_block().await;
    world.forget_pending().await;
    let second = world.pay(&pair.script(world.network), VALUE).await;
    let second = format!("{second}:0");
    assert_ne!(first, second);
    world.mine(1).await;
    while bob.withdrawn.is_empty() {
        bob.step().await;
    }
    assert_eq!(bob.see(height).await, [locked_at(&second, VALUE)]);
    let before = Expiry::Height(pair.expiry());
    let locked = pair.for_bob(&second);
    world
        .bob
        .side
        .claim(locked, &secret(), before)
        .await
        .unwrap();
    world.mine(1).await;
    let seen = bob.see(height + 1).await;
    assert_eq!(seen, [locked_at(&second, VALUE), claimed()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_lock_is_sent_again_and_no_other_made() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let pair = world.lock(LockForm::Taproot, 20).await;
        let mut alice = Eyes::of(&world.alice).await;
        world.alice.side.watch(&pair.alice, None);
        let at = world.locked(&pair).await;
        let height = world.height().await;
        alice.see(height).await;
        world.take_back_newest_block().await;
        world.forget_pending().await;
        world.mine_empty().await;
        while alice.withdrawn.is_empty() {
            alice.step().await;
        }
        world.alice.side.lock(&pair.alice).await.unwrap();
        assert_eq!(format!("{}:0", world.only_pending().await), at);
        world.mine(1).await;
        let seen = alice.see(height + 1).await;
        assert_eq!(seen, [locked_at(&at, VALUE)]);
    }
}
