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

fn bal(kind: &str, amount: &str, side: &str) -> String {
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt>\
         <CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2026-04-01</Dt></Dt></Bal>\n"
    )
}

fn statement(id: &str, iban: &str, body: &str) -> String {
    format!("<Stmt><Id>{id}</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>\n{body}</Stmt>\n")
}

fn document(statements: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>\n\
         {statements}</BkToCstmrStmt></Document>\n"
    )
}

fn ntry(amount: &str, side: &str, more: &str) -> String {
    format!(
        "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
         <BookgDt><Dt>2026-04-02</Dt></BookgDt><ValDt><Dt>2026-04-03</Dt></ValDt>{more}</Ntry>\n"
    )
}

#[test]
fn an_entry_says_who_what_and_by_which_reference() {
    let details = "<AcctSvcrRef>B-1</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>E-9</EndToEndId></Refs>\
        <RltdPties><Dbtr><Pty><Nm>Frau Müller &amp; Co</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE2</IBAN></Id></DbtrAcct>\
        <Cdtr><Nm>Us</Nm></Cdtr></RltdPties><RmtInf><Ustrd>Rent</Ustrd><Ustrd>April</Ustrd></RmtInf></TxDtls></NtryDtls>";
    let body = [
        bal("OPBD", "10.00", "CRDT"),
        bal("CLBD", "22.50", "CRDT"),
        ntry("12.50000", "CRDT", details),
    ]
    .concat();
    let read = one(&document(&statement("S1", "DE1", &body)));
    let row = &read.rows[0];
    assert_eq!(
        (row.date, row.amount.to_string()),
        (date(2026, 4, 2), "12.5".to_owned())
    );
    assert_eq!(row.description, "Rent April");
    assert_eq!(row.payee.as_deref(), Some("Frau Müller & Co"));
    assert_eq!(row.reference.as_deref(), Some("E-9"));
    assert_eq!(row.bank_id.as_deref(), Some("B-1"));
    assert_eq!(row.category.counter_number.as_deref(), Some("DE2"));
    assert!(row.raw.starts_with("<Ntry>") && row.raw.ends_with("</Ntry>"));
    assert_eq!(
        (read.number.as_deref(), read.series[0].proof),
        (Some("DE1"), Proof::Ends)
    );
    assert_eq!(read.details, ["053.001.08"]);
}

#[test]
fn older_forms_prefixes_and_times_are_the_same() {
    let body = [
        bal("PRCD", "5", "DBIT"),
        bal("CLBD", "7", "DBIT"),
        ntry("2", "DBIT", "<AddtlNtryInf>fee</AddtlNtryInf>"),
    ]
    .concat();
    let text = document(&statement("S", "DE1", &body))
        .replace("<Cd>BOOK</Cd>", "BOOK")
        .replace(
            "<BookgDt><Dt>2026-04-02</Dt>",
            "<BookgDt><DtTm>2026-04-02T23:59:59+02:00</DtTm>",
        )
        .replace("BookgDt><Dt>", "BookgDt><DtTm>")
        .replace(
            "<Id><IBAN>DE1</IBAN></Id>",
            "<Id><Othr><Id>77</Id></Othr></Id>",
        )
        .replace("</", "</x:");
    let text = regex::Regex::new(r"<([A-Z])")
        .unwrap()
        .replace_all(&text, "<x:$1")
        .replace("xmlns=", "xmlns:x=")
        .replace("2026-04-02</x:Dt>", "2026-04-02</x:DtTm>")
        .replace("+02:00</x:Dt>", "+02:00</x:DtTm>");
    let read = one(&text);
    assert_eq!(amounts(&read), ["-2"]);
    assert_eq!(
        (read.number.as_deref(), read.rows[0].date),
        (Some("77"), date(2026, 4, 2))
    );
    assert_eq!(read.series[0].opening.unwrap().to_string(), "-5");
}

fn tx(amount: &str, text: &str) -> String {
    format!(
        "<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy=\"EUR\">{amount}</Amt></TxAmt></AmtDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>\n"
    )
}

#[test]
fn a_batch_is_a_row_a_detail_if_they_make_its_amount() {
    let details = format!(
        "<AcctSvcrRef>B</AcctSvcrRef><NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>\n{}{}</NtryDtls>",
        tx("3.00", "one"),
        tx("4.00", "two")
    );
    let read = one(&document(&statement(
        "S",
        "DE1",
        &ntry("7.00", "DBIT", &details),
    )));
    assert_eq!(amounts(&read), ["-3", "-4"]);
    let ids: Vec<_> = read
        .rows
        .iter()
        .map(|r| r.bank_id.as_deref().unwrap())
        .collect();
    assert_eq!(ids, ["B/0", "B/1"]);
    assert!(read.rows[1].raw.starts_with("<TxDtls>"));
    assert_eq!(read.rows[1].reference, None);
    let read = one(&document(&statement(
        "S",
        "DE1",
        &ntry("7.50", "DBIT", &details),
    )));
    assert_eq!(amounts(&read), ["-7.5"]);
    assert_eq!(read.rows[0].description, "batch of 2");
    assert!(
        read.notes[0].text.contains("do not make"),
        "{:?}",
        read.notes
    );
}

