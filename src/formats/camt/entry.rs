//! One `Ntry` with its details → rows: one a detail where their amounts make the entry's, else one for all.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::tag::Tag;
use crate::formats::plain::{plain_decimal, push_words, some_words};
use crate::formats::statement::{Category, StatementRow};

type Text<'t> = Cow<'t, str>;

/// An amount as it stands, with its currency.
pub type Money<'t> = (Text<'t>, Option<&'t str>);

/// An entry as it stands.
#[derive(Debug, Default)]
pub struct Entry<'t> {
    pub line: u64,
    pub from: usize,
    pub amount: Option<Money<'t>>,
    pub side: Text<'t>,
    pub reversal: bool,
    status: Text<'t>,
    booked: Text<'t>,
    value: Text<'t>,
    servicer: Text<'t>,
    code: String,
    extra: Text<'t>,
    batch: Text<'t>,
    batch_id: Text<'t>,
    pub details: Vec<Detail<'t>>,
}

/// One transaction of an entry.
#[derive(Debug, Default)]
pub struct Detail<'t> {
    line: u64,
    from: usize,
    pub until: usize,
    amount: Option<Money<'t>>,
    inner: Option<Money<'t>>,
    side: Text<'t>,
    servicer: Text<'t>,
    end_to_end: Text<'t>,
    id: Text<'t>,
    cheque: Text<'t>,
    debtor: Text<'t>,
    creditor: Text<'t>,
    ultimate_debtor: Text<'t>,
    ultimate_creditor: Text<'t>,
    debtor_account: Text<'t>,
    creditor_account: Text<'t>,
    remittance: String,
    structured: Text<'t>,
    extra: Text<'t>,
}

/// Why an entry is no row.
pub enum Wrong {
    Amount(String),
    Side(String),
    Date(String),
}

