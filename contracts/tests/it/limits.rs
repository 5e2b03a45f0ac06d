//! What leaves and what arrives is limited per token and client. A thief with every key is no faster than that.

use alloy::primitives::{Address, U256};
use causeway_contracts::NATIVE_COIN;
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::ics26_router::IICS26RouterMsgs::Packet;
use causeway_contracts::transfer_safeguards::TransferSafeguards;
use proptest::prelude::*;

use crate::harness::chain::{ALICE, BOB, Failure};
use crate::harness::network::{Network, Side, TIMEOUT, home};
use crate::harness::safeguards::{INCOMING, OUTGOING};
use crate::transfer::give_bobs_vouchers_to_alice;

const DAY: u32 = 86_400;

/// Two chains between which the token has crossed, and its voucher.
fn crossed(amount: u64) -> (Network, Address) {
    let mut net = Network::new();
    net.cross(Side::A, net.token, amount);
    let voucher = net.b.voucher(&home(net.token));
    (net, voucher)
}

fn waits(result: Result<crate::harness::chain::Receipt, Failure>) {
    let failure = result.err().expect("was delivered");
    assert!(
        failure.is::<ICS26Router::IBCFailedCallback>(),
        "{failure:?}"
    );
}

#[test]
fn sending_over_the_limit_is_refused_with_what_is_left_and_when_enough_will_be() {
    let (mut net, _) = crossed(10);
    net.a.limit(net.token, OUTGOING, 1000, 1000);
    net.transfer(Side::A, net.token, 700);
    let failure = net.try_transfer(Side::A, net.token, 500).err().unwrap();
    let limit = failure.decode::<ICS20Transfer::ICS20LimitExceeded>();
    assert_eq!((limit.token, limit.amount), (net.token, U256::from(500)));
    assert_eq!(limit.available, U256::from(300));
    assert_eq!(limit.availableAt, U256::from(net.a.timestamp + 200));

    net.a.timestamp += 199;
    assert!(net.try_transfer(Side::A, net.token, 500).is_err());
    net.a.timestamp += 1;
    net.transfer(Side::A, net.token, 500);

    let failure = net.try_transfer(Side::A, net.token, 1001).err().unwrap();
    let limit = failure.decode::<ICS20Transfer::ICS20LimitExceeded>();
    assert_eq!(limit.availableAt, U256::from(u64::MAX), "it never will be");
}

#[test]
fn vouchers_on_their_way_home_are_limited_too() {
    let (mut net, voucher) = crossed(1000);
    give_bobs_vouchers_to_alice(&mut net, voucher);
    net.b.limit(voucher, OUTGOING, 100, DAY);
    let failure = net.try_transfer(Side::B, voucher, 101).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20LimitExceeded>());
    let packet = net.transfer(Side::B, voucher, 100);
    assert_eq!(net.b.supply(voucher), U256::from(900));

    // And when they get there.
    net.a.limit(net.token, INCOMING, 99, DAY);
    waits(net.recv(Side::A, &packet));
    net.a.limit(net.token, INCOMING, 100, DAY);
    net.recv(Side::A, &packet).unwrap();
    assert_eq!(net.a.balance(net.token, BOB), U256::from(100));
}

#[test]
fn what_arrives_over_the_limit_waits_and_is_delivered_later_by_anybody() {
    let (mut net, voucher) = crossed(10);
    net.b.limit(voucher, INCOMING, 1000, 1000);
    let first = net.transfer(Side::A, net.token, 900);
    let second = net.transfer(Side::A, net.token, 200);
    net.recv(Side::B, &first).unwrap();
    waits(net.recv(Side::B, &second));
    // Nothing was recorded: no receipt, no acknowledgement, no tokens.
    assert_eq!(net.b.supply(voucher), U256::from(910));
    net.pass(100);
    let received = net.recv(Side::B, &second).unwrap();
    assert_eq!(
        received.acknowledgements()[0].as_ref(),
        b"{\"result\":\"AQ==\"}"
    );
    assert_eq!(net.b.balance(voucher, BOB), U256::from(1110));
}

