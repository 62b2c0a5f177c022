//! The lines under an import: what the statement proves of itself, and what the books hold after it.

use super::proof::BooksProof;
use crate::formats::statement::{Proof, Series};
use crate::ledger::currency::Currency;
use crate::ledger::money::to_minor;
use crate::render::People;

pub fn rows_words(rows: usize) -> String {
    format!("{rows} {}", if rows == 1 { "row" } else { "rows" })
}

/// ` in EUR`, of any currency but the book's own.
fn in_currency(currency: &Currency) -> String {
    match currency.key.0 {
        1 => String::new(),
        _ => format!(" in {}", currency.code),
    }
}

/// `Statement: 84,200.00 + 25,900.00 in - 12,059.00 out = 98,041.00; the balance is right on all 5 rows`
pub fn statement_line(people: &People, series: &Series, currency: &Currency) -> String {
    let show = |amount: rust_decimal::Decimal| match to_minor(amount, currency.scale) {
        Ok(minor) => people.signed(minor.into(), currency),
        Err(_) => amount.to_string(),
    };
    let moved = format!(
        "{} in - {} out",
        show(series.money_in),
        show(series.money_out)
    );
    match (series.opening, series.closing) {
        (Some(opening), Some(closing)) => {
            let proof = match series.proof {
                Proof::Running(checked) if checked + 1 >= series.rows => {
                    format!("the balance is right on all {}", rows_words(series.rows))
                }
                Proof::Running(checked) => format!(
                    "the balance is right where it stands, on {} of {} rows",
                    checked + 1,
                    series.rows
                ),
                Proof::Ends => "its balances prove it".to_owned(),
                Proof::Gap | Proof::None => "it does not add up (--allow-gap)".to_owned(),
            };
            format!(
                "Statement{}: {} + {moved} = {}; {proof}",
                in_currency(currency),
                show(opening),
                show(closing)
            )
        }
        (None, Some(closing)) => format!(
            "Statement{}: {moved}; closing {}, no opening balance to prove it by",
            in_currency(currency),
            show(closing)
        ),
        _ => format!(
            "Statement{}: {moved}; no running balance to prove it by",
            in_currency(currency)
        ),
    }
}

/// `Books after import: 79,441.00 Dr; statement 98,041.00 Dr; difference 18,600.00 Cr = payments not presented: 1051 ref. 000123`
pub fn books_line(people: &People, proof: &BooksProof, currency: &Currency) -> String {
    let mut line = format!(
        "Books after import{}: {}",
        in_currency(currency),
        people.sided(proof.books, currency).trim_end()
    );
    let (Some(statement), Some(difference)) = (proof.statement, proof.difference()) else {
        return line;
    };
    line.push_str(&format!(
        "; statement {}",
        people.sided(statement, currency).trim_end()
    ));
    if difference == 0 {
        line.push_str("; they agree");
        return line;
    }
    line.push_str(&format!(
        "; difference {}",
        people.sided(difference, currency).trim_end()
    ));
    let explained = proof.unpresented_sum();
    if proof.unpresented.is_empty() || explained != difference && proof.unpresented.len() > 20 {
        line.push_str(&format!(
            ": {}",
            whence(people, proof, difference, currency)
        ));
        return line;
    }
    let list = |sign: i64| -> Vec<String> {
        let picked = proof
            .unpresented
            .iter()
            .filter(|(_, _, minor)| minor.signum() == sign);
        picked
            .map(|(number, reference, _)| match reference {
                Some(reference) => format!("{number} ref. {reference}"),
                None => number.to_string(),
            })
            .collect()
    };
    let mut parts = Vec::new();
    for (sign, words) in [(-1, "payments not presented"), (1, "receipts not credited")] {
        let found = list(sign);
        if !found.is_empty() {
            parts.push(format!("{words}: {}", found.join(", ")));
        }
    }
    let equals = if explained == difference {
        "="
    } else {
        "of it"
    };
    line.push_str(&format!(" {equals} {}", parts.join("; ")));
    if explained != difference {
        let rest = difference - explained;
        line.push_str(&format!(
            "; not explained {}: {}",
            people.sided(rest, currency).trim_end(),
            whence(people, proof, rest, currency)
        ));
    }
    line
}

/// Where a difference comes from: what the account held before the statement, its days, or both.
fn whence(people: &People, proof: &BooksProof, rest: i128, currency: &Currency) -> String {
    let sided = |minor| people.sided(minor, currency).trim_end().to_owned();
    let day = people.date(proof.first);
    let opening = proof.opening.unwrap_or(proof.books_before);
    let before = format!(
        "before {day} the books hold {}, the statement begins with {}",
        sided(proof.books_before),
        sided(opening)
    );
    match proof.books_before - opening {
        0 => format!("since {day} the books move otherwise (hissab reconcile shows where)"),
        all if all == rest => before,
        _ => format!("{before}, and since then they move otherwise"),
    }
}
