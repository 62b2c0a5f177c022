//! `hissab import DIR`: a mirror into an empty book, which is then the book that was mirrored.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use uuid::Uuid;

use super::compare;
use super::folder::Folder;
use crate::book::Book;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::importing::failure;
use crate::cli::progress::{Counted, Progress};
use crate::formats::fault::Fault;
use crate::formats::mirror::{Head, MAIN, Place, Reader};
use crate::ledger::account::{Account, AccountKey};
use crate::ledger::change::{
    AccountPatch, Change, ChangeSource, CurrencyChange, NewAccount, OperationId, Target, Unit,
    WriteMode,
};
use crate::ledger::chart::Chart;
use crate::ledger::plural::counted;
use crate::ledger::settings::{BookInfo, name};
use crate::ledger::transaction::Number;

/// Everything a mirror says, in memory as text.
struct Read {
    head: Head,
    texts: Vec<String>,
    /// By number, from 1 on without gaps.
    places: Vec<Place>,
}

pub fn run(ctx: &mut Context, path: &Path, dry_run: bool) -> Result<Exit> {
    let folder = Folder::to_read(path)?;
    let read = {
        let _progress = Progress::begin(ctx, &format!("reading {}", path.display()), None);
        read(&folder)?
    };
    ctx.step("read");
    let mut book = if dry_run {
        ctx.open_read()?
    } else {
        ctx.open_write()?
    };
    let info = book.info()?;
    if info.transactions > 0 {
        return held_already(ctx, book.as_mut(), &info, &folder);
    }
    let base = &read.head.settings.base_currency;
    if *base != info.settings.base_currency {
        return Err(Failure::conflict(
            "base-currency-fixed",
            format!(
                "{} is of a book in {base}, this one is in {}",
                path.display(),
                info.settings.base_currency
            ),
        )
        .hint(format!(
            "hissab init NEW.hissab --currency {} && hissab -B NEW.hissab import {}",
            shell_word(base),
            shell_word(&path.display().to_string())
        )));
    }
    if !dry_run {
        write(ctx, book.as_mut(), &info, &read)?;
    }
    say(ctx, &info, &read, path, dry_run)
}

/// The same again changes nothing; anything else needs an empty book.
fn held_already(
    ctx: &mut Context,
    book: &mut dyn Book,
    info: &BookInfo,
    folder: &Folder,
) -> Result<Exit> {
    let path = folder.path().display().to_string();
    if compare(book, folder, &mut || ())?.is_empty() {
        ctx.note(&format!("{path} says what the book holds; nothing changed"));
        return Ok(Exit::Ok);
    }
    Err(Failure::conflict(
        "book-not-empty",
        format!(
            "a mirror is taken into an empty book, and this one holds {}",
            counted(info.transactions, "transaction")
        ),
    )
    .hint(format!(
        "hissab init NEW.hissab --currency {} && hissab -B NEW.hissab import {}",
        shell_word(&info.settings.base_currency),
        shell_word(&path)
    ))
    .hint(format!(
        "to add its transactions to this book: hissab import --format journal {}",
        shell_word(&format!("{path}/{MAIN}"))
    )))
}

fn read(folder: &Folder) -> Result<Read> {
    let at = |name: &str| folder.path().join(name).display().to_string();
    let text = |name: &str| -> Result<String> {
        let bytes = folder.read(name)?.ok_or_else(|| {
            Failure::refused(
                "mirror-edited",
                format!("{MAIN} includes {name}, which is not there"),
            )
        })?;
        String::from_utf8(bytes)
            .map_err(|_| failure(&at(name), Fault::file("mirror-edited", "it is not UTF-8")))
    };
    let edited = |name: &str, fault: Fault| {
        let journal = shell_word(&at(MAIN));
        failure(&at(name), fault).hint(format!(
            "take the edit back with git; or, as a plain journal: hissab import --format journal {journal}"
        ))
    };
    let head = Head::read(&text(MAIN)?).map_err(|fault| edited(MAIN, fault))?;
    let reader = Reader::new(&head);
    let (mut texts, mut places) = (Vec::new(), Vec::new());
    for (nth, month) in head.months.iter().enumerate() {
        let text = text(month)?;
        places.extend(
            reader
                .month(&head, nth, &text)
                .map_err(|fault| edited(month, fault))?,
        );
        texts.push(text);
    }
    places.sort_by_key(|place| place.number);
    for (nth, place) in places.iter().enumerate() {
        let expected = nth as u64 + 1;
        if place.number != expected {
            let month = &head.months[place.month];
            let why = if place.number < expected {
                format!("the number {} is there twice", place.number)
            } else {
                format!("the number {expected} is missing before {}", place.number)
            };
            return Err(edited(
                month,
                Fault::at("mirror-edited", place.line, 1, why),
            ));
        }
    }
    Ok(Read {
        head,
        texts,
        places,
    })
}

