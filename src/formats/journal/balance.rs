//! Balancing the transactions that need every scale known: costs, several commodities, virtual
//! postings. The same rules as hledger's and Ledger's, to the currency's scale (rulings, "Weights").

use rust_decimal::Decimal;

use crate::ledger::account::AccountKey;
use crate::ledger::compact::CompactEntry;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::money::{self, Exact};
use crate::ledger::transaction::{EntryDetail, Price, PriceBasis, Tag, VIRTUAL_TAG};
use crate::ledger::weighing::price_weight;

use super::directives::decimal;
use super::error::Fault;
use super::finish::detail_of;
use super::open::{Posting, Sort, WrittenPrice};

/// What balancing must know of the whole journal.
pub(super) struct Known<'a> {
    /// Old key − 1 → final key and scale.
    pub keys: &'a [(CurrencyKey, u8)],
    /// Final key − 1 → code, for messages.
    pub codes: &'a [std::sync::Arc<str>],
    /// Final key − 1 → scale.
    pub scales: &'a [u8],
    pub virtual_account: Option<AccountKey>,
    pub bucket: Option<AccountKey>,
    /// Read as Ledger's: lots weigh what they cost, before anything else is tried.
    pub ledger: bool,
}

/// An entry ready to be stored, and the posting it comes from.
#[derive(Debug)]
pub(super) struct Weighed {
    pub entry: CompactEntry,
    pub detail: Option<EntryDetail>,
    pub posting: usize,
    weight: Exact,
    weight_currency: CurrencyKey,
    price: Option<Price>,
}

/// A balanced transaction.
pub(super) struct Balanced {
    pub entries: Vec<Weighed>,
    /// Some weight had to be rounded.
    pub moved: bool,
}

const ZERO: Exact = Exact {
    mantissa: 0,
    scale: 0,
};

fn too_large() -> Fault {
    Fault::new(
        "too-large",
        "an amount is larger than hissab can hold (10^17 minor units)",
    )
}

/// Balances postings; amounts that assignments leave are already in place.
pub(super) fn balance(postings: &mut Vec<Posting>, known: &Known<'_>) -> Result<Balanced, Fault> {
    if let (Some(bucket), [only]) = (known.bucket, postings.as_slice())
        && only.sort == Sort::Real
    {
        let mut other = only.clone();
        (other.account, other.amount, other.extra) = (bucket, None, None);
        other.bare_zero = false;
        postings.push(other);
    }
    adopt_zeros(postings);
    let mut balanced = groups(postings, known)?;
    unbalanced(postings, known, &mut balanced)?;
    balanced.entries.sort_by_key(|w| w.posting);
    for weighed in &mut balanced.entries {
        if let Some(posting) = postings.get_mut(weighed.posting) {
            let own = detail_of(posting).unwrap_or_default();
            let detail = weighed.detail.get_or_insert_default();
            detail.memo = own.memo;
            detail.tags.extend(own.tags);
        }
        if weighed
            .detail
            .as_ref()
            .is_some_and(|d| *d == EntryDetail::default())
        {
            weighed.detail = None;
        }
    }
    Ok(balanced)
}

/// A zero without commodity takes the commodity of its neighbours, so that no empty one appears.
fn adopt_zeros(postings: &mut [Posting]) {
    let other = postings
        .iter()
        .find(|p| !p.bare_zero && p.amount.is_some())
        .and_then(|p| p.amount);
    if let Some((_, currency)) = other {
        for posting in postings.iter_mut().filter(|p| p.bare_zero) {
            if let Some((_, own)) = &mut posting.amount {
                *own = currency;
            }
        }
    }
}

/// Real postings balance among themselves, and virtual ones in brackets; Ledger also takes both as one.
fn groups(postings: &[Posting], known: &Known<'_>) -> Result<Balanced, Fault> {
    let any = |sort: Sort| postings.iter().any(|p| p.sort == sort);
    let mut apart = Balanced {
        entries: Vec::new(),
        moved: false,
    };
    let mut failed = None;
    for sort in [Sort::Real, Sort::BalancedVirtual] {
        if failed.is_none() && any(sort) {
            failed = group(postings, &[sort], known, &mut apart).err();
        }
    }
    let Some(fault) = failed else {
        return Ok(apart);
    };
    let mut together = Balanced {
        entries: Vec::new(),
        moved: false,
    };
    let both = [Sort::Real, Sort::BalancedVirtual];
    if both.iter().all(|sort| any(*sort)) && group(postings, &both, known, &mut together).is_ok() {
        return Ok(together);
    }
    Err(fault)
}

