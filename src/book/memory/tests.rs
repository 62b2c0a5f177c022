use super::*;
use crate::ledger::account::{Account, AccountKey, AccountType, Contact, Kind};
use crate::ledger::compact::{CompactEntry, Store};
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::day::Day;
use crate::ledger::totals::TotalsBuilder;
use crate::ledger::transaction::{EntryDetail, Number, Price, PriceBasis, Status};
use jiff::civil::{Date, date};
use proptest::prelude::*;

fn chart() -> Chart {
    let account = |key: u32| Account {
        key: AccountKey(key),
        id: Uuid::from_u128(u128::from(key)),
        path: format!("Assets:A{key}").into(),
        kind: Kind::Asset,
        account_type: AccountType::General,
        code: None,
        currency: None,
        opened_on: None,
        closed_on: None,
        aliases: Vec::new(),
        contact: Contact::default(),
        note: None,
        version: 1,
    };
    let currency = |key: u16, code: &str| Currency {
        key: CurrencyKey(key),
        code: code.into(),
        scale: 2,
        symbol: None,
        name: None,
    };
    Chart::new(
        (1..=4).map(account).collect(),
        vec![currency(1, "INR"), currency(2, "USD")],
    )
}

/// Each item: day, from account, to account, minor units; odd amounts are bought for USD.
fn book(items: &[(i32, u32, u32, i64)]) -> MemoryBook {
    let mut store = Store::default();
    for (day, from, to, minor) in items {
        let row = store
            .push(
                Day(*day),
                &format!("Café {minor}"),
                "",
                Status::Unmarked,
                0,
                1,
            )
            .unwrap();
        let entry = |account, currency, minor| {
            CompactEntry::new(AccountKey(account), CurrencyKey(currency), minor, 2)
        };
        let detail = (minor % 2 != 0).then(|| EntryDetail {
            price: Some(Price {
                amount: rust_decimal::Decimal::ONE,
                currency: CurrencyKey(2),
                basis: PriceBasis::Unit,
            }),
            weight: Some((*minor, CurrencyKey(2))),
            ..EntryDetail::default()
        });
        let other = if detail.is_some() { 2 } else { 1 };
        store
            .push_entry(row, entry(*to, 1, *minor), detail)
            .unwrap();
        store
            .push_entry(row, entry(*from, other, -minor), None)
            .unwrap();
    }
    MemoryBook::new(CompactBook {
        chart: chart(),
        store,
        ..CompactBook::default()
    })
}

fn numbers(book: &mut MemoryBook, scan: &Scan) -> Vec<u64> {
    let mut out = Vec::new();
    book.scan(scan, &mut |t| {
        out.push(t.number.0);
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

#[test]
fn scans_run_by_date_then_number_and_keep_every_filter() {
    let mut book = book(&[(5, 1, 2, 10), (3, 1, 2, 20), (5, 3, 4, 30), (9, 1, 3, 40)]);
    let all = Scan::default();
    assert_eq!(numbers(&mut book, &all), [2, 1, 3, 4]);
    let newest = Scan {
        order: super::super::Order::NewestFirst,
        limit: Some(2),
        ..Scan::default()
    };
    assert_eq!(numbers(&mut book, &newest), [4, 3]);
    let span = Scan {
        from: Some(Day(4).date()),
        until: Some(Day(9).date()),
        accounts: Some(vec![AccountKey(1)]),
        ..Scan::default()
    };
    assert_eq!(numbers(&mut book, &span), [1]);
    let words = Scan {
        words: vec!["CAFE".to_owned(), "3".to_owned()],
        ..Scan::default()
    };
    assert_eq!(numbers(&mut book, &words), [3]);
}

#[test]
fn ids_are_the_same_each_time_and_find_their_transaction() {
    let mut book = book(&[(5, 1, 2, 10), (5, 1, 2, 10)]);
    let first = book.find(Target::Number(Number(1))).unwrap().unwrap();
    let second = book.find(Target::Number(Number(2))).unwrap().unwrap();
    assert_ne!(
        first.id, second.id,
        "equal transactions stand at two places"
    );
    assert_eq!(book.find(Target::Id(second.id)).unwrap(), Some(second));
    assert_eq!(book.find(Target::Number(Number(0))).unwrap(), None);
    assert_eq!(book.find(Target::Number(Number(3))).unwrap(), None);
}

#[test]
fn an_unbalanced_transaction_would_be_found() {
    let mut sound = book(&[(1, 1, 2, 10), (1, 1, 2, 11)]);
    let balanced = |book: &mut MemoryBook| {
        let outcomes = book.check(CheckDepth::Quick).unwrap();
        outcomes
            .iter()
            .find(|o| o.code == "balanced")
            .unwrap()
            .findings
            .len()
    };
    assert_eq!(balanced(&mut sound), 0);
    let row = sound.content.store.len() - 1;
    let entry = CompactEntry::new(AccountKey(1), CurrencyKey(1), 1, 2);
    sound.content.store.push_entry(row, entry, None).unwrap();
    assert_eq!(balanced(&mut sound), 1);
}

proptest! {
    #[test]
    fn totals_are_what_a_naive_fold_gives(
        items in proptest::collection::vec((0i32..400, 1u32..5, 1u32..5, -500i64..500), 0..60),
        cuts in proptest::collection::btree_set(0i32..400, 2..6),
        open in any::<(bool, bool)>(),
    ) {
        let mut book = book(&items);
        let mut cuts: Vec<Date> = cuts.into_iter().map(|d| Day(d).date()).collect();
        if open.0 {
            cuts.insert(0, Date::MIN);
        }
        if open.1 {
            cuts.push(Date::MAX);
        }
        let query = TotalsQuery { cuts: cuts.clone(), accounts: None };
        let mut builder = TotalsBuilder::new(&cuts);
        book.scan(&Scan::default(), &mut |t| {
            builder.add(&t, |_| true);
            ControlFlow::Continue(())
        }).unwrap();
        prop_assert_eq!(book.totals(&query).unwrap(), builder.finish());
    }
}

#[test]
fn the_span_of_an_empty_book_is_none() {
    let mut book = book(&[]);
    assert_eq!(book.info().unwrap().span, None);
    assert!(
        book.totals(&TotalsQuery::until(Some(date(2026, 1, 1))))
            .unwrap()
            .rows
            .is_empty()
    );
    assert!(matches!(
        book.write(&[], WriteMode::Commit),
        Err(BookError::Unsupported { .. })
    ));
}
