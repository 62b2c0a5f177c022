//! Log lines on their way to stderr: a bounded queue and one thread, so that a pipe that nobody reads costs
//! lines, never answers. Lines that found no room are counted, and the next line that is written says so.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that wait at most: some thousands of lines.
const WAITING_MAX: usize = 1 << 20;
/// How long the first line of an idle log waits for company: one write for all that come meanwhile.
const GATHERED_FOR: Duration = Duration::from_millis(5);
/// How long the last lines may take when the server stops.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Where lines wait to be written.
pub struct Queue {
    held: Mutex<Held>,
    changed: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Held {
    lines: VecDeque<String>,
    bytes: usize,
    /// Lines dropped since it was last said.
    unsaid: u64,
    writing: bool,
    ended: bool,
}

impl Queue {
    /// A queue, and the thread that empties it into `out`.
    pub fn to(out: impl Write + Send + 'static) -> Arc<Queue> {
        let queue = Arc::new(Queue {
            held: Mutex::default(),
            changed: Condvar::new(),
            dropped: AtomicU64::new(0),
        });
        let emptied = Arc::clone(&queue);
        // Without a thread lines wait and are dropped: the server works all the same.
        let _ = thread::Builder::new()
            .name("hissab-log".to_owned())
            .spawn(move || emptied.empty_into(out));
        queue
    }

    /// Puts a line in, or counts it as dropped. Never waits for whoever reads the log.
    pub fn line(&self, line: String) {
        let mut held = self.held();
        if held.bytes + line.len() > WAITING_MAX {
            held.unsaid += 1;
            drop(held);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let first = held.lines.is_empty();
        held.bytes += line.len();
        held.lines.push_back(line);
        drop(held);
        // Whoever empties the queue looks again before it rests.
        if first {
            self.changed.notify_all();
        }
    }

    /// How many lines found no room so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits a moment until what is in it is written; the thread ends.
    pub fn finish(&self) {
        let mut held = self.held();
        held.ended = true;
        self.changed.notify_all();
        let waiting = |held: &mut Held| held.writing || !held.lines.is_empty();
        drop(
            self.changed
                .wait_timeout_while(held, LAST_LINES, waiting)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn empty_into(&self, mut out: impl Write) {
        while let Some(text) = self.next() {
            // Nobody can be told that stderr is gone.
            let _ = out.write_all(text.as_bytes());
            self.held().writing = false;
            self.changed.notify_all();
        }
    }

    /// Everything that waits, as text; `None` when it has ended.
    fn next(&self) -> Option<String> {
        let idle = |held: &mut Held| held.lines.is_empty() && !held.ended;
        let held = self
            .changed
            .wait_while(self.held(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        let (mut held, _) = self
            .changed
            .wait_timeout_while(held, GATHERED_FOR, |held| !held.ended)
            .unwrap_or_else(PoisonError::into_inner);
        if held.lines.is_empty() {
            return None;
        }
        held.writing = true;
        held.bytes = 0;
        let mut text = String::new();
        for line in std::mem::take(&mut held.lines) {
            text += &line;
            text.push('\n');
        }
        let unsaid = std::mem::take(&mut held.unsaid);
        if unsaid > 0 {
            let line = serde_json::json!({
                "level": "warn", "message": "log lines were dropped: nobody read them in time", "count": unsaid,
            });
            text += &format!("{line}\n");
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Takes nothing until it is let.
    struct Slow {
        let_go: Receiver<()>,
        seen: Sender<String>,
        open: bool,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if !self.open {
                self.let_go.recv().unwrap();
                self.open = true;
            }
            self.seen
                .send(String::from_utf8(bytes.to_vec()).unwrap())
                .unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_nobody_reads_costs_lines_and_says_how_many() {
        let ((go, let_go), (seen, read)) = (channel(), channel());
        let queue = Queue::to(Slow {
            let_go,
            seen,
            open: false,
        });
        let line = "x".repeat(1 << 10);
        for _ in 0..4 << 10 {
            queue.line(line.clone());
        }
        let dropped = queue.dropped();
        assert!((1 << 10..4 << 10).contains(&dropped), "{dropped}");
        go.send(()).unwrap();
        queue.finish();
        drop(queue);
        let text: String = read.into_iter().collect();
        let kept = text.lines().filter(|l| **l == line).count() as u64;
        let said: u64 = text
            .lines()
            .filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok())
            .map(|v| v["count"].as_u64().unwrap())
            .sum();
        assert_eq!((kept + said, said), (4 << 10, dropped));
    }
}