#[test]
fn what_waits_for_too_long_is_refunded_and_refunds_are_never_limited() {
    let (mut net, voucher) = crossed(10);
    let before = net.a.balance(net.token, ALICE);
    net.b.limit(voucher, INCOMING, 1, DAY);
    let packet = net.transfer(Side::A, net.token, 900);
    waits(net.recv(Side::B, &packet));
    net.a.limit(net.token, INCOMING, 0, 1);
    net.a.limit(net.token, OUTGOING, 0, 1);
    net.pass(TIMEOUT);
    net.timeout(Side::A, &packet).unwrap();
    assert_eq!(net.a.balance(net.token, ALICE), before);

    // A burned voucher is minted anew in spite of the limit.
    give_bobs_vouchers_to_alice(&mut net, voucher);
    let back = net.transfer(Side::B, voucher, 10);
    net.b.limit(voucher, INCOMING, 0, 1);
    net.pass(TIMEOUT);
    net.timeout(Side::B, &back).unwrap();
    assert_eq!(net.b.balance(voucher, ALICE), U256::from(10));
}

#[test]
fn a_route_is_not_drained_faster_than_its_limit_with_all_keys_stolen() {
    let (mut net, _) = crossed(1_000_000);
    net.a.limit(net.token, INCOMING, 1000, DAY);
    let mut stolen = 0;
    for sequence in 1..=40 {
        // Never sent: B's attestors sign whatever the thief likes.
        let amount = [400, 90, 7][sequence as usize % 3];
        let packet = forged(&net, sequence, amount);
        if net.recv_forged(Side::A, &packet).is_ok() {
            stolen += amount;
        }
    }
    assert!(stolen <= 1000, "{stolen}");
    assert_eq!(net.a.balance(net.token, BOB), U256::from(stolen));
    net.pass(DAY.into());
    assert!(net.recv_forged(Side::A, &forged(&net, 99, 1000)).is_ok());
    waits(net.recv_forged(Side::A, &forged(&net, 100, 1)));
}

/// A packet that B never sent, which unlocks the token on A.
fn forged(net: &Network, sequence: u64, amount: u64) -> Packet {
    net.forge(
        Side::A,
        sequence,
        &net.b.trace(&home(net.token)),
        U256::from(amount),
    )
}

#[test]
fn a_limit_of_zero_stops_the_token_and_lifting_it_lets_it_pass() {
    let (mut net, voucher) = crossed(10);
    net.a.limit(net.token, OUTGOING, 0, 1);
    assert!(net.try_transfer(Side::A, net.token, 1).is_err());
    net.a.limit(net.token, OUTGOING, 0, 0);
    let packet = net.transfer(Side::A, net.token, 1);
    net.b.limit(voucher, INCOMING, 0, 1);
    waits(net.recv(Side::B, &packet));
    net.b.limit(voucher, INCOMING, 0, 0);
    net.recv(Side::B, &packet).unwrap();
}

#[test]
fn setting_a_limit_again_does_not_refill_it() {
    let (mut net, _) = crossed(10);
    net.a.limit(net.token, OUTGOING, 1000, DAY);
    net.transfer(Side::A, net.token, 1000);
    net.a.limit(net.token, OUTGOING, 1000, DAY);
    assert_eq!(net.a.safeguards(net.token).outgoing.available, U256::ZERO);
    net.a.limit(net.token, OUTGOING, 1500, DAY);
    assert_eq!(
        net.a.safeguards(net.token).outgoing.available,
        U256::from(500)
    );
    net.a.limit(net.token, OUTGOING, 200, 100);
    assert_eq!(net.a.safeguards(net.token).outgoing.available, U256::ZERO);
    net.a.timestamp += 50;
    assert_eq!(
        net.a.safeguards(net.token).outgoing.available,
        U256::from(100)
    );
}

#[test]
fn each_token_and_each_direction_has_its_own_limit() {
    let (mut net, _) = crossed(10);
    let other = crate::harness::network::new_token(&mut net.a, "Other", "OTH", 18);
    net.a.limit(net.token, OUTGOING, 5, DAY);
    assert!(net.try_transfer(Side::A, net.token, 6).is_err());
    assert!(net.try_transfer(Side::A, other, 6).is_ok());
    let safeguards = net.a.safeguards(net.token);
    assert_eq!(safeguards.incoming.period, 0);
    assert_eq!(safeguards.incoming.available, U256::MAX);
    assert_eq!(net.a.safeguards(NATIVE_COIN).outgoing.period, 0);
}

