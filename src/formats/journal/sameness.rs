//! A transaction of a file beside one of the book that has its id: what of them differs.
//!
//! Compared is what every kind of file can hold: day, description, reference and entries. Texts are compared
//! as every export can write them: our own files give a character that their grammar has no room for as its
//! full-width likeness. Tags, memos and comments are compared where the kind of file holds all of them (`remarks`).
//! The rest (status, payee, voucher, due date) a file may lack; what it does say of them and the book does not is
//! told apart.

use std::collections::HashMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use super::ReadJournal;
use super::changes::translated;
use super::content::own_id;
use super::remarks::{Holds, Remark, Remarks};
use crate::ledger::account::AccountKey;
use crate::ledger::chart::Chart;
use crate::ledger::compact::CompactEntry;
use crate::ledger::currency::CurrencyKey;
use crate::ledger::day::Day;
use crate::ledger::money::from_minor;
use crate::ledger::transaction::{Entry, Status, Transaction, Voucher};

/// What a file says beside, where its remarks have to be looked at one by one.
const REMARKS: &str = "remark";

/// What ends the ids of openings that the file gives no day.
pub(in crate::formats) const DAYLESS: &str = ":opening";

/// Something a file and the book say differently of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub what: Part,
    /// Empty where it says nothing.
    pub file: String,
    pub book: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Date,
    Description,
    Reference,
    Entry,
    Memo,
    Tags,
    Comment,
}

impl Part {
    pub fn word(self) -> &'static str {
        match self {
            Part::Date => "date",
            Part::Description => "description",
            Part::Reference => "reference",
            Part::Entry => "entry",
            Part::Memo => "memo",
            Part::Tags => "tags",
            Part::Comment => "comment",
        }
    }
}

/// How a file's transaction stands to one of the book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What makes it another transaction; empty if none does.
    pub differences: Vec<Difference>,
    /// Words for what the file says beside that and the book does not.
    pub beside: Vec<&'static str>,
}

/// One entry, with everything that tells it from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Side {
    /// `None` of one that the book does not have, by this name.
    account: Option<AccountKey>,
    money: (Decimal, Arc<str>),
    /// What it was exchanged for.
    weight: Option<(Decimal, Arc<str>)>,
}

/// A read file beside a book's chart.
pub struct Beside<'a> {
    read: &'a ReadJournal,
    book: &'a Chart,
    /// The file's chart with the book's codes.
    codes: Chart,
    /// By the file's account key − 1.
    accounts: Vec<Option<AccountKey>>,
}

