//! A book as XML that Tally imports: currencies and ledgers, then vouchers.
//!
//! In Tally's files a debit is negative. A ledger's name is the last part of its account's path,
//! or more of it where that is not the only one; its alias is the whole path. Every voucher has its
//! value in the company's own currency: a transaction that moves another one without a price in it
//! cannot be said, and stops the export.

use std::io::{self, Write};

use super::{BookWriter, Facts, names};
use crate::formats::tally::{OWN_TYPE, symbol_of};
use crate::ledger::account::{Account, AccountType, Kind};
use crate::ledger::amount_format::machine;
use crate::ledger::currency::{Currency, CurrencyKey};
use crate::ledger::transaction::{Entry, Transaction, Voucher};

pub(super) struct Tally<'w> {
    out: &'w mut dyn Write,
    facts: Facts,
    /// By account key − 1.
    ledgers: Vec<String>,
    /// By currency key − 1.
    symbols: Vec<String>,
}

impl<'w> Tally<'w> {
    pub fn new(out: &'w mut dyn Write, facts: Facts) -> Tally<'w> {
        Tally {
            ledgers: ledger_names(facts.chart.accounts()),
            symbols: symbols(facts.chart.currencies()),
            out,
            facts,
        }
    }

    fn is_base(&self, key: CurrencyKey) -> bool {
        *self.facts.chart.currency(key).code == *self.facts.settings.base_currency
    }

    fn begin(&mut self, what: &str) -> io::Result<()> {
        let company = escaped(&self.facts.settings.name);
        write!(
            self.out,
            "<IMPORTDATA>\n<REQUESTDESC><REPORTNAME>{what}</REPORTNAME><STATICVARIABLES><SVCURRENTCOMPANY>{company}</SVCURRENTCOMPANY></STATICVARIABLES></REQUESTDESC>\n<REQUESTDATA>\n"
        )
    }

    fn currency(&mut self, currency: &Currency, symbol: &str) -> io::Result<()> {
        let symbol = escaped(symbol);
        writeln!(
            self.out,
            "<TALLYMESSAGE xmlns:UDF=\"TallyUDF\"><CURRENCY NAME=\"{symbol}\" ACTION=\"Create\"><NAME>{symbol}</NAME><MAILINGNAME>{}</MAILINGNAME><ORIGINALNAME>{symbol}</ORIGINALNAME><DECIMALPLACES>{}</DECIMALPLACES></CURRENCY></TALLYMESSAGE>",
            escaped(&currency.code),
            currency.scale
        )
    }

    fn ledger(&mut self, account: &Account, name: &str) -> io::Result<()> {
        let name = escaped(name);
        let path = escaped(&account.path);
        let mut inside = format!(
            "<PARENT>{}</PARENT><GUID>{}</GUID>",
            escaped(group(account)),
            account.id
        );
        let contact = &account.contact;
        for (tag, text) in [
            ("LEDGERMOBILE", &contact.phone),
            ("EMAIL", &contact.email),
            ("PARTYGSTIN", &contact.tax_id),
            ("NARRATION", &account.note),
        ] {
            if let Some(text) = text {
                inside.push_str(&format!("<{tag}>{}</{tag}>", escaped(text)));
            }
        }
        if let Some(address) = &contact.address {
            let line = |line: &str| format!("<ADDRESS>{}</ADDRESS>", escaped(line));
            let lines: String = address.lines().map(line).collect();
            inside.push_str(&format!("<ADDRESS.LIST>{lines}</ADDRESS.LIST>"));
        }
        if account.account_type.is_party() {
            inside.push_str("<ISBILLWISEON>Yes</ISBILLWISEON>");
        }
        let mut names = format!("<NAME>{name}</NAME>");
        if path != name {
            names.push_str(&format!("<NAME>{path}</NAME>"));
        }
        for alias in &account.aliases {
            names.push_str(&format!("<NAME>{}</NAME>", escaped(alias)));
        }
        writeln!(
            self.out,
            "<TALLYMESSAGE xmlns:UDF=\"TallyUDF\"><LEDGER NAME=\"{name}\" ACTION=\"Create\"><NAME>{name}</NAME>{inside}<LANGUAGENAME.LIST><NAME.LIST>{names}</NAME.LIST></LANGUAGENAME.LIST></LEDGER></TALLYMESSAGE>"
        )
    }

    /// Negative for a debit; another currency with its value: `-USD 100.00 @ INR 83.1/USD = -INR 8310.00`.
    fn amount(&self, number: u64, entry: &Entry) -> io::Result<String> {
        let (weight, key) = entry.weight();
        if entry.minor == 0 && weight == 0 {
            // Nothing needs no price.
            return Ok("0.00".to_owned());
        }
        if !self.is_base(key) {
            let code = &self.facts.chart.currency(key).code;
            let base = &self.facts.settings.base_currency;
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!(
                    "{number} moves {code} without a price in {base}, in which Tally keeps everything"
                ),
            ));
        }
        let spelled = |minor: i64, key: CurrencyKey| {
            machine(-i128::from(minor), self.facts.chart.currency(key).scale)
        };
        let base = spelled(weight, key);
        if entry.currency == key {
            return Ok(base);
        }
        let symbol = |key: CurrencyKey| &self.symbols[usize::from(key.0) - 1];
        let with = |text: &str, symbol: &str| match text.strip_prefix('-') {
            Some(number) => format!("-{symbol} {number}"),
            None => format!("{symbol} {text}"),
        };
        let (foreign, own) = (symbol(entry.currency), symbol(key));
        let unit = entry
            .price()
            .filter(|p| p.basis == crate::ledger::transaction::PriceBasis::Unit);
        let rate = unit.map_or(String::new(), |price| {
            format!(" @ {own} {}/{foreign}", price.amount.normalize())
        });
        Ok(format!(
            "{}{rate} = {}",
            with(&spelled(entry.minor, entry.currency), foreign),
            with(&base, own)
        ))
    }

    fn entry(&mut self, number: u64, entry: &Entry) -> io::Result<()> {
        let amount = self.amount(number, entry)?;
        let debit = if entry.minor >= 0 { "Yes" } else { "No" };
        let account = self.facts.chart.account(entry.account);
        let party = if account.account_type.is_party() {
            "<ISPARTYLEDGER>Yes</ISPARTYLEDGER>"
        } else {
            ""
        };
        let memo = entry.memo().map_or(String::new(), |memo| {
            format!("<NARRATION>{}</NARRATION>", escaped(memo))
        });
        writeln!(
            self.out,
            "<ALLLEDGERENTRIES.LIST><LEDGERNAME>{}</LEDGERNAME><ISDEEMEDPOSITIVE>{debit}</ISDEEMEDPOSITIVE>{party}<AMOUNT>{}</AMOUNT>{memo}</ALLLEDGERENTRIES.LIST>",
            escaped(&self.ledgers[entry.account.0 as usize - 1]),
            escaped(&amount)
        )
    }
}

