//! A server of one behaviour, over plain sockets: an HTTP library would refuse to misbehave like this.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The first byte of a TLS client hello.
const TLS_HANDSHAKE: u8 = 0x16;

#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    /// Accepts and closes.
    CloseAtOnce,
    /// Reads a request and closes in order.
    ReadThenClose,
    /// Reads a request and resets the connection.
    ReadThenReset,
    /// Never says a word, whatever comes.
    SilentAtOnce,
    /// Reads requests and never says a word.
    Silent,
    /// Reads a request, writes this, closes.
    Raw(&'static str),
    /// Reads a request, writes this, keeps the connection open.
    RawThenSilent(&'static str),
    /// Reads a request and writes this for every one.
    Answer(Arc<str>),
    /// Writes these one after the other, whatever the connection, and the last one for ever.
    Answers(Arc<[String]>),
    /// Answers one request with this body, as if the connection were kept, then closes.
    AnswerThenClose(&'static str),
    /// Answers the first request of a connection with this body, reads the second and closes.
    AnswerOnceThenReadAndClose(&'static str),
    /// Answers with this header line and a body without end.
    Endless(&'static str),
}

impl Behaviour {
    pub(crate) fn answer(status: u16, body: &str) -> Self {
        Self::Answer(http(status, body).into())
    }

    pub(crate) fn answers(answers: &[(u16, String)]) -> Self {
        Self::Answers(answers.iter().map(|(status, body)| http(*status, body)).collect())
    }
}

fn http(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nx-tosspayments-trace-id: \
         0af7651916cd43dd8448eb211c80319c\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<String>,
}

pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().expect("no test panics inside").connections += 1;
                tokio::spawn(serve(stream, behaviour.clone(), Arc::clone(&shared)));
            }
        });
        Self { url, seen, task }
    }

    /// Every complete request so far, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().expect("no test panics inside").requests.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().expect("no test panics inside").connections
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The client may go away at any moment, so every failure of a write or read simply ends the connection.
async fn serve(mut stream: TcpStream, behaviour: Behaviour, seen: Arc<Mutex<Seen>>) {
    if matches!(behaviour, Behaviour::CloseAtOnce) {
        return;
    }
    if matches!(behaviour, Behaviour::SilentAtOnce) {
        let mut ignored = [0; 4096];
        while stream.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
        return;
    }
    let mut answered = 0;
    while let Some(request) = read_request(&mut stream).await {
        let before = {
            let mut seen = seen.lock().expect("no test panics inside");
            seen.requests.push(request);
            seen.requests.len() - 1
        };
        let (text, keep) = match &behaviour {
            Behaviour::CloseAtOnce | Behaviour::SilentAtOnce | Behaviour::ReadThenClose => return,
            Behaviour::ReadThenReset => {
                stream.set_zero_linger().expect("a socket option");
                return;
            }
            Behaviour::Silent => continue,
            Behaviour::Raw(text) => ((*text).to_owned(), false),
            Behaviour::RawThenSilent(text) => ((*text).to_owned(), true),
            Behaviour::Answer(text) => (text.to_string(), true),
            Behaviour::Answers(texts) => (texts[before.min(texts.len() - 1)].clone(), true),
            Behaviour::AnswerThenClose(body) => (http(200, body), false),
            Behaviour::AnswerOnceThenReadAndClose(_) if answered > 0 => return,
            Behaviour::AnswerOnceThenReadAndClose(body) => (http(200, body), true),
            Behaviour::Endless(head) => return endless(&mut stream, head).await,
        };
        if stream.write_all(text.as_bytes()).await.is_err() || !keep {
            return;
        }
        answered += 1;
    }
}

async fn endless(stream: &mut TcpStream, head: &str) {
    let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
    let mut result = stream.write_all(head.as_bytes()).await;
    while result.is_ok() {
        result = stream.write_all(&[b' '; 4096]).await;
    }
}

/// One request; `None` when the connection ends, or asks for TLS, which is then refused in plain words.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok()?;
        if count == 0 {
            return None;
        }
        if bytes.is_empty() && chunk[0] == TLS_HANDSHAKE {
            stream.write_all(http(400, "no TLS here").as_bytes()).await.ok()?;
            return None;
        }
        bytes.extend_from_slice(&chunk[..count]);
    }
}
