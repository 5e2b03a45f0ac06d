//! Real local chains with Causeway between them, for the tour, tests and benchmarks.
