//! TLS to the database, by the same stack as everything else, and the refusal to send books in the clear.
//!
//! `sslmode` means what it means to Postgres' own programs, but for what is said where it is not: a database on
//! this machine is spoken to in the clear, any other is asked for a certificate that names it (`verify-full`).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::config::{Config, Host, SslMode};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{self, CryptoProvider};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// In the clear.
    Disable,
    /// In the clear on this machine, else as `Require`.
    Prefer,
    /// Encrypted; anybody's certificate will do.
    Require,
    /// The certificate is of an authority that is trusted.
    VerifyCa,
    /// And it names the host.
    VerifyFull,
}

/// What `sslmode` and `sslrootcert` of an address say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wish {
    mode: Option<String>,
    roots: Option<String>,
}

/// An address without what is said of TLS, and that.
pub fn wish(address: &str) -> (String, Wish) {
    let mut wish = Wish::default();
    let Some((place, options)) = address.split_once('?') else {
        return (address.to_owned(), wish);
    };
    let kept: Vec<&str> = options
        .split('&')
        .filter(|pair| match pair.split_once('=') {
            Some(("sslmode", value)) => {
                wish.mode = Some(value.to_owned());
                false
            }
            Some(("sslrootcert", value)) => {
                wish.roots = Some(value.replace("%2F", "/").replace("%2f", "/"));
                false
            }
            _ => true,
        })
        .collect();
    let kept = match kept.is_empty() {
        true => place.to_owned(),
        false => format!("{place}?{}", kept.join("&")),
    };
    (kept, wish)
}

/// Makes connections, secured or not.
#[derive(Clone)]
pub struct Secure {
    connector: Option<TlsConnector>,
}

impl Secure {
    /// As a wish says, or as is right for the hosts; the configuration is told whether to ask for TLS.
    ///
    /// Errors: words for the operator.
    pub fn of(wish: &Wish, config: &mut Config) -> Result<Secure, String> {
        let mode = mode(wish, config)?;
        if mode == Mode::Disable {
            config.ssl_mode(SslMode::Disable);
            return Ok(Secure { connector: None });
        }
        config.ssl_mode(SslMode::Require);
        Ok(Secure {
            connector: Some(connector(mode, wish.roots.as_deref())?),
        })
    }

    /// Whether nobody on the way can read along.
    pub fn is_encrypted(&self) -> bool {
        self.connector.is_some()
    }
}

fn mode(wish: &Wish, config: &Config) -> Result<Mode, String> {
    let local = config.get_hosts().iter().all(is_local);
    let asked = match wish.mode.as_deref() {
        None if local => Mode::Disable,
        None => Mode::VerifyFull,
        Some("disable") => Mode::Disable,
        Some("allow" | "prefer") => Mode::Prefer,
        // As with Postgres' own programs: whoever names an authority wants it asked.
        Some("require") if wish.roots.is_some() => Mode::VerifyCa,
        Some("require") => Mode::Require,
        Some("verify-ca") => Mode::VerifyCa,
        Some("verify-full") => Mode::VerifyFull,
        Some(other) => {
            return Err(format!(
                "sslmode is disable, prefer, require, verify-ca or verify-full, not {other:?}"
            ));
        }
    };
    Ok(match asked {
        Mode::Prefer if local => Mode::Disable,
        Mode::Prefer => Mode::Require,
        other => other,
    })
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => crate::wire::host::is_this_machine(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn connector(mode: Mode, file: Option<&str>) -> Result<TlsConnector, String> {
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    let verifier: Arc<dyn ServerCertVerifier> = match mode {
        Mode::VerifyFull => chain(file, &provider)?,
        Mode::VerifyCa => Arc::new(Unnamed {
            inner: Some(chain(file, &provider)?),
            provider,
        }),
        Mode::Disable | Mode::Prefer | Mode::Require => Arc::new(Unnamed {
            inner: None,
            provider,
        }),
    };
    let config = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Certificates of a file's authorities, else of those this machine trusts.
fn chain(
    file: Option<&str>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut roots = RootCertStore::empty();
    match file.filter(|file| *file != "system") {
        Some(path) => {
            let certificates = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|e| format!("{path}: {e}"))?;
            for certificate in certificates {
                roots.add(certificate).map_err(|e| format!("{path}: {e}"))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    if roots.is_empty() {
        return Err("no authority is trusted: name one with sslrootcert=FILE".to_owned());
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|e| e.to_string())
}

/// Looks at the chain of a certificate, if at all, and not at the name in it.
#[derive(Debug)]
struct Unnamed {
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Unnamed {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(inner) = &self.inner else {
            return Ok(ServerCertVerified::assertion());
        };
        match inner.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            // The name is looked at last: everything else holds.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        crypto::verify_tls12_signature(message, cert, signed, schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        crypto::verify_tls13_signature(message, cert, signed, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Secure {
    type Stream = Stream;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Handshake> {
        Ok(Handshake {
            connector: self.connector.clone(),
            host: host.to_owned(),
        })
    }
}

/// A connection that is about to be secured.
pub struct Handshake {
    connector: Option<TlsConnector>,
    host: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let connector = self.connector.ok_or(io::ErrorKind::Unsupported)?;
            let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
            Ok(Stream(Box::new(connector.connect(name, socket).await?)))
        })
    }
}

/// A connection that is secured.
pub struct Stream(Box<TlsStream<Socket>>);

impl tokio_postgres::tls::TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(address: &str) -> Result<Mode, String> {
        let (rest, wish) = wish(address);
        mode(&wish, &rest.parse().unwrap())
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_said() {
        for (address, expected) in [
            ("postgres://a@localhost/b", Mode::Disable),
            ("postgres://a@127.0.0.1/b", Mode::Disable),
            ("postgres://a@db.example/b", Mode::VerifyFull),
            ("postgres://a@10.0.0.7/b", Mode::VerifyFull),
            ("postgres://a@db.example/b?sslmode=disable", Mode::Disable),
            ("postgres://a@db.example/b?sslmode=prefer", Mode::Require),
            ("postgres://a@db.example/b?sslmode=require", Mode::Require),
            (
                "postgres://a@localhost/b?sslmode=verify-full",
                Mode::VerifyFull,
            ),
            (
                "postgres://a@h/b?sslmode=require&sslrootcert=ca.pem",
                Mode::VerifyCa,
            ),
        ] {
            assert_eq!(mode_of(address), Ok(expected), "{address}");
        }
        assert!(mode_of("postgres://a@h/b?sslmode=none").is_err());
    }

    #[test]
    fn other_options_stay_in_the_address() {
        let (rest, wish) =
            wish("postgres://a@h/b?sslmode=verify-ca&application_name=x&sslrootcert=%2Fca.pem");
        assert_eq!(rest, "postgres://a@h/b?application_name=x");
        assert_eq!(wish.roots.as_deref(), Some("/ca.pem"));
        assert_eq!(super::wish("postgres://a@h/b").0, "postgres://a@h/b");
    }
}
