//! Ledgers as accounts, opening balances and vouchers as transactions.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::amount::code_of;
use super::groups::{Place, place};
use super::model::{Amount, Entry, Ledger, Tally, Voucher};
use crate::formats::gnucash::build::segment;
use crate::formats::journal::Fault;
use crate::formats::journal::builder::{Builder, Whole, WholeEntry, tag};
use crate::formats::journal::sameness::DAYLESS;
use crate::ledger::account::{AccountKey, AccountType, Kind};
use crate::ledger::currency::CurrencyKey;
use crate::ledger::transaction::{PriceBasis, Status, Tag};

const OPENING: &str = "Equity:Opening Balances";
/// Types of vouchers that post to no ledger.
const NOT_POSTED: &[&str] = &[
    "memorandum",
    "reversing journal",
    "stock journal",
    "physical stock",
    "delivery note",
    "receipt note",
    "rejections in",
    "rejections out",
    "sales order",
    "purchase order",
    "job work in order",
    "job work out order",
    "material in",
    "material out",
    "manufacturing journal",
    "attendance",
];

struct Build<'b, 'o> {
    builder: &'b mut Builder<'o>,
    tally: Tally,
    base: CurrencyKey,
    accounts: HashMap<String, AccountKey>,
    unplaced: Vec<String>,
    left_out: BTreeMap<String, u64>,
    by_nature: u64,
}

impl Tally {
    /// The code of a symbol, as the file's masters say, else as everybody knows it.
    fn code(&self, symbol: &str) -> String {
        let said = self.symbols.get(symbol.trim());
        said.map_or_else(|| code_of(symbol), Clone::clone)
    }

    /// Puts everything that was read into what is being built.
    pub(in crate::formats) fn build(mut self, builder: &mut Builder<'_>) {
        if self.ledgers.is_empty() && self.vouchers.is_empty() {
            return;
        }
        let said = builder.options().default_commodity.clone();
        let base = said
            .or(self.base.clone())
            .unwrap_or_else(|| "INR".to_owned());
        let Some(base) = builder.currency(&base) else {
            return;
        };
        builder.at_least(base, 2);
        builder.base(base);
        let left_out = std::mem::take(&mut self.left_out);
        let mut build = Build {
            builder,
            tally: self,
            base,
            accounts: HashMap::new(),
            unplaced: Vec::new(),
            left_out,
            by_nature: 0,
        };
        build.all();
    }
}

impl Build<'_, '_> {
    fn all(&mut self) {
        let vouchers = std::mem::take(&mut self.tally.vouchers);
        let ledgers: Vec<Ledger> = self.tally.ledgers.values().cloned().collect();
        let begins = self.begins(&vouchers);
        for ledger in &ledgers {
            let account = self.account(&ledger.name);
            self.details(account, ledger);
        }
        let mut opened = 0u64;
        for ledger in &ledgers {
            if let Some(amount) = ledger.opening.as_ref().filter(|a| !a.base.is_zero()) {
                self.opening(ledger, amount, begins);
                opened += 1;
            }
        }
        for voucher in vouchers {
            if let Err(fault) = self.voucher(&voucher) {
                let shown = format!("{} {} {}", voucher.date_text, voucher.kind, voucher.number);
                self.builder
                    .fail_at(voucher.source, voucher.line, &shown, fault);
            }
            if self.builder.is_full() {
                break;
            }
        }
        self.say(opened, begins);
    }

    /// When the books begin: as the company says, else with the year of the first voucher, else this year.
    fn begins(&self, vouchers: &[Voucher]) -> Date {
        let first = vouchers
            .iter()
            .filter_map(|v| v.date)
            .min()
            .unwrap_or(self.builder.options().today);
        let april = |year| Date::new(year, 4, 1).unwrap_or(first);
        let year = if first.month() >= 4 {
            first.year()
        } else {
            first.year() - 1
        };
        self.tally
            .begins
            .filter(|b| *b <= first)
            .unwrap_or_else(|| april(year))
    }

