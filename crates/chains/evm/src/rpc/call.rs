use std::sync::Arc;

use alloy::rpc::{
    client::RpcClient,
    json_rpc::{RpcRecv, RpcSend},
};
use alloy::transports::TransportError;
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use super::{FailoverTransport, Pool, RpcError, RpcErrorKind};

/// One request of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) params: Value,
}

impl Call {
    pub(crate) const fn new(method: &'static str, params: Value) -> Self {
        Self { method, params }
    }
}

/// The answer to one request of a batch, not yet read.
#[derive(Debug)]
pub(crate) struct Answer {
    endpoint: Arc<str>,
    method: &'static str,
    result: Result<Box<RawValue>, RpcError>,
    pool: Option<Arc<Pool>>,
}

impl Answer {
    /// The answer as what the method returns.
    pub(crate) fn read<R: DeserializeOwned>(self) -> Result<R, RpcError> {
        let raw = self.result?;
        serde_json::from_str(raw.get()).map_err(|error| {
            let error = RpcError::malformed(&self.endpoint, self.method, error.to_string());
            blame(self.pool.as_deref(), error)
        })
    }
}

/// Holds an unusable answer against the endpoint in use, so that the next try goes to another.
fn blame(pool: Option<&Pool>, error: RpcError) -> RpcError {
    if let (Some(pool), RpcErrorKind::Malformed(reason)) = (pool, &error.kind) {
        pool.current().distrust(reason);
    }
    error
}

/// Requests, single and in batches, whose errors name the endpoint and the method.
#[derive(Clone, Debug)]
pub(crate) struct Rpc {
    client: RpcClient,
    endpoint: Arc<str>,
    max_batch: usize,
    /// Where requests go to whichever endpoint answers.
    pool: Option<Arc<Pool>>,
}

impl Rpc {
    pub(crate) fn new(client: RpcClient, endpoint: &str, max_batch: usize) -> Self {
        Self {
            client,
            endpoint: endpoint.into(),
            max_batch,
            pool: None,
        }
    }

    /// Requests to whichever endpoint answers.
    pub(crate) fn failing_over(pool: &Arc<Pool>, max_batch: usize) -> Self {
        let client = RpcClient::new(FailoverTransport(Arc::clone(pool)), false);
        let pool_of_it = Some(Arc::clone(pool));
        Self {
            pool: pool_of_it,
            ..Self::new(client, pool.chain.as_str(), max_batch)
        }
    }

    pub(crate) const fn client(&self) -> &RpcClient {
        &self.client
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) async fn request<R: RpcRecv>(
        &self,
        method: &'static str,
        params: impl RpcSend,
    ) -> Result<R, RpcError> {
        let answer = self.client.request(method, params).await;
        answer.map_err(|error| self.failed(method, &error))
    }

    fn failed(&self, method: &str, error: &TransportError) -> RpcError {
        blame(
            self.pool.as_deref(),
            RpcError::from_wire(&self.endpoint, method, error),
        )
    }

    /// All calls in as few JSON-RPC batches as the batch size allows; one answer for each call.
    pub(crate) async fn batch(&self, calls: Vec<Call>) -> Result<Vec<Answer>, RpcError> {
        let mut answers = Vec::with_capacity(calls.len());
        for chunk in calls.chunks(self.max_batch) {
            let first = chunk.first().map_or("batch", |call| call.method);
            let failed = |error| self.failed(first, &error);
            let mut batch = self.client.new_batch();
            let mut waiters = Vec::with_capacity(chunk.len());
            for call in chunk {
                let waiter = batch.add_call::<_, Box<RawValue>>(call.method, &call.params);
                waiters.push((call.method, waiter.map_err(failed)?));
            }
            batch.send().await.map_err(failed)?;
            for (method, waiter) in waiters {
                let result = waiter.await.map_err(|error| self.failed(method, &error));
                answers.push(Answer {
                    endpoint: Arc::clone(&self.endpoint),
                    method,
                    result,
                    pool: self.pool.clone(),
                });
            }
        }
        Ok(answers)
    }
}
