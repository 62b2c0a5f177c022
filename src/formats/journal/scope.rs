//! What directives say until the end of the file they stand in: default year and commodity,
//! aliases, parent accounts, tags for every transaction.

use std::collections::HashMap;

use jiff::civil::Date;
use regex::Regex;

use crate::ledger::account::{AccountKey, PATH_BYTES_MAX};
use crate::ledger::day::Day;
use crate::ledger::transaction::Tag;

use super::amount::Reading;
use super::error::Fault;
use super::names::Names;

/// The longest name that aliases may make on the way: no book takes one of an eighth of it.
const REWRITTEN_BYTES_MAX: usize = 4096;
/// The longest alias.
const ALIAS_BYTES_MAX: usize = 4096;

/// A rewriting of account names.
#[derive(Debug, Clone)]
enum Alias {
    /// `OLD=NEW`: the account and everything below it.
    Basic { old: String, new: String },
    /// `/REGEX/=NEW`: wherever it matches, in any case; `\1` is a group.
    Regex { pattern: Regex, new: String },
    /// Ledger's `capture NEW REGEX`: the whole name.
    Capture { pattern: Regex, new: String },
}

#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub year: i16,
    pub reading: Reading,
    aliases: Vec<Alias>,
    /// `apply account`, outermost first.
    parents: Vec<String>,
    /// `apply tag`, outermost first.
    pub tags: Vec<Tag>,
    /// What was applied, so that a bare `end` closes the newest.
    pub applied: Vec<&'static str>,
    /// Ledger's `payee REGEX` below an account.
    pub payees: Vec<(Regex, AccountKey)>,
    /// Ledger's `A` or `bucket`: where a lone posting is balanced.
    pub bucket: Option<AccountKey>,
    /// Names as written → accounts, while aliases and parents stay as they are.
    known: HashMap<String, AccountKey>,
    last_date: Option<([u8; 10], Day)>,
}

impl Scope {
    pub fn new(year: i16, reading: Reading) -> Scope {
        Scope {
            year,
            reading,
            aliases: Vec::new(),
            parents: Vec::new(),
            tags: Vec::new(),
            applied: Vec::new(),
            payees: Vec::new(),
            bucket: None,
            known: HashMap::new(),
            last_date: None,
        }
    }

    /// The account that a written name means here.
    ///
    /// Errors: aliases make a name of it that is none, or it is longer than a book takes.
    pub fn account(&mut self, written: &str, names: &mut Names) -> Result<AccountKey, Fault> {
        if let Some(key) = self.known.get(written) {
            return Ok(*key);
        }
        let name = self.rewritten(written)?;
        too_long(&name)?;
        let key = names.account(&name);
        self.known.insert(written.to_owned(), key);
        Ok(key)
    }

    fn rewritten(&self, written: &str) -> Result<String, Fault> {
        let mut name = written.to_owned();
        if !self.parents.is_empty() {
            name = format!("{}:{name}", self.parents.join(":"));
        }
        // The newest alias goes first; each is tried once.
        for alias in self.aliases.iter().rev() {
            match alias {
                Alias::Basic { old, new } => {
                    if let Some(rest) = name
                        .strip_prefix(old.as_str())
                        .filter(|rest| rest.is_empty() || rest.starts_with(':'))
                    {
                        name = format!("{new}{rest}");
                    }
                }
                Alias::Regex { pattern, new } => {
                    name = pattern.replace_all(&name, new.as_str()).into_owned();
                }
                Alias::Capture { pattern, new } => {
                    if pattern.is_match(&name) {
                        name.clone_from(new);
                    }
                }
            }
            // Each may match everywhere in what the one before has made.
            if name.len() > REWRITTEN_BYTES_MAX {
                let why = format!(
                    "aliases make a name of more than {REWRITTEN_BYTES_MAX} bytes of this account"
                );
                return Err(Fault::new("bad-alias", why)
                    .hint("an alias that matches nothing or a single sign matches many times"));
            }
        }
        Ok(name)
    }

