//! A read journal as changes of a book: currencies and accounts first, then prices, every new
//! transaction with the row it came from, and the assertions that hold.
//!
//! Drafts are made one at a time from the compact store, as often as the book walks them. Which
//! transactions are new the caller decides, by [`identities`].

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ledger::account::Account;
use crate::ledger::change::{
    Assertion, Change, ChangeSource, CurrencyChange, ImportBatch, NewAccount, PriceChange,
    SourceRow,
};
use crate::ledger::chart::Chart;
use crate::ledger::currency::Currency;
use crate::ledger::transaction::TransactionId;

use super::ReadJournal;
use super::content::own_id;

/// The identity of each transaction, in order of the journal; `None` for those without two entries,
/// which a book cannot take in (a lone zero that only carries an assertion).
///
/// Source: rulings, "Import identity": an `id:` tag wins, else date, code, description and entries.
pub fn identities(read: &ReadJournal) -> Vec<Option<i64>> {
    let (chart, store) = (&read.book.chart, &read.book.store);
    let of = |place: usize| (store.entries(place).len() >= 2).then(|| identity(read, chart, place));
    let mut identities = vec![None; store.len()];
    let lanes = thread::available_parallelism().map_or(1, usize::from);
    let share = store.len().div_ceil(lanes).max(SHARE_MIN);
    thread::scope(|scope| {
        for (nth, share_of) in identities.chunks_mut(share).enumerate() {
            let mut fill = move || {
                for (offset, slot) in share_of.iter_mut().enumerate() {
                    *slot = of(nth * share + offset);
                }
            };
            if store.len() <= SHARE_MIN {
                fill();
            } else {
                scope.spawn(fill);
            }
        }
    });
    identities
}

/// Fewer transactions than this are not worth another thread.
const SHARE_MIN: usize = 8_192;

fn identity(read: &ReadJournal, chart: &Chart, place: usize) -> i64 {
    let store = &read.book.store;
    let mut hasher = Sha256::new();
    let mut put = |bytes: &[u8]| {
        hasher.update((bytes.len() as u32).to_be_bytes());
        hasher.update(bytes);
    };
    put(b"journal");
    if let Some(own) = own_id(read, place) {
        put(own.as_bytes());
    } else {
        put(&store.row(place).day.0.to_be_bytes());
        put(store.reference(place).as_bytes());
        put(store.description(place).as_bytes());
        for entry in store.entries(place) {
            let currency = chart.currency(entry.currency);
            put(chart.account(entry.account).path.as_bytes());
            // Shortest form: another scale is not another amount.
            let (mut minor, mut scale) = (entry.minor, currency.scale);
            while scale > 0 && minor % 10 == 0 {
                minor /= 10;
                scale -= 1;
            }
            put(&minor.to_be_bytes());
            put(&[scale]);
            put(currency.code.as_bytes());
            let (weight, key, priced) = store.weight(entry);
            if priced {
                put(&weight.to_be_bytes());
                put(chart.currency(key).code.as_bytes());
            }
        }
    }
    let digest = hasher.finalize();
    i64::from_be_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ])
}

/// What the book already holds.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub chart: &'a Chart,
    pub prices: &'a [PriceChange],
    pub assertions: &'a [Assertion],
}

/// The changes that bring a journal into a book.
pub struct JournalChanges<'a> {
    read: &'a ReadJournal,
    identities: &'a [Option<i64>],
    /// The journal's chart, with the codes the book's currencies have.
    chart: Chart,
    head: Vec<Change>,
    /// Places of the transactions to post.
    places: Vec<u32>,
    tail: Vec<Change>,
    seed: Uuid,
}

