//! What the books will hold of the account after an import, and why it differs from the statement.

use jiff::civil::Date;

use super::Session;
use crate::cli::error::Result;
use crate::formats::plan::{Candidate, Fate};
use crate::formats::statement::{Proof, Statement};
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::day::Day;
use crate::ledger::money::to_minor;
use crate::ledger::totals::{AccountTotal, Totals, TotalsQuery};

/// One currency of the account at the end of the statement's last day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BooksProof {
    pub currency: CurrencyKey,
    pub as_of: Date,
    /// Debit positive, the import included.
    pub books: i128,
    /// What the statement says, where it says it.
    pub statement: Option<i128>,
    /// The first row's day; what the books held before it, and what the statement begins with, if it says so.
    pub first: Date,
    pub books_before: i128,
    pub opening: Option<i128>,
    /// In the books up to that day, on no statement: number, reference, amount.
    pub unpresented: Vec<(u64, Option<String>, i64)>,
}

impl BooksProof {
    /// Books less statement, as of a count that was asserted.
    pub fn difference(&self) -> Option<i128> {
        self.statement.map(|statement| self.books - statement)
    }

    /// What is in the books and on no statement: since the first row, and from before it only if that
    /// makes the sum come out (an old cheque), for most of what is older was on earlier statements.
    fn explain(&mut self, loose: &[&Candidate], first: Date) {
        let row = |c: &&Candidate| (c.number, c.reference.clone(), c.minor);
        self.unpresented = loose
            .iter()
            .copied()
            .filter(|c| c.date >= first)
            .map(|c| row(&c))
            .collect();
        if self
            .difference()
            .is_some_and(|d| d != self.unpresented_sum())
        {
            let since = std::mem::replace(&mut self.unpresented, loose.iter().map(row).collect());
            if self.difference() != Some(self.unpresented_sum()) {
                self.unpresented = since;
            }
        }
    }

    /// What the transactions on no statement come to.
    pub fn unpresented_sum(&self) -> i128 {
        self.unpresented
            .iter()
            .map(|(_, _, minor)| i128::from(*minor))
            .sum()
    }
}

/// The proof of every currency of a statement.
pub fn books(
    session: &mut Session,
    account: AccountKey,
    statement: &Statement,
    chart: &Chart,
    amounts: &[(i64, CurrencyKey)],
    fates: &[Fate],
    candidates: &[Candidate],
) -> Result<Vec<BooksProof>> {
    let Some((first, last)) = statement.span() else {
        return Ok(Vec::new());
    };
    // A closing balance is of its own day where that is later.
    let closed = statement.series.iter().filter_map(|s| s.closing_on).max();
    let last = closed.map_or(last, |closed| closed.max(last));
    let mut currencies: Vec<CurrencyKey> = amounts.iter().map(|(_, currency)| *currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let until = Day(Day::of(last).0 + 1).date();
    let query = TotalsQuery {
        accounts: Some(vec![account]),
        ..TotalsQuery::until(Some(until))
    };
    let totals = session.book.totals(&query)?;
    let query = TotalsQuery {
        accounts: Some(vec![account]),
        ..TotalsQuery::until(Some(first))
    };
    let totals_before = session.book.totals(&query)?;
    let held = |totals: &Totals, currency| -> i128 {
        let rows = totals.rows.iter();
        let of_it = rows.filter(|t| t.account == account && t.currency == currency);
        of_it.map(AccountTotal::closing).sum()
    };
    let taken: Vec<u64> = fates
        .iter()
        .filter_map(|f| {
            if let Fate::Matched { number, .. } = f {
                Some(*number)
            } else {
                None
            }
        })
        .collect();
    let mut proofs = Vec::new();
    for currency in currencies {
        let before = held(&totals, currency);
        let new: i128 = amounts
            .iter()
            .zip(fates)
            .filter(|((_, c), fate)| *c == currency && **fate == Fate::New)
            .map(|((minor, _), _)| i128::from(*minor))
            .sum();
        let moved = amounts.iter().filter(|(_, c)| *c == currency);
        let moved: i128 = moved.map(|(minor, _)| i128::from(*minor)).sum();
        let closing = closing(statement, chart, amounts, currency);
        let mut proof = BooksProof {
            currency,
            as_of: last,
            books: before + new,
            statement: closing,
            first,
            books_before: held(&totals_before, currency),
            opening: closing.map(|closing| closing - moved),
            unpresented: Vec::new(),
        };
        let loose: Vec<&Candidate> = candidates
            .iter()
            .filter(|c| {
                c.currency == currency
                    && c.date <= last
                    && !taken.contains(&c.number)
                    && !c.same_day_only
            })
            .collect();
        // Nothing in the file proves which way a card's balance is printed: exactly what is owed is what is owed.
        let unproved = statement.series.iter().all(|s| s.proof == Proof::None);
        if unproved && proof.books < 0 && proof.statement == Some(-proof.books) {
            proof.statement = Some(proof.books);
        }
        proof.explain(&loose, first);
        proofs.push(proof);
    }
    Ok(proofs)
}

/// The statement's closing balance in a currency: the sum of its running balances.
fn closing(
    statement: &Statement,
    chart: &Chart,
    amounts: &[(i64, CurrencyKey)],
    currency: CurrencyKey,
) -> Option<i128> {
    let mut sum = 0;
    for (index, series) in statement.series.iter().enumerate() {
        let row = statement
            .rows
            .iter()
            .position(|r| usize::from(r.series) == index);
        let of_currency = row.is_some_and(|row| amounts[row].1 == currency);
        if of_currency {
            sum += i128::from(to_minor(series.closing?, chart.currency(currency).scale).ok()?);
        }
    }
    Some(sum)
}
