//! One request and its answer: the only file that knows the HTTP library. No retries, no sign-in.
//!
//! The runtime, the connection pool and TLS are made at the first request, never before.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Response, Url};
use tokio::runtime::Runtime;

use super::error::{ClientError, Result};
use super::place::Server;

const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// For a whole answer that is not a stream.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// Between two pieces of a stream; servers send a heartbeat more often.
const SILENCE_WAIT: Duration = Duration::from_secs(60);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// What is sent along.
pub enum Payload {
    Nothing,
    /// JSON, whole.
    Json(Bytes),
    /// Pieces that are made while they are sent: good for one attempt.
    Pieces {
        media_type: &'static str,
        pieces: Box<dyn Iterator<Item = std::io::Result<Vec<u8>>> + Send + Sync>,
    },
}

impl Payload {
    /// The same again, if it can be sent again.
    fn again(&self) -> Option<Payload> {
        match self {
            Payload::Nothing => Some(Payload::Nothing),
            Payload::Json(bytes) => Some(Payload::Json(bytes.clone())),
            Payload::Pieces { .. } => None,
        }
    }
}

/// One request. `path` begins below the API's root: `/orgs/acme/ledgers`.
pub struct Request<'a> {
    pub method: Method,
    pub path: &'a str,
    pub query: &'a [(&'a str, String)],
    pub headers: Vec<(&'static str, String)>,
    pub payload: Payload,
    /// The answer is read as it comes, so only silence ends it.
    pub streams: bool,
}

impl<'a> Request<'a> {
    /// The same again, if its payload can be sent again.
    pub fn again(&self) -> Option<Request<'a>> {
        Some(Request {
            method: self.method,
            path: self.path,
            query: self.query,
            headers: self.headers.clone(),
            payload: self.payload.again()?,
            streams: self.streams,
        })
    }
}

/// Why no answer came.
pub struct Cut {
    /// The request may have reached the server.
    pub sent: bool,
    /// Waiting took long already.
    pub slow: bool,
    pub why: String,
}

/// The way to one server.
pub struct Transport {
    server: Server,
    agent: String,
    made: OnceLock<Made>,
}

struct Made {
    runtime: Runtime,
    client: Client,
}

impl Transport {
    pub fn new(server: Server, agent: String) -> Transport {
        Transport {
            server,
            agent,
            made: OnceLock::new(),
        }
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    fn made(&self) -> Result<&Made> {
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| ClientError::Io {
                what: format!("no network runtime: {e}"),
            })?;
        let client = client(&self.server, &self.agent)?;
        Ok(self.made.get_or_init(|| Made { runtime, client }))
    }

    /// Runs something of the network to its end.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        Ok(self.made()?.runtime.block_on(work))
    }

    /// Sends a request and waits for the beginning of its answer.
    pub fn send(&self, request: Request<'_>) -> Result<std::result::Result<Response, Cut>> {
        let url = self.url(request.path, request.query)?;
        let made = self.made()?;
        let mut builder = made.client.request(word(request.method), url);
        if !request.streams {
            builder = builder.timeout(ANSWER_WAIT);
        }
        builder = builder.headers(headers(&request.headers));
        builder = match request.payload {
            Payload::Nothing => builder,
            Payload::Json(bytes) => builder
                .header("content-type", "application/json")
                .body(bytes),
            Payload::Pieces { media_type, pieces } => {
                let pieces = pieces.map(|piece| piece.map(Bytes::from));
                builder
                    .header("content-type", media_type)
                    .body(reqwest::Body::wrap_stream(futures_util::stream::iter(
                        pieces,
                    )))
            }
        };
        // Its timers are made when it is sent: inside the runtime.
        self.run(async move { builder.send().await })
            .map(|sent| sent.map_err(|error| cut(&error)))
    }

    /// The next piece of an answer; `None` at its proper end.
    pub fn piece(&self, answer: &mut Response) -> Result<std::result::Result<Option<Bytes>, Cut>> {
        Ok(self.run(answer.chunk())?.map_err(|error| cut(&error)))
    }

    fn url(&self, path: &str, query: &[(&str, String)]) -> Result<Url> {
        let text = format!("{}{}{path}", self.server, crate::wire::API);
        let mut url = Url::parse(&text).map_err(|e| ClientError::Io {
            what: format!("{text} is not an address: {e}"),
        })?;
        if !query.is_empty() {
            url.query_pairs_mut()
                .extend_pairs(query.iter().map(|(name, value)| (name, value)));
        }
        Ok(url)
    }
}

fn client(server: &Server, agent: &str) -> Result<Client> {
    let mut builder = Client::builder()
        .user_agent(agent)
        // The same wire in every build: what is linked for S3 would offer HTTP/2 as well.
        .http1_only()
        .connect_timeout(CONNECT_WAIT)
        .read_timeout(SILENCE_WAIT)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none());
    if server.is_loopback() {
        builder = builder.no_proxy();
    }
    if server.is_plain() {
        // Reading the system's certificates costs more than a request over loopback.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| ClientError::Io {
        what: format!("no secure connections on this machine: {}", deepest(&error)),
    })
}

fn word(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// Headers whose values are ours or were checked; a value that no header may have is left out.
fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(pairs.len());
    for (name, value) in pairs {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(*name == "authorization");
            map.insert(*name, value);
        }
    }
    map
}

fn cut(error: &reqwest::Error) -> Cut {
    let connecting = error.is_connect() || error.is_builder();
    let why = if error.is_timeout() && connecting {
        format!("no connection within {} s", CONNECT_WAIT.as_secs())
    } else if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        deepest(error)
    };
    Cut {
        sent: !connecting,
        slow: error.is_timeout(),
        why,
    }
}

/// What a failure of TLS means, in words; the library names it by its types.
fn of_tls(text: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 6] = [
        (
            "UnknownIssuer",
            "its certificate is signed by nobody whom this machine trusts",
        ),
        ("not valid for name", "its certificate is for another name"),
        ("NotValidForName", "its certificate is for another name"),
        ("xpired", "its certificate has expired"),
        (
            "InvalidContentType",
            "what answers there does not speak TLS; http:// may be meant",
        ),
        (
            "invalid HTTP version",
            "what answers there does not speak HTTP; https:// may be meant",
        ),
    ];
    KNOWN
        .iter()
        .find(|(theirs, _)| text.contains(theirs))
        .map(|(_, ours)| *ours)
}

/// The innermost cause, which says most: `connection refused`.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    let text = cause.to_string();
    if let Some(words) = of_tls(&text) {
        return words.to_owned();
    }
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}
