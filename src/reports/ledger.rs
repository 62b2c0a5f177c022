//! An account's ledger: what it held, every entry with the balance after it, what it holds.
//!
//! A stream: transactions go in one at a time, events come out. Cash and bank books are
//! ledgers too, perhaps summed up by day.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::transaction::{Entry, Transaction};

/// The accounts one ledger is over: one, or one with everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSet {
    /// By key, from 1.
    members: Vec<bool>,
}

impl AccountSet {
    pub fn of(keys: impl IntoIterator<Item = AccountKey>) -> AccountSet {
        let mut members = Vec::new();
        for key in keys {
            let at = key.0 as usize;
            if members.len() <= at {
                members.resize(at + 1, false);
            }
            members[at] = true;
        }
        AccountSet { members }
    }

    pub fn contains(&self, key: AccountKey) -> bool {
        self.members.get(key.0 as usize).copied().unwrap_or(false)
    }
}

/// One line of a ledger. Amounts are minor units, debit positive; sums of a side are positive.
#[derive(Debug, Clone, PartialEq)]
pub enum LedgerEvent<'a> {
    /// What was held before the first day shown. No date: from the beginning.
    Opening {
        date: Option<Date>,
        currency: CurrencyKey,
        balance: i128,
    },
    Entry {
        transaction: &'a Transaction,
        entry: &'a Entry,
        balance: i128,
    },
    /// An entry of a void transaction: counts for nothing.
    Void {
        transaction: &'a Transaction,
        entry: &'a Entry,
    },
    /// A day's entries in one.
    Day {
        date: Date,
        currency: CurrencyKey,
        debit: i128,
        credit: i128,
        balance: i128,
    },
    /// What is held after the last day shown, and the turnover of the lines above.
    Closing {
        date: Option<Date>,
        currency: CurrencyKey,
        debit: i128,
        credit: i128,
        balance: i128,
    },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Running {
    balance: i128,
    debit: i128,
    credit: i128,
    day_debit: i128,
    day_credit: i128,
}

/// Which way the lines run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    #[default]
    Forward,
    /// Newest first: the balance shown is still the one after the entry.
    Backward,
}

/// How entries become lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    #[default]
    Entries,
    /// One line a day and currency.
    Days,
}

/// Folds the transactions of one ledger into its lines.
pub struct LedgerFold {
    accounts: AccountSet,
    direction: Direction,
    detail: Detail,
    running: BTreeMap<CurrencyKey, Running>,
    day: Option<Date>,
}

