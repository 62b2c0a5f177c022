//! What a day book says of the cash: what was there, what came and went, what is left.
//!
//! What opening vouchers brought was there before, as the cash flow statement has it: it is no receipt.

use std::collections::BTreeMap;

use super::ledger::AccountSet;
use crate::ledger::account::{AccountKey, AccountType};
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::totals::Totals;
use crate::ledger::transaction::{Transaction, Voucher};

/// The cash of one currency over the days of a day book, in minor units; sums of a side are positive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayCash {
    pub opening: i128,
    pub receipts: i128,
    pub payments: i128,
}

impl DayCash {
    pub fn closing(&self) -> i128 {
        self.opening + self.receipts - self.payments
    }
}

/// Folds the vouchers of a day book into its cash.
#[derive(Debug, Clone)]
pub struct DayCashBuilder {
    accounts: AccountSet,
    sums: BTreeMap<CurrencyKey, DayCash>,
}

impl DayCashBuilder {
    /// The accounts that are counted.
    pub fn accounts(chart: &Chart) -> Vec<AccountKey> {
        let cash = |account_type| account_type == AccountType::Cash;
        let all = chart.accounts().iter();
        all.filter(|a| cash(a.account_type))
            .map(|a| a.key)
            .collect()
    }

    /// `totals` are those of the [`DayCashBuilder::accounts`] over the days.
    pub fn new(chart: &Chart, totals: &Totals) -> DayCashBuilder {
        let accounts = AccountSet::of(DayCashBuilder::accounts(chart));
        let mut sums: BTreeMap<CurrencyKey, DayCash> = BTreeMap::new();
        for row in totals.rows.iter().filter(|r| accounts.contains(r.account)) {
            let cash = sums.entry(row.currency).or_default();
            cash.opening += row.opening;
            cash.receipts += row.spans.iter().map(|s| s.debit).sum::<i128>();
            cash.payments += row.spans.iter().map(|s| s.credit).sum::<i128>();
        }
        DayCashBuilder { accounts, sums }
    }

    /// Takes a voucher of the days: an opening one moves from receipts and payments to the opening.
    pub fn add(&mut self, transaction: &Transaction) {
        if transaction.is_void() || transaction.voucher != Voucher::Opening {
            return;
        }
        let ours = transaction.entries.iter();
        for entry in ours.filter(|e| self.accounts.contains(e.account)) {
            let minor = i128::from(entry.minor);
            let cash = self.sums.entry(entry.currency).or_default();
            cash.opening += minor;
            cash.receipts -= minor.max(0);
            cash.payments -= (-minor).max(0);
        }
    }

    /// A sum a currency.
    pub fn finish(self) -> BTreeMap<CurrencyKey, DayCash> {
        self.sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::reports::sample::{INR, shop, tx};
    use jiff::civil::date;

    #[test]
    fn what_the_books_opened_with_is_no_receipt() {
        let chart = shop();
        let on = date(2026, 4, 1);
        let mut opening = tx(
            &chart,
            1,
            on,
            &[("Assets:Cash", 500), ("Equity:Capital", -500)],
        );
        opening.voucher = Voucher::Opening;
        let sale = tx(&chart, 2, on, &[("Assets:Cash", 70), ("Income:Sales", -70)]);
        let tea = tx(
            &chart,
            3,
            on,
            &[("Expenses:Rent", 20), ("Assets:Cash", -20)],
        );
        let mut totals = TotalsBuilder::new(&[on, date(2026, 4, 2)]);
        let all = [opening, sale, tea];
        all.iter().for_each(|t| totals.add(t, |_| true));
        let mut cash = DayCashBuilder::new(&chart, &totals.finish());
        all.iter().for_each(|t| cash.add(t));
        let cash = cash.finish()[&INR];
        let of_day = DayCash {
            opening: 500,
            receipts: 70,
            payments: 20,
        };
        assert_eq!(cash, of_day);
        assert_eq!(cash.closing(), 550);
    }
}
