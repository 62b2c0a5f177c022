//! `hissab login URL`: signs in to a server, or makes an account there with a code.

use std::io::{Read, Write};

use uuid::Uuid;

use crate::cli::asking::answered;
use crate::cli::asking::{Words, ask};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure, Result};
use crate::cli::prompts;
use crate::cli::servers::server_of;
use crate::client::credentials::SignIn;
use crate::client::{ClientError, Place, Server, Session};
use crate::render::sanitize::line;
use crate::wire::auth::{Login, Me, Register, Tokens, User};
use crate::wire::org::Membership;

/// Sign in to a server
///
/// Without a terminal: --email, and --password-stdin with the password on a line of standard input (with
/// --setup or --invite the code on a line before it). The sign-in is kept in a file of yours that nobody
/// else can read; the password is kept nowhere.
#[derive(clap::Args)]
#[command(after_help = "Example: hissab login https://books.example.com --email asha@example.com")]
pub struct Args {
    /// The server's address
    #[arg(value_name = "URL")]
    pub url: String,

    /// Your email there
    #[arg(long, value_name = "EMAIL")]
    pub email: Option<String>,

    /// Read the password from standard input
    #[arg(long)]
    pub password_stdin: bool,

    /// Make the server's first account, its owner, with the code it printed at its first start
    #[arg(long, conflicts_with = "invite")]
    pub setup: bool,

    /// Come in with the code of an invitation
    #[arg(long)]
    pub invite: bool,

