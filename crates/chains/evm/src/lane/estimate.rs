use alloy_primitives::{U64, U256};
use serde_json::json;

use super::{
    LaneError, LaneStore, TxCall,
    core::Core,
    fees::{Fees, Market, WireFeeHistory},
};
use crate::{RpcError, chain::quantity, rpc::Call};

impl<S: LaneStore> Core<S> {
    /// The call with its gas limit, and what to offer for it: one round trip that also finds out
    /// whether it reverts and whether the account can pay.
    pub(super) async fn estimate(&self, call: &TxCall) -> Result<(TxCall, Fees), LaneError> {
        let height = self.head_height();
        let known = self.state().market.filter(|market| market.height == height);
        let mut request = json!({ "from": self.account, "data": call.data, "value": call.value });
        if let Some(to) = call.to {
            request["to"] = json!(to);
        }
        if let Some(gas) = call.gas_limit {
            request["gas"] = json!(quantity(gas));
        }
        let mut calls = vec![
            Call::new("eth_estimateGas", json!([request, "latest"])),
            Call::new("eth_getBalance", json!([self.account, "latest"])),
        ];
        if known.is_none() {
            calls.push(Market::call());
        }
        let mut answers = self.chain.rpc().batch(calls).await?.into_iter();
        let missing =
            || RpcError::malformed(self.chain.rpc().endpoint(), "eth_estimateGas", "no answer");
        let estimated = answers.next().ok_or_else(missing)?.read::<U64>();
        let balance = answers.next().ok_or_else(missing)?.read::<U256>()?;
        let market = match (known, answers.next()) {
            (Some(market), _) => market,
            (None, Some(answer)) => {
                self.keep_market(Market::read(answer.read::<WireFeeHistory>()?, height))?
            }
            (None, None) => return Err(missing().into()),
        };
        let estimated: u64 = estimated.map_err(|error| self.why_not(error))?.to();
        let gas_limit = match call.gas_limit {
            Some(given) => given,
            None => self.with_headroom(estimated)?,
        };
        let fees = market.offer(&self.config);
        let cost = U256::from(gas_limit) * U256::from(fees.max_fee);
        let needed = cost.saturating_add(call.value);
        if balance < needed {
            let chain = self.chain.id();
            return Err(LaneError::insufficient(
                chain,
                self.account,
                balance,
                needed,
            ));
        }
        Ok((
            TxCall {
                gas_limit: Some(gas_limit),
                ..call.clone()
            },
            fees,
        ))
    }

    fn with_headroom(&self, estimated: u64) -> Result<u64, LaneError> {
        let head = self.chain.pool().current().head();
        let of_block = head.and_then(|head| head.gas_limit).unwrap_or(u64::MAX);
        let limit = self.config.max_gas_per_tx.min(of_block);
        if estimated > limit {
            let details = format!("it needs {estimated}, the limit is {limit}");
            return Err(LaneError::TooMuchGas { details });
        }
        let headroom = u128::from(estimated) * u128::from(self.config.gas_headroom_percent) / 100;
        let wanted = estimated.saturating_add(u64::try_from(headroom).unwrap_or(u64::MAX));
        Ok(wanted.min(limit))
    }

    /// What the refusal of an estimate means.
    fn why_not(&self, error: RpcError) -> LaneError {
        if let Some(data) = error.revert() {
            return LaneError::reverted(data.clone());
        }
        let Some(words) = error.refusal() else {
            return error.into();
        };
        let has = |any: &[&str]| any.iter().any(|part| words.contains(part));
        if has(&["insufficient funds", "insufficient balance", "outoffunds"]) {
            let (chain, account) = (self.chain.id().clone(), self.account);
            return LaneError::InsufficientFunds {
                chain,
                account,
                details: words,
            };
        }
        if has(&[
            "out of gas",
            "outofgas",
            "exceeds allowance",
            "gas limit",
            "gas too high",
        ]) {
            return LaneError::TooMuchGas { details: words };
        }
        // Invalid instructions and the like: the call fails, with no data to tell why.
        if has(&[
            "evm error",
            "opcode",
            "stack",
            "invalid jump",
            "vm execution",
        ]) {
            let reason = crate::RevertReason::Message(words);
            return LaneError::Reverted {
                data: alloy_primitives::Bytes::new(),
                reason,
            };
        }
        error.into()
    }
}
