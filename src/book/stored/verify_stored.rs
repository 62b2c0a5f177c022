//! The last step of `audit verify`: everything the log said last of chart, settings, prices, assertions and imports
//! is what the tables hold.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::verify::Walk;
use crate::book::Result;
use crate::ledger::change::{Assertion, ImportBatch, PriceChange};

impl Walk<'_> {
    /// Everything the log said last must be what the tables hold.
    pub fn compare_stored(&mut self) -> Result<()> {
        let chart = self.shelf.chart()?;
        for account in chart.accounts() {
            if self.stored.accounts.get(&account.key.0) != Some(account) {
                self.fault(
                    format!("account {} is not what the log says of it", account.path),
                    None,
                );
            }
        }
        if self.stored.accounts.len() != chart.accounts().len() {
            self.fault("an account of the log is missing".to_owned(), None);
        }
        for currency in chart.currencies() {
            if self.stored.currencies.get(&currency.key.0) != Some(currency) {
                self.fault(
                    format!("currency {} is not what the log says of it", currency.code),
                    None,
                );
            }
        }
        let settings = self.shelf.settings()?;
        if settings != self.stored.settings {
            let name = settings
                .iter()
                .find(|(n, v)| self.stored.settings.get(*n) != Some(v))
                .map_or("a setting", |(n, _)| n)
                .to_owned();
            self.fault(
                format!("the setting {name} is not what the log says of it"),
                None,
            );
        }
        let prices: Vec<PriceChange> = self
            .stored
            .prices
            .values()
            .filter(|p| p.rate.is_some())
            .cloned()
            .collect();
        let mut stored = self.shelf.prices()?;
        stored.sort_by(|a, b| {
            (&a.commodity, &a.currency, a.on).cmp(&(&b.commodity, &b.currency, b.on))
        });
        if stored != prices {
            self.fault(
                "a market price is not what the log says of it".to_owned(),
                None,
            );
        }
        self.compare_lists()
    }

    fn compare_lists(&mut self) -> Result<()> {
        let ids: BTreeMap<Uuid, (Uuid, Assertion)> = self.shelf.assertions()?;
        let same = ids.len() == self.stored.assertions.len()
            && ids.iter().all(|(id, (account, now))| {
                self.stored
                    .assertions
                    .get(id)
                    .is_some_and(|(said, said_of)| {
                        account == said_of
                            && Assertion {
                                account: now.account.clone(),
                                ..said.clone()
                            } == *now
                    })
            });
        if !same {
            self.fault(
                "a balance assertion is not what the log says of it".to_owned(),
                None,
            );
        }
        let imports = self.shelf.imports()?;
        let same = imports.len() == self.stored.imports.len()
            && imports.iter().zip(&self.stored.imports).all(|(row, said)| {
                let account = row.head.account.as_deref();
                let account = account.and_then(|path| self.chart.find(path)).map(|a| a.id);
                row.undone == said.undone
                    && row.sequence == said.sequence
                    && row.added == said.added
                    && account == said.account
                    && ImportBatch {
                        account: row.head.account.clone(),
                        ..said.batch.clone()
                    } == row.head
            });
        if !same {
            self.fault(
                "the list of imports is not what the log says of it".to_owned(),
                None,
            );
        }
        if self.shelf.accepted()? != self.stored.accepted {
            self.fault(
                "an accepted finding is not what the log says of it".to_owned(),
                None,
            );
        }
        let last = self.shelf.count()?;
        if last != self.transactions {
            self.fault(
                format!(
                    "the log speaks of {} transactions, {last} are stored",
                    self.transactions
                ),
                None,
            );
        }
        Ok(())
    }
}
