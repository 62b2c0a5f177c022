//! What moved in a book, summed by ledger, currency and span of time.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;

use crate::book::Book;
use crate::ledger::settings::BookInfo;
use crate::ledger::totals::TotalsQuery;
use crate::server::access::InOrg;
use crate::server::body::Query;
use crate::server::filter::accounts_of;
use crate::server::problem::{Answer, Problem};
use crate::server::reading::Question;
use crate::server::state::Shared;
use crate::wire::problem::Problem as ProblemBody;
use crate::wire::totals::TotalsBody;

/// What `GET …/totals` takes.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TotalsParams {
    /// First day, inclusive; left out: from the beginning.
    pub from: Option<Date>,
    /// Last day, inclusive; left out: to the end.
    pub to: Option<Date>,
    /// Ascending cut points, separated by commas, instead of from and to: span i is cut i (inclusive) to cut i+1 (exclusive).
    pub cuts: Option<String>,
    /// `month`, `quarter` or `year` (of the calendar): a span each, between from and to.
    pub interval: Option<String>,
    /// Only these ledgers: ids, separated by commas.
    pub ledger: Option<String>,
}

/// The most spans in one answer.
const SPANS_MAX: usize = 5000;

impl TotalsParams {
    fn cut_points(&self) -> Answer<Vec<Date>> {
        let bad = |text: String| Problem::field("/cuts", "bad-cuts", text);
        let cuts = match (&self.cuts, &self.interval) {
            (Some(cuts), _) => {
                let read = |c: &str| {
                    c.parse()
                        .map_err(|_| bad(format!("{c:?} is not a date like 2026-04-01")))
                };
                cuts.split(',').map(read).collect::<Answer<Vec<Date>>>()?
            }
            (None, Some(interval)) => self.steps(interval)?,
            (None, None) => {
                let until = self.to.map(|to| to.tomorrow().unwrap_or(Date::MAX));
                TotalsQuery::span(self.from, until).cuts
            }
        };
        if cuts.len() < 2 || cuts.len() > SPANS_MAX || !cuts.is_sorted_by(|a, b| a < b) {
            return Err(bad(format!("cuts are 2 to {SPANS_MAX} ascending dates")));
        }
        Ok(cuts)
    }

    fn steps(&self, interval: &str) -> Answer<Vec<Date>> {
        let months = match interval {
            "month" => 1,
            "quarter" => 3,
            "year" => 12,
            _ => {
                let text = "interval is month, quarter or year";
                return Err(Problem::field("/interval", "unknown-word", text));
            }
        };
        let (Some(from), Some(to)) = (self.from, self.to) else {
            return Err(Problem::field(
                "/interval",
                "needs-period",
                "interval needs from and to",
            ));
        };
        let until = to.tomorrow().unwrap_or(Date::MAX);
        let mut cuts = vec![from];
        let mut next = from.first_of_month();
        while cuts.len() <= SPANS_MAX {
            let step = jiff::Span::new().months(months);
            next = next.checked_add(step).unwrap_or(Date::MAX);
            if next >= until {
                break;
            }
            cuts.push(next);
        }
        cuts.push(until);
        Ok(cuts)
    }
}

/// Show totals per ledger, currency and span of time
#[utoipa::path(
    get, path = "/orgs/{org}/totals", operation_id = "totals", tag = "reports",
    params(("org" = String, Path, description = "Id or slug"), TotalsParams),
    responses((status = 200, body = TotalsBody), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get_totals(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    Query(params): Query<TotalsParams>,
    question: Question,
) -> Answer<Response> {
    let cuts = params.cut_points()?;
    let work = move |book: &mut dyn Book, info: &BookInfo| {
        let chart = book.chart()?;
        let accounts = params
            .ledger
            .map(|ids| accounts_of(&ids, &chart))
            .transpose()?;
        let query = TotalsQuery { cuts, accounts };
        let totals = book.totals(&query)?;
        let body = TotalsBody::of(&totals, &query.cuts, &chart, info.sequence);
        Ok(Ok(body))
    };
    question.answer(&state, &org, work).await
}