/// Balances postings of some sorts among themselves.
fn group(
    postings: &[Posting],
    sorts: &[Sort],
    known: &Known<'_>,
    into: &mut Balanced,
) -> Result<(), Fault> {
    let attempt = |basis| -> Result<(Vec<Weighed>, bool), Fault> {
        let mut entries = Vec::new();
        let mut missing = None;
        let within = |(_, p): &(usize, &Posting)| sorts.contains(&p.sort);
        for (index, posting) in postings.iter().enumerate().filter(within) {
            match weigh(posting, index, basis, known)? {
                Some(weighed) => entries.push(weighed),
                None if missing.replace(index).is_some() => {
                    return Err(Fault::new(
                        "several-amounts-missing",
                        "more than one amount is left out",
                    )
                    .hint("write all amounts but one"));
                }
                None => {}
            }
        }
        match missing {
            Some(index) => fill(&postings[index], index, &mut entries, known)?,
            None => infer_costs(&mut entries, known)?,
        }
        let moved = settle(&mut entries, known)?;
        Ok((entries, moved))
    };
    let has_lots = postings
        .iter()
        .any(|p| p.lot().is_some() && p.price().is_some());
    let (first, second) = if known.ledger {
        (Basis::Lot, Basis::Cost)
    } else {
        (Basis::Cost, Basis::Lot)
    };
    let (mut entries, moved) = match attempt(first) {
        Err(fault) if has_lots => attempt(second).map_err(|_| fault)?,
        result => result?,
    };
    for weighed in &mut entries {
        // Those that need the real ones to balance are as good as real.
        if sorts == [Sort::BalancedVirtual] {
            mark_virtual(weighed, "balanced");
        }
    }
    into.entries.append(&mut entries);
    into.moved |= moved;
    Ok(())
}

/// Which of `@` and `{…}` weighs where both stand: hledger's answer, then Ledger's.
#[derive(Clone, Copy, PartialEq)]
enum Basis {
    Cost,
    Lot,
}

fn mark_virtual(weighed: &mut Weighed, value: &str) {
    weighed.detail.get_or_insert_default().tags.push(Tag {
        name: VIRTUAL_TAG.to_owned(),
        value: value.to_owned(),
    });
}

/// A posting's entry and weight; `None` if its amount is left out.
fn weigh(
    posting: &Posting,
    index: usize,
    basis: Basis,
    known: &Known<'_>,
) -> Result<Option<Weighed>, Fault> {
    let Some((number, old)) = posting.amount else {
        return Ok(None);
    };
    let (currency, scale) = known.keys[usize::from(old.0) - 1];
    let exact = Exact {
        mantissa: number.mantissa,
        scale: u32::from(number.places),
    };
    let minor = minor_of(exact, scale)?;
    let mut weighed = Weighed {
        entry: CompactEntry::new(posting.account, currency, minor, scale),
        detail: None,
        posting: index,
        weight: exact,
        weight_currency: currency,
        price: None,
    };
    weighed.entry.status = posting.status;
    let chosen = match (basis, posting.lot(), posting.price()) {
        (Basis::Lot, Some(lot), Some(price)) if lot.currency == price.currency => Some(lot),
        (_, _, price) => price,
    };
    if let Some(written) = chosen {
        put_price(&mut weighed, written, number_decimal(posting)?, known)?;
    }
    Ok(Some(weighed))
}

fn number_decimal(posting: &Posting) -> Result<Decimal, Fault> {
    posting
        .amount
        .and_then(|(number, _)| decimal(number))
        .ok_or_else(too_large)
}

fn put_price(
    weighed: &mut Weighed,
    written: &WrittenPrice,
    amount: Decimal,
    known: &Known<'_>,
) -> Result<(), Fault> {
    let long = || Fault::new("price-too-long", "the price has too many digits");
    let (currency, scale) = known.keys[usize::from(written.currency.0) - 1];
    let whole = decimal(written.number).map(|d| d.abs());
    let weight = whole.and_then(|price| price_weight(amount, price, written.basis));
    let price = match (whole, weight) {
        (Some(price), Some(weight)) => {
            weighed.weight = weight;
            Price {
                amount: price,
                currency,
                basis: written.basis,
            }
        }
        _ => {
            let minor = long_weight(amount, written, scale).ok_or_else(long)?;
            weighed.weight = Exact {
                mantissa: minor,
                scale: u32::from(scale),
            };
            Price {
                amount: money::from_minor(minor.abs(), scale).ok_or_else(long)?,
                currency,
                basis: PriceBasis::Total,
            }
        }
    };
    // A negative cost turns the weight around, as hledger has it.
    if written.number.mantissa < 0 {
        weighed.weight.mantissa = -weighed.weight.mantissa;
    }
    weighed.weight_currency = price.currency;
    weighed.price = Some(price);
    Ok(())
}

