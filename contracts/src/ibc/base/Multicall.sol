// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title Multicall
/// @notice Several calls of one contract in one transaction; if one fails, all do. Not payable, so that no call can
/// spend another's coins.
abstract contract Multicall {
    /// @dev Calls go to the implementation directly: through the proxy, each would pay for the way twice.
    address private immutable IMPLEMENTATION = address(this);

    /// @notice Makes the calls in order.
    /// @param data One calldata per call.
    /// @return results What the calls returned.
    function multicall(bytes[] calldata data) external returns (bytes[] memory results) {
        results = new bytes[](data.length);
        for (uint256 i = 0; i < data.length; ++i) {
            results[i] = _delegate(data[i]);
        }
    }

    /// @dev The calldata is written above the free memory pointer and left there: unlike with `abi.encode`, memory
    /// does not grow with the number of calls.
    function _delegate(bytes calldata data) private returns (bytes memory result) {
        address implementation = IMPLEMENTATION;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, data.offset, data.length)
            let success := delegatecall(gas(), implementation, buffer, data.length, 0, 0)
            let size := returndatasize()
            if iszero(success) {
                returndatacopy(buffer, 0, size)
                revert(buffer, size)
            }
            result := 0x60
            if size {
                result := buffer
                mstore(result, size)
                returndatacopy(add(result, 0x20), 0, size)
                mstore(0x40, and(add(add(result, size), 0x3f), not(0x1f)))
            }
        }
    }
}
