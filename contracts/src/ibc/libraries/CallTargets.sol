// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @title CallTargets
/// @notice Which contracts a message from another chain must never reach.
library CallTargets {
    /// @dev What the question may cost; a contract that is asked may do anything.
    uint256 private constant GAS_LIMIT = 30_000;

    /// @notice Whether a contract is the access manager, or is administered by it: the router, the applications, and
    /// whatever else is put under it.
    /// @param target The contract.
    /// @param manager The access manager.
    /// @return managed True if it is.
    function isManagedBy(address target, address manager) internal view returns (bool managed) {
        if (target == manager) return true;
        bytes4 selector = IAccessManaged.authority.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            if staticcall(GAS_LIMIT, target, 0x00, 4, 0x00, 0x20) {
                managed := and(gt(returndatasize(), 0x1f), eq(mload(0x00), manager))
            }
        }
    }
}