/// The weight of a price with more digits than can be multiplied exactly (programs that divide
/// write such): of its first 19 digits, to the currency's scale.
fn long_weight(amount: Decimal, written: &WrittenPrice, scale: u8) -> Option<i128> {
    let mut price = Exact {
        mantissa: written.number.mantissa.checked_abs()?,
        scale: u32::from(written.number.places),
    };
    while price.mantissa >= 10i128.pow(19) && price.scale > 0 {
        price.mantissa /= 10;
        price.scale -= 1;
    }
    let shortened = price.to_decimal()?;
    price_weight(amount, shortened, written.basis)?.round_half_even(scale)
}

fn minor_of(exact: Exact, scale: u8) -> Result<i64, Fault> {
    let minor = exact.round_half_even(scale).ok_or_else(too_large)?;
    i64::try_from(minor)
        .ok()
        .filter(|m| m.unsigned_abs() <= money::MINOR_MAX.unsigned_abs())
        .ok_or_else(too_large)
}

/// The exact sums of the weights, by currency, in order of appearance.
fn sums(entries: &[Weighed]) -> Result<Vec<(CurrencyKey, Exact)>, Fault> {
    let mut sums: Vec<(CurrencyKey, Exact)> = Vec::new();
    for weighed in entries {
        let place = match sums
            .iter()
            .position(|(key, _)| *key == weighed.weight_currency)
        {
            Some(place) => place,
            None => {
                sums.push((weighed.weight_currency, ZERO));
                sums.len() - 1
            }
        };
        sums[place].1 = sums[place]
            .1
            .checked_add(weighed.weight)
            .ok_or_else(too_large)?;
    }
    Ok(sums)
}

/// Sums that are not zero at their currency's scale, in minor units.
fn open_sums(
    entries: &[Weighed],
    known: &Known<'_>,
) -> Result<Vec<(CurrencyKey, i64, Exact)>, Fault> {
    let mut open = Vec::new();
    for (key, sum) in sums(entries)? {
        let minor = minor_of(sum, known.scales[usize::from(key.0) - 1])?;
        if minor != 0 {
            open.push((key, minor, sum));
        }
    }
    Ok(open)
}

/// The left-out amount: one entry for each currency the others leave open.
fn fill(
    posting: &Posting,
    index: usize,
    entries: &mut Vec<Weighed>,
    known: &Known<'_>,
) -> Result<(), Fault> {
    let mut open: Vec<(CurrencyKey, i64)> = open_sums(entries, known)?
        .into_iter()
        .map(|(key, minor, _)| (key, minor))
        .collect();
    if open.is_empty() {
        let key = entries.last().map_or(CurrencyKey(1), |w| w.weight_currency);
        open.push((key, 0));
    }
    for (key, minor) in open {
        let scale = known.scales[usize::from(key.0) - 1];
        let mut entry = CompactEntry::new(posting.account, key, -minor, scale);
        entry.status = posting.status;
        entries.push(Weighed {
            entry,
            detail: None,
            posting: index,
            weight: Exact {
                mantissa: i128::from(-minor),
                scale: u32::from(scale),
            },
            weight_currency: key,
            price: None,
        });
    }
    Ok(())
}

/// Two commodities and no cost: the first is exchanged for the second, in total (`@@`).
fn infer_costs(entries: &mut [Weighed], known: &Known<'_>) -> Result<(), Fault> {
    let open = open_sums(entries, known)?;
    let [(first, from, _), (second, to, _)] = open.as_slice() else {
        return Ok(());
    };
    if (*from > 0) == (*to > 0) || entries.iter().any(|w| w.price.is_some()) {
        return Ok(());
    }
    // The first written of the two gets the cost.
    let lead = entries
        .iter()
        .map(|w| w.weight_currency)
        .find(|key| key == first || key == second)
        .unwrap_or(*first);
    let (lead_sum, other, other_sum) = if lead == *first {
        (*from, *second, *to)
    } else {
        (*to, *first, *from)
    };
    let places: Vec<usize> = (0..entries.len())
        .filter(|i| entries[*i].weight_currency == lead && entries[*i].entry.minor != 0)
        .collect();
    let minors: Vec<i64> = places.iter().map(|i| entries[*i].entry.minor).collect();
    let shares = shares(&minors, lead_sum, -other_sum).ok_or_else(too_large)?;
    let scale = known.scales[usize::from(other.0) - 1];
    for (place, share) in places.into_iter().zip(shares) {
        let amount =
            money::from_minor(i128::from(share.unsigned_abs()), scale).ok_or_else(too_large)?;
        let weighed = &mut entries[place];
        weighed.weight = Exact {
            mantissa: i128::from(share),
            scale: u32::from(scale),
        };
        weighed.weight_currency = other;
        weighed.price = Some(Price {
            amount,
            currency: other,
            basis: PriceBasis::Total,
        });
    }
    Ok(())
}

