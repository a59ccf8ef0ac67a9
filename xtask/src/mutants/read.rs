//! Mutants as they stand in their files.
use std::fs;
use std::path::Path;

/// A mistake, and who must notice it.
#[derive(Debug)]
pub(super) struct Mutant {
    /// The name of its file.
    pub(super) name: String,
    /// What is wrong, in a sentence.
    pub(super) wrong: String,
    /// Who must notice.
    pub(super) killer: Killer,
    /// How it is made.
    pub(super) edits: Vec<Edit>,
}

/// The test that must object.
#[derive(Debug)]
pub(super) struct Killer {
    /// Of which package.
    pub(super) package: String,
    /// `lib` for the tests in its source, or the name of a file or folder in `tests/`.
    pub(super) binary: String,
    /// With its modules.
    pub(super) test: String,
    /// A part of the objection: a test that fails with other words fails for another reason.
    pub(super) says: String,
    /// What it has in its environment.
    pub(super) with: Vec<(String, String)>,
}

/// One place at which the mutant differs from the product.
#[derive(Debug)]
pub(super) struct Edit {
    /// Which file.
    pub(super) file: String,
    /// The product's words. They occur there exactly once.
    pub(super) find: String,
    /// The mutant's.
    pub(super) put: String,
}

/// Every mutant of a folder, in the order of their names.
///
/// # Errors
/// Which file cannot be understood, and why.
pub(super) fn all(folder: &Path) -> Result<Vec<Mutant>, String> {
    let mut mutants = Vec::new();
    let files = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for file in files {
        let path = file.map_err(|e| format!("{}: {e}", folder.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            mutants.push(one(&name, &text).map_err(|why| format!("{}: {why}", path.display()))?);
        }
    }
    mutants.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(mutants)
}

fn one(name: &str, file: &str) -> Result<Mutant, String> {
    let (head, edits) =
        file.split_once("\n=== ").ok_or("no line begins with `=== `, so nothing is changed")?;
    let (wrong, fields) = head.split_once("\n\n").ok_or("after the sentence comes an empty line")?;
    let mut killer = Killer {
        package: String::new(),
        binary: String::new(),
        test: String::new(),
        says: String::new(),
        with: Vec::new(),
    };
    for line in fields.lines().filter(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some(("package", package)) => package.clone_into(&mut killer.package),
            Some(("binary", binary)) => binary.clone_into(&mut killer.binary),
            Some(("test", test)) => test.clone_into(&mut killer.test),
            Some(("says", says)) => says.clone_into(&mut killer.says),
            Some(("with", with)) => {
                let (name, value) = with.split_once('=').ok_or("`with: NAME=VALUE`")?;
                killer.with.push((name.to_owned(), value.to_owned()));
            }
            _ => return Err(format!("{line:?} is none of package, binary, test, says and with")),
        }
    }
    for (field, value) in [
        ("package", &killer.package),
        ("binary", &killer.binary),
        ("test", &killer.test),
        ("says", &killer.says),
    ] {
        if value.is_empty() {
            return Err(format!("the field `{field}` is missing"));
        }
    }
    let edits: Vec<Edit> = edits.split("\n=== ").map(edit).collect::<Result<_, _>>()?;
    if edits.iter().all(|edit| !edit.put.contains("MUTANT")) {
        return Err("without the word MUTANT it would always be there".to_owned());
    }
    Ok(Mutant { name: name.to_owned(), wrong: wrong.replace('\n', " "), killer, edits })
}

fn edit(text: &str) -> Result<Edit, String> {
    let (file, changes) = text.split_once("\n--- the product\n").ok_or("`--- the product` is missing")?;
    let (find, put) = changes.split_once("\n+++ the mutant\n").ok_or("`+++ the mutant` is missing")?;
    let put = put.trim_end_matches('\n');
    Ok(Edit { file: file.to_owned(), find: find.to_owned(), put: put.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "Something is wrong.\n\npackage: p\nbinary: lib\ntest: t\nsays: no\nwith: A=1\n\n\
                        === src/a.rs\n--- the product\n    one\n    two\n+++ the mutant\n    if MUTANT {}\n\n\
                        === src/b.rs\n--- the product\nthree\n+++ the mutant\n\n";

    #[test]
    fn a_file_is_a_sentence_a_test_and_edits() {
        let mutant = one("name", FILE).unwrap();
        assert_eq!((&*mutant.name, &*mutant.wrong), ("name", "Something is wrong."));
        assert_eq!(mutant.killer.with, [("A".to_owned(), "1".to_owned())]);
        let edits: Vec<_> = mutant.edits.iter().map(|edit| (&*edit.file, &*edit.find, &*edit.put)).collect();
        assert_eq!(edits, [("src/a.rs", "    one\n    two", "    if MUTANT {}"), ("src/b.rs", "three", "")]);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (without, named) in [
            ("says: no\n", "`says`"),
            ("+++ the mutant\n    if MUTANT {}\n", "+++ the mutant"),
            ("MUTANT", "MUTANT"),
        ] {
            let why = one("name", &FILE.replacen(without, "", 1)).unwrap_err();
            assert!(why.contains(named), "{why}");
        }
    }
}
