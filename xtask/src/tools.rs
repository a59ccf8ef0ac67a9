//! What the tests need beside Rust. Missing programs are installed, and that is said.
use crate::shell::{step, works};
use std::process::Command;

/// Chromium, its driver, and a font with Korean in it.
///
/// # Errors
/// When they are missing and cannot be installed; says how to install them by hand.
pub(crate) fn browser() -> Result<(), String> {
    install(
        "the browser tests need Chromium, ChromeDriver and a Korean font",
        &[
            ("chromium", works(Command::new("chromium").arg("--version"))),
            ("chromium-driver", works(Command::new("chromedriver").arg("--version"))),
            ("fonts-noto-cjk", has_korean_font()),
        ],
    )
}

/// `strace`, which writes down what the server does to its files.
///
/// # Errors
/// As for [`browser`].
pub(crate) fn tracer() -> Result<(), String> {
    install("the power loss tests need strace", &[("strace", works(Command::new("strace").arg("--version")))])
}

/// PostgreSQL, with its server: one is started for the tests, and ends with them.
///
/// # Errors
/// As for [`browser`].
pub(crate) fn postgres() -> Result<(), String> {
    let there = crate::postgres::is_here();
    install("the tests of the store on PostgreSQL need its server", &[("postgresql", there)])
}

/// Python with a place for packages, and Node: for the clients and the loader that others wrote.
///
/// # Errors
/// As for [`browser`].
pub(crate) fn scripting() -> Result<(), String> {
    let venv = "import ensurepip, venv";
    install(
        "what others wrote for Toss needs Python and Node",
        &[
            ("python3-venv", works(Command::new("python3").args(["-c", venv]))),
            ("nodejs", works(Command::new("node").arg("--version"))),
            ("npm", works(Command::new("npm").arg("--version"))),
        ],
    )
}

/// Installs those of the packages that are not there.
fn install(why: &str, packages: &[(&str, bool)]) -> Result<(), String> {
    let missing: Vec<_> =
        packages.iter().filter_map(|(package, there)| (!there).then_some(*package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(", ");
    println!("{why}; missing, and installed now: {list}");
    if !works(Command::new("apt-get").arg("--version")) {
        return Err(format!("{why}: install {list} by hand"));
    }
    let as_root = works(Command::new("sh").args(["-c", "test $(id -u) = 0"]));
    let apt = |args: &[&str]| {
        let mut command = Command::new(if as_root { "apt-get" } else { "sudo" });
        if !as_root {
            command.arg("apt-get");
        }
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        command
    };
    step("apt-get update", &mut apt(&["update", "-qq"]))?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    step("apt-get install", &mut apt(&[&install[..], &missing[..]].concat()))
}

fn has_korean_font() -> bool {
    works(Command::new("sh").args(["-c", "ls /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"]))
        || works(Command::new("sh").args(["-c", "fc-list :lang=ko | grep -q ."]))
}
