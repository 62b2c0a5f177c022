//! The text of a month → its transactions. Strict: a line that [`super::write`] would not write
//! in just this way is refused, because nobody could say what was meant by it.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Names;
use super::head::Head;
use super::lines::{Line, Lines, Words, same, two};
use super::text::{self, unvalue};
use super::write::{Mirror, without_bounds};
use crate::formats::fault::Fault;
use crate::ledger::chart::Chart;
use crate::ledger::draft::{Draft, DraftEntry, DraftPrice};
use crate::ledger::transaction::{Number, PriceBasis, State, Status, Tag, TransactionId, Voucher};

/// The most transactions of a mirror.
const PLACES_MAX: usize = 50_000_000;

/// Where a transaction stands: its number, and its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub number: u64,
    /// Of [`Head::months`].
    pub month: usize,
    /// From 1.
    pub line: u64,
    from: usize,
    to: usize,
}

/// A transaction as it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub draft: Draft,
    /// `Some` of a void one, with the reason.
    pub void: Option<Option<String>>,
}

/// `2026/04.journal` → its year and month; `None` of any other name.
pub fn month_of(path: &str) -> Option<(i16, i8)> {
    let (year, month) = path.strip_suffix(".journal")?.split_once('/')?;
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let named = digits(year, 4) && digits(month, 2);
    let month = month.parse().ok().filter(|m| (1..=12).contains(m))?;
    named.then_some((year.parse().ok()?, month))
}

/// Reads the transactions of a mirror.
pub struct Reader {
    open: Chart,
    names: Names,
    mirror: Mirror,
}

impl Reader {
    pub fn new(head: &Head) -> Reader {
        let chart = Arc::new(head.chart.clone());
        Reader {
            open: without_bounds(&chart),
            names: Names::of(&chart),
            mirror: Mirror::new(chart),
        }
    }

    /// Every transaction of a month's file, each read and proved to be written as we write it.
    pub fn month(&self, head: &Head, month: usize, text: &str) -> Result<Vec<Place>, Fault> {
        let mut lines = Lines::new(text);
        lines.sign()?;
        let days = month_of(&head.months[month]);
        let mut places = Vec::new();
        while let Some(first) = lines.next() {
            if first.text.is_empty() {
                continue;
            }
            let (from, mut to) = (first.at, first.end);
            while let Some(next) = lines.next().filter(|next| !next.text.is_empty()) {
                to = next.end;
            }
            let block = &text[from..to];
            let (found, number) = self.block(block, first.number)?;
            let on = found.draft.date;
            if days != Some((on.year(), on.month())) {
                let why = format!("{on} is not of the month of {}", head.months[month]);
                return Err(first.fault(&why));
            }
            let made = found
                .draft
                .clone()
                .into_transaction(&self.open, Number(number));
            let mut transaction = made.map_err(|violations| {
                let words: Vec<String> = violations.iter().map(ToString::to_string).collect();
                first.fault(&words.join("; "))
            })?;
            if let Some(reason) = &found.void {
                let reason = reason.clone();
                transaction.state = State::Void { reason };
            }
            let mut again = String::with_capacity(block.len() + 1);
            self.mirror.transaction(&transaction, &mut again);
            same(block, again.trim_end_matches('\n'), first.number)?;
            if places.len() >= PLACES_MAX {
                return Err(first.fault("there are too many transactions"));
            }
            places.push(Place {
                number,
                month,
                line: first.number,
                from,
                to,
            });
        }
        Ok(places)
    }

    /// A transaction that [`Reader::month`] found in this text.
    pub fn found(&self, place: &Place, text: &str) -> Result<Found, Fault> {
        let block = text.get(place.from..place.to).unwrap_or_default();
        Ok(self.block(block, place.line)?.0)
    }

    fn block(&self, block: &str, first: u64) -> Result<(Found, u64), Fault> {
        let bare: String;
        let mut void = None;
        let (mut block, mut line) = (block, first);
        if block.starts_with("; void") {
            let (head, rest) = block.split_once('\n').unwrap_or((block, ""));
            let whole = Line::whole(head, first);
            void = Some(match head.strip_prefix("; void: ") {
                None if head == "; void" => None,
                None => return Err(whole.fault("a void transaction begins so: ; void")),
                Some(reason) => Some(whole.said(unvalue(reason), "a reason in quotes")?),
            });
            let stripped: Option<Vec<&str>> = rest.lines().map(|l| l.strip_prefix("; ")).collect();
            bare = whole
                .said(stripped, "a void transaction in comments")?
                .join("\n");
            (block, line) = (&bare, first + 1);
        }
        let mut lines = block.lines().enumerate();
        let header = lines.next().map(|(_, text)| Line::whole(text, line));
        let header = header.ok_or_else(|| Fault::at("mirror-edited", first, 1, "nothing here"))?;
        let mut reading = Reading {
            draft: read_header(&header)?,
            number: 0,
            names: &self.names,
        };
        for (nth, text) in lines {
            let at = Line::whole(text, line + nth as u64);
            reading.line(&at)?;
        }
        if reading.number == 0 {
            return Err(header.fault("the transaction has no number"));
        }
        let draft = reading.draft;
        Ok((Found { draft, void }, reading.number))
    }
}

