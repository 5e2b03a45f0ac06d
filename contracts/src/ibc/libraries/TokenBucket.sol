// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @notice How much of a token may pass. One slot: what is left is kept as the time at which all of it is back, so that
/// nothing else need be stored, and no rounding ever adds to it.
/// @param capacity The most that passes at once, in the token's smallest unit.
/// @param period In how many seconds an empty bucket fills; zero if there is no limit.
/// @param fullAt When the bucket is full again, in 2^-56 seconds.
struct TokenBucket {
    uint128 capacity;
    uint32 period;
    uint96 fullAt;
}

/// @title TokenBuckets
/// @notice Token buckets: at any time, no more passes than the capacity and what has flowed in since.
library TokenBuckets {
    /// @notice What is said instead of a time of which none is late enough.
    uint256 internal constant NEVER = type(uint64).max;

    /// @dev How many bits of a time are a fraction of a second.
    uint256 private constant FRACTION = 56;

    /// @notice Takes an amount, if there is as much.
    /// @param self The bucket; it has a period.
    /// @param amount The amount.
    /// @return Whether it was taken.
    function take(TokenBucket storage self, uint256 amount) internal returns (bool) {
        TokenBucket memory bucket = self;
        if (amount > bucket.capacity) return false;
        uint256 fullAt = _fullAfter(bucket, amount);
        if (fullAt > _latest(bucket)) return false;
        // The latest time has 33 bits before the fraction for thousands of years.
        self.fullAt = uint96(fullAt);
        return true;
    }

    /// @notice How much can be taken now.
    /// @param self The bucket.
    /// @return The amount; everything if there is no limit.
    function available(TokenBucket memory self) internal view returns (uint256) {
        return self.period == 0 ? type(uint256).max : self.capacity - _missing(self);
    }

    /// @notice When an amount can be taken, if nothing else is.
    /// @param self The bucket.
    /// @param amount The amount.
    /// @return In Unix seconds; `NEVER` if the amount is more than the capacity.
    function availableAt(TokenBucket memory self, uint256 amount) internal view returns (uint256) {
        if (self.period == 0) return block.timestamp;
        if (amount > self.capacity) return NEVER;
        uint256 late = _fullAfter(self, amount);
        uint256 latest = _latest(self);
        if (late <= latest) return block.timestamp;
        return block.timestamp + _divideUp(late - latest, 1 << FRACTION);
    }

    /// @notice Changes capacity and period. What was taken stays taken: setting a limit again does not refill it.
    /// @param self The bucket.
    /// @param capacity The capacity.
    /// @param period The period; zero for no limit.
    function set(TokenBucket storage self, uint128 capacity, uint32 period) internal {
        uint256 missing = _missing(self);
        if (missing > capacity) missing = capacity;
        self.capacity = capacity;
        self.period = period;
        self.fullAt = uint96(
            (block.timestamp << FRACTION)
                + (missing == 0 ? 0 : _divideUp(missing * (uint256(period) << FRACTION), capacity))
        );
    }

    /// @dev When the bucket would be full again if the amount, of at most the capacity, were taken now. The time that
    /// it takes to flow in is rounded up.
    function _fullAfter(TokenBucket memory self, uint256 amount) private view returns (uint256 fullAt) {
        fullAt = block.timestamp << FRACTION;
        if (self.fullAt > fullAt) fullAt = self.fullAt;
        // 128 bits of amount, 32 of period, 56 of fraction.
        if (amount != 0) fullAt += _divideUp(amount * (uint256(self.period) << FRACTION), self.capacity);
    }

    /// @dev When an empty bucket is full again.
    function _latest(TokenBucket memory self) private view returns (uint256) {
        return (block.timestamp + self.period) << FRACTION;
    }

    /// @dev How much was taken and has not flowed in yet, rounded up.
    function _missing(TokenBucket memory self) private view returns (uint256) {
        uint256 time = block.timestamp << FRACTION;
        if (self.period == 0 || self.fullAt <= time) return 0;
        return _divideUp(uint256(self.capacity) * (self.fullAt - time), uint256(self.period) << FRACTION);
    }

    function _divideUp(uint256 numerator, uint256 denominator) private pure returns (uint256) {
        unchecked {
            return (numerator + denominator - 1) / denominator;
        }
    }
}
