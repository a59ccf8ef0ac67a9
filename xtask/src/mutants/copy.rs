//! The workspace with the mutants in it. What has not changed since the last time is not written again, so that it is
//! not built again.
use super::SWITCH;
use super::read::Mutant;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is no source, at the top of the project.
const LEFT_OUT: [&str; 4] = [".git", "target", "mutants", "hanbeon-data"];
/// What the tests' server has in its environment, it has from the test; the switch must reach it.
const DOOR: (&str, &str) = ("crates/hanbeon/tests/it/support.rs", ".env_clear()");

/// Makes `copy` such a workspace.
///
/// # Errors
/// Which mutant does not fit, and where.
pub(super) fn workspace(root: &Path, copy: &Path, mutants: &[Mutant]) -> Result<(), String> {
    let mut files = written_in(root, mutants)?;
    renamed(&mut files)?;
    let stale = write(copy, &files)?;
    stale.iter().try_for_each(|path| fs::remove_file(path).map_err(|e| format!("{}: {e}", path.display())))
}

/// Every file, with the mutants in it.
///
/// # Errors
/// As [`workspace`].
pub(super) fn written_in(root: &Path, mutants: &[Mutant]) -> Result<BTreeMap<PathBuf, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    collect(root, Path::new(""), &mut files)?;
    let mut wrong = Vec::new();
    for (file, changes) in changes(mutants) {
        let Some(source) = files.get_mut(Path::new(file)) else {
            wrong.push(format!("mutant {} changes {file}, and there is no such file", changes[0].mutant));
            continue;
        };
        match spliced(source, file, changes) {
            Ok(text) => *source = text.into_bytes(),
            Err(why) => wrong.push(why),
        }
    }
    if wrong.is_empty() { Ok(files) } else { Err(wrong.join("\n")) }
}

/// Every file below `root`, by its place there.
fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<(), String> {
    let here = root.join(folder);
    let failed = |e: std::io::Error| format!("{}: {e}", here.display());
    for entry in fs::read_dir(&here).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let place = folder.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            if !LEFT_OUT.iter().any(|name| place == Path::new(name)) {
                collect(root, &place, files)?;
            }
        } else {
            files.insert(place, fs::read(entry.path()).map_err(failed)?);
        }
    }
    Ok(())
}

struct Change<'a> {
    mutant: &'a str,
    find: &'a str,
    put: String,
}

/// What to change, by file. The word MUTANT becomes the switch of its mutant.
fn changes(mutants: &[Mutant]) -> BTreeMap<&str, Vec<Change<'_>>> {
    let mut by_file: BTreeMap<&str, Vec<Change<'_>>> = BTreeMap::new();
    for Mutant { name, edits, .. } in mutants {
        let switch = format!(
            "::std::convert::identity(*{{ static ON: ::std::sync::LazyLock<bool> = ::std::sync::LazyLock::new(|| \
             ::std::env::var_os({SWITCH:?}).is_some_and(|name| name == {name:?})); &*ON }})"
        );
        for edit in edits {
            let put = edit.put.replace("MUTANT", &switch);
            by_file.entry(&edit.file).or_default().push(Change { mutant: name, find: &edit.find, put });
        }
    }
    let (file, find) = DOOR;
    let put = format!("{find}.envs(std::env::var_os({SWITCH:?}).map(|name| ({SWITCH:?}, name)))");
    by_file.entry(file).or_default().push(Change { mutant: "(the switch)", find, put });
    by_file
}

