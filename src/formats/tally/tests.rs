//! What becomes of vouchers, bills and openings, and what is refused.

use jiff::civil::date;

use crate::formats::journal::{Input, JournalError, ReadJournal, ReadOptions};
use crate::formats::sniff::{Content, content};
use crate::formats::whole::{self, Tool};
use crate::ledger::transaction::{Status, Voucher};

const MASTERS: &[u8] = include_bytes!("../../../tests/data/tally/masters.xml");
const VOUCHERS: &[u8] = include_bytes!("../../../tests/data/tally/vouchers.xml");
const DAY_BOOK: &str = include_str!("../../../tests/data/tally/daybook.csv");

fn read(inputs: &[(Tool, &[u8])]) -> Result<ReadJournal, Vec<JournalError>> {
    let options = ReadOptions::new(date(2026, 1, 1));
    let inputs = inputs
        .iter()
        .map(|(tool, bytes)| (Some(*tool), Input::bytes("x", *bytes)));
    whole::read(inputs.collect(), &options)
}

fn xml(text: &str) -> Result<ReadJournal, (&'static str, u64)> {
    read(&[(Tool::TallyXml, text.as_bytes())])
        .map_err(|errors| (errors[0].fault.code, errors[0].line))
}

#[test]
fn vouchers_find_their_ledgers_in_another_file() {
    let read = read(&[(Tool::TallyXml, VOUCHERS), (Tool::TallyXml, MASTERS)]).unwrap();
    let store = &read.book.store;
    // Four openings, then the vouchers that count.
    assert_eq!(store.len(), 4 + 7);
    assert_eq!(store.row(0).day.date(), date(2025, 4, 1));
    assert_eq!(store.detail(0).unwrap().voucher, Some(Voucher::Opening));
    let receipt = store.detail(4).unwrap();
    assert_eq!(receipt.voucher, Some(Voucher::Receipt));
    assert_eq!(receipt.payee.as_deref(), Some("Ramesh & Co"));
    let tags: Vec<String> = receipt
        .tags
        .iter()
        .map(|t| format!("{}={}", t.name, t.value))
        .collect();
    assert_eq!(tags, ["id=c0-00000001", "against=INV-7"]);
    assert_eq!(store.description(4), "Received  by cheque");
    assert_eq!(store.entries(4)[1].status, Status::Cleared);
    let sale = store.detail(5).unwrap();
    assert_eq!(
        (sale.voucher, sale.due),
        (Some(Voucher::Sales), Some(date(2025, 5, 5)))
    );
    assert!(
        sale.tags
            .iter()
            .any(|t| t.name == "voucher-type" && t.value == "GST Sales")
    );
    assert!(
        sale.tags
            .iter()
            .any(|t| t.name == "bill-number" && t.value == "PO-55")
    );
    let said = read.notes.to_string();
    for text in [
        "4 opening balances are dated 2025-04-01",
        "1 vouchers balance by ISDEEMEDPOSITIVE",
        "1 cancelled",
        "1 optional",
        "1 Stock Journal vouchers post to no ledger and were left out",
        "1 stockitem masters",
    ] {
        assert!(said.contains(text), "{text}: {said}");
    }
    let party = read
        .book
        .chart
        .find("Assets:Current Assets:Sundry Debtors:North Debtors:Ramesh & Co")
        .unwrap();
    assert!(party.account_type.is_party());
    assert_eq!(party.contact.tax_id.as_deref(), Some("27ABCDE1234F1Z5"));
}

#[test]
fn a_ledger_without_group_is_the_book_s_of_that_name_or_is_said() {
    let alone = read(&[(Tool::TallyXml, VOUCHERS)]).unwrap();
    assert!(
        alone
            .notes
            .to_string()
            .contains("ledgers have no group that is known")
    );
    let mut options = ReadOptions::new(date(2026, 1, 1));
    options.accounts = vec!["Assets:Bank:HDFC Bank".to_owned()];
    let input = Input::bytes("x", VOUCHERS);
    let placed = whole::read(vec![(None, input)], &options).unwrap();
    assert!(placed.book.chart.find("Assets:Bank:HDFC Bank").is_some());
    assert!(placed.book.chart.find("HDFC Bank").is_none());
}

fn voucher(entries: &str) -> String {
    format!(
        "<ENVELOPE>\n<VOUCHER><DATE>20250401</DATE><VOUCHERTYPENAME>Journal</VOUCHERTYPENAME>{entries}</VOUCHER></ENVELOPE>"
    )
}

