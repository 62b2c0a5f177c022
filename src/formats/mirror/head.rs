//! The main file of a mirror → settings, chart, prices, assertions and the months it includes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::lines::{Line, Lines, Words, same, two};
use super::read::month_of;
use super::text::{strings, unvalue};
use super::write::Mirror;
use crate::formats::fault::Fault;
use crate::ledger::account::{Account, AccountKey, AccountType, Contact, Kind};
use crate::ledger::change::{Assertion, NewAccount, PriceChange};
use crate::ledger::chart::Chart;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::settings::Settings;

/// The most months of a mirror.
const MONTHS_MAX: usize = 12 * 300;

/// What the main file says.
#[derive(Debug, Clone)]
pub struct Head {
    pub settings: Settings,
    /// Currencies in the order of the book, accounts in that of the chart.
    pub chart: Chart,
    pub prices: Vec<PriceChange>,
    pub assertions: Vec<Assertion>,
    /// Paths within the mirror, in order.
    pub months: Vec<String>,
}

impl Head {
    /// Reads the main file.
    pub fn read(text: &str) -> Result<Head, Fault> {
        let mut lines = Lines::new(text);
        lines.sign()?;
        let mut parts = Parts::default();
        while let Some(line) = lines.next() {
            parts.take(line, &mut lines)?;
        }
        let head = parts.finish()?;
        let again = Mirror::new(Arc::new(head.chart.clone())).main(
            &head.settings,
            &head.prices,
            &head.assertions,
            &head.months,
        );
        same(text, &again, 1)?;
        Ok(head)
    }
}

/// The main file, part by part.
#[derive(Default)]
struct Parts {
    settings: BTreeMap<String, String>,
    currencies: Vec<Currency>,
    accounts: Vec<Account>,
    codes: HashMap<String, Arc<str>>,
    prices: Vec<PriceChange>,
    assertions: Vec<Assertion>,
    months: Vec<String>,
}

impl Parts {
    fn take(&mut self, line: Line<'_>, lines: &mut Lines<'_>) -> Result<(), Fault> {
        let text = line.text;
        if let Some(said) = text.strip_prefix("; setting: ") {
            let [name, value] = two(&line, said)?;
            self.settings.insert(name, value);
        } else if let Some(said) = text.strip_prefix("; assertion: ") {
            let assertion = assertion(&line, said)?;
            self.assertions.push(assertion);
        } else if let Some(written) = text.strip_prefix("commodity ") {
            self.currency(&line, written, &facts(lines)?)?;
        } else if let Some(written) = text.strip_prefix("account ") {
            self.account(&line, written, &facts(lines)?)?;
        } else if let Some(said) = text.strip_prefix("P ") {
            self.price(&line, said)?;
        } else if let Some(path) = text.strip_prefix("include ") {
            line.said(month_of(path), "a month: include 2026/04.journal")?;
            if self.months.len() >= MONTHS_MAX {
                return Err(line.fault("there are too many months"));
            }
            if self.months.last().is_some_and(|last| **last >= *path) {
                return Err(line.fault("the months are not in order"));
            }
            self.months.push(path.to_owned());
        } else if !text.is_empty() && !text.starts_with("; Made by ") {
            return Err(line.fault("this line does not belong into a mirror"));
        }
        Ok(())
    }

    fn currency(
        &mut self,
        line: &Line<'_>,
        written: &str,
        facts: &[(String, String)],
    ) -> Result<(), Fault> {
        let key = u16::try_from(self.currencies.len() + 1).ok();
        let find = |key: &str| {
            facts
                .iter()
                .find(|(k, _)| k == key)
                .map(|(_, v)| v.as_str())
        };
        let code: Arc<str> = find("code").unwrap_or(written).into();
        let scale = find("scale").and_then(|s| s.parse().ok());
        self.codes.insert(written.to_owned(), code.clone());
        self.currencies.push(Currency {
            key: CurrencyKey(line.said(key, "fewer commodities")?),
            code,
            scale: line.said(scale, "its scale below")?,
            symbol: find("symbol").map(Into::into),
            name: find("name").map(Into::into),
        });
        Ok(())
    }

