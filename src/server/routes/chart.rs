//! The chart of a book: its ledgers all at once, its currencies, and what they were worth.

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::book::Book;
use crate::ledger::settings::BookInfo;
use crate::server::access::InOrg;
use crate::server::problem::Answer;
use crate::server::reading::{Question, look};
use crate::server::state::Shared;
use crate::wire::List;
use crate::wire::chart::{ChartBody, CurrencyBody, PriceBody};
use crate::wire::problem::Problem as ProblemBody;

/// Show the whole chart: every ledger in order of opening, every currency, the base currency first
#[utoipa::path(
    get, path = "/orgs/{org}/chart", operation_id = "chart", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = ChartBody), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_chart(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    question: Question,
) -> Answer<Response> {
    let work =
        |book: &mut dyn Book, info: &BookInfo| Ok(Ok(ChartBody::of(&book.chart()?, info.sequence)));
    question.answer(&state, &org, work).await
}

/// List the currencies of a book, the base currency first
#[utoipa::path(
    get, path = "/orgs/{org}/currencies", operation_id = "list_currencies", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = List<CurrencyBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_currencies(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen = look(&state, &org, &headers, |book, _| {
        let chart = book.chart()?;
        let data = chart.currencies().iter().map(CurrencyBody::of).collect();
        Ok(List { data })
    });
    Ok(seen.await?.answer(&headers))
}

/// List market prices, by date
#[utoipa::path(
    get, path = "/orgs/{org}/prices", operation_id = "list_prices", tag = "ledgers",
    params(("org" = String, Path, description = "Id or slug")),
    responses((status = 200, body = List<PriceBody>), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_prices(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    headers: HeaderMap,
) -> Answer<Response> {
    let seen = look(&state, &org, &headers, |book, _| {
        let data = book.prices()?.iter().map(PriceBody::of).collect();
        Ok(List { data })
    });
    Ok(seen.await?.answer(&headers))
}
