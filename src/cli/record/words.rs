//! The words of `add`: `DESCRIPTION ACCOUNT AMOUNT [ACCOUNT AMOUNT]… [ACCOUNT]`, and `ACCOUNT=AMOUNT`.

use super::Recorder;
use super::creating::Wanted;
use crate::cli::error::{Failure, Result, shell_word};
use crate::ledger::amount_text::Side;
use crate::ledger::chart::Resolved;
use crate::ledger::draft::{DraftEntry, DraftPrice};
use crate::ledger::transaction::PriceBasis;

/// Reads ACCOUNT AMOUNT pairs; the last amount may be left out.
///
/// Debits are positive, credits negative or written `"500 Cr"`; `1000 USD @ 85` is an amount at a price.
pub fn entries(recorder: &mut Recorder<'_>, words: &[String]) -> Result<Vec<DraftEntry>> {
    let words = &prices_apart(recorder, words);
    let mut entries = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let name = &words[at];
        let unknown = || matches!(recorder.chart.resolve(name), Resolved::Unknown(_));
        if recorder.looks_like_amount(name) && (!entries.is_empty() || unknown()) {
            return Err(Failure::usage(
                "misplaced-amount",
                format!("{name:?} is an amount where an account is expected"),
            )
            .hint("hissab add DESCRIPTION ACCOUNT AMOUNT ACCOUNT AMOUNT … ACCOUNT"));
        }
        let account = recorder.account(name)?;
        at += 1;
        match recorder.take_money(&words[at..], true)? {
            Some((money, count)) => {
                at += count;
                let mut entry = money.entry(&account);
                if let Some(basis) = words.get(at).and_then(|word| basis_of(word)) {
                    let (price, count) = price(recorder, &words[at + 1..], basis)?;
                    entry.price = Some(price);
                    at += 1 + count;
                }
                entries.push(entry);
            }
            None => entries.push(DraftEntry {
                account,
                ..DraftEntry::default()
            }),
        }
    }
    check_missing(&entries)?;
    Ok(entries)
}

/// The signs of a price: of one unit, of all.
fn basis_of(word: &str) -> Option<PriceBasis> {
    match word {
        "@" => Some(PriceBasis::Unit),
        "@@" => Some(PriceBasis::Total),
        _ => None,
    }
}

/// What stands before and after the sign of a price: `1000 USD @ 85`.
fn at_sign(text: &str) -> Option<(&str, &'static str, &str)> {
    let (amount, rest) = text.split_once('@')?;
    let (sign, price) = match rest.strip_prefix('@') {
        Some(price) => ("@@", price),
        None => ("@", rest),
    };
    Some((amount.trim(), sign, price.trim()))
}

/// The words with amount, sign and price each on its own, where one word holds them: `1000USD@85`.
fn prices_apart(recorder: &Recorder<'_>, words: &[String]) -> Vec<String> {
    let mut apart = Vec::with_capacity(words.len());
    for word in words {
        match at_sign(word) {
            Some((amount, sign, price)) if recorder.looks_like_amount(amount) => {
                let parts = [amount, sign, price].map(str::to_owned);
                apart.extend(parts.into_iter().filter(|part| !part.is_empty()));
            }
            _ => apart.push(word.clone()),
        }
    }
    apart
}

/// The price at the beginning of some words, and how many it took. Without a currency it is in the book's.
fn price(
    recorder: &mut Recorder<'_>,
    words: &[String],
    basis: PriceBasis,
) -> Result<(DraftPrice, usize)> {
    let taken = recorder.take_money(words, false)?;
    match taken.filter(|(money, _)| money.amount.is_sign_positive()) {
        Some((money, count)) => {
            let price = DraftPrice {
                amount: money.amount,
                currency: money.currency,
                basis,
            };
            Ok((price, count))
        }
        None => {
            let said = words.first().map(String::as_str).unwrap_or_default();
            Err(
                Failure::usage("bad-price", format!("{said:?} is not a price")).hint(
                    "an amount at a price: '1000 USD @ 85' each, or '1000 USD @@ 85000' in all",
                ),
            )
        }
    }
}

fn check_missing(entries: &[DraftEntry]) -> Result<()> {
    let missing: Vec<&str> = entries
        .iter()
        .filter(|e| e.amount.is_none())
        .map(|e| &*e.account)
        .collect();
    if missing.len() > 1 {
        return Err(Failure::usage(
            "several-amounts-missing",
            format!(
                "only one amount may be left out; these have none: {}",
                missing.join(", ")
            ),
        )
        .hint("an account of several words needs quotes: 'Bank Charges'"));
    }
    Ok(())
}

/// `ACCOUNT=AMOUNT` of `--dr` and `--cr`: the amount without sign. The amount may be left out.
pub fn sided(recorder: &mut Recorder<'_>, text: &str, side: Side) -> Result<DraftEntry> {
    let flag = match side {
        Side::Debit => "--dr",
        Side::Credit => "--cr",
    };
    let Some((name, amount)) = text.rsplit_once('=') else {
        let account = recorder.account(text)?;
        return Ok(DraftEntry {
            account,
            ..DraftEntry::default()
        });
    };
    let account = recorder.account(name)?;
    let (amount, price) = match at_sign(amount) {
        Some((amount, sign, text)) => {
            let basis = basis_of(sign).unwrap_or(PriceBasis::Unit);
            let price = price(recorder, &[text.to_owned()], basis)?.0;
            (amount, Some(price))
        }
        None => (amount, None),
    };
    let money = recorder.money(amount)?;
    if money.amount.is_sign_negative() || money.side.is_some_and(|s| s != side) {
        return Err(Failure::usage(
            "sign-and-side",
            format!(
                "{flag} {} has a side already: write its amount without sign",
                shell_word(text)
            ),
        ));
    }
    let money = match side {
        Side::Debit => money,
        Side::Credit => money.negated(),
    };
    Ok(DraftEntry {
        price,
        ..money.entry(&account)
    })
}

/// One `ACCOUNT=AMOUNT` of `opening`, in both ways that it can be meant.
pub struct OpeningWord {
    /// On the account's own side, a minus on the other: as statements print a loss brought forward.
    pub on_own_side: DraftEntry,
    /// Debit positive, credit negative: as machines print a trial balance.
    pub as_signed: DraftEntry,
    /// `None` where both are the same; else whether there was a minus.
    pub minus: Option<bool>,
}

/// `ACCOUNT=AMOUNT` of `opening`. `Dr` and `Cr` are sides themselves, whatever the account.
pub fn opening(recorder: &mut Recorder<'_>, text: &str) -> Result<OpeningWord> {
    let Some((name, amount)) = text.rsplit_once('=') else {
        return Err(
            Failure::usage("bad-opening", format!("{text:?} is not ACCOUNT=AMOUNT"))
                .hint("hissab opening cash=12500 hdfc=84200"),
        );
    };
    let account = recorder.account_for(name, Wanted::Balance)?;
    let money = recorder.money(amount)?;
    let credit = recorder.chart.find(&account).is_some_and(|a| {
        use crate::ledger::account::Kind;
        matches!(a.kind, Kind::Liability | Kind::Equity | Kind::Income)
    });
    let turned = credit && money.side.is_none();
    let own = if turned {
        money.negated()
    } else {
        money.clone()
    };
    Ok(OpeningWord {
        on_own_side: own.entry(&account),
        as_signed: money.entry(&account),
        minus: turned.then(|| money.amount.is_sign_negative()),
    })
}
