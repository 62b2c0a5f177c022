//! From typed names to accounts, and from typed amounts to decimals and currencies.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::Recorder;
use super::creating::{Wanted, in_known_case, unknown_account};
use crate::cli::error::{Failure, Result, shell_word};
use crate::ledger::account::{Account, AccountType, Kind, check_path};
use crate::ledger::amount_text::{Side, TypedAmount, parse_amount, parse_amount_or_zero};
use crate::ledger::amount_words::AmountWords;
use crate::ledger::change::{Change, CurrencyChange, NewAccount};
use crate::ledger::chart::{Chart, Resolved, distance};
use crate::ledger::currency::{Currency, iso_of_symbol, iso_scale, iso_symbol};
use crate::ledger::draft::DraftEntry;

/// An amount with the currency it names, if it names one.
#[derive(Debug, Clone, PartialEq)]
pub struct Money {
    pub amount: Decimal,
    /// A code of the chart.
    pub currency: Option<Arc<str>>,
    pub side: Option<Side>,
}

impl Money {
    /// An entry that debits (or, negative, credits) an account.
    pub fn entry(&self, account: &Arc<str>) -> DraftEntry {
        DraftEntry {
            account: account.clone(),
            amount: Some(self.amount),
            currency: self.currency.clone(),
            ..DraftEntry::default()
        }
    }

    pub fn negated(&self) -> Money {
        Money {
            amount: -self.amount,
            ..self.clone()
        }
    }
}

/// The one account a typed name means.
///
/// Errors: exit 6 for none (near names, the creating command), exit 2 for several (all of them).
pub fn account<'a>(chart: &'a Chart, text: &str) -> Result<&'a Account> {
    match chart.resolve(text) {
        Resolved::One(key) => Ok(chart.account(key)),
        Resolved::Ambiguous(keys) => Err(ambiguous(chart, text, &keys)),
        Resolved::Unknown(near) => Err(unknown_account(chart, text, &near, Wanted::Any)),
    }
}

fn ambiguous(chart: &Chart, text: &str, keys: &[crate::ledger::account::AccountKey]) -> Failure {
    let paths: Vec<&str> = keys.iter().map(|k| &*chart.account(*k).path).collect();
    Failure::usage(
        "ambiguous-account",
        format!(
            "{text:?} fits {} accounts: {}",
            paths.len(),
            paths.join(", ")
        ),
    )
    .hint("name more of its path, or give one an alias: hissab account set ACCOUNT --alias NAME")
}

