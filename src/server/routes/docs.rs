//! What the API is: `/api/v1/openapi.json`, and the same to read at `/docs`. No script, nothing from elsewhere.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::server::router;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#222;background:#fff}\
h2{margin-top:2.5rem;border-bottom:1px solid #ccc}h3{font:600 1rem ui-monospace,monospace;margin:1.5rem 0 .25rem;overflow-wrap:anywhere}\
p{margin:.25rem 0}dl{margin:.25rem 0 .25rem 1rem}dt{font:.9rem ui-monospace,monospace}dd{margin:0 0 .25rem 1rem;color:#444}\
pre{background:#f5f5f5;padding:.5rem;overflow-x:auto;font-size:.85rem}nav a{margin-right:1rem}\
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}dd{color:#aaa}pre{background:#222}a{color:#8bf}}";

static DESCRIPTION: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(description()));

static PAGE: LazyLock<Bytes> = LazyLock::new(|| {
    // The text is our own: it reads back.
    let api = serde_json::from_slice(&DESCRIPTION).unwrap_or_default();
    Bytes::from(page(&api))
});

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// The description of the API as it is kept in the repository.
pub fn description() -> String {
    let value = serde_json::to_value(router::description()).unwrap_or_default();
    // Indented, and with a line break at its end: a change of it reads well.
    serde_json::to_string_pretty(&value).unwrap_or_default() + "\n"
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "server", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub async fn openapi() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], DESCRIPTION.clone()).into_response()
}

/// The API to read.
#[utoipa::path(get, path = "/docs", tag = "server", responses((status = 200, description = "A page", body = String, content_type = "text/html")))]
pub async fn docs() -> Response {
    let mut response = PAGE.clone().into_response();
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, html);
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Every operation by its tag, then every shape.
fn page(api: &Value) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>HissabBook API</title><style>{STYLE}</style>\n<h1>HissabBook API, version 1</h1>\n<p>{}</p>\n\
<p>The same for programs: <a href=\"{1}/openapi.json\">{1}/openapi.json</a></p>\n",
        words(&api["info"]["description"]),
        crate::wire::API,
    );
    let all = operations(api);
    let mut tags: Vec<&str> = all.iter().map(|(tag, ..)| *tag).collect();
    tags.dedup();
    html.push_str("<nav>");
    for tag in tags.iter().chain(&["shapes"]) {
        put(
            &mut html,
            format_args!("<a href=\"#{0}\">{0}</a> ", escaped(tag)),
        );
    }
    html.push_str("</nav>\n");
    let mut current = "";
    for (tag, path, method, operation) in all {
        if tag != current {
            put(
                &mut html,
                format_args!("<h2 id=\"{0}\">{0}</h2>\n", escaped(tag)),
            );
            current = tag;
        }
        put_operation(&mut html, path, method, operation);
    }
    html.push_str("<h2 id=\"shapes\">shapes</h2>\n");
    for (name, shape) in api["components"]["schemas"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let text = serde_json::to_string_pretty(shape).unwrap_or_default();
        put(
            &mut html,
            format_args!(
                "<h3 id=\"shape-{0}\">{0}</h3>\n<pre>{1}</pre>\n",
                escaped(name),
                escaped(&text)
            ),
        );
    }
    html + "</html>\n"
}

/// Tag, path, method and operation, by tag and path.
fn operations(api: &Value) -> Vec<(&str, &str, &str, &Value)> {
    let paths = api["paths"].as_object().into_iter().flatten();
    let mut all: Vec<_> = paths
        .flat_map(|(path, item)| {
            item.as_object()
                .into_iter()
                .flatten()
                .map(move |(m, o)| (path, m, o))
        })
        .map(|(path, method, o)| {
            (
                o["tags"][0].as_str().unwrap_or("other"),
                path.as_str(),
                method.as_str(),
                o,
            )
        })
        .collect();
    all.sort_by_key(|(tag, path, ..)| (*tag, *path));
    all
}

fn put_operation(html: &mut String, path: &str, method: &str, operation: &Value) {
    let id = escaped(operation["operationId"].as_str().unwrap_or_default());
    let method = method.to_uppercase();
    put(
        html,
        format_args!("<h3 id=\"{id}\">{method} {}</h3>\n", escaped(path)),
    );
    for text in [&operation["summary"], &operation["description"]] {
        put(html, format_args!("<p>{}</p>\n", words(text)));
    }
    html.push_str("<dl>");
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, place) = (words(&parameter["name"]), words(&parameter["in"]));
        put(
            html,
            format_args!(
                "<dt>{name} ({place})</dt><dd>{}</dd>\n",
                words(&parameter["description"])
            ),
        );
    }
    put_content(html, "body", "", &operation["requestBody"]["content"]);
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        put_content(
            html,
            status,
            &words(&answer["description"]),
            &answer["content"],
        );
    }
    html.push_str("</dl>\n");
}

/// What is taken or answered: its media types, each with its shape.
fn put_content(html: &mut String, what: &str, said: &str, content: &Value) {
    let kinds = content.as_object();
    if kinds.is_none() && said.is_empty() {
        return;
    }
    put(html, format_args!("<dt>{}</dt><dd>{said}", escaped(what)));
    for (media, of) in kinds.into_iter().flatten() {
        put(html, format_args!(" {}", escaped(media)));
        let shape = of["schema"]["$ref"]
            .as_str()
            .and_then(|r| r.rsplit('/').next());
        if let Some(shape) = shape.map(escaped) {
            put(
                html,
                format_args!(" <a href=\"#shape-{shape}\">{shape}</a>"),
            );
        }
    }
    html.push_str("</dd>\n");
}

fn words(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

fn put(html: &mut String, words: std::fmt::Arguments<'_>) {
    // Into memory: this cannot fail.
    let _ = html.write_fmt(words);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::access::OPERATIONS;

    #[test]
    fn every_operation_of_the_table_has_a_route_under_its_id() {
        let api = serde_json::from_str::<Value>(&description()).unwrap();
        let mut described: Vec<String> = operations(&api)
            .iter()
            .map(|(_, path, method, o)| {
                format!(
                    "{} {} {path}",
                    o["operationId"].as_str().unwrap(),
                    method.to_uppercase()
                )
            })
            .collect();
        let mut known: Vec<String> = OPERATIONS
            .iter()
            .map(|o| format!("{} {} {}", o.id, o.method, o.route()))
            .collect();
        described.sort();
        known.sort();
        assert_eq!(described, known);
    }

    #[test]
    fn the_page_shows_every_operation_and_runs_nothing() {
        let page = String::from_utf8_lossy(&PAGE);
        for operation in OPERATIONS {
            assert!(
                page.contains(&format!("id=\"{}\"", operation.id)),
                "{}",
                operation.id
            );
        }
        assert!(!page.contains("<script") && !page.contains("http://"));
        assert!(POLICY.starts_with("default-src 'none'"));
    }

    #[test]
    fn the_copy_in_the_repository_is_what_the_code_says() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/openapi.json");
        if std::env::var_os("HISSAB_WRITE_OPENAPI").is_some() {
            std::fs::write(&path, description()).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == description(),
            "src/server/openapi.json is stale: HISSAB_WRITE_OPENAPI=1 cargo test --lib server::routes::docs"
        );
    }
}
