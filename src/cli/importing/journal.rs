//! Files of whole transactions, journals and CSV of entries, against the book: what is new of them.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use uuid::Uuid;

use super::conflicts::Conflicts;
use super::gnucash_rows;
use super::hits::Hits;
use super::input::{Input, Source};
use super::reading::ReadingArgs;
use super::tally_twins::{self, Twin};
use super::{Session, failure};
use crate::cli::context::Context;
use crate::cli::environment;
use crate::cli::error::{Failure, Result, shell_word};
use crate::cli::journals;
use crate::formats::csv::entries::{self, EntriesOptions};
use crate::formats::identity::Identity;
use crate::formats::journal::remarks::Holds;
use crate::formats::journal::sameness::Beside;
use crate::formats::journal::{self, Dialect, JournalChanges, Known, ReadJournal, ReadOptions};
use crate::formats::plan::HeldRow;
use crate::formats::sniff::Content;
use crate::formats::whole::{self, Tool};
use crate::ledger::change::{Assertion, ImportBatch, PriceChange, Target};
use crate::ledger::chart::Chart;
use crate::ledger::settings::DateOrder;
use crate::ledger::transaction::{Number, TransactionId};

/// A file of transactions with everything settled.
pub struct JournalPlan {
    pub file: String,
    pub read: ReadJournal,
    identities: Vec<Option<i64>>,
    /// Of vouchers that another form of the same file would hold too.
    twins: Vec<Option<Twin>>,
    /// By place: the transaction that is there already (0: planned in this run). Empty where none is.
    known: Vec<Option<u64>>,
    /// Notes worth saying.
    pub notes: Vec<String>,
    /// Accounts that will be opened.
    pub opens: usize,
    pub batch: Option<u64>,
    /// Numbers of what was posted, by place. Empty until something is.
    numbers: Vec<Option<u64>>,
    pub(super) head: ImportBatch,
    seed: Uuid,
    chart: Chart,
    prices: Vec<PriceChange>,
    assertions: Vec<Assertion>,
}

impl JournalPlan {
    pub fn changes(&self) -> JournalChanges<'_> {
        let known = Known {
            chart: &self.chart,
            prices: &self.prices,
            assertions: &self.assertions,
        };
        JournalChanges::new(
            &self.read,
            &self.identities,
            known,
            self.head.clone(),
            self.seed,
            |place| self.is_known(place),
        )
    }

    /// Transactions that a book can take: without those that only carry an assertion.
    pub fn rows(&self) -> usize {
        self.identities.iter().flatten().count()
    }

    pub fn is_known(&self, place: usize) -> bool {
        self.known.get(place).is_some_and(Option::is_some)
    }

    /// The number of the transaction at a place, once it has one.
    pub fn number(&self, place: usize) -> Option<u64> {
        let posted = self.numbers.get(place).copied().flatten();
        let known = || self.known.get(place).copied().flatten();
        posted.or_else(|| known().filter(|number| *number > 0))
    }

    pub fn known_rows(&self) -> usize {
        self.known.iter().flatten().count()
    }

    pub fn format(&self) -> &str {
        &self.head.format
    }

    pub fn takes(&self, place: usize) -> bool {
        self.identities[place].is_some()
    }

    pub fn changes_nothing(&self) -> bool {
        let changes = self.changes();
        changes.posts() == 0 && changes.other_changes() == 0
    }

    /// Numbers of new transactions, from the ranges a unit touched.
    pub fn written(&mut self, ranges: &[(u64, u64)]) {
        let mut posted = ranges.iter().flat_map(|(first, last)| *first..=*last);
        self.numbers = (0..self.identities.len())
            .map(|place| {
                let new = self.takes(place) && !self.is_known(place);
                new.then(|| posted.next()).flatten()
            })
            .collect();
    }

    /// All of it was there: what seemed new has these numbers.
    pub fn repeated(&mut self, ranges: &[(u64, u64)]) {
        self.written(ranges);
        self.known.resize(self.identities.len(), None);
        for (place, known) in self.known.iter_mut().enumerate() {
            if self.identities[place].is_some() && known.is_none() {
                *known = Some(self.numbers[place].unwrap_or(0));
            }
        }
    }

    /// What the files after it in a run shall know.
    pub fn held(&self) -> impl Iterator<Item = HeldRow> + '_ {
        let new = (0..self.identities.len()).filter(|place| !self.is_known(*place));
        let beside = Beside::new(&self.read, &self.chart);
        // Of an id the content is compared; of anything else it is in the key.
        let rest = move |place: usize| match beside.has_id(place) {
            true => beside.digest(place),
            false => 0,
        };
        let keys = move |place: usize| {
            let twin = self.twins[place].map(|t| (t.own, 0));
            [self.identities[place].map(|key| (key, rest(place))), twin]
        };
        new.flat_map(keys).flatten().map(|(key, rest)| HeldRow {
            identity: Identity { key, rest },
            number: 0,
        })
    }
}

