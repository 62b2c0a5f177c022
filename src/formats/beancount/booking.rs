//! A transaction's postings with every number found: currencies, lots, and the one number a group may lack.
//!
//! The rules are beancount's own: postings are grouped by the currency they weigh in; a posting without an
//! amount belongs to every group; sales at cost take lots held before the transaction.

use rust_decimal::{Decimal, RoundingStrategy};

use jiff::civil::Date;

use crate::formats::journal::Fault;
use crate::ledger::account::AccountKey;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::transaction::PriceBasis;

use super::lots::{self, Cost, Holdings, Lot, per_unit, too_large};
use super::model::{CostSpec, Method, Num, Posting, PriceSpec, Transaction};

mod interpolate;

use interpolate::interpolate;

/// A posting with everything known.
#[derive(Debug, Clone)]
pub(super) struct Booked {
    /// Its place among those written.
    pub posting: usize,
    pub account: AccountKey,
    pub units: Decimal,
    pub currency: CurrencyKey,
    pub cost: Option<Cost>,
    /// What it weighs by: the cost, else the price.
    pub price: Option<(Decimal, CurrencyKey, PriceBasis)>,
    pub weight: Decimal,
    pub weight_currency: CurrencyKey,
    /// `@` of a unit, where written.
    pub market: Option<(Decimal, CurrencyKey)>,
    /// Its number was found, not written.
    pub found: bool,
    /// It took from lots.
    pub reduced: bool,
}

/// How far sums may be off, by currency.
pub(super) struct Tolerances {
    pub known: Vec<(CurrencyKey, Decimal)>,
    pub others: Decimal,
}

impl Tolerances {
    pub fn of(&self, currency: CurrencyKey) -> Decimal {
        self.stated(currency).unwrap_or(self.others)
    }

    fn stated(&self, currency: CurrencyKey) -> Option<Decimal> {
        self.known
            .iter()
            .find(|(key, _)| *key == currency)
            .map(|(_, t)| *t)
    }

    /// As beancount rounds a number it has found: to the places that the tolerance shows.
    fn round(&self, currency: CurrencyKey, number: Decimal) -> Decimal {
        let Some(quantum) = self
            .stated(currency)
            .filter(|t| !t.is_zero())
            .and_then(|t| t.checked_add(t))
        else {
            return number;
        };
        let quantum = quantum.normalize();
        if quantum.mantissa().unsigned_abs() >= 10_000 {
            return number;
        }
        let mut rounded =
            number.round_dp_with_strategy(quantum.scale(), RoundingStrategy::MidpointNearestEven);
        rounded.rescale(quantum.scale());
        rounded
    }
}

/// What booking must know beside the transaction.
pub(super) struct Books<'a> {
    pub held: &'a Holdings,
    pub method: &'a dyn Fn(AccountKey) -> Method,
}

/// A currency that may be unknown yet.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cur {
    Absent,
    Missing,
    Is(CurrencyKey),
}

impl Cur {
    fn of(key: Option<CurrencyKey>) -> Cur {
        key.map_or(Cur::Missing, Cur::Is)
    }
}

/// A posting and the currencies it has, as far as they are known.
#[derive(Debug, Clone, Copy)]
struct Refer {
    index: usize,
    units: Cur,
    cost: Cur,
    price: Cur,
}

impl Refer {
    fn bucket(&self) -> Option<CurrencyKey> {
        match (self.cost, self.price, self.units) {
            (Cur::Is(key), ..) | (_, Cur::Is(key), _) => Some(key),
            (Cur::Absent, Cur::Absent, Cur::Is(key)) => Some(key),
            _ => None,
        }
    }
}

/// Fault and line.
type Found<T> = Result<T, (Fault, u32)>;

