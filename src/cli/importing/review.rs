//! `import --review`: the rows that no rule caught, one by one at the terminal. What was decided is kept until the
//! import is done, so that a review can be left and gone on with.

use std::path::PathBuf;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Session;
use super::names::Names;
use super::planning::Plan;
use crate::cli::asking::{Words, ask, ask_or_end};
use crate::cli::config;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::formats::plan::Fate;
use crate::formats::statement::Split;
use crate::ledger::amount_format::{Grouping, magnitude};
use crate::ledger::audit::hex;
use crate::ledger::chart::Resolved;
use crate::ledger::money::to_minor;
use crate::ledger::period::people_date;
use crate::ledger::plural::counted;
use crate::render::sanitize;

/// What somebody decided of one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Decision {
    /// The row's identity, so that it is found again whatever flags the file is read with.
    row: String,
    /// Parts of the counter side, the last of which takes the rest. None: Suspense.
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Part {
    account: String,
    /// Of the row's amount; the last part has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
}

/// The decisions of one file and account, kept in the user's state folder.
struct Kept {
    path: PathBuf,
    decisions: Vec<Decision>,
}

impl Kept {
    fn path(sha256: &[u8; 32], account: &str) -> Result<PathBuf> {
        let account = Sha256::digest(account.as_bytes());
        let name = format!("{}-{}.json", hex(&sha256[..16]), hex(&account[..8]));
        Ok(config::state_folder()?.join("reviews").join(name))
    }

    /// What was decided before; a file that cannot be read is begun anew.
    fn load(sha256: &[u8; 32], account: &str) -> Result<Kept> {
        let path = Kept::path(sha256, account)?;
        let decisions = std::fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Ok(Kept { path, decisions })
    }

    /// Writes them whole; a temporary file is its owner's alone, and stays so.
    fn save(&self) -> Result<()> {
        let folder = self.path.parent().unwrap_or(&self.path);
        let failed = |e: std::io::Error| Failure::file(&self.path, &e);
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        serde_json::to_writer(&mut file, &self.decisions).map_err(|e| failed(e.into()))?;
        file.persist(&self.path).map_err(|e| failed(e.error))?;
        Ok(())
    }
}

/// The decisions of a file that was imported are not needed any more.
pub fn forget(sha256: &[u8; 32], account: &str) {
    if let Ok(path) = Kept::path(sha256, account) {
        // None were made: nothing to remove.
        let _ = std::fs::remove_file(path);
    }
}

/// Goes through the rows of a statement that nothing decided.
///
/// Errors: `review-stopped` if the person stops; nothing is imported then, and what was decided is kept.
pub(super) fn review(
    ctx: &mut Context,
    session: &Session,
    names: &mut Names,
    plan: &mut Plan,
    sha256: &[u8; 32],
) -> Result<()> {
    if !session.learning.review {
        return Ok(());
    }
    let rows: Vec<usize> = (0..plan.planned.len())
        .filter(|index| {
            let planned = &plan.planned[*index];
            planned.fate == Fate::New
                && planned.counter == plan.suspense
                && planned.splits.is_empty()
        })
        .collect();
    let mut kept = Kept::load(sha256, plan.account_path())?;
    let again = kept.decisions.len();
    let mut open = kept.decisions.clone();
    let mut told = false;
    for (place, index) in rows.iter().enumerate() {
        let identity = plan.planned[*index].identity;
        let key = format!("{:016x}{:016x}", identity.key as u64, identity.rest);
        // Equal rows are decided one by one.
        let before = open.iter().position(|d| d.row == key);
        let parts = match before {
            Some(at) => open.remove(at).parts,
            None => {
                if !std::mem::replace(&mut told, true) {
                    begin(ctx, rows.len(), again);
                }
                let mut asked = Asked {
                    ctx,
                    names,
                    plan,
                    index: *index,
                };
                let Some(parts) = asked.row(place + 1, rows.len())? else {
                    let place = (plan.file.as_str(), &**plan.account_path());
                    return Err(stopped(place, &session.flags, kept.decisions.len()));
                };
                kept.decisions.push(Decision {
                    row: key,
                    parts: parts.clone(),
                });
                kept.save()?;
                parts
            }
        };
        apply(ctx, names, plan, *index, &parts)?;
    }
    Ok(())
}

