//! Exports asked for, and jobs looked at, fetched and called off.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json as Out};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use object_store::ObjectStoreExt;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::server::access::{Caller, InOrg, Via};
use crate::server::body::{Json, Path};
use crate::server::entry::{self, later};
use crate::server::jobs::{KEPT, key, read};
use crate::server::problem::{Answer, Problem};
use crate::server::registry::answered::{self, Given};
use crate::server::registry::jobs::{self, Job};
use crate::server::registry::{Db, members};
use crate::server::results::{brief, proved};
use crate::server::state::Shared;
use crate::server::writing::{replayed, request_key};
use crate::wire::List;
use crate::wire::job::{ExportRequest, JobBody, JobProgress, JobState, JobStatus};
use crate::wire::read_hash;

/// Jobs of one organisation that may wait or run, and that are kept in all.
const UNFINISHED_MAX: u64 = 8;
/// How often a job that another server may work on is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const KEPT_MAX: u64 = 100;
/// The longest `Prefer: wait`.
const WAIT_MAX: u64 = 30;

/// Ask for an export: a job that writes what `hissab export` writes.
#[utoipa::path(
    post, path = "/orgs/{org}/exports", tag = "jobs",
    params(("org" = String, Path, description = "Id or slug"),
        ("Prefer" = Option<String>, Header, description = "wait=10: answer when it has ended, or after so many seconds")),
    request_body = ExportRequest,
    responses((status = 202, description = "The job; its address is in Location", body = JobBody)))]
pub async fn export(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
    Json(request): Json<ExportRequest>,
) -> Answer<Response> {
    let info = app.lanes.read(org.place(), |book| book.info()).await?;
    read(&request, &info, app.now())?;
    let (given, again) = ask(&app, &caller, &org, &headers, request).await?;
    let job: JobBody = serde_json::from_str(&given.answer).map_err(Problem::internal)?;
    app.jobs.added();
    let id = job.id;
    // What was asked with this key before may be forgotten by now: its first answer stands.
    let job = match wanted_wait(&headers) {
        Some(wait) => awaited(&app, &caller, id, wait)
            .await
            .map_or(job, |j| j.body),
        None => job,
    };
    let mut response = (StatusCode::ACCEPTED, Out(job)).into_response();
    let location = format!("{}/jobs/{id}", crate::wire::API);
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(header::LOCATION, location);
    }
    Ok(match again {
        true => replayed(response),
        false => response,
    })
}

/// Keeps the job, or finds the answer that the same key got before (true).
async fn ask(
    app: &Shared,
    caller: &Caller,
    org: &InOrg,
    headers: &HeaderMap,
    request: ExportRequest,
) -> Answer<(Given, bool)> {
    let body = serde_json::to_vec(&request).map_err(Problem::internal)?;
    let body: [u8; 32] = Sha256::digest(body).into();
    let scope = request_key(headers)?.map(|key| {
        let mut hasher = Sha256::new();
        for part in [caller.user.id.as_bytes(), org.id.as_bytes()] {
            hasher.update(part);
        }
        hasher.update(b"POST exports\0");
        hasher.update(key.as_bytes());
        <[u8; 32]>::from(hasher.finalize())
    });
    let now = app.now();
    let (caller, org) = (caller.clone(), org.clone());
    let keep = move |db: &Db| {
        if let Some(scope) = scope
            && let Some(given) = answered::find(db, scope, body)?
        {
            return Ok((given, true));
        }
        room(db, org.id)?;
        let job = Job {
            org: org.id,
            attempts: 0,
            body: JobBody {
                id: Uuid::now_v7(),
                org: org.slug.clone(),
                kind: "export".to_owned(),
                request,
                status: JobStatus {
                    state: JobState::Queued,
                    progress: JobProgress::default(),
                    error: None,
                },
                created_at: now,
                started_at: None,
                finished_at: None,
                expires_at: later(now, KEPT),
                result: None,
            },
        };
        jobs::add(db, caller.user.id, &job)?;
        let format = &job.body.request.format;
        entry::log(db, org.id, now, &caller, ("export-asked", format, ""))?;
        let given = Given {
            status: 202,
            answer: serde_json::to_string(&job.body).map_err(Problem::internal)?,
        };
        if let Some(scope) = scope {
            answered::keep(db, scope, body, &given, now)?;
        }
        Ok((given, false))
    };
    app.registry.write(keep).await
}

