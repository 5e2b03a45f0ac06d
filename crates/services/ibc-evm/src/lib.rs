//! IBC v2 on EVM chains: events, commitments, messages, deployment.
