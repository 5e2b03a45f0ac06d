//! Which terms are served, and in which words others are refused.

use causeway_swap::{Amount, Expiry, LegTerms, LockForm};
use causeway_swap_service::SwapChain as _;
use causeway_types::{AccountId, AssetId, ChainId, Timestamp};

use crate::support::{
    Party, World,
    world::{ALICE, BOB, account, named},
};

/// What is changed in terms that are served.
type Change<'a> = &'a dyn Fn(&mut LegTerms);

#[tokio::test]
async fn terms_that_cannot_be_locked_here_are_refused_in_words_that_say_what_would_do() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    assert_eq!(alice.side.account(7).unwrap(), account(ALICE));
    assert_eq!(alice.side.form(), LockForm::Contract(named(world.contract)));
    let (coin, _) = world.lock(1).await;
    let token = world.token().await;
    let (tokens, _) = world.lock_of_token(1, token).await;
    for side in [&alice.side, &bob.side] {
        side.check(&coin.terms).unwrap();
        side.check(&tokens.terms).unwrap();
    }
    let elsewhere = ChainId::eip155(1);
    let lower = |id: &AccountId| {
        AccountId::new(id.chain.clone(), id.address().to_ascii_lowercase()).unwrap()
    };
    let far = Timestamp::from_secs(coin_time(&coin.terms) + 31 * 24 * 3600);
    let cases: [(&str, Change<'_>); 15] = [
        ("slip44:60", &|terms| {
            terms.asset = AssetId::coin(terms.asset.chain().clone(), 0);
        }),
        ("slip44:60", &|terms| {
            terms.asset = format!("{}/erc721:0x06", terms.asset.chain())
                .parse()
                .unwrap();
        }),
        ("slip44:60", &|terms| {
            terms.asset = AssetId::erc20(terms.asset.chain().clone(), world.contract);
        }),
        ("another chain", &|terms| {
            terms.asset = AssetId::coin(elsewhere.clone(), 60);
        }),
        ("30 days", &|terms| terms.expiry = Expiry::Time(far)),
        ("expected a time", &|terms| terms.expiry = Expiry::Height(9)),
        ("bonds are not served yet", &|terms| {
            terms.bond = Amount::new(1);
        }),
        ("expected more", &|terms| terms.amount = Amount::ZERO),
        ("an output of a transaction", &|terms| {
            terms.form = LockForm::Taproot;
        }),
        ("is to be made in the contract", &|terms| {
            terms.form = LockForm::Contract(account(3));
        }),
        ("checksum", &|terms| terms.claimer = lower(&terms.claimer)),
        ("checksum", &|terms| terms.refunder = lower(&terms.refunder)),
        ("an account on", &|terms| {
            terms.claimer.chain = elsewhere.clone();
        }),
        ("two parties", &|terms| {
            terms.claimer = terms.refunder.clone();
        }),
        ("our account", &|terms| {
            terms.claimer = account(4);
            terms.refunder = account(5);
        }),
    ];
    for (words, change) in cases {
        let mut terms = coin.terms.clone();
        change(&mut terms);
        let error = alice.side.check(&terms).unwrap_err();
        assert!(
            !error.passes && error.message.contains(words),
            "{words}: {error}"
        );
    }
}

fn coin_time(terms: &LegTerms) -> u64 {
    match terms.expiry {
        Expiry::Time(time) => time.as_secs(),
        Expiry::Height(_) => panic!("a time"),
    }
}
