//! What a voucher is called.

use alloy::primitives::{Address, Bytes, U256, hex};
use alloy::sol_types::{SolCall, SolValue};
use causeway_contracts::NATIVE_COIN;
use causeway_contracts::ibc_erc20::IBCERC20;
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::ics26_router::IICS26RouterMsgs::Packet;
use causeway_contracts::test_erc20::TestERC20;
use causeway_contracts::transfer_safeguards::TransferSafeguards;

use crate::harness::chain::{ADMIN, ALICE, BOB};
use crate::harness::fixtures::HostileMetadataERC20;
use crate::harness::network::{Network, Side, TIMEOUT, home};

const METADATA: &str = "causeway-metadata-1";

fn is_announcement(packet: &Packet) -> bool {
    packet.payloads[0].version == METADATA
}

fn shown(net: &Network, voucher: Address) -> (String, String, u8) {
    (
        net.b.view(voucher, &IBCERC20::nameCall {}),
        net.b.view(voucher, &IBCERC20::symbolCall {}),
        net.b.view(voucher, &IBCERC20::decimalsCall {}),
    )
}

fn announced(net: &Network, token: Address) -> bool {
    let clientId = net.a.client_id.clone();
    net.a.view(
        net.a.transfer,
        &TransferSafeguards::metadataAnnouncedCall { clientId, token },
    )
}

#[test]
fn a_voucher_is_called_what_its_token_is_called() {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 5);
    let voucher = net.b.voucher(&home(net.token));
    assert_eq!(shown(&net, voucher), ("Harbour".into(), "HBR".into(), 6));
    let trace = net.b.view(voucher, &IBCERC20::fullDenomPathCall {});
    assert_eq!(trace, net.b.trace(&home(net.token)));
    assert_eq!(
        net.b.view(
            net.b.transfer,
            &ICS20Transfer::ibcERC20DenomCall { token: voucher }
        ),
        trace
    );
}

#[test]
fn the_first_transfer_announces_and_later_ones_do_not() {
    let mut net = Network::new();
    let packets = net.try_transfer(Side::A, net.token, 5).unwrap().sent();
    assert_eq!(
        packets.iter().map(is_announcement).collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(packets[0].timeoutTimestamp, packets[1].timeoutTimestamp);
    assert_eq!(
        net.try_transfer(Side::A, net.token, 5)
            .unwrap()
            .sent()
            .len(),
        1
    );
}

#[test]
fn a_transfer_does_not_wait_for_its_announcement() {
    let mut net = Network::new();
    let packets = net.try_transfer(Side::A, net.token, 5).unwrap().sent();
    net.recv(Side::B, &packets[1]).unwrap();
    let voucher = net.b.voucher(&home(net.token));
    let trace = net.b.trace(&home(net.token));
    assert_eq!(shown(&net, voucher), (trace.clone(), trace, 18));
    net.recv(Side::B, &packets[0]).unwrap();
    assert_eq!(shown(&net, voucher), ("Harbour".into(), "HBR".into(), 6));
}

#[test]
fn an_announcement_that_times_out_is_made_again_and_refunds_nothing() {
    let mut net = Network::new();
    let packets = net.try_transfer(Side::A, net.token, 5).unwrap().sent();
    assert!(announced(&net, net.token));
    let before = net.a.balance(net.token, ALICE);
    net.pass(TIMEOUT);
    net.timeout(Side::A, &packets[0]).unwrap();
    assert_eq!(net.a.balance(net.token, ALICE), before);
    assert!(!announced(&net, net.token));
    assert_eq!(
        net.try_transfer(Side::A, net.token, 5)
            .unwrap()
            .sent()
            .len(),
        2
    );
}

#[test]
fn an_announcement_that_is_refused_is_let_be() {
    let mut net = Network::new();
    let packets = net.try_transfer(Side::A, net.token, 5).unwrap().sent();
    // What a counterparty that knows no announcements answers.
    let error = Bytes::from(hex!(
        "4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab"
    ));
    let before = net.a.balance(net.token, ALICE);
    net.ack_forged(Side::A, &packets[0], &error).unwrap();
    assert_eq!(net.a.balance(net.token, ALICE), before);
    assert!(announced(&net, net.token));
    assert_eq!(
        net.try_transfer(Side::A, net.token, 5)
            .unwrap()
            .sent()
            .len(),
        1
    );
}

#[test]
fn a_voucher_on_its_way_home_is_not_announced() {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 5);
    let voucher = net.b.voucher(&home(net.token));
    net.b.must(
        BOB,
        voucher,
        &TestERC20::transferCall {
            to: ALICE,
            value: U256::from(5),
        },
    );
    let packets = net.try_transfer(Side::B, voucher, 5).unwrap().sent();
    assert!(!packets.iter().any(is_announcement));
    assert_eq!(packets.len(), 1);
}

fn hostile(net: &mut Network, mood: u8) -> Address {
    let token = net.a.deploy(
        &HostileMetadataERC20::BYTECODE,
        &HostileMetadataERC20::constructorCall { mood },
    );
    let amount = U256::from(1000);
    net.a.must(
        ALICE,
        token,
        &HostileMetadataERC20::mintCall { to: ALICE, amount },
    );
    net.a.must(
        ALICE,
        token,
        &TestERC20::approveCall {
            spender: net.a.transfer,
            value: amount,
        },
    );
    token
}

