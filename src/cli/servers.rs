//! The way from a command to a server: whose credentials, over what line, and what waits for it.

use std::path::Path;
use std::sync::Arc;

use super::config;
use super::context::Context;
use super::environment::var;
use super::error::{Failure, Result};
use super::locate::At;
use crate::client::{Credential, Credentials, Desk, Place, Server, Session, Settings};

/// A token is a line of text.
const TOKEN_BYTES_MAX: u64 = 4096;

impl Context {
    /// A session with a server, signed in as `--token-file`, `HISSAB_TOKEN` or the file of sign-ins says.
    /// Nothing is sent yet.
    pub fn session(&self, server: &Server) -> Result<Arc<Session>> {
        refuse_plain(server)?;
        Ok(Arc::new(Session::new(Settings {
            server: server.clone(),
            credential: self.credential()?,
            known_servers: config::state_folder()
                .ok()
                .map(|folder| folder.join("servers.json")),
        })))
    }

    /// A session that is not signed in.
    pub fn session_of_nobody(&self, server: &Server) -> Result<Session> {
        refuse_plain(server)?;
        Ok(Session::new(Settings {
            server: server.clone(),
            credential: Credential::Nobody,
            known_servers: None,
        }))
    }

    /// A session by the file of sign-ins, whatever tokens are given.
    pub fn session_of_sign_in(&self, server: &Server) -> Result<Session> {
        refuse_plain(server)?;
        Ok(Session::new(Settings {
            server: server.clone(),
            credential: Credential::Stored(self.credentials()?),
            known_servers: None,
        }))
    }

    /// What work on a remote book needs.
    pub fn desk(&self, place: &Place) -> Result<Desk> {
        let session = self.session(&place.server)?;
        Ok(Desk::new(session, place.clone(), &config::state_folder()?))
    }

    /// The file of sign-ins.
    pub fn credentials(&self) -> Result<Credentials> {
        Ok(Credentials::at(config::credentials_file()?))
    }

    /// A token given for this command, and by what.
    pub fn token(&self) -> Result<Option<(String, String)>> {
        if let Some(path) = &self.globals.token_file {
            let origin = format!("--token-file {}", path.display());
            return Ok(Some((read_token(path)?, origin)));
        }
        let Some(token) = var("HISSAB_TOKEN") else {
            return Ok(None);
        };
        let token = checked(token.trim(), "HISSAB_TOKEN")?;
        Ok(Some((token, "HISSAB_TOKEN".to_owned())))
    }

    fn credential(&self) -> Result<Credential> {
        Ok(match self.token()? {
            Some((secret, origin)) => Credential::Token { secret, origin },
            None => Credential::Stored(self.credentials()?),
        })
    }

    /// The server a command about servers means: the one named, else the book's, else the only one signed in to.
    pub fn server(&self, named: Option<&str>) -> Result<Server> {
        if let Some(words) = named {
            return server_of(words);
        }
        if self.globals.files.is_empty()
            && let At::Remote(place) = self.located()?.at
        {
            return Ok(place.server);
        }
        let mut known = self.credentials()?.servers()?;
        match (known.pop(), known.is_empty()) {
            (Some((server, _)), true) => Ok(server),
            (None, _) => Err(Failure::new(
                super::error::Exit::SignIn,
                "signed-out",
                "signed in to no server",
            )
            .hint("hissab login https://books.example.com")),
            (Some(_), false) => Err(Failure::usage(
                "which-server",
                "signed in to several servers: name one",
            )
            .hint("--server https://books.example.com, or -B https://books.example.com/acme")),
        }
    }
}

/// A server as someone wrote it.
pub fn server_of(words: &str) -> Result<Server> {
    let words = words.trim_end_matches('/');
    if !crate::client::place::is_url(words) {
        return Err(
            Failure::usage("bad-url", format!("{words:?} is not a server's address"))
                .hint("it begins with https://"),
        );
    }
    Server::read(words)
        .map_err(|why| Failure::usage("bad-url", format!("not a server's address: {why}")))
}

/// Over a line that others can read, a sign-in is given away.
fn refuse_plain(server: &Server) -> Result<()> {
    let allowed = var("HISSAB_ALLOW_PLAIN_HTTP").is_some_and(|v| v == "1");
    if !server.is_plain() || server.is_loopback() || allowed {
        return Ok(());
    }
    Err(Failure::usage(
        "plain-http",
        format!(
            "{server} is not encrypted: whoever stands between could read the books and the sign-in"
        ),
    )
    .hint("use https://, or HISSAB_ALLOW_PLAIN_HTTP=1 on a line you trust"))
}

fn read_token(path: &Path) -> Result<String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|e| Failure::file(path, &e))?;
    let mut text = String::new();
    file.take(TOKEN_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|e| Failure::file(path, &e))?;
    checked(text.trim(), &format!("--token-file {}", path.display()))
}

/// A token as a header can carry it. What it is is never shown.
fn checked(token: &str, origin: &str) -> Result<String> {
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::usage(
            "bad-token",
            format!("{origin} holds no token: one line of letters and digits"),
        )
        .hint("hissab token create --help"));
    }
    Ok(token.to_owned())
}
