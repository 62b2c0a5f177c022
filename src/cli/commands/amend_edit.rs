//! `hissab amend --edit`: a transaction as text in the user's editor, started without a shell.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::cli::error::{Failure, Result};
use crate::cli::record::Recorder;
use crate::cli::record::args::{read_tag, read_voucher};
use crate::cli::record::transaction_json::tag_text;
use crate::ledger::draft::{Draft, DraftEntry, DraftPrice};
use crate::ledger::transaction::PriceBasis;

/// Opens the editor on a draft and reads back what it became; the text goes away with its handle.
///
/// Errors: an editor that fails, a text that cannot be read (it is kept, and named).
pub fn edit(recorder: &mut Recorder<'_>, draft: &Draft) -> Result<(Draft, NamedTempFile)> {
    let editor = recorder.ctx.config()?.text("editor").unwrap_or_default();
    let words: Vec<&str> = editor.split_whitespace().collect();
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::usage("no-editor", "no editor is configured")
            .hint("hissab config set editor nano"));
    };
    let file = laid_out(draft).context("laying the transaction out for the editor")?;
    let status = Command::new(program)
        .args(arguments)
        .arg(file.path())
        .status()
        .map_err(|e| {
            Failure::refused(
                "editor-failed",
                format!("the editor {program} cannot be started: {e}"),
            )
            .hint("hissab config set editor nano")
        })?;
    if !status.success() {
        return Err(Failure::refused(
            "editor-failed",
            format!("the editor {program} ended with {status}: nothing was changed"),
        ));
    }
    let text = std::fs::read_to_string(file.path())
        .with_context(|| format!("reading back what {program} wrote"))?;
    match read(recorder, draft, &text) {
        Ok(edited) => Ok((edited, file)),
        Err(failure) => Err(kept(file, failure)),
    }
}

/// A failure after which what was typed is kept, and named.
pub fn kept(file: NamedTempFile, failure: Failure) -> Failure {
    match file.keep() {
        Ok((_, path)) => failure.hint(format!("your text is kept in {}", path.display())),
        Err(_) => failure,
    }
}

/// The text of a draft in a file that goes away with the handle.
fn laid_out(draft: &Draft) -> anyhow::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix("hissab-")
        .suffix(".txt")
        .tempfile()
        .with_context(|| format!("a file in {}", std::env::temp_dir().display()))?;
    file.write_all(text_of(draft).as_bytes())?;
    file.flush()?;
    Ok(file)
}

/// A draft as lines that can be edited.
fn text_of(draft: &Draft) -> String {
    let mut text = String::from(
        "# Lines that begin with # are left out. Amounts: debit positive, credit negative.\n",
    );
    let mut put = |name: &str, value: &str| {
        text.push_str(format!("{name}: {value}").trim_end());
        text.push('\n');
    };
    put("date", &draft.date.to_string());
    put("description", &draft.description);
    put("payee", draft.payee.as_deref().unwrap_or(""));
    put("reference", draft.reference.as_deref().unwrap_or(""));
    put("due", &draft.due.map(|d| d.to_string()).unwrap_or_default());
    put("voucher", draft.voucher.map_or("", |v| v.word()));
    put(
        "tags",
        &draft
            .tags
            .iter()
            .map(tag_text)
            .collect::<Vec<_>>()
            .join(", "),
    );
    text.push('\n');
    for entry in &draft.entries {
        text.push_str(&entry_text(entry));
    }
    text
}

/// `Assets:Cash  -120.00 INR @ 1 USD  ; memo`
fn entry_text(entry: &DraftEntry) -> String {
    let mut text = entry.account.to_string();
    if let Some(amount) = entry.amount {
        text.push_str(&format!(
            "  {amount} {}",
            entry.currency.as_deref().unwrap_or("")
        ));
    }
    if let Some(price) = &entry.price {
        let sign = match price.basis {
            PriceBasis::Unit => "@",
            PriceBasis::Total => "@@",
        };
        text.push_str(&format!(
            " {sign} {} {}",
            price.amount,
            price.currency.as_deref().unwrap_or("")
        ));
    }
    if let Some(memo) = &entry.memo {
        text.push_str(&format!("  ; {}", memo.replace('\n', " ")));
    }
    text.trim_end().to_owned() + "\n"
}

