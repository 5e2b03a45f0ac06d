// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IIBCApp} from "../interfaces/IIBCApp.sol";
import {IICS26Router} from "../interfaces/IICS26Router.sol";
import {IPausable} from "../interfaces/IPausable.sol";
import {AppState} from "./AppState.sol";
import {Multicall} from "./Multicall.sol";

/// @title IBCApp
/// @notice What the applications share: their pause switch, their upgrades and calls in batches.
abstract contract IBCApp is IIBCApp, IPausable, AppState, Multicall, UUPSUpgradeable {
    /// @inheritdoc IPausable
    function pause() external restricted {
        require(!_appStorage().paused, EnforcedPause());
        _appStorage().paused = true;
        emit Paused(msg.sender);
    }

    /// @inheritdoc IPausable
    function unpause() external restricted {
        require(_appStorage().paused, ExpectedPause());
        _appStorage().paused = false;
        emit Unpaused(msg.sender);
    }

    /// @inheritdoc IPausable
    function paused() external view returns (bool) {
        return _appStorage().paused;
    }

    /// @notice The router, which alone may call this application's packet callbacks.
    /// @return Its address.
    function ics26() external view returns (address) {
        return address(_router());
    }

    function __IBCApp_init(address router, address authority_) internal onlyInitializing {
        __AccessManaged_init(authority_);
        _appStorage().router = IICS26Router(router);
    }

    /// @dev The admin role's alone.
    function _authorizeUpgrade(address) internal override restricted {}
}
