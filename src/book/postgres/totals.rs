//! Totals from the month totals, and from entries only where a cut falls inside a month.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use tokio_postgres::Row;

use super::fault::damaged;
use super::link::{Link, Params};
use super::rows::{self, at, count_at, currency_at, key_at};
use crate::book::Result;
use crate::book::stored::keys::Keys;
use crate::ledger::account::AccountKey;
use crate::ledger::day::{Day, Month};
use crate::ledger::totals::{Totals, TotalsBuilder, TotalsQuery, place};
use crate::ledger::transaction::Voucher;

/// What the port's `totals` answers.
pub fn totals(link: &Link, query: &TotalsQuery) -> Result<Totals> {
    let mut builder = TotalsBuilder::new(&query.cuts);
    let wanted: Option<Vec<i32>> = query.accounts.as_ref().map(|keys| {
        let signed = |key: &AccountKey| i32::try_from(key.0).unwrap_or(0);
        keys.iter().map(signed).collect()
    });
    // The database adds up what lies in one place: a book of years has many months, a report few columns.
    let (org, places) = (&link.org, places(&query.cuts));
    let (of_all, of_some): (Params<'_>, Params<'_>) = (&[org, &places], &[org, &places, &wanted]);
    let [scales, ends, months, conversions] = link.all_of([
        (rows::KEYS[0], &[org]),
        (rows::KEYS[1], &[org]),
        match &wanted {
            None => (MONTHS, of_all),
            Some(_) => (MONTHS_OF, of_some),
        },
        (CONVERSIONS, &[org]),
    ])?;
    let mut fold = Fold {
        link,
        keys: rows::keys_of(&scales, &ends)?,
        cuts: &query.cuts,
        builder: &mut builder,
        split: BTreeMap::new(),
    };
    months.iter().try_for_each(|row| fold.month_row(row))?;
    fold.split_months()?;
    fold.conversions(&conversions)?;
    Ok(builder.finish())
}

const MONTHS: &str = "SELECT account, currency, min(month), closing, sum(debit)::text, sum(credit)::text, sum(entries)::bigint
   FROM hissab.total WHERE org_id = $1
  GROUP BY account, currency, closing, width_bucket(month, $2::integer[])";

const MONTHS_OF: &str = "SELECT account, currency, min(month), closing, sum(debit)::text, sum(credit)::text, sum(entries)::bigint
   FROM hissab.total WHERE org_id = $1 AND account = ANY ($3)
  GROUP BY account, currency, closing, width_bucket(month, $2::integer[])";

const CONVERSIONS: &str = "SELECT currency, month, amount FROM hissab.conversion WHERE org_id = $1";

struct Fold<'a> {
    link: &'a Link,
    keys: Keys,
    cuts: &'a [Date],
    builder: &'a mut TotalsBuilder,
    /// Months that a cut falls into: their accounts, and whether any has closing vouchers there.
    split: BTreeMap<i32, (BTreeSet<i32>, bool)>,
}

/// The first day of a month and of the next.
fn bounds(month: i32) -> (Date, Date) {
    (Month(month).first(), Month(month.saturating_add(1)).first())
}

/// Where runs of months begin that lie in one place each; a month that a cut falls into is a run of its own.
fn places(cuts: &[Date]) -> Vec<i32> {
    let mut begins = BTreeSet::new();
    for cut in cuts.iter().filter(|cut| **cut != Date::MAX) {
        let month = Month::of(*cut);
        begins.insert(month.0);
        if month.first() != *cut {
            begins.insert(month.0.saturating_add(1));
        }
    }
    begins.into_iter().collect()
}

/// A sum, which may be larger than what it was made of.
fn sum_at(row: &Row, column: usize) -> Result<i128> {
    let text: &str = at(row, column)?;
    text.parse()
        .map_err(|_| damaged("a sum is not a whole number"))
}

