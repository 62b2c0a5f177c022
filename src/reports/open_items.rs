//! What each party still owes or is owed, item by item: the ground of `dues`, `ageing` and `statement`.
//!
//! Receipts settle the bill they name (`--against REF`, kept as the tag `against`) first, the rest
//! settles the oldest bill first, from its due date, else its date (rulings, "Party"). A reversal takes
//! out what it reverses before anything is settled: a bounced cheque opens its bills again at their age, a bill taken
//! back pays no other.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::transaction::{Number, Tag, Transaction};

/// The tag that names the bill a receipt or payment settles: its number or its reference.
pub const AGAINST: &str = "against";

/// What is left of a bill, or of money that no bill has used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenItem {
    /// When its age begins: the due date, else the date.
    pub since: Date,
    pub number: Number,
    pub reference: Option<String>,
    /// What is left, debit positive; never zero.
    pub minor: i128,
}

/// What is open of one party in one currency. All items are on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyItems {
    pub party: AccountKey,
    pub currency: CurrencyKey,
    /// Oldest first; their sum is the party's balance.
    pub items: Vec<OpenItem>,
}

impl PartyItems {
    /// The party's balance, debit positive.
    pub fn balance(&self) -> i128 {
        self.items.iter().map(|item| item.minor).sum()
    }
}

struct Item {
    open: OpenItem,
    reverses: Option<Number>,
    /// Names of bills this entry was meant for.
    against: Vec<String>,
}

/// Folds transactions into open items.
pub struct OpenItemsBuilder<'a> {
    chart: &'a Chart,
    as_of: Date,
    items: BTreeMap<(AccountKey, CurrencyKey), Vec<Item>>,
}

impl<'a> OpenItemsBuilder<'a> {
    /// Entries after `as_of` (inclusive) are left out.
    pub fn new(chart: &'a Chart, as_of: Date) -> OpenItemsBuilder<'a> {
        OpenItemsBuilder {
            chart,
            as_of,
            items: BTreeMap::new(),
        }
    }

    /// The accounts whose transactions must be added.
    pub fn parties(chart: &Chart) -> Vec<AccountKey> {
        chart
            .accounts()
            .iter()
            .filter(|a| a.account_type.is_party())
            .map(|a| a.key)
            .collect()
    }

    /// Adds the party entries of a transaction that `keep` keeps.
    pub fn add(&mut self, transaction: &Transaction, keep: impl Fn(AccountKey) -> bool) {
        if transaction.is_void() || transaction.date > self.as_of {
            return;
        }
        for entry in &transaction.entries {
            let party = self.chart.account(entry.account).account_type.is_party();
            if !party || entry.minor == 0 || !keep(entry.account) {
                continue;
            }
            let against = named(&transaction.tags).chain(named(entry.tags()));
            let item = Item {
                open: OpenItem {
                    since: transaction.due.unwrap_or(transaction.date),
                    number: transaction.number,
                    reference: transaction.reference.clone(),
                    minor: entry.minor.into(),
                },
                reverses: transaction.reverses,
                against: against.collect(),
            };
            self.items
                .entry((entry.account, entry.currency))
                .or_default()
                .push(item);
        }
    }

    /// What is open, parties in chart order; settled ones are left out.
    pub fn finish(self) -> Vec<PartyItems> {
        let place: BTreeMap<AccountKey, usize> = self
            .chart
            .in_order()
            .into_iter()
            .enumerate()
            .map(|(index, key)| (key, index))
            .collect();
        let mut open: Vec<PartyItems> = self
            .items
            .into_iter()
            .map(|((party, currency), items)| PartyItems {
                party,
                currency,
                items: settle(items),
            })
            .filter(|party| !party.items.is_empty())
            .collect();
        open.sort_by_key(|p| (place.get(&p.party).copied(), p.currency));
        open
    }
}

fn named(tags: &[Tag]) -> impl Iterator<Item = String> + '_ {
    tags.iter()
        .filter(|tag| tag.name.eq_ignore_ascii_case(AGAINST))
        .flat_map(|tag| tag.value.split([',', ' ']))
        .filter(|name| !name.is_empty())
        .map(str::to_lowercase)
}