impl BookWriter for Tally<'_> {
    fn head(&mut self) -> io::Result<()> {
        writeln!(
            self.out,
            "<ENVELOPE>\n<HEADER><TALLYREQUEST>Import Data</TALLYREQUEST></HEADER>\n<BODY>"
        )?;
        self.begin("All Masters")?;
        let chart = std::rc::Rc::clone(&self.facts.chart);
        let symbols = std::mem::take(&mut self.symbols);
        for (currency, symbol) in chart.currencies().iter().zip(&symbols) {
            self.currency(currency, symbol)?;
        }
        self.symbols = symbols;
        let ledgers = std::mem::take(&mut self.ledgers);
        for key in chart.in_order() {
            self.ledger(chart.account(key), &ledgers[key.0 as usize - 1])?;
        }
        self.ledgers = ledgers;
        self.out.write_all(b"</REQUESTDATA>\n</IMPORTDATA>\n")?;
        self.begin("Vouchers")
    }

    fn transaction(&mut self, transaction: &Transaction) -> io::Result<()> {
        let voucher = voucher_type(transaction.voucher);
        let date = transaction.date.strftime("%Y%m%d");
        writeln!(
            self.out,
            "<TALLYMESSAGE xmlns:UDF=\"TallyUDF\"><VOUCHER REMOTEID=\"{id}\" VCHTYPE=\"{voucher}\" ACTION=\"Create\"><DATE>{date}</DATE><GUID>{id}</GUID><VOUCHERTYPENAME>{voucher}</VOUCHERTYPENAME><VOUCHERNUMBER>{}</VOUCHERNUMBER>",
            transaction.number,
            id = transaction.id,
        )?;
        if let Some(word) = own_type(transaction.voucher) {
            writeln!(self.out, "<{OWN_TYPE}>{word}</{OWN_TYPE}>")?;
        }
        if let Some(reference) = &transaction.reference {
            writeln!(self.out, "<REFERENCE>{}</REFERENCE>", escaped(reference))?;
        }
        let mut narration = transaction.description.to_string();
        if let Some(payee) = &transaction.payee {
            narration = format!("{payee} | {narration}");
        }
        if !narration.is_empty() {
            writeln!(self.out, "<NARRATION>{}</NARRATION>", escaped(&narration))?;
        }
        let chart = std::rc::Rc::clone(&self.facts.chart);
        let party = transaction
            .entries
            .iter()
            .find(|e| chart.account(e.account).account_type.is_party());
        if let Some(party) = party {
            let name = escaped(&self.ledgers[party.account.0 as usize - 1]);
            writeln!(self.out, "<PARTYLEDGERNAME>{name}</PARTYLEDGERNAME>")?;
        }
        for entry in &transaction.entries {
            self.entry(transaction.number.0, entry)?;
        }
        writeln!(self.out, "</VOUCHER></TALLYMESSAGE>")
    }

    fn end(&mut self) -> io::Result<()> {
        self.out
            .write_all(b"</REQUESTDATA>\n</IMPORTDATA>\n</BODY>\n</ENVELOPE>\n")?;
        self.out.flush()
    }
}

