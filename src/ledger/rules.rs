//! Rules that need stored facts, as pure functions. Adapters call them inside their write
//! transaction, so that no other writer can slip between the look and the deed.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::account::{Account, AccountKey, check_path};
use super::change::{AccountPatch, CurrencyChange, NewAccount};
use super::chart::Chart;
use super::currency::{Currency, CurrencyKey};
use super::money::SCALE_MAX;
use super::transaction::{Entry, EntryDetail, RECONCILED_TAG, Status, Transaction};
use super::violation::{RuleBroken, Violation};

/// The lock is inclusive: the date itself may not change either.
pub fn check_lock(date: Date, locked_to: Option<Date>) -> Result<(), Violation> {
    match locked_to {
        Some(locked_to) if date <= locked_to => Err(Violation::Locked { date, locked_to }),
        _ => Ok(()),
    }
}

/// A rule about the state of the book.
pub fn broken(code: &'static str, message: impl Into<String>, hint: Option<String>) -> Violation {
    Violation::Rule(RuleBroken {
        code,
        message: message.into(),
        hint,
    })
}

/// What was found on a statement stays as it was found: `before` may become `after` (`None`: void) only if each
/// reconciled entry is still there, on the same day. Setting marks and taking them off is no other change.
///
/// Returns an entry that would be lost.
pub fn check_reconciled<'a>(
    before: &'a Transaction,
    after: Option<&Transaction>,
) -> Result<(), &'a Entry> {
    if after.is_some_and(|after| only_marks_differ(before, after)) {
        return Ok(());
    }
    let same_day = after.filter(|after| after.date == before.date);
    let mut left: Vec<&Entry> = same_day.iter().flat_map(|after| &after.entries).collect();
    for entry in before.entries.iter().filter(|e| e.reconciled().is_some()) {
        let of = |e: &Entry| (e.account, e.currency, e.minor);
        let same = |e: &&Entry| of(e) == of(entry) && e.reconciled() == entry.reconciled();
        match left.iter().position(same) {
            Some(place) => left.swap_remove(place),
            None => return Err(entry),
        };
    }
    Ok(())
}

/// Whether two versions are the same but for reconciliation marks and entries' statuses. The lock lets such through.
pub fn only_marks_differ(a: &Transaction, b: &Transaction) -> bool {
    same_content(&without_marks(a), &without_marks(b))
}

/// Whether two transactions are nothing together: on every account by amount, and by weight in every currency.
pub fn cancel_out(a: &Transaction, b: &Transaction) -> bool {
    let mut amounts: BTreeMap<(AccountKey, CurrencyKey), i128> = BTreeMap::new();
    let mut weights: BTreeMap<CurrencyKey, i128> = BTreeMap::new();
    for entry in a.entries.iter().chain(&b.entries) {
        let (weight, currency) = entry.weight();
        *amounts.entry((entry.account, entry.currency)).or_default() += i128::from(entry.minor);
        *weights.entry(currency).or_default() += i128::from(weight);
    }
    amounts
        .values()
        .chain(weights.values())
        .all(|sum| *sum == 0)
}

/// Whether one transaction takes another back: on every account by amount, and priced entries at what they were
/// priced at. Weights were rounded each for itself, so those of an account may be off by a unit an entry.
pub fn takes_back(reversal: &Transaction, original: &Transaction) -> bool {
    let mut weights: BTreeMap<(AccountKey, CurrencyKey), (i128, i128)> = BTreeMap::new();
    for entry in original.entries.iter().chain(&reversal.entries) {
        let (weight, currency) = entry.weight();
        let (sum, off_max) = weights.entry((entry.account, currency)).or_default();
        *sum += i128::from(weight);
        *off_max += i128::from(entry.price().is_some());
    }
    let near = |(sum, off_max): &(i128, i128)| sum.abs() <= *off_max;
    cancel_out(reversal, original) && weights.values().all(near)
}

fn without_marks(t: &Transaction) -> Transaction {
    let mut t = t.clone();
    for entry in &mut t.entries {
        let Some(detail) = &mut entry.detail else {
            continue;
        };
        detail.tags.retain(|tag| tag.name != RECONCILED_TAG);
        detail.status = Status::Unmarked;
        if **detail == EntryDetail::default() {
            entry.detail = None;
        }
    }
    t
}

/// Whether a new account may join the chart.
pub fn check_new_account(new: &NewAccount, chart: &Chart) -> Result<(), Vec<Violation>> {
    let mut faults = Vec::new();
    if let Err(fault) = check_path(&new.path) {
        faults.push(Violation::BadPath {
            path: new.path.clone(),
            fault,
        });
    }
    if chart.find(&new.path).is_some() {
        faults.push(Violation::AccountExists {
            path: new.path.clone(),
        });
    }
    if let Some(code) = new
        .currency
        .as_ref()
        .filter(|c| chart.find_currency(c).is_none())
    {
        faults.push(Violation::UnknownCurrency { code: code.clone() });
    }
    faults.extend(alias_faults(&new.aliases, &new.path, chart));
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults)
    }
}

