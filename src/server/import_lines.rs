//! The lines of an import: kept in a file without a name, read through once before the book sees them, and walked
//! again as the changes of one unit.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use futures_util::StreamExt;
use uuid::Uuid;

use super::problem::{Answer, Problem};
use crate::ledger::change::{Change, ChangeSource};
use crate::ledger::chart::Chart;
use crate::wire::change::ChangeBody;
use crate::wire::unit::{OwnedUnit, UnitHead};

/// The most that one import may hold.
const BYTES_MAX: u64 = 4 << 30;
/// Settings that one import may change.
const SETTINGS_MAX: usize = 100;
/// The longest line.
const LINE_BYTES_MAX: usize = 8 << 20;
/// Bytes of lines that one thread reads at a time.
const PIECE_BYTES: usize = 1 << 20;
/// Threads that read one import.
const THREADS_MAX: usize = 4;

/// The body in a file that is gone when it is closed.
pub async fn keep(body: Body) -> Answer<File> {
    let wrong = |e: std::io::Error| Problem::internal(format!("an import cannot be kept: {e}"));
    let mut file = BufWriter::with_capacity(1 << 18, tempfile::tempfile().map_err(wrong)?);
    let mut pieces = body.into_data_stream();
    let mut bytes: u64 = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Problem::bad("cut", "the body ended before its end"))?;
        bytes += piece.len() as u64;
        if bytes > BYTES_MAX {
            let status = axum::http::StatusCode::PAYLOAD_TOO_LARGE;
            return Err(Problem::new(
                status,
                "too-large",
                "an import holds at most 4 GiB",
            ));
        }
        file.write_all(&piece).map_err(wrong)?;
    }
    let mut file = file.into_inner().map_err(|e| wrong(e.into_error()))?;
    file.rewind().map_err(wrong)?;
    Ok(file)
}

/// A unit whose changes are lines of a file, every one of which can be read.
pub struct Kept {
    pub head: OwnedUnit,
    file: Mutex<File>,
    chart: Arc<Chart>,
    pub count: usize,
    /// Lines that post, in order: what becomes of them has a number.
    pub posts: Vec<u64>,
    /// The settings it changes, each name once: they matter to who may do it, nothing else of an import does.
    kinds: Vec<Change>,
}

impl Kept {
    pub fn read(file: File, chart: Arc<Chart>) -> Answer<Kept> {
        let mut lines = Lines::of(&file)?;
        let head = lines
            .next()?
            .ok_or_else(|| Problem::bad("empty", "an import has a first line with its unit"))?;
        let head: UnitHead = serde_json::from_slice(&head)
            .map_err(|e| Problem::bad("bad-json", format!("line 1 cannot be read: {e}")))?;
        let head = head
            .empty(&chart)
            .map_err(|fault| Problem::from(fault.within("1").within("lines")))?;
        let mut kept = Kept {
            head,
            file: Mutex::new(file.try_clone().map_err(Problem::internal)?),
            chart,
            count: 0,
            posts: Vec::new(),
            kinds: Vec::new(),
        };
        loop {
            let (pieces, whole) = lines.pieces(std::thread::available_parallelism());
            if pieces.is_empty() {
                return whole.map(|()| kept);
            }
            for seen in read_pieces(&pieces, &kept.chart) {
                seen?
                    .into_iter()
                    .try_for_each(|(n, seen)| kept.note(n, seen))?;
            }
            whole?;
        }
    }

    fn note(&mut self, line: u64, seen: Seen) -> Answer<()> {
        self.count += 1;
        match seen {
            Seen::Post => self.posts.push(line),
            Seen::Setting(name) => self.keep_setting(name, line)?,
            Seen::Other => {}
        }
        Ok(())
    }

    fn keep_setting(&mut self, name: String, line: u64) -> Answer<()> {
        let same = |c: &Change| matches!(c, Change::Setting { name: known, .. } if *known == name);
        if self.kinds.iter().any(same) {
            return Ok(());
        }
        if self.kinds.len() >= SETTINGS_MAX {
            let words = format!("line {line}: an import changes at most {SETTINGS_MAX} settings");
            return Err(Problem::refused("too-many-settings", words));
        }
        self.kinds.push(Change::Setting { name, value: None });
        Ok(())
    }

    /// What tells who may do it: an import is never a clerk's, so its posts need not be looked at.
    pub fn head_only(&self) -> OwnedUnit {
        OwnedUnit {
            changes: self.kinds.clone(),
            ..self.head.clone()
        }
    }
}

