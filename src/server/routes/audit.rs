//! The audit log of a book, what was done by whom, and taking the newest of it back.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use serde::Deserialize;
use uuid::Uuid;

use crate::book::AuditQuery;
use crate::ledger::audit::hex;
use crate::ledger::change::{Change, OperationId};
use crate::server::access::{Caller, InOrg};
use crate::server::body::{Query, whole};
use crate::server::problem::{Answer, Problem};
use crate::server::reading::{Seen, look};
use crate::server::state::Shared;
use crate::server::writing::{KEY, Trying, Writing, unit};
use crate::wire::List;
use crate::wire::audit::{AuditBody, HeadBody, UndoRequest};
use crate::wire::finding::VerificationBody;
use crate::wire::problem::Problem as ProblemBody;
use crate::wire::unit::DoneBody;

/// Which audit records, oldest first.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// Records after this sequence.
    #[serde(default, deserialize_with = "whole")]
    pub since: Option<u64>,
    /// Records before this sequence.
    #[serde(default, deserialize_with = "whole")]
    pub before: Option<u64>,
    pub who: Option<String>,
    pub action: Option<String>,
    /// Records that touched this transaction.
    #[serde(default, deserialize_with = "whole")]
    pub number: Option<u64>,
    pub operation: Option<Uuid>,
    /// The newest so many of them.
    #[serde(default, deserialize_with = "whole")]
    pub last: Option<u64>,
}

impl From<AuditParams> for AuditQuery {
    fn from(params: AuditParams) -> AuditQuery {
        AuditQuery {
            since: params.since,
            before: params.before,
            who: params.who,
            action: params.action,
            number: params.number,
            operation: params.operation.map(OperationId),
            last: params.last,
        }
    }
}

/// Read the audit log
#[utoipa::path(
    get, path = "/orgs/{org}/audit", operation_id = "audit", tag = "audit",
    params(("org" = String, Path, description = "Id or slug"), AuditParams),
    responses((status = 200, body = List<AuditBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn list(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    Query(params): Query<AuditParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    let query = AuditQuery::from(params);
    let seen = look(&state, &org, &headers, move |book, _| {
        let entries = book.audit(&query)?;
        let chart = book.chart()?;
        let data = entries.iter().map(|e| AuditBody::of(e, &chart)).collect();
        Ok(List { data })
    });
    Ok(seen.await?.answer(&headers))
}

/// List what one did oneself, oldest first: what `undo` would take back
#[utoipa::path(
    get, path = "/orgs/{org}/operations", operation_id = "list_operations", tag = "audit",
    params(("org" = String, Path, description = "Id or slug"), AuditParams),
    responses((status = 200, body = List<AuditBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn operations(
    State(state): State<Shared>,
    Extension(caller): Extension<Caller>,
    Extension(org): Extension<InOrg>,
    Query(mut params): Query<AuditParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    params.who = Some(caller.user.email.clone());
    list(State(state), Extension(org), Query(params), headers).await
}

/// Show where the audit chain stands
#[utoipa::path(
    get, path = "/orgs/{org}/audit/head", operation_id = "audit_head", tag = "audit",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = HeadBody), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn head(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen = look(&state, &org, &headers, |_, info| {
        Ok(HeadBody {
            sequence: info.sequence,
            hash: info.head.map(|h| hex(&h)),
        })
    });
    Ok(seen.await?.answer(&headers))
}

/// Restore the state before an operation: one's own newest, or the one named
#[utoipa::path(
    post, path = "/orgs/{org}/undo", operation_id = "undo", tag = "audit",
    params(("org" = String, Path, description = "Id or slug"), Trying),
    request_body(content = Option<UndoRequest>),
    responses((status = 200, body = DoneBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn undo(Query(trying): Query<Trying>, writing: Writing) -> Answer<Response> {
    let request: UndoRequest = writing.json_or_default()?;
    if writing.headers.get(KEY).is_none() && request.operation.is_none() {
        // Twice sent it would take back twice.
        return Err(Problem::refused(
            "needs-idempotency-key",
            "undo without an operation needs an Idempotency-Key",
        ));
    }
    let change = Change::Undo {
        operation: request.operation.map(OperationId),
        on: None,
    };
    let unit = unit("undone", None, vec![change]);
    let done = writing.write(unit, trying).await?;
    Ok(done.answer(Json(DoneBody::of(&done))))
}

/// Walk the audit chain and prove that the stored transactions are the ones it speaks of
#[utoipa::path(
    post, path = "/orgs/{org}/audit/verify", operation_id = "verify_audit", tag = "audit",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = VerificationBody), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn verify(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen: Seen<VerificationBody> = look(&state, &org, &headers, |book, _| {
        Ok(VerificationBody::of(&book.verify()?))
    })
    .await?;
    Ok(seen.answer(&headers))
}
