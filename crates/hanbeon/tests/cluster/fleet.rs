//! Servers beside each other: each is a process with a door, all have one database and one Toss.
use crate::doors::Doors;
use crate::support::{Api, World, listening, try_send, until};
use std::fs::OpenOptions;
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// One of them.
pub(crate) struct Server {
    number: usize,
    child: Option<Child>,
    door: watch::Sender<Option<Api>>,
    /// What it has in its environment that the others do not: which version it stands for.
    pub(crate) version: Vec<(&'static str, String)>,
}

/// All of them.
pub(crate) struct Fleet {
    pub(crate) servers: Vec<Server>,
    pub(crate) doors: Doors,
}

impl Fleet {
    /// So many, none of which runs.
    pub(crate) fn new(size: usize) -> Self {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..size).map(|_| watch::channel(None)).unzip();
        let servers = senders
            .into_iter()
            .enumerate()
            .map(|(number, door)| Server { number, child: None, door, version: Vec::new() })
            .collect();
        Self { servers, doors: Doors::new(receivers) }
    }

    /// Starts those that do not run.
    pub(crate) async fn start(&mut self, world: &World) {
        for server in self.servers.iter_mut().filter(|server| server.child.is_none()) {
            server.start(world).await;
        }
    }

    /// `kill -9` of all.
    pub(crate) async fn kill(&mut self) {
        for server in &mut self.servers {
            server.kill().await;
        }
    }

    /// How to reach the first one.
    pub(crate) fn api(&self) -> Api {
        self.servers[0].door.borrow().clone().expect("it serves")
    }
}

impl Server {
    /// Starts it, and opens its door when it is ready.
    pub(crate) async fn start(&mut self, world: &World) {
        let said = world.folder.path().join(format!("server-{}.out", self.number));
        std::fs::write(&said, "").expect("an empty file");
        let append = |path| OpenOptions::new().create(true).append(true).open(path).expect("a file");
        let mut command = world.command(&["serve"]);
        command.envs(self.version.iter().map(|(name, value)| (name, value)));
        command.stdout(append(said.clone())).stderr(append(world.folder.path().join("server.log")));
        let mut child = command.spawn().expect("the server");
        let mut api = world.api.clone();
        api.url = until("the server says where it listens", async || {
            let ended = child.try_wait().expect("a child");
            assert!(ended.is_none(), "server {}: {ended:?}: {}", self.number, world.logs());
            listening(&said)
        })
        .await;
        until("the server is ready", async || {
            try_send(api.get("/readyz")).await.ok().filter(|answer| answer.status == 200)
        })
        .await;
        self.child = Some(child);
        self.door.send_replace(Some(api));
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self) {
        self.door.send_replace(None);
        self.child.take().expect("it runs").kill().await.expect("it dies");
    }

    /// SIGTERM, as an upgrade does; returns when it has ended by itself.
    pub(crate) async fn stop(&mut self) {
        self.door.send_replace(None);
        self.signal("TERM").await;
        let ended = self.child.take().expect("it runs").wait().await.expect("it ends");
        assert!(ended.success(), "{ended}");
    }

    /// SIGSTOP or SIGCONT. Its door stays open: nobody notices at once that a machine sleeps.
    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.as_ref().and_then(Child::id).expect("it runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await;
        assert!(sent.expect("kill runs").success());
    }
}
