//! Transfers between two accounts of one file: the other side of a row that an earlier statement of the file
//! already posts.

use super::planning::Plan;
use crate::formats::changes::{Place, rest_of};
use crate::formats::plan::{Candidate, Fate};
use crate::ledger::money::to_minor;

/// Numbers from here on stand for transactions that have none yet.
const IN_FILE: u64 = 1 << 62;

/// What earlier statements of the file post to an account, by place.
pub struct Transfers {
    candidates: Vec<Candidate>,
    places: Vec<Place>,
}

/// What `earlier` statements post to the account at `path`.
pub fn into(earlier: &[Plan], path: &str) -> Transfers {
    let mut transfers = Transfers {
        candidates: Vec::new(),
        places: Vec::new(),
    };
    for (index, plan) in earlier.iter().enumerate() {
        for (row, planned) in plan.planned.iter().enumerate() {
            let to_it = &*planned.counter == path || planned.splits.iter().any(|s| &**s == path);
            if planned.fate == Fate::New && to_it {
                transfers.add(plan, (index, row), path);
            }
        }
    }
    transfers
}

impl Transfers {
    fn add(&mut self, plan: &Plan, place: Place, path: &str) {
        let row = &plan.read.statement.rows[place.1];
        let planned = &plan.planned[place.1];
        let splits = row.category.splits.iter().zip(&planned.splits);
        let mut moved: rust_decimal::Decimal = splits
            .filter(|(_, account)| &***account == path)
            .map(|(split, _)| split.amount)
            .sum();
        if &*planned.counter == path {
            moved += rest_of(row);
        }
        let currency = plan.amounts[place.1].1;
        let Ok(minor) = to_minor(moved, plan.chart.currency(currency).scale) else {
            return;
        };
        self.candidates.push(Candidate {
            number: IN_FILE + self.places.len() as u64,
            date: row.date,
            currency,
            minor,
            reference: None,
            from: Some(plan.account_path().clone()),
            same_day_only: false,
            found_until: None,
        });
        self.places.push(place);
    }

    pub fn candidates(&self) -> impl Iterator<Item = Candidate> + '_ {
        self.candidates.iter().cloned()
    }

    pub fn is_one(&self, candidate: &Candidate) -> bool {
        candidate.number >= IN_FILE
    }

    /// Rows that were matched with one of these are paired with its row.
    pub fn settle(&self, fates: &mut [Fate]) {
        for fate in fates {
            if let Fate::Matched { number, .. } = fate
                && let Some(nth) = number.checked_sub(IN_FILE)
                && let Some((part, row)) = self.places.get(nth as usize)
            {
                *fate = Fate::Paired {
                    part: *part,
                    row: *row,
                };
            }
        }
    }
}
