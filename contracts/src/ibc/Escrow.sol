// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.36;

import {Initializable} from "@openzeppelin/contracts-upgradeable/proxy/utils/Initializable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IEscrowErrors} from "./errors/IEscrowErrors.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {NativeCoin} from "./libraries/NativeCoin.sol";

/// @title Escrow
/// @notice Holds what was sent over one client, so that a client which deceives can draw on nothing but its own.
contract Escrow is IEscrow, IEscrowErrors, Initializable {
    using SafeERC20 for IERC20;

    /// @custom:storage-location erc7201:causeway.storage.Escrow
    struct EscrowStorage {
        address ics20;
    }

    /// @dev See ERC-7201.
    bytes32 private constant STORAGE = bytes32(erc7201("causeway.storage.Escrow"));

    /// @dev Only the transfer application may call.
    modifier onlyICS20() {
        require(msg.sender == _storage().ics20, EscrowUnauthorized(msg.sender));
        _;
    }

    /// @notice The implementation itself is never initialized.
    constructor() {
        _disableInitializers();
    }

    /// @notice Takes native coin in; from the transfer application only, so that none is lost here by mistake.
    receive() external payable onlyICS20 {}

    /// @inheritdoc IEscrow
    function initialize(address ics20_) external initializer {
        _storage().ics20 = ics20_;
    }

    /// @inheritdoc IEscrow
    function send(address token, address to, uint256 amount) external onlyICS20 {
        if (token == NativeCoin.TOKEN) {
            bool paid;
            // What the receiver returns is not copied: it could be of any size.
            assembly ("memory-safe") {
                paid := call(gas(), to, amount, 0, 0, 0, 0)
            }
            require(paid, EscrowNativeCoinRefused(to));
        } else {
            IERC20(token).safeTransfer(to, amount);
        }
    }

    /// @inheritdoc IEscrow
    function ics20() external view returns (address) {
        return _storage().ics20;
    }

    function _storage() private pure returns (EscrowStorage storage $) {
        bytes32 slot = STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
