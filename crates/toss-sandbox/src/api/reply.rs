//! Step 4: a reply becomes bytes and headers, or a connection that breaks.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response as HttpResponse, StatusCode, header};
use axum::response::Response;

use crate::answer::Answer;
use crate::api::tomorrow;
use crate::codes::Code;
use crate::journal::Operation;
use crate::lang::Lang;
use crate::serve::{Broken, Line};

/// What is to be sent, and how much of it arrives.
pub(crate) struct Reply {
    pub(crate) answer: Option<Answer>,
    pub(crate) trace: u128,
    /// The trace of the first answer, on a replay.
    pub(crate) original: Option<u128>,
    pub(crate) delivery: Delivery,
}

/// What becomes of the reply on its way.
pub(crate) enum Delivery {
    Whole,
    /// Nothing arrives: the connection is reset.
    Nothing,
    /// So many bytes of the body arrive.
    Cut(usize),
    /// A gateway answers in Toss's place.
    Gateway(u16),
    /// Everything arrives, in the words of a later version.
    OfTomorrow(Operation),
}

/// The connection that a request came by, if the sandbox itself serves it.
pub(crate) fn line_of(request: &Request) -> Option<Line> {
    request.extensions().get::<axum::extract::ConnectInfo<Line>>().map(|info| info.0.clone())
}

pub(crate) fn send(reply: &Reply, echo: Option<HeaderValue>, line: Option<Line>) -> Response {
    match reply.delivery {
        Delivery::Whole | Delivery::OfTomorrow(_) => whole(reply, echo, None),
        Delivery::Cut(bytes) => whole(reply, echo, Some(bytes)),
        Delivery::Gateway(status) => gateway(status),
        Delivery::Nothing => {
            if let Some(line) = line {
                line.reset();
            }
            // Where someone else serves the router, a body that breaks is the nearest thing to no answer.
            let mut response = Response::new(Body::new(Broken::at_once()));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

fn whole(reply: &Reply, echo: Option<HeaderValue>, cut: Option<usize>) -> Response {
    let (status, body) = match &reply.answer {
        Some(answer) => (answer.status(), answer.body()),
        None => (500, Vec::new()),
    };
    let body = match reply.delivery {
        Delivery::OfTomorrow(operation) => tomorrow::reword(body, operation),
        _ => body,
    };
    let mut response = HttpResponse::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-tosspayments-trace-id", trace(reply));
    if let Some(echo) = echo {
        response = response.header("idempotency-key", echo);
    }
    let body = match cut {
        None => Body::from(body),
        Some(bytes) => {
            let claimed = body.len().max(bytes + 1);
            response = response.header(header::CONTENT_LENGTH, claimed);
            Body::new(Broken::after(body, bytes))
        }
    };
    response.body(body).unwrap_or_else(|_| gateway(500))
}

/// The trace id; on a replay "new, original" (Toss core API, Transport).
fn trace(reply: &Reply) -> String {
    match reply.original {
        None => format!("{:032x}", reply.trace),
        Some(original) => format!("{:032x}, {original:032x}", reply.trace),
    }
}

/// A refusal outside any call: it has a trace like all others.
pub(crate) fn refused(code: Code, lang: Lang, number: u128) -> Response {
    let answer = Some(Answer::refused(code, lang));
    whole(&Reply { answer, trace: number, original: None, delivery: Delivery::Whole }, None, None)
}

/// A page of the gateway in front of Toss: HTML, and neither code nor message.
pub(crate) fn gateway(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n");
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

pub(crate) fn redirect(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}