/// What a fold says to.
pub type Sink<'s, E> = &'s mut dyn FnMut(LedgerEvent<'_>) -> Result<(), E>;

impl LedgerFold {
    /// A fold that starts from these balances: the opening ones, or going backward the closing ones.
    pub fn new(
        accounts: AccountSet,
        balances: &[(CurrencyKey, i128)],
        direction: Direction,
        detail: Detail,
    ) -> LedgerFold {
        let running = balances
            .iter()
            .map(|(currency, balance)| {
                let running = Running {
                    balance: *balance,
                    ..Running::default()
                };
                (*currency, running)
            })
            .collect();
        LedgerFold {
            accounts,
            direction,
            detail,
            running,
            day: None,
        }
    }

    /// Says the present balances: `Opening` before the first transaction, or going backward after the last.
    pub fn openings<E>(&mut self, date: Option<Date>, sink: Sink<'_, E>) -> Result<(), E> {
        self.end_day(sink)?;
        for (currency, running) in &self.running {
            sink(LedgerEvent::Opening {
                date,
                currency: *currency,
                balance: running.balance,
            })?;
        }
        Ok(())
    }

    /// Takes the next transaction in the order of the direction; `keep` picks among the accounts' entries.
    pub fn transaction<E>(
        &mut self,
        transaction: &Transaction,
        mut keep: impl FnMut(&Entry) -> bool,
        sink: Sink<'_, E>,
    ) -> Result<(), E> {
        let mut ours: Vec<&Entry> = Vec::new();
        ours.extend(
            transaction
                .entries
                .iter()
                .filter(|e| self.accounts.contains(e.account) && keep(e)),
        );
        if self.direction == Direction::Backward {
            ours.reverse();
        }
        if !ours.is_empty() && self.detail == Detail::Days && self.day != Some(transaction.date) {
            self.end_day(sink)?;
            self.day = Some(transaction.date);
        }
        for entry in ours {
            if transaction.is_void() {
                if self.detail == Detail::Entries {
                    sink(LedgerEvent::Void { transaction, entry })?;
                }
                continue;
            }
            let balance = self.count(entry);
            if self.detail == Detail::Entries {
                sink(LedgerEvent::Entry {
                    transaction,
                    entry,
                    balance,
                })?;
            }
        }
        Ok(())
    }

    /// Says turnover and closing balances; `balances` are the closing ones of a backward fold, whose
    /// running ones have gone back to the opening.
    pub fn closings<E>(
        &mut self,
        date: Option<Date>,
        balances: Option<&[(CurrencyKey, i128)]>,
        sink: Sink<'_, E>,
    ) -> Result<(), E> {
        self.end_day(sink)?;
        for (currency, running) in &self.running {
            let balance = match balances {
                Some(balances) => balances
                    .iter()
                    .find(|(c, _)| c == currency)
                    .map_or(0, |(_, b)| *b),
                None => running.balance,
            };
            sink(LedgerEvent::Closing {
                date,
                currency: *currency,
                debit: running.debit,
                credit: running.credit,
                balance,
            })?;
        }
        Ok(())
    }

    /// Counts an entry and gives the balance after it.
    fn count(&mut self, entry: &Entry) -> i128 {
        let minor = i128::from(entry.minor);
        let running = self.running.entry(entry.currency).or_default();
        if minor >= 0 {
            running.debit += minor;
            running.day_debit += minor;
        } else {
            running.credit -= minor;
            running.day_credit -= minor;
        }
        match self.direction {
            Direction::Forward => {
                running.balance += minor;
                running.balance
            }
            Direction::Backward => {
                let after = running.balance;
                running.balance -= minor;
                after
            }
        }
    }

    fn end_day<E>(&mut self, sink: Sink<'_, E>) -> Result<(), E> {
        let Some(date) = self.day.take() else {
            return Ok(());
        };
        let direction = self.direction;
        for (currency, running) in &mut self.running {
            let (debit, credit) = (running.day_debit, running.day_credit);
            (running.day_debit, running.day_credit) = (0, 0);
            if debit == 0 && credit == 0 {
                continue;
            }
            let balance = match direction {
                Direction::Forward => running.balance,
                Direction::Backward => running.balance + debit - credit,
            };
            sink(LedgerEvent::Day {
                date,
                currency: *currency,
                debit,
                credit,
                balance,
            })?;
        }
        Ok(())
    }
}

/// The other accounts of an entry's transaction: those on the other side, else all others; each once.
pub fn others<'a>(transaction: &'a Transaction, entry: &Entry) -> Vec<&'a Entry> {
    let mut found: Vec<&Entry> = Vec::new();
    let mut gather = |fits: &dyn Fn(&Entry) -> bool| {
        for other in &transaction.entries {
            let new = other.account != entry.account
                && fits(other)
                && found.iter().all(|f| f.account != other.account);
            if new {
                found.push(other);
            }
        }
        found.is_empty()
    };
    let opposite = |other: &Entry| (other.minor < 0) != (entry.minor < 0);
    if gather(&opposite) {
        gather(&|_| true);
    }
    found
}

