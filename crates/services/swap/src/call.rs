//! Keeps connections to the makers whose offers we have taken.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio_tungstenite::{
    connect_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::debug;
use url::Url;

use crate::{
    SwapError,
    conversation::Conversations,
    identity::PeerId,
    ledger::Ledger,
    talk::TalkError,
    wire::{LONGEST, Received, Wire},
};

/// How often to look whom we should be connected to.
const LOOK: Duration = Duration::from_secs(1);
/// How long to wait before calling again.
const CALL_AGAIN: Duration = Duration::from_secs(2);

/// Stays connected to every maker with whom a swap of ours is under way, until stopped.
pub(crate) async fn keep_calling(
    conversations: Conversations,
    ledger: Ledger,
    stop: CancellationToken,
) -> Result<(), SwapError> {
    let mut calls: BTreeMap<(PeerId, Url), AbortOnDropHandle<()>> = BTreeMap::new();
    while !stop.is_cancelled() {
        let mut wanted = BTreeSet::new();
        for record in ledger.under_way().await? {
            if let Some(url) = record.peer.url {
                wanted.insert((record.peer.id, url));
            }
        }
        calls.retain(|whom, _| wanted.contains(whom));
        for whom in wanted {
            calls.entry(whom.clone()).or_insert_with(|| {
                let call = call_for_ever(conversations.clone(), whom.0, whom.1);
                AbortOnDropHandle::new(tokio::spawn(call))
            });
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    Ok(())
}

async fn call_for_ever(conversations: Conversations, peer: PeerId, url: Url) {
    loop {
        let ended = match connect(&url).await {
            Ok(wire) => conversations.called(wire, peer).await,
            Err(error) => error,
        };
        debug!(%peer, %url, %ended, "calling again");
        tokio::time::sleep(CALL_AGAIN).await;
    }
}

async fn connect(url: &Url) -> Result<Wire, TalkError> {
    let closed = |error: &dyn std::fmt::Display| TalkError::Closed(format!("{url}: {error}"));
    let mut address = url.clone();
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    let unusable = |()| closed(&"no address for a WebSocket");
    address.set_scheme(scheme).map_err(unusable)?;
    let base = url.path().trim_end_matches('/');
    address.set_path(&format!("{base}/v1/swap/session"));
    let config = WebSocketConfig::default()
        .max_message_size(Some(LONGEST))
        .max_frame_size(Some(LONGEST));
    let (socket, _) = connect_async_with_config(address.as_str(), Some(config), true)
        .await
        .map_err(|error| closed(&error))?;
    Ok(Wire::over(socket, Message::text, ping, read))
}

pub(crate) fn ping() -> Message {
    Message::Ping(tokio_tungstenite::tungstenite::Bytes::new())
}

/// What a message means for a conversation.
pub(crate) fn read(message: Message) -> Received {
    match message {
        Message::Text(text) => Received::Text(text.to_string()),
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Received::Nothing,
        Message::Binary(_) | Message::Close(_) => Received::End,
    }
}