impl Fold<'_> {
    /// True if every day of the month lies in one place.
    fn is_whole(&self, month: i32) -> bool {
        let (first, next) = bounds(month);
        let last = next.checked_sub(1.day()).unwrap_or(Date::MAX);
        place(self.cuts, first) == place(self.cuts, last)
    }

    fn month_row(&mut self, row: &Row) -> Result<()> {
        let (month, closing): (i32, bool) = (at(row, 2)?, at(row, 3)?);
        if !self.is_whole(month) {
            let split = self.split.entry(month).or_default();
            split.0.insert(at(row, 0)?);
            split.1 |= closing;
            return Ok(());
        }
        self.turnover(row, bounds(month).0, closing)
    }

    /// Account and currency in the first two columns, debit, credit and entries in the last three of seven.
    fn turnover(&mut self, row: &Row, date: Date, closing: bool) -> Result<()> {
        let moved = (sum_at(row, 4)?, sum_at(row, 5)?, count_at(row, 6)?);
        let account = self.keys.account(key_at(row, 0)?)?;
        let currency = self.keys.currency(currency_at(row, 1)?)?;
        self.builder
            .turnover(date, closing, account, currency, moved);
        Ok(())
    }

    fn split_months(&mut self) -> Result<()> {
        for (month, (accounts, has_closing)) in std::mem::take(&mut self.split) {
            let is_closing = match has_closing {
                true => format!(
                    "EXISTS (SELECT 1 FROM hissab.txn t WHERE t.org_id = e.org_id AND t.number = e.txn AND t.voucher = {})",
                    Voucher::Closing.code()
                ),
                false => "false".to_owned(),
            };
            let sql = format!(
                "SELECT account, currency, day, closing, coalesce(sum(amount) FILTER (WHERE amount >= 0), 0)::text,
                        coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::text, count(*)
                   FROM (SELECT e.account, e.currency, e.day, e.amount, {is_closing} AS closing FROM hissab.entry e
                          WHERE e.org_id = $1 AND e.account = ANY ($2) AND e.day >= $3 AND e.day < $4) x
                  GROUP BY account, currency, day, closing"
            );
            let (first, next) = bounds(month);
            let accounts: Vec<i32> = accounts.into_iter().collect();
            let rows = self.link.all(
                &sql,
                &[
                    &self.link.org,
                    &accounts,
                    &Day::of(first).0,
                    &Day::of(next).0,
                ],
            )?;
            for row in &rows {
                self.turnover(row, Day(at(row, 2)?).date(), at(row, 3)?)?;
            }
        }
        Ok(())
    }

    fn conversions(&mut self, rows: &[Row]) -> Result<()> {
        let mut split = BTreeSet::new();
        for row in rows {
            let month: i32 = at(row, 1)?;
            if self.is_whole(month) {
                let currency = self.keys.currency(currency_at(row, 0)?)?;
                let minor = i128::from(at::<i64>(row, 2)?);
                self.builder.conversion(bounds(month).0, currency, minor);
            } else {
                split.insert(month);
            }
        }
        for month in split {
            let (first, next) = bounds(month);
            let rows = self.link.all(
                "SELECT t.day, e.currency, e.amount, e.weight_currency, e.weight FROM hissab.txn t,
                        unnest(t.currencies, t.amounts, t.weight_currencies, t.weights) AS e (currency, amount, weight_currency, weight)
                  WHERE t.org_id = $1 AND t.day >= $2 AND t.day < $3 AND t.weights IS NOT NULL AND e.weight IS NOT NULL",
                &[&self.link.org, &Day::of(first).0, &Day::of(next).0],
            )?;
            for row in &rows {
                let date = Day(at(row, 0)?).date();
                let (taken, brought) = (currency_at(row, 1)?, currency_at(row, 3)?);
                let (amount, weight): (i64, i64) = (at(row, 2)?, at(row, 4)?);
                let taken = self.keys.currency(taken)?;
                self.builder.conversion(date, taken, -i128::from(amount));
                let brought = self.keys.currency(brought)?;
                self.builder.conversion(date, brought, weight.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_month_that_a_cut_falls_into_is_a_run_of_its_own() {
        let month = |y, m| Month::of(date(y, m, 1)).0;
        let cuts = [Date::MIN, date(2026, 4, 1), date(2026, 6, 15), Date::MAX];
        let begins = [
            Month::of(Date::MIN).0,
            month(2026, 4),
            month(2026, 6),
            month(2026, 7),
        ];
        assert_eq!(places(&cuts), begins);
    }
}
