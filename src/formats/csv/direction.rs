//! Amounts without signs: which way the money went, from a column nobody named, or not at all; and rows that
//! are no movement but a balance.

use super::Options;
use super::amounts::{self, Side};
use super::body::BodyRow;
use super::columns::{Columns, Role};
use super::headless;
use super::names;
use super::table::Table;
use crate::formats::fault::{Fault, Question};
use crate::formats::statement::Note;

/// What a row says that prints a balance where the amounts of other rows stand.
const BALANCES: &[&str] = &[
    "opening balance",
    "closing balance",
    "opening bal",
    "closing bal",
    "previous balance",
    "balance brought forward",
    "balance carried forward",
    "brought forward",
    "carried forward",
    "balance b f",
    "balance c f",
    "saldo anterior",
    "saldo inicial",
    "saldo final",
    "saldo atual",
    "saldo do dia",
    "s a l d o",
    "saldo iniziale",
    "saldo finale",
    "anfangssaldo",
    "endsaldo",
    "alter kontostand",
    "neuer kontostand",
    "beginsaldo",
    "eindsaldo",
    "solde initial",
    "solde final",
    "ancien solde",
    "nouveau solde",
    "ingaende saldo",
    "utgaende saldo",
    "beginning balance",
    "ending balance",
    "starting balance",
    // Swedbank in the Baltics, with the turnover of the period each way.
    "turnover",
    "algsaldo",
    "loppsaldo",
    "kaive",
    "likutis pradziai",
    "likutis pabaigai",
    "apyvarta",
    "sakuma atlikums",
    "beigu atlikums",
    "apgrozijums",
    "начальныи остаток",
    "конечныи остаток",
    "входящии остаток",
    "исходящии остаток",
    "оборот",
    "前月繰越",
    "繰越",
];

/// Whether amounts stand in one column, and nothing in that column says which way they went.
pub fn unsigned(table: &Table<'_>, rows: &[BodyRow], columns: &Columns) -> bool {
    let two = columns.get(Role::Out).is_some() || columns.get(Role::In).is_some();
    columns.get(Role::Amount).is_some_and(|amount| {
        !two && !rows
            .iter()
            .any(|r| headless::has_sign(table.cell(r.row, amount)))
    })
}

/// The column that says debit or credit on every row, each of them somewhere, under whatever name; or one without a
/// name that says `CR` on some rows and nothing on others.
pub fn find_side(table: &Table<'_>, rows: &[BodyRow], columns: &Columns) -> Option<usize> {
    let free = |column: &usize| {
        !columns.pairs().iter().any(|(role, c)| {
            c == column && !matches!(role, Role::Side | Role::Category | Role::Reference)
        })
    };
    let letters = |column: &usize| {
        let mut cells = rows.iter().map(|r| table.cell(r.row, *column));
        let is_nameless = columns.names.get(*column).is_some_and(String::is_empty);
        let said = |cell: &str| matches!(&*cell.to_ascii_uppercase(), "CR" | "DR");
        is_nameless && cells.clone().any(said) && cells.all(|cell| cell.is_empty() || said(cell))
    };
    (0..columns.names.len()).filter(free).find(|column| {
        if letters(column) {
            return true;
        }
        let mut seen = [false; 2];
        let all = rows
            .iter()
            .all(|r| match amounts::side(table.cell(r.row, *column)) {
                Some(side) => {
                    seen[usize::from(side == Side::Out)] = true;
                    true
                }
                None => false,
            });
        all && seen == [true; 2]
    })
}

