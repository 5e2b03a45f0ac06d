//! Large transfers that arrive are held, so that a guardian can look at them before anything is paid out.

use alloy::primitives::{Address, U256};
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::IICS26RouterMsgs::Packet;
use causeway_contracts::transfer_safeguards::TransferSafeguards;

use crate::harness::chain::{ADMIN, ALICE, BOB, Failure, RELAYER};
use crate::harness::network::{Network, Side, TIMEOUT, home};
use crate::harness::safeguards::{HELD, INCOMING, RELEASED, RETURNED, VETOED};
use crate::transfer::give_bobs_vouchers_to_alice;

const HOUR: u32 = 3600;

/// Two chains on which 1000 have crossed; B holds vouchers from 500 on, A tokens.
fn guarded() -> (Network, Address) {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 1000);
    let voucher = net.b.voucher(&home(net.token));
    give_bobs_vouchers_to_alice(&mut net, voucher);
    net.a.hold(net.token, 500, HOUR);
    net.b.hold(voucher, 500, HOUR);
    (net, voucher)
}

fn deliver(net: &mut Network, side: Side, packet: &Packet) {
    let received = net.recv(side, packet).unwrap();
    assert_eq!(
        received.acknowledgements()[0].as_ref(),
        b"{\"result\":\"AQ==\"}"
    );
}

fn not_in_that_state(failure: Failure) {
    assert!(
        failure.is::<TransferSafeguards::HeldTransferHasStatus>(),
        "{failure:?}"
    );
}

#[test]
fn a_large_voucher_is_minted_after_the_delay_by_anybody_and_once() {
    let (mut net, voucher) = guarded();
    let packet = net.transfer(Side::A, net.token, 500);
    deliver(&mut net, Side::B, &packet);
    assert_eq!(net.b.balance(voucher, BOB), U256::ZERO);
    assert_eq!(net.b.supply(voucher), U256::from(1000));
    assert_eq!(net.b.total_held(voucher), U256::from(500));
    let held = net.b.held().remove(0);
    assert_eq!(
        (held.status, held.token, held.receiver),
        (HELD, voucher, BOB)
    );
    assert_eq!(held.amount, U256::from(500));
    assert_eq!(held.releaseAt, net.b.timestamp + u64::from(HOUR));
    assert_eq!(
        (held.clientId, held.sender),
        (net.b.client_id.clone(), home(ALICE))
    );

    let failure = net.b.release(RELAYER, 1).err().unwrap();
    assert!(failure.is::<TransferSafeguards::HeldTransferNotReleasable>());
    net.b.timestamp += u64::from(HOUR) - 1;
    assert!(net.b.release(RELAYER, 1).is_err());
    net.b.timestamp += 1;
    net.b.release(RELAYER, 1).unwrap();
    assert_eq!(net.b.balance(voucher, BOB), U256::from(500));
    assert_eq!(net.b.total_held(voucher), U256::ZERO);
    assert_eq!(net.b.held()[0].status, RELEASED);
    not_in_that_state(net.b.release(RELAYER, 1).err().unwrap());
    not_in_that_state(net.b.veto(ADMIN, 1).err().unwrap());
    not_in_that_state(net.b.release(RELAYER, 2).err().unwrap());
}

#[test]
fn a_smaller_amount_is_paid_out_at_once() {
    let (mut net, voucher) = guarded();
    let packet = net.transfer(Side::A, net.token, 499);
    deliver(&mut net, Side::B, &packet);
    assert_eq!(net.b.balance(voucher, BOB), U256::from(499));
    assert!(net.b.held().is_empty());
}

#[test]
fn every_amount_from_the_threshold_on_is_held() {
    let (mut net, voucher) = guarded();
    let mut sequence = 0;
    for from in [0u128, 1, 2, 3, 255, 256, 257, u128::MAX] {
        net.b.hold(voucher, from, HOUR);
        let from = U256::from(from);
        let amounts = [
            from.saturating_sub(U256::ONE),
            from,
            from + U256::ONE,
            U256::ONE << 255,
        ];
        for amount in amounts.into_iter().filter(|amount| !amount.is_zero()) {
            let before = net.b.held().len();
            sequence += 1;
            let forged = net.forge(Side::B, sequence, &home(net.token), amount);
            let mut net = net.clone();
            net.recv_forged(Side::B, &forged).unwrap();
            assert_eq!(net.b.held().len() - before, usize::from(amount >= from));
        }
    }
}

