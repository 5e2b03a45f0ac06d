// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IMintableAndBurnable} from "./IMintableAndBurnable.sol";

/// @title IIBCERC20
/// @notice A voucher: a token that stands for another chain's token.
interface IIBCERC20 is IMintableAndBurnable {
    /// @notice Initializes the proxy.
    /// @param ics20_ The transfer application, which mints and burns.
    /// @param escrow_ The escrow of the client that the token came over.
    /// @param fullDenomPath_ The token's full trace.
    function initialize(address ics20_, address escrow_, string calldata fullDenomPath_) external;

    /// @notice Gives the voucher the name, symbol and decimals of the token that it stands for, once.
    /// @param name_ The name.
    /// @param symbol_ The symbol.
    /// @param decimals_ The number of decimals.
    function setMetadata(string calldata name_, string calldata symbol_, uint8 decimals_) external;

    /// @notice Whether the voucher has its metadata. Until then it shows its trace and 18 decimals.
    /// @return True if it has.
    function metadataSet() external view returns (bool);

    /// @notice The token's full trace.
    /// @return The trace.
    function fullDenomPath() external view returns (string memory);

    /// @notice The escrow of the client that the token came over.
    /// @return Its address.
    function escrow() external view returns (address);

    /// @notice The transfer application.
    /// @return Its address.
    function ics20() external view returns (address);
}
