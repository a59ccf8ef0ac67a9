//! What the tests need beside Rust. Missing programs are installed, and that is said.
use crate::shell::{step, works};
use std::process::Command;

/// Chromium, its driver, and a font with Korean in it.
///
/// # Errors
/// When they are missing and cannot be installed; says how to install them by hand.
pub(crate) fn browser() -> Result<(), String> {
    let missing: Vec<_> = [
        ("chromium", works(Command::new("chromium").arg("--version"))),
        ("chromium-driver", works(Command::new("chromedriver").arg("--version"))),
        ("fonts-noto-cjk", has_korean_font()),
    ]
    .into_iter()
    .filter_map(|(package, there)| (!there).then_some(package))
    .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("the browser tests need {}, which is missing: installing it", missing.join(", "));
    if !works(Command::new("apt-get").arg("--version")) {
        return Err(format!(
            "install {} (Chromium, ChromeDriver, a Korean font) by hand",
            missing.join(", ")
        ));
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