    /// `alias OLD=NEW` or `alias /REGEX/=NEW`.
    pub fn add_alias(&mut self, text: &str) -> Result<(), Fault> {
        let wrong = || {
            Fault::new("bad-alias", "this alias is not OLD=NEW or /REGEX/=NEW")
                .hint("alias checking=Assets:Bank:Checking")
        };
        if text.len() > ALIAS_BYTES_MAX {
            let why = format!("an alias has at most {ALIAS_BYTES_MAX} bytes");
            return Err(Fault::new("bad-alias", why));
        }
        let alias = if let Some(rest) = text.strip_prefix('/') {
            let (pattern, new) = split_regex(rest).ok_or_else(wrong)?;
            Alias::Regex {
                pattern: compiled(&pattern)?,
                new: replacement(new.trim()),
            }
        } else {
            let (old, new) = text.split_once('=').ok_or_else(wrong)?;
            let (old, new) = (old.trim().to_owned(), new.trim().to_owned());
            if old.is_empty() || new.is_empty() {
                return Err(wrong());
            }
            Alias::Basic { old, new }
        };
        self.aliases.push(alias);
        self.known.clear();
        Ok(())
    }

    /// Ledger's `capture ACCOUNT REGEX`.
    pub fn add_capture(&mut self, account: &str, pattern: &str) -> Result<(), Fault> {
        let pattern = compiled(pattern)?;
        let new = account.to_owned();
        self.aliases.push(Alias::Capture { pattern, new });
        self.known.clear();
        Ok(())
    }

    /// Ledger's `payee REGEX` below `account`.
    pub fn add_payee(&mut self, pattern: &str, account: AccountKey) -> Result<(), Fault> {
        self.payees.push((compiled(pattern)?, account));
        Ok(())
    }

    pub fn end_aliases(&mut self) {
        self.aliases.clear();
        self.known.clear();
    }

    pub fn push_parent(&mut self, parent: &str) {
        self.parents.push(parent.to_owned());
        self.applied.push("account");
        self.known.clear();
    }

    /// Ends what `apply` began: `account`, `tag`, `year`, or with "" the newest of them.
    pub fn end_apply(&mut self, what: &str) -> Result<(), Fault> {
        let place = match what {
            "" => self.applied.len().checked_sub(1),
            what => self.applied.iter().rposition(|a| *a == what),
        };
        let Some(place) = place else {
            return Err(Fault::new(
                "bad-directive",
                format!("nothing was applied that `end apply {what}` could end"),
            ));
        };
        match self.applied.remove(place) {
            "account" => {
                self.parents.pop();
                self.known.clear();
            }
            "tag" => {
                self.tags.pop();
            }
            _ => {}
        }
        Ok(())
    }

    /// A date at the beginning of a line; the one of the line before is not read again.
    pub fn date(&mut self, line: &str, at: usize) -> Result<(Day, usize), super::error::FaultAt> {
        let bytes = line.as_bytes();
        if let (Some((last, day)), Some(now)) = (self.last_date, bytes.get(at..at + 10))
            && last == *now
            && !bytes.get(at + 10).is_some_and(u8::is_ascii_digit)
        {
            return Ok((day, at + 10));
        }
        let (date, end) = super::date::date(line, at, self.year)?;
        let day = Day::of(date);
        if let (10, Some(now)) = (end - at, bytes.get(at..end).and_then(|b| b.try_into().ok())) {
            self.last_date = Some((now, day));
        }
        Ok((day, end))
    }

    /// A date alone, such as a tag's value; the year may come from its transaction.
    pub fn date_in(&self, text: &str, on: Day) -> Option<Date> {
        let (date, end) = super::date::date(text, 0, on.date().year()).ok()?;
        text[end..].trim().is_empty().then_some(date)
    }
}

