//! Signs finalized facts of one chain for the light clients of another.
