// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {TransferSafeguards} from "./TransferSafeguards.sol";
import {IBCApp} from "./base/IBCApp.sol";
import {TransferState} from "./base/TransferState.sol";
import {IICS20Errors} from "./errors/IICS20Errors.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IIBCApp} from "./interfaces/IIBCApp.sol";
import {IIBCERC20} from "./interfaces/IIBCERC20.sol";
import {IICS20Transfer} from "./interfaces/IICS20Transfer.sol";
import {IMintableAndBurnable} from "./interfaces/IMintableAndBurnable.sol";
import {ISignatureTransfer} from "./interfaces/ISignatureTransfer.sol";
import {HexAddress} from "./libraries/HexAddress.sol";
import {ICS20Codec} from "./libraries/ICS20Codec.sol";
import {ICS24Host} from "./libraries/ICS24Host.sol";
import {NativeCoin} from "./libraries/NativeCoin.sol";
import {RouterCalls} from "./libraries/RouterCalls.sol";
import {SenderCallbacks} from "./libraries/SenderCallbacks.sol";
import {TokenBucket, TokenBuckets} from "./libraries/TokenBucket.sol";
import {TokenMetadata} from "./libraries/TokenMetadata.sol";
import {IIBCAppCallbacks} from "./msgs/IIBCAppCallbacks.sol";
import {IICS20TransferMsgs} from "./msgs/IICS20TransferMsgs.sol";
import {IICS26RouterMsgs} from "./msgs/IICS26RouterMsgs.sol";
import {ShortText} from "./types/ShortText.sol";