/// Settings, chart, prices and transactions; then what would have stood in their way: accounts closed or
/// bound to a currency, the lock.
fn write(ctx: &mut Context, book: &mut dyn Book, info: &BookInfo, read: &Read) -> Result<()> {
    let chart = book.chart()?;
    let (before, keys) = before(ctx, &chart, info, &read.head);
    let spare = chart
        .accounts()
        .len()
        .saturating_sub(read.head.chart.accounts().len());
    if spare > 0 {
        ctx.warn(&format!(
            "the new book keeps {} of its template that the mirror lacks; hissab init --template plain has fewer",
            counted(spare as u64, "account")
        ));
    }
    let first = Transactions {
        reader: Reader::new(&read.head),
        before,
        read,
        after: assertions(&read.head),
    };
    let progress = Progress::begin(ctx, "importing", Some(first.count_hint() as u64));
    let first = Counted {
        unless: None,
        changes: &first,
        progress: &progress,
    };
    let (who, at, reason) = (ctx.who()?, ctx.now(), Some("from its mirror".to_owned()));
    let unit = |operation, changes| Unit {
        operation,
        action: "imported".to_owned(),
        reason: reason.clone(),
        who: who.clone(),
        at,
        once: None,
        changes,
    };
    let operations = [OperationId(ctx.make_id()), OperationId(ctx.make_id())];
    let remote = ctx.located()?.remote().is_some();
    if remote {
        // A server knows new accounts by ids that only it can tell: the bounds go after them.
        all_done(book.write(&[unit(operations[0], &first)], WriteMode::Commit)?)?;
        let chart = book.chart()?;
        let keys = |path: &str| chart.find(path).map(|a| a.key);
        let bounds = bounds(&read.head, keys);
        if !bounds.is_empty() {
            all_done(book.write(&[unit(operations[1], &bounds)], WriteMode::Commit)?)?;
        }
        return Ok(());
    }
    let bounds = bounds(&read.head, |path| keys.get(path).copied());
    let mut units = vec![unit(operations[0], &first as &dyn ChangeSource)];
    if !bounds.is_empty() {
        units.push(unit(operations[1], &bounds));
    }
    all_done(book.write(&units, WriteMode::CommitAll)?)
}

fn all_done(outcomes: Vec<crate::book::Result<crate::ledger::change::Done>>) -> Result<()> {
    for outcome in outcomes {
        outcome.map_err(|error| Failure::from(error).while_doing("the mirror was not imported"))?;
    }
    Ok(())
}

/// What comes before the transactions, and the key every account will have.
///
/// Accounts that the new book has and the mirror lacks come of a template: they become accounts of the mirror.
fn before(
    ctx: &mut Context,
    chart: &Chart,
    info: &BookInfo,
    head: &Head,
) -> (Vec<Change>, BTreeMap<String, AccountKey>) {
    let mut changes = Vec::new();
    for currency in head.chart.currencies() {
        changes.push(Change::Currency(CurrencyChange {
            code: currency.code.clone(),
            scale: currency.scale,
            symbol: currency.symbol.clone(),
            name: currency.name.clone(),
        }));
    }
    let (wanted, there) = (head.settings.pairs(), info.settings.pairs());
    let is_apart =
        |n: &str| [name::BASE_CURRENCY, name::LOCKED_TO, name::LOCKED_DIGEST].contains(&n);
    for name in wanted.keys().chain(there.keys()).collect::<BTreeSet<_>>() {
        let value = wanted.get(name).cloned();
        let moves = value.as_ref() != there.get(name);
        // A lock of the new book would keep the transactions out.
        let unlocks = name == name::LOCKED_TO && there.contains_key(name);
        if unlocks || (moves && !is_apart(name)) {
            changes.push(Change::Setting {
                name: name.clone(),
                value: value.filter(|_| !unlocks),
            });
        }
    }
    let mut keys = BTreeMap::new();
    let mut spare: Vec<AccountKey> = chart
        .in_order()
        .into_iter()
        .rev()
        .filter(|key| head.chart.find(&chart.account(*key).path).is_none())
        .collect();
    let mut opened = Vec::new();
    let mut next = chart.next_account_key();
    for key in head.chart.in_order() {
        let account = head.chart.account(key);
        let held = chart.find(&account.path).map(|a| a.key);
        match held.or_else(|| spare.pop()) {
            Some(held) => {
                keys.insert(account.path.to_string(), held);
                changes.push(Change::SetAccount {
                    account: held,
                    patch: whole_patch(account),
                });
            }
            None => {
                keys.insert(account.path.to_string(), next);
                next = AccountKey(next.0 + 1);
                opened.push(Change::OpenAccount(new_account(account, ctx.make_id())));
            }
        }
    }
    changes.append(&mut opened);
    let prices = head.prices.iter().cloned().map(Change::Price);
    changes.extend(prices);
    (changes, keys)
}