impl<'a> JournalChanges<'a> {
    /// Everything but the transactions that `skip` (by place) names and those without identity.
    ///
    /// `seed` is a fresh UUIDv7: the ids of transactions without one of their own count on from it,
    /// so that walking twice gives the same. `batch` is the file.
    pub fn new(
        read: &'a ReadJournal,
        identities: &'a [Option<i64>],
        known: Known<'_>,
        batch: ImportBatch,
        seed: Uuid,
        skip: impl Fn(usize) -> bool,
    ) -> JournalChanges<'a> {
        let chart = translated(&read.book.chart, known.chart);
        let places: Vec<u32> = (0..identities.len())
            .filter(|place| identities[*place].is_some() && !skip(*place))
            .map(|place| place as u32)
            .collect();
        let mut head = currencies(read, &chart, &known, &places);
        head.extend(accounts(&chart, &known, seed));
        head.extend(prices(read, &chart, &known));
        head.push(Change::Import(batch));
        let tail = assertions(read, &chart, &known, seed);
        JournalChanges {
            read,
            identities,
            chart,
            head,
            places,
            tail,
            seed,
        }
    }

    /// How many transactions will be posted.
    pub fn posts(&self) -> usize {
        self.places.len()
    }

    /// How many other changes there are: accounts, currencies, prices, assertions (not the batch itself).
    pub fn other_changes(&self) -> usize {
        self.head.len() - 1 + self.tail.len()
    }

    /// The file and line of a change that a book refused.
    pub fn place_of(&self, change: usize) -> Option<(&str, u32)> {
        let nth = change.checked_sub(self.head.len())? / 2;
        let row = self.read.book.store.row(*self.places.get(nth)? as usize);
        let source = self.read.sources.get(usize::from(row.source))?;
        Some((&source.name, row.line))
    }

    fn id_of(&self, place: usize) -> TransactionId {
        let own = self.read.book.store.detail(place).and_then(|d| d.id);
        TransactionId(own.unwrap_or_else(|| counted(self.seed, place as u32)))
    }
}

impl ChangeSource for JournalChanges<'_> {
    fn visit(&self, take: &mut dyn FnMut(Change) -> ControlFlow<()>) {
        let store = &self.read.book.store;
        for change in &self.head {
            if take(change.clone()).is_break() {
                return;
            }
        }
        for place in &self.places {
            let place = *place as usize;
            let draft = store.draft(place, &self.chart, self.id_of(place));
            let row = SourceRow {
                identity: self.identities[place].unwrap_or(0),
                line: u64::from(store.row(place).line),
                number: None,
                raw: None,
            };
            if take(Change::Post(draft)).is_break() || take(Change::SourceRow(row)).is_break() {
                return;
            }
        }
        for change in &self.tail {
            if take(change.clone()).is_break() {
                return;
            }
        }
    }

    fn count_hint(&self) -> usize {
        self.head.len() + 2 * self.places.len() + self.tail.len()
    }
}

/// The nth id after a UUIDv7: time and version stay, the last four bytes count.
fn counted(seed: Uuid, nth: u32) -> Uuid {
    let mut bytes = *seed.as_bytes();
    bytes[12..16].copy_from_slice(&nth.to_be_bytes());
    Uuid::from_bytes(bytes)
}

/// The journal's chart with the codes that the book has for its commodities: by code, else by symbol.
pub(super) fn translated(journal: &Chart, book: &Chart) -> Chart {
    let base = book.currencies().first();
    let currencies: Vec<Currency> = journal
        .currencies()
        .iter()
        .map(|currency| {
            let by_symbol = || {
                book.currencies()
                    .iter()
                    .find(|c| c.symbol.as_deref() == Some(&*currency.code))
            };
            // Without commodity stand only zeros here.
            let bare = || base.filter(|_| currency.code.is_empty());
            let found = book
                .find_currency(&currency.code)
                .or_else(by_symbol)
                .or_else(bare);
            Currency {
                code: found.map_or_else(|| currency.code.clone(), |c| c.code.clone()),
                ..currency.clone()
            }
        })
        .collect();
    Chart::new(journal.accounts().to_vec(), currencies)
}