impl Recorder<'_> {
    /// The path of the account a typed name means, planned if it is new and may be created.
    pub fn account(&mut self, text: &str) -> Result<Arc<str>> {
        self.account_for(text, Wanted::Any)
    }

    /// The same, where it is known what the account is for.
    pub fn account_for(&mut self, text: &str, wanted: Wanted) -> Result<Arc<str>> {
        match self.chart.resolve(text) {
            Resolved::One(key) => Ok(self.chart.account(key).path.clone()),
            Resolved::Ambiguous(keys) => Err(ambiguous(&self.chart, text, &keys)),
            Resolved::Unknown(near) => self.create_or(text, &near, wanted),
        }
    }

    /// Creates an account if that was asked for, or if a person says so now.
    fn create_or(&mut self, text: &str, near: &[Arc<str>], wanted: Wanted) -> Result<Arc<str>> {
        let failure = unknown_account(&self.chart, text, near, wanted);
        let path = in_known_case(&self.chart, text);
        let root = path.split(':').next().unwrap_or("");
        let is_path =
            check_path(&path).is_ok() && Kind::of_root(root).is_some() && path.contains(':');
        if self.create_accounts && !is_path {
            return Err(failure.hint(
                "a new account's path begins with Assets, Liabilities, Equity, Income or Expenses: Expenses:Tea",
            ));
        }
        if !self.create_accounts {
            let question = match near {
                [] => format!("There is no account {path}. Create it?"),
                _ => format!(
                    "There is no account {path} (but {}). Create it?",
                    near.join(", ")
                ),
            };
            if !is_path || !self.ctx.can_ask() || !self.ctx.confirm(&question)? {
                return Err(failure);
            }
        }
        Ok(self.ensure_account(&path))
    }

    /// The party a typed name means: a receivable or payable account.
    pub fn party(&mut self, text: &str, as_type: AccountType) -> Result<Arc<str>> {
        let chart = &self.chart;
        let parties = |a: &&Account| a.account_type.is_party() && !is_party_group(a);
        let wanted = text.to_lowercase();
        let fits = |a: &&Account| {
            a.path.to_lowercase() == wanted
                || a.name().to_lowercase() == wanted
                || a.aliases.iter().any(|x| x.to_lowercase() == wanted)
        };
        let mut found: Vec<&Account> = chart
            .accounts()
            .iter()
            .filter(parties)
            .filter(fits)
            .collect();
        if found.len() > 1 {
            // The same name as customer and as supplier: the side of the command decides.
            found.retain(|a| a.account_type == as_type && a.closed_on.is_none());
        }
        match found.as_slice() {
            [one] => return Ok(one.path.clone()),
            [] => {}
            many => {
                let keys: Vec<_> = many.iter().map(|a| a.key).collect();
                return Err(ambiguous(chart, text, &keys));
            }
        }
        if let Resolved::One(key) = chart.resolve(text)
            && chart.account(key).account_type.is_party()
        {
            return Ok(chart.account(key).path.clone());
        }
        self.unknown_party(text, as_type)
    }

    fn unknown_party(&mut self, text: &str, as_type: AccountType) -> Result<Arc<str>> {
        let (flag, parent) = match as_type {
            AccountType::Payable => ("--supplier", "Liabilities:Payable"),
            _ => ("--customer", "Assets:Receivable"),
        };
        let mut failure =
            Failure::not_found("unknown-party", format!("there is no party {text:?}"));
        let near: Vec<Arc<str>> = self
            .chart
            .near(text)
            .into_iter()
            .filter(|p| {
                self.chart
                    .find(p)
                    .is_some_and(|a| a.account_type.is_party())
            })
            .collect();
        if !near.is_empty() {
            failure = failure.hint(format!("did you mean {}?", near.join(", ")));
        }
        failure = failure.hint(format!(
            "to create it: hissab party add {} {flag}",
            shell_word(text)
        ));
        if !self.create_accounts {
            let question = format!("There is no party {text}. Create it?");
            let asked = self.ctx.can_ask() && self.ctx.confirm(&question)?;
            if !asked {
                return Err(failure);
            }
        }
        let path = if text.contains(':') {
            text.to_owned()
        } else {
            format!("{}:{text}", party_parent(&self.chart, as_type, parent))
        };
        if check_path(&path).is_err() {
            return Err(failure);
        }
        let id = self.ctx.make_id();
        let new = NewAccount {
            account_type: as_type,
            ..NewAccount::at(id, path.as_str())
        };
        self.plan_account(new);
        Ok(path.into())
    }

    // ---- amounts ----

    /// One amount, not zero.
    pub fn money(&mut self, text: &str) -> Result<Money> {
        let typed = parse_amount(text)?;
        self.money_of(typed)
    }

    /// One amount; zero is an answer.
    pub fn money_or_zero(&mut self, text: &str) -> Result<Money> {
        let typed = parse_amount_or_zero(text)?;
        self.money_of(typed)
    }

    /// The amount at the beginning of some words, not zero, and how many words it took.
    pub fn take_money(&mut self, words: &[String], sides: bool) -> Result<Option<(Money, usize)>> {
        let chart = &self.chart;
        let is_currency = |word: &str| names_currency(chart, word);
        let taken = AmountWords {
            is_currency: &is_currency,
            sides,
        }
        .take(words)?;
        let Some((typed, count)) = taken else {
            return Ok(None);
        };
        if typed.amount.is_zero() {
            parse_amount(&words[..count].join(" "))?;
        }
        Ok(Some((self.money_of(typed)?, count)))
    }

    /// Whether a word is an attempt at an amount.
    pub fn looks_like_amount(&self, word: &str) -> bool {
        let is_currency = |word: &str| names_currency(&self.chart, word);
        AmountWords {
            is_currency: &is_currency,
            sides: true,
        }
        .looks_like_amount(word)
    }

    fn money_of(&mut self, typed: TypedAmount) -> Result<Money> {
        let currency = match &typed.commodity {
            None => None,
            Some(text) => {
                let known = self.currency(text, typed.amount.scale());
                Some(known.map_err(|f| apart(f, &typed.amount, text))?)
            }
        };
        let scale = match &currency {
            Some(code) => self.chart.find_currency(code).map(|c| c.scale),
            None => None,
        };
        if let Some(scale) = scale {
            typed.check_scale(scale)?;
        }
        Ok(Money {
            amount: typed.amount,
            currency,
            side: typed.side,
        })
    }

    /// The code of a currency as typed. One that ISO 4217 knows is planned at its first use, and said so.
    ///
    /// Errors: exit 6 for any other that the book has not: a slip of the finger is no currency. `places` are
    /// those of the amount it stands at, for the command that adds it.
    pub fn currency(&mut self, text: &str, places: u32) -> Result<Arc<str>> {
        if let Some(found) = self.chart.resolve_currency(text) {
            return Ok(found.code.clone());
        }
        // `Rs` is the sign of several currencies: the book's own comes first.
        let base = self.chart.currencies().first();
        if let Some(base) = base.filter(|b| is_rupee_sign(text) && RUPEES.contains(&&*b.code)) {
            return Ok(base.code.clone());
        }
        let code: Arc<str> = match iso_of_symbol(text) {
            Some(code) => code.into(),
            None if iso_scale(&text.to_uppercase()).is_some() => text.to_uppercase().into(),
            None => text.into(),
        };
        if let Some(found) = self.chart.find_currency(&code) {
            return Ok(found.code.clone());
        }
        let Some(scale) = iso_scale(&code) else {
            return Err(self.unknown_currency(text, places));
        };
        let change = CurrencyChange {
            code: code.clone(),
            scale,
            symbol: iso_symbol(&code).map(Arc::from),
            name: None,
        };
        self.plan_currency(change);
        self.ctx
            .note(&format!("new currency {code} with {scale} decimal places"));
        Ok(code)
    }

    fn unknown_currency(&self, text: &str, places: u32) -> Failure {
        if text.trim().is_empty() {
            return Failure::usage("bad-currency", "the currency is empty");
        }
        let failure = Failure::not_found(
            "unknown-currency",
            format!("there is no currency {text:?} in this book"),
        );
        let upper = text.to_uppercase();
        let known = self.chart.open_currencies();
        let near: Vec<&str> = known
            .filter(|c| !c.code.is_empty() && distance(&upper, &c.code.to_uppercase()) <= 1)
            .map(|c| &*c.code)
            .collect();
        let failure = match near.is_empty() {
            true => failure,
            false => failure.hint(format!("did you mean {}?", near.join(", "))),
        };
        let places = match places {
            0 => String::new(),
            places => format!(" --scale {places}"),
        };
        failure.hint(format!(
            "if it is one: hissab currency add {}{places}",
            shell_word(text)
        ))
    }

    pub fn plan_currency(&mut self, change: CurrencyChange) {
        let key = self.chart.next_currency_key();
        self.chart.put_currency(Currency {
            key,
            code: change.code.clone(),
            scale: change.scale,
            symbol: change.symbol.clone(),
            name: change.name.clone(),
        });
        self.prelude.push(Change::Currency(change));
    }
}

