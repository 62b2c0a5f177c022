//! Import identity: what says that a row of a file is one the book already holds.
//!
//! A SHA-256 over the source (a bank account's id, or a kind of journal) and the canonical row. Its first
//! eight bytes are the key that rows are found by; eight more stand with the row's text and are compared
//! on a hit, so that another row with the same key is never taken for it. Equal rows of one day are told apart by their running balance where the
//! file has one, else they are counted: a file adds as many as it holds beyond what is stored.
//! Source: rulings, "Import identity".

use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::statement::StatementRow;

/// What says which row it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// What stored rows are found by.
    pub key: i64,
    /// Compared on a hit.
    pub rest: u64,
}

/// Stands between a row's text and the rest of its identity.
const BEFORE_REST: char = '\u{1f}';
/// Stands between a row's text and the account it belongs to, in a file of several accounts.
const BEFORE_ACCOUNT: char = '\u{1d}';

impl Identity {
    /// A row's text as it is stored: with the rest of its identity behind it.
    pub fn stored(self, raw: &str) -> String {
        format!("{raw}{BEFORE_REST}{:016x}", self.rest)
    }

    /// As [`Identity::stored`], with the account: a batch of several accounts has none of its own.
    pub fn stored_of(self, account: Uuid, raw: &str) -> String {
        self.stored(&format!("{raw}{BEFORE_ACCOUNT}{}", account.simple()))
    }

    /// The account that [`Identity::stored_of`] wrote.
    pub fn account_of_stored(stored: &str) -> Option<Uuid> {
        let (text, _) = stored.rsplit_once(BEFORE_REST)?;
        text.rsplit_once(BEFORE_ACCOUNT)?.1.parse().ok()
    }

    /// The identity of a stored row; `None` if its text holds none (rows of journals have no text).
    pub fn of_stored(key: i64, stored: Option<&str>) -> Option<Identity> {
        let (_, rest) = stored?.rsplit_once(BEFORE_REST)?;
        let rest = u64::from_str_radix(rest, 16).ok()?;
        Some(Identity { key, rest })
    }
}

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

    pub fn identity(&self) -> Identity {
        let digest = Sha256::digest(&self.bytes);
        let (mut first, mut rest) = ([0; 8], [0; 8]);
        first.copy_from_slice(&digest[..8]);
        rest.copy_from_slice(&digest[8..16]);
        Identity {
            key: i64::from_be_bytes(first),
            rest: u64::from_be_bytes(rest),
        }
    }
}

/// The identity of a statement's row in a bank account. A bank's own id wins over the text.
pub fn of_statement_row(account: Uuid, row: &StatementRow, currency: &str) -> Identity {
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
    fn the_rest_of_an_identity_comes_back_from_the_stored_text() {
        let identity = Identity { key: 7, rest: 0x1f };
        let stored = identity.stored("01/04/26,\u{1f}odd,5.00");
        assert_eq!(Identity::of_stored(7, Some(&stored)), Some(identity));
        assert_eq!(Identity::of_stored(7, Some("01/04/26,tea,5.00")), None);
        assert_eq!(Identity::of_stored(7, None), None);
        assert_eq!(Identity::account_of_stored(&stored), None);
        let stored = identity.stored_of(Uuid::from_u128(5), "x,5.00");
        assert_eq!(Identity::of_stored(7, Some(&stored)), Some(identity));
        assert_eq!(
            Identity::account_of_stored(&stored),
            Some(Uuid::from_u128(5))
        );
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
