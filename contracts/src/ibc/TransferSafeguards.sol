// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ClientPause} from "./base/ClientPause.sol";
import {TransferState} from "./base/TransferState.sol";
import {IICS20Errors} from "./errors/IICS20Errors.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IPausable} from "./interfaces/IPausable.sol";
import {ITransferSafeguards} from "./interfaces/ITransferSafeguards.sol";
import {HexAddress} from "./libraries/HexAddress.sol";
import {ICS20Codec} from "./libraries/ICS20Codec.sol";
import {TokenBucket, TokenBuckets} from "./libraries/TokenBucket.sol";
import {IICS20TransferMsgs} from "./msgs/IICS20TransferMsgs.sol";
import {IICS26RouterMsgs} from "./msgs/IICS26RouterMsgs.sol";
import {ITransferSafeguardsMsgs} from "./msgs/ITransferSafeguardsMsgs.sol";

/// @title TransferSafeguards
/// @notice The second half of the transfer application's code, for one contract cannot be as large: limits, what is
/// held, and what is announced. It runs as the application, on the application's storage; at its own address it owns nothing and does nothing.
contract TransferSafeguards is ITransferSafeguards, IICS20Errors, TransferState, ClientPause {
    using TokenBuckets for TokenBucket;

    /// @dev Called by the first half while the router's call is under way. Nobody else is the router.
    modifier onlyRouter() {
        require(msg.sender == address(_router()), ICS20Unauthorized(msg.sender));
        _;
    }

    /// @inheritdoc ITransferSafeguards
    function setLimit(
        string calldata clientId,
        address token,
        ITransferSafeguardsMsgs.Direction direction,
        uint128 capacity,
        uint32 period
    ) external restricted {
        require(period != 0 || capacity == 0, ICS20InvalidAmount(capacity));
        bool outgoing = direction == ITransferSafeguardsMsgs.Direction.Outgoing;
        Safeguards storage safeguards = _storage().safeguards[clientId][token];
        (outgoing ? safeguards.outgoing : safeguards.incoming).set(capacity, period);
        _setRule(clientId, token, outgoing ? LIMITS_OUTGOING : LIMITS_INCOMING, period != 0, safeguards.holdFrom);
        emit LimitSet(clientId, token, direction, capacity, period);
    }

    /// @inheritdoc ITransferSafeguards
    function requireLimits(string calldata clientId, bool required) external restricted {
        _setClientRule(clientId, LIMITS_REQUIRED, required);
        emit LimitsRequired(clientId, required);
    }

    /// @inheritdoc ITransferSafeguards
    function setHold(string calldata clientId, address token, uint128 holdFrom, uint32 holdSeconds)
        external
        restricted
    {
        Safeguards storage safeguards = _storage().safeguards[clientId][token];
        (safeguards.holdFrom, safeguards.holdSeconds) = (holdFrom, holdSeconds);
        _setRule(clientId, token, HOLDS_INCOMING, holdSeconds != 0, holdFrom);
        emit HoldSet(clientId, token, holdFrom, holdSeconds);
    }

    /// @inheritdoc ITransferSafeguards
    function releaseHeld(uint256 id) external nonReentrant {
        uint64 releaseAt = _heldAs(id, ITransferSafeguardsMsgs.HeldStatus.Held).releaseAt;
        require(block.timestamp >= releaseAt, HeldTransferNotReleasable(id, releaseAt));
        _release(id);
    }

    /// @inheritdoc ITransferSafeguards
    function vetoHeld(uint256 id) external restricted {
        _heldAs(id, ITransferSafeguardsMsgs.HeldStatus.Held).status = ITransferSafeguardsMsgs.HeldStatus.Vetoed;
        emit HeldTransferVetoed(id, msg.sender);
    }

    /// @inheritdoc ITransferSafeguards
    function releaseVetoed(uint256 id) external nonReentrant restricted {
        _heldAs(id, ITransferSafeguardsMsgs.HeldStatus.Vetoed);
        _release(id);
    }

    /// @inheritdoc ITransferSafeguards
    function returnVetoed(uint256 id, uint64 timeoutTimestamp)
        external
        nonReentrant
        restricted
        returns (uint64 sequence)
    {
        ITransferSafeguardsMsgs.HeldTransfer storage transfer = _heldAs(id, ITransferSafeguardsMsgs.HeldStatus.Vetoed);
        ICS20TransferStorage storage $ = _storage();
        string memory clientId = transfer.clientId;
        string memory denom = $.origins[transfer.token].denom;
        if (bytes(denom).length == 0) denom = HexAddress.format(transfer.token);
        transfer.status = ITransferSafeguardsMsgs.HeldStatus.Returned;
        $.safeguards[clientId][transfer.token].held -= transfer.amount;
        // Nothing moves here: what is at home stays locked for the voucher to come, and no voucher was minted yet.
        sequence = _router().sendPacket(
            IICS26RouterMsgs.MsgSendPacket({
                sourceClient: clientId,
                timeoutTimestamp: timeoutTimestamp,
                payload: IICS26RouterMsgs.Payload({
                    sourcePort: ICS20Codec.PORT.toString(),
                    destPort: ICS20Codec.PORT.toString(),
                    version: ICS20Codec.VERSION.toString(),
                    encoding: ICS20Codec.ENCODING.toString(),
                    value: abi.encode(
                        IICS20TransferMsgs.FungibleTokenPacketData({
                            denom: denom,
                            // The application itself: what comes back is held again, see `holdAgain`.
                            sender: HexAddress.format(address(this)),
                            receiver: transfer.sender,
                            amount: transfer.amount,
                            memo: ""
                        })
                    )
                })
            })
        );
        $.returned[clientId][sequence] = id;
        emit HeldTransferReturned(id, sequence);
    }

    /// @inheritdoc ITransferSafeguards
    function setNativeMetadata(string calldata name_, string calldata symbol_, uint8 decimals_) external restricted {
        ICS20TransferStorage storage $ = _storage();
        _requireShort(name_);
        _requireShort(symbol_);
        ($.nativeName, $.nativeSymbol, $.nativeDecimals) = (name_, symbol_, decimals_);
    }

    /// @notice Holds a transfer that has arrived. Only for the router's call.
    /// @param clientId The client that it came over.
    /// @param token The token to be paid out.
    /// @param amount The amount.
    /// @param receiver Who is to get it.
    /// @param sender Who sent it.
    function hold(string calldata clientId, address token, uint256 amount, address receiver, string calldata sender)
        external
        onlyRouter
    {
        ICS20TransferStorage storage $ = _storage();
        Safeguards storage safeguards = $.safeguards[clientId][token];
        uint64 releaseAt = uint64(block.timestamp) + safeguards.holdSeconds;
        safeguards.held += amount;
        uint256 id = ++$.heldCount;
        $.held[id] = ITransferSafeguardsMsgs.HeldTransfer({
            status: ITransferSafeguardsMsgs.HeldStatus.Held,
            token: token,
            releaseAt: releaseAt,
            receiver: receiver,
            amount: amount,
            clientId: clientId,
            sender: sender
        });
        emit TransferHeld(id, token, receiver, clientId, amount, releaseAt, sender);
    }

    /// @notice Takes back what was to be returned and did not get there. Only for the router's call.
    /// @param clientId The client.
    /// @param sequence The sequence of the packet that returned it.
    function holdAgain(string calldata clientId, uint64 sequence) external onlyRouter {
        ICS20TransferStorage storage $ = _storage();
        uint256 id = $.returned[clientId][sequence];
        ITransferSafeguardsMsgs.HeldTransfer storage transfer =
            _heldAs(id, ITransferSafeguardsMsgs.HeldStatus.Returned);
        transfer.status = ITransferSafeguardsMsgs.HeldStatus.Vetoed;
        $.safeguards[clientId][transfer.token].held += transfer.amount;
        emit HeldTransferReturnFailed(id);
    }

    /// @inheritdoc ITransferSafeguards
    function safeguardsOf(string calldata clientId, address token)
        external
        view
        returns (ITransferSafeguardsMsgs.TokenSafeguards memory)
    {
        Safeguards storage safeguards = _storage().safeguards[clientId][token];
        return ITransferSafeguardsMsgs.TokenSafeguards({
            outgoing: _limit(safeguards.outgoing),
            incoming: _limit(safeguards.incoming),
            holdFrom: safeguards.holdFrom,
            holdSeconds: safeguards.holdSeconds,
            held: safeguards.held
        });
    }

    /// @inheritdoc ITransferSafeguards
    function limitsRequired(string calldata clientId) external view returns (bool) {
        return _clientRules(clientId) & LIMITS_REQUIRED != 0;
    }

    /// @inheritdoc ITransferSafeguards
    function totalHeld(string calldata clientId, address token) external view returns (uint256) {
        return _storage().safeguards[clientId][token].held;
    }

    /// @inheritdoc ITransferSafeguards
    function heldCount() external view returns (uint256) {
        return _storage().heldCount;
    }

    /// @inheritdoc ITransferSafeguards
    function heldTransfers(uint256 firstId, uint256 count)
        external
        view
        returns (ITransferSafeguardsMsgs.HeldTransfer[] memory transfers)
    {
        ICS20TransferStorage storage $ = _storage();
        uint256 last = $.heldCount;
        if (firstId == 0 || firstId > last) return transfers;
        if (count > last - firstId + 1) count = last - firstId + 1;
        transfers = new ITransferSafeguardsMsgs.HeldTransfer[](count);
        for (uint256 i = 0; i < count; ++i) {
            transfers[i] = $.held[firstId + i];
        }
    }

    /// @inheritdoc ITransferSafeguards
    function metadataAnnounced(string calldata clientId, address token) external view returns (bool) {
        return _storage().lanes[clientId][token].announced;
    }

    /// @inheritdoc ITransferSafeguards
    function nativeMetadata() external view returns (string memory, string memory, uint8) {
        ICS20TransferStorage storage $ = _storage();
        return ($.nativeName, $.nativeSymbol, $.nativeDecimals);
    }

    /// @dev Pays out. The status changes first: whatever the token does, nothing is paid twice.
    function _release(uint256 id) private {
        ICS20TransferStorage storage $ = _storage();
        ITransferSafeguardsMsgs.HeldTransfer storage transfer = $.held[id];
        string memory clientId = transfer.clientId;
        address token = transfer.token;
        uint256 amount = transfer.amount;
        _requireReleasable(clientId);
        transfer.status = ITransferSafeguardsMsgs.HeldStatus.Released;
        $.safeguards[clientId][token].held -= amount;

        Origin storage origin = $.origins[token];
        address escrow = $.escrows[clientId];
        if (ICS20Codec.startsWithHop(origin.denom, clientId)) {
            _mint(token, origin.custom, escrow, transfer.receiver, amount);
        } else {
            IEscrow(escrow).send(token, transfer.receiver, amount);
        }
        emit HeldTransferReleased(id);
    }

    /// @dev A pause stops what is held, too.
    function _requireReleasable(string memory clientId) private view {
        IBCAppStorage storage $ = _appStorage();
        require(!$.paused, IPausable.EnforcedPause());
        require($.clientRules[clientId] & CLIENT_PAUSED == 0, ClientPaused(clientId));
    }

    function _heldAs(uint256 id, ITransferSafeguardsMsgs.HeldStatus status)
        private
        view
        returns (ITransferSafeguardsMsgs.HeldTransfer storage transfer)
    {
        transfer = _storage().held[id];
        require(transfer.status == status, HeldTransferHasStatus(id, transfer.status));
    }

    /// @dev A rule lies where those whom it concerns look anyway: with the lane, and with the voucher if the token
    /// arrives as one.
    function _setRule(string calldata clientId, address token, uint8 rule, bool on, uint128 holdFrom) private {
        ICS20TransferStorage storage $ = _storage();
        Lane storage lane = $.lanes[clientId][token];
        uint8 rules = on ? lane.rules | rule : lane.rules & ~rule;
        uint8 holdLog2 = uint8(Math.log2(holdFrom));
        (lane.rules, lane.holdLog2) = (rules, holdLog2);
        string memory denom = $.origins[token].denom;
        if (ICS20Codec.startsWithHop(denom, clientId)) {
            Voucher storage voucher = $.vouchers[denom];
            (voucher.rules, voucher.holdLog2) = (rules, holdLog2);
        }
    }

    function _limit(TokenBucket memory bucket) private view returns (ITransferSafeguardsMsgs.Limit memory) {
        return ITransferSafeguardsMsgs.Limit({
            capacity: bucket.capacity,
            period: bucket.period,
            available: bucket.available()
        });
    }
}
