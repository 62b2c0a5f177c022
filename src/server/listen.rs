//! The socket: connections, TLS, header timeouts, and the way to stop without cutting anyone off.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tower::ServiceExt;

use super::config::{ServeError, Tls};
use super::heads::Worded;
use super::limits::subscriber;
use super::seats::Seats;

/// Connections at once; more wait in the system's queue.
const CONNECTIONS_MAX: usize = 4096;
/// How long the head of a request may take, and a connection may idle between two.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// How long the handshake of TLS may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// The largest head of a request.
const HEAD_MAX: usize = 64 * 1024;
/// How long to wait after the system had no connection to give.
const PAUSE: Duration = Duration::from_millis(50);

/// Certificate and key, read and proved to belong together.
pub fn tls_config(tls: &Tls) -> Result<Arc<ServerConfig>, ServeError> {
    let failed = |why: String| ServeError::Tls { why };
    let text = fs::read(&tls.cert).map_err(|e| failed(format!("{}: {e}", tls.cert.display())))?;
    let chain = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| failed(format!("{}: {e}", tls.cert.display())))?;
    let text = fs::read(&tls.key).map_err(|e| failed(format!("{}: {e}", tls.key.display())))?;
    let key = PrivateKeyDer::from_pem_slice(&text)
        .map_err(|e| failed(format!("{}: {e}", tls.key.display())))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|e| failed(e.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// How connections are served, and how many of one address at a time.
pub struct Ways {
    pub router: Router,
    pub tls: Option<Arc<ServerConfig>>,
    pub each: usize,
}

/// Takes connections until told to stop, then waits at most `drain` for those that are at work.
pub async fn serve(
    listener: TcpListener,
    ways: Ways,
    mut stopping: watch::Receiver<bool>,
    drain: Duration,
) {
    let Ways { router, tls, each } = ways;
    let tls = tls.map(TlsAcceptor::from);
    let seats = Seats::default();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // Closed when the last connection has dropped its half.
    let (alive, mut all_gone) = mpsc::channel::<()>(1);
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Whoever opens without end gets no more, and nobody else waits for it.
        let Some(seat) = seats.take(subscriber(peer.ip()), each) else {
            continue;
        };
        let (router, tls, stopping, alive) =
            (router.clone(), tls.clone(), stopping.clone(), alive.clone());
        tokio::spawn(async move {
            greet(stream, peer, router, tls, stopping).await;
            drop((alive, place, seat));
        });
    }
    drop((listener, alive));
    // Whoever is not done by then is cut off with the runtime.
    let _ = tokio::time::timeout(drain, all_gone.recv()).await;
}

async fn greet(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    tls: Option<TlsAcceptor>,
    stopping: watch::Receiver<bool>,
) {
    // Answers are small and wanted at once.
    let _ = stream.set_nodelay(true);
    match tls {
        None => talk(stream, peer, router, stopping).await,
        Some(tls) => {
            let handshake = tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream));
            if let Ok(Ok(stream)) = handshake.await {
                talk(stream, peer, router, stopping).await;
            }
        }
    }
}

/// One connection, from its first request to its last.
async fn talk<S>(stream: S, peer: SocketAddr, router: Router, mut stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(Worded::new(stream)), answer);
    let mut connection = std::pin::pin!(connection);
    let stopped = tokio::select! {
        // A client that went away, or spoke no HTTP, is nobody's concern.
        _ = connection.as_mut() => false,
        _ = stopping.wait_for(|stop| *stop) => true,
    };
    if stopped {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}
