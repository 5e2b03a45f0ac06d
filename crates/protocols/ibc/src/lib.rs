//! IBC v2 without I/O: packets, commitments, encodings, attestations and the life of a packet.
