//! `hissab sync`: settles what was recorded while a server could not be reached or did not answer.

use std::collections::BTreeMap;
use std::io::Write;

use uuid::Uuid;

use crate::cli::config::state_folder;
use crate::cli::context::Context;
use crate::cli::environment::local_time;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::shown::ShownArgs;
use crate::client::outbox::{Outbox, Settled};
use crate::client::{self, ClientError, Desk, Letter, Stage};
use crate::render::sanitize::line;
use crate::render::views::ListView;
use crate::render::{Cell, Column, Format};
use crate::wire::auth::Me;
use crate::wire::unit::DoneBody;

/// Settle what waits for the server: each is recorded once, or refused with the reason
///
/// Without a remote book, settles what waits for any. Exit 1 if the server refused one: it stays listed until it is dropped; 9 if some still wait.
#[derive(clap::Args)]
#[command(after_help = "Example: hissab -B https://books.example.com/ganesh sync --list")]
pub struct Args {
    /// Only show what waits
    #[arg(long)]
    pub list: bool,

    /// Forget one that waits: it will not be recorded from here
    #[arg(long, value_name = "ID", conflicts_with = "list")]
    pub drop: Option<String>,

    /// Record in your own name what somebody else, or another token, left waiting here
    #[arg(long, conflicts_with_all = ["list", "drop"])]
    pub adopt: bool,

    #[command(flatten)]
    pub shown: ShownArgs,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    let desks = desks(ctx)?;
    if args.list {
        return list(ctx, &desks, &args.shown);
    }
    args.shown.refuse("--list")?;
    match &args.drop {
        Some(id) => discard(ctx, &desks, id),
        None => settle_all(ctx, &desks, args.adopt),
    }
}

/// The remote book that was named; of a file or of none, every book that something waits for.
fn desks(ctx: &Context) -> Result<Vec<Desk>> {
    let located = ctx.located();
    if let Some(place) = located.as_ref().ok().and_then(|l| l.remote()) {
        return Ok(vec![ctx.desk(place)?]);
    }
    if ctx.globals.book.is_some() {
        return Err(Failure::usage(
            "needs-a-server",
            format!("nothing waits for a file: {} is one", located?.shown()),
        )
        .hint("hissab sync, of every server")
        .hint("hissab -B https://books.example.com/acme sync"));
    }
    let places = Outbox::places(&state_folder()?)?;
    places.iter().map(|place| ctx.desk(place)).collect()
}

/// Settles every book's, whatever became of those before it; the worst is the exit.
fn settle_all(ctx: &mut Context, desks: &[Desk], adopt: bool) -> Result<Exit> {
    let mut settled = 0;
    let mut exit = Exit::Ok;
    let mut failures = Vec::new();
    let mut names = Names::default();
    for desk in desks {
        let _alone = desk.outbox.lock()?;
        match settle(ctx, desk, &mut names, adopt) {
            Ok(count) => {
                settled += count.done + count.refused + count.others;
                if count.refused > 0 {
                    exit = Exit::Failed;
                } else if count.others > 0 && exit == Exit::Ok {
                    exit = Exit::Unconfirmed;
                }
            }
            Err(failure) => failures.push(failure),
        }
    }
    if let Some(last) = failures.pop() {
        for failure in &failures {
            ctx.complain(failure);
        }
        return Err(last);
    }
    if settled == 0 {
        ctx.note("nothing waits");
    }
    Ok(exit)
}

fn list(ctx: &mut Context, desks: &[Desk], shown: &ShownArgs) -> Result<Exit> {
    let mut letters = Vec::new();
    for desk in desks {
        letters.extend(desk.outbox.letters()?);
    }
    let machine = ctx.format()? != Format::Table;
    let zone = crate::cli::environment::zone_name();
    let at: Vec<String> = letters
        .iter()
        .map(|l| match machine {
            true => l.written_at.to_string(),
            false => local_time(l.written_at, &zone),
        })
        .collect();
    let rows = letters.iter().zip(&at).map(|(letter, at)| {
        vec![
            Cell::Word(letter.stage.word()),
            Cell::text(at),
            Cell::text(&letter.about),
            Cell::maybe(letter.why.as_deref()),
            Cell::Id(letter.id),
            Cell::text(&letter.place),
        ]
    });
    let columns = ["state", "written_at", "about", "why", "id", "book"];
    let view = ListView {
        schema: "outbox/1",
        title: Vec::new(),
        columns: columns.map(Column::text).to_vec(),
        headings: vec!["State", "Written", "What", "Why", "Id", "Book"],
        rows: rows.collect(),
        head: Vec::new(),
        notes: Vec::new(),
    };
    shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}

