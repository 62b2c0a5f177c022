//! What becomes of splits, and what is refused.

use jiff::civil::date;

use crate::formats::journal::{Input, JournalError, ReadJournal, ReadOptions};
use crate::formats::whole::{self, Tool};
use crate::ledger::transaction::Status;

const SHOP: &[u8] = include_bytes!("../../../tests/data/gnucash/shop.gnucash");

fn read(bytes: &[u8]) -> Result<ReadJournal, Vec<JournalError>> {
    let options = ReadOptions::new(date(2026, 1, 1));
    whole::read(
        vec![(Some(Tool::Gnucash), Input::bytes("x", bytes))],
        &options,
    )
}

fn shop_with(from: &str, to: &str) -> Result<ReadJournal, &'static str> {
    let text = String::from_utf8(SHOP.to_vec()).unwrap();
    assert!(text.contains(from), "{from}");
    read(text.replacen(from, to, 1).as_bytes()).map_err(|errors| errors[0].fault.code)
}

#[test]
fn days_marks_texts_and_ids_are_kept() {
    let read = read(SHOP).unwrap();
    let store = &read.book.store;
    assert_eq!(store.len(), 8);
    // The slot has the day; the instant is of the evening before.
    assert_eq!(store.row(1).day.date(), date(2024, 1, 15));
    assert_eq!(store.description(0), "Opening & start");
    assert_eq!(store.reference(0), "1");
    assert_eq!(store.entries(0)[0].status, Status::Cleared);
    let detail = store.detail(1).unwrap();
    assert_eq!(
        detail.id.unwrap().simple().to_string(),
        format!("{:032x}", 101)
    );
    assert_eq!(detail.metadata[0].1, "two shops\nin one day");
    let bought = store.entry_detail(&store.entries(3)[0]).unwrap();
    assert_eq!(bought.price.unwrap().amount.to_string(), "150");
    assert_eq!(
        read.book.prices[0].rate.unwrap().to_string(),
        "15.223333333333"
    );
    let bank = read.book.chart.find("Assets:Bank- main").unwrap();
    assert_eq!(
        (bank.code.as_deref(), bank.note.as_deref()),
        (Some("1010"), Some("The bank\nopened 2019"))
    );
    let said = read.notes.to_string();
    for text in [
        "1 transactions that move nothing",
        "1 scheduled transactions",
        "1 splits of shares",
        "1 splits without shares",
        "1 prices come out uneven",
    ] {
        assert!(said.contains(text), "{text}: {said}");
    }
}

#[test]
fn what_cannot_be_right_is_refused() {
    for (from, to, code) in [
        ("5025/100", "5026/100", "bad-record"),
        ("<split:value>5025/100", "<split:value>x", "bad-record"),
        (
            "<split:value>1/4</split:value>\n      <split:quantity>1/4",
            "<split:value>1/3</split:value>\n      <split:quantity>1/3",
            "bad-amount",
        ),
        (
            "<split:value>1/4</split:value>\n      <split:quantity>1/4",
            "<split:value>1/2</split:value>\n      <split:quantity>1/2",
            "unbalanced",
        ),
        (
            "<split:value>1/4</split:value>",
            "<split:value>1/0</split:value>",
            "bad-amount",
        ),
        ("2024-02-01 10", "2024-02-31 10", "bad-date"),
        ("<trn:currency>", "<trn:x>", "bad-xml"),
        ("</gnc-v2>", "", "cut-short"),
    ] {
        assert_eq!(shop_with(from, to).err(), Some(code), "{from}");
    }
    let parent = format!("<act:parent type=\"guid\">{:032x}</act:parent>", 10);
    let own = format!("<act:parent type=\"guid\">{:032x}</act:parent>", 11);
    assert_eq!(
        shop_with(&parent, &own).err(),
        Some("bad-record"),
        "an account below itself"
    );
    let account = format!("<split:account type=\"guid\">{:032x}", 18);
    assert_eq!(
        shop_with(&account, "<split:account type=\"guid\">00").err(),
        Some("unknown-account")
    );
    assert!(read(b"<gnc-v2></gnc-v2>").is_err());
}
