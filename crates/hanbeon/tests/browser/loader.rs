//! Toss's own loader from npm, `@tosspayments/tosspayments-sdk`, with nothing but its `src` pointed at the sandbox.
//!
//! The version is pinned by `crates/toss-sandbox/conformance/loader/package-lock.json`; npm installs it.
use crate::bench::CLIENT_KEY;
use crate::stage::{Done, Screen, Setup, Stage, play};
use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tokio::process::Command;

/// What the script must be by this name, inside of the package.
const SCRIPT: &str = "node_modules/@tosspayments/tosspayments-sdk/dist/index.esm.js";

#[tokio::test]
async fn the_official_loader_takes_the_sandbox_for_toss() {
    let script = install().await.expect("npm installs the official loader");
    play("loader", Setup::on(Screen::Desktop), async move |stage| {
        let page = serve(&stage, script).await?;
        stage.browser.goto(&page).await?;
        stage.see("#steps:not(:empty)").await?;
        let steps: Value = serde_json::from_str(&stage.text("#steps").await?)?;
        let expected = json!({
            "anonymous": true,
            "missing": "ScriptLoadFailedError",
            "empty": "NamespaceNotAvailableError",
            "surfaces": ["brandpay", "payment", "widgets"],
            "sameAnonymous": true,
            "wrongKey": "INVALID_CLIENT_KEY",
            "cleared": true,
            "again": "function",
        });
        assert_eq!(steps, expected);
        stage.pay().await?;
        stage.click("#pay-approve").await?;
        stage.leave().await?;
        let payment = stage.confirm(&stage.outcome().await?["value"]).await?;
        assert_eq!((&payment["status"], &payment["totalAmount"]), (&json!("DONE"), &json!(1_000)));
        Ok(())
    })
    .await;
}

/// The loader's script, as npm installs it into a folder of the build.
async fn install() -> Done<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../toss-sandbox/conformance/loader");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("loader");
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(source.join(file), folder.join(file))?;
    }
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    let npm = Command::new("npm").args(arguments).current_dir(&folder).output().await?;
    if !npm.status.success() {
        return Err(String::from_utf8_lossy(&npm.stderr).into_owned().into());
    }
    Ok(std::fs::read_to_string(folder.join(SCRIPT))?)
}

/// Serves the page and the script until the test ends.
async fn serve(stage: &Stage, script: String) -> Done<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let page = include_str!("../../../toss-sandbox/conformance/loader/page.html");
    let page = page.replace("{{SANDBOX}}", &stage.sandbox).replace("{{CLIENT_KEY}}", CLIENT_KEY);
    let pages = Router::new()
        .route("/", get(async move || Html(page)))
        .route("/tosspayments-sdk.js", get(async move || ([("content-type", "text/javascript")], script)));
    tokio::spawn(async move { axum::serve(listener, pages).await });
    Ok(origin)
}
