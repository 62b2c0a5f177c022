//! From a transaction back to a draft: what amending starts from, and what reverses one.

use jiff::civil::Date;

use super::chart::Chart;
use super::draft::{Draft, DraftEntry, DraftPrice};
use super::money::from_minor;
use super::transaction::{Entry, Transaction, TransactionId, Voucher};

impl Draft {
    /// The draft that would post this content again: nothing is left to be inferred.
    pub fn of(transaction: &Transaction, chart: &Chart) -> Draft {
        Draft {
            id: transaction.id,
            date: transaction.date,
            voucher: Some(transaction.voucher),
            status: transaction.status,
            description: transaction.description.clone(),
            payee: transaction.payee.clone(),
            reference: transaction.reference.clone(),
            due: transaction.due,
            tags: transaction.tags.clone(),
            metadata: transaction.metadata.clone(),
            reverses: transaction.reverses,
            entries: transaction
                .entries
                .iter()
                .map(|e| draft_entry(e, chart))
                .collect(),
        }
    }

    /// The draft that takes a transaction back on a date, linked to it. Prices are repeated, so that
    /// the weights cancel too.
    pub fn reversal(
        transaction: &Transaction,
        chart: &Chart,
        id: TransactionId,
        date: Date,
    ) -> Draft {
        let mut draft = Draft::of(transaction, chart);
        draft.id = id;
        draft.date = date;
        draft.description = format!(
            "Reversal of {}: {}",
            transaction.number, transaction.description
        )
        .into();
        draft.due = None;
        draft.reverses = Some(transaction.number);
        draft.voucher = Some(reversed_voucher(transaction.voucher));
        for entry in &mut draft.entries {
            entry.amount = entry.amount.map(|a| -a);
        }
        draft
    }
}

/// What kind of voucher undoes another: goods that come back have notes of their own.
fn reversed_voucher(voucher: Voucher) -> Voucher {
    match voucher {
        Voucher::Receipt => Voucher::Payment,
        Voucher::Payment => Voucher::Receipt,
        Voucher::Sales => Voucher::CreditNote,
        Voucher::Purchase => Voucher::DebitNote,
        Voucher::CreditNote => Voucher::Sales,
        Voucher::DebitNote => Voucher::Purchase,
        // A reversed opening or closing is still one: it belongs where the first one stands.
        same @ (Voucher::Contra | Voucher::Journal | Voucher::Opening | Voucher::Closing) => same,
    }
}

/// Whether an account is both debited and credited, in one currency: it would owe itself.
pub fn both_sides(draft: &Draft, path: &str) -> bool {
    let amounts = |negative: bool| {
        let entries = draft.entries.iter().filter(|e| *e.account == *path);
        let sided =
            move |a: rust_decimal::Decimal| !a.is_zero() && a.is_sign_negative() == negative;
        entries.filter(move |e| e.amount.is_some_and(sided))
    };
    amounts(false).any(|debit| amounts(true).any(|credit| debit.currency == credit.currency))
}

