//! Limits and held transfers, as their administrators see them. `ADMIN` holds every role here.

use alloy::primitives::{Address, U256};
use causeway_contracts::transfer_safeguards::ITransferSafeguardsMsgs::{
    HeldTransfer, TokenSafeguards,
};
use causeway_contracts::transfer_safeguards::TransferSafeguards;

use super::chain::{ADMIN, Chain, Failure, Receipt};

pub const OUTGOING: u8 = 0;
pub const INCOMING: u8 = 1;

/// What a held transfer's status is called on chain.
pub const HELD: u8 = 1;
pub const VETOED: u8 = 2;
pub const RELEASED: u8 = 3;
pub const RETURNED: u8 = 4;

impl Chain {
    pub fn limit(&mut self, token: Address, direction: u8, capacity: u128, period: u32) {
        let call = TransferSafeguards::setLimitCall {
            clientId: self.client_id.clone(),
            token,
            direction,
            capacity,
            period,
        };
        self.must(ADMIN, self.transfer, &call);
    }

    pub fn hold(&mut self, token: Address, from: u128, seconds: u32) {
        let call = TransferSafeguards::setHoldCall {
            clientId: self.client_id.clone(),
            token,
            holdFrom: from,
            holdSeconds: seconds,
        };
        self.must(ADMIN, self.transfer, &call);
    }

    pub fn require_limits(&mut self, required: bool) {
        let call = TransferSafeguards::requireLimitsCall {
            clientId: self.client_id.clone(),
            required,
        };
        self.must(ADMIN, self.transfer, &call);
    }

    pub fn safeguards(&self, token: Address) -> TokenSafeguards {
        let call = TransferSafeguards::safeguardsOfCall {
            clientId: self.client_id.clone(),
            token,
        };
        self.view(self.transfer, &call)
    }

    pub fn total_held(&self, token: Address) -> U256 {
        let call = TransferSafeguards::totalHeldCall {
            clientId: self.client_id.clone(),
            token,
        };
        self.view(self.transfer, &call)
    }

    /// All transfers that were ever held.
    pub fn held(&self) -> Vec<HeldTransfer> {
        let call = TransferSafeguards::heldTransfersCall {
            firstId: U256::ONE,
            count: U256::MAX,
        };
        self.view(self.transfer, &call)
    }

    pub fn release(&mut self, by: Address, id: u64) -> Result<Receipt, Failure> {
        let id = U256::from(id);
        self.send(
            by,
            self.transfer,
            &TransferSafeguards::releaseHeldCall { id },
        )
    }

    pub fn veto(&mut self, by: Address, id: u64) -> Result<Receipt, Failure> {
        let id = U256::from(id);
        self.send(by, self.transfer, &TransferSafeguards::vetoHeldCall { id })
    }

    pub fn release_vetoed(&mut self, by: Address, id: u64) -> Result<Receipt, Failure> {
        let id = U256::from(id);
        self.send(
            by,
            self.transfer,
            &TransferSafeguards::releaseVetoedCall { id },
        )
    }

    /// Sends a vetoed transfer back, with an hour to get there.
    pub fn return_vetoed(&mut self, by: Address, id: u64) -> Result<Receipt, Failure> {
        let call = TransferSafeguards::returnVetoedCall {
            id: U256::from(id),
            timeoutTimestamp: self.timestamp + super::network::TIMEOUT,
        };
        self.send(by, self.transfer, &call)
    }

    pub fn pause_client(&mut self, app: Address) {
        let clientId = self.client_id.clone();
        self.must(
            ADMIN,
            app,
            &TransferSafeguards::pauseClientCall { clientId },
        );
    }

    pub fn unpause_client(&mut self, app: Address) {
        let clientId = self.client_id.clone();
        self.must(
            ADMIN,
            app,
            &TransferSafeguards::unpauseClientCall { clientId },
        );
    }
}
