//! One posting line: status, account, amount, lot, cost, assertion, comment.

use crate::ledger::account::AccountKey;
use crate::ledger::transaction::{PriceBasis, Status, Tag};

use super::Dialect;
use super::amount::{self, Amount, Number, skip_blanks};
use super::comment;
use super::error::{Fault, FaultAt};
use super::open::{Extra, Posting, Sort, WrittenAssertion, WrittenPrice};
use super::reader::Reader;

fn bad(message: &str, at: usize) -> FaultAt {
    Fault::new("bad-posting", message).at(at)
}

impl Reader<'_> {
    /// Reads an indented line of a transaction: a posting, or a comment to what stands above it.
    pub(super) fn posting_line(&mut self, line: &str, at: usize) -> Result<(), FaultAt> {
        let bytes = line.as_bytes();
        if matches!(bytes[at], b';' | b'#' | b'%' | b'|') {
            self.comment_line(line[at + 1..].trim());
            return Ok(());
        }
        let (status, at) = status(bytes, at);
        let end = account_end(bytes, at);
        let (sort, from, to) = sort_of(bytes, at, end)?;
        let written = line[from..to].trim();
        if written.is_empty() {
            return Err(bad("the account's name is missing", at));
        }
        let account = self.scope.account(written, &mut self.names);
        let account = account.map_err(|fault| fault.at(from))?;
        let account = self.by_payee(account);
        let mut posting = Posting {
            account,
            amount: None,
            bare_zero: false,
            status,
            sort,
            line: self.line_number(),
            extra: None,
        };
        let next = skip_blanks(bytes, end);
        if next < bytes.len() {
            self.behind_account(line, next, &mut posting)?;
        }
        self.open.postings.push(posting);
        Ok(())
    }

    /// Ledger's `account … payee REGEX`: what would go to `Unknown` goes to the account that knows the payee.
    fn by_payee(&self, account: AccountKey) -> AccountKey {
        if self.scope.payees.is_empty() {
            return account;
        }
        let path = &self.names.accounts[account.0 as usize - 1].path;
        if path.rsplit(':').next() != Some("Unknown") {
            return account;
        }
        let payee = &self.open.header[self.open.description.clone()];
        let found = self.scope.payees.iter().find(|(p, _)| p.is_match(payee));
        found.map_or(account, |(_, key)| *key)
    }

    fn behind_account(
        &mut self,
        line: &str,
        at: usize,
        posting: &mut Posting,
    ) -> Result<(), FaultAt> {
        let bytes = line.as_bytes();
        let mut next = at;
        if !matches!(bytes[at], b';' | b'=') {
            let (found, end) = amount::amount(line, at, &mut self.names, self.scope.reading)?;
            self.check_bare(&found, at)?;
            amount::storable(&found, at)?;
            self.use_amount(&found);
            posting.bare_zero = found.bare && found.number.mantissa == 0;
            posting.amount = Some((found.number, found.currency));
            next = skip_blanks(bytes, end);
        }
        while next < bytes.len() {
            next = self.suffix(line, next, posting)?;
            next = skip_blanks(bytes, next);
        }
        Ok(())
    }

    /// One thing behind the amount; returns where it ends.
    fn suffix(&mut self, line: &str, at: usize, posting: &mut Posting) -> Result<usize, FaultAt> {
        let bytes = line.as_bytes();
        let starts = |text: &str| line[at..].starts_with(text);
        match bytes[at] {
            b';' => {
                self.posting_comment(line[at + 1..].trim(), posting);
                Ok(bytes.len())
            }
            b'@' | b'(' if starts("@") || starts("(@") => self.cost(line, at, posting),
            b'{' => self.lot(line, at, posting),
            b'=' => self.assertion(line, at, posting),
            b'(' if starts("((") => {
                // A valuation: it says nothing about balances.
                let length = line[at..]
                    .find("))")
                    .ok_or_else(|| bad("the bracket is not closed", at))?;
                Ok(at + length + 2)
            }
            b'[' | b'(' => {
                let close = if bytes[at] == b'[' { b']' } else { b')' };
                let length = memchr::memchr(close, &bytes[at..])
                    .ok_or_else(|| bad("the bracket is not closed", at))?;
                lot_tag(posting, &line[at..=at + length]);
                Ok(at + length + 1)
            }
            _ => Err(bad("this does not belong behind an amount", at)
                .hinted("two spaces end an account's name; a comment begins with ;")),
        }
    }

    fn cost(&mut self, line: &str, at: usize, posting: &mut Posting) -> Result<usize, FaultAt> {
        let marks = ["(@@)", "(@)", "@@", "@"];
        let mark = marks
            .iter()
            .find(|m| line[at..].starts_with(**m))
            .ok_or_else(|| bad("this is not a cost", at))?;
        if posting.amount.is_none() {
            return Err(bad("a cost needs an amount before it", at));
        }
        let from = skip_blanks(line.as_bytes(), at + mark.len());
        let (found, end) = amount::amount(line, from, &mut self.names, self.scope.reading)?;
        let basis = if mark.contains("@@") {
            PriceBasis::Total
        } else {
            PriceBasis::Unit
        };
        let price = WrittenPrice {
            number: found.number,
            currency: found.currency,
            basis,
        };
        posting.extra.get_or_insert_default().price = Some(price);
        Ok(end)
    }

    /// `{10 EUR}`, `{{100 EUR}}`, `{=10 EUR}`: kept as a tag; weighs only as Ledger weighs it.
    fn lot(&mut self, line: &str, at: usize, posting: &mut Posting) -> Result<usize, FaultAt> {
        let bytes = line.as_bytes();
        let double = bytes.get(at + 1) == Some(&b'{');
        let mut from = at + 1 + usize::from(double);
        from = skip_blanks(bytes, from);
        if bytes.get(from) == Some(&b'=') {
            from = skip_blanks(bytes, from + 1);
        }
        if posting.amount.is_none() {
            return Err(bad("a lot price needs an amount before it", at));
        }
        if bytes.get(from) != Some(&b'}') {
            let (found, end) = amount::amount(line, from, &mut self.names, self.scope.reading)?;
            let basis = if double {
                PriceBasis::Total
            } else {
                PriceBasis::Unit
            };
            posting.extra.get_or_insert_default().lot = Some(WrittenPrice {
                number: found.number,
                currency: found.currency,
                basis,
            });
            from = skip_blanks(bytes, end);
        }
        let close = if double { "}}" } else { "}" };
        if !line[from..].starts_with(close) {
            return Err(bad("the lot price is not closed", from));
        }
        let end = from + close.len();
        lot_tag(posting, &line[at..end]);
        Ok(end)
    }

    fn assertion(
        &mut self,
        line: &str,
        at: usize,
        posting: &mut Posting,
    ) -> Result<usize, FaultAt> {
        let bytes = line.as_bytes();
        let mut total = bytes.get(at + 1) == Some(&b'=');
        let mut from = at + 1 + usize::from(total);
        let subaccounts = bytes.get(from) == Some(&b'*');
        from = skip_blanks(bytes, from + usize::from(subaccounts));
        let (found, mut end) = amount::amount(line, from, &mut self.names, self.scope.reading)?;
        if found.bare && found.number.mantissa == 0 {
            // Ledger's `= 0` means nothing at all is there.
            total |= self.scope.reading.dialect == Dialect::Ledger;
        } else {
            self.check_bare(&found, from)?;
        }
        // An asserted balance has the places of its commodity too.
        amount::storable(&found, from)?;
        self.use_amount(&found);
        // hledger lets a cost follow, which says nothing about the balance.
        let next = skip_blanks(bytes, end);
        if bytes.get(next) == Some(&b'@') {
            let from = next + line[next..].bytes().take_while(|b| *b == b'@').count();
            let from = skip_blanks(bytes, from);
            end = amount::amount(line, from, &mut self.names, self.scope.reading)?.1;
        }
        posting.extra.get_or_insert_default().assertion = Some(WrittenAssertion {
            amount: found,
            total,
            subaccounts,
        });
        Ok(end)
    }

    /// An amount that is stored: it counts for its commodity's scale.
    fn use_amount(&mut self, found: &Amount) {
        let commodity = self.names.get_mut(found.currency);
        commodity.places = commodity.places.max(found.number.places);
        commodity.uses += 1;
    }

    /// Imports need a commodity; `-f` leaves it empty.
    fn check_bare(&self, found: &Amount, at: usize) -> Result<(), FaultAt> {
        let without = found.bare
            && self.scope.reading.default.is_none()
            && found.number
                != (Number {
                    mantissa: 0,
                    places: 0,
                });
        if without && self.options.commodity_required {
            return Err(Fault::new("no-commodity", "this amount has no commodity")
                .hint("name the currency of such amounts with --currency, or with a D directive in the journal")
                .at(at));
        }
        Ok(())
    }

    fn comment_line(&mut self, text: &str) {
        if let Some(mut posting) = self.open.postings.pop() {
            self.posting_comment(text, &mut posting);
            self.open.postings.push(posting);
        } else {
            self.transaction_comment(text);
        }
    }

    fn posting_comment(&mut self, text: &str, posting: &mut Posting) {
        if text.is_empty() {
            return;
        }
        let mut tags = Vec::new();
        comment::tags_of(text, &mut tags);
        for tag in tags
            .iter_mut()
            .filter(|t| t.name == "date" || t.name == "date2")
        {
            if let Some(date) = self.scope.date_in(&tag.value, self.open.day) {
                if tag.name == "date" {
                    let day = crate::ledger::day::Day::of(date);
                    posting.extra.get_or_insert_default().on = Some(day);
                }
                tag.value = date.to_string();
            }
        }
        let extra = posting.extra.get_or_insert_default();
        if !comment::is_only_tags(text) {
            if !extra.memo.is_empty() {
                extra.memo.push('\n');
            }
            extra.memo.push_str(text);
        }
        extra.tags.append(&mut tags);
    }

    pub(super) fn transaction_comment(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        comment::tags_of(text, &mut self.open.tags);
        if !comment::is_only_tags(text) {
            if !self.open.comment.is_empty() {
                self.open.comment.push('\n');
            }
            self.open.comment.push_str(text);
        }
    }
}

