//! One recording command at work: the open book, its chart, what was created on the way, the write.

use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::book::{Book, BookError};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::ledger::audit::Hash;
use crate::ledger::change::{
    Change, Done, Meanwhile, NewAccount, OnceKey, OperationId, Target, Unit, WriteMode,
};
use crate::ledger::chart::Chart;
use crate::ledger::date_text::{DateContext, DateProblem, DateTextError, YearRule, parse_date};
use crate::ledger::draft::{Draft, YEARS};
use crate::ledger::settings::BookInfo;
use crate::ledger::transaction::{Number, Transaction, TransactionId};

use super::WriteArgs;
use super::removed;

/// One recording command at work.
pub struct Recorder<'c> {
    pub ctx: &'c mut Context,
    pub book: Box<dyn Book>,
    pub info: BookInfo,
    /// The book's chart with what this command creates.
    pub chart: Chart,
    pub today: Date,
    /// Accounts and currencies created on the way: they come first in the unit.
    pub prelude: Vec<Change>,
    /// Unknown accounts are created without a question.
    pub create_accounts: bool,
    /// Where each change of the unit stands in an input, for errors: `stdin line 3`.
    pub places: Vec<String>,
}

/// What a unit did, with what is needed to say so.
#[derive(Debug, Clone)]
pub struct Written {
    pub done: Done,
    pub operation: OperationId,
    pub dry_run: bool,
}

