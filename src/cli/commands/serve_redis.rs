//! `hissab serve --redis redis://…`: where servers keep the limits they share, and the password to it, which is never
//! an argument.

use std::path::{Path, PathBuf};

use crate::cli::database::percent;
use crate::cli::environment::var;
use crate::cli::error::{Failure, Result};
use crate::server::secrets;

#[derive(clap::Args)]
pub struct RedisArgs {
    /// Keep limits that servers share in Redis while it answers, else in the database: redis://HOST:6379, rediss:// with TLS
    #[arg(
        long,
        value_name = "URL",
        env = "HISSAB_SERVE_REDIS",
        hide_env_values = true,
        requires = "database"
    )]
    pub redis: Option<String>,

    /// The password to Redis, a file of mode 0600 [default: REDISCLI_AUTH]
    #[arg(
        long,
        value_name = "FILE",
        env = "HISSAB_SERVE_REDIS_PASSWORD",
        requires = "redis"
    )]
    pub redis_password: Option<PathBuf>,
}

impl RedisArgs {
    /// The address with the password that belongs to it, if there is one.
    pub fn address(&self) -> Result<Option<String>> {
        let Some(url) = &self.redis else {
            return Ok(None);
        };
        // The same words may come from the environment, which nobody else reads.
        let typed = std::env::args_os().any(|w| w.to_str().is_some_and(|w| w.ends_with(url)));
        if has_password(url) {
            if typed {
                let words = "a password in an argument can be read by everyone on this machine";
                return Err(Failure::usage("password-in-argument", words).hint(
                    "put it into REDISCLI_AUTH, or into a file of mode 0600: --redis-password FILE",
                ));
            }
            return Ok(Some(url.clone()));
        }
        let password = match &self.redis_password {
            Some(path) => Some(password_of(path)?),
            None => var("REDISCLI_AUTH"),
        };
        Ok(Some(match password {
            Some(password) => with_password(url, &password),
            None => url.clone(),
        }))
    }
}

fn password_of(path: &Path) -> Result<String> {
    let refused =
        |why: String| Failure::refused("bad-redis", format!("the password to Redis: {why}"));
    let text = secrets::text(path).map_err(refused)?;
    match text.trim() {
        "" => Err(refused(format!("{} is empty", path.display()))),
        password => Ok(password.to_owned()),
    }
}

/// Where the address ends that may hold a user and a password.
fn parts(url: &str) -> Option<(usize, &str)> {
    let from = url.find("://")? + 3;
    let rest = &url[from..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = rest[..end].rfind('@')?;
    Some((from, &rest[..at]))
}

/// Also one of a socket, which stands behind a question mark.
fn has_password(url: &str) -> bool {
    let asked = url.split_once('?').map_or("", |(_, asked)| asked);
    parts(url).is_some_and(|(_, user)| user.contains(':'))
        || asked.split('&').any(|pair| pair.starts_with("pass="))
}

fn with_password(url: &str, password: &str) -> String {
    let password = percent(password);
    if let Some((from, user)) = parts(url) {
        let (scheme, rest) = (&url[..from], &url[from + user.len()..]);
        return format!("{scheme}{user}:{password}{rest}");
    }
    match url.split_once("://") {
        Some((scheme, path)) if scheme.contains("unix") => {
            let mark = if path.contains('?') { '&' } else { '?' };
            format!("{scheme}://{path}{mark}pass={password}")
        }
        Some((scheme, rest)) => format!("{scheme}://:{password}@{rest}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_put_where_redis_looks_for_it() {
        for (url, whole) in [
            ("redis://r:6379/1", "redis://:a%2Fb@r:6379/1"),
            ("rediss://ada@r", "rediss://ada:a%2Fb@r"),
            (
                "redis+unix:///run/r.sock?db=1",
                "redis+unix:///run/r.sock?db=1&pass=a%2Fb",
            ),
        ] {
            assert_eq!(with_password(url, "a/b"), whole);
            assert!(!has_password(url) && has_password(whole), "{url}");
        }
    }
}
