//! Import identity: what says that a row of a file is one the book already holds.
//!
//! A SHA-256 over the source (a bank account's id, or a kind of journal) and the canonical row. Its first
//! eight bytes are the key that rows are found by; eight more stand with the row's text and are compared
//! on a hit, so that another row with the same key is never taken for it. Equal rows of one day are told apart by their running balance where the
//! file has one, else they are counted: a file adds as many as it holds beyond what is stored.
//! Source: rulings, "Import identity".

use std::fmt::{self, Write};

use jiff::civil::Date;
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
/// Stands between a row's text and what was read from it (a book keeps `\u{1e}` between rows).
const BEFORE_SAID: char = '\u{1c}';

/// Bytes that mostly stand behind a row's text.
const STORED_MORE: usize = 96;

/// What a row said when it was read: its transaction may say something else by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Of which form its file was: see [`super::statement::Statement::form`].
    pub form: u32,
    pub date: Date,
    /// Money in positive.
    pub amount: Decimal,
    /// The running balance after the row.
    pub balance: Option<Decimal>,
    /// A code.
    pub currency: String,
}

impl Said {
    /// The balance before the row, where it has one after it.
    pub fn before(&self) -> Option<Decimal> {
        self.balance?.checked_sub(self.amount)
    }

    fn write(&self, to: &mut String) -> fmt::Result {
        write!(to, "{:08x} {} {} ", self.form, self.date, self.amount)?;
        match self.balance {
            Some(balance) => write!(to, "{balance}")?,
            None => to.push('-'),
        }
        write!(to, " {}", self.currency)
    }

    fn read(text: &str) -> Option<Said> {
        let mut words = text.splitn(5, ' ');
        Some(Said {
            form: u32::from_str_radix(words.next()?, 16).ok()?,
            date: words.next()?.parse().ok()?,
            amount: words.next()?.parse().ok()?,
            balance: match words.next()? {
                "-" => None,
                balance => Some(balance.parse().ok()?),
            },
            currency: words.next()?.to_owned(),
        })
    }

    /// What [`Identity::stored`] wrote of a row; `None` of rows stored before that was kept.
    pub fn of_stored(stored: &str) -> Option<Said> {
        let (text, _) = stored.rsplit_once(BEFORE_REST)?;
        let said = text.rsplit_once(BEFORE_SAID)?.1;
        Said::read(said.split(BEFORE_ACCOUNT).next()?)
    }
}

impl Identity {
    /// A row's text as it is stored: with what it said and the rest of its identity behind it, and the account
    /// where its batch is of several and has none of its own.
    pub fn stored(self, raw: &str, said: &Said, account: Option<Uuid>) -> String {
        let mut stored = String::with_capacity(raw.len() + STORED_MORE);
        stored.push_str(raw);
        stored.push(BEFORE_SAID);
        // A string takes whatever is written to it.
        let _ = said.write(&mut stored);
        if let Some(account) = account {
            let _ = write!(stored, "{BEFORE_ACCOUNT}{}", account.simple());
        }
        let _ = write!(stored, "{BEFORE_REST}{:016x}", self.rest);
        stored
    }

    /// The row's own text of a stored one.
    pub fn text_of_stored(stored: &str) -> &str {
        let text = stored.rsplit_once(BEFORE_REST).map_or(stored, |(t, _)| t);
        let text = text.rsplit_once(BEFORE_ACCOUNT).map_or(text, |(t, _)| t);
        text.rsplit_once(BEFORE_SAID).map_or(text, |(t, _)| t)
    }

    /// The account that [`Identity::stored`] wrote.
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
        let said = Said {
            form: 0xab,
            date: jiff::civil::date(2026, 4, 1),
            amount: Decimal::new(-500, 2),
            balance: Some(Decimal::new(99_500, 2)),
            currency: "Gold bar".to_owned(),
        };
        let raw = "01/04/26,\u{1f}odd\u{1c}\u{1d},5.00";
        let account = Some(Uuid::from_u128(5));
        for of in [None, account] {
            let stored = identity.stored(raw, &said, of);
            assert_eq!(Identity::of_stored(7, Some(&stored)), Some(identity));
            assert_eq!(Identity::account_of_stored(&stored), of);
            assert_eq!(Said::of_stored(&stored), Some(said.clone()));
        }
        let silent = Said {
            balance: None,
            ..said
        };
        let stored = identity.stored("x", &silent, None);
        assert_eq!(Identity::text_of_stored(&stored), "x");
        assert_eq!(Said::of_stored(&stored).unwrap().before(), None);
    }

    #[test]
    fn rows_of_books_before_what_they_said_was_kept_are_read() {
        let identity = Identity { key: 7, rest: 0x1f };
        let plain = "01/04/26,tea,5.00\u{1f}000000000000001f";
        assert_eq!(Identity::of_stored(7, Some(plain)), Some(identity));
        assert_eq!(Identity::account_of_stored(plain), None);
        assert_eq!(Said::of_stored(plain), None);
        assert_eq!(Identity::text_of_stored(plain), "01/04/26,tea,5.00");
        let account = Uuid::from_u128(5);
        let of = format!("x,5.00\u{1d}{}\u{1f}000000000000001f", account.simple());
        assert_eq!(Identity::account_of_stored(&of), Some(account));
        assert_eq!(Said::of_stored(&of), None);
        assert_eq!(Identity::text_of_stored(&of), "x,5.00");
        assert_eq!(Identity::of_stored(7, Some("01/04/26,tea,5.00")), None);
        assert_eq!(Identity::of_stored(7, None), None);
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
