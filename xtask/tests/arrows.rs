//! The arrows of the house point down. This test reads what Cargo knows, and fails on an arrow that is not in
//! the table of ARCHITECTURE.md.
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::BTreeMap;

/// Crate, and the crates of ours that it may depend on.
const TABLE: &[(&str, &[&str])] = &[
    ("hanbeon-domain", &[]),
    ("toss-client", &[]),
    ("toss-sandbox", &[]),
    ("demo-shop", &[]),
    ("xtask", &[]),
    ("hanbeon-store", &["hanbeon-domain"]),
    ("hanbeon-psp", &["hanbeon-domain", "toss-client"]),
    ("hanbeon-store-sqlite", &["hanbeon-domain", "hanbeon-store"]),
    ("hanbeon-store-postgres", &["hanbeon-domain", "hanbeon-store"]),
    ("hanbeon-app", &["hanbeon-domain", "hanbeon-store", "hanbeon-psp"]),
    ("hanbeon-api", &["hanbeon-domain", "hanbeon-app"]),
    (
        "hanbeon",
        &[
            "hanbeon-domain",
            "hanbeon-store",
            "hanbeon-store-sqlite",
            "hanbeon-store-postgres",
            "hanbeon-psp",
            "hanbeon-app",
            "hanbeon-api",
            "demo-shop",
            "toss-client",
            "toss-sandbox",
        ],
    ),
    // For development only; nothing above depends on these but in tests.
    ("hanbeon-testkit", &["hanbeon-domain", "hanbeon-store", "hanbeon-psp", "hanbeon-app"]),
    ("hanbeon-bench", &["hanbeon-domain", "hanbeon-store", "toss-client", "toss-sandbox"]),
];

/// Crates of others that may not be below a layer: the pure core stays pure.
const PURE: &[(&str, &[&str])] = &[
    ("hanbeon-domain", &["thiserror", "uuid"]),
    // The bytes of an event are the same whichever store keeps them.
    ("hanbeon-store", &["async-trait", "jiff", "serde", "serde_json", "sha2", "thiserror", "uuid"]),
];

#[test]
fn every_arrow_points_down() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo knows its workspace");
    let table: BTreeMap<_, _> = TABLE.iter().copied().collect();
    let pure: BTreeMap<_, _> = PURE.iter().copied().collect();
    let mut seen = 0;
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let allowed = table.get(name).unwrap_or_else(|| panic!("{name} is not in the table of arrows"));
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            let to = dependency.name.as_str();
            if table.contains_key(to) {
                seen += 1;
                assert!(allowed.contains(&to), "{name} → {to} is not an arrow of the house");
            } else if let Some(few) = pure.get(name) {
                assert!(few.contains(&to), "{name} is pure and must not depend on {to}");
            }
        }
    }
    assert!(seen > 20, "the test saw only {seen} arrows: it looks at the wrong thing");
}
