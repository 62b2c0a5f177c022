//! `hissab logout`: ends the sign-in on a server and forgets it here.

use std::io::Write;

use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::client::Server;
use crate::render::sanitize::line;
use crate::wire::auth::Refresh;

/// End a sign-in: there, and on this machine
#[derive(clap::Args)]
#[command(after_help = "Example: hissab logout https://books.example.com")]
pub struct Args {
    /// The server [default: that of the book, or the only one]
    #[arg(value_name = "URL")]
    pub url: Option<String>,

    /// Every server
    #[arg(long, conflicts_with = "url")]
    pub all: bool,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    ctx.only_looks();
    let store = ctx.credentials()?;
    let servers: Vec<Server> = match args.all {
        true => store
            .servers()?
            .into_iter()
            .map(|(server, _)| server)
            .collect(),
        false => vec![ctx.server(args.url.as_deref())?],
    };
    for server in servers {
        let Some(kept) = store.remove(&server)? else {
            ctx.note(&format!("nobody is signed in to {server} here"));
            continue;
        };
        let body = Refresh {
            refresh_token: kept.refresh_token,
        };
        let ended = ctx
            .session_of_nobody(&server)?
            .ask::<_, Option<serde_json::Value>>("/auth/logout", &[], &body, None);
        if let Err(error) = ended {
            let why = ctx.held_in(Failure::from(error)).message;
            ctx.warn(&format!(
                "forgotten here, but {server} was not told, so the session ends there by itself: {why}"
            ));
        }
        if !ctx.globals.quiet {
            let text = format!("{} signed out of {server}", kept.email);
            writeln!(ctx.out, "{}", line(&text))?;
        }
    }
    if ctx.token()?.is_some() {
        ctx.warn("a token is still given by HISSAB_TOKEN or --token-file");
    }
    Ok(Exit::Ok)
}
