//! The wall around the emulator: whose services it plays is no business of its own.
//! It may depend on no crate of the product, and use none of the product's words.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail with them")]

use std::fs;
use std::path::Path;

use toml::{Table, Value};

/// The kinds of dependencies that a manifest may have.
const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

fn manifest(path: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(path).unwrap().parse().unwrap()
}

#[test]
fn no_crate_of_ours_is_behind_it() {
    let workspace = manifest("../../Cargo.toml");
    let known = workspace["workspace"]["dependencies"].as_table().unwrap();
    let is_ours = |name: &str| known[name].get("path").is_some();
    assert!(is_ours("types") && is_ours("emulator") && !is_ours("axum"));
    let own = manifest("Cargo.toml");
    assert!(
        own.get("target").is_none(),
        "all its dependencies are in {KINDS:?}"
    );
    let dependencies = KINDS.iter().filter_map(|kind| own.get(*kind)?.as_table());
    let mut looked_at = 0;
    for (name, source) in dependencies.flatten() {
        // Anything else could be one of ours by another name.
        let source = source.as_table().unwrap();
        let from_workspace = source.get("workspace") == Some(&Value::Boolean(true));
        assert!(from_workspace && source.len() == 1, "{name}: {source:?}");
        assert!(!is_ours(name), "the emulator depends on {name}");
        looked_at += 1;
    }
    assert!(looked_at > 10, "{looked_at} dependencies");
}

/// Words of the product's: of its table's keys, of its procedure, of its name.
const WORDS: [&str; 18] = [
    "agent#",
    "audited",
    "catalog",
    "closure",
    "desk",
    "escalat",
    "givenup",
    "idempotency",
    "inbound#",
    "mailday",
    "mailroom",
    "notifier",
    "officer",
    "outbox",
    "ticket",
    "timer#",
    "unsent",
    "uspec",
];

#[test]
fn no_word_of_the_product_is_in_it() {
    let mut read = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            read += 1;
            let text = fs::read_to_string(&path).unwrap().to_lowercase();
            for (line, number) in text.lines().zip(1..) {
                let word = WORDS.iter().find(|word| line.contains(**word));
                assert_eq!(word, None, "{}:{number}: {line}", path.display());
            }
        }
    }
    assert!(read > 20, "{read} files");
}
