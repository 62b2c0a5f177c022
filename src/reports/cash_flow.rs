//! The cash flow statement: where cash and bank balances came from and went to, by counter account.
//! Closing vouchers are left out; moves between cash and bank are no flow.

use jiff::civil::Date;

use super::balance_sheet::CONVERSION;
use super::cash_activity::activity;
use super::sections::{Amounts, ByAccount, Layout, Section, Side, add, sum};
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::totals::{AccountTotal, Totals};
use crate::ledger::transaction::{Entry, Transaction, Voucher};

/// Cash in and out, one column a span. Amounts are positive for cash in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashFlow {
    /// Operating, investing, financing; unclassified and conversion where there is any.
    pub sections: Vec<Section>,
    /// Cash and bank before each column, per currency.
    pub opening: Amounts,
    /// What the sections sum to.
    pub change: Amounts,
    /// Opening and change: cash and bank at the end of each column.
    pub closing: Amounts,
}

/// Folds transactions into flows.
pub struct CashFlowBuilder<'a> {
    chart: &'a Chart,
    cuts: Vec<Date>,
    flows: ByAccount,
    conversions: Amounts,
    /// Cash and bank that opening vouchers brought into the books: there before, and no flow.
    opened: Amounts,
}

/// What a [`CashFlowBuilder`] has folded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flows {
    /// Per counter account.
    pub flows: ByAccount,
    pub conversions: Amounts,
    pub opened: Amounts,
}

