//! Progress on stderr: nothing for half a second, then a bar or a spinner, gone again at the end.
//!
//! Only where stderr is a terminal and nobody said -q. The work only counts; a thread of its own looks at
//! the count and draws, so that a million rows cost a million additions and no drawing.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context::Context;
use super::signals;
use crate::ledger::change::{Change, ChangeSource};
use crate::render::sanitize;

/// What takes less is not worth a bar.
const SHOWN_AFTER: Duration = Duration::from_millis(500);
/// How often it is drawn.
const DRAWN_EVERY: Duration = Duration::from_millis(100);

/// One piece of work that may take long. Dropped when the work is done: what was drawn is wiped off.
pub struct Progress {
    count: Arc<AtomicU64>,
    watch: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// `total` is about how many there are to count; `None`: only time is shown.
    pub fn begin(ctx: &Context, what: &str, total: Option<u64>) -> Progress {
        let count = Arc::new(AtomicU64::new(0));
        let watch = (ctx.terminal.stderr && !ctx.globals.quiet).then(|| {
            let (done, waiting) = channel();
            let (what, count) = (sanitize::line(what).into_owned(), count.clone());
            let watch = std::thread::spawn(move || draw(&what, total, &count, &waiting));
            (done, watch)
        });
        Progress { count, watch }
    }

    /// One more is done.
    pub fn step(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, watch)) = self.watch.take() {
            drop(done);
            // The watch only sleeps and draws; it cannot fail in a way that matters here.
            let _ = watch.join();
        }
    }
}

fn draw(what: &str, total: Option<u64>, count: &AtomicU64, done: &Receiver<()>) {
    if done.recv_timeout(SHOWN_AFTER) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let form = match total {
        Some(_) => "{msg} [{bar:30}] {human_pos} of {human_len}, {eta} left",
        None => "{spinner} {msg}, {elapsed}",
    };
    let style = ProgressStyle::with_template(form).expect("the template is ours and well formed");
    bar.set_style(style.progress_chars("=> "));
    bar.set_message(what.to_owned());
    loop {
        // Work that does more than it said has all of it done.
        let seen = count.load(Ordering::Relaxed);
        signals::draw_unless_asking(|| {
            bar.set_position(total.map_or(seen, |total| seen.min(total)));
            bar.tick();
        });
        if done.recv_timeout(DRAWN_EVERY) != Err(RecvTimeoutError::Timeout) {
            bar.finish_and_clear();
            return;
        }
    }
}

/// Changes that are counted as a book walks them.
pub struct Counted<'a> {
    /// What must not have happened since they were planned.
    pub unless: Option<Change>,
    pub changes: &'a dyn ChangeSource,
    pub progress: &'a Progress,
}

impl ChangeSource for Counted<'_> {
    fn visit(&self, take: &mut dyn FnMut(Change) -> ControlFlow<()>) {
        if let Some(condition) = &self.unless
            && take(condition.clone()).is_break()
        {
            return;
        }
        self.changes.visit(&mut |change| {
            self.progress.step();
            take(change)
        });
    }

    fn count_hint(&self) -> usize {
        self.changes.count_hint()
    }
}
