//! `GET /orgs/{org}/totals`: what most reports are made of.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::{Result, Unreadable};
use crate::ledger::chart::Chart;
use crate::ledger::totals::{AccountTotal, Conversion, Totals, Turnover};

/// Totals over spans of time: span `i` is `cuts[i]` (inclusive) to `cuts[i + 1]` (exclusive).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TotalsBody {
    pub sequence: u64,
    /// Days; `-009999-01-01` where nothing was before the first.
    #[cfg_attr(feature = "server", schema(value_type = Vec<String>))]
    pub cuts: Vec<Date>,
    pub rows: Vec<TotalRow>,
    pub conversions: Vec<ConversionRow>,
}

/// One account in one currency.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TotalRow {
    pub account: String,
    pub currency: String,
    /// Everything before the first cut, debit positive.
    pub opening: Amount,
    pub spans: Vec<SpanBody>,
    /// Entries in the spans.
    pub count: u64,
}

/// What moved in one span.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct SpanBody {
    pub debit: Amount,
    pub credit: Amount,
    /// Net of the closing vouchers among them, debit positive.
    pub closing: Amount,
}

/// What priced entries brought into a currency by weight less what they took by amount.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ConversionRow {
    pub currency: String,
    pub opening: Amount,
    pub spans: Vec<Amount>,
}

impl TotalsBody {
    pub fn of(totals: &Totals, cuts: &[Date], chart: &Chart, sequence: u64) -> TotalsBody {
        let row = |row: &AccountTotal| {
            let currency = chart.currency(row.currency);
            let amount = |minor| Amount::of_minor(minor, currency.scale);
            TotalRow {
                account: chart.account(row.account).path.to_string(),
                currency: currency.code.to_string(),
                opening: amount(row.opening),
                spans: row
                    .spans
                    .iter()
                    .map(|s| SpanBody {
                        debit: amount(s.debit),
                        credit: amount(s.credit),
                        closing: amount(s.closing),
                    })
                    .collect(),
                count: row.count,
            }
        };
        let conversion = |row: &Conversion| {
            let currency = chart.currency(row.currency);
            let amount = |minor| Amount::of_minor(minor, currency.scale);
            ConversionRow {
                currency: currency.code.to_string(),
                opening: amount(row.opening),
                spans: row.spans.iter().map(|s| amount(*s)).collect(),
            }
        };
        TotalsBody {
            sequence,
            cuts: cuts.to_vec(),
            rows: totals.rows.iter().map(row).collect(),
            conversions: totals.conversions.iter().map(conversion).collect(),
        }
    }

    /// The totals it stands for, in a chart of the same state of the book.
    pub fn totals(self, chart: &Chart) -> Result<Totals> {
        let currency_of = |code: &str| {
            let text = || Unreadable::new("unknown", format!("no currency {code} in the chart"));
            chart.find_currency(code).ok_or_else(text)
        };
        let row = |row: TotalRow| {
            let currency = currency_of(&row.currency)?;
            let account = chart.find(&row.account).ok_or_else(|| {
                Unreadable::new(
                    "unknown",
                    format!("no account {} in the chart", row.account),
                )
            })?;
            let span = |s: SpanBody| {
                Ok(Turnover {
                    debit: s.debit.minor(currency.scale)?,
                    credit: s.credit.minor(currency.scale)?,
                    closing: s.closing.minor(currency.scale)?,
                })
            };
            Ok(AccountTotal {
                account: account.key,
                currency: currency.key,
                opening: row.opening.minor(currency.scale)?,
                spans: row.spans.into_iter().map(span).collect::<Result<_>>()?,
                count: row.count,
            })
        };
        let conversion = |row: ConversionRow| {
            let currency = currency_of(&row.currency)?;
            let spans = row.spans.iter().map(|s| s.minor(currency.scale));
            Ok(Conversion {
                currency: currency.key,
                opening: row.opening.minor(currency.scale)?,
                spans: spans.collect::<Result<_>>()?,
            })
        };
        Ok(Totals {
            rows: self.rows.into_iter().map(row).collect::<Result<_>>()?,
            conversions: self
                .conversions
                .into_iter()
                .map(conversion)
                .collect::<Result<_>>()?,
        })
    }
}
