//! Other code in place of a contract's own: how `cargo xtask defences` shows that a test fails when a check is
//! missing, without building the tests anew.

use std::sync::OnceLock;

use alloy::primitives::Bytes;

/// Names a file with a JSON list of pairs: a creation code, and the one to deploy in its place.
const VARIABLE: &str = "CAUSEWAY_SUBSTITUTE_BYTECODE";

/// The code to deploy: the one given, with its arguments, unless another is to take its place.
pub fn instead_of(code: Bytes) -> Bytes {
    static PAIRS: OnceLock<Vec<(Bytes, Bytes)>> = OnceLock::new();
    let pairs = PAIRS.get_or_init(|| {
        std::env::var_os(VARIABLE).map_or_else(Vec::new, |path| {
            let text = std::fs::read_to_string(path).expect("the list of substitutes");
            serde_json::from_str(&text).expect("a list of pairs of bytecodes")
        })
    });
    let found = pairs.iter().find(|(own, _)| code.starts_with(own));
    found.map_or(code.clone(), |(own, other)| {
        [other, &code[own.len()..]].concat().into()
    })
}
