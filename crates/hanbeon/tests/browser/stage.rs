//! Server and browser of one test, from start to end.
//!
//! Everything is ended by its own handle: the browser by closing its session, and, should the test itself be
//! killed, by the pipe to chromedriver that breaks; chromedriver and the demo by the processes that we hold.
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::ops::AsyncFnMut;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};

/// Why a test failed, in words.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
/// What a step of a test comes to.
pub(crate) type Done<T = ()> = Result<T, Failure>;

/// The longest wait for anything that a test waits for; two busy cores included.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// What the demo logs, in the folder of the test.
const DEMO_LOG: &str = "demo.log";

/// What the buyer holds in their hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    /// 1280 × 900, with a mouse.
    Desktop,
    /// 390 × 844, a finger, and a phone's user agent.
    Phone,
}

/// What a test asks for before it begins.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) screen: Screen,
    /// The server's configuration file.
    pub(crate) config: String,
}

impl Setup {
    /// The demo as it comes.
    pub(crate) fn on(screen: Screen) -> Self {
        Self { screen, config: String::new() }
    }
}

/// The server and the browser of one test.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Origin of the shop and of hanbeon.
    pub(crate) shop: String,
    /// Origin of the sandbox.
    pub(crate) sandbox: String,
    pub(crate) screen: Screen,
    pub(crate) browser: Client,
    /// For asking the server and the sandbox from outside of the browser.
    pub(crate) http: reqwest::Client,
    folder: TempDir,
    demo: Child,
    driver: Child,
}

/// Plays one test on a stage of its own. `name` names what is left of a failure.
pub(crate) async fn play<F>(name: &str, setup: Setup, act: impl FnOnce(Rc<Stage>) -> F + 'static)
where
    F: Future<Output = Done> + 'static,
{
    let stage = Rc::new(Stage::open(&setup).await.expect("the stage opens"));
    let acting = Rc::clone(&stage);
    let local = LocalSet::new();
    let ended = local.run_until(async { tokio::task::spawn_local(act(acting)).await }).await;
    let problem = match &ended {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure.to_string()),
        Err(panic) => Some(panic.to_string()),
    };
    if problem.is_some() {
        stage.keep_evidence(name).await;
    }
    // Only the ended task held another handle.
    if let Ok(stage) = Rc::try_unwrap(stage) {
        stage.close().await;
    }
    if let Some(problem) = problem {
        panic!("{problem}\n(picture, page and log are in {})", evidence_folder().display());
    }
}

impl Stage {
    async fn open(setup: &Setup) -> Done<Self> {
        let folder = TempDir::new()?;
        let (demo, shop, sandbox) = start_demo(folder.path(), &setup.config).await?;
        let (driver, port) = start_driver().await?;
        let capabilities = capabilities(setup.screen, &folder.path().join("profile"));
        let Value::Object(capabilities) = capabilities else { unreachable!("capabilities are an object") };
        let browser = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await?;
        if setup.screen == Screen::Desktop {
            fit_desk(&browser).await?;
        }
        Ok(Self { shop, sandbox, screen: setup.screen, browser, http: http_client()?, folder, demo, driver })
    }

    /// Runs `hanbeon` with these arguments beside the demo, and returns what it prints.
    pub(crate) async fn hanbeon(&self, arguments: &[&str]) -> Done<String> {
        let output = hanbeon(self.folder.path()).args(arguments).output().await?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    async fn close(mut self) {
        // A browser that does not answer is ended by chromedriver's end.
        let _ = timeout(PATIENCE, self.browser.close()).await;
        let _ = self.driver.kill().await;
        let _ = self.demo.kill().await;
    }

    /// The server's log, a picture of the page, and its source; of the frame too, when the test was in one.
    async fn keep_evidence(&self, name: &str) {
        let folder = evidence_folder();
        let keep = |file: String, bytes: Vec<u8>| {
            let path = folder.join(file);
            if let Err(error) = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, bytes)) {
                eprintln!("cannot write {}: {error}", path.display());
            }
        };
        if let Ok(log) = std::fs::read(self.folder.path().join(DEMO_LOG)) {
            keep(format!("{name}.log"), log);
        }
        if let Ok(picture) = self.browser.screenshot().await {
            keep(format!("{name}.png"), picture);
        }
        if let Ok(source) = self.browser.source().await {
            keep(format!("{name}-here.html"), source.into_bytes());
        }
        let _ = self.browser.enter_parent_frame().await;
        if let (Ok(source), Ok(url)) = (self.browser.source().await, self.browser.current_url().await) {
            keep(format!("{name}.html"), format!("<!-- {url} -->\n{source}").into_bytes());
        }
    }
}

