//! The fuzz targets, seeded and short; and every input that once made one of them fail.

use std::path::Path;

use crate::chance::Chance;
use crate::fuzz_targets::{FuzzTarget, TARGETS};

/// Inputs tried of each target: by count, so that no machine is too slow for it. `HISSAB_FUZZ_TRIES` tries more;
/// `tests/fuzz/run` looks where it was not yet.
const TRIES: usize = 2_000;
/// Of the targets that write files or read the whole of a journal.
const TRIES_OF_SLOW: usize = 150;

/// One input: a seed with bytes changed, taken away, doubled, or joined to another seed.
fn mutated(target: &FuzzTarget, chance: &mut Chance) -> Vec<u8> {
    let mut bytes = chance.one(target.seeds).as_bytes().to_vec();
    for _ in 0..=chance.below(6) {
        let at = chance.below(bytes.len() + 1);
        let until = (at + 1 + chance.below(8)).min(bytes.len());
        match chance.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 => bytes.insert(at, chance.next() as u8),
            2 if at < until => drop(bytes.drain(at..until)),
            3 if at < until => {
                let part = bytes[at..until].to_vec();
                (0..1 + chance.below(40)).for_each(|_| drop(bytes.splice(at..at, part.clone())));
            }
            4 => {
                let other = chance.one(target.seeds).as_bytes();
                let from = chance.below(other.len());
                bytes.splice(at..at, other[from..].iter().copied());
            }
            5 => {
                let words: [&[u8]; 8] = [
                    b"-",
                    b"0",
                    b"9999999999999999999",
                    b"\n",
                    b"\"",
                    b".",
                    b"\0",
                    b"  ",
                ];
                bytes.splice(at..at, chance.one(&words).iter().copied());
            }
            _ => bytes
                .splice(at..at, (0..chance.below(9)).map(|_| chance.next() as u8))
                .for_each(drop),
        }
    }
    bytes
}

fn try_target(target: &FuzzTarget) {
    let mut chance = Chance::new(target.name);
    let slow = matches!(target.name, "book_file" | "query" | "tools");
    target
        .seeds
        .iter()
        .for_each(|seed| (target.run)(seed.as_bytes()));
    let asked = std::env::var("HISSAB_FUZZ_TRIES").ok();
    let tries = asked.and_then(|t| t.parse().ok()).unwrap_or(TRIES);
    let tries = if slow {
        tries * TRIES_OF_SLOW / TRIES
    } else {
        tries
    };
    for _ in 0..tries {
        let input = mutated(target, &mut chance);
        let kept = input.clone();
        let tried = std::panic::catch_unwind(move || (target.run)(&input));
        assert!(
            tried.is_ok(),
            "{} fails for {:?}",
            target.name,
            String::from_utf8_lossy(&kept)
        );
    }
}

#[test]
fn no_target_fails_for_mutated_input() {
    std::thread::scope(|scope| {
        for target in TARGETS {
            scope.spawn(|| try_target(target));
        }
    });
}

#[test]
fn what_once_crashed_a_target_does_not_any_more() {
    let crashes = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/crashes");
    for target in TARGETS {
        let Ok(inputs) = std::fs::read_dir(crashes.join(target.name)) else {
            continue;
        };
        for input in inputs {
            let path = input.unwrap().path();
            eprintln!("{}", path.display());
            (target.run)(&std::fs::read(&path).unwrap());
        }
    }
}
