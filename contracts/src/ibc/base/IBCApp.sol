// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {AccessManagedUpgradeable} from
    "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IIBCApp} from "../interfaces/IIBCApp.sol";
import {IICS26Router} from "../interfaces/IICS26Router.sol";
import {IPausable} from "../interfaces/IPausable.sol";
import {Multicall} from "./Multicall.sol";

/// @title IBCApp
/// @notice What the applications share: their router, their pause switch and their upgrades.
abstract contract IBCApp is
    IIBCApp,
    IPausable,
    AccessManagedUpgradeable,
    Multicall,
    ReentrancyGuardTransient,
    UUPSUpgradeable
{
    /// @dev One slot, for every packet reads both.
    /// @custom:storage-location erc7201:causeway.storage.IBCApp
    struct IBCAppStorage {
        IICS26Router router;
        bool paused;
    }

    /// @dev See ERC-7201.
    bytes32 private constant STORAGE =
        keccak256(abi.encode(uint256(keccak256("causeway.storage.IBCApp")) - 1)) & ~bytes32(uint256(0xff));

    /// @dev Sending and receiving stop while the application is paused. Acknowledgements and timeouts never do:
    /// they are how a sender's tokens come back.
    modifier whenNotPaused() {
        require(!_appStorage().paused, EnforcedPause());
        _;
    }

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

    function _router() internal view returns (IICS26Router) {
        return _appStorage().router;
    }

    /// @dev The admin role's alone.
    function _authorizeUpgrade(address) internal override restricted {}

    function _appStorage() private pure returns (IBCAppStorage storage $) {
        bytes32 slot = STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