impl<'t> Entry<'t> {
    pub fn at(line: u64, from: usize) -> Entry<'t> {
        Entry {
            line,
            from,
            ..Entry::default()
        }
    }

    /// Takes a leaf; `path` begins below `Ntry`.
    pub fn leaf(&mut self, path: &[Tag], text: Text<'t>, currency: Option<&'t str>) {
        match path {
            [Tag::NtryDtls, Tag::TxDtls, below @ ..] => {
                if let Some(detail) = self.details.last_mut() {
                    detail.leaf(below, text, currency);
                }
            }
            [Tag::Amt] => self.amount = Some((text, currency)),
            [Tag::CdtDbtInd] => self.side = text,
            [Tag::RvslInd] => self.reversal = matches!(text.trim(), "true" | "1"),
            [Tag::Sts] if !text.trim().is_empty() => self.status = text,
            [Tag::Sts, Tag::Cd | Tag::Prtry] => self.status = text,
            [Tag::BookgDt, Tag::Dt | Tag::DtTm] => self.booked = text,
            [Tag::ValDt, Tag::Dt | Tag::DtTm] => self.value = text,
            [Tag::AcctSvcrRef] => self.servicer = text,
            [Tag::AddtlNtryInf] => self.extra = text,
            [Tag::NtryDtls, Tag::Btch, Tag::NbOfTxs] => self.batch = text,
            [Tag::NtryDtls, Tag::Btch, Tag::PmtInfId] => self.batch_id = text,
            [Tag::BkTxCd, Tag::Domn, Tag::Cd]
            | [Tag::BkTxCd, Tag::Domn, Tag::Fmly, Tag::Cd | Tag::SubFmlyCd]
            | [Tag::BkTxCd, Tag::Prtry, Tag::Cd] => {
                if !self.code.is_empty() {
                    self.code.push('-');
                }
                self.code.push_str(text.trim());
            }
            _ => {}
        }
    }

    /// False of what is pending, expected, or only told.
    pub fn is_booked(&self) -> bool {
        let status = self.status.trim();
        status.is_empty() || status.eq_ignore_ascii_case("BOOK")
    }

    /// The rows. True: the details were left together, for they do not make the amount.
    pub fn rows(
        &self,
        text: &str,
        until: usize,
        account_currency: &Option<Arc<str>>,
    ) -> Result<(Vec<StatementRow>, bool), Wrong> {
        let (amount, currency) = self
            .amount
            .as_ref()
            .ok_or_else(|| Wrong::Amount(String::new()))?;
        let amount = decimal(amount)?;
        let amount = signed(amount, &self.side)?;
        let date = self.date()?;
        let code: Option<Arc<str>> = match (currency, account_currency) {
            (Some(code), Some(own)) if **own == **code => Some(own.clone()),
            (Some(code), _) => Some(Arc::from(*code)),
            (None, own) => own.clone(),
        };
        let row = |detail: Option<&Detail<'t>>, nth: usize, amount: Decimal| {
            let alone = self.details.len() < 2;
            let (line, from, until) = match detail {
                Some(detail) if !alone => (detail.line, detail.from, detail.until),
                _ => (self.line, self.from, until),
            };
            let incoming = amount.is_sign_positive() != self.reversal;
            StatementRow {
                line,
                date,
                description: self.description(detail),
                payee: detail.and_then(|d| d.party(incoming)),
                reference: detail.and_then(Detail::reference),
                bank_id: self.bank_id(detail, nth, alone),
                amount,
                currency: code.clone(),
                balance: None,
                series: 0,
                raw: text.get(from..until).unwrap_or("").to_owned(),
                category: Box::new(Category {
                    counter_number: detail.and_then(|d| d.account(incoming)).map(Arc::from),
                    ..Category::default()
                }),
            }
        };
        if self.details.len() < 2 {
            return Ok((vec![row(self.details.first(), 0, amount)], false));
        }
        let Some(amounts) = self.amounts(amount, *currency) else {
            return Ok((vec![row(None, 0, amount)], true));
        };
        let rows = self.details.iter().zip(amounts).enumerate();
        Ok((
            rows.map(|(nth, (detail, amount))| row(Some(detail), nth, amount))
                .collect(),
            false,
        ))
    }

    /// The details' amounts, where all have one in the entry's currency and they make its amount.
    fn amounts(&self, whole: Decimal, currency: Option<&str>) -> Option<Vec<Decimal>> {
        let mut amounts = Vec::with_capacity(self.details.len());
        let mut sum = Decimal::ZERO;
        for detail in &self.details {
            let same = |money: &&Money<'t>| money.1 == currency;
            let (text, _) = detail
                .amount
                .as_ref()
                .filter(same)
                .or_else(|| detail.inner.as_ref().filter(same))?;
            let side = if detail.side.trim().is_empty() {
                &self.side
            } else {
                &detail.side
            };
            let amount = signed(decimal(text).ok()?, side).ok()?;
            sum = sum.checked_add(amount)?;
            amounts.push(amount);
        }
        (sum == whole).then_some(amounts)
    }

    fn date(&self) -> Result<Date, Wrong> {
        let written = if self.booked.trim().is_empty() {
            &self.value
        } else {
            &self.booked
        };
        let written = written.trim();
        let day = written.get(..10).and_then(|day| day.parse().ok());
        day.ok_or_else(|| Wrong::Date(written.to_owned()))
    }

    fn description(&self, detail: Option<&Detail<'t>>) -> String {
        let mut words = String::new();
        if let Some(detail) = detail {
            let texts = [&*detail.remittance, &detail.structured, &detail.extra];
            if let Some(text) = texts.into_iter().find(|t| !t.trim().is_empty()) {
                push_words(&mut words, text);
            }
        }
        if words.is_empty() {
            push_words(&mut words, &self.extra);
        }
        if words.is_empty()
            && (self.details.len() > 1 || !self.batch.is_empty())
            && detail.is_none()
        {
            let count = match self.batch.trim() {
                "" => self.details.len().to_string(),
                count => count.to_owned(),
            };
            push_words(&mut words, &format!("batch of {count} {}", self.batch_id));
        }
        if words.is_empty()
            && let Some(detail) = detail
        {
            let named = [&detail.creditor, &detail.debtor, &detail.end_to_end];
            if let Some(name) = named.into_iter().find(|n| !n.trim().is_empty()) {
                push_words(&mut words, name);
            }
        }
        if words.is_empty() {
            push_words(&mut words, &self.code);
        }
        words
    }

    /// The bank's reference of the transaction, else of the entry with the place in it.
    fn bank_id(&self, detail: Option<&Detail<'t>>, nth: usize, alone: bool) -> Option<String> {
        if let Some(own) = detail.and_then(|d| known(&d.servicer)) {
            let same = alone || own != self.servicer.trim();
            let twice = self
                .details
                .iter()
                .filter(|d| d.servicer.trim() == own)
                .count()
                > 1;
            return Some(if same && !twice {
                own
            } else {
                format!("{own}/{nth}")
            });
        }
        let entry = known(&self.servicer)?;
        Some(if alone || detail.is_none() {
            entry
        } else {
            format!("{entry}/{nth}")
        })
    }
}

