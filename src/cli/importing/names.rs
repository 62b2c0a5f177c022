//! The names in a statement: accounts and currencies of the book, opened where that is allowed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::failure;
use crate::cli::context::Context;
use crate::cli::error::{Failure, Result, shell_word};
use crate::formats::fault::Fault;
use crate::formats::statement::StatementRow;
use crate::ledger::account::{Account, Kind};
use crate::ledger::change::{Change, CurrencyChange, NewAccount};
use crate::ledger::chart::{Chart, Resolved};
use crate::ledger::currency::{Currency, iso_scale, iso_symbol};

/// Where money goes that nothing says the purpose of.
const SUSPENSE: &str = "Liabilities:Suspense";

/// Names of a file → accounts and currencies of the book, opened where that is allowed.
pub(super) struct Names {
    pub chart: Chart,
    create_accounts: bool,
    /// Accounts and currencies to open.
    pub changes: Vec<Change>,
    counters: HashMap<Arc<str>, Arc<str>>,
    currencies: HashMap<Option<Arc<str>>, Currency>,
    /// Accounts that rules name and nobody has opened, with near names.
    unknown: BTreeMap<Arc<str>, Vec<Arc<str>>>,
}

impl Names {
    pub fn new(chart: Chart, create_accounts: bool) -> Names {
        Names {
            chart,
            create_accounts,
            changes: Vec::new(),
            counters: HashMap::new(),
            currencies: HashMap::new(),
            unknown: BTreeMap::new(),
        }
    }

    pub fn bank_account(&mut self, ctx: &mut Context, path: &Arc<str>) -> Result<Account> {
        if self.chart.find(path).is_none() {
            self.open(ctx, path)?;
        }
        let found = self.chart.find(path).cloned();
        found.ok_or_else(|| {
            Failure::not_found("unknown-account", format!("there is no account {path:?}"))
        })
    }

    /// Plans a new account.
    fn open(&mut self, ctx: &mut Context, path: &Arc<str>) -> Result<()> {
        crate::ledger::account::check_path(path).map_err(|fault| {
            Failure::refused("bad-path", format!("account path {path:?}: {fault}"))
        })?;
        let new = NewAccount::at(ctx.make_id(), path.clone());
        self.chart.put_account(Account {
            key: self.chart.next_account_key(),
            id: new.id,
            path: path.clone(),
            kind: new.kind,
            account_type: new.account_type,
            code: None,
            currency: None,
            opened_on: None,
            closed_on: None,
            aliases: Vec::new(),
            contact: new.contact.clone(),
            note: None,
            version: 1,
        });
        self.changes.push(Change::OpenAccount(new));
        Ok(())
    }

    /// Takes back a planned account that turned out not to be needed; it must be the last one planned of its name.
    pub fn forget(&mut self, path: &Arc<str>) {
        self.changes
            .retain(|c| !matches!(c, Change::OpenAccount(new) if new.path == *path));
    }

    pub fn suspense(&mut self, ctx: &mut Context) -> Arc<str> {
        let named = |a: &&Account| {
            matches!(
                a.name().to_lowercase().as_str(),
                "suspense" | "suspense a/c" | "suspense account"
            )
        };
        let existing = self
            .chart
            .accounts()
            .iter()
            .find(|a| named(a) && a.closed_on.is_none());
        if let Some(account) = existing {
            return account.path.clone();
        }
        let path: Arc<str> = Arc::from(SUSPENSE);
        if self.chart.find(&path).is_none() {
            // The path is well formed, so opening it cannot fail.
            let _ = self.open(ctx, &path);
        }
        path
    }

    /// The counter accounts of a row and of its splits: what rules say, else what the file's own category is
    /// called, else Suspense.
    pub fn counter(
        &mut self,
        ctx: &mut Context,
        row: &StatementRow,
        suspense: &Arc<str>,
    ) -> Result<(Arc<str>, Vec<Arc<str>>)> {
        let category = &row.category;
        let counter = self.one(ctx, &category.account, category.named.as_deref(), suspense)?;
        let mut splits = Vec::with_capacity(category.splits.len());
        for split in &category.splits {
            splits.push(self.one(ctx, &split.account, split.named.as_deref(), suspense)?);
        }
        Ok((counter, splits))
    }

