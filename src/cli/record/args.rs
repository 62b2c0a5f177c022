//! Flags that many writers share.

use std::sync::Arc;

use jiff::civil::Date;

use super::Recorder;
use crate::cli::error::{Failure, Result, shell_word};
use crate::ledger::draft::Draft;
use crate::ledger::transaction::{Tag, TransactionId, Voucher};

// Flags of everything that writes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Writing")]
pub struct WriteArgs {
    /// Check everything and show the change, but write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Write once only: the same line with the same key again changes nothing
    #[arg(long, value_name = "KEY")]
    pub once: Option<String>,
}

// Flags of everything that posts a transaction.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "About the transaction")]
pub struct DetailArgs {
    /// The date: 2026-04-05, 5/4, yesterday, -3d, 'last friday' [default: today]
    #[arg(short = 'd', long, value_name = "DATE")]
    pub date: Option<String>,

    /// Who was paid or paid: only a name, no account
    #[arg(long, value_name = "NAME")]
    pub payee: Option<String>,

    /// Your own number: of a bill, cheque or UPI transfer
    #[arg(long, visible_alias = "ref", value_name = "TEXT")]
    pub reference: Option<String>,

    /// A note on the first entry
    #[arg(long, value_name = "TEXT")]
    pub memo: Option<String>,

    /// A tag, name=value or a name alone (repeatable)
    #[arg(long = "tag", value_name = "K=V")]
    pub tags: Vec<String>,

    /// receipt, payment, contra, journal, sales, purchase, credit-note, debit-note, opening or closing [default: what the entries show]
    #[arg(long, value_name = "TYPE")]
    pub voucher: Option<String>,

    /// When it is to be paid
    #[arg(long, value_name = "DATE")]
    pub due: Option<String>,

    /// Create accounts that do not exist yet
    #[arg(long)]
    pub create_accounts: bool,

    #[command(flatten)]
    pub write: WriteArgs,
}

impl DetailArgs {
    /// An empty draft with everything these flags say; [`DetailArgs::finish`] adds the memo.
    pub fn draft(&self, recorder: &mut Recorder<'_>, description: &str) -> Result<Draft> {
        let date = recorder.date_or_today(self.date.as_deref())?;
        let id = TransactionId(recorder.ctx.make_id());
        let mut draft = Draft::new(id, date, Arc::from(description));
        draft.payee = self.payee.clone().filter(|p| !p.is_empty());
        draft.reference = self.reference.clone().filter(|r| !r.is_empty());
        draft.tags = self
            .tags
            .iter()
            .map(|t| read_tag(t))
            .collect::<Result<_>>()?;
        draft.voucher = self.voucher.as_deref().map(read_voucher).transpose()?;
        draft.due = self.due(recorder)?;
        Ok(draft)
    }

    pub fn due(&self, recorder: &Recorder<'_>) -> Result<Option<Date>> {
        self.due
            .as_deref()
            .map(|d| recorder.future_date(d))
            .transpose()
    }

    /// These flags as words to paste, dates in full; without the posting date and `--once`.
    pub fn again(&self, draft: &Draft) -> Vec<String> {
        let due = draft.due.map(|due| due.to_string());
        let tags = self.tags.iter().map(|tag| ("--tag", Some(tag)));
        let flags = [
            ("--payee", self.payee.as_ref()),
            ("--ref", self.reference.as_ref()),
            ("--memo", self.memo.as_ref()),
            ("--voucher", self.voucher.as_ref()),
            ("--due", due.as_ref()),
        ];
        let given = flags.into_iter().chain(tags);
        let given = given.filter_map(|(flag, value)| Some((flag, value?)));
        given
            .flat_map(|(flag, value)| [flag.to_owned(), shell_word(value)])
            .collect()
    }

    /// Puts the memo on the first entry.
    pub fn finish(&self, draft: &mut Draft) {
        if let (Some(memo), Some(first)) = (&self.memo, draft.entries.first_mut()) {
            first.memo = Some(memo.clone());
        }
    }
}

/// `name=value`, `name:value` or a name alone.
pub fn read_tag(text: &str) -> Result<Tag> {
    let (name, value) = text
        .split_once('=')
        .or_else(|| text.split_once(':'))
        .unwrap_or((text, ""));
    if name.trim().is_empty() || name.contains([' ', ':', ',']) {
        return Err(Failure::usage(
            "bad-tag",
            format!(
                "{text:?} is not a tag: write name=value, the name without spaces, colons or commas"
            ),
        ));
    }
    Ok(Tag {
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
    })
}

/// A reason for the audit log: words, not blanks.
pub fn check_reason(text: &str) -> Result<()> {
    match text.trim().is_empty() {
        false => Ok(()),
        true => Err(Failure::usage(
            "empty-reason",
            "--reason says nothing; the log needs to know why",
        )),
    }
}

/// A voucher type by its word.
pub fn read_voucher(word: &str) -> Result<Voucher> {
    Voucher::from_word(&word.to_lowercase()).ok_or_else(|| {
        let known = Voucher::ALL.map(Voucher::word).join(", ");
        Failure::usage(
            "unknown-voucher",
            format!("there is no voucher type {word:?}"),
        )
        .hint(format!("types: {known}"))
    })
}
