use super::*;
use crate::formats::statement::Statement;
use jiff::civil::date;

const HEAD: &str =
    "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\r\n";

fn statements(text: &str) -> Vec<Statement> {
    read(text).unwrap().statements(text, false).unwrap()
}

/// A file of one bank account in SGML.
fn sgml(rows: &str) -> String {
    format!(
        "{HEAD}<OFX>\n<BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>INR\n<BANKACCTFROM><BANKID>HDFC0001\n<ACCTID>501001\n\
         <ACCTTYPE>SAVINGS\n</BANKACCTFROM>\n<BANKTRANLIST><DTSTART>20260401\n<DTEND>20260430\n{rows}</BANKTRANLIST>\n\
         <LEDGERBAL><BALAMT>1000.00\n<DTASOF>20260430\n</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1>\n</OFX>\n"
    )
}

const ROW: &str = "<STMTTRN><TRNTYPE>DEBIT\n<DTPOSTED>20260402120000.000[-5:EST]\n<TRNAMT>-12.50\n<FITID>A1\n\
<CHECKNUM>000124\n<NAME>TEA & SONS\n<MEMO>TEA & SONS, APRIL &amp; MAY\n</STMTTRN>\n";

#[test]
fn a_row_of_sgml_has_its_day_as_printed_and_all_its_words() {
    let all = statements(&sgml(ROW));
    let [one] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(one.number.as_deref(), Some("501001"));
    assert_eq!(one.details, ["1.02"]);
    let row = &one.rows[0];
    assert_eq!(row.date, date(2026, 4, 2));
    assert_eq!(row.amount.to_string(), "-12.50");
    assert_eq!(row.description, "TEA & SONS, APRIL & MAY");
    assert_eq!(row.payee.as_deref(), Some("TEA & SONS"));
    assert_eq!(row.reference.as_deref(), Some("000124"));
    assert_eq!(row.bank_id.as_deref(), Some("A1"));
    assert_eq!(row.currency.as_deref(), Some("INR"));
    assert!(
        row.raw.starts_with("<STMTTRN>") && row.raw.ends_with("</STMTTRN>"),
        "{}",
        row.raw
    );
    assert_eq!(one.series[0].closing.unwrap().to_string(), "1000.00");
    assert_eq!(one.series[0].closing_on, Some(date(2026, 4, 30)));
}

#[test]
fn xml_on_one_line_of_a_bank_and_a_card() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><?OFX OFXHEADER=\"200\" VERSION=\"211\"?><OFX>\
        <BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR</CURDEF><BANKACCTFROM><BANKID>1</BANKID><ACCTID>DE1</ACCTID>\
        <ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM><BANKTRANLIST><STMTTRN><TRNTYPE>XFER</TRNTYPE>\
        <DTPOSTED>20260401</DTPOSTED><TRNAMT>-1.234,56</TRNAMT><FITID>1</FITID><NAME>Caf&#233;</NAME>\
        <BANKACCTTO><BANKID>2</BANKID><ACCTID>DE2</ACCTID></BANKACCTTO><MEMO></MEMO></STMTTRN>\
        <STMTTRN><TRNTYPE>DEP</TRNTYPE><DTPOSTED>20260402</DTPOSTED><TRNAMT>+5</TRNAMT><FITID>2</FITID></STMTTRN>\
        </BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS>\
        <CURDEF>EUR</CURDEF><CCACCTFROM><ACCTID>4111</ACCTID></CCACCTFROM><BANKTRANLIST><STMTTRN>\
        <TRNTYPE>POS</TRNTYPE><DTPOSTED>20260403</DTPOSTED><TRNAMT>-45,00</TRNAMT><FITID>9</FITID>\
        <PAYEE><NAME>Shop</NAME><CITY>X</CITY></PAYEE></STMTTRN></BANKTRANLIST></CCSTMTRS></CCSTMTTRNRS>\
        </CREDITCARDMSGSRSV1></OFX>";
    let all = statements(text);
    let [bank, card] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(bank.rows[0].amount.to_string(), "-1234.56");
    assert_eq!(bank.rows[0].description, "Café");
    assert_eq!(bank.rows[0].category.counter_number.as_deref(), Some("DE2"));
    assert_eq!(bank.rows[1].description, "DEP");
    let lines: Vec<u64> = all.iter().flat_map(|s| &s.rows).map(|r| r.line).collect();
    assert_eq!(lines, [1, 2, 3]);
    assert_eq!(
        (card.number.as_deref(), card.rows[0].payee.as_deref()),
        (Some("4111"), Some("Shop"))
    );
}

