//! Silent damage: bytes of a closed book changed one at a time. Whatever changes a value that can be read, or
//! stops the reading, is found by `check --deep`; everything else leaves all that can be read as it was.
//!
//! `HISSAB_SEED=N` repeats a run, `HISSAB_FLIPS=N` makes it longer, `HISSAB_FLIPS=all` takes every byte.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use hissab::book::sqlite::SqliteBook;
use hissab::book::{Book, CheckDepth};
use rusqlite::{Connection, OpenFlags};

use crate::books::WAIT;
use crate::chance::Chance;
use crate::rich::{everything, rich_shop};

/// Bytes of a page of the file.
const PAGE: usize = 4_096;

/// Flips of an ordinary run.
const FLIPS: usize = 1_800;

/// What became of a changed byte.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// Opening, `check --deep` or reading for it failed, or findings.
    Found,
    /// Nothing found and nothing changed.
    Harmless,
    /// Read back differently, or not at all, though nothing was found.
    Missed(String),
}

/// Opens the file as any command does and looks at all of it.
fn look(path: &Path, sound: &str) -> Outcome {
    let Ok(mut book) = SqliteBook::open_read(path, WAIT) else {
        return Outcome::Found;
    };
    match book.check(CheckDepth::Deep) {
        Err(_) => return Outcome::Found,
        Ok(outcomes) if outcomes.iter().any(|o| !o.findings.is_empty()) => return Outcome::Found,
        Ok(_) => {}
    }
    match everything(&mut book) {
        Err(error) => Outcome::Missed(error.to_string()),
        Ok(now) if now == sound => Outcome::Harmless,
        Ok(now) => {
            let changed = now.lines().zip(sound.lines()).find(|(a, b)| a != b);
            let (now, was) = changed.unwrap_or_default();
            let at = now
                .bytes()
                .zip(was.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            let part = |text: &str| -> String {
                let text: Vec<char> = text.chars().collect();
                let from = at.saturating_sub(60).min(text.len());
                text[from..(at + 60).min(text.len())].iter().collect()
            };
            Outcome::Missed(format!("now {:?}\n       was {:?}", part(now), part(was)))
        }
    }
}

/// What `PRAGMA integrity_check` alone says: the control.
fn sqlite_says_ok(path: &Path) -> bool {
    let Ok(conn) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY) else {
        return false;
    };
    conn.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
        .is_ok_and(|said| said == "ok")
}

/// The bytes of each page that hold something: most of a small book is unused space, which hides nothing.
fn used(bytes: &[u8]) -> Vec<Vec<usize>> {
    let near = |at: usize| bytes[at.saturating_sub(2)..(at + 3).min(bytes.len())].iter();
    bytes
        .chunks(PAGE)
        .enumerate()
        .map(|(page, chunk)| {
            let all = page * PAGE..page * PAGE + chunk.len();
            all.filter(|at| near(*at).any(|b| *b != 0)).collect()
        })
        .filter(|used: &Vec<usize>| !used.is_empty())
        .collect()
}

/// Where to put which new byte.
fn flips(bytes: &[u8], chance: &mut Chance) -> Vec<(usize, u8)> {
    let change = |chance: &mut Chance, at: usize| {
        let mask = match chance.below(4) {
            0 => 0xff,
            1 => 0x20,
            _ => 1 << chance.below(8),
        };
        (at, bytes[at] ^ mask)
    };
    let asked = std::env::var("HISSAB_FLIPS").unwrap_or_default();
    if asked == "all" {
        return (0..bytes.len()).map(|at| change(chance, at)).collect();
    }
    let pages = used(bytes);
    (0..asked.parse().unwrap_or(FLIPS))
        .map(|n| {
            // One in ten anywhere, the rest where something is written, every page as often.
            let at = match n % 10 {
                0 => chance.below(bytes.len()),
                _ => {
                    let page = chance.below(pages.len());
                    *chance.one(&pages[page])
                }
            };
            change(chance, at)
        })
        .collect()
}

