//! Imports: one unit of any length, a change a line, all of it or none; what was imported, and what became of its rows.
//!
//! A streamed import is replayable without a key: the unit's operation and the ids of its lines protect it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::changes::outcome;
use super::listing::NDJSON;
use crate::book::Book;
use crate::ledger::change::{Change, Done, Unit, WriteMode};
use crate::server::access::{Caller, InOrg};
use crate::server::body::{Path, Query, parse};
use crate::server::import_lines::{Kept, keep};
use crate::server::permit::permit;
use crate::server::problem::{Answer, Problem};
use crate::server::reading::look;
use crate::server::state::Shared;
use crate::server::writing::{self, Trying, Writing, one, unit};
use crate::wire::List;
use crate::wire::change::ChangeBody;
use crate::wire::import::{ImportBody, KnownRowBody, KnownRowsRequest, SourcesRequest};
use crate::wire::problem::Problem as ProblemBody;
use crate::wire::unit::{ChangesAnswer, DoneBody, ImportLine};

/// Lines that are written as fast as a batch; more take a thread of their own.
const SHORT_MAX: usize = 1000;

/// What `POST …/imports` takes.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportParams {
    #[serde(default)]
    pub dry_run: bool,
    /// `lines` (default): a result a line, then the summary; `summary`: only that.
    pub results: Option<String>,
}

/// Write one unit of any length, a change a line
///
/// The first line is the unit's head, every further line one change as `POST …/changes` takes it.
#[utoipa::path(
    post, path = "/orgs/{org}/imports", operation_id = "import", tag = "imports",
    params(("org" = String, Path, description = "Id or slug"), ImportParams),
    request_body(content = ChangeBody, content_type = "application/x-ndjson"),
    responses((status = 200, body = ImportLine, content_type = "application/x-ndjson"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn post(
    State(state): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Query(params): Query<ImportParams>,
    body: Body,
) -> Answer<Response> {
    let with_lines = match params.results.as_deref() {
        None | Some("lines") => true,
        Some("summary") => false,
        Some(_) => {
            return Err(Problem::field(
                "/results",
                "unknown-word",
                "results is lines or summary",
            ));
        }
    };
    let file = keep(body).await?;
    let chart = state.lanes.chart(org.place()).await?;
    let kept = tokio::task::spawn_blocking(move || Kept::read(file, chart)).await;
    let kept = Arc::new(kept.map_err(Problem::internal)??);
    permit(&state, &caller, &org, &kept.head_only()).await?;
    let at = writing::now(&state);
    let who = caller.user.email.clone();
    let mode = if params.dry_run {
        WriteMode::DryRun
    } else {
        WriteMode::Commit
    };
    let written = Arc::clone(&kept);
    let work = move |book: &mut dyn Book| {
        let head = &written.head;
        let unit = Unit {
            changes: &*written,
            ..head.unit(&who, at)
        };
        one(book.write(&[unit], mode)?)
    };
    let done = match kept.count > SHORT_MAX {
        true => state.lanes.long(org.place(), work).await,
        false => state.lanes.alone(org.place(), work).await,
    };
    let done: Answer<Done> = done.map_err(Problem::from);
    Ok(answer(&kept, done, with_lines))
}

/// A result for every line where they are wanted, then the summary.
fn answer(kept: &Kept, done: Answer<Done>, with_lines: bool) -> Response {
    let mut lines: Vec<u8> = Vec::new();
    if let (Ok(done), true) = (&done, with_lines) {
        let ranges = done.numbers.clone();
        let mut numbers = ranges.into_iter().flat_map(|(first, last)| first..=last);
        for line in &kept.posts {
            put(
                &mut lines,
                &ImportLine::Result {
                    line: *line,
                    number: numbers.next(),
                },
            );
        }
    }
    let outcomes = vec![outcome(done.as_ref())];
    put(&mut lines, &ImportLine::Summary(ChangesAnswer { outcomes }));
    let mut response = Bytes::from(lines).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    response
}

fn put<T: Serialize>(lines: &mut Vec<u8>, line: &T) {
    // Into memory and of plain shapes: this cannot fail.
    let _ = serde_json::to_writer(&mut *lines, line);
    lines.push(b'\n');
}

/// List imported files, oldest first
#[utoipa::path(
    get, path = "/orgs/{org}/imports", operation_id = "list_imports", tag = "imports",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = List<ImportBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_imports(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen = look(&state, &org, &headers, |book, _| {
        let data = book.imports()?.iter().map(ImportBody::of).collect();
        Ok(List { data })
    });
    Ok(seen.await?.answer(&headers))
}

/// Take back one imported file: every transaction it brought is voided
#[utoipa::path(
    delete, path = "/orgs/{org}/imports/{batch}", operation_id = "undo_import", tag = "imports",
    params(("org" = String, Path, description = "Id or slug"), ("batch" = u64, Path, description = "Its number in the list"), Trying),
    responses((status = 200, body = DoneBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn delete_import(
    Path((_org, batch)): Path<(String, u64)>,
    Query(trying): Query<Trying>,
    writing: Writing,
) -> Answer<Response> {
    let found = writing.state.lanes.read(writing.org.place(), move |book| {
        Ok(book.imports()?.into_iter().find(|row| row.batch == batch))
    });
    let row = found
        .await?
        .ok_or_else(|| Problem::not_found(format!("import {batch}")))?;
    let unit = unit(
        "import-undone",
        None,
        vec![Change::UndoImport { batch: row.head.id }],
    );
    let done = writing.write(unit, trying).await?;
    Ok(done.answer(Json(DoneBody::of(&done))))
}

/// Find which rows of a file the book holds already
#[utoipa::path(
    post, path = "/orgs/{org}/known-rows", operation_id = "known_rows", tag = "imports",
    params(("org" = String, Path, description = "Id or slug")),
    request_body = KnownRowsRequest,
    responses((status = 200, body = List<KnownRowBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn known_rows(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Response> {
    let mut request: KnownRowsRequest = parse(&body)?;
    request.identities.sort_unstable();
    request.identities.dedup();
    let seen = look(&state, &org, &headers, move |book, _| {
        let data = book.known_rows(&request.identities)?;
        Ok(List {
            data: data.iter().map(KnownRowBody::of).collect(),
        })
    });
    Ok(seen.await?.answer(&headers))
}

/// Find the rows that transactions came from
#[utoipa::path(
    post, path = "/orgs/{org}/sources", operation_id = "sources", tag = "imports",
    params(("org" = String, Path, description = "Id or slug")),
    request_body = SourcesRequest,
    responses((status = 200, body = List<KnownRowBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn sources(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Response> {
    let mut request: SourcesRequest = parse(&body)?;
    if request.numbers.iter().any(|n| i64::try_from(*n).is_err()) {
        let text = "a transaction's number has at most 18 digits";
        return Err(Problem::field("/numbers", "bad-number", text));
    }
    request.numbers.sort_unstable();
    request.numbers.dedup();
    let seen = look(&state, &org, &headers, move |book, _| {
        let data = book.sources_of(&request.numbers)?;
        Ok(List {
            data: data.iter().map(KnownRowBody::of).collect(),
        })
    });
    Ok(seen.await?.answer(&headers))
}