/// Refuses what cannot be known: some cards print what was bought without a sign, some shops what they took.
pub fn refuse_unsaid(
    table: &Table<'_>,
    rows: &[BodyRow],
    columns: &Columns,
    options: &Options,
) -> Result<(), Fault> {
    let (Some(amount), Some(first)) = (columns.get(Role::Amount), rows.first()) else {
        return Ok(());
    };
    // A column of kinds (`Buy`, `Sale`, `Deposit`) is none of sides.
    let says = |column: usize| {
        if super::money::is_kind(table, rows, column) {
            return false;
        }
        let mut cells = rows.iter().map(|r| table.cell(r.row, column));
        let said = |cell: &str| amounts::side(cell).is_some();
        cells.clone().any(said) && cells.all(|cell| cell.is_empty() || said(cell))
    };
    let by_row = super::money::model(table, rows, columns);
    let known = columns.get(Role::Balance).is_some()
        || matches!(by_row, Ok(super::money::Model::PartlySided { .. }))
        || columns.get(Role::Side).is_some_and(says)
        || options.columns.is_some()
        || options.invert;
    if known || !unsigned(table, rows, columns) {
        return Ok(());
    }
    let all = |role: Role| {
        let mut columns = columns.clone();
        columns.drop_role(Role::Amount);
        columns.drop_role(Role::Side);
        columns.set(role, amount);
        columns.to_list()
    };
    let (into, out) = (all(Role::In), all(Role::Out));
    let why = "no amount has a sign, and nothing else says which way the money went";
    Err(table
        .fault(first.row, amount, "direction-unsaid", why)
        .hint(format!(
            "if all of it was paid or bought: --invert; if all came in: --columns {into}"
        ))
        .ask(Question::Direction { into, out }))
}

/// What the shop is called in the exports of cards.
const MERCHANTS: &[&str] = &["merchant", "merchant name", "merchantname"];

/// What a column is called that says in which payout a sale was.
const PAYOUT: &[&str] = &[
    "payout id",
    "auszahlungs id",
    "id versamento",
    "id pagamento",
    "id del pago",
    "id du virement",
];

/// Refuses the sales of a shop that stand there twice, as they were paid and as they were paid out (SumUp): one
/// transaction's id on two rows, of which one names the payout.
pub fn refuse_paid_out(
    table: &Table<'_>,
    rows: &[BodyRow],
    columns: &Columns,
) -> Result<(), Fault> {
    let payout = columns
        .names
        .iter()
        .position(|n| PAYOUT.contains(&n.as_str()));
    let id = columns.get(Role::Id).or(columns.get(Role::Reference));
    let (Some(payout), Some(id)) = (payout, id) else {
        return Ok(());
    };
    let unpaid = || {
        let rows = rows.iter().filter(|r| table.cell(r.row, payout).is_empty());
        rows.map(|r| table.cell(r.row, id))
            .filter(|id| !id.is_empty())
    };
    let sold: std::collections::HashSet<&str> = unpaid().collect();
    let twice = rows
        .iter()
        .find(|r| !table.cell(r.row, payout).is_empty() && sold.contains(table.cell(r.row, id)));
    let why = "each sale is listed twice: as it was paid, and as it was paid out";
    twice.map_or(Ok(()), |row| {
        Err(table
            .fault(row.row, id, "not-a-statement", why)
            .hint(format!(
                "export the report of payouts and import that; or leave the payouts out by --rules FILE with the lines \"if %{} .\" and \"  skip\"",
                payout + 1
            )))
    })
}

/// What only the issuer of a card says of money paid to it.
const PAID_TO_CARD: &[&str] = &[
    "payment thank you",
    "payments thank you",
    "pymt thank you",
    "payment received",
    "paiement merci",
    "paiement recu",
    "pagamento recebido",
    "pagamento efetuado",
    "zahlung dankend erhalten",
];

