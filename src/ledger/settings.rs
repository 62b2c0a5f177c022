//! What a book says of itself: name, currency, fiscal year, zone, lock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// How a typed `5/4` is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DateOrder {
    #[default]
    Dmy,
    Mdy,
    Ymd,
}

impl DateOrder {
    pub fn word(self) -> &'static str {
        match self {
            DateOrder::Dmy => "dmy",
            DateOrder::Mdy => "mdy",
            DateOrder::Ymd => "ymd",
        }
    }

    pub fn from_word(word: &str) -> Option<DateOrder> {
        [DateOrder::Dmy, DateOrder::Mdy, DateOrder::Ymd]
            .into_iter()
            .find(|o| o.word() == word)
    }
}

/// The settings every book has. Changing one is a change with an audit record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub name: String,
    /// Code of the base currency.
    pub base_currency: String,
    /// First month of the fiscal year, 1 to 12.
    pub fiscal_year_start: u8,
    /// IANA name.
    pub timezone: String,
    pub date_order: DateOrder,
    /// Nothing on or before this date may change.
    pub locked_to: Option<Date>,
    /// Everything else by name: `cash`, `sales`, `purchases` (account paths), …
    pub other: BTreeMap<String, String>,
}

/// Names of the settings in [`super::change::Change::Setting`].
pub mod name {
    pub const NAME: &str = "name";
    pub const BASE_CURRENCY: &str = "base_currency";
    pub const FISCAL_YEAR_START: &str = "fiscal_year_start";
    pub const TIMEZONE: &str = "timezone";
    pub const DATE_ORDER: &str = "date_order";
    pub const LOCKED_TO: &str = "locked_to";
    /// Hex of [`crate::ledger::lock::lock_digest`] at the lock date; adapters write it with `locked_to`.
    pub const LOCKED_DIGEST: &str = "locked_digest";
}

impl Settings {
    /// Settings of a new book.
    pub fn new(name: impl Into<String>, base_currency: impl Into<String>) -> Settings {
        let base_currency = base_currency.into();
        Settings {
            name: name.into(),
            fiscal_year_start: if base_currency == "INR" { 4 } else { 1 },
            base_currency,
            timezone: "UTC".to_owned(),
            date_order: DateOrder::Dmy,
            locked_to: None,
            other: BTreeMap::new(),
        }
    }

    /// As the name–value pairs that are stored and hashed, in order of name.
    pub fn pairs(&self) -> BTreeMap<String, String> {
        let mut pairs = self.other.clone();
        let mut put = |name: &str, value: String| pairs.insert(name.to_owned(), value);
        put(name::NAME, self.name.clone());
        put(name::BASE_CURRENCY, self.base_currency.clone());
        put(name::FISCAL_YEAR_START, self.fiscal_year_start.to_string());
        put(name::TIMEZONE, self.timezone.clone());
        put(name::DATE_ORDER, self.date_order.word().to_owned());
        if let Some(date) = self.locked_to {
            put(name::LOCKED_TO, date.to_string());
        }
        pairs
    }

    /// From stored pairs; unreadable values give way to the defaults of a new book.
    pub fn from_pairs(mut pairs: BTreeMap<String, String>) -> Settings {
        let mut take = |name: &str| pairs.remove(name);
        let mut settings = Settings::new(
            take(name::NAME).unwrap_or_default(),
            take(name::BASE_CURRENCY).unwrap_or_default(),
        );
        if let Some(month) = take(name::FISCAL_YEAR_START)
            .and_then(|m| m.parse().ok())
            .filter(|m| (1..=12).contains(m))
        {
            settings.fiscal_year_start = month;
        }
        if let Some(zone) = take(name::TIMEZONE) {
            settings.timezone = zone;
        }
        if let Some(order) = take(name::DATE_ORDER).and_then(|o| DateOrder::from_word(&o)) {
            settings.date_order = order;
        }
        settings.locked_to = take(name::LOCKED_TO).and_then(|d| d.parse().ok());
        settings.other = pairs;
        settings
    }
}

/// A book's head: what it is and where its history stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookInfo {
    pub id: Uuid,
    pub settings: Settings,
    /// Sequence of the newest audit record; 0 where there is no audit log (`-f`).
    pub sequence: u64,
    /// Hash of the newest audit record; `None` where there is no audit log.
    pub head: Option<[u8; 32]>,
    /// Transactions recorded, void ones included: the last number.
    pub transactions: u64,
    pub voided: u64,
    /// When the newest record was written.
    pub changed_at: Option<Timestamp>,
    pub schema_version: u32,
    /// Date of the first and last transaction that counts.
    pub span: Option<(Date, Date)>,
    /// Why writers are refused, if they are.
    pub read_only: Option<String>,
}
