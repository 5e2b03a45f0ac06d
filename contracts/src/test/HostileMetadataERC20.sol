// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title HostileMetadataERC20
/// @notice A token, for tests, that answers questions about itself in every wrong way. Everybody may mint.
contract HostileMetadataERC20 is ERC20("", "") {
    /// @notice How the token answers.
    enum Mood {
        Honest,
        Huge,
        Reverting,
        GasBurning,
        ShortWord,
        BadOffset,
        NoDecimals,
        DecimalsTooLarge,
        CutCharacter
    }

    Mood private immutable MOOD;

    /// @notice Creates the token.
    /// @param mood How it answers.
    constructor(Mood mood) {
        MOOD = mood;
    }

    /// @notice Mints to anybody, for anybody.
    /// @param to The receiver.
    /// @param amount The amount.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @inheritdoc ERC20
    function name() public view override returns (string memory) {
        return _answer();
    }

    /// @inheritdoc ERC20
    function symbol() public view override returns (string memory) {
        return _answer();
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        require(MOOD != Mood.NoDecimals);
        if (MOOD == Mood.DecimalsTooLarge) {
            assembly ("memory-safe") {
                mstore(0x00, 256)
                return(0x00, 0x20)
            }
        }
        return 9;
    }

    function _answer() private view returns (string memory) {
        Mood mood = MOOD;
        if (mood == Mood.Reverting) revert();
        if (mood == Mood.Huge) return string(new bytes(20_000));
        if (mood == Mood.GasBurning) {
            for (uint256 i = 0;; ++i) {}
        }
        if (mood == Mood.ShortWord) {
            assembly ("memory-safe") {
                mstore(0x00, "MKR")
                return(0x00, 0x20)
            }
        }
        if (mood == Mood.BadOffset) {
            assembly ("memory-safe") {
                mstore(0x00, not(0))
                mstore(0x20, not(0))
                return(0x00, 0x40)
            }
        }
        // Sixty-three letters and a character of two bytes, which the limit would cut in half.
        if (mood == Mood.CutCharacter) {
            return unicode"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaéé";
        }
        return "Honest";
    }
}