fn entry(ledger: &str, amount: &str) -> String {
    format!(
        "\n<ALLLEDGERENTRIES.LIST><LEDGERNAME>{ledger}</LEDGERNAME><AMOUNT>{amount}</AMOUNT></ALLLEDGERENTRIES.LIST>"
    )
}

#[test]
fn what_cannot_be_right_is_refused() {
    let two = |a: &str, b: &str| voucher(&format!("{}{}", entry("A", a), entry("B", b)));
    assert_eq!(xml(&two("-5.00", "5.00")).unwrap().book.store.len(), 1);
    for (text, want) in [
        (two("-5.00", "4.00"), ("unbalanced", 2)),
        (two("-5.00", "x"), ("bad-amount", 4)),
        (
            two("-5.00", "5.00").replace("20250401", "20250431"),
            ("bad-date", 2),
        ),
        (voucher(&entry("", "5.00")), ("bad-record", 3)),
        (
            "<ENVELOPE><DSPVCHDATE>1-Apr-25</DSPVCHDATE></ENVELOPE>".to_owned(),
            ("empty-file", 0),
        ),
        (
            "<!DOCTYPE x [<!ENTITY a 'b'>]><ENVELOPE/>".to_owned(),
            ("xml-entities", 1),
        ),
    ] {
        assert_eq!(xml(&text).map(|_| ()).err(), Some(want), "{text}");
    }
    // Left out, not refused: nothing of it posts.
    assert_eq!(xml(&voucher("")).unwrap().book.store.len(), 0);
}

/// Seen in a connector's export: the ledgers balance, and goods of nothing stand beside them.
#[test]
fn goods_of_nothing_do_not_hide_the_entries() {
    let goods = "<ALLINVENTORYENTRIES.LIST><ACCOUNTINGALLOCATIONS.LIST><LEDGERNAME>C</LEDGERNAME><AMOUNT>0</AMOUNT></ACCOUNTINGALLOCATIONS.LIST></ALLINVENTORYENTRIES.LIST>";
    let ledgers =
        format!("{}{}", entry("A", "-5.00"), entry("B", "5.00")).replace("ALLLEDGER", "LEDGER");
    let read = xml(&voucher(&format!("{goods}{ledgers}"))).unwrap();
    assert_eq!(read.book.store.entries(0).len(), 2);
}

#[test]
fn payroll_is_read_by_its_pay_heads() {
    let head = |name: &str, amount: &str| {
        format!(
            "<PAYHEADALLOCATIONS.LIST><PAYHEADNAME>{name}</PAYHEADNAME><AMOUNT>{amount}</AMOUNT></PAYHEADALLOCATIONS.LIST>"
        )
    };
    let heads = format!(
        "<CATEGORYENTRY.LIST><EMPLOYEEENTRIES.LIST>{}{}</EMPLOYEEENTRIES.LIST></CATEGORYENTRY.LIST>",
        head("Salary", "-9.00"),
        head("Payable", "9.00")
    );
    assert_eq!(
        xml(&voucher(&heads)).unwrap().book.store.entries(0).len(),
        2
    );
}

#[test]
fn amounts_in_parts_are_read_by_their_side() {
    let part = |ledger: &str, debit: bool| {
        format!(
            "<ALLLEDGERENTRIES.LIST><LEDGERNAME>{ledger}</LEDGERNAME><AMOUNT><AMOUNT>5000</AMOUNT><CURRENCY>₹</CURRENCY><FOREXSYMBOL>- * -</FOREXSYMBOL><ISDEBIT>{debit}</ISDEBIT></AMOUNT></ALLLEDGERENTRIES.LIST>"
        )
    };
    let read = xml(&voucher(&format!(
        "{}{}",
        part("Party", false),
        part("Sales", true)
    )))
    .unwrap();
    let minors: Vec<i64> = read.book.store.entries(0).iter().map(|e| e.minor).collect();
    assert_eq!(minors, [-500_000, 500_000]);
    // Where the side is not said, the sign is: negative is a debit.
    let text = voucher(&format!("{}{}", part("Party", false), part("Sales", true)));
    let text = text
        .replacen("<AMOUNT>5000</AMOUNT>", "<AMOUNT>-5000</AMOUNT>", 1)
        .replace("<ISDEBIT>true</ISDEBIT>", "")
        .replace("<ISDEBIT>false</ISDEBIT>", "");
    let read = xml(&text).unwrap();
    let minors: Vec<i64> = read.book.store.entries(0).iter().map(|e| e.minor).collect();
    assert_eq!(minors, [500_000, -500_000]);
}

