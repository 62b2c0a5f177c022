//! The history of transfers that Wise exports, in which a row has a side it left and a side it reached: made into
//! CSV with one signed amount a row, which is read like any other.
//!
//! What went out is its source amount and the source fee, in the source currency; what came in is its target
//! amount. A conversion between one's own balances (`NEUTRAL`) is two rows, one in each currency.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::csv::{encoding, names};

/// In English and German; what a row says of its direction is the same.
const NEEDED: [[&str; 2]; 12] = [
    ["id", "id"],
    ["status", "status"],
    ["direction", "richtung"],
    ["created on", "erstellt am"],
    ["source fee amount", "betrag der ausgangsgebuhr"],
    ["source name", "quellenname"],
    ["source amount", "ausgangsbetrag"],
    ["source currency", "ausgangswahrung"],
    ["target name", "name des empfangers"],
    ["target amount", "zielbetrag"],
    ["target currency", "zielwahrung"],
    ["reference", "referenz"],
];

/// The rows as CSV; `None` of any other file, and of one with a row that says something else.
pub fn to_csv(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(2_000)];
    memchr::memmem::find(head, b"Source amount (after fees)")
        .or_else(|| memchr::memmem::find(head, b"Ausgangsbetrag (nach "))?;
    let decoded = encoding::decode(bytes, None).ok()?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(decoded.text.as_bytes());
    let header: Vec<String> = reader.headers().ok()?.iter().map(names::normal).collect();
    let place = |names: &[&str; 2]| header.iter().position(|h| names.contains(&h.as_str()));
    let places: Vec<usize> = NEEDED.iter().map(place).collect::<Option<_>>()?;
    let fee_currency = place(&["source fee currency", "wahrung der ausgangsgebuhr"]);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record([
            "Date",
            "Description",
            "Payee",
            "Reference",
            "Amount",
            "Currency",
            "Status",
            "ID",
        ])
        .ok()?;
    for record in reader.records() {
        let record = record.ok()?;
        let cells: Vec<&str> = places
            .iter()
            .map(|at| record.get(*at).unwrap_or(""))
            .collect();
        let [
            id,
            status,
            direction,
            created,
            fee,
            from,
            gave,
            gave_in,
            to,
            got,
            got_in,
            reference,
        ] = cells[..].try_into().ok()?;
        let fee_currency = fee_currency.and_then(|at| record.get(at)).unwrap_or("");
        // A fee in a third currency left another balance.
        let fee = if fee_currency == gave_in { fee } else { "" };
        let out = || Some((-(number(gave)? + number(fee)?)).to_string());
        let mut write = |name: &str, amount: String, currency: &str, id: Cow<'_, str>| {
            let description = if reference.is_empty() {
                name
            } else {
                reference
            };
            writer
                .write_record([
                    created,
                    description,
                    name,
                    reference,
                    &amount,
                    currency,
                    status,
                    &id,
                ])
                .ok()
        };
        match direction {
            "OUT" => write(to, out()?, gave_in, id.into())?,
            "IN" => write(from, number(got)?.to_string(), got_in, id.into())?,
            "NEUTRAL" if gave_in != got_in => {
                let name = format!("Converted {gave_in} to {got_in}");
                write(&name, out()?, gave_in, format!("{id}-out").into())?;
                write(
                    &name,
                    number(got)?.to_string(),
                    got_in,
                    format!("{id}-in").into(),
                )?;
            }
            // Between two pockets of one currency nothing came or went.
            "NEUTRAL" => {}
            _ => return None,
        }
    }
    String::from_utf8(writer.into_inner().ok()?).ok()
}

/// An amount with a point; an empty cell is nothing.
fn number(cell: &str) -> Option<Decimal> {
    if cell.is_empty() {
        return Some(Decimal::ZERO);
    }
    let plain = cell.bytes().all(|b| b.is_ascii_digit() || b == b'.') && cell.len() <= 20;
    plain.then(|| Decimal::from_str_exact(cell).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "ID,Status,Direction,\"Created on\",\"Finished on\",\"Source fee amount\",\"Source fee currency\",\"Target fee amount\",\"Target fee currency\",\"Source name\",\"Source amount (after fees)\",\"Source currency\",\"Target name\",\"Target amount (after fees)\",\"Target currency\",\"Exchange rate\",Reference,Batch\n";

    #[test]
    fn both_sides_of_a_transfer_are_told_apart() {
        let text = format!(
            "{HEAD}T-9,COMPLETED,OUT,\"2026-04-02 09:00:00\",,1.10,EUR,,,Asha,100.00,EUR,Ravi,9010.00,INR,90.1,Rent,\nT-8,COMPLETED,IN,\"2026-04-01 09:00:00\",,0.00,USD,,,\"ACME, Ltd\",50.00,USD,Asha,50.00,USD,1.0,,\nB-5,COMPLETED,NEUTRAL,\"2026-04-03 09:00:00\",,0.50,EUR,,,Asha,50.00,EUR,Asha,54.00,USD,1.08,,\n"
        );
        let want = "Date,Description,Payee,Reference,Amount,Currency,Status,ID\n2026-04-02 09:00:00,Rent,Ravi,Rent,-101.10,EUR,COMPLETED,T-9\n2026-04-01 09:00:00,\"ACME, Ltd\",\"ACME, Ltd\",,50.00,USD,COMPLETED,T-8\n2026-04-03 09:00:00,Converted EUR to USD,Converted EUR to USD,,-50.50,EUR,COMPLETED,B-5-out\n2026-04-03 09:00:00,Converted EUR to USD,Converted EUR to USD,,54.00,USD,COMPLETED,B-5-in\n";
        assert_eq!(to_csv(text.as_bytes()).as_deref(), Some(want));
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        let odd = [
            "T,COMPLETED,SIDEWAYS,2026-04-02,,,,,,a,1,EUR,b,1,EUR,1,,\n",
            "T,COMPLETED,OUT,2026-04-02,,,,,,a,\"1,5\",EUR,b,1,EUR,1,,\n",
        ];
        for row in odd {
            assert_eq!(to_csv(format!("{HEAD}{row}").as_bytes()), None, "{row}");
        }
        assert_eq!(to_csv(b"Date,Source amount (after fees)\n"), None);
        assert_eq!(to_csv(b""), None);
    }
}
