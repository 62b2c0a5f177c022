//! After the last line: scales, the transactions that waited for them, assertions in order of date.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::ledger::account::{Account, AccountKey, AccountType, Kind, is_within};
use crate::ledger::change::Assertion;
use crate::ledger::chart::Chart;
use crate::ledger::compact::CompactBook;
use crate::ledger::currency::{Currency, CurrencyKey, iso_scale, iso_scale_of_sign, iso_symbol};
use crate::ledger::day::Day;
use crate::ledger::money::{self, Exact, SCALE_MAX};
use crate::ledger::transaction::PriceBasis;

use super::amount::Number;
use super::balance::{Balanced, Known, balance};
use super::error::{Fault, JournalError};
use super::finish::{full, virtual_account};
use super::names::Names;
use super::open::{Deferred, Sort, WrittenAssertion, WrittenPrice};
use super::reader::Reader;
use super::remarks::Holds;
use super::{Notes, ReadJournal};

/// An assertion and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Check {
    pub row: u32,
    /// The posting; once balanced, the last entry it became.
    pub entry: u16,
    pub line: u32,
    pub account: AccountKey,
    pub asserted: WrittenAssertion,
    /// Ledger's: virtual postings do not count for a real one's assertion.
    pub real_only: bool,
}

/// Currencies in their final order, with their final scales.
pub(super) struct Scales {
    /// Old key − 1 → final key and scale.
    pub keys: Vec<(CurrencyKey, u8)>,
    /// By final key.
    pub codes: Vec<Arc<str>>,
    pub scales: Vec<u8>,
}

