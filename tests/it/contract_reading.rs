//! What every book answers when it is looked at, memory too: the reads agree with each other and with a
//! naive fold over one whole scan.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hissab::book::memory::MemoryBook;
use hissab::book::{Book, BookError, CheckDepth, Order, Scan};
use hissab::ledger::account::AccountKey;
use hissab::ledger::change::{Change, Target, WriteMode};
use hissab::ledger::compact::{CompactBook, CompactEntry, RowDetail, Store};
use hissab::ledger::currency::CurrencyKey;
use hissab::ledger::day::Day;
use hissab::ledger::totals::TotalsQuery;
use hissab::ledger::transaction::{Number, Transaction, Voucher};
use jiff::civil::Date;

use crate::adapters::{Case, Sqlite};
use crate::books::{ACCOUNTS, day, draft, priced};

/// The same days' work in any book: out of order, on both sides of cuts, in two currencies, with a year end.
fn keep_books(case: &mut Case) {
    for (n, (month, dom)) in [(4, 2), (4, 1), (3, 31), (4, 2), (5, 9), (4, 17), (12, 31)]
        .into_iter()
        .enumerate()
    {
        let amount = format!("{}.25", 10 * (n + 1));
        let credit = format!("-{amount}");
        let from = ACCOUNTS[6 + n % 3];
        case.post(
            day(month, dom),
            &format!("Café sale {}", n % 3),
            &[("Assets:Cash", &amount), (from, &credit)],
        );
    }
    let mut dollars = draft(case.id(), day(4, 9), "Dollars", &[]);
    dollars.payee = Some("Ravi & sons".to_owned());
    dollars.reference = Some("D-9".to_owned());
    dollars.entries = vec![
        priced("Assets:Bank:HDFC", "100.00", "USD", Some(("83.125", "INR"))),
        priced("Assets:Cash", "-8312.50", "INR", None),
    ];
    let mut closing = draft(
        case.id(),
        day(3, 31),
        "Year end",
        &[("Income:Sales", "5.00"), ("Equity:Capital", "-5.00")],
    );
    closing.voucher = Some(Voucher::Closing);
    for draft in [dollars, closing] {
        case.write("posted", vec![Change::Post(draft)]).unwrap();
    }
}

/// The same in plain vectors, as a journal would be read into them.
fn in_memory() -> MemoryBook {
    let mut case = Case::of::<Sqlite>();
    keep_books(&mut case);
    let mut found = scanned(&mut *case.book, &Scan::default());
    found.sort_by_key(|t| t.number);
    let mut store = Store::default();
    for t in &found {
        let reference = t.reference.as_deref().unwrap_or("");
        let row = store
            .push(
                Day::of(t.date),
                &t.description,
                reference,
                t.status,
                0,
                t.number.0 as u32,
            )
            .unwrap();
        let detail = RowDetail {
            id: Some(t.id.0),
            voucher: Some(t.voucher),
            payee: t.payee.clone(),
            ..RowDetail::default()
        };
        store.set_detail(row, detail).unwrap();
        for e in &t.entries {
            let entry = CompactEntry::new(e.account, e.currency, e.minor, 2);
            store
                .push_entry(row, entry, e.detail.as_deref().cloned())
                .unwrap();
        }
    }
    MemoryBook::new(CompactBook {
        chart: case.book.chart().unwrap(),
        store,
        ..CompactBook::default()
    })
}

fn scanned(book: &mut dyn Book, scan: &Scan) -> Vec<Transaction> {
    let mut found = Vec::new();
    book.scan(scan, &mut |t| {
        found.push(t);
        ControlFlow::Continue(())
    })
    .unwrap();
    found
}

macro_rules! for_each_reader {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[test]
            fn $name() {
                super::$name(&mut super::in_memory());
            })*
        }
        // Those that are written to are looked at by somebody who only reads.
        mod written {
            pub fn look(case: &mut $crate::adapters::Case, at: fn(&mut dyn hissab::book::Book)) {
                super::keep_books(case);
                at(&mut *case.adapter.reader());
            }
            $(pub fn $name(case: &mut $crate::adapters::Case) {
                look(case, super::$name);
            })*
            $crate::for_each_adapter!($($name),*);
        }
    };
}

for_each_reader!(
    a_scan_runs_by_date_then_number,
    a_scan_keeps_every_filter,
    a_scan_stops_when_it_is_told_to,
    one_transaction_is_found_by_number_and_by_id,
    totals_are_what_a_naive_fold_gives,
    totals_of_some_accounts_are_those_rows,
    the_books_figures_are_those_of_its_transactions,
    the_storage_is_sound,
);

fn a_scan_runs_by_date_then_number(book: &mut dyn Book) {
    let all = scanned(book, &Scan::default());
    assert_eq!(all.len(), 9);
    assert!(all.is_sorted_by_key(|t| (t.date, t.number)));
    let newest = Scan {
        order: Order::NewestFirst,
        ..Scan::default()
    };
    let mut backwards = scanned(book, &newest);
    backwards.reverse();
    assert_eq!(backwards, all);
}

