//! What a maker is asked that it must refuse, before anything is locked and without a trace in its store.

use alloy_primitives::B256;
use causeway_swap::{Amount, Expiry, LegTerms, LockForm, Phase, QuoteId, Terms};
use causeway_types::{AccountId, AssetId, ChainId};
use serde_json::{Value, json};

use crate::support::{
    AMOUNT, Moves, Setup, Who, World,
    stranger::{Stranger, forged, hash_lock, in_secs},
};

type Change = fn(&mut Terms, &World);

/// What is changed about good terms, and how they are refused then.
const BAD_TERMS: &[(Change, u16, &str)] = &[
    (
        |terms, _| terms.legs.first.amount = Amount::new(99_999_999),
        422,
        "99999999",
    ),
    (
        |terms, _| terms.legs.second.amount = Amount::new(AMOUNT + 1),
        422,
        "expected 1000000000000000000",
    ),
    (
        |terms, _| terms.legs.first.bond = Amount::new(1),
        422,
        "bond",
    ),
    (
        |terms, _| terms.legs.second.bond = Amount::new(1),
        422,
        "bond",
    ),
    (
        |terms, _| terms.legs.first.form = LockForm::WitnessScript,
        410,
        "names other accounts",
    ),
    (
        |terms, world| terms.legs.second.form = other_contract(world),
        410,
        "names other accounts",
    ),
    (
        |terms, _| terms.legs.first.claimer = terms.legs.first.refunder.clone(),
        410,
        "names other accounts",
    ),
    (
        |terms, _| terms.legs.second.refunder = terms.legs.second.claimer.clone(),
        410,
        "names other accounts",
    ),
    (
        |terms, _| terms.legs.first.refunder = terms.legs.first.claimer.clone(),
        422,
        "",
    ),
    (
        |terms, _| terms.legs.second.claimer = terms.legs.second.refunder.clone(),
        422,
        "two parties",
    ),
    (
        |terms, _| terms.legs.first.refunder = abroad(&terms.legs.first),
        422,
        "",
    ),
    (
        |terms, _| terms.legs.second.claimer = abroad(&terms.legs.second),
        422,
        "cannot have a part",
    ),
    (
        |terms, world| terms.legs.second.asset = token(world),
        422,
        "erc20",
    ),
    (
        |terms, _| terms.legs.first.asset = AssetId::coin(ChainId::eip155(5), 60),
        404,
        "not among the chains",
    ),
    // lo(T2) leaves no time to lock and claim.
    (
        |terms, world| terms.legs.second.expiry = Expiry::Time(in_secs(world, 120)),
        422,
        "the second leg may expire before",
    ),
    // T1 comes too soon after T2.
    (
        |terms, world| terms.legs.second.expiry = Expiry::Time(in_secs(world, 900)),
        422,
        "the first leg may expire too soon",
    ),
    (
        |terms, _| sooner(&mut terms.legs.first, 50),
        422,
        "the first leg may expire too soon",
    ),
    (
        |terms, _| later(&mut terms.legs.first, 2_000),
        422,
        "may be locked until",
    ),
    (
        |terms, world| terms.legs.second.expiry = Expiry::Time(in_secs(world, 40 * 86_400)),
        422,
        "30 days",
    ),
    (
        |terms, world| terms.legs.first.expiry = Expiry::Time(in_secs(world, 3_000)),
        422,
        "expected a height",
    ),
    (
        |terms, _| terms.legs.second.expiry = Expiry::Height(400),
        422,
        "expected a time",
    ),
    (
        |terms, _| terms.quote = QuoteId(B256::repeat_byte(3)),
        410,
        "the quote has ended",
    ),
];

const SEED: [u8; 32] = [0x99; 32];

/// A maker that gives ether for coins, and a stranger who asks it.
async fn asked() -> (World, Stranger) {
    let mut world = World::new(Setup::COINS_FIRST).await;
    world.taker.stop().await;
    let stranger = Stranger::new(&world, SEED);
    (world, stranger)
}

