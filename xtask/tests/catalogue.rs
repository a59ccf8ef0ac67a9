//! `docs/failures.md` says what can go wrong and what must hold. This test reads which of its rows are proven: by a
//! test whose name begins with the row's id (or with several, `c2_c3_the_reply_is_lost`), and an invariant also by a
//! checker that objects with it (`"S3 charged more than once"`, `"S4/S5 our record is …"`).
//!
//! It proves that a test *exists*; that the test is about the row is for its reader to judge.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Rows that nothing proves yet. This list only shrinks: a row on it that has got its test fails as well.
const MISSING: &str = "
";

#[test]
fn every_row_is_proven_or_admitted() {
    let catalogue = Catalogue::read();
    let proofs = Proofs::read();
    let named = |id| Id::parse(id).unwrap_or_else(|| panic!("MISSING has {id}, which is no id"));
    let missing: BTreeSet<Id> = MISSING.split_whitespace().map(named).collect();
    println!(
        "{} rows: {} are proven, {} are missing, {} are later",
        catalogue.rows.len(),
        catalogue.rows.keys().filter(|id| proofs.of.contains_key(id)).count(),
        missing.len(),
        catalogue.rows.values().flatten().count()
    );

    let mut wrong = catalogue.faults;
    for (id, later) in &catalogue.rows {
        let proof = proofs.of.get(id).map(String::as_str);
        let complaint = match (proof, later, missing.contains(id)) {
            (Some(proof), Some(_), _) => format!("is marked as later, and {proof} proves it: unmark it"),
            (Some(proof), None, true) => format!("is MISSING, and {proof} proves it: take it off the list"),
            (None, None, false) => "has no test, and is not admitted as MISSING".to_owned(),
            (None, Some(_), true) => "is marked as later, and MISSING: it is one of the two".to_owned(),
            (Some(_), None, false) | (None, Some(_), false) | (None, None, true) => continue,
        };
        wrong.push(format!("{id} {complaint}"));
    }
    for id in missing.iter().filter(|id| !catalogue.rows.contains_key(id)) {
        wrong.push(format!("{id} is MISSING, but not in the catalogue"));
    }
    for (id, name) in proofs.of.iter().filter(|(id, _)| !catalogue.rows.contains_key(id)) {
        wrong.push(format!("{name} is named after {id}, which is not in the catalogue"));
    }
    assert!(wrong.is_empty(), "docs/failures.md and the tests disagree:\n{}", wrong.join("\n"));
}

/// `B2`: a letter of a section, and a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Id(char, u8);

impl Id {
    fn parse(text: &str) -> Option<Self> {
        let section = text.chars().next().filter(|letter| "ABCDEFGHIJSL".contains(*letter))?;
        let digits = text.get(1..).filter(|digits| digits.len() <= 2 && !digits.starts_with(['0', '+']))?;
        Some(Self(section, digits.parse().ok()?))
    }

    fn is_invariant(self) -> bool {
        matches!(self.0, 'S' | 'L')
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.0, self.1)
    }
}

/// What `docs/failures.md` lists.
struct Catalogue {
    /// The rows, and why one is later.
    rows: BTreeMap<Id, Option<String>>,
    /// What is wrong with the page itself.
    faults: Vec<String>,
}

impl Catalogue {
    fn read() -> Self {
        let page = fs::read_to_string(root().join("docs/failures.md")).expect("the catalogue is there");
        let mut catalogue = Self { rows: BTreeMap::new(), faults: Vec::new() };
        for line in page.lines() {
            let Some(id) = line.strip_prefix("| ").and_then(|cells| Id::parse(cells.split(' ').next()?))
            else {
                continue;
            };
            let later = line.split_once("| *later (").and_then(|(_, rest)| rest.split_once(")*"));
            let later = later.map(|(reason, _)| reason.to_owned());
            if let Some(reason) =
                later.as_deref().filter(|reason| !page.contains(&format!("\n- **{reason}**: ")))
            {
                catalogue
                    .faults
                    .push(format!("{id} is later because of {reason:?}, which the page does not explain"));
            }
            if catalogue.rows.insert(id, later).is_some() {
                catalogue.faults.push(format!("{id} is there twice"));
            }
        }
        for (section, count) in SECTIONS {
            for id in
                (1..=*count).map(|number| Id(*section, number)).filter(|id| !catalogue.rows.contains_key(id))
            {
                catalogue.faults.push(format!("{id} has left the catalogue"));
            }
        }
        catalogue
    }
}

