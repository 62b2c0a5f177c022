//! Day or month first: what every date of a file together says, then what else of the file says it, then a question.

use jiff::civil::Date;

use super::Understood;
use super::amounts;
use super::body::BodyRow;
use super::columns::Role;
use super::dates::{self, OrderVerdict, Orders};
use super::table::Table;
use crate::formats::fault::{Fault, Question};
use crate::ledger::settings::DateOrder;

/// Day or month first, over every date of the file; what the file leaves open, somebody or its layout says.
pub fn of(
    understood: &Understood<'_, '_>,
    rows: &[BodyRow],
    said: Option<DateOrder>,
) -> Result<DateOrder, Fault> {
    let (table, columns) = (understood.table, &understood.columns);
    let date = columns.get(Role::Date).unwrap_or(0);
    let mut orders = Orders::default();
    for row in rows {
        orders.add(row.row, table.cell(row.row, date), row.date);
    }
    let only_main = orders.clone();
    if let Some(value) = columns.get(Role::ValueDate) {
        for row in rows {
            let cell = table.cell(row.row, value);
            if let Some(scanned) = dates::scan(cell) {
                orders.add(row.row, cell, scanned);
            }
        }
    }
    if let Some(said) = said {
        return Ok(said);
    }
    let by_layout = understood.layout.and_then(|l| l.date_order);
    let usual = by_layout.or_else(|| day_first_by_its_words(understood, rows, &orders));
    let verdict = match orders.verdict() {
        OrderVerdict::Contradictory { .. } => only_main.verdict(),
        verdict => verdict,
    };
    match verdict {
        OrderVerdict::Any => Ok(usual.unwrap_or(DateOrder::Dmy)),
        OrderVerdict::One(order) => Ok(order),
        OrderVerdict::Ambiguous { .. } if usual.is_some_and(|u| orders.allows(u)) => {
            Ok(usual.unwrap_or(DateOrder::Dmy))
        }
        OrderVerdict::Ambiguous { sample } => match preamble_order(understood) {
            Some(order) => Ok(order),
            None => Err(ambiguous(understood, rows, date, sample, &orders)),
        },
        OrderVerdict::Contradictory {
            not_day_first,
            not_month_first,
        } => {
            let impossible = |r: &&BodyRow| {
                r.date.date(DateOrder::Dmy).is_none() && r.date.date(DateOrder::Mdy).is_none()
            };
            if let Some(row) = rows.iter().find(impossible) {
                let why = format!("{:?} is no day of the calendar", table.cell(row.row, date));
                return Err(table
                    .fault(row.row, date, "unreadable-date", why)
                    .hint("correct the date; if its year stands in front: --date-order ymd"));
            }
            let why = format!(
                "{:?} cannot have the day first, and {:?} on line {} cannot have the month first",
                table.cell(not_day_first, date),
                table.cell(not_month_first, date),
                table.line(not_month_first)
            );
            Err(table
                .fault(not_day_first, date, "mixed-dates", why)
                .hint("correct the wrong one of the two lines"))
        }
    }
}