/// Reads the lines back; what they do not show stays as it was.
fn read(recorder: &mut Recorder<'_>, draft: &Draft, text: &str) -> Result<Draft> {
    let mut edited = draft.clone();
    edited.entries.clear();
    let mut in_head = true;
    for (index, line) in text.lines().enumerate() {
        let shown = line.trim();
        if shown.starts_with('#') {
            continue;
        }
        if shown.is_empty() {
            in_head = false;
            continue;
        }
        let here = |f: Failure| f.at(format!("line {}: {shown}", index + 1));
        if in_head {
            read_head(recorder, &mut edited, shown).map_err(here)?;
        } else {
            let old = draft.entries.get(edited.entries.len());
            let entry = read_entry(recorder, shown, old).map_err(here)?;
            edited.entries.push(entry);
        }
    }
    Ok(edited)
}

fn read_head(recorder: &mut Recorder<'_>, draft: &mut Draft, line: &str) -> Result<()> {
    let Some((name, value)) = line.split_once(':') else {
        return Err(Failure::usage("bad-edit", "this is not NAME: VALUE"));
    };
    let value = value.trim();
    let filled = Some(value.to_owned()).filter(|v| !v.is_empty());
    match name.trim() {
        "date" => draft.date = recorder.date(value)?,
        "description" => draft.description = Arc::from(value),
        "payee" => draft.payee = filled,
        "reference" => draft.reference = filled,
        "due" => draft.due = filled.map(|d| recorder.future_date(&d)).transpose()?,
        "voucher" => draft.voucher = filled.map(|v| read_voucher(&v)).transpose()?,
        "tags" => {
            draft.tags = value
                .split(',')
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(read_tag)
                .collect::<Result<_>>()?
        }
        other => {
            return Err(Failure::usage(
                "bad-edit",
                format!(
                    "there is no {other:?}: date, description, payee, reference, due, voucher, tags"
                ),
            ));
        }
    }
    Ok(())
}

fn read_entry(
    recorder: &mut Recorder<'_>,
    line: &str,
    old: Option<&DraftEntry>,
) -> Result<DraftEntry> {
    let (line, memo) = match line.split_once(" ;") {
        Some((line, memo)) => (
            line.trim(),
            Some(memo.trim().to_owned()).filter(|m| !m.is_empty()),
        ),
        None => (line, None),
    };
    let (name, rest) = line
        .split_once("  ")
        .map_or((line, ""), |(name, rest)| (name.trim(), rest.trim()));
    let account = recorder.account(name)?;
    let same = old.filter(|o| o.account == account);
    let mut entry = DraftEntry {
        account,
        memo,
        status: same.map(|o| o.status).unwrap_or_default(),
        tags: same.map(|o| o.tags.clone()).unwrap_or_default(),
        ..DraftEntry::default()
    };
    if rest.is_empty() {
        return Ok(entry);
    }
    let (amount, price) = match rest.split_once('@') {
        None => (rest, None),
        Some((amount, price)) => match price.strip_prefix('@') {
            Some(total) => (amount.trim(), Some((total.trim(), PriceBasis::Total))),
            None => (amount.trim(), Some((price.trim(), PriceBasis::Unit))),
        },
    };
    let money = recorder.money_or_zero(amount)?;
    entry.amount = Some(money.amount);
    entry.currency = money.currency;
    if let Some((text, basis)) = price {
        let price = recorder.money_or_zero(text)?;
        entry.price = Some(DraftPrice {
            amount: price.amount,
            currency: price.currency,
            basis,
        });
    }
    Ok(entry)
}
