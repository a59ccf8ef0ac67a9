//! A URL or a method that we do not have: said in our own shape, with the way out.
use crate::answer::coded;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;

pub(crate) async fn no_such_url(uri: Uri) -> Response {
    let message = format!("there is nothing at {}; the README lists every URL", uri.path());
    coded(StatusCode::NOT_FOUND, "NOT_FOUND", &message)
}

pub(crate) async fn no_such_method(method: Method, uri: Uri) -> Response {
    let message = format!("{} does not take {method}; the README lists every call", uri.path());
    coded(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", &message)
}
