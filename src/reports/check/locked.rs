//! `locked-period`: the balances up to the lock are what they were when it was set.

use jiff::civil::Date;

use super::words::day;
use crate::ledger::audit::hex;
use crate::ledger::chart::Chart;
use crate::ledger::finding::{CheckOutcome, Finding, Severity};
use crate::ledger::lock::lock_digest;
use crate::ledger::totals::Totals;

pub const CODE: &str = "locked-period";

/// Compares the digest that the lock left with the totals from the beginning to the lock.
pub fn check(chart: &Chart, totals: &Totals, locked_to: Date, digest: &str) -> CheckOutcome {
    let found = hex(&lock_digest(chart, totals));
    if found == digest {
        return CheckOutcome {
            detail: Some(format!("to {}", day(locked_to))),
            ..CheckOutcome::of(CODE, Vec::new())
        };
    }
    let finding = Finding {
        code: CODE,
        severity: Severity::Error,
        date: Some(locked_to),
        number: None,
        account: None,
        message: format!(
            "balances up to {} are not what they were when the book was locked",
            day(locked_to)
        ),
        hint: Some("hissab audit verify".to_owned()),
    };
    CheckOutcome::of(CODE, vec![finding])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::totals::TotalsBuilder;
    use crate::reports::sample::{shop, tx};
    use jiff::civil::date;

    #[test]
    fn a_balance_that_moved_behind_the_lock_is_found() {
        let chart = shop();
        let lock = date(2026, 3, 31);
        let totals = |minor: i64| {
            let mut totals = TotalsBuilder::new(&[Date::MIN, date(2026, 4, 1)]);
            let entries = [("Assets:Cash", minor), ("Income:Sales", -minor)];
            totals.add(&tx(&chart, 1, lock, &entries), |_| true);
            totals.finish()
        };
        let digest = hex(&lock_digest(&chart, &totals(500)));
        assert!(
            check(&chart, &totals(500), lock, &digest)
                .findings
                .is_empty()
        );
        let found = check(&chart, &totals(501), lock, &digest).findings;
        assert_eq!(found[0].place(), "2026-03-31");
        assert_eq!(found[0].severity, Severity::Error);
    }
}
