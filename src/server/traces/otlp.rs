//! Spans to a collector: OTLP over HTTP in its JSON form, in batches. What the collector does not take is dropped.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;

use super::{Span, Told, What};
use crate::ledger::audit::hex;
use crate::server::config::ServeError;

/// Spans in one request.
const BATCH_MAX: usize = 512;
/// How long the first span waits for company.
const GATHERED_FOR: Duration = Duration::from_secs(1);
/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Kinds of spans: of a server, and within one.
const SERVER: u8 = 2;
const INTERNAL: u8 = 1;

/// Where spans are taken.
pub struct Collector {
    url: String,
    client: reqwest::Client,
}

impl Collector {
    /// The collector whose address stands before `/v1/traces`.
    pub fn at(endpoint: &str) -> Result<Collector, ServeError> {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| ServeError::Traces { why: e.to_string() })?;
        Ok(Collector {
            url: format!("{}/v1/traces", endpoint.trim_end_matches('/')),
            client,
        })
    }

    async fn send(&self, spans: &mut Vec<Span>) {
        if spans.is_empty() {
            return;
        }
        let body = request(spans).to_string();
        spans.clear();
        let sent = self
            .client
            .post(&self.url)
            .header("Content-Type", "application/json")
            .body(body)
            .send();
        // A collector that is away or refuses: the next batch may find it.
        let _ = sent.await;
    }
}

/// Exports what comes, until nobody can send any more.
pub async fn export(collector: Collector, mut told: Receiver<Told>) {
    let mut spans = Vec::with_capacity(BATCH_MAX);
    loop {
        let next = match spans.is_empty() {
            true => told.recv().await,
            false => match tokio::time::timeout(GATHERED_FOR, told.recv()).await {
                Ok(next) => next,
                Err(_) => {
                    collector.send(&mut spans).await;
                    continue;
                }
            },
        };
        match next {
            Some(Told::Span(span)) => {
                spans.push(*span);
                if spans.len() >= BATCH_MAX {
                    collector.send(&mut spans).await;
                }
            }
            Some(Told::End(ended)) => {
                collector.send(&mut spans).await;
                // Whoever waited may have given up.
                let _ = ended.send(());
            }
            None => return collector.send(&mut spans).await,
        }
    }
}

/// What the collector is sent.
fn request(spans: &[Span]) -> Value {
    let resource = json!({ "attributes": [
        text("service.name", "hissab"), text("service.version", env!("CARGO_PKG_VERSION")),
    ] });
    let spans: Vec<Value> = spans.iter().flat_map(told).collect();
    json!({ "resourceSpans": [{
        "resource": resource,
        "scopeSpans": [{ "scope": { "name": "hissab" }, "spans": spans }],
    }] })
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// What a span is called, its kind, what is known of it, and whether the server failed in it.
fn named(what: &What) -> (String, u8, Vec<Value>, bool) {
    match what {
        What::Request {
            method,
            route,
            status,
        } => {
            let mut attributes = vec![
                text("http.request.method", method),
                json!({ "key": "http.response.status_code", "value": { "intValue": status.to_string() } }),
            ];
            let name = match route.as_str() {
                "" => method.clone(),
                route => {
                    attributes.push(text("http.route", route));
                    format!("{method} {route}")
                }
            };
            // Only what the server did wrong is an error of the server.
            (name, SERVER, attributes, *status >= 500)
        }
        What::Job { format, failed } => {
            let attributes = vec![text("hissab.format", format)];
            ("job export".to_owned(), INTERNAL, attributes, *failed)
        }
    }
}

/// A request or a job, and its steps.
fn told(span: &Span) -> Vec<Value> {
    let (name, kind, mut attributes, failed) = named(&span.what);
    attributes.extend(span.org.as_deref().map(|org| text("hissab.org_hash", org)));
    attributes.extend(span.code.as_deref().map(|code| text("error.type", code)));
    let mut whole = json!({
        "traceId": hex(&span.trace), "spanId": hex(&span.id),
        "name": name, "kind": kind,
        "startTimeUnixNano": nanos(span, span.at), "endTimeUnixNano": nanos(span, span.ended),
        "attributes": attributes,
        "status": if failed { json!({ "code": 2 }) } else { json!({}) },
    });
    if let Some(parent) = &span.parent {
        whole["parentSpanId"] = json!(hex(parent));
    }
    let mut all = vec![whole];
    for (nth, step) in span.steps.iter().enumerate() {
        all.push(json!({
            "traceId": hex(&span.trace), "spanId": hex(&of_step(span.id, nth)), "parentSpanId": hex(&span.id),
            "name": step.name, "kind": INTERNAL,
            "startTimeUnixNano": nanos(span, step.from), "endTimeUnixNano": nanos(span, step.to),
            "status": {},
        }));
    }
    all
}

/// Ids within a trace differ; those of steps follow from their request's.
fn of_step(id: [u8; 8], nth: usize) -> [u8; 8] {
    let step = u64::from_be_bytes(id).wrapping_add(nth as u64 + 1);
    step.max(1).to_be_bytes()
}

/// A moment by the wall clock, in nanoseconds since 1970, as text.
fn nanos(span: &Span, moment: Instant) -> String {
    let after = moment.saturating_duration_since(span.at);
    let at: SystemTime = span.began + after;
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_string()
}