    /// The account of a ledger's name: by its group, else by the book, else by itself.
    fn account(&mut self, ledger: &str) -> AccountKey {
        let lower = ledger.to_lowercase();
        if let Some(key) = self.accounts.get(&lower) {
            return *key;
        }
        let master = self.tally.ledgers.get(&lower);
        let placed = master.and_then(|m| {
            let placed = place(&m.name, &m.parent, &self.tally.groups)?;
            // A ledger called by a root alone has no alias beside its name.
            let root = Kind::of_root(&m.name) == Some(placed.kind);
            let path = m.aliases.iter().find(|a| is_path(a, &m.name)).cloned();
            let path = path.or_else(|| root.then(|| m.name.clone()));
            Some(Place {
                path: path.unwrap_or(placed.path),
                ..placed
            })
        });
        let name = segment(ledger);
        let key = match placed {
            Some(Place {
                path,
                kind,
                of_type,
            }) => {
                let key = self.builder.account(&path);
                self.builder.declare(key, kind, of_type);
                key
            }
            None => match self.known(&name) {
                Some(path) => self.builder.account(&path),
                None if name.eq_ignore_ascii_case("cash") => {
                    let key = self
                        .builder
                        .account("Assets:Current Assets:Cash-in-Hand:Cash");
                    self.builder
                        .declare(key, Kind::Asset, Some(AccountType::Cash));
                    key
                }
                None => {
                    self.unplaced.push(name.clone());
                    let parent = master
                        .map(|m| segment(&m.parent))
                        .filter(|p| p != "(no name)");
                    let path = parent.map_or(name.clone(), |parent| format!("{parent}:{name}"));
                    self.builder.account(&path)
                }
            },
        };
        self.accounts.insert(lower, key);
        key
    }

    /// The one account of the book that ends in this name.
    fn known(&self, name: &str) -> Option<String> {
        let fits = |path: &&String| {
            path.rsplit(':')
                .next()
                .is_some_and(|last| last.eq_ignore_ascii_case(name))
        };
        let mut found = self.builder.options().accounts.iter().filter(fits);
        let first = found.next()?;
        found.next().is_none().then(|| first.clone())
    }

    fn details(&mut self, account: AccountKey, ledger: &Ledger) {
        let held = self.builder.account_mut(account);
        let some = |text: &String| Some(text.clone()).filter(|t| !t.is_empty());
        held.contact.phone = some(&ledger.phone);
        held.contact.email = some(&ledger.email);
        held.contact.tax_id = some(&ledger.tax_id);
        held.contact.address = some(&ledger.address);
        let aliases = ledger
            .aliases
            .iter()
            .filter(|alias| !is_path(alias, &ledger.name));
        held.aliases = aliases.cloned().collect();
    }

    fn opening(&mut self, ledger: &Ledger, amount: &Amount, on: Date) {
        let account = self.account(&ledger.name);
        let other = self.builder.account(OPENING);
        self.builder.declare(other, Kind::Equity, None);
        let mut tags = vec![tag("voucher", "opening")];
        if !ledger.guid.is_empty() {
            tags.push(tag("id", &format!("{}{DAYLESS}", ledger.guid)));
        }
        let entry = self.entry(account, amount, false);
        let against = WholeEntry::new(other, -amount.base, self.base);
        self.builder.transaction(Whole {
            source: ledger.source,
            line: ledger.line,
            date: on,
            status: Status::Unmarked,
            description: format!("Opening balance of {}", ledger.name),
            reference: String::new(),
            tags,
            comment: String::new(),
            entries: vec![entry, against],
        });
    }

    /// `as_written`: in its own currency, whatever the account.
    fn entry(&mut self, account: AccountKey, amount: &Amount, as_written: bool) -> WholeEntry {
        let foreign = amount.foreign.as_ref().filter(|(number, _)| {
            !number.is_zero() && (as_written || self.holds_currencies(account))
        });
        let key = foreign.and_then(|(_, symbol)| self.builder.currency(&self.tally.code(symbol)));
        match (foreign, key) {
            (Some((number, _)), Some(key)) if key != self.base => {
                let mut entry = WholeEntry::new(account, *number, key);
                entry.price = Some((amount.base.abs(), self.base, PriceBasis::Total));
                entry
            }
            _ => {
                let mut entry = WholeEntry::new(account, amount.base, self.base);
                let said = amount.foreign.as_ref().filter(|(n, _)| !n.is_zero());
                let text = said.map(|(n, symbol)| format!("{n} {}", self.tally.code(symbol)));
                entry.tags = text.map(|text| tag("forex", &text)).into_iter().collect();
                entry
            }
        }
    }

