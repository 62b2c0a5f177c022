//! The digest a lock leaves: what the trial balance was on the day the books were locked, so that
//! `check locked-period` can say whether anything before it has changed since.

use super::audit::{Canon, Hash};
use super::chart::Chart;
use super::totals::Totals;

/// SHA-256 of the balances at a lock date.
///
/// Shape: account ids and currency codes with their closing balances as shortest decimals, zero
/// balances left out, in order of id and code. So it survives renames, a raised scale, and new
/// accounts; any balance that moves changes it. `totals` must reach from the beginning to the
/// day after the lock.
pub fn lock_digest(chart: &Chart, totals: &Totals) -> Hash {
    let mut rows: Vec<(&[u8; 16], &str, String)> = totals
        .rows
        .iter()
        .filter(|row| row.closing() != 0)
        .map(|row| {
            let currency = chart.currency(row.currency);
            (
                chart.account(row.account).id.as_bytes(),
                &*currency.code,
                shortest(row.closing(), currency.scale),
            )
        })
        .collect();
    rows.sort();
    let mut canon = Canon::new("hissab/lock/1");
    canon.number(rows.len() as u64);
    for (account, currency, amount) in rows {
        canon.bytes(account);
        canon.text(currency);
        canon.text(&amount);
    }
    canon.finish()
}

/// Sums may leave what a `Decimal` holds, so this is text: mantissa and scale without trailing zeros.
fn shortest(mut minor: i128, mut scale: u8) -> String {
    while scale > 0 && minor % 10 == 0 {
        minor /= 10;
        scale -= 1;
    }
    format!("{minor}e-{scale}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::account::AccountKey;
    use crate::ledger::audit::hex;
    use crate::ledger::change::NewAccount;
    use crate::ledger::currency::{Currency, CurrencyKey};
    use crate::ledger::totals::TotalsBuilder;
    use jiff::civil::{Date, date};
    use uuid::Uuid;

    fn chart(scale: u8, names: [&str; 2]) -> Chart {
        let accounts = names.iter().enumerate().map(|(index, path)| {
            let new = NewAccount::at(Uuid::from_u128(index as u128 + 1), *path);
            new.into_account(AccountKey(index as u32 + 1))
        });
        let inr = Currency {
            key: CurrencyKey(1),
            code: "INR".into(),
            scale,
            symbol: None,
            name: None,
        };
        Chart::new(accounts.collect(), vec![inr])
    }

    fn totals(unit: i128) -> Totals {
        let mut totals = TotalsBuilder::new(&[Date::MIN, date(2026, 4, 1)]);
        for (account, minor) in [(1, 5 * unit), (2, -5 * unit)] {
            let on = date(2026, 3, 31);
            totals.amount(on, false, AccountKey(account), CurrencyKey(1), minor);
        }
        totals.finish()
    }

    #[test]
    fn a_digest_survives_renames_and_scales_but_no_change_of_balance() {
        let digest = lock_digest(&chart(2, ["Assets:Cash", "Equity:Capital"]), &totals(100));
        let renamed = lock_digest(&chart(2, ["Zebra", "Aardvark"]), &totals(100));
        let raised = lock_digest(
            &chart(4, ["Assets:Cash", "Equity:Capital"]),
            &totals(10_000),
        );
        let moved = lock_digest(&chart(2, ["Assets:Cash", "Equity:Capital"]), &totals(101));
        assert_eq!(digest, renamed);
        assert_eq!(digest, raised);
        assert_ne!(digest, moved);
        // Frozen: books store it.
        assert_eq!(
            hex(&digest),
            "c83e76b50c2798a68a507bf848c02ff8ed16a4e9a29e3bf8e5c99c829ced0d32"
        );
    }
}
