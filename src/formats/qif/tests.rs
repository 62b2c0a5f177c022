use super::*;
use crate::formats::statement::Statement;
use jiff::civil::date;

fn statements(text: &str) -> Vec<Statement> {
    read(text, &Options::default())
        .unwrap()
        .statements(text, false)
        .unwrap()
}

fn days(text: &str) -> Vec<Date> {
    statements(text)[0].rows.iter().map(|r| r.date).collect()
}

#[test]
fn a_record_says_who_what_and_where_to() {
    let all = statements(
        "!Type:Bank\nD25/04/2026\nT-1,234.50\nN124\nPGupta Traders\nMbill 7\nLPurchases:Tea/Shop\n^\n\
         D26/04/2026\nU50.00\nPSale\n^\n",
    );
    let [one] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(
        (one.number.clone(), one.details.clone()),
        (None, vec!["day-first".to_owned()])
    );
    let row = &one.rows[0];
    assert_eq!(
        (row.date, row.amount.to_string()),
        (date(2026, 4, 25), "-1234.50".to_owned())
    );
    assert_eq!(
        (row.description.as_str(), row.reference.as_deref()),
        ("Gupta Traders", Some("124"))
    );
    assert_eq!(row.category.memo.as_deref(), Some("bill 7"));
    assert_eq!(row.category.named.as_deref(), Some("Purchases:Tea"));
    assert_eq!(
        (
            row.category.tags[0].name.as_str(),
            row.category.tags[0].value.as_str()
        ),
        ("class", "Shop")
    );
    assert!(row.raw.starts_with("D25/04/2026") && row.raw.ends_with('^'));
    assert_eq!(one.rows[1].amount.to_string(), "50.00");
}

#[test]
fn the_order_of_dates_is_decided_over_the_file() {
    let file = |dates: &[&str]| -> String {
        let records: Vec<String> = dates
            .iter()
            .map(|d| format!("D{d}\nT1.00\nPx\n^\n"))
            .collect();
        format!("!Type:CCard\n{}", records.concat())
    };
    assert_eq!(
        days(&file(&["6/ 1'26", "6/25'26"])),
        [date(2026, 6, 1), date(2026, 6, 25)]
    );
    assert_eq!(
        days(&file(&["1.6.26", "25.6.26"])),
        [date(2026, 6, 1), date(2026, 6, 25)]
    );
    assert_eq!(
        days(&file(&["12/19' 5", "12/31/94"])),
        [date(1994, 12, 31), date(2005, 12, 19)]
    );
    assert_eq!(days(&file(&["2026-06-01"])), [date(2026, 6, 1)]);
    let read = |dates: &[&str]| read(&file(dates), &Options::default()).unwrap_err();
    let fault = read(&["6/1/2026"]);
    assert_eq!((fault.code, fault.line), ("ambiguous-dates", Some(2)));
    assert!(matches!(fault.question, Some(Question::DateOrder { .. })));
    assert_eq!(read(&["25/6/2026", "6/25/2026"]).code, "mixed-dates");
    assert_eq!(read(&["soon"]).code, "unreadable-date");
    assert_eq!(read(&["31/31/2026"]).code, "unreadable-date");
}

#[test]
fn the_decimal_mark_is_decided_over_the_file() {
    let file = |amounts: &[&str]| -> String {
        let records: Vec<String> = amounts
            .iter()
            .map(|a| format!("D2026-06-01\nT{a}\nPx\n^\n"))
            .collect();
        format!("!Type:Cash\n{}", records.concat())
    };
    let values = |amounts: &[&str]| -> Vec<String> {
        statements(&file(amounts))[0]
            .rows
            .iter()
            .map(|r| r.amount.to_string())
            .collect()
    };
    assert_eq!(values(&["1.234", "-5,50"]), ["1234", "-5.50"]);
    assert_eq!(values(&["1,234", "-5.50"]), ["1234", "-5.50"]);
    assert_eq!(values(&["7", "-8"]), ["7", "-8"]);
    let read = |amounts: &[&str]| read(&file(amounts), &Options::default()).unwrap_err();
    assert_eq!(read(&["1,234"]).code, "ambiguous-decimal-mark");
    assert_eq!(read(&["1,50", "1.50"]).code, "mixed-decimal-marks");
    assert_eq!(read(&["x"]).code, "unreadable-amount");
    assert_eq!(read(&[""]).code, "unreadable-amount");
}

