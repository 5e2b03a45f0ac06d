// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IClientPausable} from "../interfaces/IClientPausable.sol";
import {AppState} from "./AppState.sol";

/// @title ClientPause
/// @notice The switches that stop an application over one client alone.
abstract contract ClientPause is IClientPausable, AppState {
    /// @inheritdoc IClientPausable
    function pauseClient(string calldata clientId) external restricted {
        require(!clientPaused(clientId), ClientPaused(clientId));
        _setClientRule(clientId, CLIENT_PAUSED, true);
        emit PausedClient(clientId, msg.sender);
    }

    /// @inheritdoc IClientPausable
    function unpauseClient(string calldata clientId) external restricted {
        require(clientPaused(clientId), ClientNotPaused(clientId));
        _setClientRule(clientId, CLIENT_PAUSED, false);
        emit UnpausedClient(clientId, msg.sender);
    }

    /// @inheritdoc IClientPausable
    function clientPaused(string calldata clientId) public view returns (bool) {
        return _clientRules(clientId) & CLIENT_PAUSED != 0;
    }
}