    fn account(
        &mut self,
        line: &Line<'_>,
        written: &str,
        facts: &[(String, String)],
    ) -> Result<(), Fault> {
        let find = |key: &str| facts.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
        let path = find("path").unwrap_or_else(|| written.to_owned());
        let mut new = NewAccount::at(Uuid::nil(), path);
        if let Some(word) = find("kind") {
            new.kind = line.said(Kind::from_word(&word), "a kind of account")?;
            new.account_type = NewAccount::at(Uuid::nil(), new.path.clone()).account_type;
        }
        if let Some(word) = find("use") {
            new.account_type = line.said(AccountType::from_word(&word), "a use of an account")?;
        }
        let date = |key: &str| match find(key) {
            None => Ok(None),
            Some(text) => line.said(text.parse::<Date>().ok(), "a date").map(Some),
        };
        new.code = find("code");
        new.currency = find("currency").map(Into::into);
        new.opened_on = date("opened")?;
        let limit = match find("credit-limit") {
            None => None,
            Some(text) => Some(line.said(Decimal::from_str_exact(&text).ok(), "a limit")?),
        };
        new.contact = Contact {
            phone: find("phone"),
            email: find("email"),
            tax_id: find("tax-id"),
            address: find("address"),
            credit_limit: limit,
        };
        new.note = find("note");
        let aliases = facts.iter().filter(|(key, _)| key == "alias");
        new.aliases = aliases.map(|(_, alias)| alias.clone()).collect();
        let key = u32::try_from(self.accounts.len() + 1).unwrap_or(u32::MAX);
        let mut account = new.into_account(AccountKey(key));
        account.closed_on = date("closed")?;
        self.accounts.push(account);
        Ok(())
    }

    fn price(&mut self, line: &Line<'_>, said: &str) -> Result<(), Fault> {
        let mut words = Words(said);
        let on = words.next().and_then(|w| w.parse().ok());
        let commodity = words.next().and_then(|w| self.codes.get(w)).cloned();
        let rate = words.next().and_then(|w| Decimal::from_str_exact(w).ok());
        let currency = words.next().and_then(|w| self.codes.get(w)).cloned();
        self.prices.push(PriceChange {
            on: line.said(on, "a date")?,
            commodity: line.said(commodity, "a commodity of above")?,
            currency: line.said(currency, "a commodity of above")?,
            rate: Some(line.said(rate, "a number")?),
        });
        Ok(())
    }

    fn finish(self) -> Result<Head, Fault> {
        let settings = Settings::from_pairs(self.settings);
        let first = self.currencies.first();
        if first.is_none_or(|c| *c.code != *settings.base_currency) {
            let why = "the first commodity is not the book's own currency";
            return Err(Fault::file("mirror-edited", why));
        }
        Ok(Head {
            settings,
            chart: Chart::new(self.accounts, self.currencies),
            prices: self.prices,
            assertions: self.assertions,
            months: self.months,
        })
    }
}

fn assertion(line: &Line<'_>, said: &str) -> Result<Assertion, Fault> {
    let words: Vec<&str> = said.splitn(5, ' ').collect();
    let [on, id, amount, below, texts] = words.as_slice() else {
        return Err(line.fault("expected a date, an id, an amount and three texts"));
    };
    let texts = strings(texts).and_then(|list| <[String; 3]>::try_from(list).ok());
    let [account, currency, source] = line.said(texts, "three texts in quotes")?;
    Ok(Assertion {
        id: line.said(id.parse().ok(), "an id")?,
        on: line.said(on.parse().ok(), "a date")?,
        account: account.into(),
        currency: currency.into(),
        amount: line.said(Decimal::from_str_exact(amount).ok(), "a number")?,
        subaccounts: *below == "inclusive",
        source,
        withdrawn: false,
    })
}

/// `; key: value` below a directive.
fn facts(lines: &mut Lines<'_>) -> Result<Vec<(String, String)>, Fault> {
    let mut facts = Vec::new();
    while let Some(line) = lines.peek().filter(|line| line.text.starts_with("    ")) {
        lines.next();
        if line.text.starts_with("    format ") {
            continue;
        }
        let fact = line.text.strip_prefix("    ; ");
        let (key, value) = line.said(fact.and_then(|f| f.split_once(": ")), "; key: value")?;
        let value = line.said(unvalue(value), "a text")?;
        facts.push((key.to_owned(), value));
    }
    Ok(facts)
}
