//! The audit record, its canonical bytes and its hash. Frozen by test vectors: a book written
//! today must verify for ever, whatever the database or the names of its accounts become.

use jiff::Timestamp;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::account::Account;
use super::change::{Assertion, ImportBatch, OperationId, PriceChange};
use super::chart::Chart;
use super::currency::Currency;
use super::money::from_minor;
use super::transaction::{PriceBasis, State, Transaction};

/// A SHA-256.
pub type Hash = [u8; 32];

/// The previous hash of a book's first record.
pub const GENESIS: Hash = [0; 32];

/// Everything an audit record says. `hash` is over all the rest and the book's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    pub sequence: u64,
    pub previous: Hash,
    pub at: Timestamp,
    pub who: String,
    pub operation: OperationId,
    /// The operation this one took back.
    pub undoes: Option<OperationId>,
    pub action: String,
    pub reason: Option<String>,
    /// Transactions touched, as closed ranges in ascending order.
    pub numbers: Vec<(u64, u64)>,
    /// Digest of the contents of the unit's changes, in order.
    pub digest: Hash,
    pub hash: Hash,
}

impl AuditRecord {
    /// The hash these fields must have in this book.
    pub fn computed_hash(&self, book: Uuid) -> Hash {
        let mut canon = Canon::new("hissab/audit/1");
        canon.bytes(book.as_bytes());
        canon.number(self.sequence);
        canon.bytes(&self.previous);
        canon.text(&self.at.to_string());
        canon.text(&self.who);
        canon.bytes(self.operation.0.as_bytes());
        canon.option(self.undoes.map(|o| o.0.as_bytes().to_vec()).as_deref());
        canon.text(&self.action);
        canon.option(self.reason.as_deref().map(str::as_bytes));
        canon.number(self.numbers.len() as u64);
        for (first, last) in &self.numbers {
            canon.number(*first);
            canon.number(*last);
        }
        canon.bytes(&self.digest);
        canon.finish()
    }
}

/// Canonical bytes into a hash: every field behind its length, so that no two contents share bytes.
#[derive(Clone)]
pub struct Canon {
    buffer: Vec<u8>,
    hasher: Sha256,
}

impl Canon {
    /// A digest of one kind of content; the label keeps kinds apart.
    pub fn new(label: &str) -> Canon {
        let mut canon = Canon {
            buffer: Vec::with_capacity(512),
            hasher: Sha256::new(),
        };
        canon.text(label);
        canon
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.buffer
            .extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= 4096 {
            self.flush();
        }
    }

    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub fn number(&mut self, number: u64) {
        self.bytes(&number.to_be_bytes());
    }

    /// Absent and empty are two things.
    pub fn option(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            None => self.bytes(&[0]),
            Some(bytes) => {
                self.bytes(&[1]);
                self.bytes(bytes);
            }
        }
    }

    /// Shortest form, no trailing zeros: raising a currency's scale changes no hash.
    pub fn decimal(&mut self, decimal: Decimal) {
        self.text(&decimal.normalize().to_string());
    }

    /// Minor units of a scale, as the shortest decimal.
    pub fn minor(&mut self, minor: i64, scale: u8) {
        let mut text = [0u8; 40];
        let length = shortest_decimal(minor, scale, &mut text);
        self.bytes(&text[..length]);
    }

    fn flush(&mut self) {
        self.hasher.update(&self.buffer);
        self.buffer.clear();
    }

    pub fn finish(mut self) -> Hash {
        self.flush();
        self.hasher.finalize().into()
    }
}

/// Writes minor units as a decimal without trailing zeros; returns the length.
fn shortest_decimal(minor: i64, scale: u8, out: &mut [u8; 40]) -> usize {
    let (mut rest, mut places) = (minor.unsigned_abs(), scale);
    while places > 0 && rest.is_multiple_of(10) {
        rest /= 10;
        places -= 1;
    }
    let mut reversed = [0u8; 40];
    let mut length = 0;
    let mut push = |byte: u8| {
        reversed[length] = byte;
        length += 1;
    };
    let mut digits = 0;
    while rest > 0 || digits <= places {
        if places > 0 && digits == places {
            push(b'.');
        }
        push(b'0' + (rest % 10) as u8);
        rest /= 10;
        digits += 1;
    }
    if minor < 0 {
        push(b'-');
    }
    for (to, from) in out.iter_mut().zip(reversed[..length].iter().rev()) {
        *to = *from;
    }
    length
}

