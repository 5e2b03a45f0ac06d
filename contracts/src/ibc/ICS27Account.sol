// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.36;

import {Initializable} from "@openzeppelin/contracts-upgradeable/proxy/utils/Initializable.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IICS27Errors} from "./errors/IICS27Errors.sol";
import {IICS27Account} from "./interfaces/IICS27Account.sol";
import {IICS27GMP} from "./interfaces/IICS27GMP.sol";
import {IICS27AccountMsgs} from "./msgs/IICS27AccountMsgs.sol";

/// @title ICS27Account
/// @notice The account through which one sender on another chain acts on this one. What others must authorize is
/// authorized to this address, never to the application that all senders share.
contract ICS27Account is IICS27Account, IICS27Errors, Initializable {
    /// @custom:storage-location erc7201:causeway.storage.ICS27Account
    struct ICS27AccountStorage {
        address ics27;
    }

    /// @dev See ERC-7201.
    bytes32 private constant STORAGE = bytes32(erc7201("causeway.storage.ICS27Account"));

    /// @dev The sender reaches these functions by calling its own account.
    modifier onlySelf() {
        require(msg.sender == address(this), ICS27Unauthorized(address(this), msg.sender));
        _;
    }

    /// @notice The implementation itself is never initialized.
    constructor() {
        _disableInitializers();
    }

    /// @notice Accounts hold native coin.
    receive() external payable {}

    /// @inheritdoc IICS27Account
    function initialize(address ics27_) external initializer {
        _storage().ics27 = ics27_;
    }

    /// @inheritdoc IICS27Account
    function ics27() external view returns (address) {
        return _storage().ics27;
    }

    /// @inheritdoc IICS27Account
    function functionCall(address target, bytes calldata data) external returns (bytes memory) {
        address expected = _storage().ics27;
        require(msg.sender == expected, ICS27Unauthorized(expected, msg.sender));
        return Address.functionCall(target, data);
    }

    /// @inheritdoc IICS27Account
    function sendValue(address payable recipient, uint256 amount) external onlySelf {
        Address.sendValue(recipient, amount);
    }

    /// @inheritdoc IICS27Account
    function execute(address target, bytes calldata data, uint256 value) external onlySelf returns (bytes memory) {
        _requireAllowed(target);
        return Address.functionCallWithValue(target, data, value);
    }

    /// @inheritdoc IICS27Account
    function executeBatch(IICS27AccountMsgs.Call[] calldata calls)
        external
        onlySelf
        returns (bytes[] memory results)
    {
        results = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            _requireAllowed(calls[i].target);
            results[i] = Address.functionCallWithValue(calls[i].target, calls[i].data, calls[i].value);
        }
    }

    /// @inheritdoc IICS27Account
    function delegateExecute(address target, bytes calldata data) external onlySelf returns (bytes memory) {
        _requireAllowed(target);
        return Address.functionDelegateCall(target, data);
    }

    /// @dev The application checked the first contract that is called; these are the ways on from the account itself.
    function _requireAllowed(address target) private view {
        bool allowed = IICS27GMP(_storage().ics27).accountMayCall(address(this), target);
        require(allowed, ICS27TargetForbidden(target));
    }

    function _storage() private pure returns (ICS27AccountStorage storage $) {
        bytes32 slot = STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
