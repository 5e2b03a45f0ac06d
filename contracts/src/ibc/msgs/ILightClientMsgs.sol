// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.34;

import {IICS02ClientMsgs} from "./IICS02ClientMsgs.sol";

/// @title ILightClientMsgs
/// @notice What the router asks a light client, and what it answers.
interface ILightClientMsgs {
    /// @notice Asks whether `value` is stored under `path` at `proofHeight`.
    /// @param proof The evidence, in the light client's own encoding. A client may define an empty proof as "already
    /// proven in this transaction".
    /// @param proofHeight The height of the counterparty at which the value was read.
    /// @param path The key, one element per nested tree.
    /// @param value The value under the key.
    struct MsgVerifyMembership {
        bytes proof;
        IICS02ClientMsgs.Height proofHeight;
        bytes[] path;
        bytes value;
    }

    /// @notice Asks whether nothing is stored under `path` at `proofHeight`.
    /// @param proof As in `MsgVerifyMembership`.
    /// @param proofHeight As in `MsgVerifyMembership`.
    /// @param path As in `MsgVerifyMembership`.
    struct MsgVerifyNonMembership {
        bytes proof;
        IICS02ClientMsgs.Height proofHeight;
        bytes[] path;
    }

    /// @notice The outcome of an update.
    enum UpdateResult {
        /// A new height is trusted.
        Update,
        /// The update contradicts what is trusted; the client is frozen.
        Misbehaviour,
        /// The height was trusted already.
        NoOp
    }
}
