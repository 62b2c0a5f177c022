//! Mirrors: a book as a folder of text, written, compared and taken in again.

pub mod folder;
pub mod restore;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::error::Result;
use crate::book::{Book, Scan, Voided};
use crate::formats::mirror::{MAIN, Mirror, Month};

/// Hands every file of the book's mirror to `take`, the main file last: its path within the mirror
/// and its text. Holds one month at a time. Gives the number of transactions.
pub fn files(
    book: &mut dyn Book,
    step: &mut dyn FnMut(),
    take: &mut dyn FnMut(&str, &str) -> Result<()>,
) -> Result<u64> {
    let settings = book.info()?.settings;
    let chart = Arc::new(book.chart()?);
    let (prices, assertions) = (book.prices()?, book.assertions()?);
    let mirror = Mirror::new(chart);
    let mut months: Vec<String> = Vec::new();
    let mut growing: Option<Month> = None;
    let (mut count, mut failed) = (0, None);
    let scan = Scan {
        voided: Voided::Show,
        ..Scan::default()
    };
    let mut end = |month: Option<Month>| -> Result<()> {
        let Some(month) = month else {
            return Ok(());
        };
        take(&month.path, &month.text)?;
        months.push(month.path);
        Ok(())
    };
    book.scan(&scan, &mut |transaction| {
        let is_next = growing
            .as_ref()
            .is_none_or(|m| m.path != Month::path_of(transaction.date));
        if is_next && let Err(error) = end(growing.replace(Month::of(transaction.date))) {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        if let Some(month) = &mut growing {
            mirror.transaction(&transaction, &mut month.text);
        }
        count += 1;
        step();
        ControlFlow::Continue(())
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    end(growing)?;
    take(MAIN, &mirror.main(&settings, &prices, &assertions, &months))?;
    Ok(count)
}

/// How a file of the folder differs from what the book says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub file: String,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// From this line on, with the line as it is there.
    Changed {
        line: u64,
        text: String,
    },
    Missing,
    /// A file of a mirror that the book has nothing for.
    Extra,
}

impl Kind {
    pub fn word(&self) -> &'static str {
        match self {
            Kind::Changed { .. } => "changed",
            Kind::Missing => "missing",
            Kind::Extra => "extra",
        }
    }
}

/// What differs between a book and a folder; nothing is written.
pub fn compare(
    book: &mut dyn Book,
    folder: &folder::Folder,
    step: &mut dyn FnMut(),
) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    files(book, step, &mut |path, text| {
        seen.insert(path.to_owned());
        let kind = match folder.read(path)? {
            None => Kind::Missing,
            Some(there) if there == text.as_bytes() => return Ok(()),
            Some(there) => first_change(&there, text),
        };
        let file = path.to_owned();
        found.push(Difference { file, kind });
        Ok(())
    })?;
    let extra = folder.ours().iter().filter(|path| !seen.contains(*path));
    found.extend(extra.map(|path| Difference {
        file: path.clone(),
        kind: Kind::Extra,
    }));
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

fn first_change(there: &[u8], text: &str) -> Kind {
    let there = String::from_utf8_lossy(there);
    let (mut a, mut b) = (there.lines(), text.lines());
    let mut line = 1;
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) if a == b => line += 1,
            (a, _) => {
                return Kind::Changed {
                    line,
                    text: a.unwrap_or("").trim().to_owned(),
                };
            }
        }
    }
}