/// `120tea` is most often two words that ran together.
fn apart(mut failure: Failure, amount: &Decimal, text: &str) -> Failure {
    if failure.code == "unknown-currency" {
        let hint = format!("as two words, if it is none: {amount} {text}");
        failure.hints.insert(0, hint);
    }
    failure
}

const RUPEES: [&str; 6] = ["INR", "PKR", "NPR", "LKR", "MUR", "SCR"];

fn is_rupee_sign(text: &str) -> bool {
    matches!(text, "Rs" | "Rs." | "rs" | "rs.")
}

/// Whether a word is a currency: of the book, or of ISO 4217 in capitals.
fn names_currency(chart: &Chart, word: &str) -> bool {
    let known = chart
        .open_currencies()
        .any(|c| *c.code == *word || c.symbol.as_deref() == Some(word));
    known || iso_scale(word).is_some() || iso_of_symbol(word).is_some()
}

/// Where the book keeps its parties of a type: the group called so, else beside the first one, else the
/// usual place.
pub fn party_parent(chart: &Chart, as_type: AccountType, usual: &str) -> String {
    let mut of_type = chart
        .accounts()
        .iter()
        .filter(|a| a.account_type == as_type);
    match of_type
        .clone()
        .find(|a| is_party_group(a))
        .or(of_type.next())
    {
        Some(a) if is_party_group(a) => a.path.to_string(),
        Some(a) => a
            .path
            .rsplit_once(':')
            .map_or(usual, |(parent, _)| parent)
            .to_owned(),
        None => usual.to_owned(),
    }
}

/// `Sundry Debtors`, `Receivable`: a place for parties, not one of them.
pub fn is_party_group(account: &Account) -> bool {
    AccountType::of_path(&format!(":{}", account.name()), account.kind) == account.account_type
}