impl<'a> Beside<'a> {
    pub fn new(read: &'a ReadJournal, book: &'a Chart) -> Beside<'a> {
        let of_file = read.book.chart.accounts().iter();
        Beside {
            read,
            book,
            codes: translated(&read.book.chart, book),
            accounts: of_file
                .map(|a| book.find(&a.path).map(|found| found.key))
                .collect(),
        }
    }

    /// Of what is compared of the transaction at a place: of two that agree it is the same.
    pub fn digest(&self, place: usize) -> u64 {
        let store = &self.read.book.store;
        digest(
            store.row(place).day,
            [store.description(place), store.reference(place)],
            self.sides(place),
        )
    }

    /// The same of a transaction of the book.
    pub fn digest_of(&self, transaction: &Transaction) -> u64 {
        let reference = transaction.reference.as_deref().unwrap_or("");
        digest(
            Day::of(transaction.date),
            [&*transaction.description, reference],
            self.sides_of(transaction),
        )
    }

    /// Whether the file gives the transaction at a place an id of its own.
    pub fn has_id(&self, place: usize) -> bool {
        own_id(self.read, place).is_some()
    }

    /// What is different of the transaction at a place and one of the book.
    pub fn compare(&self, place: usize, transaction: &Transaction) -> Comparison {
        let store = &self.read.book.store;
        let mut differences = Vec::new();
        let mut differ = |what, file: String, book: String| {
            differences.push(Difference { what, file, book });
        };
        let day = store.row(place).day.date();
        // Masters of Tally have no day: which one an opening gets depends on what else is in the file.
        let dayless = own_id(self.read, place).is_some_and(|id| id.ends_with(DAYLESS));
        if day != transaction.date && !dayless {
            differ(Part::Date, day.to_string(), transaction.date.to_string());
        }
        let texts = [
            (
                Part::Description,
                store.description(place),
                &*transaction.description,
            ),
            (
                Part::Reference,
                store.reference(place),
                transaction.reference.as_deref().unwrap_or(""),
            ),
        ];
        // Tally numbers what has no number: our export writes it that of the book.
        let numbered = |file: &str, book: &str| {
            folded(book).is_empty() && file == transaction.number.to_string()
        };
        for (what, file, book) in texts {
            let same = folded(file) == folded(book)
                || match what {
                    Part::Description => {
                        is_stand_in(file, transaction)
                            || folded(book).is_empty() && self.names_an_account(place, file)
                    }
                    _ => numbered(file, book),
                };
            if !same {
                differ(what, file.to_owned(), book.to_owned());
            }
        }
        let (file, book, renamed) = self.entries_apart(place, transaction);
        for at in 0..file.len().max(book.len()) {
            let said = |sides: &[String]| sides.get(at).cloned().unwrap_or_default();
            differ(Part::Entry, said(&file), said(&book));
        }
        let mut beside = self.said_beside(place, &self.rest_of(transaction));
        beside.retain(|what| *what != REMARKS);
        if renamed {
            beside.push("account");
        }
        if file.is_empty() && book.is_empty() {
            differences.extend(self.remarks_apart(place, transaction, &mut beside));
        }
        Comparison {
            differences,
            beside,
        }
    }

    fn sides(&self, place: usize) -> Vec<(Arc<str>, Side)> {
        let store = &self.read.book.store;
        let side = |entry: &CompactEntry| {
            let (weight, of, priced) = store.weight(entry);
            let path = &self.read.book.chart.account(entry.account).path;
            let side = Side {
                account: self.accounts[entry.account.0 as usize - 1],
                money: money(&self.codes, entry.minor, entry.currency),
                // What no amount was exchanged for says nothing, and beancount cannot hold it.
                weight: (priced && entry.minor != 0).then(|| money(&self.codes, weight, of)),
            };
            (path.clone(), side)
        };
        store.entries(place).iter().map(side).collect()
    }

    fn sides_of(&self, transaction: &Transaction) -> Vec<(Arc<str>, Side)> {
        let side = |entry: &Entry| {
            let weight = entry.detail.as_deref().and_then(|d| d.weight);
            let weight = weight.filter(|_| entry.minor != 0);
            let side = Side {
                account: Some(entry.account),
                money: money(self.book, entry.minor, entry.currency),
                weight: weight.map(|(minor, of)| money(self.book, minor, of)),
            };
            (self.book.account(entry.account).path.clone(), side)
        };
        transaction.entries.iter().map(side).collect()
    }

    /// Entries that only the file has, and those that only the book has; and whether some agree in all but an
    /// account that the book does not know: it may be called otherwise there by now.
    fn entries_apart(
        &self,
        place: usize,
        transaction: &Transaction,
    ) -> (Vec<String>, Vec<String>, bool) {
        let (mut file, mut book) = (self.sides(place), self.sides_of(transaction));
        take_out(&mut file, &mut book);
        let before = file.len();
        file.retain(|(_, a)| {
            let same = |b: &Side| (&a.money, &a.weight) == (&b.money, &b.weight);
            let found = book
                .iter()
                .position(|(_, b)| a.account.is_none() && same(b));
            found.map(|at| book.swap_remove(at)).is_none()
        });
        let renamed = file.len() < before;
        let said = |sides: &[(Arc<str>, Side)]| sides.iter().map(words).collect();
        (said(&file), said(&book), renamed)
    }

    /// Whether a text is the name of an account of the transaction at a place, without those above it.
    fn names_an_account(&self, place: usize, text: &str) -> bool {
        let chart = &self.read.book.chart;
        let mut entries = self.read.book.store.entries(place).iter();
        entries.any(|entry| {
            let path = &chart.account(entry.account).path;
            path.rsplit(':').next() == Some(text)
        })
    }

    /// What the file says and the book does not, of what a file need not say.
    pub fn said_beside(&self, place: usize, book: &Rest) -> Vec<&'static str> {
        let row = self.read.book.store.row(place);
        let mut beside = Vec::new();
        if self.remarks_digest(place) != book.remarks {
            beside.push(REMARKS);
        }
        if row.status != Status::Unmarked && row.status != book.status {
            beside.push("status");
        }
        let Some(detail) = self.read.book.store.detail(place) else {
            return beside;
        };
        let payee = detail.payee.as_deref();
        // Tally names the party's account.
        let is_account = payee.is_some_and(|payee| self.names_an_account(place, payee));
        if payee.is_some() && !is_account && text_digest(payee) != book.payee {
            beside.push("payee");
        }
        if detail.voucher.is_some_and(|v| v != book.voucher) {
            beside.push("voucher");
        }
        if detail.due.is_some() && detail.due != book.due {
            beside.push("due date");
        }
        beside
    }

    /// What the book says of a transaction that a file need not.
    pub fn rest_of(&self, transaction: &Transaction) -> Rest {
        let remarks = match self.read.holds {
            Holds::Some => 0,
            holds => remarks_digest(
                &self.sides_of(transaction),
                &Remarks::of_book(transaction, holds),
            ),
        };
        Rest {
            status: transaction.status,
            payee: text_digest(transaction.payee.as_deref()),
            voucher: transaction.voucher,
            due: transaction.due,
            remarks,
        }
    }

    fn remarks_digest(&self, place: usize) -> u64 {
        match self.read.holds {
            Holds::Some => 0,
            _ => remarks_digest(&self.sides(place), &Remarks::of_file(self.read, place)),
        }
    }

    /// Remarks that the file and the book do not share, of a transaction whose entries agree. A comment that only
    /// the file says is told beside: the book may have got the transaction from rows, which hold none.
    fn remarks_apart(
        &self,
        place: usize,
        transaction: &Transaction,
        beside: &mut Vec<&'static str>,
    ) -> Vec<Difference> {
        let holds = self.read.holds;
        if holds == Holds::Some {
            return Vec::new();
        }
        let file = Remarks::of_file(self.read, place);
        let book = Remarks::of_book(transaction, holds);
        let (sides, sides_of_book) = (self.sides(place), self.sides_of(transaction));
        let apart =
            |book: &Remarks| apart((&sides, &file.entries), (&sides_of_book, &book.entries));
        let as_exported = || match holds {
            Holds::All => Remarks::of_export(transaction, self.book),
            _ => None,
        };
        let mut differences = apart(&book);
        let mut comments = vec![book.comment];
        if (!differences.is_empty() || file.comment != comments[0])
            && let Some(exported) = as_exported()
        {
            if apart(&exported).is_empty() {
                differences.clear();
            }
            comments.push(exported.comment);
        }
        if !comments.contains(&file.comment) {
            if comments[0].is_empty() {
                beside.push("comment");
            } else {
                differences.push(Difference {
                    what: Part::Comment,
                    file: file.comment,
                    book: comments.swap_remove(0),
                });
            }
        }
        differences
    }
}

