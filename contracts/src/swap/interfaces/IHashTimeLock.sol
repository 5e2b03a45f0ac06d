// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {ISignatureTransfer} from "../../ibc/interfaces/ISignatureTransfer.sol";
import {ClaimWindow} from "../types/ClaimWindow.sol";

/// @title IHashTimeLock
/// @notice One leg of an atomic swap: an amount that goes to the claimer for a secret, or back to who locked it after
/// the timelock. The hash is SHA-256 and the secret 32 bytes, so that the same secret opens an output on Bitcoin.
///
/// Nobody has to be trusted: there is no owner, no upgrade and no pause. Claiming and refunding are open to everybody,
/// for the receivers are part of the terms. What identifies a swap is the hash of its terms; the chain and this contract
/// are where it lies.
///
/// *Claim and refund race after the timelock.* The secret opens the swap until it is refunded, for a claim that was late
/// by a block should not be lost without need. So a claimer must not reveal the secret unless the claim is final well
/// before the timelock, and who locked must refund promptly.
///
/// *Terms may be locked again once they were claimed.* The secret is public then, and the amount is the claimer's for
/// the asking: nobody else is harmed. After a refund at the timelock they are too old to be locked. After a cooperative
/// refund they are refused for good: the claimer's signature would refund them again at once.
///
/// *The bond.* Who knows the secret, the initiator of the exchange, may look at the prices until the responder's leg
/// expires, and only then decide: an option that the responder gives away for nothing. A bond puts a price on it. It
/// belongs to the responder's leg, where the initiator is the claimer: on the initiator's own leg it would fall to a
/// responder who simply never locks. The claimer posts it first, in native coin and only to these terms; the responder
/// locks while it waits, until a time that the claimer chooses, so that nobody can lock too late to be claimed and earn
/// the bond. From then on it goes where the amount goes: back to the claimer with the claim, to the responder with a
/// refund. That holds for the cooperative refund, too: otherwise the claimer could wait as long, and cancel in the end.
///
/// Tokens that rebase, or take a fee on transfer, are no currency for this: the latter are refused, the former cannot be
/// recognized.
interface IHashTimeLock {
    /// @notice The terms of a swap, but for the hash lock.
    /// @param token The token; zero for the native coin.
    /// @param amount What the claimer gets, in the token's smallest unit.
    /// @param claimWindow Who gets it for the secret, and from when on it may be refunded: a `ClaimWindow`.
    /// @param refundRight Who locked it and gets it back, and the bond: a `RefundRight`.
    struct Terms {
        address token;
        uint256 amount;
        uint256 claimWindow;
        uint256 refundRight;
    }

    /// @notice One of a batch's swaps, without bond; token and claimer are the batch's.
    /// @param secret The secret.
    /// @param amount The amount.
    /// @param timelock The timelock in Unix seconds.
    /// @param refunder Who locked it.
    struct BatchEntry {
        bytes32 secret;
        uint256 amount;
        uint64 timelock;
        address refunder;
    }

    /// @notice An EIP-2612 permit of the caller for the locked amount.
    /// @param deadline Until when it counts, in Unix seconds.
    /// @param v The signature's v.
    /// @param r The signature's r.
    /// @param s The signature's s.
    struct Permit {
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice Where a swap stands.
    enum State {
        None,
        BondPosted,
        Locked,
        Cancelled
    }

    /// @notice Locks the native coin that comes with the call. The caller is the refunder.
    /// @param hashLock SHA-256 of the secret.
    /// @param window Who may claim, and the timelock.
    function lockCoin(bytes32 hashLock, ClaimWindow window) external payable;

    /// @notice Locks tokens that the caller has allowed. The caller is the refunder.
    /// @param hashLock SHA-256 of the secret.
    /// @param token The token.
    /// @param amount The amount.
    /// @param window Who may claim, and the timelock.
    function lockToken(bytes32 hashLock, address token, uint256 amount, ClaimWindow window) external;

    /// @notice As `lockToken`, with the allowance by signature. The permit must be the caller's own: it does not cover
    /// the terms.
    /// @param hashLock SHA-256 of the secret.
    /// @param token The token.
    /// @param amount The amount.
    /// @param window Who may claim, and the timelock.
    /// @param permit The permit.
    function lockTokenWithPermit(
        bytes32 hashLock,
        address token,
        uint256 amount,
        ClaimWindow window,
        Permit calldata permit
    ) external;

