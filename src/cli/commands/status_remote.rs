//! What `hissab status` adds for a book on a server: who you are there, until when, and what waits.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::environment::local_time;
use crate::cli::error::Result;
use crate::client::Place;
use crate::wire::auth::Me;

/// A remote book, as one of its members stands to it.
#[derive(Serialize)]
pub struct RemoteFacts {
    pub server: String,
    pub org: String,
    /// The email, which the audit log names.
    pub user: String,
    pub role: Option<&'static str>,
    /// `session` or `token`.
    pub via: String,
    pub credentials: String,
    pub expires_at: Option<Timestamp>,
    /// Changes on their way that nobody has confirmed.
    pub waiting: usize,
}

impl RemoteFacts {
    /// Asks the server who we are.
    pub fn ask(ctx: &Context, place: &Place) -> Result<RemoteFacts> {
        let desk = ctx.desk(place)?;
        let (me, _) = desk.session.get::<Me>("/auth/me", &[], None)?;
        let role = me
            .orgs
            .iter()
            .find(|org| org.slug == place.org || org.id.to_string() == place.org)
            .map(|org| org.role.word());
        Ok(RemoteFacts {
            server: place.server.to_string(),
            org: place.org.clone(),
            user: me.user.email,
            role,
            via: me.via,
            credentials: desk.session.source_of_credentials(),
            expires_at: me.expires_at,
            waiting: desk.outbox.waiting(),
        })
    }

    /// Label and value, for people.
    pub fn facts(&self, zone: &str) -> Vec<(&'static str, String)> {
        let until = self
            .expires_at
            .map(|at| format!(", until {}", local_time(at, zone)))
            .unwrap_or_default();
        let waiting = match self.waiting {
            0 => "nothing".to_owned(),
            n => format!("{n} to be settled: hissab sync"),
        };
        vec![
            ("role", self.role.unwrap_or("none").to_owned()),
            (
                "signed in",
                format!("by {} from {}{until}", self.via, self.credentials),
            ),
            ("waiting", waiting),
        ]
    }
}
