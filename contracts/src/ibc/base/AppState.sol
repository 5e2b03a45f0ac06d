// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.36;

import {AccessManagedUpgradeable} from
    "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IClientPausable} from "../interfaces/IClientPausable.sol";
import {IICS26Router} from "../interfaces/IICS26Router.sol";
import {IPausable} from "../interfaces/IPausable.sol";

/// @title AppState
/// @notice What an application knows of its router, and whether it, or one of its clients, is stopped.
abstract contract AppState is AccessManagedUpgradeable, ReentrancyGuardTransient {
    /// @dev The first slot is read with every packet, and the only one unless some client has rules of its own.
    /// @custom:storage-location erc7201:causeway.storage.IBCApp
    struct IBCAppStorage {
        IICS26Router router;
        bool paused;
        uint64 clientsWithRules;
        mapping(string clientId => uint256) clientRules;
    }

    /// @dev See ERC-7201.
    bytes32 private constant STORAGE = bytes32(erc7201("causeway.storage.IBCApp"));

    /// @dev A client's rule: nothing is sent, received or released over it.
    uint256 internal constant CLIENT_PAUSED = 1;

    /// @dev Nothing is sent while the application, or the client, is stopped.
    function _requireOpen(string calldata clientId) internal view returns (uint256 rules) {
        require(!_appStorage().paused, IPausable.EnforcedPause());
        rules = _clientRules(clientId);
        require(rules & CLIENT_PAUSED == 0, IClientPausable.ClientPaused(clientId));
    }

    /// @dev What arrives while the application, or the client, is stopped is sent back without a reason, which the
    /// router does not take for an answer: the packet waits until it can be delivered, or times out. With a reason it
    /// would be refused for good, and a pause meant for one packet would refuse all that are under way.
    function _waitUntilOpen(string calldata clientId) internal view returns (uint256 rules) {
        if (_appStorage().paused) revert();
        rules = _clientRules(clientId);
        if (rules & CLIENT_PAUSED != 0) revert();
    }

    function _clientRules(string calldata clientId) internal view returns (uint256) {
        IBCAppStorage storage $ = _appStorage();
        return $.clientsWithRules == 0 ? 0 : $.clientRules[clientId];
    }

    function _setClientRule(string calldata clientId, uint256 rule, bool on) internal {
        IBCAppStorage storage $ = _appStorage();
        uint256 before = $.clientRules[clientId];
        uint256 rules = on ? before | rule : before & ~rule;
        $.clientRules[clientId] = rules;
        if (before == 0 && rules != 0) ++$.clientsWithRules;
        if (before != 0 && rules == 0) --$.clientsWithRules;
    }

    function _router() internal view returns (IICS26Router) {
        return _appStorage().router;
    }

    function _appStorage() internal pure returns (IBCAppStorage storage $) {
        bytes32 slot = STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