#[test]
fn a_large_amount_that_comes_home_stays_locked_until_it_is_released() {
    let (mut net, voucher) = guarded();
    let packet = net.transfer(Side::B, voucher, 600);
    deliver(&mut net, Side::A, &packet);
    assert_eq!(net.a.balance(net.token, net.a.escrow()), U256::from(1000));
    assert_eq!(net.a.total_held(net.token), U256::from(600));
    net.a.timestamp += u64::from(HOUR);
    net.a.release(RELAYER, 1).unwrap();
    assert_eq!(net.a.balance(net.token, BOB), U256::from(600));
    assert_eq!(net.a.balance(net.token, net.a.escrow()), U256::from(400));
}

#[test]
fn what_a_guardian_vetoed_is_not_paid_out_until_the_administrator_does() {
    let (mut net, voucher) = guarded();
    let packet = net.transfer(Side::A, net.token, 700);
    deliver(&mut net, Side::B, &packet);
    let failure = net.b.veto(ALICE, 1).err().unwrap();
    assert!(failure.is::<TransferSafeguards::AccessManagedUnauthorized>());
    net.b.veto(ADMIN, 1).unwrap();
    assert_eq!(net.b.held()[0].status, VETOED);
    assert_eq!(net.b.total_held(voucher), U256::from(700));
    net.b.timestamp += 10 * u64::from(HOUR);
    not_in_that_state(net.b.release(RELAYER, 1).err().unwrap());
    not_in_that_state(net.b.veto(ADMIN, 1).err().unwrap());
    let failure = net.b.release_vetoed(ALICE, 1).err().unwrap();
    assert!(failure.is::<TransferSafeguards::AccessManagedUnauthorized>());
    net.b.release_vetoed(ADMIN, 1).unwrap();
    assert_eq!(net.b.balance(voucher, BOB), U256::from(700));
    not_in_that_state(net.b.release_vetoed(ADMIN, 1).err().unwrap());
}

#[test]
fn only_what_was_vetoed_is_the_administrators() {
    let (mut net, _) = guarded();
    let packet = net.transfer(Side::A, net.token, 700);
    deliver(&mut net, Side::B, &packet);
    not_in_that_state(net.b.release_vetoed(ADMIN, 1).err().unwrap());
    not_in_that_state(net.b.return_vetoed(ADMIN, 1).err().unwrap());
    let failure = net.b.return_vetoed(ALICE, 1).err().unwrap();
    assert!(failure.is::<TransferSafeguards::AccessManagedUnauthorized>());
}

#[test]
fn a_vetoed_voucher_goes_back_to_its_sender() {
    let (mut net, voucher) = guarded();
    let before = net.a.balance(net.token, ALICE);
    let packet = net.transfer(Side::A, net.token, 400 + 100);
    deliver(&mut net, Side::B, &packet);
    net.b.veto(ADMIN, 1).unwrap();
    let back = net.b.return_vetoed(ADMIN, 1).unwrap().sent().remove(0);
    assert_eq!(net.b.held()[0].status, RETURNED);
    assert_eq!(net.b.total_held(voucher), U256::ZERO);
    not_in_that_state(net.b.return_vetoed(ADMIN, 1).err().unwrap());
    not_in_that_state(net.b.release_vetoed(ADMIN, 1).err().unwrap());
    net.a.hold(net.token, 0, 0);
    deliver(&mut net, Side::A, &back);
    assert_eq!(net.a.balance(net.token, ALICE), before);
    assert_eq!(net.b.supply(voucher), U256::from(1000));
    assert_eq!(net.a.balance(net.token, net.a.escrow()), U256::from(1000));
}

#[test]
fn a_vetoed_token_at_home_goes_back_as_the_voucher_that_it_was() {
    let (mut net, voucher) = guarded();
    let packet = net.transfer(Side::B, voucher, 600);
    deliver(&mut net, Side::A, &packet);
    net.a.veto(ADMIN, 1).unwrap();
    let back = net.a.return_vetoed(ADMIN, 1).unwrap().sent().remove(0);
    net.b.hold(voucher, 0, 0);
    deliver(&mut net, Side::B, &back);
    assert_eq!(net.b.balance(voucher, ALICE), U256::from(1000));
    assert_eq!(net.a.balance(net.token, net.a.escrow()), U256::from(1000));
}

