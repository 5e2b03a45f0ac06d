// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IICS20Errors
/// @notice Errors of the transfer application.
interface IICS20Errors {
    /// @notice The caller may not do this.
    /// @param caller The caller.
    error ICS20Unauthorized(address caller);

    /// @notice The amount is zero, or does not agree with the native coin sent along.
    /// @param amount The amount.
    error ICS20InvalidAmount(uint256 amount);

    /// @notice The text is not an address.
    /// @param addr The text.
    error ICS20InvalidAddress(string addr);

    /// @notice The payload's version is not one this application speaks.
    /// @param expected The version expected.
    /// @param version The version found.
    error ICS20UnexpectedVersion(string expected, string version);

    /// @notice The payload's encoding is not the ABI's.
    /// @param expected The encoding expected.
    /// @param actual The encoding found.
    error ICS20UnexpectedEncoding(string expected, string actual);

    /// @notice The payload's port is not the transfer port.
    /// @param expected The port expected.
    /// @param actual The port found.
    error ICS20InvalidPort(string expected, string actual);

    /// @notice The payload's value is not the ABI encoding of its type.
    error ICS20MalformedPacketData();

    /// @notice The token moved another amount than it was told to.
    /// @param expected The escrow's balance expected.
    /// @param actual The balance found.
    error ICS20UnexpectedERC20Balance(uint256 expected, uint256 actual);

    /// @notice The token's address holds no code.
    /// @param token The address.
    error ICS20TokenHasNoCode(address token);

    /// @notice No token stands for this denomination.
    /// @param denom The denomination.
    error ICS20DenomNotFound(string denom);

    /// @notice A denomination that does not begin with a hop can only be a token at home.
    /// @param denom The denomination.
    error ICS20InvalidDenom(string denom);

    /// @notice The permit is for another token.
    /// @param permitToken The permit's token.
    /// @param sentToken The transfer's token.
    error ICS20Permit2TokenMismatch(address permitToken, address sentToken);

    /// @notice Nothing was ever sent or received over this client.
    /// @param clientId The client.
    error ICS20EscrowNotFound(string clientId);

    /// @notice A token stands for this denomination already.
    /// @param denom The denomination.
    error ICS20DenomAlreadyExists(string denom);

    /// @notice The token stands for another denomination already.
    /// @param denom That denomination.
    error ICS20TokenAlreadyExists(string denom);

    /// @notice A token at home on this chain needs no metadata from elsewhere.
    /// @param denom The denomination.
    error ICS20MetadataNotAccepted(string denom);

    /// @notice A name or symbol is longer than vouchers show.
    /// @param length The length found, in bytes.
    error ICS20MetadataTooLong(uint256 length);

    /// @notice The amount is more than may be sent of this token over this client now.
    /// @param token The token.
    /// @param amount The amount.
    /// @param available How much may be sent now.
    /// @param availableAt When as much as the amount may be sent, in Unix seconds, if nothing else is sent until then;
    /// 2^64 - 1 if never, because the amount is more than the limit's capacity.
    error ICS20LimitExceeded(address token, uint256 amount, uint256 available, uint256 availableAt);

    /// @notice Only tokens with a limit pass over this client, and this one has none.
    /// @param clientId The client.
    /// @param token The token.
    error ICS20LimitRequired(string clientId, address token);

    /// @notice The address holds no code of safeguards.
    /// @param safeguards The address.
    error ICS20NoSafeguards(address safeguards);
}