    fn one(
        &mut self,
        ctx: &mut Context,
        said: &Option<Arc<str>>,
        named: Option<&str>,
        suspense: &Arc<str>,
    ) -> Result<Arc<str>> {
        match said {
            Some(account) => self.account(ctx, account),
            None => Ok(named
                .and_then(|n| self.category(n))
                .unwrap_or_else(|| suspense.clone())),
        }
    }

    /// The one income or expense account that a file's category names; of `[Savings]`, a transfer, any account.
    fn category(&self, name: &str) -> Option<Arc<str>> {
        let transfer = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
        let wanted = transfer.unwrap_or(name);
        let Resolved::One(key) = self.chart.resolve(wanted) else {
            return None;
        };
        let account = self.chart.account(key);
        let of_it = match account.kind {
            Kind::Income | Kind::Expense => true,
            // As an exporter of whole books writes it.
            Kind::Equity | Kind::Unclassified if *account.path == *wanted => true,
            Kind::Equity => wanted == "Opening Balances",
            _ => transfer.is_some(),
        };
        let tail = account.path.len().checked_sub(wanted.len());
        let ends = tail.and_then(|at| account.path.get(at..));
        let fits = of_it
            && ends.is_some_and(|end| end.eq_ignore_ascii_case(wanted))
            && account.closed_on.is_none();
        fits.then(|| account.path.clone())
    }

    /// True if unknown accounts are opened.
    pub fn creates(&self) -> bool {
        self.create_accounts
    }

    /// An account that a suggestion or a person names.
    pub fn known(&mut self, ctx: &mut Context, path: &Arc<str>) -> Result<Arc<str>> {
        self.account(ctx, path)
    }

    fn account(&mut self, ctx: &mut Context, text: &Arc<str>) -> Result<Arc<str>> {
        if let Some(path) = self.counters.get(text) {
            return Ok(path.clone());
        }
        let path = match self.chart.resolve(text) {
            Resolved::One(key) => self.chart.account(key).path.clone(),
            Resolved::Ambiguous(keys) => {
                let paths: Vec<&str> = keys.iter().map(|k| &*self.chart.account(*k).path).collect();
                return Err(Failure::usage(
                    "ambiguous-account",
                    format!(
                        "the rules' {text:?} fits {} accounts: {}",
                        paths.len(),
                        paths.join(", ")
                    ),
                ));
            }
            Resolved::Unknown(_) if self.create_accounts => {
                self.open(ctx, text)?;
                text.clone()
            }
            Resolved::Unknown(near) => {
                self.unknown.insert(text.clone(), near);
                text.clone()
            }
        };
        self.counters.insert(text.clone(), path.clone());
        Ok(path)
    }

    /// Every account that is missing, at once.
    pub fn refuse_unknown(&self, file: &str) -> Result<()> {
        if self.unknown.is_empty() {
            return Ok(());
        }
        let paths: Vec<&str> = self.unknown.keys().map(|p| &**p).collect();
        let what = if paths.len() == 1 {
            "there is no account"
        } else {
            "there are no accounts"
        };
        let mut failure = Failure::not_found(
            "unknown-account",
            format!("{file} not imported: {what} {}", paths.join(", ")),
        );
        for (path, near) in self
            .unknown
            .iter()
            .filter(|(_, near)| !near.is_empty())
            .take(5)
        {
            failure = failure.hint(format!("for {path}, did you mean {}?", near.join(", ")));
        }
        Err(failure.hint(format!(
            "hissab account add {}, or open all of them with --create-accounts",
            shell_word(paths[0])
        )))
    }

    /// The currency a row is in, opened if it is one of ISO 4217 that the book does not have yet.
    pub fn currency(
        &mut self,
        file: &str,
        row: &StatementRow,
        home: &Arc<str>,
    ) -> Result<Currency> {
        if let Some(found) = self.currencies.get(&row.currency) {
            return Ok(found.clone());
        }
        let text = row.currency.as_deref().unwrap_or(home);
        let found = self.find_currency(text, home);
        let currency = match found {
            Some(currency) => currency,
            None => {
                let code = iso_code(text).ok_or_else(|| {
                    let fault = Fault {
                        line: Some(row.line),
                        ..Fault::file("unknown-currency", format!("no currency {text:?}"))
                    };
                    failure(
                        file,
                        fault.line_text(&row.raw).hint(format!(
                            "hissab currency add {} --scale {}",
                            shell_word(text),
                            row.amount.scale().max(2)
                        )),
                    )
                })?;
                self.open_currency(&code)
            }
        };
        self.currencies
            .insert(row.currency.clone(), currency.clone());
        Ok(currency)
    }

