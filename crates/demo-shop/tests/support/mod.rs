//! A shop on a free port, a hanbeon beside it, and a client small enough to read.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The one API key that the fake hanbeon knows.
pub(crate) const KEY: &str = "hb_test_only_the_server_knows";

/// How the fake hanbeon answers an order that it could take.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mood {
    Kind,
    Refusing,
    WrongAmount,
    WrongId,
    Redirecting,
    Endless,
}

/// A hanbeon of one endpoint.
pub(crate) struct FakeHanbeon {
    pub(crate) url: String,
    books: Arc<Books>,
}

struct Books {
    mood: Mood,
    /// Merchant reference and order, in the order in which they came.
    orders: Mutex<Vec<(String, Value)>>,
}

impl FakeHanbeon {
    pub(crate) async fn start(mood: Mood) -> Self {
        let books = Arc::new(Books { mood, orders: Mutex::default() });
        let router = Router::new().route("/v1/orders", post(take_order)).with_state(Arc::clone(&books));
        Self { url: serve(router).await, books }
    }

    pub(crate) fn orders(&self) -> Vec<(String, Value)> {
        self.books.orders.lock().unwrap().clone()
    }
}

async fn take_order(
    State(books): State<Arc<Books>>,
    headers: HeaderMap,
    Json(mut order): Json<Value>,
) -> Response {
    let expected = format!("Bearer {KEY}");
    if headers.get(header::AUTHORIZATION).is_none_or(|given| given != expected.as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(reference) = order["merchantReference"].as_str().map(str::to_owned) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let total = order["totalAmount"].as_u64();
    let lines = order["lines"].as_array().cloned().unwrap_or_default();
    let sum: Option<u64> =
        lines.iter().map(|line| Some(line["quantity"].as_u64()? * line["unitPrice"].as_u64()?)).sum();
    let mut orders = books.orders.lock().unwrap();
    if lines.is_empty() || sum != total || orders.iter().any(|(other, _)| *other == reference) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let id = format!("{:032x}", orders.len() + 1);
    match books.mood {
        Mood::Kind => {}
        Mood::Refusing => return (StatusCode::FORBIDDEN, "no").into_response(),
        Mood::WrongAmount => {
            return (StatusCode::CREATED, Json(json!({"id": id, "totalAmount": 1}))).into_response();
        }
        Mood::WrongId => {
            let body = json!({"id": "../../v1/keys", "totalAmount": total});
            return (StatusCode::CREATED, Json(body)).into_response();
        }
        Mood::Redirecting => return (StatusCode::FOUND, [(header::LOCATION, "/v1/orders")]).into_response(),
        Mood::Endless => return (StatusCode::CREATED, " ".repeat(10_000_000)).into_response(),
    }
    order["id"] = json!(id);
    orders.push((reference, order.clone()));
    (StatusCode::CREATED, Json(order)).into_response()
}

/// A shop on a free port.
pub(crate) struct Shop {
    address: String,
}

impl Shop {
    pub(crate) async fn beside(hanbeon_url: &str) -> Self {
        let url = serve(demo_shop::router(demo_shop::Config {
            hanbeon_url: hanbeon_url.to_owned(),
            api_key: KEY.to_owned(),
            storefront_prefix: "/payments".to_owned(),
            sdk_url: "http://127.0.0.1:8081/v2/standard".to_owned(),
            client_key: "test_gck_demo".to_owned(),
            billing_client_key: Some("test_ck_demo".to_owned()),
            desk: true,
        }))
        .await;
        Self { address: url.trim_start_matches("http://").to_owned() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as("localhost", path).await
    }

    /// Calls the shop by another name than its own.
    pub(crate) async fn get_as(&self, host: &str, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")).await
    }

    pub(crate) async fn post(&self, path: &str, json: &str) -> Answer {
        let length = json.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{json}"
        ))
        .await
    }

    async fn send(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    head: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }
}

/// An address where nobody listens any more.
pub(crate) async fn unused_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}
