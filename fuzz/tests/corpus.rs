//! What fuzzing has found interesting is read again, by every build.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use causeway_fuzz::TARGETS;

fn corpus() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

#[test]
fn every_input_of_the_corpus_is_read_without_a_crash() {
    for (name, decode) in TARGETS {
        let (mut accepted, mut refused) = (0, 0);
        let inputs = fs::read_dir(corpus().join(name))
            .unwrap_or_else(|error| panic!("no corpus of {name}: {error}"));
        for input in inputs {
            let path = input.unwrap().path();
            // A crash is reported with the input that caused it.
            eprintln!("{}", path.display());
            if decode(&fs::read(&path).unwrap()) {
                accepted += 1;
            } else {
                refused += 1;
            }
        }
        // A decoder that takes all or nothing is not tried by its corpus.
        assert!(
            accepted > 0 && refused > 0,
            "{name}: {accepted} accepted, {refused} refused"
        );
    }
}

#[test]
fn every_corpus_has_its_decoder() {
    let named: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let kept: BTreeSet<String> = fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(named, kept);
    let mut targets = BTreeSet::new();
    for entry in fs::read_dir(corpus().with_file_name("targets")).unwrap() {
        let path = entry.unwrap().path();
        targets.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
    }
    assert_eq!(named, targets);
}
