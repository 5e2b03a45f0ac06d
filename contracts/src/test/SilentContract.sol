// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title SilentContract
/// @notice Succeeds at everything, for tests, and answers nothing: what a call to lost code looks like.
contract SilentContract {
    /// @notice Whether it is silent; gives the contract an ABI.
    bool public constant SILENT = true;

    /// @notice Takes any call.
    fallback() external {}
}
