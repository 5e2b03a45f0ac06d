//! What a light client says of itself.

use alloy::sol;

sol! {
    /// An attestation light client's state, as `getClientState` encodes it.
    #[derive(Debug, PartialEq, Eq)]
    struct ClientState {
        /// Whose signatures count.
        address[] attestorAddresses;
        /// How many of them must sign.
        uint8 minRequiredSigs;
        /// The highest height of the other chain that it was told of.
        uint64 latestHeight;
        /// Whether misbehaviour was proven.
        bool isFrozen;
    }
}