fn discard(ctx: &mut Context, desks: &[Desk], words: &str) -> Result<Exit> {
    let unknown = || {
        Failure::not_found("letter-not-found", format!("nothing that waits is {words}"))
            .hint("hissab sync --list")
    };
    let id = Uuid::try_parse(words).map_err(|_| unknown())?;
    let mut found = None;
    for desk in desks {
        let letters = desk.outbox.letters()?;
        found = found.or(letters.into_iter().find(|l| l.id == id).map(|l| (desk, l)));
    }
    let (desk, letter) = found.ok_or_else(unknown)?;
    let _alone = desk.outbox.lock()?;
    let question = match letter.stage {
        Stage::Unconfirmed => format!(
            "{} may have been recorded already; forget it here?",
            letter.about
        ),
        Stage::Queued | Stage::Refused => format!("Forget {}? It was not recorded.", letter.about),
    };
    if !ctx.confirm(&question)? {
        return Err(Failure::refused("not-confirmed", "nothing was dropped"));
    }
    desk.outbox.discard(id)?;
    if !ctx.globals.quiet {
        writeln!(ctx.out, "dropped: {}", line(&letter.about))?;
    }
    Ok(Exit::Ok)
}

/// How many letters went which way.
#[derive(Default)]
struct Count {
    done: usize,
    refused: usize,
    /// Somebody else's, which stay.
    others: usize,
}

/// Who the servers say is signed in, each asked at most once.
#[derive(Default)]
struct Names {
    /// By address; `None` where it did not say.
    said: BTreeMap<String, Option<String>>,
}

impl Names {
    /// Whether a letter is of whoever is signed in now. One of an older hissab does not say whose it is.
    ///
    /// Errors: the server could not be asked.
    fn is_own(&mut self, desk: &Desk, letter: &Letter) -> client::Result<bool> {
        let Some(by) = &letter.by else {
            return Ok(true);
        };
        if desk.session.principal().as_ref() == Some(by) {
            return Ok(true);
        }
        // A token may be of the same person as the sign-in.
        let server = desk.place.server.address();
        if !self.said.contains_key(server) {
            let me = match desk.session.get::<Me>("/auth/me", &[], None) {
                Ok((me, _)) => Some(me.user.email),
                Err(silence @ ClientError::Unreachable { .. }) => return Err(silence),
                Err(_) => None,
            };
            self.said.insert(server.to_owned(), me);
        }
        Ok(self.said.get(server).and_then(Option::as_ref) == Some(by))
    }
}

fn settle(ctx: &mut Context, desk: &Desk, names: &mut Names, adopt: bool) -> Result<Count> {
    let letters = desk.outbox.letters()?;
    let mut count = Count::default();
    for letter in letters {
        let (id, about) = (letter.id, letter.about.clone());
        let own = adopt
            || names
                .is_own(desk, &letter)
                .map_err(|e| unsettled(desk, e))?;
        if !own {
            count.others += 1;
            let by = letter.by.as_deref().unwrap_or_default();
            let words = format!(
                "{about} was recorded here by {by}, and you are somebody else: it still waits"
            );
            ctx.complain(
                &Failure::new(Exit::Unconfirmed, "somebody-elses", sanitized(&words))
                    .hint(format!("sign in as {}, then hissab sync", sanitized(by)))
                    .hint("to record it in your own name: hissab sync --adopt"),
            );
            continue;
        }
        match desk.outbox.settle(&desk.session, letter) {
            Ok(Settled::Done(done)) => {
                count.done += 1;
                tell(ctx, id, &about, &done)?;
            }
            Ok(Settled::Refused(problem)) => {
                count.refused += 1;
                ctx.complain(
                    &Failure::refused(problem.code, sanitized(&problem.detail))
                        .while_doing(&format!("{about} not recorded"))
                        .hint(format!(
                            "type it again as it should be, then hissab sync --drop {id}"
                        )),
                );
            }
            Err(error) => return Err(unsettled(desk, error)),
        }
    }
    Ok(count)
}

/// What is left still waits.
fn unsettled(desk: &Desk, error: ClientError) -> Failure {
    let left = desk.outbox.waiting();
    let mut failure = Failure::from(error);
    if failure.exit == Exit::Unreachable {
        failure.exit = Exit::Unconfirmed;
        failure.message = format!("{left} still waiting: {}", failure.message);
    }
    failure
}

fn sanitized(text: &str) -> String {
    line(text).into_owned()
}

fn tell(ctx: &mut Context, id: Uuid, about: &str, done: &[DoneBody]) -> Result<()> {
    let numbers: Vec<String> = done
        .iter()
        .flat_map(|d| &d.numbers)
        .map(|[a, b]| {
            if a == b {
                a.to_string()
            } else {
                format!("{a} to {b}")
            }
        })
        .collect();
    let already = !done.is_empty() && done.iter().all(|d| d.repeat == "already");
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/settled/1", "id": id, "about": about,
            "outcome": if already { "already" } else { "new" },
            "numbers": done.iter().flat_map(|d| &d.numbers).collect::<Vec<_>>(),
        });
        writeln!(ctx.out, "{object}")?;
    } else if ctx.globals.quiet {
        for number in numbers {
            writeln!(ctx.out, "{number}")?;
        }
    } else {
        let verb = if already {
            "recorded before"
        } else {
            "recorded"
        };
        // What posts nothing, a void for one, has no number of its own.
        let named = match numbers.is_empty() {
            true => String::new(),
            false => format!(" as {}", numbers.join(", ")),
        };
        writeln!(ctx.out, "{verb}{}: {}", line(&named), line(about))?;
    }
    // What is settled is told before anything else is tried.
    Ok(ctx.out.flush()?)
}