/// What the book says of a transaction that a file need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    status: Status,
    payee: u64,
    voucher: Voucher,
    due: Option<jiff::civil::Date>,
    /// Zero where the file does not hold them in full.
    remarks: u64,
}

/// Entries of a file beside the book's, each with its remarks: what of these only one of them says.
fn apart(
    (sides, remarks): (&[(Arc<str>, Side)], &[Remark]),
    (sides_of_book, of_book): (&[(Arc<str>, Side)], &[Remark]),
) -> Vec<Difference> {
    let mut left: Vec<(&Side, &Remark)> = sides_of_book.iter().map(|s| &s.1).zip(of_book).collect();
    let fits = |a: &Side, b: &Side| {
        (a.account.is_none() || a.account == b.account)
            && (&a.money, &a.weight) == (&b.money, &b.weight)
    };
    let file = sides.iter().map(|s| &s.1).zip(remarks);
    // Entries that agree in everything first, so that the rest are those that were altered.
    let altered: Vec<(&Side, &Remark)> = file
        .filter(|(side, remark)| {
            let same = |(s, r): &(&Side, &Remark)| fits(side, s) && r == remark;
            let at = left.iter().position(same);
            at.map(|at| left.swap_remove(at)).is_none()
        })
        .collect();
    let mut differences: Vec<Difference> = Vec::new();
    let mut differ = |what, file: String, book: String| {
        let difference = Difference { what, file, book };
        // A tag of the transaction is one of each entry.
        if difference.file != difference.book && !differences.contains(&difference) {
            differences.push(difference);
        }
    };
    for (side, remark) in altered {
        let Some(at) = left.iter().position(|(s, _)| fits(side, s)) else {
            continue;
        };
        let (_, book) = left.swap_remove(at);
        let only = |a: &Remark, b: &Remark| {
            let only: Vec<&str> = a.tags.difference(&b.tags).map(String::as_str).collect();
            only.join(", ")
        };
        differ(Part::Memo, remark.memo.clone(), book.memo.clone());
        differ(Part::Tags, only(remark, book), only(book, remark));
    }
    differences
}