/// `total` parted in proportion to `parts`, which sum to `sum`: by largest remainder.
fn shares(parts: &[i64], sum: i64, total: i64) -> Option<Vec<i64>> {
    let (sum, total) = (i128::from(sum), i128::from(total));
    let mut out = Vec::with_capacity(parts.len());
    let mut rests = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let product = i128::from(*part).checked_mul(total)?;
        out.push(i64::try_from(product.div_euclid(sum)).ok()?);
        rests.push((product.rem_euclid(sum), index));
    }
    let given: i128 = out.iter().map(|o| i128::from(*o)).sum();
    let missing = total - given;
    rests.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for place in 0..usize::try_from(missing.unsigned_abs()).ok()? {
        let (_, index) = rests[place % rests.len()];
        out[index] += missing.signum() as i64;
    }
    Some(out)
}

/// Proves the balance and settles the weights; says whether one was rounded.
fn settle(entries: &mut [Weighed], known: &Known<'_>) -> Result<bool, Fault> {
    let open = open_sums(entries, known)?;
    if !open.is_empty() {
        return Err(unbalanced_fault(&open, known));
    }
    let mut moved = false;
    for (key, _) in sums(entries)? {
        let scale = known.scales[usize::from(key.0) - 1];
        let places: Vec<usize> = (0..entries.len())
            .filter(|i| entries[*i].weight_currency == key)
            .collect();
        let weights: Vec<Exact> = places.iter().map(|i| entries[*i].weight).collect();
        let settled = money::settle(&weights, scale).ok_or_else(too_large)?;
        for (place, minor) in places.into_iter().zip(settled) {
            let weighed = &mut entries[place];
            if let Some(price) = weighed.price {
                moved |= weighed.weight.normalized().scale > u32::from(scale);
                let detail = weighed.detail.get_or_insert_default();
                detail.price = Some(price);
                detail.weight = Some((minor, key));
            }
        }
    }
    Ok(moved)
}

fn unbalanced_fault(open: &[(CurrencyKey, i64, Exact)], known: &Known<'_>) -> Fault {
    let list: Vec<String> = open
        .iter()
        .map(|(key, _, sum)| {
            let amount = sum
                .to_decimal()
                .map_or_else(|| "too much".to_owned(), |d| d.normalize().to_string());
            let code = &known.codes[usize::from(key.0) - 1];
            format!("{amount} {code}").trim_end().to_owned()
        })
        .collect();
    let list = list.join(", ");
    Fault::new("unbalanced", format!("the transaction does not balance: it is off by {list}"))
        .hint("debits (positive) and credits (negative) of a transaction sum to zero; leave one amount out to have it filled in")
}

/// Unbalanced virtual postings, and what `Equity:Virtual` holds against them.
fn unbalanced(postings: &[Posting], known: &Known<'_>, into: &mut Balanced) -> Result<(), Fault> {
    let mut against: Vec<(CurrencyKey, i64)> = Vec::new();
    for (index, posting) in postings
        .iter()
        .enumerate()
        .filter(|(_, p)| p.sort == Sort::Virtual)
    {
        let Some(mut weighed) = weigh(posting, index, Basis::Cost, known)? else {
            return Err(Fault::new(
                "several-amounts-missing",
                "a posting in parentheses needs an amount",
            ));
        };
        let key = weighed.weight_currency;
        let minor = minor_of(weighed.weight, known.scales[usize::from(key.0) - 1])?;
        if let Some(price) = weighed.price {
            let detail = weighed.detail.get_or_insert_default();
            detail.price = Some(price);
            detail.weight = Some((minor, key));
        }
        mark_virtual(&mut weighed, "unbalanced");
        into.entries.push(weighed);
        match against.iter_mut().find(|(k, _)| *k == key) {
            Some((_, sum)) => *sum = sum.checked_add(minor).ok_or_else(too_large)?,
            None => against.push((key, minor)),
        }
    }
    for (key, minor) in against.into_iter().filter(|(_, minor)| *minor != 0) {
        let account = known.virtual_account.ok_or_else(too_large)?;
        let scale = known.scales[usize::from(key.0) - 1];
        let mut weighed = Weighed {
            entry: CompactEntry::new(account, key, -minor, scale),
            detail: None,
            posting: usize::MAX,
            weight: ZERO,
            weight_currency: key,
            price: None,
        };
        mark_virtual(&mut weighed, "unbalanced");
        into.entries.push(weighed);
    }
    Ok(())
}
