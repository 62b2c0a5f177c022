//! `GET /orgs/{org}/reports/{report}`: a report of the book, in the document the command line prints.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::book::Book;
use crate::ledger::audit::hex;
use crate::ledger::settings::BookInfo;
use crate::server::access::InOrg;
use crate::server::body::{Path, Query};
use crate::server::papers::{Asked, paper};
use crate::server::problem::{Answer, Problem};
use crate::server::reading::Question;
use crate::server::state::Shared;
use crate::wire::problem::Problem as ProblemBody;
use crate::wire::report::{ReportBody, ReportName};

/// Which days, and of which ledger.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportParams {
    /// First day, inclusive.
    #[param(format = Date)]
    pub from: Option<String>,
    /// Last day, inclusive. Day book: today, unless `from` is given; ageing: today.
    #[param(format = Date)]
    pub date: Option<String>,
    /// Of the report `ledger`, which needs it: an id, or a path; of a parent with everything below it.
    pub ledger: Option<String>,
}

/// Show a report
#[utoipa::path(
    get, path = "/orgs/{org}/reports/{report}", operation_id = "report", tag = "reports",
    params(("org" = String, Path, description = "Id or slug"), ("report" = ReportName, Path), ReportParams),
    responses((status = 200, body = ReportBody), (status = 304, description = "Unchanged"), (status = "default", description = "Problem", body = ProblemBody, content_type = "application/problem+json")),
)]
pub async fn get(
    State(state): State<Shared>,
    Extension(org): Extension<InOrg>,
    Path((_org, report)): Path<(String, String)>,
    Query(params): Query<ReportParams>,
    question: Question,
) -> Answer<Response> {
    let (report, from, to) = read(&report, &params)?;
    let now = state.now();
    let question = question.of_today(&state);
    let work = move |book: &mut dyn Book, info: &BookInfo| {
        let zone = TimeZone::get(&info.settings.timezone).unwrap_or(TimeZone::UTC);
        let asked = Asked {
            report,
            from,
            to,
            ledger: params.ledger,
            today: now.to_zoned(zone).date(),
        };
        let made = paper(book, info, &asked)?;
        Ok(made.and_then(|paper| {
            let document = String::from_utf8(paper.document).map_err(Problem::internal)?;
            Ok(ReportBody {
                report,
                from: paper.from,
                to: paper.to,
                sequence: info.sequence,
                head: info.head.as_ref().map(|hash| hex(hash)),
                balanced: paper.balanced,
                document: RawValue::from_string(document).map_err(Problem::internal)?,
            })
        }))
    };
    question.answer(&state, &org, work).await
}

/// The question, read.
fn read(report: &str, params: &ReportParams) -> Answer<(ReportName, Option<Date>, Option<Date>)> {
    let report = ReportName::from_word(report).ok_or_else(|| {
        let known = ReportName::ALL.map(|(word, _)| word).join(", ");
        Problem::not_found(format!("report {report:?}")).hint(format!("there are {known}"))
    })?;
    let from = day(params.from.as_deref(), "/from")?;
    let to = day(params.date.as_deref(), "/date")?;
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        let text = format!("the days run backwards: {from} to {to}");
        return Err(Problem::field("/from", "backwards", text));
    }
    if report == ReportName::Ageing && from.is_some() {
        let text = "what is open has no first day: give date alone";
        return Err(Problem::field("/from", "does-not-apply", text));
    }
    match (report, params.ledger.as_deref()) {
        (ReportName::Ledger, None | Some("")) => {
            let text = "which ledger? Give its id or path: ?ledger=Assets:Cash";
            Err(Problem::field("/ledger", "which-account", text))
        }
        (ReportName::Ledger, Some(_)) | (_, None) => Ok((report, from, to)),
        (_, Some(_)) => {
            let text = "only the report ledger is of a ledger";
            Err(Problem::field("/ledger", "does-not-apply", text))
        }
    }
}

/// `2026-04-07`, and nothing around it.
fn day(text: Option<&str>, pointer: &str) -> Answer<Option<Date>> {
    let Some(text) = text else {
        return Ok(None);
    };
    let read = text.parse::<Date>().ok().filter(|d| d.to_string() == text);
    read.map(Some).ok_or_else(|| {
        let words = format!("{text:?} is not a date like 2026-04-07");
        Problem::field(pointer, "bad-date", words)
    })
}
