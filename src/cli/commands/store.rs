//! `hissab store …`: where a server keeps its books and people.

use std::io::Write;
use std::path::PathBuf;

use super::serve_results::{ResultsArgs, bucket};
use crate::cli::context::Context;
use crate::cli::database;
use crate::cli::error::{Exit, Failure, Result};
use crate::ledger::audit::hex;
use crate::ledger::plural::counted;
use crate::render::sanitize::line;
use crate::server::ServeError;
use crate::server::moving::{self, Fate, Jobs, MoveError, Moved, Place, Results};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(clap::Subcommand)]
pub enum Action {
    /// Bring a server's books and people from a folder into Postgres, or back
    Migrate(MigrateArgs),
    /// Let writers in again where a migration was given up
    Reopen(ReopenArgs),
    /// List books that a push or a restore replaced, or remove those that are held by the book that is there
    Replaced(ReplacedArgs),
    /// Put the large tables of a database that has no book yet into partitions
    Partition(PartitionArgs),
}

/// Every book's writers are refused from the moment it is copied; readers go on. Interrupted, it goes on where it
/// was. At the end both sides have the same audit heads and trial balances, or it says what differs. Export jobs go over
/// with what they made; those that wait are done on the other side.
#[derive(clap::Args)]
#[command(
    after_help = "Example: hissab store migrate --from /srv/hissab --to postgres://hissab@db.example.com/hissab"
)]
pub struct MigrateArgs {
    /// Where everything is: a data folder, or postgres://USER@HOST/NAME
    #[arg(long, value_name = "PLACE")]
    pub from: String,

    /// Where it goes: the other kind
    #[arg(long, value_name = "PLACE")]
    pub to: String,

    /// The data folder of the servers on the database: results of export jobs lie in it
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    #[command(flatten)]
    pub results: ResultsArgs,
}

#[derive(clap::Args)]
#[command(after_help = "Example: hissab store reopen /srv/hissab")]
pub struct ReopenArgs {
    /// A data folder, or postgres://USER@HOST/NAME
    #[arg(value_name = "PLACE")]
    pub place: String,
}

/// A server removes a replaced book by itself after 30 days, if the book that is there holds all of it: the same book,
/// further along the same log. One that holds more, such as what a restore went back behind, stays until somebody
/// removes its file.
#[derive(clap::Args)]
#[command(after_help = "Example: hissab store replaced /srv/hissab --remove")]
pub struct ReplacedArgs {
    /// A data folder, or postgres://USER@HOST/NAME
    #[arg(value_name = "PLACE")]
    pub place: String,

    /// Remove them now
    #[arg(long)]
    pub remove: bool,
}

/// For a host of very many organisations: each one's rows lie in one partition, by the hash of its id. Nothing else
/// changes. It is done before the first server starts; an empty database is made ready on the way.
#[derive(clap::Args)]
#[command(
    after_help = "Example: hissab store partition postgres://hissab@db.example.com/hissab --parts 32"
)]
pub struct PartitionArgs {
    /// The database: postgres://USER@HOST/NAME
    #[arg(value_name = "PLACE")]
    pub place: String,

    /// Partitions of each table
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(2..=1024))]
    pub parts: u32,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    match args.action {
        Action::Migrate(args) => migrate(ctx, &args),
        Action::Reopen(args) => reopen(ctx, &args),
        Action::Replaced(args) => replaced(ctx, &args),
        Action::Partition(args) => partition(ctx, &args),
    }
}

fn place(text: &str) -> Result<Place> {
    if !database::is_address(text) {
        return Ok(Place::Folder(PathBuf::from(text)));
    }
    if cfg!(not(feature = "postgres")) {
        return Err(super::serve::failure(ServeError::no_postgres()));
    }
    Ok(Place::Database {
        address: database::with_password(text, true)?,
        shown: database::shown(text),
    })
}