/// Settles what was meant for each other, then the oldest first; gives what is left.
fn settle(mut items: Vec<Item>) -> Vec<OpenItem> {
    take_back_reversed(&mut items);
    settle_named(&mut items);
    let mut open: Vec<OpenItem> = items
        .into_iter()
        .map(|item| item.open)
        .filter(|item| item.minor != 0)
        .collect();
    open.sort_by_key(|item| (item.since, item.number));
    let total: i128 = open.iter().map(|item| item.minor).sum();
    // The side with less is used up wholly; it settles the oldest of the other side.
    let mut left: i128 = open
        .iter()
        .filter(|item| item.minor.signum() != total.signum())
        .map(|item| item.minor.abs())
        .sum();
    open.retain(|item| total != 0 && item.minor.signum() == total.signum());
    for item in &mut open {
        let used = left.min(item.minor.abs());
        left -= used;
        item.minor -= used * item.minor.signum();
    }
    open.retain(|item| item.minor != 0);
    open
}

/// Uses up every reversal against what it reverses, the newest first: a reversal may have been reversed itself.
fn take_back_reversed(items: &mut [Item]) {
    let linked = |(index, item): (usize, &Item)| Some((item.open.number, index, item.reverses?));
    let mut reversals: Vec<_> = items.iter().enumerate().filter_map(linked).collect();
    if reversals.is_empty() {
        return;
    }
    reversals.sort_unstable_by(|a, b| b.cmp(a));
    let mut places: HashMap<Number, Vec<usize>> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        places.entry(item.open.number).or_default().push(index);
    }
    for (_, reversal, reversed) in reversals {
        for original in places.get(&reversed).into_iter().flatten() {
            use_up(items, reversal, *original);
        }
    }
}

/// Uses up two items against each other where they stand on different sides.
fn use_up(items: &mut [Item], one: usize, other: usize) {
    let (mine, theirs) = (items[one].open.minor, items[other].open.minor);
    if mine.signum() * theirs.signum() < 0 {
        let used = mine.abs().min(theirs.abs());
        items[one].open.minor -= used * mine.signum();
        items[other].open.minor -= used * theirs.signum();
    }
}

