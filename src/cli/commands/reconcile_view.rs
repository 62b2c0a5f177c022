//! What a reconciliation looks like, and how a person works on one.

use super::reconcile::{Args, Of};
use crate::cli::asking::choose_one;
use crate::cli::context::Context;
use crate::cli::error::{Failure, Result};
use crate::ledger::currency::Currency;
use crate::ledger::period::people_date;
use crate::render::sanitize::line;
use crate::render::views::ListView;
use crate::render::{Cell, Column, Json, Options};
use crate::reports::reconciliation::Reconciliation;

/// Shows the entries that carry no mark, the rows that are not in the books, and the sums.
pub fn sheet(
    ctx: &mut Context,
    args: &Args,
    found: &Reconciliation,
    of: &Of,
    writes: bool,
) -> Result<()> {
    let options = args.shown.options(ctx)?;
    let compared = args.statement.is_some() || args.balance.is_some();
    let mut rows = Vec::new();
    for entry in &found.lines {
        let state = match (compared, entry.found) {
            (true, true) => "agreed",
            (true, false) => "books only",
            (false, _) => "open",
        };
        rows.push(vec![
            Cell::Word(state),
            Cell::Number(entry.number),
            Cell::Date(entry.date),
            Cell::text(&entry.description),
            Cell::maybe(entry.reference.as_deref()),
            Cell::Amount(entry.minor.into(), &of.currency),
            Cell::text(&of.currency.code),
        ]);
    }
    for row in &found.missing {
        rows.push(vec![
            Cell::Word(match row.became {
                Some(_) => "differs",
                None => "statement only",
            }),
            row.became.map_or(Cell::Empty, Cell::Number),
            Cell::Date(row.date),
            Cell::text(&row.description),
            Cell::Empty,
            Cell::Amount(row.minor.into(), &of.currency),
            Cell::text(&of.currency.code),
        ]);
    }
    let view = ListView {
        schema: "reconciliation/1",
        title: vec![
            "Reconciliation".to_owned(),
            of.path.clone(),
            format!("to {}", options.people().date(found.until)),
            of.currency.code.to_string(),
        ],
        columns: vec![
            Column::text("state"),
            Column::number("number"),
            Column::text("date"),
            Column::text("description"),
            Column::text("reference"),
            Column::amount("amount"),
            Column::text("currency"),
        ],
        headings: vec![
            "State",
            "No",
            "Date",
            "Description",
            "Reference",
            "Amount",
            "Currency",
        ],
        rows,
        head: head(found, of),
        notes: notes(args, found, of, &options, writes),
    };
    args.shown.show(ctx, &view)
}

fn head(found: &Reconciliation, of: &Of) -> Vec<(&'static str, Json)> {
    let amount = |minor| Json::amount(minor, &of.currency);
    let maybe = |minor: Option<i128>| minor.map_or(Json::Null, amount);
    vec![
        ("account", Json::text(&*of.path)),
        ("currency", Json::text(&*of.currency.code)),
        ("until", Json::date(Some(found.until))),
        ("reconciled_before", amount(found.reconciled)),
        ("cleared", amount(found.cleared())),
        ("outstanding", amount(found.outstanding())),
        ("books", amount(found.books())),
        ("statement", maybe(found.closing)),
        ("difference", maybe(found.difference())),
        ("exact", Json::Bool(found.is_exact())),
    ]
}

fn notes(
    args: &Args,
    found: &Reconciliation,
    of: &Of,
    options: &Options,
    writes: bool,
) -> Vec<String> {
    let people = options.people();
    let sided = |minor| people.sided(minor, &of.currency).trim().to_owned();
    let mut notes = vec![format!("Books: {}", sided(found.books()))];
    if args.statement.is_none() && args.balance.is_none() {
        notes.push(format!(
            "Reconciled: {}{}; open: {}",
            sided(found.reconciled),
            of.last_mark
                .as_deref()
                .map(|m| format!(" (last statement {m})"))
                .unwrap_or_default(),
            sided(found.outstanding())
        ));
        return notes;
    }
    notes.push(format!(
        "Agreed: {}; in the books only: {}",
        sided(found.cleared()),
        sided(found.outstanding())
    ));
    match (found.closing, found.difference()) {
        (Some(closing), Some(0)) => {
            notes.push(format!("Statement: {}: they agree", sided(closing)))
        }
        (Some(closing), Some(difference)) => notes.push(format!(
            "Statement: {}; difference {}",
            sided(closing),
            sided(difference)
        )),
        _ => notes.push("The statement gives no closing balance to prove it by".to_owned()),
    }
    let file = args.statement.as_deref().map(crate::cli::error::shell_word);
    if let (Some(file), true) = (file, found.missing.iter().any(|row| row.became.is_none())) {
        let account = crate::cli::error::shell_word(&args.account);
        notes.push(format!(
            "Rows that are not in the books: hissab import {file} --account {account}"
        ));
    }
    for row in &found.missing {
        let Some(number) = row.became else { continue };
        notes.push(match row.dated {
            Some(dated) => format!(
                "{number} is of {} in the books and of {} on the statement: hissab amend {number} -d {}",
                people.date(dated),
                people.date(row.date),
                row.date
            ),
            None => format!("{number} does not say what its row says any more: hissab show {number}"),
        });
    }
    if found.is_exact() && !writes {
        notes.push("Nothing is marked: --accept-exact marks what agreed".to_owned());
    }
    notes
}

/// Asks which entries are on the statement, with the difference after each answer, until nothing differs.
///
/// Errors: whoever leaves changes nothing.
pub fn choose(ctx: &mut Context, found: &mut Reconciliation, currency: &Currency) -> Result<()> {
    let people = Options::of(ctx.format()?).people();
    let sided = |minor| people.sided(minor, currency).trim().to_owned();
    if !found.missing.is_empty() {
        ctx.note(&format!(
            "{} of the statement are not in the books: import it first",
            crate::ledger::plural::counted(found.missing.len() as u64, "row")
        ));
        return Ok(());
    }
    let mut at = 2;
    loop {
        let differs = found.difference().unwrap_or(0);
        let prompt = match found.closing {
            Some(closing) => format!(
                "Statement {} · agreed {} · difference {}",
                sided(closing),
                sided(found.cleared()),
                sided(differs)
            ),
            None => format!("Agreed {}", sided(found.cleared())),
        };
        let mut items = vec![
            "Done: mark these".to_owned(),
            "Leave: change nothing".to_owned(),
        ];
        items.extend(found.lines.iter().map(|entry| {
            let picked = if entry.found { "[x]" } else { "[ ]" };
            let text = format!(
                "{picked} {} {} {}",
                people_date(entry.date),
                sided(entry.minor.into()),
                entry.description
            );
            line(&text).into_owned()
        }));
        at = at.min(items.len() - 1);
        match choose_one(&prompt, &items, at)? {
            0 if found.is_exact() => return Ok(()),
            0 => ctx.note("that still differs: pick or drop entries, or leave"),
            1 => return Err(Failure::refused("declined", "nothing is marked")),
            chosen => {
                at = chosen;
                if let Some(entry) = found.lines.get_mut(chosen - 2) {
                    entry.found = !entry.found;
                }
            }
        }
    }
}
