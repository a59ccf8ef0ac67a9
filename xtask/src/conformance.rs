//! `cargo xtask conformance`: clients for Toss Payments that others wrote, installed as their registries have them, and
//! driven against the sandbox. What is pinned and what each of them does stands in `crates/toss-sandbox/conformance`.
use crate::shell::{cargo, root, step};
use crate::tools;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Runs all of them; the first that is not served as it expects ends it.
///
/// # Errors
/// Which one, or what could not be installed.
pub(crate) fn run() -> Result<(), String> {
    tools::scripting()?;
    step("the sandbox", &mut cargo(&["build", "--locked", "-p", "toss-sandbox"]))?;
    let sandbox = Sandbox::start()?;
    python(&sandbox.url)?;
    node(&sandbox.url)?;
    rust(&sandbox.url)
}

fn python(url: &str) -> Result<(), String> {
    let (source, folder) = (source("python"), folder("python")?);
    let python = folder.join("bin/python");
    if !python.exists() {
        let folder = folder.display().to_string();
        step("a place for Python packages", Command::new("python3").args(["-m", "venv", &folder]))?;
    }
    // The list names everything that is needed: nothing else is looked for.
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"];
    step("clients in Python", Command::new(&python).args(pip).arg(source.join("requirements.txt")))?;
    step("driven by clients in Python", Command::new(&python).arg(source.join("drive.py")).arg(url))
}

fn node(url: &str) -> Result<(), String> {
    let (source, folder) = (source("node"), folder("node")?);
    for file in ["package.json", "package-lock.json", "drive.mjs"] {
        fs::copy(source.join(file), folder.join(file)).map_err(|e| format!("{file}: {e}"))?;
    }
    let npm = ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"];
    step("a client in JavaScript", Command::new("npm").args(npm).current_dir(&folder))?;
    step("driven by a client in JavaScript", Command::new("node").arg(folder.join("drive.mjs")).arg(url))
}

fn rust(url: &str) -> Result<(), String> {
    let manifest = source("rust").join("Cargo.toml").display().to_string();
    let folder = folder("rust")?.display().to_string();
    let run =
        ["run", "--quiet", "--locked", "--manifest-path", &manifest, "--target-dir", &folder, "--", url];
    step("driven by a client in Rust", &mut cargo(&run))
}

fn source(language: &str) -> PathBuf {
    root().join("crates/toss-sandbox/conformance").join(language)
}

fn folder(language: &str) -> Result<PathBuf, String> {
    let folder = target().join("conformance").join(language);
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |folder| Path::new(&folder).into())
}

/// The sandbox, until it is dropped.
struct Sandbox {
    child: Child,
    url: String,
}

impl Sandbox {
    fn start() -> Result<Self, String> {
        let mut command = Command::new(target().join("debug/toss-sandbox"));
        let mut child = command
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("the sandbox: {e}"))?;
        let mut first = String::new();
        if let Some(output) = child.stdout.as_mut() {
            BufReader::new(output).read_line(&mut first).map_err(|e| format!("the sandbox: {e}"))?;
        }
        let url = first.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
        let sandbox = Self { child, url: url.unwrap_or_default() };
        // Dropped with the error, it ends.
        if sandbox.url.is_empty() {
            Err(format!("the sandbox says no address: {first}"))
        } else {
            Ok(sandbox)
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
