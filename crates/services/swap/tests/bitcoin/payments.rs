//! Payments to a lock that are not what was agreed, and coins that several want.

use causeway_local_bitcoin::NodeKind;
use causeway_swap::{Amount, Expiry, LegTerms, LockForm, Secret, WrongLock};
use causeway_swap_service::{Sight, SwapChain as _};
use causeway_types::{AccountId, AssetId, Timestamp};

use crate::support::{Eyes, Liar, VALUE, World, claimed, endpoint, locked_at, nobody, secret};

#[tokio::test(flavor = "multi_thread")]
async fn what_else_is_paid_to_the_script_is_told_and_what_becomes_of_it_is_not() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let world = World::new(kind).await;
        let pair = world.lock(LockForm::Taproot, 20).await;
        let script = pair.script(world.network);
        let mut alice = Eyes::of(&world.alice).await;
        world.alice.side.watch(&pair.alice, None);
        // Before the lock: the wrong amount.
        let wrong = format!("{}:0", world.pay(&script, VALUE - 1).await);
        world.mine(1).await;
        let at = world.locked(&pair).await;
        // After it: the right one once more.
        let second = format!("{}:0", world.pay(&script, VALUE).await);
        world.mine(1).await;
        let mut expected = vec![
            locked_at(&wrong, VALUE - 1),
            locked_at(&at, VALUE),
            locked_at(&second, VALUE),
        ];
        assert_eq!(alice.see(world.height().await).await, expected);

        // Bob takes the second; that says nothing about the lock.
        let before = Expiry::Height(pair.expiry());
        let bob = &world.bob.side;
        bob.claim(pair.for_bob(&second), &secret(), before)
            .await
            .unwrap();
        world.mine(1).await;
        assert_eq!(alice.see(world.height().await).await, expected);
        bob.claim(pair.for_bob(&at), &secret(), before)
            .await
            .unwrap();
        world.mine(1).await;
        expected.push(claimed());
        assert_eq!(alice.see(world.height().await).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reward_is_no_lock_for_it_cannot_be_claimed_in_time() {
    let world = World::new(NodeKind::Bitcoin).await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let mut bob = Eyes::of(&world.bob).await;
    world.bob.side.watch(&pair.bob, None);
    world.reward(&pair.script(world.network)).await;
    let seen = bob.see(world.height().await).await;
    assert_eq!(seen, [Sight::LockedOtherwise(WrongLock::Terms)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_that_are_made_at_once_never_spend_one_coin_twice() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let mut world = World::new(kind).await;
        world.impoverish(3 * VALUE).await;
        let first = world.lock_numbered(LockForm::Taproot, 20, 0).await;
        let second = world.lock_numbered(LockForm::Taproot, 20, 1).await;
        let alice = &world.alice.side;
        // Each twice, as somebody might who does not know that it is being done.
        let made = tokio::join!(
            alice.lock(&first.alice),
            alice.lock(&second.alice),
            alice.lock(&first.alice),
            alice.lock(&second.alice),
        );
        made.0.and(made.1).and(made.2).and(made.3).unwrap();
        assert_eq!(world.pending().await.len(), 2);
        let third = world.lock_numbered(LockForm::Taproot, 20, 2).await;
        let error = alice.lock(&third.alice).await.unwrap_err();
        assert!(
            error.passes && error.message.contains("the wallet's coins hold"),
            "{error}"
        );
        world.mine(1).await;
        assert_eq!(world.pending().await, []);
        alice.lock(&first.alice).await.ok();
        assert_eq!(world.pending().await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn change_that_was_never_sent_is_sent_before_what_spends_it() {
    let mut world = World::new(NodeKind::Litecoin).await;
    world.impoverish(3 * VALUE).await;
    let first = world.lock_numbered(LockForm::Taproot, 20, 0).await;
    let second = world.lock_numbered(LockForm::Taproot, 20, 1).await;
    let silent = Liar::before(&world.rpc).await;
    silent.swallows();
    let endpoints = vec![silent.endpoint.clone()];
    world.alice.reopen_through(endpoints).await;
    world.alice.side.lock(&first.alice).await.unwrap_err();
    world.alice.side.lock(&second.alice).await.unwrap_err();
    world
        .alice
        .reopen_through(vec![endpoint(&world.node)])
        .await;
    world.alice.side.lock(&second.alice).await.unwrap();
    assert_eq!(world.pending().await.len(), 2);
    world.mine(1).await;
    assert_eq!(world.pending().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_paid_a_second_time_only_once_the_first_payment_is_dead_for_good() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let mut world = World::new(kind).await;
        let pair = world.lock(LockForm::Taproot, 20).await;
        let silent = Liar::before(&world.rpc).await;
        silent.swallows();
        let endpoints = vec![silent.endpoint.clone()];
        world.alice.reopen_through(endpoints).await;
        world.alice.side.lock(&pair.alice).await.unwrap_err();
        world
            .alice
            .reopen_through(vec![endpoint(&world.node)])
            .await;
        let mut alice = Eyes::of(&world.alice).await;
        // The same seed is used elsewhere, and spends the same coin.
        world.pay(&pair.script(world.network), VALUE - 1).await;
        let error = world.alice.side.lock(&pair.alice).await.unwrap_err();
        assert!(error.passes, "{error}");
        world.mine(1).await;
        let height = world.height().await;
        alice.see(height).await;
        let error = world.alice.side.lock(&pair.alice).await.unwrap_err();
        assert!(
            error.passes && error.message.contains("spends the same"),
            "{error}"
        );
        assert_eq!(world.pending().await, []);
        // Whoever comes after a crash does not count the change of what cannot be mined.
        let told = world.alice.another().await;
        let balance = told.balance(&pair.alice.terms.asset).await.unwrap();
        let paid = u128::from(VALUE - 1) + 153;
        let reserve = 153 + 9 * 68;
        assert_eq!(balance, Amount::new(500 * 100_000_000 - paid - reserve));
        // Deeper, and not yet deep enough.
        world.mine(1).await;
        alice.settle(height - 1).await;
        world.alice.side.lock(&pair.alice).await.unwrap_err();
        world.mine(1).await;
        alice.settle(height).await;
        world.alice.side.lock(&pair.alice).await.unwrap();
        assert_eq!(world.pending().await.len(), 1);
        world.alice.side.lock(&pair.alice).await.unwrap();
        assert_eq!(world.pending().await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_that_no_lock_can_have_are_refused_with_what_would_be_right() {
    let world = World::new(NodeKind::Litecoin).await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let side = &world.alice.side;
    let refused = |change: fn(&mut LegTerms), word: &str| {
        let mut terms = pair.alice.terms.clone();
        change(&mut terms);
        let error = side.check(&terms).unwrap_err();
        assert!(!error.passes && error.message.contains(word), "{error}");
    };
    let coin = |terms: &LegTerms, number| AssetId::coin(terms.asset.chain().clone(), number);
    assert_eq!(side.check(&pair.alice.terms), Ok(()));
    refused(|terms| terms.bond = Amount::new(1), "expected 0");
    refused(|terms| terms.amount = Amount::new(1_000), "or more");
    refused(|terms| terms.amount = Amount::new(u128::MAX), "or less");
    refused(|terms| terms.expiry = Expiry::Height(1_350), "1351");
    refused(|terms| terms.expiry = Expiry::Height(500_000_000), "moment");
    refused(|terms| terms.expiry = Expiry::Height(u64::MAX), "height");
    refused(
        |terms| terms.expiry = Expiry::Time(Timestamp::from_secs(9)),
        "height",
    );
    refused(
        |terms| terms.form = LockForm::Contract(terms.claimer.clone()),
        "taproot",
    );
    refused(
        |terms| terms.claimer = terms.refunder.clone(),
        "both parties",
    );
    let mut other = pair.alice.terms.clone();
    other.asset = coin(&other, 2);
    assert!(!side.check(&other).unwrap_err().passes);
    let mut upper = pair.alice.terms.clone();
    let shouted = upper.claimer.address().to_uppercase();
    upper.claimer = AccountId::new(upper.claimer.chain.clone(), shouted).unwrap();
    assert!(
        side.check(&upper)
            .unwrap_err()
            .message
            .contains("lower-case")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_does_what_is_for_the_other_party_to_do() {
    let world = World::new(NodeKind::Bitcoin).await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    assert!(!world.bob.side.lock(&pair.bob).await.unwrap_err().passes);
    let at = world.locked(&pair).await;
    let before = Expiry::Height(pair.expiry());
    let claim = world
        .alice
        .side
        .claim(pair.for_alice(&at), &secret(), before)
        .await;
    assert!(!claim.unwrap_err().passes);
    assert!(
        !world
            .bob
            .side
            .refund(pair.for_bob(&at))
            .await
            .unwrap_err()
            .passes
    );
    let other = Secret::from_bytes([1; 32]);
    let claim = world
        .bob
        .side
        .claim(pair.for_bob(&at), &other, before)
        .await;
    assert!(!claim.unwrap_err().passes);
    assert_eq!(world.pending().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coin_that_old_news_bring_back_is_not_spent_again() {
    let mut world = World::new(NodeKind::Bitcoin).await;
    world.impoverish(3 * VALUE).await;
    let silent = Liar::before(&world.rpc).await;
    silent.swallows();
    let endpoints = vec![silent.endpoint.clone()];
    world.alice.reopen_through(endpoints).await;
    let mut alice = Eyes::of(&world.alice).await;
    let first = world.lock_numbered(LockForm::Taproot, 20, 0).await;
    world.alice.side.lock(&first.alice).await.unwrap_err();
    // The block that the coin came with is told of only now.
    alice.see(world.height().await).await;
    let second = world.lock_numbered(LockForm::Taproot, 20, 1).await;
    world.alice.side.lock(&second.alice).await.unwrap_err();
    let payments = silent.swallowed();
    let spent = |bytes: &Vec<u8>| {
        let tx: bitcoin::Transaction = bitcoin::consensus::deserialize(bytes).unwrap();
        tx.input[0].previous_output
    };
    assert_ne!(spent(&payments[0]), spent(payments.last().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_that_something_else_spends_are_left_alone() {
    let world = World::new(NodeKind::Litecoin).await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let asset = &pair.alice.terms.asset;
    world.alice.side.balance(asset).await.unwrap();
    // After the wallet's search somebody with the same seed pays.
    world.pay(&crate::support::nobody(), VALUE).await;
    // It might be the lock, made from a store that ours is an old copy of.
    let error = world.alice.side.lock(&pair.alice).await.unwrap_err();
    assert!(error.passes, "{error}");
    assert_eq!(world.pending().await.len(), 1);
    world.mine(1).await;
    world.alice.side.lock(&pair.alice).await.unwrap();
    assert_eq!(world.pending().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_are_taken_out_of_the_wallet_but_not_those_that_a_lock_spends() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let world = World::new(kind).await;
        let (alice, network) = (&world.alice.side, world.network);
        let to = network.address(&nobody()).unwrap();
        let one = Amount::new(VALUE.into());
        alice.pay_out(&to, Some(one)).await.unwrap();
        world.mine(1).await;
        // A lock waits for its block, and keeps its coins and its change's.
        let pair = world.lock(LockForm::Taproot, 20).await;
        alice.lock(&pair.alice).await.unwrap();
        let lock = world.only_pending().await;
        let coin = AssetId::coin(network.chain_id(), network.coin_type);
        let left = alice.balance(&coin).await.unwrap();
        alice.pay_out(&to, None).await.unwrap();
        assert_eq!(world.pending().await.len(), 2);
        world.mine(1).await;
        assert!(world.size_in_newest_block(lock).await > 0);
        let (_, paid) = world.rpc.scan(&[&nobody()]).await.unwrap();
        let paid: Vec<_> = paid.into_iter().map(|coin| coin.value.to_sat()).collect();
        assert!(paid.contains(&VALUE), "{paid:?}");
        let left = u64::try_from(left.units()).unwrap();
        assert!(
            paid.iter().any(|paid| (left..left + 100).contains(paid)),
            "{left}: {paid:?}"
        );
        assert_eq!(alice.balance(&coin).await.unwrap(), Amount::ZERO);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_paid_out_to_another_chain_nor_more_than_there_is() {
    let world = World::new(NodeKind::Litecoin).await;
    let alice = &world.alice.side;
    let bitcoin = "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk";
    let error = alice.pay_out(bitcoin, None).await.unwrap_err();
    assert!(error.to_string().contains("another chain"), "{error}");
    let ours = alice.receiving_address(1).unwrap();
    for (amount, words) in [(1, "dust"), (u128::from(u64::MAX), "are needed")] {
        let error = alice.pay_out(&ours, Some(Amount::new(amount))).await;
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains(words) || error.contains("least that nodes relay"),
            "{error}"
        );
    }
    assert_eq!(world.pending().await, []);
}
