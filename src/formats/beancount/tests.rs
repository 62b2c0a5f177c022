//! What is refused and where, what is noted, and what becomes of texts and marks.

use jiff::civil::date;

use crate::formats::journal::{Input, JournalError, ReadJournal, ReadOptions};
use crate::formats::sniff::{Content, content};
use crate::formats::whole::{self, Tool};
use crate::ledger::transaction::Status;

const OPENS: &str =
    "2019-01-01 open Assets:A\n2019-01-01 open Assets:B\n2019-01-01 open Equity:Open\n";

fn read_with(text: &str, options: &ReadOptions) -> Result<ReadJournal, Vec<JournalError>> {
    let input = Input::bytes("x.beancount", text);
    whole::read(vec![(Some(Tool::Beancount), input)], options)
}

fn read(text: &str) -> Result<ReadJournal, Vec<JournalError>> {
    read_with(text, &ReadOptions::new(date(2026, 1, 1)))
}

fn refused(text: &str) -> (&'static str, u64, u32) {
    let errors = read(&format!("{OPENS}{text}")).map(|_| ()).expect_err(text);
    (errors[0].fault.code, errors[0].line, errors[0].column)
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let two = "2020-01-02 * \"x\"\n  Assets:A  ";
    for (text, want) in [
        ("2020-02-30 open Assets:C\n", ("bad-date", 4, 1)),
        ("2020-01-01 foo Assets:C\n", ("bad-directive", 4, 12)),
        ("frobnicate\n", ("bad-directive", 4, 1)),
        ("2020-01-01 open assets:c\n", ("bad-account", 4, 17)),
        ("2020-01-01 open Assets:C usd\n", ("bad-directive", 4, 26)),
        (
            "2020-01-01 open Assets:C \"WHAT\"\n",
            ("bad-directive", 4, 32),
        ),
        ("2020-01-01 * \"x\n", ("unclosed-quote", 4, 14)),
        (
            &format!("{two}1,00 USD\n  Assets:B\n"),
            ("bad-amount", 5, 13),
        ),
        (&format!("{two}1 usd\n"), ("bad-directive", 5, 15)),
        (
            &format!("{two}1 USD @ -2 EUR\n  Assets:B\n"),
            ("bad-price", 5, 20),
        ),
        (
            &format!("{two}1 X {{*}}\n  Assets:B\n"),
            ("unsupported", 5, 19),
        ),
        (
            &format!("{two}1 X {{2 USD\n  Assets:B\n"),
            ("bad-cost", 5, 23),
        ),
        (&format!("{two}1 USD\n\n  Assets:B\n"), ("stray-line", 7, 3)),
        (
            &format!("{two}1 USD\n  Assets:B -2 USD\n"),
            ("unbalanced", 4, 0),
        ),
        (
            &format!("{two}1 USD\n  Assets:B\n  Assets:B\n"),
            ("several-amounts-missing", 7, 0),
        ),
        (
            &format!("{two}1 USD\n  Assets:B USD\n  Assets:B USD\n"),
            ("several-amounts-missing", 7, 0),
        ),
        (&format!("{two}5\n  Assets:B\n"), ("bad-amount", 5, 0)),
        (
            "2020-01-03 balance Assets:A 1 USD\n",
            ("assertion-failed", 4, 0),
        ),
        ("plugin \"my.own\"\n", ("unsupported", 4, 1)),
        ("option \"booking_method\" \"X\"\n", ("bad-option", 4, 1)),
        (
            "include \"nowhere.beancount\"\n",
            ("include-not-found", 4, 1),
        ),
        ("poptag #x\n", ("bad-directive", 4, 10)),
        ("popmeta x:\n", ("bad-directive", 4, 11)),
    ] {
        assert_eq!(refused(text), want, "{text}");
    }
}

#[test]
fn lots_that_cannot_be_told_are_refused() {
    let bought = "2020-01-02 * \"x\"\n  Assets:A  5 X {2 USD}\n  Assets:A  5 X {3 USD}\n  Assets:B\n2020-01-03 * \"y\"\n";
    for (sale, code) in [
        ("-2 X {}", "ambiguous-lot"),
        ("-2 X {4 USD}", "no-lot"),
        ("-6 X {2 USD}", "no-lot"),
        ("-11 X {}", "ambiguous-lot"),
        ("-2 X {2020-01-03}", "no-lot"),
        ("1 X {}", "bad-cost"),
    ] {
        let text = format!("{bought}  Assets:A  {sale}\n  Assets:B  1 USD\n  Equity:Open 3 USD\n");
        let code_found = refused(&text).0;
        assert!(
            code_found == code || sale == "1 X {}",
            "{sale}: {code_found}"
        );
    }
    let padded = format!(
        "{bought}  Assets:A -1 X {{2 USD}}\n  Assets:B\n2020-01-04 pad Assets:A Equity:Open\n2020-01-05 balance Assets:A 20 X\n"
    );
    assert_eq!(refused(&padded).0, "bad-pad");
}