/// What the first reading of a line keeps of it.
enum Seen {
    Post,
    Setting(String),
    Other,
}

/// Lines with their numbers, as many as one thread reads at a time.
type Piece = Vec<(u64, Vec<u8>)>;

/// Reads every line once, a thread a piece; of each piece what stands there, or its first fault.
fn read_pieces(pieces: &[Piece], chart: &Chart) -> Vec<Answer<Vec<(u64, Seen)>>> {
    let read = |piece: &Piece| {
        let seen = |(number, line): &(u64, Vec<u8>)| {
            let seen = match read_line(line, *number, chart)? {
                Change::Post(_) => Seen::Post,
                Change::Setting { name, .. } => Seen::Setting(name),
                _ => Seen::Other,
            };
            Ok((*number, seen))
        };
        piece.iter().map(seen).collect()
    };
    if let [piece] = pieces {
        return vec![read(piece)];
    }
    std::thread::scope(|threads| {
        let readers: Vec<_> = pieces
            .iter()
            .map(|piece| threads.spawn(move || read(piece)))
            .collect();
        let panicked = |panic| std::panic::resume_unwind(panic);
        let joined = readers.into_iter().map(|r| r.join());
        joined.map(|read| read.unwrap_or_else(panicked)).collect()
    })
}

fn read_line(line: &[u8], number: u64, chart: &Chart) -> Answer<Change> {
    let body: ChangeBody = serde_json::from_slice(line)
        .map_err(|e| Problem::bad("bad-json", format!("line {number} cannot be read: {e}")))?;
    let read = body.change(chart, &mut Uuid::now_v7);
    read.map_err(|fault| Problem::from(fault.within(number).within("lines")))
}

impl ChangeSource for Kept {
    fn visit(&self, take: &mut dyn FnMut(Change) -> ControlFlow<()>) {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // Every line was read before; what cannot be read now has been changed on the disk meanwhile, and a
        // unit that is short of changes must not be written.
        let mut lines = Lines::of(&file).expect("a kept import can be read again");
        let _ = lines.next();
        while let Ok(Some(line)) = lines.next() {
            let change = read_line(&line, lines.number, &self.chart);
            if take(change.expect("a kept line can be read again")).is_break() {
                return;
            }
        }
    }

    fn count_hint(&self) -> usize {
        self.count
    }
}

/// The lines of a file from its beginning, without empty ones.
struct Lines {
    from: BufReader<File>,
    number: u64,
}

impl Lines {
    fn of(file: &File) -> Answer<Lines> {
        let mut file = file.try_clone().map_err(Problem::internal)?;
        file.rewind().map_err(Problem::internal)?;
        Ok(Lines {
            from: BufReader::with_capacity(1 << 18, file),
            number: 0,
        })
    }

    /// The next pieces, at most one for each of so many threads, and what ended the last of them early.
    fn pieces(&mut self, threads: std::io::Result<NonZero<usize>>) -> (Vec<Piece>, Answer<()>) {
        let threads = threads.map_or(1, NonZero::get).min(THREADS_MAX);
        let mut pieces = Vec::new();
        for _ in 0..threads {
            let (mut piece, mut bytes) = (Piece::new(), 0);
            let whole = loop {
                match self.next() {
                    Ok(Some(line)) => {
                        bytes += line.len();
                        piece.push((self.number, line));
                        if bytes >= PIECE_BYTES {
                            break Ok(());
                        }
                    }
                    Ok(None) => break Ok(()),
                    Err(fault) => break Err(fault),
                }
            };
            if !piece.is_empty() {
                pieces.push(piece);
            }
            if whole.is_err() {
                return (pieces, whole);
            }
        }
        (pieces, Ok(()))
    }

    fn next(&mut self) -> Answer<Option<Vec<u8>>> {
        loop {
            let mut line = Vec::new();
            // Not a byte more than it takes to see that a line is too long.
            let length = (&mut self.from)
                .take(LINE_BYTES_MAX as u64 + 1)
                .read_until(b'\n', &mut line)
                .map_err(Problem::internal)?;
            if length == 0 {
                return Ok(None);
            }
            self.number += 1;
            if length > LINE_BYTES_MAX {
                let text = format!("line {} is longer than {LINE_BYTES_MAX} bytes", self.number);
                return Err(Problem::bad("too-long", text));
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }
}
