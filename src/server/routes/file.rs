//! The book file itself: a consistent copy for clone and backup, and a whole book for push.

use std::io::Write;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;

use crate::book::open::Spot;
use crate::book::{self, BookError, CheckDepth};
use crate::ledger::audit::hex;
use crate::ledger::settings::BookInfo;
use crate::server::access::InOrg;
use crate::server::problem::{Answer, Problem};
use crate::server::reading::{SEQUENCE, look};
use crate::server::state::Shared;
use crate::wire::audit::HeadBody;
use crate::wire::problem::Problem as ProblemBody;

/// The media type of a book file.
const SQLITE: &str = "application/vnd.sqlite3";
/// The largest book that is taken.
const BYTES_MAX: u64 = 16 << 30;

/// Download the book: a consistent copy of the file, while others go on writing
#[utoipa::path(
    get, path = "/orgs/{org}/book", operation_id = "get_book", tag = "book",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, description = "The book file", body = Vec<u8>, content_type = "application/vnd.sqlite3"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let folder = tempfile::tempdir_in(state.books()).map_err(Problem::internal)?;
    let path = folder.path().join("copy.hissab");
    let seen = look(&state, &org, &headers, move |book, _| {
        book.snapshot(&path)?;
        let file = std::fs::File::open(&path).map_err(|e| BookError::Io {
            what: e.to_string(),
        })?;
        // An open file outlives its name.
        drop(folder);
        Ok(file)
    })
    .await?;
    let length = seen
        .value
        .metadata()
        .map(|m| m.len())
        .map_err(Problem::internal)?;
    let mut response = Body::from_stream(pieces(seen.value)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SQLITE));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(SEQUENCE, HeaderValue::from(seen.sequence));
    Ok(response)
}

/// A file piece by piece, read on the blocking pool.
pub fn pieces(
    file: std::fs::File,
) -> impl futures_util::Stream<Item = std::io::Result<bytes::Bytes>> + Send {
    futures_util::stream::try_unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            use std::io::Read;
            let mut piece = vec![0; 1 << 18];
            let length = file.read(&mut piece)?;
            piece.truncate(length);
            Ok::<_, std::io::Error>((piece, file))
        });
        let (piece, file) = read.await.map_err(std::io::Error::other)??;
        Ok((!piece.is_empty()).then(|| (bytes::Bytes::from(piece), file)))
    })
}

/// Replace the book by one that continues it
///
/// The book that is sent must prove (`check --deep`) and hold the server's head in its chain: it goes on from
/// there, it never merges. A book without transactions takes any.
#[utoipa::path(
    put, path = "/orgs/{org}/book", operation_id = "put_book", tag = "book",
    params(("org" = String, Path, description = "Id or slug")),
    request_body(content = Vec<u8>, content_type = "application/vnd.sqlite3"),
    responses((status = 200, body = HeadBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn put(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    body: Body,
) -> Answer<Response> {
    let folder = tempfile::tempdir_in(state.books()).map_err(Problem::internal)?;
    let path = folder.path().join("pushed.hissab");
    receive(body, &path).await?;
    let place = org.place();
    let (target, shelf) = (place.clone(), state.lanes.shelf().clone());
    let head = state
        .lanes
        .long(place, move |book| {
            let _kept = folder;
            let (pushed, theirs) = proven(&path)?;
            let was = continues(book, &path)?;
            // In a database every push would leave another book behind.
            if shelf.is_shared()
                && (was.id, was.head.map(|h| hex(&h))) == (theirs, pushed.hash.clone())
            {
                return Ok(pushed);
            }
            let spot = Spot {
                org: target.org,
                file: &target.file,
            };
            shelf.replace(spot, &path, std::time::Duration::from_secs(10), &was)?;
            Ok(pushed)
        })
        .await?;
    state.registry.changed();
    state.lanes.forget(&org.place());
    Ok(axum::Json(head).into_response())
}

async fn receive(body: Body, path: &std::path::Path) -> Answer<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(Problem::internal)?;
    let mut pieces = body.into_data_stream();
    let mut bytes: u64 = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Problem::bad("cut", "the body ended before its end"))?;
        bytes += piece.len() as u64;
        if bytes > BYTES_MAX {
            let status = axum::http::StatusCode::PAYLOAD_TOO_LARGE;
            return Err(Problem::new(
                status,
                "too-large",
                "a book holds at most 16 GiB here",
            ));
        }
        file.write_all(&piece).map_err(Problem::internal)?;
    }
    file.sync_all().map_err(Problem::internal)
}

/// What is wrong with a pushed file is wrong with the request, not with the server's own book.
fn of_pushed(error: BookError) -> BookError {
    match error {
        BookError::NotABook { why, .. } => {
            refused("not-proven", format!("it is not a hissab book: {why}"))
        }
        BookError::Damaged { what } => {
            refused("not-proven", format!("the book is damaged: {what}"))
        }
        BookError::Newer { found, known } => refused(
            "newer",
            format!(
                "the book was written by a newer hissab (schema {found}; this server knows up to {known})"
            ),
        ),
        other => other,
    }
}

/// The head of a book that has no error at all, and the book's id.
fn proven(path: &std::path::Path) -> book::Result<(HeadBody, uuid::Uuid)> {
    let mut pushed = book::open::read(path).map_err(of_pushed)?;
    let outcomes = pushed.check(CheckDepth::Deep).map_err(of_pushed)?;
    let fault = outcomes.iter().flat_map(|o| &o.findings).next();
    if let Some(fault) = fault {
        return Err(refused(
            "not-proven",
            format!("the book does not prove: {}", fault.message),
        ));
    }
    let info = pushed.info()?;
    let head = HeadBody {
        sequence: info.sequence,
        hash: info.head.map(|h| hex(&h)),
    };
    Ok((head, info.id))
}

fn refused(code: &'static str, message: String) -> BookError {
    BookError::Conflict {
        code,
        message,
        hint: None,
        operation: None,
    }
}

/// Where the book stands that the pushed one goes on from.
fn continues(here: &mut dyn book::Book, pushed: &std::path::Path) -> book::Result<BookInfo> {
    let info = here.info()?;
    let mut pushed = book::open::read(pushed)?;
    book::continuing::continues(&info, pushed.as_mut())?;
    Ok(info)
}
