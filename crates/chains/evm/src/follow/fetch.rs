use std::sync::Arc;

use serde_json::{Value, json};

use super::LogFilter;
use crate::{
    Log, RpcError,
    chain::quantity,
    rpc::{Call, Endpoint, Header, Pool, Rpc, WireHeader, WireLog},
};

const GET_BLOCK: &str = "eth_getBlockByNumber";
const GET_LOGS: &str = "eth_getLogs";

/// The headers at these heights, `None` where the endpoint has no block.
pub(super) async fn headers(rpc: &Rpc, heights: &[u64]) -> Result<Vec<Option<Header>>, RpcError> {
    let call = |height: &u64| Call::new(GET_BLOCK, json!([quantity(*height), false]));
    let answers = rpc.batch(heights.iter().map(call).collect()).await?;
    let mut headers = Vec::with_capacity(heights.len());
    for (answer, height) in answers.into_iter().zip(heights) {
        let header = answer
            .read::<Option<WireHeader>>()?
            .and_then(WireHeader::checked);
        if let Some(other) = header.filter(|header| header.block.height != *height) {
            let reason = format!("expected block {height}, got {}", other.block.height);
            return Err(RpcError::malformed(rpc.endpoint(), GET_BLOCK, reason));
        }
        headers.push(header);
    }
    Ok(headers)
}

/// The logs of exactly these blocks.
pub(super) async fn logs_of_blocks(
    pool: &Pool,
    endpoint: &Arc<Endpoint>,
    filter: &LogFilter,
    headers: &[Header],
) -> Result<Vec<Vec<Log>>, RpcError> {
    let rpc = endpoint.rpc();
    let calls = headers
        .iter()
        .map(|header| by_hash(filter, header))
        .collect();
    let answers = rpc.batch(calls).await?;
    let mut all = Vec::with_capacity(headers.len());
    for (answer, header) in answers.into_iter().zip(headers) {
        let mut logs = checked(&rpc, filter, answer.read()?)?;
        only_of(&rpc, header, &logs)?;
        // The header says that such logs may be there. A false hint is rare, a node that has not
        // indexed the block yet is not.
        if logs.is_empty() && header.bloom.is_some_and(|bloom| filter.may_match(&bloom)) {
            logs = second_opinion(pool, endpoint, filter, header).await;
        }
        all.push(logs);
    }
    Ok(all)
}

/// The logs of a block as another endpoint has them; none if no other has any.
async fn second_opinion(
    pool: &Pool,
    doubted: &Arc<Endpoint>,
    filter: &LogFilter,
    header: &Header,
) -> Vec<Log> {
    for endpoint in pool.candidates() {
        if Arc::ptr_eq(&endpoint, doubted) {
            continue;
        }
        let rpc = endpoint.rpc();
        let call = by_hash(filter, header);
        let Ok(found) = rpc.request::<Vec<WireLog>>(call.method, call.params).await else {
            continue;
        };
        let Ok(logs) = checked(&rpc, filter, found) else {
            continue;
        };
        if !logs.is_empty() && only_of(&rpc, header, &logs).is_ok() {
            doubted.distrust(&format!(
                "it hides the logs of block {}",
                header.block.height
            ));
            return logs;
        }
    }
    Vec::new()
}

/// The logs of a range of heights, in order, and the header of its last block.
pub(crate) async fn logs_of_range(
    rpc: &Rpc,
    filter: &LogFilter,
    first: u64,
    last: u64,
) -> Result<(Vec<Log>, Header), RpcError> {
    let mut params = filter.params();
    params.insert("fromBlock".to_owned(), json!(quantity(first)));
    params.insert("toBlock".to_owned(), json!(quantity(last)));
    let calls = vec![
        Call::new(GET_LOGS, json!([params])),
        Call::new(GET_BLOCK, json!([quantity(last), false])),
    ];
    let mut answers = rpc.batch(calls).await?.into_iter();
    let malformed = |reason: &str| RpcError::malformed(rpc.endpoint(), GET_LOGS, reason);
    let (Some(logs), Some(end)) = (answers.next(), answers.next()) else {
        return Err(malformed("a batch of two has fewer answers"));
    };
    let logs = checked(rpc, filter, logs.read()?)?;
    // A node that is not that far leaves logs out without saying so.
    let end = end
        .read::<Option<WireHeader>>()?
        .and_then(WireHeader::checked);
    let end = end
        .filter(|end| end.block.height == last)
        .ok_or_else(|| malformed("the range's last block is missing"))?;
    if logs
        .iter()
        .any(|log| !(first..=last).contains(&log.block_height))
    {
        return Err(malformed("a log lies outside of the range"));
    }
    Ok((logs, end))
}

fn by_hash(filter: &LogFilter, header: &Header) -> Call {
    let mut params = filter.params();
    params.insert("blockHash".to_owned(), json!(header.block.hash));
    Call::new(GET_LOGS, Value::Array(vec![Value::Object(params)]))
}

/// The logs if each is complete, matches the filter and stands in order.
fn checked(rpc: &Rpc, filter: &LogFilter, found: Vec<WireLog>) -> Result<Vec<Log>, RpcError> {
    let malformed = |reason: &str| RpcError::malformed(rpc.endpoint(), GET_LOGS, reason);
    let mut logs: Vec<Log> = Vec::with_capacity(found.len());
    for log in found {
        let log = log
            .checked()
            .ok_or_else(|| malformed("a log is pending, removed or broken"))?;
        if !filter.matches(&log) {
            return Err(malformed("a log does not match the filter"));
        }
        let place = |log: &Log| (log.block_height, log.log_index);
        if logs
            .last()
            .is_some_and(|previous| place(previous) >= place(&log))
        {
            return Err(malformed("the logs are not in order"));
        }
        logs.push(log);
    }
    Ok(logs)
}

fn only_of(rpc: &Rpc, header: &Header, logs: &[Log]) -> Result<(), RpcError> {
    let block = &header.block;
    let foreign = logs
        .iter()
        .any(|log| (log.block_height, log.block_hash) != (block.height, block.hash));
    if foreign {
        let reason = format!("a log is not of block {}", block.hash);
        return Err(RpcError::malformed(rpc.endpoint(), GET_LOGS, reason));
    }
    Ok(())
}
