//! What becomes of one request.
use super::fault::{Fault, When};
use super::http::{self, Reply, Request};
use super::line::Way;
use super::record::RuleId;
use super::script::Met;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// What becomes of the connection then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It waits for the next request.
    Request,
    /// It ends in good order.
    End,
    /// It is reset.
    Reset,
}

/// One request under way.
pub(super) struct Exchange<'a> {
    pub(super) client: &'a mut TcpStream,
    pub(super) request: Request,
    pub(super) met: Met,
    pub(super) way: &'a Way,
}

impl Exchange<'_> {
    /// Does to the request what it has met. An error is a side that broke.
    pub(super) async fn carry_out(&mut self) -> io::Result<Next> {
        let Some((rule, fault)) = self.met.fate else { return self.pass().await };
        match fault {
            Fault::Refuse(_) => Ok(Next::Reset),
            Fault::RequestLost => self.silence().await,
            Fault::CutRequestAfter(bytes) => self.cut_request(bytes).await,
            Fault::CutReplyAfter(bytes) => {
                let reply = self.forward().await?;
                self.say(&reply.bytes[..bytes.min(reply.bytes.len())]).await?;
                Ok(Next::End)
            }
            Fault::ReplyLost => {
                self.forward().await?;
                Ok(Next::End)
            }
            Fault::HalfOpen => {
                self.forward().await?;
                self.silence().await
            }
            Fault::DelayRequest(_) | Fault::HoldRequest => {
                self.wait(rule, fault).await;
                self.pass().await
            }
            Fault::DelayReply(_) | Fault::HoldReply => {
                let reply = self.forward().await?;
                self.wait(rule, fault).await;
                self.answer(&reply).await
            }
            Fault::SlowReply { bytes, every } => self.trickle(bytes, every).await,
            Fault::Garbage(when) => {
                self.unless_before(when).await?;
                self.say(GARBAGE).await?;
                Ok(Next::End)
            }
            Fault::Html(when) => {
                self.unless_before(when).await?;
                self.say(page(502, "keep-alive").as_bytes()).await?;
                Ok(Next::Request)
            }
            Fault::GatewayTimeout(_) | Fault::HoldBehindTimeout => {
                self.say(page(504, "close").as_bytes()).await?;
                self.client.shutdown().await?;
                self.wait(rule, fault).await;
                self.forward().await?;
                Ok(Next::End)
            }
            Fault::Error(when, status) => {
                self.unless_before(when).await?;
                self.say(error(status).as_bytes()).await?;
                Ok(Next::Request)
            }
            Fault::Reset(when) => {
                self.unless_before(when).await?;
                Ok(Next::Reset)
            }
        }
    }

    /// No fault.
    async fn pass(&mut self) -> io::Result<Next> {
        let reply = self.forward().await?;
        self.answer(&reply).await
    }

    /// Gives the upstream the whole request, and takes its whole answer. Every request has a connection of its own
    /// there, so that one fault cannot touch the next request.
    async fn forward(&self) -> io::Result<Reply> {
        let mut upstream = TcpStream::connect(self.way.upstream).await?;
        upstream.set_nodelay(true)?;
        upstream.write_all(&self.request.bytes).await?;
        self.way.script.note(self.met.seq, |record| record.forwarded = record.request_bytes);
        let reply = http::reply(&mut upstream).await?;
        self.way.script.note(self.met.seq, |record| {
            (record.reply, record.reply_bytes) = (Some(reply.status), reply.bytes.len());
        });
        Ok(reply)
    }

    async fn cut_request(&self, bytes: usize) -> io::Result<Next> {
        let bytes = bytes.min(self.request.bytes.len());
        let mut upstream = TcpStream::connect(self.way.upstream).await?;
        upstream.write_all(&self.request.bytes[..bytes]).await?;
        self.way.script.note(self.met.seq, |record| record.forwarded = bytes);
        upstream.shutdown().await?;
        Ok(Next::End)
    }

    async fn unless_before(&self, when: When) -> io::Result<()> {
        match when {
            When::Before => Ok(()),
            When::After => self.forward().await.map(drop),
        }
    }

    async fn answer(&mut self, reply: &Reply) -> io::Result<Next> {
        self.say(&reply.bytes).await?;
        Ok(if reply.is_last { Next::End } else { Next::Request })
    }

    async fn trickle(&mut self, bytes: usize, every: Duration) -> io::Result<Next> {
        let reply = self.forward().await?;
        for piece in reply.bytes.chunks(bytes.max(1)) {
            self.say(piece).await?;
            sleep(every).await;
        }
        Ok(if reply.is_last { Next::End } else { Next::Request })
    }

    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.client.write_all(bytes).await?;
        self.way.script.note(self.met.seq, |record| record.returned += bytes.len());
        Ok(())
    }

    async fn wait(&self, rule: RuleId, fault: Fault) {
        match fault {
            Fault::DelayRequest(how_long) | Fault::DelayReply(how_long) | Fault::GatewayTimeout(how_long) => {
                sleep(how_long).await;
            }
            _ => self.way.script.is_lifted(rule).await,
        }
    }

    /// Says nothing until the client has left.
    async fn silence(&mut self) -> io::Result<Next> {
        let mut ignored = [0; 1_024];
        while self.client.read(&mut ignored).await.is_ok_and(|bytes| bytes > 0) {}
        Ok(Next::End)
    }
}

const GARBAGE: &[u8] = b"\x16\x03\x01\x00\xa5\xff\xfe{\"status\":\"DONE\"}\0\0\0\r\n\r\n";

fn page(status: u16, connection: &str) -> String {
    let body =
        format!("<html><head><title>{status}</title></head><body><h1>{status}</h1>nginx</body></html>\r\n");
    made(status, "text/html", connection, &body)
}

fn error(status: u16) -> String {
    let body = r#"{"code":"FAILED_INTERNAL_SYSTEM_PROCESSING","message":"내부 시스템 처리 작업이 실패했습니다. 잠시 후 다시 시도해주세요."}"#;
    made(status, "application/json", "keep-alive", body)
}

fn made(status: u16, media_type: &str, connection: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Made By The Proxy\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\nconnection: {connection}\r\n\r\n{body}",
        body.len()
    )
}