/// How many rows each section has: a row does not go away because it is hard.
const SECTIONS: &[(char, u8)] = &[
    ('A', 11),
    ('B', 12),
    ('C', 12),
    ('D', 10),
    ('E', 12),
    ('F', 13),
    ('G', 7),
    ('H', 5),
    ('I', 8),
    ('J', 12),
    ('S', 25),
    ('L', 10),
];

/// What the source says of the rows.
#[derive(Default)]
struct Proofs {
    /// For each id, one test or checker.
    of: BTreeMap<Id, String>,
}

impl Proofs {
    fn read() -> Self {
        let mut proofs = Self::default();
        let mut files = Vec::new();
        for folder in ["crates", "xtask"] {
            rust_files(&root().join(folder), &mut files);
        }
        assert!(files.len() > 100, "the test saw only {} files: it looks at the wrong place", files.len());
        for path in files.iter().filter(|path| **path != root().join(file!())) {
            let source = fs::read_to_string(path).expect("source is text");
            proofs.add_tests(&source);
            proofs.add_checkers(&source);
            if path.ends_with("hanbeon-testkit/src/conformance.rs") {
                // Its macro makes a test of each name that it lists.
                source
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .for_each(|word| proofs.add_name(word));
            }
        }
        proofs
    }

    /// Functions below a `#[test]` or its like, unless they are ignored.
    fn add_tests(&mut self, source: &str) {
        let (mut test, mut ignored) = (false, false);
        for line in source.lines().map(str::trim_start) {
            if line.starts_with("#[") {
                test |= line.starts_with("#[test") || line.contains("::test]") || line.contains("::test(");
                ignored |= line.starts_with("#[ignore");
            } else if !line.starts_with("//") {
                let head = line.split('(').next().unwrap_or_default();
                if let Some((_, name)) = head.rsplit_once("fn ").filter(|_| test && !ignored) {
                    self.add_name(name);
                }
                (test, ignored) = (false, false);
            }
        }
    }

    fn add_name(&mut self, name: &str) {
        for id in name.split('_').map_while(|part| Id::parse(&part.to_ascii_uppercase())) {
            self.of.entry(id).or_insert_with(|| name.to_owned());
        }
    }

    /// Strings that begin with ids of invariants and go on in words.
    fn add_checkers(&mut self, source: &str) {
        for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for text in line.split('"').skip(1) {
                let Some((ids, _)) = text.split_once(' ').filter(|(_, words)| !words.is_empty()) else {
                    continue;
                };
                let Some(ids) = ids.split('/').map(Id::parse).collect::<Option<Vec<_>>>() else { continue };
                for id in ids.into_iter().filter(|id| id.is_invariant()) {
                    self.of.entry(id).or_insert_with(|| format!("the checker {text:?}"));
                }
            }
        }
    }
}

#[test]
fn a_proof_is_a_test_that_runs_or_a_checker_that_speaks() {
    let mut proofs = Proofs::default();
    let source = r#"
        #[tokio::test(flavor = "multi_thread")]
        // Why.
        async fn b2_b12_killed_after_e4_it_left() {}
        fn c1_helper() {}
        #[test]
        #[ignore = "slow"]
        fn c2_ignored() {}
        #[test]
        fn i64_is_reported_for_there_is_no_such_row() {}
        #[test]
        fn c100_is_no_id() {}
        // "S1 in a comment"
        let banks = ["S2", "S3 ", "A4 is no invariant", "S5/L6 both at once"];
    "#;
    proofs.add_tests(source);
    proofs.add_checkers(source);
    let seen: Vec<_> = proofs.of.keys().map(Id::to_string).collect();
    assert_eq!(seen, ["B2", "B12", "I64", "L6", "S5"]);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above").to_owned()
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