/// Currencies to open, and scales to raise, of those that something needs.
fn currencies(read: &ReadJournal, chart: &Chart, known: &Known<'_>, places: &[u32]) -> Vec<Change> {
    let mut used = vec![false; chart.currencies().len() + 1];
    for place in places {
        for entry in read.book.store.entries(*place as usize) {
            used[usize::from(entry.currency.0)] = true;
            used[usize::from(read.book.store.weight(entry).1.0)] = true;
        }
    }
    for price in &read.book.prices {
        for code in [&price.commodity, &price.currency] {
            if let Some(currency) = read.book.chart.find_currency(code) {
                used[usize::from(currency.key.0)] = true;
            }
        }
    }
    let mut out: Vec<CurrencyChange> = Vec::new();
    for currency in chart
        .currencies()
        .iter()
        .filter(|c| used[usize::from(c.key.0)])
    {
        let existing = known.chart.find_currency(&currency.code);
        if existing.is_some_and(|e| e.scale >= currency.scale) {
            continue;
        }
        match out.iter_mut().find(|c| c.code == currency.code) {
            Some(change) => change.scale = change.scale.max(currency.scale),
            None => out.push(CurrencyChange {
                code: currency.code.clone(),
                scale: currency.scale,
                symbol: existing.map_or_else(|| currency.symbol.clone(), |e| e.symbol.clone()),
                name: existing.map_or_else(|| currency.name.clone(), |e| e.name.clone()),
            }),
        }
    }
    out.into_iter().map(Change::Currency).collect()
}

fn accounts<'c>(
    chart: &'c Chart,
    known: &'c Known<'_>,
    seed: Uuid,
) -> impl Iterator<Item = Change> + 'c {
    chart
        .accounts()
        .iter()
        .filter(|a| known.chart.find(&a.path).is_none())
        .map(move |account| Change::OpenAccount(new_account(account, known.chart, seed)))
}

fn new_account(account: &Account, book: &Chart, seed: Uuid) -> NewAccount {
    // Behind the ids of transactions: they count from 0.
    let id = counted(seed, u32::MAX - account.key.0);
    let taken = |alias: &String| {
        book.accounts()
            .iter()
            .any(|a| a.aliases.iter().any(|x| x.eq_ignore_ascii_case(alias)))
    };
    NewAccount {
        kind: account.kind,
        account_type: account.account_type,
        aliases: account
            .aliases
            .iter()
            .filter(|a| !taken(a))
            .cloned()
            .collect(),
        note: account.note.clone(),
        code: account.code.clone(),
        opened_on: account.opened_on,
        contact: account.contact.clone(),
        ..NewAccount::at(id, account.path.clone())
    }
}

/// The code a commodity of the journal has in the book.
fn code_of(read: &ReadJournal, chart: &Chart, code: &Arc<str>) -> Arc<str> {
    read.book
        .chart
        .find_currency(code)
        .map_or_else(|| code.clone(), |c| chart.currency(c.key).code.clone())
}

fn prices(read: &ReadJournal, chart: &Chart, known: &Known<'_>) -> Vec<Change> {
    let held: std::collections::HashSet<_> = known
        .prices
        .iter()
        .map(|p| {
            (
                p.on,
                p.commodity.clone(),
                p.currency.clone(),
                p.rate.map(|r| r.normalize()),
            )
        })
        .collect();
    read.book
        .prices
        .iter()
        .map(|price| PriceChange {
            commodity: code_of(read, chart, &price.commodity),
            currency: code_of(read, chart, &price.currency),
            ..price.clone()
        })
        .filter(|p| {
            let key = (
                p.on,
                p.commodity.clone(),
                p.currency.clone(),
                p.rate.map(|r| r.normalize()),
            );
            p.commodity != p.currency && !held.contains(&key)
        })
        .map(Change::Price)
        .collect()
}

