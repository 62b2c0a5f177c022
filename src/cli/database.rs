//! The address of a Postgres database: its password comes from the environment or the user's password file, as
//! with Postgres' own programs, never from an argument that everyone on the machine can read.

use std::path::PathBuf;

use super::environment::var;
use super::error::{Failure, Result};

/// Whether a word is the address of a database.
pub fn is_address(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// An address with the password that belongs to it, if there is one; `typed`: it stands in the arguments.
///
/// Errors: a typed address with a password in it.
pub fn with_password(address: &str, typed: bool) -> Result<String> {
    let parts = Parts::of(address);
    if parts.has_password && typed {
        let words = "a password in an argument can be read by everyone on this machine";
        return Err(Failure::usage("password-in-argument", words)
            .hint("put it into ~/.pgpass (mode 0600) as HOST:PORT:DATABASE:USER:PASSWORD, or into PGPASSWORD"));
    }
    if parts.has_password {
        return Ok(address.to_owned());
    }
    let found = var("PGPASSWORD").or_else(|| from_file(&parts));
    Ok(match found {
        None => address.to_owned(),
        Some(password) => {
            let mark = if address.contains('?') { '&' } else { '?' };
            format!("{address}{mark}password={}", percent(&password))
        }
    })
}

/// An address as it may be shown: without password and options.
pub fn shown(address: &str) -> String {
    let whole = address.split('?').next().unwrap_or(address);
    match (whole.find("://"), whole.rfind('@')) {
        (Some(scheme), Some(at)) => {
            let user = &whole[scheme + 3..at];
            let user = user.split(':').next().unwrap_or(user);
            format!("{}://{user}{}", &whole[..scheme], &whole[at..])
        }
        _ => whole.to_owned(),
    }
}

/// What a line of the password file is compared with.
struct Parts {
    host: String,
    port: String,
    database: String,
    user: String,
    has_password: bool,
}

impl Parts {
    fn of(address: &str) -> Parts {
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, inline) = user.split_once(':').unwrap_or((user, ""));
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (host, "5432"),
        };
        let option = |name: &str| {
            let mut pairs = options.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(key, _)| *key == name)
                .map(|(_, value)| plain(value))
        };
        let own = |text: &str, name: &str| match text.is_empty() {
            true => option(name).unwrap_or_default(),
            false => plain(text),
        };
        let user = own(user, "user");
        let database = own(database, "dbname");
        Parts {
            host: own(host.trim_start_matches('[').trim_end_matches(']'), "host"),
            port: option("port").unwrap_or_else(|| port.to_owned()),
            database: if database.is_empty() {
                user.clone()
            } else {
                database
            },
            user,
            has_password: !inline.is_empty() || option("password").is_some(),
        }
    }

    /// The password of a line like `host:port:database:user:password`, `*` for anything, if it speaks of this.
    fn password_of(&self, line: &str) -> Option<String> {
        let mut fields = fields(line).into_iter();
        let mut fits = |own: &str| fields.next().is_some_and(|f| f == "*" || f == own);
        let all = fits(&self.host) && fits(&self.port) && fits(&self.database) && fits(&self.user);
        fields.next().filter(|_| all)
    }
}

/// Fields between colons; a backslash takes the next letter as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let last = fields.len() - 1;
        match letter {
            ':' if last < 4 => fields.push(String::new()),
            '\\' => fields[last].extend(letters.next()),
            other => fields[last].push(other),
        }
    }
    fields
}

/// From `PGPASSFILE`, else `~/.pgpass`; a file that others can read is not used, as with Postgres' own programs.
fn from_file(parts: &Parts) -> Option<String> {
    let path = match var("PGPASSFILE") {
        Some(path) => PathBuf::from(path),
        None => directories::BaseDirs::new()?.home_dir().join(".pgpass"),
    };
    if !is_private(&path) {
        return None;
    }
    let text = std::fs::read_to_string(&path).ok()?;
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| parts.password_of(line))
}

#[cfg(unix)]
fn is_private(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(path: &std::path::Path) -> bool {
    path.is_file()
}

pub fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Without percent signs.
fn plain(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_by_host_port_database_and_user() {
        let parts = Parts::of("postgres://ada@db.example:5433/books?sslmode=require");
        for (line, found) in [
            ("db.example:5433:books:ada:s3cret", Some("s3cret")),
            (
                "*:*:*:ada:with\\:colon:and more",
                Some("with:colon:and more"),
            ),
            ("db.example:5432:books:ada:x", None),
            ("db.example:5433:books:bob:x", None),
            ("db.example:5433:books", None),
        ] {
            assert_eq!(parts.password_of(line).as_deref(), found, "{line}");
        }
        let plain = Parts::of("postgresql://h%40a@h");
        assert_eq!(
            (plain.user.as_str(), plain.database.as_str()),
            ("h@a", "h@a")
        );
        assert_eq!((plain.host.as_str(), plain.port.as_str()), ("h", "5432"));
    }

    #[test]
    fn no_password_is_shown_or_taken_from_an_argument() {
        let whole = "postgres://ada:s3:cret@[::1]:5432/books?password=x&sslmode=require";
        assert_eq!(shown(whole), "postgres://ada@[::1]:5432/books");
        assert!(with_password(whole, true).is_err());
        assert_eq!(with_password(whole, false).unwrap(), whole);
        assert!(with_password("postgres://ada@h/books?password=x", true).is_err());
        assert_eq!(percent("a/b c"), "a%2Fb%20c");
        assert_eq!(plain("a%2Fb%20c%"), "a/b c%");
    }
}
