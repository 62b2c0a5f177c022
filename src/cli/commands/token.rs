//! `hissab token …`: personal access tokens, for cron and CI: one organisation, an end, and no more than is needed.

use std::io::Write;

use uuid::Uuid;

use crate::cli::context::Context;
use crate::cli::environment::{local_time, zone_name};
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::shown::ShownArgs;
use crate::render::sanitize::line;
use crate::render::views::ListView;
use crate::render::{Cell, Column};
use crate::wire::List;
use crate::wire::auth::{NewToken, Token};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub action: Action,
}

#[derive(clap::Subcommand)]
pub enum Action {
    /// Make a token; it is shown once
    Create(CreateArgs),
    /// List your tokens
    List(ListArgs),
    /// End a token
    Revoke(RevokeArgs),
}

#[derive(clap::Args)]
#[command(
    after_help = "Example: hissab -B https://books.example.com/ganesh token create cron --read-only > ~/cron.token"
)]
pub struct CreateArgs {
    /// What it is for
    #[arg(value_name = "NAME")]
    pub name: String,

    /// It may look, not change
    #[arg(long)]
    pub read_only: bool,

    /// It ends after this many days, at most 366
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub days: u16,
}

#[derive(clap::Args)]
pub struct ListArgs {
    /// The server [default: that of the book, or the only one]
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,

    #[command(flatten)]
    pub shown: ShownArgs,
}

#[derive(clap::Args)]
pub struct RevokeArgs {
    /// Its name, or its id
    #[arg(value_name = "TOKEN")]
    pub token: String,

    /// The server [default: that of the book, or the only one]
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    match args.action {
        Action::Create(args) => create(ctx, args),
        Action::List(args) => list(ctx, &args),
        Action::Revoke(args) => revoke(ctx, &args),
    }
}

fn create(ctx: &mut Context, args: CreateArgs) -> Result<Exit> {
    let located = ctx.located()?;
    let Some(place) = located.remote() else {
        return Err(Failure::usage(
            "needs-a-server",
            format!(
                "a token is for one book on a server; {} is a file",
                located.shown()
            ),
        )
        .hint("hissab -B https://books.example.com/acme token create NAME"));
    };
    let mut scopes = vec!["read".to_owned()];
    if !args.read_only {
        scopes.push("write".to_owned());
    }
    let new = NewToken {
        name: args.name,
        org: place.org.clone(),
        scopes,
        expires_in_days: args.days,
    };
    let key = Uuid::now_v7().to_string();
    let (made, _) =
        ctx.session(&place.server)?
            .post::<_, Token>("/auth/tokens", &[], &new, Some(&key))?;
    let secret = made.token.clone().unwrap_or_default();
    if ctx.wants_json() {
        let object = serde_json::json!({
            "schema": "hissab/token/1", "id": made.id, "name": made.name, "org": made.org,
            "scopes": made.scopes, "expires_at": made.expires_at, "token": secret,
        });
        writeln!(ctx.out, "{object}")?;
        return Ok(Exit::Ok);
    }
    writeln!(ctx.out, "{}", line(&secret))?;
    ctx.note(&format!(
        "the token, shown once, good until {}; use it as HISSAB_TOKEN, or from a file with --token-file",
        local_time(made.expires_at, &zone_name())
    ));
    Ok(Exit::Ok)
}

fn list(ctx: &mut Context, args: &ListArgs) -> Result<Exit> {
    ctx.only_looks();
    let server = ctx.server(args.server.as_deref())?;
    let (tokens, _) = ctx
        .session(&server)?
        .get::<List<Token>>("/auth/tokens", &[], None)?;
    let machine = ctx.format()? != crate::render::Format::Table;
    let zone = zone_name();
    let when = |at: jiff::Timestamp| match machine {
        true => at.to_string(),
        false => local_time(at, &zone),
    };
    let texts: Vec<[String; 4]> = tokens
        .data
        .iter()
        .map(|t| {
            [
                t.scopes.join(" "),
                when(t.created_at),
                t.last_used_at.map(when).unwrap_or_default(),
                when(t.expires_at),
            ]
        })
        .collect();
    let rows = tokens.data.iter().zip(&texts).map(|(token, texts)| {
        let mut row = vec![Cell::text(&token.name), Cell::text(&token.org)];
        row.extend(texts.iter().map(|text| match text.is_empty() {
            true => Cell::Empty,
            false => Cell::text(text),
        }));
        row.push(Cell::Id(token.id));
        row
    });
    let columns = [
        "name",
        "org",
        "scopes",
        "created",
        "last_used",
        "expires",
        "id",
    ];
    let view = ListView {
        schema: "tokens/1",
        title: Vec::new(),
        columns: columns.map(Column::text).to_vec(),
        headings: vec!["Name", "Org", "May", "Made", "Last used", "Ends", "Id"],
        rows: rows.collect(),
        head: Vec::new(),
        notes: Vec::new(),
    };
    args.shown.show(ctx, &view)?;
    Ok(Exit::Ok)
}

fn revoke(ctx: &mut Context, args: &RevokeArgs) -> Result<Exit> {
    let server = ctx.server(args.server.as_deref())?;
    let session = ctx.session(&server)?;
    let (tokens, _) = session.get::<List<Token>>("/auth/tokens", &[], None)?;
    let named: Vec<&Token> = tokens
        .data
        .iter()
        .filter(|t| t.name == args.token || t.id.to_string() == args.token)
        .collect();
    let token = match named.as_slice() {
        [one] => one,
        [] => {
            return Err(Failure::not_found(
                "token-not-found",
                format!("no token {:?}", args.token),
            )
            .hint("hissab token list"));
        }
        _ => {
            return Err(Failure::usage(
                "which-token",
                format!("several tokens are called {:?}", args.token),
            )
            .hint("name it by its id: hissab token list"));
        }
    };
    let path = format!("/auth/tokens/{}", token.id);
    let key = Uuid::now_v7().to_string();
    let _: (Option<serde_json::Value>, _) = session.delete(&path, &[], Some(&key))?;
    if !ctx.globals.quiet {
        writeln!(
            ctx.out,
            "{}",
            line(&format!("{} ended on {server}", token.name))
        )?;
    }
    Ok(Exit::Ok)
}
