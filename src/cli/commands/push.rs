//! `hissab push FILE URL/ORG`: a book in a file becomes, or continues, a server's book.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::backup::{head_words, make};
use crate::book::mark::{Mark, MarkKind};
use crate::book::{self, BookError};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::{locate, targets};
use crate::client::{ClientError, Place, Session};
use crate::ledger::plural::counted;
use crate::ledger::settings::BookInfo;
use crate::render::sanitize::line;
use crate::wire::audit::HeadBody;
use crate::wire::auth::Me;
use crate::wire::org::{Membership, NewOrg, Role};

/// Bring a book to a server: a new organisation, or the rest of one that it continues
///
/// The server's book must be one of the states this one went through: pushing goes on from there and never
/// merges. The file is then marked as moved and only read, unless --keep says otherwise. Needs the owner.
#[derive(clap::Args)]
#[command(after_help = "Example: hissab push shop.hissab https://books.example.com/ganesh")]
pub struct Args {
    /// The book
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The server's address it gets
    #[arg(value_name = "URL/ORG")]
    pub to: String,

    /// Check the book and say what would happen, but send nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Go on writing to the file too, apart from the server: neither gets what the other records
    #[arg(long)]
    pub keep: bool,
}

const SQLITE: &str = "application/vnd.sqlite3";

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    targets::no_dash(&args.file)?;
    let place = locate::place(&args.to)?;
    let session = ctx.session(&place.server)?;
    let refused = |failure: Failure| failure.while_doing("not pushed");
    if !args.file.exists() {
        let words = format!("no file {}", args.file.display());
        return Err(Failure::not_found("file-not-found", words));
    }
    let marked = home(&args.file, &place).map_err(refused)?;
    // What is sent is a copy of one moment that proves, whoever writes meanwhile.
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("copy.hissab");
    let mut original = book::open::read(&args.file)?;
    let info = make(original.as_mut(), &copy).map_err(refused)?;
    if args.dry_run {
        would_take(&session, &place, &copy)
            .map_err(|failure| refused(apart(failure, &args.file, &place, marked)))?;
    } else {
        ensure_org(&session, &place, &info)?;
        send(&session, &place, &copy)
            .map_err(|failure| refused(apart(failure, &args.file, &place, marked)))?;
        drop(original);
        match (args.keep, marked) {
            (false, false) => leave(ctx, &args, &place, &info)?,
            // The id stays: it is in the hash of every record, and both logs prove what they have in common.
            (true, true) => book::open::detach(&args.file, ctx.wait()?)?,
            (true, false) | (false, true) => {}
        }
    }
    say(ctx, &args, &place, &info)
}

/// Whether the file is marked as this place's. One whose home is another place is not pushed here.
fn home(file: &Path, place: &Place) -> Result<bool> {
    let Some(mark) = book::open::mark(file)? else {
        return Ok(false);
    };
    if mark.place == place.to_string() {
        return Ok(true);
    }
    let file = file.display().to_string();
    Err(
        Failure::conflict("other-home", format!("{file} is {mark}")).hint(format!(
            "to make it a book of its own first: hissab book detach {}",
            shell_word(&file)
        )),
    )
}

/// Marks the file as moved, if the server has all of it.
fn leave(ctx: &Context, args: &Args, place: &Place, info: &BookInfo) -> Result<()> {
    let mark = Mark {
        kind: MarkKind::Moved,
        place: place.to_string(),
    };
    let head = info.head.unwrap_or_default();
    let file = args.file.display();
    match book::open::set_mark(&args.file, ctx.wait()?, &mark, head) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::conflict(
            "changed-meanwhile",
            format!("{file} was written to while it was pushed: {place} does not have all of it"),
        )
        .hint("push again")),
        Err(BookError::ReadOnly { why }) => {
            ctx.warn(&format!("{file} is not marked as moved: {why}"));
            Ok(())
        }
        Err(error) => Err(Failure::from(error)
            .while_doing(&format!("pushed, but {file} is not marked as moved"))
            .hint("push again: what arrived already changes nothing")),
    }
}

/// Two histories never become one: what can be done instead.
fn apart(failure: Failure, file: &Path, place: &Place, marked: bool) -> Failure {
    if failure.code != "not-a-continuation" {
        return failure;
    }
    let file = shell_word(&file.display().to_string());
    failure
        .hint(format!(
            "to see what is there: hissab -B {place} audit list"
        ))
        .hint(match marked {
            true => format!("to go on apart from it: hissab book detach {file}"),
            false => format!(
                "to keep both: hissab push {file} {}/OTHER-NAME",
                place.server
            ),
        })
}