    /// Your name, of a new account [default: your name here]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// The longest input that is read for secrets.
const INPUT_BYTES_MAX: u64 = 8192;

/// What someone typed.
struct Typed {
    email: String,
    password: String,
    code: Option<String>,
}

pub fn run(ctx: &mut Context, args: Args) -> Result<Exit> {
    ctx.words_or_json()?;
    ctx.only_looks();
    let server = found(ctx, &args.url)?;
    if let Some((_, origin)) = ctx.token()? {
        ctx.warn(&format!(
            "{origin} goes before what is signed in to here: unset it to use this sign-in"
        ));
    }
    if let Some(me) = still_signed_in(ctx, &args, &server)? {
        return said(ctx, &server, &me, "already signed in");
    }
    let typed = typed(ctx, &args)?;
    let nobody = ctx.session_of_nobody(&server)?;
    let entered = entered(ctx, &args, &nobody, &typed)?;
    let store = ctx.credentials()?;
    ctx.note_now(&format!(
        "the sign-in is kept in {}, for you alone",
        store.path().display()
    ));
    let tokens = signed_in(&nobody, &typed)?;
    store.put(
        &server,
        SignIn::new(&typed.email, tokens, jiff::Timestamp::now()),
    )?;
    let session = ctx.session_of_sign_in(&server)?;
    if let (true, Some(code)) = (args.invite && !entered, typed.code) {
        let key = Uuid::now_v7().to_string();
        let accept = serde_json::json!({ "code": code });
        let _: (Membership, _) = session.post("/auth/invites/accept", &[], &accept, Some(&key))?;
    }
    let (me, _) = session.get::<Me>("/auth/me", &[], None)?;
    said(ctx, &server, &me, "signed in")
}

/// The server of an address; a book's address will do, people paste it.
fn found(ctx: &Context, words: &str) -> Result<Server> {
    let server = server_of(words)?;
    match ctx.session_of_nobody(&server)?.greet() {
        Ok(_) => Ok(server),
        Err(error @ (ClientError::Protocol { .. } | ClientError::Problem { .. })) => {
            let above = Place::read(words).map(|place| place.server);
            let above = above.map_err(|_| Failure::from(error.clone()))?;
            match ctx.session_of_nobody(&above)?.greet() {
                Ok(_) => Ok(above),
                Err(_) => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Who is signed in there already, if that is all that was asked for. A sign-in that has ended is none.
fn still_signed_in(ctx: &Context, args: &Args, server: &Server) -> Result<Option<Me>> {
    let store = ctx.credentials()?;
    let Some(kept) = store.get(server)? else {
        return Ok(None);
    };
    let another = args
        .email
        .as_ref()
        .is_some_and(|e| !e.eq_ignore_ascii_case(&kept.email));
    if args.setup || args.invite || args.password_stdin || another {
        return Ok(None);
    }
    let session = ctx.session_of_sign_in(server)?;
    match session.get::<Me>("/auth/me", &[], None) {
        Ok((me, _)) => Ok(Some(me)),
        Err(ClientError::SignedOut { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Email, code and password: from flags and standard input, or asked for.
fn typed(ctx: &Context, args: &Args) -> Result<Typed> {
    let wants_code = args.setup || args.invite;
    let mut lines = if args.password_stdin {
        stdin_lines()?
    } else if ctx.can_ask() {
        Vec::new()
    } else {
        return Err(
            Failure::usage("needs-answer", "nobody can be asked for the password here")
                .hint("--email EMAIL --password-stdin < FILE"),
        );
    }
    .into_iter();
    let email = match &args.email {
        Some(email) => {
            check_email(email)
                .map_err(|why| Failure::usage("bad-email", format!("{email:?}: {why}")))?;
            email.trim().to_owned()
        }
        None if ctx.can_ask() => loop {
            let email = ask("Email", None, &Words(Vec::new()), false)?;
            match check_email(&email) {
                Ok(()) => break email,
                Err(why) => ctx.note(why),
            }
        },
        None => {
            return Err(Failure::usage("needs-answer", "whose sign-in?").hint("--email EMAIL"));
        }
    };
    let mut secret = |prompt: &str, twice: bool| match (args.password_stdin, twice) {
        (true, _) => lines.next().filter(|l| !l.is_empty()).ok_or_else(|| {
            Failure::usage(
                "needs-answer",
                format!("standard input holds no {}", prompt.to_lowercase()),
            )
        }),
        (false, false) => answered(|| prompts::secret(prompt)),
        (false, true) => loop {
            let typed = answered(|| prompts::secret(prompt))?;
            if answered(|| prompts::secret("The same again"))? == typed {
                break Ok(typed);
            }
            ctx.note("they differ");
        },
    };
    let code = match wants_code {
        true => Some(secret("Code", false)?.trim().to_owned()),
        false => None,
    };
    let password = secret("Password", args.setup)?;
    Ok(Typed {
        email,
        password,
        code,
    })
}

/// What every address has; the server looks closer. Asked before anything secret is typed.
fn check_email(text: &str) -> std::result::Result<(), &'static str> {
    match text.trim().split_once('@') {
        Some((name, host)) if !name.is_empty() && !host.is_empty() && !host.contains('@') => Ok(()),
        _ => Err("an email address is NAME@HOST"),
    }
}

fn stdin_lines() -> Result<Vec<String>> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(INPUT_BYTES_MAX)
        .read_to_string(&mut text)?;
    Ok(text
        .lines()
        .map(|l| l.trim_end_matches('\r').to_owned())
        .collect())
}

/// Makes an account with the code; false if there is one of this email already and the invitation is still open.
fn entered(ctx: &Context, args: &Args, nobody: &Session, typed: &Typed) -> Result<bool> {
    let Some(code) = typed.code.clone() else {
        return Ok(false);
    };
    let name = match &args.name {
        Some(name) => name.clone(),
        None => ctx.who()?,
    };
    let register = Register {
        email: typed.email.clone(),
        password: typed.password.clone(),
        name,
        setup_code: args.setup.then(|| code.clone()),
        invite: args.invite.then_some(code),
    };
    // The same again is refused by the email, so it may be sent again.
    match nobody.ask::<_, User>("/auth/register", &[], &register, None) {
        Ok(_) => Ok(true),
        Err(ClientError::Problem { problem, .. }) if args.invite && problem.status == 409 => {
            Ok(false)
        }
        Err(error) => {
            let mut failure = Failure::from(error).while_doing("no account made");
            if failure.exit == Exit::NotAllowed {
                // Nobody is signed in yet who could be asked for.
                failure.hints = vec![match args.setup {
                    true => "the code stands where the server was first started: in what hissab serve printed".to_owned(),
                    false => "ask who invited you for another code: hissab org invite EMAIL --role ROLE".to_owned(),
                }];
            }
            Err(failure)
        }
    }
}

fn signed_in(nobody: &Session, typed: &Typed) -> Result<Tokens> {
    let login = Login {
        email: typed.email.clone(),
        password: typed.password.clone(),
        agent: Some(agent()),
    };
    match nobody.ask::<_, Tokens>("/auth/login", &[], &login, None) {
        Ok((tokens, _)) => Ok(tokens),
        Err(ClientError::SignedOut { server, why, .. }) => Err(Failure::new(
            Exit::SignIn,
            "signed-out",
            format!("not signed in to {server}: {why}"),
        )
        .hint("type email and password again; an owner can send an invitation: hissab org invite")),
        Err(error) => Err(error.into()),
    }
}

/// `hissab 0.1.0 on shop-pc`
fn agent() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let version = concat!("hissab ", env!("CARGO_PKG_VERSION"));
    match host.trim() {
        "" => version.to_owned(),
        host => format!("{version} on {host}"),
    }
}

fn said(ctx: &mut Context, server: &Server, me: &Me, verb: &str) -> Result<Exit> {
    if ctx.wants_json() {
        return super::whoami::show_json(ctx, server, me, None);
    }
    if ctx.globals.quiet {
        return Ok(Exit::Ok);
    }
    let text = format!("{verb} to {server} as {} ({})", me.user.name, me.user.email);
    writeln!(ctx.out, "{}", line(&text))?;
    for org in &me.orgs {
        let text = format!("  {server}/{}  {}, {}", org.slug, org.name, org.role.word());
        writeln!(ctx.out, "{}", line(&text))?;
    }
    if me.orgs.is_empty() {
        ctx.note("no book there yet: hissab org create NAME, or hissab push FILE URL/NAME");
    }
    Ok(Exit::Ok)
}