impl FaultAt {
    fn hinted(mut self, hint: &str) -> FaultAt {
        self.fault.hint = Some(hint.to_owned());
        self
    }
}

fn lot_tag(posting: &mut Posting, text: &str) {
    let tags = &mut posting.extra.get_or_insert_with(Box::<Extra>::default).tags;
    match tags.iter_mut().find(|t| t.name == "lot") {
        Some(tag) => {
            tag.value.push(' ');
            tag.value.push_str(text);
        }
        None => tags.push(Tag {
            name: "lot".to_owned(),
            value: text.to_owned(),
        }),
    }
}

/// A mark before the account or description.
pub(super) fn status(bytes: &[u8], at: usize) -> (Status, usize) {
    match bytes.get(at) {
        Some(b'*') => (Status::Cleared, skip_blanks(bytes, at + 1)),
        Some(b'!') => (Status::Pending, skip_blanks(bytes, at + 1)),
        _ => (Status::Unmarked, at),
    }
}

/// Where an account's name ends: at two blanks, a tab, or the end of the line.
fn account_end(bytes: &[u8], at: usize) -> usize {
    let mut next = at;
    while next < bytes.len() {
        match bytes[next] {
            b'\t' => break,
            b' ' if matches!(bytes.get(next + 1), None | Some(b' ' | b'\t')) => break,
            _ => next += 1,
        }
    }
    next
}

fn sort_of(bytes: &[u8], at: usize, end: usize) -> Result<(Sort, usize, usize), FaultAt> {
    let (sort, close) = match bytes.get(at) {
        Some(b'<') => {
            return Err(
                Fault::new("unsupported", "deferred postings (<account>) are not read")
                    .hint("write the account without <>")
                    .at(at),
            );
        }
        Some(b'(') => (Sort::Virtual, b')'),
        Some(b'[') => (Sort::BalancedVirtual, b']'),
        _ => return Ok((Sort::Real, at, end)),
    };
    if end > at + 1 && bytes[end - 1] == close {
        Ok((sort, at + 1, end - 1))
    } else {
        Err(bad("the account's bracket is not closed", at))
    }
}
