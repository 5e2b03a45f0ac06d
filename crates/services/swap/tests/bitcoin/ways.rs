//! How a lock goes, when everybody does what they should.

use causeway_local_bitcoin::NodeKind;
use causeway_swap::{Expiry, LockForm};
use causeway_swap_service::SwapChain as _;

use crate::support::{Eyes, VALUE, World, claimed, locked_at, refunded, secret};

const KINDS: [NodeKind; 2] = [NodeKind::Bitcoin, NodeKind::Litecoin];
const FORMS: [(LockForm, u64, u64); 2] = [
    (LockForm::Taproot, 143, 126),
    (LockForm::WitnessScript, 139, 131),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_claimed_with_the_secret_and_both_see_it() {
    for kind in KINDS {
        let world = World::new(kind).await;
        for (number, (form, size, _)) in (0..).zip(FORMS) {
            let pair = world.lock_numbered(form, 20, number).await;
            let (mut alice, mut bob) = (Eyes::of(&world.alice).await, Eyes::of(&world.bob).await);
            world.alice.side.watch(&pair.alice, None);
            world.bob.side.watch(&pair.bob, None);
            let at = world.locked(&pair).await;
            let height = world.height().await;
            let expected = [locked_at(&at, VALUE)];
            assert_eq!(alice.see(height).await, expected);
            assert_eq!(bob.see(height).await, expected);

            let before = Expiry::Height(pair.expiry());
            let locked = pair.for_bob(&at);
            world
                .bob
                .side
                .claim(locked, &secret(), before)
                .await
                .unwrap();
            let claim = world.only_pending().await;
            // Once more does no harm.
            world
                .bob
                .side
                .claim(locked, &secret(), before)
                .await
                .unwrap();
            assert_eq!(world.only_pending().await, claim);
            world.mine(1).await;
            assert_eq!(world.size_in_newest_block(claim).await, size);
            let expected = [locked_at(&at, VALUE), claimed()];
            assert_eq!(alice.see(height + 1).await, expected);
            assert_eq!(bob.see(height + 1).await, expected);
            world
                .bob
                .side
                .claim(locked, &secret(), before)
                .await
                .unwrap();
            assert_eq!(world.pending().await, []);
            world.alice.side.forget(&pair.alice);
            world.bob.side.forget(&pair.bob);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_goes_back_after_its_expiry_and_not_before() {
    for kind in KINDS {
        let world = World::new(kind).await;
        for (number, (form, _, size)) in (0..).zip(FORMS) {
            let pair = world.lock_numbered(form, 5, number).await;
            let mut bob = Eyes::of(&world.bob).await;
            world.bob.side.watch(&pair.bob, None);
            let at = world.locked(&pair).await;
            world.mine_up_to(pair.expiry() - 1).await;
            let early = world.alice.side.refund(pair.for_alice(&at)).await;
            assert!(early.unwrap_err().passes);
            world.mine(1).await;
            world.alice.side.refund(pair.for_alice(&at)).await.unwrap();
            let refund = world.only_pending().await;
            world.mine(1).await;
            assert_eq!(world.size_in_newest_block(refund).await, size);
            let seen = bob.see(world.height().await).await;
            assert_eq!(seen, [locked_at(&at, VALUE), refunded()]);
            world.bob.side.forget(&pair.bob);
        }
    }
}
