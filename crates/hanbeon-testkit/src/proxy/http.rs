//! As much of HTTP/1.1 as it takes to know where a message ends. The bytes themselves are passed on as they came.
use httparse::{EMPTY_HEADER, Header, Status};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Far more than any message of Toss's has; beyond it the connection is broken.
const LARGEST: usize = 1 << 20;
const HEADERS_MAX: usize = 64;

/// A whole request.
#[derive(Debug)]
pub(super) struct Request {
    /// `METHOD path`.
    pub(super) line: String,
    pub(super) idempotency_key: Option<String>,
    pub(super) bytes: Vec<u8>,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Whether the connection ends with it.
    pub(super) is_last: bool,
    pub(super) bytes: Vec<u8>,
}

/// The next request; `None` when the client has left between two. `unread` is what came after the last one.
pub(super) async fn request(
    client: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
) -> io::Result<Option<Request>> {
    let read = |bytes: &[u8]| {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Request::new(&mut headers);
        let Status::Complete(length) = head.parse(bytes).map_err(broken)? else { return Ok(None) };
        let line = format!("{} {}", head.method.unwrap_or_default(), head.path.unwrap_or_default());
        let idempotency_key = header(head.headers, "idempotency-key").map(str::to_owned);
        let body = Body::of(head.headers)?.unwrap_or(Body::Length(0));
        Ok(Some((Head { length, body }, (line, idempotency_key))))
    };
    let message = message(client, unread, read).await?;
    Ok(message.map(|((line, idempotency_key), bytes)| Request { line, idempotency_key, bytes }))
}

/// The one answer that is waited for.
pub(super) async fn reply(upstream: &mut (impl AsyncRead + Unpin)) -> io::Result<Reply> {
    let read = |bytes: &[u8]| {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Response::new(&mut headers);
        let Status::Complete(length) = head.parse(bytes).map_err(broken)? else { return Ok(None) };
        let status = head.code.unwrap_or_default();
        let body = match status {
            204 | 304 => Body::Length(0),
            _ => Body::of(head.headers)?.unwrap_or(Body::UntilTheEnd),
        };
        let closes = header(head.headers, "connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
        let is_last = closes || body == Body::UntilTheEnd;
        Ok(Some((Head { length, body }, (status, is_last))))
    };
    let message = message(upstream, &mut Vec::new(), read).await?;
    let ((status, is_last), bytes) = message.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Reply { status, is_last, bytes })
}

/// The head of a message: how long it is itself, and how its body ends.
struct Head {
    length: usize,
    body: Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Length(usize),
    Chunked,
    UntilTheEnd,
}

async fn message<T>(
    stream: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
    read: impl Fn(&[u8]) -> io::Result<Option<(Head, T)>>,
) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut has_ended = false;
    loop {
        if let Some((head, value)) = read(unread)?
            && let Some(end) = head.end(unread, has_ended)?
        {
            let rest = unread.split_off(end);
            return Ok(Some((value, std::mem::replace(unread, rest))));
        }
        if has_ended {
            return if unread.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        if unread.len() > LARGEST {
            return Err(broken("the message is too large"));
        }
        has_ended = stream.read_buf(unread).await? == 0;
    }
}

impl Head {
    /// Where the message ends, once all of it is there.
    fn end(&self, bytes: &[u8], has_ended: bool) -> io::Result<Option<usize>> {
        match self.body {
            Body::Length(body) => {
                let end = self.length.checked_add(body).ok_or_else(|| broken("the message is too large"))?;
                Ok((end <= bytes.len()).then_some(end))
            }
            Body::Chunked => end_of_chunks(bytes, self.length),
            Body::UntilTheEnd => Ok(has_ended.then_some(bytes.len())),
        }
    }
}

impl Body {
    /// What the headers say; `None`: nothing.
    fn of(headers: &[Header<'_>]) -> io::Result<Option<Self>> {
        if header(headers, "transfer-encoding").is_some_and(|it| it.eq_ignore_ascii_case("chunked")) {
            return Ok(Some(Self::Chunked));
        }
        let length = header(headers, "content-length").map(|it| it.trim().parse().map(Self::Length));
        length.transpose().map_err(broken)
    }
}

fn end_of_chunks(bytes: &[u8], mut at: usize) -> io::Result<Option<usize>> {
    loop {
        let Some(rest) = bytes.get(at..) else { return Ok(None) };
        let size = httparse::parse_chunk_size(rest).map_err(|_| broken("a chunk without a size"))?;
        let Status::Complete((line, size)) = size else { return Ok(None) };
        at += line;
        if size == 0 {
            let mut trailers = [EMPTY_HEADER; HEADERS_MAX];
            let rest = bytes.get(at..).unwrap_or_default();
            let trailers = httparse::parse_headers(rest, &mut trailers).map_err(broken)?;
            return Ok(match trailers {
                Status::Complete((length, _)) => Some(at + length),
                Status::Partial => None,
            });
        }
        let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST);
        // The chunk, and the end of its line.
        at += size.ok_or_else(|| broken("the chunk is too large"))? + 2;
    }
}

fn header<'a>(headers: &[Header<'a>], name: &str) -> Option<&'a str> {
    let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(header.value).ok()
}

fn broken(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