#[test]
fn what_is_not_booked_is_left_out_and_said() {
    let pending = "</BANKTRANLIST><BANKTRANLISTP><DTASOF>20260430<STMTTRNP><TRNTYPE>DEBIT<DTTRAN>20260429<TRNAMT>-3<NAME>x</STMTTRNP></BANKTRANLISTP><BANKTRANLIST>\n";
    let text = sgml(&format!(
        "{ROW}{pending}{}",
        ROW.replace("A1", "A2").replace("DEBIT", "HOLD")
    ));
    let all = statements(&text);
    assert_eq!(all[0].rows.len(), 1);
    assert!(
        all[0].notes[0].text.contains("2 pending"),
        "{:?}",
        all[0].notes
    );
}

#[test]
fn corrections_replace_and_take_back() {
    let row = |id: &str, amount: &str, more: &str| {
        ROW.replace("A1", id)
            .replace("-12.50", amount)
            .replace("<CHECKNUM>000124", more)
    };
    let text = sgml(
        &[
            row("A", "-1.00", ""),
            row("B", "-2.00", "<CORRECTFITID>A<CORRECTACTION>REPLACE"),
            row("C", "-3.00", ""),
            row("D", "0.00", "<CORRECTFITID>C<CORRECTACTION>DELETE"),
        ]
        .concat(),
    );
    let all = statements(&text);
    let amounts: Vec<String> = all[0].rows.iter().map(|r| r.amount.to_string()).collect();
    assert_eq!(amounts, ["-2.00"]);
    assert_eq!(all[0].notes.len(), 2);
}

#[test]
fn a_correction_of_an_earlier_file_is_for_a_person_to_settle() {
    let row = ROW.replace(
        "<CHECKNUM>000124",
        "<CORRECTFITID>OLD<CORRECTACTION>REPLACE",
    );
    let text = sgml(&format!("{row}{}", ROW.replace("A1", "B")));
    let refused = read(&text).unwrap().statements(&text, false).unwrap_err();
    assert_eq!(refused.code, "corrects-earlier");
    let let_pass = read(&text).unwrap().statements(&text, true).unwrap();
    assert_eq!(let_pass[0].rows.len(), 1);
    let gap = let_pass[0].gap.as_deref().unwrap_or_default();
    assert!(gap.contains("OLD of an earlier file"), "{gap}");
}

#[test]
fn amounts_without_any_sign_follow_the_kind() {
    let text = sgml(&format!(
        "{}{}",
        ROW.replace("-12.50", "12.50"),
        ROW.replace("-12.50", "7").replace("DEBIT", "CREDIT")
    ));
    let all = statements(&text);
    let amounts: Vec<String> = all[0].rows.iter().map(|r| r.amount.to_string()).collect();
    assert_eq!(amounts, ["-12.50", "7"]);
    // With a sign anywhere, signs count.
    let text = sgml(&format!(
        "{ROW}{}",
        ROW.replace("-12.50", "4").replace("A1", "A2")
    ));
    assert_eq!(statements(&text)[0].rows[1].amount.to_string(), "4");
}

#[test]
fn refusals_name_the_line_and_the_reason() {
    for (text, code, line) in [
        (
            sgml(&ROW.replace("-12.50", "$120")),
            "unreadable-amount",
            Some(17),
        ),
        (
            sgml(&ROW.replace("20260402", "20260231")),
            "unreadable-date",
            Some(16),
        ),
        (
            sgml(&ROW.replace("<DTPOSTED>20260402120000.000[-5:EST]", "")),
            "unreadable-date",
            None,
        ),
        (sgml(ROW).replace("</OFX>", ""), "cut-short", None),
    ] {
        let fault = read(&text).unwrap_err();
        assert_eq!(fault.code, code);
        assert!(line.is_none() || fault.line == line, "{fault:?}");
    }
    for (text, why) in [
        ("<OFX></OFX>".to_owned(), "no statement"),
        ("<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS><INVTRANLIST><STMTTRN><TRNTYPE>X<TRNAMT>?</STMTTRN></INVTRANLIST></INVSTMTRS></INVSTMTTRNRS></OFX>".to_owned(), "investment"),
        ("<OFX><BANKMSGSRSV1><INTRATRNRS><TRNUID>1</INTRATRNRS></BANKMSGSRSV1></OFX>".to_owned(), "order to pay"),
    ] {
        let fault = read(&text).unwrap().statements(&text, false).unwrap_err();
        assert_eq!(fault.code, "not-a-statement");
        assert!(fault.why.contains(why), "{}", fault.why);
    }
}

#[test]
fn a_balance_among_the_rows_and_crossed_end_tags_do_no_harm() {
    let balance = ROW
        .replace("<FITID>A1", "<FITID>")
        .replace("TEA & SONS\n", "Saldo Anterior\n")
        .replace("<MEMO>TEA & SONS, APRIL &amp; MAY\n", "");
    let text = sgml(&format!("{balance}{ROW}")).replace("<STMTRS>", "<CCSTMTRS>");
    let all = statements(&text);
    assert_eq!((all.len(), all[0].rows.len()), (1, 1));
    assert!(all[0].notes[0].text.contains("balance among the rows"));
    let spaced = sgml(
        &ROW.replace("<DTPOSTED>", "<DTPOSTED>\n\t\t")
            .replace("<TRNAMT>", "<TRNAMT>\n\t"),
    );
    assert_eq!(statements(&spaced)[0].rows[0].amount.to_string(), "-12.50");
}