impl<'t> Detail<'t> {
    pub fn at(line: u64, from: usize) -> Detail<'t> {
        Detail {
            line,
            from,
            ..Detail::default()
        }
    }

    fn leaf(&mut self, path: &[Tag], text: Text<'t>, currency: Option<&'t str>) {
        let slot = match path {
            [Tag::Amt] => {
                self.amount = Some((text, currency));
                return;
            }
            [Tag::AmtDtls, Tag::TxAmt, Tag::Amt] => {
                self.inner = Some((text, currency));
                return;
            }
            [Tag::RmtInf, Tag::Ustrd] | [Tag::RmtInf, Tag::Strd, Tag::AddtlRmtInf] => {
                self.remittance.push(' ');
                self.remittance.push_str(&text);
                return;
            }
            [Tag::AmtDtls, Tag::InstdAmt, Tag::Amt] if self.inner.is_none() => {
                self.inner = Some((text, currency));
                return;
            }
            [Tag::CdtDbtInd] => &mut self.side,
            [Tag::Refs, Tag::AcctSvcrRef] => &mut self.servicer,
            [Tag::Refs, Tag::EndToEndId] => &mut self.end_to_end,
            [Tag::Refs, Tag::TxId] => &mut self.id,
            [Tag::Refs, Tag::ChqNb] => &mut self.cheque,
            [Tag::RltdPties, party, below @ ..] => {
                let name = matches!(
                    below,
                    [Tag::Nm] | [Tag::Pty, Tag::Nm] | [Tag::Agt, Tag::FinInstnId, Tag::Nm]
                );
                let account = matches!(below, [Tag::Id, Tag::Iban] | [Tag::Id, Tag::Othr, Tag::Id]);
                match party {
                    Tag::Dbtr if name => &mut self.debtor,
                    Tag::Cdtr if name => &mut self.creditor,
                    Tag::UltmtDbtr if name => &mut self.ultimate_debtor,
                    Tag::UltmtCdtr if name => &mut self.ultimate_creditor,
                    Tag::DbtrAcct if account => &mut self.debtor_account,
                    Tag::CdtrAcct if account => &mut self.creditor_account,
                    _ => return,
                }
            }
            [Tag::RmtInf, Tag::Strd, Tag::CdtrRefInf, Tag::Ref] => &mut self.structured,
            [Tag::AddtlTxInf] => &mut self.extra,
            _ => return,
        };
        *slot = text;
    }

    /// Who paid us, or whom we paid.
    fn party(&self, incoming: bool) -> Option<String> {
        let names = if incoming {
            [&self.debtor, &self.ultimate_debtor]
        } else {
            [&self.creditor, &self.ultimate_creditor]
        };
        names.into_iter().find_map(|n| some_words(n))
    }

    fn account(&self, incoming: bool) -> Option<String> {
        let account = if incoming {
            &self.debtor_account
        } else {
            &self.creditor_account
        };
        some_words(account)
    }

    fn reference(&self) -> Option<String> {
        [&self.cheque, &self.structured, &self.end_to_end, &self.id]
            .into_iter()
            .find_map(|r| known(r))
    }
}

/// A reference that says something.
fn known(text: &str) -> Option<String> {
    let text = text.trim();
    let none = ["", "NOTPROVIDED", "NONREF", "NOTAVAILABLE", "UNKNOWN"];
    let zeros = text.bytes().all(|b| b == b'0' || b == b'-');
    (!none.contains(&text.to_ascii_uppercase().as_str()) && !zeros).then(|| text.to_owned())
}

pub fn decimal(text: &str) -> Result<Decimal, Wrong> {
    let plain = text.trim();
    plain_decimal(plain.strip_prefix('+').unwrap_or(plain))
        .map(|d| d.normalize())
        .ok_or_else(|| Wrong::Amount(plain.to_owned()))
}

/// The side is as the account holder sees it, of reversals too. Source: ISO 20022, `RvslInd`.
pub fn signed(amount: Decimal, side: &str) -> Result<Decimal, Wrong> {
    match side.trim() {
        "CRDT" => Ok(amount),
        "DBIT" => Ok(-amount),
        other => Err(Wrong::Side(other.to_owned())),
    }
}
