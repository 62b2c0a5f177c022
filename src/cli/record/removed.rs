//! Currencies that were removed. Their rows stay, as every sealed row does: a setting says that they are gone, and
//! they are passed over for as long as nothing is in them.

use crate::book::Book;
use crate::cli::error::{Result, shell_word};
use crate::ledger::change::PriceChange;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::plural::counted;
use crate::ledger::settings::Settings;
use crate::ledger::totals::{Totals, TotalsQuery};

/// How the settings begin that name a removed currency.
const REMOVED: &str = "currency.removed.";

/// The setting that says a currency is removed.
pub fn setting(code: &str) -> String {
    format!("{REMOVED}{code}")
}

/// Whether a currency was removed, and perhaps used again since.
pub fn was_removed(settings: &Settings, code: &str) -> bool {
    settings.other.contains_key(&setting(code))
}

/// Takes the removed currencies out of those that names find.
///
/// A book without any costs nothing; another its totals and prices.
pub fn hide(book: &mut dyn Book, settings: &Settings, chart: &mut Chart) -> Result<()> {
    let codes = settings.other.keys();
    let codes = codes.filter_map(|k| Some(chart.find_currency(k.strip_prefix(REMOVED)?)?.key));
    let removed: Vec<CurrencyKey> = codes.collect();
    if removed.is_empty() {
        return Ok(());
    }
    let uses = Uses::of(book)?;
    for key in removed {
        if uses.first(chart, key).is_none() {
            let code = chart.currency(key).code.clone();
            chart.hide_currency(&code);
        }
    }
    Ok(())
}

/// What may be in a currency, beside the accounts of the chart.
pub struct Uses {
    totals: Totals,
    prices: Vec<PriceChange>,
}

impl Uses {
    pub fn of(book: &mut dyn Book) -> Result<Uses> {
        Ok(Uses {
            totals: book.totals(&TotalsQuery::until(None))?,
            prices: book.prices()?,
        })
    }

    /// The first thing that is in a currency, in words, and the command that shows or ends it.
    pub fn first(&self, chart: &Chart, key: CurrencyKey) -> Option<(String, String)> {
        let code = &chart.currency(key).code;
        let rows = self.totals.rows.iter().filter(|row| row.currency == key);
        let entries: u64 = rows.map(|row| row.count).sum();
        if entries > 0 {
            let held = if entries == 1 { "is" } else { "are" };
            let words = format!("{} {held} in it", counted(entries, "entry"));
            return Some((words, format!("hissab register cur:{code}")));
        }
        if self.totals.conversions.iter().any(|c| c.currency == key) {
            let words = "entries are priced in it".to_owned();
            return Some((words, "hissab journal".to_owned()));
        }
        let mut accounts = chart.accounts().iter();
        if let Some(account) = accounts.find(|a| a.currency.as_ref() == Some(code)) {
            let words = format!("{} is kept in it", account.path);
            let path = shell_word(&account.path);
            return Some((words, format!("hissab account set {path} --currency ''")));
        }
        let of_it = |price: &&PriceChange| {
            price.rate.is_some() && [&price.commodity, &price.currency].contains(&code)
        };
        self.prices.iter().find(of_it).map(|price| {
            let (commodity, currency) = (&price.commodity, &price.currency);
            let hint = format!("hissab currency price {commodity} --remove -d {}", price.on);
            (
                format!("there are prices of {commodity} in {currency}"),
                hint,
            )
        })
    }
}