    /// @notice Locks tokens of an owner who signed a Permit2 permit with the terms as its witness,
    /// `Swap(bytes32 hashLock,address claimer,uint256 timelock)`. For everybody; the owner is the refunder.
    /// @param hashLock SHA-256 of the secret.
    /// @param window Who may claim, and the timelock.
    /// @param owner Who signed.
    /// @param permit Token and amount, all of which is locked.
    /// @param signature The signature.
    function lockTokenWithPermit2(
        bytes32 hashLock,
        ClaimWindow window,
        address owner,
        ISignatureTransfer.PermitTransferFrom calldata permit,
        bytes calldata signature
    ) external;

    /// @notice Posts the bond of a swap that is yet to be locked. For its claimer.
    /// @param hashLock SHA-256 of the secret.
    /// @param terms The terms.
    /// @param lockBy Until when the swap may be locked, in Unix seconds; leave yourself the time to claim.
    function postBond(bytes32 hashLock, Terms calldata terms, uint256 lockBy) external payable;

    /// @notice Takes a bond back as long as the swap was not locked. For its claimer.
    /// @param hashLock SHA-256 of the secret.
    /// @param terms The terms.
    function withdrawBond(bytes32 hashLock, Terms calldata terms) external;

    /// @notice Locks a swap whose bond is posted: native coin that comes with the call, or tokens that the caller has
    /// allowed. For its refunder.
    /// @param hashLock SHA-256 of the secret.
    /// @param terms The terms.
    function lockBonded(bytes32 hashLock, Terms calldata terms) external payable;

    /// @notice Pays amount and bond to the claimer. For everybody who knows the secret.
    /// @param secret The secret.
    /// @param terms The terms.
    function claim(bytes32 secret, Terms calldata terms) external;

    /// @notice Claims several swaps of one claimer in one token and pays once. A swap that is not locked any more is
    /// passed over, since its refund must not hold up others that are about to expire.
    /// @param token The token; zero for the native coin.
    /// @param claimer The claimer.
    /// @param entries The swaps.
    function claimBatch(address token, address claimer, BatchEntry[] calldata entries) external;

    /// @notice Pays amount and bond to the refunder once the timelock is over. For everybody.
    /// @param hashLock SHA-256 of the secret.
    /// @param terms The terms.
    function refund(bytes32 hashLock, Terms calldata terms) external;

    /// @notice Pays amount and bond to the refunder with the claimer's consent, whatever the time. For everybody who has
    /// the claimer's signature (EIP-712; ERC-1271 if the claimer is a contract) of
    /// `CooperativeRefund(bytes32 hashLock,address token,uint256 amount,address claimer,uint256 timelock,address
    /// refunder,uint256 bond)`.
    /// @param hashLock SHA-256 of the secret.
    /// @param terms The terms.
    /// @param signature The signature.
    function refundCooperatively(bytes32 hashLock, Terms calldata terms, bytes calldata signature) external;

    /// @notice What identifies a swap: keccak256 of hash lock and terms.
    /// @param hashLock SHA-256 of the secret.
    /// @param terms The terms.
    /// @return The identifier.
    function idOf(bytes32 hashLock, Terms calldata terms) external pure returns (bytes32);

    /// @notice Where a swap stands. A swap that was claimed or refunded leaves nothing behind.
    /// @param swapId The swap.
    /// @return Its state.
    function stateOf(bytes32 swapId) external view returns (State);

    /// @notice Native coin was locked, without bond.
    /// @param hashLock SHA-256 of the secret.
    /// @param amount The amount.
    /// @param window Who may claim, and the timelock.
    /// @param refunder Who locked it.
    event CoinLocked(bytes32 hashLock, uint256 amount, ClaimWindow window, address refunder);

    /// @notice Tokens were locked, without bond.
    /// @param hashLock SHA-256 of the secret.
    /// @param token The token.
    /// @param amount The amount.
    /// @param window Who may claim, and the timelock.
    /// @param refunder Who locked them.
    event TokenLocked(
        bytes32 hashLock, address token, uint256 amount, ClaimWindow window, address refunder
    );

    /// @notice A bond waits for a swap.
    /// @param hashLock SHA-256 of the secret.
    /// @param terms The terms.
    /// @param lockBy Until when, in Unix seconds.
    event BondPosted(bytes32 hashLock, Terms terms, uint256 lockBy);

    /// @notice A bond was taken back.
    /// @param swapId The swap.
    event BondWithdrawn(bytes32 indexed swapId);

    /// @notice A swap with a bond was locked.
    /// @param hashLock SHA-256 of the secret.
    /// @param terms The terms.
    event BondedLocked(bytes32 hashLock, Terms terms);

    /// @notice A swap was claimed.
    /// @param swapId The swap.
    /// @param secret The secret, of which the hash lock is the SHA-256.
    event Claimed(bytes32 indexed swapId, bytes32 secret);

    /// @notice A swap was refunded, at the timelock or cooperatively.
    /// @param swapId The swap.
    event Refunded(bytes32 indexed swapId);
}