/// Uses up every item that names bills against those bills, where they stand on the other side.
fn settle_named(items: &mut [Item]) {
    if items.iter().all(|item| item.against.is_empty()) {
        return;
    }
    let mut bills: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        let reference = item.open.reference.as_ref().map(|r| r.to_lowercase());
        for name in reference.into_iter().chain([item.open.number.to_string()]) {
            bills.entry(name).or_default().push(index);
        }
    }
    for index in 0..items.len() {
        for wanted in std::mem::take(&mut items[index].against) {
            for other in bills.get(&wanted).into_iter().flatten() {
                use_up(items, index, *other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::sample::{shop, tag, tx};
    use jiff::civil::date;
    use proptest::prelude::*;

    const RAMESH: &str = "Assets:Receivable:Ramesh";

    fn open(all: &[Transaction], chart: &Chart) -> Vec<(u64, i128)> {
        let mut builder = OpenItemsBuilder::new(chart, date(2026, 12, 31));
        all.iter().for_each(|t| builder.add(t, |_| true));
        builder
            .finish()
            .iter()
            .flat_map(|p| p.items.iter().map(|i| (i.number.0, i.minor)))
            .collect()
    }

    fn sale(chart: &Chart, number: u64, day: i8, minor: i64) -> Transaction {
        tx(
            chart,
            number,
            date(2026, 4, day),
            &[(RAMESH, minor), ("Income:Sales", -minor)],
        )
    }

    #[test]
    fn receipts_settle_the_oldest_bill_first() {
        let chart = shop();
        let all = [
            sale(&chart, 1, 1, 500),
            sale(&chart, 2, 2, 300),
            sale(&chart, 3, 3, -600),
        ];
        assert_eq!(open(&all, &chart), [(2, 200)]);
    }

    #[test]
    fn a_receipt_against_a_bill_settles_that_one_and_its_rest_the_oldest() {
        let chart = shop();
        let mut bill = sale(&chart, 2, 2, 300);
        bill.reference = Some("B-118".to_owned());
        let mut receipt = sale(&chart, 3, 3, -400);
        receipt.tags.push(tag("against", "b-118"));
        assert_eq!(
            open(&[sale(&chart, 1, 1, 500), bill, receipt.clone()], &chart),
            [(1, 400)]
        );
        receipt.tags[0].value = "1".to_owned();
        assert_eq!(
            open(
                &[sale(&chart, 1, 1, 500), sale(&chart, 2, 2, 300), receipt],
                &chart
            ),
            [(1, 100), (2, 300)]
        );
    }

    #[test]
    fn a_reversed_receipt_opens_its_bills_again_and_a_reversed_bill_settles_none() {
        let chart = shop();
        let reversal = |number, minor, of| {
            let mut made = sale(&chart, number, 20, minor);
            made.reverses = Some(Number(of));
            made
        };
        let bills = [sale(&chart, 1, 1, 500), sale(&chart, 2, 2, 300)];
        let with = |more: &[Transaction]| open(&[&bills[..], more].concat(), &chart);
        // It had settled one bill and a part of the other, and another receipt stands.
        let receipt = sale(&chart, 3, 3, -600);
        assert_eq!(
            with(&[receipt.clone(), sale(&chart, 4, 4, -100)]),
            [(2, 100)]
        );
        assert_eq!(
            with(&[
                receipt.clone(),
                sale(&chart, 4, 4, -100),
                reversal(5, 600, 3)
            ]),
            [(1, 400), (2, 300)]
        );
        assert_eq!(with(&[reversal(3, -300, 2)]), [(1, 500)]);
        // Reversed in turn, the receipt stands.
        assert_eq!(
            with(&[receipt, reversal(4, 600, 3), reversal(5, -600, 4)]),
            [(2, 200)]
        );
    }

    #[test]
    fn age_begins_with_the_due_date() {
        let chart = shop();
        let mut late = sale(&chart, 1, 1, 500);
        late.due = Some(date(2026, 4, 30));
        let all = [late, sale(&chart, 2, 2, 300), sale(&chart, 3, 3, -300)];
        assert_eq!(open(&all, &chart), [(1, 500)]);
    }

    #[test]
    fn money_in_advance_is_an_item_of_its_own() {
        let chart = shop();
        let all = [sale(&chart, 1, 1, 500), sale(&chart, 2, 2, -800)];
        assert_eq!(open(&all, &chart), [(2, -300)]);
        let even = [sale(&chart, 1, 1, 500), sale(&chart, 2, 2, -500)];
        assert!(open(&even, &chart).is_empty());
    }

    proptest! {
        #[test]
        fn what_is_open_sums_to_the_balance(bills in proptest::collection::vec((-1000i64..1000, 1i8..28, 0u64..20), 0..30)) {
            let chart = shop();
            let all: Vec<Transaction> = bills.iter().enumerate().map(|(index, (minor, day, against))| {
                let mut made = sale(&chart, index as u64 + 1, *day, *minor);
                if *against > 0 {
                    made.tags.push(tag("against", &against.to_string()));
                }
                made
            }).collect();
            let balance: i128 = bills.iter().map(|(minor, ..)| i128::from(*minor)).sum();
            let open = open(&all, &chart);
            prop_assert_eq!(open.iter().map(|(_, minor)| minor).sum::<i128>(), balance);
            prop_assert!(open.iter().all(|(_, minor)| minor.signum() == balance.signum()));
        }
    }
}
