//! A file of one or more statements against the book: planned one after another, written as one unit.

use std::collections::HashMap;
use std::sync::Arc;

use super::Session;
use super::names::Names;
use super::planning::{self, Plan};
use super::reading::ReadFile;
use super::{learning, review};
use crate::cli::context::Context;
use crate::cli::error::{Result, shell_word};
use crate::formats::changes::{Place, StatementChanges, StatementPart};
use crate::formats::plan::Fate;
use crate::formats::rules::profile::Profile;
use crate::formats::statement::StatementRow;
use crate::ledger::change::{Change, ImportBatch};

/// A file of statements with everything settled.
pub struct FilePlan {
    pub file: String,
    /// One a bank account, at least one.
    pub parts: Vec<Plan>,
    /// What `--save-profile` writes.
    pub as_profile: Profile,
    head: Vec<Change>,
    paired: HashMap<Place, Vec<Place>>,
}

/// Plans a file: all its statements or none.
///
/// Errors: those of `planning::plan`.
pub fn plan(
    ctx: &mut Context,
    session: &mut Session,
    file: &str,
    file_name: String,
    sha256: [u8; 32],
    read: ReadFile,
) -> Result<FilePlan> {
    let mut names = Names::new(session.chart.clone(), session.create_accounts);
    let mut parts: Vec<Plan> = Vec::with_capacity(read.parts.len());
    let rules = rules_named(session, &read);
    for part in read.parts {
        let mut plan = planning::plan(ctx, session, &mut names, file, part, &parts)?;
        learning::learn(ctx, session, &mut names, &mut plan, &rules)?;
        review::review(ctx, session, &mut names, &mut plan, &sha256)?;
        parts.push(plan);
    }
    names.refuse_unknown(file)?;
    forget_suspense(&mut names, &parts);
    let Names {
        chart, mut changes, ..
    } = names;
    let chart = Arc::new(chart);
    for part in &mut parts {
        part.chart = chart.clone();
        part.same_file = same_file(session, &sha256, part);
        warn_of_currencies(ctx, file, part);
    }
    let account = match parts.as_slice() {
        [only] => Some(only.account_path().clone()),
        _ => None,
    };
    let known = |p: &Plan| p.counts().known as u64;
    changes.push(Change::Import(ImportBatch {
        id: ctx.make_id(),
        file: file_name,
        sha256,
        format: parts
            .first()
            .map(|p| p.read.statement.layout.clone())
            .unwrap_or_default(),
        account,
        skipped: parts.iter().map(known).sum(),
    }));
    for part in &parts {
        for proof in &part.books {
            changes.extend(planning::vouched(ctx, &chart, part.account, proof));
        }
    }
    Ok(FilePlan {
        file: file.to_owned(),
        paired: pairs(&parts),
        parts,
        as_profile: read.as_profile,
        head: changes,
    })
}

/// Says so where a statement brings a currency into an account that never held it: it may be another account's.
fn warn_of_currencies(ctx: &Context, file: &str, plan: &Plan) {
    let account = plan.chart.account(plan.account);
    for proof in &plan.books {
        let currency = plan.chart.currency(proof.currency);
        let amounts = plan.amounts.iter().zip(&plan.planned);
        let new: i128 = amounts
            .filter(|((_, c), planned)| *c == proof.currency && planned.fate == Fate::New)
            .map(|((minor, _), _)| i128::from(*minor))
            .sum();
        let is_news = currency.key.0 > 1 && account.currency.is_none() && proof.books == new;
        if is_news && new != 0 {
            ctx.warn(&format!(
                "{file} is in {code}, which {path} does not hold yet; if it is an account in {code}:\n         hissab account set {word} --currency {code}",
                code = currency.code,
                path = account.path,
                word = shell_word(&account.path),
            ));
        }
    }
}

/// Where the rules stand, in a few words: the file as given, else the profile's.
fn rules_named(session: &Session, read: &ReadFile) -> String {
    let profile = read.parts.first().and_then(|p| p.profile.as_deref());
    match (
        session.learning.rules.as_str(),
        &read.as_profile.rules,
        profile,
    ) {
        ("", Some(path), _) => path.clone(),
        ("", None, Some(profile)) => format!("profile {profile}"),
        (given, ..) => given.to_owned(),
    }
}