#[test]
fn splits_and_transfers_name_the_other_side() {
    let all = statements(
        "!Option:AutoSwitch\n!Account\nNChecking\nTBank\n^\nNSavings\nTBank\n^\n!Clear:AutoSwitch\n!Account\nNChecking\nTBank\n^\n\
         !Type:Bank\nD2026-06-01\nT-100.00\nPShop\nLFood\nSFood\nEbread\n$-60.00\nS[Savings]/x\n$-40.00\n^\n\
         D2026-06-02\nT-10.00\nP\nL[Savings]\n^\nD2026-06-03\nT-10.00\nSFuel\nEcar\n$-10.00\n^\n\
         D2026-05-01\nT500.00\nPOpening Balance\nL[Checking]\n^\n\
         D2026-06-04\nT-10.00\nPodd\nSa\n$-1.00\nSb\n$-2.00\n^\n!Account\nNSavings\nTBank\n^\n!Type:Bank\nD2026-06-02\nT10.00\nL[Checking]\n^\n",
    );
    let numbers: Vec<_> = all.iter().map(|s| s.number.as_deref().unwrap()).collect();
    assert_eq!(numbers, ["Checking", "Savings"]);
    let [opening, shop, savings, fuel, odd] = all[0].rows.as_slice() else {
        panic!()
    };
    assert_eq!(opening.category.named.as_deref(), Some("Opening Balances"));
    let splits: Vec<_> = shop
        .category
        .splits
        .iter()
        .map(|s| (s.named.as_deref().unwrap(), s.amount.to_string()))
        .collect();
    assert_eq!(
        splits,
        [
            ("Food", "60.00".to_owned()),
            ("[Savings]", "40.00".to_owned())
        ]
    );
    assert_eq!(savings.category.counter_number.as_deref(), Some("Savings"));
    assert_eq!(savings.description, "[Savings]");
    assert_eq!(
        (
            fuel.category.named.as_deref(),
            fuel.category.memo.as_deref()
        ),
        (Some("Fuel"), Some("car"))
    );
    assert_eq!(odd.category.splits.len(), 2);
    assert!(
        all[0].notes[0].text.contains("leave -7.00"),
        "{:?}",
        all[0].notes
    );
}

#[test]
fn what_is_no_account_of_money_is_left_out_or_refused_with_the_reason() {
    let lists = "!Type:Cat\nNFood\nE\n^\n!Type:Memorized\nT5\nPx\n^\n";
    let invest =
        "!Account\nNBroker\nTInvst\n^\n!Type:Invst\nD1/1/2026\nNBuy\nYACME\nI5\nQ2\nT10\n^\n";
    let bank = "!Account\nNA\nTBank\n^\n!Type:Bank\nD2026-01-01\nT5\nPx\n^\n";
    let all = statements(&[lists, invest, bank].concat());
    assert_eq!((all.len(), all[0].rows.len()), (1, 1));
    assert!(
        all[0].notes[0]
            .text
            .contains("Broker is an investment account")
    );
    let fault = read(invest, &Options::default())
        .unwrap()
        .statements(invest, false)
        .unwrap_err();
    assert_eq!(fault.code, "not-a-statement");
    assert!(fault.why.contains("investment"), "{}", fault.why);
    let cut = bank
        .strip_suffix("Px\n^\n")
        .unwrap()
        .strip_suffix('\n')
        .unwrap();
    assert_eq!(
        read(cut, &Options::default()).unwrap_err().code,
        "cut-short"
    );
}

#[test]
fn remarks_above_the_file_are_passed_over_and_sections_nobody_reads_are_named() {
    let text = "# written by a converter\n^\n!Type:Bank\nD25/04/2026\nT-5.00\n^\n!Type:Invoice\nD25/04/2026\nT9.00\n^\n!Type:Cat\nNFood\n^\n";
    let sniffed = crate::formats::sniff::content(text.as_bytes());
    assert_eq!(sniffed, Ok(crate::formats::sniff::Content::Qif));
    let all = statements(text);
    assert_eq!(all[0].rows.len(), 1);
    let notes: Vec<&str> = all[0].notes.iter().map(|n| n.text.as_str()).collect();
    assert_eq!(notes, ["the section !Type:Invoice is not read: left out"]);
}
