//! `hissab audit verify` and `hissab audit head`.

use std::io::Write;

use crate::book::{AuditQuery, Book};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::progress::Progress;
use crate::ledger::audit::{Hash, hex};
use crate::ledger::plural::counted;
use crate::render::sanitize;

/// Prove the chain, and that the books are what it speaks of
///
/// Exit 3 if anything does not hold.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: hissab audit verify --contains 3f9ac2d17b04")]
pub struct Args {
    /// Also prove that a record of this hash, or of its beginning, is in the chain
    #[arg(long, value_name = "HASH")]
    pub contains: Option<String>,
}

/// Records asked for at once.
const PAGE: u64 = 2_000;
/// Fewer digits would be found by chance.
const DIGITS_MIN: usize = 8;

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    let wanted = args.contains.as_deref().map(read_hash).transpose()?;
    let mut book = ctx.open_read()?;
    require_log(book.as_mut())?;
    let progress = Progress::begin(ctx, "walking the audit chain", None);
    let proved = book.verify()?;
    drop(progress);
    let found = match &wanted {
        Some(start) => Some(find(book.as_mut(), start)?),
        None => None,
    };
    let holds = proved.faults.is_empty() && found != Some(None);
    if ctx.wants_json() {
        let faults = proved.faults.iter().map(
            |f| serde_json::json!({ "code": f.code, "number": f.number, "message": f.message }),
        );
        let object = serde_json::json!({
            "schema": "hissab/audit-verify/1",
            "holds": holds,
            "records": proved.records,
            "transactions": proved.transactions,
            "head": hex(&proved.head),
            "contains": found.map(|f| f.map(|(sequence, hash)| {
                serde_json::json!({ "seq": sequence, "hash": hex(&hash) })
            })),
            "faults": faults.collect::<Vec<_>>(),
        });
        writeln!(ctx.out, "{object}")?;
        return Ok(exit(holds));
    }
    for fault in &proved.faults {
        let number = fault.number.map(|n| format!(" {n}")).unwrap_or_default();
        let line = format!("error    {}{number}  {}", fault.code, fault.message);
        writeln!(ctx.out, "{}", sanitize::line(&line))?;
    }
    match (found, wanted) {
        (Some(Some((sequence, hash))), _) => {
            writeln!(ctx.out, "contains {} as record {sequence}", hex(&hash))?;
        }
        (Some(None), Some(start)) => {
            writeln!(
                ctx.out,
                "error    no record of this chain has the hash {start}"
            )?;
        }
        _ => {}
    }
    let verdict = if proved.faults.is_empty() {
        "Verified"
    } else {
        "DOES NOT VERIFY"
    };
    writeln!(
        ctx.out,
        "{verdict}: {}, {}, audit head {}",
        counted(proved.records, "record"),
        counted(proved.transactions, "transaction"),
        hex(&proved.head)
    )?;
    Ok(exit(holds))
}

/// `hissab audit head`: `SEQ HASH`.
pub fn head(ctx: &mut Context) -> Result<Exit> {
    ctx.words_or_json()?;
    let mut book = ctx.open_read()?;
    require_log(book.as_mut())?;
    let info = book.info()?;
    let hash = hex(&info.head.unwrap_or_default());
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/audit-head/1", "seq": info.sequence, "hash": hash,
        });
        writeln!(ctx.out, "{object}")?;
    } else {
        writeln!(ctx.out, "{} {hash}", info.sequence)?;
    }
    Ok(Exit::Ok)
}

/// Journals of `-f` keep no log.
pub fn require_log(book: &mut dyn Book) -> Result<()> {
    if book.info()?.head.is_some() {
        return Ok(());
    }
    Err(
        Failure::usage("no-audit-log", "journals read with -f keep no audit log")
            .hint("hissab -B BOOK audit …"),
    )
}

fn exit(holds: bool) -> Exit {
    if holds { Exit::Ok } else { Exit::Unproved }
}

fn read_hash(text: &str) -> Result<String> {
    let start = text.trim().to_lowercase();
    let digits = start.chars().all(|c| c.is_ascii_hexdigit());
    if !digits || !(DIGITS_MIN..=64).contains(&start.len()) {
        let words = format!("--contains takes {DIGITS_MIN} to 64 hexadecimal digits, not {text:?}");
        return Err(Failure::usage("bad-hash", words).hint("hissab audit head prints one"));
    }
    Ok(start)
}

/// The record whose hash begins so.
fn find(book: &mut dyn Book, start: &str) -> Result<Option<(u64, Hash)>> {
    let last = book.info()?.sequence;
    let mut since = 0;
    while since < last {
        let query = AuditQuery {
            since: Some(since),
            before: Some(since + PAGE + 1),
            ..AuditQuery::default()
        };
        for entry in book.audit(&query)? {
            if hex(&entry.record.hash).starts_with(start) {
                return Ok(Some((entry.record.sequence, entry.record.hash)));
            }
        }
        since += PAGE;
    }
    Ok(None)
}
