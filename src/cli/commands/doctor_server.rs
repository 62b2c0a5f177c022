//! What `hissab doctor` looks at where the book is on a server: the line, the sign-in, the clocks, the outbox.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::doctor::Look;
use crate::cli::context::Context;
use crate::cli::error::{Failure, Result};
use crate::client::{ClientError, Desk, Place, Reply};
use crate::ledger::finding::Severity;
use crate::wire::auth::Me;
use crate::wire::meta::Meta;

/// Tokens are good for minutes: more than this between two clocks is told.
const SKEW_SECONDS_MAX: i64 = 30;

pub fn looks(ctx: &Context, place: &Place, named: String) -> Vec<Look> {
    match begun(ctx, place) {
        Ok((desk, meta, reply)) => {
            let mut looks = vec![Look::fine(
                "server",
                format!("{named}: {} {}", meta.server, meta.version),
            )];
            looks.extend(clocks(&reply));
            looks.push(line(place));
            looks.push(sign_in(&desk));
            looks.push(outbox(&desk));
            looks
        }
        Err(failure) => vec![Look::bad(
            "server",
            Severity::Error,
            format!("{named}: {}", failure.message),
        )],
    }
}

fn begun(ctx: &Context, place: &Place) -> Result<(Desk, Meta, Reply)> {
    let desk = ctx.desk(place)?;
    let nobody = ctx.session_of_nobody(&place.server)?;
    let (meta, reply) = nobody.get::<Meta>("/meta", &[], None)?;
    Ok((desk, meta, reply))
}

/// The server's clock against ours, to the second.
fn clocks(reply: &Reply) -> Option<Look> {
    let theirs = DateTimeParser::new()
        .parse_timestamp(reply.date.as_ref()?)
        .ok()?;
    let apart = Timestamp::now().duration_since(theirs).as_secs();
    Some(if apart.abs() <= SKEW_SECONDS_MAX {
        Look::fine("server's clock", "agrees with this one")
    } else {
        let side = if apart > 0 { "behind" } else { "ahead of" };
        let words = format!("{} s {side} this one", apart.abs());
        Look::bad("server's clock", Severity::Warning, words)
    })
}

fn line(place: &Place) -> Look {
    match (place.server.is_plain(), place.server.is_loopback()) {
        (false, _) => Look::fine("line", "encrypted"),
        (true, true) => Look::fine("line", "this machine"),
        (true, false) => Look::bad(
            "line",
            Severity::Warning,
            "not encrypted: HISSAB_ALLOW_PLAIN_HTTP is set",
        ),
    }
}

fn sign_in(desk: &Desk) -> Look {
    let source = desk.session.source_of_credentials();
    match desk.session.get::<Me>("/auth/me", &[], None) {
        Ok((me, _)) => {
            let org = &desk.place.org;
            let mine = me
                .orgs
                .iter()
                .find(|o| o.slug == *org || o.id.to_string() == *org);
            match mine {
                Some(membership) => Look::fine(
                    "sign-in",
                    format!("{}, {} ({source})", me.user.email, membership.role.word()),
                ),
                None => Look::bad(
                    "sign-in",
                    Severity::Error,
                    format!("{} is no member of {org} ({source})", me.user.email),
                ),
            }
        }
        Err(ClientError::SignedOut { why, server, .. }) => Look::bad(
            "sign-in",
            Severity::Error,
            format!("{why} ({source}): hissab login {server}"),
        ),
        Err(error) => Look::bad("sign-in", Severity::Error, Failure::from(error).message),
    }
}

fn outbox(desk: &Desk) -> Look {
    match desk.outbox.letters() {
        Ok(letters) if letters.is_empty() => Look::fine("outbox", "nothing waits"),
        Ok(letters) => Look::bad(
            "outbox",
            Severity::Warning,
            format!("{} to be settled: hissab sync", letters.len()),
        ),
        Err(error) => Look::bad("outbox", Severity::Error, Failure::from(error).message),
    }
}