fn assertions(read: &ReadJournal, chart: &Chart, known: &Known<'_>, seed: Uuid) -> Vec<Change> {
    let same = |a: &Assertion, b: &Assertion| {
        (a.on, &a.account, &a.currency, a.amount, a.subaccounts)
            == (b.on, &b.account, &b.currency, b.amount, b.subaccounts)
    };
    let first = read.book.store.len() as u32;
    read.book
        .assertions
        .iter()
        .enumerate()
        .map(|(nth, assertion)| Assertion {
            id: counted(seed, first + nth as u32),
            currency: code_of(read, chart, &assertion.currency),
            ..assertion.clone()
        })
        .filter(|a| !known.assertions.iter().any(|k| same(a, k)))
        .map(Change::Assertion)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::journal::{Input, ReadOptions, read};
    use jiff::civil::date;

    const JOURNAL: &str = "\
commodity INR
    format 1000.00 INR

P 2025-04-01 $ 83.10 INR

2025-04-01 (7) Sale
    Assets:Cash  5.5 INR
    Income:Sales

2025-04-02 Shares
    Assets:Shares  3 XYZ @ $0.335
    Assets:Dollars

2025-04-03 Count
    Assets:Cash  0 = 5.5 INR
";

    fn usd_book() -> Chart {
        let usd = Currency {
            key: crate::ledger::currency::CurrencyKey(1),
            code: "USD".into(),
            scale: 2,
            symbol: Some("$".into()),
            name: None,
        };
        Chart::new(Vec::new(), vec![usd])
    }

    fn batch() -> ImportBatch {
        ImportBatch {
            id: Uuid::nil(),
            file: "a.journal".to_owned(),
            sha256: [0; 32],
            format: "journal".to_owned(),
            account: None,
            skipped: 0,
        }
    }

    fn all(changes: &dyn ChangeSource) -> Vec<Change> {
        let mut out = Vec::new();
        changes.visit(&mut |change| {
            out.push(change);
            ControlFlow::Continue(())
        });
        out
    }

    #[test]
    fn a_journal_becomes_changes_in_the_order_a_book_takes() {
        let book = usd_book();
        let options = ReadOptions::import(date(2025, 6, 1), &book, None);
        let read = read(vec![Input::bytes("a.journal", JOURNAL)], &options).unwrap();
        let ids = identities(&read);
        assert!(ids[0].is_some() && ids[1].is_some());
        assert_eq!(ids[2], None, "a lone zero only carries its assertion");
        let known = Known {
            chart: &book,
            prices: &[],
            assertions: &[],
        };
        let seed = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000);
        let changes = JournalChanges::new(&read, &ids, known, batch(), seed, |_| false);
        let list = all(&changes);
        let kinds: String = list
            .iter()
            .map(|c| match c {
                Change::Currency(_) => 'c',
                Change::OpenAccount(_) => 'a',
                Change::Price(_) => 'p',
                Change::Import(_) => 'i',
                Change::Post(_) => 't',
                Change::SourceRow(_) => 'r',
                Change::Assertion(_) => '=',
                _ => '?',
            })
            .collect();
        assert_eq!(kinds, "ccaaaapitrtr=");
        assert_eq!(list, all(&changes), "a second walk gives the same");
        assert_eq!(changes.place_of(8), Some(("a.journal", 6)));
        assert_eq!(changes.place_of(10), Some(("a.journal", 10)));
        // `$` is the book's USD, with two places though the journal writes none.
        let Change::Post(draft) = &list[10] else {
            panic!("{:?}", list[10]);
        };
        assert_eq!(draft.entries[1].currency.as_deref(), Some("USD"));
        assert_eq!(draft.entries[1].amount.unwrap().to_string(), "-1.00");
        let skipped = JournalChanges::new(&read, &ids, known, batch(), seed, |place| place == 0);
        assert_eq!(skipped.posts(), 1);
    }

    #[test]
    fn identity_is_of_what_happened_and_an_id_tag_wins() {
        let id = |text: &str| {
            let options = ReadOptions::new(date(2025, 6, 1));
            identities(&read(vec![Input::bytes("x", text)], &options).unwrap())[0].unwrap()
        };
        let plain = id("2025-01-01 * (1) a\n  A  1.50 X\n  B\n");
        assert_eq!(
            plain,
            id("; moved\n2025-01-01 (1) a ; cleared later\n  A   1.5 X\n  B  -1.500 X\n")
        );
        assert_ne!(plain, id("2025-01-01 (1) a\n  A  1.51 X\n  B\n"));
        let tagged = id("2025-01-01 a ; id:77\n  A  1 X\n  B\n");
        assert_eq!(tagged, id("2025-01-02 b ; id:77\n  A  2 X\n  B\n"));
    }

    #[test]
    fn amounts_without_a_commodity_need_one() {
        let book = usd_book();
        let text = "2025-01-01 a\n  A  5\n  B\n";
        let read = |default: Option<&str>| {
            let options = ReadOptions::import(date(2025, 6, 1), &book, default.map(str::to_owned));
            read(vec![Input::bytes("x", text)], &options)
        };
        assert_eq!(read(None).unwrap_err()[0].code(), "no-commodity");
        assert!(read(Some("USD")).is_ok());
    }
}