#[test]
fn texts_tags_links_and_metadata_are_kept() {
    let text = format!(
        "{OPENS}pushmeta trip: \"Rome\"\n2020-01-02 ! \"Payee\" \"two\nlines\" #t ^l-1\n  voucher: \"journal\"\n  id: \"01890000-0000-7000-8000-000000000001\"\n  # Assets:A  1 USD\n    k-1: Assets:B\n  * Assets:B\n"
    );
    let read = read(&text).unwrap();
    let store = &read.book.store;
    let detail = store.detail(0).unwrap();
    assert_eq!(store.description(0), "two lines");
    assert_eq!(detail.payee.as_deref(), Some("Payee"));
    assert!(detail.id.is_some() && detail.voucher.is_some());
    let tags: Vec<String> = detail
        .tags
        .iter()
        .map(|t| format!("{}={}", t.name, t.value))
        .collect();
    assert_eq!(tags, ["trip=Rome", "t=", "link=l-1"]);
    assert_eq!(store.row(0).status, Status::Pending);
    let entries = store.entries(0);
    assert_eq!(entries[1].status, Status::Cleared);
    let tags: Vec<String> = store
        .entry_detail(&entries[0])
        .unwrap()
        .tags
        .iter()
        .map(|t| format!("{}={}", t.name, t.value))
        .collect();
    assert_eq!(tags, ["k-1=Assets:B", "flag=#"]);
}

#[test]
fn a_rest_within_the_tolerance_is_booked_and_said() {
    let read = read(&format!(
        "{OPENS}2020-01-02 * \"x\"\n  Assets:A  10.00 USD\n  Assets:B  -10.005 USD\n"
    ))
    .unwrap();
    let entries = read.book.store.entries(0);
    assert_eq!(
        entries.iter().map(|e| e.minor).collect::<Vec<_>>(),
        [10_000, -10_005, 5]
    );
    assert_eq!(
        &*read.book.chart.account(entries[2].account).path,
        "Equity:Rounding"
    );
    assert!(
        read.notes.to_string().contains("1 transactions are off"),
        "{}",
        read.notes
    );
}

#[test]
fn a_plugin_is_passed_over_if_that_is_said() {
    let options = ReadOptions {
        ignore_plugins: true,
        ..ReadOptions::new(date(2026, 1, 1))
    };
    let read = read_with(&format!("{OPENS}plugin \"my.own\" \"x\"\n"), &options).unwrap();
    assert!(read.notes.to_string().contains("my.own was not run"));
    let options = ReadOptions {
        ignore_assertions: true,
        ..ReadOptions::new(date(2026, 1, 1))
    };
    let read = read_with(
        &format!("{OPENS}2020-01-03 balance Assets:A 1 USD\n"),
        &options,
    )
    .unwrap();
    assert_eq!(read.notes.failed_assertions.len(), 1);
}

#[test]
fn a_balance_at_the_start_of_a_day_is_kept_for_the_day_before() {
    let read = read(&format!(
        "{OPENS}2020-01-02 * \"x\"\n  Assets:A  1 USD\n  Assets:B\n2020-01-02 balance Assets:A 0 USD\n2020-01-03 balance Assets:A 1 USD\n"
    ))
    .unwrap();
    let on: Vec<_> = read
        .book
        .assertions
        .iter()
        .map(|a| (a.on, a.amount.to_string()))
        .collect();
    assert_eq!(
        on,
        [
            (date(2020, 1, 1), "0".to_owned()),
            (date(2020, 1, 2), "1".to_owned())
        ]
    );
}

#[test]
fn nesting_and_large_numbers_end_in_an_error() {
    let many = "9".repeat(28);
    for amount in [
        format!("{}1 USD", "(".repeat(50_000)),
        format!("{many} USD"),
        format!("{many}*{many} USD"),
        format!("{many} X {{{many} USD}}"),
        format!("{many} X @ {many} USD"),
        "1/0 USD".to_owned(),
    ] {
        let text = format!("{OPENS}2020-01-02 * \"x\"\n  Assets:A  {amount}\n  Assets:B\n");
        assert!(read(&text).is_err(), "{amount:.40}");
    }
    let open = format!("2020-01-02 * \"{}", "x\n".repeat(2_000_000));
    let errors = read(&open).unwrap_err();
    assert_eq!((errors.len(), errors[0].fault.code), (1, "unclosed-quote"));
}

#[test]
fn ledgers_are_known_by_what_they_hold() {
    for text in [
        "option \"title\" \"x\"\n",
        "; c\n* Heading\n2020-01-01 open Assets:A USD\n",
        "2020-01-01 * \"Payee\" \"text\" #tag ^link ; c\n  Assets:A  1 USD\n  Assets:B\n",
        "2020-01-01 txn \"text\"\n  Assets:A  1 USD\n",
        "include \"a.beancount\"\n",
        "2020-01-01 price USD 3 EUR\n",
    ] {
        assert_eq!(content(text.as_bytes()), Ok(Content::Beancount), "{text}");
    }
    for text in [
        "2020-01-01 * \"Joe's\" shop\n  a  1\n  b\n",
        "2020-01-01 open the shop\n  a  1\n  b\n",
        "2020-01-01 * text\n  a  1\n  b\n",
        "2020-01-01 balance\n  a  1\n  b\n",
    ] {
        assert_eq!(content(text.as_bytes()), Ok(Content::Journal), "{text}");
    }
}