/// Books a transaction against what is held.
pub(super) fn book(
    transaction: &Transaction,
    on: Date,
    books: &Books<'_>,
    tolerances: &Tolerances,
) -> Found<Vec<Booked>> {
    let mut local = Holdings::default();
    let mut out = Vec::with_capacity(transaction.postings.len());
    for (currency, refers) in groups(transaction, books)? {
        let mut works = Vec::with_capacity(refers.len());
        for refer in refers {
            let posting = &transaction.postings[refer.index];
            works.push(Work::new(posting, refer).map_err(|fault| (fault, posting.line))?);
        }
        let works = reduce(works, transaction, on, books, &mut local)?;
        out.extend(interpolate(works, transaction, on, currency, tolerances)?);
    }
    out.sort_by_key(|booked| booked.posting);
    Ok(out)
}

/// Postings by the currency they weigh in, in order of appearance.
fn groups(transaction: &Transaction, books: &Books<'_>) -> Found<Vec<(CurrencyKey, Vec<Refer>)>> {
    let mut groups: Vec<(CurrencyKey, Vec<Refer>)> = Vec::new();
    let (mut auto, mut unknown) = (Vec::new(), Vec::new());
    let put = |groups: &mut Vec<(CurrencyKey, Vec<Refer>)>, key, refer| match groups
        .iter_mut()
        .find(|(k, _)| *k == key)
    {
        Some((_, list)) => list.push(refer),
        None => groups.push((key, vec![refer])),
    };
    for (index, posting) in transaction.postings.iter().enumerate() {
        let refer = refer(index, posting);
        let whole = posting.number.is_none() && posting.currency.is_none();
        match refer.bucket() {
            _ if whole && refer.price == Cur::Absent => auto.push(refer),
            Some(key) => put(&mut groups, key, refer),
            None => unknown.push(refer),
        }
    }
    if let ([refer], [(other, _)]) = (unknown.as_mut_slice(), groups.as_slice()) {
        let other = Cur::Is(*other);
        match (refer.price, refer.cost) {
            (Cur::Absent, Cur::Absent) => refer.units = other,
            _ => {
                refer.price = if refer.price == Cur::Missing {
                    other
                } else {
                    refer.price
                };
                refer.cost = if refer.cost == Cur::Missing {
                    other
                } else {
                    refer.cost
                };
            }
        }
    }
    for mut refer in unknown {
        let posting = &transaction.postings[refer.index];
        if refer.bucket().is_none() {
            look_up(&mut refer, posting.account, books.held);
        }
        match refer.bucket() {
            Some(key) => put(&mut groups, key, refer),
            None => return Err((no_currency("the currency"), posting.line)),
        }
    }
    for (_, refers) in &mut groups {
        for refer in refers.iter_mut().filter(|r| r.units == Cur::Missing) {
            let account = transaction.postings[refer.index].account;
            refer.units = Cur::of(books.held.only_currency(account));
        }
    }
    if let [_, second, ..] = auto.as_slice() {
        let line = transaction.postings[second.index].line;
        let fault = Fault::new(
            "several-amounts-missing",
            "more than one amount is left out",
        )
        .hint("write all amounts but one");
        return Err((fault, line));
    }
    for refer in auto {
        for (key, list) in &mut groups {
            list.push(Refer {
                units: Cur::Is(*key),
                cost: Cur::Absent,
                price: Cur::Absent,
                ..refer
            });
        }
    }
    Ok(groups)
}

fn refer(index: usize, posting: &Posting) -> Refer {
    let units = match (posting.number, posting.currency) {
        (None, None) => Cur::Absent,
        (_, currency) => Cur::of(currency),
    };
    let cost = posting
        .cost
        .as_ref()
        .map_or(Cur::Absent, |c| Cur::of(c.currency));
    let price = posting
        .price
        .as_ref()
        .map_or(Cur::Absent, |p| Cur::of(p.currency));
    // Cost and price are in one currency.
    match (cost, price) {
        (Cur::Missing, Cur::Is(_)) => Refer {
            index,
            units,
            cost: price,
            price,
        },
        (Cur::Is(_), Cur::Missing) => Refer {
            index,
            units,
            cost,
            price: cost,
        },
        _ => Refer {
            index,
            units,
            cost,
            price,
        },
    }
}