/// Looks until `look` finds something, or says what was last in the way. A page that is just being replaced is
/// no failure; one that stays so is.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Done<Option<T>>) -> Done<T> {
    let give_up_at = Instant::now() + PATIENCE;
    loop {
        let seen = look().await;
        if let Ok(Some(found)) = seen {
            return Ok(found);
        }
        if Instant::now() > give_up_at {
            let last = seen.err().map(|error| format!(": {error}")).unwrap_or_default();
            return Err(format!("waited {PATIENCE:?} in vain for {what}{last}").into());
        }
        sleep(LOOK_EVERY).await;
    }
}

/// A folder that outlives the test.
fn evidence_folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("browser-failures")
}

fn hanbeon(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hanbeon"));
    command.current_dir(folder).kill_on_drop(true).stdin(Stdio::null());
    command
}

/// The demo on free ports: the process, the shop's origin and the sandbox's.
async fn start_demo(folder: &Path, config: &str) -> Done<(Child, String, String)> {
    let file = folder.join("hanbeon.toml");
    std::fs::write(&file, config)?;
    let mut demo = hanbeon(folder)
        .args(["demo", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"])
        .arg("--config")
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.join(DEMO_LOG))?)
        .spawn()?;
    let stdout = demo.stdout.take().ok_or("the demo has no output")?;
    let mut said = Lines::of(stdout);
    let shop = said.after("  shop ").await?;
    let sandbox = said.after("  Toss ").await?;
    said.drain();
    let shop = shop.split('/').take(3).collect::<Vec<_>>().join("/");
    Ok((demo, shop, sandbox))
}

/// How many ports chromedriver may find taken: it picks one for IPv4, and gives up if somebody has the same for IPv6.
const PORTS_TRIED: u32 = 5;

/// A chromedriver, and the port that it took.
async fn start_driver() -> Done<(Child, u16)> {
    for _ in 1..PORTS_TRIED {
        if let Ok(started) = try_port().await {
            return Ok(started);
        }
    }
    try_port().await
}

async fn try_port() -> Done<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .args(["--port=0", "--log-level=SEVERE"])
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("chromedriver (Debian: chromium-driver) cannot be started: {error}"))?;
    let stdout = driver.stdout.take().ok_or("chromedriver has no output")?;
    let mut said = Lines::of(stdout);
    let port = said.after("started successfully on port ").await?;
    said.drain();
    Ok((driver, port.trim_end_matches('.').parse()?))
}

fn capabilities(screen: Screen, profile: &Path) -> Value {
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        // Chromium ends when chromedriver does, however that ends.
        "--remote-debugging-pipe",
        "--window-size=1280,900",
        "--lang=ko-KR",
        "--accept-lang=ko-KR,ko",
    ];
    let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    let mut options = json!({ "args": arguments, "prefs": { "intl.accept_languages": "ko-KR,ko" } });
    if screen == Screen::Phone {
        options["mobileEmulation"] = json!({
            "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 1.0, "mobile": true, "touch": true },
            "userAgent": "Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko) \
                          Chrome/130.0.0.0 Mobile Safari/537.36",
        });
    }
    json!({ "browserName": "chrome", "goog:chromeOptions": options })
}

/// Makes the page itself as large as the desk's screen, whatever the browser puts around it.
async fn fit_desk(browser: &Client) -> Done {
    let (width, height) = (1_280, 900);
    browser.set_window_size(width, height).await?;
    let inner = browser.execute("return innerHeight;", Vec::new()).await?;
    let inner: u32 = inner.as_u64().ok_or("a window has a height")?.try_into()?;
    Ok(browser.set_window_size(width, height + height.saturating_sub(inner)).await?)
}

/// A client for loopback: no proxy, bounded, no redirects.
fn http_client() -> Done<reqwest::Client> {
    // Another test of this process may have been first; any provider will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
    Ok(client.redirect(reqwest::redirect::Policy::none()).build()?)
}

/// What a process says, line by line.
struct Lines<R>(tokio::io::Lines<BufReader<R>>);

impl<R: AsyncRead + Unpin + Send + 'static> Lines<R> {
    fn of(output: R) -> Self {
        Self(BufReader::new(output).lines())
    }

    /// The first word after this text.
    async fn after(&mut self, text: &str) -> Done<String> {
        let search = async {
            while let Some(line) = self.0.next_line().await? {
                if let Some((_, rest)) = line.split_once(text) {
                    return Ok(rest.split_whitespace().next().unwrap_or_default().to_owned());
                }
            }
            Err(Failure::from(format!("it ended before it said {text:?}")))
        };
        timeout(PATIENCE, search).await?
    }

    /// Reads on, so that the process never waits for us.
    fn drain(mut self) {
        tokio::spawn(async move { while let Ok(Some(_)) = self.0.next_line().await {} });
    }
}