/// What the flips came to.
#[derive(Default)]
struct Tally {
    found: usize,
    harmless: usize,
    unseen_by_sqlite: usize,
    missed: Vec<String>,
}

/// Applies each flip to a copy of its own, one after the other.
fn try_all(bytes: &[u8], flips: &[(usize, u8)], sound: &str) -> Tally {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.hissab");
    std::fs::write(&path, bytes).unwrap();
    let mut tally = Tally::default();
    for (at, byte) in flips {
        let file = File::options().write(true).open(&path).unwrap();
        file.write_all_at(&[*byte], *at as u64).unwrap();
        drop(file);
        let outcome = catch_unwind(AssertUnwindSafe(|| look(&path, sound)));
        let place = format!("byte {at} ({:#04x} for {:#04x})", byte, bytes[*at]);
        match outcome {
            Err(_) => tally.missed.push(format!("{place}: a panic")),
            Ok(Outcome::Missed(how)) => tally.missed.push(format!("{place}: {how}")),
            Ok(Outcome::Harmless) => tally.harmless += 1,
            Ok(Outcome::Found) => {
                tally.found += 1;
                tally.unseen_by_sqlite += usize::from(sqlite_says_ok(&path));
            }
        }
        // Looking never wrote; what SQLite recovers on its own it would have to write.
        std::fs::write(&path, bytes).unwrap();
        for beside in ["shop.hissab-wal", "shop.hissab-shm", "shop.hissab-journal"] {
            let _ = std::fs::remove_file(folder.path().join(beside));
        }
    }
    tally
}

#[test]
fn every_changed_byte_is_found_or_harmless() {
    let mut chance = Chance::new("damage");
    let shop = rich_shop();
    let path = shop.path.clone();
    let folder = shop.folder;
    drop(shop.book);
    assert!(
        !path.with_extension("hissab-wal").exists(),
        "the book is closed"
    );
    let bytes = std::fs::read(&path).unwrap();
    let sound = everything(&mut SqliteBook::open_read(&path, WAIT).unwrap()).unwrap();
    drop(folder);

    let flips = flips(&bytes, &mut chance);
    let half = flips.len() / 2;
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| try_all(&bytes, &flips[half..], &sound));
        (
            try_all(&bytes, &flips[..half], &sound),
            other.join().unwrap(),
        )
    });
    let (found, harmless) = (first.found + second.found, first.harmless + second.harmless);
    let unseen = first.unseen_by_sqlite + second.unseen_by_sqlite;
    let missed: Vec<String> = first.missed.into_iter().chain(second.missed).collect();
    eprintln!(
        "damage: {} flips in {} bytes: {found} found ({unseen} of them pass integrity_check), {harmless} harmless, {} missed",
        flips.len(),
        bytes.len(),
        missed.len()
    );
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    // The control: SQLite's own check alone would not do.
    assert!(
        unseen > 0,
        "integrity_check found everything: the flips prove nothing"
    );
}

#[test]
fn every_changed_byte_of_a_once_key_is_found() {
    let shop = rich_shop();
    let path = shop.path.clone();
    let folder = shop.folder;
    drop(shop.book);
    let bytes = std::fs::read(&path).unwrap();
    // The key, then the hash of what it stood for, as a row holds them.
    let row = [b"rent-april".as_slice(), &[9; 32]].concat();
    let place = |window: &[u8]| *window == *row;
    let at = bytes
        .windows(row.len())
        .position(place)
        .expect("the row of the key");
    let flips: Vec<(usize, u8)> = (at..at + row.len())
        .map(|at| (at, bytes[at] ^ 0x01))
        .collect();
    let sound = everything(&mut SqliteBook::open_read(&path, WAIT).unwrap()).unwrap();
    drop(folder);
    let tally = try_all(&bytes, &flips, &sound);
    assert_eq!((tally.found, tally.missed), (flips.len(), Vec::new()));
    // SQLite's own check sees the key, which an index repeats, and nothing of what it stood for.
    assert_eq!(tally.unseen_by_sqlite, 32);
}