impl Reader<'_> {
    /// Settles everything; the journal, or all that is wrong with it.
    ///
    /// Assertions are only tested where the rest could be read: else they would fail for no reason
    /// of their own.
    pub fn finish(mut self) -> Result<ReadJournal, Vec<JournalError>> {
        let scales = self.scales();
        if let Err(row) = self.store.rescale(&scales.keys) {
            self.fail_row(row, too_large());
        }
        let unbalanced_virtual = self
            .deferred
            .iter()
            .flat_map(|d| &d.postings)
            .filter(|p| p.sort == Sort::Virtual)
            .count();
        self.notes.unbalanced_virtual = unbalanced_virtual as u64;
        let virtual_account = (unbalanced_virtual > 0).then(|| virtual_account(&mut self.names));
        let assigned = self.settle_deferred(&scales, virtual_account);
        if !self.errors.is_empty() {
            return Err(self.sorted_errors());
        }
        let mut assertions = super::assertions::walk(&mut self, &scales, assigned, virtual_account);
        assertions.append(&mut self.kept);
        if !self.errors.is_empty() {
            return Err(self.sorted_errors());
        }
        Ok(self.into_journal(scales, assertions))
    }

    /// By file in the order they were opened, then by line.
    fn sorted_errors(mut self) -> Vec<JournalError> {
        let place: HashMap<&str, usize> = self
            .sources
            .iter()
            .enumerate()
            .rev()
            .map(|(place, source)| (&*source.name, place))
            .collect();
        self.errors
            .sort_by_key(|e| (place.get(&*e.file).copied().unwrap_or(usize::MAX), e.line));
        self.errors.truncate(super::ERRORS_MAX);
        self.errors
    }

    fn into_journal(mut self, scales: Scales, assertions: Vec<Assertion>) -> ReadJournal {
        self.prices.sort_by_key(|p| p.on);
        let chart = Chart::new(accounts(&self.names), currencies(&self.names, &scales));
        self.notes.weights_moved.sort_unstable();
        let name = self
            .sources
            .first()
            .map_or_else(String::new, |s| s.name.to_string());
        ReadJournal {
            book: CompactBook {
                chart,
                store: self.store,
                prices: self.prices,
                assertions,
                name,
            },
            sources: self.sources,
            notes: std::mem::take::<Notes>(&mut self.notes),
            holds: Holds::default(),
        }
    }

    /// The scale of each commodity: the most places its amounts or directives show.
    ///
    /// One that only stands in prices gets what its weights need; a currency written in whole units
    /// gets its cents where a cost makes an inferred amount need them. The base currency comes first:
    /// what `D` or `commodity … default` says, else the most used currency.
    fn scales(&mut self) -> Scales {
        if self.names.commodities.is_empty() {
            self.names.commodity("INR");
            self.names.commodities[0].places = 2;
        }
        let count = self.names.commodities.len();
        let (mut settled, mut given) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for commodity in &mut self.names.commodities {
            let iso = self.options.iso_scales.then(|| iso_scale(&commodity.code));
            let known = self.options.scales.get(&*commodity.code).copied();
            // What it will have anyway; a book's own scale goes before the standard's.
            let least = known.or(iso.flatten());
            commodity.places = commodity.places.max(least.unwrap_or(0));
            settled.push(commodity.uses > 0 || commodity.mark_declared || least.is_some());
            given.push(least.is_some());
        }
        for deferred in &self.deferred {
            let fills = deferred.postings.iter().any(|p| p.amount.is_none());
            for posting in &deferred.postings {
                let Some((number, _)) = posting.amount else {
                    continue;
                };
                for price in posting.price().into_iter().chain(posting.lot()) {
                    let place = usize::from(price.currency.0) - 1;
                    let commodity = &mut self.names.commodities[place];
                    let least_unit = iso_scale_of_sign(&commodity.code);
                    // Whole dollars everywhere and a cost with cents: what is inferred has cents.
                    let most = match (settled[place], least_unit) {
                        (false, _) => SCALE_MAX,
                        (true, Some(unit)) if fills && !given[place] => unit,
                        _ => continue,
                    };
                    let needed = weight_places(number, price).unwrap_or(least_unit.unwrap_or(2));
                    commodity.places = commodity.places.max(needed.min(most));
                }
            }
        }
        let base = self.base.map_or_else(
            || {
                // The first of the most used; currencies go before shares.
                (0..count)
                    .rev()
                    .max_by_key(|i| {
                        let commodity = &self.names.commodities[*i];
                        let is_currency = iso_scale_of_sign(&commodity.code).is_some();
                        (is_currency && commodity.uses > 0, commodity.uses)
                    })
                    .unwrap_or(0)
            },
            |key| usize::from(key.0) - 1,
        );
        let order: Vec<usize> = std::iter::once(base)
            .chain((0..count).filter(|i| *i != base))
            .collect();
        let mut keys = vec![(CurrencyKey(1), 0); count];
        for (place, old) in order.iter().enumerate() {
            keys[*old] = (
                CurrencyKey(place as u16 + 1),
                self.names.commodities[*old].places,
            );
        }
        Scales {
            keys,
            codes: order
                .iter()
                .map(|i| self.names.commodities[*i].code.clone())
                .collect(),
            scales: order
                .iter()
                .map(|i| self.names.commodities[*i].places)
                .collect(),
        }
    }

    /// Balances what waited for the scales; gives back what waits for balances too.
    fn settle_deferred(
        &mut self,
        scales: &Scales,
        virtual_account: Option<AccountKey>,
    ) -> Vec<Deferred> {
        let mut assigned = Vec::new();
        for mut deferred in std::mem::take(&mut self.deferred) {
            if deferred.postings.iter().any(|p| p.is_assigned()) {
                assigned.push(deferred);
            } else {
                self.settle_one(&mut deferred, scales, virtual_account);
            }
        }
        assigned
    }

    /// Balances one transaction and stores its entries; says whether that went well.
    pub(super) fn settle_one(
        &mut self,
        deferred: &mut Deferred,
        scales: &Scales,
        virtual_account: Option<AccountKey>,
    ) -> bool {
        let known = Known {
            keys: &scales.keys,
            codes: &scales.codes,
            scales: &scales.scales,
            virtual_account,
            bucket: deferred.bucket,
            ledger: deferred.ledger,
        };
        let stored = balance(&mut deferred.postings, &known)
            .and_then(|balanced| self.store_balanced(deferred.row, balanced));
        match stored {
            Ok(()) => true,
            Err(fault) => {
                let header = std::mem::take(&mut deferred.header);
                let row = self.store.row(deferred.row);
                let file = self.sources[usize::from(row.source)].name.clone();
                let line = u64::from(row.line);
                self.errors
                    .push(JournalError::on_line(file, line, &header, fault.at(0)));
                false
            }
        }
    }

    fn store_balanced(&mut self, row: usize, balanced: Balanced) -> Result<(), Fault> {
        self.store.begin_entries(row).map_err(full)?;
        if balanced.moved {
            self.notes.weights_moved.push(row as u32);
        }
        let mut places: HashMap<usize, u16> = HashMap::new();
        for (place, weighed) in balanced.entries.into_iter().enumerate() {
            places.insert(weighed.posting, place as u16);
            self.store
                .push_entry(row, weighed.entry, weighed.detail)
                .map_err(full)?;
        }
        let from = self.checks.partition_point(|c| (c.row as usize) < row);
        for check in self.checks[from..]
            .iter_mut()
            .take_while(|c| c.row as usize == row)
        {
            if let Some(place) = places.get(&usize::from(check.entry)) {
                check.entry = *place;
            }
        }
        if !self.dated.is_empty() {
            let row = row as u32;
            let moved: Vec<(u16, Day)> = places
                .iter()
                .filter_map(|(posting, place)| {
                    let key = (row, u16::try_from(*posting).ok()?);
                    Some((*place, self.dated.remove(&key)?))
                })
                .collect();
            self.dated
                .extend(moved.into_iter().map(|(place, day)| ((row, place), day)));
        }
        Ok(())
    }

    pub(super) fn fail_row(&mut self, row: usize, fault: Fault) {
        let head = self.store.row(row);
        self.errors.push(JournalError {
            file: self.sources[usize::from(head.source)].name.clone(),
            line: u64::from(head.line),
            column: 0,
            text: super::error::shown(self.store.description(row)),
            fault,
        });
    }
}

