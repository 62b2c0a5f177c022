//! The words of `add`: `DESCRIPTION ACCOUNT AMOUNT [ACCOUNT AMOUNT]… [ACCOUNT]`, and `ACCOUNT=AMOUNT`.

use super::Recorder;
use super::creating::Wanted;
use super::resolve::Money;
use crate::cli::error::{Failure, Result, shell_word};
use crate::ledger::amount_text::Side;
use crate::ledger::draft::DraftEntry;

/// Reads ACCOUNT AMOUNT pairs; the last amount may be left out.
///
/// Debits are positive, credits negative or written `"500 Cr"`.
pub fn entries(recorder: &mut Recorder<'_>, words: &[String]) -> Result<Vec<DraftEntry>> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let name = &words[at];
        if recorder.looks_like_amount(name) && !entries.is_empty() {
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
                entries.push(money.entry(&account));
                at += count;
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
    Ok(money.entry(&account))
}

/// `ACCOUNT=AMOUNT`, signed; of `opening`. Without sign or side, an amount is on the account's own side.
pub fn opening(recorder: &mut Recorder<'_>, text: &str) -> Result<(DraftEntry, Money)> {
    let Some((name, amount)) = text.rsplit_once('=') else {
        return Err(
            Failure::usage("bad-opening", format!("{text:?} is not ACCOUNT=AMOUNT"))
                .hint("hissab opening cash=12500 hdfc=84200"),
        );
    };
    let account = recorder.account_for(name, Wanted::Balance)?;
    let mut money = recorder.money(amount)?;
    let credit = recorder.chart.find(&account).is_some_and(|a| {
        use crate::ledger::account::Kind;
        matches!(a.kind, Kind::Liability | Kind::Equity | Kind::Income)
    });
    if money.side.is_none() && credit && money.amount.is_sign_positive() {
        money = money.negated();
    }
    Ok((money.entry(&account), money))
}
