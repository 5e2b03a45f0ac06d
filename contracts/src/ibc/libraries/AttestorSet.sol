// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IAttestationLightClientErrors} from "../errors/IAttestationLightClientErrors.sol";

/// @title AttestorSet
/// @notice A list of addresses kept as the code of a contract without any: reading the whole list costs about as much
/// as reading one slot of storage.
library AttestorSet {
    /// @dev Deploys whatever follows these eleven bytes: PUSH1 11, CODESIZE, SUB, DUP1, PUSH1 11, PUSH0, CODECOPY,
    /// PUSH0, RETURN.
    bytes11 private constant DEPLOY_REST = 0x600b380380600b5f395ff3;

    /// @notice Stores a list.
    /// @param attestors The addresses, all different and none zero.
    /// @return pointer Where the list is.
    function store(address[] memory attestors) internal returns (address pointer) {
        bytes memory list;
        for (uint256 i = 0; i < attestors.length; ++i) {
            require(attestors[i] != address(0), IAttestationLightClientErrors.ZeroAttestor());
            for (uint256 j = 0; j < i; ++j) {
                require(attestors[j] != attestors[i], IAttestationLightClientErrors.DuplicateSigner(attestors[i]));
            }
            list = bytes.concat(list, bytes20(attestors[i]));
        }
        // STOP comes first, so that the list can never run as code.
        bytes memory code = bytes.concat(DEPLOY_REST, bytes1(0), list);
        assembly ("memory-safe") {
            pointer := create(0, add(code, 0x20), mload(code))
        }
        require(pointer != address(0), IAttestationLightClientErrors.NoAttestors());
    }

    /// @notice Loads a list into memory, twenty bytes per address.
    /// @param pointer Where the list is.
    /// @return list The list.
    function load(address pointer) internal view returns (bytes memory list) {
        assembly ("memory-safe") {
            let size := sub(extcodesize(pointer), 1)
            list := mload(0x40)
            mstore(list, size)
            extcodecopy(pointer, add(list, 0x20), 1, size)
            mstore(0x40, and(add(add(list, size), 0x3f), not(0x1f)))
        }
    }

    /// @notice The number of addresses in a list.
    /// @param pointer Where the list is.
    /// @return The number.
    function count(address pointer) internal view returns (uint256) {
        return (pointer.code.length - 1) / 20;
    }

    /// @notice Whether no minority and no single attestor can speak for a set.
    /// @param minRequiredSigs How many must sign.
    /// @param members The size of the set.
    /// @return Whether it is so.
    function isStrong(uint8 minRequiredSigs, uint256 members) internal pure returns (bool) {
        return minRequiredSigs > 1 && uint256(minRequiredSigs) * 2 > members;
    }

    /// @notice Finds an address.
    /// @param list The list, as `load` returned it.
    /// @param account The address.
    /// @return place Its place, counted from 1; zero if it is not in the list.
    function find(bytes memory list, address account) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            let size := mload(list)
            for { let offset := 0 } lt(offset, size) { offset := add(offset, 20) } {
                if eq(shr(96, mload(add(add(list, 0x20), offset))), account) {
                    place := add(div(offset, 20), 1)
                    break
                }
            }
        }
    }

    /// @notice Lists the addresses.
    /// @param pointer Where the list is.
    /// @return attestors The addresses.
    function toArray(address pointer) internal view returns (address[] memory attestors) {
        bytes memory list = load(pointer);
        attestors = new address[](list.length / 20);
        for (uint256 i = 0; i < attestors.length; ++i) {
            address attestor;
            assembly ("memory-safe") {
                attestor := shr(96, mload(add(add(list, 0x20), mul(i, 20))))
            }
            attestors[i] = attestor;
        }
    }
}
