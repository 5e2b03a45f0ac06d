//! Carries packets, acknowledgements and timeouts between IBC hosts.
