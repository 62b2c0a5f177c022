//! Where a server keeps books and registry: in the data folder, or in a database that other servers share.

use jiff::Timestamp;

use super::config::{Config, ServeError};
use super::registry::Registry;
use super::secrets::{self, KEY_BYTES};
use crate::book::open::Shelf;

/// What a server works on.
pub struct Home {
    pub registry: Registry,
    pub shelf: Shelf,
    /// Half signs access tokens, half makes refresh tokens.
    pub secret: [u8; KEY_BYTES],
}

/// Opens what the configuration names; what is missing is made.
pub fn open(config: &Config, now: Timestamp) -> Result<Home, ServeError> {
    match &config.database {
        None => in_files(config, now),
        Some(url) => in_database(config, url, now),
    }
}

fn in_files(config: &Config, now: Timestamp) -> Result<Home, ServeError> {
    let failed = |why: String| ServeError::Data {
        path: config.data.clone(),
        why,
    };
    Ok(Home {
        secret: secrets::key(&config.data.join("secret.key")).map_err(&failed)?,
        registry: Registry::open(&config.data, now).map_err(&failed)?,
        shelf: Shelf::Files,
    })
}

#[cfg(feature = "postgres")]
fn in_database(config: &Config, url: &str, now: Timestamp) -> Result<Home, ServeError> {
    use std::sync::Arc;

    let failed = |why: String| ServeError::Database { why };
    let store = connect(url, config.read_database.as_deref()).map_err(failed)?;
    let fences = store.fences();
    let level = if fences.seal { "info" } else { "warn" };
    let line = serde_json::json!({
        "at": now.to_string(), "level": level, "message": "books and registry are in a database",
        "engine": fences.engine, "fences": fences.words(), "encrypted": store.is_encrypted(),
    });
    config.log.line(line.to_string());
    let mut fresh = [0; KEY_BYTES];
    getrandom::fill(&mut fresh).map_err(|e| failed(e.to_string()))?;
    let registry = Registry::in_database(&store, now, &fresh).map_err(failed)?;
    let secret = registry
        .secret()
        .map_err(|problem| failed(problem.internal.unwrap_or(problem.detail)))?;
    Ok(Home {
        registry,
        shelf: Shelf::Postgres(Arc::clone(&store)),
        secret,
    })
}

/// The database at an address. Errors: words for the operator.
#[cfg(feature = "postgres")]
pub fn connect(
    url: &str,
    replica: Option<&str>,
) -> Result<std::sync::Arc<crate::book::postgres::Store>, String> {
    use crate::book::BookError;
    crate::book::postgres::Store::with_replica(url, replica).map_err(|error| match error {
        BookError::Busy => "it does not answer".to_owned(),
        other => other.to_string(),
    })
}

#[cfg(not(feature = "postgres"))]
fn in_database(_: &Config, _: &str, _: Timestamp) -> Result<Home, ServeError> {
    Err(ServeError::no_postgres())
}
