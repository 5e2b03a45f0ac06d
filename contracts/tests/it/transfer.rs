//! Tokens there and back.
