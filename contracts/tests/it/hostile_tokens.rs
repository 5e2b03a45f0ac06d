//! Tokens that do not do what they are told. Each test says what happens; in none does one token pay for another's.

use alloy::primitives::{Address, U256};
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::test_erc20::TestERC20;

use crate::harness::chain::{ALICE, BOB, Chain, Failure, Receipt};
use crate::harness::fixtures::HostileERC20;
use crate::harness::network::{Network, Side, TIMEOUT, home, new_token};

const RETURNS_NOTHING: u8 = 1;
const RETURNS_FALSE: u8 = 2;
const MOVES_NOTHING: u8 = 3;
const CLAIMS_TO_HAVE_MOVED: u8 = 4;

fn hostile(net: &mut Network) -> Address {
    let token = net.a.deploy_plain(&HostileERC20::BYTECODE);
    let amount = U256::from(10_000);
    let mint = HostileERC20::mintCall { to: ALICE, amount };
    net.a.must(ALICE, token, &mint);
    token
}

fn behave(chain: &mut Chain, token: Address, mode: u8) {
    chain.must(ALICE, token, &HostileERC20::behaveCall { mode });
}

fn rebase(chain: &mut Chain, token: Address, percent: u64) {
    let percent = U256::from(percent);
    chain.must(ALICE, token, &HostileERC20::rebaseCall { percent });
}

/// Sends 1000 of the token to Bob, who gives the vouchers to Alice.
fn cross(net: &mut Network, token: Address) -> Address {
    net.cross(Side::A, token, 1000);
    let voucher = net.b.voucher(&home(token));
    let value = U256::from(1000);
    net.b
        .must(BOB, voucher, &TestERC20::transferCall { to: ALICE, value });
    voucher
}

fn refused(receipt: &Receipt) -> bool {
    !receipt
        .events::<ICS26Router::IBCAppRecvPacketCallbackError>()
        .is_empty()
}

#[test]
fn what_a_rebase_adds_stays_locked() {
    let mut net = Network::new();
    let token = hostile(&mut net);
    let voucher = cross(&mut net, token);
    rebase(&mut net.a, token, 200);
    net.cross(Side::B, voucher, 1000);
    assert_eq!(net.a.balance(token, BOB), U256::from(1000));
    assert_eq!(net.a.balance(token, net.a.escrow()), U256::from(1000));
    assert_eq!(net.b.supply(voucher), U256::ZERO);
}

#[test]
fn what_a_rebase_takes_is_missed_by_those_who_come_home_last() {
    let mut net = Network::new();
    let token = hostile(&mut net);
    let voucher = cross(&mut net, token);
    rebase(&mut net.a, token, 50);
    net.cross(Side::B, voucher, 400);
    // 100 are left. Who asks for more is refused and has the vouchers back; nobody else's tokens are touched.
    let late = net.transfer(Side::B, voucher, 200);
    let received = net.recv(Side::A, &late).unwrap();
    assert!(refused(&received));
    net.ack(Side::B, &late, &received.acknowledgements()[0])
        .unwrap();
    assert_eq!(net.b.balance(voucher, ALICE), U256::from(600));
    net.cross(Side::B, voucher, 100);
    assert_eq!(net.a.balance(token, net.a.escrow()), U256::ZERO);
}

#[test]
fn a_token_that_rebases_is_sent_at_what_it_counts_for() {
    let mut net = Network::new();
    let token = hostile(&mut net);
    rebase(&mut net.a, token, 300);
    net.cross(Side::A, token, 3000);
    assert_eq!(net.b.supply(net.b.voucher(&home(token))), U256::from(3000));
    // An amount that is no whole number of shares does not arrive whole, and is refused.
    let failure = net.try_transfer(Side::A, token, 100).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20UnexpectedERC20Balance>());
}

#[test]
fn a_token_that_answers_nothing_crosses() {
    let mut net = Network::new();
    let token = hostile(&mut net);
    behave(&mut net.a, token, RETURNS_NOTHING);
    let voucher = cross(&mut net, token);
    net.cross(Side::B, voucher, 1000);
    assert_eq!(net.a.balance(token, BOB), U256::from(1000));
}

#[test]
fn a_token_that_answers_no_or_moves_nothing_is_refused() {
    let mut net = Network::new();
    let token = hostile(&mut net);
    behave(&mut net.a, token, RETURNS_FALSE);
    let failure = net.try_transfer(Side::A, token, 1000).err().unwrap();
    assert!(failure.is::<ICS20Transfer::SafeERC20FailedOperation>());
    behave(&mut net.a, token, MOVES_NOTHING);
    let failure = net.try_transfer(Side::A, token, 1000).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20UnexpectedERC20Balance>());

    // One that begins with it on the way home: the vouchers come back.
    behave(&mut net.a, token, 0);
    let voucher = cross(&mut net, token);
    let back = net.transfer(Side::B, voucher, 300);
    behave(&mut net.a, token, RETURNS_FALSE);
    let received = net.recv(Side::A, &back).unwrap();
    assert!(refused(&received));
    net.ack(Side::B, &back, &received.acknowledgements()[0])
        .unwrap();
    assert_eq!(net.b.balance(voucher, ALICE), U256::from(1000));
}

#[test]
fn a_token_that_lies_about_balances_cheats_its_own_holders_alone() {
    let mut net = Network::new();
    let honest = new_token(&mut net.a, "Honest", "HON", 6);
    net.cross(Side::A, honest, 500);
    let token = hostile(&mut net);
    behave(&mut net.a, token, CLAIMS_TO_HAVE_MOVED);
    // Vouchers without cover, of this token, which whoever wrote it could have minted anyway.
    let voucher = cross(&mut net, token);
    assert_eq!(net.b.supply(voucher), U256::from(1000));
    behave(&mut net.a, token, 0);
    let back = net.transfer(Side::B, voucher, 1000);
    assert!(refused(&net.recv(Side::A, &back).unwrap()));
    assert_eq!(net.a.balance(honest, net.a.escrow()), U256::from(500));
}

