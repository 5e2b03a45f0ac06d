// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ISignatureTransfer} from "../ibc/interfaces/ISignatureTransfer.sol";
import {IHashTimeLockErrors} from "./errors/IHashTimeLockErrors.sol";
import {IHashTimeLock} from "./interfaces/IHashTimeLock.sol";
import {IWitnessTransfer} from "./interfaces/IWitnessTransfer.sol";
import {ClaimWindow, ClaimWindows} from "./types/ClaimWindow.sol";
import {RefundRight, RefundRights} from "./types/RefundRight.sol";

/// @title HashTimeLock
/// @notice See `IHashTimeLock`.
/// @dev Whatever a token or a receiver does when it is called, a swap's state has changed before: there is nothing left
/// to be done twice. What came in is told from the balance, before and after.
contract HashTimeLock is IHashTimeLock, IHashTimeLockErrors, EIP712 {
    using SafeERC20 for IERC20;

    /// @notice The farthest that a timelock may lie in the future, in seconds: a wrong digit must not lock for years.
    uint256 public constant MAX_DURATION = 30 days;

    bytes32 private constant COOPERATIVE_REFUND = keccak256(
        "CooperativeRefund(bytes32 hashLock,address token,uint256 amount,address claimer,uint256 timelock,address refunder,uint256 bond)"
    );
    bytes32 private constant SWAP = keccak256("Swap(bytes32 hashLock,address claimer,uint256 timelock)");
    string private constant WITNESS =
        "Swap witness)Swap(bytes32 hashLock,address claimer,uint256 timelock)TokenPermissions(address token,uint256 amount)";

    /// @dev The states of a swap, next to zero for none. What is more than either is a time until which a bond waits.
    uint256 private constant LOCKED = 1;
    uint256 private constant CANCELLED = 2;

    IWitnessTransfer private immutable PERMIT2;

    /// @notice Creates the contract.
    /// @param permit2 The canonical Permit2 contract of the chain; without one, that way to lock is closed.
    constructor(address permit2) EIP712("Causeway HashTimeLock", "1") {
        PERMIT2 = IWitnessTransfer(permit2);
    }

    /// @inheritdoc IHashTimeLock
    function lockCoin(bytes32 hashLock, ClaimWindow window) external payable {
        _open(hashLock, address(0), msg.value, window, msg.sender);
        emit CoinLocked(hashLock, msg.value, window, msg.sender);
    }

    /// @inheritdoc IHashTimeLock
    function lockToken(bytes32 hashLock, address token, uint256 amount, ClaimWindow window) external {
        _lockToken(hashLock, token, amount, window);
    }

    /// @inheritdoc IHashTimeLock
    function lockTokenWithPermit(
        bytes32 hashLock,
        address token,
        uint256 amount,
        ClaimWindow window,
        Permit calldata permit
    ) external {
        // Anybody can use a permit that he has seen, before it gets here. Then the allowance is there all the same.
        try IERC20Permit(token).permit(
            msg.sender, address(this), amount, permit.deadline, permit.v, permit.r, permit.s
        ) {} catch {}
        _lockToken(hashLock, token, amount, window);
    }

    /// @inheritdoc IHashTimeLock
    function lockTokenWithPermit2(
        bytes32 hashLock,
        ClaimWindow window,
        address owner,
        ISignatureTransfer.PermitTransferFrom calldata permit,
        bytes calldata signature
    ) external {
        address token = permit.permitted.token;
        uint256 amount = permit.permitted.amount;
        _open(hashLock, token, amount, window, owner);
        emit TokenLocked(hashLock, token, amount, window, owner);
        uint256 expected = _balance(token) + amount;
        PERMIT2.permitWitnessTransferFrom(
            permit,
            ISignatureTransfer.SignatureTransferDetails({to: address(this), requestedAmount: amount}),
            owner,
            keccak256(abi.encode(SWAP, hashLock, window.claimer(), window.timelock())),
            WITNESS,
            signature
        );
        _requireBalance(token, expected);
    }

    /// @inheritdoc IHashTimeLock
    function postBond(bytes32 hashLock, Terms calldata terms, uint256 lockBy) external payable {
        ClaimWindow window = ClaimWindow.wrap(terms.claimWindow);
        _requireCaller(window.claimer());
        require(msg.value != 0, ZeroAmount());
        _requireValue(RefundRight.wrap(terms.refundRight).bond());
        _requireLockable(hashLock, terms.amount, window);
        require(
            block.timestamp <= lockBy && lockBy < window.timelock(), LockByOutOfRange(lockBy, window.timelock())
        );
        bytes32 id = _id(hashLock, terms);
        require(_load(id) == 0, SwapExists(id));
        _store(id, lockBy);
        emit BondPosted(hashLock, terms, lockBy);
    }

    /// @inheritdoc IHashTimeLock
    function withdrawBond(bytes32 hashLock, Terms calldata terms) external {
        address claimer = ClaimWindow.wrap(terms.claimWindow).claimer();
        _requireCaller(claimer);
        bytes32 id = _id(hashLock, terms);
        require(_load(id) > CANCELLED, NoBond(id));
        _store(id, 0);
        emit BondWithdrawn(id);
        _payCoin(claimer, RefundRight.wrap(terms.refundRight).bond());
    }

    /// @inheritdoc IHashTimeLock
    function lockBonded(bytes32 hashLock, Terms calldata terms) external payable {
        _requireCaller(RefundRight.wrap(terms.refundRight).refunder());
        bytes32 id = _id(hashLock, terms);
        uint256 lockBy = _load(id);
        require(lockBy > CANCELLED, NoBond(id));
        require(block.timestamp <= lockBy, TooLateForBond(lockBy));
        _store(id, LOCKED);
        emit BondedLocked(hashLock, terms);
        if (terms.token == address(0)) {
            _requireValue(terms.amount);
        } else {
            _requireValue(0);
            _collect(terms.token, terms.amount);
        }
    }

    /// @inheritdoc IHashTimeLock
    function claim(bytes32 secret, Terms calldata terms) external {
        bytes32 id = _id(_sha256(secret), terms);
        _close(id, 0);
        emit Claimed(id, secret);
        _pay(terms, ClaimWindow.wrap(terms.claimWindow).claimer());
    }

    /// @inheritdoc IHashTimeLock
    function claimBatch(address token, address claimer, BatchEntry[] calldata entries) external {
        uint256 total;
        for (uint256 i = 0; i < entries.length; ++i) {
            BatchEntry calldata entry = entries[i];
            bytes32 id = _id(
                _sha256(entry.secret),
                token,
                entry.amount,
                ClaimWindows.pack(claimer, entry.timelock),
                RefundRights.withoutBond(entry.refunder)
            );
            if (_load(id) != LOCKED) continue;
            _store(id, 0);
            total += entry.amount;
            emit Claimed(id, entry.secret);
        }
        require(total != 0, NothingToClaim());
        _pay(token, claimer, total, 0);
    }

    /// @inheritdoc IHashTimeLock
    function refund(bytes32 hashLock, Terms calldata terms) external {
        uint256 timelock = ClaimWindow.wrap(terms.claimWindow).timelock();
        require(block.timestamp >= timelock, TimelockNotOver(timelock));
        _refund(_id(hashLock, terms), terms, 0);
    }

    /// @inheritdoc IHashTimeLock
    function refundCooperatively(bytes32 hashLock, Terms calldata terms, bytes calldata signature) external {
        address claimer = ClaimWindow.wrap(terms.claimWindow).claimer();
        require(_isSigned(claimer, _refundDigest(hashLock, terms), signature), WrongSignature(claimer));
        _refund(_id(hashLock, terms), terms, CANCELLED);
    }

    /// @inheritdoc IHashTimeLock
    function idOf(bytes32 hashLock, Terms calldata terms) external pure returns (bytes32) {
        return _id(hashLock, terms);
    }

    /// @inheritdoc IHashTimeLock
    function stateOf(bytes32 swapId) external view returns (State) {
        uint256 state = _load(swapId);
        if (state > CANCELLED) return State.BondPosted;
        return state == 0 ? State.None : state == LOCKED ? State.Locked : State.Cancelled;
    }

    function _lockToken(bytes32 hashLock, address token, uint256 amount, ClaimWindow window) private {
        _open(hashLock, token, amount, window, msg.sender);
        emit TokenLocked(hashLock, token, amount, window, msg.sender);
        _collect(token, amount);
    }

    /// @dev Marks a swap without bond as locked.
    function _open(bytes32 hashLock, address token, uint256 amount, ClaimWindow window, address refunder) private {
        _requireLockable(hashLock, amount, window);
        bytes32 id = _id(hashLock, token, amount, window, RefundRights.withoutBond(refunder));
        require(_load(id) == 0, SwapExists(id));
        _store(id, LOCKED);
    }

    /// @dev Marks a locked swap as settled, before anything is paid.
    function _close(bytes32 id, uint256 state) private {
        require(_load(id) == LOCKED, SwapNotLocked(id));
        _store(id, state);
    }

    function _refund(bytes32 id, Terms calldata terms, uint256 state) private {
        _close(id, state);
        emit Refunded(id);
        _pay(terms, RefundRight.wrap(terms.refundRight).refunder());
    }

    /// @dev The bond goes where the amount goes.
    function _pay(Terms calldata terms, address receiver) private {
        _pay(terms.token, receiver, terms.amount, RefundRight.wrap(terms.refundRight).bond());
    }

    function _pay(address token, address receiver, uint256 amount, uint256 bond) private {
        uint256 coin = bond;
        if (token == address(0)) {
            // Both came in, and there is not as much coin as would overflow.
            unchecked {
                coin += amount;
            }
        } else {
            IERC20(token).safeTransfer(receiver, amount);
        }
        if (coin != 0) _payCoin(receiver, coin);
    }

    function _payCoin(address receiver, uint256 amount) private {
        bool paid;
        // What the receiver returns is not copied: it could be of any size.
        assembly ("memory-safe") {
            paid := call(gas(), receiver, amount, 0, 0, 0, 0)
        }
        require(paid, CoinRefused(receiver));
    }

    /// @dev Takes the caller's tokens.
    function _collect(address token, uint256 amount) private {
        uint256 expected = _balance(token) + amount;
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        _requireBalance(token, expected);
    }

    /// @dev What this contract holds of a token. An address without code tells nothing, and neither does what is no
    /// token.
    function _balance(address token) private view returns (uint256 held) {
        bytes4 selector = IERC20.balanceOf.selector;
        bool told;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, address())
            told := staticcall(gas(), token, 0x00, 0x24, 0x00, 0x20)
            told := and(told, gt(returndatasize(), 0x1f))
            held := mload(0x00)
        }
        require(told, NotAToken(token));
    }

    /// @dev A token that keeps a fee, or lies about its transfers, would pay one swap from another.
    function _requireBalance(address token, uint256 expected) private view {
        uint256 actual = _balance(token);
        require(actual == expected, WrongBalance(expected, actual));
    }

    function _requireLockable(bytes32 hashLock, uint256 amount, ClaimWindow window) private view {
        require(hashLock != 0, ZeroHashLock());
        require(amount != 0, ZeroAmount());
        require(window.claimer() != address(0), ZeroClaimer());
        uint256 timelock = window.timelock();
        unchecked {
            // Wraps around if the timelock is over.
            if (timelock - block.timestamp - 1 >= MAX_DURATION) {
                revert TimelockOutOfRange(timelock, block.timestamp + MAX_DURATION);
            }
        }
    }

    function _refundDigest(bytes32 hashLock, Terms calldata terms) private view returns (bytes32) {
        ClaimWindow window = ClaimWindow.wrap(terms.claimWindow);
        RefundRight right = RefundRight.wrap(terms.refundRight);
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    COOPERATIVE_REFUND,
                    hashLock,
                    terms.token,
                    terms.amount,
                    window.claimer(),
                    window.timelock(),
                    right.refunder(),
                    right.bond()
                )
            )
        );
    }

    /// @dev Most claimers have a key: to recover it first spares them a look at their code.
    function _isSigned(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        return (failure == ECDSA.RecoverError.NoError && recovered == signer)
            || SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }

    function _requireCaller(address expected) private view {
        require(msg.sender == expected, WrongCaller(expected, msg.sender));
    }

    function _requireValue(uint256 expected) private view {
        require(msg.value == expected, WrongValue(expected, msg.value));
    }

    /// @dev A swap's slot is its identifier. What is hashed for it is longer than what the compiler hashes for slots of
    /// its own.
    function _load(bytes32 id) private view returns (uint256 state) {
        assembly ("memory-safe") {
            state := sload(id)
        }
    }

    function _store(bytes32 id, uint256 state) private {
        assembly ("memory-safe") {
            sstore(id, state)
        }
    }

    /// @dev `keccak256(abi.encode(hashLock, terms))`.
    function _id(bytes32 hashLock, Terms calldata terms) private pure returns (bytes32 id) {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, hashLock)
            calldatacopy(add(buffer, 0x20), terms, 0x80)
            id := keccak256(buffer, 0xa0)
        }
    }

    /// @dev The same for terms that are not in calldata.
    function _id(bytes32 hashLock, address token, uint256 amount, ClaimWindow window, RefundRight right)
        private
        pure
        returns (bytes32 id)
    {
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, hashLock)
            mstore(add(buffer, 0x20), token)
            mstore(add(buffer, 0x40), amount)
            mstore(add(buffer, 0x60), window)
            mstore(add(buffer, 0x80), right)
            id := keccak256(buffer, 0xa0)
        }
    }

    function _sha256(bytes32 secret) private view returns (bytes32 digest) {
        assembly ("memory-safe") {
            mstore(0x00, secret)
            // A call to precompile 2 cannot fail but for want of gas.
            if iszero(staticcall(gas(), 2, 0x00, 0x20, 0x00, 0x20)) { revert(0, 0) }
            digest := mload(0x00)
        }
    }
}
