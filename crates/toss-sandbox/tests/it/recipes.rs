//! `docs/sandbox.md` is true: its commands run as they stand, and print what it says.
//!
//! The convention of the page:
//!
//! * A block that opens with `sh setup` comes first, once; each that opens with `sh recipe` is a script of its own,
//!   run by `bash -eu` behind the setup, with `TOSS` and `APP` in its environment: the sandbox, and an app that
//!   answers 200 to webhooks. No other block opens with `sh`.
//! * Directly under a recipe stands a `text` block: what the script prints, line by line, with nothing missing.
//!   Blanks around a line do not count, and `…` stands for any text within it. What goes to standard error is not compared.
//! * The recipes run in the page's order against one sandbox, as a reader runs them.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::receiver::Receiver;

/// A recipe takes a second or two; one that hangs ends here.
const BOUND: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_recipes_of_the_page_run_and_print_what_it_says() {
    let page = page();
    let (setup, recipes) = scripts(&page);
    assert_eq!(recipes.len(), 10, "the page promises ten");
    let app = Receiver::start(&[200]).await;
    let (toss, _sandbox) = start(&app.url).await;
    for recipe in recipes {
        let printed = run(&format!("{setup}\n{}", recipe.script), &toss, &app.url).await;
        recipe.compare(&printed);
    }
}

#[tokio::test]
async fn the_page_names_every_flag() {
    let help = Command::new(env!("CARGO_BIN_EXE_toss-sandbox")).arg("--help").output().await.expect("help");
    let help = String::from_utf8(help.stdout).expect("text");
    let flags: Vec<_> = help.split_whitespace().filter(|word| word.starts_with("--")).collect();
    assert!(flags.contains(&"--listen"), "the scan is blind: {help}");
    let page = page();
    let told = |flag: &&str| *flag == "--help" || page.contains(&format!("`{flag}"));
    let missing: Vec<_> = flags.into_iter().filter(|flag| !told(flag)).collect();
    assert!(missing.is_empty(), "docs/sandbox.md does not name {missing:?}");
}

#[test]
fn an_ellipsis_stands_for_any_text_and_nothing_else_does() {
    for (pattern, line, fits) in [
        ("HTTP 204", " HTTP 204 ", true),
        ("HTTP 204", "HTTP 2040", false),
        ("\"now\":\"…\" HTTP 200", "\"now\":\"2026-03-02\" HTTP 200", true),
        ("\"now\":\"…\" HTTP 200", "\"now\":\"2026-03-02\" HTTP 400", false),
        ("a…b…c", "abc", true),
        ("a…b…c", "acb", false),
        ("…", "", true),
    ] {
        assert_eq!(is_like(pattern, line), fits, "{pattern} and {line}");
    }
}

struct Recipe<'p> {
    script: &'p str,
    prints: &'p str,
}

impl Recipe<'_> {
    fn compare(&self, printed: &str) {
        let said: Vec<_> = self.prints.lines().collect();
        let lines: Vec<_> = printed.lines().collect();
        let fits = said.len() == lines.len() && said.iter().zip(&lines).all(|(say, line)| is_like(say, line));
        assert!(fits, "the recipe\n{}\nprints\n{printed}\nand the page says\n{}", self.script, self.prints);
    }
}

fn page() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sandbox.md")).expect("the page")
}

/// The setup, and the recipes in their order.
fn scripts(page: &str) -> (&str, Vec<Recipe<'_>>) {
    let (mut setup, mut recipes) = (None, Vec::new());
    let mut rest = page;
    while let Some((_, block)) = rest.split_once("\n```sh") {
        let (kind, block) = block.split_once('\n').expect("a line behind the opening");
        let (script, below) = block.split_once("\n```\n").expect("a block ends");
        rest = below;
        match kind {
            " setup" => assert!(setup.replace(script).is_none() && recipes.is_empty(), "one setup, first"),
            " recipe" => {
                let prints = below.strip_prefix("```text\n").and_then(|text| text.split_once("\n```\n"));
                let (prints, _) =
                    prints.unwrap_or_else(|| panic!("nothing is said to be printed by\n{script}"));
                recipes.push(Recipe { script, prints });
            }
            other => panic!("a block of sh{other} is neither setup nor recipe:\n{script}"),
        }
    }
    (setup.expect("a setup"), recipes)
}

/// The program on a free port, as a reader starts it; it ends with what is returned.
async fn start(webhook: &str) -> (String, Child) {
    let mut sandbox = Command::new(env!("CARGO_BIN_EXE_toss-sandbox"))
        .args(["--listen", "127.0.0.1:0", "--webhook", webhook])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the sandbox starts");
    let mut lines = BufReader::new(sandbox.stdout.take().expect("a pipe")).lines();
    let first = tokio::time::timeout(BOUND, lines.next_line()).await.expect("it serves within the bound");
    let first = first.expect("a readable line").expect("a line");
    let address = first.split_whitespace().find(|word| word.starts_with("http://")).expect("its address");
    (address.to_owned(), sandbox)
}

/// What a script prints. It must end well.
async fn run(script: &str, toss: &str, app: &str) -> String {
    let bash = Command::new("bash")
        .args(["-eu", "-c", script])
        .env("TOSS", toss)
        .env("APP", app)
        // A developer's proxy is not asked for what is on this machine.
        .env("no_proxy", "*")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(BOUND, bash).await;
    let output = ended.unwrap_or_else(|_| panic!("no end within the bound:\n{script}")).expect("bash runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {complaint}\n{script}\nprinted\n{printed}", output.status);
    printed
}

fn is_like(pattern: &str, line: &str) -> bool {
    let (mut rest, mut parts) = (line.trim(), pattern.trim().split('…'));
    let Some(after) = parts.next().and_then(|first| rest.strip_prefix(first)) else { return false };
    rest = after;
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}