fn a_scan_keeps_every_filter(book: &mut dyn Book) {
    let all = scanned(book, &Scan::default());
    let (from, until) = (day(4, 1), day(4, 17));
    let keep = |mut scan: Scan, book: &mut dyn Book, wanted: &dyn Fn(&Transaction) -> bool| {
        let expected: Vec<_> = all.iter().filter(|t| wanted(t)).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < all.len());
        assert_eq!(scanned(book, &scan), expected, "{scan:?}");
        scan.limit = Some(2);
        assert_eq!(scanned(book, &scan), expected[..expected.len().min(2)]);
    };
    let span = Scan {
        from: Some(from),
        until: Some(until),
        ..Scan::default()
    };
    keep(span, book, &|t| from <= t.date && t.date < until);
    for key in [AccountKey(2), AccountKey(7), AccountKey(9)] {
        let scan = Scan {
            accounts: Some(vec![key]),
            ..Scan::default()
        };
        keep(scan, book, &|t| t.entries.iter().any(|e| e.account == key));
    }
    for (words, wanted) in [
        (vec!["CAFE"], "Café"),
        (vec!["sal", "2"], "sale 2"),
        (vec!["doll"], "Dollars"),
    ] {
        let scan = Scan {
            words: words.into_iter().map(str::to_owned).collect(),
            ..Scan::default()
        };
        keep(scan, book, &|t| t.description.contains(wanted));
    }
    let nothing = Scan {
        accounts: Some(vec![AccountKey(5)]),
        ..Scan::default()
    };
    assert_eq!(scanned(book, &nothing), []);
}

fn a_scan_stops_when_it_is_told_to(book: &mut dyn Book) {
    let mut seen = 0;
    book.scan(&Scan::default(), &mut |_| {
        seen += 1;
        if seen == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .unwrap();
    assert_eq!(seen, 3);
    assert_eq!(scanned(book, &Scan::default()).len(), 9, "and goes on");
}

fn one_transaction_is_found_by_number_and_by_id(book: &mut dyn Book) {
    for t in scanned(book, &Scan::default()) {
        assert_eq!(book.find(Target::Id(t.id)).unwrap().as_ref(), Some(&t));
        assert_eq!(book.find(Target::Number(t.number)).unwrap(), Some(t));
    }
    for missing in [0, 10, u64::MAX >> 1, u64::MAX] {
        let target = Target::Number(Number(missing));
        assert_eq!(book.find(target).unwrap(), None, "{missing}");
    }
}

type Sums = BTreeMap<(AccountKey, CurrencyKey), (i128, Vec<i128>)>;

/// Opening and the net of each span, an entry at a time.
fn folded(all: &[Transaction], cuts: &[Date]) -> Sums {
    let mut sums = Sums::new();
    for t in all.iter().filter(|t| t.date < cuts[cuts.len() - 1]) {
        for e in &t.entries {
            let (opening, spans) = sums
                .entry((e.account, e.currency))
                .or_insert_with(|| (0, vec![0; cuts.len() - 1]));
            let minor = i128::from(e.minor);
            match cuts.iter().rposition(|cut| *cut <= t.date) {
                None => *opening += minor,
                Some(span) => spans[span] += minor,
            }
        }
    }
    sums
}

fn totals_are_what_a_naive_fold_gives(book: &mut dyn Book) {
    let all = scanned(book, &Scan::default());
    for cuts in [
        vec![Date::MIN, Date::MAX],
        vec![Date::MIN, day(4, 2)],
        vec![day(4, 1), day(5, 1)],
        vec![day(3, 31), day(4, 1), day(4, 2), day(4, 3), day(5, 10)],
        vec![day(1, 1), day(3, 31)],
    ] {
        let query = TotalsQuery {
            cuts: cuts.clone(),
            accounts: None,
        };
        let totals = book.totals(&query).unwrap();
        let told: Sums = totals
            .rows
            .iter()
            .map(|r| {
                let spans = r.spans.iter().map(|s| s.net()).collect();
                ((r.account, r.currency), (r.opening, spans))
            })
            .collect();
        assert_eq!(told, folded(&all, &cuts), "{cuts:?}");
    }
}

fn totals_of_some_accounts_are_those_rows(book: &mut dyn Book) {
    let all = book.totals(&TotalsQuery::until(None)).unwrap();
    let keys = [AccountKey(1), AccountKey(5), AccountKey(7)];
    let query = TotalsQuery {
        accounts: Some(keys.to_vec()),
        ..TotalsQuery::until(None)
    };
    let some = book.totals(&query).unwrap();
    let expected: Vec<_> = all
        .rows
        .iter()
        .filter(|r| keys.contains(&r.account))
        .cloned()
        .collect();
    assert_eq!((some.rows, expected.len()), (expected, 2));
    let none = TotalsQuery {
        accounts: Some(Vec::new()),
        ..TotalsQuery::until(None)
    };
    assert_eq!(book.totals(&none).unwrap().rows, []);
}

fn the_books_figures_are_those_of_its_transactions(book: &mut dyn Book) {
    let info = book.info().unwrap();
    assert_eq!((info.transactions, info.voided), (9, 0));
    assert_eq!(info.span, Some((day(3, 31), day(12, 31))));
    assert_eq!(info.settings.base_currency, "INR");
    let chart = book.chart().unwrap();
    assert_eq!(chart.accounts().len(), ACCOUNTS.len());
    book.refresh().unwrap();
    assert_eq!(book.info().unwrap(), info);
}

fn the_storage_is_sound(book: &mut dyn Book) {
    for depth in [CheckDepth::Quick, CheckDepth::Deep] {
        let outcomes = book.check(depth).unwrap();
        assert!(outcomes.iter().any(|o| o.code == "balanced"));
        assert!(outcomes.iter().all(|o| o.findings.is_empty()));
    }
}

#[test]
fn a_book_in_memory_says_what_it_cannot_do() {
    let mut book = in_memory();
    let target = Target::Number(Number(1));
    assert!(matches!(
        book.write(&[], WriteMode::Commit),
        Err(BookError::Unsupported { .. })
    ));
    assert!(matches!(
        book.history(target),
        Err(BookError::Unsupported { .. })
    ));
    assert!(matches!(book.verify(), Err(BookError::Unsupported { .. })));
}
