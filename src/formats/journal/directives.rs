//! Directives: what stands at the margin and is not a transaction.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::ledger::account::{AccountKey, AccountType, Kind};
use crate::ledger::change::PriceChange;
use crate::ledger::currency::CurrencyKey;

use super::Dialect;
use super::amount::{self, Number, skip_blanks};
use super::comment;
use super::error::{Fault, FaultAt};
use super::reader::{Block, Reader};

/// Directives that mean nothing to balances; they and their indented lines are passed over.
const IGNORED: &[&str] = &[
    "payee", "tag", "value", "assert", "check", "define", "def", "eval", "expr", "year-end", "N",
    "import",
];

/// Behind `type:`, what an account is used for where hledger has no word for it: bank, receivable…
const USE_TAG: &str = "use";

fn unsupported(message: impl Into<String>, hint: &str) -> FaultAt {
    Fault::new("unsupported", message).hint(hint).at(0)
}

impl Reader<'_> {
    pub(super) fn directive(&mut self, line: &str) -> Result<(), FaultAt> {
        self.block = Block::None;
        let text = line.trim_end();
        if text.is_empty() {
            return Ok(());
        }
        let marked = usize::from(text.starts_with(['!', '@']));
        let length = text[marked..]
            .find([' ', '\t'])
            .unwrap_or(text.len() - marked);
        let word = &text[marked..marked + length];
        let at = skip_blanks(text.as_bytes(), marked + length);
        let rest = &text[at..];
        match word {
            "account" => self.account_directive(rest).map_err(|f| f.at(at)),
            "commodity" => self.commodity_directive(text, at),
            "include" => self.include(rest).map_err(|f| f.at(at)),
            "P" => self.price_directive(text, at),
            "D" => self.default_directive(text, at),
            "alias" => self.scope.add_alias(rest).map_err(|f| f.at(at)),
            "Y" | "year" => self.year(rest).map_err(|f| f.at(at)),
            "apply" => self.apply(rest).map_err(|f| f.at(at)),
            "end" => self.end(rest).map_err(|f| f.at(at)),
            "decimal-mark" => self.decimal_mark(rest).map_err(|f| f.at(at)),
            "bucket" | "A" => {
                let account = self.scope.account(rest, &mut self.names);
                self.scope.bucket = Some(account.map_err(|f| f.at(at))?);
                Ok(())
            }
            "capture" => {
                let (account, pattern) = rest
                    .split_once("  ")
                    .or_else(|| rest.split_once('\t'))
                    .ok_or_else(|| {
                        Fault::new(
                            "bad-directive",
                            "capture needs an account, two spaces and a pattern",
                        )
                        .at(at)
                    })?;
                self.scope
                    .add_capture(account.trim(), pattern.trim())
                    .map_err(|f| f.at(at))
            }
            "comment" => {
                self.block = Block::Until("comment");
                Ok(())
            }
            "test" => {
                self.block = Block::Until("test");
                Ok(())
            }
            "python" => {
                self.block = Block::Skipped;
                self.ignored(word);
                Ok(())
            }
            _ if word.starts_with("Y") && word[1..].bytes().all(|b| b.is_ascii_digit()) => {
                self.year(&word[1..]).map_err(|f| f.at(marked + 1))
            }
            _ if word.starts_with("--") => {
                self.ignored("--option");
                Ok(())
            }
            _ if IGNORED.contains(&word) => {
                self.block = Block::Skipped;
                if !matches!(word, "payee" | "tag" | "N") {
                    self.ignored(word);
                }
                Ok(())
            }
            _ => self.other(text, word),
        }
    }

    /// Rules, time logs, and what is no directive at all.
    fn other(&mut self, text: &str, word: &str) -> Result<(), FaultAt> {
        match text.as_bytes()[0] {
            b'=' => {
                self.block = Block::Skipped;
                self.notes.automatic_rules += 1;
                Ok(())
            }
            b'~' => {
                self.block = Block::Skipped;
                self.notes.periodic_rules += 1;
                Ok(())
            }
            b'i' | b'o' | b'h' | b'b' | b'I' | b'O' if word.len() == 1 => Err(unsupported(
                "time logs (timeclock) are not read",
                "turn them into a journal: hledger -f FILE print",
            )),
            b'C' if word.len() == 1 => Err(unsupported(
                "commodity conversions (C) are not read",
                "write every amount in one unit",
            )),
            b'-' | b'{' | b'[' | b'"' => Err(Fault::new("bad-directive", "this is neither a transaction nor a directive")
                .hint("a transaction begins with its date, year first: 2026-04-05")
                .at(0)),
            _ => Err(Fault::new("bad-directive", format!("there is no directive {word:?}"))
                .hint("a transaction begins with its date, year first: 2026-04-05; a comment with ;")
                .at(0)),
        }
    }

    pub(super) fn ignored(&mut self, word: &str) {
        match self.notes.ignored.iter_mut().find(|(w, _)| w == word) {
            Some((_, count)) => *count += 1,
            None => self.notes.ignored.push((word.to_owned(), 1)),
        }
    }

    fn account_directive(&mut self, rest: &str) -> Result<(), Fault> {
        let end = ["  ", "\t", " ;"]
            .iter()
            .filter_map(|mark| rest.find(mark))
            .min()
            .unwrap_or(rest.len());
        let name = rest[..end].trim();
        if name.is_empty() {
            return Err(Fault::new("bad-directive", "account needs a name"));
        }
        let key = self.scope.account(name, &mut self.names)?;
        self.block = Block::Account(key);
        match rest[end..].trim_start().strip_prefix(';') {
            Some(text) => self.account_comment(text.trim(), key),
            None => Ok(()),
        }
    }

    fn account_comment(&mut self, text: &str, key: AccountKey) -> Result<(), Fault> {
        let mut tags = Vec::new();
        comment::tags_of(text, &mut tags);
        for tag in &tags {
            let account = self.names.account_mut(key);
            match (tag.name.as_str(), AccountType::from_word(&tag.value)) {
                ("type", _) => account.declared = Some(account_kind(&tag.value)?),
                (USE_TAG, Some(word)) => {
                    if let Some((_, account_type)) = &mut account.declared {
                        *account_type = Some(word);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// An indented line below `account`.
    pub(super) fn account_line(&mut self, text: &str, key: AccountKey) -> Result<(), Fault> {
        if let Some(text) = text.strip_prefix([';', '#']) {
            return self.account_comment(text.trim(), key);
        }
        let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let rest = rest.trim();
        match word {
            "note" => self.names.account_mut(key).note = Some(rest.to_owned()),
            "alias" => {
                let path = self.names.account_mut(key).path.clone();
                self.names.account_mut(key).aliases.push(rest.to_owned());
                return self.scope.add_alias(&format!("{rest}={path}"));
            }
            "default" => self.scope.bucket = Some(key),
            "payee" => return self.scope.add_payee(rest, key),
            "check" | "assert" | "eval" | "value" => self.ignored(&format!("account … {word}")),
            // Journals of before typed accounts number them here.
            number if number.bytes().all(|b| b.is_ascii_digit()) => {}
            _ => {
                return Err(Fault::new(
                    "bad-directive",
                    format!("{word:?} says nothing about an account"),
                ));
            }
        }
        Ok(())
    }

    fn commodity_directive(&mut self, text: &str, at: usize) -> Result<(), FaultAt> {
        let content = text[at..].split(';').next().unwrap_or("").trim_end();
        // Digits within quotes belong to the name.
        let outside = content.split('"').step_by(2);
        let with_amount = outside.flat_map(str::bytes).any(|b| b.is_ascii_digit());
        let key = if with_amount {
            self.style(&text[..at + content.len()], at)?
        } else {
            let code = content.trim_matches('"');
            self.names.commodity(code).ok_or_else(|| {
                Fault::new("too-many-commodities", "more than 65,535 commodities").at(at)
            })?
        };
        self.block = Block::Commodity(key);
        Ok(())
    }

    /// An indented line below `commodity`.
    pub(super) fn commodity_line(
        &mut self,
        line: &str,
        at: usize,
        key: CurrencyKey,
    ) -> Result<(), FaultAt> {
        let text = line[at..].trim_end();
        let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let from = skip_blanks(line.as_bytes(), at + word.len());
        match word {
            "format" => {
                let found = self.style(line.trim_end(), from)?;
                if found != key {
                    return Err(
                        Fault::new("bad-directive", "the format shows another commodity").at(from),
                    );
                }
            }
            "note" => self.names.get_mut(key).name = Some(rest.trim().to_owned()),
            "alias" => self
                .names
                .alias_commodity(rest.trim().trim_matches('"'), key),
            "default" => self.base = self.base.or(Some(key)),
            "nomarket" | "value" => {}
            _ if word.starts_with([';', '#']) => {}
            _ => {
                return Err(Fault::new(
                    "bad-directive",
                    format!("{word:?} says nothing about a commodity"),
                )
                .at(at));
            }
        }
        Ok(())
    }

    /// A sample amount: its places and decimal mark are the commodity's style.
    fn style(&mut self, text: &str, at: usize) -> Result<CurrencyKey, FaultAt> {
        let mut reading = self.scope.reading;
        reading.default = None;
        // `1,000.` and `1.000,`: the mark at the end is the decimal one.
        let (found, end) = amount::amount(text, at, &mut self.names, reading)?;
        let sample = &text[at..end];
        let marks: Vec<u8> = sample
            .bytes()
            .filter(|b| *b == b'.' || *b == b',')
            .collect();
        let decimal = marks
            .last()
            .copied()
            .filter(|m| marks.iter().filter(|x| *x == m).count() == 1);
        let places = match decimal {
            Some(mark) => sample
                .rsplit(char::from(mark))
                .next()
                .map_or(0, |t| t.bytes().take_while(u8::is_ascii_digit).count()),
            None => 0,
        };
        if let Some(mark) = decimal {
            self.names.learn_mark(found.currency, mark, true);
        }
        let commodity = self.names.get_mut(found.currency);
        commodity.places = commodity
            .places
            .max(u8::try_from(places).unwrap_or(u8::MAX).min(12));
        Ok(found.currency)
    }

    fn default_directive(&mut self, text: &str, at: usize) -> Result<(), FaultAt> {
        let key = self.style(text, at)?;
        self.base = self.base.or(Some(key));
        if self.scope.reading.dialect != Dialect::Ledger {
            self.scope.reading.default = Some(key);
        }
        Ok(())
    }

    /// `P DATE [TIME] COMMODITY AMOUNT`.
    fn price_directive(&mut self, text: &str, at: usize) -> Result<(), FaultAt> {
        let bytes = text.as_bytes();
        let (date, end) = super::date::date(text, at, self.scope.year)?;
        let mut next = skip_blanks(bytes, end);
        if let Some(length) = time_length(&text[next..]) {
            next = skip_blanks(bytes, next + length);
        }
        let Some((code, end)) = amount::symbol(text, next)? else {
            return Err(Fault::new("bad-directive", "here a commodity should stand").at(next));
        };
        let code: std::sync::Arc<str> = std::sync::Arc::from(code);
        let too_many =
            || Fault::new("too-many-commodities", "more than 65,535 commodities").at(next);
        let key = self.names.commodity(&code).ok_or_else(too_many)?;
        let code = self.names.get(key).code.clone();
        let from = skip_blanks(bytes, end);
        let (found, end) = amount::amount(text, from, &mut self.names, self.scope.reading)?;
        let after = skip_blanks(bytes, end);
        if after < bytes.len() && bytes[after] != b';' {
            return Err(
                Fault::new("bad-directive", "this does not belong behind a price").at(after),
            );
        }
        let rate = decimal(found.number)
            .ok_or_else(|| Fault::new("too-precise", "the price has too many digits").at(from))?;
        let currency = self.names.get(found.currency).code.clone();
        self.push_price(date, code, currency, rate);
        Ok(())
    }

    fn push_price(
        &mut self,
        on: Date,
        commodity: std::sync::Arc<str>,
        currency: std::sync::Arc<str>,
        rate: Decimal,
    ) {
        self.prices.push(PriceChange {
            on,
            commodity,
            currency,
            rate: Some(rate),
        });
    }

    fn year(&mut self, rest: &str) -> Result<(), Fault> {
        let year = rest.split_whitespace().next().unwrap_or("");
        match year.parse::<i16>() {
            Ok(year) if (1..=9999).contains(&year) => {
                self.scope.year = year;
                Ok(())
            }
            _ => Err(Fault::new("bad-directive", "Y needs a year, like Y 2026")),
        }
    }

    fn apply(&mut self, rest: &str) -> Result<(), Fault> {
        let (what, value) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let value = value.trim();
        match what {
            "account" if !value.is_empty() => self.scope.push_parent(value),
            "tag" if !value.is_empty() => {
                let (name, text) = value.split_once(':').unwrap_or((value, ""));
                self.scope.tags.push(crate::ledger::transaction::Tag {
                    name: name.trim().to_owned(),
                    value: text.trim_start_matches(':').trim().to_owned(),
                });
                self.scope.applied.push("tag");
            }
            "year" => {
                self.year(value)?;
                self.scope.applied.push("year");
            }
            "fixed" | "rate" => {
                return Err(
                    Fault::new("unsupported", format!("apply {what} is not read"))
                        .hint("write the price behind each amount: 10 AAPL @ $12"),
                );
            }
            _ => {
                return Err(Fault::new(
                    "bad-directive",
                    format!("apply {rest} is not known"),
                ));
            }
        }
        Ok(())
    }

    fn end(&mut self, rest: &str) -> Result<(), Fault> {
        match rest.trim() {
            "aliases" => {
                self.scope.end_aliases();
                Ok(())
            }
            "comment" | "test" => Err(Fault::new(
                "bad-directive",
                "nothing was begun that this ends",
            )),
            other => self
                .scope
                .end_apply(other.strip_prefix("apply").unwrap_or(other).trim()),
        }
    }

    fn decimal_mark(&mut self, rest: &str) -> Result<(), Fault> {
        match rest.trim() {
            "." => self.scope.reading.mark = Some(b'.'),
            "," => {
                self.scope.reading.mark = Some(b',');
                self.names.commas = true;
            }
            _ => return Err(Fault::new("bad-directive", "decimal-mark is . or ,")),
        }
        Ok(())
    }

    /// A line within `comment` or `test`.
    pub(super) fn line_of_block(&mut self, line: &str) {
        let Block::Until(word) = self.block else {
            return;
        };
        let ended = line
            .trim()
            .trim_start_matches(['!', '@'])
            .strip_prefix("end")
            .is_some_and(|rest| rest.trim() == word || (rest.trim().is_empty() && word == "test"));
        if ended {
            self.block = Block::None;
        }
    }
}

/// A time of day and perhaps a zone, which prices may carry.
fn time_length(text: &str) -> Option<usize> {
    let length = text.find([' ', '\t'])?;
    let looks = text[..length]
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b':')
        && text[..length].contains(':');
    looks.then_some(length)
}

/// hledger's account types: letters or words.
fn account_kind(text: &str) -> Result<(Kind, Option<AccountType>), Fault> {
    let lower = text.trim().to_lowercase();
    Ok(match lower.as_str() {
        "a" | "asset" | "assets" => (Kind::Asset, None),
        "l" | "liability" | "liabilities" => (Kind::Liability, None),
        "e" | "equity" | "v" | "conversion" => (Kind::Equity, None),
        "r" | "revenue" | "revenues" | "income" => (Kind::Income, None),
        "x" | "expense" | "expenses" => (Kind::Expense, None),
        "c" | "cash" => (Kind::Asset, Some(AccountType::Cash)),
        "bank" => (Kind::Asset, Some(AccountType::Bank)),
        "receivable" => (Kind::Asset, Some(AccountType::Receivable)),
        "payable" => (Kind::Liability, Some(AccountType::Payable)),
        _ => {
            return Err(Fault::new("bad-directive", format!("{text:?} is no account type"))
                .hint("type: Asset, Liability, Equity, Revenue, Expense, Cash (A L E R X C), Bank, Receivable, Payable"));
        }
    })
}

/// As a decimal of at most 28 digits.
pub(super) fn decimal(number: Number) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(number.mantissa, u32::from(number.places)).ok()
}