fn begin(ctx: &Context, rows: usize, again: usize) {
    ctx.note(&format!(
        "{} that no rule decides. Tab completes an account, Enter takes what stands in brackets;",
        counted(rows as u64, "row")
    ));
    ctx.note(
        "skip leaves the row to Suspense, split parts it, quit stops and keeps what was decided.",
    );
    if again > 0 {
        ctx.note(&format!(
            "Decided before: {}.",
            counted(again as u64, "row")
        ));
    }
}

/// `flags` are those of this run, for the hint that goes on from it.
fn stopped((file, account): (&str, &str), flags: &str, decided: usize) -> Failure {
    let word = crate::cli::error::shell_word(file);
    let rows = counted(decided as u64, "row");
    Failure::new(
        Exit::Failed,
        "review-stopped",
        format!("{file} not imported: the review was stopped; what was decided is kept: {rows}"),
    )
    .hint(format!(
        "to go on: hissab import {word} --account {}{flags} --review",
        crate::cli::error::shell_word(account)
    ))
}

/// Puts a row's counter side where it was decided.
fn apply(
    ctx: &mut Context,
    names: &mut Names,
    plan: &mut Plan,
    index: usize,
    parts: &[Part],
) -> Result<()> {
    let row = &mut plan.read.statement.rows[index];
    let sign = if row.amount.is_sign_negative() {
        Decimal::ONE
    } else {
        Decimal::NEGATIVE_ONE
    };
    for part in parts {
        let account = names.known(ctx, &Arc::from(part.account.as_str()))?;
        let amount = part.amount.as_deref().map(Decimal::from_str_exact);
        match amount {
            Some(Err(_)) => {
                return Err(Failure::refused(
                    "bad-amount",
                    format!("{:?} is no amount", part.amount),
                ));
            }
            Some(Ok(amount)) => {
                row.category.splits.push(Split {
                    account: Some(account.clone()),
                    amount: amount * sign,
                    ..Split::default()
                });
                plan.planned[index].splits.push(account);
            }
            None => plan.planned[index].counter = account,
        }
    }
    if let Some(why) = plan.whys.get_mut(index) {
        why.text = if parts.is_empty() {
            "left to Suspense in the review"
        } else {
            "decided in the review"
        }
        .to_owned();
    }
    Ok(())
}

/// One row being asked about.
struct Asked<'a> {
    ctx: &'a mut Context,
    names: &'a mut Names,
    plan: &'a Plan,
    index: usize,
}

