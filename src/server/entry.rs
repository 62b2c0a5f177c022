//! Signing in as the handlers share it: emails, sessions begun, events logged.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::access::Caller;
use super::keys::ACCESS_SECONDS;
use super::problem::{Answer, Problem};
use super::registry::audit::Event;
use super::registry::{Db, audit, digest, sessions};
use super::secrets::{REFRESH_PREFIX, opaque};
use super::state::Shared;
use crate::render::sanitize::is_harmful;
use crate::wire::auth::{Session, Tokens, User};

/// How long one may stay signed in without the password.
const SESSION: SignedDuration = SignedDuration::from_hours(90 * 24);

/// An email as it is kept: trimmed, in small letters. `pointer` is its place in the request.
pub fn email(text: &str, pointer: &str) -> Answer<String> {
    let email = text.trim().to_lowercase();
    // Nobody is taken for somebody else by what cannot be seen.
    let sound = |c: char| !c.is_whitespace() && !is_harmful(c) && !is_unseen(c);
    let parts = email.split_once('@');
    let good =
        parts.is_some_and(|(name, host)| !name.is_empty() && host.len() > 2 && !host.contains('@'));
    if good && email.len() <= 254 && email.chars().all(sound) {
        return Ok(email);
    }
    Err(Problem::field(
        pointer,
        "bad-email",
        format!("{text:?} is not an email address"),
    ))
}

/// A name for people: not blank, one line, at most 100 characters.
pub fn name(text: &str, pointer: &str) -> Answer<String> {
    let name = text.trim();
    if name.is_empty() {
        return Err(Problem::field(pointer, "bad-name", "the name is empty"));
    }
    if name.chars().count() > 100 || name.chars().any(is_harmful) {
        let words = "a name has at most 100 characters, none of them a control or hidden character";
        return Err(Problem::field(pointer, "bad-name", words));
    }
    Ok(name.to_owned())
}

/// What takes no room on a line, and no name of a mailbox needs. Names of people may: scripts join letters by them.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180e}'
            | '\u{200c}'
            | '\u{200d}'
            | '\u{3164}'
            | '\u{ffa0}'
            | '\u{fe00}'..='\u{fe0f}'
    )
}

/// An instant so much later.
pub fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// Logs what a caller did, in an organisation's chain.
pub fn log(
    db: &Db,
    org: Uuid,
    at: Timestamp,
    caller: &Caller,
    (action, subject, detail): (&str, &str, &str),
) -> Answer<()> {
    let address = caller.address.to_string();
    let event = Event {
        who: &caller.user.email,
        action,
        subject,
        detail,
        address: &address,
    };
    audit::append(db, org, at, &event)
}

/// Begins a session of a user whose password was right.
pub async fn begin(
    app: &Shared,
    user: User,
    agent: Option<String>,
    address: String,
) -> Answer<Tokens> {
    let now = app.now();
    let refresh = opaque(REFRESH_PREFIX).map_err(Problem::internal)?;
    let agent = agent.map(|a| a.chars().filter(|c| !c.is_control()).take(100).collect());
    let session = Session {
        id: Uuid::now_v7(),
        agent,
        created_at: now,
        last_used_at: now,
        expires_at: later(now, SESSION),
        current: true,
    };
    let access = app.keys.access(user.id, session.id, now)?;
    let hash = digest(&refresh);
    let begin = move |db: &Db| {
        sessions::make_room(db, user.id, now)?;
        sessions::begin(db, user.id, &session, hash)?;
        let event = Event {
            who: &user.email,
            action: "signed-in",
            subject: session.agent.as_deref().unwrap_or_default(),
            detail: "",
            address: &address,
        };
        audit::append_of_user(db, user.id, now, &event)
    };
    app.registry.write(begin).await?;
    Ok(tokens(access, refresh))
}

/// The answer to a sign-in and to a refresh.
pub fn tokens(access: String, refresh: String) -> Tokens {
    Tokens {
        token_type: "Bearer".to_owned(),
        access_token: access,
        refresh_token: refresh,
        expires_in: u64::try_from(ACCESS_SECONDS).unwrap_or_default(),
    }
}

/// What the server says to a wrong name and to a wrong password alike.
pub fn wrong() -> Problem {
    let wrong = Problem::signed_out("the email or the password is wrong");
    Problem {
        code: "wrong-password".to_owned(),
        ..wrong
    }
}

/// Logs a sign-in that failed, at most one a minute for each account.
pub async fn log_failure(
    app: &Shared,
    email: String,
    user: Option<Uuid>,
    address: String,
) -> Answer<()> {
    let key = (audit::SERVER, user.unwrap_or_default());
    let what = if user.is_some() {
        "sign-in-failed".to_owned()
    } else {
        format!("sign-in-failed {address}")
    };
    if !app.gates.may_log(key, &what) {
        return Ok(());
    }
    let now = app.now();
    let log = move |db: &Db| {
        // What was typed where no account is may be a password: it is not kept.
        let event = Event {
            who: if user.is_some() { &email } else { "" },
            action: "sign-in-failed",
            address: &address,
            ..Event::default()
        };
        match user {
            Some(user) => audit::append_of_user(db, user, now, &event),
            None => audit::append(db, audit::SERVER, now, &event),
        }
    };
    app.registry.write(log).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hide_nothing() {
        assert_eq!(name(" आशा क्\u{200d}ष ", "/name").unwrap(), "आशा क्\u{200d}ष");
        for wrong in ["\u{202e}gnp.exe", "a\u{200b}b", "a\nb", " "] {
            assert_eq!(name(wrong, "/name").unwrap_err().code, "bad-name");
        }
    }

    #[test]
    fn emails_are_kept_in_one_form() {
        assert_eq!(
            email(" Asha@Example.COM ", "/email").unwrap(),
            "asha@example.com"
        );
        for wrong in [
            "",
            "asha",
            "@example.com",
            "a@b",
            "a@b@c.d",
            "a b@c.de",
            "a@c.de\n\u{7}x",
            "asha\u{200b}@example.com",
            "asha\u{200d}@example.com",
            "\u{202e}asha@example.com",
            "as\u{ad}ha@example.com",
        ] {
            assert_eq!(
                email(wrong, "/email").unwrap_err().code,
                "bad-email",
                "{wrong:?}"
            );
        }
    }
}
