//! Where a remote book is: a server and one of its organisations, as a URL names them.
//!
//! Refuses what would leak or mislead: names and passwords in the URL, queries, fragments, and plain
//! HTTP to another machine.

use std::fmt;

use reqwest::Url;

use crate::wire::host::is_this_machine;

/// The longest URL that is read, in bytes.
const URL_BYTES_MAX: usize = 2_000;

/// A server, by its address: scheme, host, port where it is not the usual one, path where it is not the root.
/// No slash at the end: `https://books.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Server(String);

/// An organisation on a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    pub server: Server,
    /// An id or a slug.
    pub org: String,
}

/// Whether words are meant as a URL; `file:` is not one, it is a file name.
pub fn is_url(words: &str) -> bool {
    let lower = words.get(..8).unwrap_or(words).to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

impl Server {
    /// Reads a server's address.
    ///
    /// Errors: why it is none, for people, without the address (it may hold a password).
    pub fn read(words: &str) -> Result<Server, String> {
        let url = parsed(words)?;
        let segments = segments(&url);
        Ok(Server(address(&url, &segments)))
    }

    /// `books.example.com`, with its port where it is not the usual one.
    pub fn host(&self) -> &str {
        let after = self.0.split_once("://").map_or(&*self.0, |(_, rest)| rest);
        after.split('/').next().unwrap_or(after)
    }

    pub fn address(&self) -> &str {
        &self.0
    }

    /// Whether what is sent can be read on the way.
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http://")
    }

    /// Whether it runs on this machine.
    pub fn is_loopback(&self) -> bool {
        let Ok(url) = Url::parse(&self.0) else {
            return false;
        };
        is_this_machine(url.host_str().unwrap_or_default())
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Place {
    /// Reads `https://books.example.com/acme`: the last part of the path is the organisation.
    ///
    /// Errors: why it is none, for people.
    pub fn read(words: &str) -> Result<Place, String> {
        let url = parsed(words)?;
        let mut segments = segments(&url);
        let org = segments
            .pop()
            .ok_or("it names a server, not an organisation: add its name, as in https://books.example.com/acme")?;
        if !is_org(&org) {
            return Err(format!(
                "{org:?} is not the name of an organisation: small letters, digits and hyphens, or an id"
            ));
        }
        Ok(Place {
            server: Server(address(&url, &segments)),
            org,
        })
    }

    /// `books.example.com/acme`: how people name it.
    pub fn shown(&self) -> String {
        format!("{}/{}", self.server.host(), self.org)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.server, self.org)
    }
}

/// What may stand in a path as an organisation: a slug or an id.
pub fn is_org(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn parsed(words: &str) -> Result<Url, String> {
    if words.len() > URL_BYTES_MAX {
        return Err(format!("it is longer than {URL_BYTES_MAX} characters"));
    }
    if !words.contains("://") {
        return Err("a server's address begins with https://".to_owned());
    }
    let url = Url::parse(words).map_err(|e| e.to_string())?;
    if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
        return Err("a server's address begins with https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("names and passwords do not belong in an address: hissab login".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an address has no ? and no #".to_owned());
    }
    Ok(url)
}

fn segments(url: &Url) -> Vec<String> {
    url.path_segments()
        .into_iter()
        .flatten()
        .filter(|s| !s.is_empty())
        .map(str::to_owned)
        .collect()
}

fn address(url: &Url, segments: &[String]) -> String {
    let host = url.host_str().unwrap_or_default();
    let mut text = format!("{}://{host}", url.scheme());
    if let Some(port) = url.port() {
        text.push_str(&format!(":{port}"));
    }
    for segment in segments {
        text.push('/');
        text.push_str(segment);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_is_the_organisation() {
        let place = Place::read("https://Books.Example.com:443/acme/").unwrap();
        assert_eq!(place.server.address(), "https://books.example.com");
        assert_eq!(place.org, "acme");
        assert_eq!(place.to_string(), "https://books.example.com/acme");
        let below = Place::read("http://127.0.0.1:8080/books/acme").unwrap();
        assert_eq!(below.server.address(), "http://127.0.0.1:8080/books");
        assert_eq!(below.shown(), "127.0.0.1:8080/acme");
    }

    #[test]
    fn what_leaks_or_misleads_is_refused() {
        for words in [
            "https://u:p@h/acme",
            "https://h/acme?x=1",
            "https://h/acme#x",
            "https://h",
            "https://h/Acme Ltd",
            "https://h/%2e%2e",
            "https:///",
            "ftp://h/acme",
        ] {
            assert!(Place::read(words).is_err(), "{words}");
        }
        assert!(!is_url("file:shop.hissab") && !is_url("shop"));
        assert!(is_url("HTTPS://h/a"));
    }

    #[test]
    fn this_machine_is_known_by_name_and_number() {
        for (words, here) in [
            ("http://localhost:1", true),
            ("http://127.0.0.9:1", true),
            ("http://[::1]:1", true),
            ("http://192.168.1.2", false),
            ("http://localhost.example.com", false),
        ] {
            assert_eq!(Server::read(words).unwrap().is_loopback(), here, "{words}");
        }
    }
}