/// Tally's own group for an account.
fn group(account: &Account) -> &'static str {
    match (account.kind, account.account_type) {
        (Kind::Asset, AccountType::Cash) => "Cash-in-Hand",
        (Kind::Asset, AccountType::Bank) => "Bank Accounts",
        (Kind::Liability, AccountType::Bank) => "Bank OD A/c",
        (_, AccountType::Receivable) => "Sundry Debtors",
        (_, AccountType::Payable) => "Sundry Creditors",
        (Kind::Asset | Kind::Liability, AccountType::Tax) => "Duties & Taxes",
        (Kind::Asset, _) => "Current Assets",
        (Kind::Liability, _) => "Current Liabilities",
        (Kind::Equity, _) => "Capital Account",
        (Kind::Income, _) => "Indirect Incomes",
        (Kind::Expense, _) => "Indirect Expenses",
        (Kind::Unclassified, _) => "Suspense A/c",
    }
}

/// The type where Tally has none of its own: a field of ours, which Tally passes over and we read back. A closing entry
/// that came back as a journal would empty the results of its year.
fn own_type(voucher: Voucher) -> Option<&'static str> {
    matches!(voucher, Voucher::Opening | Voucher::Closing).then(|| voucher.word())
}

fn voucher_type(voucher: Voucher) -> &'static str {
    match voucher {
        Voucher::Receipt => "Receipt",
        Voucher::Payment => "Payment",
        Voucher::Contra => "Contra",
        Voucher::Sales => "Sales",
        Voucher::Purchase => "Purchase",
        Voucher::CreditNote => "Credit Note",
        Voucher::DebitNote => "Debit Note",
        Voucher::Journal | Voucher::Opening | Voucher::Closing => "Journal",
    }
}

/// The last part of each path where no other has it, else with what it stands under.
fn ledger_names(accounts: &[Account]) -> Vec<String> {
    let clean = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut counts = std::collections::HashMap::new();
    for account in accounts {
        *counts.entry(account.name().to_lowercase()).or_insert(0) += 1;
    }
    let paths: Vec<&str> = accounts.iter().map(|a| &*a.path).collect();
    names::unique(
        &paths,
        |place| {
            let account = &accounts[place];
            let above = account.path.rsplit_once(':').map(|(above, _)| above);
            match above {
                Some(above) if counts[&account.name().to_lowercase()] > 1 => {
                    clean(&format!("{} ({above})", account.name()))
                }
                _ => clean(account.name()),
            }
        },
        |name, count| format!("{name} {count}"),
        str::to_lowercase,
    )
}

/// Signs without digits, points and spaces, which would be read as part of the number.
fn symbols(currencies: &[Currency]) -> Vec<String> {
    let codes: Vec<&str> = currencies.iter().map(|c| &*c.code).collect();
    let legal = |place: usize| {
        let kept = symbol_of(codes[place]);
        if kept.is_empty() {
            "X".to_owned()
        } else {
            kept
        }
    };
    names::unique(
        &codes,
        legal,
        |name, count| format!("{name}{}", "X".repeat(count - 1)),
        str::to_owned,
    )
}

/// Text of an element; characters that XML cannot hold become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