/// Finds currencies by what the account holds.
fn look_up(refer: &mut Refer, account: AccountKey, held: &Holdings) {
    if refer.units == Cur::Missing {
        refer.units = Cur::of(held.only_currency(account));
    }
    let cost = Cur::of(held.only_cost_currency(account));
    for place in [&mut refer.cost, &mut refer.price] {
        if *place == Cur::Missing {
            *place = cost;
        }
    }
}

fn no_currency(what: &str) -> Fault {
    Fault::new(
        "bad-amount",
        format!("{what} is left out and cannot be found"),
    )
    .hint("write it: 10 HOOL {500.00 USD}")
}

/// A posting on its way.
#[derive(Debug, Clone)]
struct Work<'t> {
    refer: Refer,
    posting: &'t Posting,
    number: Option<Decimal>,
    currency: CurrencyKey,
    spec: Option<CostSpec>,
    /// Of a reduction: the lot's.
    cost: Option<Cost>,
    price: Option<PriceSpec>,
    found: bool,
}

impl<'t> Work<'t> {
    fn new(posting: &'t Posting, refer: Refer) -> Result<Work<'t>, Fault> {
        let key = |cur: Cur, what: &str| match cur {
            Cur::Is(key) => Ok(key),
            _ => Err(no_currency(what)),
        };
        let currency = key(refer.units, "the currency of the amount")?;
        let mut spec = None;
        if let Some(written) = posting.cost.as_ref().filter(|_| refer.cost != Cur::Absent) {
            let mut written = written.clone();
            written.currency = Some(key(refer.cost, "the currency of the cost")?);
            spec = Some(written);
        }
        let mut price = None;
        if let Some(written) = posting.price.filter(|_| refer.price != Cur::Absent) {
            let currency = Some(key(refer.price, "the currency of the price")?);
            price = Some(PriceSpec {
                currency,
                ..written
            });
        }
        Ok(Work {
            refer,
            posting,
            number: posting.number,
            currency,
            spec,
            cost: None,
            price,
            found: false,
        })
    }

    fn fail<T>(&self, fault: Fault) -> Found<T> {
        Err((fault, self.posting.line))
    }
}

/// Sales at cost become one posting for each lot they take.
fn reduce<'t>(
    works: Vec<Work<'t>>,
    transaction: &'t Transaction,
    on: Date,
    books: &Books<'_>,
    local: &mut Holdings,
) -> Found<Vec<Work<'t>>> {
    let mut out = Vec::with_capacity(works.len());
    for mut work in works {
        let (Some(spec), Some(units)) = (&mut work.spec, work.number) else {
            out.push(work);
            continue;
        };
        let account = work.posting.account;
        let method = (books.method)(account);
        let line = work.posting.line;
        if local.of(account).is_empty() {
            for lot in books.held.of(account) {
                local
                    .add(account, lot.clone())
                    .map_err(|fault| (fault, line))?;
            }
        }
        if method == Method::None || !lots::reduces(local.of(account), units, work.currency) {
            spec.date.get_or_insert(on);
            out.push(work);
            continue;
        }
        let spec = match &transaction.postings[work.refer.index].cost {
            // What was written decides; a currency found by other means does too.
            Some(written) => CostSpec {
                currency: spec.currency,
                ..written.clone()
            },
            None => spec.clone(),
        };
        let taken = lots::reduce(local.of(account), units, work.currency, &spec, method)
            .map_err(|fault| (fault, line))?;
        for lot in taken {
            local
                .add(account, lot.clone())
                .map_err(|fault| (fault, line))?;
            out.push(Work {
                number: Some(lot.units),
                cost: lot.cost,
                spec: None,
                ..work.clone()
            });
        }
    }
    Ok(out)
}

/// What a booked posting adds to its account.
pub(super) fn lot_of(booked: &Booked) -> Lot {
    Lot {
        units: booked.units,
        currency: booked.currency,
        cost: booked.cost.clone(),
    }
}
