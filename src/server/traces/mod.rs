//! Traces: what a request or a job did and how long each step took, for a collector that speaks OTLP.
//!
//! A span holds the route's template, the status, and a hash that stands for the organisation: nobody's path, name,
//! amount or secret. Without a collector nothing is noted.

use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

use axum::http::HeaderMap;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::config::ServeError;
use super::lane::held;
use crate::book::open;
use crate::ledger::audit::{Canon, hex};

#[cfg(feature = "otel")]
mod otlp;

/// Spans that may wait for the collector: one that is away costs spans, never answers.
#[cfg(feature = "otel")]
const WAITING_MAX: usize = 4096;
/// How long the last spans may take when the server stops.
const LAST_SPANS: std::time::Duration = std::time::Duration::from_secs(1);

tokio::task_local! {
    static HERE: Noted;
}

/// Where spans go.
#[derive(Clone)]
pub struct Traces {
    to: mpsc::Sender<Told>,
}

/// What the thread that exports is told.
pub enum Told {
    Span(Box<Span>),
    /// Export what waits, and say so.
    End(oneshot::Sender<()>),
}

/// A request or a job that has ended.
pub struct Span {
    pub trace: [u8; 16],
    pub id: [u8; 8],
    /// The caller's own span.
    pub parent: Option<[u8; 8]>,
    pub what: What,
    pub code: Option<String>,
    pub began: SystemTime,
    pub at: Instant,
    pub ended: Instant,
    pub org: Option<String>,
    pub steps: Vec<Step>,
}

/// What a span is of.
pub enum What {
    Request {
        method: String,
        /// The template that matched, empty if none did.
        route: String,
        status: u16,
    },
    /// An export, in a format.
    Job { format: String, failed: bool },
}

/// A part of a request's work.
pub struct Step {
    pub name: &'static str,
    pub from: Instant,
    pub to: Instant,
}

/// What is noted of the request at hand; nothing where there is no collector.
#[derive(Clone, Default)]
pub struct Noted(Option<Arc<Notes>>);

#[derive(Default)]
struct Notes {
    org: Mutex<Option<Uuid>>,
    steps: Mutex<Vec<Step>>,
}

/// Steps of one request that are kept: an import may have thousands.
const STEPS_MAX: usize = 64;

impl Noted {
    /// Of the request that this task answers, or the job that it does.
    pub fn here() -> Noted {
        HERE.try_with(Noted::clone).unwrap_or_default()
    }

    /// The same; it is about a book of this organisation.
    pub fn of(org: Uuid) -> Noted {
        let noted = Noted::here();
        if let Some(notes) = &noted.0 {
            *held(&notes.org) = Some(org);
        }
        noted
    }

    /// A step that has ended.
    pub fn step(&self, name: &'static str, from: Instant, to: Instant) {
        let Some(notes) = &self.0 else { return };
        let mut steps = held(&notes.steps);
        if steps.len() < STEPS_MAX {
            steps.push(Step { name, from, to });
        }
    }

    /// Whether anything is noted.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Waits for the database, in a step that has been noted.
    pub fn flights(&self, flights: &[(Instant, Instant)]) {
        for (from, to) in flights {
            self.step("database", *from, *to);
        }
    }

    /// Runs `work`, and notes it with the time it waited since `since`, and what it waited for the database.
    pub fn timed<T>(&self, name: &'static str, since: Instant, work: impl FnOnce() -> T) -> T {
        if self.0.is_none() {
            return work();
        }
        let from = Instant::now();
        self.step("lane wait", since, from);
        let (done, flights) = open::flights(work);
        self.step(name, from, Instant::now());
        self.flights(&flights);
        done
    }
}

/// A request or a job at work whose span will be sent.
pub struct Tracing {
    traces: Traces,
    noted: Noted,
    trace: [u8; 16],
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    began: SystemTime,
    at: Instant,
}

impl Traces {
    /// Where the configuration says; `None` if it names no collector.
    ///
    /// Errors: it names one, and OpenTelemetry is not built in. Called inside the runtime.
    pub fn start(endpoint: Option<&str>) -> Result<Option<Traces>, ServeError> {
        let Some(endpoint) = endpoint else {
            return Ok(None);
        };
        check(endpoint)?;
        #[cfg(feature = "otel")]
        {
            let (to, told) = mpsc::channel(WAITING_MAX);
            tokio::spawn(otlp::export(otlp::Collector::at(endpoint)?, told));
            Ok(Some(Traces { to }))
        }
        #[cfg(not(feature = "otel"))]
        Err(NO_OTEL)
    }

    /// Begins a request's span. `None` where the caller's own trace is not recorded.
    pub fn begin(&self, headers: &HeaderMap) -> Option<Tracing> {
        let caller = headers.get("traceparent").and_then(|v| v.to_str().ok());
        let caller = caller.and_then(parent_of);
        if caller.as_ref().is_some_and(|caller| !caller.recorded) {
            return None;
        }
        self.under(caller)
    }

    /// Begins the span of a job: the root of a trace of its own.
    pub fn begin_job(&self) -> Option<Tracing> {
        self.under(None)
    }

