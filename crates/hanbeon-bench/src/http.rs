//! Just enough HTTP/1.1 for a client that is not what is measured: one kept connection, requests that are
//! ready bytes, answers with a length.
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest answer that is read, in bytes: a page of metrics fits many times.
const ANSWER_MAX: usize = 1024 * 1024;

/// A kept connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, in the connection's buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    head: &'a str,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The value of a header; the name in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.split("\r\n").filter_map(|line| line.split_once(':'));
        headers.into_iter().find_map(|(is, value)| is.eq_ignore_ascii_case(name).then_some(value.trim()))
    }

    /// The body for people.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(self.body))
    }
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a request and reads its whole answer.
    ///
    /// # Errors
    /// A broken connection, an answer without a length, or one of more than a MiB.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // Found twice when complete, because the borrow of a finished answer cannot leave the loop.
            if parse(&self.buffer)?.is_some() {
                break;
            }
            if self.buffer.len() > ANSWER_MAX {
                return Err(io::Error::other("the answer is too long"));
            }
        }
        parse(&self.buffer)?.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// The answer, when all of it is there.
fn parse(bytes: &[u8]) -> io::Result<Option<Answer<'_>>> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer with a length");
    let text = std::str::from_utf8(&bytes[..head]).map_err(|_| malformed())?;
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|line| line.get(..3));
    let status = status.and_then(|status| status.parse().ok()).ok_or_else(malformed)?;
    let answer = Answer { status, head: text, body: &[] };
    let length = answer.header("content-length").and_then(|value| value.parse::<usize>().ok());
    let length = length.filter(|length| *length <= ANSWER_MAX).ok_or_else(malformed)?;
    let body = head + 4;
    Ok(bytes.get(body..body + length).map(|body| Answer { body, ..answer }))
}

/// The bytes of a GET.
pub(crate) fn get(host: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").into_bytes()
}

/// The bytes of a POST of JSON; `authorization` is the header's value, or empty.
pub(crate) fn post(host: SocketAddr, path: &str, authorization: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let authorization = match authorization {
        "" => String::new(),
        value => format!("authorization: {value}\r\n"),
    };
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\n{authorization}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_there_when_its_last_byte_is_there() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nx: y\r\n\r\nDONE";
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]).expect("nothing wrong yet"), None, "{end}");
        }
        let answer = parse(whole).expect("an answer").expect("complete");
        assert_eq!((answer.status, answer.body), (200, b"DONE".as_slice()));
        assert_eq!((answer.header("X"), answer.header("y")), (Some("y"), None));
        assert_eq!(answer.text(), "200 DONE");
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        for bytes in
            ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200\r\ncontent-length: -1\r\n\r\n", "hello\r\n\r\n"]
        {
            assert!(parse(bytes.as_bytes()).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_request_says_how_long_it_is() {
        let host = SocketAddr::from(([127, 0, 0, 1], 80));
        let text = String::from_utf8(post(host, "/a", "Bearer k", r#"{"a":1}"#)).expect("text");
        let wanted = "POST /a HTTP/1.1\r\nhost: 127.0.0.1:80\r\nauthorization: Bearer k\r\n\
                      content-type: application/json\r\ncontent-length: 7\r\n\r\n{\"a\":1}";
        assert_eq!(text, wanted);
        assert!(!String::from_utf8(post(host, "/a", "", "{}")).expect("text").contains("authorization"));
    }
}