/// The text with its changes. They are looked for in the product's text, so their order says nothing.
fn spliced(source: &[u8], file: &str, changes: Vec<Change<'_>>) -> Result<String, String> {
    let text = std::str::from_utf8(source).map_err(|e| format!("{file}: {e}"))?;
    let mut places: Vec<(Range<usize>, Change<'_>)> = Vec::new();
    let mut wrong = Vec::new();
    for change in changes {
        let mut found = text.match_indices(change.find);
        let at = match (found.next(), found.next()) {
            (Some((at, _)), None) => at..at + change.find.len(),
            (found, _) => {
                let often = if found.is_none() { "does not occur any more" } else { "occurs more than once" };
                wrong.push(format!(
                    "mutant {}: its text {often} in {file}; whoever changes the source mends the mutant:\n{}",
                    change.mutant, change.find
                ));
                continue;
            }
        };
        places.push((at, change));
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    places.sort_by_key(|(at, _)| at.start);
    for pair in places.windows(2) {
        let [(before, one), (after, other)] = pair else { continue };
        if after.start < before.end {
            return Err(format!(
                "mutants {} and {} change the same text of {file}; make one of them at another place:\n{}",
                one.mutant, other.mutant, other.find
            ));
        }
    }
    let mut spliced = String::with_capacity(text.len() * 2);
    let mut end = 0;
    for (at, change) in places {
        spliced.push_str(&text[end..at.start]);
        spliced.push_str(&change.put);
        end = at.end;
    }
    spliced.push_str(&text[end..]);
    Ok(spliced)
}

/// Gives our packages another version: cargo's names for what it builds of them contain it, so that the product and
/// the copy can be built in one folder.
fn renamed(files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<(), String> {
    let is_ours = |part: &str| {
        part.starts_with("[workspace.package]")
            || (part.starts_with("[[package]]") && !part.contains("\nsource = "))
    };
    for file in ["Cargo.toml", "Cargo.lock"] {
        let text = files.get_mut(Path::new(file)).ok_or_else(|| format!("there is no {file}"))?;
        let whole = String::from_utf8_lossy(text);
        let parts = whole.split("\n\n").map(|part| {
            let Some((head, rest)) = part.split_once("\nversion = \"").filter(|_| is_ours(part)) else {
                return part.to_owned();
            };
            let (version, rest) = rest.split_once('"').unwrap_or((rest, ""));
            format!("{head}\nversion = \"{version}-mutants\"{rest}")
        });
        let renamed = parts.collect::<Vec<_>>().join("\n\n");
        if renamed == whole {
            return Err(format!("{file} has no version of ours"));
        }
        *text = renamed.into_bytes();
    }
    Ok(())
}

/// Writes what differs; says what is there and should not be.
fn write(copy: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) -> Result<BTreeSet<PathBuf>, String> {
    let mut there = BTreeMap::new();
    if copy.exists() {
        collect(copy, Path::new(""), &mut there)?;
    }
    for (file, text) in files {
        if there.remove(file).as_ref() != Some(text) {
            let path = copy.join(file);
            let written =
                fs::create_dir_all(path.parent().unwrap_or(copy)).and_then(|()| fs::write(&path, text));
            written.map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    Ok(there.into_keys().map(|file| copy.join(file)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change<'a>(mutant: &'a str, find: &'a str, put: &str) -> Change<'a> {
        Change { mutant, find, put: put.to_owned() }
    }

    #[test]
    fn changes_are_made_wherever_they_stand_and_in_any_order() {
        let changes = vec![change("b", "three", "3"), change("a", "one", "1")];
        assert_eq!(spliced(b"one two three", "file", changes).unwrap(), "1 two 3");
    }

    #[track_caller]
    fn refused(changes: Vec<Change<'_>>, words: &[&str]) {
        let why = spliced(b"one two one", "file.rs", changes).unwrap_err();
        assert!(words.iter().all(|word| why.contains(word)), "{why}");
    }

    #[test]
    fn a_text_that_is_gone_or_there_twice_names_its_mutant_and_the_file() {
        refused(vec![change("a-mutant", "three", "3")], &["a-mutant", "file.rs", "does not occur"]);
        refused(vec![change("a-mutant", "one", "1")], &["a-mutant", "file.rs", "more than once"]);
    }

    #[test]
    fn two_mutants_of_the_same_text_are_both_named() {
        let changes = vec![change("first", "one two", "1 2"), change("second", "two one", "2 1")];
        refused(changes, &["first", "second", "file.rs"]);
    }

    #[test]
    fn only_our_own_packages_get_another_version() {
        let lock = "version = 4\n\n[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"theirs\"\n\
                    version = \"0.1.0\"\nsource = \"registry\"\n";
        let manifest = "[workspace]\n\n[workspace.package]\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        let mut files: BTreeMap<PathBuf, Vec<u8>> = [("Cargo.lock", lock), ("Cargo.toml", manifest)]
            .map(|(file, text)| (file.into(), text.into()))
            .into();
        renamed(&mut files).unwrap();
        let text = |file: &str| String::from_utf8_lossy(&files[Path::new(file)]).into_owned();
        assert_eq!(text("Cargo.lock"), lock.replacen("\"0.1.0\"", "\"0.1.0-mutants\"", 1));
        assert_eq!(text("Cargo.toml"), manifest.replace("\"0.1.0\"", "\"0.1.0-mutants\""));
    }
}