/// Adds a transaction at its version: what posting, amending, voiding and reinstating seal.
pub fn put_transaction(canon: &mut Canon, transaction: &Transaction, chart: &Chart) {
    canon.text("transaction");
    canon.bytes(transaction.id.0.as_bytes());
    canon.number(transaction.number.0);
    canon.number(u64::from(transaction.version));
    match &transaction.state {
        State::Live => canon.text("live"),
        State::Void { reason } => {
            canon.text("void");
            canon.option(reason.as_deref().map(str::as_bytes));
        }
    }
    put_date(canon, transaction.date);
    canon.text(transaction.voucher.word());
    canon.text(transaction.status.word());
    canon.text(&transaction.description);
    canon.option(transaction.payee.as_deref().map(str::as_bytes));
    canon.option(transaction.reference.as_deref().map(str::as_bytes));
    canon.option(
        transaction
            .due
            .map(|d| d.to_string())
            .as_deref()
            .map(str::as_bytes),
    );
    put_tags(canon, &transaction.tags);
    canon.number(transaction.metadata.len() as u64);
    for (name, value) in &transaction.metadata {
        canon.text(name);
        canon.text(value);
    }
    canon.number(transaction.reverses.map_or(0, |n| n.0));
    canon.number(transaction.entries.len() as u64);
    for entry in &transaction.entries {
        let currency = chart.currency(entry.currency);
        canon.bytes(chart.account(entry.account).id.as_bytes());
        canon.minor(entry.minor, currency.scale);
        canon.text(&currency.code);
        let Some(detail) = &entry.detail else {
            canon.bytes(&[0]);
            continue;
        };
        canon.bytes(&[1]);
        match (&detail.price, detail.weight) {
            (Some(price), Some((weight, weight_currency))) => {
                canon.text(if price.basis == PriceBasis::Unit {
                    "@"
                } else {
                    "@@"
                });
                canon.decimal(price.amount);
                let weighed_in = chart.currency(weight_currency);
                canon.text(&weighed_in.code);
                canon.minor(weight, weighed_in.scale);
            }
            _ => canon.bytes(&[0]),
        }
        canon.text(detail.status.word());
        canon.option(detail.memo.as_deref().map(str::as_bytes));
        put_tags(canon, &detail.tags);
    }
}

fn put_tags(canon: &mut Canon, tags: &[super::transaction::Tag]) {
    canon.number(tags.len() as u64);
    for tag in tags {
        canon.text(&tag.name);
        canon.text(&tag.value);
    }
}

fn put_date(canon: &mut Canon, date: jiff::civil::Date) {
    let (year, month, day) = (date.year(), date.month(), date.day());
    if (0..=9999).contains(&year) {
        let digit = |n: i16| b'0' + (n % 10) as u8;
        let (m, d) = (i16::from(month), i16::from(day));
        let text = [
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
            b'-',
            digit(m / 10),
            digit(m),
            b'-',
            digit(d / 10),
            digit(d),
        ];
        canon.bytes(&text);
    } else {
        canon.text(&date.to_string());
    }
}

/// Adds an account at its version. The path is content of the account itself, never of an entry.
pub fn put_account(canon: &mut Canon, account: &Account) {
    canon.text("account");
    canon.bytes(account.id.as_bytes());
    canon.number(u64::from(account.version));
    canon.text(&account.path);
    canon.text(account.kind.word());
    canon.text(account.account_type.word());
    canon.option(account.code.as_deref().map(str::as_bytes));
    canon.option(account.currency.as_deref().map(str::as_bytes));
    canon.option(
        account
            .opened_on
            .map(|d| d.to_string())
            .as_deref()
            .map(str::as_bytes),
    );
    canon.option(
        account
            .closed_on
            .map(|d| d.to_string())
            .as_deref()
            .map(str::as_bytes),
    );
    canon.number(account.aliases.len() as u64);
    for alias in &account.aliases {
        canon.text(alias);
    }
    let contact = &account.contact;
    for field in [
        &contact.phone,
        &contact.email,
        &contact.tax_id,
        &contact.address,
    ] {
        canon.option(field.as_deref().map(str::as_bytes));
    }
    let limit = contact.credit_limit.map(|l| l.normalize().to_string());
    canon.option(limit.as_deref().map(str::as_bytes));
    canon.option(account.note.as_deref().map(str::as_bytes));
}

