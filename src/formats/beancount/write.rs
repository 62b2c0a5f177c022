//! A booked transaction as one of a book: amounts at their currency's places, the tolerated rest on its own account.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::formats::journal::Fault;
use crate::formats::journal::builder::{Whole, WholeEntry, tag};
use crate::ledger::account::AccountKey;
use crate::ledger::transaction::{Status, Tag};

use super::booking::Booked;
use super::model::{Place, Transaction};
use super::run::{Padding, Run, residues};
use super::sums::Sums;

fn status(flag: Option<char>) -> Status {
    match flag {
        Some('*') => Status::Cleared,
        Some('!') => Status::Pending,
        _ => Status::Unmarked,
    }
}

/// Flags that are no status are kept as tags.
fn flag_tag(flag: Option<char>) -> Option<Tag> {
    flag.filter(|c| !matches!(c, '*' | '!'))
        .map(|c| tag("flag", &c.to_string()))
}

/// Stores a transaction, and adds what is stored to `stored`.
pub(super) fn transaction(
    run: &mut Run<'_, '_>,
    (on, at): (Date, Place),
    written: Transaction,
    booked: &[Booked],
    rounding: &str,
    stored: &mut Sums,
) -> Result<(), Fault> {
    let mut entries = Vec::with_capacity(booked.len());
    let mut residual = residues(booked)?;
    for one in booked {
        run.used(one.account);
        let posting = &written.postings[one.posting];
        let (amount, uneven) = run.rounded(one.units, one.currency);
        run.tally.uneven += u64::from(uneven && !one.found);
        if uneven && one.price.is_none() {
            // What rounding took away is part of the rest.
            let change = amount.checked_sub(one.units).unwrap_or_default();
            super::sums::add(&mut residual, one.weight_currency, change)?;
        }
        stored.add(one.account, one.currency, amount)?;
        let mut entry = WholeEntry::new(one.account, amount, one.currency);
        entry.price = one.price;
        entry.status = status(posting.flag);
        entry.tags.clone_from(&posting.meta);
        entry.memo = take(&mut entry.tags, "memo");
        entry.tags.extend(flag_tag(posting.flag));
        entry.tags.extend(lot_tags(run, one));
        entry.line = posting.line;
        entries.push(entry);
        if run.implicit_prices {
            implicit(run, on, one);
        }
    }
    for (currency, sum) in residual {
        let (rest, _) = run.rounded(sum, currency);
        if !rest.is_zero() {
            run.tally.residues += 1;
            let account = run.builder.account(rounding);
            entries.push(WholeEntry::new(account, -rest, currency));
        }
    }
    if entries.len() < 2 {
        run.tally.empty += 1;
    }
    let mut tags = written.tags;
    tags.extend(flag_tag(Some(written.flag)));
    let reference = take(&mut tags, "reference");
    let status =
        own_status(&mut tags, &mut entries, written.flag).unwrap_or(status(Some(written.flag)));
    let (description, payee) = match (written.narration.trim(), written.payee.trim()) {
        ("", payee) => (payee, ""),
        both => both,
    };
    if !payee.is_empty() {
        tags.push(tag("payee", payee));
    }
    run.builder.transaction(Whole {
        source: at.source,
        line: at.line,
        date: on,
        status,
        description: description.to_owned(),
        reference,
        tags,
        comment: String::new(),
        entries,
    });
    Ok(())
}

/// Our own writer numbers transactions; beancount has no mark for one that is neither pending nor cleared.
fn own_status(tags: &mut Vec<Tag>, entries: &mut [WholeEntry], flag: char) -> Option<Status> {
    let own = tags
        .iter()
        .any(|t| t.name == "id" && uuid::Uuid::try_parse(&t.value).is_ok());
    let number = tags
        .iter()
        .position(|t| t.name == "number")
        .filter(|_| own)?;
    tags.remove(number);
    named_again(tags);
    for entry in entries {
        named_again(&mut entry.tags);
    }
    let said = take(tags, "status");
    Some(match (said.as_str(), flag) {
        ("cleared", _) => Status::Cleared,
        (_, '!') => Status::Pending,
        _ => Status::Unmarked,
    })
}

/// Our own writer puts a name that cannot be a key, or is one already, before its text: `tag-1: "k:plain"`.
fn named_again(tags: &mut [Tag]) {
    for tag in tags {
        let count = tag.name.strip_prefix("tag-").unwrap_or("");
        let counted = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
        if let (true, Some((name, value))) = (counted, tag.value.split_once(':')) {
            *tag = self::tag(name, value);
        }
    }
}

/// Takes a tag out by its name.
fn take(tags: &mut Vec<Tag>, name: &str) -> String {
    match tags
        .iter()
        .position(|t| t.name == name && !t.value.is_empty())
    {
        Some(place) => tags.remove(place).value,
        None => String::new(),
    }
}

/// What was paid for a lot is its price; its date, label and market price are kept as tags.
fn lot_tags(run: &Run<'_, '_>, one: &Booked) -> Vec<Tag> {
    let Some(cost) = &one.cost else {
        return Vec::new();
    };
    let mut text = format!(
        "{{{} {}, {}",
        cost.per.normalize(),
        run.builder.code(cost.currency),
        cost.date
    );
    if let Some(label) = &cost.label {
        text.push_str(&format!(", \"{label}\""));
    }
    text.push('}');
    let mut tags = vec![tag("lot", &text)];
    if let Some((unit, key)) = one.market {
        tags.push(tag(
            "price",
            &format!("{} {}", unit.normalize(), run.builder.code(key)),
        ));
    }
    tags
}

/// What the plugin implicit_prices adds: written prices, and costs of what was bought.
fn implicit(run: &mut Run<'_, '_>, on: Date, one: &Booked) {
    let bought = one
        .cost
        .as_ref()
        .filter(|_| !one.reduced)
        .map(|c| (c.per, c.currency));
    if let Some((rate, currency)) = one.market.or(bought) {
        run.builder.price(on, one.currency, currency, rate);
    }
}

/// What a pad adds, as beancount writes it.
pub(super) fn padding(
    run: &mut Run<'_, '_>,
    (on, at): (Date, Place),
    (account, from): (AccountKey, AccountKey),
    padding: &Padding,
) -> Result<(), Fault> {
    run.used(account);
    run.used(from);
    run.tally.pads += 1;
    let code = run.builder.code(padding.currency).clone();
    let entry = |account, amount: Decimal| WholeEntry {
        line: at.line,
        ..WholeEntry::new(account, amount, padding.currency)
    };
    run.builder.transaction(Whole {
        source: at.source,
        line: at.line,
        date: on,
        status: Status::Unmarked,
        description: format!(
            "(Padding inserted for difference {} {code})",
            padding.amount
        ),
        reference: String::new(),
        tags: vec![tag("flag", "P")],
        comment: String::new(),
        entries: vec![entry(account, padding.amount), entry(from, -padding.amount)],
    });
    Ok(())
}
