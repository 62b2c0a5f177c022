//! What requests are signed with, and how it is renewed: once over all processes of a user.

use std::sync::MutexGuard;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::attempts::PAUSES;
use super::{Credential, Effect, Session, json, plain, unpoisoned};
use crate::client::credentials::SignIn;
use crate::client::error::Result;
use crate::client::reply;
use crate::client::transport::{Method, Request};
use crate::wire::auth::{Refresh, Tokens};

impl Session {
    /// What to sign requests with. A stored sign-in that is about to end is renewed first.
    pub(super) fn bearer(&self) -> Result<Option<String>> {
        let sign_in = match &self.credential {
            Credential::Nobody => return Ok(None),
            Credential::Token { secret, .. } => return Ok(Some(secret.clone())),
            Credential::Stored(_) => self.stored()?,
        };
        if sign_in.is_fresh(Timestamp::now()) {
            return Ok(Some(sign_in.access_token));
        }
        self.renew(&sign_in.access_token).map(Some)
    }

    /// Fails if nobody is signed in.
    pub(super) fn has_credentials(&self) -> Result<()> {
        match &self.credential {
            Credential::Stored(_) => self.stored().map(drop),
            Credential::Nobody | Credential::Token { .. } => Ok(()),
        }
    }

    /// The sign-in, read from its file once.
    fn stored(&self) -> Result<SignIn> {
        let held = self.sign_in().clone();
        if let Some(sign_in) = held {
            return Ok(sign_in);
        }
        let read = match &self.credential {
            Credential::Stored(store) => store.get(self.server())?,
            Credential::Nobody | Credential::Token { .. } => None,
        };
        let sign_in =
            read.ok_or_else(|| self.signed_out("nobody is signed in there".to_owned()))?;
        *self.sign_in() = Some(sign_in.clone());
        Ok(sign_in)
    }

    /// Who asks, as far as that is known here: the email of a sign-in, or the mark of a token.
    pub fn principal(&self) -> Option<String> {
        match &self.credential {
            Credential::Stored(_) => self.stored().ok().map(|sign_in| sign_in.email),
            Credential::Token { secret, .. } => {
                // So much of the hash of a random secret tells tokens apart, and nothing about it.
                let digest = Sha256::digest(secret.as_bytes());
                let mark: String = digest[..4].iter().map(|b| format!("{b:02x}")).collect();
                Some(format!("token {mark}"))
            }
            Credential::Nobody => None,
        }
    }

    pub(super) fn can_renew(&self) -> bool {
        matches!(self.credential, Credential::Stored(_))
    }

    /// Gets the tokens that follow `stale`, or those that another process got.
    pub(super) fn renew(&self, stale: &str) -> Result<String> {
        let Credential::Stored(store) = &self.credential else {
            return Err(self.signed_out("the token is not accepted".to_owned()));
        };
        let renewed = store.renew(self.server(), stale, |held| {
            let tokens = self.refreshed(held)?;
            Ok(held.renewed(tokens, Timestamp::now()))
        })?;
        let sign_in =
            renewed.ok_or_else(|| self.signed_out("nobody is signed in there".to_owned()))?;
        let access = sign_in.access_token.clone();
        *self.sign_in() = Some(sign_in);
        Ok(access)
    }

    /// `POST /auth/refresh`. The same successor is answered for a while, so a cut is simply asked again.
    pub(super) fn refreshed(&self, held: &SignIn) -> Result<Tokens> {
        let body = json(&Refresh {
            refresh_token: held.refresh_token.clone(),
        })?;
        let mut next = Request {
            payload: body,
            ..plain(Method::Post, "/auth/refresh", &[])
        };
        let mut pauses = PAUSES.iter();
        loop {
            let again = next.again();
            let cut = match self.attempt(next, None)? {
                Ok((body, reply)) if reply.is_success() => {
                    return reply::value(self.server(), "/auth/refresh", body.bytes());
                }
                Ok((body, reply)) => {
                    return Err(self.refusal(&reply, body.problem(&reply), Effect::None));
                }
                Err(cut) => cut,
            };
            match (again, pauses.next()) {
                (Some(again), Some(pause)) => {
                    std::thread::sleep(*pause);
                    next = again;
                }
                _ => return Err(self.silence(&cut, false)),
            }
        }
    }

    pub(super) fn sign_in(&self) -> MutexGuard<'_, Option<SignIn>> {
        unpoisoned(&self.sign_in)
    }
}
