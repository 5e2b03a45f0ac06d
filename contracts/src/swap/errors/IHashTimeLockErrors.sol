// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

/// @title IHashTimeLockErrors
/// @notice Errors of the hash time lock.
interface IHashTimeLockErrors {
    /// @notice Nothing opens a hash lock of zero.
    error ZeroHashLock();

    /// @notice Nobody could claim.
    error ZeroClaimer();

    /// @notice Nothing would be locked.
    error ZeroAmount();

    /// @notice The native coin that came with the call is not what the terms say.
    /// @param expected What the terms say.
    /// @param actual What came.
    error WrongValue(uint256 expected, uint256 actual);

    /// @notice The timelock is over, or too far away.
    /// @param timelock The timelock in Unix seconds.
    /// @param latest The latest that is allowed now, in Unix seconds.
    error TimelockOutOfRange(uint256 timelock, uint256 latest);

    /// @notice The time until which a bond waits for the swap is over, or not before the timelock.
    /// @param lockBy That time in Unix seconds.
    /// @param timelock The timelock in Unix seconds.
    error LockByOutOfRange(uint256 lockBy, uint256 timelock);

    /// @notice These terms are in use, or were cancelled for good.
    /// @param swapId The swap.
    error SwapExists(bytes32 swapId);

    /// @notice Nothing is locked under these terms: never, not any more, or the secret is another's.
    /// @param swapId The swap.
    error SwapNotLocked(bytes32 swapId);

    /// @notice None of a batch's swaps is locked.
    error NothingToClaim();

    /// @notice The timelock is not over.
    /// @param timelock The timelock in Unix seconds.
    error TimelockNotOver(uint256 timelock);

    /// @notice The caller is not whom the terms name for this.
    /// @param expected Whom they name.
    /// @param actual The caller.
    error WrongCaller(address expected, address actual);

    /// @notice No bond is posted under these terms.
    /// @param swapId The swap.
    error NoBond(bytes32 swapId);

    /// @notice The bond does not wait any longer.
    /// @param lockBy Until when it waited, in Unix seconds.
    error TooLateForBond(uint256 lockBy);

    /// @notice The signature is not the claimer's over this swap.
    /// @param claimer The claimer.
    error WrongSignature(address claimer);

    /// @notice There is no token at the address: it tells no balance.
    /// @param token The address.
    error NotAToken(address token);

    /// @notice A token moved another amount than it was told to.
    /// @param expected The balance there should be.
    /// @param actual The balance there is.
    error WrongBalance(uint256 expected, uint256 actual);

    /// @notice The receiver refused the native coin.
    /// @param receiver The receiver.
    error CoinRefused(address receiver);
}