    /// Banks and parties hold what their currency says; results and capital are kept in the company's own.
    fn holds_currencies(&mut self, account: AccountKey) -> bool {
        let declared = self.builder.account_mut(account).declared;
        !declared
            .is_some_and(|(kind, _)| matches!(kind, Kind::Income | Kind::Expense | Kind::Equity))
    }

    /// The type that a custom one is made from.
    fn kind(&self, written: &str) -> String {
        let mut kind = written.trim().to_lowercase();
        for _ in 0..8 {
            match self.tally.types.get(&kind) {
                Some(parent) if !parent.is_empty() && parent.to_lowercase() != kind => {
                    kind = parent.to_lowercase()
                }
                _ => break,
            }
        }
        kind
    }

    fn leave_out(&mut self, what: String) {
        *self.left_out.entry(what).or_default() += 1;
    }

    fn voucher(&mut self, voucher: &Voucher) -> Result<(), Fault> {
        let kind = self.kind(&voucher.kind);
        if voucher.cancelled {
            self.leave_out("cancelled vouchers".to_owned());
            return Ok(());
        }
        if voucher.optional {
            self.leave_out("optional vouchers".to_owned());
            return Ok(());
        }
        if NOT_POSTED.contains(&kind.as_str()) {
            self.leave_out(format!("{} vouchers post to no ledger and", voucher.kind));
            return Ok(());
        }
        if voucher.candidates.is_empty() {
            self.leave_out(format!(
                "{} vouchers have no entries in this file and",
                voucher.kind
            ));
            return Ok(());
        }
        let date = voucher.date.ok_or_else(|| {
            Fault::new(
                "bad-date",
                format!("there is no day {:?}", voucher.date_text),
            )
        })?;
        let entries = self.balanced(voucher)?;
        let mut tags = self.tags(voucher, &kind, &entries);
        let due = entries
            .iter()
            .flat_map(|e| &e.bills)
            .find_map(|b| b.due)
            .filter(|due| *due >= date);
        tags.extend(due.map(|due| tag("due", &due.to_string())));
        // Tally's own identifiers have a number behind the UUID; what hissab wrote comes back as it was.
        let is_ours = uuid::Uuid::try_parse(&voucher.guid).is_ok();
        let mut whole = Vec::with_capacity(entries.len());
        // A cent of a cheap currency can be worth nothing: then a zero is its other side.
        let moving = entries.iter().filter(|e| e.amount.moves()).count();
        for entry in entries.iter().filter(|e| e.amount.moves() || moving == 1) {
            let account = self.account(&entry.ledger);
            let mut one = self.entry(account, &entry.amount, is_ours);
            one.line = entry.line;
            one.memo.clone_from(&entry.memo);
            one.status = if entry.is_cleared {
                Status::Cleared
            } else {
                Status::Unmarked
            };
            let bills = entry
                .bills
                .iter()
                .filter(|b| b.kind == "newref" || b.kind == "advance")
                .map(|b| tag("bill", &b.name));
            one.tags.extend(bills);
            whole.push(one);
        }
        if whole.len() < 2 {
            self.leave_out("vouchers move nothing and".to_owned());
            return Ok(());
        }
        let said = [&voucher.narration, &voucher.party, &voucher.kind];
        self.builder.transaction(Whole {
            source: voucher.source,
            line: voucher.line,
            date,
            status: Status::Unmarked,
            description: said
                .into_iter()
                .find(|t| !t.is_empty())
                .cloned()
                .unwrap_or_default(),
            reference: match voucher.is_ours() {
                true => voucher.reference.clone(),
                false => voucher.number.clone(),
            },
            tags,
            comment: String::new(),
            entries: whole,
        });
        Ok(())
    }

    fn tags(&self, voucher: &Voucher, kind: &str, entries: &[Entry]) -> Vec<Tag> {
        let mut tags = Vec::new();
        if !voucher.guid.is_empty() {
            tags.push(tag("id", &voucher.guid));
        }
        let own = Some(&voucher.own_kind).filter(|own| !own.is_empty());
        let word = own.map_or_else(|| kind.replace(' ', "-"), Clone::clone);
        if crate::ledger::transaction::Voucher::from_word(&word).is_some() {
            tags.push(tag("voucher", &word));
        }
        if !voucher.kind.eq_ignore_ascii_case(kind) || !tags.iter().any(|t| t.name == "voucher") {
            tags.push(tag("voucher-type", &voucher.kind));
        }
        if !voucher.party.is_empty() {
            tags.push(tag("payee", &voucher.party));
        }
        let named = !voucher.reference.is_empty() && voucher.reference != voucher.number;
        if named && !voucher.is_ours() {
            tags.push(tag("bill-number", &voucher.reference));
        }
        let settled = entries
            .iter()
            .flat_map(|e| &e.bills)
            .filter(|b| b.kind == "agstref");
        tags.extend(settled.map(|bill| tag("against", &bill.name)));
        tags
    }

