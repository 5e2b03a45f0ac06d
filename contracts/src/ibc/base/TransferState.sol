// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.36;

import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";
import {IICS20Errors} from "../errors/IICS20Errors.sol";
import {IEscrow} from "../interfaces/IEscrow.sol";
import {IMintableAndBurnable} from "../interfaces/IMintableAndBurnable.sol";
import {ISignatureTransfer} from "../interfaces/ISignatureTransfer.sol";
import {TokenBucket} from "../libraries/TokenBucket.sol";
import {TokenMetadata} from "../libraries/TokenMetadata.sol";
import {ITransferSafeguardsMsgs} from "../msgs/ITransferSafeguardsMsgs.sol";
import {AppState} from "./AppState.sol";

/// @title TransferState
/// @notice What the transfer application keeps. Its two halves, `ICS20Transfer` and `TransferSafeguards`, are the code
/// of one contract and share it.
abstract contract TransferState is AppState {
    /// @notice What stands for a denomination; one slot, which is read when a voucher is minted.
    /// @param token The token.
    /// @param custom Whether it was registered by hand, and not created here.
    /// @param rules The rules of the token's lane over the client that it comes from.
    /// @param holdLog2 As in `Lane`.
    struct Voucher {
        address token;
        bool custom;
        uint8 rules;
        uint8 holdLog2;
    }

    /// @notice What a token stands for.
    /// @param denom The full trace; empty for a token at home on this chain.
    /// @param custom As in `Voucher`.
    struct Origin {
        string denom;
        bool custom;
    }

    /// @notice A token's way over a client; one slot, which is read when a token is sent or unlocked.
    /// @param escrow The client's escrow; zero until the token was sent.
    /// @param announced Whether the token's metadata was announced, or has none.
    /// @param rules Which safeguards there are, so that a token without any pays for none.
    /// @param holdLog2 The least amount that is held, as the power of two at or below it: what is less is paid out
    /// without another look.
    struct Lane {
        address escrow;
        bool announced;
        uint8 rules;
        uint8 holdLog2;
    }

    /// @notice The safeguards of a token over a client.
    /// @param outgoing What may be sent.
    /// @param incoming What may be received.
    /// @param holdFrom The least amount that is held when it arrives.
    /// @param holdSeconds For how long.
    /// @param held How much is held.
    struct Safeguards {
        TokenBucket outgoing;
        TokenBucket incoming;
        uint128 holdFrom;
        uint32 holdSeconds;
        uint256 held;
    }

    /// @custom:storage-location erc7201:causeway.storage.ICS20Transfer
    struct ICS20TransferStorage {
        mapping(string clientId => address) escrows;
        mapping(string clientId => mapping(address token => Lane)) lanes;
        mapping(string denom => Voucher) vouchers;
        mapping(address token => Origin) origins;
        UpgradeableBeacon escrowBeacon;
        UpgradeableBeacon ibcERC20Beacon;
        ISignatureTransfer permit2;
        string nativeName;
        string nativeSymbol;
        uint8 nativeDecimals;
        mapping(string clientId => mapping(address token => Safeguards)) safeguards;
        mapping(uint256 id => ITransferSafeguardsMsgs.HeldTransfer) held;
        mapping(string clientId => mapping(uint64 sequence => uint256 id)) returned;
        uint256 heldCount;
    }

    /// @dev See ERC-7201.
    bytes32 private constant STORAGE = bytes32(erc7201("causeway.storage.ICS20Transfer"));

    /// @dev A lane's rules.
    uint8 internal constant LIMITS_OUTGOING = 1;
    uint8 internal constant LIMITS_INCOMING = 2;
    uint8 internal constant HOLDS_INCOMING = 4;

    /// @dev A client's rule: only tokens with limits pass.
    uint256 internal constant LIMITS_REQUIRED = 2;

    /// @dev Mints on arrival. A token registered by hand is minted to the escrow first, as the standard's
    /// implementations do; those of our own making reach the receiver in one step.
    function _mint(address token, bool custom, address escrow, address receiver, uint256 amount) internal {
        if (custom) {
            IMintableAndBurnable(token).mint(escrow, amount);
            IEscrow(escrow).send(token, receiver, amount);
        } else {
            IMintableAndBurnable(token).mint(receiver, amount);
        }
    }

    function _requireShort(string calldata text) internal pure {
        require(
            bytes(text).length <= TokenMetadata.MAX_LENGTH, IICS20Errors.ICS20MetadataTooLong(bytes(text).length)
        );
    }

    function _storage() internal pure returns (ICS20TransferStorage storage $) {
        bytes32 slot = STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
