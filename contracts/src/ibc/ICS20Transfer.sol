// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IBCApp} from "./base/IBCApp.sol";
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
import {SenderCallbacks} from "./libraries/SenderCallbacks.sol";
import {TokenMetadata} from "./libraries/TokenMetadata.sol";
import {IIBCAppCallbacks} from "./msgs/IIBCAppCallbacks.sol";
import {IICS20TransferMsgs} from "./msgs/IICS20TransferMsgs.sol";
import {IICS26RouterMsgs} from "./msgs/IICS26RouterMsgs.sol";

/// @title ICS20Transfer
/// @notice Token transfer. A token that leaves home is locked in the client's escrow and stands in as a voucher on the
/// other side; a voucher on its way home is burned and the token unlocked. At any time, per client and token, no more
/// vouchers exist or are under way than tokens are locked.
contract ICS20Transfer is IICS20Transfer, IICS20Errors, IBCApp {
    using SafeERC20 for IERC20;

    /// @notice What stands for a denomination.
    /// @param token The token.
    /// @param custom Whether it was registered by hand, and not created here.
    struct Voucher {
        address token;
        bool custom;
    }

    /// @notice What a token stands for.
    /// @param denom The full trace; empty for a token at home on this chain.
    /// @param custom As in `Voucher`.
    struct Origin {
        string denom;
        bool custom;
    }

    /// @notice A token's way over a client; one slot, the only one of its own that a transfer reads.
    /// @param escrow The client's escrow.
    /// @param announced Whether the token's metadata was announced, or has none.
    struct Lane {
        address escrow;
        bool announced;
    }

    /// @custom:storage-location erc7201:causeway.storage.ICS20Transfer
    struct ICS20TransferStorage {
        mapping(string clientId => address) escrows;
        mapping(string clientId => mapping(address token => Lane)) lanes;
        mapping(string denom => Voucher) vouchers;
        mapping(address token => Origin) origins;
        UpgradeableBeacon escrowBeacon;
        UpgradeableBeacon ibcERC20Beacon;
        ISignatureTransfer permit2;
        string nativeName;
        string nativeSymbol;
        uint8 nativeDecimals;
    }

    /// @dev See ERC-7201.
    bytes32 private constant STORAGE = keccak256(abi.encode(uint256(keccak256("causeway.storage.ICS20Transfer")) - 1))
        & ~bytes32(uint256(0xff));

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
    constructor() {
        _disableInitializers();
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
        whenNotPaused
        returns (uint64)
    {
        return _collectAndSend(msg_, msg.sender);
    }

    /// @inheritdoc IICS20Transfer
    function sendTransferWithSender(IICS20TransferMsgs.SendTransferMsg calldata msg_, address sender)
        external
        nonReentrant
        whenNotPaused
        restricted
        returns (uint64)
    {
        return _collectAndSend(msg_, sender);
    }

    /// @inheritdoc IICS20Transfer
    function sendTransferWithPermit2(
        IICS20TransferMsgs.SendTransferMsg calldata msg_,
        ISignatureTransfer.PermitTransferFrom calldata permit,
        bytes calldata signature
    ) external nonReentrant whenNotPaused returns (uint64) {
        address token = msg_.denom;
        require(permit.permitted.token == token, ICS20Permit2TokenMismatch(permit.permitted.token, token));
        require(msg_.amount != 0, ICS20InvalidAmount(0));
        Lane storage lane = _openLane(msg_.sourceClient, token);
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
        return _send(msg_, lane, denom, returning, msg.sender);
    }

    /// @inheritdoc IIBCApp
    function onRecvPacket(IIBCAppCallbacks.OnRecvPacketCallback calldata msg_)
        external
        onlyRouter
        whenNotBusy
        nonReentrant
        whenNotPaused
        returns (bytes memory)
    {
        IICS26RouterMsgs.Payload calldata payload = msg_.payload;
        require(_is(payload.sourcePort, ICS20Codec.PORT_HASH), ICS20InvalidPort(ICS20Codec.PORT, payload.sourcePort));
        require(_is(payload.destPort, ICS20Codec.PORT_HASH), ICS20InvalidPort(ICS20Codec.PORT, payload.destPort));
        require(
            _is(payload.encoding, ICS20Codec.ENCODING_HASH),
            ICS20UnexpectedEncoding(ICS20Codec.ENCODING, payload.encoding)
        );
        if (_is(payload.version, ICS20Codec.VERSION_HASH)) {
            _receiveTransfer(msg_);
        } else {
            require(
                _is(payload.version, ICS20Codec.METADATA_VERSION_HASH),
                ICS20UnexpectedVersion(ICS20Codec.VERSION, payload.version)
            );
            _receiveMetadata(msg_);
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
        if (_is(msg_.payload.version, ICS20Codec.METADATA_VERSION_HASH)) return;

        bytes calldata data = ICS20Codec.tuple(msg_.payload.value, 5);
        address sender = _mustParse(ICS20Codec.stringAt(data, 1));
        bool success = !ICS24Host.isErrorAcknowledgement(msg_.acknowledgement);
        if (!success) _refund(msg_.sourceClient, data, sender);
        SenderCallbacks.acknowledged(sender, success, msg_);
    }

    /// @inheritdoc IIBCApp
    function onTimeoutPacket(IIBCAppCallbacks.OnTimeoutPacketCallback calldata msg_)
        external
        onlyRouter
        nonReentrant
    {
        if (_is(msg_.payload.version, ICS20Codec.METADATA_VERSION_HASH)) {
            _forgetAnnouncement(msg_.sourceClient, ICS20Codec.stringAt(ICS20Codec.tuple(msg_.payload.value, 4), 0));
            return;
        }
        bytes calldata data = ICS20Codec.tuple(msg_.payload.value, 5);
        address sender = _mustParse(ICS20Codec.stringAt(data, 1));
        _refund(msg_.sourceClient, data, sender);
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
        $.vouchers[denom] = Voucher({token: token, custom: true});
        $.origins[token] = Origin({denom: denom, custom: true});
    }

    /// @inheritdoc IICS20Transfer
    function setNativeMetadata(string calldata name_, string calldata symbol_, uint8 decimals_) external restricted {
        ICS20TransferStorage storage $ = _storage();
        _requireShort(name_);
        _requireShort(symbol_);
        ($.nativeName, $.nativeSymbol, $.nativeDecimals) = (name_, symbol_, decimals_);
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
    function metadataAnnounced(string calldata clientId, address token) external view returns (bool) {
        return _storage().lanes[clientId][token].announced;
    }

    /// @inheritdoc IICS20Transfer
    function nativeMetadata() external view returns (string memory, string memory, uint8) {
        ICS20TransferStorage storage $ = _storage();
        return ($.nativeName, $.nativeSymbol, $.nativeDecimals);
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

        Lane storage lane = _openLane(msg_.sourceClient, token);
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
        return _send(msg_, lane, denom, returning, sender);
    }

    function _send(
        IICS20TransferMsgs.SendTransferMsg calldata msg_,
        Lane storage lane,
        string memory denom,
        bool returning,
        address sender
    ) private returns (uint64) {
        bool atHome = bytes(denom).length == 0;
        if (atHome) denom = HexAddress.format(msg_.denom);
        if (!returning && !lane.announced) _announce(msg_, lane, denom, atHome);
        return _sendPacket(
            msg_,
            ICS20Codec.VERSION,
            abi.encode(
                IICS20TransferMsgs.FungibleTokenPacketData({
                    denom: denom,
                    sender: HexAddress.format(sender),
                    receiver: msg_.receiver,
                    amount: msg_.amount,
                    memo: msg_.memo
                })
            )
        );
    }

    /// @dev Tells the other side what the token is called, in a packet of its own: the transfer's is the standard's.
    function _announce(
        IICS20TransferMsgs.SendTransferMsg calldata msg_,
        Lane storage lane,
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
        lane.announced = true;
        if (known) _sendPacket(msg_, ICS20Codec.METADATA_VERSION, abi.encode(metadata));
    }

    function _sendPacket(
        IICS20TransferMsgs.SendTransferMsg calldata msg_,
        string memory version,
        bytes memory value
    ) private returns (uint64) {
        return _router().sendPacket(
            IICS26RouterMsgs.MsgSendPacket({
                sourceClient: msg_.sourceClient,
                timeoutTimestamp: msg_.timeoutTimestamp,
                payload: IICS26RouterMsgs.Payload({
                    sourcePort: ICS20Codec.PORT,
                    destPort: ICS20Codec.PORT,
                    version: version,
                    encoding: ICS20Codec.ENCODING,
                    value: value
                })
            })
        );
    }

    function _receiveTransfer(IIBCAppCallbacks.OnRecvPacketCallback calldata msg_) private {
        bytes calldata data = ICS20Codec.tuple(msg_.payload.value, 5);
        uint256 amount = ICS20Codec.wordAt(data, 3);
        require(amount != 0, ICS20InvalidAmount(0));
        string calldata receiverText = ICS20Codec.stringAt(data, 2);
        address receiver = _mustParse(receiverText);
        require(receiver != address(0), ICS20InvalidAddress(receiverText));

        string calldata denom = ICS20Codec.stringAt(data, 0);
        (bool returning, string calldata home) = ICS20Codec.stripHop(denom, msg_.sourceClient);
        if (returning) {
            // The trace's last hop is this client's: the token was locked here.
            _escrowOf(msg_.destinationClient).send(_tokenOf(home), receiver, amount);
        } else {
            _mint(_voucherFor(msg_.destinationClient, denom), msg_.destinationClient, receiver, amount);
        }
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
    function _refund(string calldata sourceClient, bytes calldata data, address sender) private {
        string calldata denom = ICS20Codec.stringAt(data, 0);
        uint256 amount = ICS20Codec.wordAt(data, 3);
        (bool returning,) = ICS20Codec.stripHop(denom, sourceClient);
        if (returning) {
            Voucher memory voucher = _storage().vouchers[denom];
            require(voucher.token != address(0), ICS20DenomNotFound(denom));
            _mint(voucher, sourceClient, sender, amount);
        } else {
            _escrowOf(sourceClient).send(_tokenOf(denom), sender, amount);
        }
    }

    /// @dev A token registered by hand is minted to the escrow first, as the standard's implementations do; those of
    /// our own making reach the receiver in one step.
    function _mint(Voucher memory voucher, string calldata clientId, address receiver, uint256 amount) private {
        if (voucher.custom) {
            address escrow = _getOrCreateEscrow(clientId);
            IMintableAndBurnable(voucher.token).mint(escrow, amount);
            IEscrow(escrow).send(voucher.token, receiver, amount);
        } else {
            IMintableAndBurnable(voucher.token).mint(receiver, amount);
        }
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
        string memory denom = string(abi.encodePacked(ICS20Codec.hop(destClient), denomOnSrc));
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

    function _openLane(string calldata clientId, address token) private returns (Lane storage lane) {
        lane = _storage().lanes[clientId][token];
        if (lane.escrow == address(0)) lane.escrow = _getOrCreateEscrow(clientId);
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

    function _mustParse(string calldata text) private pure returns (address account) {
        bool valid;
        (valid, account) = HexAddress.parse(bytes(text));
        require(valid, ICS20InvalidAddress(text));
    }

    function _requireShort(string calldata text) private pure {
        require(
            bytes(text).length <= TokenMetadata.MAX_LENGTH, ICS20MetadataTooLong(bytes(text).length)
        );
    }

    function _is(string calldata text, bytes32 hash) private pure returns (bool) {
        return keccak256(bytes(text)) == hash;
    }

    function _storage() private pure returns (ICS20TransferStorage storage $) {
        bytes32 slot = STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