/// Full paths of the other accounts, separated by commas.
pub fn particulars<'a>(chart: &'a Chart, transaction: &Transaction, entry: &Entry) -> Cow<'a, str> {
    // Nine of ten transactions have two entries: those need no list.
    if let [a, b] = transaction.entries.as_slice() {
        let other = if a.account == entry.account { b } else { a };
        return Cow::Borrowed(&chart.account(other.account).path);
    }
    let paths: Vec<&str> = others(transaction, entry)
        .iter()
        .map(|e| &*chart.account(e.account).path)
        .collect();
    Cow::Owned(paths.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::testing::{chart_of, transaction};
    use jiff::civil::date;
    use std::convert::Infallible;

    fn told(direction: Direction, detail: Detail) -> Vec<String> {
        let chart = chart_of(&["Assets:Cash", "Income:Sales", "Expenses:Tea"]);
        let cash = chart.accounts()[0].key;
        let mut days = [
            transaction(
                &chart,
                1,
                date(2026, 4, 1),
                "sale",
                &[("Assets:Cash", "100"), ("Income:Sales", "-100")],
            ),
            transaction(
                &chart,
                2,
                date(2026, 4, 1),
                "tea",
                &[("Expenses:Tea", "30"), ("Assets:Cash", "-30")],
            ),
            transaction(
                &chart,
                3,
                date(2026, 4, 2),
                "tea",
                &[("Expenses:Tea", "5"), ("Assets:Cash", "-5")],
            ),
        ];
        let inr = CurrencyKey(1);
        let (opening, closing) = ([(inr, 1_000)], [(inr, 7_500)]);
        let mut lines = Vec::new();
        let mut sink = |event: LedgerEvent<'_>| -> Result<(), Infallible> {
            lines.push(match event {
                LedgerEvent::Opening { balance, .. } => format!("opening {balance}"),
                LedgerEvent::Entry {
                    transaction,
                    balance,
                    ..
                } => format!("{} {balance}", transaction.number),
                LedgerEvent::Day {
                    date,
                    debit,
                    credit,
                    balance,
                    ..
                } => format!("{date} {debit} {credit} {balance}"),
                LedgerEvent::Closing {
                    debit,
                    credit,
                    balance,
                    ..
                } => format!("closing {debit} {credit} {balance}"),
                LedgerEvent::Void { .. } => "void".to_owned(),
            });
            Ok(())
        };
        let forward = direction == Direction::Forward;
        let start = if forward { &opening } else { &closing };
        let mut fold = LedgerFold::new(AccountSet::of([cash]), start, direction, detail);
        if forward {
            fold.openings(None, &mut sink).unwrap();
        } else {
            days.reverse();
        }
        for transaction in &days {
            fold.transaction(transaction, |_| true, &mut sink).unwrap();
        }
        if forward {
            fold.closings(None, None, &mut sink).unwrap();
        } else {
            fold.openings(None, &mut sink).unwrap();
        }
        lines
    }

    #[test]
    fn balances_run_from_opening_to_closing() {
        assert_eq!(
            told(Direction::Forward, Detail::Entries),
            [
                "opening 1000",
                "1 11000",
                "2 8000",
                "3 7500",
                "closing 10000 3500 7500"
            ]
        );
    }

    #[test]
    fn backward_shows_the_same_balances() {
        assert_eq!(
            told(Direction::Backward, Detail::Entries),
            ["3 7500", "2 8000", "1 11000", "opening 1000"]
        );
    }

    #[test]
    fn days_are_summed_either_way() {
        assert_eq!(
            told(Direction::Forward, Detail::Days),
            [
                "opening 1000",
                "2026-04-01 10000 3000 8000",
                "2026-04-02 0 500 7500",
                "closing 10000 3500 7500"
            ]
        );
        assert_eq!(
            told(Direction::Backward, Detail::Days),
            [
                "2026-04-02 0 500 7500",
                "2026-04-01 10000 3000 8000",
                "opening 1000"
            ]
        );
    }

    #[test]
    fn particulars_are_the_other_side() {
        let chart = chart_of(&["Assets:Cash", "Income:Sales", "Income:Tax", "Expenses:Tea"]);
        let sale = transaction(
            &chart,
            1,
            date(2026, 4, 1),
            "sale",
            &[
                ("Assets:Cash", "100"),
                ("Expenses:Tea", "20"),
                ("Income:Sales", "-110"),
                ("Income:Tax", "-10"),
            ],
        );
        assert_eq!(
            particulars(&chart, &sale, &sale.entries[0]),
            "Income:Sales, Income:Tax"
        );
        assert_eq!(
            particulars(&chart, &sale, &sale.entries[3]),
            "Assets:Cash, Expenses:Tea"
        );
    }

    /// Lines of the fold of some transactions: each entry with its balance.
    fn folded(
        transactions: &[Transaction],
        start: i128,
        direction: Direction,
    ) -> Vec<(u64, i64, i128)> {
        let mut lines = Vec::new();
        let mut sink = |event: LedgerEvent<'_>| -> Result<(), Infallible> {
            if let LedgerEvent::Entry {
                transaction,
                entry,
                balance,
            } = event
            {
                lines.push((transaction.number.0, entry.minor, balance));
            }
            Ok(())
        };
        let accounts = AccountSet::of([AccountKey(1), AccountKey(3)]);
        let start = [(CurrencyKey(1), start)];
        let mut fold = LedgerFold::new(accounts, &start, direction, Detail::Entries);
        let mut tell = |t: &Transaction| fold.transaction(t, |_| true, &mut sink).unwrap();
        match direction {
            Direction::Forward => transactions.iter().for_each(&mut tell),
            Direction::Backward => transactions.iter().rev().for_each(&mut tell),
        }
        lines
    }

    proptest::proptest! {
        /// A ledger is a naive running sum over its entries, and the same read backward.
        #[test]
        fn a_ledger_is_a_running_sum(moves in proptest::collection::vec((0usize..4, 0usize..4, 1i64..99_999, 1i8..=28), 0..30), opening in -1_000_000i128..1_000_000) {
            let paths = ["Assets:Cash", "Assets:Bank", "Assets:Till", "Income:Sales"];
            let chart = chart_of(&paths);
            let mut moves = moves;
            moves.sort_by_key(|m| m.3);
            let transactions: Vec<Transaction> = moves
                .iter()
                .enumerate()
                .map(|(at, (from, to, minor, day))| {
                    let amount = format!("{}.{:02}", minor / 100, minor % 100);
                    let entries = [(paths[*to], amount.clone()), (paths[*from], format!("-{amount}"))];
                    let entries = entries.each_ref().map(|(p, a)| (*p, a.as_str()));
                    transaction(&chart, at as u64 + 1, date(2026, 4, *day), "x", &entries)
                })
                .collect();
            let mut balance = opening;
            let mut naive = Vec::new();
            for transaction in &transactions {
                for entry in transaction.entries.iter().filter(|e| e.account.0 % 2 == 1) {
                    balance += i128::from(entry.minor);
                    naive.push((transaction.number.0, entry.minor, balance));
                }
            }
            proptest::prop_assert_eq!(&folded(&transactions, opening, Direction::Forward), &naive);
            naive.reverse();
            proptest::prop_assert_eq!(folded(&transactions, balance, Direction::Backward), naive);
        }
    }
}
