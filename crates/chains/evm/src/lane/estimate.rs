use alloy_primitives::{Bytes, U64, U256};
use serde_json::json;

use super::{
    LaneError, LaneStore, TxCall,
    core::Core,
    fees::{Fees, Market, WireFeeHistory},
};
use crate::{RpcError, chain::quantity, rpc::Call};

impl<S: LaneStore> Core<S> {
    /// [`Self::estimate`], with the call's limit as a guess: if the call succeeds with it, it is good,
    /// and otherwise the node is asked to search for a better one. A search makes the call a dozen
    /// times, a try once.
    pub(super) async fn try_guess(&self, call: &TxCall) -> Result<(TxCall, Fees), LaneError> {
        match self.estimate(call).await {
            Err(LaneError::Reverted { .. } | LaneError::TooMuchGas { .. })
                if call.gas_limit.is_some() =>
            {
                let open = TxCall {
                    gas_limit: None,
                    ..call.clone()
                };
                self.estimate(&open).await
            }
            estimated => estimated,
        }
    }

    /// The most gas that one transaction may take.
    pub(super) fn gas_cap(&self) -> u64 {
        let of_block = self.chain.block_gas_limit().unwrap_or(u64::MAX);
        self.config.max_gas_per_tx.min(of_block)
    }

    /// The call with its gas limit, and what to offer for it: one round trip that also finds out
    /// whether it reverts and whether the account can pay. A limit that is given is not searched for
    /// but tried.
    pub(super) async fn estimate(&self, call: &TxCall) -> Result<(TxCall, Fees), LaneError> {
        let height = self.head_height();
        let known = self.state().market.filter(|market| market.height == height);
        let mut request = json!({ "from": self.account, "data": call.data, "value": call.value });
        if let Some(to) = call.to {
            request["to"] = json!(to);
        }
        let method = match call.gas_limit {
            Some(gas) => {
                request["gas"] = json!(quantity(gas));
                "eth_call"
            }
            None => "eth_estimateGas",
        };
        let mut calls = vec![
            Call::new(method, json!([request, "latest"])),
            Call::new("eth_getBalance", json!([self.account, "latest"])),
        ];
        if known.is_none() {
            calls.push(Market::call());
        }
        let mut answers = self.chain.rpc().batch(calls).await?.into_iter();
        let missing = || RpcError::malformed(self.chain.rpc().endpoint(), method, "no answer");
        let answer = answers.next().ok_or_else(missing)?;
        let gas_limit = match call.gas_limit {
            Some(given) => answer.read::<Bytes>().map(|_| given),
            None => answer.read::<U64>().map(|estimated| estimated.to()),
        };
        let balance = answers.next().ok_or_else(missing)?.read::<U256>()?;
        let market = match (known, answers.next()) {
            (Some(market), _) => market,
            (None, Some(answer)) => {
                self.keep_market(Market::read(answer.read::<WireFeeHistory>()?, height))?
            }
            (None, None) => return Err(missing().into()),
        };
        let gas_limit = gas_limit.map_err(|error| self.why_not(error))?;
        let gas_limit = match call.gas_limit {
            Some(given) => given,
            None => self.with_headroom(gas_limit)?,
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
        let limit = self.gas_cap();
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
            "intrinsic gas",
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
                data: Bytes::new(),
                reason,
            };
        }
        error.into()
    }
}