/// What the voucher of a token with this mood shows; `None` for the trace.
fn check_mood(mood: u8, name: Option<&str>, decimals: u8) {
    let mut net = Network::new();
    let token = hostile(&mut net, mood);
    let sent = net.try_transfer(Side::A, token, 5).unwrap();
    assert!(sent.gas < 900_000, "{}", sent.gas);
    for packet in sent.sent() {
        let acks = net.recv(Side::B, &packet).unwrap().acknowledgements();
        assert_eq!(acks[0].as_ref(), b"{\"result\":\"AQ==\"}");
    }
    let voucher = net.b.voucher(&home(token));
    let name = name.map_or_else(|| net.b.trace(&home(token)), str::to_owned);
    assert_eq!(shown(&net, voucher), (name.clone(), name, decimals));
}

#[test]
fn an_honest_answer_is_shown() {
    check_mood(0, Some("Honest"), 9);
}

#[test]
fn a_name_of_any_length_is_cut() {
    check_mood(1, Some(&"\0".repeat(64)), 9);
}

#[test]
fn a_name_that_reverts_is_no_name() {
    check_mood(2, None, 9);
}

#[test]
fn a_name_that_burns_gas_burns_little() {
    check_mood(3, None, 9);
}

#[test]
fn a_name_in_one_word_is_read() {
    check_mood(4, Some("MKR"), 9);
}

#[test]
fn a_name_that_is_no_string_is_no_name() {
    check_mood(5, None, 9);
}

#[test]
fn a_token_without_decimals_is_not_announced() {
    check_mood(6, None, 18);
}

#[test]
fn more_decimals_than_there_can_be_are_none() {
    check_mood(7, None, 18);
}

#[test]
fn a_name_is_not_cut_within_a_character() {
    check_mood(8, Some(&"a".repeat(63)), 9);
}

/// Delivers a metadata packet as if the other side's transfer application had sent it.
fn deliver(net: &mut Network, denom: &str, name: &str, decimals: u64) -> bool {
    use crate::harness::network::COMMITMENT;
    let template = net.transfer(Side::A, net.token, 1);
    let mut packet = template;
    packet.sequence += 1000;
    packet.payloads[0].version = METADATA.into();
    let value = (denom, name, "SYM", U256::from(decimals)).abi_encode();
    packet.payloads[0].value = value.into();
    let height = net.update(Side::B);
    let path = crate::harness::chain::path_hash(&packet.sourceClient, COMMITMENT, packet.sequence);
    let commitment = super::relaying::commitment_of(net, &packet);
    let proof = net
        .attestors
        .prove_packets(net.domain(Side::B), height, &[(path, commitment)]);
    let receipt = net
        .relay(Side::B, &Network::recv_call(&packet, proof, height))
        .unwrap();
    receipt
        .events::<ICS26Router::IBCAppRecvPacketCallbackError>()
        .is_empty()
}

#[test]
fn what_was_set_stays_set() {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 5);
    let denom = home(net.token);
    assert!(!deliver(&mut net, &denom, "Another", 6));
    assert_eq!(shown(&net, net.b.voucher(&denom)).0, "Harbour");
}

#[test]
fn a_counterparty_cannot_send_metadata_that_is_too_long_or_for_our_own_tokens() {
    let mut net = Network::new();
    assert!(deliver(&mut net, "0x01", &"a".repeat(64), 255));
    assert!(!deliver(&mut net, "0x02", &"a".repeat(65), 6));
    assert!(!deliver(&mut net, "0x03", "name", 256));
    let ours = format!("transfer/{}/0x04", net.a.client_id);
    assert!(!deliver(&mut net, &ours, "name", 6));
}

#[test]
fn the_native_coins_name_is_configurable_by_the_customizer_alone() {
    let mut net = Network::new();
    let call = TransferSafeguards::setNativeMetadataCall {
        name_: "Harbour Coin".into(),
        symbol_: "HC".into(),
        decimals_: 12,
    };
    let failure = net.a.send(ALICE, net.a.transfer, &call).err().unwrap();
    assert!(failure.is::<ICS20Transfer::AccessManagedUnauthorized>());
    net.a.must(ADMIN, net.a.transfer, &call);
    let too_long = TransferSafeguards::setNativeMetadataCall {
        name_: "a".repeat(65),
        ..call.clone()
    };
    let failure = net.a.send(ADMIN, net.a.transfer, &too_long).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20MetadataTooLong>());

    let msg_ = net.transfer_msg(Side::A, NATIVE_COIN, 10);
    let data = ICS20Transfer::sendTransferCall { msg_ }.abi_encode().into();
    let transfer = net.a.transfer;
    for packet in net
        .a
        .send_raw(ALICE, transfer, U256::from(10), data)
        .unwrap()
        .sent()
    {
        net.recv(Side::B, &packet).unwrap();
    }
    let voucher = net.b.voucher(&home(NATIVE_COIN));
    assert_eq!(
        shown(&net, voucher),
        ("Harbour Coin".into(), "HC".into(), 12)
    );
}