#[test]
fn where_limits_are_required_a_token_without_one_does_not_pass() {
    let (mut net, voucher) = crossed(1000);
    give_bobs_vouchers_to_alice(&mut net, voucher);
    let back = net.transfer(Side::B, voucher, 100);
    net.a.require_limits(true);
    let failure = net.try_transfer(Side::A, net.token, 1).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20LimitRequired>());
    waits(net.recv(Side::A, &back));
    net.a.limit(net.token, INCOMING, 1000, DAY);
    net.recv(Side::A, &back).unwrap();
    net.a.limit(net.token, OUTGOING, 1000, DAY);
    net.transfer(Side::A, net.token, 1);

    net.b.require_limits(true);
    let packet = net.transfer(Side::A, net.token, 2);
    waits(net.recv(Side::B, &packet));
    net.b.require_limits(false);
    net.recv(Side::B, &packet).unwrap();
}

#[test]
fn a_token_registered_by_hand_keeps_the_limit_that_it_had() {
    use crate::harness::chain::ADMIN;
    use crate::harness::fixtures::TestCustomERC20;
    let mut net = Network::new();
    // Something has to have arrived for the client's escrow to exist.
    let native = crate::harness::network::new_token(&mut net.a, "Other", "OTH", 18);
    net.cross(Side::A, native, 5);
    let (ics20, escrow) = (net.b.transfer, net.b.escrow());
    let escrow = if escrow.is_zero() { BOB } else { escrow };
    let custom = net.b.deploy(
        &TestCustomERC20::BYTECODE,
        &TestCustomERC20::constructorCall { ics20, escrow },
    );
    net.b.limit(custom, INCOMING, 3, DAY);
    let denom = net.b.trace(&home(net.token));
    let register = ICS20Transfer::setCustomERC20Call {
        denom,
        token: custom,
    };
    net.b.must(ADMIN, net.b.transfer, &register);
    let [_, packet] = net
        .try_transfer(Side::A, net.token, 4)
        .unwrap()
        .sent()
        .try_into()
        .unwrap();
    waits(net.recv(Side::B, &packet));
    let packet = net.transfer(Side::A, net.token, 3);
    net.recv(Side::B, &packet).unwrap();
    assert_eq!(net.b.balance(custom, BOB), U256::from(3));
}

#[test]
fn only_rate_limiters_set_limits() {
    let mut net = Network::new();
    let clientId = net.a.client_id.clone();
    let set = TransferSafeguards::setLimitCall {
        clientId: clientId.clone(),
        token: net.token,
        direction: OUTGOING,
        capacity: 1,
        period: 1,
    };
    let hold = TransferSafeguards::setHoldCall {
        clientId: clientId.clone(),
        token: net.token,
        holdFrom: 1,
        holdSeconds: 1,
    };
    let require = TransferSafeguards::requireLimitsCall {
        clientId,
        required: true,
    };
    let unauthorized = |failure: Failure| {
        assert!(
            failure.is::<TransferSafeguards::AccessManagedUnauthorized>(),
            "{failure:?}"
        );
    };
    unauthorized(net.a.send(ALICE, net.a.transfer, &set).err().unwrap());
    unauthorized(net.a.send(ALICE, net.a.transfer, &hold).err().unwrap());
    unauthorized(net.a.send(ALICE, net.a.transfer, &require).err().unwrap());
    let nonsense = TransferSafeguards::setLimitCall {
        capacity: 1,
        period: 0,
        ..set
    };
    let admin = crate::harness::chain::ADMIN;
    assert!(net.a.send(admin, net.a.transfer, &nonsense).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Against a model in plain numbers: over any stretch of time, no more passes than the capacity and what flows in
    /// meanwhile, and what is said to be available can be sent.
    #[test]
    fn a_limit_lets_no_more_pass_than_flows_in(
        capacity in 1u128..5000,
        period in 1u32..2000,
        steps in proptest::collection::vec((1u64..3000, 0u64..700), 1..12),
    ) {
        let (mut net, _) = crossed(10);
        net.a.limit(net.token, OUTGOING, capacity, period);
        let start = net.a.timestamp;
        let mut passed = 0u128;
        for (amount, wait) in steps {
            net.pass(wait);
            let available = net.a.safeguards(net.token).outgoing.available;
            let sent = net.try_transfer(Side::A, net.token, amount).is_ok();
            prop_assert_eq!(sent, U256::from(amount) <= available);
            if sent {
                passed += u128::from(amount);
            }
            let elapsed = u128::from(net.a.timestamp - start);
            prop_assert!(passed * u128::from(period) <= capacity * (u128::from(period) + elapsed));
        }
    }
}
