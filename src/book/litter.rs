//! Files of this process that nobody wants if it is told to stop: exports and copies under their temporary names.
//!
//! Whoever makes one marks it for as long as it is on its way. The first mark starts the watch that the program
//! named with [`watch_with`]; on a signal the watch sweeps and ends the process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

static LITTER: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static WATCH: OnceLock<fn()> = OnceLock::new();
/// What SQLite puts beside a file.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A file on its way. Dropped when it has arrived or is gone.
#[derive(Debug)]
pub struct Mark(PathBuf);

impl Drop for Mark {
    fn drop(&mut self) {
        let mut litter = held();
        if let Some(at) = litter.iter().position(|path| *path == self.0) {
            litter.swap_remove(at);
        }
    }
}

/// Names what is called at the first mark, once: it is to call [`sweep`] when the process is told to stop.
pub fn watch_with(start: fn()) {
    // Named before: the first one stays.
    let _ = WATCH.set(start);
}

/// Marks a file until the mark is dropped.
pub fn mark(path: &Path) -> Mark {
    static STARTED: OnceLock<()> = OnceLock::new();
    held().push(path.to_owned());
    if let Some(start) = WATCH.get() {
        STARTED.get_or_init(*start);
    }
    Mark(path.to_owned())
}

/// Removes every marked file with what SQLite put beside it.
pub fn sweep() {
    for path in held().drain(..) {
        // What is gone already is in nobody's way.
        let _ = std::fs::remove_file(&path);
        for ending in BESIDE {
            let mut beside = path.clone().into_os_string();
            beside.push(ending);
            let _ = std::fs::remove_file(beside);
        }
    }
}

/// Whether whoever started this process told it to outlive its terminal (nohup): then a hang-up stops nothing.
#[cfg(unix)]
pub fn outlives_terminal() -> bool {
    // The first bit of the mask is SIGHUP. Where the system does not tell, a hang-up is meant.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

fn held() -> MutexGuard<'static, Vec<PathBuf>> {
    LITTER.lock().unwrap_or_else(PoisonError::into_inner)
}