/// @title ICS20Transfer
/// @notice Token transfer. A token that leaves home is locked in the client's escrow and stands in as a voucher on the
/// other side; a voucher on its way home is burned and the token unlocked. At any time, per client and token, no more
/// vouchers exist or are under way than tokens are locked.
contract ICS20Transfer is IICS20Transfer, IICS20Errors, TransferState, IBCApp {
    using SafeERC20 for IERC20;
    using TokenBuckets for TokenBucket;

    /// @dev The other half of this contract's code.
    address private immutable SAFEGUARDS;

    /// @dev Only the router may call.
    modifier onlyRouter() {
        require(msg.sender == address(_router()), ICS20Unauthorized(msg.sender));
        _;
    }

    /// @dev A packet that arrives while a transfer is under way is sent back without a reason, which the router does
    /// not take for an answer: anybody relays, and a token of his own making lets him do so from within a transfer.
    /// With a reason, he could have anybody's packet refused for good.
    modifier whenNotBusy() {
        if (_reentrancyGuardEntered()) revert();
        _;
    }

    /// @notice The implementation itself is never initialized.
    /// @param safeguards The code of `TransferSafeguards`.
    constructor(address safeguards) {
        require(safeguards.code.length != 0, ICS20NoSafeguards(safeguards));
        SAFEGUARDS = safeguards;
        _disableInitializers();
    }

    /// @notice Every function that is not here is one of `TransferSafeguards`.
    fallback() external {
        address safeguards = SAFEGUARDS;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let success := delegatecall(gas(), safeguards, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(success) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }

    /// @inheritdoc IICS20Transfer
    function initialize(
        address ics26Router,
        address escrowLogic,
        address ibcERC20Logic,
        address permit2,
        address authority_
    ) external initializer {
        __IBCApp_init(ics26Router, authority_);
        ICS20TransferStorage storage $ = _storage();
        $.escrowBeacon = new UpgradeableBeacon(escrowLogic, address(this));
        $.ibcERC20Beacon = new UpgradeableBeacon(ibcERC20Logic, address(this));
        $.permit2 = ISignatureTransfer(permit2);
        $.nativeName = "Ether";
        $.nativeSymbol = "ETH";
        $.nativeDecimals = 18;
    }

    /// @inheritdoc IICS20Transfer
    function sendTransfer(IICS20TransferMsgs.SendTransferMsg calldata msg_)
        external
        payable
        nonReentrant
        returns (uint64)
    {
        return _collectAndSend(msg_, msg.sender);
    }

    /// @inheritdoc IICS20Transfer
    function sendTransferWithSender(IICS20TransferMsgs.SendTransferMsg calldata msg_, address sender)
        external
        nonReentrant
        restricted
        returns (uint64)
    {
        // The application's own name marks what it returns, see `_refund`.
        require(sender != address(this), ICS20Unauthorized(sender));
        return _collectAndSend(msg_, sender);
    }

    /// @inheritdoc IICS20Transfer
    function sendTransferWithPermit2(
        IICS20TransferMsgs.SendTransferMsg calldata msg_,
        ISignatureTransfer.PermitTransferFrom calldata permit,
        bytes calldata signature
    ) external nonReentrant returns (uint64) {
        address token = msg_.denom;
        require(permit.permitted.token == token, ICS20Permit2TokenMismatch(permit.permitted.token, token));
        require(msg_.amount != 0, ICS20InvalidAmount(0));
        Lane memory lane = _enterLane(msg_);
        address escrow = lane.escrow;

        uint256 expected = _escrowBalance(token, escrow) + msg_.amount;
        _storage().permit2.permitTransferFrom(
            permit,
            ISignatureTransfer.SignatureTransferDetails({to: escrow, requestedAmount: msg_.amount}),
            msg.sender,
            signature
        );
        _requireBalance(token, escrow, expected);

        Origin storage origin = _storage().origins[token];
        string memory denom = origin.denom;
        bool returning = ICS20Codec.startsWithHop(denom, msg_.sourceClient);
        if (returning) IMintableAndBurnable(token).burn(escrow, msg_.amount);
        return _send(msg_, lane.announced, denom, returning, msg.sender);
    }

    /// @inheritdoc IIBCApp
    function onRecvPacket(IIBCAppCallbacks.OnRecvPacketCallback calldata msg_)
        external
        onlyRouter
        whenNotBusy
        nonReentrant
        returns (bytes memory)
    {
        uint256 clientRules = _waitUntilOpen(msg_.destinationClient);
        IICS26RouterMsgs.Payload calldata payload = msg_.payload;
        _requirePort(payload.sourcePort);
        _requirePort(payload.destPort);
        if (!ICS20Codec.ENCODING.equals(payload.encoding)) {
            revert ICS20UnexpectedEncoding(ICS20Codec.ENCODING.toString(), payload.encoding);
        }
        if (ICS20Codec.VERSION.equals(payload.version)) {
            _receiveTransfer(msg_, clientRules);
        } else if (ICS20Codec.METADATA_VERSION.equals(payload.version)) {
            _receiveMetadata(msg_);
        } else {
            revert ICS20UnexpectedVersion(ICS20Codec.VERSION.toString(), payload.version);
        }
        return ICS20Codec.SUCCESS;
    }

    /// @inheritdoc IIBCApp
    function onAcknowledgementPacket(IIBCAppCallbacks.OnAcknowledgementPacketCallback calldata msg_)
        external
        onlyRouter
        nonReentrant
    {
        // A counterparty that does not know metadata answers with the error acknowledgement, which is no harm.
        if (ICS20Codec.METADATA_VERSION.equals(msg_.payload.version)) return;

        bytes calldata data = ICS20Codec.tuple(msg_.payload.value, 5);
        address sender = _mustParse(ICS20Codec.stringAt(data, 1));
        bool success = !ICS24Host.isErrorAcknowledgement(msg_.acknowledgement);
        if (!success) _refund(msg_.sourceClient, msg_.sequence, data, sender);
        SenderCallbacks.acknowledged(sender, success, msg_);
    }

    /// @inheritdoc IIBCApp
    function onTimeoutPacket(IIBCAppCallbacks.OnTimeoutPacketCallback calldata msg_)
        external
        onlyRouter
        nonReentrant
    {
        if (ICS20Codec.METADATA_VERSION.equals(msg_.payload.version)) {
            _forgetAnnouncement(msg_.sourceClient, ICS20Codec.stringAt(ICS20Codec.tuple(msg_.payload.value, 4), 0));
            return;
        }
        bytes calldata data = ICS20Codec.tuple(msg_.payload.value, 5);
        address sender = _mustParse(ICS20Codec.stringAt(data, 1));
        _refund(msg_.sourceClient, msg_.sequence, data, sender);
        SenderCallbacks.timedOut(sender, msg_);
    }

    /// @inheritdoc IICS20Transfer
    function setCustomERC20(string calldata denom, address token) external restricted {
        ICS20TransferStorage storage $ = _storage();
        // Nothing but a trace: what is registered goes before what is an address when tokens are unlocked.
        require(bytes9(bytes(denom)) == "transfer/", ICS20InvalidDenom(denom));
        require($.vouchers[denom].token == address(0), ICS20DenomAlreadyExists(denom));
        string memory standsFor = $.origins[token].denom;
        require(bytes(standsFor).length == 0, ICS20TokenAlreadyExists(standsFor));
        require(token.code.length != 0, ICS20TokenHasNoCode(token));
        Lane memory lane = $.lanes[ICS20Codec.clientOf(denom)][token];
        $.vouchers[denom] = Voucher(token, true, lane.rules, lane.holdLog2);
        $.origins[token] = Origin({denom: denom, custom: true});
    }

    /// @inheritdoc IICS20Transfer
    function upgradeEscrowTo(address newEscrowLogic) external restricted {
        _storage().escrowBeacon.upgradeTo(newEscrowLogic);
    }

    /// @inheritdoc IICS20Transfer
    function upgradeIBCERC20To(address newIbcERC20Logic) external restricted {
        _storage().ibcERC20Beacon.upgradeTo(newIbcERC20Logic);
    }

    /// @inheritdoc IICS20Transfer
    function getEscrow(string calldata clientId) external view returns (address) {
        return _storage().escrows[clientId];
    }

    /// @inheritdoc IICS20Transfer
    function ibcERC20Contract(string calldata denom) external view returns (address token) {
        token = _storage().vouchers[denom].token;
        require(token != address(0), ICS20DenomNotFound(denom));
    }

    /// @inheritdoc IICS20Transfer
    function ibcERC20Denom(address token) external view returns (string memory) {
        return _storage().origins[token].denom;
    }

    /// @inheritdoc IICS20Transfer
    function getEscrowBeacon() external view returns (address) {
        return address(_storage().escrowBeacon);
    }

    /// @inheritdoc IICS20Transfer
    function getIBCERC20Beacon() external view returns (address) {
        return address(_storage().ibcERC20Beacon);
    }

    /// @inheritdoc IICS20Transfer
    function getPermit2() external view returns (address) {
        return address(_storage().permit2);
    }

    /// @dev Takes the caller's tokens and sends the packet in the sender's name.
    function _collectAndSend(IICS20TransferMsgs.SendTransferMsg calldata msg_, address sender)
        private
        returns (uint64)
    {
        address token = msg_.denom;
        uint256 amount = msg_.amount;
        bool native = token == NativeCoin.TOKEN;
        require(amount != 0 && msg.value == (native ? amount : 0), ICS20InvalidAmount(amount));

        Lane memory lane = _enterLane(msg_);
        address escrow = lane.escrow;
        string memory denom;
        bool returning;
        if (native) {
            Address.sendValue(payable(escrow), amount);
        } else {
            Origin storage origin = _storage().origins[token];
            denom = origin.denom;
            returning = bytes(denom).length != 0 && ICS20Codec.startsWithHop(denom, msg_.sourceClient);
            if (returning && !origin.custom) {
                // The caller asks for it, and the voucher obeys this contract: no allowance is needed.
                IMintableAndBurnable(token).burn(msg.sender, amount);
            } else {
                uint256 expected = _escrowBalance(token, escrow) + amount;
                IERC20(token).safeTransferFrom(msg.sender, escrow, amount);
                _requireBalance(token, escrow, expected);
                if (returning) IMintableAndBurnable(token).burn(escrow, amount);
            }
        }
        return _send(msg_, lane.announced, denom, returning, sender);
    }

    function _send(
        IICS20TransferMsgs.SendTransferMsg calldata msg_,
        bool announced,
        string memory denom,
        bool returning,
        address sender
    ) private returns (uint64) {
        bool atHome = bytes(denom).length == 0;
        if (atHome) denom = HexAddress.format(msg_.denom);
        if (!returning && !announced) _announce(msg_, denom, atHome);
        return _sendPacket(
            msg_,
            ICS20Codec.VERSION,
            ICS20Codec.encodeTransfer(denom, HexAddress.format(sender), msg_.receiver, msg_.amount, msg_.memo)
        );
    }

    /// @dev Tells the other side what the token is called, in a packet of its own: the transfer's is the standard's.
    function _announce(
        IICS20TransferMsgs.SendTransferMsg calldata msg_,
        string memory denom,
        bool atHome
    ) private {
        ICS20TransferStorage storage $ = _storage();
        address token = msg_.denom;
        IICS20TransferMsgs.TokenMetadata memory metadata;
        metadata.denom = denom;
        bool known = true;
        if (token == NativeCoin.TOKEN) {
            (metadata.name, metadata.symbol, metadata.decimals) = ($.nativeName, $.nativeSymbol, $.nativeDecimals);
        } else {
            // A voucher that is passed on may not know its own metadata yet; the next transfer asks again.
            if (!atHome && !$.origins[token].custom && !IIBCERC20(token).metadataSet()) return;
            (known, metadata.decimals) = TokenMetadata.decimals(token);
            metadata.name = TokenMetadata.name(token);
            metadata.symbol = TokenMetadata.symbol(token);
        }
        $.lanes[msg_.sourceClient][token].announced = true;
        if (known) _sendPacket(msg_, ICS20Codec.METADATA_VERSION, abi.encode(metadata));
    }

    function _sendPacket(
        IICS20TransferMsgs.SendTransferMsg calldata msg_,
        ShortText version,
        bytes memory value
    ) private returns (uint64) {
        return RouterCalls.sendPacket(
            _router(),
            msg_.sourceClient,
            msg_.timeoutTimestamp,
            ICS20Codec.PORT,
            version,
            ICS20Codec.ENCODING,
            value
        );
    }

    function _receiveTransfer(IIBCAppCallbacks.OnRecvPacketCallback calldata msg_, uint256 clientRules) private {
        bytes calldata data = ICS20Codec.tuple(msg_.payload.value, 5);
        uint256 amount = ICS20Codec.wordAt(data, 3);
        require(amount != 0, ICS20InvalidAmount(0));
        string calldata receiverText = ICS20Codec.stringAt(data, 2);
        address receiver = _mustParse(receiverText);
        require(receiver != address(0), ICS20InvalidAddress(receiverText));

        string calldata clientId = msg_.destinationClient;
        string calldata denom = ICS20Codec.stringAt(data, 0);
        (bool returning, string calldata home) = ICS20Codec.stripHop(denom, msg_.sourceClient);
        if (returning) {
            // The trace's last hop is this client's: the token was locked here.
            address token = _tokenOf(home);
            Lane memory lane = _storage().lanes[clientId][token];
            require(lane.escrow != address(0), ICS20EscrowNotFound(clientId));
            Voucher memory unlocked = Voucher(token, false, lane.rules, lane.holdLog2);
            if (_admit(clientId, clientRules, unlocked, amount, receiver, data)) {
                IEscrow(lane.escrow).send(token, receiver, amount);
            }
        } else {
            Voucher memory voucher = _voucherFor(clientId, denom);
            if (_admit(clientId, clientRules, voucher, amount, receiver, data)) {
                _mintVoucher(voucher, clientId, receiver, amount);
            }
        }
    }

    /// @dev Counts what arrives against the token's limit, and decides whether it is paid out now. What is held counts
    /// as well: whoever forges packets gains nothing by making them large.
    function _admit(
        string calldata clientId,
        uint256 clientRules,
        Voucher memory arriving,
        uint256 amount,
        address receiver,
        bytes calldata data
    ) private returns (bool paysOut) {
        if (arriving.rules & (LIMITS_INCOMING | HOLDS_INCOMING) == 0) {
            // Without a reason, as in `_waitUntilOpen`: what has no limit where it must have one waits.
            if (clientRules & LIMITS_REQUIRED != 0) revert();
            return true;
        }
        Safeguards storage safeguards = _storage().safeguards[clientId][arriving.token];
        if (arriving.rules & LIMITS_INCOMING != 0) {
            // And so does what is over the limit.
            if (!safeguards.incoming.take(amount)) revert();
        } else if (clientRules & LIMITS_REQUIRED != 0) {
            revert();
        }
        // An amount with fewer bits than the threshold is less, and one look at storage is spared.
        bool holds = arriving.rules & HOLDS_INCOMING != 0 && amount >> arriving.holdLog2 != 0;
        if (!holds || amount < safeguards.holdFrom) return true;
        string calldata sender = ICS20Codec.stringAt(data, 1);
        Address.functionDelegateCall(
            SAFEGUARDS, abi.encodeCall(TransferSafeguards.hold, (clientId, arriving.token, amount, receiver, sender))
        );
    }

    function _receiveMetadata(IIBCAppCallbacks.OnRecvPacketCallback calldata msg_) private {
        bytes calldata data = ICS20Codec.tuple(msg_.payload.value, 4);
        string calldata denom = ICS20Codec.stringAt(data, 0);
        string calldata name = ICS20Codec.stringAt(data, 1);
        string calldata symbol = ICS20Codec.stringAt(data, 2);
        uint256 decimals = ICS20Codec.wordAt(data, 3);
        require(decimals <= type(uint8).max, ICS20MalformedPacketData());
        _requireShort(name);
        _requireShort(symbol);
        (bool returning,) = ICS20Codec.stripHop(denom, msg_.sourceClient);
        require(!returning, ICS20MetadataNotAccepted(denom));
        Voucher memory voucher = _voucherFor(msg_.destinationClient, denom);
        require(!voucher.custom, ICS20MetadataNotAccepted(denom));
        IIBCERC20(voucher.token).setMetadata(name, symbol, uint8(decimals));
    }

    /// @dev Gives back what `_collectAndSend` took: unlocks, or mints anew what was burned.
    function _refund(string calldata sourceClient, uint64 sequence, bytes calldata data, address sender) private {
        if (sender == address(this)) {
            // What the application sent in its own name was held before: see `TransferSafeguards.returnVetoed`.
            Address.functionDelegateCall(
                SAFEGUARDS, abi.encodeCall(TransferSafeguards.holdAgain, (sourceClient, sequence))
            );
            return;
        }
        string calldata denom = ICS20Codec.stringAt(data, 0);
        uint256 amount = ICS20Codec.wordAt(data, 3);
        (bool returning,) = ICS20Codec.stripHop(denom, sourceClient);
        if (returning) {
            Voucher memory voucher = _storage().vouchers[denom];
            require(voucher.token != address(0), ICS20DenomNotFound(denom));
            _mintVoucher(voucher, sourceClient, sender, amount);
        } else {
            _escrowOf(sourceClient).send(_tokenOf(denom), sender, amount);
        }
    }

    function _mintVoucher(Voucher memory voucher, string calldata clientId, address receiver, uint256 amount) private {
        address escrow = voucher.custom ? _getOrCreateEscrow(clientId) : address(0);
        _mint(voucher.token, voucher.custom, escrow, receiver, amount);
    }

    function _forgetAnnouncement(string calldata sourceClient, string calldata denom) private {
        _storage().lanes[sourceClient][_tokenOf(denom)].announced = false;
    }

    /// @dev The token on this chain of a trace seen from this chain: a voucher that was passed on, or an address.
    function _tokenOf(string calldata denom) private view returns (address token) {
        token = _storage().vouchers[denom].token;
        if (token == address(0)) {
            (, token) = HexAddress.parse(bytes(denom));
            require(token != address(0), ICS20DenomNotFound(denom));
        }
    }

    function _voucherFor(string calldata destClient, string calldata denomOnSrc)
        private
        returns (Voucher memory voucher)
    {
        ICS20TransferStorage storage $ = _storage();
        string memory denom = string(abi.encodePacked(ICS20Codec.HOP, destClient, "/", denomOnSrc));
        voucher = $.vouchers[denom];
        if (voucher.token == address(0)) {
            address escrow = _getOrCreateEscrow(destClient);
            voucher.token = address(
                new BeaconProxy(
                    address($.ibcERC20Beacon),
                    abi.encodeCall(IIBCERC20.initialize, (address(this), escrow, denom))
                )
            );
            $.vouchers[denom] = voucher;
            $.origins[voucher.token].denom = denom;
            emit IBCERC20ContractCreated(voucher.token, denom);
        }
    }

    /// @dev The token's lane, if the amount may be sent over it.
    function _enterLane(IICS20TransferMsgs.SendTransferMsg calldata msg_) private returns (Lane memory lane) {
        (string calldata clientId, address token) = (msg_.sourceClient, msg_.denom);
        uint256 clientRules = _requireOpen(clientId);
        ICS20TransferStorage storage $ = _storage();
        lane = $.lanes[clientId][token];
        if (lane.escrow == address(0)) {
            lane.escrow = _getOrCreateEscrow(clientId);
            $.lanes[clientId][token].escrow = lane.escrow;
        }
        if (lane.rules & LIMITS_OUTGOING != 0) {
            TokenBucket storage bucket = $.safeguards[clientId][token].outgoing;
            if (!bucket.take(msg_.amount)) {
                TokenBucket memory limit = bucket;
                revert ICS20LimitExceeded(token, msg_.amount, limit.available(), limit.availableAt(msg_.amount));
            }
        } else {
            require(clientRules & LIMITS_REQUIRED == 0, ICS20LimitRequired(clientId, token));
        }
    }

    function _getOrCreateEscrow(string calldata clientId) private returns (address escrow) {
        ICS20TransferStorage storage $ = _storage();
        escrow = $.escrows[clientId];
        if (escrow == address(0)) {
            escrow = address(
                new BeaconProxy(address($.escrowBeacon), abi.encodeCall(IEscrow.initialize, (address(this))))
            );
            $.escrows[clientId] = escrow;
        }
    }

    function _escrowOf(string calldata clientId) private view returns (IEscrow escrow) {
        escrow = IEscrow(_storage().escrows[clientId]);
        require(address(escrow) != address(0), ICS20EscrowNotFound(clientId));
    }

    function _escrowBalance(address token, address escrow) private view returns (uint256) {
        require(token.code.length != 0, ICS20TokenHasNoCode(token));
        return IERC20(token).balanceOf(escrow);
    }

    /// @dev A token that keeps a fee, or lies about its transfers, would leave vouchers without cover.
    function _requireBalance(address token, address escrow, uint256 expected) private view {
        uint256 actual = IERC20(token).balanceOf(escrow);
        require(actual == expected, ICS20UnexpectedERC20Balance(expected, actual));
    }

    function _requirePort(string calldata port) private pure {
        if (!ICS20Codec.PORT.equals(port)) revert ICS20InvalidPort(ICS20Codec.PORT.toString(), port);
    }

    function _mustParse(string calldata text) private pure returns (address account) {
        bool valid;
        (valid, account) = HexAddress.parse(bytes(text));
        require(valid, ICS20InvalidAddress(text));
    }
}