/// Day first, where the file itself leaves nothing else: its columns have names of a language that never writes the
/// month first, its amounts a decimal comma, or its rows were moved by the systems of banks in India.
fn day_first_by_its_words(
    understood: &Understood<'_, '_>,
    rows: &[BodyRow],
    orders: &Orders,
) -> Option<DateOrder> {
    // Of Spanish alone it is not known: Panama and Puerto Rico write the month first.
    const WORDS: &[&str] = &[
        "datum",
        "дата",
        "dato",
        "buchung",
        "buchungstag",
        "buchungsdatum",
        "wertstellung",
        "valeur",
        "comptable",
        "paiva",
        "tarih",
        "tarihi",
        "tanggal",
        "libelle",
        "montant",
        "betrag",
        "verwendungszweck",
        "bedrag",
        "omschrijving",
        "descrizione",
        "importo",
        "lancamento",
        "historico",
        "descricao",
        "kwota",
        "castka",
        "belopp",
        "belob",
        "tutar",
        "aciklama",
        "сумма",
        "описание",
        "iznos",
        "osszeg",
    ];
    const SYSTEMS: &[&str] = &["UPI", "NEFT", "IMPS", "RTGS", "UPIAR", "UPIOUT", "UPIIN"];
    let (table, columns) = (understood.table, &understood.columns);
    if orders.year_may_lead(0) {
        return None;
    }
    let mut names = columns.names.iter().flat_map(|name| name.split(' '));
    let by_language = names.any(|word| WORDS.contains(&word));
    // Of the countries that write the month first none has a decimal comma (CLDR 45).
    let has_comma = |cell: &str| {
        let mark = amounts::scan(cell).map(|s| amounts::evidence(s.number));
        mark == Some(amounts::MarkEvidence::Mark(','))
    };
    let by_comma = rows.iter().any(|row| {
        columns
            .money()
            .any(|column| has_comma(table.cell(row.row, column)))
    });
    let is_indian = |row: &BodyRow| {
        let mut words = table
            .cells(row.row)
            .flat_map(|cell| cell.split(|c: char| !c.is_ascii_alphanumeric()));
        words.any(|word| SYSTEMS.contains(&word))
    };
    (by_language || by_comma || rows.iter().any(is_indian)).then_some(DateOrder::Dmy)
}

/// The period a statement prints above its table often tells the order.
fn preamble_order(understood: &Understood<'_, '_>) -> Option<DateOrder> {
    let mut orders = Orders::default();
    for row in 0..understood.header? {
        for word in understood.table.cells(row).flat_map(str::split_whitespace) {
            if let Some(scanned) = dates::scan(word) {
                orders.add(row, word, scanned);
            }
        }
    }
    match orders.verdict() {
        OrderVerdict::One(order) => Some(order),
        _ => None,
    }
}

fn ambiguous(
    understood: &Understood<'_, '_>,
    rows: &[BodyRow],
    column: usize,
    sample: String,
    orders: &Orders,
) -> Fault {
    let table = understood.table;
    let row = rows
        .iter()
        .find(|r| table.cell(r.row, column) == sample)
        .map_or(0, |r| r.row);
    let year_leads = orders.year_may_lead(0) || orders.year_may_lead(1);
    let may_be: Vec<(&str, &str)> = [
        (DateOrder::Dmy, ("day first", "--date-order dmy")),
        (DateOrder::Mdy, ("month first", "--date-order mdy")),
        (DateOrder::Ymd, ("year first", "--date-order ymd")),
    ]
    .into_iter()
    .filter(|(order, _)| orders.allows(*order) && (*order != DateOrder::Ymd || year_leads))
    .map(|(_, words)| words)
    .collect();
    let (ways, flags): (Vec<&str>, Vec<&str>) = may_be.into_iter().unzip();
    let why = format!(
        "{sample:?} can be read {}, and no date of the file says which",
        ways.join(" or ")
    );
    let fault = table
        .fault(row, column, "ambiguous-dates", why)
        .hint(format!("say which: {}", flags.join(" or ")));
    if year_leads {
        // At a terminal only day and month are asked about.
        return fault;
    }
    fault.ask(Question::DateOrder { sample })
}

/// A date that the order makes impossible, as a fault.
pub fn date_of(
    table: &Table<'_>,
    row: &BodyRow,
    column: usize,
    order: DateOrder,
) -> Result<Date, Fault> {
    row.date.date(order).ok_or_else(|| {
        let cell = table.cell(row.row, column);
        let why = format!(
            "{cell:?}, {}, is no day of the calendar",
            dates::order_name(order)
        );
        table
            .fault(row.row, column, "unreadable-date", why)
            .hint("correct the date, or say the order: --date-order dmy, mdy or ymd")
    })
}