fn room(db: &Db, org: Uuid) -> Answer<()> {
    let (unfinished, kept) = jobs::counts(db, org)?;
    if unfinished >= UNFINISHED_MAX {
        let words = format!("{UNFINISHED_MAX} jobs of this organisation wait or run already");
        return Err(Problem::too_many(words, 10));
    }
    if kept >= KEPT_MAX {
        let words = format!("{KEPT_MAX} jobs of this organisation are kept");
        return Err(Problem::too_many(words, 3600).hint("DELETE jobs whose results were fetched"));
    }
    Ok(())
}

/// The caller's jobs, the newest first.
#[utoipa::path(
    get, path = "/orgs/{org}/exports", tag = "jobs",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, description = "Jobs", body = List<JobBody>)))]
pub async fn list_exports(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
) -> Answer<Out<List<JobBody>>> {
    let jobs = app
        .registry
        .read(|db| jobs::list(db, caller.user.id, org.id))?;
    let shown = |job| with_progress(&app, job).body;
    let data = jobs.into_iter().map(shown).collect();
    Ok(Out(List { data }))
}

/// A job as it stands.
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "jobs",
    params(("id" = Uuid, Path), ("Prefer" = Option<String>, Header, description = "wait=10: answer when it has ended, or after so many seconds")),
    responses((status = 200, description = "The job", body = JobBody)))]
pub async fn get_job(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Answer<Out<JobBody>> {
    let wait = wanted_wait(&headers).unwrap_or_default();
    Ok(Out(awaited(&app, &caller, id, wait).await?.body))
}

/// How far a job is.
#[utoipa::path(
    get, path = "/jobs/{id}/status", tag = "jobs",
    params(("id" = Uuid, Path), ("Prefer" = Option<String>, Header, description = "wait=10: answer when it has ended, or after so many seconds")),
    responses((status = 200, description = "Its state and progress", body = JobStatus)))]
