// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS26RouterErrors} from "../errors/IICS26RouterErrors.sol";
import {ILightClient} from "../interfaces/ILightClient.sol";
import {IICS02ClientMsgs} from "../msgs/IICS02ClientMsgs.sol";

/// @title LightClientCalls
/// @notice Puts a packet's question to a light client: is this value, or nothing, stored under this path?
library LightClientCalls {
    /// @notice Asks about a path under a Merkle prefix of `[""]`. The call is encoded by hand: the proof goes from
    /// calldata to calldata once, without a structure in between.
    /// @param lightClient Whom to ask.
    /// @param proof The proof.
    /// @param proofHeight The proof's height.
    /// @param path The path.
    /// @param value The value, or zero to ask for absence.
    /// @return time The timestamp of the height in Unix seconds.
    function verify(
        ILightClient lightClient,
        bytes calldata proof,
        IICS02ClientMsgs.Height calldata proofHeight,
        bytes memory path,
        bytes32 value
    ) internal returns (uint256 time) {
        bytes4 selector = value == 0 ? ILightClient.verifyNonMembership.selector : ILightClient.verifyMembership.selector;
        bool answered;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, selector)
            mstore(add(buffer, 0x04), 0x20)
            // (proof, height's two words, path[], value) or, without the value, one word less.
            let tuple := add(buffer, 0x24)
            let head := 0xa0
            if iszero(value) { head := 0x80 }
            mstore(tuple, head)
            calldatacopy(add(tuple, 0x20), proofHeight, 0x40)

            let to := add(tuple, head)
            mstore(to, proof.length)
            to := add(to, 0x20)
            mstore(add(to, proof.length), 0)
            calldatacopy(to, proof.offset, proof.length)
            to := add(to, and(add(proof.length, 0x1f), not(0x1f)))

            mstore(add(tuple, 0x60), sub(to, tuple))
            mstore(to, 1)
            mstore(add(to, 0x20), 0x20)
            let length := mload(path)
            mstore(add(add(to, 0x60), length), 0)
            mcopy(add(to, 0x40), path, add(length, 0x20))
            to := add(to, add(0x60, and(add(length, 0x1f), not(0x1f))))

            if value {
                mstore(add(tuple, 0x80), sub(to, tuple))
                mstore(to, 0x20)
                mstore(add(to, 0x20), value)
                to := add(to, 0x40)
            }
            if iszero(call(gas(), lightClient, 0, buffer, sub(to, buffer), 0x00, 0x20)) {
                returndatacopy(buffer, 0, returndatasize())
                revert(buffer, returndatasize())
            }
            answered := gt(returndatasize(), 0x1f)
            time := mload(0x00)
        }
        // A call to an address that lost its code succeeds; silence must never count as a proof.
        require(answered, IICS26RouterErrors.IBCLightClientSilent(address(lightClient)));
    }
}
