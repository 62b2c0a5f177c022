//! The book of an organisation, asked over a real server, says what the file says, and does what the file does.

use hissab::book::{Book, BookError, Scan};
use std::ops::ControlFlow;

use crate::rich::{everything, rich_shop};
use crate::served::{Served, WHO};
use crate::twins::Twins;

#[test]
fn everything_that_can_be_read_is_the_same_over_the_wire() {
    let mut shop = rich_shop();
    let served = Served::of(&shop.path);
    let here = everything(&mut shop.book).unwrap();
    let there = everything(&mut served.reader()).unwrap();
    for (here, there) in here.lines().zip(there.lines()) {
        assert_eq!(here, there);
    }
    assert_eq!(here.lines().count(), there.lines().count());
    let mut remote = served.reader();
    assert_eq!(remote.verify().unwrap(), shop.book.verify().unwrap());
    for depth in [
        hissab::book::CheckDepth::Quick,
        hissab::book::CheckDepth::Deep,
    ] {
        assert_eq!(
            remote.check(depth).unwrap(),
            shop.book.check(depth).unwrap()
        );
    }
}

#[test]
fn a_reader_speaks_of_one_state_or_says_that_the_book_moved() {
    let shop = rich_shop();
    let served = Served::of(&shop.path);
    let mut reader = served.reader();
    let before = reader.info().unwrap().sequence;
    let post = [hissab::ledger::change::Change::Post(crate::books::draft(
        77,
        crate::books::day(5, 1),
        "tea",
        &[("Expenses:Rent", "10.00"), ("Assets:Cash", "-10.00")],
    ))]
    .to_vec();
    let unit = hissab::ledger::change::Unit {
        operation: hissab::ledger::change::OperationId(uuid::Uuid::from_u128(99)),
        action: "posted".to_owned(),
        reason: None,
        who: "nobody".to_owned(),
        at: jiff::Timestamp::UNIX_EPOCH,
        once: None,
        changes: &post,
    };
    let mode = hissab::ledger::change::WriteMode::Commit;
    let done = served
        .writer()
        .write(&[unit], mode)
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(done.sequence, before + 1);
    let moved = reader.scan(&Scan::default(), &mut |_| ControlFlow::Continue(()));
    assert!(
        matches!(
            moved,
            Err(BookError::Conflict {
                code: "book-moved",
                ..
            })
        ),
        "{moved:?}"
    );
    reader.refresh().unwrap();
    assert_eq!(reader.info().unwrap().sequence, before + 1);
    let record = reader
        .audit(&Default::default())
        .unwrap()
        .pop()
        .unwrap()
        .record;
    // Who and when are the server's to say.
    assert_eq!(
        (record.who.as_str(), record.at.to_string().as_str()),
        (WHO, crate::served::NOW)
    );
}