/// Refuses a card's statement whose signs say the contrary: payments to the card negative, what was bought positive.
/// It is asked, not turned round: a file of somebody's own may have such words.
pub fn refuse_turned(
    table: &Table<'_>,
    rows: &[BodyRow],
    columns: &Columns,
    options: &Options,
) -> Result<(), Fault> {
    refuse_paid_out_of_card(table, rows, columns, options)?;
    // A type that says neither debit nor credit of any row.
    let is_other_kind = |side: usize| {
        let mut cells = rows.iter().map(|r| table.cell(r.row, side));
        cells.all(|cell| amounts::side(cell).is_none())
    };
    let one_column = columns.get(Role::Out).is_none()
        && columns.get(Role::In).is_none()
        && columns.get(Role::Side).is_none_or(is_other_kind)
        && columns.get(Role::Balance).is_none();
    let (Some(amount), true) = (columns.get(Role::Amount), one_column) else {
        return Ok(());
    };
    if options.columns.is_some() || options.invert {
        return Ok(());
    }
    // A shop named on every row: what was bought.
    let mut named = columns.names.iter();
    let of_card = named.any(|n| MERCHANTS.contains(&n.as_str()));
    let negative = |row: &BodyRow| {
        let scanned = amounts::scan(table.cell(row.row, amount));
        scanned.is_some_and(|s| s.negative || s.side == Some(Side::Out))
    };
    let out = rows.iter().filter(|r| negative(r)).count();
    if (options.liability || of_card) && out > 0 && rows.len() - out > 2 * out {
        let row = rows.iter().find(|r| !negative(r)).map_or(0, |r| r.row);
        let why = "most rows of the card or loan have positive amounts, as if money came in";
        return Err(turned(table, row, amount, columns, why));
    }
    let texts = [Role::Description, Role::Payee].map(|role| columns.get(role));
    let is_payment = |row: &&BodyRow| {
        texts.into_iter().flatten().any(|column| {
            let cell = table.cell(row.row, column);
            let name = names::normal(cell);
            // In Chinese it stands in brackets, which names lose.
            let repaid = cell.contains("还款") || cell.contains("還款");
            repaid || PAID_TO_CARD.iter().any(|words| name.contains(words))
        })
    };
    let (paid, others): (Vec<_>, Vec<_>) = rows.iter().partition(is_payment);
    let bought = others.iter().filter(|r| !negative(r)).count();
    let Some(first) = paid.first().filter(|_| paid.iter().all(|r| negative(r))) else {
        return Ok(());
    };
    if bought * 2 <= others.len() {
        return Ok(());
    }
    let why = "what was paid to the card is negative here, so what was bought seems to be positive";
    Err(turned(table, first.row, amount, columns, why))
}

/// The same where no header says which of two columns is which, and the minus of a payment to the card made it the
/// column of what went out.
fn refuse_paid_out_of_card(
    table: &Table<'_>,
    rows: &[BodyRow],
    columns: &Columns,
    options: &Options,
) -> Result<(), Fault> {
    let (Some(out), Some(text)) = (columns.get(Role::Out), columns.get(Role::Description)) else {
        return Ok(());
    };
    let said = options.columns.is_some() || options.invert;
    if !columns.names.is_empty() || columns.get(Role::Balance).is_some() || said {
        return Ok(());
    }
    let is_payment = |row: &&BodyRow| {
        let name = names::normal(table.cell(row.row, text));
        PAID_TO_CARD.iter().any(|words| name.contains(words))
            && !amounts::is_blank(table.cell(row.row, out))
    };
    let Some(row) = rows.iter().find(is_payment) else {
        return Ok(());
    };
    let why = "what was paid to the card is negative here, so what was bought seems to be positive";
    Err(table
        .fault(row.row, out, "direction-unsaid", why)
        .hint(format!(
            "if it is a card's: --invert; if the signs are right: --columns {}",
            columns.to_list()
        )))
}

fn turned(table: &Table<'_>, row: usize, column: usize, columns: &Columns, why: &str) -> Fault {
    table
        .fault(row, column, "direction-unsaid", why)
        .hint(format!(
            "if positive amounts were bought: --invert; if the signs are right: --columns {}",
            columns.to_list()
        ))
}

/// Takes out the last row of a file without a header, where it is the account's balance (LCL): a number of an account
/// stands where others have a text, and nothing where all others say what they are.
pub fn without_last_balance(
    table: &Table<'_>,
    mut rows: Vec<BodyRow>,
    columns: &Columns,
    notes: &mut Vec<Note>,
) -> Vec<BodyRow> {
    let (Some(text), true) = (columns.get(Role::Description), columns.names.is_empty()) else {
        return rows;
    };
    let Some((last, others)) = rows.split_last().filter(|(_, others)| !others.is_empty()) else {
        return rows;
    };
    let cell = table.cell(last.row, text);
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    let lacks_a_kind = (0..table.width(last.row)).any(|column| {
        let says = |r: &BodyRow| table.cell(r.row, column).chars().any(char::is_alphabetic);
        column != text && table.cell(last.row, column).is_empty() && others.iter().all(says)
    });
    if digits >= 8 && letters <= 2 && lacks_a_kind {
        notes.push(Note {
            line: Some(table.line(last.row)),
            text: "the row is the balance of the account, not a movement: left out".to_owned(),
        });
        rows.pop();
    }
    rows
}

