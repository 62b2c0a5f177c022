//! A book as a folder of text for git: `main.journal` and one journal a month, `2026/04.journal`.
//!
//! hledger reads the folder as it is (`hledger -f main.journal`), and `read` makes the same book
//! of it. The same book gives the same bytes, whoever asks and wherever it lies. What a journal's
//! grammar cannot hold stands beside it in comments, as `key: value` or as `key: "value"` with the
//! escapes of JSON. Void transactions are comments.
//!
//! Not kept: the audit log with earlier versions, imported files and their rows, findings that were
//! accepted, and the ids of accounts.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ledger::chart::Chart;

mod head;
mod lines;
mod read;
mod text;
mod write;

pub use head::Head;
pub use read::{Found, Place, Reader, month_of};
pub use write::{Mirror, Month};

/// The first line of every file of a mirror.
pub const SIGN: &str = "; hissab mirror 1";
/// The file that includes the others.
pub const MAIN: &str = "main.journal";

/// Whether a file is one of a mirror, by its first bytes.
pub fn is_ours(head: &[u8]) -> bool {
    head.strip_prefix(SIGN.as_bytes())
        .is_some_and(|rest| rest.first().is_none_or(|b| matches!(b, b'\n' | b'\r')))
}

/// How accounts and commodities are written, and back.
struct Names {
    /// By key − 1.
    accounts: Vec<String>,
    currencies: Vec<String>,
    paths: HashMap<String, Arc<str>>,
    codes: HashMap<String, Arc<str>>,
}

impl Names {
    fn of(chart: &Chart) -> Names {
        // In the order of the chart: the numbers of names that are alike hang on no key.
        let ordered = chart.in_order();
        let paths: Vec<&str> = ordered
            .iter()
            .map(|key| &*chart.account(*key).path)
            .collect();
        let codes: Vec<&str> = chart.currencies().iter().map(|c| &*c.code).collect();
        let in_order = text::account_names(&paths);
        let currencies = text::currency_names(&codes);
        let back = |names: &[String], originals: &[&str]| {
            let pairs = names
                .iter()
                .cloned()
                .zip(originals.iter().map(|o| Arc::from(*o)));
            pairs.collect()
        };
        let mut accounts = vec![String::new(); ordered.len()];
        for (key, name) in ordered.iter().zip(&in_order) {
            accounts[key.0 as usize - 1].clone_from(name);
        }
        Names {
            paths: back(&in_order, &paths),
            codes: back(&currencies, &codes),
            accounts,
            currencies,
        }
    }
}