/// A regular expression up to its closing slash, and what follows `=`. `\/` is a slash.
fn split_regex(text: &str) -> Option<(String, &str)> {
    let mut pattern = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                (_, '/') => pattern.push('/'),
                (_, other) => {
                    pattern.push('\\');
                    pattern.push(other);
                }
            },
            '/' => {
                let new = text[at + 1..].trim_start().strip_prefix('=')?;
                return Some((pattern, new));
            }
            c => pattern.push(c),
        }
    }
    None
}

fn compiled(pattern: &str) -> Result<Regex, Fault> {
    regex::RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or("").trim();
            Fault::new(
                "bad-alias",
                format!("the regular expression cannot be read: {why}"),
            )
        })
}

/// A name is bounded as in a book: what is read without one shall be taken by one.
pub(in crate::formats) fn too_long(name: &str) -> Result<(), Fault> {
    if name.len() <= PATH_BYTES_MAX {
        return Ok(());
    }
    let why = format!("the account's name is longer than {PATH_BYTES_MAX} bytes");
    Err(Fault::new("bad-path", why)
        .hint("a shorter name, with the rest in the account's comment: account NAME  ; the rest"))
}

/// hledger's `\1` in the words of the regex crate.
fn replacement(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                chars.next();
                out.push_str(&format!("${{{digit}}}"));
            }
            ('$', _) => out.push_str("$$"),
            (c, _) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(scope: &mut Scope, written: &str) -> String {
        let mut names = Names::default();
        let key = scope.account(written, &mut names).unwrap();
        names.account_mut(key).path.to_string()
    }

    #[test]
    fn aliases_that_multiply_a_name_are_refused_while_it_is_small() {
        let mut scope = Scope::new(2026, Reading::default());
        for _ in 0..64 {
            scope.add_alias("//=wide name").unwrap();
        }
        let fault = scope.account("a:b", &mut Names::default()).unwrap_err();
        assert_eq!(fault.code, "bad-alias");
        let long = format!("/a/={}", "b".repeat(ALIAS_BYTES_MAX));
        assert_eq!(scope.add_alias(&long).unwrap_err().code, "bad-alias");
    }

    #[test]
    fn a_name_is_as_long_as_a_book_takes_it() {
        let mut scope = Scope::new(2026, Reading::default());
        let most = "a".repeat(PATH_BYTES_MAX);
        assert_eq!(named(&mut scope, &most), most);
        let long = scope.account(&format!("{most}b"), &mut Names::default());
        assert_eq!(long.unwrap_err().code, "bad-path");
        // What makes it longer counts.
        scope.add_alias("a=aa:b").unwrap();
        let name = format!("a:{}", "c".repeat(PATH_BYTES_MAX - 4));
        let made = scope.account(&name, &mut Names::default());
        assert_eq!(made.unwrap_err().code, "bad-path");
    }

    #[test]
    fn aliases_rewrite_as_hledger_does() {
        let mut scope = Scope::new(2026, Reading::default());
        scope.add_alias("checking=assets:bank:checking").unwrap();
        scope.add_alias(r"/^(.+):bank:([^:]+)/=\1:Bank \2").unwrap();
        assert_eq!(
            named(&mut scope, "checking:fees"),
            "assets:bank:checking:fees"
        );
        assert_eq!(named(&mut scope, "checkings"), "checkings");
        scope.end_aliases();
        scope.add_alias(r"/^(.+):bank:([^:]+)/=\1:Bank \2").unwrap();
        scope.add_alias("checking=assets:bank:checking").unwrap();
        assert_eq!(named(&mut scope, "checking"), "assets:Bank checking");
        scope.push_parent("home");
        assert_eq!(named(&mut scope, "checking"), "home:checking");
        scope.end_apply("").unwrap();
        assert!(scope.end_apply("account").is_err());
        assert!(scope.add_alias("/(/=x").is_err());
        assert!(scope.add_alias("x").is_err());
    }
}
