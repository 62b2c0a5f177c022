//! How findings spell amounts, dates and accounts.

use jiff::civil::Date;

use crate::ledger::account::AccountKey;
use crate::ledger::amount_format::{self, Grouping};
use crate::ledger::chart::{Chart, Resolved};
use crate::ledger::currency::CurrencyKey;

/// `1,370.00 Cr`; with the code where it is not the base currency.
pub(super) fn sided(chart: &Chart, currency: CurrencyKey, minor: i128) -> String {
    let currency = chart.currency(currency);
    let grouping = Grouping::of_currency(&currency.code);
    let text = amount_format::sided(minor, currency.scale, grouping);
    if currency.key == CurrencyKey(1) || currency.code.is_empty() {
        text
    } else {
        format!("{} {text}", currency.code)
    }
}

/// `04-Apr-2026`.
pub(super) fn day(date: Date) -> String {
    date.strftime("%d-%b-%Y").to_string()
}

/// The shortest name that finds an account, as a shell takes it.
pub(super) fn name(chart: &Chart, key: AccountKey) -> String {
    let account = chart.account(key);
    let short = account.name().to_lowercase();
    let text = if chart.resolve(&short) == Resolved::One(key) {
        short
    } else {
        account.path.to_string()
    };
    pasted(&text)
}

/// A word as a shell takes it.
pub(super) fn pasted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
