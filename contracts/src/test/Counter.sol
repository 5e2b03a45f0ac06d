// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title Counter
/// @notice Something to call from another chain, for tests and local networks.
contract Counter {
    /// @notice The count of each caller.
    mapping(address caller => uint256 count) public countOf;

    /// @notice The count of all callers.
    uint256 public total;

    /// @notice Somebody counted.
    /// @param caller Who.
    /// @param by How far.
    /// @param total The new count of all callers.
    event Incremented(address indexed caller, uint256 by, uint256 total);

    /// @notice What `fail` reverts with.
    error CounterFailed();

    /// @notice Counts.
    /// @param by How far.
    /// @return The caller's new count.
    function increment(uint256 by) external returns (uint256) {
        total += by;
        countOf[msg.sender] += by;
        emit Incremented(msg.sender, by, total);
        return countOf[msg.sender];
    }

    /// @notice Always reverts.
    function fail() external pure {
        revert CounterFailed();
    }

    /// @notice Burns all gas.
    function exhaust() external {
        while (true) ++total;
    }
}
