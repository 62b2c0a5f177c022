//! A bank statement, whatever file it came in: rows in the account holder's sense.
//!
//! Banks say "credit" where the account holder debits the bank account. That is translated here,
//! once: a positive amount is money in, a debit to the account the statement belongs to.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use crate::ledger::transaction::{Status, Tag};

/// One row of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementRow {
    /// Line in the file, from 1.
    pub line: u64,
    pub date: Date,
    pub description: String,
    pub payee: Option<String>,
    pub reference: Option<String>,
    /// The bank's own id of the row, if it gives one.
    pub bank_id: Option<String>,
    /// Money in positive.
    pub amount: Decimal,
    /// A code; `None`: the account's.
    pub currency: Option<Arc<str>>,
    /// The account's balance after the row, money held positive.
    pub balance: Option<Decimal>,
    /// Which of the file's running balances the row belongs to: an index into [`Statement::series`].
    pub series: u16,
    /// The row as it stood.
    pub raw: String,
    /// What rules said of it. Boxed: rows are moved from step to step, and this is half of one.
    pub category: Box<Category>,
}

/// What rules made of a row. Empty: nothing is known, so it goes to Suspense.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Category {
    /// The account the row itself belongs to, where rules say it of each row; else it is the statement's.
    pub own: Option<Arc<str>>,
    /// The counter account.
    pub account: Option<Arc<str>>,
    /// The line of the rule that said so, in its file.
    pub rule: Option<u64>,
    /// What the file itself calls it, if it has a column for that: a hint, not an account.
    pub named: Option<String>,
    pub status: Status,
    pub tags: Vec<Tag>,
    pub memo: Option<String>,
    /// Of the counter account's entry.
    pub counter_memo: Option<String>,
    /// Further entries of the counter side, for their amounts (debit positive); the account above takes the rest.
    pub splits: Vec<Split>,
    /// The other side's account number, where the bank gives it: one of ours makes the row a transfer.
    pub counter_number: Option<Arc<str>>,
}

/// One further entry of the counter side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Split {
    /// By rules.
    pub account: Option<Arc<str>>,
    /// What the file itself calls it: a hint, not an account.
    pub named: Option<String>,
    /// Debit positive; in the row's currency.
    pub amount: Decimal,
    pub memo: Option<String>,
}

/// One running balance in a file: most files have one, some one a currency or pocket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// `None`: the account's currency.
    pub currency: Option<Arc<str>>,
    pub money_in: Decimal,
    /// Positive.
    pub money_out: Decimal,
    /// Balance before the first row, where the file knows it.
    pub opening: Option<Decimal>,
    /// Balance after the last row.
    pub closing: Option<Decimal>,
    /// The day of the closing balance, where the file gives one.
    pub closing_on: Option<Date>,
    pub proof: Proof,
    pub rows: usize,
}

/// What of a file's balances was checked against its rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Proof {
    /// Nothing: at most one balance is known.
    #[default]
    None,
    /// Opening, rows and closing add up.
    Ends,
    /// They do not, and it was let pass.
    Gap,
    /// Rows whose running balance follows from the row before.
    Running(usize),
}

/// Something a reader left out or assumed, and the line it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub line: Option<u64>,
    pub text: String,
}

/// A statement read whole: all that a file says of one bank account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statement {
    /// What the file was taken for: `HDFC csv`.
    pub layout: String,
    /// How it was read: `utf-8`, `day-first`.
    pub details: Vec<String>,
    /// Oldest first.
    pub rows: Vec<StatementRow>,
    pub series: Vec<Series>,
    pub notes: Vec<Note>,
    /// The bank account, where the file or its rules name it.
    pub account: Option<Arc<str>>,
    /// Stands for the columns of the file, so that the next one like it is known.
    pub fingerprint: Option<String>,
    /// What the bank calls the account: an IBAN, a number; or its name in the file.
    pub number: Option<Arc<str>>,
    /// What does not add up, and was let pass because somebody allowed it.
    pub gap: Option<String>,
}

impl Statement {
    /// First and last date of the rows; `None` of an empty statement.
    pub fn span(&self) -> Option<(Date, Date)> {
        let first = self.rows.iter().map(|r| r.date).min()?;
        let last = self.rows.iter().map(|r| r.date).max()?;
        Some((first, last))
    }

    /// Stands for the form of the file: in two files of one form, equal rows are spelt alike. A name that
    /// several layouts share does not say it; the columns do.
    pub fn form(&self) -> u32 {
        let columns = self.fingerprint.as_deref().unwrap_or("");
        let digest = Sha256::digest(format!("{}|{columns}", self.layout));
        u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
    }

    /// Takes in a statement of another number that belongs to the same account of the book.
    pub fn absorb(&mut self, other: Statement) {
        let series = u16::try_from(self.series.len()).unwrap_or(u16::MAX);
        self.rows
            .extend(other.rows.into_iter().map(|row| StatementRow {
                series: row.series.saturating_add(series),
                ..row
            }));
        self.rows.sort_by_key(|row| row.date);
        self.series.extend(other.series);
        self.notes.extend(other.notes);
        self.gap = self.gap.take().or(other.gap);
    }

    /// The same rows as one statement an account, where rules say of each row which account it belongs to.
    pub fn by_account(self) -> Vec<Statement> {
        let mut parts: Vec<Statement> = Vec::new();
        for (number, series) in self.series.iter().enumerate() {
            let of_series = |row: &&StatementRow| usize::from(row.series) == number;
            let own = self.rows.iter().find(of_series);
            let own = own.and_then(|row| row.category.own.clone());
            let at = parts.iter().position(|part| part.account == own);
            let at = at.unwrap_or_else(|| {
                parts.push(Statement {
                    account: own,
                    rows: Vec::new(),
                    series: Vec::new(),
                    notes: Vec::new(),
                    ..self.clone()
                });
                parts.len() - 1
            });
            let part = &mut parts[at];
            let renumbered = u16::try_from(part.series.len()).unwrap_or(u16::MAX);
            part.series.push(series.clone());
            let rows = self.rows.iter().filter(of_series).cloned();
            part.rows.extend(rows.map(|row| StatementRow {
                series: renumbered,
                ..row
            }));
            part.rows.sort_by_key(|row| row.date);
        }
        match parts.first_mut() {
            None => vec![self],
            Some(first) => {
                first.notes = self.notes;
                parts
            }
        }
    }

    pub fn note(&mut self, line: Option<u64>, text: impl Into<String>) {
        self.notes.push(Note {
            line,
            text: text.into(),
        });
    }
}
