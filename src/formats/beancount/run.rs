//! From directives to transactions of a book: in order of date, lots booked, pads computed, balances tested.

use std::collections::HashMap;

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::formats::journal::Fault;
use crate::formats::journal::builder::Builder;
use crate::formats::journal::scope::too_long;
use crate::ledger::account::{AccountKey, Kind};
use crate::ledger::currency::{CurrencyKey, iso_scale_of_sign};
use crate::ledger::money::SCALE_MAX;

use super::booking::{self, Booked, Books, Tolerances, lot_of};
use super::lots::{Holdings, too_large};
use super::model::{Dated, Method, Options, Place, Posting, Transaction, What};
use super::sums::{Sums, add};
use super::write;

/// A balance is tested to so many units of its last place.
const BALANCE_FACTOR: Decimal = Decimal::TWO;

pub(super) struct Run<'b, 'o> {
    pub builder: &'b mut Builder<'o>,
    pub options: Options,
    pub implicit_prices: bool,
    /// Accounts need not be opened.
    pub auto_accounts: bool,
    /// Counts of what is said at the end.
    pub tally: Tally,
}

/// What is counted on the way.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub unopened: Vec<AccountKey>,
    pub uneven: u64,
    pub residues: u64,
    pub empty: u64,
    pub pads: u64,
    pub unused_pads: u64,
    pub loose: u64,
}

/// An amount that pads an account.
pub(super) struct Padding {
    pub amount: Decimal,
    pub currency: CurrencyKey,
}

impl Run<'_, '_> {
    pub fn all(mut self, mut directives: Vec<Dated>) {
        directives.sort_by_key(Dated::order);
        self.kinds();
        self.names(&directives);
        self.places(&directives);
        let booked = self.book(&directives);
        if self.builder.has_failed() {
            // Balances would fail for no reason of their own.
            return;
        }
        self.places_found(&booked);
        let Some(pads) = self.pads(&directives, &booked) else {
            return;
        };
        self.store(directives, booked, &pads);
        self.tally.say(self.builder);
    }

    /// Kinds of accounts by the five roots, whatever they are called.
    fn kinds(&mut self) {
        let kinds = [
            Kind::Asset,
            Kind::Liability,
            Kind::Equity,
            Kind::Income,
            Kind::Expense,
        ];
        for index in 0..self.builder.accounts().len() {
            let key = AccountKey(index as u32 + 1);
            let root = self.builder.path(key).split(':').next().unwrap_or("");
            let place = self.options.roots.iter().position(|name| name == root);
            if let Some(place) =
                place.filter(|p| self.options.roots[*p] != Options::default().roots[*p])
            {
                self.builder.declare(key, kinds[place], None);
            }
        }
        if let Some(code) = self.options.operating.first()
            && let Some(key) = self.builder.currency(&code.clone())
        {
            self.builder.base(key);
        }
    }

    /// Names as long as a book takes them; where a file of ours says what a name stands for, that counts.
    fn names(&mut self, directives: &[Dated]) {
        let keys = (1..=self.builder.accounts().len() as u32).map(AccountKey);
        let faults: Vec<(AccountKey, Fault)> = keys
            .filter_map(|key| Some((key, too_long(self.builder.path(key)).err()?)))
            .collect();
        for (key, fault) in faults {
            let line_of = |dated: &Dated| match &dated.what {
                What::Transaction(transaction) => {
                    let mut postings = transaction.postings.iter();
                    postings.find(|p| p.account == key).map(|p| p.line)
                }
                What::Open { account, .. }
                | What::Close(account)
                | What::Balance { account, .. } => (*account == key).then_some(dated.place.line),
                What::Pad { account, from } => {
                    (*account == key || *from == key).then_some(dated.place.line)
                }
                What::Price { .. } => None,
            };
            let named = |dated: &Dated| {
                let line = line_of(dated)?;
                Some(Place {
                    line,
                    ..dated.place
                })
            };
            if let Some(place) = directives.iter().find_map(named) {
                self.fail(place, fault);
            }
        }
    }