impl<'c> Recorder<'c> {
    /// Opens the book for writing.
    pub fn open(ctx: &'c mut Context) -> Result<Recorder<'c>> {
        // What cannot be echoed as asked is found before anything is written.
        ctx.words_or_json()?;
        let book = ctx.open_write()?;
        Recorder::with(ctx, book)
    }

    /// Works on a book that is open already.
    pub fn with(ctx: &'c mut Context, mut book: Box<dyn Book>) -> Result<Recorder<'c>> {
        let info = book.info()?;
        let mut chart = book.chart()?;
        removed::hide(&mut *book, &info.settings, &mut chart)?;
        let today = ctx.today(&info.settings.timezone)?;
        Ok(Recorder {
            ctx,
            book,
            info,
            chart,
            today,
            prelude: Vec::new(),
            create_accounts: false,
            places: Vec::new(),
        })
    }

    // ---- dates ----

    pub fn date_context(&self) -> DateContext {
        DateContext::of(&self.info.settings, self.today)
    }

    /// A date as typed; without a year the latest that is not after today.
    pub fn date(&self, text: &str) -> Result<Date> {
        self.within_the_years(text, YearRule::NotAfterToday)
    }

    /// A date that a book can hold.
    fn within_the_years(&self, text: &str, rule: YearRule) -> Result<Date> {
        match parse_date(text, &self.date_context(), rule) {
            Err(DateTextError { problem, .. }) if problem != DateProblem::OutOfRange => {
                Err(DateTextError {
                    text: text.to_owned(),
                    problem,
                }
                .into())
            }
            Ok(date) if YEARS.contains(&date.year()) => Ok(date),
            _ => Err(Failure::usage(
                "bad-date",
                format!(
                    "{text} is outside the years {} to {}",
                    YEARS.start(),
                    YEARS.end()
                ),
            )
            .hint("dates look like 2026-04-05, 5/4, yesterday or -3d")),
        }
    }

    pub fn date_or_today(&self, text: Option<&str>) -> Result<Date> {
        text.map_or(Ok(self.today), |t| self.date(t))
    }

    /// A date that may well lie ahead, like a due date.
    pub fn future_date(&self, text: &str) -> Result<Date> {
        self.within_the_years(text, YearRule::ThisYear)
    }

    // ---- transactions ----

    /// The transaction a REF names: a number or an id.
    pub fn find(&mut self, reference: &str) -> Result<Transaction> {
        find(self.book.as_mut(), reference)
    }

    // ---- the chart on the way ----

    /// Plans a new account; it is part of the unit that will be written.
    pub fn plan_account(&mut self, new: NewAccount) {
        let account = new.clone().into_account(self.chart.next_account_key());
        self.chart.put_account(account);
        self.prelude.push(Change::OpenAccount(new));
    }

    /// The account of exactly this path, planned if it is not there.
    pub fn ensure_account(&mut self, path: &str) -> Arc<str> {
        if self.chart.find(path).is_none() {
            let id = self.ctx.make_id();
            self.plan_account(NewAccount::at(id, path));
        }
        Arc::from(path)
    }

    // ---- writing ----

    /// The condition that nobody wrote to the book since it was opened here.
    pub fn unless_written(&self) -> Change {
        Change::Unless {
            since: self.info.sequence,
            written: Meanwhile::Anything,
        }
    }

    /// Posts drafts and echoes them.
    pub fn post(&mut self, drafts: Vec<Draft>, write: &WriteArgs, dated: bool) -> Result<()> {
        let (written, previews) = self.record(drafts, write, dated)?;
        super::echo::posted(self, &written, previews)
    }

    /// Posts drafts; what to echo of them.
    pub fn record(
        &mut self,
        drafts: Vec<Draft>,
        write: &WriteArgs,
        dated: bool,
    ) -> Result<(Written, Vec<Draft>)> {
        let content = write
            .once
            .as_ref()
            .map(|_| content_of_drafts(&drafts, dated))
            .unwrap_or_default();
        let previews = drafts.clone();
        let changes = drafts.into_iter().map(Change::Post).collect();
        let written = self
            .write("posted", None, changes, write, &content)
            .map_err(|f| match f.exit {
                // Nobody knows that it was not.
                Exit::Unconfirmed => f,
                _ => f.while_doing("transaction not posted"),
            })?;
        Ok((written, previews))
    }

    /// Writes one unit: what was planned on the way, then `changes`.
    ///
    /// `content` is what the request stood for, compared when `--once` repeats.
    pub fn write(
        &mut self,
        action: &str,
        reason: Option<String>,
        changes: Vec<Change>,
        write: &WriteArgs,
        content: &str,
    ) -> Result<Written> {
        let mut all = std::mem::take(&mut self.prelude);
        let planned = all.len();
        all.extend(changes);
        let once = write
            .once
            .as_ref()
            .map(|key| once_key(key, action, content))
            .transpose()?;
        let operation = OperationId(self.ctx.make_id());
        let unit = Unit {
            operation,
            action: action.to_owned(),
            reason,
            who: self.ctx.who()?,
            at: self.ctx.now(),
            once,
            changes: &all,
        };
        let mode = if write.dry_run {
            WriteMode::DryRun
        } else {
            WriteMode::Commit
        };
        let outcome = self.ctx.while_waiting(|| self.book.write(&[unit], mode))?;
        self.ctx.step("written");
        let done = outcome
            .into_iter()
            .next()
            .ok_or_else(|| Failure::refused("no-outcome", "the book gave no answer"))?
            .map_err(|error| self.placed(error, planned))?;
        let dry_run = write.dry_run;
        let written = Written {
            done,
            operation,
            dry_run,
        };
        if !dry_run {
            let book = &self.info.settings.name;
            self.ctx.recorded.note(&written.done);
            self.ctx.recorded.answered(book, &written);
        }
        Ok(written)
    }
}

impl Recorder<'_> {
    /// An error with the place of the change it is about; `planned` changes came before those with places.
    fn placed(&self, error: BookError, planned: usize) -> Failure {
        let place = match &error {
            BookError::Refused { change, .. } => change
                .checked_sub(planned)
                .and_then(|index| self.places.get(index))
                .cloned(),
            _ => None,
        };
        let mut failure = Failure::from(error);
        // What was typed is a malformed argument; what came from a file or a pipe is data.
        let typed = ["too-precise", "too-large", "date-out-of-range"].contains(&&*failure.code);
        if typed && self.places.is_empty() && failure.exit == Exit::Failed {
            failure.exit = Exit::Usage;
        }
        match place {
            Some(place) => failure.at(place).hint("nothing was posted"),
            None => failure,
        }
    }
}

/// The transaction a REF names: a number or an id.
pub fn find(book: &mut dyn Book, reference: &str) -> Result<Transaction> {
    let target = read_reference(reference)?;
    book.find(target)?.ok_or_else(|| {
        Failure::not_found(
            "transaction-not-found",
            format!("there is no transaction {reference}"),
        )
        .hint("find it: hissab search WORDS, or hissab daybook")
    })
}

/// A REF: `1042`, `#1042` or an id.
pub fn read_reference(text: &str) -> Result<Target> {
    let number = text.strip_prefix('#').unwrap_or(text);
    if let Ok(number) = number.parse::<u64>() {
        return Ok(Target::Number(Number(number)));
    }
    match uuid::Uuid::try_parse(text) {
        Ok(id) => Ok(Target::Id(TransactionId(id))),
        Err(_) => Err(Failure::usage(
            "bad-reference",
            format!("{text:?} is neither a transaction's number nor its id"),
        )
        .hint("find it: hissab search WORDS, or hissab daybook")),
    }
}

/// The longest key of `--once`, in bytes.
const ONCE_BYTES_MAX: usize = 200;

/// The key of `--once` and the hash of what it stands for.
pub fn once_key(key: &str, action: &str, content: &str) -> Result<OnceKey> {
    if key.is_empty() || key.len() > ONCE_BYTES_MAX {
        return Err(Failure::usage(
            "bad-once-key",
            format!("the key of --once has 1 to {ONCE_BYTES_MAX} characters"),
        ));
    }
    let mut hasher = Sha256::new();
    for part in [action, content] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let content: Hash = hasher.finalize().into();
    Ok(OnceKey {
        key: key.to_owned(),
        content,
    })
}

/// What drafts stand for: everything but their ids, and their dates only where they were typed. A cron line
/// without a date means the same line on every day.
fn content_of_drafts(drafts: &[Draft], dated: bool) -> String {
    let mut content = String::new();
    for draft in drafts {
        let mut plain = draft.clone();
        plain.id = TransactionId(uuid::Uuid::nil());
        if !dated {
            plain.date = Date::MIN;
        }
        for entry in &mut plain.entries {
            entry.amount = entry.amount.map(|a| a.normalize());
        }
        content.push_str(&format!("{plain:?}\n"));
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use uuid::Uuid;

    #[test]
    fn a_repeat_on_another_day_is_the_same_content_unless_the_date_was_typed() {
        let on = |day| {
            let id = TransactionId(Uuid::from_u128(day as u128));
            vec![Draft::new(id, date(2026, 4, day), "rent")]
        };
        assert_eq!(
            content_of_drafts(&on(1), false),
            content_of_drafts(&on(2), false)
        );
        assert_ne!(
            content_of_drafts(&on(1), true),
            content_of_drafts(&on(2), true)
        );
    }

    #[test]
    fn references_are_numbers_or_ids() {
        assert_eq!(
            read_reference("1042").unwrap(),
            Target::Number(Number(1042))
        );
        assert_eq!(read_reference("#7").unwrap(), Target::Number(Number(7)));
        assert!(read_reference("018f0000-0000-7000-8000-000000000000").is_ok());
        assert_eq!(read_reference("tea").unwrap_err().code, "bad-reference");
    }
}