/// The same of two whose remarks are the same; zero without any.
fn remarks_digest(sides: &[(Arc<str>, Side)], remarks: &Remarks) -> u64 {
    let none = |remark: &Remark| *remark == Remark::default();
    if remarks.comment.is_empty() && remarks.entries.iter().all(none) {
        return 0;
    }
    let mut lines: Vec<String> = sides
        .iter()
        .zip(&remarks.entries)
        .map(|((_, side), remark)| format!("{:?} {remark:?}", side.money))
        .collect();
    lines.sort_unstable();
    digest(Day(0), [&remarks.comment, &lines.concat()], Vec::new())
}

/// Whether a file's description is what formats with one text for it and the payee write, or that have to say something.
fn is_stand_in(file: &str, transaction: &Transaction) -> bool {
    let (file, said) = (folded(file), folded(&transaction.description));
    let payee = folded(transaction.payee.as_deref().unwrap_or(""));
    let both = folded(&format!("{payee} | {said}"));
    let kind = transaction.voucher.word().replace('-', " ");
    transaction.payee.is_some() && file == both
        || said.is_empty() && (file == payee || file.eq_ignore_ascii_case(&kind))
}

fn text_digest(text: Option<&str>) -> u64 {
    digest(Day(0), [&folded(text.unwrap_or("")), ""], Vec::new())
}

/// Takes out of both what stands in both, one for one.
fn take_out(file: &mut Vec<(Arc<str>, Side)>, book: &mut Vec<(Arc<str>, Side)>) {
    let mut counts: HashMap<Side, [usize; 2]> = HashMap::new();
    for (which, sides) in [(0, &*file), (1, &*book)] {
        for (_, side) in sides {
            counts.entry(side.clone()).or_default()[which] += 1;
        }
    }
    for sides in [file, book] {
        let mut both: HashMap<Side, usize> = counts
            .iter()
            .map(|(side, [a, b])| (side.clone(), *a.min(b)))
            .collect();
        sides.retain(|(_, side)| match both.get_mut(side) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        });
    }
}

fn digest(day: Day, texts: [&str; 2], sides: Vec<(Arc<str>, Side)>) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(day.0.to_be_bytes());
    let mut put = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    texts.into_iter().for_each(|text| put(&folded(text)));
    let mut entries: Vec<String> = sides
        .iter()
        .map(|(path, side)| match side.account {
            Some(key) => format!("{} {:?} {:?}", key.0, side.money, side.weight),
            None => format!("{path} {:?} {:?}", side.money, side.weight),
        })
        .collect();
    entries.sort_unstable();
    entries.iter().for_each(|entry| put(entry));
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize()[..8]);
    u64::from_be_bytes(first)
}

fn money(chart: &Chart, minor: i64, key: CurrencyKey) -> (Decimal, Arc<str>) {
    let currency = chart.currency(key);
    let exact = from_minor(minor.into(), currency.scale).unwrap_or_default();
    let code = match currency.code.is_ascii() && !currency.code.contains('"') {
        true => currency.code.clone(),
        false => folded(&currency.code).into(),
    };
    (exact.normalize(), code)
}

fn words((path, side): &(Arc<str>, Side)) -> String {
    let (amount, code) = &side.money;
    let mut words = format!("{path} {amount} {code}");
    if let Some((weight, code)) = &side.weight {
        words.push_str(&format!(" @@ {} {code}", weight.abs()));
    }
    words
}

/// A text as the poorest of our exports gives it back: full-width likenesses as what they stand for, what does
/// not show as a space, runs of spaces as one.
pub(super) fn folded(text: &str) -> String {
    let plain = text.chars().map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c if c.is_control() || c.is_whitespace() => ' ',
        c => c,
    });
    let plain: String = plain.collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
