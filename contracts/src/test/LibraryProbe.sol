// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS26Router} from "../ibc/interfaces/IICS26Router.sol";
import {HexAddress} from "../ibc/libraries/HexAddress.sol";
import {IBCIdentifiers} from "../ibc/libraries/IBCIdentifiers.sol";
import {ICS24Host} from "../ibc/libraries/ICS24Host.sol";
import {ICS20Codec} from "../ibc/libraries/ICS20Codec.sol";
import {PacketEncoding} from "../ibc/libraries/PacketEncoding.sol";
import {RouterCalls} from "../ibc/libraries/RouterCalls.sol";
import {IICS20TransferMsgs} from "../ibc/msgs/IICS20TransferMsgs.sol";
import {IICS26RouterMsgs} from "../ibc/msgs/IICS26RouterMsgs.sol";

/// @title LibraryProbe
/// @notice Lets tests call internal libraries.
contract LibraryProbe {
    /// @notice Reverts with what it was called with.
    fallback() external {
        assembly {
            calldatacopy(0, 0, calldatasize())
            revert(0, calldatasize())
        }
    }

    /// @notice See `RouterCalls`. Reverts with the call.
    /// @param sourceClient The client to send over.
    /// @param timeoutTimestamp The timeout.
    /// @param value The payload's value.
    function sendPacket(string calldata sourceClient, uint64 timeoutTimestamp, bytes calldata value) external {
        RouterCalls.sendPacket(
            IICS26Router(address(this)),
            sourceClient,
            timeoutTimestamp,
            ICS20Codec.PORT,
            ICS20Codec.METADATA_VERSION,
            ICS20Codec.ENCODING,
            value
        );
    }

    /// @notice See `ICS20Codec`.
    /// @param data The transfer.
    /// @return The encoding.
    function encodeTransfer(IICS20TransferMsgs.FungibleTokenPacketData calldata data)
        external
        pure
        returns (bytes memory)
    {
        return ICS20Codec.encodeTransfer(data.denom, data.sender, data.receiver, data.amount, data.memo);
    }

    /// @notice See `PacketEncoding`.
    /// @param packet The packet.
    /// @return The commitment.
    function packetCommitment(IICS26RouterMsgs.Packet calldata packet) external view returns (bytes32) {
        return PacketEncoding.commitment(PacketEncoding.encode(packet));
    }

    /// @notice See `ICS24Host`.
    /// @param acknowledgement The acknowledgement.
    /// @return The commitment.
    function acknowledgementCommitment(bytes calldata acknowledgement) external view returns (bytes32) {
        return ICS24Host.acknowledgementCommitment(ICS24Host.hash(acknowledgement));
    }

    /// @notice See `ICS24Host`.
    /// @param clientId The client.
    /// @param tag The tag.
    /// @param sequence The sequence.
    /// @return path The path.
    /// @return key Its key.
    function path(string calldata clientId, uint8 tag, uint64 sequence)
        external
        pure
        returns (bytes memory, bytes32 key)
    {
        return (ICS24Host.path(clientId, tag, sequence), ICS24Host.pathKey(clientId, tag, sequence));
    }

    /// @notice See `PacketEncoding`.
    /// @param packet The packet.
    /// @return The encoding.
    function encode(IICS26RouterMsgs.Packet calldata packet) external pure returns (bytes memory) {
        return PacketEncoding.encode(packet);
    }

    /// @notice See `PacketEncoding`.
    /// @param sequence The packet's sequence.
    /// @param message What it is made of.
    /// @param destClient Its destination client.
    /// @return The encoding.
    function encodeSent(uint64 sequence, IICS26RouterMsgs.MsgSendPacket calldata message, string calldata destClient)
        external
        pure
        returns (bytes memory)
    {
        return PacketEncoding.encode(sequence, message, destClient);
    }

    /// @notice See `HexAddress`.
    /// @param account The address.
    /// @return The text.
    function format(address account) external pure returns (string memory) {
        return HexAddress.format(account);
    }

    /// @notice See `HexAddress`.
    /// @param text The text.
    /// @return Whether it is an address.
    /// @return The address.
    function parse(bytes calldata text) external pure returns (bool, address) {
        return HexAddress.parse(text);
    }

    /// @notice See `IBCIdentifiers`.
    /// @param identifier The identifier.
    /// @return Whether it may be chosen.
    function isCustom(bytes calldata identifier) external pure returns (bool) {
        return IBCIdentifiers.isCustom(identifier);
    }
}
