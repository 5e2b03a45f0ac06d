// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS20TransferMsgs} from "../msgs/IICS20TransferMsgs.sol";
import {ISignatureTransfer} from "./ISignatureTransfer.sol";

/// @title IICS20Transfer
/// @notice Sends tokens and the native coin to other chains and brings them back.
interface IICS20Transfer {
    /// @notice Initializes the proxy.
    /// @param ics26Router The router.
    /// @param escrowLogic The implementation of `Escrow`.
    /// @param ibcERC20Logic The implementation of `IBCERC20`.
    /// @param permit2 The Permit2 contract, or zero where there is none.
    /// @param authority The access manager.
    function initialize(
        address ics26Router,
        address escrowLogic,
        address ibcERC20Logic,
        address permit2,
        address authority
    ) external;

    /// @notice Sends tokens, or the native coin if the denomination is the ERC-7528 address and `msg.value` is the
    /// amount. Tokens at home on this chain need an allowance; vouchers on their way home do not. The first transfer
    /// of a token over a client is preceded by a packet that announces the token's metadata.
    /// @param msg_ The transfer.
    /// @return sequence The transfer's sequence.
    function sendTransfer(IICS20TransferMsgs.SendTransferMsg calldata msg_) external payable returns (uint64 sequence);

    /// @notice Sends tokens under a Permit2 signature of the caller.
    /// @param msg_ The transfer.
    /// @param permit The permit.
    /// @param signature The signature.
    /// @return sequence The transfer's sequence.
    function sendTransferWithPermit2(
        IICS20TransferMsgs.SendTransferMsg calldata msg_,
        ISignatureTransfer.PermitTransferFrom calldata permit,
        bytes calldata signature
    ) external returns (uint64 sequence);

    /// @notice Sends the caller's tokens in another account's name, which gets the refund if there is one. Restricted.
    /// @param msg_ The transfer.
    /// @param sender The account.
    /// @return sequence The transfer's sequence.
    function sendTransferWithSender(IICS20TransferMsgs.SendTransferMsg calldata msg_, address sender)
        external
        returns (uint64 sequence);

    /// @notice Lets an existing token stand for a denomination that has no voucher yet. Restricted.
    /// @param denom The token's full trace.
    /// @param token The token; it must let this contract mint to and burn from the client's escrow.
    function setCustomERC20(string calldata denom, address token) external;

    /// @notice Upgrades all escrows. Restricted.
    /// @param newEscrowLogic The new implementation.
    function upgradeEscrowTo(address newEscrowLogic) external;

    /// @notice Upgrades all vouchers. Restricted.
    /// @param newIbcERC20Logic The new implementation.
    function upgradeIBCERC20To(address newIbcERC20Logic) external;

    /// @notice The escrow of a client.
    /// @param clientId The client.
    /// @return The escrow; zero if nothing was sent or received yet.
    function getEscrow(string calldata clientId) external view returns (address);

    /// @notice The token that stands for a denomination.
    /// @param denom The token's full trace.
    /// @return The token.
    function ibcERC20Contract(string calldata denom) external view returns (address);

    /// @notice The denomination that a token stands for.
    /// @param token The token.
    /// @return The full trace; empty if the token is at home on this chain.
    function ibcERC20Denom(address token) external view returns (string memory);

    /// @notice The escrows' beacon.
    /// @return Its address.
    function getEscrowBeacon() external view returns (address);

    /// @notice The vouchers' beacon.
    /// @return Its address.
    function getIBCERC20Beacon() external view returns (address);

    /// @notice The Permit2 contract.
    /// @return Its address.
    function getPermit2() external view returns (address);

    /// @notice A voucher was created.
    /// @param contractAddress Its address.
    /// @param fullDenomPath The trace of the token that it stands for.
    event IBCERC20ContractCreated(address indexed contractAddress, string fullDenomPath);
}
