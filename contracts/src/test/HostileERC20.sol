// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title HostileERC20
/// @notice A token, for tests, that misbehaves in the way it is told to. Everybody may mint and tell it.
contract HostileERC20 {
    /// @notice How it behaves.
    enum Mode {
        Honest,
        ReturnsNothing,
        ReturnsFalse,
        MovesNothing,
        ClaimsToHaveMoved
    }

    Mode private _mode;
    uint256 private _percent = 100;
    mapping(address account => uint256) private _shares;
    mapping(address account => uint256) private _claimed;
    mapping(address account => bool) private _blocked;

    /// @notice Mints shares, each of which counts for one until the token rebases.
    /// @param to The receiver.
    /// @param amount The number of shares.
    function mint(address to, uint256 amount) external {
        _shares[to] += amount;
    }

    /// @notice Chooses the behaviour.
    /// @param mode The behaviour.
    function behave(Mode mode) external {
        _mode = mode;
    }

    /// @notice Rebases every balance.
    /// @param percent What a hundred shares count for.
    function rebase(uint256 percent) external {
        _percent = percent;
    }

    /// @notice Refuses transfers to an account, or takes them again.
    /// @param account The account.
    /// @param blocked True to refuse.
    function setBlocked(address account, bool blocked) external {
        _blocked[account] = blocked;
    }

    /// @notice Allows everything.
    /// @return True.
    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    /// @notice Everything is allowed.
    /// @return The largest number.
    function allowance(address, address) external pure returns (uint256) {
        return type(uint256).max;
    }

    /// @notice Transfers, as told.
    /// @param to The receiver.
    /// @param value The amount.
    function transfer(address to, uint256 value) external {
        _transfer(msg.sender, to, value);
    }

    /// @notice Transfers, as told; from anybody.
    /// @param from The sender.
    /// @param to The receiver.
    /// @param value The amount.
    function transferFrom(address from, address to, uint256 value) external {
        _transfer(from, to, value);
    }

    /// @notice A balance, or what is claimed to be one.
    /// @param account The account.
    /// @return The balance.
    function balanceOf(address account) external view returns (uint256) {
        return _shares[account] * _percent / 100 + _claimed[account];
    }

    /// @dev Ends the call with what the behaviour returns.
    function _transfer(address from, address to, uint256 value) private {
        require(!_blocked[to], "blocked");
        if (_mode == Mode.ClaimsToHaveMoved) {
            _claimed[to] += value;
        } else if (_mode != Mode.MovesNothing && _mode != Mode.ReturnsFalse) {
            uint256 shares = value * 100 / _percent;
            _shares[from] -= shares;
            _shares[to] += shares;
        }
        uint256 answer = _mode == Mode.ReturnsFalse ? 0 : 1;
        uint256 size = _mode == Mode.ReturnsNothing ? 0 : 0x20;
        assembly {
            mstore(0, answer)
            return(0, size)
        }
    }
}