/// What an account is after a patch, if the patch is allowed.
///
/// `first_entry` is the date of the account's earliest entry: kind, type and currency of an account
/// with entries in a locked period stay (rulings, "Locks"), and so does the currency of one whose
/// entries use others (`used`: the codes of the currencies its entries have).
pub fn patch_account(
    account: &Account,
    patch: &AccountPatch,
    chart: &Chart,
    locked_to: Option<Date>,
    first_entry: Option<Date>,
    used: &[String],
) -> Result<Account, Vec<Violation>> {
    let mut faults = Vec::new();
    let mut next = account.clone();
    if let Some(path) = patch.path.clone().filter(|p| **p != *account.path) {
        if let Err(fault) = check_path(&path) {
            faults.push(Violation::BadPath {
                path: path.clone(),
                fault,
            });
        }
        if chart.find(&path).is_some() {
            faults.push(Violation::AccountExists { path: path.clone() });
        }
        next.path = path;
    }
    next.kind = patch.kind.unwrap_or(account.kind);
    next.account_type = patch.account_type.unwrap_or(account.account_type);
    if let Some(currency) = &patch.currency {
        next.currency = currency.clone();
    }
    let meaning_changed = (next.kind, next.account_type, &next.currency)
        != (account.kind, account.account_type, &account.currency);
    if let (true, Some(first)) = (meaning_changed, first_entry) {
        faults.extend(check_lock(first, locked_to).err());
    }
    if let Some(code) = next.currency.as_ref().filter(|_| meaning_changed) {
        if chart.find_currency(code).is_none() {
            faults.push(Violation::UnknownCurrency { code: code.clone() });
        } else if let Some(other) = used.iter().find(|u| **u != **code) {
            let message = format!(
                "account {} has entries in {other}, so it cannot take {code} only",
                account.path
            );
            faults.push(broken("currency-in-use", message, None));
        }
    }
    if let Some(aliases) = &patch.aliases {
        faults.extend(alias_faults(aliases, &account.path, chart));
        next.aliases = aliases.clone();
    }
    next.code = patch.code.clone().unwrap_or(next.code);
    next.opened_on = patch.opened_on.unwrap_or(next.opened_on);
    next.closed_on = patch.closed_on.unwrap_or(next.closed_on);
    next.contact = patch.contact.clone().unwrap_or(next.contact);
    next.note = patch.note.clone().unwrap_or(next.note);
    if !faults.is_empty() {
        return Err(faults);
    }
    if next != *account {
        next.version = account.version + 1;
    }
    Ok(next)
}

fn alias_faults(aliases: &[String], path: &str, chart: &Chart) -> Vec<Violation> {
    aliases
        .iter()
        .filter_map(|alias| {
            let taken = chart.accounts().iter().find(|a| {
                *a.path != *path && a.aliases.iter().any(|x| x.eq_ignore_ascii_case(alias))
            })?;
            Some(broken(
                "alias-taken",
                format!("the alias {alias:?} belongs to {}", taken.path),
                None,
            ))
        })
        .collect()
}

/// Whether a currency may be opened or set so. A scale is only ever raised.
pub fn check_currency(
    change: &CurrencyChange,
    existing: Option<&Currency>,
) -> Result<(), Violation> {
    if change.scale > SCALE_MAX {
        return Err(broken(
            "scale-too-large",
            format!(
                "{} cannot have more than {SCALE_MAX} decimal places",
                change.code
            ),
            None,
        ));
    }
    if change.code.len() > 64 || change.code.chars().any(|c| c.is_control()) {
        return Err(broken(
            "bad-currency",
            format!("{:?} cannot be a currency's code", change.code),
            None,
        ));
    }
    match existing {
        Some(old) if change.scale < old.scale => Err(broken(
            "scale-lowered",
            format!(
                "{} has {} decimal places; a scale is never lowered",
                change.code, old.scale
            ),
            None,
        )),
        _ => Ok(()),
    }
}

/// Whether two contents are the same: what "same id, same content" compares.
///
/// Ids, numbers, versions, states and links are not content. Source: rulings, "Content".
pub fn same_content(a: &Transaction, b: &Transaction) -> bool {
    (
        a.date,
        a.voucher,
        &a.description,
        &a.reference,
        &a.payee,
        a.due,
        a.status,
    ) == (
        b.date,
        b.voucher,
        &b.description,
        &b.reference,
        &b.payee,
        b.due,
        b.status,
    ) && a.tags == b.tags
        && a.metadata == b.metadata
        && a.entries == b.entries
}