fn migrate(ctx: &mut Context, args: &MigrateArgs) -> Result<Exit> {
    let (from, to) = (place(&args.from)?, place(&args.to)?);
    if from == to {
        return Err(Failure::usage("same-place", "--from and --to are the same"));
    }
    let results = Results {
        bucket: bucket(&args.results)?,
        data: args.data.clone(),
    };
    let now = ctx.now();
    let json = ctx.wants_json();
    let mut said = Ok(());
    let out = &mut ctx.out;
    let outcome = moving::migrate(&from, &to, &results, now, &mut |org| {
        if said.is_ok() && !json {
            said = say(out, org);
        }
    });
    let outcome = outcome.map_err(failure)?;
    said?;
    if json {
        let orgs: Vec<_> = outcome.orgs.iter().map(object).collect();
        let whole = serde_json::json!({
            "schema": "hissab/store-migrate/1", "organisations": orgs, "people": outcome.people,
            "jobs": outcome.jobs.moved, "jobs_left": outcome.jobs.left,
        });
        writeln!(ctx.out, "{whole}")?;
        return Ok(Exit::Ok);
    }
    let text = format!(
        "{} and {}: the same audit heads and trial balances on both sides",
        counted(outcome.orgs.len() as u64, "organisation"),
        counted(outcome.people as u64, "account"),
    );
    writeln!(ctx.out, "{text}")?;
    let Jobs { moved, left } = outcome.jobs;
    if moved > 0 {
        writeln!(ctx.out, "{} moved", counted(moved as u64, "export job"))?;
    }
    if left > 0 {
        let stay = counted(left as u64, "export job");
        ctx.note(&format!(
            "{stay} stayed behind with what they made: it is not there, or --data DIR (or --results) must say where \
             servers on the database keep results; the same command again takes them along"
        ));
    }
    ctx.note("start the server on the new place and stop the one on the old: its books are only read now");
    Ok(Exit::Ok)
}

fn say(out: &mut impl Write, org: &Moved) -> Result<()> {
    let state = match org.already {
        true => "was there",
        false => "moved",
    };
    let text = format!(
        "{} · {state}: {}, head {} {}",
        org.slug,
        counted(org.transactions, "transaction"),
        org.sequence,
        hex(&org.head)
    );
    writeln!(out, "{}", line(&text))?;
    // Whoever interrupts it sees how far it came.
    out.flush()?;
    Ok(())
}

fn object(org: &Moved) -> serde_json::Value {
    serde_json::json!({
        "organisation": org.slug, "transactions": org.transactions, "sequence": org.sequence,
        "head": hex(&org.head), "state": if org.already { "was there" } else { "moved" },
    })
}

fn reopen(ctx: &mut Context, args: &ReopenArgs) -> Result<Exit> {
    let count = moving::reopen(&place(&args.place)?, ctx.now()).map_err(failure)?;
    if !ctx.globals.quiet {
        let text = format!("{} can be written to", counted(count as u64, "book"));
        writeln!(ctx.out, "{text}")?;
    }
    Ok(Exit::Ok)
}

fn replaced(ctx: &mut Context, args: &ReplacedArgs) -> Result<Exit> {
    let list = moving::replaced(&place(&args.place)?, args.remove, ctx.now()).map_err(failure)?;
    let word = |fate: Fate| match fate {
        Fate::Kept => "kept",
        Fate::Removed => "removed",
        Fate::Needed => "kept: it holds what the book does not",
    };
    if ctx.wants_json() {
        let books: Vec<_> = list
            .iter()
            .map(|(old, fate)| {
                serde_json::json!({
                    "organisation": old.org.slug, "name": old.name, "since": old.since.to_string(),
                    "removed": *fate == Fate::Removed, "held": *fate != Fate::Needed,
                })
            })
            .collect();
        let whole = serde_json::json!({ "schema": "hissab/store-replaced/1", "books": books });
        writeln!(ctx.out, "{whole}")?;
        return Ok(Exit::Ok);
    }
    for (old, fate) in &list {
        let since = old.since.strftime("%Y-%m-%d %H:%M:%SZ");
        let text = format!("{} · {since} · {}: {}", old.org.slug, old.name, word(*fate));
        writeln!(ctx.out, "{}", line(&text))?;
    }
    if list.is_empty() {
        ctx.note("no book was replaced there");
    }
    Ok(Exit::Ok)
}

#[cfg(feature = "postgres")]
fn partition(ctx: &mut Context, args: &PartitionArgs) -> Result<Exit> {
    moving::partition(&place(&args.place)?, args.parts).map_err(failure)?;
    if !ctx.globals.quiet {
        writeln!(
            ctx.out,
            "the large tables have {} partitions each",
            args.parts
        )?;
    }
    Ok(Exit::Ok)
}

#[cfg(not(feature = "postgres"))]
fn partition(_: &mut Context, _: &PartitionArgs) -> Result<Exit> {
    Err(super::serve::failure(ServeError::no_postgres()))
}

fn failure(error: MoveError) -> Failure {
    let text = error.to_string();
    match error {
        MoveError::Place { .. } => Failure::refused("bad-store", text)
            .hint("a store is the --data folder of a server, or its --database address"),
        MoveError::Org { slug, source } => Failure::from(source)
            .while_doing(&format!("{slug} was not moved"))
            .hint("the same command again goes on where it was"),
        MoveError::Differs { .. } | MoveError::People { .. } => {
            Failure::new(Exit::Unproved, "stores-differ", text)
                .hint("both sides went on apart: nothing was changed; move into an empty place")
        }
    }
}
