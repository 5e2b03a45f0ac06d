//! Measures the relayer on real local chains.
