// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.36;

import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {IIBCERC20Errors} from "./errors/IIBCERC20Errors.sol";
import {IIBCERC20} from "./interfaces/IIBCERC20.sol";
import {IMintableAndBurnable} from "./interfaces/IMintableAndBurnable.sol";

/// @title IBCERC20
/// @notice The voucher: a token that stands for another chain's token, minted on arrival and burned on departure.
contract IBCERC20 is IIBCERC20, IIBCERC20Errors, ERC20Upgradeable {
    /// @custom:storage-location erc7201:causeway.storage.IBCERC20
    struct IBCERC20Storage {
        address ics20;
        bool metadataSet;
        uint8 decimals;
        address escrow;
        string fullDenomPath;
        string name;
        string symbol;
    }

    /// @dev See ERC-7201.
    bytes32 private constant STORAGE = bytes32(erc7201("causeway.storage.IBCERC20"));

    /// @dev Only the transfer application may call.
    modifier onlyICS20() {
        require(msg.sender == _storage().ics20, IBCERC20Unauthorized(msg.sender));
        _;
    }

    /// @notice The implementation itself is never initialized.
    constructor() {
        _disableInitializers();
    }

    /// @inheritdoc IIBCERC20
    function initialize(address ics20_, address escrow_, string calldata fullDenomPath_) external initializer {
        IBCERC20Storage storage $ = _storage();
        $.ics20 = ics20_;
        $.escrow = escrow_;
        $.fullDenomPath = fullDenomPath_;
    }

    /// @inheritdoc IMintableAndBurnable
    function mint(address mintAddress, uint256 amount) external onlyICS20 {
        _mint(mintAddress, amount);
    }

    /// @inheritdoc IMintableAndBurnable
    function burn(address burnAddress, uint256 amount) external onlyICS20 {
        _burn(burnAddress, amount);
    }

    /// @inheritdoc IIBCERC20
    function setMetadata(string calldata name_, string calldata symbol_, uint8 decimals_) external onlyICS20 {
        IBCERC20Storage storage $ = _storage();
        require(!$.metadataSet, IBCERC20MetadataAlreadySet());
        $.metadataSet = true;
        $.decimals = decimals_;
        $.name = name_;
        $.symbol = symbol_;
    }

    /// @inheritdoc IIBCERC20
    function metadataSet() external view returns (bool) {
        return _storage().metadataSet;
    }

    /// @inheritdoc IIBCERC20
    function fullDenomPath() external view returns (string memory) {
        return _storage().fullDenomPath;
    }

    /// @inheritdoc IIBCERC20
    function escrow() external view returns (address) {
        return _storage().escrow;
    }

    /// @inheritdoc IIBCERC20
    function ics20() external view returns (address) {
        return _storage().ics20;
    }

    /// @notice The origin token's name, or the full trace while it is unknown.
    /// @return The name.
    function name() public view override returns (string memory) {
        IBCERC20Storage storage $ = _storage();
        return bytes($.name).length != 0 ? $.name : $.fullDenomPath;
    }

    /// @notice The origin token's symbol, or the full trace while it is unknown.
    /// @return The symbol.
    function symbol() public view override returns (string memory) {
        IBCERC20Storage storage $ = _storage();
        return bytes($.symbol).length != 0 ? $.symbol : $.fullDenomPath;
    }

    /// @notice The origin token's decimals, or 18 while they are unknown.
    /// @return The number of decimals.
    function decimals() public view override returns (uint8) {
        IBCERC20Storage storage $ = _storage();
        return $.metadataSet ? $.decimals : 18;
    }

    function _storage() private pure returns (IBCERC20Storage storage $) {
        bytes32 slot = STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
