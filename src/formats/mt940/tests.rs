use super::*;
use crate::formats::statement::{Proof, Statement};
use jiff::civil::date;

fn statements(text: &str) -> Vec<Statement> {
    read(text).unwrap().statements(text, false).unwrap()
}

fn one(text: &str) -> Statement {
    let mut all = statements(text);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn amounts(statement: &Statement) -> Vec<String> {
    statement
        .rows
        .iter()
        .map(|r| r.amount.to_string())
        .collect()
}

/// A message around some rows.
fn message(rows: &str, closing: &str) -> String {
    format!(
        ":20:X\r\n:25:DE12/345\r\n:28C:1/1\r\n:60F:C260401EUR100,00\r\n{rows}:62F:{closing}\r\n-\r\n"
    )
}

#[test]
fn credits_debits_and_what_takes_them_back() {
    let text = message(
        ":61:2604010401C10,NTRFNONREF\r\n:86:in\r\n\
         :61:2604020402DR4,50NMSCNONREF\r\n:86:out, with a funds code\r\n\
         :61:2604030403RC10,NTRFNONREF\r\n:86:the credit taken back\r\n\
         :61:2604040404RDR4,50NMSCNONREF\r\n:86:the debit taken back\r\n\
         :61:260405ED99,NMSCNONREF\r\n:86:expected\r\n",
        "C260430EUR100,00",
    );
    let read = one(&text);
    assert_eq!(amounts(&read), ["10", "-4.50", "-10", "4.50"]);
    assert_eq!(read.series[0].proof, Proof::Ends);
    assert_eq!(read.number.as_deref(), Some("DE12/345"));
    assert!(
        read.notes[0].text.contains("1 expected"),
        "{:?}",
        read.notes
    );
    assert_eq!(read.rows[1].description, "out, with a funds code");
}

#[test]
fn days_without_a_year_lie_next_to_the_day_of_value() {
    let text = message(
        ":61:2601011231D1,NMSC\r\n:61:2512310102D1,NMSC\r\n:61:2602300302D1,NMSC\r\n:61:260230D1,NMSC\r\n:61:2402290229D1,NMSC\r\n",
        "C260430EUR95,00",
    );
    let days: Vec<Date> = one(&text).rows.iter().map(|r| r.date).collect();
    assert_eq!(
        days,
        [
            date(2024, 2, 29),
            date(2025, 12, 31),
            date(2026, 1, 2),
            date(2026, 2, 28),
            date(2026, 3, 2)
        ]
    );
}

#[test]
fn an_impossible_day_or_amount_is_named_with_its_line() {
    for (row, code) in [
        (":61:2604310431D1,NMSC\r\n", "unreadable-date"),
        (":61:26AB01D1,NMSC\r\n", "unreadable-date"),
        (":61:260401D1,2,3NMSC\r\n", "unreadable-amount"),
        (":61:260401X1,NMSC\r\n", "unreadable-amount"),
        (":61:2604\r\n", "unreadable-amount"),
    ] {
        let fault = read(&message(row, "C260430EUR100,00")).unwrap_err();
        assert_eq!((fault.code, fault.line), (code, Some(5)), "{row}");
        assert!(fault.text.unwrap().starts_with("26"), "{row}");
    }
}

#[test]
fn numbered_details_give_purpose_name_and_account() {
    let text = message(
        ":61:2604010401D33,NDDTEREF12//BANK7\r\n\
         :86:105?00FOLGELASTSCHRIFT?109248?20EREF+RG-2026-17?21MREF+M1?22CRED+DE98ZZZ\r\n\
         ?23SVWZ+Strom Abschlag April 2?24026 Kunde 77?30BYLADEM1001?31DE0212030000\r\n\
         0000202051?32STADTWERKE AN DER MUSTERSTA?33DT GMBH?34992\r\n",
        "C260430EUR67,00",
    );
    let row = &one(&text).rows[0];
    assert_eq!(row.description, "Strom Abschlag April 2026 Kunde 77");
    assert_eq!(
        row.payee.as_deref(),
        Some("STADTWERKE AN DER MUSTERSTADT GMBH")
    );
    assert_eq!(
        row.category.counter_number.as_deref(),
        Some("DE02120300000000202051")
    );
    assert_eq!(row.reference.as_deref(), Some("EREF12"));
    assert!(row.raw.starts_with(":61:") && row.raw.ends_with("?34992"));
}

#[test]
fn named_and_free_details_are_read_too() {
    let named = details::Details::of(
        "/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/J. de V\r\nries/REMI/factuur 12/34/EREF/E-9",
    );
    assert_eq!(named.purpose, "factuur 12/34");
    assert_eq!(named.name.as_deref(), Some("J. de Vries"));
    assert_eq!(named.account.as_deref(), Some("NL91ABNA0417164300"));
    assert_eq!(named.reference.as_deref(), Some("E-9"));
    let counterparty = details::Details::of(
        "/EREF/NOTPROVIDED//CNTP/NL13TEST0123456789/TESTNL2A/PERSON ONE///REMI/USTD//Rent April/",
    );
    assert_eq!(counterparty.purpose, "Rent April");
    assert_eq!(counterparty.name.as_deref(), Some("PERSON ONE"));
    assert_eq!(counterparty.reference, None);
    let free = details::Details::of("999PN5477SCHECK-NR. 0000016703074\r\nsecond line");
    assert_eq!(
        free.purpose,
        "999PN5477SCHECK-NR. 0000016703074 second line"
    );
    let polish = details::Details::of("020~00Transfer~20INVOICE 5~21 OF MAY~32HUTA");
    assert_eq!(polish.purpose, "INVOICE 5 OF MAY");
}

#[test]
fn several_statements_pages_and_accounts() {
    let page = |n: u8, number: &str, opening: &str, row: &str, closing: &str| {
        format!(
            ":20:S\n:25:{number}\n:28C:5/{n}\n{opening}\n:61:{row}\n:86:page {n}\n{closing}\n-}}\n"
        )
    };
    let text = [
        "{1:F01BANKDEFFAXXX0000000000}{2:I940BANKDEFFXXXXN}{4:\n",
        &page(
            1,
            "111",
            ":60F:C260401EUR100,",
            "260401D10,NMSC",
            ":62M:C260401EUR90,",
        ),
        "{1:F01BANKDEFFAXXX0000000000}{4:\n",
        &page(
            2,
            "111",
            ":60M:C260401EUR90,",
            "260402D10,NMSC",
            ":62F:C260402EUR80,\n:64:C260402EUR80,",
        ),
        &page(
            1,
            "222EUR",
            ":60F:D260401EUR5,",
            "260401C10,NMSC",
            ":62F:C260401EUR5,\n:86:of the statement",
        ),
    ]
    .concat();
    let all = statements(&text);
    assert_eq!(all.len(), 2);
    assert_eq!(amounts(&all[0]), ["-10", "-10"]);
    assert_eq!(all[0].series[0].closing.unwrap().to_string(), "80");
    assert_eq!(all[1].number.as_deref(), Some("222"));
    assert_eq!(all[1].rows[0].description, "page 1");
}

#[test]
fn a_currency_is_said_once_and_a_line_may_break_before_its_amount() {
    let text = ":20:S\n:25:12\n:28:1/1\n:NS:22Test GmbH\n23Account\n:60F:C260315DEM0,00\n:61:2603170320CM5000,00S05168790452\n\
        :NS:01Purpose\n:61:260322C\n20000,00NCHGEREF//7\nmore\n:62M:C26031525000,00\n\
        :20:S\n:25:12\n:28:1/2\n:60M:C26031525000,00\n:61:260322    DM5000,00S051\n:62F:C26031520000,00\n";
    let read = one(text);
    assert_eq!(amounts(&read), ["5000.00", "20000.00", "-5000.00"]);
    assert_eq!(read.series[0].proof, Proof::Ends);
    assert_eq!(
        (
            read.rows[1].description.as_str(),
            read.rows[1].reference.as_deref()
        ),
        ("more", None)
    );
}

#[test]
fn an_interim_report_is_no_statement() {
    let text = ":20:I\n:25:111\n:28C:1\n:34F:EURD0,\n:61:260401D10,NMSC\n:86:x\n-\n";
    let fault = read(text).unwrap().statements(text, false).unwrap_err();
    assert_eq!(fault.code, "not-a-statement");
    assert!(fault.why.contains("MT942"), "{}", fault.why);
}

#[test]
fn what_does_not_add_up_names_the_closing_balance() {
    let text = message(":61:260401D1,NMSC\r\n", "C260430EUR98,00");
    let gathered = read(&text).unwrap();
    let fault = gathered.clone().statements(&text, false).unwrap_err();
    assert_eq!((fault.code, fault.line), ("does-not-add-up", Some(6)));
    let allowed = gathered.statements(&text, true).unwrap();
    assert!(allowed[0].gap.as_deref().unwrap().contains("make 99"));
}

#[test]
fn a_banks_own_field_tells_what_a_row_is_for() {
    let text = message(
        ":61:2604010401D10,S   X\r\n:NS:01526715\r\n02A12596785\r\n15ERGO Versicherung\r\n16lep\r\n17G2000\r\n23x\r\n",
        "C260430EUR90,00",
    );
    let read = one(&text);
    assert_eq!(
        read.rows[0].description,
        "526715 A12596785 ERGO Versicherung lep G2000"
    );
}