    fn under(&self, caller: Option<Caller>) -> Option<Tracing> {
        let mut random = [0; 24];
        getrandom::fill(&mut random).ok()?;
        let (trace, id) = random.split_at(16);
        Some(Tracing {
            traces: self.clone(),
            noted: Noted(Some(Arc::default())),
            trace: match &caller {
                Some(caller) => caller.trace,
                None => trace.try_into().ok()?,
            },
            id: id.try_into().ok()?,
            parent: caller.map(|caller| caller.span),
            began: SystemTime::now(),
            at: Instant::now(),
        })
    }

    /// Waits a moment until what is there is exported.
    pub async fn finish(&self) {
        let (ended, end) = oneshot::channel();
        if self.to.try_send(Told::End(ended)).is_ok() {
            // Whatever the collector does, the server stops.
            let _ = tokio::time::timeout(LAST_SPANS, end).await;
        }
    }
}

impl Tracing {
    /// Runs the work: [`Noted::of`] finds it there.
    pub async fn over<T>(&self, work: impl Future<Output = T>) -> T {
        HERE.scope(self.noted.clone(), work).await
    }

    /// Sends the span; where too many wait it is dropped.
    pub fn end(self, what: What, code: Option<&str>) {
        let Some(notes) = &self.noted.0 else { return };
        let span = Span {
            trace: self.trace,
            id: self.id,
            parent: self.parent,
            what,
            code: code.map(str::to_owned),
            began: self.began,
            at: self.at,
            ended: Instant::now(),
            org: held(&notes.org).map(stands_for),
            steps: std::mem::take(&mut *held(&notes.steps)),
        };
        let _ = self.traces.to.try_send(Told::Span(Box::new(span)));
    }
}

/// A hash in place of an organisation: the same for each of its requests, and nothing that a server answers to.
fn stands_for(org: Uuid) -> String {
    let mut canon = Canon::new("hissab/trace/org/1");
    canon.bytes(org.as_bytes());
    hex(&canon.finish()).chars().take(16).collect()
}

struct Caller {
    trace: [u8; 16],
    span: [u8; 8],
    recorded: bool,
}

/// W3C trace context: `00-<trace>-<span>-<flags>`, all in hexadecimal.
fn parent_of(text: &str) -> Option<Caller> {
    let mut parts = text.split('-');
    let version = parts.next().filter(|v| v.len() == 2 && *v != "ff")?;
    let (trace, span) = (bytes::<16>(parts.next()?)?, bytes::<8>(parts.next()?)?);
    let [flags] = bytes::<1>(parts.next()?)?;
    let whole = version != "00" || parts.next().is_none();
    (whole && trace != [0; 16] && span != [0; 8]).then_some(Caller {
        trace,
        span,
        recorded: flags & 1 == 1,
    })
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let plain = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() != 2 * N || !text.bytes().all(plain) {
        return None;
    }
    let mut bytes = [0; N];
    for (nth, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * nth..2 * nth + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(not(feature = "otel"))]
const NO_OTEL: ServeError = ServeError::NotBuiltIn {
    what: "OpenTelemetry",
    feature: "otel",
};

/// Refuses what names no collector, and every collector where OpenTelemetry is not built in.
pub fn check(endpoint: &str) -> Result<(), ServeError> {
    let refused = |why: &str| {
        Err(ServeError::Traces {
            why: format!("{endpoint:?} {why}"),
        })
    };
    let Ok(url) = endpoint.parse::<axum::http::Uri>() else {
        return refused("is not an address");
    };
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return refused("begins with neither https:// nor http://");
    }
    if url.authority().is_none_or(|a| a.as_str().contains('@')) || url.query().is_some() {
        return refused("is not an address without user and query: http://HOST:4318");
    }
    #[cfg(not(feature = "otel"))]
    return Err(NO_OTEL);
    #[cfg(feature = "otel")]
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_trace_is_taken_over_if_it_is_whole() {
        let whole = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let caller = parent_of(whole).unwrap();
        assert!(caller.recorded && caller.trace[0] == 0x0a && caller.span[7] == 0x31);
        assert!(!parent_of(&whole.replace("-01", "-00")).unwrap().recorded);
        // A later version may say more.
        assert!(parent_of(&format!("{}-more", whole.replacen("00", "01", 1))).is_some());
        for odd in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c8031é-b7ad6b7169203331-01",
        ] {
            assert!(parent_of(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn a_collector_is_named_by_a_plain_address() {
        for odd in [
            "collector:4318",
            "ftp://collector",
            "http://user:word@collector:4318",
            "http://collector:4318?key=1",
        ] {
            assert!(
                matches!(check(odd), Err(ServeError::Traces { .. })),
                "{odd}"
            );
        }
        let fine = check("http://collector:4318");
        assert_eq!(fine.is_ok(), cfg!(feature = "otel"));
    }

    #[test]
    fn an_organisation_is_not_named() {
        let org = Uuid::from_u128(7);
        assert_eq!(stands_for(org), stands_for(org));
        assert_ne!(stands_for(org), stands_for(Uuid::from_u128(8)));
        assert_eq!(stands_for(org).len(), 16);
    }
}