/// Reads and plans a file of transactions.
pub fn plan(
    ctx: &mut Context,
    session: &mut Session,
    args: &ReadingArgs,
    input: Input,
) -> Result<JournalPlan> {
    refuse_statement_flags(args, &input.name)?;
    let (file, file_name) = (input.name.clone(), input.file_name());
    let content = input.content;
    let read = if content.is_book() {
        read_journal(ctx, session, args, input)?
    } else {
        read_entries(session, args, &input)?
    };
    journals::spare(ctx, &read)?;
    let opens = missing_accounts(session, &read, &file)?;
    let identities = journal::identities(&read);
    let twins: Vec<Option<Twin>> = (0..identities.len())
        .map(|place| tally_twins::twin(content, &read, place))
        .collect();
    let (known, said) = known(session, content, &file, &read, &identities, &twins)?;
    let mut notes: Vec<String> = read.notes.to_string().lines().map(str::to_owned).collect();
    notes.extend(said);
    if read.notes.assertions_within_a_day > 0 {
        notes.push(format!(
            "{} assertions hold only within their day and were left out",
            read.notes.assertions_within_a_day
        ));
    }
    let skipped = known.iter().flatten().count() as u64;
    Ok(JournalPlan {
        head: ImportBatch {
            id: ctx.make_id(),
            file: file_name,
            sha256: digest(&read),
            format: content.word().to_owned(),
            account: None,
            skipped,
        },
        numbers: Vec::new(),
        seed: ctx.make_id(),
        chart: session.chart.clone(),
        prices: session.book.prices()?,
        assertions: session.book.assertions()?,
        file,
        read,
        identities,
        twins,
        known,
        notes,
        opens,
        batch: None,
    })
}

/// Flags that only a bank's statement obeys.
pub fn refuse_statement_flags(args: &ReadingArgs, file: &str) -> Result<()> {
    let given = [
        (!args.accounts.is_empty(), "--account"),
        (args.profile.is_some(), "--profile"),
        (args.rules.is_some(), "--rules"),
        (args.columns.is_some(), "--columns"),
        (args.invert, "--invert"),
    ];
    match given.iter().find(|(given, _)| *given) {
        Some((_, flag)) => Err(Failure::usage(
            "flag-does-not-apply",
            format!("{flag} is for statements of one account; {file} holds whole transactions"),
        )),
        None => Ok(()),
    }
}

fn read_journal(
    ctx: &Context,
    session: &Session,
    args: &ReadingArgs,
    input: Input,
) -> Result<ReadJournal> {
    let today = ctx.today(&session.info.settings.timezone)?;
    let options = ReadOptions {
        home: environment::var("HOME").map(PathBuf::from),
        ignore_plugins: ctx.globals.ignore_plugins,
        ..ReadOptions::import(today, &session.chart, args.currency.clone())
    };
    let file = input.name.clone();
    if let (Source::File(path), Content::Sqlite | Content::Gnucash) = (&input.source, input.content)
        && gnucash_rows::is_sqlite(path)
    {
        return gnucash_rows::read(&file, path, &options);
    }
    let from = match input.source {
        Source::File(path) => journal::Input::path(path, Dialect::Auto),
        Source::Bytes(bytes) => journal::Input::bytes(input.name, bytes),
    };
    let tool = Tool::of(input.content);
    let mut read = whole::read(vec![(tool, from)], &options).map_err(|errors| {
        journals::refused(&errors).while_doing(&format!("{file} not imported"))
    })?;
    if input.content == Content::Journal {
        read.holds = Holds::All;
    }
    Ok(read)
}

fn read_entries(session: &Session, args: &ReadingArgs, input: &Input) -> Result<ReadJournal> {
    let home = args
        .currency
        .as_deref()
        .unwrap_or(&session.info.settings.base_currency);
    let options = EntriesOptions {
        date_order: args.date_order.as_deref().and_then(DateOrder::from_word),
        decimal_mark: args.decimal_mark.as_deref().and_then(|m| m.chars().next()),
        home_currency: std::sync::Arc::from(home),
        chart: &session.chart,
    };
    entries::read(&input.name, input.bytes(), &options).map_err(|fault| failure(&input.name, fault))
}