fn part(plan: &Plan) -> StatementPart<'_> {
    StatementPart {
        statement: &plan.read.statement,
        planned: &plan.planned,
        account: plan.account_path(),
        account_id: plan.account_id,
        form: plan.read.statement.form(),
    }
}

/// An account for Suspense is opened only if something goes there.
fn forget_suspense(names: &mut Names, parts: &[Plan]) {
    let Some(suspense) = parts.first().map(|p| p.suspense.clone()) else {
        return;
    };
    let used = parts.iter().any(|p| p.counts().to_suspense > 0);
    if !used {
        names.forget(&suspense);
    }
}

fn same_file(session: &Session, sha256: &[u8; 32], part: &Plan) -> Option<crate::book::ImportRow> {
    let of_it =
        |account: &Option<Arc<str>>| account.as_ref().is_none_or(|a| *a == part.read.account);
    session
        .imports
        .iter()
        .rev()
        .find(|i| i.head.sha256 == *sha256 && !i.undone && of_it(&i.head.account))
        .cloned()
}

fn pairs(parts: &[Plan]) -> HashMap<Place, Vec<Place>> {
    let mut pairs: HashMap<Place, Vec<Place>> = HashMap::new();
    for (index, part) in parts.iter().enumerate() {
        for (nth, planned) in part.planned.iter().enumerate() {
            if let Fate::Paired { part, row } = planned.fate {
                pairs.entry((part, row)).or_default().push((index, nth));
            }
        }
    }
    pairs
}

impl FilePlan {
    /// True if the book would be the same afterwards.
    pub fn changes_nothing(&self) -> bool {
        self.parts.iter().all(Plan::changes_nothing)
    }

    /// The changes of the file's unit.
    pub fn changes(&self) -> StatementChanges<'_> {
        StatementChanges {
            head: &self.head,
            parts: self.parts.iter().map(part).collect(),
            paired: &self.paired,
        }
    }

    /// Numbers of new rows, from the ranges a unit touched.
    pub fn written(&mut self, ranges: &[(u64, u64)]) {
        let mut posted = ranges.iter().flat_map(|(first, last)| *first..=*last);
        for part in &mut self.parts {
            for (planned, number) in part.planned.iter().zip(&mut part.numbers) {
                if planned.fate == Fate::New {
                    *number = posted.next();
                }
            }
        }
        for ((part, row), others) in &self.paired {
            let number = self.parts[*part].numbers[*row];
            for (part, row) in others {
                self.parts[*part].numbers[*row] = number;
            }
        }
    }

    /// All of it was there: what seemed new or matched has these numbers.
    pub fn repeated(&mut self, ranges: &[(u64, u64)]) {
        self.written(ranges);
        for part in &mut self.parts {
            for (planned, number) in part.planned.iter_mut().zip(&part.numbers) {
                planned.fate = Fate::Known {
                    number: number.unwrap_or(0),
                };
            }
        }
    }

    pub fn set_batch(&mut self, batch: u64) {
        for part in &mut self.parts {
            part.batch = Some(batch);
        }
    }

    /// What was decided at the terminal is in the book now.
    pub fn forget_review(&self) {
        let Some(head) = self.batch_head() else {
            return;
        };
        for part in &self.parts {
            review::forget(&head.sha256, part.account_path());
        }
    }

    /// The import as it will be recorded.
    pub fn batch_head(&self) -> Option<&ImportBatch> {
        self.head.iter().find_map(|change| match change {
            Change::Import(batch) => Some(batch),
            _ => None,
        })
    }

    /// What the log says besides: what does not add up and was let pass.
    pub fn reason(&self) -> Option<String> {
        let gaps: Vec<&str> = self
            .parts
            .iter()
            .filter_map(|p| p.read.statement.gap.as_deref())
            .collect();
        (!gaps.is_empty()).then(|| gaps.join("; "))
    }

    /// The row whose change the book refused.
    pub fn row_of_change(&self, change: usize) -> Option<&StatementRow> {
        let (part, row) = self.changes().row_of_change(change)?;
        Some(&self.parts[part].read.statement.rows[row])
    }
}