impl Asked<'_> {
    /// An amount as people read it: grouped, with the places of its currency.
    fn shown(&self, amount: rust_decimal::Decimal, code: &str) -> String {
        let known = self.plan.chart.find_currency(code);
        let minor = known.and_then(|c| Some((to_minor(amount, c.scale).ok()?, c)));
        match minor {
            Some((minor, currency)) => magnitude(
                minor.into(),
                currency.scale,
                Grouping::of_currency(&currency.code),
            ),
            None => amount.to_string(),
        }
    }

    /// Where the row goes; `None`: stop here.
    fn row(&mut self, place: usize, all: usize) -> Result<Option<Vec<Part>>> {
        let row = &self.plan.read.statement.rows[self.index];
        let way = if row.amount.is_sign_negative() {
            "out"
        } else {
            "in"
        };
        let description = sanitize::line(&row.description).into_owned();
        let code = &self.plan.planned[self.index].currency;
        let amount = self.shown(row.amount.abs(), code);
        self.ctx.note(&format!(
            "{place} of {all} · {} · {description} · {way} {amount} {code}",
            people_date(row.date),
        ));
        let suggestion = self
            .plan
            .whys
            .get(self.index)
            .and_then(|w| w.suggestion.as_ref());
        if let Some(suggestion) = suggestion {
            self.ctx.note(&format!("    {}", suggestion.why()));
        }
        let default = suggestion.map_or("skip".to_owned(), |s| s.account.to_string());
        loop {
            let prompt = "Account, skip, split or quit";
            let text = ask_or_end(prompt, Some(default.clone()), &self.words(), false)?;
            let text = text.unwrap_or_else(|| "quit".to_owned());
            match text.as_str() {
                "skip" => return Ok(Some(Vec::new())),
                "quit" => return Ok(None),
                "split" => return self.split().map(Some),
                text => {
                    if let Some(account) = self.account(text) {
                        return Ok(Some(vec![Part {
                            account,
                            amount: None,
                        }]));
                    }
                }
            }
        }
    }

    fn words(&self) -> Words {
        Words::accounts(&self.names.chart)
    }

    /// The path of an account; what is none is complained of.
    fn account(&mut self, text: &str) -> Option<String> {
        let failure = match self.names.chart.resolve(text) {
            Resolved::One(key) => return Some(self.names.chart.account(key).path.to_string()),
            Resolved::Unknown(_) if self.names.creates() && text.contains(':') => {
                return Some(text.to_owned());
            }
            Resolved::Ambiguous(keys) => {
                let paths: Vec<&str> = keys
                    .iter()
                    .map(|k| &*self.names.chart.account(*k).path)
                    .collect();
                Failure::usage(
                    "ambiguous-account",
                    format!("{text:?} fits {}", paths.join(", ")),
                )
            }
            Resolved::Unknown(near) => {
                let failure =
                    Failure::not_found("unknown-account", format!("there is no account {text:?}"));
                match near.is_empty() {
                    true => {
                        failure.hint("with --create-accounts, a whole path opens it: Expenses:Tea")
                    }
                    false => failure.hint(format!("did you mean {}?", near.join(", "))),
                }
            }
        };
        self.ctx.complain(&failure);
        None
    }

    fn split(&mut self) -> Result<Vec<Part>> {
        let planned = &self.plan.planned[self.index];
        let (_, key) = self.plan.amounts[self.index];
        let scale = self.plan.chart.currency(key).scale;
        let mut left = self.plan.read.statement.rows[self.index].amount.abs();
        let mut parts = Vec::new();
        loop {
            let prompt = format!("Amount, of {left} {} (empty: all of it)", planned.currency);
            let text = ask(&prompt, None, &Words(Vec::new()), true)?;
            let amount = match text.as_str() {
                "" => left,
                text => match part_of(text, left, scale) {
                    Some(amount) => amount,
                    None => {
                        let why = format!("{text:?} is no amount from 0 to {left}");
                        self.ctx.complain(&Failure::usage("bad-amount", why));
                        continue;
                    }
                },
            };
            let account = loop {
                let text = ask("Account", None, &self.words(), false)?;
                if let Some(account) = self.account(&text) {
                    break account;
                }
            };
            left -= amount;
            let amount = (!left.is_zero()).then(|| amount.to_string());
            let last = amount.is_none();
            parts.push(Part { account, amount });
            if last {
                return Ok(parts);
            }
        }
    }
}

/// An amount more than nothing and no more than what is left, with no more decimals than its currency has.
fn part_of(text: &str, left: Decimal, scale: u8) -> Option<Decimal> {
    let amount = Decimal::from_str_exact(&text.replace(',', "")).ok()?;
    to_minor(amount, scale).ok()?;
    (amount > Decimal::ZERO && amount <= left).then_some(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_within_what_is_left() {
        let left = Decimal::from_str_exact("300.00").unwrap();
        let part = |text| part_of(text, left, 2).map(|d| d.to_string());
        assert_eq!(part("1,00").as_deref(), Some("100"));
        assert_eq!(part("300.00").as_deref(), Some("300.00"));
        for text in [
            "0",
            "-5",
            "300.01",
            "1.005",
            "abc",
            "99999999999999999999999999999999",
        ] {
            assert_eq!(part(text), None, "{text}");
        }
    }
}