#[test]
fn what_does_not_get_back_is_vetoed_again() {
    let (mut net, voucher) = guarded();
    let packet = net.transfer(Side::A, net.token, 700);
    deliver(&mut net, Side::B, &packet);
    net.b.veto(ADMIN, 1).unwrap();
    // Once in time, once refused: the escrow on A does not know the token any more to a receiver that is no address.
    let back = net.b.return_vetoed(ADMIN, 1).unwrap().sent().remove(0);
    net.pass(2 * TIMEOUT);
    net.timeout(Side::B, &back).unwrap();
    assert_eq!(net.b.held()[0].status, VETOED);
    assert_eq!(net.b.total_held(voucher), U256::from(700));
    assert_eq!(
        net.b.supply(voucher),
        U256::from(1000),
        "nothing was minted"
    );
    assert_eq!(net.b.balance(voucher, net.b.transfer), U256::ZERO);

    let back = net.b.return_vetoed(ADMIN, 1).unwrap().sent().remove(0);
    let error = alloy::primitives::Bytes::from(alloy::primitives::hex!(
        "4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab"
    ));
    net.ack_forged(Side::B, &back, &error).unwrap();
    assert_eq!(net.b.held()[0].status, VETOED);
    assert_eq!(net.b.total_held(voucher), U256::from(700));
    net.b.release_vetoed(ADMIN, 1).unwrap();
    assert_eq!(net.b.balance(voucher, BOB), U256::from(700));
}

#[test]
fn nobody_sends_in_the_applications_own_name() {
    let (mut net, _) = guarded();
    let call = ICS20Transfer::sendTransferWithSenderCall {
        msg_: net.transfer_msg(Side::A, net.token, 5),
        sender: net.a.transfer,
    };
    let failure = net.a.send(ADMIN, net.a.transfer, &call).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20Unauthorized>());
}

#[test]
fn nobody_but_the_router_makes_the_application_hold() {
    let (mut net, voucher) = guarded();
    let hold = TransferSafeguards::holdCall {
        clientId: net.b.client_id.clone(),
        token: voucher,
        amount: U256::from(1_000_000),
        receiver: ALICE,
        sender: "thief".into(),
    };
    for caller in [ALICE, ADMIN] {
        let failure = net.b.send(caller, net.b.transfer, &hold).err().unwrap();
        assert!(failure.is::<ICS20Transfer::ICS20Unauthorized>());
    }
    let (clientId, sequence) = (net.b.client_id.clone(), 1);
    let again = TransferSafeguards::holdAgainCall { clientId, sequence };
    let failure = net.b.send(ALICE, net.b.transfer, &again).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20Unauthorized>());
}

#[test]
fn what_is_held_counts_against_the_limit_and_a_pause_stops_its_release() {
    let (mut net, voucher) = guarded();
    net.b.limit(voucher, INCOMING, 700, HOUR);
    let (first, second) = (
        net.transfer(Side::A, net.token, 600),
        net.transfer(Side::A, net.token, 600),
    );
    deliver(&mut net, Side::B, &first);
    assert!(net.recv(Side::B, &second).is_err());
    net.b.timestamp += u64::from(HOUR);

    net.b.pause_client(net.b.transfer);
    let failure = net.b.release(RELAYER, 1).err().unwrap();
    assert!(failure.is::<TransferSafeguards::ClientPaused>());
    net.b.unpause_client(net.b.transfer);
    net.b
        .must(ADMIN, net.b.transfer, &ICS20Transfer::pauseCall {});
    let failure = net.b.release(RELAYER, 1).err().unwrap();
    assert!(failure.is::<TransferSafeguards::EnforcedPause>());
    // A guardian still can.
    net.b.veto(ADMIN, 1).unwrap();
    assert!(net.b.release_vetoed(ADMIN, 1).is_err());
    net.b
        .must(ADMIN, net.b.transfer, &ICS20Transfer::unpauseCall {});
    net.b.release_vetoed(ADMIN, 1).unwrap();
    assert_eq!(net.b.balance(voucher, BOB), U256::from(600));
}

#[test]
fn what_is_held_is_listed_in_pages() {
    let (mut net, _) = guarded();
    for _ in 0..3 {
        let packet = net.transfer(Side::A, net.token, 500);
        deliver(&mut net, Side::B, &packet);
    }
    assert_eq!(net.b.held().len(), 3);
    let page = |first: u64, count: u64| {
        let call = TransferSafeguards::heldTransfersCall {
            firstId: U256::from(first),
            count: U256::from(count),
        };
        net.b.view(net.b.transfer, &call).len()
    };
    assert_eq!(
        [page(2, 1), page(2, 10), page(4, 10), page(0, 10)],
        [1, 2, 0, 0]
    );
    let count = TransferSafeguards::heldCountCall {};
    assert_eq!(net.b.view(net.b.transfer, &count), U256::from(3));
}
