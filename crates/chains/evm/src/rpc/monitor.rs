use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::pubsub::RawSubscription;
use tokio::{sync::broadcast::error::RecvError, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::{Endpoint, Header, Pool, Rpc, RpcError, WireHeader};
use crate::Finality;

/// How long to wait before connecting again when the endpoint itself asks for no pause.
const RECONNECT_PAUSE: Duration = Duration::from_millis(50);
/// After this many blocks seen by polling that the subscription did not push, it is renewed.
const MISSED_PUSHES: u32 = 3;

/// Keeps an endpoint connected and its head known until cancelled.
pub(crate) async fn watch_endpoint(
    pool: Arc<Pool>,
    endpoint: Arc<Endpoint>,
    poll_interval: Duration,
    cancel: CancellationToken,
) {
    let work = async {
        loop {
            follow_heads(&pool, &endpoint, poll_interval).await;
            pool.reconsider();
            let (wrong_chain, pause) = {
                let health = endpoint.health();
                (health.wrong_chain, health.pause(Instant::now()))
            };
            if let Some(got) = wrong_chain {
                error!(chain = %pool.chain, endpoint = %endpoint.label, got, "endpoint serves another chain and is not used");
                return;
            }
            sleep(pause.unwrap_or(RECONNECT_PAUSE)).await;
        }
    };
    cancel.run_until_cancelled(Box::pin(work)).await;
}

/// Follows heads by subscription and polling until the connection has to be made anew.
async fn follow_heads(pool: &Pool, endpoint: &Arc<Endpoint>, poll_interval: Duration) {
    let rpc = endpoint.rpc();
    let mut subscription = if endpoint.can_push() {
        subscribe(endpoint).await
    } else {
        None
    };
    let mut missed = 0;
    loop {
        match poll_head(&rpc).await {
            Ok(head) => {
                if endpoint.head() == Some(head) {
                    // The endpoint in use may have failed or fallen behind meanwhile.
                    pool.reconsider();
                } else {
                    missed += 1;
                    observe(pool, endpoint, &rpc, &head).await;
                }
            }
            Err(error) => {
                debug!(%error, "head is not known");
                // Transport failures are counted where they happen; the rest is counted here.
                if endpoint.usable() {
                    endpoint.fail(&error.to_string());
                }
                return;
            }
        }
        if subscription.is_some() && missed > MISSED_PUSHES {
            warn!(endpoint = %endpoint.label, "subscription pushes nothing, renewing it");
            endpoint.disconnect().await;
            return;
        }
        // Poll again when nothing was pushed for a while.
        while let Some(pushed) = next_push(&mut subscription, poll_interval).await {
            let Some(head) = pushed else {
                endpoint.disconnect().await;
                return;
            };
            missed = 0;
            observe(pool, endpoint, &rpc, &head).await;
        }
    }
}

async fn subscribe(endpoint: &Endpoint) -> Option<RawSubscription> {
    match endpoint.subscribe_heads().await {
        Ok(subscription) => Some(subscription),
        Err(error) => {
            warn!(endpoint = %endpoint.label, %error, "no head subscription, polling instead");
            None
        }
    }
}

/// The newest pushed head; `None` if nothing came in time, `Some(None)` if nothing will come.
async fn next_push(
    subscription: &mut Option<RawSubscription>,
    wait: Duration,
) -> Option<Option<Header>> {
    let Some(subscription) = subscription else {
        sleep(wait).await;
        return None;
    };
    let mut newest = match tokio::time::timeout(wait, subscription.recv()).await {
        Err(_) | Ok(Err(RecvError::Lagged(_))) => return None,
        Ok(Err(RecvError::Closed)) => return Some(None),
        Ok(Ok(pushed)) => pushed,
    };
    while let Ok(pushed) = subscription.try_recv() {
        newest = pushed;
    }
    let header = serde_json::from_str::<WireHeader>(newest.get()).ok()?;
    header.checked().map(Some)
}

async fn poll_head(rpc: &Rpc) -> Result<Header, RpcError> {
    const METHOD: &str = "eth_getBlockByNumber";
    let header: Option<WireHeader> = rpc.request(METHOD, ("latest", false)).await?;
    header
        .and_then(WireHeader::checked)
        .ok_or_else(|| RpcError::malformed(rpc.endpoint(), METHOD, "the latest block is missing"))
}

async fn observe(pool: &Pool, endpoint: &Endpoint, rpc: &Rpc, head: &Header) {
    if let Finality::Depth(depth) = pool.finality {
        pool.observed(endpoint, head, head.block.height.checked_sub(depth));
        return;
    }
    // The head must not wait for the question about finality.
    pool.observed(endpoint, head, None);
    if let Some(tag) = pool.finality.tag() {
        let block: Result<Option<WireHeader>, _> =
            rpc.request("eth_getBlockByNumber", (tag, false)).await;
        match block {
            Ok(block) => {
                let height = block
                    .and_then(WireHeader::checked)
                    .map(|block| block.block.height);
                pool.observed(endpoint, head, height);
            }
            Err(error) => debug!(%error, tag, "final block is not known"),
        }
    }
}