#[test]
fn a_reversal_counts_as_its_side_says_unless_only_the_other_way_follows() {
    let reversal = ntry("4", "DBIT", "<RvslInd>true</RvslInd>");
    let plain = [
        bal("OPBD", "10", "CRDT"),
        bal("CLBD", "6", "CRDT"),
        reversal.clone(),
    ]
    .concat();
    assert_eq!(
        amounts(&one(&document(&statement("S", "DE1", &plain)))),
        ["-4"]
    );
    let turned = [
        bal("OPBD", "10", "CRDT"),
        bal("CLBD", "14", "CRDT"),
        reversal,
    ]
    .concat();
    let read = one(&document(&statement("S", "DE1", &turned)));
    assert_eq!(amounts(&read), ["4"]);
    assert!(read.notes[0].text.contains("other way"));
}

#[test]
fn statements_pages_and_accounts_come_apart() {
    let page = |n: u8, last: bool, body: &str| {
        statement(
            "S9",
            "DE1",
            &format!("<StmtPgntn><PgNb>{n}</PgNb><LastPgInd>{last}</LastPgInd></StmtPgntn>{body}"),
        )
    };
    let ends = [bal("OPBD", "10", "CRDT"), bal("CLBD", "7", "CRDT")].concat();
    let text = document(
        &[
            page(1, false, &format!("{ends}{}", ntry("1", "DBIT", ""))),
            page(2, true, &format!("{ends}{}", ntry("2", "DBIT", ""))),
            statement("T", "DE5", &ntry("5", "CRDT", "")),
        ]
        .concat(),
    );
    let all = statements(&text);
    assert_eq!(all.len(), 2);
    assert_eq!(amounts(&all[0]), ["-1", "-2"]);
    assert_eq!(all[0].series[0].proof, Proof::Ends);
    // A page alone proves nothing.
    let alone = one(&document(&page(
        2,
        true,
        &format!("{ends}{}", ntry("2", "DBIT", "")),
    )));
    assert_eq!(alone.series[0].proof, Proof::None);
}

#[test]
fn what_is_not_booked_is_left_out_and_reports_are_told_apart() {
    let pending = ntry("9", "CRDT", "").replace("BOOK", "PDNG");
    let info = ntry("9", "CRDT", "").replace("BOOK", "INFO");
    let own = ntry("9", "CRDT", "").replace("<Cd>BOOK</Cd>", "<Prtry>WAITING</Prtry>");
    let text = document(&statement(
        "S",
        "DE1",
        &[pending, info, own, ntry("1", "CRDT", "")].concat(),
    ));
    let read = one(&text);
    assert_eq!(amounts(&read), ["1"]);
    assert!(read.notes[0].text.contains("3 entries left out"));
    let report = text
        .replace("BkToCstmrStmt", "BkToCstmrAcctRpt")
        .replace("Stmt>", "Rpt>")
        .replace("camt.053", "camt.052");
    let read = one(&report);
    assert_eq!(amounts(&read), ["1"]);
    assert!(read.notes.iter().any(|n| n.text.contains("CAMT.052")));
    let notification = text.replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn");
    let fault = super::read(&notification).unwrap_err();
    assert_eq!(fault.code, "not-a-statement");
    assert!(fault.why.contains("CAMT.054"));
}

#[test]
fn what_cannot_be_read_names_its_entry() {
    let wrong = [
        (ntry("12..34", "CRDT", ""), "unreadable-amount"),
        (ntry("1", "CREDIT", ""), "unreadable-amount"),
        (
            ntry("1", "CRDT", "").replace("2026-04-02", "2026-02-30"),
            "unreadable-date",
        ),
    ];
    for (entry, code) in wrong {
        let fault = read(&document(&statement("S", "DE1", &entry))).unwrap_err();
        assert_eq!((fault.code, fault.line), (code, Some(4)), "{entry}");
    }
    let body = [
        bal("OPBD", "10", "CRDT"),
        bal("CLBD", "99", "CRDT"),
        ntry("1", "CRDT", ""),
    ]
    .concat();
    let text = document(&statement("S", "DE1", &body));
    let fault = read(&text).unwrap().statements(&text, false).unwrap_err();
    assert_eq!(fault.code, "does-not-add-up");
    assert!(fault.why.contains("make 11, not 99"), "{}", fault.why);
}

#[test]
fn a_balance_in_another_currency_is_not_a_check() {
    let body = [
        bal("OPBD", "10", "CRDT"),
        bal("CLBD", "99", "CRDT").replace("EUR", "SEK"),
        ntry("1", "CRDT", ""),
    ]
    .concat();
    let read = one(&document(&statement("S", "DE1", &body)));
    assert_eq!(read.series[0].closing, None);
    assert!(read.notes[0].text.contains("SEK"));
}

/// Booked as 45 USD and proved as 45 EUR it would be wrong one way or the other.
#[test]
fn an_entry_in_another_currency_than_its_account_is_no_proof() {
    let other = ntry("45", "DBIT", "").replace("EUR", "USD");
    let with = |closing: &str| {
        let ends = [bal("OPBD", "100", "CRDT"), bal("CLBD", closing, "CRDT")].concat();
        document(&statement("S", "DE1", &format!("{ends}{other}")))
    };
    let fault = read(&with("55")).err().unwrap();
    assert_eq!(fault.code, "does-not-add-up", "{fault}");
    assert!(fault.why.contains("in USD"), "{fault}");
    let apart = one(&with("100"));
    assert_eq!(apart.series[0].proof, Proof::None);
    assert!(apart.notes.iter().any(|n| n.text.contains("not checked")));
}
