//! The `OpenAPI` document names every route: the sources are read, for a router cannot be asked.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::client::{Ask, Toss};

/// The pages and the wire of the sandbox's own scripts; their words are their own business.
const OF_THE_BROWSER: [&str; 5] =
    ["/sandbox/browser/", "/sandbox/window/", "/sandbox/widget/", "/sandbox/assets/", "/sandbox/console/"];

#[tokio::test]
async fn the_openapi_document_names_every_route_and_method() {
    let toss = Toss::start().await;
    let document = toss.send(Ask::get("/sandbox/openapi.json")).await.json();
    let mut routes = BTreeSet::new();
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut routes);
    assert!(routes.contains(&("/v1/payments/confirm".into(), "post")), "the scan is blind: {routes:?}");
    assert!(
        routes.contains(&("/v1/billing/{billing_key}".into(), "delete")),
        "the scan is blind: {routes:?}"
    );
    let missing: Vec<_> =
        routes.iter().filter(|(path, method)| document["paths"][path][method] == Value::Null).collect();
    assert!(missing.is_empty(), "openapi/openapi.json lacks {missing:?}");
}

fn collect(folder: &Path, routes: &mut BTreeSet<(String, &'static str)>) {
    for entry in fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, routes);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("a source");
            source.split(".route(").skip(1).for_each(|rest| read(rest, routes));
        }
    }
}

/// `"/path", get(show).post(make)` and what follows it in the file.
fn read(rest: &str, routes: &mut BTreeSet<(String, &'static str)>) {
    let Some((path, rest)) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')) else {
        return;
    };
    let of_the_browser = OF_THE_BROWSER.iter().any(|start| path.starts_with(start));
    if of_the_browser || !(path.starts_with("/v1/") || path.starts_with("/sandbox/")) {
        return;
    }
    let mut depth = 1_i32;
    let end = rest.find(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        depth == 0
    });
    let methods = &rest[..end.expect("a closed call")];
    for (word, method) in [
        ("get(", "get"),
        ("read(", "get"),
        ("post(", "post"),
        ("patch(", "patch"),
        ("delete(", "delete"),
        ("MethodFilter::DELETE", "delete"),
    ] {
        if methods.contains(word) {
            // An address with a slash at its end is the same one, said in another way.
            routes.insert((path.trim_end_matches('/').to_owned(), method));
        }
    }
}