/// Takes out rows that print a balance as if it were an amount, where no column holds balances.
pub fn without_balances(
    table: &Table<'_>,
    mut rows: Vec<BodyRow>,
    columns: &Columns,
    notes: &mut Vec<Note>,
) -> Vec<BodyRow> {
    if columns.get(Role::Balance).is_some() {
        return rows;
    }
    let texts = [Role::Description, Role::Payee].map(|role| columns.get(role));
    rows.retain(|row| {
        let is_balance = texts.into_iter().flatten().any(|column| {
            let cell = names::normal(table.cell(row.row, column));
            BALANCES.contains(&&*cell)
        });
        if is_balance {
            let text = "the row is a balance, not a movement: left out".to_owned();
            notes.push(Note {
                line: Some(table.line(row.row)),
                text,
            });
        }
        !is_balance
    });
    rows
}

/// Says that fees stand beside the amounts, where no balance shows whether they are in them.
pub fn fees_apart(table: &Table<'_>, rows: &[BodyRow], columns: &Columns) -> Option<Note> {
    let charged = |column: &usize| {
        rows.iter().any(|r| {
            amounts::scan(table.cell(r.row, *column))
                .is_some_and(|s| s.number.bytes().any(|b| matches!(b, b'1'..=b'9')))
        })
    };
    let amount = columns.get(Role::Amount)?;
    let net = columns.names.get(amount)?.starts_with("net");
    let fee = columns.get(Role::Fee).filter(charged)?;
    let text = format!(
        "amounts are read as they stand: the column {:?} is not taken off them",
        columns.names.get(fee)?
    );
    (!net && columns.get(Role::Balance).is_none()).then_some(Note { line: None, text })
}

#[cfg(test)]
mod tests {
    use super::super::columns::Columns;
    use super::super::{Options, read};
    use crate::formats::fault::Question;

