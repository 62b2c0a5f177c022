//! What a GnuCash book holds, whether it stood in XML or in a SQLite file.

/// A commodity is named by its space and id: `CURRENCY`, `USD`.
pub type CommodityName = (String, String);

/// A whole number over another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ratio {
    pub over: i64,
    pub under: i64,
}

impl Ratio {
    /// `1050/100`, or a whole number.
    pub fn read(text: &str) -> Option<Ratio> {
        let (over, under) = text.trim().split_once('/').unwrap_or((text.trim(), "1"));
        Some(Ratio {
            over: over.parse().ok()?,
            under: under.parse().ok()?,
        })
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commodity {
    pub name: CommodityName,
    pub full_name: String,
    /// Smallest unit: 100 for cents.
    pub fraction: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    pub guid: String,
    pub name: String,
    /// `BANK`, `EXPENSE`, `ROOT`, …
    pub kind: String,
    pub commodity: Option<CommodityName>,
    /// Smallest unit of its amounts; 0 where it is the commodity's.
    pub unit: i64,
    pub parent: Option<String>,
    pub code: String,
    pub description: String,
    pub notes: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    pub account: String,
    pub memo: String,
    pub action: String,
    /// `n`, `c`, `y`, `f`, `v`.
    pub reconciled: String,
    /// In the transaction's currency.
    pub value: Ratio,
    /// In the account's commodity.
    pub quantity: Ratio,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transaction {
    pub guid: String,
    pub currency: CommodityName,
    pub number: String,
    /// As written: its first ten characters are the day.
    pub posted: String,
    pub description: String,
    pub notes: String,
    pub splits: Vec<Split>,
    /// From 1; 0 where the file has no lines.
    pub line: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Price {
    pub commodity: CommodityName,
    pub currency: CommodityName,
    pub on: String,
    pub value: Ratio,
}

/// A whole book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GnucashBook {
    pub commodities: Vec<Commodity>,
    pub accounts: Vec<Account>,
    pub transactions: Vec<Transaction>,
    pub prices: Vec<Price>,
    /// What was met and has no place here, with how often: scheduled transactions, budgets, invoices.
    pub left_out: Vec<(String, u64)>,
}

impl GnucashBook {
    pub fn leave_out(&mut self, what: &str) {
        match self.left_out.iter_mut().find(|(w, _)| w == what) {
            Some((_, count)) => *count += 1,
            None => self.left_out.push((what.to_owned(), 1)),
        }
    }
}