fn read_header(line: &Line<'_>) -> Result<Draft, Fault> {
    let (date, rest) = line.text.split_at_checked(10).unwrap_or((line.text, ""));
    let date: Date = line.said(date.parse().ok(), "a date")?;
    let (status, rest) = if let Some(rest) = rest.strip_prefix(" *") {
        (Status::Cleared, rest)
    } else if let Some(rest) = rest.strip_prefix(" !") {
        (Status::Pending, rest)
    } else {
        (Status::Unmarked, rest)
    };
    let (reference, rest) = match rest.strip_prefix(" (").and_then(|r| r.split_once(')')) {
        Some((reference, rest)) => (Some(reference).filter(|r| !r.is_empty()), rest),
        None => (None, rest),
    };
    let description = rest.strip_prefix(' ').unwrap_or(rest);
    let mut draft = Draft::new(TransactionId(Uuid::nil()), date, description);
    draft.status = status;
    draft.reference = reference.map(str::to_owned);
    Ok(draft)
}

/// A transaction, line by line.
struct Reading<'n> {
    draft: Draft,
    number: u64,
    names: &'n Names,
}

impl Reading<'_> {
    fn line(&mut self, line: &Line<'_>) -> Result<(), Fault> {
        let indented = line.said(line.text.strip_prefix("    "), "an indented line")?;
        let Some(comment) = indented.strip_prefix("; ") else {
            let entry = self.entry(line, indented)?;
            self.draft.entries.push(entry);
            return Ok(());
        };
        let (key, said) = line.said(comment.split_once(':'), "key: value")?;
        let said = said.strip_prefix(' ').unwrap_or(said);
        if let Some(entry) = self.draft.entries.last_mut() {
            return match key {
                "price" => {
                    entry.price = Some(price(line, said, self.names)?);
                    Ok(())
                }
                "memo" => {
                    entry.memo = Some(line.said(unvalue(said), "a text")?);
                    Ok(())
                }
                _ => {
                    entry.tags.push(tag(line, key, said)?);
                    Ok(())
                }
            };
        }
        self.fact(line, key, said)
    }

    fn fact(&mut self, line: &Line<'_>, key: &str, said: &str) -> Result<(), Fault> {
        let draft = &mut self.draft;
        let text = || line.said(unvalue(said), "a text");
        match key {
            "number" => {
                let number = said.parse().ok().filter(|n| *n > 0);
                self.number = line.said(number, "a number from 1")?;
            }
            "id" => draft.id = TransactionId(line.said(said.parse().ok(), "an id")?),
            "voucher" => {
                draft.voucher = Some(line.said(Voucher::from_word(said), "a kind of voucher")?);
            }
            "description" => draft.description = text()?.into(),
            "reference" => draft.reference = Some(text()?),
            "payee" => draft.payee = Some(text()?),
            "due" => draft.due = Some(line.said(said.parse().ok(), "a date")?),
            "reverses" => {
                draft.reverses = Some(Number(line.said(said.parse().ok(), "a number")?));
            }
            "meta" => {
                let [name, value] = two(line, said)?;
                draft.metadata.push((name, value));
            }
            _ => draft.tags.push(tag(line, key, said)?),
        }
        Ok(())
    }

    fn entry(&self, line: &Line<'_>, text: &str) -> Result<DraftEntry, Fault> {
        let (status, text) = if let Some(rest) = text.strip_prefix("* ") {
            (Status::Cleared, rest)
        } else if let Some(rest) = text.strip_prefix("! ") {
            (Status::Pending, rest)
        } else {
            (Status::Unmarked, text)
        };
        let (account, rest) = line.said(text.split_once("  "), "an account and an amount")?;
        let path = line.said(self.names.paths.get(account), "an account of the main file")?;
        let mut words = Words(rest.trim_start());
        let (number, code) = amount(line, &mut words, self.names)?;
        let sign = words.next();
        let price = match sign {
            None => None,
            Some(sign) => Some(price(line, &format!("{sign} {}", words.0), self.names)?),
        };
        Ok(DraftEntry {
            account: path.as_ref().into(),
            amount: Some(number),
            currency: Some(code.as_ref().into()),
            price,
            status,
            memo: None,
            tags: Vec::new(),
        })
    }
}

fn price(line: &Line<'_>, said: &str, names: &Names) -> Result<DraftPrice, Fault> {
    let mut words = Words(said);
    let basis = match words.next() {
        Some("@") => PriceBasis::Unit,
        Some("@@") => PriceBasis::Total,
        _ => return Err(line.fault("expected a price: @ or @@")),
    };
    let (amount, code) = amount(line, &mut words, names)?;
    Ok(DraftPrice {
        amount,
        currency: Some(code.as_ref().into()),
        basis,
    })
}

fn amount<'n>(
    line: &Line<'_>,
    words: &mut Words<'_>,
    names: &'n Names,
) -> Result<(Decimal, &'n Arc<str>), Fault> {
    let number = words.next().and_then(|w| Decimal::from_str_exact(w).ok());
    let number = line.said(number, "a number")?;
    let code = words.next().and_then(|w| names.codes.get(w));
    Ok((number, line.said(code, "a commodity of the main file")?))
}

fn tag(line: &Line<'_>, key: &str, said: &str) -> Result<Tag, Fault> {
    if key == "tag" {
        let [name, value] = two(line, said)?;
        return Ok(Tag { name, value });
    }
    if text::KEYS.contains(&key) {
        return Err(line.fault(&format!("{key} does not belong here")));
    }
    Ok(Tag {
        name: key.to_owned(),
        value: line.said(unvalue(said), "a text")?,
    })
}