/// Adds a currency as it is after the change.
pub fn put_currency(canon: &mut Canon, currency: &Currency) {
    canon.text("currency");
    canon.text(&currency.code);
    canon.number(u64::from(currency.scale));
    canon.option(currency.symbol.as_deref().map(str::as_bytes));
    canon.option(currency.name.as_deref().map(str::as_bytes));
}

/// Adds a price.
pub fn put_price(canon: &mut Canon, price: &PriceChange) {
    canon.text("price");
    put_date(canon, price.on);
    canon.text(&price.commodity);
    canon.text(&price.currency);
    canon.option(
        price
            .rate
            .map(|r| r.normalize().to_string())
            .as_deref()
            .map(str::as_bytes),
    );
}

/// Adds a setting.
pub fn put_setting(canon: &mut Canon, name: &str, value: Option<&str>) {
    canon.text("setting");
    canon.text(name);
    canon.option(value.map(str::as_bytes));
}

/// Adds an assertion.
pub fn put_assertion(canon: &mut Canon, assertion: &Assertion, account: Uuid) {
    canon.text("assertion");
    canon.bytes(assertion.id.as_bytes());
    put_date(canon, assertion.on);
    canon.bytes(account.as_bytes());
    canon.text(&assertion.currency);
    canon.decimal(assertion.amount);
    canon.number(u64::from(assertion.subaccounts));
    canon.text(&assertion.source);
    canon.number(u64::from(assertion.withdrawn));
}

/// Adds the head of an import; its rows have a digest of their own, which is `rows`.
pub fn put_import(canon: &mut Canon, batch: &ImportBatch, account: Option<Uuid>, rows: &Hash) {
    canon.text("import");
    canon.bytes(batch.id.as_bytes());
    canon.text(&batch.file);
    canon.bytes(&batch.sha256);
    canon.text(&batch.format);
    canon.option(account.as_ref().map(|a| a.as_bytes().as_slice()));
    canon.number(batch.skipped);
    canon.bytes(rows);
}

/// Adds one source row to the digest of a batch's rows; rows go in order of (identity, line).
pub fn put_source_row(canon: &mut Canon, identity: i64, line: u64, number: u64, raw: Option<&str>) {
    canon.bytes(&identity.to_be_bytes());
    canon.number(line);
    canon.number(number);
    canon.option(raw.map(str::as_bytes));
}

/// The decimal a hash shows of minor units: for tests and messages.
pub fn shown(minor: i64, scale: u8) -> String {
    from_minor(i128::from(minor), scale).map_or_else(String::new, |d| d.normalize().to_string())
}

/// A hash as people and files write it.
pub fn hex(hash: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    hash.iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_has_two_digits_a_byte() {
        assert_eq!(hex(&[0x00, 0x0f, 0xa0, 0xff]), "000fa0ff");
        assert_eq!(hex(&[]), "");
    }

    #[test]
    fn shortest_decimals_are_what_decimal_writes() {
        for scale in 0..=12u8 {
            for minor in [
                0i64,
                1,
                -1,
                5,
                10,
                100,
                -100,
                12_345,
                120_000,
                -999_999_999,
                i64::MAX,
                i64::MIN + 1,
            ] {
                let mut out = [0u8; 40];
                let length = shortest_decimal(minor, scale, &mut out);
                let text = std::str::from_utf8(&out[..length]).unwrap();
                assert_eq!(text, shown(minor, scale), "{minor} at {scale}");
            }
        }
    }

    #[test]
    fn fields_cannot_run_into_each_other() {
        let digest = |parts: &[&str]| {
            let mut canon = Canon::new("t");
            parts.iter().for_each(|p| canon.text(p));
            canon.finish()
        };
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["", "a"]), digest(&["a", ""]));
    }
}
