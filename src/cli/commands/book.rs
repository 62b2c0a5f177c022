//! `hissab book …`: names for books, the default one, and what a book says of itself.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::config::{self, user_file};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result, shell_word};
use crate::cli::shown::ShownArgs;
use crate::client::place::is_url;
use crate::render::sanitize::line;
use crate::render::views::ListView;
use crate::render::{Cell, Column, Format};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(clap::Subcommand)]
pub enum Action {
    /// List the books that have names
    List,
    /// Use a book from now on
    Use(UseArgs),
    /// Give a book a name
    Add(AddArgs),
    /// Give a book another name
    Rename(RenameArgs),
    /// Forget a name; the book itself stays
    Remove(NameArgs),
    /// Show what a book says of itself
    Show,
    /// Make a cloned or pushed file a book of its own: it is written again, apart from the server's
    Detach(super::detach::Args),
}

#[derive(clap::Args)]
pub struct NameArgs {
    /// The name
    pub name: String,
}

#[derive(clap::Args)]
pub struct UseArgs {
    /// A name, a file, or a server's https://host/org
    pub name: String,
}

#[derive(clap::Args)]
#[command(after_help = "Example: hissab book add shop ~/books/shop.hissab")]
pub struct AddArgs {
    /// The name to type after -B
    pub name: String,
    /// The file, or a server's https://host/org
    pub place: String,
}

#[derive(clap::Args)]
pub struct RenameArgs {
    /// The name it has
    pub name: String,
    /// The name it gets
    pub new_name: String,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    if !matches!(args.action, Action::List) {
        ctx.words_or_json()?;
    }
    match args.action {
        Action::List => list(ctx),
        Action::Use(args) => use_book(ctx, &args.name),
        Action::Add(args) => add(ctx, &args),
        Action::Rename(args) => rename(ctx, &args),
        Action::Remove(args) => remove(ctx, &args.name),
        Action::Show => super::status::run(ctx, super::status::Args {}),
        Action::Detach(args) => super::detach::run(ctx, &args),
    }
}

fn list(ctx: &mut Context) -> Result<Exit> {
    let books = ctx.config()?.books();
    let chosen = ctx.config()?.text("book");
    if let Format::Csv | Format::Tsv | Format::Md | Format::Html | Format::Xlsx = ctx.format()? {
        return listed(ctx, &books, chosen.as_deref());
    }
    ctx.words_or_json()?;
    if ctx.wants_json() {
        let rows: Vec<serde_json::Value> = books
            .iter()
            .map(|(name, place)| serde_json::json!({ "name": name, "file": place, "default": chosen.as_ref() == Some(name) }))
            .collect();
        let text = serde_json::to_string(&rows).unwrap_or_default();
        writeln!(ctx.out, "{{\"schema\":\"hissab/books/1\",\"rows\":{text}}}")?;
        return Ok(Exit::Ok);
    }
    for (name, place) in &books {
        let mark = if chosen.as_ref() == Some(name) {
            "*"
        } else {
            " "
        };
        let gone = if is_url(place) || Path::new(place).exists() {
            ""
        } else {
            "  (not there)"
        };
        writeln!(ctx.out, "{mark} {}  {}{gone}", line(name), line(place))?;
    }
    if books.is_empty() {
        ctx.note("no book has a name yet: hissab book add NAME FILE");
    }
    Ok(Exit::Ok)
}

/// The list as rows: name, file or address, and a mark at the default one.
fn listed(
    ctx: &mut Context,
    books: &BTreeMap<String, String>,
    chosen: Option<&str>,
) -> Result<Exit> {
    let text = |text: &str| Cell::Text(text.to_owned().into());
    let row = |(name, place): (&String, &String)| {
        let default = Cell::Word(if chosen == Some(name) { "yes" } else { "" });
        vec![text(name), text(place), default]
    };
    let view = ListView {
        schema: "books/1",
        title: Vec::new(),
        columns: ["name", "file", "default"].map(Column::text).to_vec(),
        headings: vec!["Name", "File", "Default"],
        rows: books.iter().map(row).collect(),
        head: Vec::new(),
        notes: Vec::new(),
    };
    ShownArgs::default().show(ctx, &view)?;
    Ok(Exit::Ok)
}

fn use_book(ctx: &mut Context, name: &str) -> Result<Exit> {
    let known = ctx.config()?.books().contains_key(name);
    let value = if known {
        name.to_owned()
    } else {
        existing_book(ctx, name)?
    };
    let file = config::set_user("book", &value)?;
    let named = Named {
        done: "used",
        name: known.then_some(name),
        place: ctx.config()?.books().get(name).unwrap_or(&value).clone(),
    };
    let text = format!(
        "{value} is the default book from now on ({})",
        file.display()
    );
    say(ctx, &named, &text)?;
    if let Some(variable) = std::env::var_os("HISSAB_BOOK") {
        ctx.warn(&format!(
            "HISSAB_BOOK is set to {} and goes before it",
            variable.to_string_lossy()
        ));
    }
    Ok(Exit::Ok)
}