fn whole_patch(account: &Account) -> AccountPatch {
    AccountPatch {
        path: Some(account.path.clone()),
        kind: Some(account.kind),
        account_type: Some(account.account_type),
        code: Some(account.code.clone()),
        currency: Some(None),
        opened_on: Some(account.opened_on),
        closed_on: Some(None),
        aliases: Some(account.aliases.clone()),
        contact: Some(account.contact.clone()),
        note: Some(account.note.clone()),
    }
}

fn new_account(account: &Account, id: Uuid) -> NewAccount {
    NewAccount {
        id,
        path: account.path.clone(),
        kind: account.kind,
        account_type: account.account_type,
        code: account.code.clone(),
        currency: None,
        opened_on: account.opened_on,
        aliases: account.aliases.clone(),
        contact: account.contact.clone(),
        note: account.note.clone(),
    }
}

fn assertions(head: &Head) -> Vec<Change> {
    head.assertions
        .iter()
        .cloned()
        .map(Change::Assertion)
        .collect()
}

/// Accounts that are closed or bound to a currency, and the lock.
fn bounds(head: &Head, key_of: impl Fn(&str) -> Option<AccountKey>) -> Vec<Change> {
    let accounts = head.chart.accounts().iter();
    let bound = accounts.filter(|a| a.closed_on.is_some() || a.currency.is_some());
    let mut changes: Vec<Change> = bound
        .filter_map(|account| {
            Some(Change::SetAccount {
                account: key_of(&account.path)?,
                patch: AccountPatch {
                    closed_on: Some(account.closed_on),
                    currency: Some(account.currency.clone()),
                    ..AccountPatch::default()
                },
            })
        })
        .collect();
    if let Some(date) = head.settings.locked_to {
        changes.push(Change::Setting {
            name: name::LOCKED_TO.to_owned(),
            value: Some(date.to_string()),
        });
    }
    changes
}

/// The changes of a mirror: transactions are made of their text as often as they are walked.
struct Transactions<'a> {
    reader: Reader,
    before: Vec<Change>,
    read: &'a Read,
    after: Vec<Change>,
}

impl ChangeSource for Transactions<'_> {
    fn visit(&self, take: &mut dyn FnMut(Change) -> ControlFlow<()>) {
        let each = |changes: &[Change], take: &mut dyn FnMut(Change) -> ControlFlow<()>| {
            changes.iter().cloned().try_for_each(take)
        };
        if each(&self.before, take).is_break() || self.transactions(take).is_break() {
            return;
        }
        let _ = each(&self.after, take);
    }

    fn count_hint(&self) -> usize {
        self.before.len() + self.read.places.len() + self.after.len()
    }
}

impl Transactions<'_> {
    fn transactions(&self, take: &mut dyn FnMut(Change) -> ControlFlow<()>) -> ControlFlow<()> {
        // Void ones, by what they reversed: only one reversal of a transaction counts at a time.
        let mut voids: BTreeMap<u64, (Option<Number>, Option<String>)> = BTreeMap::new();
        let void = |number: u64, reason: Option<String>| Change::Void {
            target: Target::Number(Number(number)),
            if_version: None,
            reason,
        };
        for place in &self.read.places {
            let text = &self.read.texts[place.month];
            let Ok(found) = self.reader.found(place, text) else {
                // It was read before, from the same text.
                continue;
            };
            if let Some(of) = found.draft.reverses {
                let earlier = voids
                    .iter()
                    .find(|(_, (reverses, _))| *reverses == Some(of));
                if let Some(number) = earlier.map(|(number, _)| *number)
                    && let Some((_, reason)) = voids.remove(&number)
                {
                    take(void(number, reason))?;
                }
            }
            if let Some(reason) = found.void {
                voids.insert(place.number, (found.draft.reverses, reason));
            }
            take(Change::Post(found.draft))?;
        }
        for (number, (_, reason)) in voids {
            take(void(number, reason))?;
        }
        ControlFlow::Continue(())
    }
}

fn say(
    ctx: &mut Context,
    info: &BookInfo,
    read: &Read,
    path: &Path,
    dry_run: bool,
) -> Result<Exit> {
    let accounts = read.head.chart.accounts().len() as u64;
    let transactions = read.places.len() as u64;
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/mirror-imported/1",
            "book": read.head.settings.name,
            "folder": path.display().to_string(),
            "dry_run": dry_run,
            "accounts": accounts,
            "transactions": transactions,
        });
        writeln!(ctx.out, "{object}")?;
        return Ok(Exit::Ok);
    }
    if ctx.globals.quiet {
        return Ok(Exit::Ok);
    }
    let name = if dry_run {
        &info.settings.name
    } else {
        &read.head.settings.name
    };
    let (done, end) = if dry_run {
        ("would be taken from", "; dry run, nothing written")
    } else {
        ("taken from", "")
    };
    let line = format!(
        "{name} · {} and {} {done} the mirror {}{end}",
        counted(accounts, "account"),
        counted(transactions, "transaction"),
        path.display()
    );
    writeln!(ctx.out, "{}", crate::render::sanitize::line(&line))?;
    Ok(Exit::Ok)
}
