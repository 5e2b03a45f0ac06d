//! Gas that is measured, beside what was measured before and what it may be at most.

use std::collections::BTreeMap;

/// Compares what operations cost with the checked-in snapshot and with their targets. `UPDATE_SNAPSHOTS=1`
/// rewrites the snapshot; a figure beyond its target fails all the same.
pub fn check(file: &str, measured: &BTreeMap<String, u64>, targets: &[(&str, u64)]) {
    let text = serde_json::to_string_pretty(measured).unwrap() + "\n";
    println!("{text}");
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots");
    let path = format!("{directory}/{file}");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(directory).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    for (operation, target) in targets {
        let gas = measured[*operation];
        assert!(
            gas <= *target,
            "{operation} costs {gas}, which is more than {target}"
        );
    }
    let snapshot =
        std::fs::read_to_string(&path).expect("no snapshot; run with UPDATE_SNAPSHOTS=1");
    let snapshot: BTreeMap<String, u64> = serde_json::from_str(&snapshot).unwrap();
    assert_eq!(
        *measured, snapshot,
        "gas changed; if it should have, run with UPDATE_SNAPSHOTS=1"
    );
}
