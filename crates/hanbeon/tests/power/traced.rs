//! A server under `strace`, on a folder of its own.
use crate::support::{BOUND, World, listening, until};
use crate::trace::{self, Deed};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// One life of the program.
pub(crate) struct Traced {
    child: Child,
    /// `data`, and beside it what the program says and what `strace` writes.
    folder: TempDir,
    id: u32,
}

impl Traced {
    /// Starts `hanbeon` with these arguments and this extra environment; the database is the file in
    /// [`Traced::data`], in which `lay_out` may put something first.
    pub(crate) fn start(
        world: &World,
        arguments: &[&str],
        environment: &[(&str, &str)],
        lay_out: impl FnOnce(&Path),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder for the database");
        lay_out(&data);
        let out = |name: &str| std::fs::File::create(folder.path().join(name)).expect("a file");
        let plain = world.command(arguments);
        let plain = plain.as_std();
        let mut command = Command::new("strace");
        // The program is our child and `strace` is not, so that a signal and a status are the program's own.
        command.args(["--daemonize=grandchild", "--follow-forks", "--seccomp-bpf", "-yy", "-xx"]);
        command.args(["--string-limit=16777216", "--trace", trace::CALLS, "--output"]);
        command.arg(folder.path().join("trace")).arg(plain.get_program()).args(plain.get_args());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("HANBEON_DATABASE_URL", format!("sqlite://{}", data.join("hanbeon.db").display()));
        command.envs(environment.iter().copied()).current_dir(folder.path()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(out("out")).stderr(out("err"));
        let child = command.spawn().expect("strace, which `cargo xtask test` installs");
        let id = child.id().expect("it runs");
        Self { child, folder, id }
    }

    /// Where it listens, once it does.
    pub(crate) async fn url(&mut self) -> String {
        let said = self.folder.path().join("out");
        until("the traced server listens", async || {
            let status = self.child.try_wait().expect("a child");
            assert_eq!(status, None, "{}", self.said("err"));
            listening(&said)
        })
        .await
    }

    /// `kill -9`; see [`Traced::deeds`].
    pub(crate) fn kill(&mut self) {
        self.child.start_kill().expect("it runs");
    }

    /// SIGTERM; see [`Traced::deeds`].
    pub(crate) async fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.id.to_string()]).status().await;
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end, and reads what it did.
    pub(crate) async fn deeds(&mut self) -> Vec<Deed> {
        let ended = tokio::time::timeout(BOUND, self.child.wait()).await;
        ended.expect("it ends").expect("a status");
        let last = format!("{} ", self.id);
        let trace = until("strace has written everything", async || {
            let trace = self.said("trace");
            let end = trace.lines().rev().find(|line| line.starts_with(&last))?;
            (trace.ends_with('\n') && end.contains("+++")).then_some(trace)
        })
        .await;
        trace::deeds(&trace, self.data().to_str().expect("a path of text"))
    }

    /// What it printed.
    pub(crate) fn printed(&self) -> String {
        self.said("out")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn said(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the traced server's log\n{}", self.said("err"));
        }
    }
}
