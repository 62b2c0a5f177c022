//! Lines without a date: options, plugins, includes, tags and metadata for all that follows.

use std::path::Path;

use rust_decimal::Decimal;

use crate::formats::journal::Fault;
use crate::formats::journal::builder::{printable, tag};
use crate::formats::journal::include;

use super::cursor::{Cursor, Read, Value};
use super::model::Method;
use super::parse::Parser;

/// How deep includes may nest.
const INCLUDE_DEPTH_MAX: usize = 32;
/// How many files one ledger may be made of.
const FILES_MAX: usize = 20_000;

/// Plugins that change nothing that is read: they check, or make opens and prices explicit.
const CHECKS: &[&str] = &[
    "check_average_cost",
    "check_closing",
    "check_commodity",
    "check_drained",
    "close_tree",
    "coherent_cost",
    "commodity_attr",
    "leafonly",
    "noduplicates",
    "nounused",
    "onecommodity",
    "pedantic",
    "sellgains",
    "unique_prices",
];

impl Parser<'_, '_> {
    pub(super) fn undated(&mut self, text: &str) -> Read<()> {
        let mut cursor = Cursor::new(text);
        match cursor.keyword() {
            "option" => {
                let (name, value) = (cursor.string()?, cursor.string()?);
                self.option(&name, &value).map_err(|fault| (fault, 0))?;
            }
            "plugin" => {
                let name = cursor.string()?;
                if cursor.is_string() {
                    cursor.string()?;
                }
                self.plugin(&name).map_err(|fault| (fault, 0))?;
            }
            "include" => {
                let name = cursor.string()?;
                cursor.end()?;
                return self.include(&name).map_err(|fault| (fault, 0));
            }
            "pushtag" => {
                cursor.takes('#');
                self.tags.push(cursor.name().to_owned());
            }
            "poptag" => {
                cursor.takes('#');
                let name = cursor.name();
                let Some(place) = self.tags.iter().rposition(|t| t == name) else {
                    return cursor.wrong("bad-directive", format!("the tag {name} was not pushed"));
                };
                self.tags.remove(place);
            }
            word @ ("pushmeta" | "popmeta") => self.metadata(word, &mut cursor)?,
            _ => {
                let fault = Fault::new("bad-directive", "this is no directive of beancount")
                    .hint("a line begins with a date, option, plugin, include, pushtag, poptag, pushmeta or popmeta; comments begin with ;");
                return Err((fault, 0));
            }
        }
        cursor.end()
    }

    fn metadata(&mut self, word: &str, cursor: &mut Cursor<'_>) -> Read<()> {
        cursor.blanks();
        let name = cursor.next_word().split(':').next().unwrap_or("");
        cursor.at += name.len();
        if name.is_empty() || !cursor.takes(':') {
            return cursor.wrong("bad-directive", "a name and a colon should stand here");
        }
        if word == "pushmeta" {
            let text = match cursor.value()? {
                Value::Text(text) => printable(&text),
                Value::Nothing => String::new(),
            };
            self.metas.push(tag(name, &text));
            return Ok(());
        }
        match self.metas.iter().rposition(|t| t.name == name) {
            Some(place) => drop(self.metas.remove(place)),
            None => {
                return cursor.wrong(
                    "bad-directive",
                    format!("the metadata {name} was not pushed"),
                );
            }
        }
        Ok(())
    }

    /// Options count in the first file; of included ones only the operating currency.
    fn option(&mut self, name: &str, value: &str) -> Result<(), Fault> {
        let bad = |why: &str| Fault::new("bad-option", format!("{name} {why}, not {value:?}"));
        let number = |text: &str| Decimal::from_str_exact(text.trim()).ok();
        if self.stack.len() > 1 && name != "operating_currency" {
            self.builder.ignored("option of an included file");
            return Ok(());
        }
        let root = [
            "name_assets",
            "name_liabilities",
            "name_equity",
            "name_income",
            "name_expenses",
        ]
        .iter()
        .position(|n| *n == name);
        match (name, root) {
            (_, Some(place)) => self.options.roots[place] = value.to_owned(),
            ("operating_currency", _) => self.options.operating.push(value.to_owned()),
            ("booking_method", _) => {
                self.options.method = Method::from_word(value)
                    .ok_or_else(|| bad("is STRICT, FIFO, LIFO, HIFO or NONE"))?;
            }
            ("inferred_tolerance_multiplier" | "tolerance_multiplier", _) => {
                self.options.multiplier = number(value).ok_or_else(|| bad("is a number"))?;
            }
            ("infer_tolerance_from_cost", _) => {
                self.options.from_cost =
                    matches!(value.to_ascii_lowercase().as_str(), "true" | "1");
            }
            ("inferred_tolerance_default", _) => {
                let (code, number) = value
                    .split_once(':')
                    .and_then(|(code, text)| Some((code.trim().to_owned(), number(text)?)))
                    .ok_or_else(|| bad("is like USD:0.005"))?;
                self.options.tolerances.push((code, number));
            }
            ("account_rounding", _) => self.options.rounding = value.to_owned(),
            ("title", _) => {}
            _ => self.builder.ignored(&format!("option {name:?}")),
        }
        Ok(())
    }

    fn plugin(&mut self, name: &str) -> Result<(), Fault> {
        let own = name.strip_prefix("beancount.plugins.");
        match own {
            Some("implicit_prices") => self.implicit_prices = true,
            Some("auto_accounts") => self.auto_accounts = true,
            Some("auto") => (self.implicit_prices, self.auto_accounts) = (true, true),
            Some(known) if CHECKS.contains(&known) => {}
            None if name.starts_with("beancount.ops.") => {}
            _ if self.builder.options().ignore_plugins => {
                self.builder.notes().said.push(format!("the plugin {name} was not run (--ignore-plugins): what it adds or changes is missing here"));
                return Ok(());
            }
            _ => {
                return Err(Fault::new(
                    "unsupported",
                    format!("the plugin {name} is a program that may change any transaction, and hissab does not run it"),
                )
                .hint("read the file without it: --ignore-plugins; or have beancount apply it: bean-report FILE print > PLAIN, and read PLAIN"));
            }
        }
        self.builder.notes().said.push(match own {
            Some("implicit_prices" | "auto") => format!("the plugin {name} was done as beancount does: prices of postings are prices of the market too"),
            Some("auto_accounts") => format!("the plugin {name} was done: accounts open where they are used"),
            _ => format!("the plugin {name} only checks; its checks were not made"),
        });
        Ok(())
    }

    fn include(&mut self, written: &str) -> Result<(), Fault> {
        if self.stack.len() > INCLUDE_DEPTH_MAX {
            return Err(Fault::new(
                "include-too-deep",
                format!("includes nest deeper than {INCLUDE_DEPTH_MAX}"),
            ));
        }
        let from = self.stack.last().cloned().unwrap_or_default();
        let home = self.builder.options().home.as_deref();
        for path in include::files(written, &from, home)? {
            if self.seen.len() > FILES_MAX {
                return Err(Fault::new(
                    "include-too-many",
                    format!("more than {FILES_MAX} files"),
                ));
            }
            if !path.exists() {
                return Err(Fault::new(
                    "include-not-found",
                    format!("there is no file {}", path.display()),
                ));
            }
            if self.seen.contains(&canonical(&path)) {
                return Err(Fault::new(
                    "include-cycle",
                    format!("{} was read already", path.display()),
                )
                .hint("each file is included once"));
            }
            self.included(&path);
        }
        Ok(())
    }
}

/// A file by its one true name, as far as that can be known.
pub(super) fn canonical(path: &Path) -> std::path::PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}