    /// The decimal places of currencies: those of the amounts that were written.
    fn places(&mut self, directives: &[Dated]) {
        let mut seen = |number: Decimal, currency| {
            let written = if number.scale() > u32::from(SCALE_MAX) {
                None
            } else {
                u8::try_from(number.scale()).ok()
            };
            if let Some(places) = written {
                self.builder.at_least(currency, places);
            }
        };
        for dated in directives {
            match &dated.what {
                What::Balance {
                    amount, currency, ..
                } => seen(*amount, *currency),
                What::Transaction(transaction) => {
                    for posting in &transaction.postings {
                        if let (Some(number), Some(currency)) = (posting.number, posting.currency) {
                            seen(number, currency);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// A currency written in whole units has its cents where a number that was found needs them;
    /// what is no currency has the places it needs.
    fn places_found(&mut self, booked: &[Vec<Booked>]) {
        for one in booked.iter().flatten().filter(|one| one.found) {
            let needed = u8::try_from(one.units.normalize().scale()).unwrap_or(u8::MAX);
            let unit = iso_scale_of_sign(self.builder.code(one.currency));
            if unit.is_some() || needed <= SCALE_MAX {
                self.builder
                    .at_least(one.currency, needed.min(unit.unwrap_or(SCALE_MAX)));
            }
        }
    }

    pub(super) fn fail(&mut self, place: Place, fault: Fault) {
        self.builder.fail_at(place.source, place.line, "", fault);
    }

    /// Books every transaction, in order; by its place among the directives.
    fn book(&mut self, directives: &[Dated]) -> Vec<Vec<Booked>> {
        let mut held = Holdings::default();
        let mut methods: HashMap<AccountKey, Method> = HashMap::new();
        let mut out = Vec::with_capacity(directives.len());
        for dated in directives {
            let mut booked = Vec::new();
            match &dated.what {
                What::Open {
                    account,
                    method: Some(method),
                    ..
                } => drop(methods.insert(*account, *method)),
                What::Transaction(transaction) if !self.builder.is_full() => {
                    match self.book_one(transaction, dated, &held, &methods) {
                        Ok(found) => booked = found,
                        Err((fault, line)) => self.fail(
                            Place {
                                line,
                                ..dated.place
                            },
                            fault,
                        ),
                    }
                }
                _ => {}
            }
            for one in &booked {
                if let Err(fault) = held.add(one.account, lot_of(one)) {
                    self.fail(dated.place, fault);
                }
            }
            out.push(booked);
        }
        out
    }

    fn book_one(
        &self,
        transaction: &Transaction,
        dated: &Dated,
        held: &Holdings,
        methods: &HashMap<AccountKey, Method>,
    ) -> Result<Vec<Booked>, (Fault, u32)> {
        let line = dated.place.line;
        let tolerances = self
            .tolerances(&transaction.postings, &[])
            .map_err(|fault| (fault, line))?;
        let default = self.options.method;
        let method = |account| methods.get(&account).copied().unwrap_or(default);
        let books = Books {
            held,
            method: &method,
        };
        let booked = booking::book(transaction, dated.on, &books, &tolerances)?;
        let tolerances = match self.options.from_cost {
            // The costs that were found count too.
            true => self
                .tolerances(&transaction.postings, &booked)
                .map_err(|fault| (fault, line))?,
            false => tolerances,
        };
        for (currency, sum) in residues(&booked).map_err(|fault| (fault, line))? {
            if sum.abs() > tolerances.of(currency) {
                let fault = Fault::new(
                    "unbalanced",
                    format!("the transaction does not balance: it is off by {} {}", sum.normalize(), self.builder.code(currency)),
                )
                .hint("debits (positive) and credits (negative) of a transaction sum to zero; leave one amount out to have it filled in");
                return Err((fault, line));
            }
        }
        Ok(booked)
    }

    /// Half the last digit written of each currency, unless options say otherwise.
    fn tolerances(&self, postings: &[Posting], booked: &[Booked]) -> Result<Tolerances, Fault> {
        let options = &self.options;
        let mut known: Vec<(CurrencyKey, Decimal)> = Vec::new();
        let mut others = Decimal::ZERO;
        for (code, tolerance) in &options.tolerances {
            match postings
                .iter()
                .flat_map(currencies)
                .find(|key| **self.builder.code(*key) == **code)
            {
                Some(key) => known.push((key, *tolerance)),
                None if code == "*" => others = *tolerance,
                None => {}
            }
        }
        let mut costs: Vec<(CurrencyKey, Decimal)> = Vec::new();
        for (index, posting) in postings.iter().enumerate() {
            let Some(number) = posting.number.filter(|n| n.scale() > 0) else {
                continue;
            };
            let tolerance = Decimal::new(1, number.scale())
                .checked_mul(options.multiplier)
                .ok_or_else(too_large)?;
            let own = booked
                .iter()
                .find(|b| b.posting == index)
                .map(|b| b.currency)
                .or(posting.currency);
            if let Some(currency) = own {
                most(&mut known, currency, tolerance);
            }
            let priced = booked
                .iter()
                .find(|b| b.posting == index)
                .and_then(|b| b.price.map(|(_, key, _)| (b, key)));
            if let Some((one, key)) = priced.filter(|_| options.from_cost && !number.is_zero()) {
                // Half a last digit of the units, at their price; never more than half of one.
                let per = one
                    .weight
                    .abs()
                    .checked_div(number.abs())
                    .ok_or_else(too_large)?;
                let share = tolerance
                    .checked_mul(per)
                    .ok_or_else(too_large)?
                    .min(Decimal::new(5, 1));
                add(&mut costs, key, share)?;
            }
        }
        costs
            .into_iter()
            .for_each(|(key, tolerance)| most(&mut known, key, tolerance));
        Ok(Tolerances { known, others })
    }

    pub(super) fn balance_tolerance(&self, amount: Decimal, stated: Option<Decimal>) -> Decimal {
        stated.unwrap_or_else(|| match amount.scale() {
            0 => Decimal::ZERO,
            places => Decimal::new(1, places)
                .checked_mul(self.options.multiplier)
                .and_then(|t| t.checked_mul(BALANCE_FACTOR))
                .unwrap_or_default(),
        })
    }

    /// What each pad adds, by its place among the directives; `None` if that failed.
    ///
    /// Each padded account is looked at alone, with everything below it, without the pads of others.
    fn pads(
        &mut self,
        directives: &[Dated],
        booked: &[Vec<Booked>],
    ) -> Option<HashMap<usize, Vec<Padding>>> {
        let padded = directives.iter().filter_map(|d| match d.what {
            What::Pad { account, .. } => Some(account),
            _ => None,
        });
        let mut sums = Sums::new(self.builder, padded);
        // By watched account: the pad in force, and the currencies it does not pad any more.
        let mut active: HashMap<usize, (usize, Vec<CurrencyKey>)> = HashMap::new();
        let mut at_cost: Vec<(usize, CurrencyKey)> = Vec::new();
        let mut out: HashMap<usize, Vec<Padding>> = HashMap::new();
        for (place, dated) in directives.iter().enumerate() {
            let done = match &dated.what {
                What::Pad { account, .. } => {
                    out.entry(place).or_default();
                    if let Some(watched) = sums.place(*account) {
                        active.insert(watched, (place, Vec::new()));
                    }
                    Ok(())
                }
                What::Transaction(_) => booked[place].iter().try_for_each(|b| {
                    if b.cost.is_some() {
                        at_cost.extend(sums.within(b.account).iter().map(|w| (*w, b.currency)));
                    }
                    sums.add(b.account, b.currency, b.units)
                }),
                What::Balance {
                    account,
                    amount,
                    currency,
                    tolerance,
                } => {
                    let watched = sums.within(*account).to_vec();
                    let tolerance = self.balance_tolerance(*amount, *tolerance);
                    watched.into_iter().try_for_each(|w| {
                        let lacking = amount.checked_sub(sums.of(w, *currency)).ok_or_else(too_large)?;
                        let Some((pad, done)) = active.get_mut(&w) else {
                            return Ok(());
                        };
                        if lacking.abs() > tolerance && !done.contains(currency) {
                            if at_cost.contains(&(w, *currency)) {
                                return Err(Fault::new("bad-pad", "an account that holds lots at cost of this currency cannot be padded")
                                    .hint("buy the lots in a transaction from Equity:Opening-Balances instead"));
                            }
                            out.entry(*pad).or_default().push(Padding { amount: lacking, currency: *currency });
                            sums.add_to(w, *currency, lacking)?;
                        }
                        done.push(*currency);
                        Ok(())
                    })
                }
                _ => Ok(()),
            };
            if let Err(fault) = done {
                self.fail(dated.place, fault);
                return None;
            }
        }
        self.tally.unused_pads = out.values().filter(|p| p.is_empty()).count() as u64;
        Some(out)
    }

    /// Stores everything, in order; tests balances on the way. What is stored is let go of.
    fn store(
        &mut self,
        directives: Vec<Dated>,
        mut booked: Vec<Vec<Booked>>,
        pads: &HashMap<usize, Vec<Padding>>,
    ) {
        let rounding = format!("{}:{}", self.options.roots[2], self.options.rounding);
        let balanced = directives.iter().filter_map(|d| match d.what {
            What::Balance { account, .. } => Some(account),
            _ => None,
        });
        let mut sums = Sums::new(self.builder, balanced);
        let mut stored = Sums::new(
            self.builder,
            directives.iter().filter_map(|d| match d.what {
                What::Balance { account, .. } => Some(account),
                _ => None,
            }),
        );
        for (
            place,
            Dated {
                on,
                place: at,
                what,
            },
        ) in directives.into_iter().enumerate()
        {
            let done = match what {
                What::Price {
                    commodity,
                    rate,
                    currency,
                } => {
                    self.builder.price(on, commodity, currency, rate);
                    Ok(())
                }
                What::Transaction(transaction) => {
                    let booked = std::mem::take(&mut booked[place]);
                    let exact = booked
                        .iter()
                        .try_for_each(|b| sums.add(b.account, b.currency, b.units));
                    exact.and_then(|()| {
                        write::transaction(
                            self,
                            (on, at),
                            *transaction,
                            &booked,
                            &rounding,
                            &mut stored,
                        )
                    })
                }
                What::Pad { account, from } => {
                    pads.get(&place)
                        .into_iter()
                        .flatten()
                        .try_for_each(|padding| {
                            for sums in [&mut sums, &mut stored] {
                                sums.add(account, padding.currency, padding.amount)?;
                                sums.add(from, padding.currency, -padding.amount)?;
                            }
                            write::padding(self, (on, at), (account, from), padding)
                        })
                }
                What::Balance {
                    account,
                    amount,
                    currency,
                    tolerance,
                } => {
                    let tolerance = self.balance_tolerance(amount, tolerance);
                    let place = sums.place(account).unwrap_or_default();
                    let held = (sums.of(place, currency), stored.of(place, currency));
                    self.test((on, at), account, (amount, currency), held, tolerance);
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(fault) = done {
                self.fail(at, fault);
            }
        }
    }

    /// A balance at the start of its day: one that holds exactly becomes one at the end of the day before.
    fn test(
        &mut self,
        (on, at): (Date, Place),
        account: AccountKey,
        (amount, currency): (Decimal, CurrencyKey),
        (held, stored): (Decimal, Decimal),
        tolerance: Decimal,
    ) {
        let off = held.checked_sub(amount).map_or(Decimal::MAX, |d| d.abs());
        if off > tolerance {
            let code = self.builder.code(currency).clone();
            let path = self.builder.path(account).to_owned();
            let fault = Fault::new(
                "assertion-failed",
                format!("the balance of {path} should be {amount} {code} at the start of {}, but it is {} {code}", on, held.normalize()),
            )
            .hint("correct what is before it, or read the file all the same with -I");
            let error = self.builder.error(at.source, at.line, "", fault);
            match self.builder.options().ignore_assertions {
                true => self.builder.notes().failed_assertions.push(error),
                false => self.builder.fail(error),
            }
            return;
        }
        match on.yesterday() {
            Ok(day) if stored == amount => {
                self.builder
                    .assertion(day, account, (amount, currency), true, at.line)
            }
            _ => self.tally.loose += 1,
        }
    }

    /// Notes an account that is used and was never opened.
    pub(super) fn used(&mut self, account: AccountKey) {
        let opened = self.builder.accounts()[account.0 as usize - 1]
            .opened_on
            .is_some();
        if !opened && !self.auto_accounts && !self.tally.unopened.contains(&account) {
            self.tally.unopened.push(account);
        }
    }

    /// An amount at the places its currency has; says whether that changed it.
    pub(super) fn rounded(&self, amount: Decimal, currency: CurrencyKey) -> (Decimal, bool) {
        let places = u32::from(self.builder.places(currency));
        let amount = amount.normalize();
        if amount.scale() <= places {
            return (amount, false);
        }
        (
            amount.round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven),
            true,
        )
    }
}

fn currencies(posting: &Posting) -> impl Iterator<Item = CurrencyKey> {
    let cost = posting.cost.as_ref().and_then(|c| c.currency);
    let price = posting.price.and_then(|p| p.currency);
    [posting.currency, cost, price].into_iter().flatten()
}

fn most(known: &mut Vec<(CurrencyKey, Decimal)>, currency: CurrencyKey, tolerance: Decimal) {
    match known.iter_mut().find(|(key, _)| *key == currency) {
        Some((_, held)) => *held = tolerance.max(*held),
        None => known.push((currency, tolerance)),
    }
}

/// The sums of the weights, by currency.
pub(super) fn residues(booked: &[Booked]) -> Result<Vec<(CurrencyKey, Decimal)>, Fault> {
    let mut sums = Vec::new();
    for one in booked {
        add(&mut sums, one.weight_currency, one.weight)?;
    }
    Ok(sums)
}

impl Tally {
    /// A line for each thing worth saying.
    fn say(self, builder: &mut Builder<'_>) {
        let mut lines = Vec::new();
        if !self.unopened.is_empty() {
            let names: Vec<&str> = self
                .unopened
                .iter()
                .take(5)
                .map(|a| builder.path(*a))
                .collect();
            let more = if self.unopened.len() > 5 { ", …" } else { "" };
            lines.push(format!(
                "{} accounts are used without being opened, which bean-check refuses: {}{more}",
                self.unopened.len(),
                names.join(", ")
            ));
        }
        for (count, text) in [
            (
                self.pads,
                "transactions were made to pad accounts, as beancount makes them",
            ),
            (self.unused_pads, "pads were not needed"),
            (
                self.residues,
                "transactions are off by less than their last digit: the rest is in the rounding account",
            ),
            (
                self.uneven,
                "amounts come out uneven and were rounded to their currency's places",
            ),
            (
                self.empty,
                "transactions move nothing between two entries: no book takes them in",
            ),
            (
                self.loose,
                "balances hold only within their tolerance: they are tested here, not kept",
            ),
        ] {
            if count > 0 {
                lines.push(format!("{count} {text}"));
            }
        }
        builder.notes().said.append(&mut lines);
    }
}
