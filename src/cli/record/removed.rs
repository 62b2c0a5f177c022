//! Currencies that were removed. Their rows stay, as every sealed row does: a setting says that they are gone, and
//! they are passed over for as long as nothing is in them.

use crate::book::Book;
use crate::cli::error::Result;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::plural::counted;
use crate::ledger::settings::Settings;
use crate::ledger::totals::TotalsQuery;

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
/// A book without any costs nothing; another its totals.
pub fn hide(book: &mut dyn Book, settings: &Settings, chart: &mut Chart) -> Result<()> {
    let codes = settings.other.keys();
    let codes: Vec<&str> = codes.filter_map(|k| k.strip_prefix(REMOVED)).collect();
    for code in codes {
        let Some(key) = chart.find_currency(code).map(|c| c.key) else {
            continue;
        };
        if use_of(book, chart, key)?.is_none() {
            chart.hide_currency(code);
        }
    }
    Ok(())
}

/// The first thing that is in a currency, in words, and the command that shows or ends it.
pub fn use_of(
    book: &mut dyn Book,
    chart: &Chart,
    key: CurrencyKey,
) -> Result<Option<(String, String)>> {
    let code = &chart.currency(key).code;
    let totals = book.totals(&TotalsQuery::until(None))?;
    let rows = totals.rows.iter().filter(|row| row.currency == key);
    let entries: u64 = rows.map(|row| row.count).sum();
    if entries > 0 {
        let held = if entries == 1 { "is" } else { "are" };
        let words = format!("{} {held} in it", counted(entries, "entry"));
        return Ok(Some((words, format!("hissab register cur:{code}"))));
    }
    if totals.conversions.iter().any(|c| c.currency == key) {
        let words = "entries are priced in it".to_owned();
        return Ok(Some((words, "hissab journal".to_owned())));
    }
    if let Some(account) = chart
        .accounts()
        .iter()
        .find(|a| a.currency.as_ref() == Some(code))
    {
        let words = format!("{} is kept in it", account.path);
        let hint = format!("hissab account set '{}' --currency ''", account.path);
        return Ok(Some((words, hint)));
    }
    let prices = book.prices()?;
    let of_it = |price: &&crate::ledger::change::PriceChange| {
        price.rate.is_some() && [&price.commodity, &price.currency].contains(&code)
    };
    Ok(prices.iter().find(of_it).map(|price| {
        let words = format!(
            "there are prices of {} in {}",
            price.commodity, price.currency
        );
        let hint = format!(
            "hissab currency price {} --remove -d {}",
            price.commodity, price.on
        );
        (words, hint)
    }))
}