/// Asks the server what it would refuse: who may push, and whether the file goes on from its book.
fn would_take(session: &Arc<Session>, place: &Place, copy: &Path) -> Result<()> {
    let (me, _) = session.get::<Me>("/auth/me", &[], None)?;
    if me.via == "token" && !me.scopes.iter().any(|scope| scope == "write") {
        return Err(may_not(format!("this token may not write to {place}")));
    }
    let path = format!("/orgs/{}", place.org);
    match session.get::<serde_json::Value>(&path, &[], None) {
        Ok(_) => {}
        // It would be made.
        Err(error) if error.problem().is_some_and(|p| p.status == 404) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let named = |org: &&Membership| org.slug == place.org || org.id.to_string() == place.org;
    if let Some(org) = me.orgs.iter().find(named)
        && org.role != Role::Owner
    {
        let role = org.role.word();
        return Err(may_not(format!(
            "only an owner pushes a book to {place}, and you are {role} there"
        )));
    }
    let there = book::open::remote_read(session.clone(), &place.org).info()?;
    let mut pushed = book::open::read(copy)?;
    Ok(book::continuing::continues(&there, pushed.as_mut())?)
}

fn may_not(why: String) -> Failure {
    Failure::new(Exit::NotAllowed, "not-allowed", why)
        .hint("hissab whoami says what you may do there")
}

/// Makes the organisation, if it is not there.
fn ensure_org(session: &Session, place: &Place, info: &BookInfo) -> Result<()> {
    let path = format!("/orgs/{}", place.org);
    match session.get::<serde_json::Value>(&path, &[], None) {
        Ok(_) => return Ok(()),
        Err(error) if error.problem().is_some_and(|p| p.status == 404) => {}
        Err(error) => return Err(error.into()),
    }
    let settings = &info.settings;
    let new = NewOrg {
        name: settings.name.clone(),
        slug: Some(place.org.clone()),
        base_currency: Some(settings.base_currency.clone()),
        timezone: Some(settings.timezone.clone()),
        fiscal_year_start: Some(settings.fiscal_year_start),
        date_order: None,
        template: None,
    };
    let key = uuid::Uuid::now_v7().to_string();
    let _: (Membership, _) = session.post("/orgs", &[], &new, Some(&key))?;
    Ok(())
}

fn send(session: &Session, place: &Place, copy: &Path) -> Result<()> {
    let file = std::fs::File::open(copy)?;
    let path = format!("/orgs/{}/book", place.org);
    match session.upload::<HeadBody>(&path, &[], file, SQLITE) {
        Ok(_) => Ok(()),
        // Pushing the same again changes nothing, so a silence is settled by doing it again.
        Err(error @ ClientError::Unconfirmed { .. }) => {
            let mut failure = Failure::from(error);
            failure.hints = vec!["push again: what arrived already changes nothing".to_owned()];
            Err(failure)
        }
        Err(error) => Err(error.into()),
    }
}

fn say(ctx: &mut Context, args: &Args, place: &Place, info: &BookInfo) -> Result<Exit> {
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/push/1",
            "book": info.settings.name,
            "file": args.file.display().to_string(),
            "to": place.to_string(),
            "dry_run": args.dry_run,
            "transactions": info.transactions,
            "sequence": info.sequence,
        });
        writeln!(ctx.out, "{object}")?;
        return Ok(Exit::Ok);
    }
    let verb = if args.dry_run {
        "would be pushed"
    } else {
        "pushed"
    };
    let text = format!(
        "{} · {verb} to {place}: {}, {}",
        info.settings.name,
        counted(info.transactions, "transaction"),
        head_words(info)
    );
    writeln!(ctx.out, "{}", line(&text))?;
    if args.keep && !args.dry_run {
        ctx.note(&format!(
            "{} goes its own way from here: neither gets what the other records, and it can be pushed there again only \
             while nobody has written there",
            args.file.display()
        ));
    } else if !args.dry_run {
        ctx.note(&format!(
            "from now on work there: hissab -B {place} …; {} is only read",
            args.file.display()
        ));
    }
    Ok(Exit::Ok)
}
