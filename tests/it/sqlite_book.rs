//! The SQLite book below the command line: what only a file has. What every book does is in `contract.rs`.

use hissab::book::mark::{Mark, MarkKind};
use hissab::book::sqlite::SqliteBook;
use hissab::book::{Book, BookError};
use hissab::ledger::change::{Change, WriteMode};

use crate::books::{Shop, WAIT, day, draft, unit_of};

fn sale(shop: &mut Shop, amount: &str) -> u64 {
    shop.post(
        day(4, 2),
        "Counter sale",
        &[
            ("Assets:Cash", amount),
            ("Income:Sales", &format!("-{amount}")),
        ],
    )
}

#[test]
fn a_snapshot_is_the_same_book_and_a_damaged_one_is_not_restored() {
    let mut shop = Shop::new();
    sale(&mut shop, "5.00");
    let copy = shop.folder.path().join("copy.hissab");
    shop.book.snapshot(&copy).unwrap();
    let head = shop.book.info().unwrap().head;
    let mut other = hissab::book::sqlite::SqliteBook::open_read(&copy, WAIT).unwrap();
    assert_eq!(other.info().unwrap().head, head);
    drop(other);
    sale(&mut shop, "6.00");
    let backup = shop.book.restore_from(&copy).unwrap();
    assert_eq!(shop.book.info().unwrap().head, head);
    assert!(backup.exists());
    shop.proves();
    assert_eq!(sale(&mut shop, "7.00"), 2);
}

#[test]
fn a_mark_refuses_writers_that_were_open_before_it_and_is_of_the_file_alone() {
    let mut shop = Shop::new();
    sale(&mut shop, "5.00");
    let path = shop.book.path().to_owned();
    let mark = Mark {
        kind: MarkKind::Moved,
        place: "https://books.example.com/shop".to_owned(),
    };
    let head = shop.book.info().unwrap().head.unwrap();
    assert!(!SqliteBook::set_mark(&path, WAIT, &mark, [7; 32]).unwrap());
    sale(&mut shop, "6.00");
    assert!(
        !SqliteBook::set_mark(&path, WAIT, &mark, head).unwrap(),
        "somebody wrote since"
    );
    let head = shop.book.info().unwrap().head.unwrap();
    assert!(SqliteBook::set_mark(&path, WAIT, &mark, head).unwrap());
    let elsewhere = |error: BookError| matches!(error, BookError::Elsewhere { mark: found, .. } if found == mark);
    // This one was open all the time.
    let late = shop.book.write(&[], WriteMode::Commit).unwrap_err();
    assert!(elsewhere(late));
    assert!(elsewhere(
        SqliteBook::open_write(&path, WAIT).err().unwrap()
    ));
    assert_eq!(SqliteBook::mark(&path, WAIT).unwrap(), Some(mark.clone()));
    let copy = shop.folder.path().join("copy.hissab");
    shop.book.snapshot(&copy).unwrap();
    assert_eq!(SqliteBook::mark(&copy, WAIT).unwrap(), None);
    // Filled from a marked file, as a server is that was sent one.
    let mut other = SqliteBook::open_write(&copy, WAIT).unwrap();
    other.restore_from(&path).unwrap();
    drop(other);
    assert_eq!(SqliteBook::mark(&copy, WAIT).unwrap(), None);
    SqliteBook::detach(&path, WAIT).unwrap();
    sale(&mut shop, "7.00");
    shop.proves();
}

#[test]
fn a_reader_that_is_open_for_long_takes_nothing_new_for_damage() {
    let mut shop = Shop::new();
    sale(&mut shop, "5.00");
    let mut reader = SqliteBook::open_read(&shop.path, WAIT).unwrap();
    for _ in 0..24 {
        let outcomes = reader.check(hissab::book::CheckDepth::Deep).unwrap();
        for outcome in outcomes {
            assert!(outcome.findings.is_empty(), "{:?}", outcome.findings);
        }
        sale(&mut shop, "6.00");
        reader.refresh().unwrap();
    }
}

#[test]
fn keys_are_forgotten_after_thirty_days() {
    use hissab::ledger::change::OnceKey;

    let mut shop = Shop::new();
    let keys = |shop: &Shop| -> Vec<String> {
        let conn = rusqlite::Connection::open(&shop.path).unwrap();
        let mut statement = conn.prepare("SELECT key FROM request ORDER BY at").unwrap();
        let keys = statement.query_map([], |row| row.get(0)).unwrap();
        keys.collect::<Result<_, _>>().unwrap()
    };
    let post = |shop: &mut Shop, operation: u128, key: &str| {
        let sale = draft(
            operation,
            day(4, 2),
            "Sale",
            &[("Assets:Cash", "1.00"), ("Income:Sales", "-1.00")],
        );
        let changes = vec![Change::Post(sale)];
        let mut unit = unit_of(operation, "posted", "asha", &changes);
        unit.once = Some(OnceKey {
            key: key.to_owned(),
            content: [7; 32],
        });
        shop.book.write(&[unit], WriteMode::Commit).unwrap()[0]
            .as_ref()
            .unwrap()
            .numbers
            .clone()
    };
    const DAY: u128 = 24 * 60 * 60;
    assert_eq!(post(&mut shop, 1_000, "first"), [(1, 1)]);
    assert_eq!(post(&mut shop, 1_000 + 30 * DAY, "second"), [(2, 2)]);
    assert_eq!(keys(&shop), ["first", "second"]);
    assert_eq!(post(&mut shop, 1_001 + 30 * DAY, "third"), [(3, 3)]);
    assert_eq!(keys(&shop), ["second", "third"]);
}

#[test]
fn a_long_scan_is_read_ahead_and_can_be_left_anywhere() {
    use std::ops::ControlFlow;

    use hissab::book::{Order, Scan};

    let mut shop = Shop::new();
    let many = 4_500_u64;
    let posts = (1..=many).map(|n| {
        let minor = format!("{n}.00");
        let entries = [
            ("Assets:Cash", &*minor),
            ("Income:Sales", &*format!("-{minor}")),
        ];
        // Days run backwards: the order is not that of the numbers.
        let on = day(4, 28 - i8::try_from(n * 28 / (many + 1)).unwrap());
        Change::Post(crate::books::draft(
            u128::from(n) + 1_000_000,
            on,
            "sale",
            &entries,
        ))
    });
    shop.write("posted", posts.collect()).unwrap();
    let mut found = |scan: &Scan, enough: usize| {
        let mut numbers = Vec::new();
        shop.book
            .scan(scan, &mut |t| {
                assert_eq!(t.entries[0].minor, i64::try_from(t.number.0).unwrap() * 100);
                numbers.push((t.date, t.number));
                match numbers.len() < enough {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })
            .unwrap();
        numbers
    };
    let whole = found(&Scan::default(), usize::MAX);
    assert_eq!(whole.len() as u64, many);
    assert!(whole.is_sorted());
    for enough in [1, 511, 512, 513, 1_024, 4_499] {
        assert_eq!(found(&Scan::default(), enough), whole[..enough], "{enough}");
    }
    let backwards = Scan {
        order: Order::NewestFirst,
        ..Scan::default()
    };
    let turned: Vec<_> = whole.iter().rev().copied().collect();
    assert_eq!(found(&backwards, usize::MAX), turned);
    // A limit is read without a thread: the same begins it.
    let page = Scan {
        limit: Some(600),
        ..Scan::default()
    };
    assert_eq!(found(&page, usize::MAX), whole[..600]);
}