#[test]
fn small_tags_are_tags() {
    let text = sgml(ROW)
        .replace("<OFX>", "<ofx>")
        .replace("</OFX>", "</ofx>");
    let text = text
        .replace("STMTTRN>", "stmttrn>")
        .replace("TRNAMT", "trnamt");
    assert_eq!(statements(&text)[0].rows.len(), 1);
}

#[test]
fn the_decimal_mark_is_the_last_of_two_kinds() {
    for (text, value) in [
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1.234.567", "1234567"),
        ("-0,5", "-0.5"),
        (" +3. ", "3"),
        ("-1,000", "-1000"),
    ] {
        assert_eq!(
            build::amount(text, Some('.')).unwrap().to_string(),
            value,
            "{text}"
        );
    }
    for text in ["", "-", "12..34", "1,2.3,4", "$5", "1e3"] {
        assert!(build::amount(text, None).is_err(), "{text}");
    }
}

#[test]
fn more_statements_than_a_bank_writes_are_refused_soon() {
    let text = format!("OFXHEADER:100\n\n<OFX>{}", "<STMTRS>".repeat(100_000));
    assert_eq!(read(&text).unwrap_err().code, "too-large");
}

#[test]
fn tags_of_both_cases_in_one_file_lose_no_row() {
    let text = sgml(ROW)
        .replace("<STMTTRN>", "<stmttrn>")
        .replace("</STMTTRN>", "</stmttrn>");
    assert_eq!(statements(&text)[0].rows.len(), 1);
}

#[test]
fn what_is_paid_on_a_card_is_paid_to_it() {
    let row = |kind: &str, amount: &str| {
        format!(
            "<STMTTRN><TRNTYPE>{kind}<DTPOSTED>20260402<TRNAMT>{amount}<FITID>{kind}{amount}</STMTTRN>"
        )
    };
    let card = |rows: &str| {
        let text = format!(
            "{HEAD}<OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>INR<CCACCTFROM><ACCTID>1</CCACCTFROM>\
             <BANKTRANLIST>{rows}</BANKTRANLIST></CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>"
        );
        let rows = statements(&text).remove(0).rows;
        rows.iter()
            .map(|r| r.amount.to_string())
            .collect::<Vec<_>>()
    };
    let paid = row("PAYMENT", "500.00");
    // A month with a payment and a refund, both in.
    let quiet = format!("{paid}{}", row("CREDIT", "20.00"));
    assert_eq!(card(&quiet), ["500.00", "20.00"]);
    // And one without any sign.
    assert_eq!(
        card(&format!("{paid}{}", row("DEBIT", "20.00"))),
        ["500.00", "-20.00"]
    );
}

#[test]
fn thousands_are_not_read_as_decimals() {
    let amounts = |list: &[&str]| {
        let rows: String = list
            .iter()
            .enumerate()
            .map(|(n, amount)| {
                format!(
                    "<STMTTRN><TRNTYPE>OTHER<DTPOSTED>20260402<TRNAMT>{amount}<FITID>{n}</STMTTRN>"
                )
            })
            .collect();
        let text = sgml(&rows).replace(
            "<LEDGERBAL><BALAMT>1000.00\n<DTASOF>20260430\n</LEDGERBAL>",
            "",
        );
        let gathered = read(&text).map_err(|fault| fault.code)?;
        let rows = &gathered.sheets[0].rows;
        Ok(rows
            .iter()
            .map(|r| r.amount.normalize().to_string())
            .collect::<Vec<_>>()
            .join(" "))
    };
    assert_eq!(amounts(&["-1,500", "12.50"]).as_deref(), Ok("-1500 12.5"));
    assert_eq!(amounts(&["-1.500", "12,50"]).as_deref(), Ok("-1500 12.5"));
    assert_eq!(amounts(&["-1,500", "12,50"]).as_deref(), Ok("-1.5 12.5"));
    assert_eq!(amounts(&["-1.500", "0.500"]).as_deref(), Ok("-1.5 0.5"));
    assert_eq!(
        amounts(&["-1.500"]).as_deref(),
        Ok("-1.5"),
        "as the standard says"
    );
    assert_eq!(amounts(&["-1,500", "20"]), Err("ambiguous-decimal-mark"));
}

#[test]
fn a_row_outside_of_a_statement_is_not_dropped() {
    let text = sgml(ROW).replace("<STMTRS>", "").replace("</STMTRS>", "");
    assert_eq!(read(&text).err().map(|f| f.code), Some("bad-record"));
}