/// The full path of a file that is there, so that it holds in every folder; or an address.
fn existing_book(ctx: &Context, words: &str) -> Result<String> {
    if words.is_empty() {
        return Err(Failure::usage("empty-book", "the book's name is empty"));
    }
    if is_url(words) {
        return Ok(crate::cli::locate::place(words)?.to_string());
    }
    let path = std::fs::canonicalize(words).map_err(|_| {
        let names: Vec<String> = ctx
            .config()
            .map(|c| c.books().into_keys().collect())
            .unwrap_or_default();
        let failure = Failure::not_found("book-not-found", format!("no book {words}"));
        match names.is_empty() {
            true => failure.hint(format!("make it: hissab init {}", shell_word(words))),
            false => failure.hint(format!("names: {}", names.join(", "))),
        }
    })?;
    Ok(path.display().to_string())
}

/// Names are typed after -B: they must not look like files.
fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Failure::usage(
            "bad-book-name",
            format!("{name:?} cannot name a book: letters, digits, - and _ only"),
        ));
    }
    Ok(())
}

fn add(ctx: &mut Context, args: &AddArgs) -> Result<Exit> {
    check_name(&args.name)?;
    let books = ctx.config()?.books();
    if let Some(place) = books.get(&args.name) {
        return Err(Failure::conflict(
            "name-taken",
            format!("{} names {place} already", args.name),
        )
        .hint(format!(
            "hissab book remove {}, or choose another name",
            args.name
        )));
    }
    let place = existing_book(ctx, &args.place)?;
    if !is_url(&place) {
        crate::book::open::read(&PathBuf::from(&place))?;
    }
    config::set_user(&format!("books.{}", args.name), &place)?;
    let text = format!(
        "{} is {place}; to use it always: hissab book use {}",
        args.name, args.name
    );
    let named = Named {
        done: "added",
        name: Some(&args.name),
        place,
    };
    say(ctx, &named, &text)?;
    Ok(Exit::Ok)
}

fn rename(ctx: &mut Context, args: &RenameArgs) -> Result<Exit> {
    check_name(&args.new_name)?;
    let books = ctx.config()?.books();
    let Some(place) = books.get(&args.name) else {
        return Err(unknown_name(&args.name));
    };
    if books.contains_key(&args.new_name) {
        return Err(Failure::conflict(
            "name-taken",
            format!("{} is taken already", args.new_name),
        ));
    }
    config::set_user(&format!("books.{}", args.new_name), place)?;
    config::unset_user(&format!("books.{}", args.name))?;
    if ctx.config()?.text("book").as_deref() == Some(args.name.as_str()) {
        config::set_user("book", &args.new_name)?;
    }
    let named = Named {
        done: "renamed",
        name: Some(&args.new_name),
        place: place.clone(),
    };
    let text = format!("{} is called {} now", args.name, args.new_name);
    say(ctx, &named, &text)?;
    Ok(Exit::Ok)
}

fn remove(ctx: &mut Context, name: &str) -> Result<Exit> {
    let books = ctx.config()?.books();
    let Some(place) = books.get(name) else {
        return Err(unknown_name(name));
    };
    config::unset_user(&format!("books.{name}"))?;
    let was_default = ctx.config()?.text("book").as_deref() == Some(name);
    if was_default && user_file().is_some() {
        config::unset_user("book")?;
    }
    let named = Named {
        done: "removed",
        name: Some(name),
        place: place.clone(),
    };
    say(
        ctx,
        &named,
        &format!("forgot {name}; {place} is still there"),
    )?;
    Ok(Exit::Ok)
}

/// What became of a name: the same in words and as an object.
struct Named<'a> {
    /// `added`, `used`, `renamed` or `removed`.
    done: &'static str,
    name: Option<&'a str>,
    place: String,
}

fn say(ctx: &mut Context, named: &Named<'_>, text: &str) -> Result<()> {
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/book-name/1",
            "done": named.done,
            "name": named.name,
            "file": named.place,
        });
        writeln!(ctx.out, "{object}")?;
    } else if !ctx.globals.quiet {
        writeln!(ctx.out, "{}", line(text))?;
    }
    Ok(())
}

fn unknown_name(name: &str) -> Failure {
    Failure::not_found("book-not-found", format!("no book is called {name:?}"))
        .hint("hissab book list")
}