/// Accounts the book lacks. Into an empty book a file brings its chart; later they are typos unless said otherwise.
fn missing_accounts(session: &Session, read: &ReadJournal, file: &str) -> Result<usize> {
    let accounts = read.book.chart.accounts();
    let missing: Vec<&str> = accounts
        .iter()
        .filter(|a| session.chart.find(&a.path).is_none())
        .map(|a| &*a.path)
        .collect();
    if missing.is_empty() || session.create_accounts || session.info.transactions == 0 {
        return Ok(missing.len());
    }
    let shown = missing
        .iter()
        .take(8)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let more = if missing.len() > 8 {
        format!(" and {} more", missing.len() - 8)
    } else {
        String::new()
    };
    let what = if missing.len() == 1 {
        "there is no account"
    } else {
        "there are no accounts"
    };
    let near: Vec<String> = session
        .chart
        .near(missing[0])
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut failure = Failure::not_found(
        "unknown-account",
        format!("{file} not imported: {what} {shown}{more}"),
    );
    if !near.is_empty() {
        failure = failure.hint(format!(
            "for {}, did you mean {}?",
            missing[0],
            near.join(", ")
        ));
    }
    Err(failure.hint(format!(
        "to open them: hissab import {}{} --create-accounts",
        shell_word(file),
        session.flags
    )))
}

/// Which transactions are there already: stored under their identity, or posted under their own id; and what is to be
/// said of those whose id is there.
///
/// Errors: `id-conflict` where an id is there with other content.
fn known(
    session: &mut Session,
    content: Content,
    file: &str,
    read: &ReadJournal,
    identities: &[Option<i64>],
    twins: &[Option<Twin>],
) -> Result<(Vec<Option<u64>>, Vec<String>)> {
    if session.imports.is_empty() && session.held.is_empty() && session.info.transactions == 0 {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut known = vec![None; identities.len()];
    let chart = session.chart.clone();
    let beside = Beside::new(read, &chart);
    let mut twin_rows = tally_twins::held(session, content, read)?;
    let mut hits = Hits::default();
    if !session.imports.is_empty() {
        let mut wanted: Vec<i64> = identities.iter().flatten().copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        hits = Hits::of(session, &wanted, read, &beside)?;
    }
    let mut held: HashMap<i64, Vec<HeldRow>> = HashMap::new();
    for row in &session.held {
        held.entry(row.identity.key).or_default().push(*row);
    }
    let mut take_held = |key: i64, place: usize| {
        let rows = held.get_mut(&key)?;
        let rest = beside.digest(place);
        let same = |row: &HeldRow| row.identity.rest == 0 || row.identity.rest == rest;
        let at = rows.iter().rposition(same)?;
        Some(rows.swap_remove(at).number)
    };
    let mut says_more = Vec::new();
    for (place, identity) in identities.iter().enumerate() {
        known[place] = identity.and_then(|i| {
            let hit = hits.take(i, read, &beside, place);
            says_more.extend(hit.filter(|(_, more)| *more).map(|(n, _)| (place, n)));
            hit.map(|(number, _)| number)
                .or_else(|| take_held(i, place))
                .or_else(|| twin_rows.get_mut(&twins[place]?.other)?.pop())
                .or_else(|| take_held(twins[place]?.other, place))
        });
    }
    // Those left have another content than any row of their identity, where they have one.
    let mut conflicts = Conflicts::default();
    for (place, number) in says_more {
        if let Some(found) = session.book.find(Target::Number(Number(number)))? {
            conflicts.settle(session, &beside, place, found)?;
        }
    }
    for (place, identity) in identities.iter().enumerate() {
        let Some(identity) = identity.filter(|_| known[place].is_none() && beside.has_id(place))
        else {
            continue;
        };
        let own = read.book.store.detail(place).and_then(|d| d.id);
        let target = hits
            .take_of_id(identity, read, place)
            .map(|number| Target::Number(Number(number)))
            .or(own.map(|id| Target::Id(TransactionId(id))));
        let found = match target.filter(|_| session.info.transactions > 0) {
            Some(target) => session.book.find(target)?,
            None => None,
        };
        if let Some(found) = found {
            known[place] = Some(found.number.0);
            conflicts.settle(session, &beside, place, found)?;
        } else if held.get_mut(&identity).and_then(Vec::pop).is_some() {
            conflicts.of_this_run(place);
        }
    }
    conflicts.refuse(read, file)?;
    Ok((known, conflicts.notes()))
}

/// Of one file its own hash, of several (includes) the hash of theirs.
pub(super) fn digest(read: &ReadJournal) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let hashes: Vec<[u8; 32]> = read.sources.iter().filter_map(|s| s.sha256).collect();
    match hashes.as_slice() {
        [one] => *one,
        many => Sha256::digest(many.concat()).into(),
    }
}

/// Debits of a transaction, one sum a currency: what a list shows of it.
pub fn turnover(
    plan: &JournalPlan,
    place: usize,
) -> Vec<(crate::ledger::currency::CurrencyKey, i128)> {
    let mut sums = BTreeMap::new();
    for entry in plan.read.book.store.entries(place) {
        *sums.entry(entry.currency).or_insert(0) += i128::from(entry.minor.max(0));
    }
    sums.into_iter().collect()
}