impl<'a> CashFlowBuilder<'a> {
    /// Cut points as in [`crate::ledger::totals::TotalsQuery`].
    pub fn new(chart: &'a Chart, cuts: &[Date]) -> CashFlowBuilder<'a> {
        CashFlowBuilder {
            chart,
            cuts: cuts.to_vec(),
            flows: ByAccount::new(),
            conversions: Amounts::new(),
            opened: Amounts::new(),
        }
    }

    /// The accounts whose transactions must be added.
    pub fn liquid(chart: &Chart) -> Vec<AccountKey> {
        chart
            .accounts()
            .iter()
            .filter(|a| a.account_type.is_liquid())
            .map(|a| a.key)
            .collect()
    }

    /// Adds a transaction; those without cash or bank, void ones and closings count for nothing.
    ///
    /// Each other entry moved as much cash as its own amount, the other way, where cash of its currency
    /// moved; else as much as was paid for it, its weight: ten shares are no flow, their price is. What
    /// is left over in a currency, because cash was exchanged at a price, is conversion.
    ///
    /// Of the others only what `keep` keeps is shown; conversion is then left out by the caller.
    pub fn add(&mut self, transaction: &Transaction, keep: impl Fn(&Entry) -> bool) {
        self.add_at(transaction, keep, |currency, minor| (currency, minor));
    }

    /// The same with each flow as `value` values it: at the price of its day.
    pub fn add_at(
        &mut self,
        transaction: &Transaction,
        keep: impl Fn(&Entry) -> bool,
        mut value: impl FnMut(CurrencyKey, i128) -> (CurrencyKey, i128),
    ) {
        let liquid = |key| self.chart.account(key).account_type.is_liquid();
        let Some(column) = self.column(transaction.date) else {
            return;
        };
        if transaction.is_void()
            || transaction.voucher == Voucher::Closing
            || !transaction.entries.iter().any(|e| liquid(e.account))
        {
            return;
        }
        let columns = self.cuts.len().saturating_sub(1);
        if transaction.voucher == Voucher::Opening {
            for entry in transaction.entries.iter().filter(|e| liquid(e.account)) {
                let (currency, minor) = value(entry.currency, entry.minor.into());
                let mut more = vec![0; columns];
                more[column] = minor;
                add(&mut self.opened, currency, &more);
            }
            return;
        }
        let mut left: Vec<(CurrencyKey, i128)> = Vec::new();
        for entry in transaction.entries.iter().filter(|e| liquid(e.account)) {
            note(&mut left, entry.currency, entry.minor.into());
        }
        let moved: Vec<CurrencyKey> = left.iter().map(|(currency, _)| *currency).collect();
        for entry in transaction.entries.iter().filter(|e| !liquid(e.account)) {
            let (minor, currency) = match moved.contains(&entry.currency) {
                true => (entry.minor, entry.currency),
                false => entry.weight(),
            };
            note(&mut left, currency, minor.into());
            if keep(entry) {
                let (currency, minor) = value(currency, minor.into());
                let flow = self
                    .flows
                    .entry((entry.account, currency))
                    .or_insert_with(|| vec![0; columns]);
                flow[column] -= minor;
            }
        }
        for (currency, minor) in left.into_iter().filter(|(_, minor)| *minor != 0) {
            let mut more = vec![0; columns];
            more[column] = minor;
            add(&mut self.conversions, currency, &more);
        }
    }

    /// What has been added.
    pub fn finish(self) -> Flows {
        Flows {
            flows: self.flows,
            conversions: self.conversions,
            opened: self.opened,
        }
    }

    fn column(&self, date: Date) -> Option<usize> {
        let after = self.cuts.partition_point(|cut| *cut <= date);
        match after {
            0 => None,
            n if n < self.cuts.len() => Some(n - 1),
            n if self.cuts[n - 1] == Date::MAX && n > 1 => Some(n - 2),
            _ => None,
        }
    }
}

/// Adds to one currency's sum.
fn note(sums: &mut Vec<(CurrencyKey, i128)>, currency: CurrencyKey, minor: i128) {
    match sums.iter_mut().find(|(c, _)| *c == currency) {
        Some((_, sum)) => *sum += minor,
        None => sums.push((currency, minor)),
    }
}

/// The report of flows; `cash` are the totals of the liquid accounts over the same cuts.
///
/// `whole` is false for a part of the flows: then there is no conversion, and the balances are not theirs.
pub fn cash_flow(
    chart: &Chart,
    flows: &Flows,
    cash: &Totals,
    layout: Layout,
    whole: bool,
) -> CashFlow {
    let sections = sections(chart, flows, layout, whole);
    let change = sum(sections.iter().map(|s| &s.totals));
    let (opening, closing) = balances(chart, cash, &change, &flows.opened);
    CashFlow {
        sections,
        opening,
        change,
        closing,
    }
}

/// The report of flows that were valued as they came, and of cash and bank as the balance sheet values them.
///
/// What is left between the two, because prices moved while the cash was held, is conversion.
/// Source: IAS 7.25 and 7.28: flows at the rate of their day, the effect of changing rates apart.
pub fn valued_cash_flow(
    chart: &Chart,
    mut flows: Flows,
    cash: &ValuedCash,
    layout: Layout,
    whole: bool,
) -> CashFlow {
    let opening = sum([&cash.before, &flows.opened]);
    let mut change = cash.after.clone();
    for (currency, columns) in &opening {
        let negative: Vec<i128> = columns.iter().map(|minor| -minor).collect();
        add(&mut change, *currency, &negative);
    }
    let mut left = change.clone();
    for ((_, currency), columns) in &flows.flows {
        let negative: Vec<i128> = columns.iter().map(|minor| -minor).collect();
        add(&mut left, *currency, &negative);
    }
    flows.conversions = left;
    let sections = sections(chart, &flows, layout, whole);
    if !whole {
        change = sum(sections.iter().map(|s| &s.totals));
    }
    CashFlow {
        sections,
        opening,
        change,
        closing: cash.after.clone(),
    }
}

/// Cash and bank at market prices, per currency: each account before and after each column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValuedCash {
    pub before: Amounts,
    pub after: Amounts,
}

impl ValuedCash {
    /// Of the liquid accounts' totals: `value` is asked for each account's balance at the end of a day.
    pub fn of(
        chart: &Chart,
        cash: &Totals,
        cuts: &[Date],
        mut value: impl FnMut(CurrencyKey, i128, Date) -> (CurrencyKey, i128),
    ) -> ValuedCash {
        let mut valued = ValuedCash::default();
        let liquid = |row: &&AccountTotal| chart.account(row.account).account_type.is_liquid();
        for row in cash.rows.iter().filter(liquid) {
            let mut balance = row.opening;
            for (index, span) in row.spans.iter().enumerate() {
                for (side, cut) in [(&mut valued.before, index), (&mut valued.after, index + 1)] {
                    balance += if cut > index { span.net() } else { 0 };
                    let day = cuts[cut].yesterday().unwrap_or(Date::MIN);
                    let (currency, minor) = value(row.currency, balance, day);
                    let mut more = vec![0; row.spans.len()];
                    more[index] = minor;
                    add(side, currency, &more);
                }
            }
        }
        valued
    }
}

