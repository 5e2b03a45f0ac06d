use causeway_ibc::{UNIVERSAL_ERROR_ACKNOWLEDGEMENT, ics20::SUCCESS_ACKNOWLEDGEMENT};
use serde_json::json;

use crate::served::{ALICE, BOB, Served, call, id, received, sent, transfer, tx};

#[tokio::test]
async fn a_transfer_says_where_the_money_is() {
    let served = Served::start(|_| ()).await;
    served.feed((1..=3).map(|n| sent(transfer(n, ALICE)))).await;
    served
        .feed([
            received(transfer(2, ALICE), SUCCESS_ACKNOWLEDGEMENT),
            received(
                transfer(3, ALICE),
                UNIVERSAL_ERROR_ACKNOWLEDGEMENT.as_slice(),
            ),
        ])
        .await;
    for (n, status) in [(1, "in_flight"), (2, "arrived"), (3, "refunding")] {
        let (_, shown) = served.get(&format!("/v1/transfers/{}", id(n))).await;
        assert_eq!(shown["status"], status, "{shown}");
        let found = served.all(&format!("/v1/transfers?status={status}")).await;
        assert_eq!(found, [id(n)]);
    }
    let (_, shown) = served.get(&format!("/v1/transfers/{}", id(2))).await;
    assert_eq!(shown["amount"], "1500000000000000000");
    assert_eq!(shown["amount_in_units"], "1.5");
    assert_eq!(shown["token"]["symbol"], "ETH");
    assert_eq!(shown["token"]["asset"], "eip155:1/slip44:60");
    assert_eq!(
        (&shown["sender"], &shown["receiver"]),
        (&json!(ALICE), &json!(BOB))
    );
    assert_eq!(
        shown["source"],
        json!({ "chain": "eip155:1", "client": "client-on-1" })
    );
    // A timeout that no calendar reaches is shown all the same.
    assert_eq!(shown["timeout"], "9999-12-31T23:59:59.000Z");
    let timeline = shown["timeline"].as_array().unwrap();
    assert_eq!(timeline.len(), 2);
    assert_eq!(timeline[0]["tx"], tx("sent", 2).to_string());
    assert_eq!(timeline[1]["fact"], "received");
    assert_eq!(timeline[1]["chain"], "eip155:2");
    assert_eq!(timeline[1]["time"], "2023-11-14T22:13:40.000Z");
}

#[tokio::test]
async fn a_call_is_a_call_and_no_transfer() {
    let served = Served::start(|_| ()).await;
    served.feed([sent(transfer(1, ALICE)), sent(call(2))]).await;
    assert_eq!(served.all("/v1/calls").await, [id(2)]);
    assert_eq!(served.all("/v1/transfers").await, [id(1)]);
    assert_eq!(served.all("/v1/packets").await.len(), 2);
    let (_, shown) = served.get(&format!("/v1/calls/{}", id(2))).await;
    assert_eq!(
        (&shown["data"], &shown["salt"]),
        (&json!("0x010203"), &json!("0x"))
    );
    for path in [
        format!("/v1/transfers/{}", id(2)),
        format!("/v1/calls/{}", id(1)),
        format!("/v1/calls/{}", id(9)),
        "/v1/packets/eip155:1%2Fclient-on-1%2F1".to_owned(),
    ] {
        let (status, problem) = served.get(&path).await;
        assert_eq!(status, 404, "{path}: {problem}");
    }
}

#[tokio::test]
async fn a_packet_shows_what_it_carries_and_how_its_messages_fare() {
    let served = Served::start(|_| ()).await;
    served.feed([sent(transfer(1, ALICE))]).await;
    let (_, shown) = served.get(&format!("/v1/packets/{}", id(1))).await;
    assert_eq!(shown["id"], id(1));
    assert_eq!(shown["status"], "observed");
    assert_eq!(shown["payloads"][0]["version"], "ics20-1");
    assert_eq!(shown["messages"], json!([]));
    assert_eq!(shown["acknowledgements"], json!(null));
}
