//! Import identity: what says that a row of a file is one the book already holds.
//!
//! The first eight bytes of a SHA-256 over the source (a bank account's id, or a kind of journal)
//! and the canonical row. Equal rows of one day are told apart by their running balance where the
//! file has one, else they are counted: a file adds as many as it holds beyond what is stored.
//! Source: rulings, "Import identity".

use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::statement::StatementRow;

/// Collects the parts of a canonical row, each behind its length, so that no two rows share bytes.
pub struct Canonical {
    bytes: Vec<u8>,
}

impl Canonical {
    /// Of a bank account: its id, so that renaming it changes nothing.
    pub fn of_account(account: Uuid) -> Canonical {
        let mut canonical = Canonical::of_source("bank");
        canonical.bytes.extend_from_slice(account.as_bytes());
        canonical
    }

    /// Of a kind of file that holds whole transactions.
    pub fn of_source(kind: &str) -> Canonical {
        let mut canonical = Canonical {
            bytes: Vec::with_capacity(160),
        };
        canonical.text(kind);
        canonical
    }

    pub fn text(&mut self, text: &str) {
        self.bytes
            .extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Runs of white space are one space: banks pad their fields differently from export to export.
    pub fn words(&mut self, text: &str) {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        for (index, word) in text.split_whitespace().enumerate() {
            if index > 0 {
                self.bytes.push(b' ');
            }
            self.bytes.extend_from_slice(word.as_bytes());
        }
        let length = (self.bytes.len() - at - 4) as u32;
        self.bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }

    pub fn decimal(&mut self, amount: Decimal) {
        let amount = amount.normalize();
        self.bytes
            .extend_from_slice(&amount.mantissa().to_le_bytes());
        self.bytes.extend_from_slice(&amount.scale().to_le_bytes());
    }

    pub fn option(&mut self, there: bool) {
        self.bytes.push(u8::from(there));
    }

    pub fn identity(&self) -> i64 {
        let digest = Sha256::digest(&self.bytes);
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        i64::from_be_bytes(first)
    }
}

/// The identity of a statement's row in a bank account. A bank's own id wins over the text.
pub fn of_statement_row(account: Uuid, row: &StatementRow, currency: &str) -> i64 {
    let mut canonical = Canonical::of_account(account);
    canonical.text(&row.date.to_string());
    canonical.text(currency);
    canonical.decimal(row.amount);
    match &row.bank_id {
        Some(id) => {
            canonical.text("id");
            canonical.text(id.trim());
        }
        None => {
            canonical.words(&row.description);
            canonical.words(row.reference.as_deref().unwrap_or(""));
            canonical.option(row.balance.is_some());
            canonical.decimal(row.balance.unwrap_or_default());
        }
    }
    canonical.identity()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_into_each_other() {
        let of = |a: &str, b: &str| {
            let mut canonical = Canonical::of_source("x");
            canonical.words(a);
            canonical.words(b);
            canonical.identity()
        };
        assert_ne!(of("ab", "c"), of("a", "bc"));
        assert_eq!(of(" a  b ", "c"), of("a b", "c"));
    }

    #[test]
    fn trailing_zeros_are_the_same_amount() {
        let of = |text: &str| {
            let mut canonical = Canonical::of_source("x");
            canonical.decimal(Decimal::from_str_exact(text).unwrap());
            canonical.identity()
        };
        assert_eq!(of("12.50"), of("12.5"));
        assert_ne!(of("12.50"), of("-12.5"));
    }
}
