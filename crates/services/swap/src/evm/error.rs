//! What goes wrong in the driver, in the words of this crate.

use causeway_evm::{AgreementError, EvmError, LaneError, Severity};
use causeway_types::ChainId;

use crate::ChainError;

pub(super) fn of_chain(chain: &ChainId, error: &EvmError) -> ChainError {
    match error {
        EvmError::FinalityViolated { height, .. } => {
            ChainError::finality_violated(chain, error, *height)
        }
        error => by(error.severity(), chain, error),
    }
}

pub(super) fn of_agreement(chain: &ChainId, error: &AgreementError) -> ChainError {
    by(error.severity(), chain, error)
}

pub(super) fn of_lane(chain: &ChainId, error: &LaneError) -> ChainError {
    by(error.severity(), chain, error)
}

fn by(severity: Severity, chain: &ChainId, error: &dyn std::error::Error) -> ChainError {
    match severity {
        Severity::Retry => ChainError::passing(chain, error),
        Severity::Stop => ChainError::lasting(chain, error),
    }
}