fn draft_entry(entry: &Entry, chart: &Chart) -> DraftEntry {
    let currency = chart.currency(entry.currency);
    DraftEntry {
        account: chart.account(entry.account).path.clone(),
        amount: from_minor(entry.minor.into(), currency.scale),
        currency: Some(currency.code.clone()),
        price: entry.price().map(|price| DraftPrice {
            amount: price.amount,
            currency: Some(chart.currency(price.currency).code.clone()),
            basis: price.basis,
        }),
        status: entry.status(),
        memo: entry.memo().map(str::to_owned),
        tags: entry.tags().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::change::NewAccount;
    use crate::ledger::currency::{Currency, CurrencyKey};
    use crate::ledger::rules::{same_content, takes_back};
    use crate::ledger::transaction::{Number, PriceBasis};
    use jiff::civil::date;
    use rust_decimal::Decimal;
    use uuid::Uuid;

    fn chart() -> Chart {
        let mut chart = Chart::default();
        for (code, key) in [("INR", 1), ("USD", 2)] {
            chart.put_currency(Currency {
                key: CurrencyKey(key),
                code: code.into(),
                scale: 2,
                symbol: None,
                name: None,
            });
        }
        for path in ["Assets:Cash", "Assets:Bank:USD"] {
            let key = chart.next_account_key();
            chart.put_account(NewAccount::at(Uuid::nil(), path).into_account(key));
        }
        chart
    }

    fn exchange() -> Draft {
        let mut draft = Draft::new(
            TransactionId(Uuid::nil()),
            date(2026, 4, 7),
            "dollars bought",
        );
        draft.entries = vec![
            DraftEntry {
                account: "Assets:Bank:USD".into(),
                amount: Some(Decimal::new(10000, 2)),
                currency: Some("USD".into()),
                price: Some(DraftPrice {
                    amount: Decimal::new(832, 1),
                    currency: None,
                    basis: PriceBasis::Unit,
                }),
                ..DraftEntry::default()
            },
            DraftEntry {
                account: "Assets:Cash".into(),
                ..DraftEntry::default()
            },
        ];
        draft
    }

    #[test]
    fn a_transaction_drafted_again_has_the_same_content() {
        let chart = chart();
        let first = exchange().into_transaction(&chart, Number(1)).unwrap();
        let again = Draft::of(&first, &chart)
            .into_transaction(&chart, Number(1))
            .unwrap();
        assert!(same_content(&first, &again));
    }

    #[test]
    fn a_reversal_takes_its_original_back_at_its_prices_only() {
        let mut chart = chart();
        for path in ["Assets:A", "Assets:B", "Assets:C"] {
            let key = chart.next_account_key();
            chart.put_account(NewAccount::at(Uuid::nil(), path).into_account(key));
        }
        let priced = |path: &str, total| DraftEntry {
            account: path.into(),
            amount: Some(Decimal::ONE),
            currency: Some("USD".into()),
            price: Some(DraftPrice {
                amount: Decimal::new(total, 3),
                currency: Some("INR".into()),
                basis: PriceBasis::Total,
            }),
            ..DraftEntry::default()
        };
        let paid = DraftEntry {
            account: "Assets:Cash".into(),
            amount: Some(Decimal::new(-100, 2)),
            currency: Some("INR".into()),
            ..DraftEntry::default()
        };
        let of = |draft: Draft| draft.into_transaction(&chart, Number(1)).unwrap();
        let mut first = exchange();
        let three = ["Assets:A", "Assets:B", "Assets:C"].map(|path| priced(path, 335));
        first.entries = three.into_iter().chain([paid]).collect();
        let original = of(first);
        let id = TransactionId(Uuid::nil());
        let mut back = Draft::reversal(&original, &chart, id, date(2026, 4, 8));
        let reversal = of(back.clone());
        let weights = |t: &Transaction| t.entries.iter().map(|e| e.weight().0).collect::<Vec<_>>();
        assert_eq!(weights(&original), [34, 33, 33, -100]);
        assert_eq!(
            weights(&reversal),
            [-33, -33, -34, 100],
            "rounded for itself"
        );
        assert!(takes_back(&reversal, &original));
        for (entry, total) in back.entries.iter_mut().zip([605, 305, 95]) {
            entry.price.as_mut().unwrap().amount = Decimal::new(total, 3);
        }
        assert!(!takes_back(&of(back), &original), "at other prices");
    }

    #[test]
    fn a_reversal_takes_every_amount_and_weight_back() {
        let chart = chart();
        let first = exchange().into_transaction(&chart, Number(1)).unwrap();
        let back = Draft::reversal(&first, &chart, TransactionId(Uuid::nil()), date(2026, 4, 8))
            .into_transaction(&chart, Number(2))
            .unwrap();
        assert_eq!(back.reverses, Some(Number(1)));
        for (a, b) in first.entries.iter().zip(&back.entries) {
            assert_eq!((a.minor, a.weight().0), (-b.minor, -b.weight().0));
        }
    }
}