pub async fn job_status(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Answer<Out<JobStatus>> {
    let wait = wanted_wait(&headers).unwrap_or_default();
    Ok(Out(awaited(&app, &caller, id, wait).await?.body.status))
}

/// What a job made.
#[utoipa::path(
    get, path = "/jobs/{id}/result", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The file; its SHA-256 is in Repr-Digest", body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn job_result(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<Uuid>,
) -> Answer<Response> {
    let Job {
        body: job,
        attempts,
        ..
    } = mine(&app, &caller, id)?;
    let Some(result) = job.result else {
        let state = job.status.state;
        let words = format!("the job is {}: it has no result", state.word());
        let problem = Problem::conflict("no-result", words);
        return Err(Problem {
            retry_after: (!state.is_final()).then_some(1),
            ..problem
        });
    };
    let found = app.jobs.store.get(&key(id, attempts)).await;
    let found = found.map_err(|e| Problem {
        internal: Some(brief(&e)),
        ..match e {
            object_store::Error::NotFound { .. } => {
                Problem::not_found("result any more: ask for the export again")
            }
            _ => Problem::unavailable("no-store", "the result cannot be read now"),
        }
    })?;
    if found.meta.size != result.bytes {
        return Err(Problem::internal(
            "the result has not the size it was kept with",
        ));
    }
    let digest = read_hash(&result.sha256).map_err(Problem::internal)?;
    let mut pieces = Box::pin(proved(found.into_stream(), digest));
    // What is one piece is proved before anything is answered.
    let first = pieces.next().await.transpose().map_err(Problem::internal)?;
    let body = futures_util::stream::iter(first.map(Ok)).chain(pieces);
    let mut response = Body::from_stream(body).into_response();
    let fixed = [
        (header::CONTENT_TYPE, result.media_type),
        (header::CONTENT_LENGTH, result.bytes.to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", result.name),
        ),
        (
            HeaderName::from_static("repr-digest"),
            format!("sha-256=:{}:", STANDARD.encode(digest)),
        ),
        (
            crate::server::reading::SEQUENCE,
            result.sequence.to_string(),
        ),
    ];
    for (name, value) in fixed {
        let value = HeaderValue::from_str(&value).map_err(Problem::internal)?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// Calls a job off that waits or runs; forgets one that has ended, and its result.
#[utoipa::path(
    delete, path = "/jobs/{id}", tag = "jobs",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The job, called off or as it had ended", body = JobBody)))]
pub async fn cancel_job(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<Uuid>,
) -> Answer<Out<JobBody>> {
    let before = mine(&app, &caller, id)?;
    let now = app.now();
    let cancelled = app.registry.write(move |db| jobs::cancel(db, id, now));
    if cancelled.await? {
        app.jobs.cancelled(id);
        return Ok(Out(mine(&app, &caller, id)?.body));
    }
    // The result first: as long as it is there, its row says so.
    app.jobs
        .forget(id, before.attempts)
        .await
        .map_err(|e| Problem {
            internal: Some(brief(&e)),
            ..Problem::unavailable("no-store", "the result cannot be removed now")
        })?;
    app.registry.write(move |db| jobs::remove(db, id)).await?;
    Ok(Out(before.body))
}

/// A job of the caller, with its progress; any other looks missing.
fn mine(app: &Shared, caller: &Caller, id: Uuid) -> Answer<Job> {
    let user = caller.user.id;
    let found = app.registry.read(|db| {
        let Some(job) = jobs::find(db, user, id)? else {
            return Ok(None);
        };
        // Whoever left the organisation has no part in its books any more.
        Ok(members::role(db, job.org, user)?.map(|_| job))
    })?;
    let of_token = |job: &Job| match caller.via {
        Via::Token { org, .. } => org == job.org,
        Via::Session(_) => true,
    };
    found
        .filter(of_token)
        .map(|job| with_progress(app, job))
        .ok_or_else(|| Problem::not_found("such job"))
}

/// A job at work is further than its row.
fn with_progress(app: &Shared, mut job: Job) -> Job {
    if job.body.status.state == JobState::Running
        && let Some(progress) = app.jobs.progress(job.body.id)
    {
        job.body.status.progress = progress;
    }
    job
}

/// The job when it has ended, or as it stands after so long.
async fn awaited(app: &Shared, caller: &Caller, id: Uuid, wait: Duration) -> Answer<Job> {
    let deadline = tokio::time::Instant::now() + wait;
    let mut changes = app.jobs.changes();
    let mut stopping = app.stopping.clone();
    loop {
        changes.borrow_and_update();
        let job = mine(app, caller, id)?;
        if job.body.status.state.is_final() || tokio::time::Instant::now() >= deadline {
            return Ok(job);
        }
        // Another server may be at work on it: nobody tells.
        let look = match app.registry.is_shared() {
            true => deadline.min(tokio::time::Instant::now() + LOOK_EVERY),
            false => deadline,
        };
        let told = tokio::select! {
            changed = changes.changed() => changed.is_ok(),
            () = tokio::time::sleep_until(look) => true,
            stopped = async { stopping.wait_for(|stop| *stop).await.is_ok() } => !stopped,
        };
        if !told {
            return Ok(job);
        }
    }
}

/// Seconds of `Prefer: wait=10`; a preference that cannot be read is not one.
fn wanted_wait(headers: &HeaderMap) -> Option<Duration> {
    let prefer = headers.get("prefer")?.to_str().ok()?;
    let wait = prefer
        .split([',', ';'])
        .find_map(|p| p.trim().strip_prefix("wait="))?;
    let seconds: u64 = wait.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(WAIT_MAX)))
}