const WRITERS: &[&str] = &[
    "opening -d 2026-03-31 --create-accounts Assets:Cash=12500 Assets:Bank:HDFC=84200 Equity:Capital=-96700",
    "in 6250 sales",
    "out 120 tea --category Expenses:Tea --create-accounts",
    "add -d 2026-04-02 \"Goods on credit\" \"Assets:Receivable:Sita Stores\" 4800 Income:Sales --create-accounts",
    "gave 500 Sita goods",
    "got 300 Sita",
    "move 20000 Assets:Cash hdfc -d 2026-04-02 --dry-run",
    "move 2000 Assets:Cash hdfc -d 2026-04-02",
    "currency add USD",
    "currency add GBP",
    "currency remove GBP",
    "currency remove INR",
    "currency price USD 83.10 -d 2026-04-01",
    "add -d 2026-04-03 \"Dollar sale\" --dr \"Assets:Bank:USD=10 USD\" --cr Income:Sales=831 --create-accounts",
    "add -d 2026-04-03 Dollars --dr \"Assets:Bank:USD=10 USD @ 83.10\" --cr Income:Sales=831 --create-accounts",
    "add unbalanced Assets:Cash 10 Income:Sales -11",
    "add unknown Assets:Cahs 10 Income:Sales",
    "in 75 --once tea-1 sales",
    "in 75 --once tea-1 sales",
    "in 76 --once tea-1 sales",
    "amend 2 --amount 6500 --reason \"miscounted\"",
    "amend 2 --description \"Counter sales\"",
    "amend 999 --amount 3",
    "void 3 --reason \"entered twice\"",
    "void 3 --reason \"entered twice\"",
    "undo",
    "undo",
    "reverse 2 -d 2026-04-05",
    "tag add 2 shift=morning",
    "recategorise Expenses:Tea --to Expenses:Travel --create-accounts",
    "account add Expenses:Repairs",
    "account rename Expenses:Repairs Expenses:Upkeep",
    "account set Assets:Bank:HDFC --alias upi --code 1010",
    "account close Expenses:Upkeep",
    "account reopen Expenses:Upkeep",
    "party add \"Gupta Traders\" --supplier --phone 98100",
    "took 900 Gupta stock",
    "paid 400 Gupta",
    "count Assets:Cash 100",
    "assert Assets:Bank:HDFC 1 -d 2026-03-31",
    "lock 2026-03-31",
    "in 5 -d 2026-03-01 sales",
    "lock --off --reason \"auditor asked\"",
    "check accept duplicate-suspect 2 --reason \"two sales\"",
    "close --fy 2025-26",
];

const READERS: &[&str] = &[
    "tb",
    "tb --fy 2026-27",
    "tb --json",
    "tb -O csv",
    "tb --as-of 2026-04-02",
    "balance",
    "balance -M -O csv",
    "balance-sheet",
    "income-statement -Q --json",
    "cash-flow",
    "ledger Assets:Cash",
    "ledger --all -O csv",
    "ledger hdfc --limit 3 --json",
    "register Income",
    "journal",
    "journal -O ndjson",
    "journal --void -O csv",
    "print",
    "daybook",
    "daybook 2026-04-02",
    "cashbook",
    "bankbook",
    "dues",
    "ageing",
    "statement Sita",
    "search sale",
    "search goods --json",
    "accounts",
    "accounts -O csv",
    "payees",
    "descriptions",
    "codes",
    "tags",
    "currencies",
    "stats",
    "activity",
    "show 2",
    "show 2 --history",
    "show 3 --json",
    "show 999",
    "log",
    "log 2 --json",
    "undo --list",
    "account list",
    "party list",
    "currency list",
    "check",
    "check --deep --json",
    "audit list",
    "audit list --json",
    "audit show 4",
    "audit verify",
    "audit head",
    "import list",
    "export -O csv",
    "export -O json",
    "export -O ndjson",
    "export -O hledger",
    "tb nosuch",
    "ledger nosuch",
    "balance -X USD",
];

#[test]
fn every_command_prints_the_same_bytes_on_a_server() {
    every_command(&Twins::new());
}

#[cfg(feature = "postgres")]
#[test]
fn every_command_prints_the_same_bytes_on_postgres() {
    every_command(&Twins::with(Served::began_in_postgres));
}

fn every_command(twins: &Twins) {
    for line in WRITERS {
        twins.both(line);
        let (here, there) = twins.heads();
        assert_eq!(here, there, "after hissab {line}");
    }
    for line in READERS {
        twins.both(line);
    }
    assert!(twins.served.url().starts_with("http://127.0.0.1:"));
}

#[test]
fn undo_names_what_it_takes_back_by_whatever_name_one_goes_here() {
    let mut twins = Twins::new();
    // The server's log has the member's email, whatever this machine calls its user.
    twins.remote.set("HISSAB_USER_NAME", "somebody else");
    for line in [
        "in 500 sales",
        "undo --dry-run",
        "undo",
        "undo --list",
        "in 5oo sales",
    ] {
        twins.both(line);
    }
    assert!(
        twins
            .both("void 1 --reason \"\"")
            .stderr
            .contains("says nothing")
    );
}