/// The places that the exact weight of a priced amount has; `None` if that is too long to compute.
fn weight_places(number: Number, price: &WrittenPrice) -> Option<u8> {
    let exact = |n: Number| Exact {
        mantissa: n.mantissa,
        scale: u32::from(n.places),
    };
    let weight = match price.basis {
        PriceBasis::Unit => exact(number).checked_mul(exact(price.number))?,
        PriceBasis::Total => exact(price.number).normalized(),
    };
    u8::try_from(weight.scale).ok()
}

fn too_large() -> Fault {
    Fault::new(
        "too-large",
        "an amount is larger than hissab can hold (10^17 minor units)",
    )
}

/// The chart's accounts: kind and type from `type:` tags, inherited downwards, else from the path.
fn accounts(names: &Names) -> Vec<Account> {
    let declared: HashMap<&str, (Kind, Option<AccountType>)> = names
        .accounts
        .iter()
        .filter_map(|a| Some((&*a.path, a.declared?)))
        .collect();
    let mut out = Vec::with_capacity(names.accounts.len());
    for (index, account) in names.accounts.iter().enumerate() {
        let mut inherited = None;
        let mut path: &str = &account.path;
        while inherited.is_none() && !declared.is_empty() {
            inherited = declared.get(path).copied();
            match path.rsplit_once(':') {
                Some((parent, _)) => path = parent,
                None => break,
            }
        }
        let root = account.path.split(':').next().unwrap_or("");
        let kind = inherited.map_or_else(
            || Kind::of_root(root).unwrap_or(Kind::Unclassified),
            |(kind, _)| kind,
        );
        out.push(Account {
            key: AccountKey(index as u32 + 1),
            id: id_of("account", &account.path),
            path: account.path.clone(),
            kind,
            account_type: inherited
                .and_then(|(_, t)| t)
                .unwrap_or_else(|| AccountType::of_path(&account.path, kind)),
            code: account.code.clone(),
            currency: None,
            opened_on: account.opened_on,
            closed_on: account.closed_on,
            aliases: account.aliases.clone(),
            contact: account.contact.clone(),
            note: account.note.clone(),
            version: 1,
        });
    }
    out
}

fn currencies(names: &Names, scales: &Scales) -> Vec<Currency> {
    let name_of: HashMap<&str, &Option<String>> = names
        .commodities
        .iter()
        .map(|c| (&*c.code, &c.name))
        .collect();
    scales
        .codes
        .iter()
        .zip(&scales.scales)
        .enumerate()
        .map(|(index, (code, scale))| Currency {
            key: CurrencyKey(index as u16 + 1),
            code: code.clone(),
            scale: *scale,
            symbol: iso_symbol(code).map(Arc::from),
            name: name_of
                .get(&**code)
                .and_then(|n| n.as_deref())
                .map(Arc::from),
        })
        .collect()
}

/// An id made of what a thing is called: the same journal gives the same ids.
pub(super) fn id_of(what: &str, name: &str) -> uuid::Uuid {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("hissab/journal/{what}/{name}"));
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Accounts whose balances somebody asks for.
pub(super) fn wanted_accounts(names: &Names, checks: &[Check]) -> HashSet<AccountKey> {
    let mut wanted = HashSet::new();
    for check in checks {
        wanted.insert(check.account);
        if check.asserted.subaccounts {
            let path = &names.accounts[check.account.0 as usize - 1].path;
            wanted.extend(
                names
                    .accounts
                    .iter()
                    .enumerate()
                    .filter(|(_, a)| is_within(&a.path, path))
                    .map(|(i, _)| AccountKey(i as u32 + 1)),
            );
        }
    }
    wanted
}

/// Minor units as an exact decimal.
pub(super) fn exact(minor: i128, scale: u8) -> Exact {
    Exact {
        mantissa: minor,
        scale: u32::from(scale),
    }
}

/// As people read it, for messages.
pub(super) fn shown(minor: i128, scale: u8, code: &str) -> String {
    let amount =
        money::from_minor(minor, scale).map_or_else(|| "too much".to_owned(), |d| d.to_string());
    format!("{amount} {code}").trim_end().to_owned()
}