/// There is no trace of any swap.
async fn is_untouched(world: &World) {
    assert_eq!(world.maker.ledger().records(false).await.unwrap(), []);
    assert_eq!(world.coins().pending().await, [""; 0]);
    assert_eq!(world.ether_transactions().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_that_are_not_as_quoted_or_outside_the_policy_are_refused() {
    let (world, stranger) = asked().await;
    let maker = world.maker.id();
    for (number, (change, status, words)) in BAD_TERMS.iter().enumerate() {
        let quote = stranger.quote(AMOUNT).await;
        let mut terms = stranger.terms(&world, &quote, 1).await;
        change(&mut terms, &world);
        let answer = stranger.propose(maker, terms).await;
        println!("terms {number}: {}", answer.body["detail"]);
        answer.refuses(*status, words);
    }
    is_untouched(&world).await;
    // None of this keeps anybody from a swap.
    stranger.agree(&world, 1).await;
}

fn other_contract(world: &World) -> LockForm {
    let address = world.ethers[0].anvil.chain_id();
    let other = format!("0x{address:040x}").parse::<alloy::primitives::Address>();
    let other = other.unwrap().to_checksum(None);
    LockForm::Contract(AccountId::new(world.ethers[0].id(), other).unwrap())
}

/// The party of another network of the same kind.
fn abroad(leg: &LegTerms) -> AccountId {
    let (party, elsewhere) = if leg.asset.chain().namespace() == "eip155" {
        (&leg.claimer, ChainId::eip155(1))
    } else {
        let bitcoin = causeway_bitcoin::Network::BITCOIN_REGTEST;
        (&leg.refunder, bitcoin.chain_id())
    };
    AccountId::new(elsewhere, party.address().to_owned()).unwrap()
}

fn token(world: &World) -> AssetId {
    AssetId::erc20(
        world.ethers[0].id(),
        alloy_primitives::Address::repeat_byte(7),
    )
}

fn sooner(leg: &mut LegTerms, blocks: u64) {
    if let Expiry::Height(height) = &mut leg.expiry {
        *height -= blocks;
    }
}

fn later(leg: &mut LegTerms, blocks: u64) {
    if let Expiry::Height(height) = &mut leg.expiry {
        *height += blocks;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_foreign_proposals_are_refused() {
    let (world, stranger) = asked().await;
    let maker = world.maker.id();
    let quote = stranger.quote(AMOUNT).await;
    let terms = stranger.terms(&world, &quote, 1).await;
    let good = stranger.proposal(maker, terms.clone());
    let propose = async |proposal: &_| stranger.post("/v1/swap/proposals", proposal).await;

    let mut forgery = good.clone();
    forgery.signature = forged(&stranger.key);
    propose(&forgery).await.refuses(403, "signature");
    let mut other_terms = good.clone();
    other_terms.terms.hash_lock = hash_lock(2);
    propose(&other_terms).await.refuses(403, "signature");
    let other = Stranger::new(&world, [0x98; 32]);
    let mut other_name = good.clone();
    other_name.taker = other.id();
    propose(&other_name).await.refuses(403, "signature");
    // What was signed for another maker counts for nothing here.
    let other_maker = stranger.proposal(other.id(), terms.clone());
    propose(&other_maker).await.refuses(403, "signature");
    is_untouched(&world).await;

    // It is still good itself; and again; and nobody else's.
    let first = propose(&good).await;
    assert_eq!(first.status, 200, "{first:?}");
    let records = world.maker.ledger().records(false).await.unwrap();
    let again = propose(&good).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    let stolen = other.proposal(maker, terms.clone());
    propose(&stolen).await.refuses(404, "no swap");
    // The quote is used, whatever else the terms say.
    let mut twice = terms.clone();
    twice.hash_lock = hash_lock(2);
    stranger
        .propose(maker, twice)
        .await
        .refuses(410, "was used");
    // And so is the hash lock, whoever asks with whatever quote.
    for stranger in [&stranger, &other] {
        let quote = stranger.quote(AMOUNT).await;
        let terms = stranger.terms(&world, &quote, 1).await;
        let answer = stranger.propose(maker, terms).await;
        answer.refuses(422, "belongs to another swap");
    }
    assert_eq!(world.maker.ledger().records(false).await.unwrap(), records);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_serves_whom_it_was_made_for_and_no_longer_than_it_says() {
    let (mut world, stranger) = asked().await;
    let maker = world.maker.id();
    let (one, other) = (
        stranger.quote(AMOUNT).await,
        stranger.quote(2 * AMOUNT).await,
    );
    assert_ne!(
        one.accounts.first, other.accounts.first,
        "a number serves one swap"
    );
    let mut mixed = one.clone();
    mixed.accounts.first = other.accounts.first.clone();
    let terms = stranger.terms(&world, &mixed, 1).await;
    stranger
        .propose(maker, terms)
        .await
        .refuses(410, "names other accounts");
    is_untouched(&world).await;

    world.later(130).await;
    let terms = stranger.terms(&world, &one, 1).await;
    stranger
        .propose(maker, terms)
        .await
        .refuses(400, "this ended at");
    is_untouched(&world).await;
    // The other is gone as well by now: whoever forgets quotes loses no memory to them.
    let terms = stranger.terms(&world, &other, 1).await;
    stranger
        .propose(maker, terms)
        .await
        .refuses(400, "this ended at");
    is_untouched(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_outside_the_offer_dust_and_nonsense_are_refused() {
    let (world, stranger) = asked().await;
    for gives in [0, 1, 11 * AMOUNT, u128::MAX] {
        let answer = stranger.ask_for_quote(gives).await;
        assert_eq!(answer.status, 400, "{answer:?}");
    }
    // Within the offer, but too little of the other asset to pay for its fees.
    let quote = stranger.quote(AMOUNT / 1_000).await;
    let terms = stranger.terms(&world, &quote, 1).await;
    let answer = stranger.propose(world.maker.id(), terms).await;
    answer.refuses(422, "expected");

    let (quotes, proposals) = ("/v1/swap/quotes", "/v1/swap/proposals");
    let good =
        json!({ "offer": stranger.offers().await.offers[0].id, "gives": AMOUNT.to_string() });
    assert_eq!(stranger.post(quotes, &good).await.status, 200);
    let with = |key: &str, value: Value| {
        let mut changed = good.clone();
        changed[key] = value;
        changed
    };
    for bad in [
        with("more", json!(1)),
        with("gives", json!(1_000_000)),
        with("gives", json!("01")),
        with("gives", json!("-1")),
        with("gives", json!("340282366920938463463374607431768211456")),
        with("offer", json!("0x12")),
        json!([]),
        json!(null),
    ] {
        assert_eq!(stranger.post(quotes, &bad).await.status, 400, "{bad}");
    }
    let unknown = with("offer", json!(B256::ZERO));
    stranger
        .post(quotes, &unknown)
        .await
        .refuses(410, "no such offer");
    for path in [quotes, proposals] {
        for text in ["", "{", "{}", "\u{0}", "[[[[[[[["] {
            let answer = stranger.post_text(path, text.to_owned()).await;
            assert_eq!(answer.status, 400, "{path} {text:?}");
        }
        let long = format!("{{\"offer\": \"{}\"}}", "0".repeat(40_000));
        stranger
            .post_text(path, long)
            .await
            .refuses(400, "length limit");
    }
    let quote = stranger.quote(AMOUNT).await;
    let terms = stranger.terms(&world, &quote, 1).await;
    let proposal = stranger.proposal(world.maker.id(), terms);
    let mut more = serde_json::to_value(&proposal).unwrap();
    more["terms"]["legs"]["first"]["memo"] = json!("hello");
    stranger
        .post(proposals, &more)
        .await
        .refuses(400, "unknown field");
    stranger
        .get("/v1/swap/offers?begin=0")
        .await
        .refuses(400, "unknown field");
    is_untouched(&world).await;
}

/// The maker knows that it cannot keep a second promise, and does not make it.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_promised_than_there_is_or_than_may_be_at_stake() {
    let (mut world, stranger) = asked().await;
    let maker = world.maker.id();
    world.maker.stop().await;
    let makes = world.maker.makes.as_mut().unwrap();
    makes.inventory = Some(Amount::new(AMOUNT * 3 / 2));
    makes.most = Amount::new(AMOUNT * 20_000);
    world.maker.start().await;
    let swap = stranger.agree(&world, 1).await;
    let propose = async |world: &World, amount, secret| {
        let quote = stranger.quote(amount).await;
        let terms = stranger.terms(world, &quote, secret).await;
        stranger.propose(maker, terms).await
    };
    propose(&world, AMOUNT, 2)
        .await
        .refuses(409, "cannot be given now");
    // An old promise that nobody has come back for ties nothing up once it is too late for it.
    world.later(300).await;
    assert_eq!(propose(&world, AMOUNT, 3).await.status, 200);

    world.maker.stop().await;
    world.maker.makes.as_mut().unwrap().inventory = None;
    world.maker.start().await;
    let too_much = propose(&world, AMOUNT * 9_999, 4).await;
    too_much.refuses(409, "cannot be given now");
    let swaps = world.maker.ledger().records(false).await.unwrap();
    assert_eq!(swaps.len(), 2);

    // Whoever agrees and then does nothing costs the maker nothing.
    let before = world.purse(Who::Maker).await;
    for record in swaps {
        world.expire(record.id(), causeway_swap::Leg::First).await;
        world.be(Who::Maker, record.id(), Phase::Cancelled).await;
    }
    assert_eq!(
        world.maker.record(swap).await.swap.phase(),
        Phase::Cancelled
    );
    assert_eq!(world.moves(Who::Maker, before).await, Moves::NONE);
}
