//! Tests of reading whole transactions from CSV.

use super::*;

const HEAD: &str = "txn_id,date,description,account,debit,credit,currency\n";

fn options(chart: &Chart) -> EntriesOptions<'_> {
    EntriesOptions {
        date_order: None,
        decimal_mark: None,
        home_currency: Arc::from("INR"),
        chart,
    }
}

fn read_text(text: &str) -> Result<ReadJournal, Fault> {
    read("x.csv", text.as_bytes(), &options(&Chart::default()))
}

#[test]
fn rows_of_a_key_become_a_transaction() {
    let text = format!(
        "{HEAD}T1,2024-04-01,Tea,Expenses:Tea,120.00,,INR\nT1,2024-04-01,Tea,Assets:Cash,,120.00,INR\nT2,2024-04-02,Sale,Assets:Cash,5.5,,USD\nT2,2024-04-02,Sale,Income:Sales,,5.50,USD\n"
    );
    assert!(is_entries(text.as_bytes()));
    let journal = read_text(&text).unwrap();
    let store = &journal.book.store;
    assert_eq!(
        (store.len(), store.description(1), store.reference(0)),
        (2, "Sale", "T1")
    );
    assert_eq!(
        store.entries(0).iter().map(|e| e.minor).collect::<Vec<_>>(),
        [12_000, -12_000]
    );
    assert_eq!(store.row(1).line, 4);
    assert_eq!(journal.book.chart.accounts().len(), 3);
}

#[test]
fn priced_rows_balance_by_weight() {
    let head = "number,date,description,account,debit,credit,currency,price\n";
    let rows = "1,2024-04-01,Buy,Assets:USD,100.00,,USD,each 84.5 INR\n1,2024-04-01,Buy,Assets:Bank,,8450.00,INR,\n\
                2,2024-04-02,Odd,Assets:Old,1.00,,USD,84.50\n2,2024-04-02,Odd,Assets:USD,,1.00,USD,\n";
    let text = format!("{head}{rows}");
    assert!(is_entries(text.as_bytes()));
    let journal = read_text(&text).unwrap();
    let store = &journal.book.store;
    let chart = &journal.book.chart;
    let inr = chart.find_currency("INR").unwrap().key;
    assert_eq!(store.weight(&store.entries(0)[0]), (845_000, inr, true));
    // What is no price of ours is some other column.
    assert!(!store.weight(&store.entries(1)[0]).2);
    let wrong = text.replace("84.5 INR", "84.6 INR");
    assert_eq!(read_text(&wrong).unwrap_err().code, "unbalanced");
}

#[test]
fn a_statement_with_an_account_column_is_none() {
    let text = "Account,Date,Transaction ID,Description,Debit,Credit\n0123,2024-04-01,1,x,5.00,\n0123,2024-04-02,2,y,,7.00\n";
    assert!(!is_entries(text.as_bytes()));
}

#[test]
fn faults_name_line_and_column() {
    let good = "T1,2024-04-01,Tea,A:B,120.00,,INR\nT1,2024-04-01,Tea,C,,120.00,INR\n";
    for (rows, code, line, column) in [
        (
            "T2,2024-04-01,Tea,A:B,1.00,,INR\nT2,2024-04-01,Tea,C,,2.00,INR\n",
            "unbalanced",
            4,
            1,
        ),
        ("T2,2024-13-01,Tea,A:B,1.00,,INR\n", "unreadable-date", 4, 4),
        ("T2,2024-04-01,Tea,A:B,x,,INR\n", "unreadable-amount", 4, 23),
        ("T2,2024-04-01,Tea,A::B,1.00,,INR\n", "bad-path", 4, 19),
        (
            "T2,2024-04-01,Tea, milk,A,1.00,,INR\n",
            "too-many-cells",
            4,
            33,
        ),
    ] {
        let text = format!("{HEAD}{good}{rows}");
        let fault = read_text(&text).unwrap_err();
        assert_eq!(
            (fault.code, fault.line, fault.column),
            (code, Some(line), Some(column)),
            "{rows}: {}",
            fault.why
        );
    }
}
