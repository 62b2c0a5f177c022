//! `hissab whoami`: who you are on a server, how you signed in, and what you may do where.

use std::io::Write;

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::environment::{local_time, zone_name};
use crate::cli::error::{Exit, Result};
use crate::client::Server;
use crate::render::sanitize::line;
use crate::wire::auth::Me;
use crate::wire::org::Membership;

/// Show who you are on a server, and your role in each organisation
#[derive(clap::Args)]
#[command(after_help = "Example: hissab whoami")]
pub struct Args {
    /// The server [default: that of the book, or the only one]
    #[arg(value_name = "URL")]
    pub url: Option<String>,
}

#[derive(Serialize)]
struct WhoJson<'a> {
    schema: &'static str,
    server: &'a str,
    email: &'a str,
    name: &'a str,
    id: String,
    via: &'a str,
    scopes: &'a [String],
    credentials: Option<&'a str>,
    expires_at: Option<jiff::Timestamp>,
    orgs: &'a [Membership],
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    ctx.only_looks();
    let server = ctx.server(args.url.as_deref())?;
    let session = ctx.session(&server)?;
    let (me, _) = session.get::<Me>("/auth/me", &[], None)?;
    let source = session.source_of_credentials();
    if ctx.wants_json() {
        return show_json(ctx, &server, &me, Some(&source));
    }
    let until = me
        .expires_at
        .map(|at| format!(", until {}", local_time(at, &zone_name())))
        .unwrap_or_default();
    let mut facts = vec![
        ("you are", format!("{} ({})", me.user.name, me.user.email)),
        ("server", server.to_string()),
        ("signed in", format!("by {} from {source}{until}", me.via)),
    ];
    if !me.scopes.is_empty() {
        facts.push(("may", me.scopes.join(", ")));
    }
    for org in &me.orgs {
        facts.push((
            "book",
            format!("{server}/{}  {}, {}", org.slug, org.name, org.role.word()),
        ));
    }
    for (label, value) in facts {
        writeln!(ctx.out, "{label:<13} {}", line(&value))?;
    }
    Ok(Exit::Ok)
}

pub fn show_json(
    ctx: &mut Context,
    server: &Server,
    me: &Me,
    source: Option<&str>,
) -> Result<Exit> {
    let object = WhoJson {
        schema: "hissab/whoami/1",
        server: server.address(),
        email: &me.user.email,
        name: &me.user.name,
        id: me.user.id.to_string(),
        via: &me.via,
        scopes: &me.scopes,
        credentials: source,
        expires_at: me.expires_at,
        orgs: &me.orgs,
    };
    let text = serde_json::to_string(&object).unwrap_or_default();
    writeln!(ctx.out, "{text}")?;
    Ok(Exit::Ok)
}