    fn with(text: &str, options: &Options) -> Result<(Vec<String>, Vec<String>), &'static str> {
        let statement = read(text.as_bytes(), options, None).map_err(|f| f.code)?;
        let rows = statement.rows.iter().map(|r| r.amount.to_string());
        let notes = statement.notes.iter().map(|n| n.text.clone());
        Ok((rows.collect(), notes.collect()))
    }

    fn plain(text: &str) -> (Vec<String>, Vec<String>) {
        with(text, &Options::default()).expect("readable")
    }

    #[test]
    fn a_column_that_says_debit_and_credit_is_found_under_any_name() {
        let text = "Datum;Omschrijving;Bedrag;Richting van geld\n2026-04-02;a;5,00;D\n2026-04-13;b;7,00;C\n";
        assert_eq!(plain(text), (vec!["-5.00".into(), "7.00".into()], vec![]));
        let text =
            "Datum;CreditDebet;Bedrag;Omschrijving\n21-06-2026;D;5,00;a\n21-06-2026;D;7,00;b\n";
        assert_eq!(plain(text).0, ["-5.00", "-7.00"]);
        // A flag that is the same on every row says nothing of the direction.
        let text = "Date;Text;Amount;Cleared\n2026-04-02;a;-5,00;C\n2026-04-13;b;7,00;C\n";
        assert_eq!(plain(text).0, ["-5.00", "7.00"]);
    }

    #[test]
    fn amounts_without_signs_are_asked_about() {
        let text = "Merchant Name,Date,Amount\nMobil,2026-04-02,5.00\n";
        let read_with = |options: Options| with(text, &options).map(|(rows, _)| rows);
        assert_eq!(read_with(Options::default()), Err("direction-unsaid"));
        let inverted = Options {
            invert: true,
            ..Options::default()
        };
        assert_eq!(read_with(inverted).unwrap(), ["-5.00"]);
        // The hint gives the columns as they are.
        let fault = read(text.as_bytes(), &Options::default(), None).unwrap_err();
        let Some(Question::Direction { into, out }) = fault.question else {
            panic!("no question");
        };
        for (list, want) in [(into, "5.00"), (out, "-5.00")] {
            let said = Options {
                columns: Columns::from_list(&list).ok(),
                ..Options::default()
            };
            assert_eq!(read_with(said).unwrap(), [want], "{list}");
        }
        let signed = "Date,Description,Amount\n2026-04-02,a,+5.00\n";
        assert!(with(signed, &Options::default()).is_ok());
        let kinds = "Date,Transaction Type,Total\n2026-04-02,Buy,5.00\n2026-04-13,Deposit,9.00\n";
        assert_eq!(
            with(kinds, &Options::default()).err(),
            Some("direction-unsaid")
        );
    }

    #[test]
    fn a_card_that_prints_purchases_positive_is_asked_about() {
        let rows = "2026-04-02,Payment received - thank you,-500.00\n2026-04-13,Tea,12.50\n2026-04-14,Milk,2.50\n";
        let text = format!("Date,Description,Amount\n{rows}");
        let fault = read(text.as_bytes(), &Options::default(), None).unwrap_err();
        assert_eq!((fault.code, fault.line), ("direction-unsaid", Some(2)));
        assert!(
            fault
                .hint
                .as_deref()
                .is_some_and(|h| h.contains("--invert")),
            "{fault:?}"
        );
        let inverted = Options {
            invert: true,
            ..Options::default()
        };
        assert_eq!(
            with(&text, &inverted).unwrap().0,
            ["500.00", "-12.50", "-2.50"]
        );
        let as_it_is = Options {
            columns: Columns::from_list("date,description,amount").ok(),
            ..Options::default()
        };
        assert_eq!(with(&text, &as_it_is).unwrap().0[0], "-500.00");
        // Signs as they should be; and an account that pays a card.
        for text in [
            "Date,Description,Amount\n2026-04-02,Payment Thank You,500.00\n2026-04-13,Tea,-12.50\n",
            "Date,Description,Amount\n2026-04-02,Payment Thank You,-500.00\n2026-04-13,Tea,-12.50\n2026-04-14,Pay,900.00\n",
        ] {
            assert!(with(text, &Options::default()).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_a_shop_took_is_not_read_as_paid() {
        let read_with = |text: &str| with(text, &Options::default()).err();
        let twint = "Datum;Typ;Status;Transaktionsbetrag;Payment kind\n2026-04-02;Payment;Settled;4.93;x\n2026-04-13;Payment;Settled;9.87;x\n";
        assert_eq!(read_with(twint), Some("direction-unsaid"));
        let card = "TransactionId,CardId,Date,Amount,Currency,MerchantName\n1,1,2026-04-02,65.45,CHF,a\n2,1,2026-04-13,5.00,CHF,b\n3,1,2026-04-14,5.00,CHF,b\n4,1,2026-04-15,-9.00,CHF,b\n";
        assert_eq!(read_with(card), Some("direction-unsaid"));
        let cgb = "交易日期,交易摘要,交易金额,交易货币\n2026/04/05,（消费）茶,15.90,人民币\n2026/04/06,（消费）书,5.90,人民币\n2026/04/03,（还款）张三,-1130.68,人民币\n";
        assert_eq!(read_with(cgb), Some("direction-unsaid"));
        let sumup = "Date,Transaction ID,Transaction type,Total,Fee,Payout,Payout ID\n2026-04-02,T1,Sale,11.5,0.29,11.21,\n2026-04-03,T1,Payout,11.5,0.29,11.21,95\n";
        assert_eq!(read_with(sumup), Some("not-a-statement"));
    }

    #[test]
    fn a_balance_among_the_amounts_is_no_movement() {
        let text = "Data,Historico,Valor\n10/31/2012,Saldo Anterior,100.00\n11/01/2012,Proventos,-1000.00\n11/30/2012,S A L D O,-900.00\n";
        let (rows, notes) = plain(text);
        assert_eq!(rows, ["-1000.00"]);
        assert_eq!(notes.len(), 2);
    }

    #[test]
    fn fees_beside_gross_amounts_are_mentioned() {
        let text = "id,description,created,amount,fee\nch_1,x,2026-02-03 13:12,+25.00,1.03\n";
        let (rows, notes) = plain(text);
        assert_eq!(rows, ["25.00"]);
        assert!(notes[0].contains("\"fee\""), "{notes:?}");
    }
}