/// What hissab wrote comes back in the currencies it left with; of Tally's own vouchers results are kept in the
/// company's currency. The symbol is the one that the file's masters name.
#[test]
fn vouchers_of_ours_keep_the_currencies_of_results() {
    let masters = "<CURRENCY NAME=\"INR\"><MAILINGNAME>INR</MAILINGNAME></CURRENCY><CURRENCY NAME=\"FUNDX\"><MAILINGNAME>FUND 2030</MAILINGNAME></CURRENCY><LEDGER NAME=\"Sales\"><PARENT>Sales Accounts</PARENT></LEDGER>";
    let read = |guid: &str, amount: &str, other: &str| {
        let entries = format!("{}{}", entry("Sales", amount), entry("Bank", other));
        let text = voucher(&format!("<GUID>{guid}</GUID>{entries}"));
        xml(&text.replacen('\n', masters, 1)).unwrap()
    };
    let ours = "01900000-0000-7000-8000-000000000001";
    let first = |read: &ReadJournal| {
        let entry = read.book.store.entries(0)[0];
        let code = &read.book.chart.currency(entry.currency).code;
        (entry.minor, code.to_string())
    };
    let back = read(ours, "FUNDX 10.00 @ INR 7/FUNDX = INR 70.00", "-70.00");
    assert_eq!(first(&back), (-1000, "FUND 2030".to_owned()));
    let of_tally = format!("{ours}-0000001a");
    let kept = read(&of_tally, "FUNDX 10.00 @ INR 7/FUNDX = INR 70.00", "-70.00");
    assert_eq!(first(&kept), (-7000, "INR".to_owned()));
    // A cent that is worth nothing moves nevertheless.
    let cent = read(ours, "-FUNDX 0.01 = INR 0.00", "0.00");
    assert_eq!(first(&cent), (1, "FUND 2030".to_owned()));
}

fn day_book(text: &str) -> Result<ReadJournal, (&'static str, u64, u32)> {
    read(&[(Tool::TallyCsv, text.as_bytes())])
        .map_err(|errors| (errors[0].fault.code, errors[0].line, errors[0].column))
}

#[test]
fn a_day_book_is_vouchers_of_several_rows() {
    assert_eq!(content(DAY_BOOK.as_bytes()), Ok(Content::TallyCsv));
    let read = day_book(DAY_BOOK).unwrap();
    let store = &read.book.store;
    assert_eq!(store.len(), 3);
    assert_eq!(
        (store.description(0), store.reference(1)),
        ("Being capital brought in", "7")
    );
    assert_eq!(store.row(2).day.date(), date(2025, 4, 3));
    assert!(read.notes.to_string().contains("1 cancelled vouchers"));
    // Sides in letters are those of their columns.
    let lettered = DAY_BOOK
        .replace("\"1,25,000.00\",\n,Cap", "\"1,25,000.00 Dr\",\n,Cap")
        .replace(",,,,\"1,25,000.00\"", ",,,,\"1,25,000.00 Cr\"");
    assert_ne!(lettered, DAY_BOOK);
    let again = day_book(&lettered).unwrap();
    let minors = |read: &ReadJournal| -> Vec<i64> {
        read.book.store.entries(0).iter().map(|e| e.minor).collect()
    };
    assert_eq!(minors(&again), minors(&read));
    for (from, to, want) in [
        ("1-Apr-25,Cash", "31-Feb-25,Cash", ("unreadable-date", 7, 1)),
        (",,500.00\n4", ",,x\n4", ("unreadable-amount", 15, 10)),
        (",Cash,,,,500.00", ",,,,,500.00", ("unreadable-row", 15, 2)),
        (",Cash,,,,500.00\n", "", ("unbalanced", 14, 1)),
        ("500.00,\n", "400.00,\n", ("unbalanced", 14, 0)),
    ] {
        assert!(DAY_BOOK.contains(from), "{from}");
        assert_eq!(
            day_book(&DAY_BOOK.replacen(from, to, 1)).map(|_| ()).err(),
            Some(want),
            "{from}"
        );
    }
}
