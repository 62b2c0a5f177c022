//! The cash flow statement: where cash and bank balances came from and went to, by counter account.
//! Closing vouchers are left out; moves between cash and bank are no flow.

use jiff::civil::Date;

use super::balance_sheet::CONVERSION;
use super::sections::{Amounts, ByAccount, Layout, Section, Side, add, sum};
use crate::ledger::account::{AccountKey, AccountType, Kind};
use crate::ledger::chart::Chart;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::totals::Totals;
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
    /// Each other entry moved as much cash as its own amount, the other way. What is left over
    /// in a currency, because something was exchanged at a price, is conversion.
    ///
    /// Of the others only what `keep` keeps is shown; conversion is then left out by the caller.
    pub fn add(&mut self, transaction: &Transaction, keep: impl Fn(&Entry) -> bool) {
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
                let mut more = vec![0; columns];
                more[column] = entry.minor.into();
                add(&mut self.opened, entry.currency, &more);
            }
            return;
        }
        let mut left: Vec<(CurrencyKey, i128)> = Vec::new();
        for entry in &transaction.entries {
            let minor = i128::from(entry.minor);
            match left.iter_mut().find(|(c, _)| *c == entry.currency) {
                Some((_, sum)) => *sum += minor,
                None => left.push((entry.currency, minor)),
            }
            if !liquid(entry.account) && keep(entry) {
                let flow = self
                    .flows
                    .entry((entry.account, entry.currency))
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

/// The report of flows; `cash` are the totals of the liquid accounts over the same cuts.
///
/// `whole` is false for a part of the flows, or for flows in another currency: then there is no conversion,
/// and the balances are not theirs.
pub fn cash_flow(
    chart: &Chart,
    flows: &Flows,
    cash: &Totals,
    layout: Layout,
    whole: bool,
) -> CashFlow {
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
    let change = sum(sections.iter().map(|s| &s.totals));
    let (opening, closing) = balances(chart, cash, &change, &flows.opened);
    CashFlow {
        sections,
        opening,
        change,
        closing,
    }
}

/// The part of the statement a counter account belongs to.
///
/// Trade, parties and taxes are operating, other assets investing, owners and lenders financing;
/// suspense is operating until somebody knows better.
fn activity(chart: &Chart, key: AccountKey) -> &'static str {
    let account = chart.account(key);
    match (account.kind, account.account_type) {
        (Kind::Unclassified, _) => "unclassified",
        (Kind::Income | Kind::Expense, _) => "operating",
        (_, AccountType::Receivable | AccountType::Payable | AccountType::Tax) => "operating",
        (Kind::Liability, _) if account.name().to_lowercase().starts_with("suspense") => {
            "operating"
        }
        (Kind::Asset, _) => "investing",
        (Kind::Liability | Kind::Equity, _) => "financing",
    }
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