    /// The list of entries that balances: by the signs, else by ISDEEMEDPOSITIVE.
    fn balanced(&mut self, voucher: &Voucher) -> Result<Vec<Entry>, Fault> {
        let sum = |entries: &[Entry]| {
            entries
                .iter()
                .try_fold(Decimal::ZERO, |sum, e| sum.checked_add(e.amount.base))
        };
        // Zeros balance always, and say nothing while another list holds money.
        let is_zero = |a: &Amount| {
            a.base.is_zero()
                && a.foreign
                    .as_ref()
                    .is_none_or(|(number, _)| number.is_zero())
        };
        let moves = |list: &&Vec<Entry>| list.iter().any(|e| !is_zero(&e.amount));
        let moving: Vec<&Vec<Entry>> = voucher.candidates.iter().filter(moves).collect();
        if moving.is_empty() {
            return Ok(Vec::new());
        }
        for list in &moving {
            if sum(list) == Some(Decimal::ZERO) {
                return Ok(list.to_vec());
            }
        }
        for list in &moving {
            let turned: Option<Vec<Entry>> = list.iter().map(by_nature).collect();
            if let Some(turned) = turned.filter(|t| sum(t) == Some(Decimal::ZERO)) {
                self.by_nature += 1;
                return Ok(turned);
            }
        }
        let off = moving
            .first()
            .and_then(|list| sum(list))
            .map_or_else(|| "too much".to_owned(), |s| s.normalize().to_string());
        Err(Fault::new("unbalanced", format!("the voucher does not balance: debits less credits are {off}"))
            .hint("export it with all its entries: F12 Configure, Export all ledger entries; or correct it in Tally"))
    }

    fn say(&mut self, opened: u64, begins: Date) {
        let mut lines = Vec::new();
        if opened > 0 {
            lines.push(format!(
                "{opened} opening balances are dated {begins}, against {OPENING}"
            ));
        }
        if !self.unplaced.is_empty() {
            let names: Vec<&str> = self.unplaced.iter().take(5).map(String::as_str).collect();
            let more = if self.unplaced.len() > 5 { ", …" } else { "" };
            lines.push(format!(
                "{} ledgers have no group that is known, so their kind is not either: {}{more}; export the masters (List of Accounts) and import them first",
                self.unplaced.len(),
                names.join(", ")
            ));
        }
        if self.by_nature > 0 {
            lines.push(format!("{} vouchers balance by ISDEEMEDPOSITIVE only, not by the signs of their amounts: read by it", self.by_nature));
        }
        lines.extend(
            self.left_out
                .iter()
                .map(|(what, count)| format!("{count} {what} were left out")),
        );
        self.builder.notes().said.append(&mut lines);
    }
}

/// True of an alias that is an account's whole path, as hissab writes it for the way back: it ends in the ledger's
/// name, or the name has more behind it because another ledger is called the same.
fn is_path(alias: &str, name: &str) -> bool {
    let mut segments = alias.rsplit(':');
    let last = segments.next().unwrap_or("").trim();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let ends_so = words(name)
        .to_lowercase()
        .strip_prefix(&words(last).to_lowercase())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    let mut above = segments.peekable();
    ends_so && !last.is_empty() && above.peek().is_some() && above.all(|s| !s.trim().is_empty())
}

/// An entry on the side that its nature says.
fn by_nature(entry: &Entry) -> Option<Entry> {
    let debit = entry.deemed_debit?;
    let side = |n: Decimal| if debit { n.abs() } else { -n.abs() };
    let foreign = entry
        .amount
        .foreign
        .as_ref()
        .map(|(n, s)| (side(*n), s.clone()));
    Some(Entry {
        amount: Amount {
            base: side(entry.amount.base),
            foreign,
        },
        ..entry.clone()
    })
}