#[test]
fn a_receiver_that_the_token_refuses_is_no_loss_to_the_sender() {
    let mut net = Network::new();
    let token = hostile(&mut net);
    let voucher = cross(&mut net, token);
    let block = |net: &mut Network, account, blocked| {
        net.a.must(
            ALICE,
            token,
            &HostileERC20::setBlockedCall { account, blocked },
        );
    };
    block(&mut net, BOB, true);
    let back = net.transfer(Side::B, voucher, 300);
    let received = net.recv(Side::A, &back).unwrap();
    assert!(refused(&received));
    net.ack(Side::B, &back, &received.acknowledgements()[0])
        .unwrap();
    assert_eq!(net.b.balance(voucher, ALICE), U256::from(1000));

    // A sender that the token refuses is refunded as soon as it does no more: nothing is settled before.
    let packet = net.transfer(Side::A, token, 500);
    block(&mut net, ALICE, true);
    net.pass(TIMEOUT);
    assert!(net.timeout(Side::A, &packet).is_err());
    block(&mut net, ALICE, false);
    net.timeout(Side::A, &packet).unwrap();
    assert_eq!(net.a.balance(token, ALICE), U256::from(9000));
}

#[test]
fn what_is_held_for_a_receiver_that_the_token_refuses_stays_held() {
    use crate::harness::chain::ADMIN;
    let mut net = Network::new();
    let token = hostile(&mut net);
    let voucher = cross(&mut net, token);
    net.a.hold(token, 100, 60);
    let back = net.transfer(Side::B, voucher, 300);
    net.recv(Side::A, &back).unwrap();
    let blocked = HostileERC20::setBlockedCall {
        account: BOB,
        blocked: true,
    };
    net.a.must(ALICE, token, &blocked);
    net.pass(60);
    assert!(net.a.release(BOB, 1).is_err());
    assert_eq!(net.a.total_held(token), U256::from(300));
    net.a.veto(ADMIN, 1).unwrap();
    let returned = net.a.return_vetoed(ADMIN, 1).unwrap().sent().remove(0);
    net.recv(Side::B, &returned).unwrap();
    assert_eq!(net.b.balance(voucher, ALICE), U256::from(1000));
}

#[test]
fn decimals_of_none_or_of_77_cross_as_they_are() {
    let mut net = Network::new();
    for decimals in [0, 77, 255] {
        let token = new_token(&mut net.a, "Odd", "ODD", decimals);
        net.cross(Side::A, token, 5);
        let voucher = net.b.voucher(&home(token));
        assert_eq!(net.b.view(voucher, &TestERC20::decimalsCall {}), decimals);
        assert_eq!(net.b.balance(voucher, BOB), U256::from(5));
    }
    // Without any, the amount is what counts all the same.
    let token = hostile(&mut net);
    net.cross(Side::A, token, 5);
    assert_eq!(
        net.b.balance(net.b.voucher(&home(token)), BOB),
        U256::from(5)
    );
}

fn send(net: &mut Network, token: Address, amount: U256) -> Result<Receipt, Failure> {
    let msg_ = causeway_contracts::ics20_transfer::IICS20TransferMsgs::SendTransferMsg {
        amount,
        ..net.transfer_msg(Side::A, token, 1)
    };
    net.a.send(
        ALICE,
        net.a.transfer,
        &ICS20Transfer::sendTransferCall { msg_ },
    )
}

#[test]
fn no_total_overflows() {
    let mut net = Network::new();
    let token = net.a.deploy_plain(&HostileERC20::BYTECODE);
    let amount = U256::MAX / U256::from(100);
    net.a
        .must(ALICE, token, &HostileERC20::mintCall { to: ALICE, amount });
    for packet in send(&mut net, token, amount).unwrap().sent() {
        net.recv(Side::B, &packet).unwrap();
    }
    let voucher = net.b.voucher(&home(token));
    assert_eq!(net.b.supply(voucher), amount);
    behave(&mut net.a, token, CLAIMS_TO_HAVE_MOVED);
    assert!(
        send(&mut net, token, U256::MAX).is_err(),
        "the balance overflows"
    );

    // Forged with every key: a supply that overflows is refused, and so is a held total that does.
    let forged = net.forge(Side::B, 1, &home(token), U256::MAX);
    assert!(refused(&net.recv_forged(Side::B, &forged).unwrap()));
    net.b.hold(voucher, 1, 60);
    for (sequence, overflows) in [(2, false), (3, true)] {
        let forged = net.forge(Side::B, sequence, &home(token), U256::MAX);
        assert_eq!(
            refused(&net.recv_forged(Side::B, &forged).unwrap()),
            overflows
        );
    }
    assert_eq!(net.b.total_held(voucher), U256::MAX);
    // Nor does a limit.
    net.b.hold(voucher, 0, 0);
    net.b.limit(
        voucher,
        crate::harness::safeguards::INCOMING,
        u128::MAX,
        u32::MAX,
    );
    let forged = net.forge(Side::B, 4, &home(token), U256::from(u128::MAX));
    net.recv_forged(Side::B, &forged).unwrap();
    assert_eq!(net.b.safeguards(voucher).incoming.available, U256::ZERO);
    assert_eq!(net.b.supply(voucher), amount + U256::from(u128::MAX));
}