fn sections(chart: &Chart, flows: &Flows, layout: Layout, whole: bool) -> Vec<Section> {
    let section = |name| {
        Section::of(name, Side::Debit, chart, &flows.flows, layout, |key| {
            activity(chart, key) == name
        })
    };
    let mut sections = vec![
        section("operating"),
        section("investing"),
        section("financing"),
    ];
    let mut conversion = Section {
        name: "conversion",
        side: Side::Debit,
        lines: Vec::new(),
        totals: Amounts::new(),
    };
    if whole {
        conversion.compute(CONVERSION, &flows.conversions);
    }
    sections.extend(
        [section("unclassified"), conversion]
            .into_iter()
            .filter(|s| !s.lines.is_empty()),
    );
    sections
}

/// Cash and bank before and after each column.
fn balances(
    chart: &Chart,
    cash: &Totals,
    change: &Amounts,
    opened: &Amounts,
) -> (Amounts, Amounts) {
    let mut first: Amounts = Amounts::new();
    for row in &cash.rows {
        if chart.account(row.account).account_type.is_liquid() {
            let columns = row.spans.len();
            add(&mut first, row.currency, &vec![row.opening; columns]);
        }
    }
    for (currency, columns) in change.iter().chain(opened) {
        add(&mut first, *currency, &vec![0; columns.len()]);
    }
    let (mut opening, mut closing) = (Amounts::new(), Amounts::new());
    for (currency, columns) in first {
        let moved = change.get(&currency);
        let new = opened.get(&currency);
        let mut balance = columns.first().copied().unwrap_or(0);
        for column in 0..columns.len() {
            balance += new.map_or(0, |n| n[column]);
            opening.entry(currency).or_default().push(balance);
            balance += moved.map_or(0, |m| m[column]);
            closing.entry(currency).or_default().push(balance);
        }
    }
    (opening, closing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::reports::sample::{INR, USD, dollars, shop, tx};
    use jiff::civil::date;
    use proptest::prelude::*;

    const CUTS: [Date; 3] = [date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)];

    fn report(chart: &Chart, all: &[Transaction]) -> (CashFlow, Totals) {
        let mut flow = CashFlowBuilder::new(chart, &CUTS);
        let mut totals = TotalsBuilder::new(&CUTS);
        for transaction in all {
            flow.add(transaction, |_| true);
            totals.add(transaction, |_| true);
        }
        let totals = totals.finish();
        let report = cash_flow(chart, &flow.finish(), &totals, Layout::default(), true);
        (report, totals)
    }

    #[test]
    fn flows_are_named_by_what_the_cash_was_for() {
        let chart = shop();
        let april = date(2026, 4, 5);
        let all = [
            tx(
                &chart,
                1,
                date(2026, 3, 31),
                &[("Assets:Cash", 500), ("Equity:Capital", -500)],
            ),
            tx(
                &chart,
                2,
                april,
                &[
                    ("Assets:Cash", 900),
                    ("Income:Sales", -700),
                    ("Assets:Receivable:Ramesh", -200),
                ],
            ),
            tx(
                &chart,
                3,
                april,
                &[("Assets:Bank:HDFC", 400), ("Assets:Cash", -400)],
            ),
            tx(
                &chart,
                4,
                date(2026, 5, 2),
                &[("Assets:Machine", 100), ("Assets:Bank:HDFC", -100)],
            ),
            tx(
                &chart,
                5,
                date(2026, 5, 3),
                &[("Expenses:Rent", 50), ("Liabilities:Payable:Gupta", -50)],
            ),
        ];
        let (flow, _) = report(&chart, &all);
        assert_eq!(flow.opening[&INR], [500, 1_400]);
        assert_eq!(flow.change[&INR], [900, -100]);
        assert_eq!(flow.closing[&INR], [1_400, 1_300]);
        let lines: Vec<_> = flow
            .sections
            .iter()
            .flat_map(|s| {
                s.lines
                    .iter()
                    .map(|l| (s.name, &*l.path, l.amounts.clone()))
            })
            .collect();
        assert_eq!(
            lines,
            [
                ("operating", "Assets:Receivable:Ramesh", vec![200, 0]),
                ("operating", "Income:Sales", vec![700, 0]),
                ("investing", "Assets:Machine", vec![0, -100]),
            ]
        );
    }

    #[test]
    fn what_the_books_opened_with_was_there_before() {
        let chart = shop();
        let entries = [("Assets:Cash", 500), ("Equity:Capital", -500)];
        let mut opening = tx(&chart, 1, date(2026, 4, 1), &entries);
        opening.voucher = Voucher::Opening;
        let (flow, _) = report(&chart, &[opening]);
        assert_eq!(flow.opening[&INR], [500, 500]);
        assert_eq!(flow.closing[&INR], [500, 500]);
        assert!(flow.change.is_empty());
    }

    #[test]
    fn buying_dollars_is_conversion_in_both_currencies() {
        let chart = shop();
        let mut bought = tx(&chart, 1, date(2026, 4, 2), &[("Assets:Cash", -8_000)]);
        bought
            .entries
            .push(dollars(&chart, "Assets:Bank:Dollars", 100, 8_000));
        let (flow, _) = report(&chart, &[bought]);
        assert_eq!(flow.change[&INR], [-8_000, 0]);
        assert_eq!(flow.change[&USD], [100, 0]);
        let conversion = flow.sections.last().map(|s| s.name);
        assert_eq!(conversion, Some("conversion"));
    }

    #[test]
    fn shares_are_worth_what_was_paid_for_them() {
        let chart = shop();
        let mut bought = tx(&chart, 1, date(2026, 4, 2), &[("Assets:Cash", -8_000)]);
        bought
            .entries
            .push(dollars(&chart, "Assets:Machine", 100, 8_000));
        let (flow, _) = report(&chart, &[bought]);
        assert_eq!(flow.sections.len(), 3, "nothing is left for conversion");
        assert_eq!(flow.sections[1].totals[&INR], [-8_000, 0]);
        assert_eq!(flow.change, Amounts::from([(INR, vec![-8_000, 0])]));
    }

    #[test]
    fn valued_flows_leave_to_conversion_what_prices_did_to_cash_that_was_held() {
        let chart = shop();
        let mut brought = tx(&chart, 1, date(2026, 4, 2), &[("Equity:Capital", -8_000)]);
        brought
            .entries
            .push(dollars(&chart, "Assets:Bank:Dollars", 100, 8_000));
        // A dollar is 80 rupees on the 2nd, 90 from the end of April on.
        let value = |currency, minor: i128, on: Date| match currency == USD {
            true => (INR, minor * if on < date(2026, 4, 30) { 80 } else { 90 }),
            false => (INR, minor),
        };
        let mut flow = CashFlowBuilder::new(&chart, &CUTS);
        let mut totals = TotalsBuilder::new(&CUTS);
        flow.add_at(&brought, |_| true, |c, m| value(c, m, brought.date));
        totals.add(&brought, |_| true);
        let held = ValuedCash::of(&chart, &totals.finish(), &CUTS, value);
        let report = valued_cash_flow(&chart, flow.finish(), &held, Layout::default(), true);
        assert_eq!(report.sections[2].totals[&INR], [8_000, 0]);
        assert_eq!(report.sections[3].totals[&INR], [1_000, 0]);
        assert_eq!(report.opening[&INR], [0, 9_000]);
        assert_eq!(report.change[&INR], [9_000, 0]);
        assert_eq!(report.closing[&INR], [9_000, 9_000]);
    }

    proptest! {
        #[test]
        fn the_change_is_what_cash_and_bank_moved(moves in proptest::collection::vec((0usize..12, 0usize..12, -1_000_000i64..1_000_000, 0i8..28, 3i8..=5), 0..40)) {
            let chart = shop();
            let path = |i: usize| chart.accounts()[i].path.to_string();
            let all: Vec<Transaction> = moves.iter().enumerate().map(|(number, (from, to, minor, day, month))| {
                tx(&chart, number as u64 + 1, date(2026, *month, 1 + day), &[(&path(*from), -minor), (&path(*to), *minor)])
            }).collect();
            let (flow, totals) = report(&chart, &all);
            for span in 0..2 {
                let cash: i128 = totals.rows.iter().filter(|r| chart.account(r.account).account_type.is_liquid()).map(|r| r.spans[span].net()).sum();
                prop_assert_eq!(flow.change.get(&INR).map_or(0, |c| c[span]), cash);
            }
            let closing: i128 = totals.rows.iter().filter(|r| chart.account(r.account).account_type.is_liquid()).map(|r| r.closing()).sum();
            prop_assert_eq!(flow.closing.get(&INR).map_or(0, |c| c[1]), closing);
        }
    }
}