    fn find_currency(&self, text: &str, home: &str) -> Option<Currency> {
        // A bare sign is the account's own currency where that uses it: `$` in an AUD account.
        let shared = SHARED.iter().find(|(sign, _)| *sign == text);
        let is_shared = shared.is_some_and(|(_, codes)| codes.contains(&home));
        let is_home = text.ends_with('$') && home.ends_with('D') || text == home || is_shared;
        let own = is_home.then(|| self.chart.find_currency(home)).flatten();
        let code = iso_code(text);
        own.or_else(|| self.chart.resolve_currency(text))
            .or_else(|| self.chart.find_currency(code.as_deref()?))
            .cloned()
    }

    fn open_currency(&mut self, code: &str) -> Currency {
        let currency = Currency {
            key: self.chart.next_currency_key(),
            code: Arc::from(code),
            scale: iso_scale(code).unwrap_or(2),
            symbol: iso_symbol(code).map(Arc::from),
            name: None,
        };
        self.chart.put_currency(currency.clone());
        self.changes.push(Change::Currency(CurrencyChange {
            code: currency.code.clone(),
            scale: currency.scale,
            symbol: currency.symbol.clone(),
            name: None,
        }));
        currency
    }
}

/// What banks print for a currency beside its code; of several it is the account's own, else none.
const SHARED: &[(&str, &[&str])] = &[
    (
        "$",
        &[
            "USD", "MXN", "ARS", "CLP", "COP", "UYU", "DOP", "BOB", "CUP",
        ],
    ),
    ("¥", &["JPY", "CNY"]),
    ("￥", &["JPY", "CNY"]),
    ("元", &["CNY", "TWD"]),
    ("円", &["JPY"]),
    ("人民币", &["CNY"]),
    ("人民币元", &["CNY"]),
    ("美元", &["USD"]),
    ("港币", &["HKD"]),
    ("日元", &["JPY"]),
    ("新台幣", &["TWD"]),
    ("원", &["KRW"]),
    ("TL", &["TRY"]),
    ("zł", &["PLN"]),
    ("Kč", &["CZK"]),
    ("Ft", &["HUF"]),
    ("lei", &["RON"]),
    ("R$", &["BRL"]),
    ("kr", &["SEK", "NOK", "DKK", "ISK"]),
    ("руб", &["RUB"]),
    ("лв", &["BGN"]),
    ("грн", &["UAH"]),
    // The code before 1998, which banks still print.
    ("RUR", &["RUB"]),
    ("EURO", &["EUR"]),
    ("NIS", &["ILS"]),
    ("US$", &["USD"]),
    ("A$", &["AUD"]),
    ("C$", &["CAD"]),
    ("HK$", &["HKD"]),
    ("NT$", &["TWD"]),
    ("NZ$", &["NZD"]),
    ("S$", &["SGD"]),
    ("RM", &["MYR"]),
    ("Rp", &["IDR"]),
    ("R", &["ZAR"]),
    ("KSh", &["KES"]),
    ("Ksh", &["KES"]),
    ("Dhs", &["AED"]),
    ("Fr", &["CHF"]),
    ("SFr", &["CHF"]),
];

/// The ISO code a text stands for: `EUR`, `eur`, `€`, `Rs`, `TL`.
fn iso_code(text: &str) -> Option<String> {
    let upper = text.trim_end_matches('.').to_uppercase();
    if upper == "RS" {
        return Some("INR".to_owned());
    }
    if iso_scale(&upper).is_some() {
        return Some(upper);
    }
    let only = SHARED.iter().find(|(sign, _)| *sign == text);
    if let Some((_, [code])) = only {
        return Some((*code).to_owned());
    }
    let codes = [
        "INR", "USD", "EUR", "GBP", "JPY", "KRW", "ILS", "NGN", "PHP", "RUB", "THB", "TRY", "UAH",
        "VND", "BDT",
    ];
    codes
        .into_iter()
        .find(|code| iso_symbol(code) == Some(text))
        .map(str::to_owned)
}
